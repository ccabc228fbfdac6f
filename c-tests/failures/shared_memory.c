/* The dangers of children in the caller's memory: changed attributes of the caller, and a success that is reported for a
 * child that died. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define SECOND 1000000000LL

/* One thread watches the caller while eight threads spawn. */

struct watch {
    atomic_bool over;
    int oom, dumpable, changes;
    long looks;
};

static int oom_score_adj(int fd)
{
    char digits[16] = "";
    return pread(fd, digits, sizeof digits - 1, 0) > 0 ? atoi(digits) : 9999;
}

static void *keep_watch(void *with)
{
    struct watch *watch = with;
    while (!atomic_load(&watch->over)) {
        watch->changes += prctl(PR_GET_DUMPABLE) != watch->dumpable;
        if (watch->looks++ % 16 == 0) {
            int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
            watch->changes += oom_score_adj(fd) != watch->oom;
            close(fd);
        }
    }
    return NULL;
}

struct spawning {
    const struct forkexec_attr *attr;
    int times, failures;
    bool held;
};

static void *spawn_often(void *with)
{
    struct spawning *spawning = with;
    for (int i = 0; i < spawning->times; i++) {
        struct forkexec_child *child = NULL;
        struct forkexec_status status;
        int result = spawning->held && i % 2
            ? forkexec_start(spawning->attr, reporter, REPORTER("exit", "0"), NULL, &child, NULL)
            : forkexec_spawn(spawning->attr, reporter, REPORTER("exit", "0"), NULL, &child, NULL);
        if (!result && spawning->held && i % 2)
            result = forkexec_release(child, FORKEXEC_FOREVER, NULL);
        if (!result)
            result = forkexec_wait(child, 60 * SECOND, 0, &status, sizeof status) || status.exit_code != 0;
        forkexec_close(child);
        spawning->failures += result != 0;
    }
    return NULL;
}

static void spawn_under_watch(const struct forkexec_attr *attr)
{
    struct watch watch = { .dumpable = prctl(PR_GET_DUMPABLE) };
    struct spawning spawning[8];
    pthread_t watcher, threads[8];
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC), failures = 0;
    watch.oom = oom_score_adj(fd);
    close(fd);
    pthread_create(&watcher, NULL, keep_watch, &watch);
    for (int i = 0; i < 8; i++) {
        spawning[i] = (struct spawning){ attr, 40, 0, true };
        pthread_create(&threads[i], NULL, spawn_often, &spawning[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        failures += spawning[i].failures;
    }
    atomic_store(&watch.over, true);
    pthread_join(watcher, NULL);
    assert_int_equal(failures, 0);
    assert_true(watch.looks > 100);
    assert_int_equal(watch.changes, 0);
}

TEST(the_callers_dumpable_flag_never_changes_with_its_childrens_ids)
{
    struct forkexec_attr *attr = new_attr();
    if (geteuid() == 0) {
        OK(forkexec_attr_set_uid(attr, 65534));
        OK(forkexec_attr_set_gid(attr, 65534));
    } else {
        need_user_namespaces();
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        map_own_ids(attr, 7, 7);
        OK(forkexec_attr_set_uid(attr, 7));
        OK(forkexec_attr_set_gid(attr, 7));
    }
    spawn_under_watch(attr);
}

TEST(the_callers_dumpable_flag_never_changes_with_its_childrens_capabilities)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_drop_capabilities(attr));
    spawn_under_watch(attr);
}

TEST(the_callers_oom_score_never_changes_with_its_childrens)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_oom_score_adj(attr, 700));
    spawn_under_watch(attr);
}

/* Under this filter the program cannot be executed, but the library's image can. */

static void forbid_execve(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof *code, code };
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void spawn_what_is_killed_in_execve(void *mode)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    struct forkexec_status status;
    bool shared = forkexec_probe(FORKEXEC_PROBE_SHARED_MEMORY, NULL, 0) == 1;
    forbid_execve();
    must(forkexec_attr_set_memory_mode(attr, *(uint32_t *)mode) == 0);
    must(forkexec_attr_set_rlimit(attr, 4, 0, FORKEXEC_RLIMIT_KEEP) == 0); /* no core dump */
    int result = forkexec_spawn(attr, reporter, REPORTER("exit", "0"), NULL, &child, &error);
    if (*(uint32_t *)mode == FORKEXEC_MEMORY_COPIED || (*(uint32_t *)mode == FORKEXEC_MEMORY_AUTO && shared))
        must(result == -ECANCELED);
    if (result) {
        must(result == -ECANCELED && error.signal == SIGSYS && error.pid > 0);
        must(*(uint32_t *)mode != FORKEXEC_MEMORY_AUTO || error.stage == FORKEXEC_STAGE_EXEC || !shared);
        return;
    }
    must(forkexec_wait(child, 20 * SECOND, 0, &status, sizeof status) == 0);
    must(status.signal == SIGSYS && status.exit_code == -1);
    must(status.ran == FORKEXEC_RAN_NO);
    forkexec_close(child);
}

