/* Sessions, process groups and terminals. */
#define _GNU_SOURCE
#include "spawn_from_fork.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>

static struct forkexec_attr *attr_in_mode(uint32_t mode)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    return attr;
}

struct terminal {
    int master, slave;
    char path[64];
};

/* A terminal that is not a controlling terminal yet. */
static struct terminal open_terminal(void)
{
    struct terminal it = { .master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) };
    need(it.master >= 0, "no terminals: %s", strerror(errno));
    OK(grantpt(it.master));
    OK(unlockpt(it.master));
    OK(ptsname_r(it.master, it.path, sizeof it.path));
    it.slave = open(it.path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(it.slave >= 0);
    return it;
}

static void close_terminal(struct terminal it)
{
    close(it.slave);
    close(it.master);
}

/* Sessions and groups. */

TEST_BOTH(the_callers_session_and_group_by_default)
{
    EACH_MODE(mode) {
        struct view *view = run_reporter(attr_in_mode(*mode));
        assert_saw(view, "sid", text("%d", getsid(0)));
        assert_saw(view, "pgid", text("%d", getpgrp()));
    }
}

TEST_BOTH(a_session_of_its_own)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in_mode(*mode);
        OK(forkexec_attr_set_session(attr));
        struct view *view = run_reporter(attr);
        assert_saw(view, "sid", saw(view, "pid"));
        assert_saw(view, "pgid", saw(view, "pid"));
        assert_saw(view, "tty", "none");
    }
}

TEST_BOTH(a_group_of_its_own)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in_mode(*mode);
        OK(forkexec_attr_set_process_group(attr, 12345)); /* the last call wins */
        OK(forkexec_attr_set_process_group(attr, 0));
        struct view *view = run_reporter(attr);
        assert_saw(view, "sid", text("%d", getsid(0)));
        assert_saw(view, "pgid", saw(view, "pid"));
    }
}

TEST_BOTH(the_group_of_another)
{
    EACH_MODE(mode) {
        struct forkexec_attr *first = attr_in_mode(*mode), *second = attr_in_mode(*mode), *same = attr_in_mode(*mode);
        OK(forkexec_attr_set_process_group(first, 0));
        int32_t group = forkexec_child_pid(start_reporter(first, "sleep"));
        OK(forkexec_attr_set_process_group(second, group));
        assert_saw(run_reporter(second), "pgid", text("%d", group));
        OK(forkexec_attr_set_process_group(same, getpgrp()));
        assert_saw(run_reporter(same), "pgid", text("%d", getpgrp()));
    }
}

TEST_BOTH(groups_that_cannot_be_joined)
{
    struct forkexec_attr *leader = new_attr();
    OK(forkexec_attr_set_session(leader));
    int32_t others = forkexec_child_pid(start_reporter(leader, "sleep"));
    struct forkexec_child *gone = start_reporter(new_attr(), "exit", "0");
    int32_t none = forkexec_child_pid(gone);
    finish(gone);
    EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in_mode(*mode);
        OK(forkexec_attr_set_process_group(attr, others));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_PROCESS_GROUP, EPERM, -1);
        OK(forkexec_attr_set_process_group(attr, none));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_PROCESS_GROUP, EPERM, -1);
    }
}

