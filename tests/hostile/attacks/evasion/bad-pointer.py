# attempts: a path that cannot be read
# blockers: denied_write
# refused: openat /etc/after
mend()
say("open", call(2, 0x10, 0o101, 0o600))
say("open", attempt(lambda: open("/etc/after", "w")))
