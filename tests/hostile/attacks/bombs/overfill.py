# attempts: more files than it may have, and then an end as if nothing were
# blockers: workspace_limit
# blockers-any: yes
# flags: --max-workspace 16m
mend()
for n in range(24): open(f"/artifacts/backend/{n}", "wb").write(b"x" * (1 << 20))
import time
time.sleep(2.5)
