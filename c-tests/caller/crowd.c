/* A caller with very many descriptors: what connects it and a child in an image of its own is made by the child, in its
 * small table, and fetched from there. What is seen of it is the same as ever. (Other programs are run in a crowd too:
 * see meson.build.) */
#define _GNU_SOURCE
#include "deny.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>

enum { MANY = 800 };

/* So that every number below is taken. */
static void crowd(void)
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

static void runs_in_a_crowd(const void *denial)
{
    crowd();
    if (denial)
        deny(denial, 1);
    for (int turn = 0; turn < 3; turn++)
        assert_int_equal(witness_exits(fresh(), "exit", "5"), 5);
    assert_spawn_fails(fresh(), "/no/such/program", FORKEXEC_STAGE_EXEC, ENOENT, -1);
    struct view *view = run_witness(fresh());
    assert_saw(view, "fds", "0 1 2");
}

/* What connects caller and child besides the page is made for each child. */
static void is_held_in_a_crowd(const void *denial)
{
    crowd();
    deny(denial, 1);
    struct forkexec_child *child = NULL;
    OK(forkexec_start(fresh(), witness, (char *[]){ witness, NULL }, NULL, &child, NULL));
    forkexec_close(child);
}

static const struct denial no_polling[] = { { SYS_ppoll, EPERM, { { 0 } } } };
static const struct denial unknown_polling[] = { { SYS_ppoll, ENOSYS, { { 0 } } } };

/* A child that cannot wait until its ends are fetched is given them. */
TEST_BOTH(ends_are_made_where_the_child_cannot_wait)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(runs_in_a_crowd, no_polling);
    in_copy(runs_in_a_crowd, unknown_polling);
    in_copy(is_held_in_a_crowd, no_polling);
}

/* A child in a copy of the caller's memory looks the same, but could not be let into another root. And nobody can change
 * the file that runs. The library has its own file from the first child on, which has to be far then: in this program run
 * again among the many. */
static void has_an_image_of_its_own(void)
{
    static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    struct forkexec_child *child = NULL;
    OK(forkexec_start(fresh(), witness, (char *[]){ witness, NULL }, NULL, &child, NULL));
    const char *exe = text("/proc/%d/exe", forkexec_child_pid(child));
    assert_string_equal(text("%.15s", link_of(exe)), "/memfd:forkexec");
    int fd = open(exe, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GET_SEALS) & seals, seals);
    close(fd);
    /* Nor has it brought the caller's ends along. */
    for (int far = MANY / 2; far < MANY + 64; far++)
        assert_false(exists(text("/proc/%d/fd/%d", forkexec_child_pid(child), far)));
    OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
    finish(child);
    forkexec_close(child);
}

TEST(the_image_is_made_where_it_is_far)
{
    int many[MANY], n = 0;
    if (denied_as())
        return has_an_image_of_its_own();
    need_native();
    need_root(); /* others cannot look into it */
    need_probe(FORKEXEC_PROBE_IMAGE);
    while (n < MANY && (many[n] = open("/dev/null", O_RDONLY)) >= 0)
        n++;
    bool succeeds = succeeds_again("a crowd", NULL, 0, "the_image_is_made_where_it_is_far");
    while (n)
        close(many[--n]);
    assert_true(succeeds);
}

TEST_BOTH(ends_are_fetched)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(runs_in_a_crowd, NULL);
}

TEST_BOTH(without_fetching_they_are_made_by_the_caller)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(runs_in_a_crowd, no_fetching);
    in_copy(runs_in_a_crowd, unknown_fetching);
}

TEST(a_crowd_is_what_they_are_fetched_for)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_CLOSE_RANGE);
    need_native();
    assert_false(succeeds_in_copy(is_held_in_a_crowd, deadly_fetching));
}

/* Numbers of 0 to 2 that the caller lacks are not what the child's own ends get. */
static void lacks_standard_ones(const void *unused)
{
    (void)unused;
    crowd();
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

TEST_BOTH(among_them_nothing_is_mistaken)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(lacks_standard_ones, NULL);
}

static void in_namespaces(const void *types)
{
    crowd();
    struct forkexec_attr *attr = fresh();
    OK(forkexec_attr_create_namespaces(attr, *(const uint32_t *)types));
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD));
    assert_saw(run_witness(attr), "uid", "65534 65534 65534 65534");
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    struct view *view = run_witness(attr);
    assert_saw(view, "uid", "0 0 0 0");
    assert_saw(view, "fds", "0 1 2");
}

/* A pidfd of the caller would have a high number, so it is not by that that the child hears of the caller's death. */
static void is_mapped_in_a_crowd(const void *denial)
{
    crowd();
    struct forkexec_attr *attr = fresh();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    deny(denial, 1);
    assert_int_equal(witness_exits(attr, "exit", "5"), 5);
}

TEST(in_a_pid_namespace_they_are_fetched_too)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_CLOSE_RANGE);
    need_user_namespaces();
    need_native();
    assert_false(succeeds_in_copy(is_mapped_in_a_crowd, deadly_fetching));
    in_copy(is_mapped_in_a_crowd, no_fetching);
}

TEST_BOTH(in_new_namespaces)
{
    static const uint32_t all = FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC;
    need_user_namespaces();
    need_native();
    in_copy(in_namespaces, &all);
}

/* Lets all that ask go on, the first after longer than the child waits. */
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
    crowd();
    assert_int_equal(witness_exits(fresh(), "exit", "5"), 5);
    assert_false(pthread_create(&thread, NULL, be_slow, &listener));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
        &(struct sock_fprog){ 4, ask });
    assert_in_range(listener, 3, 4096);
    assert_int_equal(witness_exits(fresh(), "exit", "6"), 6);
}

/* A child waits for its caller, but not for ever: then there is another. */
TEST_BOTH(a_caller_that_was_only_slow)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    need_native();
    in_copy(fetches_too_late, NULL);
}
