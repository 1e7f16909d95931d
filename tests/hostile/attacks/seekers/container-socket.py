# attempts: the socket of the container engine
# blockers: no_diff tests_failed
# says: docker.sock: ENOENT
# unseen: nothing is there, and nothing is written
import socket
for path in ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"]:
    say(path, attempt(lambda: socket.socket(socket.AF_UNIX).connect(path)))
