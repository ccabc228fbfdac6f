/* Seccomp filters whose listener is the caller. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

EACH_TEST_NEEDS(need_native) /* valgrind has no seccomp(2) */

#define ASK SECCOMP_RET_USER_NOTIF
#define ALLOW SECCOMP_RET_ALLOW
#define NUMBER(n) ((char *)text("%d", n))
static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };
#define EACH_MODE(mode) (const uint32_t *mode = modes; mode < modes + 3; mode++)

/* Adds a filter with one answer for one call and another for all others. -1: no call. */
static void filter(struct forkexec_attr *attr, int call, uint32_t this, uint32_t others, uint32_t flags)
{
    struct sock_filter program[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1), BPF_STMT(BPF_RET | BPF_K, this),
        BPF_STMT(BPF_RET | BPF_K, others) };
    OK(forkexec_attr_add_seccomp_filter(attr, program, 4, flags));
}

static struct forkexec_attr *asking(uint32_t mode, int call, uint32_t this, uint32_t others)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_set_no_new_privs(attr));
    filter(attr, call, this, others, FORKEXEC_SECCOMP_LISTENER);
    return attr;
}

static int listener_of(struct forkexec_child *child)
{
    int fd = forkexec_child_seccomp_fd(child);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(forkexec_child_seccomp_fd(child), -ENOENT);
    return fd;
}

/* Answers the next notification with an errno, or with 0 to continue. Returns -1 if no more can come. */
static int answer_next(int listener, int code)
{
    union { struct seccomp_notif is; uint64_t room[64]; } asked;
    struct pollfd ready = { listener, POLLIN, 0 };
    assert_int_equal(poll(&ready, 1, 10000), 1);
    if (!(ready.revents & POLLIN))
        return -1;
    memset(&asked, 0, sizeof asked);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
        return -1;
    struct seccomp_notif_resp answer = { asked.is.id, 0, -code, code ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE };
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    return asked.is.data.nr;
}

TEST_BOTH(the_caller_answers_notifications)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = asking(*mode, SYS_mknodat, ASK, ALLOW);
        struct forkexec_child *child = start_reporter(attr, "call", NUMBER(SYS_mknodat));
        int listener = listener_of(child);
        assert_int_equal(answer_next(listener, EXFULL), SYS_mknodat);
        assert_int_equal(finish(child).exit_code, EXFULL);
        close(listener);
        struct view *view = run_reporter(attr);
        assert_saw(view, "threads", "1");
        assert_saw(view, "fds", "0 1 2");
    }
}

/* Lets all calls of the child continue until it ends; returns their number. Before Linux 6.11 the listener reports the end
 * only when the child is reaped. */
static int let_all_go_on(int listener, const struct forkexec_child *child)
{
    for (int calls = 0;; calls++) {
        struct pollfd ready[] = { { listener, POLLIN, 0 }, { forkexec_child_pidfd(child), POLLIN, 0 } };
        assert_true(poll(ready, 2, 10000) > 0);
        if (!(ready[0].revents & POLLIN) || answer_next(listener, 0) < 0)
            return calls;
    }
}

/* The library's own calls do not wait for an answer, whichever calls the filter notifies about and whatever the request
 * is. */
TEST_BOTH(the_librarys_own_calls_do_not_wait)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode)
        for (int turn = 0; turn < 4; turn++) {
            struct forkexec_attr *attr = asking(*mode, -1, ALLOW, ASK);
            if (turn & 1) {
                OK(forkexec_attr_set_pid_variable(attr, "LISTEN_PID"));
                OK(forkexec_attr_set_busy_retry(attr, 1));
                OK(forkexec_attr_set_umask(attr, 077));
                OK(forkexec_attr_open_fd(attr, 7, "/dev/null", O_RDONLY, 0));
            }
            if (turn & 2)
                filter(attr, SYS_mknodat, SECCOMP_RET_ERRNO | EXFULL, ALLOW, 0);
            struct forkexec_child *child = start_reporter(attr, "exit", "7");
            int listener = listener_of(child);
            assert_true(let_all_go_on(listener, child) > 3);
            assert_int_equal(finish(child).exit_code, 7);
            close(listener);
        }
}

