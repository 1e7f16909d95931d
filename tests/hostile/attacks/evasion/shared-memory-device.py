# attempts: the places that are writable in most containers
# blockers: denied_write
# refused: openat /dev/shm/x
mend()
for path in ["/dev/shm/x", "/dev/mqueue/x", "/run/x", "/run/lock/x", "/var/lock/x", "/sys/fs/cgroup/x"]:
    say(path, attempt(lambda: open(path, "w")))
