# attempts: a program that makes text of files
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
git config diff.x.textconv 'touch @RAN@'; echo '* diff=x' > .git/info/attributes
