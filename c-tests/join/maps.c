/* User namespaces: which ids are mapped, and by whom. */
#include "in_fork.h"

#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

static struct forkexec_attr *attr_with(uint32_t mode, bool entered)
{
    struct forkexec_attr *attr = attr_in(mode);
    if (entered)
        OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_USER));
    else
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    return attr;
}

static struct forkexec_child *sleeper(struct forkexec_attr *attr, const char *path)
{
    return start(attr, path, (char *[]){ reporter, "sleep", NULL }, NULL);
}

static const char *file_of(struct forkexec_child *child, const char *name)
{
    return text_of(text("/proc/%d/%s", forkexec_child_pid(child), name));
}

static void end(struct forkexec_child *child)
{
    OK(forkexec_signal(child, SIGKILL));
    finish(child);
}

/* The lines of a map, with single blanks. */
static const char *map_of(struct forkexec_child *child, const char *name)
{
    const char *rest = file_of(child, name), *all = "";
    unsigned inside, outside, count;
    for (int n; sscanf(rest, "%u %u %u%n", &inside, &outside, &count, &n) == 3; rest += n)
        all = text("%s%u %u %u\n", all, inside, outside, count);
    return all;
}

static void check_one(const void *with)
{
    become_nobody();
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct forkexec_attr *attr = attr_with(mode, entered);
            struct view *view = run_reporter(attr, .path = with);
            assert_saw(view, "uid", "65534 65534 65534 65534");
            assert_saw(view, "gid", "65534 65534 65534 65534");
            OK(forkexec_attr_map_uid(attr, 0, NOBODY, 1));
            OK(forkexec_attr_map_gid(attr, 3, NOBODY, 1));
            view = run_reporter(attr, .path = with);
            assert_saw(view, "uid", "0 0 0 0");
            assert_saw(view, "gid", "3 3 3 3");
        }
}

TEST_BOTH(the_own_id_can_be_mapped_without_privilege)
{
    need_user_namespaces();
    in_fork(check_one, public_reporter());
}

static void check_refused(const void *with)
{
    become_nobody();
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct forkexec_attr *other = attr_with(mode, entered), *two = attr_with(mode, entered),
                                 *group = attr_with(mode, entered), *allow = attr_with(mode, entered);
            OK(forkexec_attr_map_uid(other, 0, 1000, 1));
            OK(forkexec_attr_map_uid(two, 0, NOBODY, 1));
            OK(forkexec_attr_map_uid(two, 1, 1000, 1));
            OK(forkexec_attr_map_uid(group, 0, NOBODY, 1));
            OK(forkexec_attr_map_gid(group, 0, NOBODY, 2));
            OK(forkexec_attr_map_uid(allow, 0, NOBODY, 1));
            OK(forkexec_attr_map_gid(allow, 0, NOBODY, 1));
            OK(forkexec_attr_allow_setgroups(allow));
            assert_spawn_fails(other, with, FORKEXEC_STAGE_ID_MAP, EPERM, -1);
            assert_spawn_fails(two, with, FORKEXEC_STAGE_ID_MAP, EPERM, -1);
            assert_spawn_fails(group, with, FORKEXEC_STAGE_ID_MAP, EPERM, -1);
            assert_spawn_fails(allow, with, FORKEXEC_STAGE_ID_MAP, EPERM, -1);
        }
}

TEST_BOTH(other_ids_cannot_be_mapped_without_privilege)
{
    need_user_namespaces();
    in_fork(check_refused, public_reporter());
}

TEST_BOTH(as_many_ranges_as_the_kernel_takes)
{
    need_user_namespaces();
    need_cap(CAP_SETUID);
    static const uint32_t counts[] = { 1, 2, 5, 6, 100, 339, 340 };
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for EACH_MEMORY(mode) {
            struct forkexec_attr *attr = attr_with(mode, c & 1);
            const char *all = "", *groups = "";
            for (uint32_t i = 0; i < counts[c]; i++) {
                OK(forkexec_attr_map_uid(attr, 2 * i, 2 * i + 1, 1));
                OK(forkexec_attr_map_gid(attr, 2 * i, 2 * i, 2));
                all = text("%s%u %u 1\n", all, 2 * i, 2 * i + 1);
                groups = text("%s%u %u 2\n", groups, 2 * i, 2 * i);
            }
            struct forkexec_child *child = sleeper(attr, public_reporter());
            assert_string_equal(map_of(child, "uid_map"), all);
            assert_string_equal(map_of(child, "gid_map"), groups);
            end(child);
        }
}

TEST_BOTH(wide_ranges_and_the_ids_in_them)
{
    need_user_namespaces();
    need_cap(CAP_SETUID);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, false);
        OK(forkexec_attr_map_uid(attr, 0, 0, 1));
        OK(forkexec_attr_map_uid(attr, 1, 100000, 65535));
        OK(forkexec_attr_map_uid(attr, 1000000, 1000000, 4293967295));
        OK(forkexec_attr_map_gid(attr, 0, 0, 4294967295));
        OK(forkexec_attr_set_uid(attr, 1000));
        OK(forkexec_attr_set_gid(attr, 4294967294));
        struct forkexec_child *child = sleeper(attr, public_reporter());
        assert_string_equal(map_of(child, "uid_map"), "0 0 1\n1 100000 65535\n1000000 1000000 4293967295\n");
        assert_string_equal(status_of(forkexec_child_pid(child), "Uid"), "100999\t100999\t100999\t100999");
        assert_string_equal(status_of(forkexec_child_pid(child), "Gid"),
            "4294967294\t4294967294\t4294967294\t4294967294");
        end(child);
    }
}

