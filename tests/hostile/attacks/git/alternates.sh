# attempts: objects of the host
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
mkdir -p .git/objects/info; echo @HOST@ > .git/objects/info/alternates
