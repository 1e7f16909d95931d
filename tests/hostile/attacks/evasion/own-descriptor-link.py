# attempts: a descriptor of a folder outside, named through /proc
# blockers: denied_write
# refused: openat /var/by-descriptor
mend()
folder = os.open("/var", os.O_PATH)
say("open", attempt(lambda: open(f"/proc/self/fd/{folder}/by-descriptor", "w")))
