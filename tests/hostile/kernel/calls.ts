/**
 * System calls of x86_64, by the effect that the manual pages give them; made without the recorder's table, against which it
 * is held. Numbers are those of the kernel's own interface and never change.
 */

/** What a call names, or the descriptor it is given, can be changed by it. */
const CHANGING: Record<string, number> = {
  open: 2,
  ioctl: 16,
  bind: 49,
  execve: 59,
  truncate: 76,
  rename: 82,
  mkdir: 83,
  rmdir: 84,
  creat: 85,
  link: 86,
  unlink: 87,
  symlink: 88,
  chmod: 90,
  fchmod: 91,
  chown: 92,
  fchown: 93,
  lchown: 94,
  utime: 132,
  mknod: 133,
  setxattr: 188,
  lsetxattr: 189,
  fsetxattr: 190,
  removexattr: 197,
  lremovexattr: 198,
  fremovexattr: 199,
  utimes: 235,
  openat: 257,
  mkdirat: 258,
  mknodat: 259,
  fchownat: 260,
  futimesat: 261,
  unlinkat: 263,
  renameat: 264,
  linkat: 265,
  symlinkat: 266,
  fchmodat: 268,
  utimensat: 280,
  renameat2: 316,
  execveat: 322,
  openat2: 437,
  fchmodat2: 452,
  setxattrat: 463,
  removexattrat: 466,
  file_setattr: 469,
};

/** They lead round every path and every filter: none of them may be carried out at all. */
const FORBIDDEN: Record<string, number> = {
  clone: 56,
  pivot_root: 155,
  chroot: 161,
  acct: 163,
  mount: 165,
  umount2: 166,
  swapon: 167,
  swapoff: 168,
  quotactl: 179,
  mq_open: 240,
  mq_unlink: 241,
  unshare: 272,
  open_by_handle_at: 304,
  setns: 308,
  bpf: 321,
  userfaultfd: 323,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  clone3: 435,
  mount_setattr: 442,
  quotactl_fd: 443,
  open_tree_attr: 467,
};

/** They act through a descriptor or a mapping, which somebody opened for writing, or end one. */
const BY_DESCRIPTOR: Record<string, number> = {
  write: 1,
  close: 3,
  mmap: 9,
  munmap: 11,
  pwrite64: 18,
  writev: 20,
  mremap: 25,
  msync: 26,
  madvise: 28,
  dup2: 33,
  sendfile: 40,
  fsync: 74,
  fdatasync: 75,
  ftruncate: 77,
  sync: 162,
  io_submit: 209,
  splice: 275,
  sync_file_range: 277,
  vmsplice: 278,
  fallocate: 285,
  dup3: 292,
  pwritev: 296,
  syncfs: 306,
  copy_file_range: 326,
  pwritev2: 328,
  close_range: 436,
};

const named = (table: Record<string, number>) =>
  new Map(Object.entries(table).map(([name, number]) => [number, name]));
const changing = named(CHANGING);
const forbidden = named(FORBIDDEN);
const byDescriptor = named(BY_DESCRIPTOR);

const O_ACCMODE = 3;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_PATH = 0o10000000;
/** tells O_TMPFILE from O_DIRECTORY */
const O_TMPFILE = 0o20000000;
const AF_UNIX = 1;

/** Second bytes of the commands of ioctl that file systems have, by the kernel's list of them. */
const LETTERS = new Set([
  ...[...'fvXronh'].map((letter) => letter.charCodeAt(0)),
  0x94, // btrfs
  0x97, // ceph
  0xbc, // bcachefs
  0xcf, // smb
  0xf5, // f2fs
]);

/** Of those, commands that only read. */
const READING = new Set([
  0x80086601, // FS_IOC_GETFLAGS
  0x80046601, // FS_IOC32_GETFLAGS
  0x80087601, // FS_IOC_GETVERSION
  0x80047601, // FS_IOC32_GETVERSION
  0x801c581f, // FS_IOC_FSGETXATTR
  0xc020660b, // FS_IOC_FIEMAP
  0x81009431, // FS_IOC_GETFSLABEL
]);

/** Of those, commands that need a descriptor opened for writing. */
const COMMANDS_OF_WRITERS = new Set([
  0x40049409, // FICLONE
  0x4020940d, // FICLONERANGE
]);

const mayChange = (command: number) =>
  LETTERS.has((command >>> 8) & 0xff) && !READING.has(command) && !COMMANDS_OF_WRITERS.has(command);

/** A call as the kernel went on with it. */
export interface Call {
  number: number;
  /** flags, a command or the family of an address, where that decides; see program.ts */
  detail: number;
}

const writes = (flags: number) =>
  (flags & O_PATH) === 0 && (flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE)) !== 0;

/** Its name, where it is one that can change a file system as it is called. */
export function changes({ number, detail }: Call): string | null {
  const name = changing.get(number) ?? null;
  if (name === 'open' || name === 'openat' || name === 'openat2') return writes(detail) ? name : null;
  if (name === 'ioctl') return mayChange(detail) ? name : null;
  if (name === 'bind') return detail === AF_UNIX ? name : null;
  return name;
}

/** Its name, where nobody may make it. New processes and threads are made by `clone` without any of the flags. */
export function isForbidden({ number, detail }: Call): string | null {
  const name = forbidden.get(number) ?? null;
  if (name === 'clone' || name === 'unshare') return detail === 0 ? null : name;
  if (name === 'mq_open') return (detail & O_CREAT) === 0 ? null : name;
  return name;
}

/** Names of all calls that must be on record or never be carried out. */
export const WATCHED: ReadonlySet<string> = new Set([...changing.values(), ...forbidden.values()]);

export const actsByDescriptor = ({ number, detail }: Call): boolean =>
  byDescriptor.has(number) || (number === CHANGING.ioctl && COMMANDS_OF_WRITERS.has(detail));

/** For messages. */
export function described({ number, detail }: Call): string {
  const name = changing.get(number) ?? forbidden.get(number) ?? byDescriptor.get(number) ?? `call ${number}`;
  return detail === 0 ? name : `${name} (0x${detail.toString(16)})`;
}
