/* Requests that contradict each other are refused before anything happens, and the message says what to change. */
#define _GNU_SOURCE
#include "harness.h"

#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

enum purpose { SPAWN = 1, START = 2, HOLD = 4, ROOT = 8, BOTH = SPAWN | START };

static int ask(enum purpose purpose, const struct forkexec_attr *attr, bool by_fd, struct forkexec_error *error)
{
    struct forkexec_child *child = NULL;
    char *argv[] = { reporter, "sleep", NULL }, *path = by_fd ? NULL : reporter;
    struct forkexec_root *root = NULL;
    if (purpose == ROOT) {
        int result = forkexec_root_new(attr, &root, error);
        forkexec_root_free(root);
        return result;
    }
    int result = purpose == SPAWN ? forkexec_spawn(attr, path, argv, NULL, &child, error)
        : purpose == START ? forkexec_start(attr, path, argv, NULL, &child, error) : forkexec_hold(attr, &child, error);
    if (child)
        forkexec_signal(child, SIGKILL);
    if (child)
        forkexec_wait(child, 10000000000, 0, NULL, 0);
    forkexec_close(child);
    return result;
}

static void assert_refused(int purposes, const struct forkexec_attr *attr, int code, const char *sentence)
{
    for (enum purpose purpose = SPAWN; purpose <= ROOT; purpose *= 2) {
        if (!(purposes & (int)purpose))
            continue;
        struct forkexec_error error;
        int result = ask(purpose, attr, false, &error);
        if (result != -code || strcmp(error.message, sentence))
            printf("# %d: %s\n", result, error.message);
        assert_int_equal(result, -code);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
        assert_int_equal(error.code, code);
        assert_int_equal(error.index, -1);
        assert_string_equal(error.message, sentence);
    }
}

