# attempts: links that lead to each other and to themselves
# blockers: disallowed_file
mend()
os.symlink("b", "a"); os.symlink("a", "b"); os.symlink(".", "self"); os.symlink("..", "up")
