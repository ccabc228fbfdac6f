/* How a program runs: nice value, policy, processors, I/O priority, and other small attributes of a process; who may set
 * them; and which of them may fail. */
#include "in_fork.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

/* The four setters with two small arguments as one function, for tables. */
enum what { NICE, SCHEDULER, IO, OOM, SLACK };
static const uint32_t stages[] = { FORKEXEC_STAGE_NICE, FORKEXEC_STAGE_SCHEDULER, FORKEXEC_STAGE_IO_PRIORITY,
    FORKEXEC_STAGE_OOM_SCORE, FORKEXEC_STAGE_TIMER_SLACK };
static const char *const keys[] = { "nice", "scheduler", "io_priority", "oom_score_adj", "timer_slack" };

static int ask(struct forkexec_attr *attr, enum what what, int one, int two)
{
    switch (what) {
    case NICE:
        return forkexec_attr_set_nice(attr, one);
    case SCHEDULER:
        return forkexec_attr_set_scheduler(attr, one, two);
    case IO:
        return forkexec_attr_set_io_priority(attr, (uint32_t)one, (uint32_t)two);
    case OOM:
        return forkexec_attr_set_oom_score_adj(attr, one);
    default:
        return forkexec_attr_set_timer_slack(attr, (uint64_t)one);
    }
}

static struct forkexec_attr *attr_with(uint32_t mode, bool user_namespace)
{
    struct forkexec_attr *attr = attr_in(mode);
    if (user_namespace)
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    return attr;
}

/* Values that every user may ask for. */
static const struct asked {
    enum what what;
    int one, two;
    const char *seen;
} open_to_all[] = {
    { NICE, 5, 0, "5" }, { NICE, 19, 0, "19" }, { SCHEDULER, SCHED_BATCH, 0, "3 0" }, { SCHEDULER, SCHED_IDLE, 0, "5 0" },
    { SCHEDULER, SCHED_OTHER, 0, "0 0" }, { IO, 2, 0, "2 0" }, { IO, 2, 7, "2 7" }, { IO, 3, 5, "3 5" },
    { OOM, 500, 0, "500" }, { OOM, 1000, 0, "1000" }, { SLACK, 12345, 0, "12345" }, { SLACK, 2000000000, 0, "2000000000" },
};

/* Values that need privilege, by errno. In a new user namespace the caller sets them for the child. */
static const struct privileged {
    enum what what;
    int one, two, code;
    const char *seen;
    int cap;
} privileged[] = {
    { NICE, -5, 0, EACCES, "-5", CAP_SYS_NICE },
    { NICE, -20, 0, EACCES, "-20", CAP_SYS_NICE },
    { SCHEDULER, SCHED_FIFO, 1, EPERM, "1 1", CAP_SYS_NICE },
    { SCHEDULER, SCHED_RR, 99, EPERM, "2 99", CAP_SYS_NICE },
    { IO, 1, 3, EPERM, "1 3", CAP_SYS_NICE },
    { OOM, -1000, 0, EACCES, "-1000", CAP_SYS_RESOURCE },
};

#define COUNT(list) (sizeof list / sizeof *list)

static void check_open(const void *with)
{
    become_nobody();
    for (size_t i = 0; i < COUNT(open_to_all); i++)
        for EACH_MEMORY(mode)
            for (int user = 0; user < 2; user++) {
                const struct asked *it = &open_to_all[i];
                struct forkexec_attr *attr = attr_with(mode, user);
                OK(ask(attr, it->what, it->one, it->two));
                struct view *view = run_reporter(attr, .path = with);
                assert_saw(view, keys[it->what], it->seen);
            }
}

TEST_BOTH(values_that_every_user_may_set)
{
    need_user_namespaces();
    in_fork(check_open, public_reporter());
}

static void check_refused(const void *with)
{
    become_nobody();
    struct view *self = view_of_self();
    for (size_t i = 0; i < COUNT(privileged); i++)
        for EACH_MEMORY(mode)
            for (int user = 0; user < 2; user++) {
                const struct privileged *it = &privileged[i];
                struct forkexec_attr *attr = attr_with(mode, user);
                OK(ask(attr, it->what, it->one, it->two));
                DOING("%s, mode %u, user namespace %d", keys[it->what], mode, user);
                assert_spawn_fails(attr, with, stages[it->what], it->code, -1);
                int allowed = forkexec_attr_allow_failure(attr, stages[it->what]);
                assert_int_equal(allowed, it->what == SCHEDULER ? -EINVAL : 0);
                if (!allowed)
                    assert_same(run_reporter(attr, .path = with), self, keys[it->what]);
            }
}

