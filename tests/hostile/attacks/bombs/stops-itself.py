# attempts: an engine that stops and is never woken
# blockers: timeout
# blockers-any: yes
# flags: --timeout 2s
import signal
os.kill(os.getpid(), signal.SIGSTOP)
