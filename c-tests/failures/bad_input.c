/* Wrong calls: arguments outside of their range, NULL pointers, contradictory requests. The error names the setter, and no
 * program runs. */
#define _GNU_SOURCE
#include "harness.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *const argv[] = { "true", NULL };

/* The spawn, the start and the dry run fail with a message that begins with this text. */
static void assert_said(const struct forkexec_attr *attr, const char *path, int code, int index, const char *sentence)
{
    char *const *itself = argv;
    for (int how = 0; how < 3; how++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        memset(&error, 0x5a, sizeof error);
        int result = how == 0 ? forkexec_spawn(attr, path, itself, NULL, &child, &error)
            : how == 1 ? forkexec_start(attr, path, itself, NULL, &child, &error)
            : forkexec_describe(attr, path, itself, NULL, 2, &error);
        if (result != -code || strncmp(error.message, sentence, strlen(sentence)))
            printf("# %d: \"%.224s\", not %d: \"%s\"\n", result, error.message, -code, sentence);
        assert_int_equal(result, -code);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
        assert_int_equal(error.code, code);
        assert_int_equal(error.index, index);
        assert_int_equal(error.pid, 0);
        assert_int_equal(error.signal, 0);
        assert_null(child);
        assert_memory_equal(error.message, sentence, strlen(sentence));
        assert_true(strlen(error.message) > strlen(sentence));
    }
}

/* A refused setter is named by every spawn of this attr and of its copies, whatever is set later. */
static void assert_marked(struct forkexec_attr *attr, int result, int code, const char *setter)
{
    if (result != -code)
        printf("# %s: %d, not %d\n", setter, result, -code);
    assert_int_equal(result, -code);
    struct forkexec_attr *copy = forkexec_attr_copy(attr);
    OK(forkexec_attr_set_umask(attr, 022));
    assert_int_equal(forkexec_attr_set_nice(attr, 99), -EINVAL);
    assert_said(attr, reporter, code, -1, text("validate (%s): ", setter));
    assert_said(copy, reporter, code, -1, text("validate (%s): ", setter));
    struct forkexec_attr *second = forkexec_attr_copy(copy);
    forkexec_attr_free(copy);
    assert_spawn_fails(second, NULL, FORKEXEC_STAGE_VALIDATE, code, -1);
    forkexec_attr_free(second);
}

