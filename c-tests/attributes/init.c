/* The small init that is the first process of a pid namespace, with the program as its child. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "deny_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/syscall.h>

EACH_TEST_NEEDS(need_native) /* under valgrind, the parent of the program is another process */

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };
#define EACH_MODE(mode) (const uint32_t *mode = modes; mode < modes + 3; mode++)

static struct forkexec_attr *with_init(uint32_t mode)
{
    if (geteuid())
        need_user_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
    if (geteuid())
        map_own_ids(attr, geteuid(), getegid());
    OK(forkexec_attr_set_init(attr));
    return attr;
}

static struct forkexec_child *start_shell(const struct forkexec_attr *attr, const char *script)
{
    return start(attr, "/bin/sh", (char *[]){ "sh", "-c", (char *)(uintptr_t)script, NULL }, NULL);
}

/* The children of this process. */
static int count_children(pid_t pid)
{
    int count = 0, child;
    FILE *in = fopen(text("/proc/%d/task/%d/children", pid, pid), "re");
    while (in && fscanf(in, "%d", &child) == 1)
        count++;
    if (in)
        fclose(in);
    return count;
}

static pid_t program_of(struct forkexec_child *child)
{
    int program = 0;
    FILE *in = fopen(text("/proc/%d/task/%d/children", forkexec_child_pid(child), forkexec_child_pid(child)), "re");
    assert_non_null(in);
    assert_int_equal(fscanf(in, "%d", &program), 1);
    fclose(in);
    return program;
}

TEST_BOTH(the_program_is_its_child)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        OK(forkexec_attr_set_pid_variable(attr, "LISTEN_PID"));
        struct view *view = run_reporter(attr);
        assert_saw(view, "pid", "2");
        assert_saw(view, "ppid", "1");
        assert_saw(view, "env.LISTEN_PID", "2");
        assert_saw(view, "fds", "0 1 2");
        assert_same_but(view, view_of_self(),
            "comm pid ppid sid pgid arg* env* fd* threads ns.* uid gid groups cap.* securebits keepcaps dumpable cgroup* net.* "
            "propagation cloexec args tty no_new_privs coredump* children* pdeathsig mask exe cwd root rss signal* caught");
    }
}

TEST_BOTH(it_ends_as_the_program_does)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
        assert_int_equal(reporter_exits(attr, "exit", "255"), 255);
        assert_int_equal(finish(start_reporter(attr, "kill", "9")).signal, SIGKILL);
        assert_int_equal(finish(start_reporter(attr, "kill", "15")).signal, SIGTERM);
        struct forkexec_status status = finish(start_reporter(attr, "fork", "daemon", "exit", "3"));
        assert_int_equal(status.exit_code, 3);
        assert_int_equal(status.ran, FORKEXEC_RAN_YES);
    }
}

TEST_BOTH(orphans_are_reaped)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        struct forkexec_child *child = start_shell(attr, "for i in 1 2 3 4 5 6 7 8 9; do (exit 3 & exec sleep 0) & done; wait; "
            "(sleep 1000 &); exec sleep 1000");
        pid_t init = forkexec_child_pid(child);
        /* The program, and the orphan that still runs. */
        double end = seconds() + 20;
        for (int same = 0; same < 20 && seconds() < end; usleep(5000))
            same = count_children(init) == 2 ? same + 1 : 0;
        assert_int_equal(count_children(init), 2);
        assert_int_equal(forkexec_kill_tree(child), 0);
        assert_int_equal(finish(child).signal, SIGKILL);
    }
}

static struct forkexec_attr *with_lingering_init(uint32_t mode)
{
    struct forkexec_attr *attr = with_init(mode);
    OK(forkexec_attr_set_lingering_init(attr));
    return attr;
}

static struct forkexec_status status_of_program(struct forkexec_child *child)
{
    struct forkexec_status status;
    OK(forkexec_wait(child, FORKEXEC_FOREVER, FORKEXEC_WAIT_PROGRAM, &status, sizeof status));
    return status;
}

static bool lingers(const struct forkexec_status *status)
{
    return status->valid & FORKEXEC_STATUS_LINGERS;
}

