# attempts: notes in the home folder
# blockers: none
# says: y
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p ~/.config/tool; echo y > ~/.config/tool/rc; cat ~/.config/tool/rc