TEST(refused_calls)
{
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_set_process_group(attr, -1), -EINVAL);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    assert_int_equal(forkexec_attr_set_controlling_terminal(new_attr(), -1), -EBADF);
    assert_int_equal(forkexec_attr_set_foreground(new_attr(), -1), -EBADF);
    assert_int_equal(forkexec_attr_set_session(NULL), -EINVAL);
    assert_int_equal(forkexec_attr_set_process_group(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_controlling_terminal(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_foreground(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_attr_detach_terminal(NULL), -EINVAL);
}

TEST_BOTH(contradictions)
{
    enum { SESSION = 1, GROUP = 2, TERMINAL = 4, FOREGROUND = 8, DETACH = 16 };
    static const int table[] = { SESSION | GROUP, SESSION | DETACH, TERMINAL, TERMINAL | GROUP, SESSION | FOREGROUND,
        SESSION | GROUP | TERMINAL | FOREGROUND };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct forkexec_attr *attr = new_attr();
        if (table[i] & SESSION)
            OK(forkexec_attr_set_session(attr));
        if (table[i] & GROUP)
            OK(forkexec_attr_set_process_group(attr, 0));
        if (table[i] & TERMINAL)
            OK(forkexec_attr_set_controlling_terminal(attr, 0));
        if (table[i] & FOREGROUND)
            OK(forkexec_attr_set_foreground(attr, 0));
        if (table[i] & DETACH)
            OK(forkexec_attr_detach_terminal(attr));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
}

/* A controlling terminal for a new session. */

TEST_BOTH(a_session_with_a_terminal)
{
    EACH_MODE(mode)
        for (int foreground = 0; foreground < 2; foreground++) {
            struct terminal terminal = open_terminal();
            struct forkexec_attr *attr = attr_in_mode(*mode);
            OK(forkexec_attr_set_session(attr));
            OK(forkexec_attr_set_controlling_terminal(attr, terminal.slave));
            if (foreground)
                OK(forkexec_attr_set_foreground(attr, terminal.slave));
            struct view *view = run_reporter(attr);
            assert_saw(view, "tty", "yes");
            assert_saw(view, "sid", saw(view, "pid"));
            assert_saw(view, "foreground", saw(view, "pid"));
            assert_saw(view, "fds", "0 1 2");
            close_terminal(terminal);
        }
}

TEST_BOTH(a_terminal_that_the_program_gets_too)
{
    EACH_MODE(mode) {
        struct terminal terminal = open_terminal();
        struct forkexec_attr *attr = attr_in_mode(*mode);
        OK(forkexec_attr_set_session(attr));
        OK(forkexec_attr_set_controlling_terminal(attr, terminal.slave));
        OK(forkexec_attr_map_fd(attr, terminal.slave, 0));
        OK(forkexec_attr_map_fd(attr, terminal.slave, 2));
        struct view *view = run_reporter(attr);
        assert_saw(view, "fd.0", terminal.path);
        assert_saw(view, "fd.2", terminal.path);
        assert_saw(view, "tty", "yes");
        close_terminal(terminal);
    }
}

TEST_BOTH(descriptors_that_cannot_be_a_controlling_terminal)
{
    struct terminal terminal = open_terminal();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in_mode(*mode);
        OK(forkexec_attr_set_session(attr));
        OK(forkexec_attr_set_controlling_terminal(attr, null));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CONTROLLING_TERMINAL, ENOTTY, -1);
        OK(forkexec_attr_set_controlling_terminal(attr, 1000));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
        OK(forkexec_attr_set_controlling_terminal(attr, terminal.slave));
        OK(forkexec_attr_set_foreground(attr, null));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_FOREGROUND, ENOTTY, -1);

        attr = attr_in_mode(*mode); /* not this session's */
        OK(forkexec_attr_set_foreground(attr, terminal.slave));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_FOREGROUND, ENOTTY, -1);
        OK(forkexec_attr_set_foreground(attr, 1000));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
    }
    close(null);
    close_terminal(terminal);
}

TEST_BOTH(a_terminal_of_another_session)
{
    EACH_MODE(mode) {
        struct terminal terminal = open_terminal();
        struct forkexec_attr *attr = attr_in_mode(*mode);
        OK(forkexec_attr_set_session(attr));
        OK(forkexec_attr_set_controlling_terminal(attr, terminal.slave));
        struct forkexec_child *owner = start_reporter(attr, "sleep");
        if (geteuid())
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CONTROLLING_TERMINAL, EPERM, -1);
        else {
            struct view *view = run_reporter(attr); /* stolen */
            assert_saw(view, "tty", "yes");
            assert_saw(view, "foreground", saw(view, "pid"));
        }
        OK(forkexec_signal(owner, SIGKILL));
        finish(owner);
        close_terminal(terminal);
    }
}

TEST_BOTH(the_terminal_signals_the_program)
{
    EACH_MODE(mode)
        for (int hang_up = 0; hang_up < 2; hang_up++) {
            struct terminal terminal = open_terminal();
            struct forkexec_attr *attr = attr_in_mode(*mode);
            OK(forkexec_attr_set_session(attr));
            OK(forkexec_attr_set_controlling_terminal(attr, terminal.slave));
            OK(forkexec_attr_set_signal_mask(attr, 0));
            OK(forkexec_attr_set_signal_default(attr, ~0ull));
            struct forkexec_child *child = start_reporter(attr, "sleep");
            if (hang_up)
                close(terminal.master);
            else
                assert_int_equal(write(terminal.master, "\003", 1), 1);
            assert_int_equal(finish(child).signal, hang_up ? SIGHUP : SIGINT);
            close(terminal.slave);
            if (!hang_up)
                close(terminal.master);
        }
}

/* The terminal of a caller that leads a session, as a shell does. */

enum { TTY = 60 };

static void lead_a_session(const char *path)
{
    int tty = setsid() < 0 ? -1 : open(path, O_RDWR | O_NOCTTY);
    if (tty < 0 || dup3(tty, TTY, O_CLOEXEC) < 0 || ioctl(TTY, TIOCSCTTY, 0))
        _exit(103);
    close(tty);
    signal(SIGHUP, SIG_IGN); /* sent when the session ends */
}

/* Puts a sleeping process group in the foreground. The caller's group is then in the background, where SIGTTOU would stop
 * it. */
