# attempts: the work itself, with sed
# blockers: none
# says: done
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
echo done
