/* Existing namespaces: joined by descriptors or by a process, and new ones created besides them. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static const struct kind {
    uint32_t type;
    const char *name;
} kinds[] = {
    { FORKEXEC_NS_CGROUP, "cgroup" }, { FORKEXEC_NS_IPC, "ipc" }, { FORKEXEC_NS_MOUNT, "mnt" }, { FORKEXEC_NS_NET, "net" },
    { FORKEXEC_NS_PID, "pid" }, { FORKEXEC_NS_TIME, "time" }, { FORKEXEC_NS_USER, "user" }, { FORKEXEC_NS_UTS, "uts" },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const uint32_t all = FORKEXEC_NS_CGROUP | FORKEXEC_NS_IPC | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET | FORKEXEC_NS_PID
    | FORKEXEC_NS_USER | FORKEXEC_NS_UTS;

static void need_join(void)
{
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    need_native();
}

/* A holder whose namespaces last as long as the test. */
static struct forkexec_child *holder_of(uint32_t types)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_create_namespaces(attr, types));
    if (types & FORKEXEC_NS_USER) {
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    }
    if (forkexec_hold(attr, &child, &error))
        fail_msg("%s", error.message);
    return child;
}

/* The namespaces of the program, as the caller sees them while the program sleeps. */
static void assert_in(struct forkexec_child *child, pid_t other, uint32_t types)
{
    pid_t pid = forkexec_child_pid(child);
    for (size_t i = 0; i < KINDS; i++) {
        bool joined = types & kinds[i].type;
        const char *is = namespace_of(pid, kinds[i].name), *should = namespace_of(joined ? other : getpid(), kinds[i].name);
        assert_string_equal_or_null(is, should, kinds[i].name, __FILE__, __LINE__);
    }
}

static struct forkexec_attr *joins(struct forkexec_child *holder, uint32_t types)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), types));
    return attr;
}

/* Joins by one descriptor for each type. The test has to close `fds`. */
static struct forkexec_attr *joins_fds(struct forkexec_child *holder, uint32_t types, int fds[KINDS])
{
    struct forkexec_attr *attr = new_attr();
    for (size_t i = 0; i < KINDS; i++) {
        fds[i] = -1;
        if (!(types & kinds[i].type))
            continue;
        fds[i] = forkexec_child_namespace_fd(holder, kinds[i].type);
        assert_in_range(fds[i], 3, 4096);
        OK(forkexec_attr_join_namespace(attr, fds[i], kinds[i].type));
    }
    return attr;
}