/* The kernel gives the listener the lowest free number, which may be a number that must be closed in the program. */
TEST_BOTH(a_program_without_standard_streams)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode)
        for (int closed = 0; closed < 3; closed++) {
            struct forkexec_attr *attr = asking(*mode, SYS_mknodat, ASK, ALLOW);
            OK(forkexec_attr_close_fd(attr, closed));
            struct forkexec_child *child = start_reporter(attr, "call", NUMBER(SYS_mknodat));
            int listener = listener_of(child);
            assert_int_equal(answer_next(listener, EXFULL), SYS_mknodat);
            assert_int_equal(finish(child).exit_code, EXFULL);
            close(listener);
            /* The number is closed in the program. */
            attr = asking(*mode, -1, ALLOW, ALLOW);
            OK(forkexec_attr_close_fd(attr, closed));
            assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_fcntl), NUMBER(closed), NUMBER(F_GETFD)), EBADF);
        }
}

/* The listener reaches the caller without system calls that the filter sees. */
TEST_BOTH(no_call_is_needed_to_send_it)
{
    static const int calls[] = { SYS_sendmsg, SYS_close, SYS_exit, SYS_futex, SYS_nanosleep, SYS_fcntl, SYS_ppoll };
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode)
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            struct forkexec_attr *attr = asking(*mode, calls[i], SECCOMP_RET_KILL_PROCESS, ALLOW);
            struct forkexec_child *child = start_reporter(attr, "exit", "7");
            close(listener_of(child));
            assert_int_equal(finish(child).exit_code, 7);
        }
}

TEST_BOTH(a_failure_is_reported_by_calls_with_notifications)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode)
        assert_spawn_fails(asking(*mode, -1, ALLOW, ASK), "/nonexistent", FORKEXEC_STAGE_EXEC, ENOENT, -1);
}

TEST_BOTH(a_child_that_its_filter_kills_is_not_waited_for)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode)
        for (int i = 0; i < 2; i++) {
            struct forkexec_attr *attr = asking(*mode, i ? -1 : SYS_execve, SECCOMP_RET_KILL_PROCESS, ASK);
            struct forkexec_child *child = NULL;
            struct forkexec_error error;
            if (i) {
                /* This filter kills only the thread that installs the next one. */
                attr = new_attr();
                OK(forkexec_attr_set_no_new_privs(attr));
                OK(forkexec_attr_set_memory_mode(attr, *mode));
                filter(attr, SYS_seccomp, SECCOMP_RET_KILL_THREAD, ALLOW, 0);
                filter(attr, -1, ALLOW, ASK, FORKEXEC_SECCOMP_LISTENER);
            }
            assert_int_equal(try_start(attr, reporter, REPORTER("exit", "1"), NULL, &child, &error), -ECANCELED);
            assert_int_equal(error.stage, i ? FORKEXEC_STAGE_SECCOMP : FORKEXEC_STAGE_EXEC);
            if (!i)
                assert_int_equal(error.signal, SIGSYS);
        }
}

/* A signal arrives while the caller prepares its answer. */
static int interrupted_exits(uint32_t mode, uint32_t flags)
{
    union { struct seccomp_notif is; uint64_t room[64]; } asked;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_set_no_new_privs(attr));
    filter(attr, SYS_mknodat, ASK, ALLOW, FORKEXEC_SECCOMP_LISTENER | flags);
    struct forkexec_child *child = start_reporter(attr, "handle", NUMBER(SIGUSR1), "call", NUMBER(SYS_mknodat));
    int listener = listener_of(child);
    memset(&asked, 0, sizeof asked);
    assert_false(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked));
    assert_int_equal(forkexec_signal(child, SIGUSR1), 0);
    /* Without the flag the call is interrupted. */
    while (!flags && !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &asked.is.id))
        sched_yield();
    struct seccomp_notif_resp answer = { asked.is.id, 0, -EXFULL, 0 };
    assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer), flags ? 0 : -1);
    int code = finish(child).exit_code;
    close(listener);
    return code;
}

