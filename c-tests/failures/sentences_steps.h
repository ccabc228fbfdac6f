/* Steps that fail for a reason that the errno alone does not tell. */
#ifndef SENTENCES_STEPS_H
#define SENTENCES_STEPS_H
#include "sentences.h"

static inline void need_maps(void)
{
    need_native();
    need_user_namespaces();
    scratch();
}

SITUATION(NO_PROGRAM)
{
    const char *file = file_of("file", "?", 0755);
    says(spawned_by(new_attr(), file), "exec (%s): %s: %s", file, strerror(ENOEXEC), sentence);
}

SITUATION(GROUPS_DROPPED, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_uid, getuid());
    DENY(setgroups, EPERM);
    says(spawned(attr), "groups ([]): %s: %s", strerror(EPERM), sentence);
}

SITUATION(GROUPS_DENIED_THERE, need_maps())
{
    struct forkexec_attr *attr = new_attr(), *denies = new_attr();
    struct forkexec_child *holder = NULL;
    SET(set_uid, 0);
    SET(set_groups, (const uint32_t[]){ 0, 1 }, 2);
    OK(forkexec_attr_create_namespaces(denies, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(denies, 0, geteuid(), 1));
    OK(forkexec_attr_map_gid(denies, 0, getegid(), 1));
    OK(forkexec_hold(denies, &holder, NULL));
    SET(join_pidfd, forkexec_child_pidfd(holder), FORKEXEC_NS_USER);
    says(spawned(attr), "groups ([0, 1]): %s: %s", strerror(EPERM), sentence);
    forkexec_close(holder);
}

static void with_second_users(int errno_, const char *sentence)
{
    struct forkexec_attr *attr = new_attr();
    int fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    SET(join_second_user_namespace, fd);
    if (errno_ == EPERM)
        DENY(setns, EPERM);
    says(spawned(attr), "second user namespace (fd %d): %s: %s", fd, strerror(errno_), sentence);
    close(fd);
}

SITUATION(SECOND_USERS_NOT_BELOW, need_native())
{
    with_second_users(EPERM, sentence);
}

SITUATION(SECOND_USERS_ALREADY, need_native())
{
    with_second_users(EINVAL, sentence);
}

SITUATION(NEEDS_SETPCAP, need_native())
{
    struct forkexec_attr *attr = new_attr();
    uint64_t all = 0;
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        all |= BIT(cap);
    SET(set_capabilities, FORKEXEC_CAP_BOUNDING, all & ~BIT(CAP_KILL));
    DENY(prctl, EPERM, IF(0, PR_CAPBSET_DROP));
    says(spawned(attr), "bounding set 5 (capability 5): %s: %s", strerror(EPERM), sentence);
}

SITUATION(IMAGE_REFUSED, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_chroot, "/");
    DENY(memfd_create, EACCES);
    says(spawned(attr), "image: %s: %s", strerror(EACCES), sentence);
}

SITUATION(IMAGE_TAKES_CAPABILITIES, need_cap(CAP_SYS_CHROOT); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_chroot, "/");
    DENY(capset, EIO);
    says(spawned(attr), "carry capabilities: %s: %s", strerror(EIO), sentence);
}

static const struct denial no_clones[] = { { SYS_clone3, EPERM, { { 0 } } }, { SYS_clone, EPERM, { { 0 } } } };

SITUATION(USER_NAMESPACES_RESTRICTED, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    know_the_host();
    deny(no_clones, 2);
    says(spawned(attr), "clone (user): %s: %s", strerror(EPERM), sentence);
}

SITUATION(IN_A_CHROOT, need_root(); need_maps())
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    know_the_host();
    assert_false(chroot(scratch()) || chdir("/"));
    says(spawned(attr), "clone (user): %s: %s", strerror(EPERM), sentence);
}

/* As qemu-user does. */
SITUATION(NO_NAMESPACES_IN_QEMU, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    deny((const struct denial[]){ { SYS_clone3, ENOSYS, { { 0 } } },
             { SYS_clone, EINVAL, { UNLESS(0, CLONE_VM | CLONE_VFORK | SIGCHLD) } } }, 2);
    says(spawned(attr), "clone (user): %s: %s", strerror(EINVAL), sentence);
}