#define SET(setter, ...) OK(forkexec_attr_##setter(attr, ##__VA_ARGS__))
/* Sets these attributes together; compares the message. */
#define CONTRADICTION_(purposes, code, what, why, ...) \
    do { \
        struct forkexec_attr *attr = new_attr(); \
        __VA_ARGS__; \
        assert_refused(purposes, attr, code, \
            "validate (" what "): " code##_ ": " why); \
    } while (0)
#define EINVAL_ "Invalid argument"
#define EPERM_ "Operation not permitted"
#define CONTRADICTION(what, why, ...) CONTRADICTION_(BOTH, EINVAL, what, why, __VA_ARGS__)

TEST(sessions_and_groups)
{
    CONTRADICTION("set_process_group", "a session leader has a group of its own: remove one",
        SET(set_session); SET(set_process_group, 0));
    CONTRADICTION("set_process_group", "a session leader has a group of its own: remove one",
        SET(set_terminal, 0, 0); SET(set_process_group, 0));
    CONTRADICTION("detach_terminal", "a new session has no terminal: remove it", SET(set_terminal, 0, 0);
        SET(detach_terminal));
    CONTRADICTION("set_controlling_terminal", "the program has the terminal of set_terminal: remove one",
        SET(set_terminal, 0, 0); SET(set_controlling_terminal, 0));
    CONTRADICTION("set_foreground", "the program has the terminal of set_terminal: remove one",
        SET(set_terminal, 0, 0); SET(set_session); SET(set_foreground, 0));
    CONTRADICTION("detach_terminal", "a new session has no terminal: remove it", SET(set_session); SET(detach_terminal));
    CONTRADICTION("set_controlling_terminal", "only a session leader gets one: add set_session",
        SET(set_controlling_terminal, 0));
    CONTRADICTION("set_foreground", "a new session has no terminal: add set_controlling_terminal",
        SET(set_session); SET(set_foreground, 0));
}

TEST(signals)
{
    CONTRADICTION("set_signal_default", "a signal is in the default and in the ignore set",
        SET(set_signal_default, 6); SET(set_signal_ignore, 4));
}

TEST(namespaces)
{
    CONTRADICTION("unshare_namespaces", "a type is both created and unshared: keep one",
        SET(create_namespaces, FORKEXEC_NS_UTS | FORKEXEC_NS_IPC); SET(unshare_namespaces, FORKEXEC_NS_UTS));
    CONTRADICTION("map_uid", "needs a user namespace: add create_namespaces(FORKEXEC_NS_USER)", SET(map_uid, 0, 0, 1));
    CONTRADICTION("map_gid", "needs a user namespace: add create_namespaces(FORKEXEC_NS_USER)", SET(map_gid, 0, 0, 1));
    CONTRADICTION("map_subordinate_ids", "needs a user namespace: add create_namespaces(FORKEXEC_NS_USER)",
        SET(map_subordinate_ids));
    CONTRADICTION("map_subordinate_ids", "contradicts map_uid and map_gid: keep one",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(map_gid, 0, 0, 1); SET(map_subordinate_ids));
    CONTRADICTION("set_map_helpers", "there is no map: add map_uid, map_gid or map_subordinate_ids",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(set_map_helpers, "/a", NULL));
    CONTRADICTION("set_user_namespace_owner", "needs a user namespace: add create_namespaces(FORKEXEC_NS_USER)",
        SET(set_user_namespace_owner, 1000));
    CONTRADICTION("join_second_user_namespace",
        "a new user namespace has none below it yet: join the first one, or call map_uid",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(join_second_user_namespace, 0));
    CONTRADICTION("allow_setgroups", "says how gids are mapped: add map_gid",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(allow_setgroups));
    CONTRADICTION("set_hostname", "without a new UTS namespace this would change the host: add FORKEXEC_NS_UTS",
        SET(set_hostname, "judge"));
    CONTRADICTION("set_domainname", "without a new UTS namespace this would change the host: add FORKEXEC_NS_UTS",
        SET(set_domainname, "judge"));
    CONTRADICTION("set_loopback", "without a new network namespace this would change the host: add FORKEXEC_NS_NET",
        SET(set_loopback));
    CONTRADICTION("set_time_offset", "sets the clocks of a new time namespace: add FORKEXEC_NS_TIME",
        SET(set_time_offset, 1, 1, 0));
    CONTRADICTION("set_mount_propagation",
        "without a new mount namespace this would change the host: add FORKEXEC_NS_MOUNT",
        SET(set_mount_propagation, MS_PRIVATE));
}

TEST(mounts_and_roots)
{
#define HOSTS "without a new mount namespace this would change the host: add FORKEXEC_NS_MOUNT"
#define SPREADS "would bring the mounts to the caller: MS_PRIVATE or MS_SLAVE, with MS_REC"
    CONTRADICTION("set_root", HOSTS, SET(set_root, NULL, 0));
    CONTRADICTION("mounts", HOSTS, SET(make_directory, "/a", 0755));
    CONTRADICTION("set_chroot", "contradicts set_root: keep one", SET(create_namespaces, FORKEXEC_NS_MOUNT);
        SET(set_root, "/", 0); SET(set_chroot, "/"));
    CONTRADICTION("set_mount_propagation", SPREADS, SET(create_namespaces, FORKEXEC_NS_MOUNT);
        SET(mask_path, "/a"); SET(set_mount_propagation, 0));
    CONTRADICTION("set_mount_propagation", SPREADS, SET(unshare_namespaces, FORKEXEC_NS_MOUNT);
        SET(set_root, NULL, 0); SET(set_mount_propagation, MS_SHARED | MS_REC));
}

#define CONTRADICTION_OF_ROOT(what, why, ...) CONTRADICTION_(ROOT, EINVAL, what, why, __VA_ARGS__)

/* A root that is made for a new user namespace with this map. */
static struct forkexec_root *root_for(struct forkexec_attr *attr)
{
    struct forkexec_root *root = NULL;
    struct forkexec_error error;
    SET(create_namespaces, FORKEXEC_NS_MOUNT | FORKEXEC_NS_USER);
    SET(map_uid, 0, geteuid(), 1);
    SET(map_gid, 0, getegid(), 1);
    SET(set_root, NULL, FORKEXEC_ROOT_READONLY);
    if (forkexec_root_new(attr, &root, &error))
        fail_msg("%s", error.message);
    return root;
}

TEST(roots_that_cannot_be_prepared)
{
    CONTRADICTION_OF_ROOT("set_root", "there is no root to prepare: call set_root", SET(create_namespaces, FORKEXEC_NS_MOUNT));
    CONTRADICTION_OF_ROOT("set_root", "an empty root that is prepared is the same for all programs: add FORKEXEC_MOUNT_READONLY",
        SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_root, NULL, 0));
    CONTRADICTION_OF_ROOT("set_root", HOSTS, SET(set_root, NULL, FORKEXEC_ROOT_READONLY));
    CONTRADICTION_OF_ROOT("set_chroot", "contradicts set_root: keep one", SET(create_namespaces, FORKEXEC_NS_MOUNT);
        SET(set_root, NULL, FORKEXEC_ROOT_READONLY); SET(set_chroot, "/"));
    CONTRADICTION_OF_ROOT("join_namespace",
        "a root is prepared in the caller's user namespace or a new one, not in one that is joined",
        SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_root, "/", 0); SET(join_namespace, 0, FORKEXEC_NS_USER));
}

