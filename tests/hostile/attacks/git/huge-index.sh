# attempts: an index of 50 MB
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
head -c 50000000 /dev/zero > .git/index