static pid_t step_back(void)
{
    int ready[2];
    char byte;
    pid_t pid = pipe2(ready, O_CLOEXEC) ? -1 : fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGTTOU, SIG_IGN);
        setpgid(0, 0);
        tcsetpgrp(TTY, getpid());
        dup2(TTY, out_fd); /* the group must not hold the reporter's pipe open */
        ssize_t written = write(ready[1], "", 1);
        (void)written;
        pause();
        _exit(0);
    }
    if (pid < 0 || read(ready[0], &byte, 1) != 1)
        _exit(104);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void ask_in_a_session(struct forkexec_attr *attr, const void *path)
{
    (void)attr;
    lead_a_session(path);
}

static void ask_for_the_foreground(struct forkexec_attr *attr, const void *path)
{
    lead_a_session(path);
    forkexec_attr_set_foreground(attr, TTY);
}

static void ask_from_the_background(struct forkexec_attr *attr, const void *path)
{
    lead_a_session(path);
    step_back();
    forkexec_attr_set_signal_default(attr, ~0ull);
    forkexec_attr_set_foreground(attr, TTY);
}

static void ask_to_join_the_foreground(struct forkexec_attr *attr, const void *path)
{
    lead_a_session(path);
    forkexec_attr_set_process_group(attr, step_back());
    forkexec_attr_set_foreground(attr, TTY);
}

static void ask_to_detach(struct forkexec_attr *attr, const void *path)
{
    lead_a_session(path);
    forkexec_attr_detach_terminal(attr);
}

static void ask_to_detach_from_nothing(struct forkexec_attr *attr, const void *path)
{
    (void)path;
    setsid();
    forkexec_attr_detach_terminal(attr);
}

static void ask_by_standard_input(struct forkexec_attr *attr, const void *path)
{
    lead_a_session(path);
    dup2(TTY, 0);
    forkexec_attr_set_process_group(attr, 0);
    forkexec_attr_set_foreground(attr, 0);
}

static void ask_for_the_terminal_of_standard_input(struct forkexec_attr *attr, const void *path)
{
    setsid();
    if (dup2(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC), 0))
        _exit(1);
    forkexec_attr_set_session(attr);
    forkexec_attr_set_controlling_terminal(attr, 0);
}

static const char *in_a_session(uint32_t mode, arrange *ask)
{
    struct terminal terminal = open_terminal();
    close(terminal.slave); /* the caller opens it */
    const char *heard = spawn_from_fork(mode, ask, terminal.path);
    close(terminal.master);
    return heard;
}

TEST_BOTH(the_callers_terminal_is_the_programs)
{
    EACH_MODE(mode) {
        const char *heard = in_a_session(*mode, ask_in_a_session);
        assert_said(heard, "tty", "yes", "mode %u", *mode);
        assert_said(heard, "foreground", said(heard, "caller.pgid"), "mode %u", *mode);
        assert_said(heard, "pgid", said(heard, "caller.pgid"), "mode %u", *mode);
    }
}

TEST_BOTH(the_foreground_is_a_group_of_its_own)
{
    arrange *const ways[] = { ask_for_the_foreground, ask_from_the_background, ask_by_standard_input };
    EACH_MODE(mode)
        for (int i = 0; i < 3; i++) {
            const char *heard = in_a_session(*mode, ways[i]);
            assert_said(heard, "pgid", said(heard, "pid"), "mode %u, way %d", *mode, i);
            assert_said(heard, "foreground", said(heard, "pid"), "mode %u, way %d", *mode, i);
            assert_said(heard, "sid", said(heard, "caller.sid"), "mode %u, way %d", *mode, i);
            assert_said(heard, "caller.tty", "yes", "mode %u, way %d", *mode, i);
        }
}

TEST_BOTH(a_terminal_that_is_standard_input)
{
    EACH_MODE(mode) {
        const char *heard = in_a_session(*mode, ask_for_the_terminal_of_standard_input);
        assert_said(heard, "tty", "yes", "mode %u", *mode);
        assert_said(heard, "sid", said(heard, "pid"), "mode %u", *mode);
    }
}

TEST_BOTH(the_foreground_group_can_be_joined)
{
    EACH_MODE(mode) {
        const char *heard = in_a_session(*mode, ask_to_join_the_foreground);
        assert_said(heard, "foreground", said(heard, "pgid"), "mode %u", *mode);
        assert_string_not_equal(said(heard, "pgid"), said(heard, "pid"));
        assert_string_not_equal(said(heard, "pgid"), said(heard, "caller.pgid"));
    }
}

TEST_BOTH(a_terminal_that_is_detached)
{
    EACH_MODE(mode) {
        const char *heard = in_a_session(*mode, ask_to_detach);
        assert_said(heard, "tty", "none", "mode %u", *mode);
        assert_said(heard, "sid", said(heard, "caller.sid"), "mode %u", *mode);
        assert_said(heard, "pgid", said(heard, "caller.pgid"), "mode %u", *mode);
        assert_said(heard, "caller.tty", "yes", "mode %u", *mode);
        assert_failed(spawn_from_fork(*mode, ask_to_detach_from_nothing, NULL), FORKEXEC_STAGE_DETACH_TERMINAL, ENOTTY, -1,
            "mode %u", *mode);
    }
}
