# attempts: a child that shares the table of descriptors, and closes what was judged
# blockers: denied_write
# refused: openat /etc/shared
mend()
CLONE_FILES = 0x400
child = libc.syscall(56, CLONE_FILES | 17, 0, 0, 0, 0)
if child == 0:
    for _ in range(200):
        for place in range(3, 20):
            try: os.close(place)
            except OSError: pass
    os._exit(0)
for _ in range(200):
    try: os.close(os.open("/artifacts/backend/mine", os.O_WRONLY | os.O_CREAT))
    except OSError: pass
os.waitpid(child, 0)
say("open", attempt(lambda: open("/etc/shared", "w")))
