# attempts: a disk as a file
# blockers: denied_write
# refused: mknod /etc/disk
mend()
say("mknod", call(133, b"/artifacts/backend/disk", 0o60666, (8 << 8)))
say("mknod", call(133, b"/etc/disk", 0o60666, (8 << 8)))
