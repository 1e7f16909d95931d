# attempts: the recorder ended by every signal
# blockers: no_diff tests_failed
# says: alive: True
# unseen: nothing is written; PID 1 takes no signal from inside
import time
for number in range(1, 65): attempt(lambda: os.kill(1, number))
# Whoever would pass a signal on has had the time to do it.
time.sleep(1)
say("alive", os.path.exists("/proc/1"))
