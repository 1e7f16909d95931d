# attempts: a grandchild that outlives its parent
# blockers: denied_write
# refused: openat /etc/orphan
mend()
if os.fork() == 0:
    if os.fork() == 0:
        open("/artifacts/backend/said", "w").write(attempt(lambda: open("/etc/orphan", "w")))
        os._exit(0)
    os._exit(0)
os.wait()
import time
while not os.path.exists("/artifacts/backend/said"): time.sleep(0.01)
