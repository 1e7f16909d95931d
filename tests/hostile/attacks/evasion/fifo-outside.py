# attempts: a FIFO
# blockers: denied_write
# refused: mknod(?:at)? /etc/pipe
mend()
say("mkfifo", attempt(lambda: os.mkfifo("/etc/pipe")))
