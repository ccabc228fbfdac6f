/* Held children: what is already set and what is not; how they are released, closed, or outlive their thread. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "deny_calls.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SECOND 1000000000LL
#define IGNORED ((struct forkexec_error *)NULL)

static const uint32_t own_memory[] = { FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };

static struct forkexec_child *hold(const struct forkexec_attr *attr)
{
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    assert_non_null(child);
    return child;
}

static void end(struct forkexec_child *child)
{
    forkexec_signal(child, SIGKILL);
    finish(child);
    forkexec_close(child);
}

/* Runs f on another thread. */
static void *let_go(void *child)
{
    return (void *)(intptr_t)forkexec_release(child, 10 * SECOND, NULL);
}

struct errand {
    void *(*what)(void *);
    void *with;
    pid_t thread;
};

static void *run_errand(void *errand_)
{
    struct errand *errand = errand_;
    errand->thread = (pid_t)syscall(SYS_gettid);
    return errand->what(errand->with);
}

/* Runs f on a thread that has ended when this returns. pthread_join may return a moment before the kernel has ended the
 * thread. */
static intptr_t on_a_thread(void *(*what)(void *), void *with)
{
    struct errand errand = { what, with, 0 };
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, run_errand, &errand), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    while (exists(text("/proc/self/task/%d", errand.thread)))
        usleep(100);
    return (intptr_t)result;
}

/* The steps before the hold have been done. */

TEST(a_held_child_is_set_up_but_has_not_changed_ids)
{
    need_clone_of_namespaces();
    need_root();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_UTS | FORKEXEC_NS_IPC));
    OK(forkexec_attr_set_session(attr));
    OK(forkexec_attr_set_umask(attr, 0027));
    OK(forkexec_attr_set_uid(attr, 65534));
    OK(forkexec_attr_set_gid(attr, 65534));
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_map_fd(attr, 1, 77));
    struct forkexec_child *child = hold(attr);
    pid_t pid = forkexec_child_pid(child);
    assert_int_equal(getsid(pid), pid);
    assert_string_equal(status_of(pid, "Umask"), "0027");
    assert_string_not_equal(namespace_of(pid, "uts"), namespace_of(getpid(), "uts"));
    assert_string_equal(status_of(pid, "Uid"), "0\t0\t0\t0");
    assert_string_equal(status_of(pid, "Gid"), "0\t0\t0\t0");
    assert_string_equal(status_of(pid, "NoNewPrivs"), "0");
    assert_false(exists(text("/proc/%d/fd/77", pid)));
    assert_string_not_equal(link_of(text("/proc/%d/exe", pid)), reporter);

    assert_int_equal(forkexec_release(child, 10 * SECOND, NULL), 0);
    /* execve cannot fail any more, but the kernel may still be in the middle of it. */
    assert_true(is_the_reporter(pid));
    assert_string_equal(status_of(pid, "Uid"), "65534\t65534\t65534\t65534");
    assert_string_equal(status_of(pid, "Gid"), "65534\t65534\t65534\t65534");
    assert_string_equal(status_of(pid, "NoNewPrivs"), "1");
    assert_true(exists(text("/proc/%d/fd/77", pid)) || *link_of(text("/proc/%d/fd/77", pid)) == '?');
    end(child);
}

TEST(a_held_child_waits_without_using_the_processor)
{
    struct forkexec_child *child = hold(new_attr());
    assert_int_equal(forkexec_wait(child, SECOND / 5, 0, NULL, 0), -ETIMEDOUT);
    assert_int_equal(forkexec_signal(child, SIGKILL), 0);
    struct forkexec_status status = finish(child);
    assert_int_equal(status.signal, SIGKILL);
    assert_int_equal(status.ran, FORKEXEC_RAN_NO);
    assert_true(status.user_ns + status.system_ns < SECOND / 10);
    forkexec_close(child);
}