TEST_BOTH(values_that_need_privilege_are_refused_without_it)
{
    need_user_namespaces();
    in_fork(check_refused, public_reporter());
}

/* What the kernel allows this process to do itself. */
static int by_hand(const void *with)
{
    const struct privileged *it = with;
    if (it->what == SCHEDULER)
        return sched_setscheduler(0, it->one, &(struct sched_param){ .sched_priority = it->two }) ? errno : 0;
    return 0;
}

/* Attributes that the kernel stores with the memory: the caller must not get them. */
TEST_BOTH(bits_of_a_process)
{
    need_native();
    need(prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0, "needs Linux 6.3");
    for EACH_MEMORY(mode)
        for (uint32_t flags = 0; flags < 16; flags++) {
            struct forkexec_attr *attr = attr_in(mode);
            if (flags & FORKEXEC_PROCESS_NO_TSC)
                continue;
            OK(forkexec_attr_set_process_flags(attr, flags));
            struct view *view = run_reporter(attr);
            assert_saw(view, "thp_disabled", flags & FORKEXEC_PROCESS_NO_THP ? "1" : "0");
            assert_saw(view, "mdwe", flags & FORKEXEC_PROCESS_MDWE ? "1" : "0");
            assert_saw(view, "subreaper", flags & FORKEXEC_PROCESS_SUBREAPER ? "1" : "0");
            assert_int_equal(reporter_exits(attr, "code"), flags & FORKEXEC_PROCESS_MDWE ? EACCES : 0);
        }
    assert_int_equal(prctl(PR_GET_MDWE, 0, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
    assert_int_equal(forkexec_attr_set_process_flags(new_attr(), 1u << 31), -EINVAL);
}

/* They apply to the program, and not to the init that makes it. */
TEST_BOTH(bits_of_a_process_under_an_init)
{
    need_native();
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode, true);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
        OK(forkexec_attr_set_init(attr));
        OK(forkexec_attr_set_process_flags(attr, FORKEXEC_PROCESS_NO_THP | FORKEXEC_PROCESS_SUBREAPER));
        struct view *view = run_reporter(attr);
        assert_saw(view, "thp_disabled", "1");
        assert_saw(view, "subreaper", "1");
    }
}

/* How a program ends that may not read the time stamp counter: many dynamic loaders read it. */
static int without_counter(void)
{
    pid_t pid = fork();
    if (!pid) {
        prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
        execl(reporter, reporter, "exit", "7", NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

TEST(the_time_stamp_counter)
{
    int tsc = 0;
    need_native();
    need(!prctl(PR_GET_TSC, &tsc) && tsc == PR_TSC_ENABLE, "needs x86");
    int status = without_counter();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_process_flags(attr, FORKEXEC_PROCESS_NO_TSC));
        struct forkexec_status ended = finish(start_reporter(attr, "exit", "7"));
        assert_int_equal(ended.signal, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        assert_int_equal(ended.exit_code, WIFSIGNALED(status) ? 0 : WEXITSTATUS(status));
        if (!WIFSIGNALED(status))
            assert_saw(run_reporter(attr), "tsc", "2");
    }
    assert_false(prctl(PR_GET_TSC, &tsc));
    assert_int_equal(tsc, PR_TSC_ENABLE);
}

/* What the kernel answers when this process asks for SCHED_DEADLINE itself. */
static int deadline_by_hand(const void *with)
{
    (void)with;
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } policy = { sizeof policy, 6, 0, 0, 0, 2000000, 20000000, 40000000 };
    return syscall(SYS_sched_setattr, 0, &policy, 0) ? errno : 0;
}

TEST_BOTH(deadline)
{
    need_native();
    need_cap(CAP_SYS_NICE);
    need_user_namespaces();
    int failed;
    exec_shows(reporter, deadline_by_hand, NULL, &failed);
    need(!failed, "the kernel lets root have no deadline here: %s", strerror(-failed));
    for EACH_MEMORY(mode)
        for (int user = 0; user < 2; user++)
            for (int resets = 0; resets < 2; resets++) {
                struct forkexec_attr *attr = attr_with(mode, user);
                OK(forkexec_attr_set_scheduler(attr, SCHED_BATCH, 0));
                OK(forkexec_attr_set_deadline(attr, 2000000, 20000000, 40000000));
                OK(forkexec_attr_set_process_flags(attr, resets ? FORKEXEC_PROCESS_RESET_ON_FORK : 0));
                struct view *view = run_reporter(attr);
                assert_saw(view, "scheduler", "6 0");
                assert_saw(view, "deadline", "2000000 20000000 40000000");
                assert_saw(view, "reset_on_fork", resets ? "1" : "0");
                OK(forkexec_attr_set_scheduler(attr, SCHED_BATCH, 0));
                assert_saw(run_reporter(attr), "scheduler", "3 0");
            }
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_deadline(attr, 2000000, 20000000, 0));
    assert_saw(run_reporter(attr), "deadline", "2000000 20000000 20000000");
}

