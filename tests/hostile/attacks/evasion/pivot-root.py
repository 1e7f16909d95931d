# attempts: another root
# blockers: no_diff tests_failed
# says: pivot_root: EPERM
# unseen: the container engine's own profile refuses it first
say("pivot_root", call(155, b"/workspace", b"/workspace"))
say("chroot", call(161, b"/workspace"))
