/* Every stage, with a request and a denied system call that make only this stage fail: one row each. stages.c runs the rows
 * in every memory mode, spawned and held. */
#ifndef STAGES_ROWS_H
#define STAGES_ROWS_H
#include "deny_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* The ways to make a child. */
enum {
    SHARED = 1, /* in the caller's memory */
    FRESH = 2,  /* in an image of its own */
    COPIED = 4, /* in a copy of the caller's memory */
    OWN = FRESH | COPIED,
    ALL = SHARED | OWN,
    HELD = 8, /* with start and release; a row with this bit is for held children only */
    AT_ONCE = 16, /* a row with this bit is for spawned children only */
    PREPARED = 32, /* with forkexec_root_new, which runs no program; a row with this bit is for that only */
};

/* What a row needs. */
enum {
    PRIVILEGED = 1, /* the privilege to make namespaces, or a user namespace that gives it */
    WITH_CAPS = 2,  /* capabilities */
    BARE = 4,       /* no capabilities: the copy drops them */
    USER_NS = 8,    /* user namespaces */
    CGROUP_V1 = 16, /* a cgroup to enter, open as THE_CGROUP */
    BY_FD = 32,     /* the program is THE_PROGRAM, by descriptor */
    CALLERS = 64,   /* the denied call is made by the caller */
    NO_CHILD = 128, /* it fails before a child is made */
    NO_IMAGE = 256, /* the caller has closed the library's image */
    LANDLOCK = 512,
    TIME_NS = 1024,
    LANDLOCK_FLAGS = 2048,
    CLONES = 4096, /* prepared roots that are cloned */
};

/* Descriptors of the caller that rows use. */
enum { THE_FD = 50, THE_CGROUP = 51, THE_ROOT = 52, THE_PROGRAM = 53, THE_USERS = 54 };

struct row {
    uint32_t stage;
    unsigned ways;
    void (*ask)(struct forkexec_attr *attr); /* NULL: a plain child passes this stage, too */
    int code, index;
    const char *item;     /* what the message names: a format for uid, gid and the reporter's path */
    unsigned needs;
    struct denial denial; /* without a code the stage fails by itself */
    const char *path;     /* path of the program; NULL: the reporter */
};

#define ASK(name, ...) \
    static void name(struct forkexec_attr *attr) { __VA_ARGS__; }
#define SET(setter, ...) OK(forkexec_attr_##setter(attr, ##__VA_ARGS__))

#define NOWHERE "/nonexistent"
static const struct sock_filter allow_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

ASK(a_closed_fd, SET(map_fd, 99, 40))
ASK(a_mapped_fd, SET(map_fd, THE_FD, THE_FD))
ASK(a_moved_fd, SET(map_fd, THE_FD, 40))
ASK(two_maps, SET(map_fd, 0, 41); SET(map_fd, 1, 40))
ASK(a_high_target, SET(map_fd, 1, 40))
ASK(a_program_by_fd, SET(set_exec_fd, THE_PROGRAM); SET(map_fd, 1, 40))
ASK(two_actions, SET(close_fd, 9); SET(open_fd, 5, NOWHERE, O_RDONLY, 0))
ASK(an_open_that_may_block, SET(open_fd, 5, "/dev/null", O_RDONLY, 0))
ASK(a_soft_limit_above_the_hard, SET(set_rlimit, RLIMIT_CORE, 5, FORKEXEC_RLIMIT_KEEP))
ASK(two_limits, SET(set_rlimit, RLIMIT_CPU, FORKEXEC_RLIMIT_KEEP, FORKEXEC_RLIMIT_KEEP);
    SET(set_rlimit, RLIMIT_CORE, 0, 0))
ASK(few_fds, SET(set_rlimit, RLIMIT_NOFILE, 64, 64))
ASK(death_of_thread, SET(set_parent_death_signal, SIGUSR1, FORKEXEC_DEATH_OF_THREAD))
ASK(death_of_process, SET(set_parent_death_signal, SIGUSR1, FORKEXEC_DEATH_OF_PROCESS))
ASK(badness, SET(set_oom_score_adj, 777))
ASK(no_terminal, SET(detach_terminal); setsid())
ASK(a_session, SET(set_session))
ASK(no_such_group, SET(set_process_group, INT32_MAX))
ASK(a_terminal_that_is_none, SET(set_session); SET(set_controlling_terminal, THE_FD))
ASK(a_foreground_that_is_none, SET(set_foreground, THE_FD))
ASK(new_mounts, SET(create_namespaces, FORKEXEC_NS_MOUNT))
ASK(an_empty_root, new_mounts(attr); SET(set_root, NULL, 0); SET(make_directory, "/a", 0700))
ASK(a_missing_new_root, new_mounts(attr); SET(set_root, NOWHERE, 0))
ASK(a_plain_mount, an_empty_root(attr); SET(add_mount, "x", "/a", "tmpfs", 0, NULL))
ASK(a_bind, an_empty_root(attr); SET(bind_mount, "/dev", "/b", FORKEXEC_MOUNT_CREATE))
ASK(a_tmpfs, an_empty_root(attr); SET(mount_tmpfs, "/a", 0, 0755, FORKEXEC_MOUNT_NODEV))
ASK(a_proc, an_empty_root(attr); SET(mount_proc, "/a", 0))
ASK(a_dev, an_empty_root(attr); SET(mount_dev, "/a", 0))
ASK(devices_under_other_ids, SET(create_namespaces, FORKEXEC_NS_USER); SET(map_uid, 7, geteuid(), 1);
    SET(map_gid, 8, getegid(), 1); an_empty_root(attr); SET(mount_dev, "/a", 0))
