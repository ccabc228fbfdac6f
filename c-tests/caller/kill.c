/* Signals reach the child and no later process with its pid; a process tree is killed as a whole, or not at all. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SECOND 1000000000LL

/* Makes a process with a pid that was just freed; it waits to be killed. Returns 0 where the pid cannot be chosen. */
static pid_t begin_as(pid_t pid)
{
    struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
    long made = -1;
    /* The kernel may need a moment to free the pid. */
    for (double end = seconds() + 5; made < 0 && seconds() < end;) {
        made = syscall(SYS_clone3, &args, sizeof args);
        if (made == 0) {
            setpgid(0, 0);
            for (;;)
                pause();
        }
        if (made < 0 && errno != EEXIST)
            return 0;
    }
    return (pid_t)made;
}

/* Calls for a child that has ended, while another process has its pid. */
static int by_signal(struct forkexec_child *child) { return forkexec_signal(child, SIGKILL); }
static int by_tree(struct forkexec_child *child) { return forkexec_kill_tree(child); }
static int by_release(struct forkexec_child *child) { return forkexec_release(child, SECOND, NULL); }
static int by_close(struct forkexec_child *child) { return forkexec_close(child), 0; }
static int by_namespace(struct forkexec_child *child) { return forkexec_child_namespace_fd(child, FORKEXEC_NS_UTS); }

/* The caller reaps the child without telling the library. */
static void assert_other_process_untouched(struct forkexec_child *child, int (*what)(struct forkexec_child *), int answer)
{
    pid_t pid = forkexec_child_pid(child);
    assert_int_equal(waitpid(pid, NULL, __WALL), pid);
    pid_t successor = begin_as(pid);
    if (!successor) {
        forkexec_close(child);
        skip_because("needs to choose a pid");
    }
    assert_int_equal(successor, pid);
    while (getpgid(pid) != pid)
        usleep(1000);
    assert_int_equal(what(child), answer);
    assert_int_equal(kill(pid, 0), 0);
    assert_string_not_equal(status_of(pid, "State"), "Z (zombie)");
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    if (what != by_close)
        forkexec_close(child);
}

TEST(another_process_with_the_pid_is_not_taken_for_the_child)
{
    static const struct {
        int (*what)(struct forkexec_child *);
        int answer;
    } acts[] = { { by_signal, -ESRCH }, { by_release, -ECANCELED }, { by_close, 0 }, { by_namespace, -ESRCH } };
    need_native();
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        struct forkexec_child *child = start_held(new_attr(), REPORTER("sleep"));
        assert_non_null(child);
        kill(forkexec_child_pid(child), SIGKILL);
        assert_other_process_untouched(child, acts[i].what, acts[i].answer);
    }
}

TEST(no_other_process_tree_is_killed)
{
    need_native();
    for (int i = 0; i < 2; i++) {
        struct forkexec_attr *attr = new_attr();
        struct forkexec_child *child = NULL;
        OK(i ? forkexec_attr_set_session(attr) : forkexec_attr_set_process_group(attr, 0));
        OK(forkexec_spawn(attr, reporter, REPORTER("exit", "0"), NULL, &child, NULL));
        assert_other_process_untouched(child, by_tree, -ESRCH);
    }
}

/* Process trees. Every living member holds the write end. */

static bool all_gone(int from)
{
    char byte;
    fcntl(from, F_SETFL, O_NONBLOCK);
    for (double end = seconds() + 20; seconds() < end; usleep(2000))
        if (read(from, &byte, 1) == 0)
            return true;
    return false;
}

/* A child with two children, one of them in a session of its own. The end of a pipe tells when all are gone. */
static struct forkexec_child *start_tree(struct forkexec_attr *attr, int *from)
{
    int pair[2], ready;
    char *const argv[] = { reporter, "daemon", "fork", "print", "ready", "sleep", NULL };
    struct forkexec_child *child;
    char line[16];
    OK(pipe2(pair, O_CLOEXEC));
    OK(forkexec_attr_map_fd(attr, pair[1], 1));
    child = start(attr, reporter, argv, NULL);
    close(pair[1]);
    ready = (int)read(pair[0], line, sizeof line);
    assert_int_equal(ready, 6);
    *from = pair[0];
    return child;
}

