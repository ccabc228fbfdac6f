/* Waiting: how long, how often, by which thread, and what is reported. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "deny_calls.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

#define SECOND 1000000000LL
#define MIB (1024ull * 1024)

static void end(struct forkexec_child *child)
{
    forkexec_signal(child, SIGKILL);
    finish(child);
}

/* How long. */

TEST_BOTH(a_wait_takes_its_timeout)
{
    struct forkexec_child *child = start_reporter(new_attr(), "sleep");
    static const int64_t times[] = { 0, 1, SECOND / 20, SECOND / 5 };
    for (int i = 0; i < 4; i++) {
        double before = seconds();
        assert_int_equal(forkexec_wait(child, times[i], 0, NULL, 0), -ETIMEDOUT);
        assert_true(seconds() - before >= (double)times[i] / 1e9);
    }
    forkexec_signal(child, SIGKILL);
    assert_int_equal(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0), 0);
    assert_int_equal(forkexec_wait(child, 0, 0, NULL, 0), 0);
}

TEST_BOTH(negative_timeouts_are_for_ever_and_the_longest_does_not_overflow)
{
    assert_int_equal(forkexec_wait(start_reporter(new_attr(), "exit", "0"), INT64_MIN, 0, NULL, 0), 0);
    assert_int_equal(forkexec_wait(start_reporter(new_attr(), "exit", "0"), INT64_MAX, 0, NULL, 0), 0);
}

/* How often. */

TEST_BOTH(a_child_can_be_left_to_be_waited_for_again)
{
    struct forkexec_child *child = start_reporter(new_attr(), "exit", "9");
    struct forkexec_status first, second;
    assert_int_equal(forkexec_wait(child, 10 * SECOND, FORKEXEC_WAIT_NOREAP, &first, sizeof first), 0);
    assert_int_equal(forkexec_wait(child, 0, FORKEXEC_WAIT_NOREAP, &second, sizeof second), 0);
    assert_memory_equal(&first, &second, sizeof first);
    assert_string_equal(status_of(forkexec_child_pid(child), "State"), "Z (zombie)");
    assert_int_equal(forkexec_signal(child, SIGTERM), 0);
    assert_int_equal(forkexec_wait(child, 0, 0, NULL, 0), 0);
    assert_int_equal(kill(forkexec_child_pid(child), 0), -1);
    assert_int_equal(forkexec_signal(child, SIGTERM), -ESRCH);
}

TEST_BOTH(the_status_is_remembered_after_the_first_wait)
{
    struct forkexec_child *child = start_reporter(new_attr(), "exit", "9");
    struct forkexec_status first = finish(child), again;
    for (int flags = 0; flags < 2; flags++) {
        memset(&again, 0x5a, sizeof again);
        assert_int_equal(forkexec_wait(child, 0, (uint32_t)flags, &again, sizeof again), 0);
        assert_memory_equal(&first, &again, sizeof first);
    }
}

/* Interrupted. */

static volatile sig_atomic_t handled;

static void count(int signal)
{
    (void)signal;
    handled++;
}

static void wait_interrupted(void *unused)
{
    (void)unused;
    struct forkexec_child *child;
    struct forkexec_status status;
    struct sigaction act = { .sa_handler = count, .sa_flags = SA_RESTART };
    /* Again and again, since the first signal may come before the wait has begun. */
    struct itimerval soon = { { 0, 50000 }, { 0, 50000 } }, never = { { 0, 0 }, { 0, 0 } };
    must(forkexec_spawn(new_attr(), reporter, REPORTER("sleep"), NULL, &child, NULL) == 0);
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    must(forkexec_wait(child, 20 * SECOND, 0, &status, sizeof status) == -EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    must(handled > 0);
    must(forkexec_signal(child, SIGKILL) == 0);
    must(forkexec_wait(child, 20 * SECOND, 0, &status, sizeof status) == 0);
    must(status.signal == SIGKILL);
    forkexec_close(child);
}

TEST(a_handler_interrupts_and_no_status_is_lost)
{
    assert_in_caller(wait_interrupted, NULL);
}

TEST_BOTH(a_blocked_signal_does_not_interrupt)
{
    struct forkexec_child *child = start_reporter(new_attr(), "sleep");
    sigset_t alarm, old;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, &old);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 20000 } }, NULL);
    assert_int_equal(forkexec_wait(child, SECOND / 5, 0, NULL, 0), -ETIMEDOUT);
    assert_int_equal(sigtimedwait(&alarm, NULL, &(struct timespec){ 10, 0 }), SIGALRM);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    end(child);
}

