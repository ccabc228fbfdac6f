/* Cgroups that limit memory. Where memory.oom.group is set, the kernel kills all members at once, and every process that
 * shares memory with one of them. The caller must not be among them. A death for lack of memory is reported as such. */
#include "cgroups.h"
#include "caller_process.h"

#include <sys/resource.h>

#define SECOND 1000000000LL
#define MIB (1024ul * 1024)

/* A new cgroup of version 2 whose members have this much memory. Skips the test where there is none. */
static const char *new_limited_cgroup(unsigned long bytes)
{
    const char *path = new_cgroup();
    if (!exists(text("%s/memory.max", path)))
        put(text("%s/..", path), "cgroup.subtree_control", "+memory");
    need(put(path, "memory.max", text("%lu", bytes)), "needs the memory controller in cgroup2");
    put(path, "memory.swap.max", "0");
    return path;
}

/* The same for either version. */
static const char *new_limited_cgroup_of_any(unsigned long bytes)
{
    if (magic("/sys/fs/cgroup/memory") != V1)
        return new_limited_cgroup(bytes);
    const char *path = new_cgroup_v1("memory");
    assert_true(put(path, "memory.limit_in_bytes", text("%lu", bytes)));
    return path;
}

/* Arguments of about 1.8 MiB. The kernel charges them to the process that calls execve. */
static char *long_argv[18];

static void make_long_argv(const char *what)
{
    static char filler[120 * 1024];
    memset(filler, 'x', sizeof filler - 1);
    long_argv[0] = reporter, long_argv[1] = "exit", long_argv[2] = (char *)what;
    for (size_t i = 3; i < sizeof long_argv / sizeof *long_argv - 1; i++)
        long_argv[i] = filler;
}

/* The requests. */

static int holder_fd;

static void plainly(struct forkexec_attr *attr)
{
    (void)attr;
}

static void in_namespaces(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT));
}

static void in_user_namespace(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(attr, 0, 0, 1));
    OK(forkexec_attr_map_gid(attr, 0, 0, 1));
}

static void joining(struct forkexec_attr *attr)
{
    OK(forkexec_attr_join_pidfd(attr, holder_fd, FORKEXEC_NS_UTS));
}

static void joining_all(struct forkexec_attr *attr)
{
    OK(forkexec_attr_join_pidfd(attr, holder_fd, FORKEXEC_NS_UTS | FORKEXEC_NS_PID));
}

static void with_other_groups(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_groups(attr, (const uint32_t[]){ 1, 2 }, 2));
}

static void under_an_init(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_set_init(attr));
}

static void told_of_its_parent(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
}

static void (*const requests[])(struct forkexec_attr *) = { plainly, in_namespaces, in_user_namespace, joining, joining_all,
    with_other_groups, under_an_init, told_of_its_parent };
#define REQUESTS (sizeof requests / sizeof *requests)

/* A holder of the namespaces that the requests join. */
static struct forkexec_child *begin_holder(void)
{
    struct forkexec_child *holder = NULL;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_UTS | FORKEXEC_NS_PID));
    OK(forkexec_hold(attr, &holder, NULL));
    holder_fd = forkexec_child_pidfd(holder);
    return holder;
}

struct turn {
    const char *path;
    int fd;
    uint32_t mode;
    size_t request;
};

static struct forkexec_attr *ask(const struct turn *turn)
{
    struct forkexec_attr *attr = attr_into(turn->mode, turn->fd);
    requests[turn->request](attr);
    return attr;
}

static void must_be_over(struct forkexec_child *child)
{
    struct forkexec_status status;
    must(forkexec_wait(child, 60 * SECOND, 0, &status, sizeof status) == 0);
    forkexec_close(child);
}

static unsigned long used_in(const char *path)
{
    return strtoul(text_of(text("%s/memory.current", path)), NULL, 10);
}

/* Most of the memory is in use and the program's arguments do not fit into the rest: at execve the kernel kills the whole
 * group. */
static void too_long_arguments(void *with)
{
    const struct turn *turn = with;
    struct forkexec_child *eater, *child = NULL;
    struct forkexec_error error = { 0 };
    struct forkexec_attr *eats = attr_into(FORKEXEC_MEMORY_COPIED, turn->fd);
    must_start(forkexec_spawn(eats, reporter, REPORTER("eat", "7", "sleep"), NULL, &eater, &error), &error);
    for (double limit = seconds() + 30; used_in(turn->path) < 7 * MIB && seconds() < limit; usleep(1000))
        ;
    make_long_argv("0");
    int result = forkexec_spawn(ask(turn), reporter, long_argv, NULL, &child, &error);
    if (result) {
        /* In this situation a request may take another way, and fail there with another error. */
        printf("# mode %u, request %zu: %s\n", turn->mode, turn->request, error.message);
        must(strstr(error.message, "memory.max"));
    } else {
        must_be_over(child);
    }
    must(ends(forkexec_child_pid(eater)));
    must_be_over(eater);
}

TEST(a_group_kill_spares_the_caller)
{
    need_native();
    need_root();
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    const char *path = new_limited_cgroup(8 * MIB);
    struct forkexec_child *holder = begin_holder();
    int fd = open_cgroup(path);
    need(put(path, "memory.oom.group", "1"), "needs memory.oom.group");
    for (size_t request = 0; request < REQUESTS; request++)
        for EACH_MEMORY(mode) {
            struct turn turn = { path, fd, mode, request };
            /* A copied child has memory of its own for every request. */
            if (mode == FORKEXEC_MEMORY_COPIED && request > 1)
                continue;
            int status = wait_status_of(fork_caller(too_long_arguments, &turn));
            if (status)
                fail_msg("mode %u, request %zu: the caller ended with %#x", mode, request, status);
        }
    forkexec_close(holder);
    done(fd);
}

