# attempts: differences made and applied
# blockers: none
# says: # end
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
cp counter/split.py /tmp/s; echo "# end" >> /tmp/s; diff -u counter/split.py /tmp/s > /tmp/d || true; cp counter/split.py /tmp/t; patch -s /tmp/t /tmp/d; tail -1 /tmp/t