/* Each wait reports the end of the program as long as the init lives. The init ends with the process in the background. */
TEST_BOTH(a_lingering_init_lives_as_long_as_the_last_process)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_lingering_init(*mode);
        int out[2], in[2];
        char byte;
        assert_false(pipe2(out, O_CLOEXEC) || pipe2(in, O_CLOEXEC));
        OK(forkexec_attr_map_fd(attr, out[1], 5));
        OK(forkexec_attr_map_fd(attr, in[0], 6));
        struct forkexec_child *child = start_shell(attr, "(read line <&6; echo x >&5; exit 4) & exit 3");
        close(out[1]);
        struct forkexec_status status;
        for (int i = 0; i < 2; i++) {
            status = status_of_program(child);
            assert_int_equal(status.exit_code, 3);
            assert_int_equal(status.ran, FORKEXEC_RAN_YES);
            assert_true(lingers(&status));
        }
        assert_int_equal(forkexec_wait(child, 0, 0, &status, sizeof status), -ETIMEDOUT);
        /* Neither the program nor a process with its pid can get this signal. */
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        assert_int_equal(write(in[1], "\n", 1), 1);
        assert_int_equal(read(out[0], &byte, 1), 1);
        assert_int_equal(byte, 'x');
        do {
            status = status_of_program(child);
            assert_int_equal(status.exit_code, 3);
        } while (lingers(&status));
        assert_int_equal(status.ran, FORKEXEC_RAN_YES);
        close(out[0]);
        close(in[0]);
        close(in[1]);
    }
}

TEST_BOTH(a_lingering_init_alone_ends_with_its_program)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_lingering_init(*mode);
        assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
        assert_int_equal(finish(start_reporter(attr, "kill", "9")).signal, SIGKILL);
        assert_spawn_fails(attr, "/nonexistent", FORKEXEC_STAGE_EXEC, ENOENT, -1);
        struct forkexec_child *child = start_shell(attr, "exec sleep 1000");
        struct forkexec_status status;
        assert_int_equal(forkexec_wait(child, 1000000, FORKEXEC_WAIT_PROGRAM, &status, sizeof status), -ETIMEDOUT);
        assert_int_equal(forkexec_kill_tree(child), 0);
        status = status_of_program(child);
        assert_int_equal(status.signal, SIGKILL);
        assert_false(lingers(&status));
    }
}

TEST_BOTH(a_killed_lingering_init_kills_the_others)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_lingering_init(*mode);
        int pair[2];
        char byte;
        assert_false(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_map_fd(attr, pair[1], 5));
        struct forkexec_child *child = start_shell(attr, "sleep 1000 & exit 0");
        close(pair[1]);
        struct forkexec_status status = status_of_program(child);
        assert_true(lingers(&status));
        assert_int_equal(forkexec_kill_tree(child), 0);
        assert_int_equal(read(pair[0], &byte, 1), 0);
        finish(child);
        close(pair[0]);
    }
}

/* Without an init that lingers, this flag changes nothing. */
TEST_BOTH(an_init_that_ends_with_its_program_has_one_end)
{
    struct forkexec_child *child = start_shell(with_init(FORKEXEC_MEMORY_AUTO), "sleep 1000 & exit 5");
    struct forkexec_status status = status_of_program(child);
    assert_int_equal(status.exit_code, 5);
    assert_false(lingers(&status));
}

TEST_BOTH(signals_are_forwarded)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        int pair[2];
        char byte;
        assert_false(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_map_fd(attr, pair[1], 5));
        struct forkexec_child *child = start_shell(attr,
            "trap 'echo x >&5' USR1; trap 'exit 9' TERM; echo x >&5; while :; do sleep 1000 & wait; done");
        assert_int_equal(read(pair[0], &byte, 1), 1);
        assert_int_equal(read(pair[0], &byte, 1), 1);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(forkexec_signal(child, SIGUSR1), 0);
            assert_int_equal(read(pair[0], &byte, 1), 1);
            assert_int_equal(read(pair[0], &byte, 1), 1);
        }
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        assert_int_equal(finish(child).exit_code, 9);
        close(pair[0]);
        close(pair[1]);

        child = start_reporter(attr = with_init(*mode), "sleep");
        assert_int_equal(forkexec_signal(child, SIGCHLD), 0);
        assert_int_equal(forkexec_signal(child, SIGINT), 0);
        assert_int_equal(finish(child).signal, SIGINT);
        child = start_reporter(attr, "sleep");
        assert_int_equal(forkexec_signal(child, SIGKILL), 0);
        assert_int_equal(finish(child).signal, SIGKILL);
    }
}