static void close_all(int fds[KINDS])
{
    for (size_t i = 0; i < KINDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void assert_sleeps_in(struct forkexec_attr *attr, struct forkexec_child *holder, uint32_t types)
{
    struct forkexec_child *child = start_reporter(attr, "sleep");
    assert_in(child, forkexec_child_pid(holder), types);
    assert_int_equal(forkexec_signal(child, SIGTERM), 0);
    struct forkexec_status status = finish(child);
    assert_int_equal(status.signal, SIGTERM);
}

TEST_BOTH(all_types_at_once)
{
    need_join();
    struct forkexec_child *holder = holder_of(all & ~FORKEXEC_NS_PID);
    assert_sleeps_in(joins(holder, all & ~FORKEXEC_NS_PID), holder, all & ~FORKEXEC_NS_PID);
    int fds[KINDS];
    assert_sleeps_in(joins_fds(holder, all & ~FORKEXEC_NS_PID, fds), holder, all & ~FORKEXEC_NS_PID);
    close_all(fds);
    forkexec_close(holder);
}

TEST_BOTH(each_type_alone)
{
    need_join();
    need_root();
    struct forkexec_child *holder = holder_of(all);
    for (size_t i = 0; i < KINDS; i++) {
        if (!(all & kinds[i].type))
            continue;
        int fds[KINDS];
        assert_sleeps_in(joins_fds(holder, kinds[i].type, fds), holder, kinds[i].type);
        assert_sleeps_in(joins(holder, kinds[i].type), holder, kinds[i].type);
        close_all(fds);
    }
    forkexec_close(holder);
}

/* A second process is the program. The pid that the caller knows is the right one, and its exit status is the program's. */
TEST_BOTH(a_pid_namespace)
{
    need_join();
    struct forkexec_child *holder = holder_of(all);
    struct forkexec_attr *attr = joins(holder, all);
    struct view *view = run_reporter(attr);
    assert_saw(view, "pid", "2");
    assert_saw(view, "ppid", "0");
    assert_sleeps_in(attr, holder, all);
    assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
    assert_spawn_fails(attr, "/no/such/program", FORKEXEC_STAGE_EXEC, ENOENT, -1);
    /* A number above the library's own descriptors. */
    OK(forkexec_attr_map_fd(attr, 0, 300));
    assert_saw(run_reporter(attr), "fds", "0 1 2 300");
    forkexec_close(holder);
}

/* The caller waits while another thread releases the child. */
static void *wait_for(void *child)
{
    static struct forkexec_status status;
    status = (struct forkexec_status){ 0 };
    return forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) ? NULL : &status;
}

TEST(a_pid_namespace_while_another_waits)
{
    need_join();
    struct forkexec_child *holder = holder_of(all), *child = NULL;
    struct forkexec_attr *attr = joins(holder, all);
    char *argv[] = { reporter, "exit", "9", NULL };
    for (int turn = 0; turn < 20; turn++) {
        pthread_t thread;
        void *status;
        OK(forkexec_start(attr, reporter, argv, NULL, &child, NULL));
        pid_t held = forkexec_child_pid(child);
        assert_false(pthread_create(&thread, NULL, wait_for, child));
        OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
        assert_int_not_equal(forkexec_child_pid(child), held);
        assert_false(pthread_join(thread, &status));
        assert_non_null(status);
        assert_int_equal(((struct forkexec_status *)status)->exit_code, 9);
        forkexec_close(child);
    }
    forkexec_close(holder);
}

/* New namespaces are created inside the joined ones. */
TEST_BOTH(with_new_namespaces)
{
    need_join();
    struct forkexec_child *holder = holder_of(FORKEXEC_NS_USER | FORKEXEC_NS_NET);
    struct forkexec_attr *attr = joins(holder, FORKEXEC_NS_USER | FORKEXEC_NS_NET);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_UTS));
    OK(forkexec_attr_set_hostname(attr, "inside"));
    struct view *view = run_reporter(attr);
    assert_saw(view, "pid", "1");
    assert_saw(view, "hostname", "inside");
    assert_saw(view, "uid", "0 0 0 0");
    forkexec_close(holder);
}

/* A new root besides joined namespaces: proc belongs to the new pid namespace. */
TEST_BOTH(with_a_new_root)
{
    need_join();
    struct forkexec_child *holder = holder_of(FORKEXEC_NS_USER | FORKEXEC_NS_NET);
    struct forkexec_attr *attr = joins(holder, FORKEXEC_NS_USER | FORKEXEC_NS_NET);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, "/", 0));
    OK(forkexec_attr_mount_proc(attr, "/proc", 0));
    char *argv[] = { "sh", "-c", "[ $$ = 1 ] && [ \"$(cat /proc/1/comm)\" = sh ]", NULL };
    assert_int_equal(finish(start(attr, "/bin/sh", argv, NULL)).exit_code, 0);
    forkexec_close(holder);
}

