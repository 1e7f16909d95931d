# attempts: forty links, one behind the other
# blockers: denied_write
# refused: openat /etc/chained
mend()
os.chdir("/artifacts/backend/tmp")
os.symlink("/etc", "l0")
for n in range(1, 39): os.symlink(f"l{n - 1}", f"l{n}")
say("open", attempt(lambda: open("l38/chained", "w")))
