/* Rights of the caller that a child in a joined user namespace would lack: limits, priorities and groups are set before
 * the child joins anything, whichever process becomes the program. */
#include "in_fork.h"
#include "deny_calls.h"

#include <sched.h>
#include <sys/resource.h>

static const uint32_t all = FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET | FORKEXEC_NS_UTS;

static void need_join(void)
{
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    need_native();
}

/* A holder whose namespaces last as long as the test. Its user namespace denies setgroups unless it is to allow it. */
static struct forkexec_child *holder_of(uint32_t types, bool setgroups, uint32_t outside, uint32_t count)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_create_namespaces(attr, types));
    OK(forkexec_attr_map_uid(attr, 0, outside, count));
    OK(forkexec_attr_map_gid(attr, 0, outside, count));
    if (setgroups)
        OK(forkexec_attr_allow_setgroups(attr));
    if (forkexec_hold(attr, &child, &error))
        fail_msg("%s", error.message);
    return child;
}

/* Which process becomes the program, and when. */
enum shape { FIRST, LAST_CLONE, SECOND_CLONE, FIRST_PROCESS, NEW_USER, SHAPES };

static struct forkexec_attr *joins(struct forkexec_child *holder, enum shape shape)
{
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    static const uint32_t types[SHAPES] = { FORKEXEC_NS_USER | FORKEXEC_NS_NET, FORKEXEC_NS_USER | FORKEXEC_NS_PID,
        FORKEXEC_NS_USER | FORKEXEC_NS_PID, FORKEXEC_NS_USER | FORKEXEC_NS_UTS, FORKEXEC_NS_NET };
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), types[shape]));
    if (shape == SECOND_CLONE)
        OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, 0));
    if (shape == FIRST_PROCESS)
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    if (shape == NEW_USER) {
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    }
    return attr;
}

static bool kernel_has_real_time(void)
{
    int status = 1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 }) != 0);
    waitpid(pid, &status, 0);
    return !status;
}

TEST_BOTH(nice_and_scheduling_policy)
{
    need_join();
    need_cap(CAP_SYS_NICE);
    bool real_time = kernel_has_real_time();
    struct forkexec_child *holder = holder_of(all, false, 0, 1);
    for (enum shape shape = FIRST; shape < SHAPES; shape++) {
        struct forkexec_attr *attr = joins(holder, shape);
        OK(forkexec_attr_set_nice(attr, -7));
        OK(forkexec_attr_set_io_priority(attr, 1, 3));
        if (real_time)
            OK(forkexec_attr_set_scheduler(attr, SCHED_FIFO, 2));
        else
            OK(forkexec_attr_set_scheduler(attr, SCHED_BATCH, 0));
        struct view *view = run_reporter(attr);
        assert_saw(view, "nice", "-7");
        assert_saw(view, "io_priority", "1 3");
        assert_saw(view, "scheduler", real_time ? "1 2" : "3 0");
    }
    forkexec_close(holder);
}

/* A change from SCHED_IDLE to SCHED_OTHER needs privilege, too. */
static void check_not_idle(const void *unused)
{
    (void)unused;
    struct forkexec_child *holder = holder_of(all, false, 0, 1);
    assert_false(sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 }));
    for (enum shape shape = FIRST; shape < SHAPES; shape++) {
        struct forkexec_attr *attr = joins(holder, shape);
        OK(forkexec_attr_set_scheduler(attr, SCHED_OTHER, 0));
        assert_saw(run_reporter(attr), "scheduler", "0 0");
    }
    forkexec_close(holder);
}

TEST_BOTH(the_default_policy_for_an_idle_caller)
{
    need_join();
    need_cap(CAP_SYS_NICE);
    in_fork(check_not_idle, NULL);
}

static void check_limits(const void *unused)
{
    (void)unused;
    assert_false(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){ 100, 200 }));
    assert_false(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, 200 }));
    struct forkexec_child *holder = holder_of(all, false, 0, 1);
    for (enum shape shape = FIRST; shape < SHAPES; shape++) {
        struct forkexec_attr *attr = joins(holder, shape);
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_SIGPENDING, 300, 400));
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 300, 400));
        OK(forkexec_attr_set_oom_score_adj(attr, -1000));
        struct view *view = run_reporter(attr);
        assert_saw(view, "rlimit.SIGPENDING", "300 400");
        assert_saw(view, "rlimit.NOFILE", "300 400");
        assert_saw(view, "oom_score_adj", "-1000");
    }
    forkexec_close(holder);
}

