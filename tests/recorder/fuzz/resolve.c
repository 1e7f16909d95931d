/* Random paths through random trees of links: where the recorder says a path leads, held against where the kernel takes
   another process, which stands for the engine.
   Usage: fuzz-resolve SEED ROUNDS. Ends with 1 at the first difference; the sanitizers end it at the first bad access. */
/* Its parts are asked one by one too. */
#include "resolve.c"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define BASE "/tmp/fuzz-resolve"
#define DIRS 8
#define LINKS 12

struct options opt;
struct tally tally;

static uint64_t state;
static uint32_t random_below(uint32_t n) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 20) % n;
}

static char dirs[DIRS][PATH_BYTES];
static char long_name[300];

/* One component of a path; some are no names at all. */
static const char *component(void) {
  static char text[64];
  uint32_t pick = random_below(40);
  if (pick >= 20) pick %= 11;
  if (pick < 5) snprintf(text, sizeof text, "l%u", random_below(LINKS));
  else if (pick < 8) snprintf(text, sizeof text, "d%u", random_below(DIRS));
  else if (pick < 11) return "..";
  else if (pick == 11) return ".";
  else if (pick == 12) return "";
  else if (pick == 13) snprintf(text, sizeof text, "new%u", random_below(3));
  else if (pick == 14) snprintf(text, sizeof text, "f%u", random_below(4));
  else if (pick == 15) return long_name + random_below(60);
  else if (pick == 16) snprintf(text, sizeof text, "fd/%u", 3 + random_below(12));
  else return pick == 17 ? "cwd" : pick == 18 ? "root" : "task";
  return text;
}

static const char *beginning(void) {
  static const char *const some[] = {"", "", "", "", BASE "/", BASE "/d0/", "/", "//", "/proc/self/", "/proc/thread-self/", "/proc/self/root" BASE "/", "/proc/self/cwd/", "/proc//self/../self/cwd/", "./", "../"};
  return some[random_below(sizeof some / sizeof some[0])];
}

static void random_path(char *out, size_t cap, uint32_t most) {
  size_t n = (size_t)snprintf(out, cap, "%s", beginning());
  for (uint32_t i = random_below(most); n < cap - 300; i--) {
    n += (size_t)snprintf(out + n, cap - n, "%s", component());
    if (i == 0) break;
    n += (size_t)snprintf(out + n, cap - n, "/");
  }
  if (random_below(6) == 0) strcat(out, "/");
  if (out[0] == '\0') strcpy(out, ".");
}

/* Real folders side by side and below each other; in each, every other is there as a link. */
static void make_tree(void) {
  mkdir(BASE, 0700);
  for (int i = 0; i < DIRS; i++) {
    snprintf(dirs[i], sizeof dirs[i], "%s/d%d", i < 5 ? BASE : dirs[i - 5], i);
    mkdir(dirs[i], 0700);
  }
  /* The last one lies so deep that little more fits into a path. */
  for (int level = 0; level < 13; level++) {
    size_t n = strlen(dirs[DIRS - 1]);
    snprintf(dirs[DIRS - 1] + n, sizeof dirs[0] - n, "/%.250s", long_name);
    mkdir(dirs[DIRS - 1], 0700);
  }
  for (int i = 0; i < DIRS; i++)
    for (int j = 0; j < DIRS; j++) {
      char name[PATH_BYTES + 16];
      snprintf(name, sizeof name, "%s/d%d", dirs[i], j);
      if (symlink(dirs[j], name) != 0 && errno != EEXIST) exit(2);
      snprintf(name, sizeof name, "%s/f%d", dirs[i], j % 4);
      close(open(name, O_CREAT | O_WRONLY, 0600));
    }
}

/* Makes, changes or removes one. */
static void change_a_link(void) {
  char name[PATH_BYTES + 16], target[PATH_BYTES];
  snprintf(name, sizeof name, "%s/l%u", random_below(3) == 0 ? BASE : dirs[random_below(DIRS)], random_below(LINKS));
  random_path(target, sizeof target, 3);
  /* Now and then one so long that a few of them, one in the other, fill every buffer. */
  if (random_below(12) == 0) {
    size_t n = (size_t)snprintf(target, sizeof target, "l%u", random_below(LINKS));
    while (n < sizeof target - 300) n += (size_t)snprintf(target + n, sizeof target - n, "/%.*s", (int)(1 + random_below(255)), long_name);
  }
  unlink(name);
  if (random_below(3) == 0) return;
  if (symlink(target, name) != 0 && errno != EEXIST && errno != ENAMETOOLONG) exit(2);
}

static bool is_nameless_text(const char *text) { return text[0] != '/' || strncmp(text, "/memfd:", 7) == 0; }

/* What the one process asks and the other answers. */
enum kind { FOLLOW, NOFOLLOW, CREATE, IN_ROOT, KINDS };
static const char *const kind_names[] = {"follow", "nofollow", "create", "in root"};
static struct shared {
  enum kind kind;
  int dir;      /* a descriptor of the engine's, or AT_FDCWD */
  int into;     /* of dirs, to go to first; -1 to stay */
  bool opened;
  char path[PATH_BYTES], real[RESOLVED_BYTES], cwd[PATH_BYTES];
} *shared;
static int ask[2], answer[2];

/* Where the path begins with a link's name in the engine's folder, and nothing has that name yet. */
static void put_a_link_on_the_way(void) {
  char name[PATH_BYTES + 300];
  if (shared->path[0] != 'l') return;
  snprintf(name, sizeof name, "%s/%.*s", shared->cwd, (int)strcspn(shared->path, "/"), shared->path);
  if (symlink(dirs[random_below(DIRS)], name) != 0 && errno != EEXIST && errno != ENAMETOOLONG) exit(2);
}

