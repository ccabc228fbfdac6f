/* The requests. Each asks for so much that every missing step shows in the program's state. */
#define _GNU_SOURCE
#include "matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIT(n) (1ull << (n))
#define DEADLINE 1000000, 10000000, 10000000
#define DENIED EDOM /* an errno that only these filters return */
#define NUMBER_(n) #n
#define NUMBER(n) NUMBER_(n)

static const char *needs_root(void)
{
    return geteuid() ? "needs root" : NULL;
}

static const char *needs_user_namespaces(void)
{
    return user_namespaces_work() ? NULL : "no user namespaces";
}

static const char *needs_cgroup(void)
{
    return geteuid() ? "needs root" : cgroups_work() ? NULL : "no cgroups of version 2";
}

/* What a probe answers, asked in a process of its own: the caller of a cell knows nothing of its host before its spawn. */
static bool has(uint32_t feature)
{
    static int known[32];
    if (!known[feature]) {
        pid_t pid = fork();
        int status = 1;
        if (!pid)
            _exit(forkexec_probe(feature, NULL, 0) == 1 ? 0 : 1);
        waitpid(pid, &status, 0);
        known[feature] = status == 0 ? 1 : -1;
    }
    return known[feature] > 0;
}

static const char *needs_memory_policy(void)
{
    return has(FORKEXEC_PROBE_NUMA_POLICY) || has(FORKEXEC_PROBE_UTILIZATION) ? NULL : "no memory policy, no utilization";
}

static const char *needs_deadline(void)
{
    struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; }
        wanted = { sizeof wanted, 6 /* SCHED_DEADLINE */, 0, 0, 0, DEADLINE };
    pid_t pid = fork();
    int status = 1;
    if (!pid)
        _exit(syscall(SYS_sched_setattr, 0, &wanted, 0) ? 1 : 0);
    waitpid(pid, &status, 0);
    return status ? "no SCHED_DEADLINE" : NULL;
}

/* For root: the kernel allows an ordinary user few keys. */
static const char *needs_keyrings(void)
{
    if (geteuid())
        return "needs root";
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) < 0 ? "no keyrings" : NULL;
}

static const char *needs_overlays(void)
{
    char line[64];
    bool found = false;
    FILE *in = fopen("/proc/filesystems", "re");
    while (in && !found && fgets(line, sizeof line, in))
        found = strstr(line, "\toverlay\n") != NULL;
    if (in)
        fclose(in);
    return found ? needs_user_namespaces() : "no overlays";
}

static const char *needs_holder(void)
{
    return fixture.holder > 0 && fixture.holder_pidfd >= 0 ? NULL : "no holder";
}

static const char *needs_host(void)
{
    return *fixture.host ? needs_user_namespaces() : "no host of the runc bootstrap";
}

static const char *needs_host_and_holder(void)
{
    return *fixture.host ? needs_holder() : "no host of the runc bootstrap";
}

static void in_user_namespace(struct forkexec_attr *attr, uint32_t types)
{
    forkexec_attr_create_namespaces(attr, types | FORKEXEC_NS_USER);
    forkexec_attr_map_uid(attr, 0, geteuid(), 1);
    forkexec_attr_map_gid(attr, 0, getegid(), 1);
}

/* New namespaces, with a user namespace if they need it. */
static void namespaces(struct forkexec_attr *attr, uint32_t types)
{
    if (geteuid())
        in_user_namespace(attr, types);
    else
        forkexec_attr_create_namespaces(attr, types);
}

static void plain(struct forkexec_attr *attr)
{
    (void)attr;
}

static void fresh(struct forkexec_attr *attr)
{
    forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH);
}

static void copied(struct forkexec_attr *attr)
{
    forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_COPIED);
}

static void descriptors(struct forkexec_attr *attr)
{
    forkexec_attr_map_fd(attr, 1, 5);
    forkexec_attr_map_fd(attr, 0, 1);
    forkexec_attr_map_fd(attr, 1, 0);
    forkexec_attr_map_fd(attr, 2, 9);
    forkexec_attr_open_fd(attr, 7, "/dev/null", O_RDONLY, 0);
    forkexec_attr_dup_fd(attr, 0, 1);
    forkexec_attr_close_fd(attr, 9);
    forkexec_attr_enter_directory(attr, "/usr");
}

