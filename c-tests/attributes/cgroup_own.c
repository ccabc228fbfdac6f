/* Cgroups that the library makes: limited, read, killed and removed by their handle with everything in them; refused with a
 * message; and made anew where a killed caller has left one behind. */
#include "cgroups.h"
#include "caller_process.h"
#include "deny_calls.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>

#define SECOND 1000000000LL
#define MIB (1024ul * 1024)

/* The cgroup in which cgroups may be made. Skips the test where there is none. */
static const char *top(void)
{
    const char *reason, *path = cgroup_parent(&reason);
    need(path, "%s", reason);
    return path;
}

static const char *a_name(void)
{
    static int turn;
    return text("forkexec-own-%d-%d", getpid(), turn++);
}

static struct forkexec_cgroup *create_in(const char *above, const char *name)
{
    struct forkexec_cgroup *group = NULL;
    struct forkexec_error error;
    int fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int result = forkexec_cgroup_create(fd, name, &group, &error);
    close(fd);
    if (result)
        fail_msg("%s", error.message);
    return group;
}

/* The message of the refusal: "errno: sentence" follows the name. */
static const char *refusal(const char *above, const char *name, int code)
{
    struct forkexec_cgroup *group = NULL;
    struct forkexec_error error;
    int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    int result = forkexec_cgroup_create(fd, name, &group, &error);
    close(fd);
    if (result != -code)
        fail_msg("%s in %s: %d and not %d: %s", name, above, result, -code, error.message);
    assert_null(group);
    assert_int_equal(error.code, code);
    return text("%s", error.message);
}

static void set(struct forkexec_cgroup *group, const char *file, const char *value)
{
    struct forkexec_error error;
    if (forkexec_cgroup_set(group, file, value, &error))
        fail_msg("%s", error.message);
}

static const char *get(struct forkexec_cgroup *group, const char *file)
{
    static char buffer[16 * 1024];
    struct forkexec_error error;
    int length = forkexec_cgroup_read(group, file, buffer, sizeof buffer, &error);
    if (length < 0)
        fail_msg("%s", error.message);
    assert_int_equal(strlen(buffer), length);
    return text("%s", buffer);
}

static struct forkexec_attr *attr_of(uint32_t mode, struct forkexec_cgroup *group)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_set_cgroup(attr, group));
    return attr;
}

TEST_BOTH(made_used_and_removed)
{
    const char *above = top(), *name = a_name(), *path = text("%s/%s", above, name);
    for EACH_MEMORY(mode) {
        struct forkexec_cgroup *group = create_in(above, name);
        assert_true(exists(path));
        set(group, "cgroup.max.depth", "3");
        assert_string_equal(get(group, "cgroup.max.depth"), "3\n");
        struct forkexec_child *child = start_reporter(attr_of(mode, group), "sleep");
        assert_in(forkexec_child_pid(child), "", path);
        assert_string_equal(get(group, "cgroup.procs"), text("%d\n", forkexec_child_pid(child)));
        OK(forkexec_cgroup_remove(group, 60 * SECOND, NULL));
        assert_false(exists(path));
        assert_int_equal(finish(child).signal, SIGKILL);
        OK(forkexec_cgroup_remove(group, 0, NULL));
        OK(forkexec_cgroup_kill(group));
        assert_int_equal(forkexec_cgroup_set(group, "cgroup.max.depth", "3", NULL), -ENOENT);
        forkexec_cgroup_free(group);
    }
}

TEST_BOTH(freeing_it_kills_its_processes)
{
    const char *above = top(), *name = a_name(), *path = text("%s/%s", above, name);
    struct forkexec_cgroup *group = create_in(above, name);
    struct forkexec_child *children[8];
    for (int i = 0; i < 8; i++)
        children[i] = start_reporter(attr_of(FORKEXEC_MEMORY_AUTO, group), "sleep");
    forkexec_cgroup_free(group);
    assert_false(exists(path));
    for (int i = 0; i < 8; i++)
        assert_int_equal(finish(children[i]).signal, SIGKILL);
    forkexec_cgroup_free(NULL);
}

