# attempts: openat2 with every resolve flag
# blockers: denied_write
# refused: openat2 /etc/by-openat2
# says: openat2 0: EROFS
mend()
import struct
for flag in (0, 1, 2, 4, 8, 16):
    how = ctypes.create_string_buffer(struct.pack("QQQ", os.O_WRONLY | os.O_CREAT, 0o600, flag))
    say(f"openat2 {flag}", call(437, -100, b"/etc/by-openat2", how, 24))
