# attempts: two names in one call, of which only one is its own
# blockers: denied_write
# refused: renameat2? /artifacts/backend/own /etc/own
mend()
open("/artifacts/backend/own", "w").close()
say("rename", attempt(lambda: os.rename("/artifacts/backend/own", "/etc/own")))
say("renameat2", call(316, -100, b"/artifacts/backend/own", -100, b"/etc/own", 1))
say("link", attempt(lambda: os.link("/artifacts/backend/own", "/etc/own")))
say("taken", attempt(lambda: os.rename("/etc/hostname", "/artifacts/backend/taken")))
