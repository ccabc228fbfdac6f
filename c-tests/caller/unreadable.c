/* An error is never read as "there is none". A filter answers each question of the library about its caller with an error.
 * The request then has its full effect, which the program's files in /proc show, or the spawn fails and says why. */
#include "in_fork.h"
#include "deny_calls.h"

#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

EACH_TEST_NEEDS(need_native)

/* The questions about the caller. The lower half of a NULL pointer is 0. */
static const struct denial questions[] = {
    { SYS_prctl, 0, { { IS, 0, PR_CAPBSET_READ } } },
    { SYS_prctl, 0, { { IS, 0, PR_CAPBSET_READ }, { IS, 1, 7 } } },
    { SYS_prctl, 0, { { IS, 0, PR_CAPBSET_READ }, { IS, 1, 37 } } },
    { SYS_prctl, 0, { { IS, 0, PR_CAP_AMBIENT }, { IS, 1, PR_CAP_AMBIENT_IS_SET } } },
    { SYS_prctl, 0, { { IS, 0, PR_GET_SECUREBITS } } },
    { SYS_prctl, 0, { { IS, 0, PR_GET_NO_NEW_PRIVS } } },
    { SYS_capget, 0, { { 0 } } },
    { SYS_geteuid, 0, { { 0 } } },
    { SYS_getegid, 0, { { 0 } } },
    { SYS_getresuid, 0, { { 0 } } },
    { SYS_getresgid, 0, { { 0 } } },
    { SYS_setfsuid, 0, { { 0 } } },
    { SYS_setfsgid, 0, { { 0 } } },
    { SYS_fcntl, 0, { { IS, 1, F_GETFD } } },
    { SYS_prlimit64, 0, { { IS, 2, 0 } } },
    { SYS_ioctl, 0, { { IS, 1, 0xb703 /* NS_GET_NSTYPE */ } } },
    { SYS_fstatfs, 0, { { 0 } } },
    { SYS_fstat, 0, { { 0 } } },
    { SYS_newfstatat, 0, { { 0 } } },
    { SYS_getcwd, 0, { { 0 } } },
    { SYS_pread64, 0, { { 0 } } },
    { SYS_rt_sigaction, 0, { { IS, 1, 0 } } },
    { SYS_landlock_create_ruleset, 0, { { IS, 2, 1 /* LANDLOCK_CREATE_RULESET_VERSION */ } } },
};
#define QUESTIONS (sizeof questions / sizeof *questions)
static const int answers[] = { EPERM, ENOSYS, EIO };

/* The requests, and how their effect shows: lines of a file in the program's /proc, or the program's exit. */
struct request {
    const char *name;
    void (*ask)(struct forkexec_attr *attr);
    const char *file;
    const char *lines[4];
    char *argv[4]; /* "%s" is the scratch directory */
    int exit_code;
    bool root; /* for root only */
};

#define ASK(name, ...) static void name(struct forkexec_attr *attr) { __VA_ARGS__; }
#define SET(setter, ...) OK(forkexec_attr_##setter(attr, ##__VA_ARGS__))

static int a_namespace = -1, a_cgroup = -1;
static uid_t own_uid;
static gid_t own_gid;