static void surroundings(struct forkexec_attr *attr)
{
    forkexec_attr_set_session(attr);
    forkexec_attr_set_umask(attr, 0137);
    forkexec_attr_set_nice(attr, 7);
    forkexec_attr_set_rlimit(attr, 4, 0, 0);
    forkexec_attr_set_rlimit(attr, 7, 64, 128);
    forkexec_attr_set_rlimit(attr, 6, 100, 200);
    forkexec_attr_set_affinity(attr, (const uint32_t[]){ 0 }, 1);
    forkexec_attr_set_scheduler(attr, 3, 0);
    forkexec_attr_set_io_priority(attr, 2, 6);
    forkexec_attr_set_timer_slack(attr, 77777);
    forkexec_attr_set_oom_score_adj(attr, 500);
    forkexec_attr_set_personality(attr, 0x0040000);
    forkexec_attr_set_signal_mask(attr, BIT(SIGUSR1 - 1));
    forkexec_attr_set_signal_ignore(attr, BIT(SIGUSR2 - 1));
    forkexec_attr_set_signal_default(attr, BIT(SIGPIPE - 1));
    forkexec_attr_set_cwd(attr, "/usr");
    forkexec_attr_set_no_new_privs(attr);
}

static void ids(struct forkexec_attr *attr)
{
    static const uint32_t groups[] = { 10, 20 };
    forkexec_attr_set_uid(attr, 65534);
    forkexec_attr_set_gid(attr, 65533);
    forkexec_attr_set_groups(attr, groups, 2);
    forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_BOUNDING, BIT(10) | BIT(13));
    forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_PERMITTED | FORKEXEC_CAP_EFFECTIVE | FORKEXEC_CAP_INHERITABLE,
        BIT(10));
    forkexec_attr_set_ambient(attr, BIT(10));
    forkexec_attr_set_securebits(attr, 0x3);
}

static void uid_only(struct forkexec_attr *attr)
{
    forkexec_attr_set_uid(attr, 65534);
    forkexec_attr_set_gid(attr, 65534);
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
}

static void user_namespace(struct forkexec_attr *attr)
{
    in_user_namespace(attr, 0);
    forkexec_attr_set_uid(attr, 0);
    forkexec_attr_set_gid(attr, 0);
    forkexec_attr_keep_groups(attr);
}

/* The filter answers umount2 with DENIED. The program calls it. */
static void deny_umount(struct forkexec_attr *attr, uint32_t answer, uint32_t flags)
{
    const struct sock_filter filter[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_umount2, 0, 1), BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    forkexec_attr_set_no_new_privs(attr);
    forkexec_attr_add_seccomp_filter(attr, filter, 4, flags);
}

#define BOX_TYPES (FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS | FORKEXEC_NS_CGROUP \
    | FORKEXEC_NS_NET)

static void add_mounts(struct forkexec_attr *attr)
{
    const uint32_t bind = FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV;
    forkexec_attr_set_hostname(attr, "matrix");
    forkexec_attr_set_domainname(attr, "example");
    forkexec_attr_set_loopback(attr);
    forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
    forkexec_attr_bind_mount(attr, fixture.reporter, "/reporter", bind);
    forkexec_attr_bind_mount(attr, "/usr/share", "/usr/share", bind);
    forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_tmpfs(attr, "/tmp", 1 << 20, 01777, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NOSUID
        | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_NOEXEC);
    forkexec_attr_make_directory(attr, "/closed", 0700);
    forkexec_attr_make_file(attr, "/etc/passwd", (const uint8_t *)"root:x:0:0::/:\n", 15, 0644);
    forkexec_attr_make_symlink(attr, "/etc/passwd", "/etc/link");
    forkexec_attr_mask_path(attr, "/proc/fs");
    forkexec_attr_make_readonly(attr, "/proc/sys");
    forkexec_attr_set_rlimit(attr, 4, 0, 0);
    forkexec_attr_set_umask(attr, 022);
    forkexec_attr_set_session(attr);
    forkexec_attr_set_cwd(attr, "/tmp");
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
    deny_umount(attr, SECCOMP_RET_ERRNO | DENIED, 0);
}

