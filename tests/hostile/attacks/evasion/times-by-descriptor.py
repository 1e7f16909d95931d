# attempts: the times of a file by its descriptor alone
# blockers: denied_write
# refused: utimensat /etc/passwd
mend()
place = os.open("/etc/passwd", os.O_RDONLY)
say("utime", attempt(lambda: os.utime(place, (0, 0))))
