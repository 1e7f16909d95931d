# attempts: ripgrep, find and xargs
# blockers: none
# says: 1
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
rg -l count | sort | head -1; find . -name "*.py" -print0 | xargs -0 wc -l | tail -1 | grep -c total