static void sandbox_by_privilege(struct forkexec_attr *attr)
{
    forkexec_attr_create_namespaces(attr, BOX_TYPES);
    add_mounts(attr);
    forkexec_attr_set_uid(attr, 65534);
    forkexec_attr_set_gid(attr, 65534);
}

static void sandbox_by_namespace(struct forkexec_attr *attr)
{
    in_user_namespace(attr, BOX_TYPES);
    add_mounts(attr);
    forkexec_attr_set_uid(attr, 0);
    forkexec_attr_set_gid(attr, 0);
    forkexec_attr_keep_groups(attr);
}

/* Mounts that change others, have descriptors as sources, or are left out. */
static void other_mounts(struct forkexec_attr *attr)
{
    static int directory, file;
    if (!directory) {
        directory = open("/usr/share", O_PATH | O_DIRECTORY | O_CLOEXEC);
        file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    }
    namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT);
    forkexec_attr_set_root(attr, NULL, 0);
    forkexec_attr_bind_mount(attr, fixture.reporter, "/reporter", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_KERNEL_READONLY);
    forkexec_attr_bind_mount_fd(attr, directory, "/share", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_bind_mount(attr, "/nonexistent", "/missing", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL);
    forkexec_attr_make_file_fd(attr, "/etc/made", file, 0640);
    forkexec_attr_mount_file_fd(attr, file, "/etc/mounted", 0600, FORKEXEC_MOUNT_CREATE);
    forkexec_attr_remount(attr, "/share", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOEXEC);
    forkexec_attr_make_directory(attr, "/closed", 0755);
    forkexec_attr_change_mode(attr, "/closed", 0711);
}

static void overlay(struct forkexec_attr *attr)
{
    const char *const lowers[] = { "/usr/share", "/etc" };
    namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT);
    forkexec_attr_set_root(attr, NULL, 0);
    forkexec_attr_bind_mount(attr, fixture.reporter, "/reporter", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_overlay(attr, lowers, 2, NULL, NULL, "/both", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_overlay(attr, lowers, 1, NULL, NULL, "/scratch", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_IN_MEMORY);
    forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE);
}

/* Attributes that the kernel keeps for each process. */
static void memory_policy(struct forkexec_attr *attr)
{
    if (has(FORKEXEC_PROBE_NUMA_POLICY))
        forkexec_attr_set_numa_policy(attr, 2 /* MPOL_BIND */, (const uint32_t[]){ 0 }, 1);
    if (has(FORKEXEC_PROBE_UTILIZATION))
        forkexec_attr_set_utilization(attr, 100, 800);
    forkexec_attr_set_coredump_filter(attr, 0x21);
    forkexec_attr_set_process_flags(attr, FORKEXEC_PROCESS_NO_THP);
}

static void deadline(struct forkexec_attr *attr)
{
    forkexec_attr_set_deadline(attr, DEADLINE);
}

static void keyring(struct forkexec_attr *attr)
{
    forkexec_attr_set_session_keyring(attr, "matrix");
    forkexec_attr_set_keyring_permissions(attr, 0x3f090000);
}

/* In a root that was prepared before, and to be prepared. */
static void to_prepare(struct forkexec_attr *attr)
{
    sandbox_by_namespace(attr);
    forkexec_attr_mount_dev(attr, "/readonly-dev", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY);
}

static void prepared(struct forkexec_attr *attr)
{
    static struct forkexec_root *root; /* its descriptor stays open until after the last look at the caller */
    to_prepare(attr);
    if (root || !forkexec_root_new(attr, &root, NULL))
        forkexec_attr_set_prepared_root(attr, root);
}

static void landlock(struct forkexec_attr *attr)
{
    forkexec_attr_set_no_new_privs(attr);
    /* Accesses that the first version of Landlock knows. */
    forkexec_attr_set_landlock_handled(attr, FORKEXEC_LANDLOCK_FS_EXECUTE | FORKEXEC_LANDLOCK_FS_READ_FILE
        | FORKEXEC_LANDLOCK_FS_READ_DIR | FORKEXEC_LANDLOCK_FS_MAKE_REG, 0);
    forkexec_attr_add_landlock_path(attr, "/", FORKEXEC_LANDLOCK_FS_EXECUTE | FORKEXEC_LANDLOCK_FS_READ_FILE);
    forkexec_attr_add_landlock_path(attr, "/usr", FORKEXEC_LANDLOCK_FS_READ_DIR | FORKEXEC_LANDLOCK_FS_READ_FILE);
}

