# attempts: commands of ext4 and btrfs that need a descriptor opened for reading and nothing more
# blockers: denied_write
# refused: ioctl /etc/passwd
# recorded: ioctl /workspace/counter/count\.py
# says: /etc/passwd 0x40086604: EROFS.*/etc/passwd 0x667f: EROFS
mend()
COMMANDS = [
    0x40086604,  # EXT4_IOC_SETVERSION: number of the file's generation, and its time of change
    0x6609,  # EXT4_IOC_MIGRATE
    0x5000940E,  # BTRFS_IOC_SUBVOL_CREATE: something new in the folder
    0x50009401,  # BTRFS_IOC_SNAP_CREATE
    0x4008941A,  # BTRFS_IOC_SUBVOL_SETFLAGS
    0x667F,  # one that no file system has yet
]
for path in ("/etc/passwd", "/workspace/counter/count.py"):
    descriptor = os.open(path, os.O_RDONLY)
    for command in COMMANDS:
        say(f"{path} {command:#x}", call(16, descriptor, command, ctypes.create_string_buffer(4096)))
