# attempts: more memory than it may have
# blockers: out_of_memory
# blockers-any: yes
# flags: --memory 128m
held = bytearray(b"x") * (300 << 20)
say("held", len(held) >> 20)
