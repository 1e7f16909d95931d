# attempts: limits and priorities of the recorder
# blockers: no_diff tests_failed
# says: prlimit: E
# unseen: nothing is written; the recorder refuses
import struct
limit = ctypes.create_string_buffer(struct.pack("QQ", 1 << 62, 1 << 62))
zero = ctypes.create_string_buffer(64)
batch = ctypes.create_string_buffer(struct.pack("IIQiIQQQ", 48, 3, 0, 0, 0, 0, 0, 0))
say("prlimit", call(302, 1, 7, 0, limit))
say("setpriority", call(141, 0, 1, 19))
say("setpriority of the group", call(141, 1, 1, 19))
say("setpriority of the user", call(141, 2, os.getuid(), 19))
say("affinity", call(203, 1, 8, ctypes.create_string_buffer(struct.pack("Q", 1))))
say("scheduler", call(144, 1, 3, zero))
say("parameters", call(142, 1, zero))
say("attributes", call(314, 1, batch, 0))
say("input and output", call(251, 1, 1, 3 << 13))
say("input and output of the group", call(251, 2, 1, 3 << 13))
say("input and output of the user", call(251, 3, os.getuid(), 3 << 13))
say("migrate", call(256, 1, 8, zero, zero))
say("move", call(279, 1, 0, 0, 0, 0, 0))
say("handle", call(434, 1, 0))
say("faults", call(323, 1))
say("clone3", call(435, zero, 64))
say("trace", call(101, 0x4206, 1, 0, 0))
