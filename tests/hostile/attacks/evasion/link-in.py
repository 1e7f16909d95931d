# attempts: a second name in the workspace for a file of the image
# blockers: denied_write
# refused: link(?:at)? /etc/passwd
mend()
say("link", attempt(lambda: os.link("/etc/passwd", "/workspace/counter/passwd.py")))
