# attempts: signals to itself and to a child
# blockers: none
# says: child: -15
mend()
import signal, subprocess
signal.signal(signal.SIGUSR1, lambda *_: say("signal", "got"))
os.kill(os.getpid(), signal.SIGUSR1)
child = subprocess.Popen(["sleep", "100"]); child.terminate(); say("child", child.wait())
