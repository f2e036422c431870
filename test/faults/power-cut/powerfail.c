/*
 * A disk that forgets: an LD_PRELOAD library that notes how to undo everything a process writes below one directory, and
 * what the process has made durable with fsync or fdatasync since. After all processes are killed, undo.ts takes back a
 * random part of what was not durable, as a power cut does (the model of ALICE and LazyFS).
 *
 *   POWERFAIL_ROOT     directory to watch, absolute
 *   POWERFAIL_JOURNAL  file to append to; format below, little-endian, read by journal.ts
 *   POWERFAIL_STASH    directory on the same file system where removed and replaced files are kept as hard links
 *   POWERFAIL_IGNORE_SYNC=1  a disk that lies: fsync succeeds and makes nothing durable (the negative control)
 *
 * An entry is written before its operation, a sync's end after it. So an entry whose operation did not happen is possible (its
 * undoing changes nothing), an operation without an entry is not. Of stdio only what LevelDB writes with is seen: fopen for
 * writing and fwrite_unlocked. Not seen: mmap, sendfile, copy_file_range, io_uring (brokers run with UV_USE_IO_URING=0), and
 * renames of directories.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, TRUNCATE, SYNC_BEGIN, SYNC_END, CREATE, RENAME, UNLINK, MKDIR };

/* Followed by the path, the second path and the pre-image. */
struct entry {
  uint32_t magic;
  uint32_t kind;
  uint64_t inode;     /* of the file; of the directory for a sync of one */
  uint64_t offset;    /* WRITE: first byte; TRUNCATE: new size; SYNC_*: number of the sync */
  uint64_t old_size;  /* of the file before the operation */
  uint32_t path_length;
  uint32_t other_length;
  uint64_t data_length;
};

#define MAGIC 0x4a504631u
#define MAX_FDS 65536
#define MAX_PATH 4096
#define MAX_PREIMAGE (256u << 20)

static char root[MAX_PATH];
static size_t root_length;
static char stash[MAX_PATH];
static int journal = -1;
static int ignores_sync;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t syncs;
static uint64_t stashed;
/* 1: a file or directory below the root is open there. */
static unsigned char watched[MAX_FDS];

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void) {
  const char *from = getenv("POWERFAIL_ROOT"), *to = getenv("POWERFAIL_JOURNAL"), *keep = getenv("POWERFAIL_STASH");
  if (from == NULL || to == NULL || keep == NULL) return;
  snprintf(root, sizeof root, "%s", from);
  snprintf(stash, sizeof stash, "%s", keep);
  ignores_sync = getenv("POWERFAIL_IGNORE_SYNC") != NULL;
  journal = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (journal < 0) {
    fprintf(stderr, "powerfail: cannot open the journal %s\n", to);
    _exit(99);
  }
  syncs = (uint64_t)getpid() << 32;
  root_length = strlen(root);
}

static int is_watched(int fd) { return journal >= 0 && fd >= 0 && fd < MAX_FDS && watched[fd]; }

static int is_below(const char *path) {
  return journal >= 0 && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* The path made absolute; only "relative to the working directory" is known here, which is what node and LevelDB use. */
static const char *absolute(const char *path, char *buffer) {
  if (path[0] == '/') return path;
  char cwd[MAX_PATH];
  if (getcwd(cwd, sizeof cwd) == NULL) return path;
  snprintf(buffer, MAX_PATH, "%.2000s/%.2000s", cwd, path);
  return buffer;
}

static void append(struct entry entry, const char *path, const char *other, const void *data) {
  entry.magic = MAGIC;
  entry.path_length = path == NULL ? 0 : (uint32_t)strlen(path);
  entry.other_length = other == NULL ? 0 : (uint32_t)strlen(other);
  struct iovec parts[] = {{&entry, sizeof entry},
                          {(void *)path, entry.path_length},
                          {(void *)other, entry.other_length},
                          {(void *)data, entry.data_length}};
  size_t total = sizeof entry + entry.path_length + entry.other_length + entry.data_length;
  long written = syscall(SYS_writev, journal, parts, 4);
  if (written != (long)total) {
    fprintf(stderr, "powerfail: the journal cannot be written: %s\n", strerror(errno));
    _exit(99);
  }
}

/* Notes what [from, to) of the file holds before it is overwritten or cut off. */
static void note_change(int fd, enum kind kind, uint64_t from, uint64_t to) {
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return;
  uint64_t size = (uint64_t)st.st_size, end = to < size ? to : size;
  uint64_t length = end > from ? end - from : 0;
  char *data = NULL;
  if (length > 0) {
    char link[64];
    if (length > MAX_PREIMAGE || (data = malloc(length)) == NULL) _exit(99);
    /* Opened anew, for the descriptor may be open for writing only. */
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int reader = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
    long got = reader < 0 ? -1 : syscall(SYS_pread64, reader, data, length, from);
    if (reader >= 0) syscall(SYS_close, reader);
    if (got != (long)length) _exit(99);
  }
  struct entry entry = {.kind = kind, .inode = st.st_ino, .offset = from, .old_size = size, .data_length = length};
  append(entry, NULL, NULL, data);
  free(data);
}

static uint64_t position_of(int fd) {
  struct stat st;
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_APPEND) && fstat(fd, &st) == 0) return (uint64_t)st.st_size;
  off_t at = lseek(fd, 0, SEEK_CUR);
  return at < 0 ? 0 : (uint64_t)at;
}

