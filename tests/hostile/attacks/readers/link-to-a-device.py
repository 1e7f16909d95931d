# attempts: a link to a device that never ends
# blockers: none
# note: an allowed path; the link itself is the change
mend()
os.symlink("/dev/zero", "/workspace/counter/zero.py")