TEST_BOTH(maps_that_the_kernel_refuses)
{
    need_user_namespaces();
    need_cap(CAP_SETUID);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, false);
        OK(forkexec_attr_map_gid(attr, 0, 0, 10));
        OK(forkexec_attr_map_gid(attr, 9, 100, 10));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_ID_MAP, EINVAL, -1);
        attr = attr_with(mode, false);
        OK(forkexec_attr_map_uid(attr, 0, 0, 10));
        OK(forkexec_attr_map_uid(attr, 10, 9, 10));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_ID_MAP, EINVAL, -1);
    }
}

/* With 37 bytes a line, 110 lines fit into a page, and 111 do not. */
TEST_BOTH(a_map_is_less_than_a_page)
{
    need_user_namespaces();
    need_cap(CAP_SETUID);
    struct forkexec_attr *attr = attr_with(0, false);
    for (uint32_t i = 0; i < 110; i++)
        OK(forkexec_attr_map_uid(attr, 1000000000 + 10000000 * i, 1000000000 + 10000000 * i, 10000000));
    end(sleeper(attr, public_reporter()));
    OK(forkexec_attr_map_uid(attr, 4000000000, 4000000000, 10000000));
    for (uint32_t i = 0; i < 40; i++)
        OK(forkexec_attr_map_uid(attr, 4100000000 + i, 4100000000 + i, 1));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, E2BIG, -1);
}

TEST_BOTH(invalid_ranges)
{
    struct forkexec_attr *attr[6];
    for (int i = 0; i < 6; i++)
        attr[i] = attr_with(0, false);
    assert_int_equal(forkexec_attr_map_uid(attr[0], 0, 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_map_gid(attr[1], 1, 0, UINT32_MAX), -EINVAL);
    assert_int_equal(forkexec_attr_map_uid(attr[2], 0, UINT32_MAX, 1), -EINVAL);
    for (uint32_t i = 0; i < 340; i++)
        OK(forkexec_attr_map_gid(attr[3], i, i, 1));
    assert_int_equal(forkexec_attr_map_gid(attr[3], 340, 340, 1), -EINVAL);
    attr[4] = new_attr();
    OK(forkexec_attr_map_uid(attr[4], 0, 0, 1));
    attr[5] = new_attr();
    OK(forkexec_attr_map_gid(attr[5], 0, 0, 1));
    OK(forkexec_attr_allow_setgroups(attr[5]));
    for (int i = 0; i < 6; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

TEST_BOTH(the_right_to_setgroups)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, false);
        OK(forkexec_attr_map_uid(attr, 0, getuid(), 1));
        struct forkexec_child *child = sleeper(attr, reporter);
        assert_string_equal(file_of(child, "setgroups"), "allow"); /* no decision was made */
        assert_string_equal(map_of(child, "gid_map"), "");
        end(child);
        OK(forkexec_attr_map_gid(attr, 0, getgid(), 1));
        child = sleeper(attr, reporter);
        assert_string_equal(file_of(child, "setgroups"), "deny");
        end(child);
    }
}

TEST_BOTH(setgroups_of_an_entered_namespace)
{
    need_user_namespaces();
    need_cap(CAP_SETGID);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, true);
        OK(forkexec_attr_map_gid(attr, 0, getgid(), 1));
        OK(forkexec_attr_allow_setgroups(attr));
        struct forkexec_child *child = sleeper(attr, reporter);
        assert_string_equal(file_of(child, "setgroups"), "allow");
        assert_string_equal(map_of(child, "gid_map"), text("0 %u 1\n", getgid()));
        end(child);
    }
}

static uid_t owner_of(struct forkexec_child *child)
{
    uid_t owner = 12345;
    int fd = forkexec_child_namespace_fd(child, FORKEXEC_NS_USER);
    assert_true(fd >= 0);
    assert_false(ioctl(fd, NS_GET_OWNER_UID, &owner));
    close(fd);
    return owner;
}

TEST_BOTH(the_namespace_is_the_callers)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = sleeper(attr_with(mode, false), reporter);
        assert_int_equal(owner_of(child), geteuid());
        end(child);
    }
}

static struct forkexec_attr *owned_by(uint32_t mode, bool entered, uint32_t uid)
{
    struct forkexec_attr *attr = attr_with(mode, entered);
    OK(forkexec_attr_set_user_namespace_owner(attr, uid));
    OK(forkexec_attr_map_uid(attr, 0, 1000, 1));
    OK(forkexec_attr_map_uid(attr, 1, 0, 1));
    OK(forkexec_attr_map_gid(attr, 0, 0, 1));
    OK(forkexec_attr_allow_setgroups(attr));
    return attr;
}

