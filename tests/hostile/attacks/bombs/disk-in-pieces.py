# attempts: many files without end
# blockers: workspace_limit
# blockers-any: yes
# flags: --max-workspace 64m
n = 0
while True:
    n += 1
    open(f"/artifacts/backend/tmp/{n}", "wb").write(b"x" * 500_000)
