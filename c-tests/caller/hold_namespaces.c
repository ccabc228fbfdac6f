/* forkexec_hold: children that only hold their namespaces: what they hold, how it is reached, and which requests are
 * refused. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "deny_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/time.h>

static void need_namespaces(void)
{
    need_native();
    if (geteuid() != 0)
        need_user_namespaces();
}

static struct forkexec_attr *named(const char *name, uint32_t types)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, and_user(types | FORKEXEC_NS_UTS)));
    OK(forkexec_attr_set_hostname(attr, name));
    if (geteuid() != 0)
        map_own_ids(attr, 0, 0);
    return attr;
}

struct visit {
    int user, uts;
    const char *name;
};

/* The descriptor alone is enough to enter. */
static void enter(void *visit)
{
    const struct visit *to = visit;
    char name[65] = "";
    must(to->user < 0 || setns(to->user, CLONE_NEWUSER) == 0);
    must(setns(to->uts, CLONE_NEWUTS) == 0);
    must(gethostname(name, sizeof name) == 0);
    must(!strcmp(name, to->name));
}

static struct visit visit(struct forkexec_child *child, const char *name)
{
    int user = geteuid() == 0 ? -1 : forkexec_child_namespace_fd(child, FORKEXEC_NS_USER);
    int uts = forkexec_child_namespace_fd(child, FORKEXEC_NS_UTS);
    assert_true(uts >= 0 && (user >= 0 || geteuid() == 0));
    return (struct visit){ user, uts, name };
}

static void leave(struct visit visit)
{
    close(visit.uts);
    if (visit.user >= 0)
        close(visit.user);
}

TEST(the_namespaces_of_a_holder_can_be_entered)
{
    need_namespaces();
    struct forkexec_child *child = hold_namespaces(named("kept", FORKEXEC_NS_NET | FORKEXEC_NS_IPC));
    struct visit to = visit(child, "kept");
    assert_int_equal(fcntl(to.uts, F_GETFD), FD_CLOEXEC);
    assert_in_caller(enter, &to);
    forkexec_close(child);
    /* The namespace now exists only because of the descriptor. */
    assert_in_caller(enter, &to);
    leave(to);
}

TEST(a_started_child_can_be_entered_too)
{
    need_namespaces();
    struct forkexec_child *child = start_held(named("started", 0), REPORTER("exit", "0"));
    assert_non_null(child);
    struct visit to = visit(child, "started");
    assert_in_caller(enter, &to);
    leave(to);
    forkexec_close(child);
}

TEST(each_type_of_namespace_has_its_descriptor)
{
    need_namespaces();
    static const struct {
        uint32_t type;
        const char *name;
    } types[] = {
        { FORKEXEC_NS_CGROUP, "cgroup" }, { FORKEXEC_NS_UTS, "uts" }, { FORKEXEC_NS_IPC, "ipc" },
        { FORKEXEC_NS_USER, "user" }, { FORKEXEC_NS_PID, "pid" }, { FORKEXEC_NS_NET, "net" },
        { FORKEXEC_NS_MOUNT, "mnt" },
    };
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        all |= types[i].type;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, all));
    need_user_namespaces();
    map_own_ids(attr, 0, 0);
    struct forkexec_child *child = hold_namespaces(attr);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        int fd = forkexec_child_namespace_fd(child, types[i].type);
        assert_true(fd >= 0);
        const char *theirs = link_of(text("/proc/self/fd/%d", fd));
        assert_int_equal(strncmp(theirs, types[i].name, strlen(types[i].name)), 0);
        assert_string_not_equal(theirs, link_of(text("/proc/self/ns/%s", types[i].name)));
        close(fd);
    }
    forkexec_close(child);
}

TEST(only_one_known_type_of_a_child_has_a_descriptor)
{
    struct forkexec_child *child = hold_namespaces(new_attr());
    static const uint32_t wrong[] = { 0, 1, FORKEXEC_NS_UTS | FORKEXEC_NS_IPC, UINT32_MAX };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(forkexec_child_namespace_fd(child, wrong[i]), -EINVAL);
    assert_int_equal(forkexec_child_namespace_fd(NULL, FORKEXEC_NS_UTS), -EINVAL);
    forkexec_close(child);
}

TEST(a_holder_killed_by_others_can_be_waited_for)
{
    struct forkexec_child *child = hold_namespaces(new_attr());
    assert_int_equal(forkexec_wait(child, 0, 0, NULL, 0), -ETIMEDOUT);
    assert_int_equal(forkexec_signal(child, SIGKILL), 0);
    struct forkexec_status status = finish(child);
    assert_int_equal(status.signal, SIGKILL);
    assert_int_equal(status.ran, FORKEXEC_RAN_NO);
    forkexec_close(child);
}

static void nothing_happens(void) { }

static void polling_is_denied(void)
{
    deny(&(struct denial){ SYS_ppoll, EPERM, { { 0 } } }, 1);
}

/* The holder ends only when the member of its pid namespace is reaped, and only the caller can reap it. */
static void close_before_a_member(void (*meanwhile)(void))
{
    struct forkexec_child *holder = hold_namespaces(named("full", FORKEXEC_NS_PID));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), and_user(FORKEXEC_NS_PID)));
    struct forkexec_child *member = start_reporter(attr, "sleep");
    pid_t pid = forkexec_child_pid(holder);
    meanwhile();
    forkexec_close(holder);
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    assert_int_equal(finish(member).signal, SIGKILL);
    if (meanwhile == polling_is_denied)
        return; /* no new holder can be made */
    /* A holder that has ended is reaped when the next child is closed. */
    for (int i = 0; exists(text("/proc/%d", pid)); i++) {
        assert_true(i < 1000);
        forkexec_close(hold_namespaces(new_attr()));
    }
}