/* Reaped by others. */

TEST_BOTH(a_child_that_others_reaped_gives_echild)
{
    struct forkexec_child *child = start_reporter(new_attr(), "exit", "2");
    struct forkexec_status status;
    memset(&status, 0x5a, sizeof status);
    int result, how;
    while ((result = waitpid(forkexec_child_pid(child), &how, 0)) < 0 && errno == EINTR)
        ;
    assert_int_equal(result, forkexec_child_pid(child));
    for (int turn = 0; turn < 2; turn++)
        assert_int_equal(forkexec_wait(child, turn ? FORKEXEC_FOREVER : 0, 0, &status, sizeof status), -ECHILD);
    assert_int_equal(status.valid, 0x5a5a5a5a);
    assert_int_equal(forkexec_signal(child, SIGTERM), -ESRCH);
}

/* Without the calls that report the end of a child. */

static void wait_without(const void *code)
{
    int errno_of_filter = *(const int *)code;
    const struct denial waitid_alone[] = { { .call = SYS_waitid, .code = errno_of_filter } };
    const struct denial both[] = { { .call = SYS_waitid, .code = errno_of_filter },
        { .call = SYS_wait4, .code = errno_of_filter } };
    struct forkexec_child *child = start_reporter(new_attr(), "exit", "4");
    struct forkexec_child *other = start_reporter(new_attr(), "exit", "5");
    struct forkexec_child *running = start_reporter(new_attr(), "sleep");
    struct forkexec_status status = { 0 };
    deny(waitid_alone, 1);
    OK(forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status));
    assert_int_equal(status.exit_code, 4);
    assert_int_equal(forkexec_wait(other, SECOND * 10, FORKEXEC_WAIT_NOREAP, NULL, 0), -EPERM);
    deny(both, 2);
    assert_int_equal(forkexec_wait(other, SECOND * 10, 0, NULL, 0), -EPERM);
    assert_int_equal(forkexec_wait(other, FORKEXEC_FOREVER, 0, NULL, 0), -EPERM);
    for (int i = 0; i < 2; i++)
        assert_int_equal(forkexec_wait(running, 0, i ? FORKEXEC_WAIT_NOREAP : 0, NULL, 0), -ETIMEDOUT);
    OK(forkexec_signal(running, SIGKILL));
    assert_int_equal(forkexec_wait(running, FORKEXEC_FOREVER, FORKEXEC_WAIT_NOREAP, NULL, 0), -EPERM);
    forkexec_close(running);
    forkexec_close(other);
}

/* Whatever errno the filter returns. */
TEST(waiting_without_the_usual_calls)
{
    need_unemulated("it takes no seccomp filters");
    static const int codes[] = { EPERM, ENOSYS, EACCES };
    need_native();
    for (int i = 0; i < 3; i++)
        in_copy(wait_without, codes + i);
}

/* What is reported. */

TEST_BOTH(the_whole_status_of_an_ended_child)
{
    static const struct {
        char *what, *with;
        int exit_code, signal;
    } ends[] = {
        { "exit", "0", 0, 0 }, { "exit", "1", 1, 0 }, { "exit", "127", 127, 0 }, { "exit", "255", 255, 0 },
        { "kill", "9", -1, SIGKILL }, { "kill", "15", -1, SIGTERM }, { "kill", "1", -1, SIGHUP },
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct forkexec_status status = finish(start_reporter(new_attr(), ends[i].what, ends[i].with));
        assert_int_equal(status.exit_code, ends[i].exit_code);
        assert_int_equal(status.signal, ends[i].signal);
        assert_int_equal(status.core_dumped, 0);
        assert_int_equal(status.wait_status, ends[i].signal ? ends[i].signal : ends[i].exit_code << 8);
        assert_true(status.ran == FORKEXEC_RAN_YES || (ends[i].signal && status.ran == FORKEXEC_RAN_UNKNOWN));
        uint32_t always = FORKEXEC_STATUS_EXIT | FORKEXEC_STATUS_RAN | FORKEXEC_STATUS_USAGE;
        assert_int_equal(status.valid & always, always);
        assert_int_equal(status.memory_peak_bytes, 0);
        assert_false(status.valid & FORKEXEC_STATUS_MEMORY_PEAK);
    }
}

