/* The table of system calls that stop: everything that can change a file system, start a program, or lead
   round the filter. The filter, the self test and the handler all read it. */
#include "recorder.h"
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/syscall.h>

/* Newer than the headers of Debian 12; the numbers are the same on every architecture. */
#define NR_fchmodat2 452
#define NR_setxattrat 463
#define NR_removexattrat 466
#define NR_open_tree_attr 467
#define NR_file_setattr 469
#define NR_quotactl_fd 443
#define NR_mount_setattr 442

#define AT ((uint64_t)AT_FDCWD)
static const char nowhere[] = "/proofbox-self-test/none";
#define P ((uint64_t)(uintptr_t)nowhere)

/* name, shape, access, dir, path, dir2, path2, flags, rule, test arguments */
#define CALL(n, s, a, d, p, d2, p2, f, r, ...) {#n, __NR_##n, s, a, d, p, d2, p2, f, r, 0, NULL, {__VA_ARGS__}}
#define CALL_NR(n, s, a, d, p, d2, p2, f, r, ...) {#n, NR_##n, s, a, d, p, d2, p2, f, r, 0, NULL, {__VA_ARGS__}}
#define PATH1(n, a, d, p, f, r, ...) CALL(n, SH_PATH, a, d, p, NONE, NONE, f, r, __VA_ARGS__)
#define FD1(n, a, ...) CALL(n, SH_FD, a, 0, NONE, NONE, NONE, NONE, 0, __VA_ARGS__)
#define REFUSE(n, p, e, why, ...) {#n, __NR_##n, SH_REFUSE, AC_WRITE, NONE, p, NONE, NONE, NONE, R_FOLLOW, e, why, {__VA_ARGS__}}
#define REFUSE_NR(n, p, e, why, ...) {#n, NR_##n, SH_REFUSE, AC_WRITE, NONE, p, NONE, NONE, NONE, R_FOLLOW, e, why, {__VA_ARGS__}}

#define LOOKUP (R_FOLLOW | R_EXISTS)
#define MAKE (R_PARENT | R_FRESH)

