# attempts: the test runner of Node.js
# blockers: none
# says: 1
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir /tmp/t; printf "require('node:test')('t', () => {})" > /tmp/t/a.test.js; node --test /tmp/t/a.test.js | grep -c "pass 1$"
