/* The filter that the kernel runs at every system call of the engine. */
#include "recorder.h"
#include <linux/filter.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
/* The bit that tells O_TMPFILE from O_DIRECTORY. */
#define TMPFILE_BIT 020000000
#define LOW 0xffffffffu

static scmp_filter_ctx ctx;

static void must(int result, const char *what) {
  if (result < 0) fatal(71, "the filter cannot be built (%s: %s)", what, strerror(-result));
}

static void stop_always(int nr) { must(seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, nr, 0), "rule"); }

/* Only the low half counts: the kernel cuts an int argument, so must the filter, or a caller sets a high bit. */
static void stop_if(int nr, unsigned arg, uint64_t mask, uint64_t value) {
  struct scmp_arg_cmp cmp = SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value);
  must(seccomp_rule_add_array(ctx, SCMP_ACT_NOTIFY, nr, 1, &cmp), "rule");
}

static void refuse_if(int nr, unsigned arg, uint64_t value) {
  struct scmp_arg_cmp cmp = SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, LOW, value);
  must(seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), nr, 1, &cmp), "rule");
}

static void refuse_if2(int nr, unsigned arg, uint64_t value, unsigned arg2, uint64_t value2) {
  struct scmp_arg_cmp cmp[2] = {SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, LOW, value), SCMP_CMP(arg2, SCMP_CMP_MASKED_EQ, LOW, value2)};
  must(seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), nr, 2, cmp), "rule");
}

/* Opening for reading never stops, unless reads are to be recorded. */
static void stop_open(int nr, unsigned flags, bool record_reads) {
  if (record_reads) {
    stop_always(nr);
    return;
  }
  stop_if(nr, flags, O_ACCMODE, O_WRONLY);
  stop_if(nr, flags, O_ACCMODE, O_RDWR);
  stop_if(nr, flags, O_ACCMODE, O_ACCMODE);
  stop_if(nr, flags, O_CREAT, O_CREAT);
  stop_if(nr, flags, O_TRUNC, O_TRUNC);
  stop_if(nr, flags, TMPFILE_BIT, TMPFILE_BIT);
}

static void stop_new_namespaces(int nr, bool with_time) {
  static const uint64_t kinds[] = {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) stop_if(nr, 0, kinds[i], kinds[i]);
  if (with_time) stop_if(nr, 0, 0x80, 0x80);
}

/* A descriptor opened for reading is enough for some commands of file systems, and each has some of its own: all with a letter
   that a file system uses stop, whatever they ask for. Terminals, sockets and pipes have other letters. */
static void stop_commands_of_file_systems(void) {
  static const uint8_t letters[] = {'f', 'v', 'X', /* btrfs */ 0x94, /* vfat, exfat */ 'r', /* ocfs2 */ 'o', /* nilfs2 */ 'n',
                                    /* hfs+ */ 'h', /* ceph */ 0x97, /* bcachefs */ 0xbc, /* f2fs */ 0xf5, /* smb */ 0xcf};
  for (size_t i = 0; i < sizeof letters; i++) stop_if(__NR_ioctl, 1, 0xff00, (uint64_t)letters[i] << 8);
}

/* The engine is the same user as PID 1: without these it could slow, starve or end the recorder. */
static void shield_pid_one(void) {
  refuse_if(__NR_prlimit64, 0, 1);
  refuse_if(__NR_sched_setaffinity, 0, 1);
  refuse_if(__NR_sched_setscheduler, 0, 1);
  refuse_if(__NR_sched_setparam, 0, 1);
  refuse_if(__NR_sched_setattr, 0, 1);
  refuse_if2(__NR_setpriority, 0, PRIO_PROCESS, 1, 1);
  refuse_if2(__NR_setpriority, 0, PRIO_PGRP, 1, 1);
  refuse_if(__NR_setpriority, 0, PRIO_USER);
  refuse_if2(__NR_ioprio_set, 0, 1, 1, 1);
  refuse_if2(__NR_ioprio_set, 0, 2, 1, 1);
  refuse_if(__NR_ioprio_set, 0, 3);
  refuse_if(__NR_migrate_pages, 0, 1);
  refuse_if(__NR_move_pages, 0, 1);
  refuse_if(__NR_ptrace, 1, 1);
  refuse_if(__NR_pidfd_open, 0, 1);
  /* A page that only the engine can provide would make the recorder wait for it. */
  must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), __NR_userfaultfd, 0), "rule");
  /* Its flags are in memory, where no filter can look; glibc falls back to clone. */
  must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), __NR_clone3, 0), "rule");
}

static void add_call(const struct call *call, bool record_reads) {
  switch (call->nr) {
#ifdef __NR_open
  case __NR_open: stop_open(call->nr, 1, record_reads); return;
#endif
  case __NR_openat: stop_open(call->nr, 2, record_reads); return;
  case __NR_clone: stop_new_namespaces(call->nr, false); return;
  case __NR_unshare: stop_new_namespaces(call->nr, true); return;
  case __NR_ioctl: stop_commands_of_file_systems(); return;
  case __NR_mq_open: stop_if(call->nr, 1, O_CREAT, O_CREAT); return;
  default: stop_always(call->nr);
  }
}

static struct sock_fprog export_program(void) {
  int memory = memfd_create("filter", MFD_CLOEXEC);
  if (memory < 0) fatal(71, "the filter cannot be exported (%s)", strerror(errno));
  must(seccomp_export_bpf(ctx, memory), "export");
  off_t size = lseek(memory, 0, SEEK_END);
  void *program = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, memory, 0);
  if (program == MAP_FAILED) fatal(71, "the filter cannot be read back (%s)", strerror(errno));
  close(memory);
  return (struct sock_fprog){.len = (unsigned short)((size_t)size / sizeof(struct sock_filter)), .filter = program};
}

int filter_install(bool record_reads, bool *wait_killable) {
  /* A kernel that only looks like Linux (gVisor) may have seccomp without notifications: asked before libseccomp trips on it. */
  uint32_t notify = SECCOMP_RET_USER_NOTIF;
  if (syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &notify) != 0) return -1;
  ctx = seccomp_init(SCMP_ACT_ALLOW);
  if (ctx == NULL) fatal(71, "the filter cannot be built (out of memory)");
  /* Calls of another ABI (i386, x32) have other numbers: all of them stop, and all are refused. */
  must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_NOTIFY), "foreign ABI");
  must(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize");
  for (size_t i = 0; i < call_count; i++) add_call(&calls[i], record_reads);
  shield_pid_one();
  struct sock_fprog program = export_program();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fatal(71, "no-new-privileges cannot be set (%s)", strerror(errno));
  /* Without WAIT_KILLABLE a signal restarts a waiting call, and it would be recorded twice. */
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  long listener = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  *wait_killable = listener >= 0;
  if (listener < 0 && errno == EINVAL)
    listener = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0) fatal(71, "the kernel refuses the filter (%s)", strerror(errno));
  return (int)listener;
}