/* A child that shares memory until execve has certainly run the program, however it ended. */
TEST(a_spawned_child_killed_by_a_signal_has_run)
{
    need_probe(FORKEXEC_PROBE_SHARED_MEMORY);
    struct forkexec_child *child = start_reporter(new_attr(), "kill", "9");
    assert_int_equal(finish(child).ran, FORKEXEC_RAN_YES);
}

/* For a child with an image of its own the zombie's name shows it: execve has changed the name. */
TEST_BOTH(a_child_with_its_own_memory_killed_by_a_signal_has_run)
{
    need_native();
    need_probe(FORKEXEC_PROBE_IMAGE);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH));
    assert_int_equal(finish(start_reporter(attr, "kill", "9")).ran, FORKEXEC_RAN_YES);
}

TEST_BOTH(a_core_dump_is_reported)
{
    char pattern[256] = "|";
    FILE *in = fopen("/proc/sys/kernel/core_pattern", "re");
    need(in && fgets(pattern, sizeof pattern, in), "no core_pattern");
    fclose(in);
    need(*pattern != '|', "cores are piped to a program here");
    for (int dumps = 0; dumps < 2; dumps++) {
        struct forkexec_attr *attr = new_attr();
        struct rlimit limit;
        getrlimit(RLIMIT_CORE, &limit);
        need(!dumps || limit.rlim_max > 16 * MIB, "the hard limit on cores is too low");
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_CORE, dumps ? 16 * MIB : 0, FORKEXEC_RLIMIT_KEEP));
        OK(forkexec_attr_set_cwd(attr, scratch()));
        struct forkexec_status status = finish(start_reporter(attr, "abort"));
        assert_int_equal(status.signal, SIGABRT);
        assert_int_equal(status.core_dumped, dumps);
        assert_int_equal(status.wait_status, SIGABRT | (dumps ? 0x80 : 0));
    }
}

TEST_BOTH(the_status_has_the_size_of_the_argument)
{
    struct forkexec_child *child = start_reporter(new_attr(), "exit", "3");
    struct forkexec_status whole = finish(child);
    unsigned char bytes[sizeof whole + 64];
    for (size_t size = 0; size <= sizeof whole + 32; size++) {
        memset(bytes, 0x5a, sizeof bytes);
        assert_int_equal(forkexec_wait(child, 0, 0, (struct forkexec_status *)bytes, size), 0);
        for (size_t i = 0; i < sizeof bytes; i++) {
            unsigned char should = i >= size ? 0x5a : i < sizeof whole ? ((unsigned char *)&whole)[i] : 0;
            assert_int_equal(bytes[i], should);
        }
    }
}

TEST(invalid_calls_are_refused)
{
    struct forkexec_child *child = start_reporter(new_attr(), "exit", "0");
    struct forkexec_status status;
    assert_int_equal(forkexec_wait(NULL, 0, 0, &status, sizeof status), -EINVAL);
    assert_int_equal(forkexec_wait(child, 0, 16, &status, sizeof status), -EINVAL);
    assert_int_equal(forkexec_wait(child, 0, 0, NULL, sizeof status), -EINVAL);
    assert_int_equal(forkexec_signal(NULL, 0), -EINVAL);
    assert_int_equal(forkexec_signal(child, 65), -EINVAL);
    assert_int_equal(forkexec_signal(child, -1), -EINVAL);
    assert_int_equal(forkexec_kill_tree(NULL), -EINVAL);
    assert_int_equal(finish(child).exit_code, 0);
}

/* Resource usage. */

static uint64_t nanoseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_usec * 1000;
}

/* The same numbers that the kernel adds to the usage of all children, up to rounding to microseconds. */
static void assert_about(uint64_t told, struct timeval before, struct timeval after)
{
    uint64_t used = nanoseconds(after) - nanoseconds(before);
    assert_true(told + 5000 >= used && told <= used + 5000);
}

TEST_BOTH(time_and_memory_are_reported)
{
    need_native();
    struct rusage before, after;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_CPU, 1, 2));
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, FORKEXEC_RLIMIT_KEEP));
    struct forkexec_child *child = start_reporter(attr, "eat", "96", "spin");
    struct forkexec_status status;
    getrusage(RUSAGE_CHILDREN, &before);
    assert_int_equal(forkexec_wait(child, 100 * SECOND, 0, &status, sizeof status), 0);
    getrusage(RUSAGE_CHILDREN, &after);
    assert_int_equal(status.signal, SIGXCPU);
    assert_about(status.user_ns, before.ru_utime, after.ru_utime);
    assert_about(status.system_ns, before.ru_stime, after.ru_stime);
    assert_true(status.user_ns + status.system_ns >= SECOND / 10);
    assert_int_equal(status.minor_faults, after.ru_minflt - before.ru_minflt);
    assert_int_equal(status.major_faults, after.ru_majflt - before.ru_majflt);
    assert_int_equal(status.block_writes, after.ru_oublock - before.ru_oublock);
    assert_int_equal(status.voluntary_switches, after.ru_nvcsw - before.ru_nvcsw);
    assert_int_equal(status.involuntary_switches, after.ru_nivcsw - before.ru_nivcsw);
    assert_true(status.max_rss_bytes >= 96 * MIB && status.max_rss_bytes < 200 * MIB);
    assert_true(status.max_rss_floor_bytes > 0 && status.max_rss_floor_bytes < status.max_rss_bytes);
    assert_true(status.minor_faults > 40);
}

