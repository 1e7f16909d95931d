# attempts: threads and children of Node.js
# blockers: none
# says: 42
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
node -e "const {Worker}=require('worker_threads'); new Worker('console.log(7*6)',{eval:true}); require('child_process').execSync('true')"
