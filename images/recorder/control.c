/* Lines from the harness on standard input, which the engine never has. */
#include "recorder.h"
#include <poll.h>

char stop_reason[32];
static char line[3 * PATH_BYTES + 16];
static size_t have;

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static bool add_forbidden(const char *text) {
  if (opt.forbidden_count == MAX_FORBIDDEN) return false;
  char *path = malloc(strlen(text) + 1), *out = path;
  if (path == NULL) return false;
  while (*text != '\0') {
    if (*text == '%') {
      int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);
      if (low < 0) return false;
      *out++ = (char)(high * 16 + low);
      text += 3;
    } else {
      *out++ = *text++;
    }
  }
  *out = '\0';
  opt.forbidden[opt.forbidden_count++] = path;
  return path[0] == '/';
}

static enum control obey(char *text) {
  if (strcmp(text, "start") == 0) return CT_START;
  if (strncmp(text, "forbid ", 7) == 0) return add_forbidden(text + 7) ? CT_NOTHING : CT_GARBAGE;
  if (strncmp(text, "stop ", 5) == 0) {
    if (strlen(text + 5) >= sizeof stop_reason) return CT_GARBAGE;
    strcpy(stop_reason, text + 5);
    return CT_STOP;
  }
  return CT_GARBAGE;
}

/* One line, if a whole one is there. Bytes are read one by one: nothing is kept for a later reader. */
enum control control_read(void) {
  for (;;) {
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) return CT_NOTHING;
    ssize_t n = read(STDIN_FILENO, line + have, 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return CT_EOF;
    if (line[have] == '\n') {
      line[have] = '\0';
      have = 0;
      enum control result = obey(line);
      if (result != CT_NOTHING) return result;
    } else if (++have == sizeof line) {
      return CT_GARBAGE;
    }
  }
}
