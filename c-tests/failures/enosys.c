/* Older kernels, and hosts that forbid system calls: the library uses other calls, and the children behave the same. The
 * tests run on this kernel first; the last one runs all of them again on each such host. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>

#define P_PIDFD_ 3 /* not in the headers of every C library */
#define MISSING(name, errno_, ...) { SYS_##name, errno_, { __VA_ARGS__ } }
#define IF(argument, value) { IS, argument, (uint32_t)(value) }

struct host {
    const char *name;
    const char *memory; /* how the dry run begins where an image would be used */
    uint32_t lacks;     /* the feature that forkexec_probe then reports as missing */
    struct denial denials[7];
};

#define IN_IMAGE "a child in an image of its own\n"
#define IN_COPY "a child in a copy of the caller's memory\n"

static const struct host hosts[] = {
    { "this kernel", IN_IMAGE, 0, { { 0 } } },
    { "no clone3", IN_IMAGE, FORKEXEC_PROBE_CLONE3, { MISSING(clone3, ENOSYS) } },
    { "clone3 is forbidden", IN_IMAGE, FORKEXEC_PROBE_CLONE3, { MISSING(clone3, EPERM) } },
    { "clone3 does not know the flags", IN_IMAGE, FORKEXEC_PROBE_CLONE3, { MISSING(clone3, EINVAL) } },
    { "clone3 does not know the size", IN_IMAGE, FORKEXEC_PROBE_CLONE3, { MISSING(clone3, E2BIG) } },
    { "no close_range", IN_IMAGE, FORKEXEC_PROBE_CLOSE_RANGE, { MISSING(close_range, ENOSYS) } },
    { "close_range is forbidden", IN_IMAGE, FORKEXEC_PROBE_CLOSE_RANGE, { MISSING(close_range, EPERM) } },
    { "neither close_range nor a listing of descriptors", IN_IMAGE, FORKEXEC_PROBE_CLOSE_RANGE,
        { MISSING(close_range, ENOSYS), MISSING(openat, ENOENT, IF(2, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) } },
    { "no pidfd_open", IN_IMAGE, FORKEXEC_PROBE_PIDFD, { MISSING(pidfd_open, ENOSYS) } },
    { "pidfd_open is forbidden", IN_IMAGE, FORKEXEC_PROBE_PIDFD, { MISSING(pidfd_open, EPERM) } },
    { "no pidfd_send_signal", IN_IMAGE, 0, { MISSING(pidfd_send_signal, ENOSYS) } },
    { "no waiting by pidfd", IN_IMAGE, 0, { MISSING(waitid, EINVAL, IF(0, P_PIDFD_)) } },
    { "memfds without MFD_EXEC", IN_IMAGE, 0, { MISSING(memfd_create, EINVAL, IF(1, 0x13)) } },
    { "no memfd_create", IN_COPY, FORKEXEC_PROBE_IMAGE, { MISSING(memfd_create, ENOSYS) } },
    { "memfd_create is forbidden", IN_COPY, FORKEXEC_PROBE_IMAGE, { MISSING(memfd_create, EACCES) } },
    { "memfds are not executed", IN_COPY, FORKEXEC_PROBE_IMAGE, { MISSING(execveat, EACCES) } },
    { "no execveat", IN_COPY, FORKEXEC_PROBE_IMAGE, { MISSING(execveat, ENOSYS) } },
    { "capabilities cannot be carried", NULL, 0, { MISSING(prctl, EPERM, IF(0, PR_CAP_AMBIENT), IF(1, 2)) } },
    { "an old kernel", IN_IMAGE, FORKEXEC_PROBE_PIDFD,
        { MISSING(clone3, ENOSYS), MISSING(close_range, ENOSYS), MISSING(pidfd_open, ENOSYS),
            MISSING(pidfd_send_signal, ENOSYS), MISSING(waitid, EINVAL, IF(0, P_PIDFD_)),
            MISSING(memfd_create, EINVAL, IF(1, 0x13)) } },
    { "an old kernel, confined", IN_COPY, FORKEXEC_PROBE_IMAGE,
        { MISSING(clone3, ENOSYS), MISSING(close_range, ENOSYS), MISSING(pidfd_open, ENOSYS),
            MISSING(memfd_create, ENOSYS) } },
};

/* The host that this process simulates. */
static const struct host *this_host(void)
{
    for (size_t i = 0; denied_as() && i < sizeof hosts / sizeof *hosts; i++)
        if (!strcmp(hosts[i].name, denied_as()))
            return &hosts[i];
    return NULL;
}

static struct forkexec_attr *attr_in(uint32_t mode)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    return attr;
}

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_COPIED };
#define EACH_MODE(mode) (const uint32_t *mode = modes; mode < modes + 2; mode++)

