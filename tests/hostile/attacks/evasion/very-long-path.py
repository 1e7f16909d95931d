# attempts: a path longer than any call takes, then one that just fits
# blockers: denied_write
# refused: open(?: |$)
mend()
say("open", call(2, b"/etc/" + b"a" * 5000, 0o101, 0o600))
say("open", call(2, b"/" + b"./" * 2040 + b"etc/long", 0o101, 0o600))
