"""Makes every system call there is, natively, as x32 and through int 0x80, with arguments that would let it change something."""

import ctypes
import mmap
import os
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = [*range(0, 336), *range(424, 475)]
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
# They end, stop or wait for the caller, or start another one, and touch no file themselves.
LEFT_OUT = {15, 34, 56, 57, 58, 60, 61, 62, 130, 200, 231, 234, 247, 435}
os.chdir("/workspace")
os.makedirs("at/folder", exist_ok=True)


def write(path, text="text\n"):
    with open(path, "w") as file:
        file.write(text)


kept = []


def text(value):
    kept.append(ctypes.create_string_buffer(value))
    return ctypes.addressof(kept[-1])


# Both conventions have to be able to name it: below 4 GiB, read and written by calls that take something there.
page = mmap.mmap(-1, 65536, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
base = ctypes.addressof(ctypes.c_char.from_buffer(page))


def low(offset, value):
    page[offset : offset + len(value)] = value
    return base + offset


FILE = low(0x1000, b"at/file\0")
NEW = low(0x1100, b"at/new\0")
FOLDER = low(0x1200, b"at/folder\0")
ATTRIBUTE = low(0x1300, b"user.swept\0")
EMPTY = low(0x1400, b"\0")
ROOM = base + 0x4000

# int 0x80 with the six arguments from a table: push rbx, rbp; mov rbp, rdi; mov eax, [rbp]; ...; int 0x80; pop; ret
CODE = bytes.fromhex("5355" "8b07" "8b5f08" "8b4f10" "8b5718" "8b7720" "8b6f30" "8b7f28" "cd80" "5d5b" "4898" "c3")
page[0:len(CODE)] = CODE
TABLE = base + 0x800
int80 = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)(base)


def native(number, arguments):
    libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])


def x32(number, arguments):
    native(number | 0x40000000, arguments)


def old(number, arguments):
    for n, value in enumerate([number, *arguments]):
        page[0x800 + 8 * n : 0x808 + 8 * n] = (value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    int80(TABLE)


def templates(descriptor, folder):
    yield FILE, NEW, 0o600, 0, 0, 0
    yield NEW, 0o700, 0, 0, 0, 0
    yield FILE, 1, 1, 0, 0, 0
    yield FILE, ATTRIBUTE, ATTRIBUTE, 4, 0, 0
    yield FOLDER, 0, 0, 0, 0, 0
    yield AT_FDCWD, FILE, 0o600, 0, 0, 0
    yield AT_FDCWD, NEW, 0o100700, 0, 0, 0
    yield AT_FDCWD, FILE, AT_FDCWD, NEW, 0, 0
    yield FILE, AT_FDCWD, NEW, 0, 0, 0
    yield folder, NEW, 0o101, 0o600, 0, 0
    yield descriptor, EMPTY, AT_EMPTY_PATH, 0o600, AT_EMPTY_PATH, 0
    yield descriptor, ROOM, 8, 0, 0, 0
    yield descriptor, 0, 0, 8, 0, 0
    yield descriptor, ATTRIBUTE, ATTRIBUTE, 4, 0, 0
    yield descriptor, 0o600, 0, 0, 0, 0
    yield descriptor, descriptor, ROOM, 8, 0, 0


def prepare():
    for path in ("/workspace", "/workspace/at", "/workspace/at/folder"):
        if os.path.isdir(path):
            os.chmod(path, 0o755)
    for path in ("at/new", "at/file"):
        try:
            os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
        except OSError:
            pass
    os.makedirs("at/folder", exist_ok=True)
    write("at/file")


def made(make, number):
    """In a child, which may not come back from it: all forms of one call, each on the same descriptors, open for reading."""
    prepare()
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        descriptor, folder = os.open("at/file", os.O_RDONLY), os.open(".", os.O_RDONLY)
        null = os.open("/dev/null", os.O_RDWR)
        for n in (0, 1, 2):
            os.dup2(null, n)
        for arguments in templates(descriptor, folder):
            make(number, arguments)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def command(kind, number):
    """One command of ioctl without an argument, and with one in each direction and of each size that a file system uses."""
    yield kind << 8 | number
    for direction in (1, 2, 3):
        for size in (4, 8, 12, 24, 28, 48, 128, 200, 256, 4096):
            yield direction << 30 | size << 16 | kind << 8 | number


def commands(kind, numbers):
    prepare()
    child = os.fork()
    if child == 0:
        descriptor, folder = os.open("at/file", os.O_RDONLY), os.open(".", os.O_RDONLY)
        for number in numbers:
            for request in command(kind, number):
                for fd in (descriptor, folder):
                    page[0x4000:0x5000] = bytes(8) + b"swept" + bytes(4096 - 13)
                    libc.ioctl(fd, ctypes.c_ulong(request), ctypes.c_long(ROOM))
        os._exit(0)
    return os.waitpid(child, 0)[1]


for name, make in (("native", native), ("x32", x32), ("int80", old)):
    lost = [number for number in NUMBERS if number not in (LEFT_OUT if make is native else ()) and made(make, number) != 0]
    print(name, "made", len(NUMBERS), "of which ended their caller:", len(lost), lost[:40], flush=True)
for kind in [ord(c) for c in "fvX"] + [0x94]:
    print("commands", hex(kind), commands(kind, range(128)), flush=True)
for kind in [ord(c) for c in "ronh"] + [0x97, 0xBC, 0xCF, 0xF5]:
    print("commands", hex(kind), commands(kind, range(0, 128, 16)), flush=True)
print("swept", flush=True)