TEST(probe_and_dry_run_report_what_is_missing)
{
    const struct host *host = this_host();
    char why[256] = "x";
    for (uint32_t feature = FORKEXEC_PROBE_CLONE3; feature <= FORKEXEC_PROBE_IMAGE; feature++) {
        int has = forkexec_probe(feature, why, sizeof why);
        assert_in_range(has, 0, 1);
        assert_int_equal(has, !*why);
        if (host && host->lacks == feature)
            assert_int_equal(has, 0);
    }
}

TEST_BOTH(programs_run_and_end)
{
    for EACH_MODE(mode) {
        assert_int_equal(reporter_exits(attr_in(*mode), "exit", "7"), 7);
        assert_int_equal(finish(start_reporter(attr_in(*mode), "kill", "15")).signal, SIGTERM);
        struct forkexec_child *child = start_reporter(attr_in(*mode), "sleep");
        assert_int_equal(forkexec_wait(child, 0, 0, NULL, 0), -ETIMEDOUT);
        assert_int_equal(forkexec_wait(child, 20000000, 0, NULL, 0), -ETIMEDOUT);
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        struct forkexec_status status;
        assert_int_equal(forkexec_wait(child, 10000000000, FORKEXEC_WAIT_NOREAP, &status, sizeof status), 0);
        assert_int_equal(finish(child).signal, SIGTERM);
        assert_int_equal(forkexec_signal(child, SIGTERM), -ESRCH);
    }
}

TEST_BOTH(failures_are_reported)
{
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in(*mode);
        assert_spawn_fails(attr, scratch_path("nothing"), FORKEXEC_STAGE_EXEC, ENOENT, -1);
        assert_spawn_fails(attr, scratch(), FORKEXEC_STAGE_EXEC, EACCES, -1);
        OK(forkexec_attr_set_cwd(attr, "/nonexistent"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CWD, ENOENT, -1);
    }
    /* After a failure the library still uses the calls that work. */
    assert_int_equal(reporter_exits(new_attr(), "exit", "7"), 7);
}

static void open_some_fds(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 60);
    dup3(null, 61, O_CLOEXEC);
    dup2(null, 900);
}

static void closes_fds(const void *unused)
{
    (void)unused;
    open_some_fds();
    for EACH_MODE(mode) {
        assert_saw(run_reporter(attr_in(*mode)), "fds", "0 1 2");
        struct forkexec_attr *attr = attr_in(*mode);
        OK(forkexec_attr_map_fd(attr, 61, 7));
        OK(forkexec_attr_map_fd(attr, 900, 900));
        OK(forkexec_attr_close_fds_from(attr, 800));
        OK(forkexec_attr_open_fd(attr, 5, "/dev/zero", O_RDONLY, 0));
        struct view *view = run_reporter(attr);
        assert_saw(view, "fds", "0 1 2 5 7");
        assert_saw(view, "fd.5", "/dev/zero");
        assert_saw(view, "fd.7", "/dev/null");
        attr = attr_in(*mode);
        OK(forkexec_attr_inherit_fds(attr));
        assert_saw(run_reporter(attr), "fd.900", "/dev/null");
    }
}

TEST_BOTH(descriptors_are_closed)
{
    in_copy(closes_fds, NULL);
}

static void handler(int signal)
{
    (void)signal;
}

static void resets_signals(const void *unused)
{
    (void)unused;
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGRTMAX, handler);
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in(*mode);
        OK(forkexec_attr_set_signal_ignore(attr, 1 << (SIGWINCH - 1)));
        struct view *self = view_of_self(), *view = run_reporter(attr);
        assert_saw(view, "caught", "0000000000000000");
        assert_saw(view, "ignored",
            text("%016llx", strtoull(saw(self, "ignored"), NULL, 16) | 1 << (SIGWINCH - 1)));
        assert_same(view, self, "mask");
    }
}

TEST_BOTH(handlers_are_reset_and_ignored_signals_stay)
{
    need_native();
    in_copy(resets_signals, NULL);
}

TEST_BOTH(ids_change)
{
    bool root = geteuid() == 0;
    uint32_t id = root ? 65534 : getuid(), group = 12345;
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in(*mode);
        OK(forkexec_attr_set_uid(attr, id));
        OK(forkexec_attr_set_gid(attr, id));
        if (root)
            OK(forkexec_attr_set_groups(attr, &group, 1));
        else
            OK(forkexec_attr_keep_groups(attr));
        OK(forkexec_attr_set_no_new_privs(attr));
        struct view *view = run_reporter(attr);
        assert_saw(view, "uid", text("%u %u %u %u", id, id, id, id));
        assert_saw(view, "gid", text("%u %u %u %u", id, id, id, id));
        if (root)
            assert_saw(view, "groups", "12345");
        assert_saw(view, "cap.effective", "0000000000000000");
        assert_saw(view, "no_new_privs", "1");
    }
}

static struct forkexec_attr *own_ids_mapped(uint32_t mode)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_UTS));
    OK(forkexec_attr_map_uid(attr, 0, getuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getgid(), 1));
    OK(forkexec_attr_set_hostname(attr, "judge"));
    return attr;
}

