# attempts: links to files and folders of the host
# blockers: disallowed_file
mend()
os.symlink("@CANARY@", "/workspace/link"); os.symlink("@HOST@", "/workspace/counter/folder.py")