TEST(a_holder_that_is_closed_before_a_member_is_waited_for)
{
    need_namespaces();
    close_before_a_member(nothing_happens);
}

static void handle_nothing(int number) { (void)number; }

static void signals_arrive(void)
{
    signal(SIGALRM, handle_nothing);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 300 }, { 0, 300 } }, NULL);
}

static void close_in_copy(const void *meanwhile)
{
    close_before_a_member(*(void (*const *)(void))meanwhile);
}

/* Neither signals nor a filter make the close wait for a process that only the caller can reap. */
TEST(closing_a_holder_with_signals_and_without_ppoll)
{
    need_namespaces();
    need_native();
    in_copy(close_in_copy, &(void (*)(void)){ signals_arrive });
    in_copy(close_in_copy, &(void (*)(void)){ polling_is_denied });
}

static void close_without_a_pause(const void *unused)
{
    (void)unused;
    deny(&(struct denial){ SYS_nanosleep, DEADLY, { { 0 } } }, 1);
    for (int i = 0; i < 50; i++)
        forkexec_close(hold_namespaces(new_attr()));
}

/* The kernel wakes the caller when the holder has ended. A longer sleep would cost more than making the holder. */
TEST(closing_a_holder_reaps_it_as_soon_as_it_has_ended)
{
    need_namespaces();
    need_native();
    in_copy(close_without_a_pause, NULL);
}

TEST(a_holder_has_no_descriptor_of_the_caller)
{
    need_root(); /* to look into the child */
    int fd = open("/dev/null", O_RDWR), found = 0;
    struct forkexec_child *child = hold_namespaces(new_attr());
    for (int number = 3; number < 64; number++)
        found += !strcmp(link_of(text("/proc/%d/fd/%d", forkexec_child_pid(child), number)), "/dev/null");
    close(fd);
    forkexec_close(child);
    assert_int_equal(found, 0);
}

/* Attributes that take effect after the hold. */

static int exec_fd(struct forkexec_attr *attr) { return forkexec_attr_set_exec_fd(attr, 0); }
static int search(struct forkexec_attr *attr) { return forkexec_attr_set_search_path(attr, NULL); }
static int cwd(struct forkexec_attr *attr) { return forkexec_attr_set_cwd(attr, "/"); }
static int cwd_fd(struct forkexec_attr *attr) { return forkexec_attr_set_cwd_fd(attr, 0); }
static int retry(struct forkexec_attr *attr) { return forkexec_attr_set_busy_retry(attr, 1); }
static int pid(struct forkexec_attr *attr) { return forkexec_attr_set_pid_variable(attr, "PID"); }
static int trace(struct forkexec_attr *attr) { return forkexec_attr_set_ptrace(attr); }
static int stop(struct forkexec_attr *attr) { return forkexec_attr_set_stop(attr); }
static int map(struct forkexec_attr *attr) { return forkexec_attr_map_fd(attr, 0, 0); }
static int inherit(struct forkexec_attr *attr) { return forkexec_attr_inherit_fds(attr); }
static int action(struct forkexec_attr *attr) { return forkexec_attr_close_fd(attr, 0); }
static int mask(struct forkexec_attr *attr) { return forkexec_attr_set_signal_mask(attr, 0); }
static int deflt(struct forkexec_attr *attr) { return forkexec_attr_set_signal_default(attr, 1); }
static int ignore(struct forkexec_attr *attr) { return forkexec_attr_set_signal_ignore(attr, 1); }
static int death(struct forkexec_attr *attr) { return forkexec_attr_set_parent_death_signal(attr, 9, 1); }
static int nofile(struct forkexec_attr *attr) { return forkexec_attr_set_rlimit(attr, 7, 64, 64); }
static int restore(struct forkexec_attr *attr) { return forkexec_attr_restore_nofile(attr); }
static int uid(struct forkexec_attr *attr) { return forkexec_attr_set_uid(attr, 0); }
static int gid(struct forkexec_attr *attr) { return forkexec_attr_set_gid(attr, 0); }
static int groups(struct forkexec_attr *attr) { return forkexec_attr_set_groups(attr, NULL, 0); }
static int drop(struct forkexec_attr *attr) { return forkexec_attr_drop_capabilities(attr); }
static int ambient(struct forkexec_attr *attr) { return forkexec_attr_set_ambient(attr, 0); }
static int caps(struct forkexec_attr *attr) { return forkexec_attr_set_capabilities(attr, 4, 0); }
static int bits(struct forkexec_attr *attr) { return forkexec_attr_set_securebits(attr, 0); }
static int nnp(struct forkexec_attr *attr) { return forkexec_attr_set_no_new_privs(attr); }
static int late(struct forkexec_attr *attr) { return forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_PID); }

TEST(attributes_that_take_effect_after_the_hold_are_refused)
{
    static int (*const setters[])(struct forkexec_attr *) = { exec_fd, search, cwd, cwd_fd, retry, pid, trace, stop,
        map, inherit, action, mask, deflt, ignore, death, nofile, restore, uid, gid, groups, drop, ambient, caps, bits,
        nnp, late };
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
        struct forkexec_attr *attr = new_attr();
        struct forkexec_child *child = NULL;
        struct forkexec_error error = { .stage = 0 };
        assert_int_equal(setters[i](attr), 0);
        int result = forkexec_hold(attr, &child, &error);
        if (result != -EINVAL || error.stage != FORKEXEC_STAGE_VALIDATE)
            printf("# setter %zu: %d, stage %u: %s\n", i, result, error.stage, error.message);
        assert_int_equal(result, -EINVAL);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
        assert_null(child);
    }
    assert_int_equal(forkexec_hold(NULL, NULL, NULL), -EINVAL);
}
