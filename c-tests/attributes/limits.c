/* Resource limits: 64 bits, soft or hard limits that are left unchanged, and RLIMIT_NOFILE, which is set last. */
#include "in_fork.h"

#include <sys/resource.h>

#define KEEP FORKEXEC_RLIMIT_KEEP

static struct rlimit64 limit_of(uint32_t resource)
{
    struct rlimit64 limit;
    assert_false(syscall(SYS_prlimit64, 0, resource, NULL, &limit));
    return limit;
}

static void limit_self(uint32_t resource, uint64_t soft, uint64_t hard)
{
    struct rlimit64 limit = { soft, hard };
    assert_false(syscall(SYS_prlimit64, 0, resource, &limit, NULL));
}

static const char *shown(uint64_t soft, uint64_t hard)
{
    const char *half[] = { "unlimited", "unlimited" };
    if (soft != UINT64_MAX)
        half[0] = text("%llu", (unsigned long long)soft);
    if (hard != UINT64_MAX)
        half[1] = text("%llu", (unsigned long long)hard);
    return text("%s %s", half[0], half[1]);
}

static const char *const names[] = { "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS",
    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME" };

static void assert_limit(const struct view *view, uint32_t resource, uint64_t soft, uint64_t hard)
{
    assert_saw(view, text("rlimit.%s", names[resource]), shown(soft, hard));
}

TEST_BOTH(every_limit_with_64_bits)
{
    need_native(); /* valgrind handles some limits itself */
    for EACH_MEMORY(mode) {
        struct forkexec_attr *all = attr_in(mode);
        uint64_t hard[16], soft[16];
        for (uint32_t r = 0; r < 16; r++) {
            uint64_t most = limit_of(r).rlim_max, wide = BIT(34) + 2 * r + 1;
            hard[r] = most < wide ? most : wide;
            soft[r] = hard[r] ? hard[r] - 1 : 0;
            OK(forkexec_attr_set_rlimit(all, r, soft[r], hard[r]));
        }
        struct view *view = run_reporter(all);
        for (uint32_t r = 0; r < 16; r++)
            assert_limit(view, r, soft[r], hard[r]);
    }
}

TEST_BOTH(no_limit)
{
    need(limit_of(RLIMIT_FSIZE).rlim_max == UINT64_MAX, "needs an unlimited RLIMIT_FSIZE");
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_FSIZE, 0xfffffffffffffffd, UINT64_MAX));
    assert_limit(run_reporter(attr), RLIMIT_FSIZE, 0xfffffffffffffffd, UINT64_MAX);
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_FSIZE, UINT64_MAX, UINT64_MAX));
    assert_limit(run_reporter(attr), RLIMIT_FSIZE, UINT64_MAX, UINT64_MAX);
}

static void check_halves(const void *with)
{
    limit_self(RLIMIT_SIGPENDING, 100, 200);
    for EACH_MEMORY(mode) {
        static const uint64_t cases[][4] = { { KEEP, KEEP, 100, 200 }, { 50, KEEP, 50, 200 }, { 150, KEEP, 150, 200 },
            { KEEP, 150, 100, 150 }, { KEEP, 100, 100, 100 } };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_SIGPENDING, cases[i][0], cases[i][1]));
            assert_limit(run_reporter(attr, .path = with), RLIMIT_SIGPENDING, cases[i][2], cases[i][3]);
        }
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, KEEP));
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_SIGPENDING, KEEP, 99));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_RESOLVE, EINVAL, 1);
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_SIGPENDING, 201, KEEP));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_RESOLVE, EINVAL, 1);
    }
}

/* The unchanged limits are those at the spawn, not those at the time of the request. */
TEST_BOTH(soft_or_hard_limits_that_are_kept)
{
    in_fork(check_halves, public_reporter());
}

TEST(unknown_limits)
{
    struct forkexec_attr *attr[] = { new_attr(), new_attr() };
    assert_int_equal(forkexec_attr_set_rlimit(attr[0], 16, 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_rlimit(attr[1], 0, 2, 1), -EINVAL);
    for (int i = 0; i < 2; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    assert_int_equal(forkexec_attr_set_rlimit(NULL, 0, 0, 0), -EINVAL);
}

/* Raising a hard limit needs a privilege, and a new user namespace does not give it. */
static void check_raising(const void *with)
{
    const char *path = with;
    limit_self(RLIMIT_SIGPENDING, 100, 200);
    limit_self(RLIMIT_NOFILE, 100, 200);
    become_nobody();
    for EACH_MEMORY(mode)
        for (int user = 0; user < 2; user++) {
            struct forkexec_attr *attr = attr_in(mode);
            if (user)
                OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, KEEP, KEEP));
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_SIGPENDING, KEEP, 201));
            assert_spawn_fails(attr, path, FORKEXEC_STAGE_RLIMIT, EPERM, 1);
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_SIGPENDING, 200, 200));
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 200, 201));
            assert_spawn_fails(attr, path, FORKEXEC_STAGE_NOFILE, EPERM, 0);
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 200, 200));
            struct view *view = run_reporter(attr, .path = path);
            assert_limit(view, RLIMIT_SIGPENDING, 200, 200);
            assert_limit(view, RLIMIT_NOFILE, 200, 200);
        }
}

