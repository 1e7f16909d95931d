# attempts: programs that reach other repositories
# blockers: none
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
git config core.sshCommand 'touch @RAN@'; git config credential.helper '!touch @RAN@'; git config remote.origin.url 'ext::touch @RAN@'
