# attempts: a configuration that includes another
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
printf '[core]\n\tfsmonitor = touch @RAN@\n' > .git/more; git config include.path more; git config include.path /etc/gitconfig