/* Makes the call and says what it opened. */
static void engine_turn(void) {
  int fd = -1;
  if (shared->into >= 0 && chdir(dirs[shared->into]) != 0) _exit(__LINE__ % 250);
  if (shared->kind == FOLLOW) fd = openat(shared->dir, shared->path, O_PATH);
  if (shared->kind == NOFOLLOW) fd = openat(shared->dir, shared->path, O_PATH | O_NOFOLLOW);
  if (shared->kind == CREATE) {
    /* A file that is not there yet, perhaps behind a link that leads nowhere. */
    struct stat st;
    if (fstatat(shared->dir, shared->path, &st, 0) != 0) fd = openat(shared->dir, shared->path, O_WRONLY | O_CREAT, 0600);
  }
  if (shared->kind == IN_ROOT) {
    struct open_how how = {.flags = O_PATH, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    fd = (int)syscall(__NR_openat2, shared->dir, shared->path, &how, sizeof how);
  }
  shared->opened = fd >= 0;
  if (getcwd(shared->cwd, sizeof shared->cwd) == NULL) shared->cwd[0] = '\0';
  if (fd < 0) return;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(name, shared->real, sizeof shared->real - 1);
  if (n < 0) _exit(__LINE__ % 250);
  shared->real[n] = '\0';
  close(fd);
  if (shared->kind == CREATE) unlink(shared->real);
}

/* The bound of the place's buffer. No path leads to it: the kernel refuses to look at one of PATH_MAX bytes long before,
   and the walk ends there. It must hold all the same, so it is asked by itself, on memory that ends where it says. */
static bool keeps_its_bound(void) {
  size_t cap = 2 + random_below(600), have = 1 + random_below((uint32_t)cap - 1), n = 1 + random_below(NAME_MAX);
  char *path = malloc(cap), was[700];
  memset(path, 'p', cap);
  path[0] = '/';
  path[have] = '\0';
  if (random_below(4) == 0) path[have - 1] = '/';
  strcpy(was, path);
  size_t slash = path[have - 1] != '/', fits = have + slash + n < cap;
  bool said = append(path, cap, long_name, n);
  bool right = said == fits && strlen(path) == (fits ? have + slash + n : have) && strncmp(path, was, have) == 0;
  free(path);
  return right;
}

static pid_t start_engine(void) {
  pid_t pid = fork();
  /* Each holds its own ends alone, so that the end of the one is heard by the other. */
  close(pid == 0 ? ask[1] : ask[0]);
  close(pid == 0 ? answer[0] : answer[1]);
  if (pid != 0) return pid;
  /* Descriptors that paths and calls name: folders, a file, a pipe. */
  int pipes[2];
  if (open(dirs[1], O_RDONLY) < 0 || open(dirs[5], O_PATH) < 0 || open("/", O_PATH) < 0 || open(BASE "/d0/f0", O_RDONLY) < 0 || pipe(pipes) != 0) _exit(__LINE__ % 250);
  char turn;
  while (read(ask[0], &turn, 1) == 1) {
    engine_turn();
    if (write(answer[1], "", 1) != 1) _exit(__LINE__ % 250);
  }
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  state = strtoull(argv[1], NULL, 10) * 2654435761u + 88172645463325252u;
  long rounds = atol(argv[2]), agreed = 0, refused = 0;
  memset(long_name, 'n', sizeof long_name - 1);
  make_tree();
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || pipe(ask) != 0 || pipe(answer) != 0) return 2;
  static struct caller engine;
  static struct place place;
  pid_t pid = start_engine();
  /* The engine's first descriptors have the numbers that it closed: two folders, and between them and the next a pipe. */
  int first = ask[1];
  char done;
  for (int i = 0; i < 20000; i++)
    if (!keeps_its_bound()) {
      printf("the recorder says that a name fits where it does not, or writes another one\n");
      return 1;
    }
  for (long i = 0; i < rounds; i++) {
    if (random_below(4) == 0) change_a_link();
    shared->into = i == 0 || random_below(8) == 0 ? (int)random_below(DIRS) : -1;
    /* Some paths a second time, when there is a link on the way that was not there before. */
    if (i > 0 && random_below(3) == 0) put_a_link_on_the_way();
    else {
      random_path(shared->path, sizeof shared->path, random_below(20) == 0 ? 40 : 6);
      shared->kind = random_below(KINDS);
      shared->dir = random_below(3) == 0 ? first + (int)random_below(3) : AT_FDCWD;
    }
    /* The engine goes first, so that its folder is the one in which the path is looked up; a file it made is gone again. */
    if (write(ask[1], "", 1) != 1 || read(answer[0], &done, 1) != 1) return 2;
    /* What is read first to know the task again is mostly what the path needs. */
    caller_load(&engine, pid, random_below(4) == 0 ? AT_FDCWD : shared->dir);
    resolve_begin();
    unsigned how = (shared->kind == NOFOLLOW ? 0 : RS_FOLLOW) | (shared->kind == IN_ROOT ? RS_IN_ROOT : 0);
    resolve_path(&engine, shared->dir, shared->path, how, &place);
    if (!shared->opened) {
      refused++;
      continue;
    }
    bool same = place.nameless ? is_nameless_text(shared->real) : strcmp(place.path, shared->real) == 0;
    if (place.error != 0 || !same) {
      printf("%s: %s in %s leads to %s, the recorder says %s (error %d)\n", kind_names[shared->kind], shared->path, shared->cwd, shared->real, place.path, place.error);
      return 1;
    }
    agreed++;
  }
  printf("%ld agreed, %ld refused by the kernel\n", agreed, refused);
  return 0;
}
