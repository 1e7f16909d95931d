/* Makes the engine's process: filter in, descriptors out, then it waits for the word to start. */
#include "recorder.h"
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#define NO_LISTENER 'n'

/* Hands the listener over, or the news that there is none. */
static void send_fd(int socket, int fd, bool flag) {
  char payload = flag ? 'k' : '-';
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec io = {&payload, 1};
  struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  if (fd < 0) {
    payload = NO_LISTENER;
    message.msg_control = NULL;
    message.msg_controllen = 0;
  }
  if (sendmsg(socket, &message, 0) != 1) fatal(71, "the listener cannot be handed over (%s)", strerror(errno));
}

static int receive_fd(int socket, bool *flag) {
  char payload = 0, control[CMSG_SPACE(sizeof(int))];
  struct iovec io = {&payload, 1};
  struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int fd = -1;
  bool came = recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1;
  if (came && payload == NO_LISTENER && opt.allow_degraded) return -1;
  if (!came || CMSG_FIRSTHDR(&message) == NULL) fatal(71, "the engine's process died before it had its filter");
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  *flag = payload == 'k';
  return fd;
}

/* The OOM killer must take any process of the engine before it takes the recorder. */
static void offer_to_oom_killer(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "1000", 4) != 4) fatal(71, "oom_score_adj cannot be raised (%s)", strerror(errno));
  close(fd);
}

static _Noreturn void child(int sync, int out, int err) {
  /* Copied from an unreadable process, this one must be readable: its own exec is the first thing recorded. */
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  offer_to_oom_killer();
  setsid();
  int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0) _exit(71);
  bool killable = false;
  /* Standard error is still the recorder's, so that a filter that cannot be built is heard. */
  int listener = filter_install(opt.record_reads, &killable);
  if (listener < 0 && !opt.allow_degraded) fatal(71, "this kernel has no seccomp user notification (%s)", strerror(errno));
  send_fd(sync, listener, killable);
  if (listener >= 0) {
    close(listener);
    selftest_in_child();
  }
  char word = 'd';
  if (write(sync, &word, 1) != 1 || read(sync, &word, 1) != 1 || word != 'g') _exit(71);
  if (dup2(err, 2) < 0 || chdir(opt.cwd) != 0) _exit(71);
  /* Nothing of the recorder's stays open: not the listener, not the attach stream. */
  syscall(__NR_close_range, 3u, ~0u, 0u);
  for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execvp(opt.argv[0], opt.argv);
  int error = errno;
  dprintf(2, "cannot start %s: %s\n", opt.argv[0], strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

void engine_prepare(struct engine *e) {
  int sync[2], out[2], err[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
    fatal(71, "no pipes for the engine (%s)", strerror(errno));
  e->pid = fork();
  if (e->pid < 0) fatal(71, "no process for the engine (%s)", strerror(errno));
  if (e->pid == 0) {
    close(sync[0]);
    child(sync[1], out[1], err[1]);
  }
  close(sync[1]);
  close(out[1]);
  close(err[1]);
  e->sync = sync[0];
  e->out = out[0];
  e->err = err[0];
  e->listener = receive_fd(e->sync, &e->wait_killable);
  /* Without a listener there is nothing to test: the first frame says so, and no proof of coverage can hold. */
  if (e->listener < 0) {
    tally.first_id = 1;
    return;
  }
  e->sync_wakeup = ioctl(e->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
  selftest_in_parent(e->listener, e->sync);
}

void engine_start(struct engine *e) {
  if (write(e->sync, "g", 1) != 1) fatal(71, "the engine's process died before it was started");
  close(e->sync);
  e->sync = -1;
}
