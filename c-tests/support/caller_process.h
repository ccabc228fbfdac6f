/* Runs a part of a test as a caller in a process of its own: a caller that is killed, or that changes itself for good.
 *
 *     static void body(void *with) { must(chdir("/") == 0); ... }
 *     assert_in_caller(body, with);                      forks, runs body and waits; or, in two steps:
 *     pid_t pid = fork_caller(body, with);  ...  assert_int_equal(wait_status_of(pid), 0);
 *
 * In that process cmocka's assertions do not work: use must(condition), which prints the condition and exits with 99. */
#ifndef CALLER_PROCESS_H
#define CALLER_PROCESS_H
#include "first_thread.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the forked caller: checks a condition, or exits with 99. */
#define must(condition) ((condition) ? (void)0 : must_fail(#condition, __FILE__, __LINE__))
/* In the forked caller: checks that a call succeeded, or prints the message and exits with 99. */
#define must_start(call, error) must_start_(call, error, __FILE__, __LINE__)

static inline _Noreturn void must_fail(const char *what, const char *file, int line)
{
    printf("# %s:%d: not so: %s (errno %d)\n", file, line, what, errno);
    fflush(stdout);
    _exit(99);
}

static inline void must_start_(int result, const struct forkexec_error *error, const char *file, int line)
{
    if (result)
        must_fail(error->message, file, line);
}

#ifdef __SANITIZE_THREAD__
/* The sanitizer does not see how the library's threads and the caller's synchronize. */
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:libforkexec.so\n";
}
#endif

static inline void *do_nothing(void *unused)
{
    return unused;
}

/* Forks a caller that runs body and exits with 0. It is killed when the test ends. */
static inline pid_t fork_caller(void (*body)(void *), void *with)
{
    fflush(stdout);
    pid_t test = getpid(), pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == test)
        body(with);
    fflush(stdout);
    _exit(0);
}

/* The wait status of the process, which is killed after five minutes. */
static inline int wait_status_of(pid_t pid)
{
    int status = -1;
    for (double end = seconds() + 300; waitpid(pid, &status, WNOHANG) == 0; usleep(1000))
        if (seconds() > end)
            kill(pid, SIGKILL);
    return status;
}

/* Runs body in a forked caller, which must exit with 0. */
#define assert_in_caller(body, with) assert_int_equal(wait_status_of(fork_caller(body, with)), 0)

/* A held child. For the forked caller or the test. */
static inline struct forkexec_child *start_held(const struct forkexec_attr *attr, char *const argv[])
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    if (forkexec_start(attr, argv[0], argv, NULL, &child, &error)) {
        printf("# start: stage %u, %s\n", error.stage, error.message);
        fflush(stdout);
        return NULL;
    }
    return child;
}

/* A holder. The hold must succeed. */
static inline struct forkexec_child *hold_namespaces(const struct forkexec_attr *attr)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    if (forkexec_hold(attr, &child, &error)) {
        printf("# hold: %s\n", error.message);
        fail();
    }
    return child;
}

#define REPORTER(...) ((char *[]){ reporter, __VA_ARGS__, NULL })

/* An ordinary user needs a user namespace to get the others. */
static inline uint32_t and_user(uint32_t types)
{
    return geteuid() == 0 ? types : types | FORKEXEC_NS_USER;
}

static inline void map_own_ids(struct forkexec_attr *attr, uint32_t uid, uint32_t gid)
{
    OK(forkexec_attr_map_uid(attr, uid, geteuid(), 1));
    OK(forkexec_attr_map_gid(attr, gid, getegid(), 1));
}

#endif

/* The execve of a child that was reported as running cannot fail any more, but the kernel may still be in the middle of
 * it. */
static inline bool is_the_reporter(pid_t pid)
{
    for (double end = seconds() + 20; seconds() < end; usleep(1000))
        if (!strcmp(link_of(text("/proc/%d/exe", pid)), reporter))
            return true;
    return false;
}
