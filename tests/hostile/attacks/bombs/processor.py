# attempts: a loop without end
# blockers: timeout
# blockers-any: yes
# flags: --timeout 2s
while True: pass
