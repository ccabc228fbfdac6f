/* The thread of the library that makes children whose parent-death signal is for the death of the process: its costs, its
 * privileges, and when it ends. */
#define _GNU_SOURCE
#include "deny_calls.h"
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>

enum { MANY = 400 };

static struct forkexec_attr *with_signal(uint32_t mode)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
    return attr;
}

static struct forkexec_child *sleeper(const struct forkexec_attr *attr)
{
    struct forkexec_child *child;
    struct forkexec_error error;
    if (forkexec_spawn(attr, reporter, (char *[]){ "x", "sleep", NULL }, NULL, &child, &error))
        fail_msg("%s", error.message);
    return child;
}

static void end(struct forkexec_child *child)
{
    OK(forkexec_signal(child, SIGKILL));
    OK(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0));
    forkexec_close(child);
}

static int threads(void)
{
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; (task = readdir(tasks));)
        n += task->d_name[0] != '.';
    closedir(tasks);
    return n;
}

/* The thread ends a moment after the child. */
static void until_threads(int n)
{
    for (double until = seconds() + 10; threads() != n; usleep(1000))
        if (seconds() > until)
            fail_msg("%d threads instead of %d", threads(), n);
}

static long kib(const char *key)
{
    return atol(status_of(getpid(), key));
}

/* The thread that is not the main thread. */
static pid_t other_thread(void)
{
    pid_t found = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; (task = readdir(tasks));)
        if (atoi(task->d_name) > 0 && atoi(task->d_name) != getpid())
            found = atoi(task->d_name);
    closedir(tasks);
    return found;
}

static const char *thread_status(pid_t thread, const char *key)
{
    char line[256];
    const char *value = "?";
    FILE *in = fopen(text("/proc/self/task/%d/status", thread), "re");
    while (in && fgets(line, sizeof line, in))
        if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
            value = text("%.*s", (int)strcspn(line + strlen(key) + 2, "\n"), line + strlen(key) + 2);
    if (in)
        fclose(in);
    return value;
}

TEST(many_children_cost_little_memory)
{
    need_native();
    static struct forkexec_child *children[MANY];
    struct forkexec_attr *attr = with_signal(FORKEXEC_MEMORY_AUTO);
    end(sleeper(attr));
    until_threads(1);
    long size = kib("VmSize"), data = kib("VmRSS");
    for (int i = 0; i < MANY; i++)
        children[i] = sleeper(attr);
    assert_int_equal(threads(), 1 + MANY);
    assert_in_range(kib("VmSize") - size, 0, 64 * 1024);
    assert_in_range(kib("VmRSS") - data, 0, 8 * 1024);
    for (int i = 0; i < MANY; i++)
        end(children[i]);
    until_threads(1);
    /* The memory of ended threads is used again or freed. */
    end(sleeper(attr));
    until_threads(1);
    end(sleeper(attr));
    assert_in_range(kib("VmSize") - size + 4096, 0, 8 * 1024);
}

static void make_many(int out)
{
    static struct forkexec_child *volatile children[MANY]; /* still running at the exit */
    struct forkexec_attr *attr = with_signal(FORKEXEC_MEMORY_AUTO);
    for (int i = 0; i < MANY; i++) {
        children[i] = sleeper(attr);
        pid_t pid = forkexec_child_pid(children[i]);
        if (write(out, &pid, sizeof pid) != sizeof pid)
            abort();
    }
}

TEST(many_children_die_with_the_process)
{
    pid_t pid, pids[MANY];
    int ends_of[2], n = 0;
    assert_false(pipe2(ends_of, O_CLOEXEC));
    pid_t copy = begin_copy();
    if (copy == 0) {
        make_many(ends_of[1]);
        _exit(0);
    }
    close(ends_of[1]);
    while (n < MANY && read(ends_of[0], &pid, sizeof pid) == sizeof pid)
        pids[n++] = pid;
    close(ends_of[0]);
    assert_true(end_copy(copy));
    assert_int_equal(n, MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(ends(pids[i]));
}

/* The thread has dropped the privileges that a later setuid(2) would take from the threads that libc knows. */
TEST(the_thread_of_a_privileged_caller_has_no_privileges)
{
    need_native();
    need_root();
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_child *child = sleeper(with_signal(mode));
        pid_t thread = other_thread();
        assert_string_equal(thread_status(thread, "NoNewPrivs"), "1");
        assert_string_equal(thread_status(thread, "Seccomp"), "2");
        /* The kernel checks CAP_KILL when it sends the signal. */
        assert_string_equal(thread_status(thread, "CapEff"), "0000000000000020");
        assert_string_equal(thread_status(thread, "CapPrm"), "0000000000000020");
        assert_string_equal(thread_status(thread, "CapInh"), "0000000000000000");
        assert_string_equal(thread_status(thread, "CapAmb"), "0000000000000000");
        assert_string_equal(status_of(getpid(), "NoNewPrivs"), denied_as() ? "1" : "0");
        assert_string_equal(status_of(getpid(), "Seccomp"), denied_as() ? "2" : "0");
        static const char *const kept[] = { "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapEff", "CapPrm" };
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            assert_string_equal(status_of(forkexec_child_pid(child), kept[i]), status_of(getpid(), kept[i]));
        end(child);
        until_threads(1);
    }
}

