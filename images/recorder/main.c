/* proofbox-recorder: PID 1 of a cage. Starts the engine under a filter whose every stop comes here, records each
   write attempt and each program, and accounts for itself at the end. README.md has the protocol. */
#include "recorder.h"
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

struct options opt = {.cwd = "/"};
struct tally tally;

static struct engine engine;
static struct {
  bool main_over, stopping;
  const char *ended_by;
  int status;
  uint64_t started_ns, wall_ns, stdout_bytes, stderr_bytes;
  unsigned reaped, stragglers, signals_from_inside, signals_forwarded;
} life = {.ended_by = "engine_exit"};

static void usage(const char *what) {
  fatal(64, "%s; usage: proofbox-recorder --nonce HEX --record writes|reads --root NAME=PATH [--cwd DIR] [--allow-degraded] -- PROGRAM [ARGUMENT...]", what);
}

static void parse(int argc, char **argv) {
  static const struct option known[] = {{"nonce", 1, 0, 'n'}, {"record", 1, 0, 'r'}, {"root", 1, 0, 't'}, {"cwd", 1, 0, 'c'}, {"allow-degraded", 0, 0, 'd'}, {0, 0, 0, 0}};
  int roots = 0;
  opterr = 0;
  for (int c; (c = getopt_long(argc, argv, "+", known, NULL)) != -1;) {
    if (c == 'n') opt.nonce = optarg;
    else if (c == 'c') opt.cwd = optarg;
    else if (c == 'd') opt.allow_degraded = true;
    else if (c == 'r' && strcmp(optarg, "reads") == 0) opt.record_reads = true;
    else if (c == 'r' && strcmp(optarg, "writes") == 0) opt.record_reads = false;
    /* The roots are fixed in judge.c; naming them keeps the create request readable. */
    else if (c == 't' && (strcmp(optarg, "workspace=/workspace") == 0 || strcmp(optarg, "artifacts=/artifacts") == 0)) roots++;
    else usage("an option is unknown or has a bad value");
  }
  if (opt.nonce == NULL || strlen(opt.nonce) == 0 || strlen(opt.nonce) > 128) usage("--nonce is missing or too long");
  if (roots != 2) usage("the two roots must be named once each");
  if (optind >= argc || argv[optind][0] == '\0') usage("the program is missing");
  opt.argv = argv + optind;
}

static int block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  int fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) fatal(71, "signals cannot be received (%s)", strerror(errno));
  return fd;
}

/* Nothing starts before the harness has seen the first frame and said so. */
static void wait_for_start(void) {
  for (;;) {
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    poll(&p, 1, -1);
    enum control word = control_read();
    if (word == CT_START) return;
    if (word != CT_NOTHING) fatal(70, "the harness did not start the engine");
  }
}

