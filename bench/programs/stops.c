/* One kind of system call, over and over, timed. Usage: stops KIND COUNT FILE; prints seconds.
   Kinds: write (open a file that is there), refused (open one to write where nobody may), read, getppid. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  const char *kind = argv[1], *file = argv[3];
  long count = atol(argv[2]);
  close(open(file, O_CREAT | O_WRONLY, 0600));
  double began = now();
  for (long i = 0; i < count; i++) {
    int fd = 0;
    if (kind[0] == 'w') fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY);
    else if (strcmp(kind, "read") == 0) fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY);
    else if (strcmp(kind, "refused") == 0 && syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_WRONLY) >= 0) return 1;
    else if (kind[0] == 'g') syscall(SYS_getppid);
    if (fd < 0) return 1;
    if (fd > 0) close(fd);
  }
  printf("seconds %.9f\n", now() - began);
  return 0;
}
