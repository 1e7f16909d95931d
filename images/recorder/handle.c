/* One notification: read what the call names, resolve it, judge it, record it, say what the kernel shall do.
   Nothing is skipped: what cannot be read or resolved is refused, and recorded as refused. */
#include "recorder.h"
#include <linux/audit.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#define X32_BIT 0
#else
#error "no audit architecture for this processor"
#endif

#define MAX_ARGUMENTS 64
#define ARGUMENT_BYTES 4096

static struct caller caller;
static struct place first, second;
static char text1[PATH_BYTES], text2[PATH_BYTES];

static bool still_waits(const struct seccomp_notif *req, int listener) {
  uint64_t id = req->id;
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int refuse(struct attempt *a, int error, const char *reason) {
  a->error = error;
  a->reason = reason;
  record_write(a);
  tally.recorded_writes++;
  tally.refused++;
  if (reason != NULL && strcmp(reason, "unreadable") == 0) tally.unreadable++;
  return error;
}

/* Why a string of the caller could not be had, as errno and reason. */
static int refuse_unread(struct attempt *a, int result) {
  if (result == -EFAULT) return refuse(a, EFAULT, "bad_address");
  if (result == -ENAMETOOLONG) return refuse(a, ENAMETOOLONG, "too_long");
  /* Not EPERM: a file system that cannot be written is what every tool understands. */
  return refuse(a, EROFS, "unreadable");
}

static const char *reason_of(const struct place *p) {
  return p->error == 0 ? NULL : p->error == ENAMETOOLONG ? "too_long" : p->error == EBADF ? "bad_descriptor" : "unresolved";
}

static int settle(struct attempt *a, const struct call *call, const struct place *worst) {
  a->error = a->root == RT_NONE ? refusal_errno(call, worst, a->flags) : 0;
  a->reason = a->root == RT_NONE ? reason_of(worst) : NULL;
  record_write(a);
  tally.recorded_writes++;
  if (a->error != 0) tally.refused++;
  return a->error;
}

static int judge_one(struct attempt *a, const struct call *call) {
  a->resolved = first.error == 0 ? first.path : "";
  a->root = root_of(&caller, &first);
  return settle(a, call, &first);
}

/* Reads are recorded only where they fail outside the roots, or name a forbidden path. */
static int handle_read(struct attempt *a) {
  enum root root = root_of(&caller, &first);
  bool forbidden = first.error == 0 && (is_forbidden(first.path) || is_forbidden(a->path));
  int error = first.error;
  if (error == 0 && root == RT_NONE && faccessat(AT_FDCWD, first.path, R_OK, AT_EACCESS) != 0) error = errno;
  if (!forbidden && (error == 0 || root != RT_NONE)) {
    tally.reads_unrecorded++;
    return 0;
  }
  a->access = AC_READ;
  a->resolved = first.error == 0 ? first.path : "";
  a->root = root;
  a->error = error;
  record_write(a);
  tally.recorded_writes++;
  /* The kernel answers it: nothing can be changed by it. */
  return 0;
}

static int handle_open(struct attempt *a, const struct call *call, const uint64_t *args) {
  uint32_t flags = call->flags == NONE ? O_CREAT | O_WRONLY | O_TRUNC : (uint32_t)args[call->flags];
  unsigned how = RS_FOLLOW;
  int result = caller_string(&caller, args[call->path], text1);
  if (result < 0) return refuse_unread(a, result);
  if (call->shape == SH_OPENAT2) {
    struct open_how request = {0};
    size_t size = (size_t)args[3];
    if (size < sizeof request) return refuse(a, EINVAL, "bad_argument");
    result = caller_bytes(&caller, args[2], &request, sizeof request);
    if (result < (int)sizeof request) return refuse_unread(a, result < 0 ? result : -EFAULT);
    flags = (uint32_t)request.flags;
    if (request.resolve & RESOLVE_IN_ROOT) how |= RS_IN_ROOT;
  }
  a->has_flags = true;
  a->flags = flags;
  bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  if ((flags & O_NOFOLLOW) || exclusive) how &= ~RS_FOLLOW;
  int dir = call->dir == NONE ? AT_FDCWD : (int)args[call->dir];
  resolve_path(&caller, dir, text1, how, &first);
  bool temporary = (flags & 020000000) != 0;
  /* O_PATH opens nothing: the kernel ignores every other flag beside it. */
  bool writes = !(flags & O_PATH) && ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != 0 || temporary);
  if (!writes) {
    if (opt.record_reads) return handle_read(a);
    tally.not_writes++;
    return 0;
  }
  a->access = (flags & O_CREAT) || temporary ? AC_CREATE : AC_WRITE;
  return judge_one(a, call);
}

static unsigned how_of(const struct call *call, uint64_t flags) {
  bool follow = (call->rule & R_FOLLOW) != 0;
  if ((call->rule & R_AT_NOFOLLOW) && (flags & AT_SYMLINK_NOFOLLOW)) follow = false;
  if ((call->rule & R_AT_FOLLOW) && (flags & AT_SYMLINK_FOLLOW)) follow = true;
  return (follow ? RS_FOLLOW : 0) | (call->rule & R_PARENT ? RS_PARENT : 0);
}

