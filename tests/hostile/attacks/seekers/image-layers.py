# attempts: the layers of its image
# blockers: no_diff tests_failed
# says: root:
# known: an overlay root names its layers' folders on the host
# unseen: plain reads
say("root", [line for line in open("/proc/self/mountinfo") if " / / " in line])
