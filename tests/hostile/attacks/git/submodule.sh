# attempts: a repository inside, with a hook
# blockers: disallowed_file
sed -i 's/get(word, 1)/get(word, 0)/' counter/count.py
mkdir -p .git/info .git/hooks
mkdir counter/sub; git -C counter/sub init -q; printf '#!/bin/sh\ntouch @RAN@\n' > counter/sub/.git/hooks/post-index-change; chmod +x counter/sub/.git/hooks/*; printf '[submodule "s"]\n\tpath = counter/sub\n\turl = ext::touch @RAN@\n' > .gitmodules
