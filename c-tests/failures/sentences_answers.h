/* The answers of forkexec_probe, requests with Landlock on an older kernel, and the lines of forkexec_describe. */
#ifndef SENTENCES_ANSWERS_H
#define SENTENCES_ANSWERS_H
#include "sentences.h"

#include <sys/ioctl.h>

/* In a copy where a call is denied. */
#define ANSWERS(NAME, feature, ...) \
    SITUATION(NAME, need_native()) \
    { \
        __VA_ARGS__; \
        says(answer(FORKEXEC_PROBE_##feature), "%s", sentence); \
    }

ANSWERS(NO_CLONE3, CLONE3, DENY(clone3, ENOSYS))
ANSWERS(NO_CLOSE_RANGE, CLOSE_RANGE, DENY(close_range, ENOSYS))
ANSWERS(NO_PIDFD, PIDFD, DENY(pidfd_open, ENOSYS))
ANSWERS(NO_BIRTH_IN_CGROUP, BIRTH_IN_CGROUP, DENY(clone3, ENOSYS))
ANSWERS(NO_SECCOMP, SECCOMP, DENY(seccomp, ENOSYS))
ANSWERS(NO_LISTENER, SECCOMP_LISTENER, DENY(seccomp, ENOSYS))
ANSWERS(NO_TUN, TUN, DENY(openat, ENXIO, IF(2, O_RDWR | O_CLOEXEC)))
ANSWERS(NO_TIME, TIME_NAMESPACE, DENY(openat, ENOENT, IF(2, O_PATH | O_CLOEXEC)))
ANSWERS(LANDLOCK_OFF, LANDLOCK, DENY(landlock_create_ruleset, EOPNOTSUPP))
ANSWERS(LANDLOCK_MISSING, LANDLOCK, DENY(landlock_create_ruleset, ENOSYS))
ANSWERS(DEADLY_FILTER, IMAGE, DENY(memfd_create, DEADLY))
ANSWERS(NO_OWN_CORE, OWN_CORE, DENY(prctl, EINVAL, IF(0, 62)))
ANSWERS(NO_UTILIZATION, UTILIZATION, DENY(sched_setattr, EOPNOTSUPP))
ANSWERS(NO_NUMA, NUMA_POLICY, DENY(set_mempolicy, ENOSYS))
ANSWERS(NO_KSM, KSM, DENY(prctl, EINVAL, IF(0, 68)))
ANSWERS(NO_IMAGE, IMAGE, DENY(memfd_create, EACCES))

SITUATION(MEMORY_NOT_SHARED, need_emulator())
{
    says(answer(FORKEXEC_PROBE_SHARED_MEMORY), "%s", sentence);
}

SITUATION(NO_CHILD, need_native())
{
    deny(no_clones, 2);
    says(answer(FORKEXEC_PROBE_SHARED_MEMORY), "%s", filled(sentence, strerror(EPERM)));
}

/* Sysctls of a kernel that restricts user namespaces. */
static inline void with_sysctl(const char *directory, const char *name, const char *value)
{
    be_root_in_new(CLONE_NEWNS);
    cover(directory);
    int file = open(text("%s/%s", directory, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(write(file, value, strlen(value)), (ssize_t)strlen(value));
    close(file);
    know_the_host();
}

static inline void have_no_capability(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    assert_false(syscall(SYS_capset, &header, (struct __user_cap_data_struct[2]){ { 0 } }));
}

static inline void deny_clones(int code)
{
    deny((const struct denial[]){ { SYS_clone3, code, { { 0 } } }, { SYS_clone, code, { { 0 } } } }, 2);
}

#define RESTRICTED(NAME, code, directory, file, value) \
    SITUATION(NAME, need_maps()) \
    { \
        with_sysctl(directory, file, value); \
        have_no_capability(); \
        deny_clones(code); \
        says(answer(FORKEXEC_PROBE_USER_NAMESPACE), "clone: %s; %s", strerror(code), sentence); \
    }

RESTRICTED(USERNS_CLONE, EPERM, "/proc/sys/kernel", "unprivileged_userns_clone", "0\n")
RESTRICTED(MAX_USER_NAMESPACES, ENOSPC, "/proc/sys/user", "max_user_namespaces", "0\n")
RESTRICTED(TOO_MANY_USER_NAMESPACES, ENOSPC, "/proc/sys/user", "max_user_namespaces", "9\n")
RESTRICTED(APPARMOR_USERNS, EPERM, "/proc/sys/kernel", "apparmor_restrict_unprivileged_userns", "1\n")
RESTRICTED(FILTER_USERNS, EPERM, "/proc/sys/kernel", "nothing", "0\n")

static inline void need_a_chroot(void)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_maps();
}

SITUATION(CALLER_IN_CHROOT, need_a_chroot())
{
    know_the_host();
    assert_false(chroot(scratch()) || chdir("/"));
    says(answer(FORKEXEC_PROBE_USER_NAMESPACE), "clone: %s; %s", strerror(EPERM), sentence);
}

/* The root is a mount, so that only a privileged caller could find out that it is not the root of the mount namespace. */
static inline void have_an_unknown_root(bool with_proc)
{
    know_the_host();
    assert_false(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount("/", scratch(), NULL, MS_BIND | MS_REC, NULL));
    if (!with_proc)
        cover(text("%s/proc", scratch()));
    assert_false(chroot(scratch()) || chdir("/"));
    become_nobody();
}

static inline void need_an_unrestricting_host(void)
{
    need_a_chroot();
    need(!exists("/proc/sys/kernel/unprivileged_userns_clone") &&
            !exists("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"), "user namespaces may be restricted otherwise");
}

SITUATION(UNKNOWN_USERNS, need_an_unrestricting_host())
{
    have_an_unknown_root(true);
    says(answer(FORKEXEC_PROBE_USER_NAMESPACE), "clone: %s; %s", strerror(EPERM), sentence);
}

SITUATION(UNKNOWN_WITHOUT_PROC, need_an_unrestricting_host())
{
    have_an_unknown_root(false);
    says(answer(FORKEXEC_PROBE_USER_NAMESPACE), "clone: %s; %s", strerror(EPERM), sentence);
}

SITUATION(TIME_WITHOUT_PROC, need_maps())
{
    be_root_in_new(CLONE_NEWNS);
    cover("/proc");
    says(answer(FORKEXEC_PROBE_TIME_NAMESPACE), "%s", filled(sentence, "no proc file system is mounted on /proc"));
}

/* A thread answers the system call instead of the kernel, with the version of an older Landlock. */
static int landlock_listener;

static void *answers_for_landlock(void *version)
{
    for (;;) {
        struct seccomp_notif asked = { 0 };
        if (ioctl(landlock_listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
            return NULL;
        struct seccomp_notif_resp answer = { .id = asked.id, .val = (intptr_t)version };
        ioctl(landlock_listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

static inline void have_landlock(intptr_t version)
{
    struct sock_filter filter[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 3),
        /* Only the call that asks for the version. */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF), ALLOW_ALL };
    struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
    pthread_t thread;
    assert_false(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    landlock_listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    assert_true(landlock_listener >= 0);
    assert_false(pthread_create(&thread, NULL, answers_for_landlock, (void *)version));
}

SITUATION(OLD_LANDLOCK, need_native(); need_of_copies(FORKEXEC_PROBE_SECCOMP_LISTENER))
{
    have_landlock(3);
    says(answer(FORKEXEC_PROBE_LANDLOCK), "%s", filled(sentence, "3"));
}

SITUATION(NO_LANDLOCK, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_no_new_privs);
    SET(add_landlock_path, "/", FORKEXEC_LANDLOCK_FS_READ_FILE);
    DENY(landlock_create_ruleset, ENOSYS);
    says(spawned(attr), "landlock: %s: %s", strerror(EOPNOTSUPP), sentence);
}

#define OLD(NAME, version, ...) \
    SITUATION(NAME, need_native(); need_of_copies(FORKEXEC_PROBE_SECCOMP_LISTENER)) \
    { \
        struct forkexec_attr *attr = new_attr(); \
        SET(set_no_new_privs); \
        __VA_ARGS__; \
        have_landlock(version); \
        says(spawned(attr), "landlock: %s: %s", strerror(EOPNOTSUPP), sentence); \
    }

OLD(LANDLOCK_WITHOUT_SCOPES, 5, SET(set_landlock_scopes, FORKEXEC_LANDLOCK_SCOPE_SIGNAL))
OLD(LANDLOCK_WITHOUT_PORTS, 3, SET(add_landlock_port, 1, FORKEXEC_LANDLOCK_NET_BIND_TCP))
OLD(LANDLOCK_WITHOUT_ACCESS, 1, SET(add_landlock_path, "/", FORKEXEC_LANDLOCK_FS_READ_FILE))

OLD(LANDLOCK_TOO_OLD, 8, SET(add_landlock_path, "/", FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX))

/* A version newer than all that the library knows. */
SITUATION(LANDLOCK_BITS_UNKNOWN, need_landlock(1); need_of_copies(FORKEXEC_PROBE_SECCOMP_LISTENER))
{
    struct forkexec_attr *attr = new_attr();
    SET(set_no_new_privs);
    SET(set_landlock_handled, BIT(63), 0);
    have_landlock(11);
    says(spawned(attr), "landlock rule: %s: %s", strerror(EINVAL), sentence);
}

SITUATION(LANDLOCK_WITHOUT, need_native(); need_of_copies(FORKEXEC_PROBE_SECCOMP_LISTENER))
{
    have_landlock(9);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_LANDLOCK_UNIX, NULL, 0), 1);
    says(answer(FORKEXEC_PROBE_LANDLOCK_UDP), "%s", filled(sentence, "9"));
}

OLD(LANDLOCK_WITHOUT_FLAGS, 6, SET(set_landlock_flags, FORKEXEC_LANDLOCK_FLAG_LOG_NEW_EXEC_ON))

/* The line of a step, which begins with the step's name. */
#define DESCRIBES(...) DESCRIBES_WHERE(need_native(), __VA_ARGS__)
#define DESCRIBES_WHERE(needs, NAME, step, parts, ...) \
    SITUATION(NAME, needs) \
    { \
        struct forkexec_attr *attr = new_attr(); \
        __VA_ARGS__; \
        says(described(attr, step), "%s%s", step, filled(sentence, PARTS parts)); \
    }
#define PARTS(...) __VA_ARGS__

DESCRIBES(BIND, "bind 0: ", ("/a", "/b"), SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(bind_mount, "/a", "/b", 0))
DESCRIBES(BIND_IF_THERE, "bind 0: ", ("/a", "/b"), SET(create_namespaces, FORKEXEC_NS_MOUNT);
    SET(bind_mount, "/a", "/b", FORKEXEC_MOUNT_OPTIONAL))
DESCRIBES(BIND_FD, text("bind 0: "), (text("%d", fd), "/usr", "/b"), int fd = open("/usr", O_PATH | O_CLOEXEC);
    SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(bind_mount_fd, fd, "/b", 0))
DESCRIBES(OVERLAY, "overlay 0: ", ("/o", text("lowerdir=/a\\:\\,\\\\:/b%s", of_users())),
    SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(mount_overlay, LOWERS("/a:,\\", "/b"), 2, NULL, NULL, "/o", 0))
DESCRIBES(REMOUNT, "remount 0: ", ("/a", "0x3"), SET(create_namespaces, FORKEXEC_NS_MOUNT);
    SET(remount, "/a", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID))
DESCRIBES(MODE, "mode 0: ", ("/a", "0750"), SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(change_mode, "/a", 0750))
DESCRIBES(FILE_OF_FD, "file 0: ", ("/a", text("%d", fd)), int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(make_file_fd, "/a", fd, 0644))
#define DESCRIBES_PROC(NAME, flags) \
    DESCRIBES(NAME, "proc 0: ", ("/p"), SET(create_namespaces, FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID); \
        SET(mount_proc, "/p", flags))
DESCRIBES_PROC(PROC_READONLY_BUT, FORKEXEC_MOUNT_KERNEL_READONLY)
DESCRIBES_PROC(PROC_HIDDEN_BUT, FORKEXEC_MOUNT_KERNEL_HIDDEN)
DESCRIBES_PROC(PROC_BOTH, FORKEXEC_MOUNT_KERNEL_READONLY | FORKEXEC_MOUNT_KERNEL_HIDDEN)
DESCRIBES(SYMLINK, "symlink 0: ", ("/b", "a"), SET(create_namespaces, FORKEXEC_NS_MOUNT);
    SET(make_symlink, "a", "/b"))
DESCRIBES(FD, "cwd: ", ("0"), SET(set_cwd_fd, 0))
DESCRIBES(EMPTY_ROOT, "root: ", (NULL), SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_root, NULL, 0))
DESCRIBES(SCHEDULER, "scheduler: ", ("3", "0"), SET(set_scheduler, SCHED_BATCH, 0))
DESCRIBES(DEADLINE_OF, "scheduler: ", ("1024", "2048", "4096"), SET(set_deadline, 1024, 2048, 4096))
DESCRIBES(UTILIZED, "utilization: ", ("10", "500"), SET(set_utilization, 10, 500))
DESCRIBES(MEMORY_POLICY, "numa policy: ", ("3", "[1, 65]"), SET(set_numa_policy, 3, ((uint32_t[]){ 65, 1 }), 2))
DESCRIBES(SPECULATED, "speculation 2: ", ("2", "2"), SET(set_speculation, 2, FORKEXEC_SPECULATE_ENABLE))
DESCRIBES(CHOSEN_PID, "clone: ", ("[77, 5]"), SET(set_pid, ((int32_t[]){ 77, 5 }), 2))
DESCRIBES(IO_CLASS, "io priority: ", ("2", "7"), SET(set_io_priority, 2, 7))
DESCRIBES(SLACK, "timer slack: ", ("1000"), SET(set_timer_slack, 1000))
DESCRIBES(DEVICE, "tun: ", ("proxy0", "0x1001"), SET(open_tun, "proxy0", 0x1001))
DESCRIBES(TERMINAL_SIZE, "terminal: ", ("24", "80"), SET(set_terminal, 24, 80))
DESCRIBES(LISTENS, "listen 0: ", ("tcp", "127.0.0.1:80", "7"), SET(listen, SOCK_STREAM, &at_80, sizeof at_80, 7))
DESCRIBES(BOUND, "listen 0: ", ("udp", "127.0.0.1:80"), SET(listen, SOCK_DGRAM, &at_80, sizeof at_80, 0))
DESCRIBES(HANDED, "hand over: ", (NULL), SET(listen, SOCK_STREAM, &at_80, sizeof at_80, 7))
DESCRIBES(HANDED_ALL, "hand over: ", ("2"), SET(listen, SOCK_STREAM, &at_80, sizeof at_80, 7);
    SET(listen, SOCK_DGRAM, &at_80, sizeof at_80, 7))
DESCRIBES_WHERE(need_landlock(4), RULE_OF_PORT, "landlock rule 0: ", ("99", "0x1"), SET(set_no_new_privs);
    SET(add_landlock_port, 99, 1))
DESCRIBES_WHERE(need_landlock(1), RULE_OF_PATH, "landlock rule 0: ", ("/", "0x4"), SET(set_no_new_privs);
    SET(set_landlock_handled, 4, 0); SET(add_landlock_path, "/", 4))
DESCRIBES_WHERE(need_landlock(1), RULESET, "landlock: ", ("0x4", "0x0", "0x0"), SET(set_no_new_privs);
    SET(set_landlock_handled, 4, 0))
DESCRIBES_WHERE(need_landlock(7), RULESET_WITH_FLAGS, "landlock: ", ("fs 0x4, net 0x0, scopes 0x0", "0x2"),
    SET(set_no_new_privs); SET(set_landlock_handled, 4, 0); SET(set_landlock_flags, 2))
DESCRIBES(SIGNAL, "parent death: ", ("9"), SET(set_parent_death_signal, SIGKILL, FORKEXEC_DEATH_OF_THREAD))
DESCRIBES(DISPOSITIONS, "signal actions: ", ("0x2", "0x4"), SET(set_signal_default, 2); SET(set_signal_ignore, 4))
DESCRIBES(CALLERS_MASK, "signal mask: ", (NULL))
DESCRIBES(LINGERS, "init: ", (NULL), SET(create_namespaces, FORKEXEC_NS_PID); SET(set_lingering_init))
DESCRIBES(BEFORE_FILTERS, "signal mask: the caller's", (NULL), SET(set_no_new_privs);
    SET(add_seccomp_filter, &kill_all, 1, 0))
DESCRIBES(MOVED, "fd map 0: ", ("0", "7"), SET(map_fd, 0, 7))
DESCRIBES(OPENED, "fd action 0: ", ("/a", "8"), SET(open_fd, 8, "/a", O_RDONLY, 0))
DESCRIBES(DUPLICATED, "fd action 0: ", ("0", "8"), SET(dup_fd, 0, 8))
DESCRIBES(CLOSED, "fd action 0: ", ("8"), SET(close_fd, 8))
DESCRIBES(CLOSED_FROM, "fd action 0: ", ("8"), SET(close_fds_from, 8))
DESCRIBES(ENTERED, "fd action 0: ", ("/a"), SET(enter_directory, "/a"))
DESCRIBES(MEASURED, "cgroup birth: ", (NULL), SET(measure_memory))
DESCRIBES(ENTERED_FD, "fd action 0: ", ("0"), SET(enter_directory_fd, 0))
DESCRIBES(DENIED, "user namespaces: ", (NULL), SET(set_no_new_privs); SET(deny_user_namespaces))
DESCRIBES(FILTER, "seccomp 0: ", ("1"), SET(set_no_new_privs); SET(add_seccomp_filter, &allow_all, 1, 0))
DESCRIBES(FILTER_WITH_FLAGS, "seccomp 0: ", ("1", "0x4"), SET(set_no_new_privs);
    SET(add_seccomp_filter, &allow_all, 1, FORKEXEC_SECCOMP_SPEC_ALLOW))
DESCRIBES(LIMIT, "rlimit 0: ", ("core", "0", "0"), SET(set_rlimit, RLIMIT_CORE, 0, 0))
DESCRIBES(UNLIMITED, "rlimit 0: cpu 1 of ", (NULL), SET(set_rlimit, RLIMIT_CPU, 1, UINT64_MAX))
DESCRIBES(JOINED, "join 0: ", ("uts", text("%d", uts)), int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    SET(join_namespace, uts, FORKEXEC_NS_UTS))

SITUATION(IN_CALLERS_MEMORY, need_native())
{
    says(described(new_attr(), "a child"), "%s", sentence);
}

SITUATION(IN_IMAGE, need_native(); need_of_copies(FORKEXEC_PROBE_IMAGE))
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_FRESH);
    says(described(attr, "a child"), "%s", sentence);
}

SITUATION(IN_COPY)
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_COPIED);
    says(described(attr, "a child"), "%s", sentence);
}

