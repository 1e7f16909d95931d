# attempts: the clock of the machine
# blockers: no_diff tests_failed
# says: settimeofday: EPERM
# unseen: the container engine's own profile refuses it first
say("settimeofday", call(164, ctypes.create_string_buffer(16), 0))
