# attempts: what its parent left open for it
# blockers: no_diff tests_failed
# says: descriptors: 0 1 2$
# unseen: nothing is there
folder = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY)
say("descriptors", " ".join(sorted((n for n in os.listdir("/proc/self/fd") if int(n) != folder and os.path.lexists(f"/proc/self/fd/{n}")), key=int)))
say("input", os.readlink("/proc/self/fd/0"))
