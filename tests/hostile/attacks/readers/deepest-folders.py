# attempts: 10,000 folders, one in the other, beyond every path that a program can name
# blockers: denied_write disallowed_file engine_failed evidence_incomplete
# refused: mkdir
# note: beyond 4,096 bytes of path the recorder cannot say where a call leads, and refuses it
mend()
for _ in range(10000):
    os.mkdir("d")
    os.chdir("d")
open("bottom", "w").close()
