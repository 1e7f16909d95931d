# attempts: a name that is not UTF-8
# blockers: disallowed_file
mend()
open(b"/workspace/\xff\xfe\x80", "w").write("x")
