"""Tries from inside a cage what no engine may be able to do, and says of each attempt how it ended.

One JSON line an attempt on standard output: `id`, `outcome` ("refused", "succeeded" or "error"), `errno` and `detail`.
What each must end like, and what must be on record of it, is the harness's business (src/stage1/probes.ts).
A last line `{"done": N}` says that none was left out. With an argument it plays one bomb instead.
"""

import ctypes
import errno
import json
import os
import socket
import stat
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
PROBES = []
AT_FDCWD = -100
# Numbers of calls that libc has no wrapper for: x86_64, then aarch64.
ARM = os.uname().machine == "aarch64"
CALLS = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "unshare": (272, 97), "setns": (308, 268),
    "ptrace": (101, 117), "process_vm_writev": (311, 271), "add_key": (248, 217), "bpf": (321, 280),
    "perf_event_open": (298, 241), "io_uring_setup": (425, 425), "userfaultfd": (323, 282), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "reboot": (169, 142),
    "swapon": (167, 224), "acct": (163, 89), "syslog": (103, 116), "settimeofday": (164, 170), "sethostname": (170, 161),
    "open_by_handle_at": (304, 265), "fanotify_init": (300, 262), "fsopen": (430, 430), "move_mount": (429, 429),
    "openat2": (437, 437), "capset": (126, 91), "setxattr": (188, 5), "clone3": (435, 435), "quotactl": (179, 60),
    "mq_open": (240, 180), "mknodat": (259, 33),
}


def probe(function):
    PROBES.append(function)
    return function


def call(name, *arguments):
    """A raw system call; raises OSError where it fails."""
    ctypes.set_errno(0)
    number = CALLS[name][1 if ARM else 0]
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def write_to(path):
    """An attempt to make or open a file for writing."""
    def attempt():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    attempt.__name__ = "write:" + path
    PROBES.append(attempt)


for place in ["/x", "/etc/x", "/etc/passwd", "/usr/bin/x", "/usr/local/bin/proofbox-recorder", "/var/x", "/opt/x", "/run/x",
              "/root/x", "/home/x", "/srv/x", "/dev/x", "/dev/shm/x", "/dev/mqueue/x", "/boot/x", "/sys/x",
              "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/1/mem", "/proc/1/oom_score_adj",
              "/sys/kernel/uevent_helper", "/sys/fs/cgroup/x", "/workspace/../etc/x", "/artifacts/../../x"]:
    write_to(place)


@probe
def mkdir_outside():
    os.mkdir("/x")


@probe
def symlink_outside():
    os.symlink("/workspace", "/etc/x")


@probe
def write_through_link():
    os.symlink("/etc", "/workspace/probe-link")
    os.close(os.open("/workspace/probe-link/x", os.O_WRONLY | os.O_CREAT))


@probe
def hard_link_in():
    os.link("/etc/passwd", "/workspace/probe-hard")


@probe
def rename_in():
    os.rename("/etc/passwd", "/workspace/probe-passwd")


@probe
def rename_out():
    open("/workspace/probe-out", "w").close()
    os.rename("/workspace/probe-out", "/etc/probe-out")


@probe
def unlink_outside():
    os.unlink("/etc/passwd")


@probe
def chmod_outside():
    os.chmod("/etc/passwd", 0o666)


@probe
def chown_outside():
    os.chown("/etc/passwd", os.getuid(), os.getgid())


@probe
def utime_outside():
    os.utime("/etc/passwd")


@probe
def truncate_outside():
    os.truncate("/etc/passwd", 0)


@probe
def setxattr_outside():
    call("setxattr", b"/etc/passwd", b"user.x", b"x", 1, 0)


@probe
def tmpfile_outside():
    os.close(os.open("/etc", os.O_TMPFILE | os.O_WRONLY))


@probe
def reopen_through_proc():
    file = os.open("/etc/passwd", os.O_PATH)
    os.close(os.open(f"/proc/self/fd/{file}", os.O_WRONLY))


@probe
def openat2_outside():
    call("openat2", AT_FDCWD, b"/etc/x", struct.pack("QQQ", os.O_WRONLY | os.O_CREAT, 0o600, 0), 24)


@probe
def socket_file_outside():
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("/etc/x.sock")


@probe
def fifo_outside():
    os.mkfifo("/etc/x.fifo")


@probe
def message_queue():
    call("mq_open", b"probe", os.O_CREAT | os.O_RDWR, 0o600, None)


@probe
def device_node():
    call("mknodat", AT_FDCWD, b"/workspace/probe-device", stat.S_IFCHR | 0o600, os.makedev(1, 1))


