# attempts: a module that Python loads first
# blockers: disallowed_file
# blockers-any: yes
open("/workspace/sitecustomize.py", "w").write("import os\nos._exit(0)\n")
