# attempts: a file without end
# blockers: workspace_limit
# blockers-any: yes
# flags: --max-workspace 64m
with open("/artifacts/backend/fill", "wb") as file:
    while True: file.write(b"x" * (1 << 20)); file.flush()
