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

/* CRC-32 (ISO-HDLC, as in zlib), half a byte at a time: a loss on the way shows at once, even inside a line. */
static uint32_t checksum(uint32_t sum, const unsigned char *bytes, size_t n) {
  static const uint32_t steps[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                     0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                     0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  sum = ~sum;
  for (size_t i = 0; i < n; i++) {
    sum = steps[(sum ^ bytes[i]) & 15] ^ (sum >> 4);
    sum = steps[(sum ^ (bytes[i] >> 4)) & 15] ^ (sum >> 4);
  }
  return ~sum;
}

/* Blocks while the reader is slow, and the engine with it: a record waits, it is never dropped.
   The sum runs on from frame to frame, so that a frame lost, doubled or moved shows in the next one. */
void frame_write(char type, const void *payload, size_t n) {
  static uint32_t sum;
  unsigned char header[12] = {'p', 'b', (unsigned char)type, 0,
                              (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
  sum = checksum(checksum(sum, header, 8), payload, n);
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