TEST_BOTH(limits_and_the_out_of_memory_killer)
{
    need_join();
    need_cap(CAP_SYS_RESOURCE);
    in_fork(check_limits, NULL);
}

TEST_BOTH(a_higher_oom_score_needs_no_right)
{
    need_join();
    struct forkexec_child *holder = holder_of(all, false, geteuid(), 1);
    for (enum shape shape = FIRST; shape < (geteuid() ? NEW_USER : SHAPES); shape++) {
        struct forkexec_attr *attr = joins(holder, shape);
        OK(forkexec_attr_set_oom_score_adj(attr, 900));
        OK(forkexec_attr_set_nice(attr, 11));
        struct view *view = run_reporter(attr);
        assert_saw(view, "oom_score_adj", "900");
        assert_saw(view, "nice", "11");
    }
    forkexec_close(holder);
}

/* Without the right to them they fail. If a failure is allowed, nothing changes. */
static void check_refused(const void *with)
{
    become_nobody();
    struct forkexec_child *holder = holder_of(all, false, geteuid(), 1);
    struct view *self = view_of_self();
    for (enum shape shape = FIRST; shape < NEW_USER; shape++) {
        struct forkexec_attr *attr = joins(holder, shape);
        OK(forkexec_attr_set_nice(attr, -7));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_NICE, EACCES, -1);
        OK(forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_NICE));
        assert_same(run_reporter(attr, .path = with), self, "nice");
        OK(forkexec_attr_set_scheduler(attr, SCHED_FIFO, 1));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_SCHEDULER, EPERM, -1);
        attr = joins(holder, shape);
        OK(forkexec_attr_set_io_priority(attr, 1, 3));
        OK(forkexec_attr_set_oom_score_adj(attr, 500));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_IO_PRIORITY, EPERM, -1);
        OK(forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_IO_PRIORITY));
        assert_saw(run_reporter(attr, .path = with), "oom_score_adj", "500");
    }
    forkexec_close(holder);
}

TEST_BOTH(without_the_right)
{
    need_join();
    struct rlimit nice = { 0, 0 }, real_time = { 0, 0 };
    getrlimit(RLIMIT_NICE, &nice);
    getrlimit(RLIMIT_RTPRIO, &real_time);
    need(nice.rlim_cur < 20 && !real_time.rlim_cur, "everybody may be greedy here");
    in_fork(check_refused, public_reporter());
}

/* At that time the child has not joined anything, so processes in the namespaces cannot see it. */
static void check_before_the_join(const void *unused)
{
    (void)unused;
    static const struct denial both[] = { { SYS_setpriority, EIO, { { 0 } } }, { SYS_setns, ENOLCK, { { 0 } } } };
    struct forkexec_child *holder = holder_of(all, false, geteuid(), 1);
    deny(both, 2);
    for (enum shape shape = FIRST; shape < NEW_USER; shape++) {
        struct forkexec_attr *attr = joins(holder, shape);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_JOIN, ENOLCK, 0);
        OK(forkexec_attr_set_nice(attr, 3));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_NICE, EIO, -1);
    }
    forkexec_close(holder);
}

TEST_BOTH(all_is_set_before_the_join)
{
    need_join();
    in_copy(check_before_the_join, NULL);
}

/* Also for a holder and for a held child. */
TEST(holders_and_held_children)
{
    need_join();
    need_cap(CAP_SYS_NICE);
    struct forkexec_child *holder = holder_of(all, false, 0, 1), *child = NULL;
    struct forkexec_attr *attr = joins(holder, FIRST);
    OK(forkexec_attr_set_nice(attr, -3));
    OK(forkexec_hold(attr, &child, NULL));
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)forkexec_child_pid(child)), -3);
    forkexec_close(child);
    attr = joins(holder, LAST_CLONE);
    OK(forkexec_attr_set_nice(attr, -4));
    OK(forkexec_start(attr, reporter, (char *[]){ reporter, "sleep", NULL }, NULL, &child, NULL));
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)forkexec_child_pid(child)), -4);
    OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)forkexec_child_pid(child)), -4);
    OK(forkexec_signal(child, SIGKILL));
    finish(child);
    forkexec_close(child);
    forkexec_close(holder);
}

