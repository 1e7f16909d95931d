# attempts: programs that show and edit
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
git config core.pager 'touch @RAN@'; git config core.editor 'touch @RAN@'; git config sequence.editor 'touch @RAN@'; git config alias.status '!touch @RAN@'