TEST_BOTH(a_pid_namespace_dies_as_a_whole)
{
    need_clone_of_namespaces();
    int from;
    struct forkexec_attr *attr = new_attr();
    if (geteuid() != 0)
        need_user_namespaces();
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
    OK(forkexec_attr_set_session(attr));
    struct forkexec_child *child = start_tree(attr, &from);
    OK(forkexec_kill_tree(child));
    assert_true(all_gone(from));
    assert_int_equal(finish(child).signal, SIGKILL);
    assert_int_equal(forkexec_kill_tree(child), -ESRCH);
    close(from);
}

TEST_BOTH(a_group_is_killed_except_processes_that_left_it)
{
    for (int session = 0; session < 2; session++) {
        int pair[2];
        struct forkexec_attr *attr = new_attr();
        char *const argv[] = { reporter, "fork", "fork", "print", "ready", "sleep", NULL };
        char line[16];
        OK(session ? forkexec_attr_set_session(attr) : forkexec_attr_set_process_group(attr, 0));
        OK(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_map_fd(attr, pair[1], 1));
        struct forkexec_child *child = start(attr, reporter, argv, NULL);
        close(pair[1]);
        assert_int_equal(read(pair[0], line, sizeof line), 6);
        OK(forkexec_kill_tree(child));
        assert_true(all_gone(pair[0]));
        assert_int_equal(finish(child).signal, SIGKILL);
        close(pair[0]);
    }
}

TEST_BOTH(a_group_is_killed_after_its_leader_has_ended_too)
{
    int pair[2];
    char line[16];
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_process_group(attr, 0));
    OK(pipe2(pair, O_CLOEXEC));
    OK(forkexec_attr_map_fd(attr, pair[1], 1));
    struct forkexec_child *child = start_reporter(attr, "fork", "print", "ready", "exit", "0");
    close(pair[1]);
    assert_int_equal(read(pair[0], line, sizeof line), 6);
    assert_int_equal(forkexec_wait(child, 10 * SECOND, FORKEXEC_WAIT_NOREAP, NULL, 0), 0);
    OK(forkexec_kill_tree(child));
    assert_true(all_gone(pair[0]));
    close(pair[0]);
}

/* The kernel keeps the group's number as long as it has members, but only a pidfd proves that it is still the same group. */
TEST_BOTH(a_group_is_killed_after_its_leader_was_reaped_where_a_pidfd_names_it)
{
    int pair[2];
    char line[16];
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_session(attr));
    OK(pipe2(pair, O_CLOEXEC));
    OK(forkexec_attr_map_fd(attr, pair[1], 1));
    struct forkexec_child *child = start_reporter(attr, "fork", "print", "ready", "exit", "0");
    close(pair[1]);
    assert_int_equal(read(pair[0], line, sizeof line), 6);
    bool known = syscall(SYS_pidfd_send_signal, forkexec_child_pidfd(child), 0, NULL, 4) == 0;
    finish(child);
    int result = forkexec_kill_tree(child);
    if (!known)
        kill(-forkexec_child_pid(child), SIGKILL);
    assert_true(all_gone(pair[0]));
    close(pair[0]);
    assert_int_equal(result, known ? 0 : -ESRCH);
    need(known, "the kernel has no signals to a pidfd's group");
}

/* A shell that reports when it is ready. Its output is a pipe that closes when the last process of the tree is gone. */
static struct forkexec_child *start_script(struct forkexec_attr *attr, const char *script, int *from)
{
    int pair[2];
    char line[16];
    OK(pipe2(pair, O_CLOEXEC));
    OK(forkexec_attr_map_fd(attr, pair[1], 1));
    struct forkexec_child *child = start(attr, "/bin/sh", (char *[]){ "sh", "-c", (char *)script, NULL }, NULL);
    close(pair[1]);
    assert_int_equal(read(pair[0], line, sizeof line), 6);
    *from = pair[0];
    return child;
}

