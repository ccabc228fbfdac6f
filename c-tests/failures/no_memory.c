/* Each allocation of the library fails once. The call then fails with ENOMEM or does without the memory, leaves nothing
 * behind, and works the next time. The library uses the malloc of this program. */
#define _GNU_SOURCE
#include "cgroup_parent.h"
#include "harness.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

/* The number of the allocation that fails, counted down to 1; the number of allocations; and whether one failed. */
static long countdown, count;
static bool failed;

static bool fails(void)
{
    count++;
    if (countdown > 0 && --countdown == 0) {
        failed = true;
        errno = ENOMEM;
        return true;
    }
    return false;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size)
{
    *place = fails() ? NULL : __libc_memalign(alignment, size);
    return *place ? 0 : ENOMEM;
}

static int descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static struct forkexec_attr *attr;
static struct forkexec_child *held;
static struct forkexec_error error;
static int null_fd, cgroup_fd;
static char *const argv[] = { reporter, "exit", "0", NULL };

/* What a request for each kind of spawn sets. */
struct kind {
    const char *name;
    int (*set)(struct forkexec_attr *attr);
    bool root;
};

static int nothing(struct forkexec_attr *a)
{
    return !a;
}

static int fresh(struct forkexec_attr *a)
{
    return forkexec_attr_set_memory_mode(a, FORKEXEC_MEMORY_FRESH);
}

static int copied(struct forkexec_attr *a)
{
    return forkexec_attr_set_memory_mode(a, FORKEXEC_MEMORY_COPIED);
}

static int with_fds(struct forkexec_attr *a)
{
    return forkexec_attr_map_fd(a, 0, 5) | forkexec_attr_map_fd(a, 1, 6) | forkexec_attr_open_fd(a, 7, "/dev/null", 0, 0)
        | forkexec_attr_dup_fd(a, 7, 8) | forkexec_attr_set_cwd(a, "/") | forkexec_attr_set_pid_variable(a, "MY_PID");
}

static int searched(struct forkexec_attr *a)
{
    return forkexec_attr_set_search_path(a, "/no:/nowhere:/");
}

static int with_death_of_process(struct forkexec_attr *a)
{
    return forkexec_attr_set_parent_death_signal(a, 9, FORKEXEC_DEATH_OF_PROCESS);
}

static int with_limits(struct forkexec_attr *a)
{
    return forkexec_attr_set_rlimit(a, 4, 0, 0) | forkexec_attr_set_affinity(a, (uint32_t[]){ 0, 1, 2, 70 }, 4)
        | forkexec_attr_set_umask(a, 022) | forkexec_attr_allow_failure(a, FORKEXEC_STAGE_NICE);
}

static int with_filter(struct forkexec_attr *a)
{
    static const struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    return forkexec_attr_set_no_new_privs(a) | forkexec_attr_add_seccomp_filter(a, allow, 1, FORKEXEC_SECCOMP_LISTENER)
        | forkexec_attr_deny_terminal_injection(a) | forkexec_attr_deny_user_namespaces(a);
}

static int in_user_namespace(struct forkexec_attr *a)
{
    return forkexec_attr_create_namespaces(a, FORKEXEC_NS_USER | FORKEXEC_NS_UTS | FORKEXEC_NS_MOUNT)
        | forkexec_attr_map_uid(a, 0, geteuid(), 1) | forkexec_attr_map_gid(a, 0, getegid(), 1)
        | forkexec_attr_set_hostname(a, "inside") | forkexec_attr_bind_mount(a, ".", "/mnt", 0)
        | forkexec_attr_mount_tmpfs(a, "/mnt", 0, 0755, 0);
}

/* The paths are copied, joined and escaped. Nothing here can fail except for lack of memory: mounts are optional or in
 * memory. */
