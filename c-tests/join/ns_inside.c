/* What is set inside new namespaces: mount propagation, host and domain name, the loopback interface, the cgroup root. */
#include "in_fork.h"

#include <sched.h>
#include <sys/mount.h>

static struct forkexec_attr *attr_with(uint32_t mode, uint32_t types, bool entered)
{
    struct forkexec_attr *attr = attr_in(mode);
    types |= geteuid() ? FORKEXEC_NS_USER : 0;
    if (entered)
        OK(forkexec_attr_unshare_namespaces(attr, types));
    else
        OK(forkexec_attr_create_namespaces(attr, types));
    return attr;
}

/* A mount namespace of the test, whose "/" is shared. */
static void share_mounts(void)
{
    assert_false(unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)));
    assert_false(mount("none", "/", "none", MS_SHARED | MS_REC, ""));
}

static const struct way {
    bool sets;
    uint64_t flags;
    const char *seen; /* the beginning of the line */
} ways[] = {
    { false, 0, "private" },
    { true, MS_PRIVATE, "private" },
    { true, MS_PRIVATE | MS_REC, "private" },
    { true, MS_SLAVE, "master:" },
    { true, MS_SLAVE | MS_REC, "master:" },
    { true, MS_SHARED | MS_REC, "shared:" },
    { true, MS_UNBINDABLE, "unbindable" },
    { true, 0, "shared:" },
};

static void check_ways(const void *with)
{
    share_mounts();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for EACH_MEMORY(mode)
            for (int entered = 0; entered < 2; entered++) {
                DOING("way %zu, memory mode %u, entered %d", i, mode, entered);
                struct forkexec_attr *attr = attr_in(mode);
                if (entered)
                    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_MOUNT));
                else
                    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
                if (ways[i].sets)
                    OK(forkexec_attr_set_mount_propagation(attr, ways[i].flags));
                const char *seen = saw(run_reporter(attr, .path = with), "propagation");
                if (strncmp(seen, ways[i].seen, strlen(ways[i].seen)))
                    fail_msg("\"%s\", not \"%s\"", seen, ways[i].seen);
            }
}

TEST_BOTH(propagation_of_the_root)
{
    need_user_namespaces();
    in_fork(check_ways, public_reporter());
}

static bool is_mounted(pid_t pid, const char *path)
{
    return strstr(text_of(text("/proc/%d/mountinfo", pid)), text(" %s ", path));
}

/* Enters the child's mount namespace and mounts something there. */
static void mount_in(struct forkexec_child *child, const char *path)
{
    int fd = forkexec_child_namespace_fd(child, FORKEXEC_NS_MOUNT), status;
    assert_true(fd >= 0);
    pid_t pid = fork();
    if (!pid)
        _exit(setns(fd, CLONE_NEWNS) || mount("none", path, "tmpfs", 0, "") ? errno : 0);
    waitpid(pid, &status, 0);
    close(fd);
    assert_int_equal(status, 0);
}

static void check_mounts(const void *with)
{
    const char *const *paths = with;
    share_mounts();
    for EACH_MEMORY(mode)
        for (int way = 0; way < 3; way++) {
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
            if (way == 1)
                OK(forkexec_attr_set_mount_propagation(attr, MS_SLAVE | MS_REC));
            if (way == 2)
                OK(forkexec_attr_set_mount_propagation(attr, 0));
            struct forkexec_child *child = start(attr, paths[0], (char *[]){ "reporter", "sleep", NULL }, NULL);
            pid_t pid = forkexec_child_pid(child);
            mount_in(child, paths[1]);
            assert_true(is_mounted(pid, paths[1]));
            assert_int_equal(is_mounted(getpid(), paths[1]), way == 2);
            assert_false(mount("none", paths[2], "tmpfs", 0, ""));
            assert_int_equal(is_mounted(pid, paths[2]), way > 0);
            umount(paths[1]);
            umount(paths[2]);
            OK(forkexec_signal(child, SIGKILL));
            finish(child);
        }
}

TEST_BOTH(mounts_stay_on_their_side)
{
    need_user_namespaces();
    const char *paths[] = { public_reporter(), scratch_path("inner"), scratch_path("outer") };
    assert_false(mkdir(paths[1], 0700));
    assert_false(mkdir(paths[2], 0700));
    in_fork(check_mounts, paths);
    assert_false(rmdir(paths[1]));
    assert_false(rmdir(paths[2]));
}