/* In a user namespace whose maps the kernel does not let the caller write. */
static inline struct forkexec_attr *refused_a_map(void)
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    SET(map_uid, 7, getuid(), 1);
    DENY(write, EPERM, IF(2, strlen(text("7 %u 1\n", getuid()))));
    return attr;
}

SITUATION(OWN_ID_ONCE, need_maps())
{
    says(spawned(refused_a_map()), "id map (uid_map): %s: %s", strerror(EPERM), sentence);
}

SITUATION(RANGES_OVERLAP, need_maps())
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    SET(map_uid, 0, geteuid(), 1);
    SET(map_uid, 1, geteuid(), 1);
    says(spawned(attr), "id map (uid_map): %s: %s", strerror(EINVAL), sentence);
}

static inline const char *helped_by(const char *does)
{
    const char *helper = file_of("helper", text("#!/bin/sh\n%s\n", does), 0755);
    struct forkexec_attr *attr = refused_a_map();
    SET(set_map_helpers, helper, NULL);
    const char *said = spawned(attr), *begins = text("id map (%s): %s: ", helper, strerror(EPERM));
    assert_memory_equal(said, begins, strlen(begins));
    return said + strlen(begins);
}

SITUATION(HELPER_EXITED, need_maps())
{
    says(helped_by("exit 3"), "%s", filled(sentence, "3"));
}

SITUATION(HELPER_KILLED, need_maps())
{
    says(helped_by("kill -9 $$"), "%s", filled(sentence, "9"));
}

SITUATION(HELPER_WROTE_NOTHING, need_maps())
{
    says(helped_by("exit 0"), "%s", sentence);
}

/* The helper has the privilege that its caller lacks. */
SITUATION(HELPER_DENIED_SETGROUPS, need_cap(CAP_SETGID); need_maps())
{
    struct forkexec_attr *attr = new_attr();
    const char *helper = file_of("helper", "#!/bin/sh\necho deny >/proc/$1/setgroups; echo \" $2 $3 $4\" >/proc/$1/gid_map\n", 0755);
    SET(create_namespaces, FORKEXEC_NS_USER);
    SET(map_gid, 7, 100007, 1);
    SET(allow_setgroups);
    SET(set_map_helpers, NULL, helper);
    /* "7 100007 1\n" is 11 bytes; the line of the helper begins with a blank. */
    DENY(write, EPERM, IF(2, 11));
    says(spawned(attr), "id map (%s): %s: %s", helper, strerror(EPERM), sentence);
}

SITUATION(NEEDS_RESOURCE, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_rlimit, RLIMIT_CORE, 0, 0);
    DENY(prlimit64, EPERM, IF(1, RLIMIT_CORE), UNLESS(2, 0));
    says(spawned(attr), "rlimit 0 (core 0 of 0): %s: %s", strerror(EPERM), sentence);
}

SITUATION(FILTER_NEEDS_PRIVILEGE, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(add_seccomp_filter, &allow_all, 1, 0);
    DENY(seccomp, EACCES);
    says(spawned(attr), "privileged seccomp 0 (length 1): %s: %s", strerror(EACCES), sentence);
}

SITUATION(FILTER_WITHOUT_EFFECT, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_no_new_privs);
    SET(deny_user_namespaces);
    DENY(seccomp, 0);
    says(spawned(attr), "user namespaces (denied): %s: %s", strerror(EOPNOTSUPP), sentence);
}

/* A step whose call is denied, and the message. */
#define REFUSES(NAME, said, code, denied, ...) \
    SITUATION(NAME, need_native()) \
    { \
        struct forkexec_attr *attr = new_attr(); \
        __VA_ARGS__; \
        DENY(denied, code); \
        says(spawned(attr), said ": %s: %s", strerror(code), sentence); \
    }

REFUSES(UTILIZATION_UNKNOWN, "utilization (10 to 500 of 1024)", EOPNOTSUPP, sched_setattr, SET(set_utilization, 10, 500))
REFUSES(NODES_NOT_THERE, "numa policy (mode 2, nodes [0])", EINVAL, set_mempolicy,
    SET(set_numa_policy, 2, &(uint32_t){ 0 }, 1))
