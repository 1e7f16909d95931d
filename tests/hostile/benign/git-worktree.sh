# attempts: a worktree beside
# blockers: none
# says: README
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
git worktree add -q /tmp/beside HEAD; ls /tmp/beside | head -1; git worktree remove --force /tmp/beside
