# attempts: every way to open a file for more than reading
# blockers: denied_write
# refused: openat /etc/shells
mend()
for number, path, flags in [
    (257, b"/etc/passwd", os.O_WRONLY),
    (257, b"/etc/group", os.O_RDWR),
    (257, b"/etc/hosts.allow", 3),
    (257, b"/etc/profile", os.O_RDONLY | os.O_TRUNC),
    (257, b"/etc/shells", os.O_WRONLY | os.O_APPEND),
    (257, b"/etc/created", os.O_RDONLY | os.O_CREAT),
    (257, b"/etc", os.O_RDWR | 0o20200000),
    (257, b"/usr", os.O_WRONLY | 0o20200000),
]:
    say(path.decode(), call(number, -100, path, flags, 0o600))
