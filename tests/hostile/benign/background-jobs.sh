# attempts: jobs in the background that are waited for
# blockers: none
# says: waited
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
for n in 1 2 3; do (sleep 0.1; echo $n) & done; wait; echo waited
