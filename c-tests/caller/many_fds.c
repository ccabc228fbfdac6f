/* A caller with very many open descriptors. A child with an image of its own then makes the pipes to the caller in its own
 * small descriptor table, and the caller fetches them with pidfd_getfd(2). Nothing else changes. (Other tests are run with
 * many descriptors, too: see meson.build.) */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>

enum { MANY = 800 };

/* All numbers below MANY are in use. */
static void open_many_fds(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd < MANY);
    assert_int_equal(fd, MANY);
}

static struct forkexec_attr *fresh(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH));
    return attr;
}

static const struct denial no_fetching[] = { { SYS_pidfd_getfd, EPERM, { { 0 } } } };
static const struct denial unknown_fetching[] = { { SYS_pidfd_getfd, ENOSYS, { { 0 } } } };
static const struct denial deadly_fetching[] = { { SYS_pidfd_getfd, DEADLY, { { 0 } } } };

static void runs_with_many_fds(const void *denial)
{
    open_many_fds();
    if (denial)
        deny(denial, 1);
    for (int turn = 0; turn < 3; turn++)
        assert_int_equal(reporter_exits(fresh(), "exit", "5"), 5);
    assert_spawn_fails(fresh(), "/no/such/program", FORKEXEC_STAGE_EXEC, ENOENT, -1);
    struct view *view = run_reporter(fresh());
    assert_saw(view, "fds", "0 1 2");
}

/* Besides the shared page, the pipes are made for each child. */
static void is_held_with_many_fds(const void *denial)
{
    open_many_fds();
    deny(denial, 1);
    struct forkexec_child *child = NULL;
    OK(forkexec_start(fresh(), reporter, (char *[]){ reporter, NULL }, NULL, &child, NULL));
    forkexec_close(child);
}

static const struct denial no_polling[] = { { SYS_ppoll, EPERM, { { 0 } } } };
static const struct denial unknown_polling[] = { { SYS_ppoll, ENOSYS, { { 0 } } } };

/* The caller makes the pipes for a child that cannot wait until its ends are fetched. */
TEST_BOTH(the_caller_makes_the_ends_if_the_child_cannot_wait)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(runs_with_many_fds, no_polling);
    in_copy(runs_with_many_fds, unknown_polling);
    in_copy(is_held_with_many_fds, no_polling);
}

/* A copied child would look the same, but could not enter another root. And no process can change the file that the child
 * runs. The library opens its image with the first child and keeps it, so its number is high only in a program that is run
 * again with many descriptors. */
static void has_an_image_of_its_own(void)
{
    static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    struct forkexec_child *child = NULL;
    OK(forkexec_start(fresh(), reporter, (char *[]){ reporter, NULL }, NULL, &child, NULL));
    const char *exe = text("/proc/%d/exe", forkexec_child_pid(child));
    assert_string_equal(text("%.15s", link_of(exe)), "/memfd:forkexec");
    int fd = open(exe, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GET_SEALS) & seals, seals);
    close(fd);
    /* The child has none of the caller's ends open. */
    for (int far = MANY / 2; far < MANY + 64; far++)
        assert_false(exists(text("/proc/%d/fd/%d", forkexec_child_pid(child), far)));
    OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
    finish(child);
    forkexec_close(child);
}

TEST(the_image_with_a_high_number)
{
    int many[MANY], n = 0;
    if (denied_as())
        return has_an_image_of_its_own();
    need_native();
    need_root(); /* others cannot inspect the child */
    need_probe(FORKEXEC_PROBE_IMAGE);
    while (n < MANY && (many[n] = open("/dev/null", O_RDONLY)) >= 0)
        n++;
    bool succeeds = succeeds_again("many fds", NULL, 0, "the_image_with_a_high_number");
    while (n)
        close(many[--n]);
    assert_true(succeeds);
}

TEST_BOTH(the_caller_fetches_the_ends)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(runs_with_many_fds, NULL);
}