static void grow(void *unused)
{
    (void)unused;
    char *memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED);
    memset(memory, 1, 64 * MIB);
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        struct forkexec_child *child;
        struct forkexec_status status;
        must(forkexec_attr_set_memory_mode(attr, mode) == 0);
        must(forkexec_spawn(attr, reporter, REPORTER("exit", "0"), NULL, &child, NULL) == 0);
        must(forkexec_wait(child, 20 * SECOND, 0, &status, sizeof status) == 0);
        /* The kernel counts roughly. */
        must(status.max_rss_floor_bytes >= 60 * MIB);
        must(status.max_rss_bytes == status.max_rss_floor_bytes);
        forkexec_close(child);
    }
}

/* What the caller uses later is not in the memory that the child began in. */
static void grow_later(void *unused)
{
    (void)unused;
    struct forkexec_child *child;
    struct forkexec_status status;
    must(forkexec_spawn(new_attr(), reporter, REPORTER("eat", "48", "sleep"), NULL, &child, NULL) == 0);
    char *memory = mmap(NULL, 128 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED);
    memset(memory, 1, 128 * MIB);
    must(forkexec_signal(child, SIGTERM) == 0);
    must(forkexec_wait(child, 20 * SECOND, 0, &status, sizeof status) == 0);
    must(status.max_rss_floor_bytes < 32 * MIB);
    must(status.max_rss_floor_bytes <= status.max_rss_bytes);
    forkexec_close(child);
}

/* A small program shows its caller's peak, and the floor tells so. */
TEST(the_memory_peak_has_a_floor)
{
    need_unemulated("the emulator's own memory counts");
    need_native();
    assert_in_caller(grow, NULL);
    assert_in_caller(grow_later, NULL);
}

/* By which thread. */

struct waiter {
    struct forkexec_child *child;
    struct forkexec_status status;
    int result;
};

static void *wait_for_ever(void *with)
{
    struct waiter *waiter = with;
    waiter->result = forkexec_wait(waiter->child, FORKEXEC_FOREVER, 0, &waiter->status, sizeof waiter->status);
    return NULL;
}

TEST_BOTH(all_threads_that_wait_get_the_same_status)
{
    for (int turn = 0; turn < 20; turn++) {
        struct forkexec_child *child = start_reporter(new_attr(), "sleep");
        struct waiter waiters[8];
        pthread_t threads[8];
        for (int i = 0; i < 8; i++) {
            waiters[i].child = child;
            pthread_create(&threads[i], NULL, wait_for_ever, &waiters[i]);
        }
        if (turn % 2)
            usleep(1000);
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        for (int i = 0; i < 8; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(waiters[i].result, 0);
            assert_int_equal(waiters[i].status.signal, SIGTERM);
            assert_memory_equal(&waiters[i].status, &waiters[0].status, sizeof waiters[0].status);
        }
    }
}

#define STOPS (FORKEXEC_WAIT_STOPPED | FORKEXEC_WAIT_CONTINUED)

static struct forkexec_status changed(struct forkexec_child *child, int64_t timeout, uint32_t flags)
{
    struct forkexec_status status;
    int result;
    do
        result = forkexec_wait(child, timeout, flags, &status, sizeof status);
    while (result == -EINTR);
    assert_int_equal(result, 0);
    return status;
}

