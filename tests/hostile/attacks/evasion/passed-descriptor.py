# attempts: a descriptor sent from one process to another
# blockers: denied_write
# refused: openat /etc/by-another
mend()
import socket, array
left, right = socket.socketpair(socket.AF_UNIX)
if os.fork() == 0:
    place = os.open("/etc", os.O_RDONLY)
    left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [place]))])
    os._exit(0)
os.wait()
data, ancillary, _, _ = right.recvmsg(1, 100)
place = array.array("i")
place.frombytes(ancillary[0][2][:4])
say("openat", attempt(lambda: os.open("by-another", os.O_WRONLY | os.O_CREAT, dir_fd=place[0])))