TEST(arguments_may_be_freed_after_the_start)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct forkexec_attr *attr = forkexec_attr_new();
    char *argv[] = { strdup(reporter), strdup("exit"), strdup("7"), NULL }, *envp[] = { strdup("A=b"), NULL };
    struct forkexec_child *child = NULL;
    OK(forkexec_attr_map_fd(attr, fd, 9));
    OK(forkexec_attr_set_cwd(attr, "/"));
    OK(forkexec_start(attr, argv[0], argv, envp, &child, NULL));
    forkexec_attr_free(attr);
    close(fd);
    for (int i = 0; i < 3; i++) {
        memset(argv[i], '?', strlen(argv[i]));
        free(argv[i]);
    }
    free(envp[0]);
    assert_int_equal(forkexec_release(child, 10 * SECOND, NULL), 0);
    assert_int_equal(finish(child).exit_code, 7);
    forkexec_close(child);
}

/* Releasing. */

TEST(another_thread_may_release)
{
    struct forkexec_child *child = start_held(new_attr(), REPORTER("exit", "5"));
    assert_int_equal(on_a_thread(let_go, child), 0);
    assert_int_equal(finish(child).exit_code, 5);
    forkexec_close(child);
}

static void *start_on_thread(void *attr)
{
    return start_held(attr, REPORTER("exit", "6"));
}

TEST(a_held_child_outlives_the_thread_that_started_it)
{
    struct forkexec_child *child = (struct forkexec_child *)on_a_thread(start_on_thread, new_attr());
    assert_non_null(child);
    assert_int_equal(forkexec_wait(child, SECOND / 5, 0, NULL, 0), -ETIMEDOUT);
    assert_int_equal(forkexec_release(child, 10 * SECOND, NULL), 0);
    assert_int_equal(finish(child).exit_code, 6);
    forkexec_close(child);
}

TEST(death_of_thread_fails_if_the_thread_has_ended_before_the_release)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_parent_death_signal(attr, SIGTERM, FORKEXEC_DEATH_OF_THREAD));
    struct forkexec_child *child = (struct forkexec_child *)on_a_thread(start_on_thread, attr);
    struct forkexec_error error;
    assert_non_null(child);
    assert_int_equal(forkexec_release(child, 10 * SECOND, &error), -ESRCH);
    assert_int_equal(error.stage, FORKEXEC_STAGE_PARENT_DEATH);
    assert_int_equal(error.code, ESRCH);
    forkexec_close(child);
}

TEST(death_of_process_works_if_the_thread_has_ended)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_parent_death_signal(attr, SIGTERM, FORKEXEC_DEATH_OF_PROCESS));
    struct forkexec_child *child = (struct forkexec_child *)on_a_thread(start_on_thread, attr);
    assert_non_null(child);
    assert_int_equal(forkexec_release(child, 10 * SECOND, NULL), 0);
    assert_int_equal(finish(child).exit_code, 6);
    forkexec_close(child);
}

/* A child whose last step opens a FIFO without a writer. */
static struct forkexec_child *hold_before_fifo(const char **fifo)
{
    struct forkexec_attr *attr = new_attr();
    *fifo = scratch_path("fifo");
    OK(mkfifo(*fifo, 0600));
    OK(forkexec_attr_open_fd(attr, 5, *fifo, O_RDONLY, 0));
    struct forkexec_child *child = start_held(attr, REPORTER("exit", "4"));
    assert_non_null(child);
    return child;
}

TEST(a_release_that_timed_out_can_be_called_again)
{
    const char *fifo;
    struct forkexec_child *child = hold_before_fifo(&fifo);
    for (int turn = 0; turn < 3; turn++) {
        struct forkexec_error error;
        double before = seconds();
        assert_int_equal(forkexec_release(child, SECOND / 20, &error), -ETIMEDOUT);
        assert_int_equal(error.stage, FORKEXEC_STAGE_NONE);
        assert_int_equal(error.code, ETIMEDOUT);
        assert_true(seconds() - before >= 0.05);
    }
    assert_int_equal(forkexec_release(child, 0, NULL), -ETIMEDOUT);
    int fd = open(fifo, O_WRONLY | O_CLOEXEC);
    assert_int_equal(forkexec_release(child, FORKEXEC_FOREVER, NULL), 0);
    close(fd);
    assert_int_equal(finish(child).exit_code, 4);
    forkexec_close(child);
}

