/* Children that are detached, and pidfds that are taken. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "deny_calls.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SECOND 1000000000LL

static const uint32_t modes[] = { FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };
static int told[2];

/* The number of open descriptors. */
static int descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static bool has_stopped(pid_t pid)
{
    for (double end = seconds() + 20; seconds() < end; usleep(1000))
        if (*status_of(pid, "State") == 'T')
            return true;
    return false;
}

static struct forkexec_child *running(void)
{
    struct forkexec_child *child = start_held(new_attr(), REPORTER("sleep"));
    assert_non_null(child);
    OK(forkexec_release(child, 10 * SECOND, NULL));
    return child;
}

/* The shared page of a detached child goes with it. The next child has another page, under the same number. */
static void spawn_another(void)
{
    struct forkexec_child *child = start_held(new_attr(), REPORTER("exit", "0"));
    OK(forkexec_release(child, 10 * SECOND, NULL));
    finish(child);
    forkexec_close(child);
}

/* Reports the child's pid, and exits at once. */
static void tell(pid_t pid)
{
    must(write(told[1], &pid, sizeof pid) == sizeof pid);
}

/* Runs a caller until it has ended; returns the child that it reported, which is now a child of this process. */
static pid_t left_by(void (*caller)(void *), void *with)
{
    need_unemulated("it does not tell who is a subreaper");
    pid_t pid = 0;
    int was = 0;
    assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &was), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    OK(pipe2(told, O_CLOEXEC));
    assert_in_caller(caller, with);
    close(told[1]);
    assert_int_equal(read(told[0], &pid, sizeof pid), sizeof pid);
    close(told[0]);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, was), 0);
    assert_true(pid > 0);
    return pid;
}

static void kill_and_reap(pid_t pid)
{
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, __WALL), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void detach_a_held_one(void *mode)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_memory_mode(attr, *(const uint32_t *)mode) == 0);
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    must(child != NULL);
    pid_t pid = forkexec_child_pid(child);
    must(forkexec_detach(child) == 0);
    tell(pid);
}

TEST(a_detached_held_child_runs_on_and_outlives_its_caller)
{
    for (int i = 0; i < 2; i++) {
        pid_t pid = left_by(detach_a_held_one, (void *)&modes[i]);
        assert_true(is_the_reporter(pid));
        kill_and_reap(pid);
    }
}

static void forbid_ppoll(void)
{
    deny(&(struct denial){ SYS_ppoll, EPERM, { { 0 } } }, 1);
}

static void detach_a_held_one_without_ppoll(void *mode)
{
    forbid_ppoll();
    detach_a_held_one(mode);
}

/* The caller exits at the moment in which it detaches. */
TEST(a_detached_held_child_runs_on_without_ppoll)
{
    need_native();
    for (int i = 0; i < 40; i++) {
        pid_t pid = left_by(detach_a_held_one_without_ppoll, (void *)&modes[i % 2]);
        assert_true(is_the_reporter(pid));
        kill_and_reap(pid);
    }
}

static void detach_with_namespaces(void *forbids_ppoll)
{
    if (forbids_ppoll)
        forbid_ppoll();
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_UTS)) == 0);
    struct forkexec_child *child = NULL;
    must(forkexec_hold(attr, &child, NULL) == 0);
    pid_t pid = forkexec_child_pid(child);
    must(forkexec_detach(child) == 0);
    tell(pid);
}

TEST(a_detached_holder_outlives_its_caller)
{
    need_user_namespaces();
    pid_t pid = left_by(detach_with_namespaces, NULL);
    usleep(20000);
    assert_string_not_equal(namespace_of(pid, "uts"), namespace_of(getpid(), "uts"));
    assert_int_equal(waitpid(pid, NULL, WNOHANG | __WALL), 0);
    kill_and_reap(pid);
}

