/* Requests that contradict each other, or that the caller's process or the host does not allow. */
#ifndef SENTENCES_REQUESTS_H
#define SENTENCES_REQUESTS_H
#include "cgroup_parent.h"
#include "sentences.h"

/* The call (spawn, start, hold) fails with this message, and with this name in parentheses. */
#define FAILS(NAME, call, step, code, ...) \
    SITUATION(NAME) \
    { \
        struct forkexec_attr *attr = new_attr(); \
        __VA_ARGS__; \
        says(call(attr), step ": %s: %s", strerror(code), sentence); \
    }
#define CONTRADICTS(NAME, what, ...) FAILS(NAME, spawned, "validate (" what ")", EINVAL, __VA_ARGS__)

CONTRADICTS(PATH_NOT_NULL, "path", SET(set_exec_fd, 0))
FAILS(HOLDS_ONLY, held, "validate (set_cwd)", EINVAL, SET(set_cwd, "/"))
FAILS(HOLDS_NO_PID_NAMESPACE, held, "validate (join_namespace)", EINVAL, SET(join_namespace, 0, FORKEXEC_NS_PID))
FAILS(HOLDER_DIES_ANYWAY, held, "validate (set_parent_death_signal)", EINVAL,
    SET(set_parent_death_signal, SIGTERM, FORKEXEC_DEATH_OF_PROCESS))
CONTRADICTS(DEADLINE_ALONE, "set_deadline", SET(set_deadline, 1024, 2048, 0); SET(create_namespaces, FORKEXEC_NS_PID);
    SET(set_init))
CONTRADICTS(PID_OF_FIRST, "set_pid", SET(set_pid, &(int32_t){ 7 }, 1); SET(create_namespaces, FORKEXEC_NS_PID))
CONTRADICTS(PID_OF_ANOTHER, "set_pid", SET(set_pid, &(int32_t){ 1 }, 1); SET(create_namespaces, FORKEXEC_NS_PID);
    SET(set_init))
CONTRADICTS(NO_SESSION_KEYRING, "set_keyring_permissions", SET(set_keyring_permissions, 0))
CONTRADICTS(LEADER_HAS_GROUP, "set_process_group", SET(set_session); SET(set_process_group, 0))
CONTRADICTS(SESSION_HAS_NO_TERMINAL, "detach_terminal", SET(set_session); SET(detach_terminal))
CONTRADICTS(ONLY_LEADERS, "set_controlling_terminal", SET(set_controlling_terminal, 0))
CONTRADICTS(FOREGROUND_OF_NOTHING, "set_foreground", SET(set_session); SET(set_foreground, 0))
CONTRADICTS(DEFAULT_AND_IGNORED, "set_signal_default", SET(set_signal_default, 6); SET(set_signal_ignore, 4))
CONTRADICTS(CREATED_AND_UNSHARED, "unshare_namespaces", SET(create_namespaces, FORKEXEC_NS_UTS);
    SET(unshare_namespaces, FORKEXEC_NS_UTS))
CONTRADICTS(JOINED_AND_CREATED, "join_namespace", SET(join_namespace, 0, FORKEXEC_NS_UTS);
    SET(create_namespaces, FORKEXEC_NS_UTS))
CONTRADICTS(NEEDS_USER_NAMESPACE, "map_uid", SET(map_uid, 0, 0, 1))
CONTRADICTS(SECOND_USERS_OF_NEW, "join_second_user_namespace", SET(unshare_namespaces, FORKEXEC_NS_USER);
    SET(join_second_user_namespace, 0))
CONTRADICTS(SUBORDINATE_AND_MAPS, "map_subordinate_ids", SET(create_namespaces, FORKEXEC_NS_USER);
    SET(map_gid, 0, 0, 1); SET(map_subordinate_ids))
CONTRADICTS(HELPERS_WITHOUT_MAP, "set_map_helpers", SET(create_namespaces, FORKEXEC_NS_USER);
    SET(set_map_helpers, "/a", NULL))
