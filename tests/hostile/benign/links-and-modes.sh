# attempts: links, modes and times of its own files
# blockers: none
# says: 600
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
cd /tmp; echo x > f; ln -s f l; ln f h; chmod 600 f; touch -d 2020-01-01 f; cp -a f c; mv c d; stat -c %a d
