/* forkexec_probe: its answers agree with what this host does. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>

#define LAST_PROBE FORKEXEC_PROBE_OVERLAY

/* On a host that has none of the features. */
static void assert_reasons(void)
{
    static const struct {
        uint32_t feature;
        const char *names;
    } whys[] = { { FORKEXEC_PROBE_CLONE3, "clone3(2)" }, { FORKEXEC_PROBE_CLOSE_RANGE, "close_range(2)" },
        { FORKEXEC_PROBE_PIDFD, "pidfd_open(2)" }, { FORKEXEC_PROBE_IMAGE, "vm.memfd_noexec" },
        { FORKEXEC_PROBE_BIRTH_IN_CGROUP, "clone3(2)" } };
    char why[512];
    for (unsigned i = 0; i < sizeof whys / sizeof *whys; i++) {
        assert_int_equal(forkexec_probe(whys[i].feature, why, sizeof why), 0);
        assert_non_null(strstr(why, whys[i].names));
        size_t length = strlen(why);
        assert_true(length < 250);

        /* The reason is cut where the buffer is too small. Nothing is written beyond it. */
        char whole[512], cut[512];
        memcpy(whole, why, sizeof whole);
        static const size_t sizes[] = { 1, 2, 20 };
        for (int s = 0; s < 3; s++) {
            memset(cut, 'x', sizeof cut);
            assert_int_equal(forkexec_probe(whys[i].feature, cut, sizes[s]), 0);
            assert_int_equal(strlen(cut), sizes[s] - 1);
            assert_memory_equal(cut, whole, sizes[s] - 1);
            assert_int_equal(cut[sizes[s]], 'x');
        }
        assert_int_equal(forkexec_probe(whys[i].feature, cut, length + 1), 0);
        assert_string_equal(cut, whole);
    }
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_SHARED_MEMORY, why, sizeof why), 1);
}

TEST(a_reason_names_what_is_missing)
{
    static const struct denial nothing[] = { { SYS_clone3, ENOSYS, { { 0 } } }, { SYS_close_range, ENOSYS, { { 0 } } },
        { SYS_pidfd_open, ENOSYS, { { 0 } } }, { SYS_memfd_create, EACCES, { { 0 } } } };
    need_native();
    if (denied_as())
        assert_reasons();
    else
        assert_true(succeeds_again("nothing", nothing, 4, NULL));
}

TEST(every_answer_is_yes_or_no_with_a_reason)
{
    for (uint32_t feature = 1; feature <= LAST_PROBE; feature++)
        for (int turn = 0; turn < 3; turn++) {
            char why[512];
            memset(why, 'x', sizeof why);
            int has = forkexec_probe(feature, why, sizeof why);
            assert_in_range(has, 0, 1);
            assert_non_null(memchr(why, 0, sizeof why));
            assert_int_equal(has, *why == 0);
            assert_int_equal(forkexec_probe(feature, NULL, 0), has);
            if (!has && !turn)
                printf("# without %u: %s\n", feature, why);
        }
}

/* The kernel refuses overlays, and nothing else. The reason does not blame the user namespace. */
TEST(overlays_that_are_refused)
{
    static const struct denial overlays[] = { { SYS_mount, ENODEV, { { IS, 3, 0 } } } };
    char why[512];
    const char *denied = denied_as();
    need_native();
    if (denied && strcmp(denied, "overlays"))
        return; /* under the denials of another test */
    if (!denied) {
        need_probe(FORKEXEC_PROBE_OVERLAY);
        assert_true(succeeds_again("overlays", overlays, 1, "overlays_that_are_refused"));
        return;
    }
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_OVERLAY, why, sizeof why), 0);
    assert_non_null(strstr(why, "): No such device: this kernel has no overlayfs: modprobe overlay"));
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why), 1);
}

TEST(unknown_features)
{
    char why[4] = "abc";
    static const uint32_t none[] = { 0, LAST_PROBE + 1, 1000, UINT32_MAX };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(forkexec_probe(none[i], why, sizeof why), -EINVAL);
        assert_int_equal(forkexec_probe(none[i], NULL, 0), -EINVAL);
    }
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 3), -EINVAL);
    assert_string_equal(why, "abc");
}

