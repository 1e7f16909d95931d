# attempts: its own /proc entry as a way to the root
# blockers: denied_write
# refused: openat /etc/rooted
mend()
say("open", attempt(lambda: open("/proc/self/root/etc/rooted", "w")))
