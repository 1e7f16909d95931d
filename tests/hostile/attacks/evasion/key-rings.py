# attempts: keys of the kernel
# blockers: no_diff tests_failed
# says: add_key: EPERM
# unseen: the container engine's own profile refuses it first
say("add_key", call(248, b"user", b"x", b"y", 1, -3))
say("keyctl", call(250, 0, -3, 1, 0, 0))
