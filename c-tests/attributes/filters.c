/* Seccomp filters. */
#include "in_fork.h"
#include "older_hosts.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

EACH_TEST_NEEDS(need_native) /* valgrind knows no seccomp(2) */

#define KILL SECCOMP_RET_KILL_PROCESS
#define SAY(code) (SECCOMP_RET_ERRNO | (code))
#define NUMBER(n) ((char *)text("%d", n))
#define LENGTH(array) (sizeof array / sizeof *array)

/* Adds a filter with one answer for some calls and another for all others. */
static void filter(struct forkexec_attr *attr, const int *calls, size_t n, uint32_t these, uint32_t others)
{
    struct sock_filter program[128];
    uint32_t at = 0;
    program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < n; i++)
        program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i],
            (unsigned char)(n - i), 0);
    program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
    program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, these);
    OK(forkexec_attr_add_seccomp_filter(attr, program, at, 0));
    memset(program, 0xff, sizeof program); /* the filter was copied */
}

#define FILTER(attr, these, others, ...) \
    filter(attr, (const int[]){ __VA_ARGS__ }, LENGTH(((const int[]){ __VA_ARGS__ })), these, others)

static struct forkexec_attr *filtered_in(uint32_t mode)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_set_no_new_privs(attr));
    return attr;
}

TEST_BOTH(a_filter_applies_to_the_program)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        FILTER(attr, SAY(ENOTTY), SECCOMP_RET_ALLOW, SYS_mknodat);
        assert_saw(run_reporter(attr), "seccomp", "2");
        assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_mknodat)), ENOTTY);
        assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_getpid)), 0);
    }
    assert_saw(view_of_self(), "seccomp", denied_as() ? "2" : "0");
}

/* Of two equal answers the kernel takes that of the later filter. */
TEST_BOTH(filters_are_installed_in_order)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        for (unsigned code = 1; code <= 40; code++)
            FILTER(attr, SAY(code), SECCOMP_RET_ALLOW, SYS_mknodat);
        assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_mknodat)), 40);
    }
}

TEST_BOTH(flags_are_passed_to_the_kernel)
{
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    static const uint32_t flags[] = { FORKEXEC_SECCOMP_TSYNC, FORKEXEC_SECCOMP_LOG, FORKEXEC_SECCOMP_SPEC_ALLOW,
        FORKEXEC_SECCOMP_TSYNC | FORKEXEC_SECCOMP_LOG | FORKEXEC_SECCOMP_SPEC_ALLOW };
    for EACH_MEMORY(mode)
        for (size_t i = 0; i < LENGTH(flags); i++) {
            struct forkexec_attr *attr = filtered_in(mode);
            OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, flags[i]));
            assert_saw(run_reporter(attr), "seccomp", "2");
        }
    assert_int_equal(FORKEXEC_SECCOMP_LOG, SECCOMP_FILTER_FLAG_LOG);
}

TEST(invalid_filters)
{
    static struct sock_filter many[4097];
    for (size_t i = 0; i < LENGTH(many); i++)
        many[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    assert_int_equal(forkexec_attr_add_seccomp_filter(new_attr(), NULL, 1, 0), -EINVAL);
    assert_int_equal(forkexec_attr_add_seccomp_filter(new_attr(), many, 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_add_seccomp_filter(new_attr(), many, 4097, 0), -EINVAL);
    assert_int_equal(forkexec_attr_add_seccomp_filter(new_attr(), many, UINT32_MAX, 0), -EINVAL);
    assert_int_equal(forkexec_attr_add_seccomp_filter(new_attr(), many, 1, 1u << 31), -EINVAL);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        OK(forkexec_attr_add_seccomp_filter(attr, many, 4096, 0));
        assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
        /* A jump beyond the end: only the kernel checks that. */
        many[0].code = BPF_JMP | BPF_JA;
        many[0].k = 4096;
        OK(forkexec_attr_add_seccomp_filter(attr, many, 2, 0));
        many[0] = many[1];
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_SECCOMP, EINVAL, 1);
    }
}

