# attempts: the newer way to mount
# blockers: no_diff tests_failed
# says: fsopen: (?:EPERM|ENOSYS)
# unseen: the container engine's own profile refuses it first
say("fsopen", call(430, b"tmpfs", 0))
say("open_tree", call(428, -100, b"/", 1))
say("move_mount", call(429, -1, b"", -100, b"/workspace", 4))
