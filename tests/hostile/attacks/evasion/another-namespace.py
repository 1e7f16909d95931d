# attempts: the namespace of another process
# blockers: no_diff tests_failed
# says: setns: EPERM
# unseen: the container engine's own profile refuses it first
say("setns", call(308, os.open("/proc/self/ns/mnt", os.O_RDONLY), 0))
