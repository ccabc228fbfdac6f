/* Spawns the reporter from a fork of the test, whose descriptors, limits and signals a function arranges first.
 *
 *     static void ask(struct forkexec_attr *attr, const void *what) { close(0); OK(forkexec_attr_...); }
 *     const char *heard = spawn_from_fork(mode, ask, what);
 *     assert_said(heard, "fds", "1 2 200", "mode %u", mode);   or assert_failed(heard, stage, code, index, ...)
 *
 * The fork also tells whether its own descriptors, session and terminal are as before. */
#ifndef SPAWN_FROM_FORK_H
#define SPAWN_FROM_FORK_H
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Changes the caller, and fills in the request. */
typedef void arrange(struct forkexec_attr *attr, const void *what);

/* The number of the write end of the pipe in the program. A test may change it, and has to restore it. */
#define OUT_USUALLY 200
static int out_fd = OUT_USUALLY;

/* The request has the program by descriptor, so no path is passed. */
static bool has_exec_fd;

static const uint32_t memory_modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };
#define EACH_MODE(mode) \
    for (const uint32_t *mode = memory_modes; mode < memory_modes + sizeof memory_modes / sizeof *memory_modes; mode++)

enum { NUMBERS = 1100 };

static inline void look_at_fds(int flags[NUMBERS])
{
    for (int fd = 0; fd < NUMBERS; fd++)
        flags[fd] = fcntl(fd, F_GETFD);
}

/* The library keeps its built-in image open from the first child that needs it: that is no change. */
static inline bool are_changed(const int before[NUMBERS], const int after[NUMBERS])
{
    for (int fd = 0; fd < NUMBERS; fd++) {
        char path[64], target[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        bool image = fd > 2 && before[fd] < 0 && after[fd] == FD_CLOEXEC && readlink(path, target, sizeof target - 1) > 0
            && !strncmp(target, "/memfd:forkexec ", 16);
        if (before[fd] != after[fd] && !image)
            return true;
    }
    return false;
}

/* Reports the caller's ids, session and terminal after the spawn. */
static inline void tell_of_caller(int out)
{
    int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    dprintf(out, "caller.pid %d\ncaller.pgid %d\ncaller.sid %d\ncaller.tty %s\n", getpid(), getpgrp(), getsid(0),
        tty < 0 ? "none" : "yes");
    close(tty);
}

static _Noreturn inline void be_the_caller(int out, uint32_t mode, arrange *ask, const void *what, char *const argv[])
{
    static int before[NUMBERS], after[NUMBERS];
    if (dup3(out, out_fd, O_CLOEXEC) != out_fd)
        _exit(100);
    for (int fd = 3; fd < 1024; fd++) /* descriptors of the test program are not part of the caller */
        if (fd != out_fd)
            close(fd);
    struct forkexec_attr *attr = forkexec_attr_new();
    char number[32];
    snprintf(number, sizeof number, "REPORTER_FD=%d", out_fd);
    forkexec_attr_set_memory_mode(attr, mode);
    forkexec_attr_map_fd(attr, out_fd, out_fd);
    ask(attr, what);

    look_at_fds(before);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    int result = try_start(attr, has_exec_fd ? NULL : reporter, argv, (char *[]){ number, NULL }, &child, &error);
    if (result)
        dprintf(out_fd, "failed stage %u code %d index %d: %s\n", error.stage, error.code, error.index, error.message);
    else {
        struct forkexec_status status = { 0 };
        do
            result = forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
        while (result == -EINTR);
        /* If the caller ignores SIGCHLD, the kernel reaps its children. */
        dprintf(out_fd, "ended %d\n", result == -ECHILD && signal(SIGCHLD, SIG_IGN) == SIG_IGN ? 0
            : result ? result : status.wait_status);
    }
    forkexec_close(child);
    look_at_fds(after);
    if (are_changed(before, after))
        dprintf(out_fd, "changed the caller\n");
    tell_of_caller(out_fd);
    forkexec_attr_free(attr);
    _exit(0);
}

/* Everything that was reported. Valid until the end of the test. */
static inline const char *hear(int from)
{
    size_t size = 0, room = 1 << 20;
    char *all = malloc(room);
    for (ssize_t n; size < room - 1 && (n = read(from, all + size, room - 1 - size)) > 0;)
        size += (size_t)n;
    all[size] = 0;
    close(from);
    const char *kept = text("%s", all);
    free(all);
    return kept;
}

static inline const char *spawn_from_fork_with(uint32_t mode, arrange *ask, const void *what, char *const argv[])
{
    int pair[2], status;
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (!pid)
        be_the_caller(pair[1], mode, ask, what, argv);
    close(pair[1]);
    const char *heard = hear(pair[0]);
    waitpid(pid, &status, 0);
    need_denials(status);
    assert_int_equal(status, 0);
    return heard;
}

static inline const char *spawn_from_fork(uint32_t mode, arrange *ask, const void *what)
{
    return spawn_from_fork_with(mode, ask, what, (char *[]){ reporter, NULL });
}

/* The value of a key, or NULL. */
static inline const char *said(const char *heard, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = heard; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (!strncmp(line, key, length) && line[length] == ' ')
            return text("%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
    return NULL;
}

/* The reporter ran and has this value, and the caller is unchanged. */
#define assert_said(heard, key, value, ...) assert_said_(heard, key, value, text(__VA_ARGS__), __FILE__, __LINE__)
static inline void assert_said_(const char *heard, const char *key, const char *value, const char *when,
    const char *file, int line)
{
    const char *failure = said(heard, "failed"), *is = said(heard, key);
    if (failure)
        printf("# %s: it failed: %s\n", when, failure);
    assert_string_equal_or_null(said(heard, "changed"), NULL, text("%s: changed", when), file, line);
    assert_string_equal_or_null(said(heard, "ended"), "0", text("%s: the end", when), file, line);
    assert_string_equal_or_null(is, value, text("%s: %s", when, key), file, line);
}

/* The spawn failed with this stage, errno and index. */
#define assert_failed(heard, stage, code, index, ...) \
    assert_failed_(heard, text("stage %d code %d index %d:", stage, code, index), text(__VA_ARGS__), __FILE__, __LINE__)
static inline void assert_failed_(const char *heard, const char *how, const char *when, const char *file, int line)
{
    const char *failure = said(heard, "failed");
    bool so = failure && !strncmp(failure, how, strlen(how)) && !said(heard, "changed") && !said(heard, "uid");
    assert_string_equal_or_null(so ? how : failure ? failure : "no failure", how, when, file, line);
}

/* Opens a separate file at this number: number N is FOLDER/N. */
static inline void open_at(const char *folder, int number, int flags)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%d", folder, number);
    int fd = open(path, O_RDWR | O_CREAT | flags, 0666);
    if (fd >= 0 && fd != number) {
        dup3(fd, number, flags & O_CLOEXEC);
        close(fd);
    }
    if (fcntl(number, F_GETFD) < 0)
        _exit(101);
}

#endif
