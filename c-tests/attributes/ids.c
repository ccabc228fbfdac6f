/* User, group and supplementary groups: all of them change or none, and supplementary groups are never left out by
 * mistake. */
#include "in_fork.h"

#include <sys/resource.h>

static const uint32_t two[] = { 11, 12 };

TEST_BOTH(all_four_ids_are_the_new_ones)
{
    need_cap(CAP_SETUID);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_uid(attr, 1000));
        OK(forkexec_attr_set_gid(attr, 1001));
        struct view *view = run_reporter(attr, .path = public_reporter());
        assert_saw(view, "uid", "1000 1000 1000 1000");
        assert_saw(view, "gid", "1001 1001 1001 1001");
        assert_saw(view, "groups", "");
        assert_saw(view, "cap.permitted", "0000000000000000");
        assert_saw(view, "cap.effective", "0000000000000000");
    }
}

TEST_BOTH(one_id_leaves_the_other)
{
    need_cap(CAP_SETUID);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_uid(attr, 4294967294));
    struct view *view = run_reporter(attr, .path = public_reporter());
    assert_saw(view, "uid", "4294967294 4294967294 4294967294 4294967294");
    assert_saw(view, "gid", "0 0 0 0");

    attr = new_attr();
    OK(forkexec_attr_set_gid(attr, 7));
    OK(forkexec_attr_set_gid(attr, 8));
    view = run_reporter(attr);
    assert_saw(view, "uid", "0 0 0 0");
    assert_saw(view, "gid", "8 8 8 8");
}

/* What happens to the caller's groups 11 and 12. */
static const struct group_case {
    bool uid, gid, keep, set;
    size_t n; /* of 21, 22, 4294967294 */
    const char *groups;
} group_cases[] = {
    { .groups = "11 12" },
    { .keep = true, .groups = "11 12" },
    { .uid = true, .groups = "" },
    { .gid = true, .groups = "" },
    { .uid = true, .gid = true, .groups = "" },
    { .uid = true, .keep = true, .groups = "11 12" },
    { .gid = true, .keep = true, .groups = "11 12" },
    { .set = true, .n = 0, .groups = "" },
    { .set = true, .n = 1, .groups = "21" },
    { .uid = true, .gid = true, .set = true, .n = 3, .groups = "21 22 4294967294" },
    { .uid = true, .set = true, .n = 0, .groups = "" },
};

static void check_groups(const void *with)
{
    const char *path = with;
    assert_false(syscall(SYS_setgroups, 2, two));
    for (size_t i = 0; i < sizeof group_cases / sizeof *group_cases; i++)
        for EACH_MEMORY(mode) {
            const struct group_case *it = &group_cases[i];
            struct forkexec_attr *attr = attr_in(mode);
            if (it->uid)
                OK(forkexec_attr_set_uid(attr, 0));
            if (it->gid)
                OK(forkexec_attr_set_gid(attr, 0));
            if (it->keep)
                OK(forkexec_attr_keep_groups(attr));
            if (it->set)
                OK(forkexec_attr_set_groups(attr, it->n ? (uint32_t[]){ 21, 22, 4294967294 } : NULL, it->n));
            struct view *view = run_reporter(attr, .path = path);
            assert_saw(view, "groups", it->groups);
        }
    gid_t now[3];
    assert_int_equal(getgroups(3, now), 2);
}

TEST_BOTH(groups_are_set_or_dropped_or_kept)
{
    need_cap(CAP_SETGID);
    in_fork(check_groups, public_reporter());
}

TEST(as_many_groups_as_there_can_be)
{
    need_cap(CAP_SETGID);
    static uint32_t list[65537];
    size_t length = 0;
    static char all[16384];
    for (uint32_t i = 0; i < 65537; i++)
        list[i] = i + 100;
    for (uint32_t i = 0; i < 1024; i++)
        length += (size_t)sprintf(all + length, i ? " %u" : "%u", list[i]);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_groups(attr, list, 1024));
        struct view *view = run_reporter(attr);
        assert_saw(view, "groups", all);
        OK(forkexec_attr_set_groups(attr, list, 65536));
        view = run_reporter(attr);
        assert_saw(view, "groups", "?"); /* the reporter's output has no space for more */
        OK(forkexec_attr_set_groups(attr, list + 1, 1));
        view = run_reporter(attr);
        assert_saw(view, "groups", "101");
    }
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_set_groups(attr, list, 65537), -EINVAL);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

TEST(the_id_minus_one_is_refused)
{
    const uint32_t list[] = { 1, UINT32_MAX };
    struct forkexec_attr *attr[] = { new_attr(), new_attr(), new_attr(), new_attr() };
    assert_int_equal(forkexec_attr_set_uid(attr[0], UINT32_MAX), -EINVAL);
    assert_int_equal(forkexec_attr_set_gid(attr[1], UINT32_MAX), -EINVAL);
    assert_int_equal(forkexec_attr_set_groups(attr[2], list, 2), -EINVAL);
    assert_int_equal(forkexec_attr_set_groups(attr[3], NULL, 1), -EINVAL);
    for (int i = 0; i < 4; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    assert_int_equal(forkexec_attr_set_uid(NULL, 1), -EINVAL);
    assert_int_equal(forkexec_attr_keep_groups(NULL), -EINVAL);
}

TEST_BOTH(groups_cannot_be_both_given_and_kept)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_keep_groups(attr));
    OK(forkexec_attr_set_groups(attr, two, 2));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* An ordinary user may change no id, but may ask for the ids that it has. */