TEST_BOTH(stops_and_continuations_are_reported_once)
{
    static const int64_t timeouts[] = { FORKEXEC_FOREVER, 20 * SECOND };
    for (size_t i = 0; i < 2; i++) {
        struct forkexec_child *child = start_reporter(new_attr(), "sleep");
        assert_int_equal(forkexec_wait(child, 0, STOPS, NULL, 0), -ETIMEDOUT);
        OK(forkexec_signal(child, SIGSTOP));
        for (int again = 0; again < 2; again++) {
            struct forkexec_status status = changed(child, timeouts[i], STOPS | (again ? 0 : FORKEXEC_WAIT_NOREAP));
            assert_int_equal(status.valid, FORKEXEC_STATUS_STOPPED);
            assert_int_equal(status.stop_signal, SIGSTOP);
            assert_true(WIFSTOPPED(status.wait_status) && WSTOPSIG(status.wait_status) == SIGSTOP);
            assert_true(status.exit_code == -1 && !status.signal && !status.ended);
        }
        assert_int_equal(forkexec_wait(child, SECOND / 50, STOPS, NULL, 0), -ETIMEDOUT);
        OK(forkexec_signal(child, SIGCONT));
        struct forkexec_status status = changed(child, timeouts[i], STOPS);
        assert_int_equal(status.valid, FORKEXEC_STATUS_CONTINUED);
        assert_true(WIFCONTINUED(status.wait_status));
        OK(forkexec_signal(child, SIGKILL));
        status = changed(child, timeouts[i], STOPS);
        assert_true(status.valid & FORKEXEC_STATUS_EXIT);
        assert_int_equal(status.signal, SIGKILL);
        status = changed(child, timeouts[i], STOPS);
        assert_int_equal(status.signal, SIGKILL);
    }
}

/* The program stops, and not the init that the caller waits for. */
TEST_BOTH(stops_of_the_program_of_an_init)
{
    static const int64_t timeouts[] = { FORKEXEC_FOREVER, 20 * SECOND };
    need_user_namespaces();
    for (size_t i = 0; i < 2; i++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
        OK(forkexec_attr_set_init(attr));
        char *const argv[] = { "sh", "-c", "kill -STOP $$; while :; do sleep 1; done", NULL };
        struct forkexec_child *child = start(attr, "/bin/sh", argv, NULL);
        for (int again = 0; again < 2; again++) {
            struct forkexec_status status = changed(child, timeouts[i], STOPS | (again ? 0 : FORKEXEC_WAIT_NOREAP));
            assert_int_equal(status.valid, FORKEXEC_STATUS_STOPPED);
            assert_int_equal(status.stop_signal, SIGSTOP);
        }
        assert_int_equal(forkexec_wait(child, SECOND / 50, STOPS, NULL, 0), -ETIMEDOUT);
        OK(forkexec_signal(child, SIGCONT));
        assert_int_equal(changed(child, timeouts[i], STOPS).valid, FORKEXEC_STATUS_CONTINUED);
        OK(forkexec_signal(child, SIGSTOP)); /* which stops the init alone */
        assert_int_equal(changed(child, timeouts[i], STOPS).stop_signal, SIGSTOP);
        OK(forkexec_signal(child, SIGKILL));
        assert_int_equal(changed(child, timeouts[i], STOPS).signal, SIGKILL);
    }
}

TEST_BOTH(only_requested_events_are_reported)
{
    struct forkexec_child *child = start_reporter(new_attr(), "sleep");
    OK(forkexec_signal(child, SIGSTOP));
    assert_int_equal(forkexec_wait(child, SECOND / 50, 0, NULL, 0), -ETIMEDOUT);
    assert_int_equal(forkexec_wait(child, SECOND / 50, FORKEXEC_WAIT_CONTINUED, NULL, 0), -ETIMEDOUT);
    assert_int_equal(changed(child, 20 * SECOND, FORKEXEC_WAIT_STOPPED).stop_signal, SIGSTOP);
    assert_int_equal(forkexec_wait(child, 0, 16, NULL, 0), -EINVAL);
}

TEST_BOTH(the_reason_of_the_end)
{
    assert_int_equal(finish(start_reporter(new_attr(), "exit", "0")).ended, FORKEXEC_ENDED_EXIT);
    assert_int_equal(finish(start_reporter(new_attr(), "exit", "137")).ended, FORKEXEC_ENDED_EXIT);
    assert_int_equal(finish(start_reporter(new_attr(), "kill", "11")).ended, FORKEXEC_ENDED_SIGNAL);
    assert_int_equal(finish(start_reporter(new_attr(), "kill", "9")).ended, FORKEXEC_ENDED_SIGNAL);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_CPU, 1, FORKEXEC_RLIMIT_KEEP));
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, FORKEXEC_RLIMIT_KEEP));
    assert_int_equal(finish(start_reporter(attr, "spin")).ended, FORKEXEC_ENDED_LIMIT);
}