/* The calls that a filter with no_new_privs has to allow according to the header. The last one is needed only to report a
 * failure. */
static const int librarys[] = { SYS_execve, SYS_write, SYS_exit_group };
/* The calls that the reporter's C library makes before main. */
static const int programs[] = { SYS_brk, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_prlimit64,
    SYS_readlinkat, SYS_getrandom, SYS_mprotect, SYS_newfstatat,
#ifdef __x86_64__
    SYS_arch_prctl, SYS_readlink,
#endif
};

/* A filter that kills at all calls but these. `but` is removed from the library's calls. */
static void allow_little(struct forkexec_attr *attr, int but)
{
    int calls[LENGTH(librarys) + LENGTH(programs)];
    size_t n = 0;
    for (size_t i = 0; i < LENGTH(librarys); i++)
        if (librarys[i] != but)
            calls[n++] = librarys[i];
    for (size_t i = 0; i < LENGTH(programs); i++)
        calls[n++] = programs[i];
    filter(attr, calls, n, SECCOMP_RET_ALLOW, KILL);
}

TEST_BOTH(the_calls_that_the_header_lists_are_enough)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        OK(forkexec_attr_set_umask(attr, 022));
        OK(forkexec_attr_open_fd(attr, 5, "/dev/null", O_RDONLY, 0));
        OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD));
        OK(forkexec_attr_set_signal_ignore(attr, BIT(SIGUSR1 - 1)));
        allow_little(attr, -1);
        assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
        /* The filter does not allow the child to report anything. */
        attr = filtered_in(mode);
        allow_little(attr, SYS_write);
        assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
    }
}

static void assert_killed(uint32_t mode, int call, uint32_t stage)
{
    struct forkexec_attr *attr = filtered_in(mode);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    allow_little(attr, call);
    int result = forkexec_spawn(attr, reporter, (char *[]){ reporter, "touch", (char *)scratch_path("ran"), NULL }, NULL,
        &child, &error);
    if (result != -ECANCELED || error.stage != stage)
        print_message("# mode %u, call %d: %d, stage %u, %s\n", mode, call, result, error.stage, error.message);
    assert_int_equal(result, -ECANCELED);
    assert_int_equal(error.stage, stage);
    assert_int_equal(error.signal, SIGSYS);
    assert_int_equal(error.index, -1);
    assert_non_null(strstr(error.message, "killed by signal 31 before the program ran"));
    assert_null(child);
    assert_false(exists(scratch_path("ran")));
}

TEST(a_child_killed_by_its_filter_is_a_failure)
{
    for EACH_MEMORY(mode) {
        assert_killed(mode, SYS_execve, FORKEXEC_STAGE_EXEC);
    }
}

static void assert_memory(const struct forkexec_attr *attr, const char *memory)
{
    char said[256] = "";
    FILE *file = tmpfile();
    OK(forkexec_describe(attr, reporter, (char *[]){ reporter, NULL }, NULL, fileno(file), NULL));
    rewind(file);
    assert_non_null(fgets(said, sizeof said, file));
    assert_string_equal(said, text("a child in %s\n", memory));
    fclose(file);
}

