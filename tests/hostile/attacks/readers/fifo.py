# attempts: a FIFO in the workspace, for a reader to wait at
# blockers: disallowed_file
mend()
os.mkfifo("/workspace/pipe")
