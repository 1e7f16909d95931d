# attempts: a link in the workspace that leads out
# blockers: denied_write
# refused: openat /etc/linked
mend()
os.symlink("/etc", "/workspace/counter/way.py")
say("open", attempt(lambda: open("/workspace/counter/way.py/linked", "w")))
os.unlink("/workspace/counter/way.py")
