/* Time namespaces: clocks ahead of the caller's, or behind. */
#include "in_fork.h"
#include "deny_calls.h"

#include <sched.h>
#include <sys/mount.h>
#include <time.h>

#define MINUTE 60
#define DAY 86400

static void need_time(void)
{
    need_user_namespaces();
    need_native();
    need(exists("/proc/self/timens_offsets"), "needs time namespaces");
}

static struct forkexec_attr *attr_with(uint32_t mode, bool entered)
{
    struct forkexec_attr *attr = attr_in(mode);
    uint32_t types = FORKEXEC_NS_TIME;
    if (geteuid()) {
        types |= FORKEXEC_NS_USER;
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    }
    if (entered)
        OK(forkexec_attr_unshare_namespaces(attr, types));
    else
        OK(forkexec_attr_create_namespaces(attr, types));
    return attr;
}

static double now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The program's clock shows the caller's time plus this offset. */
static void assert_ahead(struct forkexec_attr *attr, clockid_t clock, double seconds)
{
    double before = now(clock);
    struct view *view = run_reporter(attr, .argv = (char *[]){ reporter, "clock", (char *)text("%d", clock), NULL });
    double after = now(clock), seen = atof(saw(view, text("clock.%d", clock)));
    if (seen < before + seconds - 0.01 || seen > after + seconds + 0.01)
        fail_msg("clock %d: %f, not %f to %f", clock, seen, before + seconds, after + seconds);
}

TEST_BOTH(clocks_are_ahead)
{
    need_time();
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct forkexec_attr *attr = attr_with(mode, entered);
            OK(forkexec_attr_set_time_offset(attr, CLOCK_BOOTTIME, 7 * DAY, 500000000));
            assert_ahead(attr, CLOCK_BOOTTIME, 7 * DAY + 0.5);
            assert_ahead(attr, CLOCK_MONOTONIC, 0);
            OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, DAY, 0));
            assert_ahead(attr, CLOCK_BOOTTIME, 7 * DAY + 0.5);
            assert_ahead(attr, CLOCK_MONOTONIC, DAY);
            assert_ahead(attr, CLOCK_MONOTONIC_RAW, DAY);
            assert_ahead(attr, CLOCK_REALTIME, 0);
        }
}

/* As after a restore on a machine that was started later. */
TEST_BOTH(clocks_are_behind)
{
    need_time();
    need(now(CLOCK_MONOTONIC) > MINUTE, "the machine was started a moment ago");
    struct forkexec_attr *attr = attr_with(0, false);
    OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, -MINUTE, 250000000));
    assert_ahead(attr, CLOCK_MONOTONIC, -MINUTE + 0.25);
}

TEST_BOTH(the_last_offset_wins)
{
    need_time();
    struct forkexec_attr *attr = attr_with(0, false);
    OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, DAY, 1));
    OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, MINUTE, 0));
    assert_ahead(attr, CLOCK_MONOTONIC, MINUTE);
}

/* All new namespaces at once: the clocks are set before a process enters the time namespace. */
TEST_BOTH(the_first_process_of_a_pid_namespace)
{
    need_time();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, false);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT));
        OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, DAY, 0));
        assert_ahead(attr, CLOCK_MONOTONIC, DAY);
    }
}

/* Together with joined namespaces, from where no process may inspect the child. */
TEST_BOTH(with_joined_namespaces)
{
    need_time();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    struct forkexec_attr *pod = new_attr();
    struct forkexec_child *holder = NULL;
    OK(forkexec_attr_create_namespaces(pod, FORKEXEC_NS_USER | FORKEXEC_NS_UTS));
    OK(forkexec_attr_map_uid(pod, 0, geteuid(), 1));
    OK(forkexec_hold(pod, &holder, NULL));
    for (int first = 0; first < 2; first++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), FORKEXEC_NS_USER | FORKEXEC_NS_UTS));
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_TIME | (first ? FORKEXEC_NS_PID : 0)));
        OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, DAY, 0));
        assert_ahead(attr, CLOCK_MONOTONIC, DAY);
    }
    forkexec_close(holder);
}

