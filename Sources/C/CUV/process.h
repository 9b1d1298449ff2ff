#ifndef TOOLGATE_CUV_PROCESS_H
#define TOOLGATE_CUV_PROCESS_H
/*
 * What stands between fork and exec, where only C is safe: no allocation, no lock, no runtime. Everything is prepared
 * before the fork; the child makes system calls and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#define TOOLGATE_HAS_LANDLOCK 1
/* O_PATH, which the C library shows only with _GNU_SOURCE; the kernel's number is the same on x86-64 and arm64. */
#define O_PATH_FLAG 010000000
#endif
#endif

/* What the child is; 0 for a limit means none. */
struct toolgate_child {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;      /* NULL: the parent's */
    uint64_t memory_bytes;      /* RLIMIT_AS */
    uint64_t open_files;        /* RLIMIT_NOFILE */
    uint64_t processor_seconds; /* RLIMIT_CPU */
    int ruleset;                /* a landlock ruleset to enter, -1 for none */
};

static inline int toolgate_child_limit(int resource, uint64_t value) {
    struct rlimit limit = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};
    return value == 0 ? 0 : setrlimit(resource, &limit);
}

/* Runs in the child; returns only when something failed, with errno set. */
static inline void toolgate_become(const struct toolgate_child *child, pid_t parent, int report) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    int number;
    /* First of all: 3 is the lifeline until now, and what goes wrong is not to be told there. */
    if (dup2(report, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) < 0) return;
    for (number = 1; number < 32; number++) {
        sigaction(number, &action, NULL); /* KILL and STOP refuse, which is as well */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (setsid() < 0) return;
#ifdef __linux__
    /* Goes with its supervisor even when that is killed; the second look closes the race with a parent that is gone. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return;
    if (getppid() != parent) _exit(127);
#endif
    if (child->directory != NULL && chdir(child->directory) != 0) return;
    if (toolgate_child_limit(RLIMIT_AS, child->memory_bytes) != 0) return;
    if (toolgate_child_limit(RLIMIT_CPU, child->processor_seconds) != 0) return;
    if (toolgate_child_limit(RLIMIT_CORE, 0) != 0) return;
#ifdef __linux__
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
#ifdef TOOLGATE_HAS_LANDLOCK
    if (child->ruleset >= 0 && syscall(SYS_landlock_restrict_self, child->ruleset, 0) != 0) return;
#endif
#endif
    for (number = 4; number < 1024; number++) {
        close(number);
    }
    if (toolgate_child_limit(RLIMIT_NOFILE, child->open_files) != 0) return;
    execve(child->path, child->arguments, child->environment);
}

/* Starts the child; its process id, or -1 with errno when it could not become what it should. */
static inline pid_t toolgate_spawn(const struct toolgate_child *child) {
    int report[2];
    int failure = 0;
    ssize_t count;
    pid_t parent = getpid();
    pid_t pid;
    if (pipe(report) != 0) return -1;
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    pid = fork();
    if (pid == 0) {
        toolgate_become(child, parent, report[1]);
        failure = errno == 0 ? EINVAL : errno;
        count = write(3, &failure, sizeof failure);
        _exit(count < 0 ? 126 : 127);
    }
    if (pid < 0) {
        failure = errno;
        close(report[0]);
        close(report[1]);
        errno = failure;
        return -1;
    }
    close(report[1]);
    do {
        count = read(report[0], &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    close(report[0]);
    if (count == (ssize_t)sizeof failure) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        errno = failure;
        return -1;
    }
    return pid;
}

/* Makes whatever outlives its parent below this process this process's child. */
static inline int toolgate_adopt_orphans(void) {
#ifdef __linux__
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#else
    return 0;
#endif
}

/* A landlock ruleset that lets through only what is added to it; -1 where the kernel offers none. */
static inline int toolgate_landlock_ruleset(void) {
#ifdef TOOLGATE_HAS_LANDLOCK
    struct landlock_ruleset_attr rules = {0};
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return -1;
    rules.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* all of version 1 */
#ifdef LANDLOCK_ACCESS_FS_REFER
    if (version >= 2) rules.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
#endif
    return (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
#else
    errno = ENOSYS;
    return -1;
#endif
}

/* Lets what is beneath `path` be read and run, and written too if `writable`. */
static inline int toolgate_landlock_allow(int ruleset, const char *path, int writable) {
#ifdef TOOLGATE_HAS_LANDLOCK
    struct landlock_path_beneath_attr rule = {0};
    struct stat facts;
    int result;
    int failure;
    rule.parent_fd = open(path, O_PATH_FLAG | O_CLOEXEC);
    if (rule.parent_fd < 0) return -1;
    if (fstat(rule.parent_fd, &facts) != 0) {
        failure = errno;
        close(rule.parent_fd);
        errno = failure;
        return -1;
    }
    rule.allowed_access = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
    if (writable) rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE;
    if (S_ISDIR(facts.st_mode)) {
        rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
        if (writable) rule.allowed_access = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    }
    result = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    failure = errno;
    close(rule.parent_fd);
    errno = failure;
    return result;
#else
    (void)ruleset; (void)path; (void)writable;
    errno = ENOSYS;
    return -1;
#endif
}
#endif
