/* Callers that reap all children, that ignore SIGCHLD, or that get a signal at every end: what they notice of the library's
 * children, and what the library learns of them. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <stdatomic.h>

#define SECOND 1000000000LL

static atomic_int ended, reaped;

static void count(int signal)
{
    (void)signal;
    atomic_fetch_add(&ended, 1);
}

static void reap_all(int signal)
{
    int saved = errno;
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        atomic_fetch_add(&reaped, 1);
    errno = saved;
}

static void *reap_for_ever(void *unused)
{
    for (;;)
        if (waitpid(-1, NULL, 0) > 0)
            atomic_fetch_add(&reaped, 1);
        else
            usleep(100);
    return unused;
}

static void handle(void (*handler)(int), int flags)
{
    struct sigaction act = { .sa_handler = handler, .sa_flags = flags };
    must(sigaction(SIGCHLD, &act, NULL) == 0);
}

static void begin_reaping(void)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, reap_for_ever, NULL) == 0);
}

/* A failure of a child in the caller's memory, at each step, must not be visible to the caller. */
static void fail_unheard(void *unused)
{
    (void)unused;
    struct forkexec_attr *cwd = new_attr(), *fd = new_attr(), *plain = new_attr();
    must(forkexec_attr_set_cwd(cwd, "/nonexistent") == 0);
    must(forkexec_attr_enter_directory(fd, "/nonexistent") == 0);
    const struct {
        struct forkexec_attr *attr;
        const char *path;
        uint32_t stage;
    } failures[] = { { cwd, reporter, FORKEXEC_STAGE_CWD }, { fd, reporter, FORKEXEC_STAGE_FD_ACTION },
        { plain, "/nonexistent", FORKEXEC_STAGE_EXEC } };
    handle(count, SA_RESTART);
    begin_reaping();
    for (int i = 0; i < 300; i++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        char *const argv[] = { reporter, "exit", "0", NULL };
        must(forkexec_spawn(failures[i % 3].attr, failures[i % 3].path, argv, NULL, &child, &error) < 0);
        must(error.stage == failures[i % 3].stage && error.pid > 0);
    }
    usleep(20000);
    must(atomic_load(&ended) == 0);
    must(atomic_load(&reaped) == 0);
}

TEST(failures_in_shared_memory_are_neither_signalled_nor_waited_for)
{
    need_native();
    need_probe(FORKEXEC_PROBE_SHARED_MEMORY);
    assert_in_caller(fail_unheard, NULL);
}

/* The library's answers are right where the caller reaps everything itself. */

enum way { HANDLER, THREAD, IGNORE, NO_WAIT, WAYS };

struct caller {
    enum way way;
    uint32_t mode;
    bool in_user_namespace;
};

static struct forkexec_attr *attr_of(const struct caller *caller)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_memory_mode(attr, caller->mode) == 0);
    if (caller->in_user_namespace) {
        must(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER) == 0);
        must(forkexec_attr_map_uid(attr, 0, geteuid(), 1) == 0);
        must(forkexec_attr_map_gid(attr, 0, getegid(), 1) == 0);
    }
    return attr;
}

/* A child that the caller reaped is unknown to the library. All others ended as reported. */
static void must_end(struct forkexec_child *child, enum way way)
{
    struct forkexec_status status;
    int result;
    while ((result = forkexec_wait(child, 30 * SECOND, 0, &status, sizeof status)) == -EINTR)
        ;
    must(result == -ECHILD || (result == 0 && way != IGNORE && way != NO_WAIT));
    must(result || status.exit_code == 3);
    forkexec_close(child);
}

static void spawn_and_be_right(void *with)
{
    const struct caller *caller = with;
    struct forkexec_attr *good = attr_of(caller), *bad = attr_of(caller);
    char *const argv[] = { reporter, "exit", "3", NULL };
    must(forkexec_attr_set_cwd(bad, "/nonexistent") == 0);
    if (caller->way == HANDLER)
        handle(reap_all, SA_RESTART);
    if (caller->way == IGNORE)
        handle(SIG_IGN, 0);
    if (caller->way == NO_WAIT)
        handle(SIG_DFL, SA_NOCLDWAIT);
    if (caller->way == THREAD)
        begin_reaping();
    for (int i = 0; i < 40; i++) {
        struct forkexec_child *child = NULL, *held = NULL;
        struct forkexec_error error;
        must_start(forkexec_spawn(good, reporter, argv, NULL, &child, &error), &error);
        must_end(child, caller->way);

        must(forkexec_spawn(bad, reporter, argv, NULL, &child, &error) == -ENOENT);
        must(error.stage == FORKEXEC_STAGE_CWD && error.pid > 0);
        must(forkexec_spawn(good, "/nonexistent", argv, NULL, &child, &error) == -ENOENT);
        must(error.stage == FORKEXEC_STAGE_EXEC && error.pid > 0);

        must_start(forkexec_start(good, reporter, argv, NULL, &held, &error), &error);
        must_start(forkexec_release(held, FORKEXEC_FOREVER, &error), &error);
        must_end(held, caller->way);

        must_start(forkexec_start(bad, reporter, argv, NULL, &held, &error), &error);
        must(forkexec_release(held, FORKEXEC_FOREVER, &error) == -ENOENT);
        must(error.stage == FORKEXEC_STAGE_CWD);
        forkexec_close(held);

        must_start(forkexec_start(good, reporter, argv, NULL, &held, &error), &error);
        must(forkexec_signal(held, SIGKILL) == 0);
        must(forkexec_release(held, FORKEXEC_FOREVER, &error) == -ECANCELED);
        forkexec_close(held);
    }
    if (caller->way != HANDLER && caller->way != THREAD)
        return;
    /* On one CPU the library may have reaped all of these first. For this one the library waits after the caller has reaped
     * it. */
    struct forkexec_child *child = NULL;
    must(forkexec_spawn(good, reporter, argv, NULL, &child, NULL) == 0);
    for (int turn = 0; atomic_load(&reaped) == 0 && turn < 30000; turn++)
        usleep(1000);
    must(atomic_load(&reaped) > 0);
    must_end(child, caller->way);
}

static void be_right_in_every_memory(enum way way)
{
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++)
        assert_in_caller(spawn_and_be_right, (&(struct caller){ way, mode, false }));
    need_user_namespaces();
    assert_in_caller(spawn_and_be_right, (&(struct caller){ way, FORKEXEC_MEMORY_AUTO, true }));
}

TEST(a_caller_that_reaps_all_in_its_handler_gets_right_answers)
{
    be_right_in_every_memory(HANDLER);
}

TEST(a_caller_that_reaps_all_in_a_thread_gets_right_answers)
{
    be_right_in_every_memory(THREAD);
}

TEST(a_caller_that_ignores_the_ends_of_its_children_gets_right_answers)
{
    be_right_in_every_memory(IGNORE);
}

TEST(a_caller_whose_children_need_no_reaping_gets_right_answers)
{
    be_right_in_every_memory(NO_WAIT);
}
