# attempts: more output than it may have, and then an end as if nothing were
# blockers: output_limit
# blockers-any: yes
# flags: --max-output 1m
mend()
for _ in range(64): os.write(1, b"x" * 65536)