static void cgroup_of_root(struct forkexec_attr *attr)
{
    forkexec_attr_set_cgroup_fd(attr, fixture.cgroup_fd);
}

static void cgroup_of_all(struct forkexec_attr *attr)
{
    forkexec_attr_set_cgroup_fd(attr, fixture.open_cgroup_fd);
}

static void cgroup_and_namespaces(struct forkexec_attr *attr)
{
    forkexec_attr_set_cgroup_fd(attr, fixture.cgroup_fd);
    in_user_namespace(attr, FORKEXEC_NS_CGROUP | FORKEXEC_NS_UTS);
}

static void started(struct forkexec_attr *attr)
{
    namespaces(attr, FORKEXEC_NS_UTS | FORKEXEC_NS_IPC);
    forkexec_attr_set_session(attr);
    forkexec_attr_set_umask(attr, 0137);
    forkexec_attr_set_cwd(attr, "/usr");
    forkexec_attr_set_no_new_privs(attr);
}

static void held(struct forkexec_attr *attr)
{
    in_user_namespace(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS | FORKEXEC_NS_NET);
}

static void owned(struct forkexec_attr *attr)
{
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_UTS | FORKEXEC_NS_NET);
    forkexec_attr_map_uid(attr, 0, 65534, 1);
    forkexec_attr_map_gid(attr, 0, 65534, 1);
    forkexec_attr_set_user_namespace_owner(attr, 65534);
    forkexec_attr_set_uid(attr, 0);
    forkexec_attr_set_gid(attr, 0);
}

static void with_init(struct forkexec_attr *attr)
{
    namespaces(attr, FORKEXEC_NS_PID);
    forkexec_attr_set_init(attr);
}

static void measured(struct forkexec_attr *attr) { forkexec_attr_measure_memory(attr); }

static void measured_in_namespaces(struct forkexec_attr *attr)
{
    namespaces(attr, FORKEXEC_NS_PID);
    forkexec_attr_measure_memory(attr);
}

static void listener(struct forkexec_attr *attr)
{
    deny_umount(attr, SECCOMP_RET_USER_NOTIF, FORKEXEC_SECCOMP_LISTENER);
}

static void death_of_process(struct forkexec_attr *attr)
{
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
}

static void death_of_thread(struct forkexec_attr *attr)
{
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD);
    if (!geteuid())
        uid_only(attr);
}

static void death_in_namespace(struct forkexec_attr *attr)
{
    user_namespace(attr);
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD);
}

#define JOINED (FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS)

static void join_by_pidfd(struct forkexec_attr *attr)
{
    forkexec_attr_join_pidfd(attr, fixture.holder_pidfd, JOINED | FORKEXEC_NS_NET);
    forkexec_attr_set_session(attr);
}

static void join_by_descriptors(struct forkexec_attr *attr)
{
    static const int order[] = { USER, IPC, UTS, PID, MOUNT };
    for (int i = 0; i < 5; i++)
        forkexec_attr_join_namespace(attr, fixture.holder_ns[order[i]], namespace_types[order[i]]);
    forkexec_attr_set_no_new_privs(attr);
}

static void join_and_create(struct forkexec_attr *attr)
{
    forkexec_attr_join_pidfd(attr, fixture.holder_pidfd, FORKEXEC_NS_USER | FORKEXEC_NS_IPC);
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT);
    forkexec_attr_mount_proc(attr, "/proc", 0);
}

/* Root makes the mounts in the caller's user namespace; the program is in the holder's. */
static void join_second(struct forkexec_attr *attr)
{
    if (!geteuid()) {
        forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT);
        forkexec_attr_mount_proc(attr, "/proc", 0);
    }
    forkexec_attr_join_second_user_namespace(attr, fixture.holder_ns[USER]);
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
}

static void late(struct forkexec_attr *attr)
{
    if (geteuid())
        in_user_namespace(attr, 0);
    forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS | FORKEXEC_NS_NET
        | FORKEXEC_NS_PID);
}

static void time_namespace(struct forkexec_attr *attr)
{
    namespaces(attr, FORKEXEC_NS_TIME);
    forkexec_attr_set_time_offset(attr, 1, 100000, 0);
}