ASK(a_link, an_empty_root(attr); SET(make_symlink, "a", "/b"))
ASK(a_file, an_empty_root(attr); SET(make_file, "/b", NULL, 0, 0644))
ASK(a_mask, an_empty_root(attr); SET(mask_path, "/a"))
ASK(a_readonly_path, an_empty_root(attr); SET(make_readonly, "/a"))
ASK(an_overlay, an_empty_root(attr); SET(mount_overlay, ((const char *const[]){ "/usr", "/etc" }), 2, NULL, NULL, "/a",
    FORKEXEC_MOUNT_NODEV))
ASK(a_remount, an_empty_root(attr); SET(mount_tmpfs, "/a", 0, 0755, 0); SET(remount, "/a", FORKEXEC_MOUNT_NOEXEC))
ASK(a_mode, an_empty_root(attr); SET(change_mode, "/a", 0755))
ASK(a_readonly_root, an_empty_root(attr); SET(set_root, NULL, FORKEXEC_ROOT_READONLY))
ASK(a_missing_root, SET(set_chroot, NOWHERE))
ASK(a_missing_directory, SET(set_cwd, NOWHERE))
ASK(a_missing_directory_first, a_missing_directory(attr); SET(set_cwd_rights, FORKEXEC_CWD_RIGHTS_CALLER))
ASK(a_directory_outside, SET(set_chroot, scratch()); SET(set_cwd_fd, THE_ROOT))
ASK(a_processor_too_many, uint32_t cpu = 8191; SET(set_affinity, &cpu, 1))
ASK(niceness, SET(set_nice, 19))
ASK(batches, SET(set_scheduler, SCHED_BATCH, 0))
ASK(a_deadline, SET(set_deadline, 1000000, 10000000, 20000000))
ASK(busy, SET(set_utilization, 10, 500))
ASK(memory_of_a_node, uint32_t node = 0; SET(set_numa_policy, 2, &node, 1))
ASK(alone_on_a_core, SET(set_process_flags, FORKEXEC_PROCESS_OWN_CORE))
ASK(no_policy_for_children, SET(set_process_flags, FORKEXEC_PROCESS_RESET_ON_FORK))
ASK(merged, SET(set_process_flags, FORKEXEC_PROCESS_KSM))
ASK(no_store_bypass, SET(set_speculation, FORKEXEC_SPECULATION_STORE_BYPASS, FORKEXEC_SPECULATE_DISABLE))
ASK(nothing_in_a_core, SET(set_coredump_filter, 0))
ASK(last_for_io, SET(set_io_priority, 2, 7))
ASK(slack, SET(set_timer_slack, 1000))
ASK(fixed_addresses, SET(set_personality, 0x40000))
ASK(no_huge_pages, SET(set_process_flags, FORKEXEC_PROCESS_NO_THP | FORKEXEC_PROCESS_SUBREAPER))
ASK(no_counter, SET(set_process_flags, FORKEXEC_PROCESS_NO_TSC | FORKEXEC_PROCESS_SUBREAPER))
ASK(no_new_code, SET(set_process_flags, FORKEXEC_PROCESS_MDWE))
ASK(a_umask, SET(set_umask, 027))
ASK(an_ignored_signal, SET(set_signal_ignore, 1 << (SIGUSR2 - 1)))
ASK(no_new_privileges, SET(set_no_new_privs))
ASK(a_privileged_filter, SET(add_seccomp_filter, &allow_all, 1, 0))
static const struct sock_filter no_masks[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
ASK(a_refused_mask, SET(set_signal_mask, 0x200); SET(add_seccomp_filter, no_masks, 4, 0))
ASK(two_filters, SET(set_no_new_privs); SET(deny_terminal_injection); SET(add_seccomp_filter, &allow_all, 1, 4))
ASK(no_user_namespaces, SET(set_no_new_privs); SET(deny_user_namespaces))
ASK(readable, SET(set_no_new_privs); SET(set_landlock_handled, FORKEXEC_LANDLOCK_FS_READ_FILE, 0);
    SET(add_landlock_path, "/", FORKEXEC_LANDLOCK_FS_READ_FILE))
ASK(readable_and_logged, readable(attr); SET(set_landlock_flags, FORKEXEC_LANDLOCK_FLAG_LOG_NEW_EXEC_ON))
ASK(nowhere_readable, readable(attr); SET(add_landlock_path, NOWHERE, FORKEXEC_LANDLOCK_FS_READ_FILE))
ASK(an_init, SET(create_namespaces, FORKEXEC_NS_PID); SET(set_init))
ASK(tracing, SET(set_ptrace))
ASK(stopping, SET(set_stop))
ASK(labelled, SET(set_exec_label, "a label"))
ASK(profiled, SET(set_apparmor_profile, "a profile"))
ASK(a_labelled_keyring, SET(set_session_keyring, NULL); SET(set_keyring_label, "a label"))
ASK(rights_to_a_keyring, SET(set_session_keyring, NULL); SET(set_keyring_permissions, 0x3f090000))
ASK(a_keyring, SET(set_session_keyring, "a keyring"))
ASK(own_uid, SET(set_uid, getuid()); SET(keep_groups))
ASK(own_gid, SET(set_gid, getgid()); SET(keep_groups))
ASK(no_groups, SET(set_groups, NULL, 0))
ASK(own_uid_and_securebits, own_uid(attr); SET(set_securebits, 0))
ASK(securebits, SET(set_securebits, 1))
ASK(no_ambient, SET(set_ambient, 0))
ASK(an_ambient, SET(set_ambient, 1 << 5))
ASK(nothing_inheritable, SET(set_capabilities, FORKEXEC_CAP_INHERITABLE, 0))
ASK(host_name, SET(create_namespaces, FORKEXEC_NS_UTS); SET(set_hostname, "judge"))
ASK(domain_name, SET(create_namespaces, FORKEXEC_NS_UTS); SET(set_domainname, "court"))
ASK(later, SET(create_namespaces, FORKEXEC_NS_TIME); SET(set_time_offset, CLOCK_MONOTONIC, 1000, 0))
ASK(loopback, SET(create_namespaces, FORKEXEC_NS_NET); SET(set_loopback))
ASK(a_device, SET(open_tun, "proxy0", 0x1001))
ASK(a_terminal, SET(set_terminal, 24, 80))
static void a_socket(struct forkexec_attr *attr)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0forkexec stages" };
    SET(listen, SOCK_DGRAM, &at, sizeof at.sun_family + 16, 0);
}