/* A child that its filter may kill, or that has to wait for a listener's answer, does not share the caller's memory. */
TEST(a_child_that_a_filter_may_kill_has_its_own_memory)
{
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_SHARED_MEMORY);
    static const char shared[] = "the caller's memory", own[] = "an image of its own";
    struct forkexec_attr *attr = filtered_in(FORKEXEC_MEMORY_AUTO);
    allow_little(attr, SYS_write);
    assert_memory(attr, shared);
    struct forkexec_attr *copy = forkexec_attr_copy(attr);
    OK(forkexec_attr_set_pid_variable(copy, "PID"));
    assert_memory(copy, own);
    forkexec_attr_free(copy);
    OK(forkexec_attr_deny_terminal_injection(attr)); /* the first filter kills at this call */
    assert_memory(attr, own);

    attr = filtered_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_deny_terminal_injection(attr));
    OK(forkexec_attr_deny_terminal_injection(attr));
    FILTER(attr, SAY(EPERM), SECCOMP_RET_ALLOW, SYS_execve, SYS_rt_sigprocmask);
    FILTER(attr, KILL, SECCOMP_RET_ALLOW, SYS_write);
    assert_memory(attr, shared);
    FILTER(attr, KILL, SECCOMP_RET_ALLOW, SYS_rt_sigprocmask);
    assert_memory(attr, shared);
    static const int calls[] = { SYS_execve, SYS_exit_group };
    for (size_t i = 0; i < LENGTH(calls); i++) {
        attr = filtered_in(FORKEXEC_MEMORY_AUTO);
        FILTER(attr, SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW, calls[i]);
        assert_memory(attr, own);
    }
    /* The filter's answer depends on values that are not known before. */
    static const struct sock_filter by_argument[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1234567, 1, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP) };
    attr = filtered_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_add_seccomp_filter(attr, by_argument, LENGTH(by_argument), 0));
    assert_memory(attr, own);
    assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
    /* Without no_new_privs many more calls follow the filter. */
    attr = attr_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_deny_terminal_injection(attr));
    assert_memory(attr, own);
}

static void assert_exec_killed(uint32_t mode, const struct sock_filter *program, uint32_t count)
{
    struct forkexec_attr *attr = filtered_in(mode);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_add_seccomp_filter(attr, program, count, 0));
    int result = forkexec_spawn(attr, reporter, (char *[]){ reporter, "exit", "0", NULL }, NULL, &child, &error);
    assert_int_equal(result, -ECANCELED);
    assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
    assert_int_equal(error.signal, SIGSYS);
    assert_null(child);
}

#define ON_EXECVE(instructions_left) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, instructions_left)

/* The kernel ends a filter that divides by zero, and kills the process. */
TEST(filters_that_kill_at_execve_without_returning_kill)
{
    static const struct sock_filter by_zero[] = { ON_EXECVE(2), BPF_STMT(BPF_LDX | BPF_IMM, 0),
        BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    static const struct sock_filter by_fresh_register[] = { ON_EXECVE(2), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
        BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    /* Shifting 4 by 32 leaves 4 in the kernel, and afterwards nothing is left of it. */
    static const struct sock_filter by_shift[] = { ON_EXECVE(7), BPF_STMT(BPF_LDX | BPF_IMM, 32), BPF_STMT(BPF_LD | BPF_IMM, 4),
        BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 3), BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    static const struct sock_filter both_ways[] = { ON_EXECVE(4), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 64, 0, 1), BPF_STMT(BPF_RET | BPF_K, KILL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    static const struct sock_filter unknown_action[] = { ON_EXECVE(1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW - 0x10000), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    for EACH_MEMORY(mode) {
        assert_exec_killed(mode, by_zero, LENGTH(by_zero));
        assert_exec_killed(mode, by_fresh_register, LENGTH(by_fresh_register));
        assert_exec_killed(mode, by_shift, LENGTH(by_shift));
        assert_exec_killed(mode, both_ways, LENGTH(both_ways));
        assert_exec_killed(mode, unknown_action, LENGTH(unknown_action));
    }
}

/* Of several filters the lowest answer counts, and an errno is lower than an action that the kernel does not know. */
TEST(an_errno_wins_over_an_unknown_action)
{
    static const struct sock_filter unknown_action[] = { ON_EXECVE(1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW - 0x10000), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        OK(forkexec_attr_add_seccomp_filter(attr, unknown_action, LENGTH(unknown_action), 0));
        FILTER(attr, SAY(EXFULL), SECCOMP_RET_ALLOW, SYS_execve);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_EXEC, EXFULL, -1);
    }
}

/* A divisor that is not known before may be zero. */
TEST(a_filter_that_may_divide_by_zero_forbids_shared_memory)
{
    static const struct sock_filter by_argument[] = { ON_EXECVE(3), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
        BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_SHARED_MEMORY);
    struct forkexec_attr *attr = filtered_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_add_seccomp_filter(attr, by_argument, LENGTH(by_argument), 0));
    assert_memory(attr, "an image of its own");
    assert_int_equal(reporter_exits(attr, "exit", "6"), 6);
}

/* A filter that returns an errno makes that stage fail. */
TEST(a_call_that_the_filter_refuses_is_a_failure)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        FILTER(attr, SAY(EXFULL), SECCOMP_RET_ALLOW, SYS_execve);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_EXEC, EXFULL, -1);
        /* The first lets neither system call load the second. */
        attr = filtered_in(mode);
        FILTER(attr, SAY(EXFULL), SECCOMP_RET_ALLOW, SYS_seccomp, SYS_prctl);
        OK(forkexec_attr_deny_terminal_injection(attr));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_SECCOMP, EXFULL, 1);
        /* prctl(2) has no flags. */
        attr = filtered_in(mode);
        FILTER(attr, SAY(EXFULL), SECCOMP_RET_ALLOW, SYS_seccomp);
        static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, FORKEXEC_SECCOMP_LOG));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_SECCOMP, EXFULL, 1);
    }
}

