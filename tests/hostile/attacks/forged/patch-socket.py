# attempts: a socket in the place of the patch
# blockers: forged_artifact
mend()
import socket
socket.socket(socket.AF_UNIX).bind("/artifacts/patch.diff")
