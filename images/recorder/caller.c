/* Reads the stopped task. Every answer comes from /proc/<tid> through descriptors that are bound to the task itself or
   to its memory: when the task is gone they fail, even if its number was given to another.

   What is kept from one stop to the next, and why it cannot lie:
   - the folder /proc/<tid>: the kernel ties it to the task, not to the number. Whether the task that waits now is that
     task is asked anew in each stop (still_the_same): a folder that was this number's before and whose task lives has
     been this number's all the time, since two living tasks never share one. The asking needs the right to trace the
     task, so that one that made itself unreadable is found out as well.
   - thread group: a task never changes it while it keeps its number.
   - parent: the one it had when its folder was opened, which is what the record says; it may have died since.
   - memory: a descriptor stays with the address space that was the task's when it was opened. Only an exec gives a task
     another one, every exec stops here first, and a task in exec makes no other call: it is closed as the exec is let
     go on, and opened anew in the next stop. An exec by a thread that is no leader gives the leader's number, whose
     other calls may still arrive in between, to another program at a time that nobody tells: once that was seen,
     nothing is kept any more (keeps_nothing). No program does that but to attack.
   - name of the program: only an exec changes it, or a rename or unlink of the program itself. So it is kept only
     where it lies outside the two roots, on a file system that nobody in the cage can write.
   Everything else is read in each stop; above all the working directory, since chdir does not stop. */
#include "recorder.h"

#include <sys/resource.h>

#define SLOTS 256
#define SLOT_FILES 3
#define OTHER_FILES 40 /* that the recorder needs beside those of its slots */
#define KEPT_NAME 256
static struct slot {
  pid_t tid, tgid, ppid;
  int proc, memory, check; /* descriptors, 0 where there is none: that one is standard input */
  bool asks_for_cwd;       /* its last stop that named no descriptor needed the working directory */
  char exe[KEPT_NAME];     /* empty where it is not kept */
} slots[SLOTS];
static bool keeps_nothing;

static long field(const char *text, const char *key) {
  const char *at = strstr(text, key);
  return at == NULL ? -1 : strtol(at + strlen(key), NULL, 10);
}

static void close_kept(int *fd) {
  if (*fd > 0) close(*fd);
  *fd = 0;
}

static void forget_program(struct slot *s) {
  close_kept(&s->memory);
  s->exe[0] = '\0';
}

static bool slot_open(struct slot *s, pid_t tid) {
  char name[32], text[2048];
  forget_program(s);
  close_kept(&s->check);
  close_kept(&s->proc);
  s->tid = 0;
  s->asks_for_cwd = false;
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
  s->tid = tid;
  s->tgid = (pid_t)field(text, "\nTgid:");
  s->ppid = (pid_t)field(text, "\nPPid:");
  s->proc = proc;
  return true;
}

static ssize_t read_link(int proc, int dir, char *out, size_t cap) {
  char name[24] = "cwd";
  struct buf b = {.at = name, .cap = sizeof name};
  if (dir != AT_FDCWD) {
    put_raw(&b, "fd/");
    put_int(&b, dir);
    put_char(&b, '\0');
  }
  ssize_t n = readlinkat(proc, name, out, cap - 1);
  int error = errno;
  out[n < 0 ? 0 : n] = '\0';
  return n < 0 ? -error : n;
}

/* True where the slot's task lives and may be read, and so is the one that waits. Asked by what the stop is likely to
   need anyway, or else by the cheapest file that is refused to who may not trace. */
static bool still_the_same(struct caller *c, struct slot *s, int dir) {
  if (dir != AT_FDCWD || s->asks_for_cwd) {
    c->base_known = read_link(s->proc, dir, c->base, sizeof c->base) >= 0;
    c->base_dir = dir;
    if (c->base_known) return true;
    /* A descriptor that is not open says nothing of the task. */
    if (dir == AT_FDCWD) return false;
  }
  char text[16];
  if (s->check == 0) s->check = openat(s->proc, "personality", O_RDONLY | O_CLOEXEC);
  if (s->check < 0) s->check = 0;
  return s->check > 0 && pread(s->check, text, sizeof text, 0) > 0;
}

