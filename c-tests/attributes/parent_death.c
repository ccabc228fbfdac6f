/* The parent-death signal: for the death of the thread that made the child, or of the process. */
#define _GNU_SOURCE
#include "in_fork.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };

enum { AS_NOBODY = 1, NEW_PIDS = 2, VARIANTS = 4, OPENS_A_FIFO = 4 };

/* Variants of a request that might lose the signal. */
static struct forkexec_attr *request(uint32_t mode, int variant, int sig, uint32_t whose)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_set_parent_death_signal(attr, sig, whose));
    OK(forkexec_attr_set_signal_mask(attr, 0));
    OK(forkexec_attr_set_signal_default(attr, ~0ull));
    if (variant & AS_NOBODY) {
        OK(forkexec_attr_set_uid(attr, 65534));
        OK(forkexec_attr_set_gid(attr, 65534));
    }
    if (variant & NEW_PIDS)
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    return attr;
}

static int variants(void)
{
    return geteuid() ? 1 : VARIANTS; /* the others need privileges */
}

/* Another user must be able to execute the program, and may not be able to enter the build folder. */
static const char *program(void)
{
    char bytes[65536];
    const char *path = scratch_path("program");
    int from = open(reporter, O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(to, bytes, (size_t)n), n);
    close(from);
    close(to);
    return path;
}

static bool runs(pid_t pid)
{
    char state = 0;
    FILE *in = fopen(text("/proc/%d/stat", pid), "re");
    if (!in)
        return false;
    int found = fscanf(in, "%*d (%*[^)]) %c", &state);
    fclose(in);
    return found == 1 && state != 'Z' && state != 'X';
}

/* A thread that makes a child and ends. */

struct maker {
    const struct forkexec_attr *attr;
    const char *path;
    bool only_start;
    int result;
    pid_t thread;
    struct forkexec_child *child;
};

static void *make(void *argument)
{
    struct maker *maker = argument;
    char *argv[] = { "x", "sleep", NULL };
    maker->thread = (pid_t)syscall(SYS_gettid);
    maker->result = maker->only_start ? forkexec_start(maker->attr, maker->path, argv, NULL, &maker->child, NULL)
                                      : try_start(maker->attr, maker->path, argv, NULL, &maker->child, NULL);
    return NULL;
}

/* libc installs a handler of its own with the first thread. That must not count as a change by the spawn. */
__attribute__((constructor)) static void have_threads(void)
{
    struct maker nothing = { .only_start = true };
    pthread_t thread;
    if (!pthread_create(&thread, NULL, make, &nothing))
        pthread_join(thread, NULL);
}

/* Makes a child in a thread. The thread has ended when this returns, also for the kernel, where it takes a moment longer. */
static struct maker made_by_a_thread(const struct forkexec_attr *attr, const char *path, bool only_start)
{
    struct maker maker = { .attr = attr, .path = path, .only_start = only_start };
    pthread_t thread;
    OK(pthread_create(&thread, NULL, make, &maker));
    OK(pthread_join(thread, NULL));
    OK(maker.result);
    for (double end = seconds() + 10; exists(text("/proc/self/task/%d", maker.thread)); usleep(1000))
        assert_true(seconds() < end);
    return maker;
}

static void end(struct forkexec_child *child)
{
    forkexec_signal(child, SIGKILL);
    finish(child);
    forkexec_close(child);
}

TEST_BOTH(the_program_has_the_signal)
{
    static const int signals[] = { 1, SIGKILL, SIGTERM, SIGSTOP, 32, 34, 64 };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        for (int m = 0; m < 3; m++)
            for (uint32_t whose = FORKEXEC_DEATH_OF_THREAD; whose <= FORKEXEC_DEATH_OF_PROCESS; whose++) {
                struct view *view = run_reporter(request(modes[m], 0, signals[i], whose));
                assert_saw(view, "parent_death", text("%d", signals[i]));
            }
}

/* The change of ids clears the signal, and the pid of a parent outside the pid namespace cannot be compared. */
TEST_BOTH(the_program_has_the_signal_as_somebody_else)
{
    need_root();
    const char *path = program();
    for (int variant = 1; variant < VARIANTS; variant++)
        for (int m = 0; m < 3; m++)
            for (uint32_t whose = FORKEXEC_DEATH_OF_THREAD; whose <= FORKEXEC_DEATH_OF_PROCESS; whose++) {
                struct view *view = run_reporter(request(modes[m], variant, SIGUSR1, whose), .path = path);
                assert_saw(view, "parent_death", text("%d", SIGUSR1));
            }
}

TEST_BOTH(the_thread_ends)
{
    const char *path = program();
    for (int variant = 0; variant < variants(); variant++)
        for (int m = 0; m < 3; m++) {
            struct maker maker
                = made_by_a_thread(request(modes[m], variant, SIGKILL, FORKEXEC_DEATH_OF_THREAD), path, false);
            assert_int_equal(finish(maker.child).signal, SIGKILL);
            forkexec_close(maker.child);
        }
}