TEST(a_child_killed_while_held_has_not_run_the_program)
{
    struct forkexec_child *child = hold(new_attr());
    struct forkexec_error error;
    assert_int_equal(forkexec_signal(child, SIGKILL), 0);
    assert_true(ends(forkexec_child_pid(child)));
    assert_int_equal(forkexec_release(child, 10 * SECOND, &error), -ECANCELED);
    assert_int_equal(error.signal, SIGKILL);
    assert_int_equal(error.pid, forkexec_child_pid(child));
    forkexec_close(child);
}

TEST(failures_before_the_hold_fail_the_start_and_later_ones_the_release)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_set_process_group(attr, 1));
    assert_int_equal(forkexec_start(attr, reporter, REPORTER("sleep"), NULL, &child, &error), -EPERM);
    assert_int_equal(error.stage, FORKEXEC_STAGE_PROCESS_GROUP);
    assert_null(child);

    char nothing[] = "/nonexistent/program";
    child = start_held(new_attr(), (char *[]){ nothing, NULL });
    assert_non_null(child);
    assert_int_equal(forkexec_release(child, 10 * SECOND, &error), -ENOENT);
    assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
    assert_int_equal(forkexec_release(child, 10 * SECOND, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_NONE);
    forkexec_close(child);
}

TEST(only_a_held_child_can_be_released_and_only_once)
{
    struct forkexec_child *spawned = NULL, *held = hold(new_attr()), *holding = hold_namespaces(new_attr());
    struct forkexec_error error;
    OK(forkexec_spawn(new_attr(), reporter, REPORTER("sleep"), NULL, &spawned, NULL));
    OK(forkexec_release(held, 10 * SECOND, NULL));
    struct forkexec_child *no[] = { NULL, spawned, held, holding };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(forkexec_release(no[i], 0, &error), -EINVAL);
        assert_int_equal(error.stage, FORKEXEC_STAGE_NONE);
    }
    end(spawned);
    end(held);
    forkexec_close(holding);
}

static void forbid_ppoll(void)
{
    struct sock_filter program[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ppoll, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ 4, program }) == 0);
}

static void hold_without_ppoll(void *unused)
{
    (void)unused;
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER) == 0);
    must(forkexec_attr_map_uid(attr, 0, geteuid(), 1) == 0);
    forbid_ppoll();
    struct forkexec_child *child = start_held(attr, REPORTER("exit", "6"));
    must(child != NULL);
    must(forkexec_wait(child, SECOND / 5, 0, NULL, 0) == -ETIMEDOUT);
    must(forkexec_release(child, FORKEXEC_FOREVER, NULL) == 0);
    must(finish(child).exit_code == 6);
    forkexec_close(child);
}

/* A wake-up for an earlier step must not release the child. */
TEST(holding_works_without_ppoll)
{
    need_native();
    need_user_namespaces();
    assert_in_caller(hold_without_ppoll, NULL);
}

/* In a new pid namespace the child cannot see by its parent's pid whether the caller lives, and must not wait for ever. */
static void hold_without_seeing_the_caller(void *unused)
{
    (void)unused;
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)) == 0);
    forbid_ppoll();
    int result = forkexec_start(attr, reporter, REPORTER("sleep"), NULL, &child, &error);
    /* The caller may learn that the child is held before it learns of the error. */
    if (!result)
        result = forkexec_release(child, 10 * SECOND, &error);
    forkexec_close(child);
    must(result == -EPERM);
    must(error.stage == FORKEXEC_STAGE_HOLD);
}

TEST(a_child_that_can_neither_poll_nor_see_the_caller_fails)
{
    need_native();
    need_user_namespaces();
    assert_in_caller(hold_without_seeing_the_caller, NULL);
}

