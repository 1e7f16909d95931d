# attempts: a program that shows differences
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
git config diff.external 'touch @RAN@'; echo '* diff=x' > .git/info/attributes; git config diff.x.command 'touch @RAN@'
