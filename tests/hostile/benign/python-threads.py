# attempts: a pool of threads, and children by hand
# blockers: none
# says: children: 10
# note: pools of processes need /dev/shm, which no cage has
mend()
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(8) as pool:
    say("threads", sum(pool.map(len, ["a"] * 100)))
left, right = os.pipe()
for _ in range(10):
    if os.fork() == 0:
        os.write(right, b"x")
        os._exit(0)
for _ in range(10):
    os.wait()
say("children", len(os.read(left, 100)))