/* The kernel is asked directly. */
TEST(system_calls)
{
    need_native();
    struct clone_args too_small = { 0 };
    errno = 0;
    syscall(SYS_clone3, &too_small, 1);
    bool clone3 = errno == EINVAL; /* the kernel has looked at the size */
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_CLONE3, NULL, 0), clone3);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_BIRTH_IN_CGROUP, NULL, 0), clone3);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_CLOSE_RANGE, NULL, 0), !syscall(SYS_close_range, ~0u, ~0u, 0));
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_PIDFD, NULL, 0), pidfd >= 0);
    close(pidfd);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_SHARED_MEMORY, NULL, 0), 1);
}

/* Whether a sealed memfd, like that of the built-in image, can be executed. Tried with the reporter. */
static bool executes_memory(void)
{
    char bytes[65536];
    int status = -1, from = open(reporter, O_RDONLY | O_CLOEXEC), fd = memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (ssize_t n; fd >= 0 && (n = read(from, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(fd, bytes, (size_t)n), n);
    close(from);
    if (fd < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
        return close(fd), false;
    pid_t pid = fork();
    if (pid == 0) {
        syscall(SYS_execveat, fd, "", (char *[]){ "reporter", "exit", "7", NULL }, (char *[]){ NULL }, AT_EMPTY_PATH);
        _exit(1);
    }
    close(fd);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

/* Tests that need the image are skipped where there is none. So it must be tested without the library that it works. */
TEST(the_image_works_where_a_memfd_can_be_executed)
{
    need_native();
    need_unemulated("it does not execute memfds as the kernel does");
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0), executes_memory());
}

/* With clone(2): unshare(2) fails where a sanitizer runs a thread. */
static int try_clone(int type)
{
    int status = 0;
    pid_t pid = (pid_t)syscall(SYS_clone, type | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        syscall(SYS_exit_group, 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

TEST(namespace_types)
{
    need_native();
    int user = try_clone(CLONE_NEWUSER);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, NULL, 0), user);
    int time = forkexec_probe(FORKEXEC_PROBE_TIME_NAMESPACE, NULL, 0);
    assert_int_equal(time, exists("/proc/self/ns/time"));
    need(user, "needs user namespaces for more");
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_TIME));
    OK(forkexec_attr_map_uid(attr, 0, getuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getgid(), 1));
    if (time)
        assert_string_not_equal(saw(run_reporter(attr), "ns.time"), saw(view_of_self(), "ns.time"));
    else
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_UNSHARE, EINVAL, -1);
}

static void write_to(const char *path, const char *what)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(file, what, strlen(what)), strlen(what));
    close(file);
}

/* A process in a user namespace of its own can forbid further ones. */
static void has_no_more_user_namespaces(const void *unused)
{
    const char *uid = text("0 %u 1", getuid()), *gid = text("0 %u 1", getgid());
    char why[512];
    (void)unused;
    assert_false(unshare(CLONE_NEWUSER));
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", uid);
    write_to("/proc/self/gid_map", gid);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why), 1);
    write_to("/proc/sys/user/max_user_namespaces", "0");
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why), 0);
    assert_string_equal(why, "clone: No space left on device; raise the sysctl user.max_user_namespaces");
    write_to("/proc/sys/user/max_user_namespaces", "10");
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why), 1);
}

TEST(user_namespaces_that_a_sysctl_forbids)
{
    need_native();
    need_user_namespaces();
    in_copy(has_no_more_user_namespaces, NULL);
}

static void is_told_of_the_filter(const void *unused)
{
    static const struct denial list[] = { { SYS_clone3, EPERM, { { 0 } } }, { SYS_clone, EPERM, { { 0 } } } };
    char why[512];
    (void)unused;
    deny(list, 2);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why), 0);
    assert_string_equal(why, "clone: Operation not permitted; a seccomp filter is on, as container runtimes put it on: their "
        "profile has to allow clone(2) with CLONE_NEWUSER");
}

TEST(user_namespaces_that_a_filter_forbids)
{
    need_native();
    need_user_namespaces();
    in_copy(is_told_of_the_filter, NULL);
}
