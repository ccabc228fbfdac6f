/* Starts the command, passes signals on to it, and waits for its end or for the time to be up. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
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
    bool tracks;             /* orphans come to us */
    bool is_piped;
    enum end_reason reason;  /* why we end it; OF_ITSELF: we do not */
    int64_t interrupted;     /* when a SIGINT came; 0: none has */
    char held_comm[17]; /* what the child was called before its exec */
};

/* We may be in the background of it, where this would stop us. */
static void give_terminal_to(int terminal, pid_t group)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTTOU);
    sigprocmask(SIG_BLOCK, &set, NULL);
    tcsetpgrp(terminal, group);
}

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

/* Whether the command got the signal without us. The terminal's own reach the whole foreground group; but when a terminal
 * is gone, SIGHUP reaches the leader of the session alone. */
static bool had_signal(const struct watch *watch, const struct signalfd_siginfo *info)
{
    bool is_for_leader = info->ssi_signo == SIGHUP && getsid(0) == getpid();
    return info->ssi_code == SI_KERNEL && !is_for_leader && getpgid(watch->pid) == getpgrp();
}

/* The next signal, or 0. */
static int next_signal(const struct watch *watch, bool *had_it)
{
    struct signalfd_siginfo info;
    while (read(watch->signals, &info, sizeof info) == sizeof info) {
        *had_it = had_signal(watch, &info);
        if (info.ssi_signo == SIGWINCH)
            pass_size_on();
        else if (info.ssi_signo != SIGCHLD)
            return (int)info.ssi_signo;
        else
            reap_orphans(watch->pid);
    }
    return 0;
}

static int64_t at_most(const struct watch *watch, int64_t ns)
{
    int64_t left = watch->deadline - now_ns();
    return left < 0 ? 0 : left < ns ? left : ns;
}

/* Lets the held child go, in slices between which signals and the time are looked at. */
static void release(struct watch *watch)
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
        bool had_it = false;
        int signal = next_signal(watch, &had_it);
        if (signal == SIGINT)
            watch->interrupted = now_ns();
        bool late = now_ns() >= watch->deadline;
        if ((!signal || had_it) && !late)
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
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, comm, 16);
    comm[n < 0 ? 0 : n] = 0;
    if (fd >= 0)
        close(fd);
}

/* A held child that a signal ended may have been the command or not, as far as the library can know. The exec gave it
 * another name, which it keeps until it is reaped. */
static int reap(struct watch *watch, struct forkexec_status *status)
{
    char comm[17] = "";
    int result = forkexec_wait(watch->child, 0, FORKEXEC_WAIT_NOREAP, status, sizeof *status);
    if (result)
        return result;
    if (status->ran == FORKEXEC_RAN_UNKNOWN)
        read_comm(watch->pid, comm);
    result = forkexec_wait(watch->child, 0, 0, status, sizeof *status);
    if (!result && status->ran == FORKEXEC_RAN_UNKNOWN && *comm && *watch->held_comm && strcmp(comm, watch->held_comm))
        status->ran = FORKEXEC_RAN_YES;
    return result;
}

/* By the library's surest way, and then all that is left; what has gained privileges may escape. */
static void kill_all(struct watch *watch, bool has_ended, struct forkexec_status *status)
{
    int result = has_ended ? 0 : -ETIMEDOUT;
    forkexec_kill_tree(watch->child);
    if (!has_ended)
        forkexec_signal(watch->child, SIGKILL);
    for (int64_t end = now_ns() + 10000 * MILLISECOND; result == -ETIMEDOUT && now_ns() < end; usleep(1000))
        result = reap(watch, status);
    if (result || !kill_descendants(10000 * MILLISECOND))
        complain("not all of the command's processes could be killed");
}

/* Orphans come to us from now on, so that none can leave the tree. */
static void keep_track(struct watch *watch, int32_t child)
{
    if (watch->tracks)
        return;
    watch->tracks = true;
    remember_children(child);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
        fail(errno, "what the command starts cannot be kept track of");
}

/* Asks all to end. By the library, and one by one where it knows no way. */
static void ask_to_end(const struct watch *watch)
{
    if (forkexec_signal_tree(watch->child, SIGTERM) == -EOPNOTSUPP)
        signal_descendants(SIGTERM);
}