TEST_BOTH(no_signal_interrupts_a_call_that_waits_for_its_answer)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    long known = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, FORKEXEC_SECCOMP_LISTENER | FORKEXEC_SECCOMP_KILLABLE, NULL);
    assert_int_equal(known, -1);
    need(errno == EFAULT, "needs Linux 5.19");
    for EACH_MODE(mode) {
        assert_int_equal(interrupted_exits(*mode, 0), EINTR);
        assert_int_equal(interrupted_exits(*mode, FORKEXEC_SECCOMP_KILLABLE), EXFULL);
    }
}

TEST(without_a_listener_the_kernel_refuses)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = asking(*mode, SYS_getpid, ASK, ALLOW);
        struct forkexec_child *child = NULL;
        int pair[2];
        assert_false(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_map_fd(attr, pair[0], 3));
        OK(forkexec_spawn(attr, reporter, REPORTER("cat", "3", "call", NUMBER(SYS_getpid)), NULL, &child, NULL));
        pid_t pid = forkexec_child_pid(child);
        close(pair[0]);
        forkexec_close(child); /* and with it the listener, which nobody has taken */
        close(pair[1]);
        assert_int_equal(WEXITSTATUS(wait_status_of(pid)), ENOSYS);
    }
}

static void spawn_without_recvmsg(void *mode)
{
    struct forkexec_attr *attr = asking(*(const uint32_t *)mode, SYS_getpid, ASK, ALLOW);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    struct sock_filter program[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_recvmsg, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, ALLOW) };
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ 4, program }) == 0);
    must(forkexec_spawn(attr, reporter, REPORTER("call", NUMBER(SYS_getpid)), NULL, &child, &error) == -EPERM);
    must(error.stage == FORKEXEC_STAGE_PIPE && !child);
    must(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
}

/* The program would wait for ever. */
TEST(a_caller_that_may_not_receive_the_listener_gets_an_error)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode)
        assert_in_caller(spawn_without_recvmsg, (void *)mode);
}

/* The caller cannot receive the listener. forkexec_child_seccomp_fd fails; where the child itself waits for the listener,
 * or is very slow, the release fails. */
static void release_without(struct forkexec_child *child, int code)
{
    struct forkexec_error error;
    int result = forkexec_release(child, 10000000000, &error);
    if (result) {
        must(result == -code && error.code == code && error.stage == FORKEXEC_STAGE_SECCOMP);
        must(forkexec_child_seccomp_fd(child) == -ENOENT);
    } else {
        must(forkexec_child_seccomp_fd(child) == -code);
    }
}

static void release_without_recvmsg(void *mode)
{
    struct forkexec_attr *attr = asking(*(const uint32_t *)mode, SYS_getpid, ASK, ALLOW);
    struct forkexec_child *child = start_held(attr, REPORTER("call", NUMBER(SYS_getpid)));
    struct sock_filter program[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_recvmsg, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, ALLOW) };
    must(child);
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ 4, program }) == 0);
    release_without(child, EPERM);
    forkexec_close(child);
    /* A call that waits for an answer that cannot come is refused. */
    while (waitpid(-1, NULL, __WALL) > 0)
        ;
    must(errno == ECHILD);
}

TEST(a_filter_that_came_after_the_start)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode)
        assert_in_caller(release_without_recvmsg, (void *)mode);
}

static void release_without_descriptors(void *mode)
{
    struct forkexec_attr *attr = asking(*(const uint32_t *)mode, SYS_mknodat, ASK, ALLOW);
    struct forkexec_child *child = start_held(attr, REPORTER("call", NUMBER(SYS_mknodat)));
    struct forkexec_status status = { 0 };
    must(child);
    must(!setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, 64 }));
    int last = -1;
    for (int fd; (fd = dup(0)) >= 0;)
        last = fd;
    must(errno == EMFILE);
    release_without(child, EMFILE);
    close(last);
    int listener = forkexec_child_seccomp_fd(child);
    if (listener >= 0) {
        /* Not too late. */
        must(answer_next(listener, EXFULL) == SYS_mknodat);
        must(forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) == 0 && status.exit_code == EXFULL);
        must(forkexec_child_seccomp_fd(child) == -ENOENT);
    }
    forkexec_close(child);
    must(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD);
}

