/* Each step of a spawn fails, alone: its number, errno, index and pid are reported, the program has not run, and nothing is
 * left of the child. */
#define _GNU_SOURCE
#include "stages_rows.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/stat.h>

/* How a row is run. */
struct turn {
    const struct row *row;
    unsigned way;
    bool deadly; /* the call kills the child instead of failing */
    bool allowed;
};

static int open_cgroup(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A cgroup of version 1 of this process. Its root is enough where the write is what fails. */
static const char *new_cgroup(void)
{
    static const char *const hierarchies[] = { "memory", "pids", "cpu" };
    for (int i = 0; i < 3; i++) {
        const char *path = text("/sys/fs/cgroup/%s/forkexec-stages-%d", hierarchies[i], getpid());
        if (!mkdir(path, 0755))
            return path;
    }
    return NULL;
}

static const char *the_cgroup; /* of the running test, or NULL */

static bool may_unshare(int type)
{
    int status = 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(type) ? 1 : 0);
    waitpid(pid, &status, 0);
    return status == 0;
}

static bool has_caps(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct set[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    return !syscall(SYS_capget, &header, set) && set[0].effective >> CAP_SETPCAP & 1;
}

/* For good: no execve gives the capabilities back to root. */
static void drop_caps(void)
{
    if (has_caps() && prctl(PR_SET_SECUREBITS, SECBIT_NOROOT))
        abort();
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct set[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    if (syscall(SYS_capset, &header, set))
        abort();
}

/* As a caller that closes descriptors that are not its own. */
static void close_image(void)
{
    for (int fd = 3; fd < 1024; fd++) {
        char target[64] = "";
        if (readlink(text("/proc/self/fd/%d", fd), target, sizeof target - 1) > 0 && strstr(target, "memfd:forkexec"))
            close(fd);
    }
}

/* Asked in a process of its own: the caller of a row knows nothing of its host before. */
static bool clones_roots(void)
{
    int status = 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(forkexec_probe(FORKEXEC_PROBE_PREPARED_ROOT, NULL, 0) == 1 ? 0 : 1);
    waitpid(pid, &status, 0);
    return status == 0;
}

/* Why a row cannot be run here, or NULL. */
static const char *lacks(const struct row *row, unsigned way)
{
    if (row->needs & USER_NS && !may_unshare(CLONE_NEWUSER))
        return "needs user namespaces";
    if (row->needs & PRIVILEGED && !may_unshare(CLONE_NEWUTS) && (way & SHARED || !may_unshare(CLONE_NEWUSER)))
        return "needs the privilege to make namespaces";
    if (row->needs & WITH_CAPS && !has_caps())
        return "needs capabilities";
    if (row->needs & LANDLOCK_FLAGS && syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 7)
        return "needs version 7 of Landlock";
    if (row->needs & LANDLOCK && syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
        return "needs Landlock";
    if (row->needs & TIME_NS && !exists("/proc/self/timens_offsets"))
        return "needs time namespaces";
    if (row->needs & CLONES && !clones_roots())
        return "needs a kernel that clones prepared roots";
    if (row->needs & CGROUP_V1 && !the_cgroup)
        return "needs a cgroup of version 1";
    return NULL;
}

static struct forkexec_attr *ask(const struct row *row, unsigned way)
{
    struct forkexec_attr *attr = new_attr();
    if (row->needs & PRIVILEGED && !may_unshare(CLONE_NEWUTS))
        own_ids_mapped(attr);
    if (row->ask)
        row->ask(attr);
    OK(forkexec_attr_set_memory_mode(attr, way & FRESH ? FORKEXEC_MEMORY_FRESH
        : way & COPIED ? FORKEXEC_MEMORY_COPIED : FORKEXEC_MEMORY_AUTO));
    return attr;
}

static int attempt(const struct row *row, unsigned way, const struct forkexec_attr *attr,
    struct forkexec_child **child, struct forkexec_error *error)
{
    char *argv[] = { reporter, "touch", (char *)scratch_path("ran"), NULL };
    const char *path = row->needs & BY_FD ? NULL : row->path ? row->path : reporter;
    if (way & PREPARED) {
        struct forkexec_root *root = NULL;
        int result = forkexec_root_new(attr, &root, error);
        forkexec_root_free(root);
        return result;
    }
    if (!(way & HELD))
        return forkexec_spawn(attr, path, argv, NULL, child, error);
    struct forkexec_child *held = NULL;
    int result = forkexec_start(attr, path, argv, NULL, &held, error);
    if (result)
        return result;
    result = forkexec_release(held, 10000000000, error);
    if (result)
        forkexec_close(held);
    else
        *child = held;
    return result;
}

static bool differs(const struct view *one, const struct view *other, const char *key)
{
    return strcmp(saw(one, key), saw(other, key));
}

/* A thread of the library and its descriptors may need a moment to go. */
static struct view *view_like(const struct view *before)
{
    struct view *view = view_of_self();
    for (int turn = 0; turn < 500 && (differs(view, before, "threads") || differs(view, before, "fds")); turn++) {
        usleep(10000);
        view = view_of_self();
    }
    return view;
}

static void assert_memory(const struct forkexec_attr *attr, const struct row *row, unsigned way)
{
    char said[4096] = "";
    FILE *file = tmpfile();
    struct forkexec_error error;
    int result = forkexec_describe(attr, row->needs & BY_FD ? NULL : reporter, (char *[]){ reporter, NULL }, NULL,
        fileno(file), &error);
    rewind(file);
    if (!result && fgets(said, sizeof said, file))
        assert_string_equal(said, way & SHARED ? "a child in the caller's memory\n"
            : way & FRESH ? "a child in an image of its own\n" : "a child in a copy of the caller's memory\n");
    fclose(file);
}

/* The prefix that AppArmor expects before a label. */
static const char *label_word(void)
{
    char enabled = 'N';
    int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, &enabled, 1) != 1)
        enabled = 'N';
    close(fd);
    return enabled == 'Y' ? "exec " : "";
}

/* "rlimit 1 (core 0 of 0): " */
static const char *beginning(const struct row *row)
{
    const char *name = forkexec_stage_name(row->stage);
    const char *item = text(row->item, getuid(), getgid(), reporter, label_word(), geteuid() ? ",userxattr" : "");
    if (row->index >= 0)
        name = text("%s %d", name, row->index);
    return *item ? text("%s (%s): ", name, item) : text("%s: ", name);
}

static void assert_begins(const char *sentence, const char *beginning)
{
    if (!strncmp(sentence, beginning, strlen(beginning)) && strlen(sentence) > strlen(beginning))
        return;
    printf("# \"%s\" does not begin with \"%s\"\n", sentence, beginning);
    fail();
}

static void fails_so(const void *argument)
{
    const struct turn *turn = argument;
    const struct row *row = turn->row;
    struct denial denial = row->denial;
    remove(scratch_path("ran"));
    dup3(open("/dev/null", O_RDWR | O_CLOEXEC), THE_FD, O_CLOEXEC);
    dup3(open("/", O_PATH | O_CLOEXEC), THE_ROOT, O_CLOEXEC);
    dup3(open(reporter, O_PATH | O_CLOEXEC), THE_PROGRAM, O_CLOEXEC);
    dup3(open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), THE_USERS, O_CLOEXEC);
    if (the_cgroup)
        dup3(open_cgroup(the_cgroup), THE_CGROUP, O_CLOEXEC);
    if (row->needs & BARE)
        drop_caps();
    if (row->needs & NO_IMAGE)
        close_image();
    struct forkexec_attr *attr = ask(row, turn->way);
    if (!(turn->way & (HELD | PREPARED)))
        assert_memory(attr, row, turn->way);
    if (turn->allowed)
        OK(forkexec_attr_allow_failure(attr, row->stage));
    if (turn->deadly)
        denial.code = DEADLY;
    if (denial.code)
        deny(&denial, 1);

    const char *sentence = beginning(row);
    struct view *before = view_of_self();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    memset(&error, 0x5a, sizeof error);
    int result = attempt(row, turn->way, attr, &child, &error);

    bool killed = turn->deadly;
    if (turn->allowed) {
        assert_int_equal(result, 0);
        assert_int_equal(finish(child).exit_code, 0);
        assert_true(exists(scratch_path("ran")));
        remove(scratch_path("ran"));
        forkexec_close(child);
        return;
    }
    if (error.stage != row->stage || error.code != (killed ? ECANCELED : row->code))
        printf("# %d: stage %u, code %d, index %d, signal %d, pid %d: %.224s\n", result, error.stage, error.code,
            error.index, error.signal, error.pid, error.message);
    assert_int_equal(error.stage, row->stage);
    assert_int_equal(error.code, killed ? ECANCELED : row->code);
    assert_int_equal(result, -error.code);
    assert_int_equal(error.index, killed ? -1 : row->index);
    assert_int_equal(error.signal, killed ? SIGSYS : 0);
    if (killed)
        assert_non_null(strstr(error.message, "killed by signal 31 before the program ran"));
    else
        assert_begins(error.message, sentence);
    if (row->needs & NO_CHILD)
        assert_int_equal(error.pid, 0);
    else
        assert_in_range(error.pid, 2, INT32_MAX);
    assert_null(child);

    siginfo_t info;
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL), -1);
    assert_int_equal(errno, ECHILD);
    assert_false(exists(scratch_path("ran")));
    assert_same_but(before, view_like(before), "");
}

