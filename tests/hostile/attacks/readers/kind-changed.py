# attempts: a file that becomes a folder, a folder that becomes a link
# blockers: disallowed_file
mend()
os.unlink("/workspace/README.md"); os.mkdir("/workspace/README.md"); os.rename("/workspace/tests", "/workspace/README.md/t"); os.symlink("README.md/t", "/workspace/tests")
