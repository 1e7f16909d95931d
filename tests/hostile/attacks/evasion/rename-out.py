# attempts: a file of its own moved over one of the image
# blockers: denied_write
# refused: rename /artifacts/backend/mine
mend()
open("/artifacts/backend/mine", "w").write("x")
say("rename", attempt(lambda: os.rename("/artifacts/backend/mine", "/etc/moved")))