/* The program has its mask, whatever its filters say to the call that sets it. */
TEST_BOTH(filters_that_refuse_the_signal_mask)
{
    static const uint32_t answers[] = { SAY(ENOSYS), SAY(EXFULL), KILL, SECCOMP_RET_TRAP };
    for EACH_MEMORY(mode)
        for (size_t i = 0; i < LENGTH(answers); i++) {
            struct forkexec_attr *attr = filtered_in(mode);
            OK(forkexec_attr_set_signal_mask(attr, BIT(SIGUSR2 - 1) | BIT(SIGTERM - 1)));
            /* The reporter asks for its mask with another first argument. */
            const struct sock_filter no_mask[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIG_SETMASK, 0, 1), BPF_STMT(BPF_RET | BPF_K, answers[i]),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
            OK(forkexec_attr_add_seccomp_filter(attr, no_mask, LENGTH(no_mask), 0));
            FILTER(attr, SAY(EDOM), SECCOMP_RET_ALLOW, SYS_acct);
            assert_saw(run_reporter(attr), "mask", text("%016llx", BIT(SIGUSR2 - 1) | BIT(SIGTERM - 1)));
            assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_acct)), EDOM);
        }
}

/* Where earlier filters refuse seccomp(2), prctl(2) loads a filter without flags. The last filter may refuse both. */
TEST_BOTH(filters_behind_one_that_refuses_seccomp)
{
    static const uint32_t answers[] = { SAY(ENOSYS), SAY(EXFULL), KILL, SECCOMP_RET_TRAP };
    for EACH_MEMORY(mode)
        for (size_t i = 0; i < LENGTH(answers); i++) {
            struct forkexec_attr *attr = filtered_in(mode);
            FILTER(attr, answers[i], SECCOMP_RET_ALLOW, SYS_seccomp);
            FILTER(attr, SAY(EDOM), SECCOMP_RET_ALLOW, SYS_acct);
            FILTER(attr, SAY(ECHRNG), SECCOMP_RET_ALLOW, SYS_mknodat, SYS_prctl);
            assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_acct)), EDOM);
            assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_mknodat)), ECHRNG);
            assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_prctl)), ECHRNG);
        }
}

/* Of prctl(2) no more has to be allowed than PR_SET_SECCOMP. */
TEST_BOTH(filters_behind_one_that_allows_one_call_of_prctl)
{
    static const struct sock_filter only_seccomp[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 3, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 1, 0), BPF_STMT(BPF_RET | BPF_K, SAY(EXFULL)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        OK(forkexec_attr_add_seccomp_filter(attr, only_seccomp, LENGTH(only_seccomp), 0));
        FILTER(attr, SAY(EDOM), SECCOMP_RET_ALLOW, SYS_acct);
        assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_acct)), EDOM);
    }
}

