# attempts: all modules compiled, the bytecode elsewhere
# blockers: none
# says: compiled
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
PYTHONPYCACHEPREFIX=/tmp/pyc python3 -m compileall -q counter; echo compiled