static void check_rootless(const void *with)
{
    assert_false(chroot(with));
    assert_false(chdir("/"));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_PROPAGATION, EINVAL, -1);
    OK(forkexec_attr_set_mount_propagation(attr, 0));
    assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "w", "exit", "5", NULL }, NULL)).exit_code, 5);
}

TEST_BOTH(a_root_that_is_no_mount_point_has_no_propagation)
{
    need_cap(CAP_SYS_ADMIN);
    need_native();
    public_reporter();
    in_fork(check_rootless, scratch());
}

TEST_BOTH(invalid_propagation)
{
    struct forkexec_attr *attr[] = { new_attr(), new_attr(), new_attr() };
    assert_int_equal(forkexec_attr_set_mount_propagation(attr[0], MS_REC), -EINVAL);
    assert_int_equal(forkexec_attr_set_mount_propagation(attr[1], MS_PRIVATE | MS_SLAVE), -EINVAL);
    OK(forkexec_attr_set_mount_propagation(attr[2], MS_PRIVATE));
    for (int i = 0; i < 3; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    struct forkexec_attr *nothing = new_attr();
    OK(forkexec_attr_set_mount_propagation(nothing, 0));
    assert_same(run_reporter(nothing), view_of_self(), "propagation");
}

#define LONG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST_BOTH(names_of_the_host)
{
    need_native(); /* valgrind has no setdomainname(2) */
    need_user_namespaces();
    static const char *const names[] = { "box", "", LONG, "a b\\x" };
    static const char *const seen[] = { "box", "", LONG, "a b\\x5cx" };
    for (int i = 0; i < 4; i++)
        for EACH_MEMORY(mode)
            for (int entered = 0; entered < 2; entered++) {
                struct forkexec_attr *attr = attr_with(mode, FORKEXEC_NS_UTS, entered);
                OK(forkexec_attr_set_hostname(attr, "replaced"));
                OK(forkexec_attr_set_hostname(attr, names[i]));
                OK(forkexec_attr_set_domainname(attr, names[3 - i]));
                struct view *view = run_reporter(attr);
                assert_saw(view, "hostname", seen[i]);
                assert_saw(view, "domainname", seen[3 - i]);
            }
}

TEST_BOTH(invalid_names)
{
    struct forkexec_attr *attr[] = { new_attr(), new_attr(), new_attr(), new_attr(), new_attr() };
    assert_int_equal(forkexec_attr_set_hostname(attr[0], LONG "x"), -EINVAL);
    assert_int_equal(forkexec_attr_set_domainname(attr[1], LONG "x"), -EINVAL);
    assert_int_equal(forkexec_attr_set_hostname(attr[2], NULL), -EINVAL);
    /* The host's own interfaces are never changed. */
    OK(forkexec_attr_set_hostname(attr[3], "box"));
    OK(forkexec_attr_set_domainname(attr[4], "box"));
    for (int i = 0; i < 5; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

TEST_BOTH(the_loopback_interface)
{
    need_user_namespaces();
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct forkexec_attr *attr = attr_with(mode, FORKEXEC_NS_NET, entered);
            struct view *view = run_reporter(attr);
            assert_saw(view, "net.lo", "down");
            OK(forkexec_attr_set_loopback(attr));
            view = run_reporter(attr);
            assert_saw(view, "net.lo", "up");
        }
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_loopback(attr));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* The caller's interfaces are not in the namespace. */
TEST_BOTH(a_network_of_its_own)
{
    need_user_namespaces();
    FILE *in = fopen("/proc/net/dev", "re");
    char line[512];
    struct view *view = run_reporter(attr_with(0, FORKEXEC_NS_NET, true));
    assert_saw(view, "net.lo", "down");
    while (in && fgets(line, sizeof line, in)) {
        char name[64];
        if (sscanf(line, " %63[^:|]:", name) == 1 && strchr(line, ':') && strcmp(name, "lo")
            && strcmp(name, "sit0") && strcmp(name, "tunl0") && strcmp(name, "ip6tnl0"))
            assert_saw(view, text("net.%s", name), NULL);
    }
    if (in)
        fclose(in);
}

TEST_BOTH(the_root_of_a_cgroup_namespace_is_the_childs_cgroup)
{
    need_user_namespaces();
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct view *view = run_reporter(attr_with(mode, FORKEXEC_NS_CGROUP, entered));
            for (int i = 0; i < 32; i++)
                if (saw(view, text("cgroup.%d", i)))
                    assert_string_equal(strrchr(saw(view, text("cgroup.%d", i)), ':') + 1, "/");
        }
}
