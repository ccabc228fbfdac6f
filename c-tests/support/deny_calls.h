/* Runs a part of a test in a forked copy in which chosen system calls fail. A seccomp filter cannot be removed and is
 * inherited, so it is only installed in a copy.
 *
 *     static void body(const void *with) { deny((struct denial[]){ { SYS_clone3, ENOSYS, { { 0 } } } }, 1); ... }
 *     in_copy(body, with);             an assertion that fails in the copy fails the test
 *
 * The copy must not skip: check what the test needs before. Only where an emulator installs no filters the test is skipped
 * from there. succeeds_again() runs whole tests of this program again with such a filter. */
#ifndef DENY_CALLS_H
#define DENY_CALLS_H
#include "first_thread.h"
#include "harness.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A condition on the lower 32 bits of an argument; the first has number 0. */
struct condition {
    enum { ANY, IS, IS_NOT } how;
    int argument;
    uint32_t value;
};

/* A call that fails with `code` if all conditions hold. */
struct denial {
    int call;
    int code; /* an errno, or DEADLY */
    struct condition when[3];
};
#define DEADLY (-1)

/* Installs a filter for this process and all its children. */
static inline void deny(const struct denial *list, size_t n)
{
    struct sock_filter program[256];
    unsigned short at = 0;
    program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (; n; n--, list++) {
        unsigned char conditions = 0;
        while (conditions < 3 && list->when[conditions].how)
            conditions++;
        program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)list->call, 0,
            (unsigned char)(2 * conditions + 2));
        for (unsigned char i = 0; i < conditions; i++) {
            struct condition when = list->when[i];
            unsigned char miss = (unsigned char)(2 * (conditions - 1 - i) + 1);
            program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                (unsigned)(offsetof(struct seccomp_data, args) + 8 * (unsigned)when.argument));
            program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, when.value,
                when.how == IS ? 0 : miss, when.how == IS ? miss : 0);
        }
        program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, list->code == DEADLY ? SECCOMP_RET_KILL_PROCESS
            : SECCOMP_RET_ERRNO | (unsigned)list->code);
        program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    }
    program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ at, program })) {
        if (getenv("FORKEXEC_EMULATOR"))
            _exit(NOTHING_DENIED);
        perror("# a filter");
        abort();
    }
}

static inline bool end_one_child(void)
{
    siginfo_t info = { 0 };
    char path[64];
    int pid = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *in = fopen(path, "re");
    if (in && fscanf(in, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    if (in)
        fclose(in);
    return pid && !waitid(P_PID, (id_t)pid, &info, WEXITED | __WALL);
}

/* Forks; returns the copy's pid, or 0 in the copy. */
static inline pid_t begin_copy(void)
{
    fflush(NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t test = getpid(), pid = fork();
    if (pid < 0) {
        perror("# fork");
        abort();
    }
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != test)
            _exit(1);
        alarm(100);
    }
    return pid;
}

/* Whether the copy exited with 0. */
static inline bool end_copy(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        ;
    /* Orphans of the copy are children of this process now. */
    while (end_one_child())
        ;
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    need_denials(status);
    if (status)
        printf("# the copy ended with %s %d\n", WIFEXITED(status) ? "code" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return status == 0;
}

/* A sanitizer allocates memory at any time, and ends the program if that fails. */
static inline void need_no_sanitizer(void)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    skip_because("the sanitizer has memory of its own");
#endif
}

/* Runs body(argument) in a copy; returns whether the copy exited with 0. */
static inline bool succeeds_in_copy(void (*body)(const void *), const void *argument)
{
    pid_t pid = begin_copy();
    if (pid == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        setvbuf(stdout, NULL, _IOLBF, 0);
        body(argument);
        fflush(NULL);
        _exit(0);
    }
    return end_copy(pid);
}

static inline void in_copy(void (*body)(const void *), const void *argument)
{
    assert_true(succeeds_in_copy(body, argument));
}

/* Asks the kernel, not the library. */
static inline bool makes_user_namespaces(void)
{
    int status = 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) != 0);
    waitpid(pid, &status, 0);
    return !status;
}

/* Runs tests of this program again, all or those that match a pattern, in a process that starts with these denials, so that
 * the library sees them from the beginning. Returns whether they succeed; otherwise their output is shown. In that process
 * denied_as() is the name. */
#define DENIED_AS "TEST_DENIED_AS"
static inline const char *denied_as(void)
{
    return getenv(DENIED_AS);
}

static inline bool succeeds_again(const char *name, const struct denial *list, size_t n, const char *tests)
{
    if (n)
        need_unemulated("it takes no seccomp filters");
    FILE *out = tmpfile();
    char line[1024];
    pid_t pid = begin_copy();
    if (pid == 0) {
        dup2(fileno(out), 1);
        dup2(fileno(out), 2);
        setenv(DENIED_AS, name, 1);
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* the leak checker makes a child, and the calls for it may be denied */
        if (n)
            deny(list, n);
        execl("/proc/self/exe", program_invocation_name, tests, NULL);
        _exit(1);
    }
    bool succeeded = end_copy(pid);
    rewind(out);
    while (!succeeded && fgets(line, sizeof line, out))
        if (strncmp(line, "ok ", 3))
            printf("# %s: %s", name, line);
    fclose(out);
    return succeeded;
}

#endif
