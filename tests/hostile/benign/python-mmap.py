# attempts: a mapped file of its own
# blockers: none
# says: read: hello
mend()
import mmap
with open("/tmp/mapped", "w+b") as file:
    file.truncate(4096)
    with mmap.mmap(file.fileno(), 4096) as view: view[:5] = b"hello"
say("read", open("/tmp/mapped", "rb").read(5).decode())