#define REFUSED(code, setter, ...) \
    do { \
        struct forkexec_attr *asked_ = new_attr(); \
        assert_marked(asked_, forkexec_attr_##setter(asked_, ##__VA_ARGS__), code, #setter); \
    } while (0)

static const char *long_text(size_t n)
{
    static char longest[300000];
    memset(longest, 'a', n);
    longest[n] = 0;
    return longest;
}

TEST(an_attr_that_is_null)
{
#define NULLED(setter, ...) assert_int_equal(forkexec_attr_##setter(NULL, ##__VA_ARGS__), -EINVAL)
    uint32_t list[1] = { 0 };
    NULLED(set_exec_fd, 0); NULLED(set_search_path, "/bin"); NULLED(set_cwd, "/"); NULLED(set_cwd_fd, 0);
    NULLED(set_cwd_rights, 0);
    NULLED(set_busy_retry, 1); NULLED(set_pid_variable, "A"); NULLED(set_ptrace); NULLED(set_stop);
    NULLED(set_memory_mode, FORKEXEC_MEMORY_AUTO); NULLED(map_fd, 0, 0); NULLED(inherit_fds);
    NULLED(open_fd, 0, "/", 0, 0); NULLED(dup_fd, 0, 1); NULLED(close_fd, 0); NULLED(close_fds_from, 3);
    NULLED(enter_directory, "/"); NULLED(enter_directory_fd, 0); NULLED(set_session); NULLED(set_process_group, 0);
    NULLED(set_controlling_terminal, 0); NULLED(set_foreground, 0); NULLED(detach_terminal);
    NULLED(set_signal_mask, 0); NULLED(set_signal_default, 0); NULLED(set_signal_ignore, 0);
    NULLED(set_parent_death_signal, 9, FORKEXEC_DEATH_OF_THREAD); NULLED(set_rlimit, 0, 0, 0); NULLED(set_nice, 0);
    NULLED(set_affinity, list, 1); NULLED(set_scheduler, SCHED_OTHER, 0); NULLED(set_io_priority, 0, 0);
    NULLED(set_umask, 0); NULLED(set_personality, 0); NULLED(set_oom_score_adj, 0); NULLED(set_timer_slack, 0);
    NULLED(set_pid, (int32_t[]){ 1 }, 1); NULLED(set_keyring_permissions, 0); NULLED(set_keyring_label, "a"); NULLED(set_apparmor_profile, "a");
    NULLED(set_process_flags, 0); NULLED(set_speculation, 0, 2); NULLED(set_coredump_filter, 0); NULLED(set_deadline, 1024, 1024, 0); NULLED(set_utilization, 0, 1); NULLED(set_numa_policy, 0, NULL, 0);
    NULLED(set_cgroup_fd, 0); NULLED(set_cgroup, NULL); NULLED(restore_nofile); NULLED(restore_nofile_from, 1, 2); NULLED(allow_failure, FORKEXEC_STAGE_NICE); NULLED(set_uid, 0);
    NULLED(set_gid, 0); NULLED(set_groups, list, 1); NULLED(keep_groups); NULLED(drop_capabilities);
    NULLED(set_capabilities, FORKEXEC_CAP_BOUNDING, 0); NULLED(set_ambient, 0); NULLED(set_securebits, 0);
    NULLED(set_no_new_privs); NULLED(create_namespaces, FORKEXEC_NS_UTS); NULLED(unshare_namespaces, FORKEXEC_NS_UTS);
    NULLED(map_uid, 0, 0, 1); NULLED(map_gid, 0, 0, 1); NULLED(allow_setgroups); NULLED(set_mount_propagation, 0);
    NULLED(add_seccomp_filter, NULL, 1, 0); NULLED(deny_terminal_injection); NULLED(deny_user_namespaces); NULLED(set_init); NULLED(set_lingering_init);
    NULLED(set_landlock_ruleset, 0); NULLED(add_landlock_path, "/", 1); NULLED(add_landlock_port, 1, 1);
    NULLED(set_landlock_handled, 1, 0); NULLED(set_landlock_scopes, 1); NULLED(set_landlock_flags, 1); NULLED(allow_partial_landlock);
    NULLED(set_hostname, "a"); NULLED(set_domainname, "a"); NULLED(set_loopback); NULLED(set_time_offset, 1, 0, 0);
    NULLED(set_user_namespace_owner, 1); NULLED(join_second_user_namespace, 0); NULLED(map_subordinate_ids); NULLED(set_map_helpers, "/a", "/b");
    NULLED(set_chroot, "/");
    NULLED(add_mount, "a", "/a", "tmpfs", 0, NULL); NULLED(bind_mount, "/", "/a", 0); NULLED(mount_tmpfs, "/a", 0, 0, 0);
    NULLED(bind_mount_idmapped, "/", "/a", 0, 0); NULLED(bind_mount_fd, 0, "/a", 0);
    NULLED(mount_overlay, (const char *const[]){ "/", "/etc" }, 2, NULL, NULL, "/a", 0); NULLED(mount_proc, "/a", 0); NULLED(mount_dev, "/a", 0);
    NULLED(make_directory, "/a", 0); NULLED(make_symlink, "a", "/a"); NULLED(make_file, "/a", NULL, 0, 0);
    NULLED(mask_path, "/a"); NULLED(make_readonly, "/a"); NULLED(make_file_fd, "/a", 0, 0); NULLED(mount_file_fd, 0, "/a", 0, 0);
    NULLED(remount, "/a", 1); NULLED(change_mode, "/a", 0); NULLED(set_root, NULL, 0); NULLED(set_prepared_root, NULL);
    NULLED(listen, 1, list, 4, 1); NULLED(set_terminal, 1, 1); NULLED(open_tun, "a", 1);
    NULLED(set_session_keyring, NULL); NULLED(set_exec_label, "a");
    assert_null(forkexec_attr_copy(NULL));
    forkexec_attr_free(NULL);
}

TEST(a_root_that_is_null)
{
    struct forkexec_root *root = NULL;
    struct forkexec_error error;
    REFUSED(EINVAL, set_prepared_root, NULL);
    assert_int_equal(forkexec_root_new(NULL, &root, &error), -EINVAL);
    assert_int_equal(forkexec_root_new(new_attr(), NULL, &error), -EINVAL);
    assert_int_equal(forkexec_root_new(NULL, NULL, NULL), -EINVAL);
    assert_null(root);
    forkexec_root_free(NULL);
}

TEST(strings_that_are_null_empty_or_too_long)
{
    REFUSED(EINVAL, set_search_path, "");
    REFUSED(EINVAL, set_pid_variable, NULL);
    REFUSED(EINVAL, set_pid_variable, "");
    REFUSED(EINVAL, set_pid_variable, "A=B");
    REFUSED(EINVAL, set_hostname, NULL);
    REFUSED(EINVAL, set_hostname, long_text(65));
    REFUSED(EINVAL, set_domainname, NULL);
    REFUSED(EINVAL, set_domainname, long_text(65));
    REFUSED(EINVAL, set_session_keyring, "");
    REFUSED(EINVAL, set_session_keyring, long_text(4096));
    REFUSED(EINVAL, set_exec_label, NULL);
    REFUSED(EINVAL, set_exec_label, "");
    REFUSED(EINVAL, set_exec_label, long_text(4091));
    REFUSED(EINVAL, open_fd, 3, NULL, O_RDONLY, 0);
    REFUSED(EINVAL, open_fd, 3, "", O_RDONLY, 0);
    REFUSED(ENAMETOOLONG, open_fd, 3, long_text(4096), O_RDONLY, 0);
#define PATHS(setter) \
    REFUSED(EINVAL, setter, NULL); \
    REFUSED(EINVAL, setter, ""); \
    REFUSED(ENAMETOOLONG, setter, long_text(4096)); \
    OK(forkexec_attr_##setter(new_attr(), long_text(4095)))
    PATHS(set_cwd);
    PATHS(set_chroot);
    PATHS(enter_directory);
    OK(forkexec_attr_set_hostname(new_attr(), long_text(64)));
    OK(forkexec_attr_set_search_path(new_attr(), long_text(299999)));
}

TEST(numbers_that_cannot_be_descriptors)
{
    static const int32_t bad[] = { -1, -2, -100 /* AT_FDCWD */, INT32_MIN };
    for (int i = 0; i < 4; i++) {
        REFUSED(EBADF, set_exec_fd, bad[i]);
        REFUSED(EBADF, set_cwd_fd, bad[i]);
        REFUSED(EBADF, map_fd, bad[i], 3);
        REFUSED(EBADF, map_fd, 0, bad[i]);
        REFUSED(EBADF, open_fd, bad[i], "/", O_RDONLY, 0);
        REFUSED(EBADF, dup_fd, bad[i], 3);
        REFUSED(EBADF, dup_fd, 0, bad[i]);
        REFUSED(EBADF, close_fd, bad[i]);
        REFUSED(EBADF, close_fds_from, bad[i]);
        REFUSED(EBADF, enter_directory_fd, bad[i]);
        REFUSED(EBADF, set_controlling_terminal, bad[i]);
        REFUSED(EBADF, set_foreground, bad[i]);
        REFUSED(EBADF, set_cgroup_fd, bad[i]);
    }
}

TEST(numbers_out_of_range)
{
    REFUSED(EINVAL, set_cwd_rights, 3);
    REFUSED(EINVAL, set_cwd_rights, UINT32_MAX);
    REFUSED(EINVAL, set_memory_mode, 3);
    REFUSED(EINVAL, set_memory_mode, UINT32_MAX);
    REFUSED(EINVAL, open_fd, 3, "/", O_RDONLY, 010000);
    REFUSED(EINVAL, set_process_group, -1);
    REFUSED(EINVAL, set_signal_ignore, 1ull << (SIGKILL - 1));
    REFUSED(EINVAL, set_signal_ignore, UINT64_MAX);
    REFUSED(EINVAL, set_parent_death_signal, 0, FORKEXEC_DEATH_OF_THREAD);
    REFUSED(EINVAL, set_parent_death_signal, 65, FORKEXEC_DEATH_OF_THREAD);
    REFUSED(EINVAL, set_parent_death_signal, -9, FORKEXEC_DEATH_OF_PROCESS);
    REFUSED(EINVAL, set_parent_death_signal, 9, 0);
    REFUSED(EINVAL, set_parent_death_signal, 9, 3);
    REFUSED(EINVAL, set_rlimit, 16, 0, 0);
    REFUSED(EINVAL, set_rlimit, RLIMIT_NOFILE, 2, 1);
    REFUSED(EINVAL, set_rlimit, RLIMIT_NOFILE, UINT64_MAX, 1);
    REFUSED(EINVAL, set_nice, -21);
    REFUSED(EINVAL, set_nice, 20);
    REFUSED(EINVAL, set_scheduler, SCHED_FIFO, 0);
    REFUSED(EINVAL, set_scheduler, SCHED_RR, 100);
    REFUSED(EINVAL, set_scheduler, SCHED_OTHER, 1);
    REFUSED(EINVAL, set_scheduler, 6, 0);
    REFUSED(EINVAL, set_scheduler, -1, 0);
    REFUSED(EINVAL, set_io_priority, 4, 0);
    REFUSED(EINVAL, set_io_priority, 2, 8);
    REFUSED(EINVAL, set_io_priority, 0, 1);
    REFUSED(EINVAL, set_umask, 01000);
    REFUSED(EINVAL, set_personality, UINT32_MAX);
    REFUSED(EINVAL, set_oom_score_adj, 1001);
    REFUSED(EINVAL, set_oom_score_adj, -1001);
    REFUSED(EINVAL, set_uid, UINT32_MAX);
    REFUSED(EINVAL, set_gid, UINT32_MAX);
    REFUSED(EINVAL, set_capabilities, 0, 0);
    REFUSED(EINVAL, set_capabilities, 16, 0);
    REFUSED(EINVAL, set_securebits, 0x100);
    REFUSED(EINVAL, create_namespaces, 0);
    REFUSED(EINVAL, create_namespaces, 0x100);
    REFUSED(EINVAL, create_namespaces, FORKEXEC_NS_UTS | 1);
    REFUSED(EINVAL, unshare_namespaces, 0);
    REFUSED(EINVAL, unshare_namespaces, UINT32_MAX);
    REFUSED(EINVAL, map_uid, 0, 0, 0);
    REFUSED(EINVAL, map_uid, 0, UINT32_MAX, 1);
    REFUSED(EINVAL, set_user_namespace_owner, UINT32_MAX);
    REFUSED(EBADF, join_second_user_namespace, -1);
    REFUSED(EINVAL, set_map_helpers, "", NULL);
    REFUSED(ENAMETOOLONG, set_map_helpers, NULL, long_text(4096));
    REFUSED(EINVAL, set_time_offset, 0, 0, 0);
    REFUSED(EINVAL, set_time_offset, 1, 0, 1000000000);
    REFUSED(EINVAL, map_gid, 1, 0, UINT32_MAX);
    REFUSED(EINVAL, set_mount_propagation, MS_REC);
    REFUSED(EINVAL, set_mount_propagation, MS_PRIVATE | MS_SLAVE);
    REFUSED(EINVAL, set_mount_propagation, MS_BIND);
    REFUSED(EINVAL, set_mount_propagation, UINT64_MAX);
    REFUSED(EINVAL, allow_failure, FORKEXEC_STAGE_NONE);
    REFUSED(EINVAL, allow_failure, FORKEXEC_STAGE_UID);
    REFUSED(EINVAL, allow_failure, FORKEXEC_STAGE_NO_NEW_PRIVS);
    REFUSED(EINVAL, allow_failure, UINT32_MAX);
}

TEST(names_and_flags_of_devices)
{
    REFUSED(EINVAL, open_tun, long_text(16), 1);
    REFUSED(EINVAL, open_tun, "a/b", 1);
    REFUSED(EINVAL, open_tun, "a b", 1);
    REFUSED(EINVAL, open_tun, "a", 0);
    REFUSED(EINVAL, open_tun, "a", 3);
    REFUSED(EINVAL, open_tun, "a", 0x10001);
    REFUSED(EINVAL, open_tun, NULL, UINT32_MAX);
    OK(forkexec_attr_open_tun(new_attr(), long_text(15), 0x1001));
    OK(forkexec_attr_open_tun(new_attr(), NULL, 2));
    OK(forkexec_attr_set_terminal(new_attr(), 0, 0));
    OK(forkexec_attr_set_terminal(new_attr(), 65535, 65535));
}

TEST(addresses_to_listen_at)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 80 }, other = { .sin_family = AF_NETLINK };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "relative" };
    struct sockaddr_storage all = { .ss_family = AF_UNIX };
    REFUSED(EINVAL, listen, SOCK_STREAM, NULL, sizeof in, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &in, 0, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &in, 1, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &in, sizeof in - 1, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &six, sizeof in, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &un, sizeof un, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &un, sizeof un.sun_family, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &all, sizeof all, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &all, SIZE_MAX, 1);
    REFUSED(EAFNOSUPPORT, listen, SOCK_STREAM, &other, 12, 1);
    REFUSED(EINVAL, listen, SOCK_RAW, &in, sizeof in, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM | SOCK_NONBLOCK, &in, sizeof in, 1);
    REFUSED(EINVAL, listen, SOCK_SEQPACKET, &in, sizeof in, 1);
    REFUSED(EINVAL, listen, SOCK_STREAM, &in, sizeof in, -1);
    struct forkexec_attr *attr = new_attr();
    for (int i = 0; i < 32; i++)
        OK(forkexec_attr_listen(attr, SOCK_STREAM, &in, sizeof in, i));
    assert_marked(attr, forkexec_attr_listen(attr, SOCK_STREAM, &in, sizeof in, 1), EINVAL, "listen");
}

