# attempts: children without end
# blockers: timeout
# blockers-any: yes
# flags: --timeout 3s --pids 64
import time
while True:
    try:
        if os.fork() == 0: time.sleep(1000)
    except OSError: time.sleep(0.01)
