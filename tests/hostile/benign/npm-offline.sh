# attempts: npm, where no registry is
# blockers: none
# says: p@1
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir /tmp/p; cd /tmp/p; npm init -y > /dev/null; npm run env --silent > /dev/null; npm ls | head -1
