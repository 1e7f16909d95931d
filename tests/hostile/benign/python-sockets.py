# attempts: a server and a client on the loopback interface
# blockers: none
# says: got: hello
mend()
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
say("got", socket.create_connection(server.getsockname()).recv(5).decode())
