/* Tests that need a caller of their own: one that is killed, or that changes itself for good. Such a caller is a fork of
 * the test. What it has to say it says with must(), since the test's assertions are not its own. */
#ifndef APART_H
#define APART_H
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

/* In the other process: true, or its end. */
#define must(condition) ((condition) ? (void)0 : must_fail(#condition, __FILE__, __LINE__))
/* In the other process: the call succeeds, or its end with what it says. */
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
/* The library's own threads and its caller's meet in ways that the sanitizer does not see. */
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:libforkexec.so\n";
}
#endif

static inline void *do_nothing(void *unused)
{
    return unused;
}

/* A fork that calls body and then exits with 0. It does not outlive the test. */
static inline pid_t begin_apart(void (*body)(void *), void *with)
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

/* How it ended, as waitpid has it; killed after five minutes. */
static inline int end_of(pid_t pid)
{
    int status = -1;
    for (double end = seconds() + 300; waitpid(pid, &status, WNOHANG) == 0; usleep(1000))
        if (seconds() > end)
            kill(pid, SIGKILL);
    return status;
}

/* All of it: the body comes to its end. */
#define assert_apart(body, with) assert_int_equal(end_of(begin_apart(body, with)), 0)

/* A child that is held, in the other process or in the test. */
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

/* A holder, which must come. */
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

#define WITNESS(...) ((char *[]){ witness, __VA_ARGS__, NULL })

/* An ordinary user gets the namespaces of a test by way of a user namespace. */
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

/* The exec of a child that was reported to run cannot fail any more; the kernel may still be in the middle of it. */
static inline bool is_the_witness(pid_t pid)
{
    for (double end = seconds() + 20; seconds() < end; usleep(1000))
        if (!strcmp(link_of(text("/proc/%d/exe", pid)), witness))
            return true;
    return false;
}
