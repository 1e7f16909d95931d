# attempts: a file without a name, outside
# blockers: denied_write
# refused: openat /etc
mend()
say("O_TMPFILE", attempt(lambda: os.open("/etc", os.O_TMPFILE | os.O_WRONLY)))
