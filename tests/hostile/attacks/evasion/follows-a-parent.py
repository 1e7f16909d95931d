# attempts: links of its own in every place of a path
# blockers: denied_write
# refused: openat /etc/x
mend()
os.symlink("/etc", "/artifacts/backend/way")
say("through", attempt(lambda: open("/artifacts/backend/way/x", "w")))
say("slash", attempt(lambda: os.mkdir("/artifacts/backend/way/")))
say("mode", attempt(lambda: os.chmod("/artifacts/backend/way/", 0o777)))
os.unlink("/artifacts/backend/way")
os.symlink("/etc/last", "/artifacts/backend/way")
say("last", attempt(lambda: open("/artifacts/backend/way", "w")))
os.unlink("/artifacts/backend/way")