/* A path, or with AT_EMPTY_PATH or NULL the descriptor itself. */
static int read_place(const struct call *call, const uint64_t *args, int dir_arg, int path_arg, char *text, struct place *out) {
  uint64_t flags = call->flags == NONE ? 0 : args[call->flags];
  int dir = dir_arg == NONE ? AT_FDCWD : (int)args[dir_arg];
  text[0] = '\0';
  if (args[path_arg] == 0 && (call->rule & R_NULL)) {
    resolve_fd(&caller, dir, out);
    return 0;
  }
  int result = caller_string(&caller, args[path_arg], text);
  if (result < 0) return result;
  if (text[0] == '\0' && (call->rule & R_EMPTY) && (flags & AT_EMPTY_PATH)) resolve_fd(&caller, dir, out);
  else resolve_path(&caller, dir, text, how_of(call, flags), out);
  return 0;
}

static int handle_two(struct attempt *a, const struct call *call, const uint64_t *args) {
  int result = read_place(call, args, call->dir, call->path, text1, &first);
  if (result < 0) return refuse_unread(a, result);
  a->path2 = text2;
  /* Only the first path of linkat may be a bare descriptor or be followed. */
  struct call plain = *call;
  plain.rule &= ~(R_AT_FOLLOW | R_EMPTY | R_NULL);
  result = read_place(&plain, args, call->dir2, call->path2, text2, &second);
  if (result < 0) return refuse_unread(a, result);
  enum root root1 = root_of(&caller, &first), root2 = root_of(&caller, &second);
  a->resolved = first.error == 0 ? first.path : "";
  a->resolved2 = second.error == 0 ? second.path : "";
  a->root = root1 > root2 ? root1 : root2;
  /* Only the new name can be one that exists already. */
  plain.rule = call->rule & (root2 == RT_NONE ? ~0u : ~R_FRESH);
  return settle(a, &plain, root2 == RT_NONE ? &second : &first);
}

static int handle_symlink(struct attempt *a, const struct call *call, const uint64_t *args) {
  int result = read_place(call, args, call->dir, call->path, text1, &first);
  if (result < 0) return refuse_unread(a, result);
  result = caller_string(&caller, args[call->path2], text2);
  if (result < 0) return refuse_unread(a, result);
  a->path2 = text2;
  return judge_one(a, call);
}

static int handle_bind(struct attempt *a, const struct call *call, const uint64_t *args) {
  struct sockaddr_un address = {0};
  size_t length = args[2] > sizeof address ? sizeof address : (size_t)args[2];
  int result = length < sizeof(sa_family_t) ? -EFAULT : caller_bytes(&caller, args[1], &address, length);
  if (result < 0) return refuse_unread(a, result);
  if (address.sun_family != AF_UNIX) {
    tally.not_writes++;
    return 0;
  }
  memcpy(text1, address.sun_path, sizeof address.sun_path);
  text1[length - sizeof(sa_family_t)] = '\0';
  if (length <= sizeof(sa_family_t) || text1[0] == '\0') {
    /* An abstract name stands in no file system; it belongs to this cage's own network namespace. */
    snprintf(text2, sizeof text2, "@%s", length > sizeof(sa_family_t) ? text1 + 1 : "");
    a->path = text2;
    first = (struct place){.nameless = true};
    snprintf(first.path, sizeof first.path, "socket:%.108s", text2);
  } else {
    resolve_path(&caller, AT_FDCWD, text1, RS_PARENT, &first);
  }
  return judge_one(a, call);
}

static int handle_ioctl(struct attempt *a, const struct call *call, const uint64_t *args) {
  if (is_harmless_command((uint32_t)args[1])) {
    tally.not_writes++;
    return 0;
  }
  resolve_fd(&caller, (int)args[0], &first);
  return judge_one(a, call);
}

static void read_arguments(struct program *p, uint64_t array) {
  static char bytes[8 * ARGUMENT_BYTES], word[PATH_BYTES];
  size_t used = 0;
  p->argv = (struct buf){.at = bytes, .cap = sizeof bytes};
  put_char(&p->argv, '[');
  for (int i = 0; array != 0; i++) {
    uint64_t address = 0;
    if (caller_bytes(&caller, array + 8u * (unsigned)i, &address, sizeof address) != sizeof address || address == 0) break;
    int result = i == MAX_ARGUMENTS ? -E2BIG : caller_string(&caller, address, word);
    size_t n = result == 0 ? strlen(word) : 0;
    p->truncated = result < 0 || used + n > ARGUMENT_BYTES;
    if (p->truncated) break;
    if (i > 0) put_char(&p->argv, ',');
    put_string(&p->argv, word, n);
    used += n;
  }
  put_char(&p->argv, ']');
}