/* A copied child can be in any cgroup. */
SITUATION(BORN_IN, need_cgroup())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_COPIED);
    const char *path = new_cgroup();
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SET(set_cgroup_fd, fd);
    const char *said = described(attr, "cgroup: ");
    rmdir(path);
    says(said, "cgroup: %s", filled(sentence, text("%d", fd)));
}

/* Others may freeze the cgroup. */
SITUATION(WRITTEN_TO, need_cgroup())
{
    struct forkexec_attr *attr = new_attr();
    const char *path = new_cgroup();
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_false(chmod(path, 0777));
    SET(create_namespaces, FORKEXEC_NS_USER);
    SET(set_cgroup_fd, fd);
    const char *said = described(attr, "cgroup: ");
    rmdir(path);
    says(said, "cgroup: %s", filled(sentence, text("%d", fd)));
}

static inline struct forkexec_attr *without_one_capability(void)
{
    struct forkexec_attr *attr = new_attr();
    uint64_t all = 0;
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        all |= BIT(cap);
    SET(set_capabilities, FORKEXEC_CAP_BOUNDING, all & ~BIT(CAP_KILL));
    return attr;
}

SITUATION(WITHOUT_CAPABILITIES)
{
    says(described(without_one_capability(), "bounding set: "), "bounding set: %s", filled(sentence, "0x20"));
}