TEST_BOTH(with_a_new_user_namespace)
{
    need_join();
    need_root();
    struct forkexec_child *holder = holder_of(FORKEXEC_NS_NET);
    struct forkexec_attr *attr = joins(holder, FORKEXEC_NS_NET);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, 100000, 1000));
    OK(forkexec_attr_map_gid(attr, 0, 100000, 1000));
    OK(forkexec_attr_set_uid(attr, 0));
    OK(forkexec_attr_set_gid(attr, 0));
    assert_saw(run_reporter(attr), "pid", "1");
    struct forkexec_child *child = start_reporter(attr, "sleep");
    struct stat st;
    assert_false(stat(text("/proc/%d", forkexec_child_pid(child)), &st));
    assert_int_equal(st.st_uid, 100000);
    assert_string_equal(namespace_of(forkexec_child_pid(child), "net"), namespace_of(forkexec_child_pid(holder), "net"));
    forkexec_signal(child, SIGKILL);
    finish(child);
    forkexec_close(holder);
}

TEST(descriptors_that_are_no_such_namespace)
{
    struct forkexec_attr *attr = new_attr();
    int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(forkexec_attr_join_namespace(NULL, uts, FORKEXEC_NS_UTS), -EINVAL);
    OK(forkexec_attr_join_namespace(attr, uts, FORKEXEC_NS_IPC));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, 0);
    attr = new_attr();
    OK(forkexec_attr_join_namespace(attr, null, FORKEXEC_NS_IPC));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, 0);
    attr = new_attr();
    OK(forkexec_attr_join_pidfd(attr, null, FORKEXEC_NS_IPC));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_JOIN, EINVAL, 0);
    attr = new_attr();
    OK(forkexec_attr_join_namespace(attr, 4000, FORKEXEC_NS_IPC));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, 0);
    attr = new_attr();
    OK(forkexec_attr_join_namespace(attr, uts, FORKEXEC_NS_UTS));
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_UTS));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = new_attr();
    assert_int_equal(forkexec_attr_join_namespace(attr, uts, FORKEXEC_NS_UTS | FORKEXEC_NS_IPC), -EINVAL);
    attr = new_attr();
    OK(forkexec_attr_join_namespace(attr, uts, FORKEXEC_NS_UTS));
    assert_int_equal(forkexec_attr_join_pidfd(attr, null, FORKEXEC_NS_UTS | FORKEXEC_NS_IPC), -EINVAL);
    close(uts);
    close(null);
}

/* After the release was given up, only the child's handle can end the second process. */
TEST(a_join_given_up_at_any_moment)
{
    need_join();
    struct forkexec_child *holder = holder_of(all);
    const struct forkexec_attr *attr = joins(holder, all);
    int reached = 0;
    for (int i = 0; i < 300; i++) {
        struct forkexec_child *child;
        OK(forkexec_start(attr, reporter, (char *[]){ reporter, "sleep", NULL }, NULL, &child, NULL));
        int result = forkexec_release(child, i * 2000, NULL);
        assert_true(result == 0 || result == -ETIMEDOUT);
        if (result == 0) {
            reached++;
            OK(forkexec_signal(child, SIGKILL));
            OK(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0));
        }
        forkexec_close(child);
    }
    printf("# %d of 300 came to their program\n", reached);
    forkexec_close(holder);
}

/* The release returned before it was done. Now the wait alone lets the second process continue. */
TEST(a_join_that_a_wait_completes)
{
    need_join();
    struct forkexec_child *holder = holder_of(all);
    const struct forkexec_attr *attr = joins(holder, all);
    for (int i = 0; i < 50; i++) {
        struct forkexec_child *child;
        OK(forkexec_start(attr, reporter, (char *[]){ reporter, "touch", (char *)scratch_path("ran"), NULL }, NULL,
            &child, NULL));
        int result = forkexec_release(child, i * 20000, NULL);
        assert_true(result == 0 || result == -ETIMEDOUT);
        struct forkexec_status status = finish(child);
        assert_int_equal(status.signal, 0);
        assert_int_equal(status.ran, FORKEXEC_RAN_YES);
        forkexec_close(child);
    }
    forkexec_close(holder);
}

