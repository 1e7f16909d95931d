/* Two threads that open files to write as fast as they can. Usage: flood COUNT FOLDER; each thread opens COUNT files,
   every one by a name of its own, and the number of attempts that were made is printed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long count;
static const char *folder;

static void *flood(void *name) {
  long made = 0;
  for (long i = 0; i < count; i++) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s%ld", folder, (const char *)name, i);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    made++;
    if (fd < 0) continue;
    close(fd);
    /* Counts as well: nothing may pile up either. */
    unlink(path);
    made++;
  }
  return (void *)made;
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  count = atol(argv[1]);
  folder = argv[2];
  pthread_t one, two;
  void *first, *second;
  if (pthread_create(&one, NULL, flood, "a") != 0 || pthread_create(&two, NULL, flood, "b") != 0) return 1;
  pthread_join(one, &first);
  pthread_join(two, &second);
  printf("made %ld\n", (long)first + (long)second);
  return 0;
}
