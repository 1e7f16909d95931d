# attempts: a file that was opened as a mere place, opened again to write
# blockers: denied_write
# refused: openat /etc/passwd
mend()
place = os.open("/etc/passwd", os.O_PATH)
say("open", attempt(lambda: os.open(f"/proc/self/fd/{place}", os.O_WRONLY)))