TEST_BOTH(the_thread_ends_and_the_process_does_not)
{
    const char *path = program();
    for (int variant = 0; variant < variants(); variant++)
        for (int m = 0; m < 3; m++) {
            struct maker maker
                = made_by_a_thread(request(modes[m], variant, SIGKILL, FORKEXEC_DEATH_OF_PROCESS), path, false);
            usleep(20000); /* time to be killed by the signal */
            assert_true(runs(forkexec_child_pid(maker.child)));
            end(maker.child);
        }
}

TEST(a_thread_that_ends_while_its_child_is_held)
{
    for (int m = 0; m < 3; m++) {
        struct forkexec_error error;
        struct maker maker = made_by_a_thread(request(modes[m], 0, SIGKILL, FORKEXEC_DEATH_OF_THREAD), reporter, true);
        assert_int_equal(forkexec_release(maker.child, FORKEXEC_FOREVER, &error), -ESRCH);
        assert_int_equal(error.stage, FORKEXEC_STAGE_PARENT_DEATH);
        forkexec_close(maker.child);

        maker = made_by_a_thread(request(modes[m], 0, SIGKILL, FORKEXEC_DEATH_OF_PROCESS), reporter, true);
        OK(forkexec_release(maker.child, FORKEXEC_FOREVER, &error));
        usleep(20000);
        assert_true(runs(forkexec_child_pid(maker.child)));
        end(maker.child);
    }
}

/* A process that makes a child and ends; returns the child's former pid. */
static pid_t made_by_a_process(const struct forkexec_attr *attr, const char *path, bool killed)
{
    int pair[2], status;
    pid_t child = 0, maker;
    assert_false(pipe2(pair, O_CLOEXEC));
    if (!(maker = fork())) {
        struct forkexec_child *made = NULL;
        int result = try_start(attr, path, (char *[]){ "x", "sleep", NULL }, NULL, &made, NULL);
        child = result ? result : forkexec_child_pid(made);
        if (write(pair[1], &child, sizeof child) != sizeof child)
            _exit(1);
        if (killed)
            pause();
        _exit(0);
    }
    close(pair[1]);
    assert_int_equal(read(pair[0], &child, sizeof child), sizeof child);
    close(pair[0]);
    if (killed)
        kill(maker, SIGKILL);
    waitpid(maker, &status, 0);
    assert_true(killed ? WIFSIGNALED(status) : status == 0);
    return child;
}

TEST_BOTH(the_process_ends)
{
    const char *path = program();
    for (int variant = 0; variant < variants(); variant++)
        for (int m = 0; m < 3; m++)
            for (uint32_t whose = FORKEXEC_DEATH_OF_THREAD; whose <= FORKEXEC_DEATH_OF_PROCESS; whose++)
                for (int killed = 0; killed < 2; killed++) {
                    pid_t child = made_by_a_process(request(modes[m], variant, SIGKILL, whose), path, killed);
                    assert_true(child > 0);
                    assert_true(ends(child));
                }
}

static void *spawn_and_sleep(void *attr)
{
    struct forkexec_child *child = NULL;
    int result = forkexec_spawn(attr, reporter, (char *[]){ "x", "sleep", NULL }, NULL, &child, NULL);
    while (!result)
        pause();
    return NULL;
}

/* A caller whose child waits for the test before it sets the signal. In a new pid namespace the child cannot see the
 * caller's pid: it has a descriptor that tells of the death. That is the lowest number, as the caller has nothing open
 * there. */
static pid_t caller_that_is_asked(int variant, uint32_t whose, bool has_thread, int *listener)
{
    struct sock_filter program[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_PDEATHSIG, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    int pair[2], number = -1;
    assert_false(pipe2(pair, O_CLOEXEC));
    pid_t pid = fork();
    if (!pid) {
        struct forkexec_child *child = NULL;
        struct forkexec_attr *attr = request(FORKEXEC_MEMORY_AUTO, variant, SIGKILL, whose);
        if (variant & OPENS_A_FIFO) {
            attr = new_attr();
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
            OK(forkexec_attr_open_fd(attr, 5, scratch_path("fifo"), O_RDONLY, 0));
        }
        pthread_t thread;
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        number = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &(struct sock_fprog){ 6, program });
        if (write(pair[1], &number, sizeof number) != sizeof number)
            _exit(2);
        if (variant & NEW_PIDS)
            close(0);
        if (has_thread && !pthread_create(&thread, NULL, spawn_and_sleep, attr))
            pthread_join(thread, NULL);
        _exit(forkexec_spawn(attr, reporter, (char *[]){ "x", "sleep", NULL }, NULL, &child, NULL) != 0);
    }
    assert_int_equal(read(pair[0], &number, sizeof number), sizeof number);
    close(pair[0]);
    close(pair[1]);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    *listener = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
    close(pidfd);
    return pid;
}

