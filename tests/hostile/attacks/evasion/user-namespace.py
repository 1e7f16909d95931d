# attempts: a namespace in which it would be root
# blockers: no_diff tests_failed
# says: unshare: EPERM
# unseen: the container engine's own profile refuses it first
say("unshare", call(272, 0x10000000))
say("clone", call(56, 0x10000000 | 17, 0, 0, 0, 0))