REFUSES(DEADLINE_REFUSED, "scheduler (deadline, 1024 ns in the first 2048 of every 2048)", EPERM, sched_setattr,
    SET(set_deadline, 1024, 2048, 0))
REFUSES(DEADLINE_TOO_MUCH, "scheduler (deadline, 1024 ns in the first 2048 of every 2048)", EBUSY, sched_setattr,
    SET(set_deadline, 1024, 2048, 0))

REFUSES(PID_IN_USE, "clone (pid [77])", EEXIST, clone3, SET(set_pid, &(int32_t){ 77 }, 1))
REFUSES(PID_NEEDS, "clone (pid [77])", EPERM, clone3, SET(set_pid, &(int32_t){ 77 }, 1))
REFUSES(PID_LEVELS, "clone (pid [77])", EINVAL, clone3, SET(set_pid, &(int32_t){ 77 }, 1))
REFUSES(PID_BY_CLONE3, "clone (pid [77])", ENOSYS, clone3, SET(set_pid, &(int32_t){ 77 }, 1))

SITUATION(SPECULATION_FIXED, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_speculation, FORKEXEC_SPECULATION_INDIRECT_BRANCH, FORKEXEC_SPECULATE_FORCE_DISABLE);
    DENY(prctl, ENXIO, IF(0, 53));
    says(spawned(attr), "speculation 1 (feature 1, control 8): %s: %s", strerror(ENXIO), sentence);
}

SITUATION(KSM_ENDS, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_process_flags, FORKEXEC_PROCESS_KSM);
    assert_true(syscall(SYS_personality, 0x0020000 /* UNAME26 */) >= 0);
    says(spawned(attr), "process flags 64: %s: %s", strerror(EOPNOTSUPP), sentence);
}

static inline void listening_fails(int code, const char *sentence)
{
    struct forkexec_attr *attr = new_attr();
    SET(listen, SOCK_STREAM, &at_80, sizeof at_80, 7);
    DENY(bind, code);
    says(spawned(attr), "listen 0 (tcp 127.0.0.1:80, backlog 7): %s: %s", strerror(code), sentence);
}

SITUATION(NO_PTMX, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_terminal, 24, 80);
    DENY(openat, ENOENT, { IS, 2, O_RDWR | O_NOCTTY | O_CLOEXEC });
    says(spawned(attr), "terminal (24 rows, 80 columns): %s: %s", strerror(ENOENT), sentence);
}

SITUATION(TUN_FORBIDDEN, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(open_tun, "proxy0", 1);
    DENY(openat, EACCES, { IS, 2, O_RDWR | O_NOCTTY | O_CLOEXEC });
    says(spawned(attr), "tun (device proxy0, flags 0x1): %s: %s", strerror(EACCES), sentence);
}

SITUATION(TUN_NEEDS, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(open_tun, "proxy0", 1);
    DENY(openat, EPERM, { IS, 2, O_RDWR | O_NOCTTY | O_CLOEXEC });
    says(spawned(attr), "tun (device proxy0, flags 0x1): %s: %s", strerror(EPERM), sentence);
}

SITUATION(LISTEN_IN_USE, need_native())
{
    listening_fails(EADDRINUSE, sentence);
}

SITUATION(LISTEN_NO_ADDRESS, need_native())
{
    listening_fails(EADDRNOTAVAIL, sentence);
}

SITUATION(LISTEN_FORBIDDEN, need_native())
{
    listening_fails(EACCES, sentence);
}

SITUATION(PROCESS_FLAG_UNKNOWN, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_process_flags, FORKEXEC_PROCESS_SUBREAPER);
    DENY(prctl, EINVAL, { IS, 0, PR_SET_CHILD_SUBREAPER });
    says(spawned(attr), "process flags 8 (0x8): %s: %s", strerror(EINVAL), sentence);
}

static inline void need_landlock(int version)
{
    need_native();
    need(syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= version,
        "needs version %d of Landlock", version);
}

