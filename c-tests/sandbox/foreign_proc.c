/* A /proc of another pid namespace than the caller's: the child's pid there is another number, or that of another process.
 * What is written to a file of /proc reaches the child, or the spawn fails with the reason. */
#include "mount_requests.h"

#include <sys/ioctl.h>

EACH_TEST_NEEDS(need_native)

/* A process in a user namespace without maps. Its uid_map could still be written. */
static pid_t bystander;

static void begin_bystander(void)
{
    int pair[2];
    char ready;
    assert_false(pipe2(pair, O_CLOEXEC));
    bystander = fork();
    assert_true(bystander >= 0);
    if (!bystander) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWUSER) || write(pair[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(pair[1]);
    assert_int_equal(read(pair[0], &ready, 1), 1);
    close(pair[0]);
}

/* The next process of this pid namespace gets the bystander's number. */
static void next_is_the_bystanders_number(void)
{
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const char *last = text("%d", bystander - 1);
    assert_int_equal(write(fd, last, strlen(last)), (ssize_t)strlen(last));
    close(fd);
}

static void assert_bystander_is_untouched(void)
{
    assert_string_equal(text_of(text("/proc/%d/uid_map", bystander)), "");
    assert_string_equal(text_of(text("/proc/%d/gid_map", bystander)), "");
    assert_string_equal(text_of(text("/proc/%d/setgroups", bystander)), "allow");
    assert_string_equal(text_of(text("/proc/%d/oom_score_adj", bystander)), text_of("/proc/self/oom_score_adj"));
}

static struct forkexec_attr *mapped(uint32_t mode, bool entered)
{
    struct forkexec_attr *attr = attr_in(mode);
    if (entered)
        OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_USER));
    else
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(attr, 7, 0, 1));
    OK(forkexec_attr_map_gid(attr, 8, 0, 1));
    OK(forkexec_attr_set_oom_score_adj(attr, 321));
    return attr;
}

/* Runs body(with) as the first process of a pid namespace that still has the /proc of the outer namespace. */
struct inner {
    void (*body)(const void *with);
    const void *with;
};

static void in_outer_proc(const void *argument)
{
    const struct inner *inner = argument;
    int status;
    begin_bystander();
    /* What the library learns about /proc here is not true in the forked process. */
    assert_saw(run_reporter(mapped(FORKEXEC_MEMORY_AUTO, false), .path = public_reporter()), "uid", "7 7 7 7");
    assert_false(unshare(CLONE_NEWPID));
    pid_t first = fork();
    assert_true(first >= 0);
    if (!first) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
        inner->body(inner->with);
        fflush(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
    kill(bystander, SIGKILL);
    waitpid(bystander, NULL, 0);
}

static void need_pid_namespaces(void)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    need(access("/proc/sys/kernel/ns_last_pid", W_OK) == 0, "needs a writable /proc/sys/kernel/ns_last_pid");
    scratch();
    public_reporter();
}

static void maps_are_the_childs(const void *unused)
{
    (void)unused;
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct forkexec_attr *attr = mapped(mode, entered);
            struct forkexec_child *child = NULL;
            struct forkexec_error error = { 0 };
            next_is_the_bystanders_number();
            char *argv[] = { "w", "sleep", NULL };
            int result = forkexec_spawn(attr, public_reporter(), argv, NULL, &child, &error);
            assert_bystander_is_untouched();
            if (result)
                fail_msg("%s", error.message);
            assert_int_equal(forkexec_child_pid(child), bystander);
            /* The descriptor leads to the child's namespace, not the bystander's. */
            int fd = forkexec_child_namespace_fd(child, FORKEXEC_NS_USER);
            assert_true(fd >= 0);
            struct stat is, bystanders;
            assert_false(fstat(fd, &is) || stat(text("/proc/%d/ns/user", bystander), &bystanders));
            assert_int_not_equal(is.st_ino, bystanders.st_ino);
            close(fd);
            OK(forkexec_signal(child, SIGKILL));
            finish(child);
            forkexec_close(child);
            next_is_the_bystanders_number();
            struct view *view = run_reporter(attr, .path = public_reporter());
            assert_saw(view, "uid", "7 7 7 7");
            assert_saw(view, "gid", "8 8 8 8");
            assert_saw(view, "oom_score_adj", "321");
            assert_bystander_is_untouched();
        }
}

TEST(the_child_is_written_to_and_no_other_process)
{
    need_pid_namespaces();
    struct inner inner = { maps_are_the_childs, NULL };
    in_copy(in_outer_proc, &inner);
}

