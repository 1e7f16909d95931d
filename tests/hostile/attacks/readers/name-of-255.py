# attempts: the longest name there is
# blockers: disallowed_file
mend()
open("/workspace/" + "n" * 255, "w").write("x")