TEST_BOTH(a_namespace_can_belong_to_another_user)
{
    need_user_namespaces();
    need_native();
    need_cap(CAP_SETUID);
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct forkexec_attr *attr = owned_by(mode, entered, 1000);
            struct view *view = run_reporter(attr, .path = public_reporter());
            assert_saw(view, "uid", "0 0 0 0");
            assert_saw(view, "gid", "0 0 0 0");
            struct forkexec_child *child = sleeper(attr, public_reporter());
            assert_int_equal(owner_of(child), 1000);
            assert_string_equal(map_of(child, "uid_map"), "0 1000 1\n1 0 1\n");
            assert_string_equal(file_of(child, "setgroups"), "allow");
            assert_string_equal(status_of(forkexec_child_pid(child), "Uid"), "1000\t1000\t1000\t1000");
            end(child);
            /* The overflow uid, where no map tells the id. */
            struct forkexec_attr *unmapped = attr_with(mode, entered);
            OK(forkexec_attr_set_user_namespace_owner(unmapped, 1000));
            assert_saw(run_reporter(unmapped, .path = public_reporter()), "uid", "65534 65534 65534 65534");
            /* Its ids can be changed like any other's. */
            OK(forkexec_attr_set_uid(attr, 1));
            OK(forkexec_attr_set_gid(attr, 0));
            assert_saw(run_reporter(attr, .path = public_reporter()), "uid", "1 1 1 1");
        }
}

/* All other new namespaces belong to that user namespace, and work. */
TEST_BOTH(namespaces_that_belong_to_it)
{
    need_user_namespaces();
    need_native();
    need_cap(CAP_SETUID);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = owned_by(mode, false, 1000);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_UTS | FORKEXEC_NS_NET));
        OK(forkexec_attr_set_hostname(attr, "theirs"));
        struct view *view = run_reporter(attr, .path = public_reporter());
        assert_saw(view, "pid", "1");
        assert_saw(view, "hostname", "theirs");
        struct forkexec_child *child = sleeper(attr, public_reporter());
        assert_int_equal(owner_of(child), 1000);
        int user = forkexec_child_namespace_fd(child, FORKEXEC_NS_USER), of_net;
        int net = forkexec_child_namespace_fd(child, FORKEXEC_NS_NET);
        of_net = ioctl(net, NS_GET_USERNS);
        struct stat one, other;
        assert_false(fstat(user, &one) || fstat(of_net, &other));
        assert_int_equal(one.st_ino, other.st_ino);
        close(user);
        close(net);
        close(of_net);
        end(child);
    }
}

/* The owner may enter the namespace, but cannot read anything of the caller's while it is made. */
static void check_owner_enters(const void *with)
{
    int user = *(const int *)with;
    assert_false(setresgid(1000, 1000, 1000));
    assert_false(setresuid(1000, 1000, 1000));
    assert_false(setns(user, CLONE_NEWUSER));
}

static void check_neighbour_does_not(const void *with)
{
    int user = *(const int *)with;
    assert_false(setresgid(1001, 1001, 1001));
    assert_false(setresuid(1001, 1001, 1001));
    assert_int_equal(setns(user, CLONE_NEWUSER), -1);
}

TEST(the_owner_may_enter)
{
    need_user_namespaces();
    need_native();
    need_cap(CAP_SETUID);
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        struct forkexec_attr *attr = owned_by(mode, false, 1000);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        if (forkexec_hold(attr, &child, &error))
            fail_msg("%s", error.message);
        int user = forkexec_child_namespace_fd(child, FORKEXEC_NS_USER);
        assert_true(user >= 0);
        in_fork(check_owner_enters, &user);
        in_fork(check_neighbour_does_not, &user);
        close(user);
        forkexec_close(child);
    }
}

static void check_own(const void *with)
{
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *own = attr_with(mode, false), *other = attr_with(mode, false);
        OK(forkexec_attr_set_user_namespace_owner(own, NOBODY));
        OK(forkexec_attr_map_uid(own, 0, NOBODY, 1));
        assert_saw(run_reporter(own, .path = with), "uid", "0 0 0 0");
        OK(forkexec_attr_set_user_namespace_owner(other, 1000));
        assert_spawn_fails(other, with, FORKEXEC_STAGE_NAMESPACE_OWNER, EPERM, -1);
    }
}

TEST_BOTH(without_privilege_it_belongs_to_the_caller)
{
    need_user_namespaces();
    in_fork(check_own, public_reporter());
}

/* Held without a program: the maps are in force, and the process ends with its handle. */
TEST(a_holder_has_its_maps)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, false);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_NET | FORKEXEC_NS_IPC));
        OK(forkexec_attr_map_uid(attr, 0, getuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getgid(), 1));
        struct forkexec_child *child = NULL;
        OK(forkexec_hold(attr, &child, NULL));
        pid_t pid = forkexec_child_pid(child);
        assert_string_equal(map_of(child, "uid_map"), text("0 %u 1\n", getuid()));
        forkexec_close(child);
        assert_int_equal(kill(pid, 0), -1);
    }
}
