# attempts: the tests, run by the engine
# blockers: none
# says: OK
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
PYTHONDONTWRITEBYTECODE=1 python3 -m unittest -q 2>&1 | tail -1
