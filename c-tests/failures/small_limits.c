/* Small limits of the caller: each call works, or fails with a reason, and leaves nothing behind. */
#define _GNU_SOURCE
#include "deny_calls.h"
#include <fcntl.h>

static char *const argv[] = { reporter, "exit", "0", NULL };

static int descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 64; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* Makes all kinds of calls; returns how many worked. */
static int try_all(void)
{
    int worked = 0;
    for (int kind = 0; kind < 10; kind++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        struct forkexec_attr *attr = forkexec_attr_new();
        if (!attr)
            continue;
        if (kind % 5 == 1 || kind % 5 == 2)
            OK(forkexec_attr_set_memory_mode(attr, (uint32_t)(kind % 5)));
        if (kind % 5 == 3)
            OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
        int answer = kind == 4 || kind == 9 ? forkexec_hold(attr, &child, &error)
            : kind < 5 ? forkexec_spawn(attr, reporter, argv, NULL, &child, &error)
                       : forkexec_start(attr, reporter, argv, NULL, &child, &error);
        if (answer == 0 && kind >= 5 && kind < 9)
            answer = forkexec_release(child, FORKEXEC_FOREVER, &error);
        if (answer == 0 && kind % 5 != 4)
            OK(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0));
        if (answer)
            assert_true(error.code == -answer && error.stage != 0 && error.message[0]);
        worked += answer == 0;
        forkexec_close(child);
        forkexec_attr_free(attr);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    return worked;
}

static void with_limit(const void *limit)
{
    const int *number = limit;
    struct rlimit old, small;
    try_all(); /* from here on the library keeps the image */
    int before = descriptors();
    assert_int_equal(getrlimit((__rlimit_resource_t)number[0], &old), 0);
    small = (struct rlimit){ (rlim_t)number[1], old.rlim_max };
    assert_int_equal(setrlimit((__rlimit_resource_t)number[0], &small), 0);
    try_all();
    assert_int_equal(setrlimit((__rlimit_resource_t)number[0], &old), 0);
    assert_int_equal(descriptors(), before);
    assert_int_equal(try_all(), 10);
}

TEST(few_descriptors)
{
    need_native();
    for (int n = 3; n <= 40; n++)
        in_copy(with_limit, (int[]){ RLIMIT_NOFILE, n });
}

TEST(few_processes)
{
    need_native();
    for (int n = 0; n <= 3; n++)
        in_copy(with_limit, (int[]){ RLIMIT_NPROC, n });
}

TEST(little_address_space)
{
    need_native();
    need_no_sanitizer();
    for (int mib = 0; mib <= 4; mib++)
        in_copy(with_limit, (int[]){ RLIMIT_AS, mib << 20 });
}
