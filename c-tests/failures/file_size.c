/* A small RLIMIT_FSIZE of the caller: the caller never gets SIGXFSZ, and a request has its effect or fails with EFBIG. */
#include "mount_requests.h"

#include <sys/resource.h>

EACH_TEST_NEEDS(need_native)
ONLY_COPIES_HAVE_CHILDREN

#define ENOUGH (1u << 20) /* enough for every file that the library makes */

struct limits {
    rlim_t soft, hard;
    bool many_fds; /* the image has a high number, so that the child makes a file of its own */
};

static struct forkexec_attr *in_namespaces(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    return attr;
}

static struct forkexec_attr *same_ids(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_gid(attr, getgid()));
    OK(forkexec_attr_keep_groups(attr));
    return attr;
}

static void take_numbers(void)
{
    for (int fd = open("/dev/null", O_RDWR | O_CLOEXEC); fd >= 0 && fd < 600;)
        fd = dup(fd);
}

/* Whether the limit can be raised far enough, possibly with privilege. */
static bool is_no_obstacle(const struct limits *limits)
{
    struct rlimit raised = { ENOUGH, ENOUGH };
    pid_t pid = fork();
    if (pid == 0)
        _exit(limits->hard < ENOUGH && setrlimit(RLIMIT_FSIZE, &raised));
    int status = 1;
    waitpid(pid, &status, 0);
    return !status;
}

static void lives_under(const void *with)
{
    const struct limits *limits = with;
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    sigset_t all, pending;
    signal(SIGXFSZ, SIG_DFL);
    if (limits->many_fds)
        take_numbers();
    assert_false(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limits->soft, limits->hard }));
    bool no_obstacle = is_no_obstacle(limits);
    assert_int_equal(reporter_exits(new_attr(), "exit", "7"), 7);
    assert_int_equal(reporter_exits(same_ids(), "exit", "7"), 7);
    assert_int_equal(reporter_exits(attr_in(FORKEXEC_MEMORY_COPIED), "exit", "7"), 7);
    if (makes_user_namespaces())
        assert_int_equal(reporter_exits(in_namespaces(), "exit", "7"), 7);
    struct forkexec_attr *attr = attr_in(FORKEXEC_MEMORY_FRESH);
    int result = try_start(attr, reporter, (char *[]){ reporter, "exit", "7", NULL }, NULL, &child, &error);
    if (result) {
        assert_false(no_obstacle);
        assert_int_equal(error.stage, FORKEXEC_STAGE_IMAGE);
        assert_int_equal(error.code, EFBIG);
    } else {
        assert_int_equal(finish(child).exit_code, 7);
    }
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0), result == 0);
    assert_in_range(forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, NULL, 0), 0, 1);
    /* Nothing is left: no pending signal, no changed limit. */
    sigfillset(&all);
    assert_false(sigprocmask(SIG_SETMASK, &all, NULL));
    assert_false(sigpending(&pending));
    assert_false(sigismember(&pending, SIGXFSZ));
    struct rlimit now;
    assert_false(getrlimit(RLIMIT_FSIZE, &now));
    assert_true(now.rlim_cur == limits->soft && now.rlim_max == limits->hard);
}

TEST_BOTH(a_small_limit_of_the_caller)
{
    static const rlim_t sizes[] = { 0, 1, 100, 4095, 4096, 16384, ENOUGH };
    struct rlimit now;
    getrlimit(RLIMIT_FSIZE, &now);
    need(now.rlim_max >= ENOUGH, "RLIMIT_FSIZE is small already");
    for (size_t soft = 0; soft < sizeof sizes / sizeof *sizes; soft++)
        for (int many_fds = 0; many_fds < 2; many_fds++)
            for (int hard = 0; hard < 2; hard++) {
                struct limits limits = { sizes[soft], hard ? now.rlim_max : sizes[soft], many_fds };
                printf("# soft %llu, hard %llu, %d\n", (unsigned long long)limits.soft,
                    (unsigned long long)limits.hard, many_fds);
                in_copy(lives_under, &limits);
            }
}

/* With privilege, or in a user namespace. */
static void need_root_of_its_own(void)
{
    need(makes_user_namespaces() || !geteuid(), "may not mount");
    public_reporter();
}

static struct forkexec_attr *with_file(void)
{
    struct forkexec_attr *attr = makes_user_namespaces() ? in_namespaces() : new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_make_file(attr, "/file", (const uint8_t *)"twelve bytes", 12, 0644));
    return attr;
}

/* The limit applies to the program, not to the files that are made for it. */
static void is_limited(const void *unused)
{
    struct forkexec_attr *attr = with_file();
    (void)unused;
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_FSIZE, 1, 1));
    assert_saw(run_reporter(attr, .path = "/reporter", .argv = (char *[]){ "w", NULL }), "rlimit.FSIZE", "1 1");
}

TEST_BOTH(a_small_limit_of_the_program)
{
    need_root_of_its_own();
    in_copy(is_limited, NULL);
}

/* A file of the request is larger than the caller's limit: an error is returned, and no process is killed. */
static void may_not_make_it(const void *unused)
{
    (void)unused;
    assert_false(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 5, 5 }));
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    assert_int_equal(try_start(with_file(), "/reporter", (char *[]){ "w", NULL }, NULL, &child, &error), -EFBIG);
    /* A caller that may not raise the limit has no image either, and another root needs an image. */
    assert_true(error.stage == FORKEXEC_STAGE_FILE || error.stage == FORKEXEC_STAGE_IMAGE);
    assert_null(child);
}

TEST_BOTH(a_file_for_the_program_is_too_large)
{
    need_root_of_its_own();
    in_copy(may_not_make_it, NULL);
}
