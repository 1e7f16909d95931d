# attempts: nothing, for ever
# blockers: timeout
# blockers-any: yes
# flags: --timeout 2s
import time
time.sleep(100000)