static void drop_cgroup(void)
{
    /* The killed processes in the cgroup may need a moment to go. */
    for (int turn = 0; the_cgroup && rmdir(the_cgroup) && turn < 500; turn++)
        usleep(10000);
    assert_false(the_cgroup && exists(the_cgroup));
    the_cgroup = NULL;
}

static bool every_row(const struct row *row)
{
    return row;
}

static bool has_a_childs_call(const struct row *row)
{
    /* A fresh child at execve cannot be told from the program. */
    return row->denial.code && !(row->needs & CALLERS) && row->stage != FORKEXEC_STAGE_EXEC;
}

static bool may_be_allowed(const struct row *row)
{
    static const uint32_t stages[] = { FORKEXEC_STAGE_NICE, FORKEXEC_STAGE_IO_PRIORITY, FORKEXEC_STAGE_OOM_SCORE,
        FORKEXEC_STAGE_TIMER_SLACK, FORKEXEC_STAGE_AFFINITY, FORKEXEC_STAGE_HOSTNAME, FORKEXEC_STAGE_DOMAINNAME,
        FORKEXEC_STAGE_LOOPBACK, FORKEXEC_STAGE_LATE_NAMESPACES };
    for (unsigned i = 0; i < sizeof stages / sizeof *stages; i++)
        if (row->stage == stages[i])
            return true;
    return false;
}

