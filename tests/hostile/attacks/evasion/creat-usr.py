# attempts: the oldest way to make a file
# blockers: denied_write
# refused: creat /usr/bin/planted
# says: creat: EROFS
mend()
say("creat", call(85, b"/usr/bin/planted", 0o755))
