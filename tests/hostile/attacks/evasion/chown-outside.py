# attempts: the owner of a file
# blockers: denied_write
# refused: chown /etc/passwd
mend()
say("chown", attempt(lambda: os.chown("/etc/passwd", 64100, 64100)))