TEST_BOTH(killed_as_a_whole_and_used_again)
{
    const char *above = top(), *name = a_name();
    struct forkexec_cgroup *group = create_in(above, name);
    OK(forkexec_cgroup_kill(group)); /* nobody */
    for EACH_MEMORY(mode) {
        struct forkexec_child *one = start_reporter(attr_of(mode, group), "sleep");
        struct forkexec_child *other = start_reporter(attr_of(mode, group), "sleep");
        OK(forkexec_cgroup_kill(group));
        assert_int_equal(finish(one).signal, SIGKILL);
        assert_int_equal(finish(other).signal, SIGKILL);
    }
    forkexec_cgroup_free(group);
}

/* Also a frozen one. */
TEST(killed_while_frozen)
{
    struct forkexec_cgroup *group = create_in(top(), a_name());
    struct forkexec_child *child = start_reporter(attr_of(FORKEXEC_MEMORY_AUTO, group), "sleep");
    set(group, "cgroup.freeze", "1");
    forkexec_cgroup_free(group);
    assert_int_equal(finish(child).signal, SIGKILL);
}

TEST(a_long_name_is_cut)
{
    struct forkexec_cgroup *group = create_in(top(), a_name());
    char buffer[16];
    set(group, "cgroup.max.descendants", "123456");
    for (size_t size = 0; size <= 8; size++) {
        memset(buffer, '#', sizeof buffer);
        assert_int_equal(forkexec_cgroup_read(group, "cgroup.max.descendants", buffer, size, NULL), 7);
        if (size)
            assert_string_equal(buffer, text("%.*s", (int)size - 1, "123456\n"));
        assert_int_equal(buffer[size], '#');
    }
    assert_int_equal(forkexec_cgroup_read(group, "cgroup.max.descendants", NULL, 0, NULL), 7);
    assert_int_equal(forkexec_cgroup_read(group, "cgroup.max.descendants", NULL, 1, NULL), -EINVAL);
    forkexec_cgroup_free(group);
}

/* Limits. */

/* In a cgroup that has the files of this controller. Skips the test where there is none. */
static struct forkexec_cgroup *limited_by(const char *controller, const char *file)
{
    const char *above = top();
    put(above, "cgroup.subtree_control", text("+%s", controller));
    struct forkexec_cgroup *group = create_in(above, a_name());
    bool has = forkexec_cgroup_read(group, file, NULL, 0, NULL) > 0;
    if (!has)
        forkexec_cgroup_free(group);
    need(has, "needs the controller %s in cgroup2", controller);
    return group;
}

TEST_BOTH(a_limit_of_memory)
{
    need_native();
    struct forkexec_cgroup *group = limited_by("memory", "memory.max");
    for EACH_MEMORY(mode) {
        set(group, "memory.max", "8M");
        if (exists(text("/proc/self/fd/%d/memory.swap.max", forkexec_cgroup_fd(group))))
            set(group, "memory.swap.max", "0");
        struct forkexec_status status = finish(start_reporter(attr_of(mode, group), "eat", "64", "sleep"));
        assert_int_equal(status.signal, SIGKILL);
        assert_int_equal(status.out_of_memory, 1);
        assert_in_range(status.oom_kills, 1, 2);
        assert_non_null(strstr(get(group, "memory.events"), "oom_kill"));
        if (status.valid & FORKEXEC_STATUS_MEMORY_PEAK)
            assert_in_range(status.memory_peak_bytes, 4 * MIB, 9 * MIB);
        assert_non_null(strstr(get(group, "cpu.stat"), "usage_usec"));
    }
    forkexec_cgroup_free(group);
}

TEST_BOTH(a_limit_of_processes)
{
    need_native();
    struct forkexec_cgroup *group = limited_by("pids", "pids.max");
    set(group, "pids.max", "1");
    struct forkexec_child *child = start_reporter(attr_of(FORKEXEC_MEMORY_AUTO, group), "sleep"), *other = NULL;
    struct forkexec_error error;
    char *const argv[] = { reporter, "exit", "0", NULL };
    assert_int_equal(try_start(attr_of(FORKEXEC_MEMORY_AUTO, group), reporter, argv, NULL, &other, &error), -EAGAIN);
    assert_non_null(strstr(error.message, "pids.max"));
    forkexec_cgroup_free(group);
    assert_int_equal(finish(child).signal, SIGKILL);
}