CONTRADICTS(SETGROUPS_WITHOUT_MAP, "allow_setgroups", SET(create_namespaces, FORKEXEC_NS_USER); SET(allow_setgroups))
CONTRADICTS(NEEDS_UTS, "set_hostname", SET(set_hostname, "judge"))
CONTRADICTS(NEEDS_NET, "set_loopback", SET(set_loopback))
CONTRADICTS(NEEDS_TIME, "set_time_offset", SET(set_time_offset, CLOCK_MONOTONIC, 1, 0))
CONTRADICTS(NEEDS_MOUNT, "mounts", SET(make_directory, "/a", 0755))
CONTRADICTS(CHROOT_AND_ROOT, "set_chroot", SET(set_root, "/", 0); SET(set_chroot, "/"))
CONTRADICTS(MOUNTS_SPREAD, "set_mount_propagation", SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(mask_path, "/a");
    SET(set_mount_propagation, 0))
CONTRADICTS(GROUPS_AND_KEPT, "keep_groups", SET(set_groups, NULL, 0); SET(keep_groups))
FAILS(SETGROUPS_DENIED, spawned, "validate (set_groups)", EPERM, const uint32_t group = 5;
    SET(create_namespaces, FORKEXEC_NS_USER); SET(map_gid, 0, 0, 9); SET(set_groups, &group, 1))
CONTRADICTS(NOT_MAPPED, "set_uid", SET(create_namespaces, FORKEXEC_NS_USER); SET(set_uid, 0))
CONTRADICTS(CAPABILITY_UNKNOWN, "capabilities", SET(set_ambient, 1ull << 63))
CONTRADICTS(DROP_AND_SETS, "drop_capabilities", SET(drop_capabilities); SET(set_ambient, 1))
CONTRADICTS(EFFECTIVE_OUTSIDE, "set_capabilities", SET(set_capabilities, FORKEXEC_CAP_PERMITTED, 2);
    SET(set_capabilities, FORKEXEC_CAP_EFFECTIVE, 3))
CONTRADICTS(AMBIENT_OUTSIDE, "set_ambient", SET(set_capabilities, FORKEXEC_CAP_INHERITABLE, 2); SET(set_ambient, 1))
CONTRADICTS(AMBIENT_FORBIDDEN, "set_securebits", SET(set_securebits, 64); SET(set_ambient, 1))
CONTRADICTS(NEEDS_START, "set_stop", SET(set_stop))
CONTRADICTS(INIT_WITHOUT_PID, "set_init", SET(set_init))
FAILS(INIT_IS_THE_PARENT, started, "validate (set_ptrace)", EINVAL, SET(create_namespaces, FORKEXEC_NS_PID);
    SET(set_init); SET(set_ptrace))
FAILS(FIRST_CANNOT_STOP, started, "validate (set_stop)", EINVAL, SET(create_namespaces, FORKEXEC_NS_PID); SET(set_stop))
FAILS(ONE_LISTENER, spawned, "validate 1 (add_seccomp_filter)", EINVAL,
    SET(add_seccomp_filter, &allow_all, 1, FORKEXEC_SECCOMP_LISTENER);
    SET(add_seccomp_filter, &allow_all, 1, FORKEXEC_SECCOMP_LISTENER))
CONTRADICTS(LISTENER_STAYS_HERE, "add_seccomp_filter", SET(create_namespaces, FORKEXEC_NS_TIME);
    SET(add_seccomp_filter, &allow_all, 1, FORKEXEC_SECCOMP_LISTENER))
static const struct sock_filter deny_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO);
CONTRADICTS(LISTENER_NEEDS_FUTEX, "add_seccomp_filter", SET(set_scheduler, SCHED_FIFO, 1);
    SET(add_seccomp_filter, &deny_all, 1, FORKEXEC_SECCOMP_LISTENER))
CONTRADICTS(LANDLOCK_NEEDS_NO_NEW_PRIVS, "landlock", SET(set_landlock_scopes, FORKEXEC_LANDLOCK_SCOPE_SIGNAL))
FAILS(GRANTS_UNHANDLED, spawned, "validate 0 (add_landlock_path)", EINVAL, SET(set_no_new_privs);
    SET(set_landlock_handled, FORKEXEC_LANDLOCK_FS_EXECUTE, 0);
    SET(add_landlock_path, "/", FORKEXEC_LANDLOCK_FS_READ_FILE))