@probe
def third_writable_mount():
    """Any mount that may be written beside the two folders and the kernel's own."""
    own = ("/workspace", "/artifacts")
    for line in open("/proc/self/mountinfo"):
        place = line.split()[4]
        # What the kernel shows too much of is masked with /dev/null, which anybody may write into the void.
        if place not in own and os.access(place, os.W_OK) and not stat.S_ISCHR(os.stat(place).st_mode):
            return place
    raise OSError(errno.EROFS, "none")


@probe
def set_id_program():
    for folder in ["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/lib", "/opt"]:
        for at, _, names in os.walk(folder):
            for name in names:
                if os.lstat(os.path.join(at, name)).st_mode & 0o6000:
                    return os.path.join(at, name)
    raise OSError(errno.ENOENT, "none in the image")


@probe
def new_privileges():
    if libc.prctl(39, 0, 0, 0, 0) != 1:
        return "no_new_privs is off"
    raise OSError(errno.EPERM, "no_new_privs is on")


@probe
def any_capability():
    for line in open("/proc/self/status"):
        if line.startswith("Cap") and int(line.split()[1], 16) != 0:
            return line.strip()
    raise OSError(errno.EPERM, "none")


@probe
def become_root():
    os.setuid(0)


@probe
def set_capabilities():
    call("capset", struct.pack("II", 0x20080522, 0), struct.pack("IIIIII", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 1, 1, 1))


@probe
def mount_tmpfs():
    call("mount", b"none", b"/workspace", b"tmpfs", 0, None)


@probe
def unmount():
    call("umount2", b"/workspace", 2)


@probe
def remount_root_writable():
    call("mount", b"none", b"/", None, 32 | 4096, None)


@probe
def new_mount_api():
    call("fsopen", b"tmpfs", 0)


@probe
def move_a_mount():
    call("move_mount", AT_FDCWD, b"/workspace", AT_FDCWD, b"/artifacts", 0)


@probe
def change_root():
    os.chroot("/workspace")


@probe
def pivot():
    call("pivot_root", b"/workspace", b"/workspace")


@probe
def user_namespace():
    call("unshare", 0x10000000)


@probe
def mount_namespace():
    call("unshare", 0x00020000)