TEST(lists_that_are_too_long)
{
    static uint32_t many[65537];
    uint32_t none[] = { 0, UINT32_MAX }, far[] = { 8192 };
    REFUSED(EINVAL, set_groups, NULL, 1);
    REFUSED(EINVAL, set_groups, many, 65537);
    REFUSED(EINVAL, set_groups, many, SIZE_MAX);
    REFUSED(EINVAL, set_groups, none, 2);
    REFUSED(EINVAL, set_affinity, NULL, 1);
    REFUSED(EINVAL, set_affinity, NULL, 0);
    REFUSED(EINVAL, set_affinity, many, 0);
    REFUSED(EINVAL, set_affinity, many, 8193);
    REFUSED(EINVAL, set_affinity, many, SIZE_MAX / 2);
    REFUSED(EINVAL, set_affinity, far, 1);
    OK(forkexec_attr_set_groups(new_attr(), NULL, 0));
    OK(forkexec_attr_set_groups(new_attr(), many, 65536));
    OK(forkexec_attr_set_affinity(new_attr(), many, 8192));
    struct forkexec_attr *attr = new_attr();
    for (uint32_t i = 0; i < 340; i++)
        OK(forkexec_attr_map_uid(attr, i, i, 1));
    assert_marked(attr, forkexec_attr_map_uid(attr, 340, 340, 1), EINVAL, "map_uid");
}

