/* The floor (bare system calls), and the ways of libc. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

/* One stack for each thread: in the case `threads` there are two children at once. */
static _Thread_local char stack[32768] __attribute__((aligned(16)));

static int execute(void *unused)
{
    (void)unused;
    execve(tiny, tiny_argv, no_environ);
    _exit(127);
}

static void finish(pid_t pid, double start, struct times *times)
{
    times->returned = now() - start;
    must(pid > 0, "spawn");
    must_have_exited(pid);
    times->total = now() - start;
}

/* The three system calls that every spawn needs. It blocks no signals, closes no descriptors, and does not notice a failed
 * exec. */
void spawn_floor(enum what what, struct times *times)
{
    (void)what;
    double start = now();
    finish(clone(execute, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL), start, times);
}

/* The same with a pidfd of the child, which is closed at the end. */
void spawn_floor_pidfd(enum what what, struct times *times)
{
    int pidfd = -1;

    (void)what;
    double start = now();
    pid_t pid = clone(execute, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, NULL, &pidfd);
    times->returned = now() - start;
    must(pid > 0, "spawn with a pidfd");
    must_have_exited(pid);
    close(pidfd);
    times->total = now() - start;
}

void spawn_posix(enum what what, struct times *times)
{
    pid_t pid;

    (void)what;
    double start = now();
    errno = posix_spawn(&pid, tiny, NULL, NULL, tiny_argv, no_environ);
    finish(errno ? -1 : pid, start, times);
}

void spawn_vfork(enum what what, struct times *times)
{
    (void)what;
    double start = now();
    pid_t pid = vfork();
    if (pid == 0) {
        execve(tiny, tiny_argv, no_environ);
        _exit(127);
    }
    finish(pid, start, times);
}

void spawn_fork(enum what what, struct times *times)
{
    (void)what;
    double start = now();
    pid_t pid = fork();
    if (pid == 0)
        execute(NULL);
    finish(pid, start, times);
}
