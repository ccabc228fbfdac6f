/* Children that stop or are traced: the caller is not blocked. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#define SECOND 1000000000LL

static struct forkexec_child *held(int (*setter)(struct forkexec_attr *), uint32_t mode, const char *code)
{
    struct forkexec_attr *attr = new_attr();
    OK(setter(attr));
    OK(forkexec_attr_set_memory_mode(attr, mode));
    struct forkexec_child *child = start_held(attr, REPORTER("exit", (char *)code));
    assert_non_null(child);
    return child;
}

/* Waits until the process has stopped; returns the signal. */
static int stopped_by(pid_t pid)
{
    int status = 0;
    for (double end = seconds() + 20; waitpid(pid, &status, WUNTRACED | WNOHANG | __WALL) == 0; usleep(1000))
        if (seconds() > end)
            return 0;
    return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };

TEST(a_child_that_stops_itself_is_continued_into_the_program)
{
    for (int i = 0; i < 3; i++) {
        struct forkexec_child *child = held(forkexec_attr_set_stop, modes[i], "3");
        struct forkexec_error error;
        assert_int_equal(forkexec_release(child, SECOND / 10, &error), -ETIMEDOUT);
        assert_int_equal(error.stage, FORKEXEC_STAGE_NONE);
        assert_int_equal(stopped_by(forkexec_child_pid(child)), SIGSTOP);
        assert_int_equal(forkexec_release(child, SECOND / 50, NULL), -ETIMEDOUT);
        assert_int_equal(forkexec_signal(child, SIGCONT), 0);
        assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
        assert_int_equal(finish(child).exit_code, 3);
        forkexec_close(child);
    }
}

/* Programs execute themselves by this path. In a child with the library's image it would be the image. */
TEST(proc_self_exe_is_the_callers_executable)
{
    static const char *const names[] = { "/proc/self/exe", "/proc/thread-self/exe" };
    need_native();
    char own[4096], childs[4096];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    for (size_t i = 0; i < sizeof modes / sizeof *modes * 2; i++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_ptrace(attr));
        OK(forkexec_attr_set_memory_mode(attr, modes[i / 2]));
        struct forkexec_child *child;
        OK(forkexec_start(attr, names[i % 2], (char *[]){ "self", NULL }, NULL, &child, NULL));
        assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
        assert_int_equal(stopped_by(forkexec_child_pid(child)), SIGTRAP);
        assert_int_equal(readlink(text("/proc/%d/exe", forkexec_child_pid(child)), childs, sizeof childs), length);
        assert_memory_equal(childs, own, length);
        forkexec_signal(child, SIGKILL);
        finish(child);
        forkexec_close(child);
    }
}

static void *continue_it(void *child)
{
    intptr_t signal = stopped_by(forkexec_child_pid(child));
    forkexec_signal(child, SIGCONT);
    return (void *)signal;
}

TEST(another_process_may_continue_it_while_the_release_waits)
{
    struct forkexec_child *child = held(forkexec_attr_set_stop, FORKEXEC_MEMORY_AUTO, "4");
    pthread_t thread;
    void *signal;
    assert_int_equal(pthread_create(&thread, NULL, continue_it, child), 0);
    assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
    pthread_join(thread, &signal);
    assert_int_equal((intptr_t)signal, SIGSTOP);
    assert_int_equal(finish(child).exit_code, 4);
    forkexec_close(child);
}

TEST(a_tracer_may_attach_where_the_child_has_stopped)
{
    struct forkexec_child *child = held(forkexec_attr_set_stop, FORKEXEC_MEMORY_AUTO, "5");
    pid_t pid = forkexec_child_pid(child);
    assert_int_equal(forkexec_release(child, SECOND / 50, NULL), -ETIMEDOUT);
    assert_int_equal(stopped_by(pid), SIGSTOP);
    assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACEEXEC), 0);
    assert_int_equal(forkexec_signal(child, SIGCONT), 0);
    for (int signal; (signal = stopped_by(pid)) != 0;) {
        int event = signal == SIGTRAP && !strcmp(link_of(text("/proc/%d/exe", pid)), reporter);
        assert_int_equal(ptrace(event ? PTRACE_DETACH : PTRACE_CONT, pid, NULL, NULL), 0);
        if (event)
            break;
    }
    assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
    assert_int_equal(finish(child).exit_code, 5);
    forkexec_close(child);
}

TEST(closing_a_stopped_child_ends_it)
{
    struct forkexec_child *child = held(forkexec_attr_set_stop, FORKEXEC_MEMORY_AUTO, "5");
    pid_t pid = forkexec_child_pid(child);
    assert_int_equal(forkexec_release(child, SECOND / 50, NULL), -ETIMEDOUT);
    assert_int_equal(stopped_by(pid), SIGSTOP);
    forkexec_close(child);
    assert_int_equal(kill(pid, 0), -1);
}

TEST(a_tracee_stops_at_the_exec_for_the_thread_that_started_it)
{
    for (int i = 0; i < 3; i++) {
        struct forkexec_child *child = held(forkexec_attr_set_ptrace, modes[i], "6");
        pid_t pid = forkexec_child_pid(child);
        assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
        assert_int_equal(stopped_by(pid), SIGTRAP);
        assert_string_equal(link_of(text("/proc/%d/exe", pid)), reporter);
        assert_string_equal(status_of(pid, "TracerPid"), text("%d", getpid()));
        assert_int_equal(forkexec_wait(child, SECOND / 20, 0, NULL, 0), -ETIMEDOUT);
        assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
        assert_int_equal(finish(child).exit_code, 6);
        forkexec_close(child);
    }
}