ASK(all_dropped, SET(drop_capabilities))
ASK(all_dropped_for_good, SET(drop_capabilities); SET(set_no_new_privs))
ASK(one_bound, SET(set_capabilities, FORKEXEC_CAP_BOUNDING, 1))
ASK(nobody, SET(set_uid, NOBODY); SET(set_gid, NOBODY))
ASK(nobody_with_nothing, nobody(attr); SET(drop_capabilities))
ASK(a_user_namespace, SET(create_namespaces, FORKEXEC_NS_USER); SET(map_uid, 7, own_uid, 1); SET(map_gid, 8, own_gid, 1))
ASK(nothing_in_a_user_namespace, a_user_namespace(attr); SET(drop_capabilities))
ASK(nothing_in_one_entered, SET(unshare_namespaces, FORKEXEC_NS_USER); SET(map_uid, 7, own_uid, 1); SET(drop_capabilities))
ASK(badness_in_a_user_namespace, a_user_namespace(attr); SET(set_oom_score_adj, 321))
ASK(no_core, SET(set_rlimit, 4, FORKEXEC_RLIMIT_KEEP, 0); SET(set_rlimit, 4, 0, 0))
ASK(few_descriptors, SET(restore_nofile); SET(set_rlimit, 7, 33, FORKEXEC_RLIMIT_KEEP))
ASK(no_new_privileges, SET(set_no_new_privs))
ASK(landlocked, SET(set_no_new_privs); SET(set_landlock_handled, FORKEXEC_LANDLOCK_FS_READ_FILE
    | FORKEXEC_LANDLOCK_FS_WRITE_FILE | FORKEXEC_LANDLOCK_FS_EXECUTE | FORKEXEC_LANDLOCK_FS_MAKE_REG, 0);
    SET(add_landlock_path, "/proc", FORKEXEC_LANDLOCK_FS_READ_FILE);
    SET(add_landlock_path, scratch(), FORKEXEC_LANDLOCK_FS_READ_FILE | FORKEXEC_LANDLOCK_FS_EXECUTE))
ASK(a_joined_host, SET(join_namespace, a_namespace, FORKEXEC_NS_UTS))
ASK(in_a_cgroup, SET(set_cgroup_fd, a_cgroup))
ASK(in_a_chroot, SET(set_chroot, scratch()))

#define NO_CAPS "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
#define STATUS "/proc/self/status"

static const struct request requests[] = {
    { "drop_capabilities", all_dropped, STATUS, { NO_CAPS, "CapBnd:\t0000000000000000\n" }, .root = true },
    { "drop_capabilities, no_new_privs", all_dropped_for_good, STATUS, { NO_CAPS, "NoNewPrivs:\t1\n" }, .root = false },
    { "set_capabilities, bounding", one_bound, STATUS, { "CapBnd:\t0000000000000001\n" }, .root = true },
    { "set_uid, set_gid", nobody, STATUS,
        { "Uid:\t65534\t65534\t65534\t65534\n", "Gid:\t65534\t65534\t65534\t65534\n", "Groups:\t \n",
            "CapEff:\t0000000000000000\n" }, .root = true },
    { "set_uid, drop_capabilities", nobody_with_nothing, STATUS,
        { "Uid:\t65534\t65534\t65534\t65534\n", NO_CAPS, "CapBnd:\t0000000000000000\n" }, .root = true },
    { "a user namespace", a_user_namespace, "/proc/self/uid_map", { "         7 " }, .root = false },
    { "drop_capabilities in a user namespace", nothing_in_a_user_namespace, STATUS,
        { NO_CAPS, "CapBnd:\t0000000000000000\n" }, .root = false },
    { "drop_capabilities in one entered", nothing_in_one_entered, STATUS, { NO_CAPS, "CapBnd:\t0000000000000000\n" }, .root = false },
    { "set_oom_score_adj in a user namespace", badness_in_a_user_namespace, "/proc/self/oom_score_adj", { "321\n" }, .root = false },
    { "set_rlimit", no_core, "/proc/self/limits", { "Max core file size        0                    0  " }, .root = false },
    { "restore_nofile, set_rlimit", few_descriptors, "/proc/self/limits", { "Max open files            33  " }, .root = false },
    { "set_no_new_privs", no_new_privileges, STATUS, { "NoNewPrivs:\t1\n" }, .root = false },
    { "landlock", landlocked, .argv = { "w", "touch", "%s/made" }, .exit_code = EACCES },
    { "join_namespace", a_joined_host, "/proc/sys/kernel/hostname", { "elsewhere\n" }, .root = true },
    { "set_cgroup_fd", in_a_cgroup, "/proc/self/cgroup", { "/unreadable\n" }, .root = true },
    { "set_chroot", in_a_chroot, .argv = { "w", "touch", "/inside", NULL }, .exit_code = 0, .root = true },
};
#define REQUESTS (sizeof requests / sizeof *requests)