static void loads_without_seccomp(const void *unused)
{
    (void)unused;
    deny(&(struct denial){ SYS_seccomp, ENOSYS, { { 0 } } }, 1);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        FILTER(attr, SAY(EDOM), SECCOMP_RET_ALLOW, SYS_acct);
        assert_int_equal(reporter_exits(attr, "call", NUMBER(SYS_acct)), EDOM);
        OK(forkexec_attr_deny_user_namespaces(attr));
        assert_int_equal(reporter_exits(attr, "exit", "4"), 4);
    }
}

TEST_BOTH(a_caller_whose_filter_refuses_seccomp)
{
    in_copy(loads_without_seccomp, NULL);
}

/* The child ends nevertheless. */
TEST_BOTH(a_child_that_may_not_exit)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        FILTER(attr, SAY(EPERM), SECCOMP_RET_ALLOW, SYS_exit_group, SYS_exit);
        assert_spawn_fails(attr, "/nonexistent", FORKEXEC_STAGE_EXEC, ENOENT, -1);
        assert_memory(attr, mode == FORKEXEC_MEMORY_COPIED ? "a copy of the caller's memory" : "an image of its own");
    }
}

#define FLAGS(bits) ((char *)text("%u", (unsigned)(bits)))
/* With these flags the call never makes a process. The filter does not look at anything else in the call. */
#define IN_VAIN (CLONE_NEWUSER | CLONE_FS)

/* The three calls that create user namespaces, called directly, with the numbers of both ABIs. */
TEST(no_user_namespaces_inside)
{
    char *unshares = (char *)text("%d", SYS_unshare), *clones = (char *)text("%d", SYS_clone);
    char *clones3 = (char *)text("%d", SYS_clone3);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        assert_int_equal(reporter_exits(attr, "call", clones, FLAGS(IN_VAIN)), EINVAL);
        int clone3 = reporter_exits(attr, "call", clones3, "0", "0"); /* ENOSYS on older kernels */
        OK(forkexec_attr_deny_user_namespaces(attr));
        assert_memory(attr, mode == FORKEXEC_MEMORY_AUTO ? "the caller's memory" : mode == FORKEXEC_MEMORY_FRESH
            ? "an image of its own" : "a copy of the caller's memory");
        assert_int_equal(reporter_exits(attr, "call", unshares, FLAGS(CLONE_NEWUSER)), EPERM);
        assert_int_equal(reporter_exits(attr, "call", unshares, FLAGS(CLONE_NEWUSER | CLONE_NEWNS)), EPERM);
        assert_int_equal(reporter_exits(attr, "call", unshares, FLAGS(CLONE_FS)), 0);
        assert_int_equal(reporter_exits(attr, "call", clones, FLAGS(IN_VAIN)), EPERM);
        assert_int_equal(reporter_exits(attr, "call", clones, FLAGS(CLONE_NEWNS | CLONE_FS)), EINVAL);
        assert_int_equal(reporter_exits(attr, "call", clones3, "0", "0"), ENOSYS);
        /* Setting bits that the kernel ignores does not get around the filter. */
        assert_int_equal(reporter_exits(attr, "call", unshares, (char *)text("%llu", 1ull << 32 | CLONE_NEWUSER)), EPERM);
#ifdef __x86_64__
        /* The system call numbers of x32. A kernel without x32 treats them as unknown. */
        assert_int_equal(reporter_exits(attr, "call", (char *)text("%d", 0x40000000 | SYS_unshare), FLAGS(CLONE_NEWUSER)), EPERM);
        assert_int_equal(reporter_exits(attr, "call", (char *)text("%d", 0x40000000 | SYS_clone), FLAGS(IN_VAIN)), EPERM);
        if (reporter_exits(filtered_in(mode), "call32", "20") == 0) { /* getpid */
            assert_int_equal(reporter_exits(attr, "call32", "310", FLAGS(CLONE_NEWUSER)), EPERM);
            assert_int_equal(reporter_exits(attr, "call32", "120", FLAGS(IN_VAIN)), EPERM);
            assert_int_equal(reporter_exits(attr, "call32", "435", "0", "0"), ENOSYS);
            assert_int_equal(reporter_exits(attr, "call32", "310", FLAGS(CLONE_FS)), 0);
        }
#endif
        /* Processes and threads can be made as before, and more filters can follow. */
        FILTER(attr, KILL, SECCOMP_RET_ALLOW, SYS_unshare, SYS_clone3, SYS_ptrace);
        struct view *view = run_reporter(attr);
        assert_saw(view, "seccomp", "2");
        assert_saw(view, "no_new_privs", "1");
        /* The caller is unchanged. */
        assert_int_equal(syscall(SYS_clone3, NULL, 0), -1);
        assert_int_equal(errno, clone3);
    }
}