SITUATION(LANDLOCK_FORBIDS_PROGRAM, need_landlock(1))
{
    struct forkexec_attr *attr = new_attr();
    SET(set_no_new_privs);
    SET(set_landlock_handled, FORKEXEC_LANDLOCK_FS_EXECUTE, 0);
    says(spawned(attr), "exec (%s): %s: %s", reporter, strerror(EACCES), sentence);
}

SITUATION(RULE_OF_DIRECTORIES, need_landlock(1))
{
    struct forkexec_attr *attr = new_attr();
    SET(set_no_new_privs);
    SET(set_landlock_handled, FORKEXEC_LANDLOCK_FS_READ_DIR, 0);
    SET(add_landlock_path, reporter, FORKEXEC_LANDLOCK_FS_READ_DIR);
    says(spawned(attr), "landlock rule 0 (%s, access 0x8): %s: %s", reporter, strerror(EINVAL), sentence);
}

/* An empty root. */
static inline struct forkexec_attr *rooted(void)
{
    struct forkexec_attr *attr = mount_attr(FORKEXEC_MEMORY_AUTO, false);
    SET(set_root, NULL, 0);
    return attr;
}

static inline void need_roots(void)
{
    need_native();
    need_mounts();
    need_of_copies(FORKEXEC_PROBE_IMAGE);
}

SITUATION(OWN_FILE_OUTSIDE, need_roots())
{
    struct forkexec_attr *attr = rooted();
    says(spawned_by(attr, "/proc/self/exe"), "validate (the program's path): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(IDMAPPED_NEEDS, need_roots())
{
    struct forkexec_attr *attr = rooted();
    SET(bind_mount_idmapped, "/dev", "/a", open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), FORKEXEC_MOUNT_CREATE);
    DENY(mount_setattr, EPERM);
    says(spawned(attr), "bind 0 (/dev on /a): %s: %s", strerror(EPERM), sentence);
}

SITUATION(PROC_NEEDS, need_roots())
{
    struct forkexec_attr *attr = rooted();
    SET(mount_proc, "/proc", FORKEXEC_MOUNT_CREATE);
    DENY(mount, EPERM, IF(3, MS_NOSUID | MS_NODEV | MS_NOEXEC));
    says(spawned(attr), "proc 0 (/proc): %s: %s", strerror(EPERM), sentence);
}

SITUATION(PTS_NEEDS_ROOT, need_root(); need_roots(); need_user_namespaces())
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT);
    SET(map_uid, 7, geteuid(), 2);
    SET(map_gid, 7, getegid(), 1);
    SET(set_root, NULL, 0);
    SET(mount_dev, "/dev", FORKEXEC_MOUNT_CREATE);
    DENY(mount, EINVAL, IF(3, MS_NOSUID | MS_NOEXEC));
    says(spawned(attr), "dev 0 (/dev): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(BIND_UNCOVERS, need_roots(); need_user_namespaces())
{
    struct forkexec_attr *attr = mount_attr(FORKEXEC_MEMORY_AUTO, true);
    SET(set_root, NULL, 0);
    SET(add_mount, "/", "/a", NULL, MS_BIND, NULL);
    SET(make_directory, "/a", 0755);
    DENY(open_tree, EINVAL);
    says(spawned(attr), "mount 0 (/ on /a): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(ROOT_NO_MOUNT, need_roots())
{
    struct forkexec_attr *attr = rooted();
    DENY(pivot_root, EINVAL);
    says(spawned(attr), "pivot_root: %s: %s", strerror(EINVAL), sentence);
}

SITUATION(MOUNT_ON_FILE, need_roots())
{
    struct forkexec_attr *attr = rooted();
    SET(bind_mount, "/dev/null", "/a", FORKEXEC_MOUNT_CREATE);
    DENY(move_mount, EOPNOTSUPP);
    says(spawned(attr), "bind 0 (/dev/null on /a): %s: %s", strerror(EOPNOTSUPP), sentence);
}

SITUATION(OUTSIDE_ROOT, need_roots())
{
    struct forkexec_attr *attr = new_attr();
    if (geteuid())
        SET(create_namespaces, FORKEXEC_NS_USER);
    SET(set_chroot, scratch());
    SET(set_cwd_fd, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    says(spawned(attr), "cwd check: %s: %s", strerror(ENOENT), sentence);
}

SITUATION(CWD_AS_CALLER, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_cwd, "/");
    SET(set_cwd_rights, FORKEXEC_CWD_RIGHTS_CALLER);
    DENY(chdir, EACCES);
    says(spawned(attr), "cwd before ids (/): %s: %s", strerror(EACCES), sentence);
}

SITUATION(CWD_AS_PROGRAM, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_cwd, "/");
    SET(set_uid, getuid());
    SET(keep_groups);
    DENY(chdir, EACCES);
    says(spawned(attr), "cwd (/): %s: %s", strerror(EACCES), sentence);
}

/* A child in a cgroup that refuses it. */
static inline const char *refused_by_cgroup(int code, int *fd)
{
    struct forkexec_attr *attr = new_attr();
    const char *path = new_cgroup();
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SET(set_cgroup_fd, *fd);
    know_the_host();
    DENY(clone3, code);
    const char *said = spawned(attr);
    rmdir(path);
    return said;
}

#define CGROUP_REFUSES(NAME, code) \
    SITUATION(NAME, need_native(); need_cgroup()) \
    { \
        int fd; \
        const char *said = refused_by_cgroup(code, &fd); \
        says(said, "cgroup (born in fd %d): %s: %s", fd, strerror(code), sentence); \
    }

CGROUP_REFUSES(CGROUP_NEEDS_RIGHTS, EACCES)
CGROUP_REFUSES(CGROUP_HAS_CONTROLLERS, EBUSY)
CGROUP_REFUSES(CGROUP_TYPE, EOPNOTSUPP)
CGROUP_REFUSES(CGROUP_GONE, ENOENT)

static const struct denial no_more_clones[] = { { SYS_clone3, EAGAIN, { { 0 } } }, { SYS_clone, EAGAIN, { { 0 } } } };

SITUATION(TOO_MANY_PROCESSES, need_native())
{
    struct forkexec_attr *attr = new_attr();
    know_the_host();
    deny(no_more_clones, 2);
    says(spawned(attr), "clone: %s: %s", strerror(EAGAIN), sentence);
}

SITUATION(DEADLINE_MAKES_NONE, need_native(); need_cap(CAP_SYS_NICE))
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } policy = { sizeof policy, SCHED_DEADLINE, 0, 0, 0, 1000000, 100000000, 100000000 };
    struct forkexec_attr *attr = new_attr();
    /* In a copy, for which nobody waits with a shorter timeout. */
    assert_false(syscall(SYS_sched_setattr, 0, &policy, 0));
    says(spawned(attr), "clone: %s: %s", strerror(EAGAIN), sentence);
}