/* Nobody in the cage can rename or remove what lies there. */
static bool stays_where_it_is(const char *exe) {
  return exe[0] == '/' && !under(exe, "/workspace") && !under(exe, "/artifacts") && !under(exe, "/proc") && !under(exe, "/dev");
}

static void load_program(struct caller *c, struct slot *s) {
  if (s->exe[0] != '\0') {
    strcpy(c->exe, s->exe);
    c->readable = true;
    return;
  }
  ssize_t n = readlinkat(s->proc, "exe", c->exe, sizeof c->exe - 1);
  c->readable = n >= 0;
  c->exe[n < 0 ? 0 : n] = '\0';
  if (n > 0 && n < KEPT_NAME && stays_where_it_is(c->exe)) memcpy(s->exe, c->exe, (size_t)n + 1);
}

static struct slot *slot_of(pid_t tid) {
  static unsigned count;
  struct rlimit files;
  if (count == 0) {
    count = SLOTS;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) files.rlim_cur = 0;
    if (files.rlim_cur < SLOTS * SLOT_FILES + OTHER_FILES)
      count = files.rlim_cur > OTHER_FILES + SLOT_FILES ? (unsigned)(files.rlim_cur - OTHER_FILES) / SLOT_FILES : 1;
  }
  return &slots[(unsigned)tid % count];
}

void caller_load(struct caller *c, pid_t tid, int dir) {
  struct slot *s = slot_of(tid);
  c->tid = tid;
  c->tgid = c->ppid = 0;
  c->proc = -1;
  c->readable = c->base_known = c->is_new = false;
  c->exe[0] = '\0';
  c->slot = s;
  if (keeps_nothing) forget_program(s);
  if (s->tid != tid || !still_the_same(c, s, dir)) {
    c->is_new = true;
    if (!slot_open(s, tid)) return;
  }
  if (dir == AT_FDCWD) s->asks_for_cwd = false;
  c->tgid = s->tgid;
  c->ppid = s->ppid;
  c->proc = s->proc;
  load_program(c, s);
}

void caller_starts_program(struct caller *c) {
  if (c->tid != c->tgid) keeps_nothing = true;
  forget_program(c->slot);
}

static int memory_of(struct caller *c) {
  if (!c->readable) return -1;
  struct slot *s = c->slot;
  if (s->memory == 0) s->memory = openat(s->proc, "mem", O_RDONLY | O_CLOEXEC);
  if (s->memory < 0) s->memory = 0;
  return s->memory > 0 ? s->memory : -1;
}

/* Most paths are short, and to copy less is quicker; never past the end of a page, behind which may be nothing. */
#define FIRST_LOOK 256

int caller_string(struct caller *c, uint64_t address, char out[PATH_BYTES]) {
  int memory = memory_of(c);
  out[0] = '\0';
  if (memory < 0) return -EACCES;
  size_t have = 0;
  while (have < PATH_BYTES) {
    size_t want = 4096 - (size_t)((address + have) & 4095), most = have == 0 ? FIRST_LOOK : PATH_BYTES - have;
    ssize_t n = pread(memory, out + have, want < most ? want : most, (off_t)(address + have));
    if (n <= 0) {
      out[have] = '\0';
      return -EFAULT;
    }
    if (memchr(out + have, '\0', (size_t)n) != NULL) return 0;
    have += (size_t)n;
  }
  out[PATH_BYTES - 1] = '\0';
  return -ENAMETOOLONG;
}

int caller_bytes(struct caller *c, uint64_t address, void *out, size_t n) {
  int memory = memory_of(c);
  if (memory < 0) return -EACCES;
  ssize_t done = pread(memory, out, n, (off_t)address);
  return done <= 0 ? -EFAULT : (int)done;
}

ssize_t caller_base(struct caller *c, int dir, char *out, size_t cap) {
  if (dir == AT_FDCWD) c->slot->asks_for_cwd = true;
  size_t n = c->base_known && c->base_dir == dir ? strlen(c->base) : 0;
  if (n == 0 || n >= cap) return read_link(c->proc, dir, out, cap);
  memcpy(out, c->base, n + 1);
  return (ssize_t)n;
}