static uint64_t length_of(const struct iovec *parts, int count) {
  uint64_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  return length;
}

#define CHANGING(fd, from, length, call) \
  if (!is_watched(fd)) return call; \
  pthread_mutex_lock(&lock); \
  uint64_t at_ = (from); \
  note_change(fd, WRITE, at_, at_ + (length)); \
  __typeof__(call) result_ = call; \
  int errno_ = errno; \
  pthread_mutex_unlock(&lock); \
  errno = errno_; \
  return result_

ssize_t write(int fd, const void *data, size_t length) {
  REAL(write);
  CHANGING(fd, position_of(fd), length, real(fd, data, length));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  CHANGING(fd, position_of(fd), length_of(parts, count), real(fd, parts, count));
}

#define PWRITE(name, offset_type) \
  ssize_t name(int fd, const void *data, size_t length, offset_type offset) { \
    REAL(name); \
    CHANGING(fd, (uint64_t)offset, length, real(fd, data, length, offset)); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, offset_type) \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset) { \
    REAL(name); \
    CHANGING(fd, (uint64_t)offset, length_of(parts, count), real(fd, parts, count, offset)); \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define PWRITEV2(name, offset_type) \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset, int flags) { \
    REAL(name); \
    uint64_t from = offset < 0 ? position_of(fd) : (uint64_t)offset; \
    CHANGING(fd, from, length_of(parts, count), real(fd, parts, count, offset, flags)); \
  }
PWRITEV2(pwritev2, off_t)
PWRITEV2(pwritev64v2, off64_t)