/* The spawn fails at the groups, with these words in the message. */
static void assert_groups_denied(struct forkexec_attr *attr, const char *path)
{
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    assert_int_equal(try_start(attr, path, (char *[]){ "reporter", NULL }, NULL, &child, &error), -EPERM);
    assert_int_equal(error.stage, FORKEXEC_STAGE_GROUPS);
    assert_non_null(strstr(error.message, "denies setgroups"));
    assert_non_null(strstr(error.message, "keep_groups"));
}

static struct forkexec_attr *becomes_root(struct forkexec_child *holder)
{
    struct forkexec_attr *attr = joins(holder, FIRST);
    OK(forkexec_attr_set_uid(attr, 0));
    OK(forkexec_attr_set_gid(attr, 0));
    return attr;
}

struct groups {
    size_t n;
    uint32_t list[4];
};

/* The user namespace denies setgroups. Groups that are as requested already are no failure; every difference is one. */
static void check_groups(const void *path)
{
    static const struct groups none = { 0, { 0 } }, two = { 2, { 5, 3 } }, far = { 2, { 5, 4000000 } };
    struct forkexec_child *denying = holder_of(all, false, 0, 65536), *allowing = holder_of(all, true, 0, 65536);

    assert_false(syscall(SYS_setgroups, none.n, none.list));
    assert_saw(run_reporter(becomes_root(denying), .path = path), "groups", "");
    struct forkexec_attr *attr = becomes_root(denying);
    OK(forkexec_attr_set_groups(attr, NULL, 0));
    assert_saw(run_reporter(attr, .path = path), "groups", "");
    OK(forkexec_attr_set_groups(attr, two.list, 2));
    assert_groups_denied(attr, path);

    assert_false(syscall(SYS_setgroups, two.n, two.list));
    assert_groups_denied(becomes_root(denying), path);
    assert_saw(run_reporter(becomes_root(allowing), .path = path), "groups", "");
    attr = becomes_root(denying);
    OK(forkexec_attr_keep_groups(attr));
    assert_saw(run_reporter(attr, .path = path), "groups", "3 5");
    attr = becomes_root(denying);
    OK(forkexec_attr_set_groups(attr, (uint32_t[]){ 3, 5, 3 }, 3));
    assert_saw(run_reporter(attr, .path = path), "groups", "3 5");
    for (int i = 0; i < 2; i++) {
        OK(forkexec_attr_set_groups(attr, two.list + i, 1));
        assert_groups_denied(attr, path);
    }
    OK(forkexec_attr_set_groups(attr, (uint32_t[]){ 3, 5, 7 }, 3));
    assert_groups_denied(attr, path);

    /* An unmapped group looks like the overflow gid, which is mapped as well. */
    assert_false(syscall(SYS_setgroups, far.n, far.list));
    OK(forkexec_attr_set_groups(attr, (uint32_t[]){ 5, 65534 }, 2));
    assert_groups_denied(attr, path);
    forkexec_close(denying);
    forkexec_close(allowing);
}

TEST_BOTH(groups_where_they_cannot_be_set)
{
    need_join();
    need_cap(CAP_SETGID);
    in_fork(check_groups, public_reporter());
}

/* The user's own namespace, as unshare(1) creates it. */
static void check_users_own(const void *path)
{
    become_nobody();
    struct forkexec_child *holder = holder_of(all, false, geteuid(), 1);
    assert_saw(run_reporter(becomes_root(holder), .path = path), "uid", "0 0 0 0");
    forkexec_close(holder);
}

TEST_BOTH(a_user_becomes_root_of_its_own)
{
    need_join();
    gid_t list[1024];
    need(!geteuid() || !getgroups(1024, list), "needs a user without supplementary groups");
    in_fork(check_users_own, public_reporter());
}
