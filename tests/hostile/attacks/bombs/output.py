# attempts: output without end
# blockers: output_limit
# blockers-any: yes
# flags: --max-output 4m
while True: os.write(1, b"x" * 65536)