TEST_BOTH(in_a_user_namespace_of_another_owner)
{
    need_time();
    need_root();
    need_cap(CAP_SYS_TIME);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_TIME | FORKEXEC_NS_PID));
        OK(forkexec_attr_set_user_namespace_owner(attr, 1000));
        OK(forkexec_attr_map_uid(attr, 0, 1000, 1));
        OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, DAY, 0));
        double before = now(CLOCK_MONOTONIC);
        struct view *view = run_reporter(attr, .path = public_reporter(), .argv = (char *[]){ "w", "clock", "1", NULL });
        assert_true(atof(saw(view, "clock.1")) >= before + DAY);
    }
}

TEST_BOTH(invalid_clock_values)
{
    need_time();
    static const int64_t seconds[] = { -1000000000, INT64_MAX, INT64_MIN, 9000000000 };
    for EACH_MEMORY(mode)
        for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
            struct forkexec_attr *attr = attr_with(mode, false);
            OK(forkexec_attr_set_time_offset(attr, CLOCK_BOOTTIME, seconds[i], 0));
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_TIME_OFFSETS, ERANGE, -1);
        }
}

static void check_unprivileged(const void *unused)
{
    (void)unused;
    uint64_t admin = BIT(CAP_SYS_ADMIN) | BIT(CAP_SETPCAP);
    assert_false(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
    assert_false(set_caps(admin, admin, 0));
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, false);
        OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, DAY, 0));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_TIME_OFFSETS, EPERM, -1);
    }
}

TEST_BOTH(without_the_right_to_set_clocks)
{
    need_time();
    need_root();
    need_cap(CAP_SYS_ADMIN);
    in_fork(check_unprivileged, NULL);
}

