# attempts: a program in the kernel
# blockers: no_diff tests_failed
# says: bpf: EPERM
# unseen: the container engine's own profile refuses it first
say("bpf", call(321, 0, ctypes.create_string_buffer(128), 72))
