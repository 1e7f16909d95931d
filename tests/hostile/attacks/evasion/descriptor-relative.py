# attempts: a name below a descriptor of a folder outside
# blockers: denied_write
# refused: openat /etc/relative
mend()
folder = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
say("openat", attempt(lambda: os.open("relative", os.O_WRONLY | os.O_CREAT, dir_fd=folder)))