CONTRADICTS(HAS_NEW_TERMINAL, "set_controlling_terminal", SET(set_terminal, 0, 0); SET(set_controlling_terminal, 0))
FAILS(LISTEN_NEEDS_LOOPBACK, spawned, "validate 0 (listen)", EINVAL, SET(create_namespaces, FORKEXEC_NS_NET);
    SET(listen, SOCK_STREAM, &at_80, sizeof at_80, 1))
FAILS(FD_NOT_OPEN, spawned, "validate 0 (map_fd)", EBADF, SET(map_fd, 987, 5))
static const char *long_lower(void)
{
    static char path[4000];
    memset(path, ',', sizeof path - 1);
    path[0] = '/';
    return path;
}
FAILS(OVERLAY_TOO_LONG, spawned, "validate 0 (mount_overlay)", ENAMETOOLONG, SET(create_namespaces, FORKEXEC_NS_MOUNT);
    SET(mount_overlay, LOWERS("/", long_lower()), 2, NULL, NULL, "/a", 0))
FAILS(FD_IS_NO_FILE, spawned, "validate 0 (make_file_fd)", EINVAL, SET(create_namespaces, FORKEXEC_NS_MOUNT);
    SET(make_file_fd, "/a", open("/dev/null", O_RDONLY | O_CLOEXEC), 0644))
FAILS(FD_IS_A_LINK, spawned, "validate 0 (bind_mount_fd)", ELOOP, SET(create_namespaces, FORKEXEC_NS_MOUNT);
    SET(bind_mount_fd, open("/proc/self", O_PATH | O_NOFOLLOW | O_CLOEXEC), "/a", 0))
FAILS(FD_PATH_NEEDS_PROC, spawned, "resolve 0 (bind_mount_fd)", ENOENT, SET(create_namespaces, FORKEXEC_NS_MOUNT);
    SET(bind_mount_fd, open("/", O_PATH | O_CLOEXEC), "/a", 0); DENY(readlinkat, ENOENT))
CONTRADICTS(ROOT_NEEDS_IMAGE, "set_memory_mode", SET(set_memory_mode, FORKEXEC_MEMORY_COPIED); SET(set_chroot, "/"))
CONTRADICTS(COPY_HAS_CALLERS_MEMORY, "measure_memory", SET(measure_memory); SET(set_memory_mode, FORKEXEC_MEMORY_COPIED))
FAILS(SOFT_ABOVE_HARD_NOW, spawned, "resolve 0 (set_rlimit)", EINVAL, /* the copy's own is 0 */
    SET(set_rlimit, RLIMIT_CORE, 5, FORKEXEC_RLIMIT_KEEP))
FAILS(NO_DIRECTORY_TO_ENTER, spawned, "validate (set_cwd_rights)", EINVAL, SET(set_cwd_rights, FORKEXEC_CWD_RIGHTS_CALLER))
FAILS(NO_CGROUP, spawned, "resolve (set_cgroup_fd)", EINVAL, SET(set_cgroup_fd, open("/", O_RDONLY | O_CLOEXEC)))
FAILS(NO_NAMESPACE, spawned, "validate 0 (join_namespace)", EINVAL,
    SET(join_namespace, open("/dev/null", O_RDONLY | O_CLOEXEC), FORKEXEC_NS_UTS))
FAILS(OTHER_NAMESPACE, spawned, "validate 0 (join_namespace)", EINVAL,
    SET(join_namespace, open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC), FORKEXEC_NS_UTS))
FAILS(FD_NOT_THERE, spawned, "fd action 0 (enter_directory_fd)", EBADF, SET(enter_directory_fd, 33))

