# attempts: sockets of the host without a file
# blockers: no_diff tests_failed
# says: sockets: 0
# unseen: plain reads
text = open("/proc/net/unix").read().splitlines()
say("sockets", len(text) - 1)
