/* A witness between a program and its disk, preloaded: writes down every change of the files below FAULT_ROOT, and when
   which of them was put on the disk, so that powerloss.py can build what a loss of power would have left.

   Each record of FAULT_TRACE is one line, appended with one write: OP NS PID ..., with CLOCK_MONOTONIC taken behind the
   operation, and before the caller knows of its end; a `write` is followed by its bytes. Paths are relative to the root. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAXIMUM 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int trace = -1;
static char root[PATH_MAX];
static size_t root_length;
/* For each descriptor: 0 not ours, 1 a file, 2 a folder, 3 a file that appends. */
static unsigned char ours[MAXIMUM];
static unsigned long long inodes[MAXIMUM];
static char folders[MAXIMUM / 64][PATH_MAX];
static int folder_of[MAXIMUM];
static int folder_count;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *);
static int (*real_link)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);

static void start(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_link = dlsym(RTLD_NEXT, "link");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    const char *below = getenv("FAULT_ROOT"), *path = getenv("FAULT_TRACE");
    if (below && path && strlen(below) < sizeof root) {
        strcpy(root, below);
        root_length = strlen(root);
        trace = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static void ready(void) { pthread_once(&once, start); }

static unsigned long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long long)t.tv_sec * 1000000000ull + (unsigned long long)t.tv_nsec;
}