TEST(a_detached_holder_sleeps_without_ppoll)
{
    need_native();
    need_user_namespaces();
    struct rusage usage;
    int status;
    pid_t pid = left_by(detach_with_namespaces, "it does");
    usleep(300000);
    kill(pid, SIGKILL);
    assert_int_equal(wait4(pid, &status, __WALL, &usage), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec == 0);
    assert_true(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 100000);
}

static void detach_a_holder_that_cannot_sleep(void *unused)
{
    static const struct denial no_sleep[] = { { SYS_ppoll, EPERM, { { IS, 1, 0 } } }, { SYS_futex, EPERM, { { 0 } } } };
    (void)unused;
    deny(no_sleep, 2);
    detach_with_namespaces(NULL);
}

TEST(a_detached_holder_that_cannot_sleep_ends_instead_of_spinning)
{
    need_native();
    need_user_namespaces();
    pid_t pid = left_by(detach_a_holder_that_cannot_sleep, NULL);
    bool has_ended = ends(pid);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, __WALL), pid);
    assert_true(has_ended);
}

static void detach_a_first_process(void *unused)
{
    (void)unused;
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)) == 0);
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    must(child != NULL);
    pid_t pid = forkexec_child_pid(child);
    must(forkexec_detach(child) == 0);
    tell(pid);
}

TEST(a_detached_first_process_of_a_pid_namespace_runs_on)
{
    need_user_namespaces();
    pid_t pid = left_by(detach_a_first_process, NULL);
    assert_true(is_the_reporter(pid));
    kill_and_reap(pid);
}

/* The descriptors of a child that was released can be read with these calls. valgrind has neither pidfd_open(2) nor
 * pidfd_getfd(2). */
static void need_pidfd_getfd(void)
{
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    int fd = self < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, self, self, 0);
    int error = errno;
    close(fd);
    close(self);
    need(fd >= 0, "needs pidfd_getfd(2): %s", strerror(error));
}

static void detach_a_stopped_one(void *mode)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_stop(attr) == 0);
    must(forkexec_attr_set_memory_mode(attr, *(const uint32_t *)mode) == 0);
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    must(child != NULL);
    pid_t pid = forkexec_child_pid(child);
    must(forkexec_release(child, SECOND / 50, NULL) == -ETIMEDOUT);
    must(has_stopped(pid));
    must(forkexec_detach(child) == 0);
    tell(pid);
}

TEST(a_stopped_child_stays_stopped_and_can_be_continued)
{
    need_pidfd_getfd();
    for (int i = 0; i < 2; i++) {
        pid_t pid = left_by(detach_a_stopped_one, (void *)&modes[i]);
        assert_true(has_stopped(pid));
        assert_int_equal(kill(pid, SIGCONT), 0);
        assert_true(is_the_reporter(pid));
        kill_and_reap(pid);
    }
}

/* At the moment of the release the child may be at any step. */
static void detach_one_on_its_way(void *mode)
{
    const char *fifo = scratch_path("way");
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_memory_mode(attr, *(const uint32_t *)mode) == 0);
    must(forkexec_attr_open_fd(attr, 9, fifo, O_RDONLY, 0) == 0);
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    must(child != NULL);
    pid_t pid = forkexec_child_pid(child);
    must(forkexec_release(child, 0, NULL) == -ETIMEDOUT);
    must(forkexec_detach(child) == 0);
    tell(pid);
}

