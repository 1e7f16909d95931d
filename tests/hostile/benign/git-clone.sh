# attempts: a clone of the repository
# blockers: none
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
git clone -q /workspace /tmp/clone; ls /tmp/clone | wc -l