static void check_no_deadline(const void *with)
{
    become_nobody();
    for EACH_MEMORY(mode)
        for (int user = 0; user < 2; user++) {
            struct forkexec_attr *attr = attr_with(mode, user);
            OK(forkexec_attr_set_deadline(attr, 2000000, 20000000, 40000000));
            assert_spawn_fails(attr, with, FORKEXEC_STAGE_SCHEDULER, EPERM, -1);
        }
}

TEST_BOTH(deadline_without_privilege)
{
    need_user_namespaces();
    in_fork(check_no_deadline, public_reporter());
}

/* The process that clones the program would need another policy. */
TEST(deadline_of_a_program_that_is_not_cloned_by_the_caller)
{
    need_user_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_deadline(attr, 2000000, 20000000, 40000000));
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_set_init(attr));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

TEST_BOTH(children_begin_with_the_default_policy)
{
    need_native();
    need_user_namespaces();
    for EACH_MEMORY(mode)
        for (int init = 0; init < 2; init++) {
            struct forkexec_attr *attr = attr_with(mode, init);
            if (init) {
                OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
                OK(forkexec_attr_set_init(attr));
            }
            OK(forkexec_attr_set_scheduler(attr, SCHED_BATCH, 0));
            OK(forkexec_attr_set_process_flags(attr, FORKEXEC_PROCESS_RESET_ON_FORK));
            struct view *view = run_reporter(attr);
            assert_saw(view, "scheduler", "3 0");
            assert_saw(view, "reset_on_fork", "1");
        }
    assert_int_equal(sched_getscheduler(0) & SCHED_RESET_ON_FORK, 0);
}

TEST_BOTH(utilization)
{
    need_native();
    bool has = forkexec_probe(FORKEXEC_PROBE_UTILIZATION, NULL, 0) == 1;
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_utilization(attr, 10, 500));
        if (has)
            assert_saw(run_reporter(attr), "utilization", "10 500");
        else
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_UTILIZATION, EOPNOTSUPP, -1);
    }
}

TEST_BOTH(a_core_of_its_own)
{
    need_native();
    bool has = forkexec_probe(FORKEXEC_PROBE_OWN_CORE, NULL, 0) == 1;
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_process_flags(attr, FORKEXEC_PROCESS_OWN_CORE));
        if (has)
            assert_saw(run_reporter(attr), "own_core", "1");
        else
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_PROCESS_FLAGS, prctl(62, 0, 0, 0, 0) ? errno : ENODEV, 32);
    }
    assert_saw(run_reporter(new_attr()), "own_core", "0");
}

TEST_BOTH(merged_memory)
{
    need_native();
    need(prctl(68 /* PR_GET_MEMORY_MERGE */, 0, 0, 0, 0) == 0, "needs Linux 6.4 with CONFIG_KSM");
    bool has = forkexec_probe(FORKEXEC_PROBE_KSM, NULL, 0) == 1;
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_process_flags(attr, FORKEXEC_PROCESS_KSM));
        if (has)
            assert_saw(run_reporter(attr), "ksm", "1");
        else
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_PROCESS_FLAGS, EOPNOTSUPP, FORKEXEC_PROCESS_KSM);
    }
    assert_saw(run_reporter(new_attr()), "ksm", "0");
    assert_int_equal(prctl(68, 0, 0, 0, 0), 0);
}

/* UNAME26 makes the kernel report an older version, on which KSM would end at execve. */
static void check_old_kernel(const void *with)
{
    assert_true(syscall(SYS_personality, 0x0020000 /* UNAME26 */) >= 0);
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_KSM, NULL, 0), 0);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_process_flags(attr, FORKEXEC_PROCESS_KSM));
    assert_spawn_fails(attr, with, FORKEXEC_STAGE_PROCESS_FLAGS, EOPNOTSUPP, FORKEXEC_PROCESS_KSM);
}

TEST(merged_memory_would_end_with_the_exec)
{
    in_fork(check_old_kernel, public_reporter());
}

static int speculates_by_hand(const void *with)
{
    const unsigned long *feature = with;
    return prctl(53 /* PR_SET_SPECULATION_CTRL */, *feature, 4, 0, 0) ? errno : 0;
}