TEST(a_tracee_that_is_process_1_stops_before_the_exec_and_at_it)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
    OK(forkexec_attr_set_ptrace(attr));
    OK(forkexec_attr_set_stop(attr));
    struct forkexec_child *child = start_held(attr, REPORTER("exit", "8"));
    if (!child)
        return;
    pid_t pid = forkexec_child_pid(child);
    assert_int_equal(forkexec_release(child, SECOND / 50, NULL), -ETIMEDOUT);
    assert_int_equal(stopped_by(pid), SIGSTOP);
    assert_string_not_equal(link_of(text("/proc/%d/exe", pid)), reporter);
    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
    assert_int_equal(stopped_by(pid), SIGTRAP);
    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    assert_int_equal(finish(child).exit_code, 8);
    forkexec_close(child);
}

static void *release_and_try(void *child)
{
    if (forkexec_release(child, 20 * SECOND, NULL))
        return (void *)(intptr_t)-1;
    return (void *)(intptr_t)(ptrace(PTRACE_CONT, forkexec_child_pid(child), NULL, NULL) ? errno : 0);
}

TEST(the_thread_that_releases_is_not_the_tracer)
{
    struct forkexec_child *child = held(forkexec_attr_set_ptrace, FORKEXEC_MEMORY_AUTO, "7");
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, release_and_try, child), 0);
    assert_int_equal(stopped_by(forkexec_child_pid(child)), SIGTRAP);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, ESRCH);
    assert_int_equal(ptrace(PTRACE_CONT, forkexec_child_pid(child), NULL, NULL), 0);
    assert_int_equal(finish(child).exit_code, 7);
    forkexec_close(child);
}

/* The signal is delivered, and stops the tracee, when the mask is set: before execve. */
TEST(a_tracee_with_a_pending_signal_blocks_no_caller)
{
    need_native();
    struct forkexec_attr *attr = new_attr();
    sigset_t usr1, old;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    OK(forkexec_attr_set_ptrace(attr));
    OK(forkexec_attr_set_signal_mask(attr, 0));
    pthread_sigmask(SIG_BLOCK, &usr1, &old);
    struct forkexec_child *child = start_held(attr, REPORTER("exit", "8"));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    assert_non_null(child);
    pid_t pid = forkexec_child_pid(child);
    OK(forkexec_signal(child, SIGUSR1));
    assert_int_equal(forkexec_release(child, SECOND / 10, NULL), -ETIMEDOUT);
    assert_int_equal(stopped_by(pid), SIGUSR1);
    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
    assert_int_equal(stopped_by(pid), SIGTRAP);
    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    assert_int_equal(finish(child).exit_code, 8);
    forkexec_close(child);
}

/* A sibling of the child that traces it until it is killed, and never waits. Returns 0 where it may not trace. */
static pid_t tracer_of(pid_t pid)
{
    int ends[2];
    char answer = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t tracer = fork();
    assert_true(tracer >= 0);
    if (tracer == 0) {
        answer = ptrace(PTRACE_SEIZE, pid, NULL, NULL) ? 'n' : 'y';
        (void)!write(ends[1], &answer, 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &answer, 1), 1);
    close(ends[0]);
    close(ends[1]);
    if (answer == 'y')
        return tracer;
    assert_int_equal(kill(tracer, SIGKILL), 0);
    assert_int_equal(waitpid(tracer, NULL, 0), tracer);
    return 0;
}

static long sleeps_of_this_thread(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nvcsw;
}

/* The tracer is told of the end first. Until then the close can only look again, and must sleep in between. */
TEST(a_close_sleeps_while_a_tracer_has_not_reaped_the_child)
{
    need_native();
    struct forkexec_child *child = held(forkexec_attr_set_stop, FORKEXEC_MEMORY_AUTO, "5");
    pid_t pid = forkexec_child_pid(child);
    assert_int_equal(forkexec_release(child, SECOND / 50, NULL), -ETIMEDOUT);
    assert_int_equal(stopped_by(pid), SIGSTOP);
    pid_t tracer = tracer_of(pid);
    if (!tracer)
        forkexec_close(child);
    need(tracer, "a process may not trace its brother here");
    long before = sleeps_of_this_thread();
    forkexec_close(child);
    assert_true(sleeps_of_this_thread() - before >= 10);
    assert_true(exists(text("/proc/%d", pid)));

    assert_int_equal(kill(tracer, SIGKILL), 0);
    assert_int_equal(waitpid(tracer, NULL, 0), tracer);
    /* The child is reaped together with the next one. */
    for (int i = 0; exists(text("/proc/%d", pid)); i++) {
        assert_true(i < 1000);
        forkexec_close(start_held(new_attr(), REPORTER("exit", "0")));
    }
}

TEST(stop_and_trace_need_a_caller_that_can_continue_the_child)
{
    for (int i = 0; i < 2; i++) {
        struct forkexec_attr *attr = new_attr();
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        OK(i ? forkexec_attr_set_stop(attr) : forkexec_attr_set_ptrace(attr));
        assert_int_equal(forkexec_spawn(attr, reporter, REPORTER("exit", "0"), NULL, &child, &error), -EINVAL);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
        assert_int_equal(forkexec_hold(attr, &child, &error), -EINVAL);
        assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    }
    struct forkexec_attr *first = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_set_stop(first));
    OK(forkexec_attr_create_namespaces(first, FORKEXEC_NS_PID));
    assert_int_equal(forkexec_start(first, reporter, REPORTER("exit", "0"), NULL, &child, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
}
