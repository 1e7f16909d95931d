# attempts: threads that begin and end as fast as they can
# blockers: denied_write
# refused: openat /etc/after-threads
mend()
import threading
for _ in range(60):
    threads = [threading.Thread(target=lambda: os.path.exists("/")) for _ in range(20)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
say("open", attempt(lambda: open("/etc/after-threads", "w")))