SITUATION(PATH_NEEDED)
{
    says(spawned_by(new_attr(), NULL), "validate (path): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(ARGV_EMPTY)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    int result = forkexec_spawn(new_attr(), reporter, (char *[]){ NULL }, NULL, &child, &error);
    says(message_of(result, &error), "validate (argv): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(MAP_TOO_LONG)
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    for (uint32_t i = 0; i < 340; i++)
        SET(map_uid, 4000000000u + 2 * i, 4000000000u + 2 * i, 1);
    says(spawned(attr), "validate (map_uid): %s: %s", strerror(E2BIG), sentence);
}

/* The execve of an image replaces the effective id by the saved one. */
static inline void have_another_saved_id(void)
{
    assert_false(syscall(SYS_setresuid, 0, 0, 1));
}

SITUATION(ROOT_LOSES_IDS, need_cap(CAP_SETUID); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_chroot, "/");
    have_another_saved_id();
    says(spawned(attr), "image (another root or joined pid namespace): %s: %s", strerror(EPERM), sentence);
}

SITUATION(FRESH_LOSES_IDS, need_cap(CAP_SETUID); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_FRESH);
    have_another_saved_id();
    says(spawned(attr), "image (set_memory_mode): %s: %s", strerror(EPERM), sentence);
}

SITUATION(MEASURED_LOSES_IDS, need_cap(CAP_SETUID); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(measure_memory);
    have_another_saved_id();
    says(spawned(attr), "image (measure_memory): %s: %s", strerror(EPERM), sentence);
}

/* As under valgrind. */
static inline void need_emulator(void)
{
    need(!has_in_copy(FORKEXEC_PROBE_SHARED_MEMORY), "needs an emulator, such as valgrind, or qemu-user");
}

SITUATION(ROOT_UNDER_EMULATOR, need_emulator())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_chroot, "/");
    says(spawned(attr), "image (another root or joined pid namespace): %s: %s", strerror(EOPNOTSUPP), sentence);
}

SITUATION(COPY_UNDER_EMULATOR, need_emulator())
{
    struct forkexec_attr *attr = new_attr();
    SET(measure_memory);
    says(spawned(attr), "image (measure_memory): %s: %s", strerror(EOPNOTSUPP), sentence);
}

/* Files of the system that grant no ids to any user, or only uids. */
static inline const char *with_subordinate_ids(const char *uids)
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    SET(map_subordinate_ids);
    be_root_in_new(CLONE_NEWNS);
    assert_false(mount(file_of("subuid", uids, 0644), "/etc/subuid", NULL, MS_BIND, NULL));
    assert_false(mount(file_of("subgid", "", 0644), "/etc/subgid", NULL, MS_BIND, NULL));
    return spawned(attr);
}

static inline void need_files_of_ids(void)
{
    need_native();
    need_user_namespaces();
    need(exists("/etc/subuid") && exists("/etc/subgid"), "needs /etc/subuid and /etc/subgid");
    scratch();
}

SITUATION(NO_SUBUIDS, need_files_of_ids())
{
    says(with_subordinate_ids(""), "resolve (map_subordinate_ids): %s: %s", strerror(ENOENT), sentence);
}

SITUATION(NO_SUBGIDS, need_files_of_ids())
{
    says(with_subordinate_ids("0:100000:65536\n"), "resolve (map_subordinate_ids): %s: %s", strerror(ENOENT), sentence);
}

/* The library reads the limit when it is loaded, through this function of the test: the first time it fails. */
int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
{
    static bool asked;
    if (!asked) {
        asked = true;
        errno = EPERM;
        return -1;
    }
    return prlimit64(0, resource, NULL, limit);
}

FAILS(NOFILE_UNKNOWN, spawned, "resolve (restore_nofile)", EPERM, SET(restore_nofile))

static inline const char *new_cgroup(void)
{
    const char *reason, *top = cgroup_parent(&reason), *path = top ? text("%s/forkexec-sentences-%d", top, getpid()) : NULL;
    return path && !mkdir(path, 0755) ? path : NULL;
}

static inline void need_cgroup(void)
{
    const char *path = new_cgroup();
    need(path, "needs to make a cgroup of version 2");
    rmdir(path);
}

