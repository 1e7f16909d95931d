# attempts: a long pipe
# blockers: none
# says: 1xxx
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
seq 1000 | sort -rn | head -1 | tr 0 x
