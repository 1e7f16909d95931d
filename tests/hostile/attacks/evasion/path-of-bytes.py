# attempts: a path that is no text
# blockers: denied_write
# refused: openat /etc/
mend()
say("open", attempt(lambda: open(b"/etc/\xff\xfe\n\x1b[2J", "w")))