/* The caller answers the only notification. */
static void answer(struct forkexec_child *child, struct report *report)
{
    union { struct seccomp_notif is; uint64_t room[64]; } asked;
    int fd = -1;
    for (int turn = 0; turn < 3 && fd < 0; turn++)
        fd = forkexec_child_seccomp_fd(child);
    mark();
    snprintf(report->extra, sizeof report->extra, "listener %s\n", fd < 0 ? strerrorname_np(-fd) : "yes");
    struct pollfd ready = { fd, POLLIN, 0 };
    memset(&asked, 0, sizeof asked);
    if (fd >= 0 && poll(&ready, 1, 8000) == 1 && ready.revents & POLLIN && !ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &asked)) {
        struct seccomp_notif_resp reply = { asked.is.id, 0, -DENIED, 0 };
        ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
    if (fd >= 0)
        close(fd);
    mark();
}

/* A socket in the program's namespaces, with and without the listener of a filter. */
static void listens(struct forkexec_attr *attr)
{
    static const char name[] = "\1\0\0forkexec matrix";
    in_user_namespace(attr, FORKEXEC_NS_NET);
    forkexec_attr_listen(attr, SOCK_STREAM, name, sizeof name - 1, 1);
}

static void take_socket(struct forkexec_child *child, struct report *report)
{
    int fd = -1;
    for (int turn = 0; turn < 3 && fd < 0; turn++)
        fd = forkexec_child_listen_fd(child, 0);
    mark();
    snprintf(report->extra, sizeof report->extra, "socket %s\n", fd < 0 ? strerrorname_np(-fd) : "yes");
    if (fd >= 0)
        close(fd);
    mark();
}

/* The namespaces of a holder. */
static void look_at_holder(struct forkexec_child *child, struct report *report)
{
    char path[64], target[64];
    size_t at = 0;
    for (int i = 0; i < 8; i++) {
        int fd = -1;
        for (int turn = 0; turn < 3 && fd < 0 && fd != -EACCES; turn++)
            fd = forkexec_child_namespace_fd(child, namespace_types[i]);
        mark();
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = fd < 0 ? -1 : readlink(path, target, sizeof target - 1);
        target[n < 0 ? 0 : n] = 0;
        at += (size_t)snprintf(report->extra + at, TEXT - at, "ns.%s %s\n", namespace_names[i], target);
        if (fd >= 0)
            close(fd);
        mark();
    }
    mark();
    static const char *const maps[] = { "uid_map", "gid_map", "setgroups" };
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", forkexec_child_pid(child), maps[i]);
        FILE *in = fopen(path, "re");
        if (!in || !fgets(target, sizeof target, in))
            *target = 0;
        if (in)
            fclose(in);
        target[strcspn(target, "\n")] = 0;
        at += (size_t)snprintf(report->extra + at, TEXT - at, "%s %s\n", maps[i], target);
    }
    mark();
}

static const char *const sees_and_tries[] = { PROGRAM, "see", "mounts", "names", "/", "names", "/etc", "call",
#ifdef __aarch64__
    "39",
#else
    "166",
#endif
    "0", "0", NULL };
static const char *const sees_and_lists[] = { PROGRAM, "see", "names", "/", "names", "/readonly-dev", NULL };
static const char *const sees_and_looks[] = { PROGRAM, "see", "look", "/usr", "look", "/etc/passwd", "names", "/etc", NULL };
static const char *const sees_other_mounts[] = { PROGRAM, "see", "mounts", "names", "/", "names", "/etc", "look", "/etc/made",
    "look", "/etc/mounted", "look", "/closed", "look", "/share", NULL };
static const char *const sees_overlays[] = { PROGRAM, "see", "mounts", "look", "/both/passwd", "look", "/scratch", "touch",
    "/scratch/made", NULL };
static const char *const sees_keyring[] = { PROGRAM, "see", "keyring", NULL };
static const char *const sees_and_stays[] = { PROGRAM, "see", "print", "end", "sleep", NULL };
static const char *const sees_and_tells_time[] = { PROGRAM, "see", "offsets", NULL };