/* Runs the rows that can be run in this way, all of them before the test fails. */
static void run(unsigned way, bool deadly, bool (*concerns)(const struct row *))
{
    need_native();
    scratch();
    the_cgroup = new_cgroup();
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        const char *name = forkexec_stage_name(row->stage);
        bool only_others = (row->ways & PREPARED) != (way & PREPARED) || (way & HELD ? row->ways & AT_ONCE : row->ways & HELD);
        if (!(row->ways & way & ALL) || only_others || !concerns(row))
            continue;
        const char *lacking = lacks(row, way);
        if (lacking) {
            printf("# SKIP row %zu, %s: %s\n", i, name, lacking);
            continue;
        }
        struct turn turn = { row, way, deadly, !deadly && concerns != every_row };
        if (!succeeds_in_copy(fails_so, &turn)) {
            printf("# row %zu, %s, way %u\n", i, name, way);
            wrong++;
        }
    }
    drop_cgroup();
    assert_int_equal(wrong, 0);
}

TEST(a_step_fails_in_the_callers_memory)
{
    run(SHARED, false, every_row);
}

TEST(a_step_fails_in_an_image_of_its_own)
{
    run(FRESH, false, every_row);
}

TEST(a_step_fails_in_a_copy_of_the_callers_memory)
{
    run(COPIED, false, every_row);
}

TEST(a_step_fails_in_an_image_that_is_held)
{
    run(FRESH | HELD, false, every_row);
}

TEST(a_step_fails_while_a_root_is_prepared)
{
    run(FRESH | PREPARED, false, every_row);
    run(FRESH | PREPARED, true, has_a_childs_call);
}

TEST(a_step_fails_in_a_copy_that_is_held)
{
    run(COPIED | HELD, false, every_row);
}

TEST(a_step_kills_the_child_in_the_callers_memory)
{
    run(SHARED, true, has_a_childs_call);
}

TEST(a_step_kills_the_child_in_an_image_of_its_own)
{
    run(FRESH, true, has_a_childs_call);
}

TEST(a_step_kills_the_child_in_a_copy_of_the_callers_memory)
{
    run(COPIED, true, has_a_childs_call);
}

TEST(a_step_kills_the_child_in_an_image_that_is_held)
{
    run(FRESH | HELD, true, has_a_childs_call);
}

TEST(steps_that_protect_nothing_may_fail_where_that_is_allowed)
{
    run(SHARED, false, may_be_allowed);
    run(FRESH, false, may_be_allowed);
    run(COPIED, false, may_be_allowed);
    run(FRESH | HELD, false, may_be_allowed);
}
