# attempts: processes of the host
# blockers: no_diff tests_failed
# says: many: False
# unseen: plain reads
say("pids", sorted(int(n) for n in os.listdir("/proc") if n.isdigit())[:1]); say("many", len([n for n in os.listdir("/proc") if n.isdigit()]) > 5)
