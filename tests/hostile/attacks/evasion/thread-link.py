# attempts: the entry of a thread in the place of its own
# blockers: denied_write
# refused: openat /etc/threaded
mend()
say("open", attempt(lambda: open("/proc/thread-self/root/etc/threaded", "w")))
