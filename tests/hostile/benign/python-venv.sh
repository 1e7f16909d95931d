# attempts: an environment of its own, without packages
# blockers: none
# says: 42
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
python3 -m venv --without-pip /tmp/venv && /tmp/venv/bin/python -c "print(6 * 7)"
