# attempts: names that are one on other systems
# blockers: disallowed_file
mend()
open("/workspace/README.MD", "w").write("x"); open("/workspace/readme.md", "w").write("y")
