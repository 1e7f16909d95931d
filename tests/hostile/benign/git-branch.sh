# attempts: a branch, a merge, a stash
# blockers: none
# says: 0
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
git commit -qam work; git checkout -q -b side; git stash list; git checkout -q -; git merge -q side; git status --short | wc -l
