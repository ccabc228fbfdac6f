/* The caller forks in one thread while other threads are inside the library: in the fork, all calls with copied handles
 * return, and new children work. */
#define _GNU_SOURCE
#include "deny_calls.h"

static struct forkexec_attr *attr;
static struct forkexec_child *stopped;
static char *const argv[] = { reporter, "exit", "0", NULL };

static void *release_it(void *unused)
{
    OK(forkexec_release(stopped, FORKEXEC_FOREVER, NULL));
    return unused;
}

static void spawn_one(void)
{
    struct forkexec_child *child;
    OK(forkexec_start(attr, reporter, argv, NULL, &child, NULL));
    OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
    OK(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0));
    forkexec_close(child);
    OK(forkexec_start(attr, reporter, argv, NULL, &child, NULL));
    forkexec_close(child);
}

/* Every call with a handle of another process. */
static void use(struct forkexec_child *child)
{
    struct forkexec_error error;
    assert_int_equal(forkexec_release(child, FORKEXEC_FOREVER, &error), -ESRCH);
    assert_int_equal(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0), -ESRCH);
    assert_int_equal(forkexec_wait(child, 0, 0, NULL, 0), -ESRCH);
    assert_int_equal(forkexec_signal(child, 0), -ESRCH);
    assert_int_equal(forkexec_kill_tree(child), -ESRCH);
    assert_int_equal(forkexec_child_pid(child), -ESRCH);
    assert_int_equal(forkexec_child_pidfd(child), -ESRCH);
    assert_int_equal(forkexec_child_namespace_fd(child, FORKEXEC_NS_UTS), -ESRCH);
    assert_int_equal(forkexec_child_seccomp_fd(child), -ESRCH);
    forkexec_close(child);
}

/* Whether a fork that uses the handle, and spawns, comes to its end. */
static void fork_and_use(struct forkexec_child *child)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        alarm(20);
        use(child);
        spawn_one();
        _exit(0);
    }
    assert_true(pid > 0);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_int_equal(status, 0);
}

TEST(a_handle_that_is_being_released)
{
    need_native();
    attr = new_attr();
    struct forkexec_attr *stopping = new_attr();
    OK(forkexec_attr_set_stop(stopping));
    OK(forkexec_start(stopping, reporter, argv, NULL, &stopped, NULL));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, release_it, NULL), 0);
    for (int i = 0; i < 5; i++) {
        usleep(5000);
        fork_and_use(stopped);
    }
    while (pthread_tryjoin_np(thread, NULL)) {
        forkexec_signal(stopped, SIGCONT);
        usleep(1000);
    }
    OK(forkexec_wait(stopped, FORKEXEC_FOREVER, 0, NULL, 0));
    forkexec_close(stopped);
}

static volatile bool enough;

static void *be_busy(void *unused)
{
    while (!enough)
        spawn_one();
    return unused;
}

TEST(forks_at_any_moment)
{
    need_native();
    attr = new_attr();
    struct forkexec_child *held;
    OK(forkexec_start(attr, reporter, argv, NULL, &held, NULL));
    pthread_t threads[3];
    enough = false;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_busy, NULL), 0);
    for (int i = 0; i < 100; i++)
        fork_and_use(held);
    enough = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    forkexec_close(held);
}
