/* A caller in a chroot, without /proc, or with the /proc of another pid namespace: what is impossible there is reported
 * with that reason and no other, and the rest works. */
#include "in_fork.h"

#include <sched.h>
#include <sys/mount.h>
#include <time.h>

EACH_TEST_NEEDS(need_native)

static char why[512];

static void assert_probed(uint32_t feature, const char *words)
{
    int has = forkexec_probe(feature, why, sizeof why);
    if (has != !words || (words && !strstr(why, words)))
        fail_msg("feature %u: %d, \"%s\", not \"%s\"", feature, has, why, words ? words : "");
}

/* forkexec_hold of this request succeeds (words NULL), or fails at this stage with these words. */
static void assert_held(struct forkexec_attr *attr, uint32_t stage, const char *words)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    int result = forkexec_hold(attr, &child, &error);
    forkexec_close(child);
    if (!!result != !!words || (words && (error.stage != stage || !strstr(error.message, words))))
        fail_msg("stage %u, \"%s\", not \"%s\"", error.stage, error.message, words ? words : "");
}

static struct forkexec_attr *in_user_namespace(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    return attr;
}

static struct forkexec_attr *with_badness(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_oom_score_adj(attr, 5));
    return attr;
}

static struct forkexec_attr *in_time_namespace(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_TIME));
    OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, 1000, 0));
    return attr;
}

static void have_own_mounts(void)
{
    assert_false(unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* What works in a chroot that has a /proc, and what does not. */
static void assert_only_user_namespaces_fail(const char *words)
{
    assert_probed(FORKEXEC_PROBE_USER_NAMESPACE, "the caller is in a chroot, where the kernel makes no user namespaces");
    assert_held(in_user_namespace(), FORKEXEC_STAGE_CLONE, words);
    assert_held(with_badness(), 0, NULL);
    if (exists("/proc/self/timens_offsets")) {
        assert_probed(FORKEXEC_PROBE_TIME_NAMESPACE, NULL);
        assert_held(in_time_namespace(), 0, NULL);
    }
}

static void check_in_a_directory(const void *path)
{
    have_own_mounts();
    assert_false(mkdir(text("%s/proc", (const char *)path), 0755));
    assert_false(mount("/proc", text("%s/proc", (const char *)path), NULL, MS_BIND | MS_REC, NULL));
    assert_false(chroot(path) || chdir("/"));
    assert_only_user_namespaces_fail("in a chroot the kernel makes no user namespaces");
}

TEST(in_a_chroot)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    in_fork(check_in_a_directory, scratch());
}

/* The chroot is the root of a mount. Only its ".." shows that it is not the root of the mount namespace. */
static void check_in_a_mount(const void *path)
{
    have_own_mounts();
    assert_false(mount("/", path, NULL, MS_BIND | MS_REC, NULL));
    assert_false(chroot(path) || chdir("/"));
    assert_only_user_namespaces_fail("or the caller is in a chroot");
}

TEST(in_a_chroot_that_is_a_mount)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    in_fork(check_in_a_mount, scratch());
}

/* Without the privilege to look, the reason is not known for certain. */
static void check_without_privilege(const void *path)
{
    have_own_mounts();
    assert_false(mount("/", path, NULL, MS_BIND | MS_REC, NULL));
    assert_false(chroot(path) || chdir("/"));
    become_nobody();
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why), 0);
    assert_non_null(strstr(why, "chroot"));
    assert_null(strstr(why, "the caller is in a chroot"));
}

TEST(in_a_chroot_without_privilege)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    need(!exists("/proc/sys/kernel/unprivileged_userns_clone") && !exists("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        "user namespaces may be restricted otherwise");
    in_fork(check_without_privilege, scratch());
}

/* Through a /proc that is not procfs, or not the caller's. */
static void assert_blamed_on_proc(const char *words)
{
    assert_probed(FORKEXEC_PROBE_TIME_NAMESPACE, words);
    assert_held(with_badness(), FORKEXEC_STAGE_OOM_SCORE, words);
    assert_held(in_time_namespace(), FORKEXEC_STAGE_TIME_FILE, words);
}

static void check_without_proc(const void *path)
{
    have_own_mounts();
    assert_false(mount("none", "/proc", "tmpfs", 0, NULL));
    assert_blamed_on_proc("no proc file system is mounted on /proc");
    assert_probed(FORKEXEC_PROBE_USER_NAMESPACE, "no proc file system is mounted on /proc");
    assert_held(in_user_namespace(), FORKEXEC_STAGE_ID_MAP, "no proc file system is mounted on /proc");
    /* Also in a chroot, which must not be reported as the cause. */
    assert_false(chroot(path) || chdir("/"));
    assert_blamed_on_proc("there is no /proc");
    assert_probed(FORKEXEC_PROBE_USER_NAMESPACE, "in a chroot");
}

TEST(without_proc)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    in_fork(check_without_proc, scratch());
}

/* The first process of a pid namespace. It mounts its own /proc or does not, and runs the rest or waits. */
static pid_t begin_inside(bool mounts, void (*body)(void))
{
    int pair[2];
    char ready;
    assert_false(pipe2(pair, O_CLOEXEC));
    fflush(NULL);
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    assert_true(pid >= 0);
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (mounts && mount("proc", "/proc", "proc", 0, NULL))
            _exit(1);
        if (body)
            body();
        if (body || write(pair[1], "r", 1) != 1) {
            fflush(NULL);
            _exit(body ? 0 : 1);
        }
        for (;;)
            pause();
    }
    close(pair[1]);
    assert_int_equal(read(pair[0], &ready, 1), !body);
    close(pair[0]);
    return pid;
}

/* This /proc does not contain the caller. */
static void check_inner_proc(const void *unused)
{
    (void)unused;
    have_own_mounts();
    pid_t inside = begin_inside(true, NULL);
    assert_blamed_on_proc("/proc belongs to another pid namespace, where the caller is not to be found");
    assert_probed(FORKEXEC_PROBE_USER_NAMESPACE, "/proc belongs to another pid namespace");
    kill(inside, SIGKILL);
    waitpid(inside, NULL, 0);
}

TEST(with_the_proc_of_an_inner_pid_namespace)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    in_fork(check_inner_proc, NULL);
}

/* This /proc contains the caller and its child under other numbers. */
static void all_works(void)
{
    assert_probed(FORKEXEC_PROBE_USER_NAMESPACE, NULL);
    assert_held(with_badness(), 0, NULL);
    assert_held(in_user_namespace(), 0, NULL);
    if (exists("/proc/self/timens_offsets")) {
        assert_probed(FORKEXEC_PROBE_TIME_NAMESPACE, NULL);
        assert_held(in_time_namespace(), 0, NULL);
    }
}

static void check_outer_proc(const void *unused)
{
    int status;
    (void)unused;
    have_own_mounts();
    assert_int_equal(waitpid(begin_inside(false, all_works), &status, 0) > 0, 1);
    assert_int_equal(status, 0);
}

TEST(with_the_proc_of_an_outer_pid_namespace)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_PIDFD);
    in_fork(check_outer_proc, NULL);
}
