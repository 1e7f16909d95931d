# attempts: programs with input and output
# blockers: none
# says: out: HELLO
mend()
import subprocess
say("out", subprocess.run(["tr", "a-z", "A-Z"], input="hello", capture_output=True, text=True).stdout)
