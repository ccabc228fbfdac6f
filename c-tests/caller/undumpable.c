/* A caller that is not dumpable, as after root has changed to another user: its files in /proc belong to root, and so do
 * those of its copies. */
#include "in_fork.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/resource.h>

#define EACH_OWN_MEMORY(mode) (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_FRESH; mode++)

static void become_undumpable(void)
{
    become_nobody();
    assert_false(prctl(PR_SET_DUMPABLE, 0));
}

static void map_own_ids(struct forkexec_attr *attr)
{
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
}

static void check_maps(const void *with)
{
    become_undumpable();
    for EACH_OWN_MEMORY(mode)
        for (int kind = 0; kind < 4; kind++)
            for (int again = 0; again < 20; again++) {
                struct forkexec_attr *attr = attr_in(mode);
                if (kind == 1)
                    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_USER));
                else
                    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | (kind == 2 ? FORKEXEC_NS_PID : 0)));
                if (kind == 3)
                    OK(forkexec_attr_set_oom_score_adj(attr, 700));
                map_own_ids(attr);
                struct view *view = run_reporter(attr, .path = with);
                assert_saw(view, "uid", "0 0 0 0");
                assert_saw(view, "gid", "0 0 0 0");
                if (kind == 3)
                    assert_saw(view, "oom_score_adj", "700");
            }
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
}

TEST_BOTH(its_child_has_maps)
{
    need_native();
    need_user_namespaces();
    in_fork(check_maps, public_reporter());
}

static void check_oom_score(const void *with)
{
    become_undumpable();
    for EACH_OWN_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_oom_score_adj(attr, 700));
        assert_saw(run_reporter(attr, .path = with), "oom_score_adj", "700");
    }
}

TEST_BOTH(its_child_has_an_oom_score)
{
    need_native();
    in_fork(check_oom_score, public_reporter());
}

/* If the files of a copied child belonged to the caller's user, other processes of that user could read the copy. */
static void check_copies(const void *with)
{
    become_undumpable();
    for (int entered = 0; entered < 2; entered++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_COPIED));
        if (entered)
            OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_USER));
        else
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        map_own_ids(attr);
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_ID_MAP, EACCES, -1);
    }
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_COPIED));
    OK(forkexec_attr_set_oom_score_adj(attr, 700));
    assert_spawn_fails(attr, with, FORKEXEC_STAGE_OOM_SCORE, EACCES, -1);
}

TEST_BOTH(its_copy_is_not_dumpable)
{
    need_user_namespaces();
    in_fork(check_copies, public_reporter());
}

/* A user namespace is entered after another namespace was joined, so the child tells when it waits for its maps. The caller
 * has not root's ids, but may join a namespace of the host. */
static void check_copy_that_joins(const void *with)
{
    assert_false(prctl(PR_SET_KEEPCAPS, 1));
    become_undumpable();
    assert_false(set_caps(BIT(CAP_SYS_ADMIN), BIT(CAP_SYS_ADMIN), 0));
    for (uint32_t mode = FORKEXEC_MEMORY_FRESH; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        DOING("memory mode %u", mode);
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_join_namespace(attr, *(const int *)with, FORKEXEC_NS_UTS));
        OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_USER));
        map_own_ids(attr);
        if (mode == FORKEXEC_MEMORY_COPIED)
            assert_spawn_fails(attr, public_reporter(), FORKEXEC_STAGE_ID_MAP, EACCES, -1);
        else
            assert_saw(run_reporter(attr, .path = public_reporter()), "uid", "0 0 0 0");
    }
}

TEST_BOTH(its_copy_is_not_dumpable_while_it_waits_for_maps)
{
    need_native();
    need_root();
    need_user_namespaces();
    public_reporter();
    int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    assert_true(uts >= 0);
    in_fork(check_copy_that_joins, &uts);
    close(uts);
}

/* Attributes that need no file in /proc. */
static void check_others(const void *with)
{
    static const struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
    become_undumpable();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, 0));
        OK(forkexec_attr_set_nice(attr, 19));
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, FORKEXEC_SECCOMP_LISTENER));
        OK(forkexec_attr_open_fd(attr, 5, "/proc/self/fd/0", O_RDONLY, 0));
        struct view *view = run_reporter(attr, .path = with);
        assert_saw(view, "nice", "19");
        assert_saw(view, "no_new_privs", "1");
    }
}

TEST_BOTH(all_other_attributes_work)
{
    need_native();
    in_fork(check_others, public_reporter());
}

/* Namespaces that outlive their program, and a child that enters them. */
static void check_join(const void *with)
{
    become_undumpable();
    struct forkexec_attr *held = new_attr(), *attr = new_attr();
    OK(forkexec_attr_create_namespaces(held, FORKEXEC_NS_USER | FORKEXEC_NS_UTS | FORKEXEC_NS_IPC));
    map_own_ids(held);
    struct forkexec_child *holder = NULL;
    assert_int_equal(forkexec_hold(held, &holder, NULL), 0);
    int pidfd = forkexec_child_pidfd(holder);
    OK(forkexec_attr_join_pidfd(attr, pidfd, FORKEXEC_NS_USER | FORKEXEC_NS_UTS | FORKEXEC_NS_IPC));
    OK(forkexec_attr_set_oom_score_adj(attr, 700));
    struct view *view = run_reporter(attr, .path = with);
    assert_saw(view, "uid", "0 0 0 0");
    assert_saw(view, "oom_score_adj", "700");
    forkexec_close(holder);
}

TEST_BOTH(its_holder_can_be_joined)
{
    need_native();
    need_user_namespaces();
    need(forkexec_probe(FORKEXEC_PROBE_PIDFD, NULL, 0) == 1, "there are no pidfds");
    in_fork(check_join, public_reporter());
}