/* First its own /proc is mounted over the outer one. */
static void after_a_proc_of_its_own(const void *unused)
{
    assert_false(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount("proc", "/proc", "proc", 0, NULL));
    for (int i = 0; i < 2; i++)
        assert_saw(run_reporter(mapped(FORKEXEC_MEMORY_AUTO, false), .path = public_reporter()), "uid", "7 7 7 7");
    assert_false(umount2("/proc", MNT_DETACH));
    maps_are_the_childs(unused);
}

TEST(facts_about_another_proc_are_not_used)
{
    need_pid_namespaces();
    struct inner inner = { after_a_proc_of_its_own, NULL };
    in_copy(in_outer_proc, &inner);
}

static void fails(struct forkexec_attr *attr, uint32_t stage, int code, const char *why)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error = { 0 };
    char *argv[] = { "w", "exit", "0", NULL };
    int result = forkexec_spawn(attr, public_reporter(), argv, NULL, &child, &error);
    if (error.stage != stage || result != -code || !strstr(error.message, why))
        fail_msg("%d, stage %u: %s", result, error.stage, error.message);
    assert_null(child);
}

/* The pidfd does not tell the pid, as before Linux 5.2 or where fdinfo cannot be read. */
static const struct denial no_fdinfo = { SYS_pread64, EACCES, { { 0 } } };

static void nothing_is_proven(const void *unused)
{
    (void)unused;
    deny(&no_fdinfo, 1);
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            next_is_the_bystanders_number();
            fails(mapped(mode, entered), FORKEXEC_STAGE_OOM_SCORE, EOPNOTSUPP, "/proc belongs to another pid namespace");
            assert_bystander_is_untouched();
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
            OK(forkexec_attr_map_uid(attr, 7, 0, 1));
            next_is_the_bystanders_number();
            fails(attr, FORKEXEC_STAGE_ID_MAP, EOPNOTSUPP, "/proc belongs to another pid namespace");
            assert_bystander_is_untouched();
            OK(forkexec_attr_set_oom_score_adj(attr, 321));
            OK(forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_OOM_SCORE));
            next_is_the_bystanders_number();
            fails(attr, FORKEXEC_STAGE_ID_MAP, EOPNOTSUPP, "/proc belongs to another pid namespace");
            assert_bystander_is_untouched();
        }
}

TEST(nothing_is_written_to_a_process_that_may_be_another)
{
    need_pid_namespaces();
    struct inner inner = { nothing_is_proven, NULL };
    in_copy(in_outer_proc, &inner);
}

/* In the caller's own /proc the pid is enough. */
static void by_the_pid_alone(const void *unused)
{
    (void)unused;
    deny(&no_fdinfo, 1);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 7, geteuid(), 1));
        assert_saw(run_reporter(attr, .path = public_reporter()), "uid", "7 7 7 7");
    }
}

TEST(in_its_own_proc_the_pid_is_enough)
{
    need_user_namespaces();
    public_reporter();
    in_copy(by_the_pid_alone, NULL);
}

/* No /proc, or another file system in its place. */
static void another_proc(const void *what)
{
    const char *why = "no proc file system is mounted on /proc";
    pid_t next = getpid() + 200;
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    assert_false(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    if (*(const int *)what) {
        assert_false(mount("tmpfs", "/proc", "tmpfs", 0, NULL));
        for (pid_t pid = getpid(); pid < next; pid++) {
            assert_false(mkdir(text("/proc/%d", pid), 0755));
            close(open(text("/proc/%d/uid_map", pid), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
        }
    } else
        while (!umount2("/proc", MNT_DETACH))
            ;
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 7, 0, 1));
        fails(attr, FORKEXEC_STAGE_ID_MAP, EOPNOTSUPP, why);
        attr = attr_in(mode);
        OK(forkexec_attr_set_oom_score_adj(attr, 321));
        fails(attr, FORKEXEC_STAGE_OOM_SCORE, ENOENT, "");
    }
}

TEST(without_proc_nothing_is_written)
{
    need_pid_namespaces();
    for (int what = 0; what < 2; what++)
        in_copy(another_proc, &what);
}

/* A plain file called oom_score_adj is not written to. */
static void a_false_file(const void *unused)
{
    (void)unused;
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    assert_false(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount("tmpfs", "/proc", "tmpfs", 0, NULL) || mkdir("/proc/self", 0755));
    close(open("/proc/self/oom_score_adj", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_oom_score_adj(attr, 321));
        fails(attr, FORKEXEC_STAGE_OOM_SCORE, EOPNOTSUPP, "");
    }
}

TEST(a_plain_file_of_the_name_is_not_written)
{
    need_pid_namespaces();
    in_copy(a_false_file, NULL);
}
