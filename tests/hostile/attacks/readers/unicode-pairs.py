# attempts: names that look the same
# blockers: disallowed_file
mend()
open("/workspace/\u00e9", "w").write("x"); open("/workspace/e\u0301", "w").write("y")