SITUATION(ONE_CAPABILITY, need_native())
{
    struct forkexec_attr *attr = without_one_capability();
    DENY(prctl, EIO, IF(0, PR_CAPBSET_DROP));
    says(spawned(attr), "bounding set 5 (%s): %s", filled(sentence, "5"), strerror(EIO));
}

SITUATION(CAPABILITIES)
{
    struct forkexec_attr *attr = new_attr();
    SET(drop_capabilities);
    says(described(attr, "capabilities: "), "capabilities: %s", filled(sentence, "0x0", "0x0", "0x0"));
}

SITUATION(RULESET_OF_FD, need_landlock(1))
{
    struct forkexec_attr *attr = new_attr();
    struct { uint64_t fs; } handled = { FORKEXEC_LANDLOCK_FS_EXECUTE };
    int fd = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    SET(set_no_new_privs);
    SET(set_landlock_ruleset, fd);
    says(described(attr, "landlock: "), "landlock: %s", filled(sentence, text("%d", fd), "fs 0x0, net 0x0, scopes 0x0"));
}

SITUATION(RULESET_LACKS, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_no_new_privs);
    SET(set_landlock_handled, FORKEXEC_LANDLOCK_FS_EXECUTE, 0);
    SET(allow_partial_landlock);
    DENY(landlock_create_ruleset, ENOSYS);
    says(described(attr, "landlock: "), "landlock: %s",
        filled(sentence, "fs 0x0, net 0x0, scopes 0x0", "fs 0x1, net 0x0, scopes 0x0"));
}

#endif
