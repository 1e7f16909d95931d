# attempts: files and folders that nobody may read
# blockers: disallowed_file
mend()
os.mkdir("/workspace/dark"); open("/workspace/dark/x", "w").write("x"); os.chmod("/workspace/dark/x", 0); os.chmod("/workspace/dark", 0)