ASK(a_new_host, SET(create_namespaces, FORKEXEC_NS_UTS))
ASK(an_early_namespace, SET(unshare_namespaces, FORKEXEC_NS_UTS))
ASK(a_chosen_pid, SET(set_pid, &(int32_t){ 77 }, 1))
ASK(a_late_namespace, SET(unshare_namespaces, FORKEXEC_NS_PID))
ASK(a_cgroup, SET(set_cgroup_fd, THE_CGROUP))
ASK(a_cgroup_namespace, a_cgroup(attr); SET(create_namespaces, FORKEXEC_NS_CGROUP))
ASK(own_ids_mapped, SET(create_namespaces, FORKEXEC_NS_USER); SET(map_uid, 0, getuid(), 1); SET(map_gid, 0, getgid(), 1))
ASK(second_users, SET(join_second_user_namespace, THE_USERS))
ASK(anothers_namespace, own_ids_mapped(attr); SET(set_user_namespace_owner, 4444))
ASK(niceness_in_a_user_namespace, own_ids_mapped(attr); niceness(attr))
ASK(badness_in_a_user_namespace, own_ids_mapped(attr); badness(attr))
ASK(a_raise_in_a_user_namespace, own_ids_mapped(attr); SET(set_rlimit, RLIMIT_CORE, 0, 1))

static void all_bounds_but_one(struct forkexec_attr *attr)
{
    uint64_t all = 0;
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        all |= 1ull << cap;
    SET(set_capabilities, FORKEXEC_CAP_BOUNDING, all & ~(1ull << 5));
}

#define IF(argument, value) { IS, argument, (uint32_t)(value) }
#define UNLESS(argument, value) { IS_NOT, argument, (uint32_t)(value) }
#define DENY(name, errno_, ...) { SYS_##name, errno_, { __VA_ARGS__ } }
#define PRCTL(errno_, ...) DENY(prctl, errno_, __VA_ARGS__)
#define GIVES(errno_, index_, item_) .code = errno_, .index = index_, .item = item_