static void take_notification(void) {
  /* The kernel wants the structure empty. */
  struct seccomp_notif req = {0};
  if (ioctl(engine.listener, SECCOMP_IOCTL_NOTIF_RECV, &req) != 0) return;
  tally.received++;
  tally.last_id = req.id;
  int error = handle(&req, engine.listener);
  struct seccomp_notif_resp answer = {.id = req.id, .error = -error, .flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
  if (ioctl(engine.listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0) tally.answered++;
  else if (errno == ENOENT) tally.gone++;
  else fatal(73, "an answer cannot be given (%s)", strerror(errno));
}

/* Passes on what the engine printed; false at its end. */
static bool pass_on(int fd, char type, uint64_t *count) {
  static char bytes[65536];
  ssize_t n = read(fd, bytes, sizeof bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (n <= 0) return false;
  record_flush();
  frame_write(type, bytes, (size_t)n);
  *count += (uint64_t)n;
  return true;
}

/* A pipe whose end was read would be ready for ever. */
static bool goes_on(int fd, char type, uint64_t *count, int others) {
  bool more = pass_on(fd, type, count);
  if (!more) epoll_ctl(others, EPOLL_CTL_DEL, fd, NULL);
  return more;
}

static void reap(void) {
  for (int status; ; ) {
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    life.reaped++;
    if (pid == engine.pid) {
      life.main_over = true;
      life.status = status;
      life.wall_ns = now_ns() - life.started_ns;
    } else if (life.stopping) {
      life.stragglers++;
    }
  }
}

static void take_signals(int fd) {
  struct signalfd_siginfo info;
  while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
    if (info.ssi_signo == SIGCHLD) continue;
    /* A sender inside has a number here, one outside has none: the engine cannot steer PID 1 by signals. */
    if (info.ssi_pid != 0) {
      life.signals_from_inside++;
    } else if (!life.main_over) {
      kill(engine.pid, (int)info.ssi_signo);
      life.signals_forwarded++;
    }
  }
  reap();
}

static void begin_stop(const char *ended_by) {
  if (!life.main_over) life.ended_by = ended_by;
  life.stopping = true;
}

static void take_control(void) {
  enum control word = control_read();
  if (word == CT_STOP) begin_stop("stop");
  /* The harness is gone, or speaks nonsense: an engine without a harness must not go on. */
  if (word == CT_EOF || word == CT_GARBAGE || word == CT_START) begin_stop("harness_gone");
}

/* Ends everyone but PID 1, again and again: a process may fork while the others are being killed. */
static bool everyone_is_gone(void) {
  kill(-1, SIGKILL);
  reap();
  return kill(-1, 0) != 0 && errno == ESRCH;
}

/* Everything but the listener stands behind one descriptor: asking after each of them would be a sixth of a stop. */
static int gather(const int *fds, int count) {
  int all = epoll_create1(EPOLL_CLOEXEC);
  if (all < 0) fatal(71, "there is no epoll (%s)", strerror(errno));
  for (int i = 0; i < count; i++) {
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(all, EPOLL_CTL_ADD, fds[i], &event) != 0) fatal(71, "descriptor %d cannot be waited for (%s)", fds[i], strerror(errno));
  }
  return all;
}

/* Answers stops until something else is ready, or no task holds the filter any more. */
static void answer_stops(int others) {
  struct pollfd p[2] = {{engine.listener, POLLIN, 0}, {others, POLLIN, 0}};
  do {
    p[0].revents = p[1].revents = 0;
    poll(p, 2, -1);
    if (p[0].revents & POLLIN) take_notification();
  } while (p[1].revents == 0 && (p[0].revents & (POLLHUP | POLLERR)) == 0);
}

static void live(int signals) {
  bool out_open = true, err_open = true;
  int timer = record_timer();
  int others = gather((int[]){engine.out, engine.err, signals, STDIN_FILENO, timer}, 5);
  for (;;) {
    if (life.main_over && !life.stopping) begin_stop("engine_exit");
    if (life.stopping && everyone_is_gone() && !out_open && !err_open) return;
    if (!life.stopping) answer_stops(others);
    struct pollfd p[6] = {{engine.listener, POLLIN, 0},
                          {out_open ? engine.out : -1, POLLIN, 0},
                          {err_open ? engine.err : -1, POLLIN, 0},
                          {signals, POLLIN, 0},
                          {life.stopping ? -1 : STDIN_FILENO, POLLIN, 0},
                          {timer, POLLIN, 0}};
    if (poll(p, 6, life.stopping ? 2 : 0) == 0 && life.stopping) record_flush();
    if (p[0].revents & POLLIN) take_notification();
    /* No task holds the filter any more; a closed listener would keep poll busy. */
    else if (p[0].revents & (POLLHUP | POLLERR)) engine.listener = -1;
    if (p[1].revents) out_open = goes_on(engine.out, 'O', &life.stdout_bytes, others);
    if (p[2].revents) err_open = goes_on(engine.err, 'E', &life.stderr_bytes, others);
    if (p[3].revents) take_signals(signals);
    if (p[4].revents) take_control();
    if (p[5].revents) record_timer_over();
  }
}

static long long cgroup_number(const char *path, const char *key) {
  char text[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  if (n <= 0) return -1;
  text[n] = '\0';
  const char *at = *key == '\0' ? text : strstr(text, key);
  return at == NULL ? -1 : strtoll(at + strlen(key), NULL, 10);
}

static void put_cgroup(struct buf *b, const char *key, const char *old_path, const char *old_key, const char *path, const char *new_key) {
  long long value = cgroup_number(path, new_key);
  if (value < 0) value = cgroup_number(old_path, old_key);
  put_key(b, key);
  if (value < 0) put_raw(b, "null");
  else put_int(b, value);
}

static void put_tally(struct buf *b) {
  put_key(b, "notifications");
  put_char(b, '{');
  put_key_int(b, "received", (long long)tally.received);
  put_key_int(b, "answered", (long long)tally.answered);
  put_key_int(b, "gone", (long long)tally.gone);
  put_key_int(b, "refused", (long long)tally.refused);
  put_key_int(b, "unreadable", (long long)tally.unreadable);
  put_key_int(b, "recorded_writes", (long long)tally.recorded_writes);
  put_key_int(b, "recorded_programs", (long long)tally.recorded_programs);
  put_key_int(b, "not_writes", (long long)tally.not_writes);
  put_key_int(b, "vanished", (long long)tally.vanished);
  put_key_int(b, "reads_unrecorded", (long long)tally.reads_unrecorded);
  char id[24];
  snprintf(id, sizeof id, "%llu", (unsigned long long)tally.first_id);
  put_key_string(b, "kernel_first_id", id);
  snprintf(id, sizeof id, "%llu", (unsigned long long)tally.last_id);
  put_key_string(b, "kernel_last_id", id);
  /* The kernel numbers its notifications without a gap; a number that never came was withdrawn before it was
     read, and its call with it. */
  put_key_int(b, "cancelled", (long long)(tally.last_id - tally.first_id + 1 - tally.received));
  put_char(b, '}');
  put_key(b, "roots");
  put_char(b, '{');
  for (int i = 0; i < RT_COUNT; i++) {
    put_key(b, root_names[i]);
    put_char(b, '{');
    put_key_int(b, "allowed", (long long)root_counts[i][0]);
    put_key_int(b, "denied", (long long)root_counts[i][1]);
    put_char(b, '}');
  }
  put_char(b, '}');
}

static void put_ending(struct buf *b) {
  put_key_string(b, "ended_by", life.ended_by);
  put_key(b, "stop_reason");
  if (stop_reason[0] == '\0') put_raw(b, "null");
  else put_string(b, stop_reason, strlen(stop_reason));
  put_key(b, "exit_code");
  if (WIFEXITED(life.status)) put_int(b, WEXITSTATUS(life.status));
  else put_raw(b, "null");
  put_key(b, "signal");
  if (WIFSIGNALED(life.status)) put_int(b, WTERMSIG(life.status));
  else put_raw(b, "null");
}

static void put_usage(struct buf *b) {
  struct rusage u;
  getrusage(RUSAGE_CHILDREN, &u);
  put_key(b, "wall_ms");
  put_ms(b, life.wall_ns);
  put_key(b, "user_ms");
  put_ms(b, (uint64_t)u.ru_utime.tv_sec * 1000000000u + (uint64_t)u.ru_utime.tv_usec * 1000u);
  put_key(b, "sys_ms");
  put_ms(b, (uint64_t)u.ru_stime.tv_sec * 1000000000u + (uint64_t)u.ru_stime.tv_usec * 1000u);
  put_key_int(b, "max_rss_kib", u.ru_maxrss);
  put_cgroup(b, "oom_kills", "/sys/fs/cgroup/memory/memory.oom_control", "\noom_kill ", "/sys/fs/cgroup/memory.events", "\noom_kill ");
  put_cgroup(b, "memory_peak_bytes", "/sys/fs/cgroup/memory/memory.max_usage_in_bytes", "", "/sys/fs/cgroup/memory.peak", "");
}

static void send_end(void) {
  static char bytes[16384];
  struct buf b = {.at = bytes, .cap = sizeof bytes};
  record_flush();
  put_char(&b, '{');
  put_key_string(&b, "schema", "proofbox.end/v1");
  put_key_string(&b, "nonce", opt.nonce);
  put_ending(&b);
  put_usage(&b);
  put_key_int(&b, "stragglers", life.stragglers);
  put_key_int(&b, "reaped", life.reaped);
  put_key_int(&b, "records", (long long)write_seq);
  put_key_int(&b, "programs", (long long)program_seq);
  put_key_int(&b, "stdout_bytes", (long long)life.stdout_bytes);
  put_key_int(&b, "stderr_bytes", (long long)life.stderr_bytes);
  put_tally(&b);
  put_key_int(&b, "signals_from_inside", life.signals_from_inside);
  put_key_int(&b, "signals_forwarded", life.signals_forwarded);
  put_char(&b, '}');
  if (b.overflow) fatal(73, "the last frame is longer than its buffer");
  frame_write('Z', b.at, b.len);
}

int main(int argc, char **argv) {
  now_ns();
  parse(argc, argv);
  hello_prepare();
  /* Makes /proc/1/{mem,fd,environ} unreadable for the engine, which is the same user. */
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fatal(71, "PR_SET_DUMPABLE fails (%s)", strerror(errno));
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  int signals = block_signals();
  selftest_prepare();
  engine_prepare(&engine);
  hello_send(&engine);
  wait_for_start();
  life.started_ns = now_ns();
  engine_start(&engine);
  live(signals);
  send_end();
  return WIFEXITED(life.status) ? WEXITSTATUS(life.status) : 128 + WTERMSIG(life.status);
}
