# attempts: io_uring, which opens files where no filter looks
# blockers: none
# refused: io_uring_setup
# says: io_uring: (?:ENOSYS|EPERM)
# note: refused and on record; no violation by itself, because ordinary programs ask for it
mend()
say("io_uring", call(425, 8, ctypes.create_string_buffer(120)))