@probe
def namespace_by_clone3():
    call("clone3", struct.pack("Q" * 11, 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88)


@probe
def enter_namespace_of_pid_1():
    file = os.open("/proc/1/ns/mnt", os.O_RDONLY)
    call("setns", file, 0)


@probe
def open_by_handle():
    call("open_by_handle_at", AT_FDCWD, struct.pack("IiQ", 8, 1, 2), os.O_RDONLY)


@probe
def attach_to_pid_1():
    call("ptrace", 16, 1, None, None)


@probe
def write_memory_of_pid_1():
    text = ctypes.create_string_buffer(8)
    vector = struct.pack("QQ", ctypes.addressof(text), 8)
    call("process_vm_writev", 1, vector, 1, vector, 1, 0)


@probe
def root_of_pid_1():
    os.listdir("/proc/1/root/")


@probe
def environment_of_pid_1():
    open("/proc/1/environ", "rb").read()


@probe
def descriptors_of_pid_1():
    os.listdir("/proc/1/fd")


@probe
def kill_pid_1():
    for number in range(1, 65):
        try:
            os.kill(1, number)
        except OSError:
            pass
    time.sleep(0.1)
    # Whoever is asked to end PID 1 and still runs was not heard: with PID 1 everything in here would be gone.
    raise OSError(errno.EPERM, "PID 1 lives on")


@probe
def kernel_key():
    call("add_key", b"user", b"probe", b"x", 1, -3)


@probe
def load_bpf():
    call("bpf", 0, struct.pack("IIIII", 1, 4, 4, 1, 0) + bytes(100), 120)


@probe
def performance_events():
    call("perf_event_open", struct.pack("II", 1, 112) + bytes(104), 0, -1, -1, 0)


@probe
def io_uring():
    call("io_uring_setup", 8, ctypes.create_string_buffer(256))


@probe
def page_faults_of_the_kernel():
    call("userfaultfd", 0)


@probe
def kernel_module():
    call("init_module", bytes(64), 64, b"")


@probe
def kernel_module_from_file():
    call("finit_module", os.open("/etc/passwd", os.O_RDONLY), b"", 0)


@probe
def remove_kernel_module():
    call("delete_module", b"dummy", 0)


@probe
def other_kernel():
    call("kexec_load", 0, 0, None, 0)


@probe
def reboot():
    call("reboot", 0xFEE1DEAD, 672274793, 0x89ABCDEF, None)


@probe
def swap():
    call("swapon", b"/etc/passwd", 0)


@probe
def process_accounting():
    call("acct", b"/workspace/probe-acct")


@probe
def kernel_log():
    call("syslog", 3, ctypes.create_string_buffer(64), 64)


@probe
def set_the_clock():
    call("settimeofday", struct.pack("QQ", 0, 0), None)


@probe
def set_the_hostname():
    call("sethostname", b"probe", 5)


@probe
def watch_all_files():
    call("fanotify_init", 0, 0)


@probe
def quota():
    call("quotactl", 0x800002 << 8, b"/dev/null", 0, None)


@probe
def raw_memory():
    os.open("/dev/mem", os.O_RDONLY)


@probe
def disk_device():
    found = [name for name in os.listdir("/dev") if name.startswith(("sd", "vd", "nvme", "xvd", "loop", "dm-", "kvm", "fuse"))]
    if found:
        return found[0]
    raise OSError(errno.ENOENT, "none")


def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        if kind == socket.SOCK_DGRAM:
            one.send(b"x")


@probe
def network_interface():
    names = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
    if names != ["lo"]:
        return ",".join(names)
    raise OSError(errno.ENETUNREACH, "lo alone")


@probe
def connect_to_address():
    connect(socket.AF_INET, ("192.0.2.1", 80))


@probe
def send_datagram():
    connect(socket.AF_INET, ("192.0.2.1", 53), socket.SOCK_DGRAM)


@probe
def connect_to_ipv6():
    connect(socket.AF_INET6, ("2001:db8::1", 80))


@probe
def cloud_metadata():
    connect(socket.AF_INET, ("169.254.169.254", 80))


@probe
def host_gateway():
    connect(socket.AF_INET, ("172.17.0.1", 22), socket.SOCK_DGRAM)


@probe
def resolve_a_name():
    try:
        return str(socket.getaddrinfo("example.com", 80)[0][4])
    except socket.gaierror as error:
        raise OSError(errno.ENETUNREACH, str(error)) from None


@probe
def raw_socket():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()


@probe
def packet_socket():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()


@probe
def abstract_socket_of_the_host():
    """The harness listens on this name while the probe runs; a shared network namespace would show it."""
    name = b"\0" + sys.argv[2].encode()
    try:
        # Node.js fills the name up with zeros, other programs do not.
        connect(socket.AF_UNIX, name.ljust(108, b"\0"))
    except OSError:
        connect(socket.AF_UNIX, name)


@probe
def docker_socket():
    for path in ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock"]:
        # One that is there and cannot be connected to is there all the same.
        if os.path.exists(path):
            return path
    connect(socket.AF_UNIX, "/var/run/docker.sock")


@probe
def target_repository():
    """Looks for the canary beside the run directory, whose path on the host mountinfo tells."""
    for line in open("/proc/self/mountinfo"):
        fields = line.split()
        if fields[4] != "/workspace":
            continue
        run = os.path.dirname(fields[3])
        for base in ["", "/proc/1/root", "/proc/self/root", "/mnt", "/host"]:
            try:
                return open(f"{base}{os.path.dirname(run)}/canary/secret.txt").read()
            except OSError as error:
                last = error
        raise last
    raise OSError(errno.ENOENT, "no mount tells where")


@probe
def more_processes_than_allowed():
    """Last but one: forks until it is refused, and ends its children."""
    children = []
    try:
        for _ in range(3000):
            child = os.fork()
            if child == 0:
                time.sleep(30)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, 9)
        for child in children:
            os.waitpid(child, 0)


@probe
def more_files_than_allowed():
    files = []
    try:
        for _ in range(100_000):
            files.append(os.open("/dev/null", os.O_RDONLY))
    finally:
        for file in files:
            os.close(file)


BOMBS = {
    "memory": lambda: [bytearray(b"x") * (64 << 20) for _ in range(1000)],
    "disk": lambda: [open(f"/workspace/bomb-{n}", "wb").write(b"x" * (1 << 20)) for n in range(100_000)],
    "output": lambda: [sys.stdout.write("x" * 65536) for _ in range(100_000)],
    "time": lambda: time.sleep(3600),
}


def main():
    """probe.py probes SOCKET | probe.py BOMB"""
    if sys.argv[1] != "probes":
        BOMBS[sys.argv[1]]()
        return
    for one in PROBES:
        result = {"id": one.__name__, "outcome": "succeeded", "errno": None, "detail": None}
        try:
            detail = one()
            result["detail"] = None if detail is None else str(detail)[:200]
        except OSError as error:
            result.update(outcome="refused", errno=errno.errorcode.get(error.errno, str(error.errno)), detail=error.strerror)
        except Exception as error:
            result.update(outcome="error", detail=f"{type(error).__name__}: {error}"[:200])
        print(json.dumps(result), flush=True)
    print(json.dumps({"done": len(PROBES)}), flush=True)


main()
