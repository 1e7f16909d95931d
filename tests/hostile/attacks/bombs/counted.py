# attempts: more children, open files and bytes in one file than it may have
# blockers: no_diff tests_failed
# says: children: [1-6]?[0-9]$
# flags: --pids 64 --max-workspace 64m
import signal
import time
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
children = []
try:
    while len(children) < 200:
        child = os.fork()
        if child == 0: time.sleep(60)
        children.append(child)
except OSError: pass
say("children", len(children))
for child in children: os.kill(child, 9); os.waitpid(child, 0)
held = []
try:
    while len(held) < 10000: held.append(os.open("/etc/passwd", os.O_RDONLY))
except OSError: pass
say("files", len(held))
for fd in held: os.close(fd)
with open("/artifacts/backend/long", "wb") as file: say("bytes", attempt(lambda: os.truncate(file.fileno(), 1 << 30)))
os.unlink("/artifacts/backend/long")