static void give_up_root(const void *unused)
{
    (void)unused;
    struct forkexec_child *child = sleeper(with_signal(FORKEXEC_MEMORY_AUTO));
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(setgid(65534), 0);
    assert_int_equal(setuid(65534), 0);
    pid_t pid = forkexec_child_pid(child);
    usleep(10000);
    assert_int_equal(exists(text("/proc/%d", pid)), true);
    forkexec_close(child);
}

TEST(a_caller_that_drops_root_is_not_blocked)
{
    need_root();
    in_copy(give_up_root, NULL);
}

/* TSYNC fails if another thread has a filter of its own. The thread of an ordinary caller has no privileges to drop, and
 * must have no filter. */
static void filter_all_threads(const void *unused)
{
    (void)unused;
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct forkexec_child *child = sleeper(with_signal(FORKEXEC_MEMORY_AUTO));
    assert_int_equal(threads(), 2);
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
        &(struct sock_fprog){ 1, &allow }), 0);
    assert_string_equal(thread_status(other_thread(), "Seccomp"), "2");
    end(child);
}

TEST(the_thread_of_an_ordinary_caller_takes_a_filter_of_all_threads)
{
    need_native();
    need(geteuid() != 0, "for a caller without privilege");
    in_copy(filter_all_threads, NULL);
}

static void without_seccomp(const void *code)
{
    static const struct denial seccomp[] = { { SYS_seccomp, EPERM, { { 0 } } }, { SYS_seccomp, ENOSYS, { { 0 } } } };
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    deny(&seccomp[*(const int *)code], 1);
    int answer = forkexec_spawn(with_signal(FORKEXEC_MEMORY_AUTO), reporter, (char *[]){ "x", "sleep", NULL }, NULL, &child,
        &error);
    if (geteuid() == 0) {
        assert_int_equal(answer, -seccomp[*(const int *)code].code);
        assert_int_equal(error.stage, FORKEXEC_STAGE_PARENT_DEATH);
        assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    } else {
        assert_int_equal(answer, 0);
        end(child);
    }
    until_threads(1);
}

TEST(without_seccomp_no_privileged_thread_stays)
{
    need_native();
    for (int code = 0; code < 2; code++)
        in_copy(without_seccomp, &code);
}

/* The program runs and has reached its sleep. On a slow machine that is later than the return of the spawn. */
static bool falls_asleep(pid_t pid)
{
    for (double end = seconds() + 10; seconds() < end; usleep(1000)) {
        char state = *status_of(pid, "State");
        if (state != 'R' && state != 'D')
            return state == 'S';
    }
    return false;
}

/* Calls of the thread, or of the caller that waits for it. */
static void without_call(const void *which)
{
    deny(which, 1);
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_child *child = sleeper(with_signal(mode));
        pid_t pid = forkexec_child_pid(child);
        usleep(10000);
        assert_true(falls_asleep(pid));
        OK(forkexec_signal(child, SIGKILL));
        assert_true(ends(pid));
        forkexec_close(child);
    }
    while (waitpid(-1, NULL, __WALL) > 0)
        ;
    until_threads(1);
}

TEST(calls_of_the_thread_that_are_refused)
{
    need_native();
    static const struct denial denials[] = { { SYS_futex, EPERM, { { 0 } } }, { SYS_futex, ENOSYS, { { 0 } } },
        { SYS_prctl, EPERM, { { IS, 0, PR_SET_NO_NEW_PRIVS } } }, { SYS_munmap, EPERM, { { 0 } } },
        { SYS_madvise, EPERM, { { 0 } } }, { SYS_set_tid_address, EPERM, { { 0 } } } };
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++)
        in_copy(without_call, &denials[i]);
}

static double processor_time(void)
{
    struct timespec time;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time), 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void without_exit(const void *unused)
{
    (void)unused;
    static const struct denial denial = { SYS_exit, EPERM, { { 0 } } };
    deny(&denial, 1);
    end(sleeper(with_signal(FORKEXEC_MEMORY_AUTO)));
    pid_t thread = other_thread();
    usleep(10000);
    double before = processor_time();
    usleep(200000);
    assert_in_range((processor_time() - before) * 1000, 0, 50);
    assert_string_equal(text("%.1s", thread_status(thread, "State")), "S");
    end(sleeper(with_signal(FORKEXEC_MEMORY_AUTO)));
    assert_int_equal(threads(), 3);
}

