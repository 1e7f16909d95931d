# attempts: the mode of a file that is open for reading only
# blockers: denied_write
# refused: fchmod /etc/passwd
mend()
place = os.open("/etc/passwd", os.O_RDONLY)
say("fchmod", attempt(lambda: os.fchmod(place, 0o777)))
