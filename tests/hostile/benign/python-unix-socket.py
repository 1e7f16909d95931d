# attempts: a socket with a name, in the temporary folder
# blockers: none
# says: connected: True
mend()
import socket
server = socket.socket(socket.AF_UNIX); server.bind("/tmp/own.sock"); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect("/tmp/own.sock"); say("connected", True)
os.unlink("/tmp/own.sock")
