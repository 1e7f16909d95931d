# attempts: more time than it may have
# blockers: timeout
# blockers-any: yes
# flags: --timeout 2s
import time
time.sleep(5)
say("slept", "long")