/* Allocates more memory than the limit allows, repeatedly. */
static pid_t begin_hog(const char *path)
{
    fflush(stdout);
    pid_t hog = fork();
    if (hog)
        return hog;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (put(path, "cgroup.procs", "0"))
                for (;;)
                    memset(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, MIB);
            _exit(1);
        }
        waitpid(pid, NULL, 0);
    }
}

static void spawn_beside_a_hog(void *with)
{
    const struct turn *turn = with;
    for (int i = 0; i < 6; i++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        char *argv[] = { reporter, "exit", "0", NULL };
        struct forkexec_attr *attr = ask(turn);
        bool holds = i % 3 == 2 && requests[turn->request] != with_other_groups
            && requests[turn->request] != under_an_init && requests[turn->request] != told_of_its_parent;
        int result = holds ? forkexec_hold(attr, &child, &error)
            : i % 3 ? forkexec_start(attr, reporter, argv, NULL, &child, &error)
                    : forkexec_spawn(attr, reporter, argv, NULL, &child, &error);
        if (!result && i % 3 == 1)
            result = forkexec_release(child, 60 * SECOND, &error);
        if (!result && !holds)
            must_be_over(child);
        else
            forkexec_close(child);
        forkexec_attr_free(attr);
    }
}

TEST(a_member_that_uses_all_memory_does_not_kill_the_caller)
{
    need_native();
    need_root();
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    const char *path = new_limited_cgroup(4 * MIB);
    need(put(path, "memory.oom.group", "1"), "needs memory.oom.group");
    struct forkexec_child *holder = begin_holder();
    int fd = open_cgroup(path);
    pid_t hog = begin_hog(path);
    for (size_t request = 0; request < REQUESTS; request++)
        for EACH_MEMORY(mode) {
            struct turn turn = { path, fd, mode, request };
            /* A copied child has memory of its own for every request. */
            if (mode == FORKEXEC_MEMORY_COPIED && request > 1)
                continue;
            int status = wait_status_of(fork_caller(spawn_beside_a_hog, &turn));
            if (status)
                fail_msg("mode %u, request %zu: the caller ended with %#x", mode, request, status);
        }
    kill(hog, SIGKILL);
    waitpid(hog, NULL, 0);
    forkexec_close(holder);
    done(fd);
}

/* How the end is reported. */

TEST_BOTH(a_death_for_lack_of_memory_is_reported)
{
    need_native();
    const char *path = new_limited_cgroup_of_any(8 * MIB);
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode) {
        /* Killed because of the limit. */
        struct forkexec_status status = finish(start_reporter(attr_into(mode, fd), "eat", "64", "sleep"));
        assert_int_equal(status.signal, SIGKILL);
        assert_true(status.valid & FORKEXEC_STATUS_OUT_OF_MEMORY);
        assert_int_equal(status.out_of_memory, 1);
        assert_in_range(status.oom_kills, 1, 2);
        /* Killed by a signal of somebody else, afterwards. */
        struct forkexec_child *child = start_reporter(attr_into(mode, fd), "sleep");
        OK(forkexec_signal(child, SIGKILL));
        status = finish(child);
        assert_true(status.valid & FORKEXEC_STATUS_OUT_OF_MEMORY);
        assert_int_equal(status.out_of_memory, 0);
        assert_int_equal(status.oom_kills, 0);
        /* Exited by itself. */
        status = finish(start_reporter(attr_into(mode, fd), "exit", "0"));
        assert_true(status.valid & FORKEXEC_STATUS_OUT_OF_MEMORY);
        assert_int_equal(status.out_of_memory, 0);
    }
    done(fd);
    struct forkexec_status status = finish(start_reporter(new_attr(), "exit", "0"));
    assert_false(status.valid & FORKEXEC_STATUS_OUT_OF_MEMORY);
    assert_int_equal(status.out_of_memory, 0);
}

TEST_BOTH(an_init_reports_it_for_its_program)
{
    need_native();
    need_root();
    const char *path = new_limited_cgroup_of_any(8 * MIB);
    int fd = open_cgroup(path);
    struct forkexec_attr *attr = attr_into(FORKEXEC_MEMORY_AUTO, fd);
    under_an_init(attr);
    struct forkexec_status status = finish(start_reporter(attr, "eat", "64", "sleep"));
    assert_int_equal(status.signal, SIGKILL);
    assert_int_equal(status.out_of_memory, 1);
    done(fd);
}

/* A spawn that the limit refuses says what to change. A child that is killed in the middle of execve says why. */
static void assert_names_the_limit(struct forkexec_attr *attr, char *const argv[])
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error = { 0 };
    int result = try_start(attr, reporter, argv, NULL, &child, &error);
    if (!result) {
        /* Killed in the middle of execve, where only the wait status tells it. */
        struct forkexec_status status = finish(child);
        assert_int_equal(status.ran, FORKEXEC_RAN_NO);
        assert_int_equal(status.out_of_memory, 1);
        forkexec_close(child);
        return;
    }
    if (!strstr(error.message, "memory.max"))
        fail_msg("%s", error.message);
}

TEST_BOTH(arguments_for_which_there_is_no_memory)
{
    need_native();
    const char *path = new_limited_cgroup_of_any(MIB);
    int fd = open_cgroup(path);
    make_long_argv("0");
    for EACH_MEMORY(mode)
        assert_names_the_limit(attr_into(mode, fd), long_argv);
    done(fd);
}

TEST_BOTH(a_cgroup_without_any_memory)
{
    need_native();
    const char *path = new_limited_cgroup(MIB);
    assert_true(put(path, "memory.max", "0"));
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode)
        assert_names_the_limit(attr_into(mode, fd), (char *[]){ reporter, "exit", "0", NULL });
    done(fd);
}