static void kill_a_caller_that_is_asked(int variant)
{
    union { struct seccomp_notif is; uint64_t room[64]; } asked = { .room = { 0 } };
    int listener, status;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t caller = caller_that_is_asked(variant, FORKEXEC_DEATH_OF_THREAD, false, &listener);
    assert_true(listener >= 0);
    assert_false(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked));
    kill(caller, SIGKILL);
    assert_int_equal(waitpid(caller, &status, 0), caller);
    struct seccomp_notif_resp answer = { asked.is.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE };
    assert_false(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
    pid_t child = (pid_t)asked.is.pid;
    bool gone = ends(child);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, __WALL), child);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(listener);
    assert_true(gone);
}

/* The kernel sends no signal for a death that came earlier. */
TEST(a_process_that_ends_before_the_signal_is_arranged_for)
{
    need_native();
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    kill_a_caller_that_is_asked(0);
    if (!geteuid())
        kill_a_caller_that_is_asked(NEW_PIDS);
}

/* The parent of a process, as the test sees it. */
static pid_t parent_of(pid_t pid)
{
    const char *status = text_of(text("/proc/%d/status", pid)), *line = strstr(status, "\nPPid:");
    return line ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

/* The kernel ends the threads of a process one by one, and the one that ends last gives the memory back, and then the
 * descriptors. With much memory that takes milliseconds, in which the thread that made the child may be gone. */
static void kill_a_caller_that_ends_slowly(int variant, uint32_t whose)
{
    union { struct seccomp_notif is; uint64_t room[64]; } asked = { .room = { 0 } };
    int listener, status;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t caller = caller_that_is_asked(variant, whose, true, &listener);
    assert_true(listener >= 0);
    assert_false(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked));
    pid_t child = (pid_t)asked.is.pid;
    kill(caller, SIGKILL);
    while (parent_of(child) == caller)
        ;
    struct seccomp_notif_resp answer = { asked.is.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE };
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    bool gone = ends(child);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(caller, &status, 0), caller);
    assert_int_equal(waitpid(child, &status, __WALL), child);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(listener);
    if (!gone)
        print_message("# whose death: %u\n", whose);
    assert_true(gone);
}

#define MUCH ((size_t)256 << 20)

TEST(a_process_whose_threads_end_one_by_one)
{
    need_native();
    need_cap(CAP_SYS_ADMIN);
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    int of_thread = (int)syscall(SYS_pidfd_open, syscall(SYS_gettid), O_EXCL /* PIDFD_THREAD */);
    char *memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    madvise(memory, MUCH, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < MUCH; i += 4096)
        memory[i] = 1;
    for (int round = 0; round < 40; round++) {
        kill_a_caller_that_ends_slowly(NEW_PIDS, FORKEXEC_DEATH_OF_PROCESS);
        /* Where the kernel has no such pidfd, nothing tells of this thread's end. */
        if (of_thread >= 0)
            kill_a_caller_that_ends_slowly(NEW_PIDS, FORKEXEC_DEATH_OF_THREAD);
    }
    close(of_thread);
    munmap(memory, MUCH);
}

/* The library has the child of a request that may block die with its caller, also where no signal was asked for. */
TEST(a_process_that_ends_before_a_step_that_blocks)
{
    need_native();
    need_cap(CAP_SYS_ADMIN);
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    assert_false(mkfifo(scratch_path("fifo"), 0600));
    kill_a_caller_that_is_asked(NEW_PIDS | OPENS_A_FIFO);
}

TEST_BOTH(without_a_signal_the_program_outlives_its_parent)
{
    for (int m = 0; m < 3; m++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, modes[m]));
        pid_t child = made_by_a_process(attr, reporter, m == 1);
        assert_true(child > 0);
        usleep(20000);
        bool lives = runs(child);
        kill(child, SIGKILL);
        assert_true(lives);
        assert_true(ends(child));
    }
}

/* The thread that the library has for the signal ends with the child. */
TEST_BOTH(nothing_is_left_of_a_program_that_ended)
{
    const char *threads = saw(view_of_self(), "threads");
    for (int i = 0; i < 20; i++)
        assert_int_equal(reporter_exits(request(modes[i % 3], 0, SIGKILL, FORKEXEC_DEATH_OF_PROCESS), "exit", "5"), 5);
    for (double until = seconds() + 10; strcmp(saw(view_of_self(), "threads"), threads); usleep(1000))
        assert_true(seconds() < until);
    for (int m = 0; m < 3; m++)
        assert_spawn_fails(request(modes[m], 0, SIGKILL, FORKEXEC_DEATH_OF_PROCESS), "/no/such/program",
            FORKEXEC_STAGE_EXEC, ENOENT, -1);
}

TEST(refused_signals)
{
    static const struct {
        int sig;
        uint32_t whose;
    } bad[] = { { 0, FORKEXEC_DEATH_OF_THREAD }, { -1, FORKEXEC_DEATH_OF_THREAD }, { 65, FORKEXEC_DEATH_OF_PROCESS },
        { SIGKILL, 0 }, { SIGKILL, 3 } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_set_parent_death_signal(attr, bad[i].sig, bad[i].whose), -EINVAL);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
    assert_int_equal(forkexec_attr_set_parent_death_signal(NULL, SIGKILL, FORKEXEC_DEATH_OF_THREAD), -EINVAL);
}
