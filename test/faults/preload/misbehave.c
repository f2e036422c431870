/*
 * A disk and a clock that misbehave on order: an LD_PRELOAD library that delays or fails the reads, writes and syncs of files
 * below one directory, and shifts the wall clock, as a control file says, which it maps, so that an order is in force at once.
 *
 *   MISBEHAVE_ROOT     directory that the rules are about, absolute
 *   MISBEHAVE_CONTROL  the control file; layout below, little-endian, written by misbehave.ts
 *
 * Of stdio only fwrite_unlocked is seen, LevelDB's way to write. Not seen: mmap, sendfile, io_uring (brokers run with
 * UV_USE_IO_URING=0). The monotonic clock is left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { NONE, WRITE, SYNC, READ };

struct rule {
  _Atomic uint32_t call;  /* written last: NONE is a rule that is not there */
  int32_t error;          /* errno; 0: the call is only delayed */
  uint32_t chance;        /* in a million */
  _Atomic uint32_t times; /* left; UINT32_MAX: no end */
  uint32_t least_us;      /* of the delay */
  uint32_t most_us;
  _Atomic uint32_t struck;
  uint32_t unused;
  char part[96];          /* of the path; empty: every file below the root */
};

struct control {
  uint64_t magic;
  _Atomic int64_t clock_offset_ns;
  struct rule rules[8];
};

#define MAGIC 0x3130454256414853ull
#define MAX_PATH 4096
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char root[MAX_PATH];
static size_t root_length;
static struct control *control;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void) {
  const char *below = getenv("MISBEHAVE_ROOT"), *path = getenv("MISBEHAVE_CONTROL");
  if (below == NULL || path == NULL) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED || ((struct control *)mapped)->magic != MAGIC) {
    fprintf(stderr, "misbehave: %s is no control file\n", path);
    _exit(99);
  }
  syscall(SYS_close, fd);
  snprintf(root, sizeof root, "%s", below);
  root_length = strlen(root);
  control = mapped;
}

/* Below 2^32, of a generator of its own for each thread. */
static uint32_t draw(void) {
  static __thread uint64_t state;
  if (state == 0) state = ((uint64_t)getpid() << 32) ^ (uint64_t)(uintptr_t)&state ^ 0x9e3779b97f4a7c15ull;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 16);
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, MAX_PATH - 1);
  if (length <= (ssize_t)root_length) return 0;
  path[length] = 0;
  return strncmp(path, root, root_length) == 0 && path[root_length] == '/';
}

static int takes_one(struct rule *rule) {
  uint32_t left = atomic_load(&rule->times);
  while (left > 0) {
    if (left == UINT32_MAX || atomic_compare_exchange_weak(&rule->times, &left, left - 1)) return 1;
  }
  return 0;
}

/* The error that the call must fail with, or 0; delays it when a rule says so. */
static int misbehave(int fd, enum call call) {
  char path[MAX_PATH];
  int known = 0;
  if (control == NULL) return 0;
  for (size_t i = 0; i < COUNT(control->rules); i++) {
    struct rule *rule = &control->rules[i];
    if (atomic_load(&rule->call) != call) continue;
    if (!known && !path_of(fd, path)) return 0;
    known = 1;
    if (strstr(path + root_length, rule->part) == NULL) continue;
    if (draw() % 1000000 >= rule->chance || !takes_one(rule)) continue;
    atomic_fetch_add(&rule->struck, 1);
    uint32_t delay_us = rule->least_us;
    if (rule->most_us > rule->least_us) delay_us += draw() % (rule->most_us - rule->least_us);
    if (delay_us > 0) usleep(delay_us);
    if (rule->error != 0) return rule->error;
  }
  return 0;
}

/* errno is left alone by a rule that only delays. */
#define FAILING(fd, call, failed) \
  if (control != NULL) { \
    int before_ = errno, error_ = misbehave(fd, call); \
    errno = error_ != 0 ? error_ : before_; \
    if (error_ != 0) return failed; \
  }

