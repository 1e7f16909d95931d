# attempts: programs that clean and smudge
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
git config filter.x.clean 'touch @RAN@'; git config filter.x.smudge 'touch @RAN@'; echo '* filter=x' > .git/info/attributes
