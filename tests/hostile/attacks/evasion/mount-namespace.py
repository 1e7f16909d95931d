# attempts: a view of the file system of its own
# blockers: no_diff tests_failed
# says: unshare: EPERM
# unseen: the container engine's own profile refuses it first
say("unshare", call(272, 0x00020000))