ssize_t write(int fd, const void *data, size_t length) {
  REAL(write);
  FAILING(fd, WRITE, -1);
  return real(fd, data, length);
}

/* A macro, when optimised. */
#undef fwrite_unlocked
size_t fwrite_unlocked(const void *data, size_t size, size_t count, FILE *file) {
  REAL(fwrite_unlocked);
  FAILING(fileno(file), WRITE, 0);
  return real(data, size, count, file);
}

ssize_t read(int fd, void *data, size_t length) {
  REAL(read);
  FAILING(fd, READ, -1);
  return real(fd, data, length);
}

#define VECTOR(name, call) \
  ssize_t name(int fd, const struct iovec *parts, int count) { \
    REAL(name); \
    FAILING(fd, call, -1); \
    return real(fd, parts, count); \
  }
VECTOR(writev, WRITE)
VECTOR(readv, READ)

#define AT(name, call, data_type, offset_type) \
  ssize_t name(int fd, data_type data, size_t length, offset_type offset) { \
    REAL(name); \
    FAILING(fd, call, -1); \
    return real(fd, data, length, offset); \
  }
AT(pwrite, WRITE, const void *, off_t)
AT(pwrite64, WRITE, const void *, off64_t)
AT(pread, READ, void *, off_t)
AT(pread64, READ, void *, off64_t)

#define VECTOR_AT(name, call, offset_type) \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset) { \
    REAL(name); \
    FAILING(fd, call, -1); \
    return real(fd, parts, count, offset); \
  }
VECTOR_AT(pwritev, WRITE, off_t)
VECTOR_AT(pwritev64, WRITE, off64_t)
VECTOR_AT(preadv, READ, off_t)
VECTOR_AT(preadv64, READ, off64_t)

#define VECTOR_AT2(name, call, offset_type) \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset, int flags) { \
    REAL(name); \
    FAILING(fd, call, -1); \
    return real(fd, parts, count, offset, flags); \
  }
VECTOR_AT2(pwritev2, WRITE, off_t)
VECTOR_AT2(pwritev64v2, WRITE, off64_t)
VECTOR_AT2(preadv2, READ, off_t)
VECTOR_AT2(preadv64v2, READ, off64_t)

#define SYNCING(name) \
  int name(int fd) { \
    REAL(name); \
    FAILING(fd, SYNC, -1); \
    return real(fd); \
  }
SYNCING(fsync)
SYNCING(fdatasync)

#define TRUNCATING(name, size_type) \
  int name(int fd, size_type size) { \
    REAL(name); \
    FAILING(fd, WRITE, -1); \
    return real(fd, size); \
  }
TRUNCATING(ftruncate, off_t)
TRUNCATING(ftruncate64, off64_t)

#define ALLOCATING(name, size_type) \
  int name(int fd, int mode, size_type from, size_type length) { \
    REAL(name); \
    FAILING(fd, WRITE, -1); \
    return real(fd, mode, from, length); \
  }
ALLOCATING(fallocate, off_t)
ALLOCATING(fallocate64, off64_t)

/* The wall clock ------------------------------------------------------------------------------------------------------------- */

#define SECOND 1000000000ll

static struct timespec shifted(struct timespec now) {
  int64_t offset = control == NULL ? 0 : atomic_load(&control->clock_offset_ns);
  int64_t ns = (int64_t)now.tv_sec * SECOND + now.tv_nsec + offset;
  return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *now = shifted(*now);
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  REAL(gettimeofday);
  int result = real(now, zone);
  if (result == 0) {
    struct timespec moved = shifted((struct timespec){.tv_sec = now->tv_sec, .tv_nsec = now->tv_usec * 1000});
    *now = (struct timeval){.tv_sec = moved.tv_sec, .tv_usec = moved.tv_nsec / 1000};
  }
  return result;
}

time_t time(time_t *into) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != NULL) *into = now.tv_sec;
  return now.tv_sec;
}
