# attempts: settings of the kernel
# blockers: denied_write
# refused: openat /proc/sys/kernel/core_pattern
mend()
for path in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/sys/kernel/mm/ksm/run"]:
    say(path, attempt(lambda: open(path, "w")))
