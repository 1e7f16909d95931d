# attempts: a path that leaves the workspace step by step
# blockers: denied_write
# refused: openat /etc/climbed
mend()
say("open", attempt(lambda: open("/workspace/../etc/climbed", "w")))
