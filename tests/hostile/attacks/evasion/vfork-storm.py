# attempts: three hundred children that run another program at once
# blockers: denied_write
# refused: openat /etc/after-storm
# flags: --pids 64
mend()
import subprocess
for _ in range(300): subprocess.run(["true"], close_fds=False)
say("open", attempt(lambda: open("/etc/after-storm", "w")))