const struct call calls[] = {
#ifdef __NR_open
    CALL(open, SH_OPEN, AC_WRITE, NONE, 0, NONE, NONE, 1, R_FOLLOW, P, O_WRONLY | O_CREAT),
    CALL(creat, SH_OPEN, AC_CREATE, NONE, 0, NONE, NONE, NONE, R_FOLLOW, P, 0600),
    CALL(rename, SH_TWO, AC_RENAME, NONE, 0, NONE, 1, NONE, R_PARENT, P, P),
    CALL(link, SH_TWO, AC_LINK, NONE, 0, NONE, 1, NONE, R_PARENT | R_FRESH, P, P),
    CALL(symlink, SH_SYMLINK, AC_LINK, NONE, 1, NONE, 0, NONE, MAKE, P, P),
    PATH1(mkdir, AC_CREATE, NONE, 0, NONE, MAKE, P, 0700),
    PATH1(mknod, AC_CREATE, NONE, 0, NONE, MAKE, P, 0600),
    PATH1(unlink, AC_DELETE, NONE, 0, NONE, R_PARENT, P),
    PATH1(rmdir, AC_DELETE, NONE, 0, NONE, R_PARENT, P),
    PATH1(chmod, AC_METADATA, NONE, 0, NONE, LOOKUP, P, 0600),
    PATH1(chown, AC_METADATA, NONE, 0, NONE, LOOKUP, P, 1, 1),
    PATH1(lchown, AC_METADATA, NONE, 0, NONE, R_EXISTS, P, 1, 1),
    PATH1(utime, AC_METADATA, NONE, 0, NONE, LOOKUP, P),
    PATH1(utimes, AC_METADATA, NONE, 0, NONE, LOOKUP, P),
    PATH1(futimesat, AC_METADATA, 0, 1, NONE, LOOKUP | R_NULL, AT, P),
#endif
#ifdef __NR_renameat
    CALL(renameat, SH_TWO, AC_RENAME, 0, 1, 2, 3, NONE, R_PARENT, AT, P, AT, P),
#endif
    CALL(openat, SH_OPENAT, AC_WRITE, 0, 1, NONE, NONE, 2, R_FOLLOW, AT, P, O_WRONLY | O_CREAT),
    CALL(openat2, SH_OPENAT2, AC_WRITE, 0, 1, NONE, NONE, NONE, R_FOLLOW, AT, P, 0, 24),
    PATH1(truncate, AC_WRITE, NONE, 0, NONE, LOOKUP, P, 0),
    CALL(renameat2, SH_TWO, AC_RENAME, 0, 1, 2, 3, NONE, R_PARENT, AT, P, AT, P, 0),
    CALL(linkat, SH_TWO, AC_LINK, 0, 1, 2, 3, 4, R_AT_FOLLOW | R_EMPTY | R_PARENT | R_FRESH, AT, P, AT, P, 0),
    CALL(symlinkat, SH_SYMLINK, AC_LINK, 1, 2, NONE, 0, NONE, MAKE, P, AT, P),
    PATH1(mkdirat, AC_CREATE, 0, 1, NONE, MAKE, AT, P, 0700),
    PATH1(mknodat, AC_CREATE, 0, 1, NONE, MAKE, AT, P, 0600),
    PATH1(unlinkat, AC_DELETE, 0, 1, NONE, R_PARENT, AT, P, 0),
    PATH1(fchmodat, AC_METADATA, 0, 1, NONE, LOOKUP, AT, P, 0600),
    CALL_NR(fchmodat2, SH_PATH, AC_METADATA, 0, 1, NONE, NONE, 3, LOOKUP | R_AT_NOFOLLOW | R_EMPTY, AT, P, 0600, 0),
    FD1(fchmod, AC_METADATA, UINT32_MAX, 0600),
    PATH1(fchownat, AC_METADATA, 0, 1, 4, LOOKUP | R_AT_NOFOLLOW | R_EMPTY, AT, P, 1, 1, 0),
    FD1(fchown, AC_METADATA, UINT32_MAX, 1, 1),
    PATH1(utimensat, AC_METADATA, 0, 1, 3, LOOKUP | R_AT_NOFOLLOW | R_EMPTY | R_NULL, AT, P, 0, 0),
    PATH1(setxattr, AC_METADATA, NONE, 0, NONE, LOOKUP, P, P, P, 1, 0),
    PATH1(lsetxattr, AC_METADATA, NONE, 0, NONE, R_EXISTS, P, P, P, 1, 0),
    FD1(fsetxattr, AC_METADATA, UINT32_MAX, P, P, 1, 0),
    PATH1(removexattr, AC_METADATA, NONE, 0, NONE, LOOKUP, P, P),
    PATH1(lremovexattr, AC_METADATA, NONE, 0, NONE, R_EXISTS, P, P),
    FD1(fremovexattr, AC_METADATA, UINT32_MAX, P),
    CALL_NR(setxattrat, SH_PATH, AC_METADATA, 0, 1, NONE, NONE, 2, LOOKUP | R_AT_NOFOLLOW | R_EMPTY, AT, P, 0, P, 0, 0),
    CALL_NR(removexattrat, SH_PATH, AC_METADATA, 0, 1, NONE, NONE, 2, LOOKUP | R_AT_NOFOLLOW | R_EMPTY, AT, P, 0, P),
    CALL_NR(file_setattr, SH_PATH, AC_METADATA, 0, 1, NONE, NONE, 4, LOOKUP | R_AT_NOFOLLOW | R_EMPTY | R_NULL, AT, P, 0, 0, 0),
    /* File flags can be set through a descriptor that was opened for reading. */
    CALL(ioctl, SH_IOCTL, AC_METADATA, 0, NONE, NONE, NONE, NONE, 0, UINT32_MAX, FS_IOC_SETFLAGS, 0),
    CALL(bind, SH_BIND, AC_CREATE, NONE, NONE, NONE, NONE, NONE, MAKE, UINT32_MAX, 0, 0),
    CALL(execve, SH_EXEC, AC_WRITE, NONE, 0, NONE, NONE, NONE, R_FOLLOW, P, 0, 0),
    CALL(execveat, SH_EXEC, AC_WRITE, 0, 1, NONE, NONE, 4, R_FOLLOW | R_AT_NOFOLLOW | R_EMPTY, AT, P, 0, 0, 0),
    /* io_uring does file work in kernel threads that no filter sees. */
    REFUSE(io_uring_setup, NONE, ENOSYS, "io_uring", 1, 0),
    REFUSE(io_uring_enter, NONE, ENOSYS, "io_uring", UINT32_MAX),
    REFUSE(io_uring_register, NONE, ENOSYS, "io_uring", UINT32_MAX),
    /* A new view of the file system would make the recorder's own view wrong. */
    REFUSE(mount, 1, EPERM, "mount", P, P, 0, 0, 0),
    REFUSE(umount2, 0, EPERM, "mount", P, 0),
    REFUSE(pivot_root, 0, EPERM, "mount", P, P),
    REFUSE(move_mount, NONE, EPERM, "mount", UINT32_MAX, P, UINT32_MAX, P, 0),
    REFUSE(open_tree, NONE, EPERM, "mount", UINT32_MAX, P, 0),
    REFUSE_NR(open_tree_attr, NONE, EPERM, "mount", UINT32_MAX, P, 0, 0, 0),
    REFUSE(fsopen, NONE, EPERM, "mount", P, 0),
    REFUSE(fsconfig, NONE, EPERM, "mount", UINT32_MAX, 99),
    REFUSE(fsmount, NONE, EPERM, "mount", UINT32_MAX, 0, 0),
    REFUSE(fspick, NONE, EPERM, "mount", UINT32_MAX, P, 0),
    REFUSE_NR(mount_setattr, NONE, EPERM, "mount", UINT32_MAX, P, 0, 0, 0),
    REFUSE(chroot, 0, EPERM, "namespace", P),
    REFUSE(setns, NONE, EPERM, "namespace", UINT32_MAX, 0),
    REFUSE(unshare, NONE, EPERM, "namespace", CLONE_NEWUSER | 1),
    REFUSE(clone, NONE, EPERM, "namespace", CLONE_NEWUSER | CLONE_FS | CLONE_NEWNS),
    REFUSE(swapon, 0, EPERM, "system", P, 0),
    REFUSE(swapoff, 0, EPERM, "system", P),
    REFUSE(acct, 0, EPERM, "system", P),
    REFUSE(quotactl, NONE, EPERM, "system", UINT32_MAX, P, 0, 0),
    REFUSE_NR(quotactl_fd, NONE, EPERM, "system", UINT32_MAX, UINT32_MAX, 0, 0),
    REFUSE(bpf, NONE, EPERM, "system", UINT32_MAX, 0, 0),
    /* A file handle opens a file past every path. */
    REFUSE(open_by_handle_at, NONE, EPERM, "file_handle", UINT32_MAX, 0, O_WRONLY),
    /* Message queues are a writable file system of their own. */
    REFUSE(mq_open, 0, EROFS, "mq_open", P, O_CREAT | O_RDWR, 0600, 0),
    REFUSE(mq_unlink, 0, EROFS, "mq_open", P),
};
const size_t call_count = sizeof calls / sizeof calls[0];

/* They only read, or write by a descriptor opened for writing, as write does: tools ask for them at every file. All others may change
   something, those too that nobody has heard of yet. */
bool is_harmless_command(uint32_t command) {
  static const uint32_t harmless[] = {FS_IOC_GETFLAGS, FS_IOC32_GETFLAGS, FS_IOC_GETVERSION, FS_IOC32_GETVERSION, FS_IOC_FSGETXATTR,
                                      FS_IOC_FIEMAP, FS_IOC_GETFSLABEL, FICLONE, FICLONERANGE};
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
    if (harmless[i] == command) return true;
  return false;
}

const struct call *call_by_nr(int nr) {
  for (size_t i = 0; i < call_count; i++)
    if (calls[i].nr == nr) return &calls[i];
  return NULL;
}
