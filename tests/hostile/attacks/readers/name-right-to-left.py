# attempts: a name that reads otherwise than it is
# blockers: disallowed_file
mend()
open("/workspace/\u202etxt.exe", "w").write("x")
