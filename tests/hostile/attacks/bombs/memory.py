# attempts: memory without end
# blockers: out_of_memory
# blockers-any: yes
# flags: --memory 128m
held = []
while True: held.append(bytearray(16 << 20))