TEST(a_detached_child_before_execve_is_not_killed_with_its_caller)
{
    need_root();
    need_pidfd_getfd();
    for (int i = 0; i < 40; i++) {
        const char *fifo = scratch_path("way");
        assert_int_equal(mkfifo(fifo, 0600), 0);
        pid_t pid = left_by(detach_one_on_its_way, (void *)&modes[i % 2]);
        int fd = open(fifo, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_true(is_the_reporter(pid));
        close(fd);
        unlink(fifo);
        kill_and_reap(pid);
    }
}

TEST(a_later_failure_shows_only_in_the_exit_status)
{
    struct forkexec_attr *attr = new_attr();
    char *argv[] = { "x", NULL };
    struct forkexec_child *child = NULL;
    OK(forkexec_start(attr, "/does/not/exist", argv, NULL, &child, NULL));
    pid_t pid = forkexec_child_pid(child);
    int status;
    OK(forkexec_detach(child));
    assert_int_equal(waitpid(pid, &status, __WALL), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 127);
    spawn_another();
}

TEST(nothing_is_left_in_the_caller)
{
    spawn_another();
    int before = descriptors();
    for (int i = 0; i < 20; i++) {
        struct forkexec_child *child = start_held(new_attr(), REPORTER("exit", "0"));
        pid_t pid = forkexec_child_pid(child);
        OK(forkexec_detach(child));
        assert_int_equal(waitpid(pid, NULL, __WALL), pid);
    }
    spawn_another();
    assert_int_equal(descriptors(), before);
}

TEST(detaching_a_running_or_ended_child_only_frees_it)
{
    struct forkexec_child *child = running();
    pid_t pid = forkexec_child_pid(child);
    OK(forkexec_detach(child));
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    kill_and_reap(pid);
    child = start_held(new_attr(), REPORTER("sleep"));
    forkexec_signal(child, SIGKILL);
    finish(child);
    OK(forkexec_detach(child));
}

TEST(the_first_process_of_a_pid_namespace_cannot_be_detached_during_its_release)
{
    need_user_namespaces();
    const char *fifo = scratch_path("first");
    assert_int_equal(mkfifo(fifo, 0666), 0);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
    OK(forkexec_attr_open_fd(attr, 9, fifo, O_RDONLY, 0));
    struct forkexec_child *child = start_held(attr, REPORTER("sleep"));
    assert_int_equal(forkexec_release(child, SECOND / 50, NULL), -ETIMEDOUT);
    assert_int_equal(forkexec_detach(child), -EBUSY);
    pid_t pid = forkexec_child_pid(child);
    forkexec_close(child);
    assert_int_equal(kill(pid, 0), -1);
    unlink(fifo);
}

TEST(children_that_need_the_caller_cannot_be_detached)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
    struct forkexec_child *child = start_held(attr, REPORTER("exit", "3"));
    assert_int_equal(forkexec_detach(child), -EOPNOTSUPP);
    OK(forkexec_release(child, 10 * SECOND, NULL));
    assert_int_equal(finish(child).exit_code, 3);
    OK(forkexec_detach(child));
    assert_int_equal(forkexec_detach(NULL), -EINVAL);
}

static void detach_in_a_fork(void *child)
{
    must(forkexec_detach(child) == -ESRCH);
    must(forkexec_child_take_pidfd(child) == -ESRCH);
}

TEST(a_fork_detaches_nothing)
{
    struct forkexec_child *child = start_held(new_attr(), REPORTER("exit", "4"));
    assert_in_caller(detach_in_a_fork, child);
    OK(forkexec_release(child, 10 * SECOND, NULL));
    assert_int_equal(finish(child).exit_code, 4);
    forkexec_close(child);
}

TEST(a_pidfd_that_was_taken_outlives_the_child)
{
    struct forkexec_child *child = running();
    pid_t pid = forkexec_child_pid(child);
    int pidfd = forkexec_child_take_pidfd(child), another = forkexec_child_take_pidfd(child);
    assert_true(pidfd >= 0 && another >= 0 && pidfd != another && pidfd != forkexec_child_pidfd(child));
    assert_int_equal(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
    close(another);
    forkexec_close(child);
    struct pollfd ended = { pidfd, POLLIN, 0 };
    assert_int_equal(poll(&ended, 1, 0), 0);
    kill(pid, SIGKILL);
    assert_int_equal(poll(&ended, 1, 20000), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(pidfd);
    assert_int_equal(forkexec_child_take_pidfd(NULL), -EINVAL);
}