static int with_mounts(struct forkexec_attr *a)
{
    bool has_overlay = !access("/sys/module/overlay", F_OK);
    return in_user_namespace(a) | forkexec_attr_bind_mount(a, "/nonexistent", "/mnt/a", FORKEXEC_MOUNT_OPTIONAL)
        | forkexec_attr_bind_mount_fd(a, null_fd, "/mnt/b", FORKEXEC_MOUNT_CREATE)
        | (has_overlay ? forkexec_attr_mount_overlay(a, (const char *const[]){ "/usr" }, 1, NULL, NULL, "/mnt/c",
            FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_IN_MEMORY) : 0)
        | forkexec_attr_change_mode(a, "/mnt", 0755)
        | forkexec_attr_remount(a, "/mnt", FORKEXEC_MOUNT_NOEXEC);
}

static int with_ids(struct forkexec_attr *a)
{
    return forkexec_attr_set_uid(a, 0) | forkexec_attr_set_gid(a, 0) | forkexec_attr_set_groups(a, (uint32_t[]){ 1, 2 }, 2)
        | forkexec_attr_set_capabilities(a, FORKEXEC_CAP_INHERITABLE, 0);
}

static int with_init(struct forkexec_attr *a)
{
    return forkexec_attr_create_namespaces(a, FORKEXEC_NS_PID) | forkexec_attr_set_init(a);
}

static const struct kind kinds[] = {
    { "plain", nothing, false },
    { "fresh", fresh, false },
    { "copied", copied, false },
    { "descriptors", with_fds, false },
    { "searched", searched, false },
    { "death of the process", with_death_of_process, false },
    { "limits", with_limits, false },
    { "filter", with_filter, false },
    { "user namespace", in_user_namespace, false },
    { "mounts", with_mounts, false },
    { "ids", with_ids, true },
    { "init", with_init, true },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The calls. They return 0, or -ENOMEM with nothing left behind. */

static void end(struct forkexec_child *child)
{
    while (forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0) == -EINTR)
        ;
    forkexec_close(child);
}

static int spawn(void)
{
    struct forkexec_child *child;
    int answer = forkexec_spawn(attr, reporter, argv, NULL, &child, &error);
    if (answer == 0)
        end(child);
    return answer;
}

static int start_and_release(void)
{
    struct forkexec_child *child;
    int answer = forkexec_start(attr, reporter, argv, NULL, &child, &error);
    if (answer)
        return answer;
    answer = forkexec_release(child, FORKEXEC_FOREVER, &error);
    end(child);
    return answer;
}

static int describe(void)
{
    return forkexec_describe(attr, reporter, argv, NULL, null_fd, &error);
}

static int describe_text(void)
{
    char text[4096];
    int length = forkexec_describe_text(attr, reporter, argv, NULL, text, sizeof text, &error);
    return length < 0 ? length : 0;
}

/* Without cgroups it is refused, before or after an allocation. */
static int cgroup(void)
{
    struct forkexec_cgroup *group = NULL;
    int answer = forkexec_cgroup_create(cgroup_fd, "forkexec-no-memory", &group, &error);
    if (answer)
        return answer == -ENOMEM ? answer : 0;
    char buffer[64];
    answer = forkexec_cgroup_set(group, "cgroup.max.depth", "5", &error);
    if (!answer && forkexec_cgroup_read(group, "cgroup.max.depth", buffer, sizeof buffer, &error) != 2)
        answer = -EIO;
    struct forkexec_attr *made = forkexec_attr_new();
    if (made)
        answer = answer ? answer : forkexec_attr_set_cgroup(made, group);
    forkexec_attr_free(made);
    forkexec_cgroup_free(group);
    return answer ? answer : made ? 0 : -ENOMEM;
}

static int copy(void)
{
    struct forkexec_attr *made = forkexec_attr_copy(attr);
    forkexec_attr_free(made);
    return made ? 0 : -ENOMEM;
}

static int hold(void)
{
    struct forkexec_child *child;
    struct forkexec_attr *empty = forkexec_attr_new();
    if (!empty)
        return -ENOMEM;
    int answer = forkexec_hold(empty, &child, &error);
    forkexec_attr_free(empty);
    if (answer == 0)
        forkexec_close(child);
    return answer;
}