SITUATION(CHILDREN_GO_ELSEWHERE, need_native(); need_cap(CAP_SYS_ADMIN))
{
    struct forkexec_attr *attr = new_attr();
    SET(set_parent_death_signal, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
    assert_false(unshare(CLONE_NEWPID));
    says(spawned(attr), "clone: %s: %s", strerror(EINVAL), sentence);
}

SITUATION(USER_HAS_TOO_MANY, need_native())
{
    struct forkexec_attr *attr = new_attr();
    DENY(execve, EAGAIN);
    says(spawned(attr), "exec (%s): %s: %s", reporter, strerror(EAGAIN), sentence);
}

SITUATION(FILE_SIZE_LIMITED, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_FRESH);
    become_nobody();
    assert_false(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1000, 1000 }));
    /* What a probe may have left. */
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    says(spawned(attr), "image: %s: %s", strerror(EFBIG), sentence);
}

SITUATION(OOM_SCORE_REFUSED, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_oom_score_adj, 321);
    DENY(write, EACCES, IF(2, 3));
    says(spawned(attr), "oom_score_adj (321): %s: %s", strerror(EACCES), sentence);
}

SITUATION(NOT_DUMPABLE, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_memory_mode, FORKEXEC_MEMORY_COPIED);
    SET(set_oom_score_adj, 321);
    become_nobody();
    assert_false(prctl(PR_SET_DUMPABLE, 0));
    says(spawned(attr), "oom_score_adj (321): %s: %s", strerror(EACCES), sentence);
}