/* The program is root in a user namespace itself. */
TEST(no_user_namespaces_inside_of_one)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
        OK(forkexec_attr_map_uid(attr, 0, getuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getgid(), 1));
        OK(forkexec_attr_set_init(attr));
        OK(forkexec_attr_deny_user_namespaces(attr));
        char *unshares = (char *)text("%d", SYS_unshare);
        assert_int_equal(reporter_exits(attr, "call", unshares, FLAGS(CLONE_NEWUSER)), EPERM);
        assert_int_equal(reporter_exits(attr, "call", unshares, FLAGS(CLONE_NEWUTS)), 0);
    }
}

/* A filter of the caller's answers seccomp(2) with success and installs nothing. */
static void without_effect(const void *unused)
{
    static const struct denial denial = { SYS_seccomp, 0, { { 0 } } };
    (void)unused;
    deny(&denial, 1);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = filtered_in(mode);
        OK(forkexec_attr_deny_user_namespaces(attr));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_USER_NAMESPACES, EOPNOTSUPP, -1);
    }
}

TEST(the_denial_of_user_namespaces_is_verified)
{
    in_copy(without_effect, NULL);
}

static void need_filters_privilege(void)
{
    need_cap(CAP_SYS_ADMIN);
    need_root();
}

TEST_BOTH(without_no_new_privs_filters_come_before_the_ids)
{
    need_filters_privilege();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        FILTER(attr, SAY(ENOTTY), SECCOMP_RET_ALLOW, SYS_mknodat);
        OK(forkexec_attr_set_uid(attr, NOBODY));
        OK(forkexec_attr_set_gid(attr, NOBODY));
        OK(forkexec_attr_drop_capabilities(attr));
        struct view *view = run_reporter(attr, .path = public_reporter());
        assert_saw(view, "seccomp", "2");
        assert_saw(view, "no_new_privs", denied_as() ? "1" : "0"); /* the caller is allowed to deny itself these calls */
        assert_saw(view, "uid", "65534 65534 65534 65534");

        /* The filters apply to the following stages, which fail because of them. */
        attr = attr_in(mode);
        FILTER(attr, SAY(EXFULL), SECCOMP_RET_ALLOW, SYS_setresuid);
        OK(forkexec_attr_set_uid(attr, NOBODY));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_UID, EXFULL, -1);
        attr = attr_in(mode);
        FILTER(attr, KILL, SECCOMP_RET_ALLOW, SYS_setresuid);
        OK(forkexec_attr_set_uid(attr, NOBODY));
        struct forkexec_error error;
        struct forkexec_child *child = NULL;
        assert_int_equal(try_start(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, &error), -ECANCELED);
        assert_int_equal(error.stage, FORKEXEC_STAGE_PRIVILEGED_SECCOMP);
        assert_int_equal(error.signal, SIGSYS);
    }
}

