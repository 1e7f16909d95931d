# attempts: a commit
# blockers: none
# says: work
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
git add -A; git commit -qm work; git log --oneline | head -1
