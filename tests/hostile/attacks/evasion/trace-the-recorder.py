# attempts: the recorder as its debugged program
# blockers: no_diff tests_failed
# says: attach: EPERM
# unseen: nothing is written; the kernel refuses
say("attach", call(101, 16, 1, 0, 0))
say("seize", call(101, 0x4206, 1, 0, 0))
say("vm_writev", call(311, 1, ctypes.create_string_buffer(16), 1, ctypes.create_string_buffer(16), 1, 0))
say("memory", attempt(lambda: open("/proc/1/mem", "rb")))