static void stop_at_exec_without_descriptors(void *mode)
{
    struct forkexec_attr *attr = asking(*(const uint32_t *)mode, SYS_execve, ASK, ALLOW);
    struct forkexec_child *child = start_held(attr, REPORTER("exit", "0"));
    struct forkexec_error error;
    must(child);
    must(!setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, 64 }));
    while (dup(0) >= 0)
        ;
    must(forkexec_release(child, FORKEXEC_FOREVER, &error) == -EMFILE);
    must(error.stage == FORKEXEC_STAGE_SECCOMP);
    forkexec_close(child);
    must(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD);
}

/* recvmsg(2) would drop the listener. */
TEST(no_descriptor_left_for_the_listener)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    for EACH_MODE(mode) {
        assert_in_caller(release_without_descriptors, (void *)mode);
        assert_in_caller(stop_at_exec_without_descriptors, (void *)mode);
    }
}

TEST(children_without_a_listener)
{
    assert_int_equal(forkexec_child_seccomp_fd(NULL), -EINVAL);
    struct forkexec_child *child = start_reporter(new_attr(), "exit", "1");
    assert_int_equal(forkexec_child_seccomp_fd(child), -ENOENT);
    finish(child);
    struct forkexec_attr *attr = asking(FORKEXEC_MEMORY_AUTO, SYS_mknodat, ASK, ALLOW);
    child = start_held(attr, REPORTER("exit", "3"));
    assert_non_null(child);
    assert_int_equal(forkexec_child_seccomp_fd(child), -EAGAIN);
    OK(forkexec_release(child, 10000000000, NULL));
    close(listener_of(child));
    assert_int_equal(finish(child).exit_code, 3);
    forkexec_close(child);
}

TEST(requests_that_cannot_have_a_listener)
{
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, ALLOW);
    uint32_t both = FORKEXEC_SECCOMP_LISTENER | FORKEXEC_SECCOMP_TSYNC;
    assert_int_equal(forkexec_attr_add_seccomp_filter(new_attr(), &allow, 1, both), -EINVAL);
    struct forkexec_attr *attr = asking(FORKEXEC_MEMORY_AUTO, SYS_mknodat, ASK, ALLOW);
    filter(attr, SYS_mknodat, ALLOW, ALLOW, FORKEXEC_SECCOMP_TSYNC);
    filter(attr, SYS_mknodat, ALLOW, ALLOW, FORKEXEC_SECCOMP_LISTENER);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, 2);
    attr = asking(FORKEXEC_MEMORY_AUTO, SYS_mknodat, ASK, ALLOW);
    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_PID));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = asking(FORKEXEC_MEMORY_AUTO, SYS_mknodat, ASK, ALLOW);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_TIME));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* Also where nobody may inspect the child, and where it is the first process of a pid namespace. */
TEST_BOTH(the_first_process_of_a_namespace)
{
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    need_user_namespaces();
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = asking(*mode, SYS_mknodat, ASK, ALLOW);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_USER | FORKEXEC_NS_IPC));
        map_own_ids(attr, 0, 0);
        OK(forkexec_attr_drop_capabilities(attr));
        struct forkexec_child *child = start_reporter(attr, "call", NUMBER(SYS_mknodat));
        int listener = listener_of(child);
        assert_int_equal(answer_next(listener, EXFULL), SYS_mknodat);
        assert_int_equal(finish(child).exit_code, EXFULL);
        close(listener);
    }
}

static void be_killed_with_a_held_child(void *pipe)
{
    struct forkexec_attr *attr = asking(FORKEXEC_MEMORY_AUTO, SYS_mknodat, ASK, ALLOW);
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    must(child);
    pid_t pid = forkexec_child_pid(child);
    must(write(((int *)pipe)[1], &pid, sizeof pid) == sizeof pid);
    kill(getpid(), SIGKILL);
}

TEST(it_does_not_outlive_the_caller)
{
    int pair[2];
    pid_t child = 0;
    assert_false(pipe2(pair, O_CLOEXEC));
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    assert_int_equal(WTERMSIG(wait_status_of(fork_caller(be_killed_with_a_held_child, pair))), SIGKILL);
    assert_int_equal(read(pair[0], &child, sizeof child), sizeof child);
    assert_true(ends(child));
    waitpid(child, NULL, __WALL);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(pair[0]);
    close(pair[1]);
}
