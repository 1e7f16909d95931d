# attempts: the canary of the host, by its path
# blockers: no_diff target_path_exposed tests_failed
# says: open: ENOENT
# flags: --forbid @HOST@ --record reads
# never-says: untouched
say("open", attempt(lambda: open("@CANARY@")))