static int handle_exec(const struct call *call, const uint64_t *args) {
  struct program p = {.caller = &caller, .syscall = call->name, .path = text1, .resolved = ""};
  int result = read_place(call, args, call->dir, call->path, text1, &first);
  read_arguments(&p, args[call->dir == NONE ? 1 : 2]);
  if (result < 0) {
    p.error = result == -EACCES ? EACCES : -result;
    p.reason = result == -EACCES ? "unreadable" : result == -EFAULT ? "bad_address" : "too_long";
    if (result == -EACCES) tally.unreadable++;
  } else if (first.error != 0) {
    p.error = first.error;
    p.reason = reason_of(&first);
  } else {
    p.resolved = first.path;
    /* A search along PATH names many programs that are not there: said by us, it is sure that none was started. */
    struct stat st;
    if (!first.nameless && lstat(first.path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) p.error = errno;
  }
  if (p.error != 0) tally.refused++;
  else caller_starts_program(&caller);
  record_program(&p);
  tally.recorded_programs++;
  return p.error;
}

static int handle_foreign(const struct seccomp_notif *req, struct attempt *a) {
  static char name[96];
  bool x32 = req->data.arch == NATIVE;
  uint32_t arch = x32 ? SCMP_ARCH_X32 : req->data.arch;
  char *known = seccomp_syscall_resolve_num_arch(arch, req->data.nr);
  const char *abi = x32 ? "x32" : req->data.arch == AUDIT_ARCH_I386 ? "i386" : "foreign";
  if (known != NULL) snprintf(name, sizeof name, "%s:%s", abi, known);
  else snprintf(name, sizeof name, "%s:%d", abi, req->data.nr);
  free(known);
  a->syscall = name;
  return refuse(a, ENOSYS, "foreign_abi");
}

static int handle_refused(struct attempt *a, const struct call *call, const uint64_t *args) {
  if (call->path != NONE && caller_string(&caller, args[call->path], text1) == 0) {
    resolve_path(&caller, AT_FDCWD, text1, RS_FOLLOW, &first);
    a->resolved = first.error == 0 ? first.path : "";
  }
  /* Every Node.js asks for io_uring at its start: a refusal of the kernel's, no attempt to write somewhere. */
  if (call->error == ENOSYS) a->root = RT_KERNEL;
  return refuse(a, call->error, call->reason);
}

static bool is_foreign(const struct seccomp_data *data) {
  return data->arch != NATIVE || (X32_BIT != 0 && ((uint32_t)data->nr & X32_BIT) != 0);
}

/* The descriptor whose place the call needs, or needs if its path is relative. */
static int dir_of(const struct call *call, const uint64_t *args) {
  if (call == NULL) return AT_FDCWD;
  if (call->shape == SH_FD || call->shape == SH_IOCTL) return (int)args[0];
  return call->dir == NONE ? AT_FDCWD : (int)args[call->dir];
}

int handle(const struct seccomp_notif *req, int listener) {
  uint64_t args[6];
  for (int i = 0; i < 6; i++) args[i] = req->data.args[i];
  bool foreign = is_foreign(&req->data);
  const struct call *call = foreign ? NULL : call_by_nr(req->data.nr);
  caller_load(&caller, (pid_t)req->pid, dir_of(call, args));
  resolve_begin();
  /* Asked after the task's folder was opened: a task that still waits is the one the folder belongs to, and what
     is read through it later is that task's, or fails. One that died made no call. A folder of an earlier stop was
     asked whether its task lives, which says the same. */
  if (caller.is_new && !still_waits(req, listener)) {
    tally.not_writes++;
    tally.vanished++;
    return 0;
  }
  text1[0] = text2[0] = '\0';
  struct attempt a = {.caller = &caller, .path = text1, .resolved = "", .access = AC_WRITE, .root = RT_NONE};
  if (foreign) return handle_foreign(req, &a);
  if (call == NULL) {
    a.syscall = "unknown";
    return refuse(&a, ENOSYS, "unknown_call");
  }
  a.syscall = call->name;
  a.access = call->access;
  if (call->shape == SH_REFUSE) return handle_refused(&a, call, args);
  if (call->shape == SH_EXEC) return handle_exec(call, args);
  if (!caller.readable) return refuse_unread(&a, -EACCES);
  int result;
  switch (call->shape) {
  case SH_OPEN:
  case SH_OPENAT:
  case SH_OPENAT2: return handle_open(&a, call, args);
  case SH_TWO: return handle_two(&a, call, args);
  case SH_SYMLINK: return handle_symlink(&a, call, args);
  case SH_BIND: return handle_bind(&a, call, args);
  case SH_IOCTL: return handle_ioctl(&a, call, args);
  case SH_FD: resolve_fd(&caller, (int)args[0], &first); return judge_one(&a, call);
  default:
    result = read_place(call, args, call->dir, call->path, text1, &first);
    return result < 0 ? refuse_unread(&a, result) : judge_one(&a, call);
  }
}
