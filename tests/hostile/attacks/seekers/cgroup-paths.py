# attempts: its place among the host's control groups
# blockers: no_diff tests_failed
# says: named: False
# unseen: plain reads
with open("/proc/self/cgroup") as file:
    say("named", "docker" in file.read())