TEST_BOTH(user_namespaces_are_made)
{
    need_user_namespaces();
    for EACH_MODE(mode) {
        struct view *self = view_of_self(), *view = run_reporter(own_ids_mapped(*mode));
        assert_saw(view, "uid", "0 0 0 0");
        assert_saw(view, "gid", "0 0 0 0");
        assert_saw(view, "pid", "1");
        assert_saw(view, "hostname", "judge");
        assert_string_not_equal(saw(view, "ns.user"), saw(self, "ns.user"));
    }
}

TEST_BOTH(an_init_is_made)
{
    need_user_namespaces();
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = own_ids_mapped(*mode);
        OK(forkexec_attr_set_init(attr));
        struct view *view = run_reporter(attr);
        assert_saw(view, "pid", "2");
        assert_saw(view, "fds", "0 1 2");
        assert_int_equal(finish(start_reporter(attr, "kill", "9")).signal, SIGKILL);
    }
}

TEST_BOTH(filters_are_installed)
{
    need_native(); /* valgrind has no seccomp(2) */
    char *number = (char *)text("%d", SYS_ioctl);
    for EACH_MODE(mode) {
        struct forkexec_attr *attr = attr_in(*mode);
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_deny_terminal_injection(attr));
        assert_int_equal(reporter_exits(attr, "call", number, "0", "0x5412"), EPERM);
        assert_int_not_equal(reporter_exits(attr, "call", number, "0", "0x5413"), EPERM);
    }
}

TEST(a_child_with_another_user_never_shares_memory)
{
    const struct host *host = this_host();
    char line[100] = "";
    struct forkexec_attr *attr = attr_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_set_gid(attr, getgid()));
    OK(forkexec_attr_keep_groups(attr));
    assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
    FILE *file = tmpfile();
    OK(forkexec_describe(attr, reporter, (char *[]){ reporter, NULL }, NULL, fileno(file), NULL));
    rewind(file);
    assert_non_null(fgets(line, sizeof line, file));
    if (host && host->memory)
        assert_string_equal(line, host->memory);
    fclose(file);
}

/* A caller that is killed while it holds a child. The child's pid comes through the pipe. */
static void dies_holding(int out)
{
    struct forkexec_child *child = NULL;
    struct forkexec_attr *attr = new_attr();
    int32_t pid = forkexec_start(attr, reporter, (char *[]){ reporter, "touch", (char *)scratch_path("ran"), NULL }, NULL,
        &child, NULL);
    if (!pid)
        pid = forkexec_child_pid(child);
    assert_int_equal(write(out, &pid, sizeof pid), sizeof pid);
    raise(SIGKILL);
}

static void ends_with_its_owner(const void *unused)
{
    (void)unused;
    int pair[2], status;
    int32_t held = 0;
    assert_false(pipe2(pair, O_CLOEXEC));
    pid_t owner = fork();
    if (owner == 0)
        dies_holding(pair[1]);
    assert_int_equal(read(pair[0], &held, sizeof held), sizeof held);
    assert_int_equal(waitpid(owner, &status, 0), owner);
    assert_in_range(held, 2, INT32_MAX);
    assert_true(ends(held));
    assert_false(exists(scratch_path("ran")));
    close(pair[0]);
    close(pair[1]);
}

TEST(a_held_child_ends_with_its_caller)
{
    scratch();
    in_copy(ends_with_its_owner, NULL);
}

/* No child can be made at all, not even the first one, by which the library finds out what works. */
TEST_BOTH(the_first_child_cannot_be_made)
{
    static const struct denial no_child[] = { MISSING(clone3, EAGAIN), MISSING(clone, EAGAIN) };
    static const char name[] = "no child can be made";
    need_native();
    if (!denied_as())
        assert_true(succeeds_again(name, no_child, 2, "the_first_child_cannot_be_made*"));
    for (int turn = 0; turn < 3 && denied_as() && !strcmp(denied_as(), name); turn++) {
        struct forkexec_error error;
        struct forkexec_child *child = NULL;
        int result = try_start(new_attr(), reporter, (char *[]){ reporter, NULL }, NULL, &child, &error);
        assert_int_equal(result, -EAGAIN);
        assert_int_equal(error.code, EAGAIN);
        assert_int_equal(error.stage, FORKEXEC_STAGE_CLONE);
        assert_int_equal(error.index, -1);
        assert_int_equal(error.pid, 0);
        assert_int_equal(strncmp(error.message, "clone: ", 7), 0);
        assert_null(child);
    }
}

TEST(all_of_it_on_other_hosts)
{
    int wrong = 0;
    need_native();
    for (size_t i = 0; !denied_as() && i < sizeof hosts / sizeof *hosts; i++) {
        size_t n = 0;
        while (n < 7 && hosts[i].denials[n].code)
            n++;
        wrong += !succeeds_again(hosts[i].name, hosts[i].denials, n, NULL);
    }
    assert_int_equal(wrong, 0);
}
