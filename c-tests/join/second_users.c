/* A second user namespace, joined when the root is built: the mounts belong to the first one, the program's rights are in the
 * second alone. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { ID_IN_SECOND = 1000 };

/* A user namespace below the caller's, and one below that, each with one id. */
static struct users {
    int first, second;
    pid_t pid;
} users;

static void write_text(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
}

static bool enter_new(uint32_t inside, uint32_t uid, uint32_t gid)
{
    if (syscall(SYS_unshare, CLONE_NEWUSER))
        return false;
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", text("%u %u 1", inside, uid));
    write_text("/proc/self/gid_map", text("%u %u 1", inside, gid));
    return true;
}

/* The process that has made them waits until the test ends. */
static void make_users(void)
{
#ifdef __SANITIZE_THREAD__
    skip_because("the sanitizer has a thread, and only a process of one thread may leave its user namespace");
#endif
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    int told[2], go_on[2];
    assert_false(pipe2(told, O_CLOEXEC) || pipe2(go_on, O_CLOEXEC));
    users.pid = fork();
    if (!users.pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bool good = enter_new(0, geteuid(), getegid());
        prctl(PR_SET_DUMPABLE, 1);
        good = good && write(told[1], "", 1) == 1 && read(go_on[0], &(char){ 0 }, 1) == 1 && enter_new(ID_IN_SECOND, 0, 0);
        prctl(PR_SET_DUMPABLE, 1);
        good = good && write(told[1], "", 1) == 1;
        for (; good;)
            pause();
        _exit(1);
    }
    char byte;
    assert_int_equal(read(told[0], &byte, 1), 1);
    users.first = open(text("/proc/%d/ns/user", users.pid), O_RDONLY | O_CLOEXEC);
    assert_int_equal(write(go_on[1], "", 1), 1);
    assert_int_equal(read(told[0], &byte, 1), 1);
    users.second = open(text("/proc/%d/ns/user", users.pid), O_RDONLY | O_CLOEXEC);
    assert_true(users.first >= 0 && users.second >= 0);
    close(told[0]), close(told[1]), close(go_on[0]), close(go_on[1]);
}

static void end_users(void)
{
    close(users.first);
    close(users.second);
    kill(users.pid, SIGKILL);
    waitpid(users.pid, NULL, 0);
}

/* In the first user namespace a root that is read-only, with an empty directory over /usr/share. */
static struct forkexec_attr *with_root(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_namespace(attr, users.first, FORKEXEC_NS_USER));
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT | FORKEXEC_NS_UTS));
    OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY));
    OK(forkexec_attr_mask_path(attr, "/usr/share"));
    OK(forkexec_attr_set_hostname(attr, "inside"));
    OK(forkexec_attr_join_second_user_namespace(attr, users.second));
    return attr;
}

static const char *user_namespace_of_fd(int fd)
{
    struct stat is;
    assert_false(fstat(fd, &is));
    return text("user:[%llu]", (unsigned long long)is.st_ino);
}

TEST_BOTH(the_program_is_in_the_second)
{
    make_users();
    struct forkexec_child *child = start_reporter(with_root(), "sleep");
    pid_t pid = forkexec_child_pid(child);
    assert_string_equal(namespace_of(pid, "user"), user_namespace_of_fd(users.second));
    forkexec_signal(child, SIGKILL);
    finish(child);
    /* It is not root there, and so has no capabilities after its exec. */
    struct view *view = run_reporter(with_root());
    assert_saw(view, "uid", "1000 1000 1000 1000");
    assert_saw(view, "cap.effective", "0000000000000000");
    assert_saw(view, "cap.permitted", "0000000000000000");
    assert_saw(view, "hostname", "inside");
    end_users();
}

/* The init of a pid namespace goes there too, and a held child is there when it is held. */
TEST_BOTH(the_init_is_in_the_second)
{
    make_users();
    struct forkexec_attr *attr = with_root();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_set_init(attr));
    struct forkexec_child *child = start_reporter(attr, "sleep");
    char map[64] = "";
    int fd = open(text("/proc/%d/uid_map", forkexec_child_pid(child)), O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, map, sizeof map - 1) > 0);
    close(fd);
    unsigned inside = 0, outside = 0;
    assert_int_equal(sscanf(map, "%u %u 1", &inside, &outside), 2);
    assert_int_equal(inside, ID_IN_SECOND);
    assert_int_equal(outside, geteuid());
    forkexec_signal(child, SIGKILL);
    finish(child);
    assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
    end_users();
}

