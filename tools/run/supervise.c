/* Starts the command, passes signals on to it, and waits for its end or for the time to be up. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)

/* What is passed on. SIGPIPE is blocked so that a reader of the JSON that went away does not end us. */
static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

struct watch {
    const struct run *run;
    struct forkexec_child *child;
    int32_t pid;
    int signals;      /* a signalfd */
    int64_t begin, deadline;
    char held_comm[17]; /* what the child was called before its exec */
};

/* From here on a signal waits to be passed on; before, it ended us, and the library the child. */
static int catch_signals(const struct run *run)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        sigaddset(&set, passed[i]);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGPIPE);
    if (run->terminal)
        sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigdelset(&set, SIGPIPE);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The next signal that is for the command, or 0. The terminal's own reach the whole foreground group without us. */
static int next_signal(const struct watch *watch)
{
    struct signalfd_siginfo info;
    while (read(watch->signals, &info, sizeof info) == sizeof info) {
        bool had_it = info.ssi_code == SI_KERNEL && getpgid(watch->pid) == getpgrp();
        if (info.ssi_signo == SIGCHLD)
            reap_orphans(watch->pid);
        else if (info.ssi_signo == SIGWINCH)
            pass_size_on();
        else if (!had_it)
            return (int)info.ssi_signo;
    }
    return 0;
}

static int64_t at_most(const struct watch *watch, int64_t ns)
{
    int64_t left = watch->deadline - now_ns();
    return left < 0 ? 0 : left < ns ? left : ns;
}

/* Lets the held child go, in slices between which signals and the time are looked at. */
static void release(const struct watch *watch)
{
    struct forkexec_error error;
    if (watch->run->stops) {
        complain("process %d stops before its exec; go on with: kill -CONT %d", watch->pid, watch->pid);
        report_event("stopped", watch->pid);
    }
    for (;;) {
        int result = forkexec_release(watch->child, at_most(watch, 20 * MILLISECOND), &error);
        if (result == 0)
            return;
        if (result != -ETIMEDOUT || error.stage)
            report_failure(&error);
        int signal = next_signal(watch);
        bool late = now_ns() >= watch->deadline;
        if (!signal && !late)
            continue;
        forkexec_close(watch->child);
        if (late)
            report_timeout_before_start();
        report_interrupted(signal);
    }
}

/* The tracee is left as a stopped process that anybody may trace. */
static void detach_at_entry(const struct watch *watch)
{
    int status;
    if (waitpid(watch->pid, &status, __WALL | WUNTRACED) != watch->pid || !WIFSTOPPED(status))
        return;
    if (ptrace(PTRACE_DETACH, watch->pid, NULL, (void *)(intptr_t)SIGSTOP))
        fail(errno, "the command cannot be let go");
    complain("process %d stops at its entry; go on with: kill -CONT %d", watch->pid, watch->pid);
    report_event("stopped", watch->pid);
}

static void read_comm(int32_t pid, char comm[17])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *in = fopen(path, "re");
    size_t n = in ? fread(comm, 1, 16, in) : 0;
    comm[n] = 0;
    if (in)
        fclose(in);
}

/* A held child that a signal ended may have been the command or not, as far as the library can know. The exec gave it
 * another name, which it keeps until it is reaped. */
static int reap(struct watch *watch, struct forkexec_status *status)
{
    char comm[17];
    int result = forkexec_wait(watch->child, 0, FORKEXEC_WAIT_NOREAP, status, sizeof *status);
    if (result)
        return result;
    read_comm(watch->pid, comm);
    result = forkexec_wait(watch->child, 0, 0, status, sizeof *status);
    if (!result && status->ran == FORKEXEC_RAN_UNKNOWN && *comm && *watch->held_comm && strcmp(comm, watch->held_comm))
        status->ran = FORKEXEC_RAN_YES;
    return result;
}

/* By the library's surest way, and then all that is left; what has gained privileges may escape. */
static void kill_all(struct watch *watch, struct forkexec_status *status)
{
    int result = -ETIMEDOUT;
    forkexec_kill_tree(watch->child);
    forkexec_signal(watch->child, SIGKILL);
    for (int64_t end = now_ns() + 10000 * MILLISECOND; result == -ETIMEDOUT && now_ns() < end; usleep(1000))
        result = reap(watch, status);
    if (result || !kill_descendants(10000 * MILLISECOND))
        complain("the time was up, but not all of the command's processes could be killed");
}

/* Returns true when the time was up. */
static bool wait_for_end(struct watch *watch, struct forkexec_status *status)
{
    struct pollfd fds[] = { { watch->signals, POLLIN, 0 }, { forkexec_child_pidfd(watch->child), POLLIN, 0 } };
    for (;;) {
        /* Without pidfds the end is looked for; a negative descriptor is no descriptor to poll(2). */
        int64_t slice = at_most(watch, fds[1].fd < 0 ? 20 * MILLISECOND : 3600 * 1000 * MILLISECOND);
        poll_and_relay(fds, (int)((slice + MILLISECOND - 1) / MILLISECOND));
        for (int signal; (signal = next_signal(watch)) != 0;)
            forkexec_signal(watch->child, signal);
        int result = reap(watch, status);
        if (result == 0)
            return false;
        if (result != -ETIMEDOUT && result != -EINTR)
            fail(-result, "the command cannot be waited for");
        if (now_ns() >= watch->deadline)
            return kill_all(watch, status), true;
    }
}

/* We may be in the background of it by now, where this would stop us. */
static void take_terminal_back(int terminal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTTOU);
    sigprocmask(SIG_BLOCK, &set, NULL);
    tcsetpgrp(terminal, getpgrp());
}

void supervise(const struct run *run, const char *path, char *const argv[])
{
    struct watch watch = { .run = run, .begin = now_ns(), .deadline = INT64_MAX };
    struct forkexec_error error;
    struct forkexec_status status = { .valid = 0 };
    if (run->timeout_ns != FORKEXEC_FOREVER) {
        watch.deadline = watch.begin + run->timeout_ns;
        remember_children();
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
            fail(errno, "what the command starts cannot be kept track of");
    }
    if (forkexec_start(run->attr, path, argv, run->env, &watch.child, &error))
        report_failure(&error);
    watch.pid = forkexec_child_pid(watch.child);
    read_comm(watch.pid, watch.held_comm);
    if ((watch.signals = catch_signals(run)) < 0)
        fail(errno, "signals cannot be read");

    release(&watch);
    watch.pid = forkexec_child_pid(watch.child); /* another, where a pid namespace was joined */
    if (run->traced)
        detach_at_entry(&watch);
    report_event("started", watch.pid);
    if (run->terminal)
        begin_relay(watch.child);
    bool timed_out = wait_for_end(&watch, &status);
    if (run->foreground >= 0)
        take_terminal_back(run->foreground);
    report_end(&status, timed_out, now_ns() - watch.begin);
}
