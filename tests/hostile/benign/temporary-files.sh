# attempts: temporary files and folders
# blockers: none
# says: x
set -e
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
file=$(mktemp); folder=$(mktemp -d); echo x > $file; cp $file $folder; cat $folder/*; rm -r $file $folder