const struct kind kinds[] = {
    { "plain", SPAWN, NULL, plain, NULL, NULL, NULL, false },
    { "fresh", SPAWN, NULL, fresh, NULL, NULL, NULL, false },
    { "copied", SPAWN, NULL, copied, NULL, NULL, NULL, false },
    { "fds", SPAWN, NULL, descriptors, NULL, NULL, NULL, false },
    { "surroundings", SPAWN, NULL, surroundings, NULL, NULL, NULL, false },
    { "ids", SPAWN, needs_root, ids, NULL, NULL, NULL, false },
    { "drop", SPAWN, needs_root, uid_only, NULL, NULL, NULL, false },
    { "userns", SPAWN, needs_user_namespaces, user_namespace, NULL, NULL, NULL, false },
    { "sandbox", SPAWN, needs_root, sandbox_by_privilege, sees_and_tries, "/reporter", NULL, false },
    { "sandbox-user", SPAWN, needs_user_namespaces, sandbox_by_namespace, sees_and_tries, "/reporter", NULL, false },
    { "mounts", SPAWN, needs_user_namespaces, other_mounts, sees_other_mounts, "/reporter", NULL, false },
    { "overlay", SPAWN, needs_overlays, overlay, sees_overlays, "/reporter", NULL, false },
    { "memory-policy", SPAWN, needs_memory_policy, memory_policy, NULL, NULL, NULL, false },
    { "deadline", SPAWN, needs_deadline, deadline, NULL, NULL, NULL, false },
    { "keyring", SPAWN, needs_keyrings, keyring, sees_keyring, NULL, NULL, false },
    { "prepared", SPAWN, needs_user_namespaces, prepared, sees_and_tries, "/reporter", NULL, false },
    { "prepare", PREPARE, needs_user_namespaces, to_prepare, sees_and_lists, "/reporter", NULL, false },
    { "landlock", SPAWN, NULL, landlock, sees_and_looks, NULL, NULL, false },
    { "cgroup", SPAWN, needs_cgroup, cgroup_of_root, NULL, NULL, NULL, false },
    { "cgroup-open", SPAWN, needs_cgroup, cgroup_of_all, NULL, NULL, NULL, false },
    { "cgroup-userns", SPAWN, needs_cgroup, cgroup_and_namespaces, NULL, NULL, NULL, false },
    { "start", START, needs_user_namespaces, started, NULL, NULL, NULL, false },
    { "hold", HOLD, needs_user_namespaces, held, NULL, NULL, look_at_holder, false },
    { "owner", SPAWN, needs_root, owned, NULL, NULL, NULL, false },
    { "init", SPAWN, needs_user_namespaces, with_init, NULL, NULL, NULL, false },
    { "measured", SPAWN, NULL, measured, NULL, NULL, NULL, false },
    { "measured-userns", SPAWN, needs_user_namespaces, measured_in_namespaces, NULL, NULL, NULL, false },
    { "listener", SPAWN, NULL, listener, sees_and_tries, NULL, answer, false },
    { "listens", SPAWN, needs_user_namespaces, listens, NULL, NULL, take_socket, false },
    { "death", SPAWN, NULL, death_of_process, sees_and_stays, NULL, NULL, true },
    { "death-waited", SPAWN, NULL, death_of_process, NULL, NULL, NULL, false },
    { "death-thread", SPAWN, NULL, death_of_thread, sees_and_stays, NULL, NULL, true },
    { "death-userns", SPAWN, needs_user_namespaces, death_in_namespace, sees_and_stays, NULL, NULL, true },
    { "join", SPAWN, needs_holder, join_by_pidfd, NULL, NULL, NULL, false },
    { "join-fds", SPAWN, needs_holder, join_by_descriptors, NULL, NULL, NULL, false },
    { "join-create", SPAWN, needs_holder, join_and_create, NULL, NULL, NULL, false },
    { "join-second", SPAWN, needs_holder, join_second, NULL, NULL, NULL, false },
    { "join-start", START, needs_holder, join_by_pidfd, NULL, NULL, NULL, false },
    { "late", SPAWN, needs_user_namespaces, late, NULL, NULL, NULL, false },
    { "time", SPAWN, needs_user_namespaces, time_namespace, sees_and_tells_time, NULL, NULL, false },
    { "nsexec", NSEXEC, needs_host, NULL, NULL, NULL, NULL, false },
    { "nsexec-join", NSEXEC, needs_host_and_holder, NULL, NULL, NULL, NULL, false },
};
const int kind_count = sizeof kinds / sizeof *kinds;
