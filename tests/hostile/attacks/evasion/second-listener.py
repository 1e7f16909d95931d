# attempts: a listener of its own, to answer in the recorder's place
# blockers: denied_write
# refused: openat /etc/after-listener
# says: listener: EBUSY
mend()
import struct
program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7fff0000))
fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 1, ctypes.addressof(program)))
say("listener", call(317, 1, 8, fprog))
say("open", attempt(lambda: open("/etc/after-listener", "w")))
