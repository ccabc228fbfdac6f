/* A sandbox leaves nothing behind on the host: when it ends, when it fails halfway, and when it or its caller is killed at
 * any moment. */
#include "host_state.h"

#include <pthread.h>
#include <stdatomic.h>

EACH_TEST_NEEDS(need_native) /* it has a filter, which valgrind does not support */

static void ends_well(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct host_state before = read_host_state();
    for EACH_ROOT_MODE(mode, user)
        for (int i = 0; i < 2; i++) {
            struct forkexec_child *child = NULL;
            OK(spawn_in_sandbox(full_sandbox(mode, user), i ? "daemon" : "exit", &child, NULL));
            finish(child);
            forkexec_close(child);
            assert_nothing_left_since(&before);
        }
}

TEST_BOTH(nothing_is_left_of_a_sandbox_that_ended)
{
    need_mounts();
    may_have_user_namespaces();
    public_reporter();
    in_fork(ends_well, NULL);
}

/* Failures at different stages. Those that no request can cause are made by denied calls. */
#define ASK(name, setter, ...) \
    static void name(struct forkexec_attr *attr) { OK(forkexec_attr_##setter(attr, ##__VA_ARGS__)); }
ASK(a_missing_source, bind_mount, "/nonexistent", "/tmp/x", 32)
ASK(a_tmpfs_nowhere, mount_tmpfs, "/no/where", 0, 0, 0)
ASK(a_proc_nowhere, mount_proc, "/no/where", 0)
ASK(a_dev_nowhere, mount_dev, "/no/where", 0)
ASK(no_file_system, add_mount, "x", "/tmp", "nofs", 0, NULL)
ASK(a_file_in_the_way, make_directory, "/etc/passwd/x", 0700)
ASK(a_link_twice, make_symlink, "/other", "/etc/link")
ASK(a_file_twice, make_file, "/etc/passwd", NULL, 0, 0600)
ASK(a_masked_link, mask_path, "/etc/link")
ASK(nothing_readonly, make_readonly, "/no/where")
ASK(an_overlay_of_nothing, mount_overlay, (const char *const[]){ "/nonexistent", "/" }, 2, NULL, NULL, "/overlay",
    FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_IN_MEMORY)
ASK(a_remount_of_nothing, remount, "/tmp/none", FORKEXEC_MOUNT_READONLY)
ASK(a_mode_of_nothing, change_mode, "/none", 0755)
ASK(a_missing_root, set_root, "/nonexistent", 0)
ASK(a_missing_directory, set_cwd, "/nonexistent")
ASK(a_missing_rule, add_landlock_path, "/nonexistent", 4)
ASK(a_missing_file, open_fd, 5, "/nonexistent", O_RDONLY, 0)
ASK(no_exec, bind_mount, "/dev/null", "/reporter", 0)
static void a_jump_out(struct forkexec_attr *attr)
{
    struct sock_filter filter[] = { BPF_JUMP(BPF_JMP | BPF_JA, 77, 0, 0), BPF_STMT(BPF_RET | BPF_K, 0) };
    OK(forkexec_attr_add_seccomp_filter(attr, filter, 2, 0));
}

static const struct failure {
    uint32_t stage;
    int code;
    void (*spoil)(struct forkexec_attr *attr);
    struct denial denial;
} failures[] = {
    { FORKEXEC_STAGE_HOSTNAME, EIO, NULL, { SYS_sethostname, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_DOMAINNAME, EIO, NULL, { SYS_setdomainname, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_SESSION, EIO, NULL, { SYS_setsid, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_LOOPBACK, EIO, NULL, { SYS_ioctl, EIO, { { IS, 1, 0x8914 } } } },
    { FORKEXEC_STAGE_ROOT, ENOENT, a_missing_root, { 0 } },
    { FORKEXEC_STAGE_MOUNT, ENODEV, no_file_system, { 0 } },
    { FORKEXEC_STAGE_BIND, ENOENT, a_missing_source, { 0 } },
    { FORKEXEC_STAGE_TMPFS, ENOENT, a_tmpfs_nowhere, { 0 } },
    { FORKEXEC_STAGE_PROC, ENOENT, a_proc_nowhere, { 0 } },
    { FORKEXEC_STAGE_DEV, ENOENT, a_dev_nowhere, { 0 } },
    { FORKEXEC_STAGE_DIRECTORY, ENOTDIR, a_file_in_the_way, { 0 } },
    { FORKEXEC_STAGE_SYMLINK, EEXIST, a_link_twice, { 0 } },
    { FORKEXEC_STAGE_FILE, EEXIST, a_file_twice, { 0 } },
    { FORKEXEC_STAGE_MASK, ELOOP, a_masked_link, { 0 } },
    { FORKEXEC_STAGE_READONLY, ENOENT, nothing_readonly, { 0 } },
    { FORKEXEC_STAGE_OVERLAY, ENOENT, an_overlay_of_nothing, { 0 } },
    { FORKEXEC_STAGE_REMOUNT, ENOENT, a_remount_of_nothing, { 0 } },
    { FORKEXEC_STAGE_MODE, ENOENT, a_mode_of_nothing, { 0 } },
    { FORKEXEC_STAGE_PIVOT_ROOT, EIO, NULL, { SYS_pivot_root, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_BOUNDING, EIO, NULL, { SYS_prctl, EIO, { { IS, 0, PR_CAPBSET_DROP } } } },
    { FORKEXEC_STAGE_GID, EIO, NULL, { SYS_setresgid, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_UID, EIO, NULL, { SYS_setresuid, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_CWD, ENOENT, a_missing_directory, { 0 } },
    { FORKEXEC_STAGE_FD_ACTION, ENOENT, a_missing_file, { 0 } },
    { FORKEXEC_STAGE_LANDLOCK_RULE, ENOENT, a_missing_rule, { 0 } },
    /* The init is the first that needs it. */
    { FORKEXEC_STAGE_INIT, EIO, NULL, { SYS_prctl, EIO, { { IS, 0, PR_SET_NO_NEW_PRIVS } } } },
    { FORKEXEC_STAGE_SECCOMP, EINVAL, a_jump_out, { 0 } },
    { FORKEXEC_STAGE_EXEC, EACCES, no_exec, { 0 } },
};

static uint32_t memory;

static void fails_so(const void *with)
{
    const struct failure *failure = with;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct host_state before = read_host_state();
    if (failure->denial.call)
        deny(&failure->denial, 1);
    for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++) {
        struct forkexec_attr *attr = full_sandbox(memory, user);
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        if (failure->spoil)
            failure->spoil(attr);
        int result = spawn_in_sandbox(attr, "exit", &child, &error);
        if (result != -failure->code || error.stage != failure->stage)
            printf("# stage %u, %s\n", error.stage, error.message);
        assert_int_equal(error.stage, failure->stage);
        assert_int_equal(result, -failure->code);
        assert_nothing_left_since(&before);
    }
}

TEST_BOTH(nothing_is_left_of_a_sandbox_that_failed)
{
    int wrong = 0;
    need_native();
    need_mounts();
    may_have_user_namespaces();
    public_reporter();
    for (memory = FORKEXEC_MEMORY_AUTO; memory <= FORKEXEC_MEMORY_FRESH; memory++)
        for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
            if (failures[i].stage == FORKEXEC_STAGE_LANDLOCK_RULE && !has_landlock())
                continue;
            bool right = succeeds_in_copy(fails_so, &failures[i]);
            if (!right)
                printf("# in memory mode %u, %s\n", memory, forkexec_stage_name(failures[i].stage));
            wrong += !right;
        }
    assert_int_equal(wrong, 0);
}

/* Kills at random moments. */

#define ROUNDS 300
#define LONGEST_US 12000

/* First while the first child is made, in which the library finds out what works; then later. */
static useconds_t instant(int round)
{
    return (useconds_t)((uint64_t)round * 7919 % ROUNDS * LONGEST_US / ROUNDS);
}

static _Noreturn void spawn_for_ever(int begun, uint32_t mode, bool user)
{
    struct forkexec_attr *attr = full_sandbox(mode, user);
    struct forkexec_child *child;
    struct forkexec_error error;
    assert_int_equal(write(begun, "b", 1), 1);
    for (;;) {
        OK(spawn_in_sandbox(attr, "sleep", &child, &error));
        forkexec_signal(child, SIGKILL);
        forkexec_wait(child, -1, 0, NULL, 0);
        forkexec_close(child);
    }
}

static void kill_callers(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct host_state before = read_host_state();
    int users = geteuid() ? 1 : 1 + may_have_user_namespaces();
    for (int round = 0; round < ROUNDS; round++) {
        int pair[2], status;
        char byte;
        DOING("round %d", round);
        assert_false(pipe2(pair, O_CLOEXEC));
        pid_t self = getpid(), caller = fork();
        if (!caller) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == self)
                spawn_for_ever(pair[1], (uint32_t)round % 2, geteuid() || round % users);
            _exit(0);
        }
        close(pair[1]);
        assert_int_equal(read(pair[0], &byte, 1), 1);
        close(pair[0]);
        usleep(instant(round));
        kill(caller, SIGKILL);
        assert_int_equal(waitpid(caller, &status, 0), caller);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_nothing_left_since(&before);
    }
}

TEST_BOTH(nothing_is_left_when_the_caller_is_killed)
{
    need_native();
    need_mounts();
    may_have_user_namespaces();
    public_reporter();
    in_fork(kill_callers, NULL);
}

/* Kills the child of the thread that spawns, at a random moment. */
struct killer {
    atomic_int round; /* -1: stop */
    int kills;
};

static void *kill_children(void *with)
{
    struct killer *killer = with;
    pid_t pid;
    for (int round, last = -1; (round = killer->round) >= 0;) {
        if (round == last || !count_children_and_tell_one(&pid))
            continue;
        usleep(instant(round) / 5);
        killer->kills += round == killer->round && !kill(pid, SIGKILL);
        last = round;
    }
    return NULL;
}

static void kill_the_children(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct host_state before = read_host_state();
    struct killer killer = { 0, 0 };
    pthread_t thread;
    int canceled = 0, users = geteuid() ? 1 : 1 + may_have_user_namespaces();
    assert_false(pthread_create(&thread, NULL, kill_children, &killer));
    for (int round = 0; round < ROUNDS; round++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        killer.round = round;
        struct forkexec_attr *attr = full_sandbox((uint32_t)round % 2, geteuid() || round % users);
        int result = spawn_in_sandbox(attr, "sleep", &child, &error);
        if (result && (result != -ECANCELED || error.signal != SIGKILL))
            print_message("# round %d: %d, stage %u, %s\n", round, result, error.stage, error.message);
        canceled += !!result;
        if (result) {
            assert_int_equal(result, -ECANCELED);
            assert_int_equal(error.signal, SIGKILL);
        } else {
            forkexec_signal(child, SIGKILL);
            assert_int_equal(finish(child).signal, SIGKILL);
            forkexec_close(child);
        }
    }
    killer.round = -1;
    pthread_join(thread, NULL);
    print_message("# %d rounds: %d killed, %d before the program ran\n", ROUNDS, killer.kills, canceled);
    assert_true(killer.kills > 0 && canceled > 0);
    assert_nothing_left_since(&before);
}

TEST_BOTH(nothing_is_left_when_the_child_is_killed)
{
    need_native();
    need_mounts();
    may_have_user_namespaces();
    public_reporter();
    in_fork(kill_the_children, NULL);
}