/* All capabilities in the second are none over the mounts, and over the other namespaces, of the first. */
TEST_BOTH(nothing_of_the_first_can_be_undone)
{
    make_users();
    struct forkexec_attr *attr = with_root();
    uint64_t all = strtoull(status_of(getpid(), "CapBnd"), NULL, 16);
    OK(forkexec_attr_set_ambient(attr, all));
    assert_saw(run_reporter(attr), "cap.effective", text("%016llx", (unsigned long long)all));
    assert_int_equal(reporter_exits(attr, "remount", "/", "0x1000"), EPERM);
    end_users();
}

/* Without the second, the same program undoes what was done. */
TEST_BOTH(with_the_first_alone_it_can)
{
    make_users();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_namespace(attr, users.first, FORKEXEC_NS_USER));
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY));
    assert_int_equal(reporter_exits(attr, "remount", "/", "0x1000"), 0);
    end_users();
}

/* Bounding set, ids and groups are those of the second. */
TEST_BOTH(what_is_given_up_is_given_up_there)
{
    make_users();
    struct forkexec_attr *attr = with_root();
    OK(forkexec_attr_drop_capabilities(attr));
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_set_uid(attr, ID_IN_SECOND));
    OK(forkexec_attr_set_gid(attr, ID_IN_SECOND));
    OK(forkexec_attr_keep_groups(attr));
    struct forkexec_child *child = start_reporter(attr, "sleep");
    pid_t pid = forkexec_child_pid(child);
    const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        assert_string_equal(status_of(pid, sets[i]), "0000000000000000");
    assert_string_equal(status_of(pid, "NoNewPrivs"), "1");
    forkexec_signal(child, SIGKILL);
    finish(child);
    attr = with_root();
    OK(forkexec_attr_set_uid(attr, 0));
    OK(forkexec_attr_keep_groups(attr));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_UID, EINVAL, -1);
    end_users();
}

/* For root a first one need not be joined. */
TEST(below_the_callers_own)
{
    make_users();
    need_root();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY));
    OK(forkexec_attr_join_second_user_namespace(attr, users.first));
    OK(forkexec_attr_set_rlimit(attr, 4, 5, 5));
    OK(forkexec_attr_set_nice(attr, -5));
    assert_saw(run_reporter(attr), "uid", "0 0 0 0");
    assert_int_equal(reporter_exits(attr, "remount", "/", "0x1000"), EPERM);
    end_users();
}

/* A root that is prepared belongs to the caller's user namespace too. The program can make a mount namespace of its own in the
 * second one, and still take no flag from a mount. */
TEST(with_a_prepared_root)
{
    make_users();
    need_root();
    struct forkexec_attr *attr = new_attr();
    struct forkexec_root *root = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY));
    if (forkexec_root_new(attr, &root, &error))
        fail_msg("%s", error.message);
    OK(forkexec_attr_set_prepared_root(attr, root));
    OK(forkexec_attr_join_second_user_namespace(attr, users.first));
    struct forkexec_child *child = start_reporter(attr, "sleep");
    assert_string_equal(namespace_of(forkexec_child_pid(child), "user"), user_namespace_of_fd(users.first));
    forkexec_signal(child, SIGKILL);
    finish(child);
    assert_int_equal(reporter_exits(attr, "remount", "/", "0x1000"), EPERM);
    if (exists("/usr/bin/unshare")) {
        child = start(attr, "/usr/bin/unshare", (char *[]){ "unshare", "-m", reporter, "exit", "7", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, 7);
        child = start(attr, "/usr/bin/unshare", (char *[]){ "unshare", "-m", reporter, "remount", "/", "0x1000", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, EPERM);
    }
    forkexec_root_free(root);
    end_users();
}

TEST_BOTH(one_that_cannot_be_joined)
{
    make_users();
    /* It is above the first. */
    struct forkexec_attr *attr = new_attr();
    int own = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    OK(forkexec_attr_join_namespace(attr, users.first, FORKEXEC_NS_USER));
    OK(forkexec_attr_join_second_user_namespace(attr, own));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_SECOND_USER_NAMESPACE, EPERM, -1);
    /* It is the first. */
    OK(forkexec_attr_join_second_user_namespace(attr, users.first));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_SECOND_USER_NAMESPACE, EINVAL, -1);
    OK(forkexec_attr_join_second_user_namespace(attr, uts));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    OK(forkexec_attr_join_second_user_namespace(attr, 4000));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
    /* The last call wins, and the descriptor is the caller's. */
    OK(forkexec_attr_join_second_user_namespace(attr, users.second));
    assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
    assert_int_equal(fcntl(users.second, F_GETFD), FD_CLOEXEC);
    close(own);
    close(uts);
    end_users();
}