/* Only the calls that the header lists for filters without no_new_privs. */
TEST_BOTH(the_calls_listed_without_no_new_privs_are_enough)
{
    static const int more[] = { SYS_setgroups, SYS_setresgid, SYS_setresuid, SYS_capset, SYS_prctl, SYS_chdir, SYS_fchdir,
        SYS_getcwd, SYS_fcntl, SYS_dup3, SYS_openat, SYS_close, SYS_close_range, SYS_ppoll, SYS_kill, SYS_getpid, SYS_getppid,
        SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_execve, SYS_write, SYS_exit_group };
    int calls[LENGTH(more) + LENGTH(programs)];
    need_filters_privilege();
    memcpy(calls, more, sizeof more);
    memcpy(calls + LENGTH(more), programs, sizeof programs);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        filter(attr, calls, LENGTH(calls), SECCOMP_RET_ALLOW, KILL);
        OK(forkexec_attr_set_chroot(attr, "/"));
        OK(forkexec_attr_set_cwd(attr, "/tmp"));
        OK(forkexec_attr_set_uid(attr, NOBODY));
        OK(forkexec_attr_set_gid(attr, NOBODY));
        OK(forkexec_attr_set_ambient(attr, BIT(CAP_NET_BIND_SERVICE)));
        OK(forkexec_attr_map_fd(attr, 2, 9));
        OK(forkexec_attr_open_fd(attr, 5, "/dev/null", O_RDONLY, 0));
        OK(forkexec_attr_close_fds_from(attr, 6));
        OK(forkexec_attr_set_rlimit(attr, 7, 64, 64));
        OK(forkexec_attr_set_pid_variable(attr, "PID"));
        OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD));
        OK(forkexec_attr_set_signal_ignore(attr, BIT(SIGUSR1 - 1)));
        struct forkexec_child *child = start(attr, public_reporter(), (char *[]){ "reporter", "exit", "7", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, 7);
    }
}

/* For example: the working directory is looked at only for a program with another root. fcntl is needed for a child that
 * was held. */
TEST_BOTH(calls_of_attributes_that_are_not_set_need_not_be_allowed)
{
    static const int more[] = { SYS_rt_sigprocmask, SYS_execve, SYS_exit_group, SYS_fcntl };
    int calls[LENGTH(more) + LENGTH(programs)];
    need_filters_privilege();
    memcpy(calls, more, sizeof more);
    memcpy(calls + LENGTH(more), programs, sizeof programs);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        filter(attr, calls, LENGTH(calls), SECCOMP_RET_ALLOW, KILL);
        OK(forkexec_attr_set_chroot(attr, "/"));
        struct forkexec_child *child = start(attr, public_reporter(), (char *[]){ "reporter", "exit", "7", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, 7);
    }
}

/* Without close_range, descriptors are closed without a call that lists them. Each filter has to allow close. */
static void closes_under_its_filters(const void *path)
{
    static const struct denial no_close_range = { SYS_close_range, ENOSYS, { { 0 } } };
    static const int listing[] = { SYS_getdents64, SYS_openat, SYS_ppoll, SYS_pselect6, SYS_statfs, SYS_fstatfs };
    static const struct { int fd, code; } open[] = { { 9, 0 }, { 10, EBADF }, { 11, EBADF }, { 300, EBADF }, { 1000, EBADF } };
    deny(&no_close_range, 1);
    for EACH_ROOT_MEMORY(mode)
        for (size_t i = 0; i < LENGTH(open); i++) {
            struct forkexec_attr *attr = attr_in(mode);
            filter(attr, listing, LENGTH(listing), KILL, SECCOMP_RET_ALLOW);
            for (size_t k = 0; k < LENGTH(open); k++)
                OK(forkexec_attr_map_fd(attr, 2, open[k].fd));
            OK(forkexec_attr_close_fds_from(attr, 10));
            char *argv[] = { "reporter", "call", (char *)text("%d", SYS_fcntl), (char *)text("%d", open[i].fd),
                (char *)text("%d", F_GETFD), NULL };
            assert_int_equal(finish(start(attr, path, argv, NULL)).exit_code, open[i].code);
        }
}

