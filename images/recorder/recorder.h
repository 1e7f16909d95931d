/* What the parts of the recorder share. See README.md for the protocol and for what each part does. */
#ifndef RECORDER_H
#define RECORDER_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Longest path the kernel takes, with its end. */
#define PATH_BYTES 4096
/* A resolved path may grow over what the caller wrote: the working directory stands before it. */
#define RESOLVED_BYTES (3 * PATH_BYTES)
#define MAX_FORBIDDEN 256

/* ---- json.c: text into a fixed buffer ---- */
struct buf {
  char *at;
  size_t len, cap;
  bool overflow; /* set instead of writing past the end; the frame is then not sent */
};
void put_raw(struct buf *b, const char *text);
void put_bytes(struct buf *b, const char *bytes, size_t n);
void put_char(struct buf *b, char c);
void put_int(struct buf *b, long long value);
void put_ms(struct buf *b, uint64_t ns);
/* A JSON string; bytes that are not UTF-8 become U+DC80..U+DCFF (PEP 383). */
void put_string(struct buf *b, const char *bytes, size_t n);
void put_key(struct buf *b, const char *key); /* ,"key": */
void put_key_string(struct buf *b, const char *key, const char *value);
void put_key_int(struct buf *b, const char *key, long long value);

/* ---- crc.c ---- */
uint32_t crc32_of(uint32_t sum, const void *bytes, size_t n); /* as zlib's crc32(): goes on from `sum`, 0 at first */

