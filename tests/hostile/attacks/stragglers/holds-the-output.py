# attempts: a child that keeps the output open for ever
# blockers: none
mend()
if os.fork() == 0:
    import time
    time.sleep(100000)
