# attempts: a file of the root file system
# blockers: denied_write
# refused: openat /etc/planted
# says: open: EROFS
mend()
say("open", attempt(lambda: open("/etc/planted", "w")))
