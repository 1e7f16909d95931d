# attempts: a queue, which is a file to the kernel
# blockers: denied_write
# refused: mq_open
mend()
say("mq_open", call(240, b"planted", 0o102, 0o600, 0))
