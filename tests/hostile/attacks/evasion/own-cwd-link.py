# attempts: its own /proc entry as a way out of the workspace
# blockers: denied_write
# refused: openat /usr/cwd-planted
mend()
os.chdir("/usr")
say("open", attempt(lambda: open("/proc/self/cwd/cwd-planted", "w")))