TEST(a_child_killed_by_a_filter_at_execve_is_a_failure)
{
    need_native();
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++)
        assert_in_caller(spawn_what_is_killed_in_execve, &mode);
}

/* SIGKILL at a random moment. */

struct killer {
    pid_t spawner;
    int delay_us;
    atomic_bool over;
};

/* The first child of a thread, or 0. */
static pid_t child_of(pid_t thread)
{
    char path[64], digits[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, digits, sizeof digits - 1);
    close(fd);
    return n > 0 ? atoi(digits) : 0;
}

static void *kill_after_delay(void *with)
{
    struct killer *killer = with;
    pid_t pid = 0;
    while (!atomic_load(&killer->over) && (pid = child_of(killer->spawner)) == 0)
        ;
    if (pid == 0)
        return NULL;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    for (double end = seconds() + killer->delay_us / 1e6; seconds() < end;)
        ;
    /* The pid still belongs to the child; otherwise it may be that of any other process. */
    if (pidfd >= 0 && child_of(killer->spawner) == pid)
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    if (pidfd >= 0)
        close(pidfd);
    return NULL;
}

static bool never_was_the_program(pid_t zombie)
{
    char name[32] = "", path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", zombie);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool known = read(fd, name, sizeof name - 1) > 0;
    close(fd);
    return known && strcmp(name, "reporter\n") != 0;
}

struct tally {
    int failed, killed, ran, wrong;
};

static void spawn_and_be_killed(const struct forkexec_attr *base, int delay, struct tally *tally)
{
    struct killer killer = { gettid(), delay, false };
    struct forkexec_attr *attr = forkexec_attr_copy(base);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    struct forkexec_status status;
    pthread_t thread;
    char byte;
    int pair[2];
    OK(pipe2(pair, O_CLOEXEC));
    OK(forkexec_attr_map_fd(attr, pair[1], 1));
    pthread_create(&thread, NULL, kill_after_delay, &killer);
    int result = forkexec_spawn(attr, reporter, REPORTER("print", "here", "sleep"), NULL, &child, &error);
    close(pair[1]);
    if (result) {
        tally->failed++;
        assert_int_equal(read(pair[0], &byte, 1), 0);
        assert_int_not_equal(error.stage, FORKEXEC_STAGE_NONE);
    } else {
        bool printed = read(pair[0], &byte, 1) == 1;
        atomic_store(&killer.over, true);
        pthread_join(thread, NULL);
        forkexec_signal(child, SIGKILL);
        assert_int_equal(forkexec_wait(child, 60 * SECOND, FORKEXEC_WAIT_NOREAP, &status, sizeof status), 0);
        assert_int_equal(status.signal, SIGKILL);
        /* A kill in the middle of execve may show only at the end, but then it shows. */
        bool never = never_was_the_program(forkexec_child_pid(child));
        assert_int_equal(status.ran, never ? FORKEXEC_RAN_NO : FORKEXEC_RAN_YES);
        assert_false(printed && never);
        tally->ran += printed;
        tally->killed += !printed;
        tally->wrong += never && status.ran == FORKEXEC_RAN_YES;
        assert_int_equal(forkexec_wait(child, 0, 0, NULL, 0), 0);
    }
    atomic_store(&killer.over, true);
    if (result)
        pthread_join(thread, NULL);
    forkexec_close(child);
    forkexec_attr_free(attr);
    close(pair[0]);
}

/* Once in a long while the kill comes after execve's point of no return and before the program. */
static void kill_at_many_instants(struct forkexec_attr *attr, int longest_us)
{
    struct tally tally = { 0, 0, 0, 0 };
    for (int i = 0; i < 300; i++)
        spawn_and_be_killed(attr, (int)((long)i * longest_us / 300), &tally);
    printf("# %d failed, %d killed later, %d ran, %d doubtful\n", tally.failed, tally.killed, tally.ran, tally.wrong);
    assert_true(tally.failed > 0);
    assert_true(tally.wrong <= tally.failed / 20 + 1);
}

TEST(a_child_killed_at_any_moment_is_a_failure)
{
    need_native();
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, mode));
        kill_at_many_instants(attr, mode == FORKEXEC_MEMORY_AUTO ? 200 : 500);
    }
}

TEST(a_child_in_a_user_namespace_killed_at_any_moment_is_a_failure)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT));
    map_own_ids(attr, 0, 0);
    kill_at_many_instants(attr, 1000);
}
