/* No function of the library is a cancellation point: a thread that is cancelled in one of them returns from it. */
#define _GNU_SOURCE
#include "cgroup_parent.h"
#include "harness.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct forkexec_attr *attr;
static struct forkexec_child *child, *held;
static int null_fd, cgroup_fd;
static const char *cgroup_name;
static bool may_make_cgroups;
static char *const argv[] = { reporter, "exit", "0", NULL };

static void call_new(void)
{
    forkexec_attr_free(forkexec_attr_new());
}

static void call_copy(void)
{
    struct forkexec_attr *copy = forkexec_attr_copy(attr);
    assert_non_null(copy);
    OK(forkexec_attr_set_cwd(copy, "/"));
    OK(forkexec_attr_open_fd(copy, 5, "/dev/null", O_RDONLY, 0));
    forkexec_attr_free(copy);
}

static void end(struct forkexec_child *started)
{
    OK(forkexec_wait(started, FORKEXEC_FOREVER, 0, NULL, 0));
    forkexec_close(started);
}

static void call_spawn(void)
{
    struct forkexec_child *started;
    OK(forkexec_spawn(attr, reporter, argv, NULL, &started, NULL));
    end(started);
}

static void spawn_with_death_of_process(void)
{
    struct forkexec_attr *copy = forkexec_attr_copy(attr);
    OK(forkexec_attr_set_parent_death_signal(copy, 9, FORKEXEC_DEATH_OF_PROCESS));
    struct forkexec_child *started;
    OK(forkexec_spawn(copy, reporter, argv, NULL, &started, NULL));
    end(started);
    forkexec_attr_free(copy);
}

static void call_start_and_release(void)
{
    struct forkexec_child *started;
    OK(forkexec_start(attr, reporter, argv, NULL, &started, NULL));
    OK(forkexec_release(started, FORKEXEC_FOREVER, NULL));
    end(started);
}

static void call_start_and_release_in_time(void)
{
    struct forkexec_child *started;
    OK(forkexec_start(attr, reporter, argv, NULL, &started, NULL));
    OK(forkexec_release(started, 10000000000, NULL));
    OK(forkexec_wait(started, 10000000000, FORKEXEC_WAIT_NOREAP, NULL, 0));
    end(started);
}

static void close_a_held_child(void)
{
    struct forkexec_child *started;
    OK(forkexec_start(attr, reporter, argv, NULL, &started, NULL));
    forkexec_close(started);
}

static void call_hold(void)
{
    struct forkexec_attr *empty = forkexec_attr_new();
    struct forkexec_child *holder;
    OK(forkexec_hold(empty, &holder, NULL));
    int fd = forkexec_child_namespace_fd(holder, FORKEXEC_NS_UTS);
    /* An ordinary user may not inspect the child before it is the program. */
    assert_true(fd >= 0 || (geteuid() && fd == -EACCES));
    syscall(SYS_close, fd); /* libc's close(2) is a cancellation point */
    forkexec_close(holder);
    forkexec_attr_free(empty);
}

static void call_describe(void)
{
    OK(forkexec_describe(attr, reporter, argv, NULL, null_fd, NULL));
}

static void call_probe(void)
{
    char why[200];
    for (uint32_t feature = 1; feature <= FORKEXEC_PROBE_OVERLAY; feature++)
        assert_true(forkexec_probe(feature, why, sizeof why) >= 0);
}

/* If no cgroup can be made, the call is refused. */
static void call_cgroup(void)
{
    struct forkexec_cgroup *group = NULL;
    char buffer[64];
    int result = forkexec_cgroup_create(cgroup_fd, cgroup_name, &group, NULL);
    assert_int_equal(!result, may_make_cgroups);
    if (group) {
        OK(forkexec_cgroup_set(group, "cgroup.max.depth", "3", NULL));
        assert_int_equal(forkexec_cgroup_read(group, "cgroup.max.depth", buffer, sizeof buffer, NULL), 2);
        assert_true(forkexec_cgroup_fd(group) > 2);
        OK(forkexec_cgroup_kill(group));
        OK(forkexec_cgroup_remove(group, 10000000000, NULL));
    }
    forkexec_cgroup_free(group);
}