static void check_without_proc(const void *unused)
{
    (void)unused;
    assert_false(unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount("none", "/proc", "tmpfs", 0, NULL));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_TIME));
    OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, DAY, 0));
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    char *argv[] = { reporter, "exit", "0", NULL };
    assert_int_equal(forkexec_spawn(attr, reporter, argv, NULL, &child, &error), -ENOENT);
    assert_int_equal(error.stage, FORKEXEC_STAGE_TIME_FILE);
    /* A plain file with this name. */
    assert_false(mkdir("/proc/self", 0755));
    assert_false(mkdir("/proc/self/ns", 0755));
    close(open("/proc/self/timens_offsets", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    assert_int_equal(forkexec_spawn(attr, reporter, argv, NULL, &child, &error), -EOPNOTSUPP);
    assert_int_equal(error.stage, FORKEXEC_STAGE_TIME_FILE);
}

TEST(another_proc)
{
    need_time();
    need_cap(CAP_SYS_ADMIN);
    in_fork(check_without_proc, NULL);
}

TEST(invalid_clocks)
{
    struct forkexec_attr *attr[] = { new_attr(), new_attr(), new_attr() };
    assert_int_equal(forkexec_attr_set_time_offset(attr[0], CLOCK_REALTIME, 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_time_offset(attr[1], CLOCK_MONOTONIC, 0, 1000000000), -EINVAL);
    OK(forkexec_attr_set_time_offset(attr[2], CLOCK_MONOTONIC, 0, 999999999));
    for (int i = 0; i < 3; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* A holder holds the time namespace for its children. It is not in it itself, as it never calls execve. */
TEST_BOTH(held_for_other_processes)
{
    need_time();
    struct forkexec_child *holder = NULL;
    struct forkexec_attr *attr = attr_with(FORKEXEC_MEMORY_AUTO, false), *joins = new_attr();
    OK(forkexec_attr_set_time_offset(attr, CLOCK_BOOTTIME, DAY, 0));
    OK(forkexec_hold(attr, &holder, NULL));
    int time = forkexec_child_namespace_fd(holder, FORKEXEC_NS_TIME), user = -1;
    assert_in_range(time, 3, 4096);
    OK(forkexec_attr_join_namespace(joins, time, FORKEXEC_NS_TIME));
    if (geteuid()) {
        user = forkexec_child_namespace_fd(holder, FORKEXEC_NS_USER);
        OK(forkexec_attr_join_namespace(joins, user, FORKEXEC_NS_USER));
    }
    assert_ahead(joins, CLOCK_BOOTTIME, DAY);
    close(time);
    if (user >= 0)
        close(user);
    forkexec_close(holder);
}

/* setns(2) with a pidfd joins the time namespace that this process is in. A process that creates one is in it only after
 * execve, unless it joins it. */
static void assert_joined_is_ahead(struct forkexec_child *child, uint32_t types, double seconds)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(child), types));
    assert_ahead(attr, CLOCK_BOOTTIME, seconds);
}

TEST_BOTH(joined_by_the_process_that_holds_it)
{
    need_time();
    need(forkexec_probe(FORKEXEC_PROBE_PIDFD, NULL, 0) == 1, "needs pidfds");
    uint32_t types = FORKEXEC_NS_TIME | (geteuid() ? FORKEXEC_NS_USER : 0);
    /* Only root may inspect a child whose memory does not belong to the user namespace. */
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= (geteuid() ? FORKEXEC_MEMORY_FRESH : FORKEXEC_MEMORY_COPIED); mode++)
        for (int entered = 0; entered < (geteuid() ? 1 : 2); entered++) {
            struct forkexec_child *child = NULL;
            struct forkexec_error error;
            char *argv[] = { reporter, "sleep", NULL };
            struct forkexec_attr *attr = attr_with(mode, entered);
            OK(forkexec_attr_set_time_offset(attr, CLOCK_BOOTTIME, 7 * DAY, 0));
            if (forkexec_hold(attr, &child, &error))
                fail_msg("%s", error.message);
            assert_joined_is_ahead(child, types, 7 * DAY);
            forkexec_close(child);
            if (forkexec_start(attr, reporter, argv, NULL, &child, &error))
                fail_msg("%s", error.message);
            assert_joined_is_ahead(child, types, 7 * DAY);
            assert_string_equal(namespace_of(forkexec_child_pid(child), "time"),
                namespace_of(forkexec_child_pid(child), "time_for_children"));
            OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
            assert_joined_is_ahead(child, types, 7 * DAY);
            OK(forkexec_signal(child, SIGKILL));
            finish(child);
            forkexec_close(child);
            /* With other types, and with the first process of a pid namespace. */
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT));
            if (!geteuid())
                OK(forkexec_attr_map_uid(attr, 0, 0, 1));
            if (forkexec_hold(attr, &child, &error))
                fail_msg("%s", error.message);
            assert_joined_is_ahead(child, types | FORKEXEC_NS_USER, 7 * DAY);
            forkexec_close(child);
        }
}

/* If the child cannot enter it, the caller gets an error. */
static void not_entered(const void *code)
{
    struct denial denial = { SYS_setns, *(const int *)code, { { 0 } } };
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    deny(&denial, 1);
    struct forkexec_attr *attr = attr_with(FORKEXEC_MEMORY_AUTO, false);
    OK(forkexec_attr_set_time_offset(attr, CLOCK_BOOTTIME, 7 * DAY, 0));
    assert_int_equal(forkexec_hold(attr, &child, &error), -denial.code);
    assert_int_equal(error.stage, FORKEXEC_STAGE_TIME_OFFSETS);
    assert_null(child);
}

TEST(a_holder_that_cannot_enter_fails)
{
    static const int codes[] = { EPERM, EIO };
    need_time();
    for (int i = 0; i < 2; i++)
        in_copy(not_entered, &codes[i]);
}
