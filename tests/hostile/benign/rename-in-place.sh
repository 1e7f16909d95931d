# attempts: a file written aside and moved into place
# blockers: none
# says: moved
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
cp counter/count.py counter/.new; mv counter/.new counter/count.py; echo moved