TEST(a_thread_that_may_not_exit_sleeps)
{
    need_native();
    in_copy(without_exit, NULL);
}

TEST(all_tests_without_clone3)
{
    need_native();
    static const struct denial denial = { SYS_clone3, ENOSYS, { { 0 } } };
    assert_true(denied_as() || succeeds_again("no clone3", &denial, 1, "the_*"));
    assert_true(denied_as() || succeeds_again("no clone3", &denial, 1, "many_*"));
}

static void without_threads(const void *unused)
{
    (void)unused;
    /* A thread and not a process: CLONE_THREAD is in the lower half of the flags. */
    static const struct denial thread = { SYS_clone, EAGAIN, { { IS, 0, 0x250f00 | 0x40000 } } };
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    deny(&thread, 1);
    assert_int_equal(forkexec_spawn(with_signal(FORKEXEC_MEMORY_AUTO), reporter, (char *[]){ "x", NULL }, NULL, &child,
        &error), -EAGAIN);
    assert_int_equal(error.stage, FORKEXEC_STAGE_CLONE);
    assert_int_equal(threads(), 1);
}

TEST(no_thread_can_be_made)
{
    need_native();
    in_copy(without_threads, NULL);
}

static void spawn_in_a_fork(const void *unused)
{
    (void)unused;
    struct forkexec_child *child = sleeper(with_signal(FORKEXEC_MEMORY_AUTO));
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        forkexec_close(child);
        assert_int_equal(threads(), 1);
        for (int i = 0; i < 3; i++)
            end(sleeper(with_signal(FORKEXEC_MEMORY_AUTO)));
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    end(child);
}

TEST(a_fork_makes_such_a_thread_of_its_own)
{
    in_copy(spawn_in_a_fork, NULL);
}

static void fork_beside_many(const void *unused)
{
    (void)unused;
    static struct forkexec_child *children[MANY];
    struct forkexec_attr *attr = with_signal(FORKEXEC_MEMORY_AUTO);
    end(sleeper(attr));
    until_threads(1);
    long before = kib("VmSize");
    for (int i = 0; i < MANY; i++)
        children[i] = sleeper(attr);
    assert_in_range(kib("VmSize") - before, MANY * 16, 64 * 1024);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        assert_in_range(kib("VmSize") - before + 2048, 0, 4 * 1024);
        for (int i = 0; i < MANY; i++)
            forkexec_close(children[i]);
        end(sleeper(attr));
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (int i = 0; i < MANY; i++)
        end(children[i]);
}

TEST(a_fork_does_not_have_the_stacks_of_these_threads)
{
    need_native();
    in_copy(fork_beside_many, NULL);
}

/* The second process, in a joined pid namespace, is also a child of the thread. */
TEST(the_second_process_of_a_join)
{
    need_native();
    need_root();
    int before = threads();
    const char *path = scratch_path("pid");
    struct forkexec_attr *namespaces = new_attr();
    OK(forkexec_attr_create_namespaces(namespaces, FORKEXEC_NS_PID));
    struct forkexec_child *holder;
    OK(forkexec_hold(namespaces, &holder, NULL));
    for (int both = 0; both < 2; both++) {
        struct forkexec_attr *attr = with_signal(FORKEXEC_MEMORY_AUTO);
        OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), FORKEXEC_NS_PID | (both ? FORKEXEC_NS_MOUNT : 0)));
        int status;
        /* The namespace ends when its process is reaped. */
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        pid_t maker = fork();
        if (maker == 0) {
            alarm(20);
            struct forkexec_child *child = sleeper(attr);
            usleep(20000);
            assert_true(falls_asleep(forkexec_child_pid(child)));
            assert_int_equal(threads(), 2);
            end(child);
            until_threads(1);
            child = sleeper(attr);
            FILE *out = fopen(path, "we");
            fprintf(out, "%d", forkexec_child_pid(child));
            fclose(out);
            _exit(0);
        }
        assert_int_equal(waitpid(maker, &status, 0), maker);
        assert_int_equal(status, 0);
        int pid = 0;
        FILE *in = fopen(path, "re");
        assert_int_equal(fscanf(in, "%d", &pid), 1);
        fclose(in);
        assert_int_equal(waitpid(pid, &status, __WALL), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        prctl(PR_SET_CHILD_SUBREAPER, 0);
    }
    forkexec_close(holder);
    until_threads(before);
}
