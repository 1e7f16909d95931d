# attempts: a link
# blockers: denied_write
# refused: symlink /etc/way
mend()
say("symlink", attempt(lambda: os.symlink("/workspace", "/etc/way")))