static void call_readers(void)
{
    assert_true(forkexec_child_pid(held) > 0);
    assert_true(forkexec_child_pidfd(held) != 0);
    assert_int_equal(forkexec_child_seccomp_fd(held), -ENOENT);
    OK(forkexec_signal(held, 0));
    assert_int_equal(forkexec_kill_tree(held), -EOPNOTSUPP);
    assert_int_equal(forkexec_wait(held, 1000000, 0, NULL, 0), -ETIMEDOUT);
    assert_non_null(forkexec_stage_name(0));
    assert_non_null(forkexec_version());
    assert_int_equal(forkexec_version_number(), FORKEXEC_VERSION_NUMBER);
}

struct call {
    const char *name;
    void (*call)(void);
};

static const struct call calls[] = {
    { "attr_new", call_new },
    { "attr_copy and setters", call_copy },
    { "spawn", call_spawn },
    { "spawn with the death of the process", spawn_with_death_of_process },
    { "start and release", call_start_and_release },
    { "release and wait with a timeout", call_start_and_release_in_time },
    { "close of a held child", close_a_held_child },
    { "hold", call_hold },
    { "describe", call_describe },
    { "probe", call_probe },
    { "readers", call_readers },
    { "cgroups", call_cgroup },
};

static void *nothing(void *unused)
{
    pause();
    return unused;
}

/* libc installs its handlers of the signals 32 and 33 with the first thread and the first cancellation. */
__attribute__((constructor)) static void cancel_once(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0) {
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
}

static volatile bool returned;

/* The cancellation is pending when the call begins: a cancellation point in the call would end the thread. */
static void *cancelled_before(void *which)
{
    const struct call *call = which;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    call->call();
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    assert_int_equal(old, PTHREAD_CANCEL_ENABLE);
    returned = true;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    return NULL;
}

TEST(a_pending_cancellation_stays_pending)
{
    null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const char *reason, *top = cgroup_parent(&reason);
    may_make_cgroups = top;
    cgroup_fd = open(top ? top : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    cgroup_name = text("forkexec-cancel-%d", getpid());
    for (int memory = FORKEXEC_MEMORY_AUTO; memory <= FORKEXEC_MEMORY_COPIED; memory++) {
        attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, memory));
        OK(forkexec_start(attr, reporter, argv, NULL, &held, NULL));
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            pthread_t thread;
            void *result;
            returned = false;
            assert_int_equal(pthread_create(&thread, NULL, cancelled_before, (void *)&calls[i]), 0);
            assert_int_equal(pthread_join(thread, &result), 0);
            if (!returned)
                fail_msg("the thread was cancelled in: %s", calls[i].name);
            assert_ptr_equal(result, PTHREAD_CANCELED);
        }
        forkexec_close(held);
    }
    close(null_fd);
    close(cgroup_fd);
}

static int64_t timeout;
static int answer;

static void *wait_for_it(void *unused)
{
    answer = forkexec_wait(child, timeout, 0, NULL, 0);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    returned = true;
    return unused;
}

static void *release_it(void *unused)
{
    answer = forkexec_release(child, timeout, NULL);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    returned = true;
    return unused;
}

/* Waits until the thread sleeps in a system call, and then longer, so that a cancellation would have taken effect. */
static void cancel(pthread_t thread)
{
    usleep(20000);
    assert_int_equal(pthread_cancel(thread), 0);
    usleep(20000);
}

TEST(a_thread_that_waits_is_not_cancelled)
{
    int64_t timeouts[] = { FORKEXEC_FOREVER, 20000000000 };
    for (int i = 0; i < 2; i++) {
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        attr = new_attr();
        OK(forkexec_attr_map_fd(attr, ends[0], 0));
        OK(forkexec_spawn(attr, "/bin/cat", (char *[]){ "cat", NULL }, NULL, &child, NULL));
        timeout = timeouts[i];
        returned = false;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wait_for_it, NULL), 0);
        cancel(thread);
        close(ends[1]);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(returned);
        assert_true(answer == 0 || answer == -EINTR);
        forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0);
        forkexec_close(child);
        close(ends[0]);
    }
}

TEST(a_thread_that_releases_is_not_cancelled)
{
    int64_t timeouts[] = { FORKEXEC_FOREVER, 20000000000 };
    for (int i = 0; i < 2; i++) {
        attr = new_attr();
        OK(forkexec_attr_set_stop(attr));
        OK(forkexec_start(attr, reporter, argv, NULL, &child, NULL));
        timeout = timeouts[i];
        returned = false;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, release_it, NULL), 0);
        cancel(thread);
        /* The child may not have stopped yet. */
        while (!returned) {
            OK(forkexec_signal(child, 18));
            usleep(1000);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(answer, 0);
        end(child);
    }
}
