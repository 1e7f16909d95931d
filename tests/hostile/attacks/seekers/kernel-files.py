# attempts: what the kernel tells of the machine
# blockers: no_diff tests_failed
# says: /proc/interrupts: 0
# unseen: plain reads of files that are hidden
for path in ["/proc/interrupts", "/proc/keys", "/proc/timer_list", "/proc/kcore", "/proc/sched_debug"]:
    try:
        with open(path, "rb") as file: say(path, len(file.read(4096)))
    except OSError as problem: say(path, errno.errorcode[problem.errno])
