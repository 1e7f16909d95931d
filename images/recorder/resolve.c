/* Where a path leads, followed as the call would follow it. The recorder has the same mounts and the same root
   as every caller, because new namespaces and chroot are refused. */
#include "recorder.h"
#include <ctype.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#define MAX_LINKS 40

static bool append(char *path, size_t cap, const char *part, size_t n) {
  size_t have = strlen(path);
  bool slash = have == 0 || path[have - 1] != '/';
  if (have + slash + n + 1 > cap) return false;
  if (slash) path[have++] = '/';
  memcpy(path + have, part, n);
  path[have + n] = '\0';
  return true;
}

/* The parent of an absolute path, never above `floor` (the length of an openat2 root, or 1). */
static void to_parent(char *path, size_t floor) {
  if (strlen(path) <= floor) return;
  char *slash = strrchr(path, '/');
  if (slash == path) path[1] = '\0';
  else *slash = '\0';
}

/* Links under /proc that name no path but a thing: its text is where the thing really is. */
static bool is_magic(const char *path) {
  const char *p = path;
  if (strncmp(p, "/proc/", 6) != 0 || !isdigit((unsigned char)p[6])) return false;
  for (p += 6; isdigit((unsigned char)*p); p++) {}
  if (strncmp(p, "/task/", 6) == 0)
    for (p += 6; isdigit((unsigned char)*p); p++) {}
  if (strncmp(p, "/fd/", 4) == 0 || strncmp(p, "/map_files/", 11) == 0 || strncmp(p, "/ns/", 4) == 0) return true;
  return strcmp(p, "/cwd") == 0 || strcmp(p, "/root") == 0 || strcmp(p, "/exe") == 0;
}

static bool is_nameless(const char *text) { return text[0] != '/' || strncmp(text, "/memfd:", 7) == 0; }

/* /proc/self and /proc/thread-self are the caller's, not the recorder's. */
static const char *own_name(struct caller *c, const char *folder, const char *part, size_t n, char name[48], size_t *length) {
  if (strcmp(folder, "/proc") != 0) return part;
  if (n == 4 && memcmp(part, "self", 4) == 0) *length = (size_t)snprintf(name, 48, "%d", c->tgid);
  else if (n == 11 && memcmp(part, "thread-self", 11) == 0) *length = (size_t)snprintf(name, 48, "%d/task/%d", c->tgid, c->tid);
  else return part;
  return name;
}

static int base_of(struct caller *c, int dir, char *out) {
  ssize_t n = caller_base(c, dir, out, RESOLVED_BYTES);
  return n < 0 ? (int)-n : 0;
}

/* Follows the link `text` found in folder `out->path`; what stood behind it in the path goes on after it. */
static bool follow_link(char *rest, const char *text, const char *after) {
  char joined[RESOLVED_BYTES];
  int n = snprintf(joined, sizeof joined, "%s%s%s", text, *after == '\0' ? "" : "/", after);
  if (n < 0 || (size_t)n >= sizeof joined) return false;
  memcpy(rest, joined, (size_t)n + 1);
  return true;
}

/* Whether the call follows the name before `after`: only the last one of a call that looks up its parent, or that was
   told so, is not followed. */
static bool is_followed(const char *after, unsigned how) {
  bool last = after[strspn(after, "/")] == '\0', slash = last && *after == '/';
  return !last || (how & RS_FOLLOW) || (slash && !(how & RS_PARENT));
}

static void walk(struct caller *c, char *rest, unsigned how, size_t floor, struct place *out) {
  char text[PATH_BYTES];
  int links = 0;
  for (char *at = rest;;) {
    while (*at == '/') at++;
    if (*at == '\0') return;
    size_t n = strcspn(at, "/");
    char *after = at + n;
    if (n == 1 && at[0] == '.') {
      at = after;
      continue;
    }
    if (n == 2 && at[0] == '.' && at[1] == '.') {
      to_parent(out->path, floor);
      at = after;
      continue;
    }
    char name[48];
    size_t length = n;
    const char *part = own_name(c, out->path, at, n, name, &length);
    size_t folder = strlen(out->path);
    if (n > NAME_MAX || !append(out->path, sizeof out->path, part, length)) {
      out->error = ENAMETOOLONG;
      return;
    }
    bool follow = is_followed(after, how);
    if (part != at || !follow) {
      at = after;
      continue;
    }
    bool magic = is_magic(out->path);
    ssize_t got = readlink(out->path, text, sizeof text - 1);
    if (got < 0) {
      if (errno == ENAMETOOLONG) {
        out->error = ENAMETOOLONG;
        return;
      }
      at = after;
      continue;
    }
    text[got] = '\0';
    if (magic) {
      if (is_nameless(text)) {
        snprintf(out->path, sizeof out->path, "%s", text);
        out->nameless = true;
        return;
      }
      snprintf(out->path, sizeof out->path, "%s", text);
      at = after;
      continue;
    }
    if (++links > MAX_LINKS) return;
    out->path[folder] = '\0';
    if (text[0] == '/') out->path[how & RS_IN_ROOT ? floor : 1] = '\0';
    if (!follow_link(rest, text, after)) {
      out->error = ENAMETOOLONG;
      return;
    }
    at = rest;
  }
}