TEST_BOTH(a_signal_reaches_the_whole_group)
{
    for (int session = 0; session < 2; session++) {
        struct forkexec_attr *attr = new_attr();
        OK(session ? forkexec_attr_set_session(attr) : forkexec_attr_set_process_group(attr, 0));
        int from;
        struct forkexec_child *child = start_script(attr, "sleep 1000 & sleep 1000 & echo ready; exec sleep 1000", &from);
        OK(forkexec_signal_tree(child, 0));
        assert_int_equal(forkexec_signal_tree(child, 1000), -EINVAL);
        OK(forkexec_signal_tree(child, SIGUSR1));
        assert_true(all_gone(from));
        assert_int_equal(finish(child).signal, SIGUSR1);
        close(from);
    }
}

TEST_BOTH(with_an_init_all_processes_end_with_the_program)
{
    need_clone_of_namespaces();
    if (geteuid() != 0)
        need_user_namespaces();
    need_native();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
    OK(forkexec_attr_set_init(attr));
    int from;
    struct forkexec_child *child = start_script(attr, "setsid sleep 1000 & echo ready; exec sleep 1000", &from);
    OK(forkexec_signal_tree(child, SIGTERM));
    assert_true(all_gone(from));
    assert_int_equal(finish(child).signal, SIGTERM);
    close(from);
}

/* One ends at the signal and leaves a child that does not end; the other does not end. */
TEST_BOTH(all_processes_of_a_tree_are_terminated)
{
    static const struct {
        const char *script;
        int64_t grace;
        int signal;
    } trees[] = { { "(trap '' TERM; sleep 1000) & sleep .1; echo ready; exec sleep 1000", 20 * SECOND, SIGTERM },
        { "trap '' TERM; sleep 1000 & echo ready; while :; do sleep 1000; done", SECOND / 20, SIGKILL } };
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_session(attr));
        int from;
        struct forkexec_child *child = start_script(attr, trees[i].script, &from);
        OK(forkexec_terminate_tree(child, SIGTERM, trees[i].grace));
        assert_true(all_gone(from));
        assert_int_equal(finish(child).signal, trees[i].signal);
        close(from);
    }
}

TEST_BOTH(terminating_a_tree_that_has_ended)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_session(attr));
    struct forkexec_child *child = start_reporter(attr, "exit", "5");
    OK(forkexec_terminate_tree(child, SIGTERM, 20 * SECOND));
    finish(child);
    OK(forkexec_terminate_tree(child, SIGTERM, 20 * SECOND));
    assert_int_equal(forkexec_terminate_tree(child, SIGTERM, FORKEXEC_FOREVER), -EINVAL);
    assert_int_equal(forkexec_terminate_tree(NULL, SIGTERM, 0), -EINVAL);
    assert_int_equal(forkexec_signal_tree(NULL, SIGTERM), -EINVAL);
}

TEST_BOTH(a_child_without_a_group_or_namespace_has_no_tree)
{
    struct forkexec_child *child = start_reporter(new_attr(), "sleep");
    assert_int_equal(forkexec_kill_tree(child), -EOPNOTSUPP);
    assert_int_equal(forkexec_signal_tree(child, SIGTERM), -EOPNOTSUPP);
    assert_int_equal(forkexec_terminate_tree(child, SIGTERM, 0), -EOPNOTSUPP);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_process_group(attr, getpgrp()));
    struct forkexec_child *member = start_reporter(attr, "sleep");
    assert_int_equal(forkexec_kill_tree(member), -EOPNOTSUPP);
    assert_int_equal(forkexec_wait(member, SECOND / 20, 0, NULL, 0), -ETIMEDOUT);
}

TEST_BOTH(a_cgroup_of_version_1_is_emptied)
{
    need_root();
    const char *path = text("/sys/fs/cgroup/memory/forkexec-kill-%d", getpid());
    need(mkdir(path, 0755) == 0, "needs to make a cgroup in /sys/fs/cgroup/memory: %s", strerror(errno));
    int from, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), gone = 0, removed = -1;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_cgroup_fd(attr, fd));
    struct forkexec_child *child = start_tree(attr, &from);
    int result = forkexec_kill_tree(child);
    if (!result)
        gone = all_gone(from);
    finish(child);
    for (double end = seconds() + 10; removed && seconds() < end; usleep(2000))
        removed = rmdir(path);
    close(fd);
    close(from);
    assert_int_equal(result, 0);
    assert_true(gone);
    assert_int_equal(removed, 0);
}