#define FTRUNCATE(name, size_type) \
  int name(int fd, size_type size) { \
    REAL(name); \
    if (!is_watched(fd)) return real(fd, size); \
    pthread_mutex_lock(&lock); \
    note_change(fd, TRUNCATE, (uint64_t)size, UINT64_MAX); \
    int result = real(fd, size); \
    pthread_mutex_unlock(&lock); \
    return result; \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

static uint64_t note_sync(int fd, enum kind kind, uint64_t number) {
  struct stat st;
  if (fstat(fd, &st) != 0) return 0;
  pthread_mutex_lock(&lock);
  if (number == 0) number = ++syncs;
  append((struct entry){.kind = kind, .inode = st.st_ino, .offset = number}, NULL, NULL, NULL);
  pthread_mutex_unlock(&lock);
  return number;
}

#define SYNC(name) \
  int name(int fd) { \
    REAL(name); \
    if (!is_watched(fd)) return real(fd); \
    uint64_t number = ignores_sync ? 0 : note_sync(fd, SYNC_BEGIN, 0); \
    int result = real(fd); \
    if (result == 0 && number != 0) note_sync(fd, SYNC_END, number); \
    return result; \
  }
SYNC(fsync)
SYNC(fdatasync)

static int opened(int fd) {
  if (fd >= 0 && fd < MAX_FDS) watched[fd] = 1;
  return fd;
}

/* Notes a new file, or the content that O_TRUNC is about to drop. The entry of a new file can only follow its creation. */
static int open_below(int fd, int existed, const char *path) {
  struct stat st;
  if (fd < 0) return fd;
  if (!existed && fstat(fd, &st) == 0) append((struct entry){.kind = CREATE, .inode = st.st_ino}, path, NULL, NULL);
  return opened(fd);
}

static void note_dropped_content(const char *path) {
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return;
  note_change(fd, TRUNCATE, 0, UINT64_MAX);
  syscall(SYS_close, fd);
}

static int open_any(int directory, const char *path, int flags, mode_t mode) {
  char buffer[MAX_PATH];
  const char *full = directory == AT_FDCWD ? absolute(path, buffer) : path;
  if (!is_below(full)) return (int)syscall(SYS_openat, directory, path, flags, mode);
  if (!(flags & (O_CREAT | O_TRUNC))) return opened((int)syscall(SYS_openat, directory, path, flags, mode));
  struct stat st;
  pthread_mutex_lock(&lock);
  int existed = stat(full, &st) == 0;
  if (existed && (flags & O_TRUNC) && !(flags & O_EXCL)) note_dropped_content(full);
  int fd = open_below((int)syscall(SYS_openat, directory, path, flags, mode), existed, full);
  int saved = errno;
  pthread_mutex_unlock(&lock);
  errno = saved;
  return fd;
}

#define OPEN_MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

int open(const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int directory, const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(directory, path, flags, mode); }
int openat64(int directory, const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(directory, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
  REAL(close);
  if (fd >= 0 && fd < MAX_FDS) watched[fd] = 0;
  return real(fd);
}

/* Streams for writing get a descriptor of ours, and what is written to them goes to it at once. */
static FILE *open_stream(const char *path, const char *mode, FILE *(*real)(const char *, const char *)) {
  char buffer[MAX_PATH];
  if (!is_below(absolute(path, buffer)) || mode[0] == 'r') return real(path, mode);
  int flags = O_CREAT | O_CLOEXEC | (strchr(mode, '+') ? O_RDWR : O_WRONLY) | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
  int fd = open_any(AT_FDCWD, path, flags, 0666);
  return fd < 0 ? NULL : fdopen(fd, mode);
}

FILE *fopen(const char *path, const char *mode) {
  REAL(fopen);
  return open_stream(path, mode, real);
}

FILE *fopen64(const char *path, const char *mode) {
  REAL(fopen64);
  return open_stream(path, mode, real);
}

/* A macro, when optimised. */
#undef fwrite_unlocked
size_t fwrite_unlocked(const void *data, size_t size, size_t count, FILE *file) {
  REAL(fwrite_unlocked);
  int fd = fileno(file);
  if (!is_watched(fd)) return real(data, size, count, file);
  size_t length = size * count, done = 0;
  while (done < length) {
    ssize_t written = write(fd, (const char *)data + done, length - done);
    if (written < 0 && errno != EINTR) break;
    if (written > 0) done += (size_t)written;
  }
  return size == 0 ? 0 : done / size;
}

int fclose(FILE *file) {
  REAL(fclose);
  int fd = fileno(file);
  if (fd >= 0 && fd < MAX_FDS) watched[fd] = 0;
  return real(file);
}

/* Keeps a second name of a file that is about to lose its only one. Empty when there is nothing to keep. */
static void keep(const char *path, char *kept, uint64_t *inode) {
  struct stat st;
  kept[0] = 0;
  *inode = 0;
  if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) return;
  *inode = st.st_ino;
  snprintf(kept, MAX_PATH, "%.2000s/%d-%llu", stash, (int)getpid(), (unsigned long long)++stashed);
  if (link(path, kept) != 0) kept[0] = 0;
}

int unlink(const char *path) {
  REAL(unlink);
  char buffer[MAX_PATH], kept[MAX_PATH];
  const char *full = absolute(path, buffer);
  struct entry entry = {.kind = UNLINK};
  if (!is_below(full)) return real(path);
  pthread_mutex_lock(&lock);
  keep(full, kept, &entry.inode);
  if (kept[0] != 0) append(entry, full, kept, NULL);
  int result = real(path), saved = errno;
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

/* The pre-image of a rename is the name of what it replaces: the stash's link, if there was such a file. */
int rename(const char *from, const char *to) {
  REAL(rename);
  char buffer[MAX_PATH], other[MAX_PATH], kept[MAX_PATH];
  const char *source = absolute(from, buffer), *target = absolute(to, other);
  struct stat st;
  uint64_t replaced;
  if (!is_below(source) || stat(source, &st) != 0 || !S_ISREG(st.st_mode)) return real(from, to);
  pthread_mutex_lock(&lock);
  keep(target, kept, &replaced);
  append((struct entry){.kind = RENAME, .inode = st.st_ino, .data_length = strlen(kept)}, source, target, kept);
  int result = real(from, to), saved = errno;
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  char buffer[MAX_PATH];
  const char *full = absolute(path, buffer);
  int result = real(path, mode), saved = errno;
  if (result == 0 && is_below(full)) {
    pthread_mutex_lock(&lock);
    append((struct entry){.kind = MKDIR}, full, NULL, NULL);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
  return result;
}
