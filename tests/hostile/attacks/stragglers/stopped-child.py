# attempts: a child that is stopped when the engine ends
# blockers: none
mend()
child = os.fork()
if child == 0:
    import time
    while True: time.sleep(1)
import signal
os.kill(child, signal.SIGSTOP)