/* The part of a path below the root; NULL for any other. */
static const char *below(const char *path) {
    if (trace < 0 || !path || strncmp(path, root, root_length) != 0) return NULL;
    if (path[root_length] == 0) return ".";
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static void record(const void *bytes, size_t count, const char *format, ...) {
    char head[2 * PATH_MAX + 128];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(head, sizeof head, format, arguments);
    va_end(arguments);
    struct iovec parts[2] = {{head, (size_t)length}, {(void *)bytes, count}};
    if (real_writev(trace, parts, count ? 2 : 1) != (ssize_t)((size_t)length + count)) abort();
}

static int opened(const char *path, int flags, mode_t mode) {
    ready();
    const char *name = below(path);
    if (!name) {
        int other = real_open(path, flags, mode);
        if (other >= 0 && other < MAXIMUM) ours[other] = 0;
        return other;
    }
    pthread_mutex_lock(&lock);
    int descriptor = real_open(path, flags, mode);
    int error = errno;
    if (descriptor >= 0 && descriptor < MAXIMUM) {
        struct stat64 status;
        fstat64(descriptor, &status);
        inodes[descriptor] = (unsigned long long)status.st_ino;
        if (S_ISDIR(status.st_mode)) {
            ours[descriptor] = 2;
            folder_of[descriptor] = folder_count;
            strcpy(folders[folder_count], name);
            folder_count = (folder_count + 1) % (MAXIMUM / 64);
        } else {
            ours[descriptor] = (flags & O_APPEND) ? 3 : 1;
            if (flags & O_CREAT)
                record(NULL, 0, "create %llu %d %llu %s\n", now(), getpid(), inodes[descriptor], name);
            if (flags & O_TRUNC)
                record(NULL, 0, "truncate %llu %d %llu 0\n", now(), getpid(), inodes[descriptor]);
        }
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return descriptor;
}

static mode_t mode_of(int flags, va_list arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return opened(path, flags, mode);
}

int close(int descriptor) {
    ready();
    if (descriptor >= 0 && descriptor < MAXIMUM) ours[descriptor] = 0;
    return real_close(descriptor);
}

static int is_file(int descriptor) {
    return trace >= 0 && descriptor >= 0 && descriptor < MAXIMUM && (ours[descriptor] == 1 || ours[descriptor] == 3);
}

static void wrote(int descriptor, off_t at, const void *bytes, ssize_t count) {
    if (count > 0)
        record(bytes, (size_t)count, "write %llu %d %llu %lld %zd\n", now(), getpid(), inodes[descriptor], (long long)at, count);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    ready();
    if (!is_file(descriptor)) return real_write(descriptor, bytes, count);
    pthread_mutex_lock(&lock);
    ssize_t written = real_write(descriptor, bytes, count);
    int error = errno;
    if (written > 0) wrote(descriptor, lseek(descriptor, 0, SEEK_CUR) - written, bytes, written);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

static ssize_t placed(int descriptor, const void *bytes, size_t count, off_t at) {
    ready();
    if (!is_file(descriptor)) return real_pwrite(descriptor, bytes, count, at);
    pthread_mutex_lock(&lock);
    ssize_t written = real_pwrite(descriptor, bytes, count, at);
    int error = errno;
    wrote(descriptor, at, bytes, written);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t at) { return placed(descriptor, bytes, count, at); }
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t at) { return placed(descriptor, bytes, count, at); }

/* Nobody writes files this way here; should somebody begin to, the trace would be wrong without a word. */
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    ready();
    if (is_file(descriptor)) abort();
    return real_writev(descriptor, parts, count);
}

/* What was written before this began is on the disk when it ends; `sync-begin` says where it began. */
static int synchronised(int descriptor, int (*operation)(int)) {
    unsigned char kind = trace >= 0 && descriptor >= 0 && descriptor < MAXIMUM ? ours[descriptor] : 0;
    if (!kind) return operation(descriptor);
    unsigned long long inode = inodes[descriptor];
    char name[PATH_MAX];
    pthread_mutex_lock(&lock);
    unsigned long long began = now();
    if (kind == 2) {
        strcpy(name, folders[folder_of[descriptor]]);
    } else {
        record(NULL, 0, "sync-begin %llu %d %llu\n", began, getpid(), inode);
    }
    pthread_mutex_unlock(&lock);
    int status = operation(descriptor);
    int error = errno;
    if (status == 0) {
        pthread_mutex_lock(&lock);
        if (kind == 2)
            record(NULL, 0, "sync-folder %llu %d %llu %s\n", now(), getpid(), began, name);
        else
            record(NULL, 0, "sync %llu %d %llu %llu\n", now(), getpid(), began, inode);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return status;
}

int fsync(int descriptor) {
    ready();
    return synchronised(descriptor, real_fsync);
}

int fdatasync(int descriptor) {
    ready();
    return synchronised(descriptor, real_fdatasync);
}

static int shortened(int descriptor, off_t length) {
    ready();
    if (!is_file(descriptor)) return real_ftruncate(descriptor, length);
    pthread_mutex_lock(&lock);
    int status = real_ftruncate(descriptor, length);
    int error = errno;
    if (status == 0)
        record(NULL, 0, "truncate %llu %d %llu %lld\n", now(), getpid(), inodes[descriptor], (long long)length);
    pthread_mutex_unlock(&lock);
    errno = error;
    return status;
}

int ftruncate(int descriptor, off_t length) { return shortened(descriptor, length); }
int ftruncate64(int descriptor, off_t length) { return shortened(descriptor, length); }

static int named(const char *operation, int (*function)(const char *, const char *), const char *from, const char *to) {
    const char *source = below(from), *target = below(to);
    if (!source || !target) return function(from, to);
    pthread_mutex_lock(&lock);
    int status = function(from, to);
    int error = errno;
    if (status == 0) record(NULL, 0, "%s %llu %d %s %s\n", operation, now(), getpid(), source, target);
    pthread_mutex_unlock(&lock);
    errno = error;
    return status;
}

int rename(const char *from, const char *to) {
    ready();
    return named("rename", real_rename, from, to);
}

int link(const char *from, const char *to) {
    ready();
    return named("link", real_link, from, to);
}

int unlink(const char *path) {
    ready();
    const char *name = below(path);
    if (!name) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int status = real_unlink(path);
    int error = errno;
    if (status == 0) record(NULL, 0, "unlink %llu %d %s\n", now(), getpid(), name);
    pthread_mutex_unlock(&lock);
    errno = error;
    return status;
}

int mkdir(const char *path, mode_t mode) {
    ready();
    const char *name = below(path);
    int status = real_mkdir(path, mode);
    int error = errno;
    if (name && status == 0) {
        pthread_mutex_lock(&lock);
        record(NULL, 0, "mkdir %llu %d %s\n", now(), getpid(), name);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return status;
}
