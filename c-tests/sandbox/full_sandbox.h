/* A request for a whole sandbox, with a part of every topic: namespaces, root, mounts, ids, limits, Landlock, a filter.
 *
 *     for EACH_SANDBOX(mode, user) {
 *         struct forkexec_attr *attr = full_sandbox(mode, user);
 *         assert_int_equal(exits(attr, "touch", "/closed/file"), EACCES);
 *     }
 *
 * The programs in it are the reporter, at /reporter, and /bin/sh (shell_says). */
#ifndef FULL_SANDBOX_H
#define FULL_SANDBOX_H
#include "mount_requests.h"

#include <linux/landlock.h>
#include <linux/seccomp.h>

/* The errno that only the filter returns. */
#define FILTERED EDOM

#define ALL_NAMESPACES \
    (FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS | FORKEXEC_NS_CGROUP | FORKEXEC_NS_NET)

/* Directories of the caller that a shell needs. */
static const char *const shell_directories[] = { "/bin", "/lib", "/lib64", "/usr" };

/* 0 or less where the kernel has no Landlock. */
static inline int landlock_version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static inline bool has_landlock(void)
{
    return landlock_version() > 0;
}

static inline void answer_to_calls(struct forkexec_attr *attr)
{
    static const int calls[] = { SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_ptrace, SYS_swapoff };
    enum { N = sizeof calls / sizeof *calls };
    struct sock_filter filter[N + 3] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
    for (int i = 0; i < N; i++)
        filter[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i],
            (unsigned char)(N - i), 0);
    filter[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | FILTERED);
    OK(forkexec_attr_add_seccomp_filter(attr, filter, N + 3, 0));
}

/* Grants reading everywhere and writing in three places. /closed is not among them, whatever its mode. */
static inline void grant_places(struct forkexec_attr *attr)
{
    static const char *const places[] = { "/dev", "/tmp", "/desk" };
    OK(forkexec_attr_add_landlock_path(attr, "/", FORKEXEC_LANDLOCK_FS_EXECUTE | FORKEXEC_LANDLOCK_FS_READ_FILE
        | FORKEXEC_LANDLOCK_FS_READ_DIR));
    for (int i = 0; i < 3; i++)
        OK(forkexec_attr_add_landlock_path(attr, places[i], 0xfffe));
    if (landlock_version() < 5) /* this version knows all of these accesses */
        OK(forkexec_attr_allow_partial_landlock(attr));
}

/* In the directory root, or where it is NULL in an empty root. */
static inline void add_mounts(struct forkexec_attr *attr, const char *root)
{
    const uint32_t bind = FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV;
    const uint32_t empty = FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV;
    OK(forkexec_attr_set_root(attr, root, FORKEXEC_ROOT_READONLY));
    OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", bind));
    for (size_t i = 0; i < sizeof shell_directories / sizeof *shell_directories; i++)
        if (exists(shell_directories[i]))
            OK(forkexec_attr_bind_mount(attr, shell_directories[i], shell_directories[i], bind));
    OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 1 << 20, 01777, empty | FORKEXEC_MOUNT_NOEXEC));
    OK(forkexec_attr_mount_tmpfs(attr, "/closed", 1 << 20, 0777, empty));
    OK(forkexec_attr_mount_tmpfs(attr, "/desk", 1 << 20, 0777, empty));
    OK(forkexec_attr_make_file(attr, "/etc/passwd", (const uint8_t *)"judge:x:0:0::/:\n", 16, 0666));
    OK(forkexec_attr_make_symlink(attr, "/etc/passwd", "/etc/link"));
    OK(forkexec_attr_mask_path(attr, "/proc/cmdline"));
    OK(forkexec_attr_mask_path(attr, "/proc/fs"));
    OK(forkexec_attr_make_readonly(attr, "/proc/sys"));
}

/* A test program that defines PREPARED has its sandboxes in prepared roots. */
#ifndef PREPARED
#define PREPARED false
#endif

static inline void prepare_root(struct forkexec_attr *attr)
{
    struct forkexec_root *root = NULL;
    struct forkexec_error error;
    if (forkexec_root_new(attr, &root, &error))
        fail_msg("%s", error.message);
    OK(forkexec_attr_set_prepared_root(attr, root));
    forkexec_root_free(root);
}

/* for EACH_SANDBOX(mode, user): as EACH_ROOT_MODE, but on an older host with only one memory mode for each way to the
 * privilege. enosys.c has the memory modes there. */
#define EACH_SANDBOX(mode, user) \
    (uint32_t mode = denied_as() ? strlen(denied_as()) % 2 : 0, last_ = denied_as() ? mode : 1; mode <= last_; mode++) \
        for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++)

/* Death of the process needs a helper thread, and where clone3 is forbidden the C library makes none. */
static inline uint32_t whose_death(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, be_a_thread, NULL))
        return FORKEXEC_DEATH_OF_THREAD;
    pthread_join(thread, NULL);
    return FORKEXEC_DEATH_OF_PROCESS;
}

/* Everything together. With privilege the program is nobody; in a user namespace it is root without capabilities. */
static inline struct forkexec_attr *full_sandbox_in(uint32_t mode, bool user, const char *root)
{
    struct forkexec_attr *attr = mount_attr(mode, user);
    OK(forkexec_attr_create_namespaces(attr, ALL_NAMESPACES));
    OK(forkexec_attr_set_hostname(attr, "judge"));
    OK(forkexec_attr_set_domainname(attr, "example"));
    OK(forkexec_attr_set_loopback(attr));
    add_mounts(attr, root);
    OK(forkexec_attr_set_rlimit(attr, 7, 64, 64)); /* RLIMIT_NOFILE */
    OK(forkexec_attr_set_rlimit(attr, 4, 0, 0));   /* RLIMIT_CORE */
    OK(forkexec_attr_set_umask(attr, 022));
    OK(forkexec_attr_set_session(attr));
    OK(forkexec_attr_set_cwd(attr, "/desk"));
    OK(forkexec_attr_set_uid(attr, user ? 0 : NOBODY));
    OK(forkexec_attr_set_gid(attr, user ? 0 : NOBODY));
    if (user)
        OK(forkexec_attr_keep_groups(attr));
    OK(forkexec_attr_drop_capabilities(attr));
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, whose_death()));
    OK(forkexec_attr_set_init(attr));
    grant_places(attr);
    answer_to_calls(attr);
    OK(forkexec_attr_deny_terminal_injection(attr));
    if (PREPARED)
        prepare_root(attr);
    return attr;
}

static inline struct forkexec_attr *full_sandbox(uint32_t mode, bool user)
{
    return full_sandbox_in(mode, user, NULL);
}

/* What a shell prints in it: lines of a key and a value. */
#define shell_says(attr, script) run_reporter(attr, .path = "/bin/sh", .argv = (char *[]){ "sh", "-c", script, NULL })

/* The exit code of the reporter in it. */
#define exits(attr, ...) finish(start(attr, "/reporter", (char *[]){ "w", __VA_ARGS__, NULL }, NULL)).exit_code

#endif