/* The error names the first refused setter. */
TEST(the_first_refused_setter_is_named)
{
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_close_fd(attr, -1), -EBADF);
    assert_int_equal(forkexec_attr_set_nice(attr, 20), -EINVAL);
    assert_said(attr, reporter, EBADF, -1, "validate (close_fd): ");
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
}

/* A refusal in the attr does not affect a copy that was made before. */
TEST(an_earlier_copy_is_not_affected)
{
    struct forkexec_attr *attr = new_attr(), *copy = forkexec_attr_copy(attr);
    assert_int_equal(forkexec_attr_set_nice(attr, 20), -EINVAL);
    assert_int_equal(reporter_exits(copy, "exit", "4"), 4);
    forkexec_attr_free(copy);
}

TEST(descriptors_that_are_not_open)
{
#define CLOSED(index, setter, ...) \
    do { \
        struct forkexec_attr *attr = new_attr(); \
        OK(forkexec_attr_map_fd(attr, 0, 0)); \
        OK(forkexec_attr_##setter(attr, __VA_ARGS__)); \
        assert_said(attr, reporter, EBADF, index, text(index < 0 ? "validate (%s): " : "validate 1 (%s): ", #setter)); \
    } while (0)
    CLOSED(-1, set_cwd_fd, 987);
    CLOSED(-1, set_cwd_fd, INT32_MAX);
    CLOSED(1, map_fd, 987, 5);
    CLOSED(1, map_fd, INT32_MAX, 5);
    CLOSED(-1, set_foreground, 987);
    CLOSED(-1, set_cgroup_fd, 987);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_exec_fd(attr, 987));
    assert_said(attr, NULL, EBADF, -1, "validate (set_exec_fd): ");
    attr = new_attr();
    OK(forkexec_attr_set_session(attr));
    OK(forkexec_attr_set_controlling_terminal(attr, 987));
    assert_said(attr, reporter, EBADF, -1, "validate (set_controlling_terminal): ");
}

TEST(calls_without_their_pointers)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    char *none[] = { NULL }, *name[] = { "a", NULL };
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_spawn(NULL, reporter, name, NULL, &child, &error), -EINVAL);
    assert_int_equal(error.code, EINVAL);
    assert_int_equal(forkexec_spawn(attr, reporter, name, NULL, NULL, &error), -EINVAL);
    assert_int_equal(forkexec_spawn(attr, NULL, name, NULL, &child, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    assert_int_equal(forkexec_spawn(attr, reporter, NULL, NULL, &child, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    assert_int_equal(forkexec_spawn(attr, reporter, none, NULL, &child, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    assert_int_equal(forkexec_spawn(NULL, NULL, NULL, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(forkexec_start(NULL, NULL, NULL, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(forkexec_hold(NULL, NULL, NULL), -EINVAL);
    assert_int_equal(forkexec_hold(NULL, &child, NULL), -EINVAL);
    assert_int_equal(forkexec_hold(attr, NULL, NULL), -EINVAL);
    assert_int_equal(forkexec_describe(NULL, NULL, NULL, NULL, -1, NULL), -EINVAL);
    assert_int_equal(forkexec_release(NULL, 0, NULL), -EINVAL);
    assert_int_equal(forkexec_wait(NULL, 0, 0, NULL, 0), -EINVAL);
    assert_int_equal(forkexec_signal(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_kill_tree(NULL), -EINVAL);
    assert_int_equal(forkexec_child_pid(NULL), -EINVAL);
    assert_int_equal(forkexec_child_pidfd(NULL), -EINVAL);
    assert_int_equal(forkexec_child_take_pidfd(NULL), -EINVAL);
    assert_int_equal(forkexec_detach(NULL), -EINVAL);
    assert_int_equal(forkexec_child_listen_fd(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_child_terminal_fd(NULL), -EINVAL);
    assert_int_equal(forkexec_child_tun_fd(NULL), -EINVAL);
    assert_int_equal(forkexec_child_namespace_fd(NULL, FORKEXEC_NS_UTS), -EINVAL);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_CLONE3, NULL, 1), -EINVAL);
    forkexec_close(NULL);
    assert_null(child);
}

TEST(arguments_of_calls_with_a_child)
{
    struct forkexec_child *child = start_reporter(new_attr(), "sleep");
    struct forkexec_status status;
    assert_int_equal(forkexec_wait(child, 0, 16, &status, sizeof status), -EINVAL);
    assert_int_equal(forkexec_wait(child, 0, UINT32_MAX, &status, sizeof status), -EINVAL);
    assert_int_equal(forkexec_wait(child, 0, 0, NULL, sizeof status), -EINVAL);
    assert_int_equal(forkexec_wait(child, 0, 0, &status, SIZE_MAX), -EINVAL);
    assert_int_equal(forkexec_signal(child, -1), -EINVAL);
    assert_int_equal(forkexec_signal(child, 65), -EINVAL);
    assert_int_equal(forkexec_child_namespace_fd(child, 0), -EINVAL);
    assert_int_equal(forkexec_child_namespace_fd(child, FORKEXEC_NS_UTS | FORKEXEC_NS_IPC), -EINVAL);
    assert_int_equal(forkexec_release(child, 0, NULL), -EINVAL);
    assert_int_equal(forkexec_kill_tree(child), -EOPNOTSUPP);
    assert_int_equal(forkexec_signal(child, 0), 0);
}

/* execve refuses a path that is longer than the kernel accepts. */
TEST_BOTH(a_program_with_a_very_long_path)
{
    assert_spawn_fails(new_attr(), text("/%s", long_text(5000)), FORKEXEC_STAGE_EXEC, ENAMETOOLONG, -1);
    assert_spawn_fails(new_attr(), text("/%s", long_text(256)), FORKEXEC_STAGE_EXEC, ENAMETOOLONG, -1);
    assert_spawn_fails(new_attr(), "", FORKEXEC_STAGE_EXEC, ENOENT, -1);
}
