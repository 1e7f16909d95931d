# attempts: two entries exchanged, one of them outside
# blockers: denied_write
# refused: renameat2 /artifacts/backend/mine
mend()
open("/artifacts/backend/mine", "w").write("x")
say("renameat2", call(316, -100, b"/artifacts/backend/mine", -100, b"/etc/passwd", 2))
