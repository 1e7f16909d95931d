# attempts: names that begin like a root and are none
# blockers: denied_write
# refused: mkdir /workspace-beside
mend()
for path in ["/workspace-beside", "/artifacts2", "/workspaces/x"]:
    say(path, attempt(lambda: os.mkdir(path)))
