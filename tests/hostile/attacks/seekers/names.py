# attempts: a name on the network
# blockers: no_diff tests_failed
# says: name: not found
# unseen: there is no network to see it on
import socket
try: socket.getaddrinfo("example.com", 80); say("name", "found")
except OSError as problem: say("name", "not found")
