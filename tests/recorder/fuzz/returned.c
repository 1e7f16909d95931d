/* A number that comes back: two tasks after one another have the same tid, and what the recorder kept of the first must not
   be said of the second. Needs the right to choose a number (CAP_SYS_ADMIN over its own pid namespace).
   Ends with 1 at the first answer that is the first task's. */
#include "recorder.h"

#include <limits.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NUMBER 20000 /* nobody's */
#define ROUNDS 60
#define FOLDER 100 /* descriptor of its folder in each task */

/* What a stop needs to be told; the next one asks by it whether the task is the same. */
enum needs { NEEDS_MEMORY, NEEDS_CWD, NEEDS_DESCRIPTOR, NEEDS };

struct options opt;
struct tally tally;

/* At the same address in both tasks, and with another content. */
static char text[64];

/* A task of that number in a folder of its own, with a word in its memory, or with another program where there is no
   word; ready when it has stopped itself. */
static pid_t start(const char *folder, const char *word) {
  pid_t number = NUMBER;
  struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1};
  pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || chdir(folder) != 0 || dup2(open(folder, O_RDONLY), FOLDER) != FOLDER) _exit(3);
    if (word == NULL) execl("/bin/sh", "sh", "-c", "kill -STOP $$", (char *)NULL);
    else strcpy(text, word);
    raise(SIGSTOP);
    _exit(0);
  }
  int status;
  if (pid != NUMBER || waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status)) {
    printf("no task got the number %d: %s\n", NUMBER, strerror(errno));
    exit(2);
  }
  return pid;
}

static void end(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

/* True where everything that the recorder can say of it is this task's. */
static bool is_told_right(struct caller *c, pid_t pid, const char *folder, const char *word, enum needs needs) {
  char said[PATH_BYTES], place[PATH_BYTES] = "";
  int dir = needs == NEEDS_DESCRIPTOR ? FOLDER : AT_FDCWD;
  caller_load(c, pid, dir);
  bool right = c->readable && caller_string(c, (uintptr_t)text, said) == 0 && strcmp(said, word) == 0;
  if (needs != NEEDS_MEMORY) right = caller_base(c, dir, place, sizeof place) > 0 && strcmp(place, folder) == 0 && right;
  if (!right) printf("of the task in %s with \"%s\" the recorder says \"%s\" in \"%s\"\n", folder, word, said, place);
  return right;
}

int main(void) {
  static struct caller c;
  static char shell[PATH_MAX];
  if (realpath("/bin/sh", shell) == NULL) return 2;
  setvbuf(stdout, NULL, _IONBF, 0);
  for (int round = 0; round < ROUNDS; round++) {
    enum needs needs = round % NEEDS;
    pid_t first = start("/usr", "first");
    /* Twice: the second time from what was kept. */
    for (int i = 0; i < 2; i++)
      if (!is_told_right(&c, first, "/usr", "first", needs)) return 1;
    if (c.is_new) {
      printf("nothing is kept of a task that is the same\n");
      return 1;
    }
    end(first);
    pid_t second = start("/etc", "second");
    if (!is_told_right(&c, second, "/etc", "second", needs)) return 1;
    if (!c.is_new) {
      printf("another task of the same number is taken for the one before\n");
      return 1;
    }
    end(second);
    pid_t third = start("/", NULL);
    caller_load(&c, third, AT_FDCWD);
    if (strcmp(c.exe, shell) != 0) {
      printf("of the program %s the recorder says \"%s\"\n", shell, c.exe);
      return 1;
    }
    end(third);
    /* A number that nobody has: nothing is known of it. */
    caller_load(&c, NUMBER, needs == NEEDS_DESCRIPTOR ? FOLDER : AT_FDCWD);
    if (c.readable || c.tgid != 0) {
      printf("of a task that is gone the recorder says something\n");
      return 1;
    }
  }
  printf("%d numbers came back\n", ROUNDS);
  return 0;
}
