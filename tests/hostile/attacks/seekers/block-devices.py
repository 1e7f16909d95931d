# attempts: disks of the host
# blockers: no_diff tests_failed
# says: disks: \[\]
# unseen: plain reads
say("disks", [n for n in os.listdir("/dev") if n.startswith(("sd", "vd", "nvme", "loop", "mapper", "mem", "kmsg"))])
