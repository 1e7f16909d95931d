# attempts: a second name outside for a file of its own
# blockers: denied_write
# refused: link(?:at)? /artifacts/backend/mine
mend()
open("/artifacts/backend/mine", "w").write("x")
say("link", attempt(lambda: os.link("/artifacts/backend/mine", "/etc/linked")))
