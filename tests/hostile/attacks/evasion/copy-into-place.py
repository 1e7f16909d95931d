# attempts: bytes copied by the kernel from one file to another
# blockers: denied_write
# refused: openat /etc/passwd
mend()
source = os.open("/etc/passwd", os.O_RDONLY)
target = os.open("/artifacts/backend/copied", os.O_RDWR | os.O_CREAT)
say("copy", call(326, source, 0, target, 0, 100, 0))
say("open", attempt(lambda: os.open("/etc/passwd", os.O_WRONLY)))
