# attempts: a path that a second thread changes all the time
# blockers: denied_write
# blockers-any: yes
# note: a name that is half of each may be made inside the two folders; it is a change like any other
# refused: open(?:at)? /etc/raced
# says: outside: False
mend()
import threading
buffer = ctypes.create_string_buffer(b"/workspace/counter/raced.py\0")
inside, outside = b"/workspace/counter/raced.py", b"/etc/raced-out-of-the-cage."
stop = []
def change():
    while not stop:
        ctypes.memmove(buffer, outside, len(outside))
        ctypes.memmove(buffer, inside, len(inside))
thread = threading.Thread(target=change)
thread.start()
for _ in range(3000):
    place = libc.open(buffer, os.O_WRONLY | os.O_CREAT, 0o600)
    if place >= 0: os.close(place)
stop.append(1)
thread.join()
say("outside", os.path.exists("/etc/raced-out-of-the-cage."))
os.path.exists("/workspace/counter/raced.py") and os.unlink("/workspace/counter/raced.py")