static inline struct forkexec_attr *with_one_map(void)
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    SET(map_uid, 7, getuid(), 1);
    return attr;
}

SITUATION(PROC_FORBIDDEN, need_maps(); need_of_copies(FORKEXEC_PROBE_LANDLOCK))
{
    static const struct landlock_ruleset_attr nothing = { .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE };
    struct forkexec_attr *attr = with_one_map();
    int fd = (int)syscall(SYS_landlock_create_ruleset, &nothing, sizeof nothing.handled_access_fs, 0);
    assert_false(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, fd, 0));
    says(spawned(attr), "id map (uid_map): %s: %s", strerror(EACCES), sentence);
}

SITUATION(MOUNTS_FORBIDDEN, need_maps(); need_of_copies(FORKEXEC_PROBE_LANDLOCK))
{
    static const struct landlock_ruleset_attr nothing = { .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_FIFO };
    struct forkexec_attr *attr = with_one_map();
    SET(create_namespaces, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT);
    int fd = (int)syscall(SYS_landlock_create_ruleset, &nothing, sizeof nothing.handled_access_fs, 0);
    assert_false(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, fd, 0));
    says(spawned(attr), "mount propagation (0x44000): %s: %s", strerror(EPERM), sentence);
}

SITUATION(PROC_READONLY, need_maps(); need_cap(CAP_SYS_ADMIN))
{
    struct forkexec_attr *attr = with_one_map();
    assert_false(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)
        || mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    says(spawned(attr), "id map (uid_map): %s: %s", strerror(EROFS), sentence);
}

/* The write of the pid to cgroup.procs is denied by its length. */
SITUATION(CGROUP_WITHOUT_CPUS, need_native(); need_cgroup())
{
    struct forkexec_attr *attr = new_attr();
    const char *path = new_cgroup();
    struct denial denied[8] = { { SYS_clone3, ENOSYS, { { 0 } } } };
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SET(set_cgroup_fd, fd);
    for (uint32_t digits = 1; digits < 8; digits++)
        denied[digits] = (struct denial){ SYS_write, ENOSPC, { IF(2, digits) } };
    deny(denied, 8);
    const char *said = spawned(attr);
    rmdir(path);
    says(said, "cgroup (written to fd %d): %s: %s", fd, strerror(ENOSPC), sentence);
}

NOT_HERE(CGROUP_OUT_OF_MEMORY, "c-tests/attributes/cgroup_memory.c has hosts whose cgroups count memory")

/* A caller in another root, or with a /proc that is not procfs, that has to write to a file in /proc for its child. */
static inline struct forkexec_attr *mapped(void)
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_USER);
    SET(map_uid, 0, geteuid(), 1);
    return attr;
}

SITUATION(NO_PROC, need_maps())
{
    be_root_in_new(CLONE_NEWNS);
    cover(scratch());
    assert_false(chdir(scratch()) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"));
    says(spawned(mapped()), "id map (uid_map): %s: %s", strerror(ENOENT), sentence);
}

SITUATION(FALSE_PROC, need_maps())
{
    be_root_in_new(CLONE_NEWNS);
    cover("/proc");
    says(spawned(mapped()), "id map (uid_map): %s: %s", strerror(EOPNOTSUPP), sentence);
}

SITUATION(NO_TIME_NAMESPACES, need_maps())
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_TIME | FORKEXEC_NS_USER);
    SET(set_time_offset, CLOCK_MONOTONIC, 1, 0);
    DENY(openat, ENOENT, IF(2, O_WRONLY | O_CLOEXEC));
    says(spawned(attr), "time file: %s: %s", strerror(ENOENT), sentence);
}

/* The caller is not in the pid namespace of /proc. */
SITUATION(BLIND_PROC, need_maps())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_oom_score_adj, 5);
    be_root_in_new(CLONE_NEWNS);
    pid_t first = (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
    if (!first)
        _exit(mount("proc", "/proc", "proc", 0, NULL) != 0);
    const char *said = spawned(attr);
    int status;
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
    says(said, "oom_score_adj (5): %s: %s", strerror(ENOENT), sentence);
}