/* ---- frame.c: the only way out ---- */
void frame_write(char type, const void *payload, size_t n);
_Noreturn void fatal(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t now_ns(void); /* since the recorder started, monotonic */

/* ---- options and shared state ---- */
struct options {
  const char *nonce;
  bool record_reads;
  bool allow_degraded; /* go on, and say so, where the kernel has no user notification */
  const char *cwd;
  char **argv; /* program and arguments, NULL at the end */
  char *forbidden[MAX_FORBIDDEN];
  int forbidden_count;
};
extern struct options opt;

struct tally {
  uint64_t received, answered, gone, refused, unreadable;
  uint64_t recorded_writes, recorded_programs, not_writes, reads_unrecorded;
  uint64_t vanished; /* of not_writes: the caller was killed before it could be read, so nothing was called */
  uint64_t first_id, last_id;
  bool has_ids;
};
extern struct tally tally;

/* ---- calls.c: which system calls stop, and how their arguments are read ---- */
enum shape {
  SH_OPEN,    /* path, flags */
  SH_OPENAT,  /* dir, path, flags */
  SH_OPENAT2, /* dir, path, struct open_how */
  SH_PATH,    /* one path */
  SH_FD,      /* one descriptor */
  SH_TWO,     /* two paths */
  SH_SYMLINK, /* text, [dir,] path */
  SH_BIND,
  SH_IOCTL, /* one descriptor, command */
  SH_EXEC,
  SH_REFUSE, /* answered with an errno, whatever it names */
};
enum access { AC_WRITE, AC_CREATE, AC_DELETE, AC_RENAME, AC_LINK, AC_METADATA, AC_READ };
#define NONE (-1)
/* call.rule */
#define R_FOLLOW 1u        /* follows a link in last place */
#define R_AT_NOFOLLOW 2u   /* AT_SYMLINK_NOFOLLOW in the flags takes that back */
#define R_AT_FOLLOW 4u     /* AT_SYMLINK_FOLLOW in the flags asks for it */
#define R_EMPTY 8u         /* AT_EMPTY_PATH in the flags: the descriptor itself */
#define R_NULL 16u         /* a NULL path: the descriptor itself */
#define R_PARENT 32u       /* looks up the parent only: a slash at the end follows nothing */
#define R_EXISTS 64u       /* the kernel says ENOENT before it says EROFS */
#define R_FRESH 128u       /* the kernel says EEXIST before it says EROFS */
struct call {
  const char *name;
  int nr;
  enum shape shape;
  enum access access;
  signed char dir, path, dir2, path2, flags; /* argument numbers, or NONE */
  unsigned rule;
  int error;          /* SH_REFUSE */
  const char *reason; /* SH_REFUSE */
  uint64_t test[6];   /* harmless arguments that the filter must stop (selftest.c) */
};
extern const struct call calls[];
extern const size_t call_count;
const struct call *call_by_nr(int nr);
bool is_harmless_command(uint32_t command); /* of ioctl */

/* ---- filter.c ---- */
int filter_install(bool record_reads, bool *wait_killable); /* returns the listener, or -1 where the kernel has none */

/* ---- caller.c: reading the stopped task ---- */
struct slot; /* what is kept of a task from one stop to the next; caller.c says why each part of it holds */
struct caller {
  pid_t tid, tgid, ppid;
  int proc; /* descriptor of /proc/<tid>: bound to this very task, not to its number */
  bool readable;
  bool is_new;    /* its folder was opened for this stop: ask whether it still waits before it is believed */
  bool base_known; /* base was read in this stop: it is the place of base_dir, a descriptor or AT_FDCWD */
  int base_dir;
  struct slot *slot;
  char exe[PATH_BYTES], base[PATH_BYTES];
};
void caller_load(struct caller *c, pid_t tid, int dir); /* dir: whose place the call will be asked for */
void caller_starts_program(struct caller *c); /* its execve may go on: what was its program is no longer */
/* 0, or -EFAULT bad address, -ENAMETOOLONG no end within PATH_BYTES, -EACCES unreadable */
int caller_string(struct caller *c, uint64_t address, char out[PATH_BYTES]);
int caller_bytes(struct caller *c, uint64_t address, void *out, size_t n); /* n, or negative errno */
ssize_t caller_base(struct caller *c, int dir, char *out, size_t cap); /* the place of a descriptor or AT_FDCWD */

/* ---- resolve.c: where a path leads ---- */
struct place {
  char path[RESOLVED_BYTES];
  bool nameless; /* pipe, socket, memory file: no place in a file system */
  int error;     /* 0, ENAMETOOLONG or EACCES: could not be resolved */
};
#define RS_FOLLOW 1u
#define RS_PARENT 2u
#define RS_IN_ROOT 4u
void resolve_begin(void); /* of each stop: nothing that was asked in an earlier one counts */
void resolve_path(struct caller *c, int dir, const char *path, unsigned how, struct place *out);
void resolve_fd(struct caller *c, int fd, struct place *out);

/* ---- judge.c: verdicts ---- */
enum root { RT_WORKSPACE, RT_ARTIFACTS, RT_DEVICE, RT_KERNEL, RT_NONE, RT_COUNT };
extern const char *const root_names[RT_COUNT];
enum root root_of(const struct caller *c, const struct place *p);
bool under(const char *path, const char *folder);
bool is_forbidden(const char *path);
int refusal_errno(const struct call *call, const struct place *p, uint32_t open_flags);

/* ---- record.c: lines ---- */
struct attempt {
  const struct caller *caller;
  const char *syscall, *path, *path2;
  const char *resolved, *resolved2; /* NULL: left out */
  enum access access;
  enum root root;
  int error; /* 0: allowed */
  const char *reason;
  bool has_flags;
  uint32_t flags;
};
void record_write(const struct attempt *a);
struct program {
  const struct caller *caller;
  const char *syscall, *path, *resolved;
  struct buf argv; /* JSON array, ready */
  bool truncated;
  int error;
  const char *reason;
};
void record_program(const struct program *p);
int record_timer(void); /* makes it; readable when what has gathered shall leave, see record_timer_over */
void record_timer_over(void);
void record_flush(void);
extern uint64_t write_seq, program_seq;
extern uint64_t root_counts[RT_COUNT][2]; /* [root][denied] */
const char *errno_name(int error);

/* ---- handle.c: one notification ---- */
/* The answer: 0 lets the kernel go on, otherwise the errno the caller gets. */
int handle(const struct seccomp_notif *req, int listener);

/* ---- children.c: the engine ---- */
struct engine {
  pid_t pid;
  int listener, out, err, sync;
  bool wait_killable, sync_wakeup;
};
void engine_prepare(struct engine *e); /* forks; the child holds the filter and waits */
void engine_start(struct engine *e);

/* ---- selftest.c ---- */
void selftest_in_child(void);
void selftest_in_parent(int listener, int sync);
void selftest_json(struct buf *b, bool was_made); /* where it was not, every call is missing */
void selftest_prepare(void);

/* ---- hello.c ---- */
void hello_prepare(void);
void hello_send(const struct engine *e);

/* ---- control.c: lines on standard input ---- */
enum control { CT_NOTHING, CT_START, CT_STOP, CT_EOF, CT_GARBAGE };
enum control control_read(void); /* reads what is there; one result a call */
extern char stop_reason[32];

#endif