/* The child wakes the caller with this futex operation. */
static void hold_is_deadly(const void *unused)
{
    (void)unused;
    deny(&(struct denial){ SYS_futex, DEADLY, { { IS, 1, FUTEX_WAKE_OP } } }, 1);
    for (int i = 0; i < 2; i++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, own_memory[i]));
        int result = forkexec_start(attr, reporter, REPORTER("sleep"), NULL, &child, &error);
        /* The caller may have read the child's state before the child was killed. */
        if (!result)
            result = forkexec_release(child, 10 * SECOND, &error);
        forkexec_close(child);
        assert_int_equal(result, -ECANCELED);
        assert_int_equal(error.stage, FORKEXEC_STAGE_HOLD);
        assert_int_equal(error.signal, SIGSYS);
    }
}

TEST(a_held_child_wakes_its_caller)
{
    need_native();
    in_copy(hold_is_deadly, NULL);
}

/* If a filter forbids the wake-up, the caller looks again by itself. It also learns of the execve of a program that runs
 * on. */
static void hold_without_waking(const void *code)
{
    deny(&(struct denial){ SYS_futex, *(const int *)code, { { IS, 1, FUTEX_WAKE_OP } } }, 1);
    for (int i = 0; i < 2; i++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, own_memory[i]));
        struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
        assert_non_null(child);
        assert_int_equal(forkexec_release(child, 10 * SECOND, NULL), 0);
        end(child);
    }
}

TEST(holding_works_without_futex_wake)
{
    static const int codes[] = { EPERM, ENOSYS };
    need_native();
    for (int i = 0; i < 2; i++)
        in_copy(hold_without_waking, &codes[i]);
}

/* Closing. */

TEST(closing_kills_and_reaps_a_held_child)
{
    struct forkexec_child *child = hold(new_attr());
    pid_t pid = forkexec_child_pid(child);
    forkexec_close(child);
    assert_int_equal(kill(pid, 0), -1);
    child = hold_namespaces(new_attr());
    pid = forkexec_child_pid(child);
    forkexec_close(child);
    assert_int_equal(kill(pid, 0), -1);
}

TEST(closing_kills_a_child_before_execve)
{
    const char *fifo;
    struct forkexec_child *child = hold_before_fifo(&fifo);
    pid_t pid = forkexec_child_pid(child);
    assert_int_equal(forkexec_release(child, SECOND / 50, NULL), -ETIMEDOUT);
    forkexec_close(child);
    assert_int_equal(kill(pid, 0), -1);
}

TEST(closing_leaves_a_running_child_to_the_caller)
{
    struct forkexec_child *child = hold(new_attr());
    pid_t pid = forkexec_child_pid(child);
    OK(forkexec_release(child, 10 * SECOND, NULL));
    forkexec_close(child);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    forkexec_close(NULL);
}

/* The death of the caller. */

static int told[2];

static void start_three_and_wait(void *without_ppoll)
{
    if (without_ppoll)
        forbid_ppoll();
    struct forkexec_child *children[3] = { start_held(new_attr(), REPORTER("sleep")), NULL,
        start_held(new_attr(), REPORTER("sleep")) };
    must(forkexec_hold(new_attr(), &children[1], NULL) == 0 && children[0] && children[2]);
    for (int i = 0; i < 3; i++) {
        int pid = forkexec_child_pid(children[i]);
        must(write(told[1], &pid, sizeof pid) == sizeof pid);
    }
    for (;;)
        pause();
}

/* The others are running when each one is started. They must not keep open what tells a child of the caller's death. */
static void assert_three_die_with_their_caller(void *without_ppoll)
{
    int pids[3];
    OK(pipe2(told, O_CLOEXEC));
    pid_t caller = fork_caller(start_three_and_wait, without_ppoll);
    close(told[1]);
    assert_int_equal(read(told[0], pids, 4), 4);
    assert_int_equal(read(told[0], pids + 1, 4), 4);
    assert_int_equal(read(told[0], pids + 2, 4), 4);
    close(told[0]);
    kill(caller, SIGKILL);
    for (int i = 0; i < 3; i++)
        assert_true(ends(pids[i]));
    wait_status_of(caller);
}

TEST(held_children_and_holders_die_with_their_caller)
{
    assert_three_die_with_their_caller(NULL);
}

