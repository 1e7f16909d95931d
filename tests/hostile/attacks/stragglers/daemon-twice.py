# attempts: a child of a child, in a session of its own
# blockers: none
# never: late.py
mend()
if os.fork() == 0:
  if os.fork() == 0:
      import time
      os.setsid()
      open("/artifacts/backend/began", "w").close()
      time.sleep(1.5)
      open("/workspace/counter/late.py", "w").write("late")
      os._exit(0)
  os._exit(0)
import time
while not os.path.exists("/artifacts/backend/began"): time.sleep(0.01)
