/* Lines of the record. They gather in fixed buffers and leave whole, in order. */
#include "recorder.h"
#include <sys/timerfd.h>

#define BUFFER (512 * 1024)
#define FLUSH_AT (48 * 1024)
#define FLUSH_AFTER_NS 10000000

uint64_t write_seq, program_seq, root_counts[RT_COUNT][2];
static char write_bytes[BUFFER], program_bytes[BUFFER];
static struct buf writes = {.at = write_bytes, .cap = BUFFER}, programs = {.at = program_bytes, .cap = BUFFER};
static int timer = -1;
static bool is_timed;

static const char *const access_names[] = {"write", "create", "delete", "rename", "link", "metadata", "read"};

const char *errno_name(int error) {
  switch (error) {
  case EROFS: return "EROFS";
  case EEXIST: return "EEXIST";
  case ENOENT: return "ENOENT";
  case EPERM: return "EPERM";
  case ENOSYS: return "ENOSYS";
  case EACCES: return "EACCES";
  case ENOTDIR: return "ENOTDIR";
  case ELOOP: return "ELOOP";
  case EFAULT: return "EFAULT";
  case EBADF: return "EBADF";
  case ENAMETOOLONG: return "ENAMETOOLONG";
  case ENXIO: return "ENXIO";
  case EINVAL: return "EINVAL";
  default: return "EIO";
  }
}

static void send(struct buf *b, char type) {
  if (b->len == 0) return;
  /* A record that did not fit is lost, and a lost record must never look like a whole account. */
  if (b->overflow) fatal(73, "a record is longer than its buffer");
  frame_write(type, b->at, b->len);
  b->len = 0;
}

int record_timer(void) {
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer < 0) fatal(71, "there is no timer (%s)", strerror(errno));
  return timer;
}

/* Set once for all that gathers until it goes off: a limit to each wait would be set at every stop. */
static void set_timer(void) {
  struct itimerspec once = {.it_value = {.tv_nsec = FLUSH_AFTER_NS}};
  is_timed = timerfd_settime(timer, 0, &once, NULL) == 0;
}

void record_timer_over(void) {
  uint64_t times;
  if (read(timer, &times, sizeof times) != (ssize_t)sizeof times) return;
  is_timed = false;
  record_flush();
}

void record_flush(void) {
  send(&writes, 'W');
  send(&programs, 'P');
}

static void begin(struct buf *b, uint64_t seq, const struct caller *c, const char *syscall) {
  if (!is_timed) set_timer();
  put_raw(b, "{\"seq\":");
  put_int(b, (long long)seq);
  put_key(b, "t_ms");
  put_ms(b, now_ns());
  put_key_int(b, "pid", c->tid);
  put_key_int(b, "ppid", c->ppid);
  put_key_string(b, "exe", c->exe);
  put_key_string(b, "syscall", syscall);
}

static void finish(struct buf *b, uint64_t seq, int error, const char *reason) {
  put_key_string(b, "verdict", error == 0 ? "allowed" : "denied");
  if (error != 0) put_key_string(b, "errno", errno_name(error));
  if (reason != NULL) put_key_string(b, "reason", reason);
  if (seq == 1) put_key_string(b, "nonce", opt.nonce);
  put_raw(b, "}\n");
  if (b->len > FLUSH_AT) record_flush();
}

void record_write(const struct attempt *a) {
  struct buf *b = &writes;
  begin(b, ++write_seq, a->caller, a->syscall);
  put_key_string(b, "access", access_names[a->access]);
  put_key_string(b, "path", a->path);
  put_key_string(b, "resolved", a->resolved);
  if (a->path2 != NULL) put_key_string(b, "path2", a->path2);
  if (a->resolved2 != NULL) put_key_string(b, "resolved2", a->resolved2);
  put_key_string(b, "root", root_names[a->root]);
  if (a->has_flags) put_key_int(b, "flags", a->flags);
  root_counts[a->root][a->error != 0]++;
  finish(b, write_seq, a->error, a->reason);
}

void record_program(const struct program *p) {
  struct buf *b = &programs;
  begin(b, ++program_seq, p->caller, p->syscall);
  put_key_string(b, "path", p->path);
  put_key_string(b, "resolved", p->resolved);
  put_key(b, "argv");
  put_bytes(b, p->argv.at, p->argv.len);
  put_key(b, "argv_truncated");
  put_raw(b, p->truncated ? "true" : "false");
  finish(b, program_seq, p->error, p->reason);
}
