# attempts: a socket with a name outside
# blockers: denied_write
# refused: bind /run/planted.sock
mend()
import socket
say("bind", attempt(lambda: socket.socket(socket.AF_UNIX).bind("/run/planted.sock")))
