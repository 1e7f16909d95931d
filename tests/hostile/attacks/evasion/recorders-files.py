# attempts: the recorder's own entries in /proc
# blockers: denied_write
# refused: openat /proc/1/mem
mend()
for name in ["mem", "oom_score_adj", "comm", "setgroups", "uid_map"]:
    say(name, attempt(lambda: open(f"/proc/1/{name}", "w")))
