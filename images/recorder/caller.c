/* Reads the stopped task. Every answer comes from /proc/<tid> through a descriptor of that folder, which is
   bound to the task itself: when the task is gone it fails, even if its number was given to another. */
#include "recorder.h"

#define SLOTS 512
static struct slot {
  pid_t tid, tgid, ppid;
  int proc;
} slots[SLOTS];

static long field(const char *text, const char *key) {
  const char *at = strstr(text, key);
  return at == NULL ? -1 : strtol(at + strlen(key), NULL, 10);
}

static bool slot_open(struct slot *s, pid_t tid) {
  char name[32], text[2048];
  if (s->proc > 0) close(s->proc);
  *s = (struct slot){0};
  snprintf(name, sizeof name, "/proc/%d", tid);
  int proc = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return false;
  int status = openat(proc, "status", O_RDONLY | O_CLOEXEC);
  ssize_t n = status < 0 ? -1 : read(status, text, sizeof text - 1);
  if (status >= 0) close(status);
  if (n <= 0) {
    close(proc);
    return false;
  }
  text[n] = '\0';
  /* The name of the task stands first and is the task's own choice: it may hold "\n" only as an escape. */
  *s = (struct slot){.tid = tid, .tgid = (pid_t)field(text, "\nTgid:"), .ppid = (pid_t)field(text, "\nPPid:"), .proc = proc};
  return true;
}

void caller_load(struct caller *c, pid_t tid) {
  struct slot *s = &slots[(unsigned)tid % SLOTS];
  *c = (struct caller){.tid = tid, .proc = -1};
  for (int attempt = 0; attempt < 2; attempt++) {
    if ((attempt > 0 || s->tid != tid) && !slot_open(s, tid)) return;
    c->tgid = s->tgid;
    c->ppid = s->ppid;
    c->proc = s->proc;
    ssize_t n = readlinkat(s->proc, "exe", c->exe, sizeof c->exe - 1);
    c->readable = n >= 0;
    c->exe[n < 0 ? 0 : n] = '\0';
    if (n >= 0 || errno == EACCES || errno == EPERM) return;
  }
}

/* Opened anew each time: after exec an old descriptor would still show the memory of before. */
static int memory_of(struct caller *c) { return c->readable ? openat(c->proc, "mem", O_RDONLY | O_CLOEXEC) : -1; }

int caller_string(struct caller *c, uint64_t address, char out[PATH_BYTES]) {
  int memory = memory_of(c), result = -ENAMETOOLONG;
  if (memory < 0) return -EACCES;
  size_t have = 0;
  while (have < PATH_BYTES) {
    size_t page = 4096 - (size_t)((address + have) & 4095), want = PATH_BYTES - have;
    ssize_t n = pread(memory, out + have, page < want ? page : want, (off_t)(address + have));
    if (n <= 0) {
      result = -EFAULT;
      break;
    }
    if (memchr(out + have, '\0', (size_t)n) != NULL) {
      result = 0;
      break;
    }
    have += (size_t)n;
  }
  close(memory);
  if (result != 0) out[result == -ENAMETOOLONG ? PATH_BYTES - 1 : have] = '\0';
  return result;
}

int caller_bytes(struct caller *c, uint64_t address, void *out, size_t n) {
  int memory = memory_of(c);
  if (memory < 0) return -EACCES;
  ssize_t done = pread(memory, out, n, (off_t)address);
  close(memory);
  return done <= 0 ? -EFAULT : (int)done;
}

ssize_t caller_link(struct caller *c, const char *name, char *out, size_t cap) {
  ssize_t n = readlinkat(c->proc, name, out, cap - 1);
  int error = errno;
  out[n < 0 ? 0 : n] = '\0';
  return n < 0 ? -error : n;
}
