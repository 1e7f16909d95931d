/* Proves, before the engine exists, that every call of the table reaches the recorder or is refused by someone.
   Seccomp takes the strictest answer of all filters, so a call that Docker's own profile refuses never arrives
   here: it is listed as shadowed, with the errno that stopped it. */
#include "recorder.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* An errno that no file system call gives: it tells "the recorder answered" from everything else. */
#define SIGNATURE EHWPOISON
#define MAX_CALLS 128

static struct shared {
  int result[MAX_CALLS]; /* errno of each call, 0 where it went through */
  bool read_passes;
} *shared;

void selftest_prepare(void) {
  if (call_count > MAX_CALLS) fatal(71, "the self test has no room for %zu calls", call_count);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fatal(71, "the self test has no memory (%s)", strerror(errno));
}

void selftest_in_child(void) {
  for (size_t i = 0; i < call_count; i++) {
    const uint64_t *t = calls[i].test;
    long result = syscall(calls[i].nr, t[0], t[1], t[2], t[3], t[4], t[5]);
    shared->result[i] = result < 0 ? errno : 0;
  }
  int fd = (int)syscall(__NR_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
  shared->read_passes = fd >= 0;
  if (fd >= 0) close(fd);
}

void selftest_in_parent(int listener, int sync) {
  struct pollfd p[2] = {{.fd = listener, .events = POLLIN}, {.fd = sync, .events = POLLIN}};
  for (;;) {
    if (poll(p, 2, 10000) <= 0) fatal(71, "the self test hangs");
    if (p[0].revents & POLLIN) {
      struct seccomp_notif req = {0};
      if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) != 0) continue;
      struct seccomp_notif_resp answer = {.id = req.id, .error = -SIGNATURE};
      ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
      tally.first_id = req.id + 1;
      tally.last_id = req.id;
    } else if (p[1].revents & (POLLIN | POLLHUP)) {
      char done = 0;
      if (read(sync, &done, 1) != 1) fatal(71, "the self test died");
      break;
    }
  }
  for (size_t i = 0; i < call_count; i++) {
    int error = shared->result[i];
    if (error != SIGNATURE && error != EPERM && error != ENOSYS && error != EACCES)
      fatal(71, "the call %s is neither seen nor refused (%s): no engine is started", calls[i].name, strerror(error));
  }
}

static void put_missing(struct buf *b) {
  put_raw(b, "{\"notified\":[],\"shadowed\":{},\"missing\":[");
  for (size_t i = 0; i < call_count; i++) {
    if (i > 0) put_char(b, ',');
    put_string(b, calls[i].name, strlen(calls[i].name));
  }
  put_raw(b, "],\"read_passes\":false}");
}

void selftest_json(struct buf *b, bool was_made) {
  if (!was_made) {
    put_missing(b);
    return;
  }
  put_raw(b, "{\"notified\":[");
  bool some = false;
  for (size_t i = 0; i < call_count; i++) {
    if (shared->result[i] != SIGNATURE) continue;
    if (some) put_char(b, ',');
    some = true;
    put_string(b, calls[i].name, strlen(calls[i].name));
  }
  put_raw(b, "],\"shadowed\":{");
  for (size_t i = 0; i < call_count; i++)
    if (shared->result[i] != SIGNATURE) put_key_string(b, calls[i].name, errno_name(shared->result[i]));
  put_raw(b, "},\"missing\":[],\"read_passes\":");
  put_raw(b, shared->read_passes ? "true}" : "false}");
}