static const struct row rows[] = {
    /* Steps of the caller. */
    { FORKEXEC_STAGE_VALIDATE, ALL, a_closed_fd, GIVES(EBADF, 0, "map_fd"), NO_CHILD },
    { FORKEXEC_STAGE_RESOLVE, ALL, a_soft_limit_above_the_hard, GIVES(EINVAL, 0, "set_rlimit"), NO_CHILD },
    { FORKEXEC_STAGE_MEMORY, ALL, death_of_process, GIVES(ENOMEM, -1, ""), NO_CHILD | CALLERS,
        DENY(mmap, ENOMEM, IF(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE)) },
    { FORKEXEC_STAGE_PIPE, OWN | HELD, NULL, GIVES(EMFILE, -1, ""), NO_CHILD | CALLERS, DENY(pipe2, EMFILE) },
    { FORKEXEC_STAGE_PIPE, OWN | HELD, NULL, GIVES(ENFILE, -1, ""), NO_CHILD | CALLERS, DENY(eventfd2, ENFILE) },
    { FORKEXEC_STAGE_CLONE, ALL, NULL, GIVES(EIO, -1, ""), NO_CHILD | CALLERS, DENY(rt_sigprocmask, EIO) },
    { FORKEXEC_STAGE_CLONE, ALL, a_new_host, GIVES(EPERM, -1, "uts"), NO_CHILD | BARE },
    { FORKEXEC_STAGE_CLONE, ALL, a_chosen_pid, GIVES(ENOSYS, -1, "pid [77]"), NO_CHILD | CALLERS, DENY(clone3, ENOSYS) },
    { FORKEXEC_STAGE_CGROUP, OWN, a_cgroup, GIVES(EACCES, -1, "written to fd 51"), CGROUP_V1 | CALLERS,
        DENY(openat, EACCES, IF(2, O_WRONLY | O_CLOEXEC)) },
    { FORKEXEC_STAGE_ID_MAP, OWN, own_ids_mapped, GIVES(EACCES, -1, "uid_map"), USER_NS | CALLERS,
        DENY(openat, EACCES, IF(2, O_WRONLY | O_CLOEXEC)) },
    { FORKEXEC_STAGE_NICE, OWN, niceness_in_a_user_namespace, GIVES(EACCES, -1, "19"), USER_NS | CALLERS,
        DENY(setpriority, EACCES) },
    { FORKEXEC_STAGE_OOM_SCORE, OWN, badness_in_a_user_namespace, GIVES(EACCES, -1, "777"), USER_NS | CALLERS,
        DENY(write, EACCES, IF(2, 3)) },
    { FORKEXEC_STAGE_RLIMIT, OWN, a_raise_in_a_user_namespace, GIVES(EPERM, 0, "core 0 of 1"), USER_NS | CALLERS,
        DENY(prlimit64, EPERM, IF(1, RLIMIT_CORE), UNLESS(2, 0)) },

    /* Detaching. */
    { FORKEXEC_STAGE_FD_TABLE, SHARED | FRESH, NULL, GIVES(ENOMEM, -1, ""), 0, DENY(close_range, ENOMEM, IF(2, 2)) },
    { FORKEXEC_STAGE_FD_TABLE, COPIED, NULL, GIVES(EIO, -1, ""), 0, DENY(close_range, EIO, UNLESS(0, ~0u), IF(1, ~0u)) },
    { FORKEXEC_STAGE_FD_UNNEEDED, ALL, a_mapped_fd, GIVES(EIO, -1, ""), 0, DENY(close_range, EIO, UNLESS(1, ~0u)) },
    { FORKEXEC_STAGE_FD_UNNEEDED, ALL | AT_ONCE, an_open_that_may_block, GIVES(EIO, -1, ""), 0,
        PRCTL(EIO, IF(0, PR_SET_PDEATHSIG), IF(1, SIGKILL)) },
    { FORKEXEC_STAGE_CARRY, FRESH, NULL, GIVES(EIO, -1, ""), WITH_CAPS, DENY(capset, EIO) },
    { FORKEXEC_STAGE_IMAGE, FRESH, NULL, GIVES(EMFILE, -1, ""), NO_IMAGE | NO_CHILD | CALLERS,
        DENY(memfd_create, EMFILE) },
    { FORKEXEC_STAGE_IMAGE, FRESH, NULL, GIVES(EACCES, -1, ""), NO_IMAGE | NO_CHILD | CALLERS,
        DENY(memfd_create, EACCES) },
    { FORKEXEC_STAGE_IMAGE, FRESH, NULL, GIVES(EIO, -1, ""), NO_IMAGE | NO_CHILD | CALLERS,
        DENY(fcntl, EIO, IF(1, F_ADD_SEALS)) },
    { FORKEXEC_STAGE_IMAGE, FRESH, NULL, GIVES(EPERM, -1, ""), 0, DENY(execveat, EPERM) },
    { FORKEXEC_STAGE_FD_FLAGS, FRESH | HELD, NULL, GIVES(EIO, -1, ""), 0, DENY(fcntl, EIO, IF(1, F_SETFD), IF(2, FD_CLOEXEC)) },
    { FORKEXEC_STAGE_OOM_SCORE, ALL, badness, GIVES(EACCES, -1, "777"), 0, DENY(write, EACCES, IF(2, 3)) },
    { FORKEXEC_STAGE_COREDUMP_FILTER, OWN, nothing_in_a_core, GIVES(EIO, -1, "0x0"), 0, DENY(write, EIO, IF(2, 3)) },

    /* Namespaces. */
    { FORKEXEC_STAGE_CREDENTIALS, FRESH, own_ids_mapped, GIVES(EIO, -1, ""), USER_NS,
        PRCTL(EIO, IF(0, PR_CAP_AMBIENT), IF(1, PR_CAP_AMBIENT_CLEAR_ALL)) },
    { FORKEXEC_STAGE_WAIT, OWN | AT_ONCE, own_ids_mapped, GIVES(EIO, -1, ""), USER_NS,
        PRCTL(EIO, IF(0, PR_SET_PDEATHSIG), IF(1, SIGKILL)) },
    { FORKEXEC_STAGE_WAIT, OWN | HELD, own_ids_mapped, GIVES(EIO, -1, ""), USER_NS, DENY(ppoll, EIO, IF(1, 2), IF(4, 8)) },
    { FORKEXEC_STAGE_TIME_FILE, OWN, later, GIVES(EIO, -1, ""), PRIVILEGED | TIME_NS, DENY(fstatfs, EIO) },
    { FORKEXEC_STAGE_NONDUMPABLE, OWN, NULL, GIVES(EIO, -1, ""), 0, PRCTL(EIO, IF(0, PR_SET_DUMPABLE)) },
    { FORKEXEC_STAGE_NAMESPACE_OWNER, OWN, anothers_namespace, GIVES(EAGAIN, -1, "4444"), USER_NS,
        DENY(setresuid, EAGAIN) },
    { FORKEXEC_STAGE_PROCFS, ALL, labelled, GIVES(EIO, -1, ""), 0,
        DENY(openat, EIO, IF(2, O_PATH | O_DIRECTORY | O_CLOEXEC)) },
    { FORKEXEC_STAGE_UNSHARE, ALL, an_early_namespace, GIVES(ENOSPC, -1, "uts"), 0, DENY(unshare, ENOSPC) },
    { FORKEXEC_STAGE_TIME_OFFSETS, OWN, later, GIVES(EIO, -1, "monotonic 1000 0"), PRIVILEGED | TIME_NS,
        DENY(write, EIO, IF(2, 17)) },
    { FORKEXEC_STAGE_CGROUP_NAMESPACE, OWN, a_cgroup_namespace, GIVES(ENOSPC, -1, ""), CGROUP_V1, DENY(unshare, ENOSPC) },

    /* The session. */
    { FORKEXEC_STAGE_DETACH_TERMINAL, ALL, no_terminal, GIVES(ENOTTY, -1, "") },
    { FORKEXEC_STAGE_SESSION, ALL, a_session, GIVES(EPERM, -1, ""), 0, DENY(setsid, EPERM) },
    { FORKEXEC_STAGE_PROCESS_GROUP, ALL, no_such_group, GIVES(EPERM, -1, "2147483647") },
    { FORKEXEC_STAGE_CONTROLLING_TERMINAL, ALL, a_terminal_that_is_none, GIVES(ENOTTY, -1, "fd 50") },
    { FORKEXEC_STAGE_FOREGROUND, ALL, a_foreground_that_is_none, GIVES(ENOTTY, -1, "fd 50") },

    /* Directory, umask and the like. */
    { FORKEXEC_STAGE_HOSTNAME, ALL, host_name, GIVES(EIO, -1, "judge"), PRIVILEGED, DENY(sethostname, EIO) },
    { FORKEXEC_STAGE_DOMAINNAME, ALL, domain_name, GIVES(EIO, -1, "court"), PRIVILEGED, DENY(setdomainname, EIO) },
    { FORKEXEC_STAGE_LOOPBACK, ALL, loopback, GIVES(EIO, -1, ""), PRIVILEGED, DENY(ioctl, EIO, IF(1, SIOCSIFFLAGS)) },
    { FORKEXEC_STAGE_TUN, OWN, a_device, GIVES(EBUSY, -1, "device proxy0, flags 0x1001"), 0,
        DENY(openat, EBUSY, IF(2, O_RDWR | O_NOCTTY | O_CLOEXEC)) },
    { FORKEXEC_STAGE_PROPAGATION, ALL, new_mounts, GIVES(EIO, -1, "0x44000"), PRIVILEGED, DENY(mount, EIO) },
    /* Another root is never entered in the caller's memory or a copy of it. */
    { FORKEXEC_STAGE_ROOT, FRESH, a_missing_new_root, GIVES(ENOENT, -1, NOWHERE), PRIVILEGED },
    { FORKEXEC_STAGE_ROOT, FRESH, an_empty_root, GIVES(EIO, -1, "empty"), PRIVILEGED,
        DENY(mount, EIO, IF(3, MS_UNBINDABLE)) },
    { FORKEXEC_STAGE_MOUNT, FRESH, a_plain_mount, GIVES(EIO, 1, "/a"), PRIVILEGED, DENY(mount, EIO, IF(3, 0)) },
    { FORKEXEC_STAGE_BIND, FRESH, a_bind, GIVES(EIO, 1, "/dev on /b"), PRIVILEGED, DENY(move_mount, EIO) },
    { FORKEXEC_STAGE_TMPFS, FRESH, a_tmpfs, GIVES(EIO, 1, "/a"), PRIVILEGED, DENY(mount, EIO, IF(3, MS_NODEV)) },
    { FORKEXEC_STAGE_PROC, FRESH, a_proc, GIVES(EIO, 1, "/a"), PRIVILEGED,
        DENY(mount, EIO, IF(3, MS_NOSUID | MS_NODEV | MS_NOEXEC)) },
    { FORKEXEC_STAGE_DEV, FRESH, a_dev, GIVES(EIO, 1, "/a"), PRIVILEGED, DENY(mount, EIO, IF(3, MS_NOSUID | MS_NOEXEC)) },
    { FORKEXEC_STAGE_DIRECTORY, FRESH, an_empty_root, GIVES(EIO, 0, "/a"), PRIVILEGED, DENY(mkdirat, EIO) },
    { FORKEXEC_STAGE_SYMLINK, FRESH, a_link, GIVES(EIO, 1, "/b to a"), PRIVILEGED, DENY(symlinkat, EIO) },
    { FORKEXEC_STAGE_FILE, FRESH, a_file, GIVES(EIO, 1, "/b"), PRIVILEGED,
        DENY(openat, EIO, IF(2, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)) },
    { FORKEXEC_STAGE_MASK, FRESH, a_mask, GIVES(EIO, 1, "/a"), PRIVILEGED,
        DENY(mount, EIO, IF(3, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)) },
    { FORKEXEC_STAGE_READONLY, FRESH, a_readonly_path, GIVES(EIO, 1, "/a"), PRIVILEGED, DENY(move_mount, EIO) },
    { FORKEXEC_STAGE_OVERLAY, FRESH, an_overlay, GIVES(EIO, 1, "/a of lowerdir=/usr:/etc%5$s"), PRIVILEGED,
        DENY(mount, EIO, IF(3, MS_NODEV)) },
    { FORKEXEC_STAGE_REMOUNT, FRESH, a_remount, GIVES(EIO, 2, "/a with 0x8"), PRIVILEGED,
        DENY(mount, EIO, IF(3, MS_REMOUNT | MS_BIND | MS_NOEXEC | MS_RELATIME)) },
    { FORKEXEC_STAGE_MODE, FRESH, a_mode, GIVES(EIO, 1, "/a, mode 0755"), PRIVILEGED, DENY(fchmodat, EIO) },
    { FORKEXEC_STAGE_PIVOT_ROOT, FRESH, an_empty_root, GIVES(EIO, -1, ""), PRIVILEGED, DENY(pivot_root, EIO) },
    { FORKEXEC_STAGE_ROOT_READONLY, FRESH, a_readonly_root, GIVES(EIO, -1, ""), PRIVILEGED,
        DENY(mount, EIO, IF(3, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_RELATIME)) },
    { FORKEXEC_STAGE_ROOT_TREE, FRESH | PREPARED, a_readonly_root, GIVES(EIO, -1, ""), PRIVILEGED, DENY(fsopen, EIO) },
    { FORKEXEC_STAGE_ROOT_COPY, FRESH | PREPARED, a_readonly_root, GIVES(EIO, -1, ""), PRIVILEGED | CLONES,
        DENY(mount, EIO, IF(3, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)) },
    { FORKEXEC_STAGE_CHROOT, FRESH, a_missing_root, GIVES(ENOENT, -1, NOWHERE) },
    { FORKEXEC_STAGE_INNER_USER_NAMESPACE, FRESH, devices_under_other_ids, GIVES(ENOSPC, -1, "uid 7 0 1, gid 8 0 1"), USER_NS,
        DENY(unshare, ENOSPC) },
    { FORKEXEC_STAGE_SECOND_USER_NAMESPACE, OWN, second_users, GIVES(EINVAL, -1, "fd 54") },
    { FORKEXEC_STAGE_TERMINAL, OWN, a_terminal, GIVES(ENOSPC, -1, "24 rows, 80 columns"), 0,
        DENY(openat, ENOSPC, IF(2, O_RDWR | O_NOCTTY | O_CLOEXEC)) },

    /* Limits. */
    { FORKEXEC_STAGE_RLIMIT, ALL, two_limits, GIVES(EPERM, 1, "core 0 of 0"), 0,
        DENY(prlimit64, EPERM, IF(1, RLIMIT_CORE), UNLESS(2, 0)) },
    { FORKEXEC_STAGE_AFFINITY, ALL, a_processor_too_many, GIVES(EINVAL, -1, "") },
    { FORKEXEC_STAGE_NUMA_POLICY, ALL, memory_of_a_node, GIVES(EIO, -1, "mode 2, nodes [0]"), 0, DENY(set_mempolicy, EIO) },
    { FORKEXEC_STAGE_NICE, ALL, niceness, GIVES(EACCES, -1, "19"), 0, DENY(setpriority, EACCES) },
    { FORKEXEC_STAGE_SCHEDULER, ALL, batches, GIVES(EPERM, -1, "policy 3, priority 0"), 0, DENY(sched_setscheduler, EPERM) },
    { FORKEXEC_STAGE_SCHEDULER, ALL, a_deadline, GIVES(EBUSY, -1, "deadline, 1000000 ns in the first 10000000 of every 20000000"), 0,
        DENY(sched_setattr, EBUSY) },
    { FORKEXEC_STAGE_UTILIZATION, ALL, busy, GIVES(EIO, -1, "10 to 500 of 1024"), 0, DENY(sched_setattr, EIO) },
    { FORKEXEC_STAGE_IO_PRIORITY, ALL, last_for_io, GIVES(EPERM, -1, "class 2, level 7"), 0, DENY(ioprio_set, EPERM) },
    { FORKEXEC_STAGE_TIMER_SLACK, ALL, slack, GIVES(EIO, -1, "1000 ns"), 0, PRCTL(EIO, IF(0, PR_SET_TIMERSLACK)) },
    { FORKEXEC_STAGE_PERSONALITY, ALL, fixed_addresses, GIVES(EINVAL, -1, "0x40000"), 0,
        DENY(personality, EINVAL, IF(0, 0x40000)) },
    { FORKEXEC_STAGE_UMASK, ALL, a_umask, GIVES(EPERM, -1, "0027"), 0, DENY(umask, EPERM, IF(0, 027)) },
    { FORKEXEC_STAGE_LISTEN, OWN, a_socket, GIVES(EIO, 0, "dgram @forkexec stages"), 0,
        DENY(bind, EIO, IF(2, 18)) },
    { FORKEXEC_STAGE_HAND_OVER, OWN, a_socket, GIVES(ETOOMANYREFS, -1, "1 descriptor"), 0, DENY(sendmsg, ETOOMANYREFS) },
    { FORKEXEC_STAGE_HOLD, OWN | HELD, NULL, GIVES(EIO, -1, ""), 0, DENY(ppoll, EIO, IF(1, 2), IF(4, 8)) },
    { FORKEXEC_STAGE_LATE_NAMESPACES, ALL, a_late_namespace, GIVES(ENOSPC, -1, "pid"), 0, DENY(unshare, ENOSPC) },

    /* Ids and capabilities. */
    { FORKEXEC_STAGE_CWD_BEFORE_IDS, ALL, a_missing_directory_first, GIVES(ENOENT, -1, NOWHERE) },
    { FORKEXEC_STAGE_EXEC_LABEL, ALL, labelled, GIVES(EACCES, -1, "%4$sa label"), 0, DENY(openat2, EACCES) },
    { FORKEXEC_STAGE_APPARMOR_PROFILE, ALL, profiled, GIVES(EACCES, -1, "exec a profile"), 0, DENY(openat2, EACCES) },
    { FORKEXEC_STAGE_KEYRING_LABEL, ALL, a_labelled_keyring, GIVES(EACCES, -1, "a label"), 0, DENY(openat2, EACCES) },
    { FORKEXEC_STAGE_KEYRING, ALL, a_keyring, GIVES(EDQUOT, -1, "a keyring"), 0, DENY(keyctl, EDQUOT) },
    { FORKEXEC_STAGE_KEYRING_PERMISSIONS, ALL, rights_to_a_keyring, GIVES(EACCES, -1, "0x3f090000"), 0,
        DENY(keyctl, EACCES, IF(0, 5)) },
    { FORKEXEC_STAGE_BOUNDING, OWN, all_bounds_but_one, GIVES(EPERM, 5, "capability 5"), 0,
        PRCTL(EPERM, IF(0, PR_CAPBSET_DROP), IF(1, 5)) },
    { FORKEXEC_STAGE_KEEP_CAPS, OWN, own_uid_and_securebits, GIVES(EPERM, -1, ""), 0, PRCTL(EPERM, IF(0, PR_SET_KEEPCAPS)) },
    { FORKEXEC_STAGE_PRIVILEGED_SECCOMP, OWN, a_privileged_filter, GIVES(EACCES, 0, "length 1"), 0,
        DENY(seccomp, EACCES) },
    { FORKEXEC_STAGE_GROUPS, OWN, no_groups, GIVES(ENOMEM, -1, "[]"), 0, DENY(setgroups, ENOMEM) },
    { FORKEXEC_STAGE_GID, OWN, own_gid, GIVES(EINVAL, -1, "%2$u"), 0, DENY(setresgid, EINVAL) },
    { FORKEXEC_STAGE_UID, OWN, own_uid, GIVES(EAGAIN, -1, "%1$u"), 0, DENY(setresuid, EAGAIN) },
    { FORKEXEC_STAGE_EFFECTIVE, OWN, own_uid_and_securebits, GIVES(EIO, -1, ""), BARE, DENY(capset, EIO) },
    { FORKEXEC_STAGE_SECUREBITS, OWN, securebits, GIVES(EPERM, -1, "0x1"), 0, PRCTL(EPERM, IF(0, PR_SET_SECUREBITS)) },
    { FORKEXEC_STAGE_AMBIENT, OWN, no_ambient, GIVES(EIO, -1, "0x0"), BARE,
        PRCTL(EIO, IF(0, PR_CAP_AMBIENT), IF(1, PR_CAP_AMBIENT_CLEAR_ALL)) },
    { FORKEXEC_STAGE_AMBIENT, OWN, an_ambient, GIVES(EPERM, -1, "0x20"), WITH_CAPS,
        PRCTL(EPERM, IF(0, PR_CAP_AMBIENT), IF(1, PR_CAP_AMBIENT_RAISE), IF(2, 5)) },
    { FORKEXEC_STAGE_CAPABILITIES, OWN, nothing_inheritable, GIVES(EIO, -1, "effective 0x0, permitted 0x0, inheritable 0x0"),
        BARE, DENY(capset, EIO) },
    { FORKEXEC_STAGE_CWD, ALL, a_missing_directory, GIVES(ENOENT, -1, NOWHERE) },
    { FORKEXEC_STAGE_CWD_CHECK, FRESH, a_directory_outside, GIVES(ENOENT, -1, ""), PRIVILEGED },

    /* The last steps. */
    { FORKEXEC_STAGE_FD_INTERNAL, OWN | HELD, a_high_target, GIVES(EMFILE, -1, ""), 0,
        DENY(fcntl, EMFILE, IF(1, F_DUPFD_CLOEXEC), IF(2, 41)) },
    { FORKEXEC_STAGE_FD_INTERNAL, ALL, a_program_by_fd, GIVES(EMFILE, -1, ""), BY_FD,
        DENY(fcntl, EMFILE, IF(1, F_DUPFD_CLOEXEC), IF(2, 41)) },
    { FORKEXEC_STAGE_FD_MAP, ALL, two_maps, GIVES(EIO, 1, "1 as 40"), 0, DENY(dup3, EIO, IF(1, 40)) },
    { FORKEXEC_STAGE_STREAMS, OWN, a_terminal, GIVES(EPERM, -1, ""), 0, DENY(ioctl, EPERM, IF(1, TIOCSCTTY)) },
    { FORKEXEC_STAGE_FD_ACTION, ALL, two_actions, GIVES(ENOENT, 1, "open " NOWHERE " as 5") },
    { FORKEXEC_STAGE_LANDLOCK_RULE, ALL, nowhere_readable, GIVES(ENOENT, 1, NOWHERE ", access 0x4"), LANDLOCK },
    { FORKEXEC_STAGE_LANDLOCK_RULE, ALL, readable, GIVES(ENOMEM, 0, "/, access 0x4"), LANDLOCK,
        DENY(landlock_add_rule, ENOMEM) },
    { FORKEXEC_STAGE_PARENT_DEATH, ALL, death_of_thread, GIVES(EIO, -1, "signal 10"), 0,
        PRCTL(EIO, IF(0, PR_SET_PDEATHSIG), IF(1, SIGUSR1)) },
    { FORKEXEC_STAGE_PARENT_DEATH, ALL, death_of_process, GIVES(EIO, -1, "signal 10"), 0,
        PRCTL(EIO, IF(0, PR_SET_PDEATHSIG), IF(1, SIGUSR1)) },
    { FORKEXEC_STAGE_INIT, OWN, an_init, GIVES(EAGAIN, -1, ""), PRIVILEGED, DENY(clone, EAGAIN, IF(0, SIGWINCH)) },
    { FORKEXEC_STAGE_PROCESS_FLAGS, OWN, no_huge_pages, GIVES(EIO, 1, "0x1"), 0, PRCTL(EIO, IF(0, PR_SET_THP_DISABLE), IF(1, 1)) },
    { FORKEXEC_STAGE_PROCESS_FLAGS, OWN, no_new_code, GIVES(EIO, 2, "0x2"), 0, PRCTL(EIO, IF(0, 65), IF(1, 1)) },
    { FORKEXEC_STAGE_PROCESS_FLAGS, ALL, no_counter, GIVES(EIO, 4, "0x4"), 0, PRCTL(EIO, IF(0, PR_SET_TSC), IF(1, 2)) },
    { FORKEXEC_STAGE_PROCESS_FLAGS, ALL, no_policy_for_children, GIVES(EIO, 16, "0x10"), 0, DENY(sched_setscheduler, EIO) },
    { FORKEXEC_STAGE_PROCESS_FLAGS, ALL, alone_on_a_core, GIVES(EIO, 32, "0x20"), 0, PRCTL(EIO, IF(0, 62), IF(1, 1)) },
    { FORKEXEC_STAGE_PROCESS_FLAGS, OWN, merged, GIVES(EIO, 64, "0x40"), 0, PRCTL(EIO, IF(0, 67), IF(1, 1)) },
    { FORKEXEC_STAGE_SPECULATION, ALL, no_store_bypass, GIVES(EIO, 0, "feature 0, control 4"), 0,
        PRCTL(EIO, IF(0, 53), IF(1, 0), IF(2, 4)) },
    { FORKEXEC_STAGE_NO_NEW_PRIVS, ALL, no_new_privileges, GIVES(EIO, -1, ""), 0, PRCTL(EIO, IF(0, PR_SET_NO_NEW_PRIVS)) },
    { FORKEXEC_STAGE_LANDLOCK, ALL, readable, GIVES(E2BIG, -1, "fs 0x4, net 0x0, scopes 0x0"), LANDLOCK,
        DENY(landlock_restrict_self, E2BIG) },
    { FORKEXEC_STAGE_LANDLOCK, ALL, readable_and_logged, GIVES(ENOMEM, -1, "fs 0x4, net 0x0, scopes 0x0, flags 0x2"),
        LANDLOCK_FLAGS, DENY(landlock_restrict_self, ENOMEM, IF(1, 2)) },
    { FORKEXEC_STAGE_FD_CLOSE, ALL, a_moved_fd, GIVES(EIO, -1, "[50]"), 0, DENY(close, EIO, IF(0, THE_FD)) },
    { FORKEXEC_STAGE_NOFILE, ALL, few_fds, GIVES(EPERM, 0, "nofile 64 of 64"), 0,
        DENY(prlimit64, EPERM, IF(1, RLIMIT_NOFILE), UNLESS(2, 0)) },
    { FORKEXEC_STAGE_TRACE, OWN | HELD, tracing, GIVES(EPERM, -1, ""), 0, DENY(ptrace, EPERM, IF(0, PTRACE_TRACEME)) },
    { FORKEXEC_STAGE_STOP, OWN | HELD, stopping, GIVES(EPERM, -1, ""), 0, DENY(kill, EPERM, IF(1, SIGSTOP)) },
    { FORKEXEC_STAGE_SIGNAL_ACTIONS, ALL, an_ignored_signal, GIVES(EINVAL, SIGUSR2, "signal 12"), 0,
        DENY(rt_sigaction, EINVAL, IF(0, SIGUSR2), UNLESS(1, 0)) },
    { FORKEXEC_STAGE_USER_NAMESPACES, ALL, no_user_namespaces, GIVES(ENOMEM, -1, "denied"), 0, DENY(seccomp, ENOMEM) },
    { FORKEXEC_STAGE_SECCOMP, ALL, two_filters, GIVES(EIO, 1, "length 1, flags 0x4"), 0,
        DENY(seccomp, EIO, IF(1, 4)) },
    { FORKEXEC_STAGE_SIGNAL_MASK, OWN, a_refused_mask, GIVES(EIO, -1, "0x200"), PRIVILEGED },
    { FORKEXEC_STAGE_EXEC, ALL, NULL, GIVES(ENOENT, -1, NOWHERE), .path = NOWHERE },
    { FORKEXEC_STAGE_EXEC, ALL, NULL, GIVES(EIO, -1, "%3$s"), 0, DENY(execve, EIO) },
};

#endif
