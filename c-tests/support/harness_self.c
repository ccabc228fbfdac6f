/* Tests of the harness: it must notice these things, or no other test can be relied on. */
#include "harness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TEST_BOTH(a_plain_child_differs_from_its_caller_in_nothing_else)
{
    need_native();
    struct view *self = view_of_self(), *child = run_reporter(new_attr());
    assert_same_but(self, child, "pid ppid threads fd.* fds cloexec comm exe caught args arg.0");
    assert_saw(child, "ppid", text("%d", getpid()));
    assert_saw(child, "fds", "0 1 2");
}

TEST_BOTH(arguments_and_environment_arrive)
{
    struct view *view = run_reporter(new_attr(), .argv = (char *[]){ "one", "see", NULL },
        .envp = (char *[]){ "A=b c", "B=line\nline", NULL });
    assert_saw(view, "args", "2");
    assert_saw(view, "arg.0", "one");
    assert_saw(view, "env.A", "b c");
    assert_saw(view, "env.B", "line\\x0aline");
    assert_saw(view, "env.PATH", NULL);
}

TEST_BOTH(the_end_of_a_child_is_reported)
{
    assert_int_equal(reporter_exits(new_attr(), "exit", "3"), 3);
    assert_int_equal(finish(start_reporter(new_attr(), "kill", "9")).signal, SIGKILL);
}

TEST_BOTH(failures_are_recognised)
{
    assert_spawn_fails(new_attr(), scratch_path("nothing"), FORKEXEC_STAGE_EXEC, ENOENT, -1);
}

TEST(a_child_that_still_runs_is_ended)
{
    struct forkexec_child *child = start_reporter(new_attr(), "sleep");
    assert_false(kill(forkexec_child_pid(child), 0));
}