TEST(held_children_die_with_their_caller_without_ppoll)
{
    need_native();
    need_unemulated("it takes no seccomp filters");
    assert_three_die_with_their_caller(told);
}

static void use_in_a_fork(void *child)
{
    struct forkexec_status status;
    pid_t pid = (pid_t)strtol(status_of(getpid(), "PPid"), NULL, 10);
    must(pid > 1);
    must(forkexec_wait(child, 0, 0, &status, sizeof status) == -ESRCH);
    must(forkexec_release(child, 0, NULL) == -ESRCH);
    must(forkexec_signal(child, SIGKILL) == -ESRCH);
    must(forkexec_kill_tree(child) == -ESRCH);
    must(forkexec_child_namespace_fd(child, FORKEXEC_NS_UTS) == -ESRCH);
    must(forkexec_child_pid(child) == -ESRCH);
    must(forkexec_child_pidfd(child) == -ESRCH);
    must(forkexec_child_take_pidfd(child) == -ESRCH);
    must(forkexec_detach(child) == -ESRCH);
    forkexec_close(child);
}

TEST(a_fork_cannot_release_its_parents_child)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_session(attr));
    struct forkexec_child *child = hold(attr);
    assert_in_caller(use_in_a_fork, child);
    OK(forkexec_release(child, 10 * SECOND, NULL));
    assert_in_caller(use_in_a_fork, child);
    assert_int_equal(forkexec_wait(child, 0, 0, NULL, 0), -ETIMEDOUT);
    end(child);
}

TEST(a_child_that_was_reaped_by_others)
{
    struct forkexec_child *child = hold(new_attr());
    forkexec_signal(child, SIGKILL);
    finish(child);
    assert_int_equal(forkexec_signal(child, 0), -ESRCH);
    assert_int_equal(forkexec_child_namespace_fd(child, FORKEXEC_NS_UTS), -ESRCH);
    assert_int_equal(forkexec_release(child, 0, NULL), -ECANCELED);
    forkexec_close(child);
}

/* Without set_robust_list(2), as under an emulator, the kernel does not mark the death of a child. */
static void make_children_without_marks(const void *denial)
{
    deny(denial, 1);
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_COPIED));
    OK(forkexec_start(attr, reporter, REPORTER("exit", "3"), NULL, &child, NULL));
    OK(forkexec_release(child, 10 * SECOND, NULL));
    assert_int_equal(finish(child).exit_code, 3);
    forkexec_close(child);
    assert_int_equal(forkexec_spawn(attr, "/nonexistent", REPORTER("x"), NULL, &child, &error), -ENOENT);
    assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
    OK(forkexec_start(attr, reporter, REPORTER("sleep"), NULL, &child, NULL));
    OK(forkexec_signal(child, SIGKILL));
    assert_int_equal(forkexec_release(child, 10 * SECOND, &error), -ECANCELED);
    assert_int_equal(error.signal, SIGKILL);
    forkexec_close(child);
    /* The caller could not learn of the death of an image. */
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH));
    assert_int_equal(forkexec_start(attr, reporter, REPORTER("sleep"), NULL, &child, &error), -ENOSYS);
}

TEST(children_without_robust_lists)
{
    need_native();
    in_copy(make_children_without_marks, &(struct denial){ SYS_set_robust_list, ENOSYS, { { 0 } } });
}

static void *make_guarded(void *child)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    int result = forkexec_attr_open_fd(attr, 5, "/dev/null", O_RDONLY, 0);
    result = result ? result : forkexec_start(attr, reporter, REPORTER("exit", "4"), NULL, child, NULL);
    forkexec_attr_free(attr);
    return (void *)(intptr_t)result;
}

/* Also where a step of the child may block, so that it has a parent-death signal for the thread that waits. */
TEST(a_child_with_a_blocking_step_outlives_the_thread_that_started_it)
{
    struct forkexec_child *child = NULL;
    assert_int_equal(on_a_thread(make_guarded, &child), 0);
    assert_int_equal(forkexec_release(child, 10 * SECOND, NULL), 0);
    assert_int_equal(finish(child).exit_code, 4);
    forkexec_close(child);
}