/* Signals that a process outside sends to the init's pid. Signals from inside the namespace are not forwarded. */
TEST_BOTH(signals_to_the_init_are_forwarded)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        int pair[2];
        char said[3] = "";
        assert_false(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_map_fd(attr, pair[1], 5));
        struct forkexec_child *child = start_shell(attr,
            "trap 'printf i >&5' USR1; trap 'printf o >&5; exit 9' USR2; kill -USR1 1; printf x >&5; "
            "while :; do sleep 1000 & wait; done");
        assert_int_equal(read(pair[0], said, 1), 1);
        /* If both were forwarded, the shell would get the one with the lower number first. */
        assert_false(kill(forkexec_child_pid(child), SIGUSR2));
        assert_int_equal(read(pair[0], said + 1, 1), 1);
        assert_string_equal(said, "xo");
        assert_int_equal(finish(child).exit_code, 9);
        close(pair[0]);
        close(pair[1]);
    }
}

/* Whether the process sleeps each time that it is looked at, not only now and then. */
static bool comes_to_sleep(pid_t pid)
{
    int asleep = 0;
    for (double end = seconds() + 10; asleep < 20 && seconds() < end; usleep(1000))
        asleep = *status_of(pid, "State") == 'S' ? asleep + 1 : 0;
    return asleep == 20;
}

static void serve_without_some_calls(const void *denials)
{
    deny(denials, 2);
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
        assert_int_equal(reporter_exits(attr, "exit", "254"), 254);
        assert_int_equal(finish(start_reporter(attr, "kill", "9")).signal, SIGKILL);
        assert_int_equal(finish(start_reporter(attr, "kill", "15")).signal, SIGTERM);
        /* Other processes end before the init, and it sleeps meanwhile. */
        struct forkexec_child *child
            = start_shell(attr, "for i in 1 2 3; do (true & exec true) & done; wait; exec sleep 1000");
        assert_true(comes_to_sleep(forkexec_child_pid(child)));
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        struct forkexec_status status = finish(child);
        assert_int_equal(status.signal, SIGTERM);
        assert_int_equal(status.ran, FORKEXEC_RAN_YES);
    }
}

/* A seccomp filter of the caller's also applies to the init. */
TEST(it_works_where_calls_are_refused)
{
    static const struct denial denials[][2] = {
        { { SYS_rt_sigtimedwait, EPERM, { { 0 } } }, { SYS_rt_sigtimedwait, EPERM, { { 0 } } } },
        { { SYS_waitid, EPERM, { { IS, 0, P_ALL } } }, { SYS_waitid, EPERM, { { IS, 0, P_PID } } } },
    };
    with_init(FORKEXEC_MEMORY_AUTO);
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++)
        in_copy(serve_without_some_calls, denials[i]);
}

/* A failure before the init starts reaches the caller although no system call reports a death to it. Also where a second
 * process becomes the init. */
static void fail_where_no_call_tells(const void *uts)
{
    static const struct denial denials[] = { { SYS_ppoll, EPERM, { { IS, 1, 1 } } }, { SYS_waitid, EPERM, { { 0 } } } };
    deny(denials, 2);
    for EACH_MODE(mode) {
        struct forkexec_child *child;
        struct forkexec_error error;
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
        OK(forkexec_attr_set_init(attr));
        if (uts)
            OK(forkexec_attr_join_namespace(attr, *(const int *)uts, FORKEXEC_NS_UTS));
        OK(forkexec_attr_set_cwd(attr, "/does/not/exist"));
        assert_int_equal(forkexec_spawn(attr, reporter, REPORTER("sleep"), NULL, &child, &error), -ENOENT);
        assert_int_equal(error.stage, FORKEXEC_STAGE_CWD);
    }
}

TEST(a_failure_is_reported_without_a_call_that_waits)
{
    with_init(FORKEXEC_MEMORY_AUTO);
    in_copy(fail_where_no_call_tells, NULL);
    if (geteuid())
        return;
    int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    in_copy(fail_where_no_call_tells, &uts);
    close(uts);
}

