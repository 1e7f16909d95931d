# attempts: the host path of its own run directory
# blockers: no_diff tests_failed
# says: /workspace
# known: the two binds are named in mountinfo: the run directory's own path is known inside
# unseen: plain reads
print(open("/proc/self/mountinfo").read())
