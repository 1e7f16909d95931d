/* Verdicts: to which root a place belongs, and what a refused caller is told. */
#include "recorder.h"
#include <ctype.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

const char *const root_names[RT_COUNT] = {"workspace", "artifacts", "device", "kernel", "none"};

bool under(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

bool is_forbidden(const char *path) {
  for (int i = 0; i < opt.forbidden_count; i++)
    if (under(path, opt.forbidden[i])) return true;
  return false;
}

/* Devices every shell writes to. The name alone is not believed: it must be that kind of thing. */
static bool is_harmless_device(const char *path) {
  static const char *const names[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts/ptmx"};
  bool listed = false;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) listed = listed || strcmp(path, names[i]) == 0;
  if (strncmp(path, "/dev/pts/", 9) == 0 && path[9] != '\0' && path[9 + strspn(path + 9, "0123456789")] == '\0') listed = true;
  struct stat st;
  return listed && lstat(path, &st) == 0 && S_ISCHR(st.st_mode);
}

/* A process's own files in /proc; another's are not its own, and PID 1's least of all. */
static bool is_own_proc(const struct caller *c, const char *path) {
  if (strncmp(path, "/proc/", 6) != 0 || !isdigit((unsigned char)path[6])) return false;
  char *end;
  long pid = strtol(path + 6, &end, 10);
  return (*end == '/' || *end == '\0') && pid != 1 && (pid == c->tgid || pid == c->tid);
}

enum root root_of(const struct caller *c, const struct place *p) {
  if (p->error != 0) return RT_NONE;
  if (p->nameless) return RT_DEVICE;
  if (under(p->path, "/workspace")) return RT_WORKSPACE;
  if (under(p->path, "/artifacts")) return RT_ARTIFACTS;
  if (is_harmless_device(p->path)) return RT_DEVICE;
  return is_own_proc(c, p->path) ? RT_KERNEL : RT_NONE;
}

static bool exists(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0;
}

static bool parent_exists(const char *path) {
  char parent[RESOLVED_BYTES];
  snprintf(parent, sizeof parent, "%s", path);
  char *slash = strrchr(parent, '/');
  if (slash == NULL) return false;
  *(slash == parent ? slash + 1 : slash) = '\0';
  return exists(parent);
}

/* EROFS, but where the kernel on this read-only file system would speak of absence or presence first, so do we:
   mkdir -p and its kin rely on it. Every one of these is a refusal. */
int refusal_errno(const struct call *call, const struct place *p, uint32_t open_flags) {
  if (p->error != 0) return p->error;
  bool opens = call->shape == SH_OPEN || call->shape == SH_OPENAT || call->shape == SH_OPENAT2;
  bool creates = (opens && (open_flags & O_CREAT)) || (call->rule & R_FRESH);
  bool fresh = (opens && (open_flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) || (call->rule & R_FRESH);
  if (exists(p->path)) return fresh ? EEXIST : EROFS;
  if (!parent_exists(p->path)) return ENOENT;
  return creates || !(opens || (call->rule & R_EXISTS)) ? EROFS : ENOENT;
}
