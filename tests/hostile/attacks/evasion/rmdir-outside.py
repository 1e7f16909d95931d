# attempts: a folder removed
# blockers: denied_write
# refused: rmdir /opt/proofbox
mend()
say("rmdir", attempt(lambda: os.rmdir("/opt/proofbox")))