/* Cgroups that are hard to remove. */

TEST(cgroups_below_that_a_program_has_made)
{
    const char *above = top(), *name = a_name(), *path = text("%s/%s", above, name);
    struct forkexec_cgroup *group = create_in(above, name);
    struct forkexec_child *child = NULL;
    int here = dup(forkexec_cgroup_fd(group));
    /* Nested deeper than a path can be long, and with many siblings. */
    for (int depth = 0; depth < 300; depth++) {
        char long_name[64];
        memset(long_name, 'd', sizeof long_name);
        long_name[sizeof long_name - 1] = 0;
        if (mkdirat(here, long_name, 0755))
            break;
        if (depth < 3)
            for (int i = 0; i < 40; i++)
                OK(mkdirat(here, text("wide-%d", i), 0755));
        int inner = openat(here, long_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(here);
        here = inner;
        if (depth == 5) {
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_cgroup_fd(attr, here));
            child = start_reporter(attr, "sleep");
        }
    }
    close(here);
    OK(forkexec_cgroup_remove(group, 60 * SECOND, NULL));
    assert_false(exists(path));
    assert_int_equal(finish(child).signal, SIGKILL);
    forkexec_cgroup_free(group);
}

TEST(somebody_else_has_removed_it)
{
    const char *above = top(), *name = a_name(), *path = text("%s/%s", above, name);
    struct forkexec_cgroup *group = create_in(above, name);
    assert_false(rmdir(path));
    /* And another cgroup has its name. */
    assert_false(mkdir(path, 0755));
    OK(forkexec_cgroup_kill(group));
    OK(forkexec_cgroup_remove(group, SECOND, NULL));
    forkexec_cgroup_free(group);
    assert_true(exists(path));
    assert_false(rmdir(path));
}

static void do_nothing_at(int signal)
{
    (void)signal;
}

/* A tracer keeps the killed process from becoming a zombie. */
static void stuck(const void *unused)
{
    (void)unused;
    const char *above = top(), *name = a_name(), *path = text("%s/%s", above, name);
    struct forkexec_cgroup *group = create_in(above, name);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    struct forkexec_attr *attr = attr_of(FORKEXEC_MEMORY_AUTO, group);
    char *const argv[] = { reporter, "sleep", NULL };
    OK(forkexec_spawn(attr, reporter, argv, NULL, &child, &error));
    pid_t pid = forkexec_child_pid(child);
    need(!ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACEEXIT), "needs to trace");
    assert_int_equal(forkexec_cgroup_remove(group, SECOND / 5, &error), -ETIMEDOUT);
    assert_non_null(strstr(error.message, "has not died yet"));
    assert_int_equal(forkexec_cgroup_remove(group, 0, &error), -ETIMEDOUT);
    assert_true(exists(path));
    /* FORKEXEC_FOREVER lasts until a signal handler runs. */
    struct sigaction action = { .sa_handler = do_nothing_at };
    struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    assert_int_equal(forkexec_cgroup_remove(group, FORKEXEC_FOREVER, NULL), -EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    /* forkexec_cgroup_free gives up after bounded time and leaves the cgroup behind. A new cgroup of that name waits as
     * long for the old one. */
    double begin = seconds();
    forkexec_cgroup_free(group);
    assert_true(seconds() - begin < 20);
    assert_true(exists(path));
    int fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(forkexec_cgroup_create(fd, name, &group, &error), -ETIMEDOUT);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_EXIT << 8);
    OK(ptrace(PTRACE_CONT, pid, NULL, NULL));
    OK(forkexec_cgroup_create(fd, name, &group, &error));
    OK(forkexec_cgroup_remove(group, FORKEXEC_FOREVER, &error));
    forkexec_cgroup_free(group);
    forkexec_close(child);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(fd);
}

TEST(a_killed_process_that_does_not_end)
{
    need_native();
    need_unemulated("it does not trace");
    top();
    in_copy(stuck, NULL);
}

