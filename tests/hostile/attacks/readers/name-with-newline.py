# attempts: a name with a line end in it
# blockers: disallowed_file
mend()
open("/workspace/a\nb", "w").write("x")
