# attempts: a folder
# blockers: denied_write
# refused: mkdir /opt/planted
mend()
say("mkdir", attempt(lambda: os.mkdir("/opt/planted")))