/* In there root may send signals to the program's user. */
TEST_BOTH(signals_are_forwarded_to_another_user)
{
    static char *const argv[] = { "setpriv", "--reuid", "5", "--keep-groups", "sleep", "1000", NULL };
    need_root();
    need_user_namespaces();
    need(exists("/usr/bin/setpriv"), "there is no setpriv");
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 0, 0, 1));
        OK(forkexec_attr_map_uid(attr, 1, 100000, 10));
        OK(forkexec_attr_map_gid(attr, 0, 0, 1));
        struct forkexec_child *child = start(attr, "/usr/bin/setpriv", argv, NULL);
        double end = seconds() + 10;
        while (strncmp(status_of(program_of(child), "Uid"), "100004", 6) && seconds() < end)
            usleep(1000);
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        assert_int_equal(finish(child).signal, SIGTERM);
    }
}

TEST_BOTH(it_keeps_no_descriptors_and_privileges)
{
    need_root();
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        OK(forkexec_attr_set_uid(attr, 65534));
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_drop_capabilities(attr));
        OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, 0));
        struct forkexec_child *child = start(attr, "/bin/sleep", (char *[]){ "sleep", "1000", NULL }, NULL);
        pid_t init = forkexec_child_pid(child), program = program_of(child);
        /* The spawn may return before the init has entered its final state. */
        double end = seconds() + 10;
        while (access(text("/proc/%d/fd/0", init), F_OK) == 0 && seconds() < end)
            usleep(1000);
        DIR *fds = opendir(text("/proc/%d/fd", init));
        int count = 0;
        while (readdir(fds))
            count++;
        closedir(fds);
        assert_int_equal(count, 2); /* "." and ".." */
        assert_string_equal(status_of(init, "Uid"), "65534\t65534\t65534\t65534");
        assert_string_equal(status_of(init, "CapPrm"), "0000000000000000");
        assert_string_equal(status_of(init, "CapBnd"), "0000000000000000");
        assert_string_equal(status_of(init, "Seccomp"), "2");
        assert_string_equal(status_of(init, "NoNewPrivs"), "1");
        assert_string_equal(status_of(program, "Seccomp"), "2");
        assert_string_equal(status_of(program, "NoNewPrivs"), "1");
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        assert_int_equal(finish(child).signal, SIGTERM);
    }
}

TEST_BOTH(a_failure_of_the_program_fails_the_spawn)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        assert_spawn_fails(attr, "/nonexistent", FORKEXEC_STAGE_EXEC, ENOENT, -1);
        OK(forkexec_attr_set_rlimit(attr, 7, 1 << 30, 1 << 30));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_NOFILE, EPERM, 0);

        /* So does the program's death before execve. */
        attr = with_init(*mode);
        static const struct sock_filter kill[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_add_seccomp_filter(attr, kill, 5, 0));
        OK(forkexec_attr_deny_terminal_injection(attr));
        assert_int_equal(try_start(attr, reporter, REPORTER("exit", "1"), NULL, &child, &error), -ECANCELED);
        assert_int_equal(error.stage, FORKEXEC_STAGE_SECCOMP);
        assert_int_equal(error.signal, SIGSYS);
    }
}

static void ignore_its_end(void *unused)
{
    (void)unused;
    signal(SIGCHLD, SIG_IGN);
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = with_init(*mode);
        struct forkexec_child *child = NULL;
        const char *path = scratch_path("seen");
        must(!forkexec_attr_open_fd(attr, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
        must(!forkexec_spawn(attr, reporter, REPORTER("see"), NULL, &child, NULL));
        must(ends(forkexec_child_pid(child)));
        forkexec_close(child);
        /* Signals that the caller ignores are ignored in the program. */
        char line[4096];
        unsigned long long ignored = 0;
        FILE *in = fopen(path, "re");
        while (in && fgets(line, sizeof line, in))
            sscanf(line, "ignored %llx", &ignored);
        must(in && ignored >> (SIGCHLD - 1) & 1);
        fclose(in);
    }
}

TEST(a_caller_that_ignores_its_children)
{
    with_init(0);
    scratch();
    assert_in_caller(ignore_its_end, NULL);
}

/* What the kernel would have told is lost, but the init has told it before. */
static void wait_too_late(void *ignores)
{
    if (ignores)
        signal(SIGCHLD, SIG_IGN);
    for EACH_MODE(mode) {
        for (int i = 0; i < 2; i++) {
            struct forkexec_child *child = NULL;
            struct forkexec_status status;
            char *how = i ? "kill" : "exit", *number = i ? "15" : "139";
            must(!forkexec_spawn(with_init(*mode), reporter, REPORTER(how, number), NULL, &child, NULL));
            must(ignores ? ends(forkexec_child_pid(child)) : waitpid(forkexec_child_pid(child), NULL, 0) > 0);
            for (int turn = 0; turn < 2; turn++) {
                must(!forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status));
                must(status.exit_code == (i ? -1 : 139) && status.signal == (i ? SIGTERM : 0));
                must(status.ran == FORKEXEC_RAN_YES && status.valid & FORKEXEC_STATUS_USAGE);
            }
            must(forkexec_signal(child, 0) == -ESRCH);
            forkexec_close(child);
        }
    }
}