static bool can_ask(const struct request *request)
{
    if (request->ask == a_joined_host)
        return a_namespace >= 0;
    if (request->ask == in_a_cgroup)
        return a_cgroup >= 0;
    if (request->ask == landlocked)
        return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
    return !request->root || !own_uid;
}

/* A request with the file to read as descriptor 5, which the reporter prints. */
static struct forkexec_attr *asked(const struct request *request, uint32_t mode, int out)
{
    struct forkexec_attr *attr = attr_in(mode);
    request->ask(attr);
    if (request->file) {
        OK(forkexec_attr_open_fd(attr, 5, request->file, O_RDONLY, 0));
        OK(forkexec_attr_map_fd(attr, out, 1));
    }
    return attr;
}

static bool is_refused(const struct request *request, uint32_t mode)
{
    return request->ask == in_a_chroot && mode == FORKEXEC_MEMORY_COPIED;
}

/* Without libc, whose functions would need some of the denied calls. */
static size_t read_all(int fd, char *bytes, size_t room)
{
    size_t size = 0;
    for (ssize_t n; size < room - 1 && (n = read(fd, bytes + size, room - 1 - size)) > 0;)
        size += (size_t)n;
    bytes[size] = 0;
    return size;
}

/* Whether the result is right; prints what is not. Without denied calls the spawn has to succeed. */
static bool is_right(const struct request *request, uint32_t mode, bool undisturbed)
{
    static char seen[16384];
    int pair[2];
    struct forkexec_child *child = NULL;
    struct forkexec_error error = { 0 };
    struct forkexec_status status = { 0 };
    const char *path = request->ask == in_a_chroot ? "/reporter" : scratch_path("reporter");
    char *show[] = { "w", "cat", "5", NULL }, *argv[4] = { 0 };
    for (int i = 0; i < 3 && request->argv[i]; i++)
        argv[i] = strcmp(request->argv[i], "%s/made") ? request->argv[i] : (char *)scratch_path("made");
    if (pipe2(pair, O_CLOEXEC))
        abort();
    struct forkexec_attr *attr = asked(request, mode, pair[1]);
    int result = forkexec_spawn(attr, path, request->file ? show : argv, (char *[]){ NULL }, &child, &error);
    close(pair[1]);
    if (result) {
        close(pair[0]);
        bool told = error.stage && error.code == -result && *error.message && !child;
        if (!told || undisturbed)
            printf("# %s, mode %u: %d, stage %u: %s\n", request->name, mode, result, error.stage, error.message);
        return told && !undisturbed;
    }
    read_all(pair[0], seen, sizeof seen);
    close(pair[0]);
    while (forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) == -EINTR)
        ;
    forkexec_close(child);
    bool right = status.exit_code == request->exit_code && !status.signal;
    for (int i = 0; request->file && i < 4 && request->lines[i]; i++)
        right = right && strstr(seen, request->lines[i]);
    if (!right)
        printf("# %s, mode %u: ended with %d, signal %d:\n%s", request->name, mode, status.exit_code, status.signal, seen);
    return right;
}

struct turn {
    const struct request *request;
    const struct denial *question;
    int answer;
};

static void ask_so(const void *argument)
{
    const struct turn *turn = argument;
    bool right = true;
    if (turn->question) {
        struct denial denial = *turn->question;
        denial.code = turn->answer;
        deny(&denial, 1);
    }
    for EACH_MEMORY(mode)
        if (!is_refused(turn->request, mode))
            right = is_right(turn->request, mode, !turn->question) && right;
    fflush(stdout);
    _exit(!right);
}

