# attempts: a program that makes itself unreadable before it writes
# blockers: denied_write
# refused: open(?: |$)
# note: refused, because nobody can say what it would write
mend()
libc.prctl(4, 0, 0, 0, 0)
say("open", call(2, b"/workspace/counter/hidden.py", 0o101, 0o600))
libc.prctl(4, 1, 0, 0, 0)
