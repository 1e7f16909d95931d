# attempts: the repository packed
# blockers: none
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
git gc -q; git fsck 2>&1 | wc -l
