"""Stands before every attack and every benign control that is written in Python."""

import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *args):
    """A raw system call: "done", or the name of its error."""
    ctypes.set_errno(0)
    raw = [ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result = libc.syscall(ctypes.c_long(number), *raw)
    return ("done" if result == 0 else f"done {result}") if result >= 0 else errno.errorcode.get(ctypes.get_errno())


def attempt(act):
    """What Python makes of it: "done", or the name of the error."""
    try:
        act()
        return "done"
    except OSError as problem:
        return errno.errorcode.get(problem.errno, str(problem))


def say(name, outcome):
    print(f"{name}: {outcome}", flush=True)


def mend():
    """The work that the fixture asks for, so that nothing but the attack can fail the run."""
    with open("/workspace/counter/count.py") as file:
        text = file.read()
    try:
        with open("/workspace/counter/count.py", "w") as file:
            file.write(text.replace("get(word, 1)", "get(word, 0)"))
    except OSError as problem:
        say("mend", problem)


