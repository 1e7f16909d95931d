/* The first frame: what PID 1 sees of its own cage, raw, before anything else runs in it. */
#include "recorder.h"
#include <dirent.h>
#include <grp.h>
#include <sys/utsname.h>

extern char **environ;

static char bytes[1 << 20];
static char namespace_bytes[8192];
static struct buf namespaces = {.at = namespace_bytes, .cap = sizeof namespace_bytes};

static void put_file(struct buf *b, const char *key, const char *path) {
  static char text[256 * 1024];
  size_t have = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  for (ssize_t n = 1; fd >= 0 && n > 0 && have < sizeof text; have += n > 0 ? (size_t)n : 0)
    n = read(fd, text + have, sizeof text - have);
  if (fd >= 0) close(fd);
  /* Half a mount table would hide the other half. */
  if (have == sizeof text) fatal(72, "%s is longer than expected", path);
  put_key(b, key);
  put_string(b, text, have);
}

static void put_list(struct buf *b, const char *key, char *const *items) {
  put_key(b, key);
  put_char(b, '[');
  for (size_t i = 0; items[i] != NULL; i++) {
    if (i > 0) put_char(b, ',');
    put_string(b, items[i], strlen(items[i]));
  }
  put_char(b, ']');
}

static void put_links(struct buf *b, const char *key, const char *folder) {
  char path[512], target[512];
  DIR *dir = opendir(folder);
  put_key(b, key);
  put_char(b, '{');
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n < 0) continue;
    target[n] = '\0';
    put_key_string(b, entry->d_name, target);
  }
  if (dir != NULL) closedir(dir);
  put_char(b, '}');
}

static void put_identity(struct buf *b) {
  gid_t groups[256];
  int count = getgroups(256, groups);
  put_key_int(b, "pid", getpid());
  put_key_int(b, "uid", getuid());
  put_key_int(b, "gid", getgid());
  put_key(b, "groups");
  put_char(b, '[');
  for (int i = 0; i < count; i++) {
    if (i > 0) put_char(b, ',');
    put_int(b, groups[i]);
  }
  put_char(b, ']');
}

static void put_system(struct buf *b) {
  struct utsname u;
  uname(&u);
  put_key_string(b, "hostname", u.nodename);
  put_key(b, "uname");
  put_char(b, '{');
  put_key_string(b, "sysname", u.sysname);
  put_key_string(b, "release", u.release);
  put_key_string(b, "version", u.version);
  put_key_string(b, "machine", u.machine);
  put_char(b, '}');
  int scope = -1, fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
  char digit;
  if (fd >= 0 && read(fd, &digit, 1) == 1) scope = digit - '0';
  if (fd >= 0) close(fd);
  put_key(b, "ptrace_scope");
  if (scope < 0) put_raw(b, "null");
  else put_int(b, scope);
}

/* An unreadable process cannot list its own namespaces either: asked before PID 1 becomes one. */
void hello_prepare(void) { put_links(&namespaces, "namespaces", "/proc/self/ns"); }

void hello_send(const struct engine *e) {
  struct buf b = {.at = bytes, .cap = sizeof bytes};
  char cwd[PATH_BYTES];
  put_char(&b, '{');
  put_key_string(&b, "schema", "proofbox.hello/v1");
  put_key_string(&b, "nonce", opt.nonce);
  put_identity(&b);
  put_system(&b);
  put_list(&b, "argv", opt.argv);
  put_list(&b, "env", environ);
  put_key_string(&b, "cwd", getcwd(cwd, sizeof cwd) == NULL ? "" : cwd);
  put_file(&b, "mountinfo", "/proc/self/mountinfo");
  put_file(&b, "status", "/proc/self/status");
  put_file(&b, "limits", "/proc/self/limits");
  put_file(&b, "net_dev", "/proc/net/dev");
  put_file(&b, "cgroup", "/proc/self/cgroup");
  put_file(&b, "uid_map", "/proc/self/uid_map");
  put_file(&b, "security_label", "/proc/self/attr/current");
  put_char(&b, ',');
  put_bytes(&b, namespaces.at, namespaces.len);
  put_links(&b, "fds", "/proc/self/fd");
  put_key(&b, "kernel");
  put_raw(&b, e->wait_killable ? "{\"wait_killable\":true," : "{\"wait_killable\":false,");
  put_raw(&b, e->sync_wakeup ? "\"sync_wakeup\":true}" : "\"sync_wakeup\":false}");
  if (e->listener < 0) {
    put_key(&b, "degraded");
    put_raw(&b, "true");
  }
  put_key(&b, "self_test");
  selftest_json(&b, e->listener >= 0);
  put_char(&b, '}');
  if (b.overflow || namespaces.overflow) fatal(72, "the first frame is longer than its buffer");
  frame_write('H', b.at, b.len);
}