TEST(prepared_roots)
{
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    struct forkexec_attr *for_root = new_attr();
    struct forkexec_root *root = root_for(for_root);
    CONTRADICTION_OF_ROOT("set_prepared_root", "a root is prepared once: take the attr that it was made of",
        SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_prepared_root, root));
    /* The last of set_root and set_prepared_root counts. */
    CONTRADICTION_OF_ROOT("set_prepared_root", "a root is prepared once: take the attr that it was made of",
        SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_root, "/", 0); SET(set_prepared_root, root));
#define OTHERS "the root was prepared for another user namespace or other maps, or /proc does not tell which is the caller's"
    CONTRADICTION("set_prepared_root", OTHERS, SET(set_prepared_root, root));
    CONTRADICTION("set_prepared_root", OTHERS, SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_prepared_root, root));
    CONTRADICTION("set_prepared_root", OTHERS, SET(create_namespaces, FORKEXEC_NS_MOUNT | FORKEXEC_NS_USER);
        SET(map_uid, 0, geteuid(), 1); SET(set_prepared_root, root));
    CONTRADICTION("set_prepared_root", OTHERS, SET(create_namespaces, FORKEXEC_NS_MOUNT);
        SET(join_namespace, 0, FORKEXEC_NS_USER); SET(set_prepared_root, root));
    CONTRADICTION("set_prepared_root", HOSTS, SET(create_namespaces, FORKEXEC_NS_USER); SET(map_uid, 0, geteuid(), 1);
        SET(map_gid, 0, getegid(), 1); SET(set_prepared_root, root));
    CONTRADICTION("set_chroot", "contradicts set_root: keep one", SET(create_namespaces, FORKEXEC_NS_MOUNT | FORKEXEC_NS_USER);
        SET(map_uid, 0, geteuid(), 1); SET(map_gid, 0, getegid(), 1); SET(set_prepared_root, root); SET(set_chroot, "/"));
    CONTRADICTION("set_mount_propagation", SPREADS, SET(create_namespaces, FORKEXEC_NS_MOUNT | FORKEXEC_NS_USER);
        SET(map_uid, 0, geteuid(), 1); SET(map_gid, 0, getegid(), 1); SET(set_prepared_root, root);
        SET(set_mount_propagation, 0));
    forkexec_root_free(root);
}

TEST(ids)
{
    uint32_t group = 5;
    CONTRADICTION("keep_groups", "contradicts set_groups: keep one", SET(set_groups, NULL, 0); SET(keep_groups));
    CONTRADICTION("set_uid", "not mapped in the new user namespace: add it to the map",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(set_uid, 0));
    CONTRADICTION("set_uid", "not mapped in the new user namespace: add it to the map",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(map_uid, 1, 0, 2); SET(set_uid, 3));
    CONTRADICTION("set_gid", "not mapped in the new user namespace: add it to the map",
        SET(unshare_namespaces, FORKEXEC_NS_USER); SET(map_gid, 1, 0, 1); SET(set_gid, 0));
    CONTRADICTION("set_groups", "not mapped in the new user namespace: add it to the map",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(map_gid, 0, 0, 1); SET(allow_setgroups);
        SET(set_groups, &group, 1));
    CONTRADICTION_(BOTH, EPERM, "set_groups", "setgroups is denied with this gid map: add allow_setgroups",
        SET(create_namespaces, FORKEXEC_NS_USER); SET(map_gid, 0, 0, 9); SET(set_groups, &group, 1));
}