TEST(an_init_that_others_reaped_has_told_the_end)
{
    with_init(0);
    assert_in_caller(wait_too_late, NULL);
    assert_in_caller(wait_too_late, "ignores");
}

static void die_with_an_init(void *pipe)
{
    struct forkexec_attr *attr = with_init(FORKEXEC_MEMORY_AUTO);
    struct forkexec_child *child = NULL;
    must(!forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD));
    must(!forkexec_spawn(attr, reporter, REPORTER("sleep"), NULL, &child, NULL));
    pid_t pids[2] = { forkexec_child_pid(child), program_of(child) };
    must(write(((int *)pipe)[1], pids, sizeof pids) == sizeof pids);
    kill(getpid(), SIGKILL);
}

TEST(the_parent_death_signal_ends_all)
{
    int pair[2];
    pid_t pids[2] = { 0, 0 };
    with_init(0);
    assert_false(pipe2(pair, O_CLOEXEC));
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    assert_int_equal(WTERMSIG(wait_status_of(fork_caller(die_with_an_init, pair))), SIGKILL);
    assert_int_equal(read(pair[0], pids, sizeof pids), sizeof pids);
    assert_true(ends(pids[1]));
    assert_true(ends(pids[0]));
    waitpid(pids[0], NULL, __WALL);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(pair[0]);
    close(pair[1]);
}

TEST_BOTH(the_program_is_in_its_session)
{
    struct forkexec_attr *attr = with_init(FORKEXEC_MEMORY_AUTO);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_false(grantpt(terminal) || unlockpt(terminal));
    int tty = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
    OK(forkexec_attr_set_session(attr));
    OK(forkexec_attr_set_controlling_terminal(attr, tty));
    OK(forkexec_attr_set_foreground(attr, tty));
    struct view *view = run_reporter(attr);
    assert_saw(view, "tty", "yes");
    assert_saw(view, "sid", "1");
    assert_saw(view, "pgid", "1");
    /* A typed Ctrl-C interrupts the program once. */
    struct forkexec_child *child = start_reporter(attr, "sleep");
    assert_int_equal(write(terminal, "\x03", 1), 1);
    assert_int_equal(finish(child).signal, SIGINT);
    close(tty);
    close(terminal);
}

TEST(requests_that_cannot_have_an_init)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_init(attr));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_PID));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

static const int dropped[] = { SIGTERM, SIGABRT, SIGXCPU, SIGXFSZ, SIGHUP };

/* What the header says of a program that is process 1, and of one that is not. */
TEST_BOTH(process_1_gets_no_signal_that_it_does_not_handle)
{
    need_user_namespaces();
    for (unsigned i = 0; i < sizeof dropped / sizeof *dropped; i++)
        for (int init = 0; init < 2; init++) {
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
            OK(forkexec_attr_set_signal_default(attr, 1ull << (dropped[i] - 1)));
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, 0));
            if (init)
                OK(forkexec_attr_set_init(attr));
            struct forkexec_child *child = start(attr, "/bin/sh", (char *[]){ "sh", "-c",
                (char *)text("kill -%d $$; exit 5", dropped[i]), NULL }, NULL);
            struct forkexec_status ended = finish(child);
            assert_int_equal(ended.signal, init ? dropped[i] : 0);
            assert_int_equal(ended.exit_code, init ? -1 : 5);
        }
}