/* Returns true when the command is to be killed now. */
static bool end_for(struct watch *watch, enum end_reason reason)
{
    bool is_asked = watch->reason != OF_ITSELF;
    watch->reason = is_asked ? watch->reason : reason;
    if (is_asked || reason == BY_INTERRUPT || reason == BY_OUTPUT || !watch->run->grace_ns)
        return true;
    ask_to_end(watch);
    watch->deadline = now_ns() + watch->run->grace_ns;
    return false;
}

/* Returns true for the second Ctrl-C in short order. */
static bool pass_on(struct watch *watch, int signal, bool had_it)
{
    if (!had_it)
        forkexec_signal(watch->child, signal);
    if (signal != SIGINT)
        return false;
    bool is_second = watch->interrupted && now_ns() - watch->interrupted < 2000 * MILLISECOND;
    keep_track(watch, watch->pid);
    watch->interrupted = now_ns();
    return is_second;
}

enum { SIGNALS, CHILD, LEARNING, TERMINAL, OUTPUT = TERMINAL + TERMINAL_FDS, ALL_FDS = OUTPUT + OUTPUT_FDS };

/* Waits until something happens or the time is up, and moves what the command wrote. */
static void sleep_until(const struct watch *watch, int64_t until)
{
    struct pollfd fds[ALL_FDS] = { { watch->signals, POLLIN, 0 }, { forkexec_child_pidfd(watch->child), POLLIN, 0 },
        { learning_fd(), POLLIN, 0 } };
    /* Without pidfds the end is looked for; a negative descriptor is no descriptor to poll(2). */
    int64_t slice = fds[CHILD].fd < 0 ? 20 * MILLISECOND : 3600 * 1000 * MILLISECOND, left = until - now_ns();
    left = left < 0 ? 0 : left < slice ? left : slice;
    poll_output(fds + OUTPUT);
    poll_terminal(fds + TERMINAL, &left);
    poll(fds, ALL_FDS, (int)((left + MILLISECOND - 1) / MILLISECOND));
    move_output(fds + OUTPUT);
    relay(fds + TERMINAL);
    if (fds[LEARNING].revents)
        learn_next();
}

/* Returns true when the command is to be killed now. */
static bool look_at_limits(struct watch *watch)
{
    int64_t now = now_ns();
    if (is_output_too_much())
        return end_for(watch, BY_OUTPUT);
    if (now >= watch->deadline)
        return end_for(watch, BY_TIMEOUT);
    return watch->reason == OF_ITSELF && now >= idle_deadline() && end_for(watch, BY_IDLE);
}

static int64_t next_limit(const struct watch *watch)
{
    int64_t idle = watch->reason == OF_ITSELF ? idle_deadline() : INT64_MAX;
    int64_t limit = idle < watch->deadline ? idle : watch->deadline;
    /* No signal tells us that the program of an init has stopped. */
    int64_t look = watch->run->init && watch->run->foreground >= 0 ? now_ns() + 100 * MILLISECOND : INT64_MAX;
    return look < limit ? look : limit;
}

/* The command goes on, in the foreground of its terminal if that is ours. */
static void go_on(const struct watch *watch)
{
    int terminal = watch->run->foreground;
    pid_t group = getpgid(watch->pid);
    if (group <= 1)
        return;
    if (tcgetpgrp(terminal) == getpgrp())
        give_terminal_to(terminal, group);
    kill(-group, SIGCONT);
}

/* Where the command has a terminal to itself, Ctrl-Z stops it and not us. Then we stop as it did, so that a shell notices,
 * and it goes on when we do. */
static void follow_stop(const struct watch *watch)
{
    const uint32_t flags = FORKEXEC_WAIT_STOPPED | FORKEXEC_WAIT_NOREAP;
    int terminal = watch->run->foreground;
    struct forkexec_status status;
    if (terminal < 0 || getpgid(watch->pid) == getpgrp() ||
        forkexec_wait(watch->child, 0, flags, &status, sizeof status) || !(status.valid & FORKEXEC_STATUS_STOPPED))
        return;
    forkexec_wait(watch->child, 0, FORKEXEC_WAIT_STOPPED, NULL, 0); /* so that it is not told again */
    bool is_asked = status.stop_signal == SIGTSTP, asks = status.stop_signal == SIGTTIN || status.stop_signal == SIGTTOU;
    if (!is_asked && !asks)
        return; /* by somebody who will continue it */
    if (is_asked || tcgetpgrp(terminal) != getpgrp()) {
        if (is_asked)
            give_terminal_to(terminal, getpgrp());
        kill(0, SIGTSTP);
    }
    go_on(watch);
}

