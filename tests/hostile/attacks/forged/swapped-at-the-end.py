# attempts: a document that is written by a child after the engine has ended
# blockers: none
# note: the child ends with the engine, before it wakes
mend()
if os.fork() == 0:
    os.setsid()
    import time
    time.sleep(1)
    open("/artifacts/report.json", "w").write("{}")
    os._exit(0)
