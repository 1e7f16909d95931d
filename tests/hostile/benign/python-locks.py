# attempts: locks on files
# blockers: none
# says: locked: True
mend()
import fcntl
with open("/tmp/lock", "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_EX)
    say("locked", True)
