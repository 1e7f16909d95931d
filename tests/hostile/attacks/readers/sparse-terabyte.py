# attempts: a file of 1 TB without a byte in it
# blockers: disallowed_file
mend()
def grow():
    with open("/workspace/sparse", "w") as file: file.truncate(1 << 40)
say("truncate", attempt(grow))
