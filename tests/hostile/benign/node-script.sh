# attempts: a program for Node.js
# blockers: none
# says: x
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
node -e "const fs=require('fs'); fs.writeFileSync('/tmp/n', 'x'); console.log(fs.readFileSync('/tmp/n','utf8'))"