TEST_BOTH(speculation)
{
    need_native();
    for (unsigned long feature = 0; feature < 4; feature++)
        for EACH_MEMORY(mode) {
            int failed;
            exec_shows(reporter, speculates_by_hand, &feature, &failed);
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_set_speculation(attr, (uint32_t)feature, FORKEXEC_SPECULATE_ENABLE));
            OK(forkexec_attr_set_speculation(attr, (uint32_t)feature, FORKEXEC_SPECULATE_DISABLE));
            if (failed)
                assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_SPECULATION, -failed, (int)feature);
            else
                assert_saw(run_reporter(attr), text("speculation.%lu", feature), "5");
        }
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_set_speculation(attr, 0, 16 /* PR_SPEC_DISABLE_NOEXEC */), -EINVAL);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* The caller's own setting is unchanged. */
TEST_BOTH(core_dump_filter)
{
    need_user_namespaces();
    struct view *self = view_of_self();
    for EACH_MEMORY(mode)
        for (int user = 0; user < 2; user++) {
            struct forkexec_attr *attr = attr_with(mode, user);
            OK(forkexec_attr_set_coredump_filter(attr, 0x123));
            assert_saw(run_reporter(attr), "coredump_filter", "00000123");
            OK(forkexec_attr_set_coredump_filter(attr, 0));
            assert_saw(run_reporter(attr), "coredump_filter", "00000000");
        }
    assert_same(view_of_self(), self, "coredump_filter");
    assert_int_equal(forkexec_attr_set_coredump_filter(new_attr(), 0x200), -EINVAL);
}

static void check_core_of_another(const void *with)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_coredump_filter(attr, 1));
        OK(forkexec_attr_set_uid(attr, NOBODY));
        OK(forkexec_attr_set_gid(attr, NOBODY));
        assert_saw(run_reporter(attr, .path = with), "coredump_filter", "00000001");
    }
}

TEST_BOTH(core_dump_filter_of_another_user)
{
    need_root();
    in_fork(check_core_of_another, public_reporter());
}

TEST_BOTH(memory_policy)
{
    static const uint32_t node[] = { 0, 1023 };
    need_native();
    need(forkexec_probe(FORKEXEC_PROBE_NUMA_POLICY, NULL, 0) == 1, "the kernel has no NUMA");
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_numa_policy(attr, 2 /* MPOL_BIND */, node, 1));
        assert_saw(run_reporter(attr), "numa_policy", "2 0x1");
        OK(forkexec_attr_set_numa_policy(attr, 3 /* MPOL_INTERLEAVE */, node, 2));
        assert_saw(run_reporter(attr), "numa_policy", "3 0x1");
        OK(forkexec_attr_set_numa_policy(attr, 0, NULL, 0));
        assert_saw(run_reporter(attr), "numa_policy", "0 0");
        OK(forkexec_attr_set_numa_policy(attr, 2, node + 1, 1));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_NUMA_POLICY, EINVAL, -1);
        OK(forkexec_attr_set_numa_policy(attr, 0, node, 1));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_NUMA_POLICY, EINVAL, -1);
    }
    assert_saw(run_reporter(new_attr()), "numa_policy", "0 0");
    assert_int_equal(forkexec_attr_set_numa_policy(new_attr(), 2, (uint32_t[]){ 1024 }, 1), -EINVAL);
    assert_int_equal(forkexec_attr_set_numa_policy(new_attr(), 2, NULL, 1), -EINVAL);
    assert_int_equal(forkexec_attr_set_numa_policy(new_attr(), 2, node, 1025), -EINVAL);
}

TEST_BOTH(a_privileged_caller_sets_them_for_an_ordinary_user)
{
    need_user_namespaces();
    need_cap(CAP_SYS_NICE);
    for (size_t i = 0; i < COUNT(privileged); i++)
        for EACH_MEMORY(mode)
            for (int user = 0; user < 2; user++) {
                const struct privileged *it = &privileged[i];
                int failed;
                exec_shows(reporter, by_hand, it, &failed);
                if (it->cap != CAP_SYS_NICE || failed)
                    continue;
                struct forkexec_attr *attr = attr_with(mode, user);
                OK(ask(attr, it->what, it->one, it->two));
                assert_saw(run_reporter(attr), keys[it->what], it->seen);
            }
}

TEST_BOTH(real_time)
{
    need_cap(CAP_SYS_NICE);
    int failed;
    exec_shows(reporter, by_hand, &(struct privileged){ .what = SCHEDULER, .one = SCHED_FIFO, .two = 1 }, &failed);
    need(!failed, "the kernel does not let root be real-time: %s", strerror(-failed));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_scheduler(attr, SCHED_FIFO, 1));
    assert_saw(run_reporter(attr), "scheduler", "1 1");
}

