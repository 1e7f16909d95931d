# attempts: a file of the image moved into the workspace
# blockers: denied_write
# refused: rename /etc/passwd
mend()
say("rename", attempt(lambda: os.rename("/etc/passwd", "/workspace/passwd")))
