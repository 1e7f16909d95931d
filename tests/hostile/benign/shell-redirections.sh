# attempts: redirections to every usual device
# blockers: none
# says: 10
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
echo a > /dev/null; echo b > /dev/stdout; echo c >&2; : < /dev/zero; head -c 10 /dev/urandom | wc -c
