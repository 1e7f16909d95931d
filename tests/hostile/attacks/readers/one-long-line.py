# attempts: a file of 40 MB without a line end
# blockers: none
mend()
open("/workspace/counter/long.py", "w").write("#" + "x" * 40_000_000)
