# attempts: an extended attribute
# blockers: denied_write
# refused: setxattr /etc/passwd
mend()
say("setxattr", attempt(lambda: os.setxattr("/etc/passwd", "user.planted", b"x")))