/* The image cannot set its own name, so the name of a zombie tells nothing. */
static void is_killed_without_its_name(const void *at_exec)
{
    static const struct denial no_name[] = { { SYS_prctl, EPERM, { { IS, 0, PR_SET_NAME } } },
        { SYS_execve, DEADLY, { { 0 } } } };
    struct forkexec_child *holder = holder_of(all);
    struct forkexec_attr *attr = joins(holder, all);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    deny(no_name, at_exec ? 2 : 1);
    int result = forkexec_spawn(attr, reporter, (char *[]){ reporter, "sleep", NULL }, NULL, &child, &error);
    if (result) {
        assert_non_null(at_exec);
        assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
        assert_int_equal(error.signal, SIGSYS);
    } else {
        if (!at_exec)
            OK(forkexec_signal(child, SIGKILL));
        struct forkexec_status status = finish(child);
        assert_int_equal(status.signal, at_exec ? SIGSYS : SIGKILL);
        assert_int_equal(status.ran, at_exec ? FORKEXEC_RAN_NO : FORKEXEC_RAN_YES);
        forkexec_close(child);
    }
    forkexec_close(holder);
}

TEST(a_second_process_that_is_killed_without_the_images_name)
{
    need_join();
    for (int turn = 0; turn < 10; turn++) {
        in_copy(is_killed_without_its_name, NULL);
        in_copy(is_killed_without_its_name, "at its exec");
    }
}

TEST_BOTH(a_holder_that_has_ended)
{
    need_join();
    struct forkexec_child *holder = holder_of(all);
    struct forkexec_attr *attr = joins(holder, all);
    OK(forkexec_signal(holder, SIGKILL));
    assert_true(ends(forkexec_child_pid(holder)));
    /* A caller without the right to inspect the holder gets another error for a holder that has ended. */
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_JOIN, geteuid() ? EPERM : ESRCH, 0);
    forkexec_close(holder);
}

/* Each step of a joining spawn fails, alone. */
static const struct {
    const char *name;
    uint32_t stage;
    struct denial denial;
} steps[] = {
    { "the join", FORKEXEC_STAGE_JOIN, { SYS_setns, EIO, { { 0 } } } },
    { "the user namespace", FORKEXEC_STAGE_UNSHARE_USER, { SYS_unshare, EIO, { { IS, 0, CLONE_NEWUSER } } } },
    { "the wait for its maps", FORKEXEC_STAGE_WAIT_MAPS,
        { SYS_prctl, EIO, { { IS, 0, PR_SET_DUMPABLE }, { IS, 1, 1 } } } },
    { "the first process", FORKEXEC_STAGE_FIRST_PROCESS, { SYS_clone, EIO, { { IS, 0, CLONE_PARENT | CLONE_PARENT_SETTID } } } },
};

static void fails_at(const void *step_)
{
    size_t step = *(const size_t *)step_;
    struct forkexec_attr *attr = new_attr();
    int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    OK(forkexec_attr_join_namespace(attr, net, FORKEXEC_NS_NET));
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, 0, 1));
    assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
    deny(&steps[step].denial, 1);
    assert_spawn_fails(attr, NULL, steps[step].stage, EIO, step ? -1 : 0);
}

static void fails_at_second_clone(const void *filter)
{
    static const struct denial no_clone[] = { { SYS_clone, EIO, { { IS, 0, CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_VM } } } };
    struct forkexec_child *holder = holder_of(all);
    struct forkexec_attr *attr = joins(holder, all);
    if (filter)
        OK(forkexec_attr_add_seccomp_filter(attr, filter, 1, 0));
    deny(no_clone, 1);
    assert_spawn_fails(attr, NULL, filter ? FORKEXEC_STAGE_SECOND_CLONE : FORKEXEC_STAGE_LAST_CLONE, EIO, -1);
    forkexec_close(holder);
}

TEST_BOTH(a_second_clone_fails_alone)
{
    need_join();
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    in_copy(fails_at_second_clone, NULL);
    in_copy(fails_at_second_clone, &allow);
}

TEST_BOTH(each_step_fails_alone)
{
    need_join();
    need_root();
    for (size_t step = 0; step < sizeof steps / sizeof *steps; step++)
        in_copy(fails_at, &step);
}
