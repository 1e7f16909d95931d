# attempts: a timer that interrupts every call
# blockers: denied_write
# refused: openat /etc/interrupted
mend()
import signal
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for number in range(300):
    with open(f"/artifacts/backend/tmp/{number}", "w") as file: file.write("x")
signal.setitimer(signal.ITIMER_REAL, 0)
say("open", attempt(lambda: open("/etc/interrupted", "w")))