/* Cgroups that a killed caller has left behind. */

struct left {
    const char *above, *name;
    int out;
};

static void be_killed(void *with)
{
    const struct left *left = with;
    struct forkexec_cgroup *group = NULL;
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    char *const argv[] = { reporter, "sleep", NULL };
    int fd = open(left->above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct forkexec_attr *attr = forkexec_attr_new();
    must_start(forkexec_cgroup_create(fd, left->name, &group, &error), &error);
    must(!forkexec_attr_set_cgroup(attr, group));
    must_start(forkexec_spawn(attr, reporter, argv, NULL, &child, &error), &error);
    must(!mkdirat(forkexec_cgroup_fd(group), "inner", 0755));
    pid_t pid = forkexec_child_pid(child);
    must(write(left->out, &pid, sizeof pid) == sizeof pid);
    kill(getpid(), SIGKILL);
}

TEST(made_anew_over_what_a_killed_caller_left)
{
    need_native();
    int ends_of[2];
    const char *above = top(), *name = a_name(), *path = text("%s/%s", above, name);
    need(forkexec_probe(FORKEXEC_PROBE_PIDFD, NULL, 0) == 1, "needs pidfds");
    assert_false(pipe2(ends_of, O_CLOEXEC));
    struct left left = { above, name, ends_of[1] };
    int status = wait_status_of(fork_caller(be_killed, &left));
    assert_true(WIFSIGNALED(status));
    pid_t pid;
    assert_int_equal(read(ends_of[0], &pid, sizeof pid), sizeof pid);
    assert_true(exists(path));
    assert_string_equal(text_of(text("%s/cgroup.procs", path)), text("%d", pid));
    bool marked = getxattr(path, "user.forkexec", NULL, 0) >= 0;
    if (!marked) {
        /* A kernel on which the library cannot mark a cgroup as its own: the old one is not touched. */
        refusal(above, name, EEXIST);
        put(path, "cgroup.kill", "1");
        assert_false(rmdir(text("%s/inner", path)));
        while (rmdir(path) && errno == EBUSY)
            usleep(1000);
    }
    need(marked, "needs a kernel whose cgroups have user attributes");
    struct forkexec_cgroup *group = create_in(above, name);
    assert_true(ends(pid));
    assert_string_equal(get(group, "cgroup.procs"), "");
    assert_false(exists(text("%s/inner", path)));
    assert_int_equal(reporter_exits(attr_of(FORKEXEC_MEMORY_AUTO, group), "exit", "3"), 3);
    forkexec_cgroup_free(group);
    assert_false(exists(path));
    close(ends_of[0]);
    close(ends_of[1]);
}

static void be_refused(void *with)
{
    const struct left *left = with;
    struct forkexec_cgroup *group = NULL;
    int fd = open(left->above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    must(forkexec_cgroup_create(fd, left->name, &group, NULL) == -left->out);
}

TEST(one_that_is_in_use_is_left_alone)
{
    need_native();
    const char *above = top(), *name = a_name();
    struct forkexec_cgroup *group = create_in(above, name);
    struct forkexec_child *child = start_reporter(attr_of(FORKEXEC_MEMORY_AUTO, group), "sleep");
    int code = getxattr(text("%s/%s", above, name), "user.forkexec", NULL, 0) >= 0 ? EBUSY : EEXIST;
    refusal(above, name, code);
    struct left left = { above, name, code };
    assert_in_caller(be_refused, &left);
    OK(forkexec_signal(child, 0));
    forkexec_cgroup_free(group);
    finish(child);
}

/* One has it, and the others are told so. */
static void make_it_often(void *with)
{
    const struct left *left = with;
    int fd = open(left->above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 200; i++) {
        struct forkexec_cgroup *group = NULL;
        int result = forkexec_cgroup_create(fd, left->name, &group, NULL);
        must(result == 0 || result == -EBUSY);
        forkexec_cgroup_free(group);
    }
}

TEST(several_make_the_same_one)
{
    need_native();
    const char *above = top(), *name = a_name();
    struct forkexec_cgroup *group = create_in(above, name);
    bool marked = getxattr(text("%s/%s", above, name), "user.forkexec", NULL, 0) >= 0;
    forkexec_cgroup_free(group);
    need(marked, "needs marks on cgroups");
    struct left left = { above, name, 0 };
    pid_t callers[4];
    for (int i = 0; i < 4; i++)
        callers[i] = fork_caller(make_it_often, &left);
    for (int i = 0; i < 4; i++)
        assert_int_equal(wait_status_of(callers[i]), 0);
    assert_false(exists(text("%s/%s", above, name)));
}

TEST(one_that_somebody_else_made_is_left_alone)
{
    const char *path = new_cgroup(), *above = top(), *name = strrchr(path, '/') + 1;
    int fd = open_cgroup(path);
    struct forkexec_child *child = start_reporter(attr_into(FORKEXEC_MEMORY_AUTO, fd), "sleep");
    assert_non_null(strstr(refusal(above, name, EEXIST), "not made by forkexec_cgroup_create"));
    OK(forkexec_signal(child, 0));
    assert_non_null(strstr(refusal(above, "cgroup.procs", EEXIST), "a file"));
    end(child);
    done(fd);
}

/* Refused names and directories. */

static const char *const bad_names[] = { "", ".", "..", "a/b", "/", "/a", "a/", "../a", "a\nb" };

TEST(names_that_are_paths)
{
    struct forkexec_cgroup *group = create_in(top(), a_name());
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        struct forkexec_error error;
        struct forkexec_cgroup *inner = NULL;
        char buffer[64];
        assert_int_equal(forkexec_cgroup_create(forkexec_cgroup_fd(group), bad_names[i], &inner, &error), -EINVAL);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
        assert_int_equal(forkexec_cgroup_set(group, bad_names[i], "1", &error), -EINVAL);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
        assert_int_equal(forkexec_cgroup_read(group, bad_names[i], buffer, sizeof buffer, &error), -EINVAL);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    }
    char longest[257];
    memset(longest, 'n', sizeof longest);
    longest[256] = 0;
    assert_int_equal(forkexec_cgroup_set(group, longest, "1", NULL), -EINVAL);
    longest[255] = 0;
    struct forkexec_error error;
    assert_int_equal(forkexec_cgroup_set(group, longest, "1", &error), -ENOENT);
    assert_true(strlen(error.message) < sizeof error.message);
    assert_non_null(strstr(error.message, "no such file in a cgroup"));
    forkexec_cgroup_free(create_in(text("/proc/self/fd/%d", forkexec_cgroup_fd(group)), longest));
    forkexec_cgroup_free(group);
}

TEST(directories_that_are_no_cgroups_of_version_2)
{
    struct forkexec_cgroup *group = NULL;
    assert_int_equal(forkexec_cgroup_create(-1, "a", &group, NULL), -EBADF);
    assert_int_equal(forkexec_cgroup_create(1023, "a", &group, NULL), -EBADF);
    assert_non_null(strstr(refusal("/", "a", EINVAL), "not a directory of a cgroup"));
    assert_non_null(strstr(refusal(scratch(), "a", EINVAL), "not a directory of a cgroup"));
    const char *v1[] = { "memory", "pids", "cpu", "freezer" };
    for (size_t i = 0; i < sizeof v1 / sizeof *v1; i++)
        if (magic(text("/sys/fs/cgroup/%s", v1[i])) == V1)
            assert_non_null(strstr(refusal(text("/sys/fs/cgroup/%s", v1[i]), "a", EINVAL), "version 1"));
    /* A file in a cgroup directory. */
    int file = open(text("%s/cgroup.procs", top()), O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(forkexec_cgroup_create(file, "a", &group, NULL), -ENOTDIR);
    close(file);
}

static void of_nobody(const void *above)
{
    if (!geteuid())
        assert_false(setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY));
    const char *said = refusal(above, "forkexec-not-mine", EACCES);
    assert_non_null(strstr(said, "systemd-run --user --scope -p Delegate=yes"));
}

TEST(one_that_was_not_delegated)
{
    need_native();
    const char *root = magic("/sys/fs/cgroup/unified") == V2 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
    need(magic(root) == V2, "there is no cgroup2");
    need(!geteuid() || access(root, W_OK), "may write all of it");
    in_copy(of_nobody, root);
}

TEST(below_a_threaded_one)
{
    const char *path = new_cgroup();
    need(put(path, "cgroup.type", "threaded"), "needs to make a cgroup threaded");
    struct forkexec_cgroup *group = create_in(path, "inner");
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    char *const argv[] = { reporter, "exit", "0", NULL };
    assert_int_equal(forkexec_spawn(attr_of(FORKEXEC_MEMORY_AUTO, group), reporter, argv, NULL, &child, &error), -EOPNOTSUPP);
    assert_int_equal(error.stage, FORKEXEC_STAGE_CGROUP);
    assert_non_null(strstr(error.message, "cgroup.type"));
    forkexec_cgroup_free(group);
    assert_false(exists(text("%s/inner", path)));
    remove_cgroups();
}

/* A forked process has the descriptors, but its handle must not kill or remove anything. */
static void in_a_fork(void *with)
{
    struct forkexec_cgroup *group = with, *inner = NULL;
    struct forkexec_error error;
    struct forkexec_attr *attr = forkexec_attr_new();
    char buffer[16];
    must(forkexec_cgroup_fd(group) == -ESRCH);
    must(forkexec_cgroup_kill(group) == -ESRCH);
    must(forkexec_cgroup_set(group, "cgroup.freeze", "1", &error) == -ESRCH);
    must(error.stage == 0 && strstr(error.message, "another process"));
    must(forkexec_cgroup_read(group, "cgroup.freeze", buffer, sizeof buffer, &error) == -ESRCH);
    must(forkexec_cgroup_remove(group, 0, &error) == -ESRCH);
    must(forkexec_attr_set_cgroup(attr, group) == -ESRCH);
    must(forkexec_cgroup_create(-1, "a", &inner, &error) == -EBADF);
    forkexec_attr_free(attr);
    forkexec_cgroup_free(group);
}

TEST(a_fork_frees_its_handle_alone)
{
    need_native();
    const char *above = top(), *name = a_name(), *path = text("%s/%s", above, name);
    struct forkexec_cgroup *group = create_in(above, name);
    struct forkexec_child *child = start_reporter(attr_of(FORKEXEC_MEMORY_AUTO, group), "sleep");
    assert_in_caller(in_a_fork, group);
    assert_true(exists(path));
    OK(forkexec_signal(child, 0));
    forkexec_cgroup_free(group);
    assert_int_equal(finish(child).signal, SIGKILL);
    assert_false(exists(path));
}

TEST(an_attr_whose_cgroup_was_freed)
{
    struct forkexec_cgroup *group = create_in(top(), a_name());
    struct forkexec_attr *attr = attr_of(FORKEXEC_MEMORY_AUTO, group), *copy = forkexec_attr_copy(attr);
    forkexec_cgroup_free(group);
    for (int i = 0; i < 2; i++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        char *const argv[] = { reporter, "exit", "0", NULL };
        int result = forkexec_spawn(i ? copy : attr, reporter, argv, NULL, &child, &error);
        assert_true(result == -ENODEV || result == -ENOENT);
        assert_int_equal(error.stage, FORKEXEC_STAGE_CGROUP);
        assert_non_null(strstr(error.message, "removed"));
    }
    forkexec_attr_free(copy);
}

/* The last call of the two setters counts. */
TEST(the_last_cgroup_setter_counts)
{
    const char *path = new_cgroup(), *above = top(), *name = a_name();
    struct forkexec_cgroup *group = create_in(above, name);
    int fd = open_cgroup(path);
    struct forkexec_attr *attr = attr_of(FORKEXEC_MEMORY_AUTO, group);
    OK(forkexec_attr_set_cgroup_fd(attr, fd));
    struct forkexec_child *child = start_reporter(attr, "sleep");
    assert_in(forkexec_child_pid(child), "", path);
    end(child);
    OK(forkexec_attr_set_cgroup(attr, group));
    child = start_reporter(attr, "sleep");
    assert_in(forkexec_child_pid(child), "", name[0] == '/' ? name : text("/%s", name));
    end(child);
    forkexec_cgroup_free(group);
    done(fd);
}

/* In a caller that has closed its standard descriptors, and in one with a small limit on descriptors. */

static int open_descriptors(int below)
{
    int n = 0;
    for (int fd = 0; fd < below; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void without_streams(void *with)
{
    const struct left *left = with;
    struct forkexec_cgroup *group = NULL;
    int above = open(left->above, O_PATH | O_DIRECTORY | O_CLOEXEC), before = open_descriptors(64);
    bool was_open[64];
    for (int fd = 0; fd < 64; fd++)
        was_open[fd] = fcntl(fd, F_GETFD) >= 0;
    close(0);
    close(1);
    close(2);
    if (forkexec_cgroup_create(above, left->name, &group, NULL))
        _exit(98);
    int low = open_descriptors(3), fds = open_descriptors(64) - (before - 3);
    for (int fd = 3; fd < 64; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && !was_open[fd] && !(flags & FD_CLOEXEC))
            _exit(97);
    }
    bool is_set = !forkexec_cgroup_set(group, "cgroup.max.depth", "1", NULL);
    forkexec_cgroup_free(group);
    _exit(low ? 96 : fds > 3 ? 95 : !is_set ? 94 : open_descriptors(64) != before - 3 ? 93 : 0);
}

TEST(no_descriptor_is_a_standard_one)
{
    need_native();
    struct left left = { top(), a_name(), 0 };
    assert_in_caller(without_streams, &left);
}

static void with_few_descriptors(void *with)
{
    const struct left *left = with;
    int above = open(left->above, O_PATH | O_DIRECTORY | O_CLOEXEC), made = 0;
    struct rlimit old, few;
    must(!getrlimit(RLIMIT_NOFILE, &old));
    for (int limit = 3; limit < 48; limit++) {
        struct forkexec_cgroup *group = NULL;
        struct forkexec_error error;
        int before = open_descriptors(64);
        few = (struct rlimit){ (rlim_t)limit, old.rlim_max };
        must(!setrlimit(RLIMIT_NOFILE, &few));
        int result = forkexec_cgroup_create(above, left->name, &group, &error);
        must(result == 0 || (result == -EMFILE && error.code == EMFILE));
        if (!result) {
            made++;
            int read = forkexec_cgroup_read(group, "cgroup.procs", NULL, 0, &error);
            must(read == 0 || read == -EMFILE);
            /* An empty cgroup is removed without a descriptor. */
            must(!forkexec_cgroup_remove(group, 0, &error));
            forkexec_cgroup_free(group);
        }
        must(!setrlimit(RLIMIT_NOFILE, &old));
        must(open_descriptors(64) == before);
        must(faccessat(above, left->name, F_OK, 0));
    }
    must(made > 0);
}

TEST(few_descriptors)
{
    need_native();
    struct left left = { top(), a_name(), 0 };
    assert_in_caller(with_few_descriptors, &left);
}

/* Several at once. */

static void *make_many(void *with)
{
    const struct left *left = with;
    intptr_t failures = 0;
    int above = open(left->above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int turn = 0; turn < 25; turn++) {
        struct forkexec_cgroup *group = NULL;
        struct forkexec_child *child = NULL;
        struct forkexec_attr *attr = forkexec_attr_new();
        char *const argv[] = { reporter, "sleep", NULL };
        failures += forkexec_cgroup_create(above, left->name, &group, NULL) || forkexec_attr_set_cgroup(attr, group)
            || forkexec_spawn(attr, reporter, argv, NULL, &child, NULL);
        forkexec_cgroup_free(group);
        forkexec_attr_free(attr);
        if (child) {
            struct forkexec_status status;
            failures += forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) || status.signal != SIGKILL;
            forkexec_close(child);
        }
        failures += !faccessat(above, left->name, F_OK, 0);
    }
    close(above);
    return (void *)failures;
}

TEST(threads_with_cgroups_of_their_own)
{
    struct left left[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        left[i] = (struct left){ top(), a_name(), 0 };
        assert_false(pthread_create(&threads[i], NULL, make_many, &left[i]));
    }
    for (int i = 0; i < 4; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
}
