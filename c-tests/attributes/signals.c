/* Signals: blocked, ignored and handled ones. */
#define _GNU_SOURCE
#include "deny_calls.h"
#include "spawn_from_fork.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define BIT FORKEXEC_SIGNAL_BIT
static const uint64_t untouchable = BIT(SIGKILL) | BIT(SIGSTOP);

/* The system calls are made directly, since libc's functions hide two signals. */
struct action {
    unsigned long handler, flags, restorer;
    uint64_t mask;
};

static void block(uint64_t set)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
}

static void ignore(uint64_t set)
{
    struct action action = { (unsigned long)SIG_IGN, 0, 0, 0 };
    for (int sig = 1; sig <= 64; sig++)
        if (set & BIT(sig) & ~untouchable)
            syscall(SYS_rt_sigaction, sig, &action, NULL, 8);
}

static void handler(int sig)
{
    (void)sig;
}

static void handle(uint64_t set)
{
    for (int sig = 1; sig <= 64; sig++)
        if (set & BIT(sig) & ~untouchable)
            sigaction(sig, &(struct sigaction){ .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART }, NULL);
}

/* What the caller has, what the request asks for (if `ask` is set), and what the program then has. */
struct signals {
    const char *name;
    uint64_t blocked, ignored, handled, raised;
    enum { MASK = 1, DEFAULT = 2, IGNORE = 4 } ask;
    uint64_t mask, to_default, to_ignore;
    uint64_t is_blocked, is_ignored;
};

static void ask_for_signals(struct forkexec_attr *attr, const void *what)
{
    const struct signals *signals = what;
    for (int sig = 1; sig <= 64; sig++) /* whatever the test was started with */
        syscall(SYS_rt_sigaction, sig, &(struct action){ 0 }, NULL, 8);
    handle(signals->handled);
    ignore(signals->ignored);
    block(signals->blocked);
    for (int sig = 1; sig <= 64; sig++)
        if (signals->raised & BIT(sig))
            raise(sig);
    if (signals->ask & MASK)
        forkexec_attr_set_signal_mask(attr, signals->mask);
    for (int sig = 1; sig <= 64; sig++) { /* repeated calls add signals */
        if (signals->ask & DEFAULT && signals->to_default & BIT(sig))
            forkexec_attr_set_signal_default(attr, BIT(sig));
        if (signals->ask & IGNORE && signals->to_ignore & BIT(sig))
            forkexec_attr_set_signal_ignore(attr, BIT(sig));
    }
}

#define SOME (BIT(SIGUSR1) | BIT(SIGPIPE) | BIT(SIGCHLD) | BIT(32) | BIT(33) | BIT(34) | BIT(64))

static const struct signals cases[] = {
    { .name = "nothing" },
    { .name = "some blocked", .blocked = SOME, .is_blocked = SOME },
    { .name = "all blocked", .blocked = ~0ull, .is_blocked = ~untouchable },
    { .name = "none is to be blocked", .blocked = ~0ull, .ask = MASK, .mask = 0, .is_blocked = 0 },
    { .name = "some are to be blocked", .blocked = BIT(1), .ask = MASK, .mask = SOME, .is_blocked = SOME },
    { .name = "all are to be blocked", .ask = MASK, .mask = ~0ull, .is_blocked = ~untouchable },
    { .name = "what cannot be blocked", .ask = MASK, .mask = untouchable },
    { .name = "some ignored", .ignored = SOME, .is_ignored = SOME },
    { .name = "all ignored", .ignored = ~0ull, .is_ignored = ~untouchable },
    { .name = "some handled", .handled = SOME },
    { .name = "all handled, some blocked", .handled = ~0ull, .blocked = SOME, .is_blocked = SOME },
    { .name = "handled and ignored", .handled = ~SOME, .ignored = SOME, .is_ignored = SOME },
    { .name = "ignored, to be default", .ignored = ~0ull, .ask = DEFAULT, .to_default = ~0ull },
    { .name = "SIGPIPE to be default", .ignored = SOME, .ask = DEFAULT, .to_default = BIT(SIGPIPE),
        .is_ignored = SOME & ~BIT(SIGPIPE) },
    { .name = "default to be default", .ask = DEFAULT, .to_default = SOME },
    { .name = "handled, to be default", .handled = ~0ull, .ask = DEFAULT, .to_default = ~0ull },
    { .name = "some to be ignored", .ask = IGNORE, .to_ignore = SOME, .is_ignored = SOME },
    { .name = "all to be ignored", .ask = IGNORE, .to_ignore = ~untouchable, .is_ignored = ~untouchable },
    { .name = "handled, to be ignored", .handled = ~0ull, .ask = IGNORE, .to_ignore = SOME, .is_ignored = SOME },
    { .name = "ignored before and more to be", .ignored = BIT(1), .ask = IGNORE, .to_ignore = SOME,
        .is_ignored = SOME | BIT(1) },
    { .name = "exchanged", .ignored = ~SOME, .ask = DEFAULT | IGNORE, .to_default = ~SOME, .to_ignore = SOME,
        .is_ignored = SOME },
    { .name = "all three", .blocked = ~0ull, .ignored = ~0ull, .ask = MASK | DEFAULT | IGNORE, .mask = SOME,
        .to_default = BIT(1), .to_ignore = BIT(2), .is_blocked = SOME, .is_ignored = ~untouchable & ~BIT(1) },
    /* A pending signal stays with the caller: the child has none, even if it does not block it. */
    { .name = "pending", .blocked = SOME, .raised = SOME, .is_blocked = SOME },
    { .name = "pending and not to be blocked", .blocked = SOME, .raised = SOME, .ask = MASK, .mask = 0 },
};

