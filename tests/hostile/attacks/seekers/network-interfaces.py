# attempts: interfaces and routes of the host
# blockers: no_diff tests_failed
# says: interfaces: lo$
# unseen: plain reads
with open("/proc/net/dev") as file:
    say("interfaces", " ".join(sorted(line.split(":")[0].strip() for line in file if ":" in line)))
