# attempts: children that nobody waits for
# blockers: timeout
# blockers-any: yes
# flags: --timeout 3s --pids 64
import time
for _ in range(40):
    if os.fork() == 0: os._exit(0)
time.sleep(100)