TEST_BOTH(the_caller_makes_the_ends_without_pidfd_getfd)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(runs_with_many_fds, no_fetching);
    in_copy(runs_with_many_fds, unknown_fetching);
}

TEST(the_ends_are_fetched_only_with_many_fds)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_CLOSE_RANGE);
    need_native();
    assert_false(succeeds_in_copy(is_held_with_many_fds, deadly_fetching));
}

/* If the caller lacks numbers of 0 to 2, the child's own ends must not get these numbers. */
static void lacks_standard_ones(const void *unused)
{
    (void)unused;
    open_many_fds();
    char out[16];
    int ends[2];
    assert_false(pipe2(ends, O_CLOEXEC));
    struct forkexec_attr *attr = fresh();
    OK(forkexec_attr_map_fd(attr, ends[1], 5));
    for (int closed = 0; closed < 3; closed++)
        close(closed);
    char *argv[] = { "sh", "-c", "for i in 0 1 2 3 4 6 7 8 9 10; do [ ! -e /dev/fd/$i ] || exit 9; done; echo inside >&5", NULL };
    assert_int_equal(finish(start(attr, "/bin/sh", argv, NULL)).exit_code, 0);
    assert_int_equal(read(ends[0], out, sizeof out), 7);
    assert_memory_equal(out, "inside\n", 7);
}

TEST_BOTH(a_caller_without_standard_descriptors)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(lacks_standard_ones, NULL);
}

static void in_namespaces(const void *types)
{
    open_many_fds();
    struct forkexec_attr *attr = fresh();
    OK(forkexec_attr_create_namespaces(attr, *(const uint32_t *)types));
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD));
    assert_saw(run_reporter(attr), "uid", "65534 65534 65534 65534");
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    struct view *view = run_reporter(attr);
    assert_saw(view, "uid", "0 0 0 0");
    assert_saw(view, "fds", "0 1 2");
}

/* A pidfd of the caller would have a high number, so the child learns of the caller's death in another way. */
static void is_mapped_with_many_fds(const void *denial)
{
    open_many_fds();
    struct forkexec_attr *attr = fresh();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    deny(denial, 1);
    assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
}

TEST(the_ends_are_fetched_in_a_pid_namespace)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_CLOSE_RANGE);
    need_user_namespaces();
    need_native();
    assert_false(succeeds_in_copy(is_mapped_with_many_fds, deadly_fetching));
    in_copy(is_mapped_with_many_fds, no_fetching);
}

TEST_BOTH(in_new_namespaces)
{
    static const uint32_t all = FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC;
    need_user_namespaces();
    need_native();
    in_copy(in_namespaces, &all);
}

/* Lets all calls that the filter reports continue, the first one after longer than the child waits. */
static void *be_slow(void *listener_)
{
    atomic_int *place = listener_;
    struct seccomp_notif asked;
    int listener;
    while ((listener = *place) < 0)
        usleep(1000);
    for (unsigned wait = 1500000;; wait = 0) {
        memset(&asked, 0, sizeof asked);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
            continue;
        usleep(wait);
        struct seccomp_notif_resp go_on = { .id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go_on);
    }
    return NULL;
}

static void fetches_too_late(const void *unused)
{
    (void)unused;
    static atomic_int listener = -1;
    pthread_t thread;
    struct sock_filter ask[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_getfd, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    open_many_fds();
    assert_int_equal(reporter_exits(fresh(), "exit", "5"), 5);
    assert_false(pthread_create(&thread, NULL, be_slow, &listener));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
        &(struct sock_fprog){ 4, ask });
    assert_in_range(listener, 3, 4096);
    assert_int_equal(reporter_exits(fresh(), "exit", "6"), 6);
}

/* A child waits for its caller, but not for ever. After that another child is made. */
TEST_BOTH(a_slow_caller)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    need_native();
    in_copy(fetches_too_late, NULL);
}
