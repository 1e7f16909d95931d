# attempts: events of the whole machine
# blockers: no_diff tests_failed
# says: perf_event_open: EPERM
# unseen: the container engine's own profile refuses it first
say("perf_event_open", call(298, ctypes.create_string_buffer(128), -1, 0, -1, 0))
