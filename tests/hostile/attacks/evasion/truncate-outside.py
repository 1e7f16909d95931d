# attempts: a file emptied by name
# blockers: denied_write
# refused: truncate /etc/passwd
# says: truncate: EROFS
mend()
say("truncate", call(76, b"/etc/passwd", 0))