SITUATION(CGROUP_FROZEN, need_cgroup())
{
    const char *path = new_cgroup();
    struct forkexec_attr *attr = new_attr();
    SET(set_cgroup_fd, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int freeze = open(text("%s/cgroup.freeze", path), O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(freeze, "1", 1), 1);
    const char *said = spawned(attr);
    rmdir(path);
    says(said, "resolve (set_cgroup_fd): %s: %s", strerror(EBUSY), sentence);
}

/* The name in parentheses, if it is not that of a setter. */
#define IS_ABOUT(NAME, step, code, ...) \
    SITUATION(NAME, need_native()) \
    { \
        struct forkexec_attr *attr = new_attr(); \
        __VA_ARGS__; \
        says(spawned(attr), step " (%s): %s", sentence, strerror(code)); \
    }
#define IS_HELD(NAME, ...) \
    SITUATION(NAME) \
    { \
        struct forkexec_attr *attr = new_attr(); \
        __VA_ARGS__; \
        const char *why = ": forkexec_hold runs no program: remove it"; \
        says(held(attr), "validate (%s): %s%s", sentence, strerror(EINVAL), why); \
    }

IS_HELD(ABOUT_ACTIONS, SET(close_fd, 5))
IS_HELD(ABOUT_IDS, SET(set_uid, 0))
IS_HELD(ABOUT_SIGNALS, SET(set_signal_mask, 0))
IS_HELD(ABOUT_PRIVILEGES, SET(set_no_new_privs))
IS_HELD(ABOUT_SECURITY, SET(set_exec_label, "a"))
IS_HELD(ABOUT_FILTERS, SET(deny_terminal_injection))
IS_ABOUT(ABOUT_DESCRIPTORS, "resolve 0", EIO, SET(map_fd, 0, 5); DENY(fcntl, EIO, IF(1, F_GETFD)))
IS_ABOUT(ABOUT_LANDLOCK, "resolve", EIO, SET(set_no_new_privs); SET(add_landlock_path, "/", 1);
    DENY(landlock_create_ruleset, EIO))
IS_ABOUT(ABOUT_BOUNDING, "resolve", EIO, SET(set_ambient, 1); DENY(prctl, EIO, IF(0, PR_CAPBSET_READ)))
IS_ABOUT(ABOUT_UID, "resolve", EIO, SET(create_namespaces, FORKEXEC_NS_USER); SET(map_subordinate_ids);
    DENY(geteuid, EIO))
IS_ABOUT(ABOUT_GID, "resolve", EIO, SET(create_namespaces, FORKEXEC_NS_USER); SET(map_subordinate_ids);
    DENY(getegid, EIO))

/* Only inheritable capabilities may be ambient. */
SITUATION(ABOUT_AMBIENT, need_cap(CAP_SETPCAP); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_FRESH);
    assert_false(set_caps(BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL)));
    DENY(prctl, EIO, IF(0, PR_CAP_AMBIENT), IF(1, PR_CAP_AMBIENT_IS_SET));
    says(spawned(attr), "resolve (%s): %s", sentence, strerror(EIO));
}

SITUATION(ABOUT_ROOT, need_cap(CAP_SETUID); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_chroot, "/");
    have_another_saved_id();
    says(spawned(attr), "image (%s): %s: %s", sentence, strerror(EPERM),
        "needs the built-in image, whose exec would change the caller's saved ids: make them the effective ones");
}

SITUATION(ABOUT_PROGRAM)
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_FRESH);
#ifdef SYS_readlink
    DENY(readlink, EACCES);
#else
    DENY(readlinkat, EACCES);
#endif
    says(spawned_by(attr, "/proc/self/exe"), "resolve (%s): %s", sentence, strerror(EACCES));
}

SITUATION(OWN_FILE_GONE)
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_FRESH);
    DENY(newfstatat, ENOENT);
    says(spawned_by(attr, "/proc/self/exe"), "resolve (the program's path): %s: %s", strerror(ENOENT), sentence);
}

NOT_HERE(ABOUT_STRINGS, "needs an attr of more than 2 GiB")

#endif
