# attempts: no repository at all
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
rm -rf .git
