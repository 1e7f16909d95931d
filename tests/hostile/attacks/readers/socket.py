# attempts: a socket in the workspace
# blockers: disallowed_file
mend()
import socket
socket.socket(socket.AF_UNIX).bind("/workspace/counter/sock.py")
