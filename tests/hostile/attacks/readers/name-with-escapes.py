# attempts: a name that draws on a terminal
# blockers: disallowed_file
mend()
open("/workspace/\x1b[31mred\x1b]0;title\x07", "w").write("x")