TEST_BOTH(blocked_and_ignored)
{
    need_unemulated("it moves real-time signals");
    need_native();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EACH_MODE(mode) {
            const char *heard = spawn_from_fork(*mode, ask_for_signals, cases + i);
#define HAS(key, set) \
    assert_said(heard, key, text("%016llx", (unsigned long long)(set)), "%s, mode %u", cases[i].name, *mode)
            HAS("mask", cases[i].is_blocked);
            HAS("ignored", cases[i].is_ignored);
            HAS("caught", 0);
            HAS("pending", 0);
            assert_said(heard, "parent_death", "0", "%s, mode %u", cases[i].name, *mode);
        }
}

/* Each signal alone, with the real-time signals and those that libc uses. */
TEST_BOTH(every_signal)
{
    need_unemulated("it moves real-time signals, and blocks no SIGSEGV and SIGBUS");
    need_native();
    for (int sig = 1; sig <= 64; sig++) {
        struct forkexec_attr *attr = new_attr();
        bool can = !(BIT(sig) & untouchable);
        OK(forkexec_attr_set_memory_mode(attr, memory_modes[sig % 3]));
        OK(forkexec_attr_set_signal_mask(attr, BIT(sig)));
        OK(forkexec_attr_set_signal_default(attr, ~BIT(sig)));
        if (can)
            OK(forkexec_attr_set_signal_ignore(attr, BIT(sig)));
        struct view *view = run_reporter(attr);
        assert_saw(view, "mask", text("%016llx", can ? (unsigned long long)BIT(sig) : 0));
        assert_saw(view, "ignored", text("%016llx", can ? (unsigned long long)BIT(sig) : 0));
    }
}

TEST_BOTH(ignored_signals_do_not_kill)
{
    need_unemulated("it moves real-time signals");
    need_native();
    static const int deadly[] = { SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGUSR1, 32, 33, 34, 64 };
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        EACH_MODE(mode)
            for (int way = 0; way < 3; way++) {
                struct forkexec_attr *attr = new_attr();
                OK(forkexec_attr_set_memory_mode(attr, *mode));
                OK(forkexec_attr_set_signal_mask(attr, way == 1 ? BIT(deadly[i]) : 0));
                OK(way == 2 ? forkexec_attr_set_signal_ignore(attr, BIT(deadly[i]))
                            : forkexec_attr_set_signal_default(attr, BIT(deadly[i])));
                struct forkexec_status status
                    = finish(start_reporter(attr, "kill", (char *)text("%d", deadly[i]), "exit", "4"));
                assert_int_equal(status.signal, way ? 0 : deadly[i]);
                assert_int_equal(status.exit_code, way ? 4 : -1);
            }
}