/* True where no name on the way is a link, by one question to the kernel. It opens nothing: a folder cannot be opened to
   write, and what is no folder not as one. A name that is missing, or no folder, ends the way: nothing behind it is a
   link either. Everything else (a link, a folder that may not be searched, a kernel that does not know the call) is
   for the slow way. */
static bool has_no_link(const char *path) {
  struct open_how how = {.flags = O_WRONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  int fd = (int)syscall(__NR_openat2, AT_FDCWD, path, &how, sizeof how);
  if (fd >= 0) close(fd);
  return fd < 0 && (errno == EISDIR || errno == ENOTDIR || errno == ENOENT);
}

/* The roots are mount points on a file system that nobody in the cage can write, and every mount call is refused. */
static bool is_root(const char *path) { return strcmp(path, "/workspace") == 0 || strcmp(path, "/artifacts") == 0; }

/* Behind the folder in out->path, the names of a path as they are; `parent` is how long that is without the last one,
   and *after what stands behind it. False where only a walk can tell. */
static bool join(const char *path, struct place *out, size_t *parent, const char **after) {
  size_t have = strlen(out->path);
  if (have == 1) have = 0;
  *parent = have;
  *after = path;
  for (const char *at = path;;) {
    at += strspn(at, "/");
    size_t n = strcspn(at, "/");
    if (n == 0) return true;
    bool dots = at[0] == '.' && (n == 1 || (n == 2 && at[1] == '.'));
    if ((dots && n == 2) || n > NAME_MAX || have + n + 2 > PATH_BYTES) return false;
    if (!dots) {
      *parent = have;
      out->path[have++] = '/';
      memcpy(out->path + have, at, n);
      have += n;
      out->path[have] = '\0';
      *after = at + n;
    }
    at += n;
  }
}

/* Both names of a rename mostly stand in one folder: within one stop it is asked about once. */
static char asked[RESOLVED_BYTES];

void resolve_begin(void) { asked[0] = '\0'; }

/* A folder that the kernel has just named itself is named without a link. */
static bool is_sure(const char *path, size_t base) {
  if (strlen(path) <= base || is_root(path) || strcmp(path, asked) == 0) return true;
  if (!has_no_link(path)) return false;
  strcpy(asked, path);
  return true;
}

/* The place without a walk, for the many paths that hold no link and no "..": then the text says where it leads.
   False, with out->path as it was, for all others. */
static bool straight(const char *path, unsigned how, struct place *out) {
  size_t base = strlen(out->path), parent;
  const char *after;
  if ((how & RS_IN_ROOT) == 0 && join(path, out, &parent, &after) && !under(out->path, "/proc")) {
    bool whole = is_followed(after, how);
    char last = out->path[parent];
    if (!whole) out->path[parent] = '\0';
    bool sure = is_sure(out->path, base);
    if (!whole) out->path[parent] = last;
    if (sure) return true;
  }
  out->path[base] = '\0';
  return false;
}

void resolve_path(struct caller *c, int dir, const char *path, unsigned how, struct place *out) {
  static char rest[RESOLVED_BYTES];
  out->nameless = false;
  out->error = 0;
  strcpy(out->path, "/");
  size_t floor = 1;
  if (path[0] != '/' || (how & RS_IN_ROOT)) {
    int error = base_of(c, dir, out->path);
    if (error != 0) {
      /* A bad descriptor is the kernel's to refuse; anything else could not be looked at. */
      out->error = error == ENAMETOOLONG ? ENAMETOOLONG : error == ENOENT ? EBADF : EACCES;
      return;
    }
    if (is_nameless(out->path)) {
      out->nameless = true;
      return;
    }
    if (how & RS_IN_ROOT) floor = strlen(out->path);
  }
  if (straight(path, how, out)) return;
  strcpy(rest, path);
  walk(c, rest, how, floor, out);
}

void resolve_fd(struct caller *c, int fd, struct place *out) {
  out->nameless = false;
  out->error = 0;
  int error = base_of(c, fd, out->path);
  if (error != 0) out->error = error == ENAMETOOLONG ? ENAMETOOLONG : error == ENOENT ? EBADF : EACCES;
  else out->nameless = is_nameless(out->path);
}