SITUATION(FOREIGN_PROC, need_maps())
{
    int status;
    be_root_in_new(CLONE_NEWPID);
    /* As before Linux 5.2, where the fdinfo of a pidfd has no pid. */
    DENY(pread64, EACCES);
    pid_t first = fork();
    if (!first) {
        says(spawned(mapped()), "id map (uid_map): %s: %s", strerror(EOPNOTSUPP), sentence);
        fflush(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
}

SITUATION(KILLED, need_native())
{
    DENY(execve, DEADLY);
    says(spawned(new_attr()), "exec (%s): %s: a seccomp filter kills for a system call of this step", reporter,
        filled(sentence, text("%d", SIGSYS)));
}

SITUATION(KILLED_BY_FILTER, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_session);
    DENY(setsid, DEADLY);
    says(spawned(attr), "session: killed by signal %d before the program ran: %s", SIGSYS, sentence);
}

/* As if another thread had waited for the child. */
SITUATION(ENDED, need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_session);
    know_the_host();
    deny((const struct denial[]){ { SYS_setsid, DEADLY, { { 0 } } }, { SYS_waitid, ECHILD, { { 0 } } } }, 2);
    says(spawned(attr), "session: %s", sentence);
}

SITUATION(MAPPING_DENIED, need_own_memory())
{
    DENY(mmap, EPERM);
    says(spawned(new_attr()), "memory: %s: %s", strerror(EPERM), sentence);
}

SITUATION(BLOCKING_DENIED, need_native())
{
    know_the_host();
    DENY(rt_sigprocmask, ENOSYS);
    says(spawned(new_attr()), "clone: %s: %s", strerror(ENOSYS), sentence);
}

/* The first process of a pid namespace cannot see that its parent is gone, so it needs another way to learn of it. */
SITUATION(WAITING_DENIED, need_mounts(); need_native())
{
    struct forkexec_attr *attr = mount_attr(FORKEXEC_MEMORY_AUTO, false);
    SET(create_namespaces, FORKEXEC_NS_PID);
    DENY(ppoll, EPERM);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    /* A held child may report that it waits before its failure is known. */
    int result = forkexec_start(attr, reporter, itself, NULL, &child, &error);
    const char *said = result ? message_of(result, &error) : released(child, FORKEXEC_FOREVER);
    says(said, "%s: %s: %s", geteuid() ? "wait" : "hold", strerror(EPERM), sentence);
}

SITUATION(LOOKING_DENIED, need_cap(CAP_SYS_ADMIN); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_parent_death_signal, SIGTERM, FORKEXEC_DEATH_OF_THREAD);
    SET(create_namespaces, FORKEXEC_NS_PID);
    DENY(ppoll, EPERM);
    says(spawned(attr), "parent death (signal %d): %s: %s", SIGTERM, strerror(EPERM), sentence);
}

static pid_t starter;

static void *starts(void *child)
{
    struct forkexec_attr *attr = new_attr();
    starter = (pid_t)syscall(SYS_gettid);
    SET(set_parent_death_signal, SIGKILL, FORKEXEC_DEATH_OF_THREAD);
    *(struct forkexec_child **)child = a_held_child(attr, reporter);
    return NULL;
}

SITUATION(THREAD_GONE)
{
    struct forkexec_child *child = NULL;
    pthread_t thread;
    assert_false(pthread_create(&thread, NULL, starts, &child) || pthread_join(thread, NULL));
    /* pthread_join may return a moment before the kernel has ended the thread. */
    while (!syscall(SYS_tgkill, getpid(), starter, 0))
        usleep(100);
    says(released(child, FORKEXEC_FOREVER), "parent death (%s): %s", sentence, strerror(ESRCH));
    forkexec_close(child);
}

SITUATION(KEEPER_KEEPS_PRIVILEGE, need_cap(CAP_KILL); need_native())
{
    struct forkexec_attr *attr = new_attr();
    SET(set_parent_death_signal, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
    DENY(seccomp, EPERM);
    says(spawned(attr), "parent death (%s): %s", sentence, strerror(EPERM));
}

#endif
