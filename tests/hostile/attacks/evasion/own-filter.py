# attempts: a filter of its own that allows everything
# blockers: denied_write
# refused: openat /etc/after-filter
# says: open: EROFS
mend()
import struct
program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7fff0000))
fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 1, ctypes.addressof(program)))
say("filter", call(317, 1, 0, fprog))
say("open", attempt(lambda: open("/etc/after-filter", "w")))