TEST(capabilities)
{
    CONTRADICTION("capabilities", "a capability is unknown to this kernel", SET(set_ambient, 1ull << 63));
    CONTRADICTION("capabilities", "a capability is unknown to this kernel",
        SET(set_capabilities, FORKEXEC_CAP_BOUNDING, UINT64_MAX));
    CONTRADICTION("drop_capabilities", "contradicts the other sets: keep one",
        SET(drop_capabilities); SET(set_capabilities, FORKEXEC_CAP_INHERITABLE, 0));
    CONTRADICTION("drop_capabilities", "contradicts the other sets: keep one", SET(drop_capabilities); SET(set_ambient, 1));
    CONTRADICTION("set_capabilities", "effective is not within permitted",
        SET(set_capabilities, FORKEXEC_CAP_PERMITTED, 2); SET(set_capabilities, FORKEXEC_CAP_EFFECTIVE, 3));
    static const uint32_t sets[] = { FORKEXEC_CAP_PERMITTED, FORKEXEC_CAP_INHERITABLE, FORKEXEC_CAP_BOUNDING };
    for (int i = 0; i < 3; i++)
        CONTRADICTION("set_ambient",
            "the ambient set has to be within the permitted, inheritable and bounding sets",
            SET(set_capabilities, sets[i], 2); SET(set_ambient, 1));
    CONTRADICTION("set_securebits", "forbids the ambient set that set_ambient asks for",
        SET(set_securebits, 64); SET(set_ambient, 1));
}

TEST(tracing)
{
    CONTRADICTION_(SPAWN, EINVAL, "set_ptrace",
        "the caller has to act meanwhile: use forkexec_start and forkexec_release", SET(set_ptrace));
    CONTRADICTION_(SPAWN, EINVAL, "set_stop",
        "the caller has to act meanwhile: use forkexec_start and forkexec_release", SET(set_stop));
    CONTRADICTION_(START, EINVAL, "set_stop", "the first process of a pid namespace cannot stop itself",
        SET(set_stop); SET(create_namespaces, FORKEXEC_NS_PID));
}

TEST(directories)
{
    for (uint32_t rights = FORKEXEC_CWD_RIGHTS_CALLER; rights <= FORKEXEC_CWD_RIGHTS_EITHER; rights++)
        CONTRADICTION("set_cwd_rights", "there is no directory to enter: add set_cwd or set_cwd_fd",
            SET(set_cwd_rights, rights));
}

TEST(programs)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_error error;
    OK(forkexec_attr_set_exec_fd(attr, 0));
    assert_refused(BOTH, attr, EINVAL, "validate (path): Invalid argument: must be NULL with set_exec_fd");
    for (enum purpose purpose = SPAWN; purpose <= START; purpose *= 2) {
        assert_int_equal(ask(purpose, new_attr(), true, &error), -EINVAL);
        assert_string_equal(error.message, "validate (path): Invalid argument: a path is needed without set_exec_fd");
    }
}

#define NEVER(what, ...) \
    CONTRADICTION_(HOLD, EINVAL, what, "forkexec_hold runs no program: remove it", __VA_ARGS__)