TEST_BOTH(raising_a_hard_limit_needs_a_privilege)
{
    need_native(); /* valgrind handles RLIMIT_NOFILE itself */
    need_user_namespaces();
    in_fork(check_raising, public_reporter());
}

static void check_raised(const void *with)
{
    limit_self(RLIMIT_SIGPENDING, 100, 200);
    limit_self(RLIMIT_NOFILE, 100, 200);
    for EACH_MEMORY(mode)
        for (int way = 0; way < 4; way++) {
            struct forkexec_attr *attr = attr_in(mode);
            if (way == 1)
                OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
            if (way == 2)
                OK(forkexec_attr_set_uid(attr, NOBODY));
            if (way == 3)
                OK(forkexec_attr_drop_capabilities(attr));
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_SIGPENDING, 300, 400));
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 300, 400));
            struct view *view = run_reporter(attr, .path = with);
            assert_limit(view, RLIMIT_SIGPENDING, 300, 400);
            assert_limit(view, RLIMIT_NOFILE, 300, 400);
        }
}

TEST_BOTH(a_privileged_caller_raises_limits_for_an_ordinary_user)
{
    need_native(); /* valgrind handles RLIMIT_NOFILE itself */
    need_cap(CAP_SYS_RESOURCE);
    need_user_namespaces();
    in_fork(check_raised, public_reporter());
}

/* The kernel grants RLIMIT_NOFILE up to fs.nr_open only, to every caller. */
TEST_BOTH(more_descriptors_than_there_can_be)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, UINT64_MAX, UINT64_MAX));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_NOFILE, EPERM, 0);
}

TEST_BOTH(the_limit_on_descriptors_comes_last)
{
    need_native();
    for EACH_MEMORY(mode)
        for (uint64_t most = 0; most < 4; most += 3) {
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, most, most));
            OK(forkexec_attr_map_fd(attr, 1, 60));
            OK(forkexec_attr_map_fd(attr, 1, 3));
            OK(forkexec_attr_open_fd(attr, 0, "/dev/null", O_RDONLY, 0));
            struct view *view = run_reporter(attr);
            assert_saw(view, "fds", "0 1 2 3 60");
            assert_limit(view, RLIMIT_NOFILE, most, most);
        }
}

static uint64_t at_load;

static void check_restored(const void *with)
{
    uint64_t hard = limit_of(RLIMIT_NOFILE).rlim_max;
    limit_self(RLIMIT_NOFILE, 64, hard);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, 64, hard);
        OK(forkexec_attr_restore_nofile(attr));
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, at_load, hard);
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 70, KEEP));
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, 70, hard);
    }
    /* The hard limit is still in force. */
    limit_self(RLIMIT_NOFILE, 64, 90);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_restore_nofile(attr));
    assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, at_load < 90 ? at_load : 90, 90);
}

/* The limit is restored only if it is the one that the runtime has set. */
static void check_restored_from(const void *with)
{
    uint64_t hard = limit_of(RLIMIT_NOFILE).rlim_max;
    limit_self(RLIMIT_NOFILE, 200, hard);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_restore_nofile_from(attr, 200, hard));
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, at_load, hard);
        OK(forkexec_attr_restore_nofile_from(attr, 200, KEEP));
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, at_load, hard);
        OK(forkexec_attr_restore_nofile_from(attr, KEEP, hard - 1));
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, 200, hard);
        OK(forkexec_attr_restore_nofile_from(attr, 201, hard));
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, 200, hard);
        OK(forkexec_attr_restore_nofile(attr));
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, at_load, hard);
        OK(forkexec_attr_restore_nofile_from(attr, 200, hard));
        limit_self(RLIMIT_NOFILE, 202, hard);
        assert_limit(run_reporter(attr, .path = with), RLIMIT_NOFILE, 202, hard);
        limit_self(RLIMIT_NOFILE, 200, hard);
    }
}

TEST_BOTH(nofile_is_restored_if_a_runtime_has_changed_it)
{
    need_native();
    at_load = limit_of(RLIMIT_NOFILE).rlim_cur;
    need(at_load > 202, "needs 203 descriptors");
    in_fork(check_restored_from, public_reporter());
}

TEST_BOTH(the_limit_on_descriptors_is_restored)
{
    need_native(); /* valgrind handles limits itself */
    at_load = limit_of(RLIMIT_NOFILE).rlim_cur;
    need(at_load >= 64, "needs 64 descriptors");
    in_fork(check_restored, public_reporter());
}