/* Returns true when the command has ended, false when it is to be killed. */
static bool wait_for_command(struct watch *watch, struct forkexec_status *status)
{
    for (;;) {
        bool kills = false, had_it;
        sleep_until(watch, next_limit(watch));
        for (int signal; (signal = next_signal(watch, &had_it)) != 0;)
            if (pass_on(watch, signal, had_it))
                kills = end_for(watch, BY_INTERRUPT);
        follow_stop(watch);
        int result = reap(watch, status);
        if (result == 0)
            return true;
        if (result != -ETIMEDOUT && result != -EINTR)
            fail(-result, "the command cannot be waited for");
        if (look_at_limits(watch) || kills)
            return false;
    }
}

/* Writes what is within the limit, until nobody holds the pipes. Who reads it may be slow until the time is up; where the
 * command was killed, for a second; and a signal to us ends it. */
static void finish_output(struct watch *watch)
{
    int64_t begin = now_ns();
    bool had_it;
    while (!is_output_at_end() && !next_signal(watch, &had_it)) {
        bool has_text = has_output_text(), is_patient = has_text && watch->reason == OF_ITSELF;
        int64_t now = now_ns(), last = last_output() > begin ? last_output() : begin;
        if (now >= (is_patient ? watch->deadline : last + 1000 * MILLISECOND))
            watch->reason = is_patient ? BY_TIMEOUT : watch->reason;
        else if (has_text || !is_output_too_much()) {
            struct pollfd fds[OUTPUT_FDS];
            poll_output(fds);
            poll(fds, OUTPUT_FDS, 100);
            move_output(fds);
            continue;
        }
        break;
    }
    if (is_output_too_much() && watch->reason == OF_ITSELF)
        watch->reason = BY_OUTPUT;
}

/* A process that is still watched waits for our answers, and would fail without us. */
static void finish_learning(struct watch *watch, struct forkexec_status *status)
{
    bool had_it;
    struct pollfd fds[] = { { learning_fd(), POLLIN, 0 }, { watch->signals, POLLIN, 0 } };
    while (fds[0].fd >= 0 && !next_signal(watch, &had_it) && learn_next()) {
        if (now_ns() >= watch->deadline) {
            watch->reason = BY_TIMEOUT;
            kill_all(watch, true, status);
            break;
        }
        poll(fds, 2, 1000);
    }
    end_learning();
}

static void wait_for_end(struct watch *watch, struct forkexec_status *status)
{
    bool has_ended = wait_for_command(watch, status);
    /* What the command leaves behind might hold its pipes for ever. */
    if (watch->reason != OF_ITSELF || is_output_held())
        kill_all(watch, has_ended, status);
    if (watch->is_piped)
        finish_output(watch);
    finish_learning(watch, status);
}

void supervise(const struct run *run, const char *path, char *const argv[])
{
    struct watch watch = { .run = run, .begin = now_ns(), .deadline = INT64_MAX };
    struct forkexec_error error;
    struct forkexec_status status = { .valid = 0 };
    if (run->timeout_ns != FORKEXEC_FOREVER) {
        watch.deadline = watch.begin + run->timeout_ns;
        keep_track(&watch, 0);
    }
    watch.is_piped = make_pipes(run);
    if (watch.is_piped)
        keep_track(&watch, 0);
    if (forkexec_start(run->attr, path, argv, run->env, &watch.child, &error))
        report_failure(&error);
    begin_output();
    watch.pid = forkexec_child_pid(watch.child);
    read_comm(watch.pid, watch.held_comm);
    if ((watch.signals = catch_signals(run)) < 0)
        fail(errno, "signals cannot be read");

    release(&watch);
    watch.pid = forkexec_child_pid(watch.child); /* another, where a pid namespace was joined */
    if (run->traced)
        detach_at_entry(&watch);
    begin_learning(watch.child, path);
    report_event("started", watch.pid);
    if (run->terminal)
        begin_relay(watch.child);
    wait_for_end(&watch, &status);
    if (run->foreground >= 0)
        give_terminal_to(run->foreground, getpgrp());
    report_end(&status, watch.reason, now_ns() - watch.begin);
}