static void set_up(struct forkexec_child **holder)
{
    own_uid = getuid();
    own_gid = getgid();
    public_reporter();
    if (own_uid)
        return;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_UTS));
    OK(forkexec_attr_set_hostname(attr, "elsewhere"));
    OK(forkexec_hold(attr, holder, NULL));
    a_namespace = forkexec_child_namespace_fd(*holder, FORKEXEC_NS_UTS);
    static const char *const cgroups[] = { "/sys/fs/cgroup/freezer/unreadable", "/sys/fs/cgroup/unreadable" };
    for (int i = 0; i < 2 && a_cgroup < 0; i++)
        if (!mkdir(cgroups[i], 0755) || errno == EEXIST)
            a_cgroup = open(cgroups[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void tear_down(struct forkexec_child *holder)
{
    forkexec_close(holder);
    if (a_namespace >= 0)
        close(a_namespace);
    if (a_cgroup >= 0)
        close(a_cgroup);
    a_namespace = a_cgroup = -1;
    rmdir("/sys/fs/cgroup/freezer/unreadable");
    rmdir("/sys/fs/cgroup/unreadable");
}

/* Every question, answered with this errno, for every request. */
static void every_turn(void)
{
    struct forkexec_child *holder = NULL;
    int wrong = 0;
    set_up(&holder);
    for (size_t r = 0; r < REQUESTS; r++) {
        if (!can_ask(&requests[r]))
            continue;
        struct turn turn = { &requests[r], NULL, 0 };
        wrong += !succeeds_in_copy(ask_so, &turn);
        for (size_t q = 0; q < QUESTIONS; q++)
            for (size_t a = 0; a < sizeof answers / sizeof *answers; a++) {
                turn.question = &questions[q];
                turn.answer = answers[a];
                if (!succeeds_in_copy(ask_so, &turn)) {
                    printf("# question %zu, answer %d\n", q, answers[a]);
                    wrong++;
                }
            }
    }
    tear_down(holder);
    assert_int_equal(wrong, 0);
}

TEST(questions_that_were_never_answered)
{
    need_user_namespaces();
    every_turn();
}

TEST(questions_that_were_answered_before)
{
    struct forkexec_attr *attr = new_attr();
    need_user_namespaces();
    OK(forkexec_attr_drop_capabilities(attr));
    OK(forkexec_attr_set_no_new_privs(attr));
    assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
    every_turn();
}

/* A question that was answered with an error is asked again. */
static void learns_later(const void *unused)
{
    (void)unused;
    struct forkexec_attr *attr = attr_in(FORKEXEC_MEMORY_AUTO);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_BOUNDING, 1));
    for (int i = 0; i < 2; i++) {
        struct denial denials[64] = { questions[0] };
        size_t n = i ? 0 : 1;
        denials[0].code = EIO;
        /* All kernels have these calls, so an ENOSYS comes from a filter. */
        for (uint32_t cap = 36; i && cap < 64; cap++)
            denials[n++] = (struct denial){ SYS_prctl, EINVAL, { { IS, 0, PR_CAPBSET_READ }, { IS, 1, cap } } };
        pid_t pid = fork();
        if (!pid) {
            deny(denials, n);
            int result = forkexec_spawn(attr, public_reporter(), (char *[]){ "w", NULL }, NULL, &child, &error);
            bool says_so = error.stage == FORKEXEC_STAGE_RESOLVE && strstr(error.message, "bounding set");
            _exit(!(result == (i ? -EINVAL : -EIO) && says_so));
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

TEST(the_message_names_the_question)
{
    need_root();
    public_reporter();
    in_copy(learns_later, NULL);
}

/* If the program's own filter hides the pid, no 0 is written. */
TEST_BOTH(a_pid_that_a_filter_hides)
{
    static const struct sock_filter hides[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_add_seccomp_filter(attr, hides, 4, 0));
        OK(forkexec_attr_set_pid_variable(attr, "LISTEN_PID"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_EXEC, EPERM, -1);
    }
}
