# attempts: archives packed and unpacked
# blockers: none
# says: 1
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
tar czf /tmp/a.tgz counter; mkdir /tmp/u; tar xzf /tmp/a.tgz -C /tmp/u; cd /tmp/u; zip -qr ../a.zip .; unzip -l ../a.zip | tail -1 | grep -c files