static int probe_all(void)
{
    char why[400];
    int answer = 0;
    for (uint32_t feature = 1; feature <= FORKEXEC_PROBE_OVERLAY && answer >= 0; feature++)
        answer = forkexec_probe(feature, why, sizeof why);
    return answer < 0 ? answer : 0;
}

static int readers(void)
{
    int fd = forkexec_child_namespace_fd(held, FORKEXEC_NS_UTS);
    if (fd >= 0)
        close(fd);
    /* Without privilege the caller may not inspect a held child. */
    int answers[] = { fd < 0 && fd != -EACCES ? fd : 0, forkexec_signal(held, 0), forkexec_wait(held, 0, 0, NULL, 0) == -ETIMEDOUT ? 0 : -1 };
    for (int i = 0; i < 3; i++)
        if (answers[i])
            return answers[i];
    return 0;
}

static int set_anew(void)
{
    int answer = 0;
    for (int i = 0; i < KINDS; i++) {
        struct forkexec_attr *made = forkexec_attr_new();
        if (!made)
            return -ENOMEM;
        if (kinds[i].set(made))
            answer = -ENOMEM;
        forkexec_attr_free(made);
    }
    return answer;
}

static void fail_each_allocation(const char *name, int (*call)(void))
{
    assert_int_equal(call(), 0); /* some allocations are made once in a process */
    int before = descriptors();
    for (long n = 1;; n++) {
        memset(&error, 0, sizeof error);
        failed = false;
        count = 0;
        countdown = n;
        int answer = call();
        countdown = 0;
        if (!failed) {
            assert_int_equal(answer, 0);
            print_message("# %s: %ld allocations\n", name, count);
            break;
        }
        if (answer != 0 && answer != -ENOMEM)
            fail_msg("%s: allocation %ld failed, and the call with %d: %s", name, n, answer, error.message);
        if (answer && error.code)
            assert_int_equal(error.code, ENOMEM);
        if (descriptors() != before)
            fail_msg("%s: allocation %ld failed, and %d descriptors became %d", name, n, before, descriptors());
        siginfo_t info = { 0 };
        int waited = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL);
        if (waited == 0 && info.si_pid != 0)
            fail_msg("%s: allocation %ld failed, and a child was left", name, n);
        assert_int_equal(call(), 0);
    }
}

TEST(every_allocation_of_every_call_fails_once)
{
    need_native();
    null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    count = 0;
    forkexec_attr_free(forkexec_attr_new());
    assert_true(count > 0); /* the counter sees the library's allocations */
    attr = forkexec_attr_new();
    assert_int_equal(forkexec_start(attr, reporter, argv, NULL, &held, &error), 0);
    fail_each_allocation("setters", set_anew);
    fail_each_allocation("hold", hold);
    fail_each_allocation("probe", probe_all);
    fail_each_allocation("readers", readers);
    const char *reason, *top = cgroup_parent(&reason);
    cgroup_fd = open(top ? top : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    fail_each_allocation("cgroup", cgroup);
    close(cgroup_fd);
    forkexec_close(held);
    forkexec_attr_free(attr);
    for (int i = 0; i < KINDS; i++) {
        if (kinds[i].root && geteuid() != 0)
            continue;
        attr = forkexec_attr_new();
        OK(kinds[i].set(attr));
        if (i && kinds[i].set == in_user_namespace && forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, NULL, 0) != 1) {
            forkexec_attr_free(attr);
            continue;
        }
        fail_each_allocation(text("copy, %s", kinds[i].name), copy);
        fail_each_allocation(text("describe, %s", kinds[i].name), describe);
        fail_each_allocation(text("describe to memory, %s", kinds[i].name), describe_text);
        fail_each_allocation(text("spawn, %s", kinds[i].name), spawn);
        fail_each_allocation(text("start, %s", kinds[i].name), start_and_release);
        forkexec_attr_free(attr);
    }
    close(null_fd);
}