TEST_BOTH(out_of_memory_score)
{
    need_cap(CAP_SYS_RESOURCE);
    need_user_namespaces();
    for EACH_MEMORY(mode)
        for (int user = 0; user < 2; user++) {
            struct forkexec_attr *attr = attr_with(mode, user);
            OK(forkexec_attr_set_oom_score_adj(attr, -1000));
            assert_saw(run_reporter(attr), "oom_score_adj", "-1000");
        }
}

TEST_BOTH(the_policy_comes_after_nice)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_scheduler(attr, SCHED_BATCH, 0));
    OK(forkexec_attr_set_nice(attr, 3));
    struct view *view = run_reporter(attr);
    assert_saw(view, "nice", "3");
    assert_saw(view, "scheduler", "3 0");
}

TEST_BOTH(unknown_policies)
{
    static const int cases[][3] = { { NICE, -21, 0 }, { NICE, 20, 0 }, { SCHEDULER, SCHED_FIFO, 0 },
        { SCHEDULER, SCHED_RR, 100 }, { SCHEDULER, SCHED_OTHER, 1 }, { SCHEDULER, 6, 0 }, { SCHEDULER, -1, 0 },
        { IO, 4, 0 }, { IO, 2, 8 }, { IO, 0, 1 }, { OOM, -1001, 0 }, { OOM, 1001, 0 } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(ask(attr, (enum what)cases[i][0], cases[i][1], cases[i][2]), -EINVAL);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_set_affinity(attr, NULL, 1), -EINVAL);
    assert_int_equal(forkexec_attr_set_affinity(attr, (uint32_t[]){ 8192 }, 1), -EINVAL);
    assert_int_equal(forkexec_attr_set_umask(attr, 01000), -EINVAL);
    assert_int_equal(forkexec_attr_set_personality(attr, UINT32_MAX), -EINVAL);
    assert_int_equal(forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_UID), -EINVAL);
    assert_int_equal(forkexec_attr_allow_failure(attr, 0), -EINVAL);
}

static void check_affinity(const void *with)
{
    cpu_set_t mine;
    assert_false(sched_getaffinity(0, sizeof mine, &mine));
    uint32_t first = 0;
    while (!CPU_ISSET(first, &mine))
        first++;
    struct view *self = view_of_self();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_affinity(attr, (uint32_t[]){ 8191, first }, 2));
        assert_saw(run_reporter(attr, .path = with), "affinity", text("%u", first));
        OK(forkexec_attr_set_affinity(attr, (uint32_t[]){ 8191 }, 1));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_AFFINITY, EINVAL, -1);
        OK(forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_AFFINITY));
        assert_same(run_reporter(attr, .path = with), self, "affinity");
    }
}

TEST_BOTH(processors)
{
    in_fork(check_affinity, public_reporter());
}

TEST_BOTH(umask_and_what_is_created_with_it)
{
    for EACH_MEMORY(mode) {
        const char *path = scratch_path(text("file%u", mode));
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_umask(attr, 0137));
        OK(forkexec_attr_open_fd(attr, 0, path, O_RDWR | O_CREAT, 0666));
        assert_saw(run_reporter(attr), "umask", "137");
        struct stat status;
        assert_false(stat(path, &status));
        assert_int_equal(status.st_mode & 07777, 0640);
        OK(forkexec_attr_set_umask(attr, 0));
        assert_saw(run_reporter(attr), "umask", "000");
    }
}

TEST_BOTH(execution_domain)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_personality(attr, 0x0040000));
        assert_saw(run_reporter(attr), "personality", "0x40000");
    }
}

static void check_slack(const void *with)
{
    assert_false(prctl(PR_SET_TIMERSLACK, 70000));
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_timer_slack(attr, 0));
        assert_saw(run_reporter(attr, .path = with), "timer_slack", "70000");
    }
}

TEST_BOTH(the_default_slack_is_the_callers)
{
    in_fork(check_slack, public_reporter());
}

/* The attributes are already set while the child is held. */
TEST(a_held_child_is_nice_already)
{
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = NULL;
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_nice(attr, 7));
        OK(forkexec_attr_set_umask(attr, 0135));
        OK(forkexec_start(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, NULL));
        assert_int_equal(getpriority(PRIO_PROCESS, (id_t)forkexec_child_pid(child)), 7);
        assert_string_equal(status_of(forkexec_child_pid(child), "Umask"), "0135");
        forkexec_close(child);
    }
}
