# attempts: x32, whose numbers have a bit more
# blockers: denied_write
# says: x32: ENOSYS
mend()
say("x32", call(0x40000000 + 83, b"/workspace/x32", 0o700))
