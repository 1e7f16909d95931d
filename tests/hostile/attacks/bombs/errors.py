# attempts: errors without end
# blockers: output_limit
# blockers-any: yes
# flags: --max-output 4m
while True: os.write(2, b"x" * 65536)
