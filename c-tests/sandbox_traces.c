/* What a sandbox leaves behind on the host: nothing. Not when it comes to its end, not when it fails on the way, and not
 * when its caller or itself is killed at any instant. */
#include "boxed.h"

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

/* What a sandbox could leave, beside processes and namespaces: mounts, descriptors, names where it was made. */
struct traces {
    const char *mounts, *names;
    int fds;
};

static const char *names_in(const char *directory)
{
    const char *names = "";
    struct dirent **entries;
    int n = scandir(directory, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        names = text("%s %s", names, entries[i]->d_name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return names;
}

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static struct traces look_for_traces(void)
{
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    return (struct traces){ text_of("/proc/self/mountinfo"), text("%s |%s |%s", names_in(scratch()), names_in("."),
        names_in("/")), count_fds() };
}

/* The children of all threads: the library may have one that makes them. */
static int count_children_and_tell_one(pid_t *one)
{
    int n = 0;
    struct dirent *entry;
    DIR *threads = opendir("/proc/self/task");
    while (threads && (entry = readdir(threads))) {
        char path[300];
        snprintf(path, sizeof path, "/proc/self/task/%s/children", entry->d_name);
        FILE *in = fopen(path, "re");
        for (pid_t pid; in && fscanf(in, "%d", &pid) == 1; n++)
            *one = pid;
        if (in)
            fclose(in);
    }
    if (threads)
        closedir(threads);
    return n;
}

static int count_children(void)
{
    pid_t one;
    return count_children_and_tell_one(&one);
}

/* Reaps orphans, who come here; what goes, be it a thread of the library, may take a moment. */
static void assert_no_traces_since(const struct traces *before)
{
    for (double end = seconds() + 20; (count_children() || count_fds() != before->fds) && seconds() < end; usleep(500))
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            ;
    assert_int_equal(count_children(), 0);
    struct traces after = look_for_traces();
    assert_string_equal(after.mounts, before->mounts);
    assert_string_equal(after.names, before->names);
    assert_int_equal(after.fds, before->fds);
}

static int spawn_box(const struct forkexec_attr *attr, char *what, struct forkexec_child **child,
    struct forkexec_error *error)
{
    return try_start(attr, "/witness", (char *[]){ "w", what, "exit", "0", NULL }, NULL, child, error);
}

static void ends_well(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct traces before = look_for_traces();
    for EACH_BUILDER(mode, user)
        for (int i = 0; i < 2; i++) {
            struct forkexec_child *child = NULL;
            OK(spawn_box(boxed(mode, user), i ? "daemon" : "exit", &child, NULL));
            finish(child);
            forkexec_close(child);
            assert_no_traces_since(&before);
        }
}

TEST_BOTH(nothing_is_left_of_what_ended)
{
    need_mounts();
    may_have_user_namespaces();
    public_witness();
    aside(ends_well, NULL);
}

/* Failures, each at another stage. What no request can bring about is denied. */
static void a_missing_source(struct forkexec_attr *attr) { OK(forkexec_attr_bind_mount(attr, "/nonexistent", "/tmp/x", 32)); }
static void a_tmpfs_nowhere(struct forkexec_attr *attr) { OK(forkexec_attr_mount_tmpfs(attr, "/no/where", 0, 0, 0)); }
static void a_proc_nowhere(struct forkexec_attr *attr) { OK(forkexec_attr_mount_proc(attr, "/no/where", 0)); }
static void a_dev_nowhere(struct forkexec_attr *attr) { OK(forkexec_attr_mount_dev(attr, "/no/where", 0)); }
static void no_file_system(struct forkexec_attr *attr) { OK(forkexec_attr_add_mount(attr, "x", "/tmp", "nofs", 0, NULL)); }
static void a_file_in_the_way(struct forkexec_attr *attr) { OK(forkexec_attr_make_directory(attr, "/etc/passwd/x", 0700)); }
static void a_link_twice(struct forkexec_attr *attr) { OK(forkexec_attr_make_symlink(attr, "/other", "/etc/link")); }
static void a_file_twice(struct forkexec_attr *attr) { OK(forkexec_attr_make_file(attr, "/etc/passwd", NULL, 0, 0600)); }
static void a_masked_link(struct forkexec_attr *attr) { OK(forkexec_attr_mask_path(attr, "/etc/link")); }
static void nothing_readonly(struct forkexec_attr *attr) { OK(forkexec_attr_make_readonly(attr, "/no/where")); }
static void a_missing_root(struct forkexec_attr *attr) { OK(forkexec_attr_set_root(attr, "/nonexistent", 0)); }
static void a_missing_directory(struct forkexec_attr *attr) { OK(forkexec_attr_set_cwd(attr, "/nonexistent")); }
static void a_missing_rule(struct forkexec_attr *attr) { OK(forkexec_attr_add_landlock_path(attr, "/nonexistent", 4)); }
static void a_missing_file(struct forkexec_attr *attr) { OK(forkexec_attr_open_fd(attr, 5, "/nonexistent", O_RDONLY, 0)); }
static void no_exec(struct forkexec_attr *attr) { OK(forkexec_attr_bind_mount(attr, "/dev/null", "/witness", 0)); }
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
    { FORKEXEC_STAGE_PIVOT_ROOT, EIO, NULL, { SYS_pivot_root, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_BOUNDING, EIO, NULL, { SYS_prctl, EIO, { { IS, 0, PR_CAPBSET_DROP } } } },
    { FORKEXEC_STAGE_GID, EIO, NULL, { SYS_setresgid, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_UID, EIO, NULL, { SYS_setresuid, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_CWD, ENOENT, a_missing_directory, { 0 } },
    { FORKEXEC_STAGE_FD_ACTION, ENOENT, a_missing_file, { 0 } },
    { FORKEXEC_STAGE_LANDLOCK_RULE, ENOENT, a_missing_rule, { 0 } },
    { FORKEXEC_STAGE_NO_NEW_PRIVS, EIO, NULL, { SYS_prctl, EIO, { { IS, 0, PR_SET_NO_NEW_PRIVS } } } },
    { FORKEXEC_STAGE_SECCOMP, EINVAL, a_jump_out, { 0 } },
    { FORKEXEC_STAGE_EXEC, EACCES, no_exec, { 0 } },
};

static uint32_t memory;

static void fails_so(const void *with)
{
    const struct failure *failure = with;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct traces before = look_for_traces();
    if (failure->denial.call)
        deny(&failure->denial, 1);
    for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++) {
        struct forkexec_attr *attr = boxed(memory, user);
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        if (failure->spoil)
            failure->spoil(attr);
        int result = spawn_box(attr, "exit", &child, &error);
        if (result != -failure->code || error.stage != failure->stage)
            printf("# stage %u, %s\n", error.stage, error.message);
        assert_int_equal(error.stage, failure->stage);
        assert_int_equal(result, -failure->code);
        assert_no_traces_since(&before);
    }
}

TEST_BOTH(nothing_is_left_of_what_failed)
{
    int wrong = 0;
    need_native();
    need_mounts();
    may_have_user_namespaces();
    public_witness();
    for (memory = FORKEXEC_MEMORY_AUTO; memory <= FORKEXEC_MEMORY_COPIED; memory++)
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

/* Killing. */

#define ROUNDS 300
#define LONGEST_US 12000

/* At first at any instant of the first child, which learns much; then later. */
static useconds_t instant(int round)
{
    return (useconds_t)((uint64_t)round * 7919 % ROUNDS * LONGEST_US / ROUNDS);
}

static _Noreturn void spawn_for_ever(int begun, uint32_t mode, bool user)
{
    struct forkexec_attr *attr = boxed(mode, user);
    struct forkexec_child *child;
    struct forkexec_error error;
    assert_int_equal(write(begun, "b", 1), 1);
    for (;;) {
        OK(spawn_box(attr, "sleep", &child, &error));
        forkexec_signal(child, SIGKILL);
        forkexec_wait(child, -1, 0, NULL, 0);
        forkexec_close(child);
    }
}

static void kill_callers(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct traces before = look_for_traces();
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
                spawn_for_ever(pair[1], (uint32_t)round % 3, geteuid() || round % users);
            _exit(0);
        }
        close(pair[1]);
        assert_int_equal(read(pair[0], &byte, 1), 1);
        close(pair[0]);
        usleep(instant(round));
        kill(caller, SIGKILL);
        assert_int_equal(waitpid(caller, &status, 0), caller);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_no_traces_since(&before);
    }
}

TEST_BOTH(nothing_is_left_when_the_caller_is_killed)
{
    need_native();
    need_mounts();
    may_have_user_namespaces();
    public_witness();
    aside(kill_callers, NULL);
}

/* Whoever is a child of the thread that spawns is killed, at some instant of its. */
struct killer {
    atomic_int round; /* -1: the end */
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
    struct traces before = look_for_traces();
    struct killer killer = { 0, 0 };
    pthread_t thread;
    int canceled = 0, users = geteuid() ? 1 : 1 + may_have_user_namespaces();
    assert_false(pthread_create(&thread, NULL, kill_children, &killer));
    for (int round = 0; round < ROUNDS; round++) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        killer.round = round;
        struct forkexec_attr *attr = boxed((uint32_t)round % 3, geteuid() || round % users);
        int result = spawn_box(attr, "sleep", &child, &error);
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
    assert_no_traces_since(&before);
}

TEST_BOTH(nothing_is_left_when_the_child_is_killed)
{
    need_native();
    need_mounts();
    may_have_user_namespaces();
    public_witness();
    aside(kill_the_children, NULL);
}

/* Many. */

enum { BOXES = 1000, THREADS = 4 };
static atomic_int boxes, wrong;

static void *spawn_boxes(void *attr)
{
    struct forkexec_error error;
    for (int number; (number = atomic_fetch_add(&boxes, 1)) < BOXES;) {
        struct forkexec_child *child = NULL;
        struct forkexec_status status = { 0 };
        char code[16];
        snprintf(code, sizeof code, "%d", number % 100);
        int result = forkexec_spawn(attr, "/witness", (char *[]){ "w", "exit", code, NULL }, NULL, &child, &error);
        if (!result)
            result = forkexec_wait(child, 60000000000, 0, &status, sizeof status);
        if (result || status.exit_code != number % 100) {
            printf("# box %d: %d, stage %u, %s\n", number, result, error.stage, error.message);
            wrong++;
        }
        forkexec_close(child);
    }
    return NULL;
}

static void spawn_from_all_threads(struct forkexec_attr *attr, int from)
{
    pthread_t threads[THREADS];
    boxes = from;
    wrong = 0;
    for (int i = 0; i < THREADS; i++)
        assert_false(pthread_create(&threads[i], NULL, spawn_boxes, attr));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
}

static long resident_pages(void)
{
    long pages = 0;
    FILE *in = fopen("/proc/self/statm", "re");
    if (in && fscanf(in, "%*d %ld", &pages) != 1)
        pages = 0;
    if (in)
        fclose(in);
    return pages;
}

static void leak_nothing(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct forkexec_attr *attr = boxed(FORKEXEC_MEMORY_AUTO, geteuid());
    spawn_from_all_threads(attr, BOXES * 9 / 10);
    struct traces before = look_for_traces();
    size_t heap = mallinfo2().uordblks;
    long pages = resident_pages();
    spawn_from_all_threads(attr, 0);
    size_t heap_after = mallinfo2().uordblks;
    print_message("# %zu to %zu bytes allocated, %ld to %ld pages resident\n", heap, heap_after, pages, resident_pages());
    assert_no_traces_since(&before);
    /* A sanitizer's allocator keeps what was freed, and looks for leaks itself. No block is less than 32 bytes. */
    if (heap) {
        assert_true(heap_after < heap + 24 * BOXES);
        assert_true(resident_pages() < pages + 1024);
    }
}

TEST(a_thousand_from_four_threads)
{
    need_native();
    need_mounts();
    public_witness();
    aside(leak_nothing, NULL);
}

/* Where only so many namespaces may be, those of more boxes than that have gone. */
static void write_to(const char *path, const char *what)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = write(fd, what, strlen(what));
    close(fd);
    DOING("%s: %zd", path, n);
    assert_int_equal(n, strlen(what));
}

static void give_namespaces_back(const void *unused)
{
    (void)unused;
    static const char *const kinds[] = { "user", "mnt", "pid", "ipc", "uts", "cgroup", "net" };
    enum { MOST = 20 };
    uid_t uid = geteuid(), gid = getegid();
    assert_false(unshare(CLONE_NEWUSER));
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", text("0 %u 1", uid));
    write_to("/proc/self/gid_map", text("0 %u 1", gid));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        write_to(text("/proc/sys/user/max_%s_namespaces", kinds[i]), text("%d", MOST));
    struct forkexec_attr *attr = boxed(FORKEXEC_MEMORY_AUTO, true);
    double end = seconds() + 60;
    for (int done = 0; done < 5 * MOST;) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        int result = spawn_box(attr, "exit", &child, &error);
        DOING("%d done, then: %s", done, error.message);
        /* They go a moment after the last who was in them. */
        if (result) {
            assert_int_equal(result, -ENOSPC);
            assert_true(seconds() < end);
            usleep(5000);
            continue;
        }
        finish(child);
        forkexec_close(child);
        done++;
    }
}

TEST_BOTH(namespaces_are_given_back)
{
    need_native();
    need_mounts();
    need_user_namespaces();
    public_witness();
    aside(give_namespaces_back, NULL);
}