static void check_user(const void *with)
{
    const char *path = with;
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_uid(attr, NOBODY));
        OK(forkexec_attr_set_gid(attr, NOBODY));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_GROUPS, EPERM, -1);
        OK(forkexec_attr_keep_groups(attr));
        struct view *view = run_reporter(attr, .path = path);
        assert_saw(view, "uid", "65534 65534 65534 65534");
        assert_saw(view, "gid", "65534 65534 65534 65534");

        OK(forkexec_attr_set_uid(attr, 1));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_UID, EPERM, -1);
        OK(forkexec_attr_set_gid(attr, 1));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_GID, EPERM, -1);

        attr = attr_in(mode);
        OK(forkexec_attr_set_groups(attr, two, 2));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_GROUPS, EPERM, -1);
    }
}

TEST_BOTH(an_ordinary_user_stays_itself)
{
    in_fork(check_user, public_reporter());
}

/* A caller like a set-user-id program that runs as its real user for the moment. */
static int back_to_root(const void *with)
{
    (void)with;
    return syscall(SYS_setresuid, 0, 0, 0) ? errno : 0;
}

static void check_saved(const void *with)
{
    const char *path = with;
    assert_false(setresuid(NOBODY, NOBODY, 0));
    assert_false(prctl(PR_SET_DUMPABLE, 1));
    int failed;
    const char *exec = exec_shows(path, back_to_root, NULL, &failed);
    assert_int_equal(failed, 0);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_uid(attr, 0));
        OK(forkexec_attr_keep_groups(attr));
        if (mode == FORKEXEC_MEMORY_FRESH) {
            assert_spawn_fails(attr, path, FORKEXEC_STAGE_IMAGE, EPERM, -1); /* execve would lose the saved id */
            continue;
        }
        struct view *view = run_reporter(attr, .path = path);
        assert_saw(view, "uid", "0 0 0 0");
        assert_saw(view, "cap.effective", value_in(exec, "cap.effective"));
    }
}

TEST_BOTH(a_saved_id_may_be_taken_again)
{
    need_native(); /* under valgrind no image can be required */
    need_cap(CAP_SETUID);
    in_fork(check_saved, public_reporter());
}

/* The kernel counts the user's processes when the id changes, and reports it at execve. */
TEST_BOTH(a_user_with_too_many_processes_cannot_exec)
{
    need_native(); /* under valgrind a failed execve does not return */
    need_cap(CAP_SETUID);
    struct forkexec_attr *other = new_attr();
    OK(forkexec_attr_set_uid(other, 54321));
    start(other, public_reporter(), (char *[]){ reporter, "sleep", NULL }, NULL);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_uid(attr, 54321));
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_NPROC, 0, 0));
        assert_spawn_fails(attr, public_reporter(), FORKEXEC_STAGE_EXEC, EAGAIN, -1);
    }
}

/* In a user namespace where the caller's user and group are 5 and 6, with the largest possible map. */
static struct forkexec_attr *mapped(uint32_t mode, bool allow)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(attr, 5, getuid(), 1));
    OK(forkexec_attr_map_gid(attr, 6, getgid(), 1));
    if (allow)
        OK(forkexec_attr_allow_setgroups(attr));
    return attr;
}

TEST_BOTH(ids_are_those_of_the_user_namespace)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = mapped(mode, false);
        OK(forkexec_attr_set_uid(attr, 5));
        OK(forkexec_attr_set_gid(attr, 6));
        struct view *view = run_reporter(attr);
        assert_saw(view, "uid", "5 5 5 5");
        assert_saw(view, "gid", "6 6 6 6");
    }
}

TEST(unmapped_ids_are_refused)
{
    need_user_namespaces();
    struct forkexec_attr *attr[] = { mapped(0, false), mapped(0, false), mapped(0, true) };
    OK(forkexec_attr_set_uid(attr[0], 6));
    OK(forkexec_attr_set_gid(attr[1], 5));
    OK(forkexec_attr_set_groups(attr[2], two, 1));
    for (int i = 0; i < 3; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

TEST_BOTH(groups_where_setgroups_is_denied_are_refused)
{
    need_user_namespaces();
    struct forkexec_attr *attr = mapped(0, false);
    OK(forkexec_attr_set_groups(attr, (uint32_t[]){ 6 }, 1));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EPERM, -1);
    /* No group is asked for: nothing has to be changed, and nothing could be. */
    attr = mapped(0, false);
    OK(forkexec_attr_set_groups(attr, NULL, 0));
    run_reporter(attr);
}

static void check_denied(const void *with)
{
    const char *path = with;
    assert_false(syscall(SYS_setgroups, 2, two));
    for EACH_MEMORY(mode) {
        /* setgroups is denied: the groups stay, as ids without a mapping. */
        struct forkexec_attr *attr = mapped(mode, false);
        OK(forkexec_attr_set_uid(attr, 5));
        struct view *view = run_reporter(attr, .path = path);
        assert_saw(view, "groups", "65534 65534");
        /* setgroups is allowed: the groups are dropped, or replaced. */
        attr = mapped(mode, true);
        OK(forkexec_attr_set_uid(attr, 5));
        view = run_reporter(attr, .path = path);
        assert_saw(view, "groups", "");
        OK(forkexec_attr_set_groups(attr, (uint32_t[]){ 6 }, 1));
        view = run_reporter(attr, .path = path);
        assert_saw(view, "groups", "6");
    }
}

TEST_BOTH(a_user_namespace_with_and_without_setgroups)
{
    need_user_namespaces();
    need_cap(CAP_SETGID);
    in_fork(check_denied, public_reporter());
}

TEST_BOTH(without_a_gid_map_groups_cannot_be_dropped)
{
    need_user_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(attr, 0, getuid(), 1));
    OK(forkexec_attr_set_uid(attr, 0));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_GROUPS, EPERM, -1);
    OK(forkexec_attr_keep_groups(attr));
    struct view *view = run_reporter(attr);
    assert_saw(view, "uid", "0 0 0 0");
}