TEST_BOTH(descriptors_are_closed_where_they_cannot_be_listed)
{
    need_filters_privilege();
    in_copy(closes_under_its_filters, public_reporter());
}

static void fails_without_privilege(const void *unused)
{
    (void)unused;
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        struct forkexec_error error;
        struct forkexec_child *child = NULL;
        OK(forkexec_attr_deny_terminal_injection(attr));
        assert_int_equal(forkexec_spawn(attr, "/bin/true", (char *[]){ "true", NULL }, NULL, &child, &error), -EACCES);
        assert_int_equal(error.stage, FORKEXEC_STAGE_PRIVILEGED_SECCOMP);
        assert_int_equal(error.index, 0);
        assert_non_null(strstr(error.message, "set_no_new_privs"));
    }
}

TEST(without_no_new_privs_filters_need_privilege)
{
    need(!denied_as(), "needs a caller without no_new_privs");
    in_fork(fails_without_privilege, NULL);
}

static int injects(struct forkexec_attr *attr, const char *how, int number, uint64_t request)
{
    return reporter_exits(attr, (char *)how, NUMBER(number), "0", (char *)text("%#llx", (unsigned long long)request));
}

TEST_BOTH(terminal_injection_is_denied)
{
    for EACH_MEMORY(mode) {
        struct forkexec_attr *plain = filtered_in(mode), *attr = filtered_in(mode);
        OK(forkexec_attr_open_fd(plain, 0, "/dev/null", O_RDWR, 0));
        OK(forkexec_attr_open_fd(attr, 0, "/dev/null", O_RDWR, 0));
        OK(forkexec_attr_deny_terminal_injection(attr));
        OK(forkexec_attr_deny_terminal_injection(attr));
        assert_saw(run_reporter(attr), "seccomp_filters", denied_as() ? "2" : "1");
        static const uint64_t above[] = { 0, 1ull << 32, 1ull << 63 };
        for (size_t i = 0; i < LENGTH(above); i++) {
            assert_int_equal(injects(plain, "call", SYS_ioctl, above[i] | TIOCSTI), ENOTTY);
            assert_int_equal(injects(attr, "call", SYS_ioctl, above[i] | TIOCSTI), EPERM);
            assert_int_equal(injects(attr, "call", SYS_ioctl, above[i] | TIOCLINUX), EPERM);
            assert_int_equal(injects(attr, "call", SYS_ioctl, above[i] | TIOCGWINSZ), ENOTTY);
        }
#ifdef __x86_64__
        int x32 = 514 | 0x40000000;
        assert_int_equal(injects(attr, "call", x32, TIOCSTI), EPERM);
        assert_int_not_equal(injects(attr, "call", x32, TIOCGWINSZ), EPERM);
        if (injects(plain, "call32", 54, TIOCSTI) == ENOTTY) {
            assert_int_equal(injects(attr, "call32", 54, TIOCSTI), EPERM);
            assert_int_equal(injects(attr, "call32", 54, TIOCLINUX), EPERM);
            assert_int_equal(injects(attr, "call32", 54, TIOCGWINSZ), ENOTTY);
        } else
            print_message("# no 32-bit calls here\n");
#endif
    }
}

TEST(a_copy_has_its_own_filters)
{
    struct forkexec_attr *base = filtered_in(FORKEXEC_MEMORY_AUTO);
    FILTER(base, SAY(1), SECCOMP_RET_ALLOW, SYS_mknodat);
    struct forkexec_attr *copy = forkexec_attr_copy(base);
    FILTER(copy, SAY(2), SECCOMP_RET_ALLOW, SYS_mknodat);
    assert_int_equal(reporter_exits(base, "call", NUMBER(SYS_mknodat)), 1);
    assert_int_equal(reporter_exits(copy, "call", NUMBER(SYS_mknodat)), 2);
    forkexec_attr_free(copy);
}

TEST(all_of_it_on_older_hosts)
{
    run_on_older_hosts(OLDER_HOSTS);
}
