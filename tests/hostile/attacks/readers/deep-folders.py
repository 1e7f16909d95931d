# attempts: 2,000 folders, one in the other
# blockers: disallowed_file evidence_incomplete
# note: the watcher looks 64 folders deep; what is deeper it calls incomplete
mend()
for _ in range(2000):
    os.mkdir("d")
    os.chdir("d")
open("bottom", "w").close()
