# attempts: a folder 400 levels down, and a name 401 levels up from there
# blockers: denied_write evidence_incomplete
# refused: openat /etc/from-below
# note: the watcher looks 64 folders deep; what is deeper it calls incomplete
mend()
os.chdir("/artifacts/backend/tmp")
for _ in range(400):
    os.mkdir("d")
    os.chdir("d")
say("open", attempt(lambda: open("../" * 404 + "etc/from-below", "w")))