TEST(holders)
{
    NEVER("set_exec_fd", SET(set_exec_fd, 0));
    NEVER("set_search_path", SET(set_search_path, NULL));
    NEVER("set_cwd", SET(set_cwd, "/"));
    NEVER("set_cwd", SET(set_cwd_fd, 0));
    NEVER("set_cwd_rights", SET(set_cwd_rights, FORKEXEC_CWD_RIGHTS_EITHER));
    NEVER("set_pid_variable", SET(set_pid_variable, "PID"));
    NEVER("set_busy_retry", SET(set_busy_retry, 1));
    NEVER("set_ptrace", SET(set_ptrace));
    NEVER("set_stop", SET(set_stop));
    NEVER("map_fd", SET(map_fd, 0, 0));
    NEVER("fd actions", SET(close_fd, 0));
    NEVER("inherit_fds", SET(inherit_fds));
    NEVER("set_uid, set_gid, set_groups", SET(set_uid, 0));
    NEVER("set_uid, set_gid, set_groups", SET(set_gid, 0));
    NEVER("set_uid, set_gid, set_groups", SET(set_groups, NULL, 0));
    NEVER("capabilities, no_new_privs", SET(drop_capabilities));
    NEVER("capabilities, no_new_privs", SET(set_securebits, 0));
    NEVER("capabilities, no_new_privs", SET(set_no_new_privs));
    NEVER("set_init", SET(create_namespaces, FORKEXEC_NS_PID); SET(set_init));
    NEVER("set_lingering_init", SET(create_namespaces, FORKEXEC_NS_PID); SET(set_lingering_init));
    NEVER("set_session_keyring, set_exec_label", SET(set_session_keyring, NULL));
    NEVER("set_session_keyring, set_exec_label", SET(set_exec_label, "a"));
    NEVER("set_session_keyring, set_exec_label", SET(set_apparmor_profile, "a"));
    NEVER("seccomp filters", SET(deny_terminal_injection));
    NEVER("seccomp filters", SET(deny_user_namespaces));
    NEVER("set_terminal", SET(set_terminal, 0, 0));
    NEVER("set_process_flags", SET(set_process_flags, FORKEXEC_PROCESS_SUBREAPER));
    NEVER("set_speculation", SET(set_speculation, 0, FORKEXEC_SPECULATE_DISABLE));
    NEVER("landlock", SET(set_landlock_scopes, FORKEXEC_LANDLOCK_SCOPE_SIGNAL));
    NEVER("unshare_namespaces", SET(unshare_namespaces, FORKEXEC_NS_PID));
    NEVER("unshare_namespaces", SET(unshare_namespaces, FORKEXEC_NS_CGROUP));
    NEVER("set_signal_mask, _default, _ignore", SET(set_signal_mask, 0));
    NEVER("set_signal_mask, _default, _ignore", SET(set_signal_default, 2));
    NEVER("set_signal_mask, _default, _ignore", SET(set_signal_ignore, 2));
    NEVER("RLIMIT_NOFILE", SET(restore_nofile));
    NEVER("RLIMIT_NOFILE", SET(restore_nofile_from, 1, 2));
    NEVER("RLIMIT_NOFILE", SET(set_rlimit, RLIMIT_NOFILE, 0, 0));
    CONTRADICTION_(HOLD, EINVAL, "set_parent_death_signal", "a holder dies with its owner anyway: remove it",
        SET(set_parent_death_signal, SIGTERM, FORKEXEC_DEATH_OF_PROCESS));
}

TEST(inits)
{
    CONTRADICTION("set_init", "an init is the first process of a pid namespace: add create_namespaces(FORKEXEC_NS_PID)",
        SET(set_init));
    CONTRADICTION("set_lingering_init", "an init is the first process of a pid namespace: add create_namespaces(FORKEXEC_NS_PID)",
        SET(set_lingering_init));
    CONTRADICTION_(START, EINVAL, "set_ptrace", "the program's parent is its init, not the caller: remove one",
        SET(create_namespaces, FORKEXEC_NS_PID); SET(set_init); SET(set_ptrace));
}

TEST(restrictions)
{
    CONTRADICTION("landlock", "the kernel takes it only from who gains no privileges: add set_no_new_privs",
        SET(set_landlock_scopes, FORKEXEC_LANDLOCK_SCOPE_SIGNAL));
    CONTRADICTION("deny_user_namespaces", "the kernel takes it only from who gains no privileges: add set_no_new_privs",
        SET(deny_user_namespaces));
    static const struct sock_filter allow = { 6, 0, 0, 0x7fff0000 };
    CONTRADICTION("add_seccomp_filter", "with a listener no new time namespace, nor a pid namespace for the program's children",
        SET(add_seccomp_filter, &allow, 1, FORKEXEC_SECCOMP_LISTENER); SET(create_namespaces, FORKEXEC_NS_TIME));
}

/* Requests that only look contradictory. */
TEST_BOTH(no_contradictions)
{
    struct forkexec_attr *attr = new_attr();
    SET(drop_capabilities);
    SET(set_ambient, 0);
    SET(set_cwd_rights, FORKEXEC_CWD_RIGHTS_PROGRAM);
    SET(set_no_new_privs);
    SET(set_mount_propagation, 0);
    SET(set_signal_default, UINT64_MAX);
    assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
}