TEST(refused_sets)
{
    static const uint64_t bad[] = { BIT(SIGKILL), BIT(SIGSTOP), ~0ull };
    for (int i = 0; i < 3; i++) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_set_signal_ignore(attr, bad[i]), -EINVAL);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_signal_default(attr, SOME));
    OK(forkexec_attr_set_signal_ignore(attr, BIT(34)));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    assert_int_equal(forkexec_attr_set_signal_mask(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_signal_default(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_signal_ignore(NULL, 0), -EINVAL);
}

/* The caller's handlers run in the caller as often as before, and never in a child. */

static volatile sig_atomic_t ticks, strays;
static pid_t caller;

static void tick(int sig)
{
    (void)sig;
    ticks++;
    strays += syscall(SYS_getpid) != caller;
}

static int spawn_in(uint32_t mode, int times)
{
    int results = 0;
    for (int i = 0; i < times; i++) {
        struct forkexec_attr *attr = forkexec_attr_new();
        struct forkexec_child *child = NULL;
        struct forkexec_status status = { 0 };
        int result;
        forkexec_attr_set_memory_mode(attr, mode);
        results |= try_start(attr, reporter, (char *[]){ "x", "exit", "0", NULL }, NULL, &child, NULL);
        do
            result = forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
        while (result == -EINTR);
        results |= result | status.wait_status;
        forkexec_close(child);
        forkexec_attr_free(attr);
    }
    return results;
}

TEST_BOTH(a_caller_that_is_signalled_all_the_time)
{
    need_native(); /* valgrind forwards signals itself, and may do so after the handler is removed */
    struct action old; /* libc would leave its restorer behind */
    struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
    int results = 0;
    caller = getpid();
    ticks = strays = 0;
    syscall(SYS_rt_sigaction, SIGALRM, NULL, &old, 8);
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = tick }, NULL); /* no SA_RESTART */
    setitimer(ITIMER_REAL, &often, NULL);
    EACH_MODE(mode)
        results |= spawn_in(*mode, 60);
    int before = ticks;
    for (double end = seconds() + 10; ticks == before && seconds() < end;)
        ;
    setitimer(ITIMER_REAL, &never, NULL);
    syscall(SYS_rt_sigaction, SIGALRM, &old, NULL, 8);
    assert_int_equal(results, 0);
    assert_int_equal(strays, 0);
    assert_true(ticks > before); /* the signals still arrive */
}

/* Signals for a process group reach a child before and after execve, and take their default action. */
TEST_BOTH(a_group_that_is_signalled)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        OK(forkexec_attr_set_process_group(attr, 0));
        OK(forkexec_attr_set_signal_mask(attr, 0));
        OK(forkexec_attr_set_signal_default(attr, ~0ull));
        struct forkexec_child *child = start_reporter(attr, "sleep");
        assert_false(kill(-forkexec_child_pid(child), SIGUSR1));
        assert_int_equal(finish(child).signal, SIGUSR1);
    }
}

TEST_BOTH(the_callers_own_death_signal_is_not_the_programs)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        int old;
        prctl(PR_GET_PDEATHSIG, &old);
        prctl(PR_SET_PDEATHSIG, SIGURG);
        struct view *view = run_reporter(attr);
        prctl(PR_SET_PDEATHSIG, old);
        assert_saw(view, "parent_death", "0");
    }
}

/* Without set_robust_list(2) the kernel does not mark the death of a child. Then the caller looks again after a while,
 * although signals interrupt each of its sleeps. */
static void is_signalled(const void *unused)
{
    (void)unused;
    static const struct denial unmarked = { SYS_set_robust_list, ENOSYS, { { 0 } } };
    struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
    deny(&unmarked, 1);
    caller = getpid();
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = tick }, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    int results = spawn_in(FORKEXEC_MEMORY_COPIED, 10);
    setitimer(ITIMER_REAL, &never, NULL);
    assert_int_equal(results, 0);
}

TEST_BOTH(a_signalled_caller_without_robust_lists)
{
    need_native();
    need_unemulated("it takes no seccomp filters");
    in_copy(is_signalled, NULL);
}

/* A signal before execve takes its default action, as it would in the program. A handler of the caller's never runs in the
 * child, also where the kernel cannot reset it at the clone. */
static void signals_a_held_child(const void *denial)
{
    if (denial)
        deny(denial, 1);
    caller = getpid();
    strays = 0;
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = tick }, NULL);
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        OK(forkexec_attr_set_signal_mask(attr, 0));
        OK(forkexec_start(attr, reporter, (char *[]){ reporter, "exit", "0", NULL }, NULL, &child, NULL));
        assert_false(kill(forkexec_child_pid(child), SIGALRM));
        assert_int_equal(forkexec_release(child, FORKEXEC_FOREVER, &error), -ECANCELED);
        assert_int_equal(error.stage, FORKEXEC_STAGE_SIGNAL_MASK);
        assert_int_equal(error.signal, SIGALRM);
        forkexec_close(child);
    }
}

TEST(a_held_child_that_is_signalled)
{
    static const struct denial no_clone3 = { SYS_clone3, ENOSYS, { { 0 } } };
    need_native();
    in_copy(signals_a_held_child, NULL);
    need_unemulated("it takes no seccomp filters");
    in_copy(signals_a_held_child, &no_clone3);
}

/* A child that may block before execve, at a FIFO for example, is killed by the kernel when the caller's thread dies. */
TEST_BOTH(the_parent_death_signal_before_execve_is_not_the_programs)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        OK(forkexec_attr_open_fd(attr, 5, "/dev/null", O_RDONLY, 0));
        assert_saw(run_reporter(attr), "parent_death", "0");
    }
}
