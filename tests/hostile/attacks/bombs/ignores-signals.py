# attempts: an engine that takes no signal
# blockers: timeout
# blockers-any: yes
# flags: --timeout 2s
import signal, time
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
time.sleep(1000)
