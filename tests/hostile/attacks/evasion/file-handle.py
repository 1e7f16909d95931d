# attempts: a file by its handle, past every path
# blockers: no_diff tests_failed
# says: open_by_handle_at: EPERM
# unseen: the container engine's own profile refuses it first
say("open_by_handle_at", call(304, -100, ctypes.create_string_buffer(128), 0))
