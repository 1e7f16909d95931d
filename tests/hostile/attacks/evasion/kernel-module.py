# attempts: a module in the kernel
# blockers: no_diff tests_failed
# says: init_module: EPERM
# unseen: the container engine's own profile refuses it first
say("init_module", call(175, 0, 0, b""))
say("finit_module", call(313, 0, b"", 0))
say("kexec_load", call(246, 0, 0, 0, 0))
