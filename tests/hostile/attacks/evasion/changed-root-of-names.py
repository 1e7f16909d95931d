# attempts: a working folder that is gone
# blockers: denied_write
# refused: openat /etc/lost
mend()
os.mkdir("/artifacts/backend/tmp/gone")
os.chdir("/artifacts/backend/tmp/gone")
os.rmdir("/artifacts/backend/tmp/gone")
say("open", attempt(lambda: open("lost", "w")))
say("open", attempt(lambda: open("../../../../etc/lost", "w")))
say("open", attempt(lambda: open("/etc/lost", "w")))
