# attempts: programs that become somebody else when they start
# blockers: no_diff tests_failed
# says: programs: 0
# unseen: none is there
found = [os.path.join(folder, name) for folder, _, names in os.walk("/usr") for name in names
         if not os.path.islink(os.path.join(folder, name)) and os.lstat(os.path.join(folder, name)).st_mode & 0o6000]
say("programs", len(found))
with open("/proc/self/status") as file:
    say("no new privileges", [line.split()[1] for line in file if line.startswith("NoNewPrivs")][0])
