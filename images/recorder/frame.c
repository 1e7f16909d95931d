/* Frames onto standard output, which is the attach stream. The engine has no descriptor of it. */
#include "recorder.h"
#include <stdarg.h>
#include <sys/uio.h>
#include <time.h>

uint64_t now_ns(void) {
  static uint64_t start;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  uint64_t now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
  if (start == 0) start = now;
  return now - start;
}

/* Blocks while the reader is slow, and the engine with it: a record waits, it is never dropped.
   The sum runs on from frame to frame, so that a frame lost, doubled or moved shows in the next one. */
void frame_write(char type, const void *payload, size_t n) {
  static uint32_t sum;
  unsigned char header[12] = {'p', 'b', (unsigned char)type, 0,
                              (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
  sum = crc32_of(crc32_of(sum, header, 8), payload, n);
  for (int i = 0; i < 4; i++) header[8 + i] = (unsigned char)(sum >> (24 - 8 * i));
  struct iovec parts[2] = {{header, sizeof header}, {(void *)(uintptr_t)payload, n}};
  while (parts[0].iov_len + parts[1].iov_len > 0) {
    ssize_t done = writev(STDOUT_FILENO, parts, 2);
    if (done < 0 && errno == EINTR) continue;
    /* Nobody reads any more: without a reader no engine may go on. */
    if (done < 0) _exit(74);
    for (int i = 0; i < 2; i++) {
      size_t part = (size_t)done < parts[i].iov_len ? (size_t)done : parts[i].iov_len;
      parts[i].iov_base = (char *)parts[i].iov_base + part;
      parts[i].iov_len -= part;
      done -= (ssize_t)part;
    }
  }
}

/* Ends PID 1, and with it the kernel ends every process of the cage: no last frame, so nothing can pass. */
void fatal(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  dprintf(STDERR_FILENO, "proofbox-recorder: ");
  vdprintf(STDERR_FILENO, format, arguments);
  dprintf(STDERR_FILENO, "\n");
  va_end(arguments);
  _exit(code);
}
