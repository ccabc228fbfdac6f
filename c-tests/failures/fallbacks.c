/* System calls that the library can replace by others: whenever and in whichever thread they are refused, children are made
 * as requested. A call that a request does not need is not made at all. */
#define _GNU_SOURCE
#include "mount_requests.h"
#include "cgroup_parent.h"

#include <sched.h>
#include <sys/resource.h>

ONLY_COPIES_HAVE_CHILDREN
EACH_TEST_NEEDS(need_native) /* valgrind makes calls of its own */

#define CAP_AMBIENT_RAISE { { IS, 0, PR_CAP_AMBIENT }, { IS, 1, PR_CAP_AMBIENT_RAISE } }
#define NEVER { { 0 } }

/* The refused calls. Those of the first half can all be replaced. Without one of the others a spawn may fail. */
static const struct refused {
    const char *name;
    struct denial denials[2];
    bool is_needed;
    bool is_for_image;
} refusals[] = {
    { "clone3", { { SYS_clone3, 0, NEVER } }, false, false },
    { "close_range", { { SYS_close_range, 0, NEVER } }, false, false },
    { "close_range and unshare", { { SYS_close_range, 0, NEVER }, { SYS_unshare, 0, { { IS, 0, CLONE_FILES } } } }, false, false },
    { "close_range and getdents64", { { SYS_close_range, 0, NEVER }, { SYS_getdents64, 0, NEVER } }, false, false },
    { "close_range and fstatfs", { { SYS_close_range, 0, NEVER }, { SYS_fstatfs, 0, NEVER } }, true, false },
    { "memfd_create", { { SYS_memfd_create, 0, NEVER } }, false, true },
    { "F_ADD_SEALS", { { SYS_fcntl, 0, { { IS, 1, F_ADD_SEALS } } } }, false, true },
    { "execveat", { { SYS_execveat, 0, NEVER } }, false, true },
    { "PR_CAP_AMBIENT_RAISE", { { SYS_prctl, 0, CAP_AMBIENT_RAISE } }, false, true },
    { "open_tree", { { SYS_open_tree, 0, NEVER } }, false, false },
    { "move_mount", { { SYS_move_mount, 0, NEVER } }, false, false },
    { "mount_setattr", { { SYS_mount_setattr, 0, NEVER } }, false, false },
    { "openat2", { { SYS_openat2, 0, NEVER } }, false, false },
    { "clone3 and open_tree", { { SYS_clone3, 0, NEVER }, { SYS_open_tree, 0, NEVER } }, false, false },
    { "pidfd_open", { { SYS_pidfd_open, 0, NEVER } }, false, false },
    { "pidfd_getfd", { { SYS_pidfd_getfd, 0, NEVER } }, false, false },
    { "pidfd_send_signal", { { SYS_pidfd_send_signal, 0, NEVER } }, false, false },
    { "prlimit64", { { SYS_prlimit64, 0, NEVER } }, false, false },
    { "rt_sigpending", { { SYS_rt_sigpending, 0, NEVER } }, false, false },
    { "madvise", { { SYS_madvise, 0, NEVER } }, false, false },
    { "eventfd2", { { SYS_eventfd2, 0, NEVER } }, true, false },
    { "pipe2", { { SYS_pipe2, 0, NEVER } }, true, false },
    { "prctl", { { SYS_prctl, 0, NEVER } }, true, true },
    { "unshare", { { SYS_unshare, 0, NEVER } }, true, false },
    { "setns", { { SYS_setns, 0, NEVER } }, true, false },
};
#define N_REFUSALS (sizeof refusals / sizeof *refusals)

/* Only for copies of the test. What the test itself would open here would not survive a copy. */
static struct forkexec_child *holder;
static int cgroup_fd = -1;

/* The requests, and a key in the reporter's output that shows their effect. */
static struct forkexec_attr *plain(void)
{
    return new_attr();
}

static struct forkexec_attr *copied(void)
{
    return attr_in(FORKEXEC_MEMORY_COPIED);
}

static struct forkexec_attr *fresh(void)
{
    return attr_in(FORKEXEC_MEMORY_FRESH);
}

static struct forkexec_attr *same_ids(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_gid(attr, getgid()));
    OK(forkexec_attr_keep_groups(attr));
    return attr;
}

static struct forkexec_attr *keeps_little(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_map_fd(attr, 1, 5));
    OK(forkexec_attr_close_fds_from(attr, 5));
    return attr;
}

static struct forkexec_attr *in_namespaces(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_UTS));
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    OK(forkexec_attr_set_hostname(attr, "judge"));
    return attr;
}

static struct forkexec_attr *in_root(void)
{
    struct forkexec_attr *attr = in_namespaces();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_bind_mount(attr, scratch_path("tree"), "/tree", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
    OK(forkexec_attr_make_symlink(attr, "/tree", "/link"));
    OK(forkexec_attr_mask_path(attr, "/tree/hidden"));
    return attr;
}

static struct forkexec_attr *joined(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), FORKEXEC_NS_USER | FORKEXEC_NS_UTS));
    return attr;
}

static struct forkexec_attr *in_cgroup(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_cgroup_fd(attr, cgroup_fd));
    return attr;
}

static const struct kind {
    const char *name;
    struct forkexec_attr *(*request)(void);
    const char *path;
    const char *key, *value;
    bool needs_image;
} kinds[] = {
    { "plain", plain, NULL, "fds", "0 1 2", false },
    { "copied", copied, NULL, "fds", "0 1 2", false },
    { "fresh", fresh, NULL, "fds", "0 1 2", true },
    { "ids", same_ids, NULL, "fds", "0 1 2", false },
    { "close from", keeps_little, NULL, "fds", "0 1 2", false },
    { "namespaces", in_namespaces, NULL, "hostname", "judge", false },
    { "root", in_root, "/reporter", "pid", "1", true },
    { "join", joined, NULL, "hostname", "held", true },
    { "cgroup", in_cgroup, NULL, "fds", "0 1 2", false },
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

/* A request that does not need a call must not make it. */
static const int not_for_a_program[] = { SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_openat2, SYS_fsopen,
    SYS_pidfd_getfd, SYS_pidfd_open, SYS_memfd_create, SYS_execveat, SYS_eventfd2, SYS_pipe2, SYS_unshare, SYS_setns,
    SYS_seccomp, SYS_landlock_create_ruleset, SYS_prctl, SYS_mount, SYS_capget, SYS_capset, SYS_ptrace, SYS_setgroups,
    SYS_keyctl, SYS_statfs, SYS_getgroups };
static const int not_for_an_image[] = { SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_openat2, SYS_fsopen,
    SYS_pidfd_getfd, SYS_unshare, SYS_setns, SYS_seccomp, SYS_landlock_create_ruleset, SYS_mount, SYS_ptrace,
    SYS_keyctl };

static void deny_deadly(const int *calls, size_t n)
{
    struct denial list[32];
    for (size_t i = 0; i < n; i++)
        list[i] = (struct denial){ calls[i], DEADLY, NEVER };
    deny(list, n);
}

static void runs_a_program(const void *unused)
{
    (void)unused;
    deny_deadly(not_for_a_program, sizeof not_for_a_program / sizeof *not_for_a_program);
    assert_int_equal(reporter_exits(keeps_little(), "exit", "7"), 7);
}

static void runs_an_image(const void *unused)
{
    (void)unused;
    deny_deadly(not_for_an_image, sizeof not_for_an_image / sizeof *not_for_an_image);
    for EACH_MEMORY(mode)
        assert_int_equal(reporter_exits(attr_in(mode), "exit", "7"), 7);
}

TEST(no_call_is_made_that_is_not_needed)
{
    in_copy(runs_a_program, NULL);
}

TEST_BOTH(no_call_is_made_that_an_image_does_not_need)
{
    in_copy(runs_an_image, NULL);
}

/* How the dry run describes the child's memory. */
static const char *memory_of(const struct forkexec_attr *attr, const struct kind *kind)
{
    static char line[100];
    FILE *file = tmpfile();
    OK(forkexec_describe(attr, kind->path ? kind->path : reporter, (char *[]){ reporter, NULL }, NULL, fileno(file), NULL));
    rewind(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    return text("%s", line);
}

static void outlives_descriptions(const void *unused)
{
    static const int calls[] = { SYS_clone3, SYS_clone, SYS_memfd_create, SYS_close_range, SYS_execveat, SYS_pidfd_open,
        SYS_pipe2, SYS_eventfd2, SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_openat2, SYS_unshare };
    (void)unused;
    const struct forkexec_attr *requests[N_KINDS] = { NULL };
    for (size_t kind = 0; kind < N_KINDS; kind++)
        if (kinds[kind].request != joined && kinds[kind].request != in_cgroup)
            requests[kind] = kinds[kind].request();
    deny_deadly(calls, sizeof calls / sizeof *calls);
    for (size_t kind = 0; kind < N_KINDS; kind++)
        if (requests[kind])
            memory_of(requests[kind], &kinds[kind]);
}

TEST(a_dry_run_makes_no_deadly_call)
{
    public_reporter();
    in_copy(outlives_descriptions, NULL);
}

static bool user_namespaces;

static bool can(const struct kind *kind)
{
    if (kind->request == in_cgroup)
        return cgroup_fd >= 0;
    bool takes_namespaces = kind->request == in_namespaces || kind->request == in_root || kind->request == joined;
    return !takes_namespaces || user_namespaces;
}

/* Calls for mounts are only made for mounts: no_call_is_made_that_is_not_needed. */
static bool concerns(const struct refused *refused, const struct kind *kind)
{
    int call = refused->denials[0].call;
    bool mounts = call == SYS_open_tree || call == SYS_move_mount || call == SYS_mount_setattr || call == SYS_openat2;
    return !mounts || kind->request == in_root;
}

static char cgroup_path[128];

static void remove_cgroup(void)
{
    if (*cgroup_path)
        rmdir(cgroup_path);
}

static void make_ready(void)
{
    const char *reason, *top = cgroup_parent(&reason);
    new_directory("tree");
    new_file("tree/hidden");
    public_reporter();
    user_namespaces = makes_user_namespaces();
    if (top) {
        snprintf(cgroup_path, sizeof cgroup_path, "%s/forkexec-ways-%d", top, getpid());
        if (!mkdir(cgroup_path, 0755))
            cgroup_fd = open(cgroup_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (cgroup_fd < 0)
        *cgroup_path = 0;
}

static void clean_up(void)
{
    if (cgroup_fd >= 0)
        close(cgroup_fd);
    cgroup_fd = -1;
    remove_cgroup();
}

struct cell {
    const struct refused *refused;
    const struct kind *kind;
    int code;
    bool spawned_before;
};

static void deny_cell(const struct cell *cell)
{
    struct denial list[2];
    size_t n = 0;
    for (; n < 2 && cell->refused->denials[n].call; n++) {
        list[n] = cell->refused->denials[n];
        list[n].code = cell->code;
    }
    deny(list, n);
}

static bool may_fail(const struct cell *cell)
{
    return cell->refused->is_needed || (cell->refused->is_for_image && cell->kind->needs_image);
}

static void assert_comes_out_right(const struct cell *cell)
{
    struct forkexec_attr *attr = cell->kind->request();
    struct forkexec_child *child = NULL;
    struct forkexec_error error = { 0 };
    const char *path = cell->kind->path ? cell->kind->path : reporter;
    int result = try_start(attr, path, (char *[]){ reporter, "exit", "7", NULL }, NULL, &child, &error);
    if (result && may_fail(cell)) {
        assert_int_equal(result, -error.code);
        assert_int_not_equal(error.stage, FORKEXEC_STAGE_NONE);
        assert_null(strstr(error.message, "user namespaces are restricted"));
        assert_null(child);
        return;
    }
    if (result)
        fail_msg("%s", error.message);
    assert_int_equal(finish(child).exit_code, 7);
    /* What the library has learnt in the first spawn must not break the second. */
    if (!may_fail(cell))
        assert_saw(run_reporter(attr, .path = cell->kind->path, .argv = (char *[]){ reporter, NULL }), cell->kind->key,
            cell->kind->value);
}

static void hold_for(const struct cell *cell)
{
    if (cell->kind->request != joined)
        return;
    struct forkexec_attr *attr = in_namespaces();
    OK(forkexec_attr_set_hostname(attr, "held"));
    OK(forkexec_hold(attr, &holder, NULL));
}

static void in_cell(const void *with)
{
    const struct cell *cell = with;
    hold_for(cell);
    if (cell->spawned_before)
        assert_int_equal(finish(start(cell->kind->request(), cell->kind->path ? cell->kind->path : reporter,
            (char *[]){ reporter, "exit", "7", NULL }, NULL)).exit_code, 7);
    /* This descriptor must not reach the program. */
    dup2(2, 60);
    deny_cell(cell);
    assert_comes_out_right(cell);
}

static void for_each_cell(void (*body)(const void *))
{
    static const int codes[] = { ENOSYS, EPERM };
    int wrong = 0, cells = 0;
    make_ready();
    for (size_t call = 0; call < N_REFUSALS; call++)
        for (size_t kind = 0; kind < N_KINDS; kind++)
            for (int i = 0; i < 4 && can(&kinds[kind]) && concerns(&refusals[call], &kinds[kind]); i++) {
                struct cell cell = { &refusals[call], &kinds[kind], codes[i % 2], i / 2 };
                if (succeeds_in_copy(body, &cell)) {
                    cells++;
                    continue;
                }
                printf("# %s without %s (%s), %s\n", cell.kind->name, cell.refused->name, i % 2 ? "EPERM" : "ENOSYS",
                    cell.spawned_before ? "after another spawn" : "from the start");
                wrong++;
            }
    clean_up();
    printf("# %d cells\n", cells);
    assert_int_equal(wrong, 0);
}

TEST_BOTH(other_calls_are_used)
{
    for_each_cell(in_cell);
}

/* A thread with a filter, while another thread has none. */
struct thread_of_cell {
    const struct cell *cell;
    struct forkexec_attr *attr;
    bool done;
    int wrong;
};

static int exit_code_of(const struct forkexec_attr *attr, const struct kind *kind, struct forkexec_error *error)
{
    struct forkexec_child *child = NULL;
    struct forkexec_status status;
    const char *path = kind->path ? kind->path : reporter;
    int result = forkexec_spawn(attr, path, (char *[]){ reporter, "exit", "7", NULL }, NULL, &child, error);
    if (result)
        return result;
    result = forkexec_wait(child, 10000000000, 0, &status, sizeof status);
    forkexec_close(child);
    return result ? result : status.exit_code;
}

static void *spawns_with_a_filter(void *with)
{
    struct thread_of_cell *own = with;
    struct forkexec_error error;
    deny_cell(own->cell);
    for (int i = 0; i < 3; i++) {
        int code = exit_code_of(own->attr, own->cell->kind, &error);
        if (code != 7 && !(code < 0 && may_fail(own->cell) && error.stage)) {
            printf("# with the filter: %d %s\n", code, error.message);
            own->wrong++;
        }
    }
    __atomic_store_n(&own->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static void beside_a_thread(const void *with)
{
    const struct cell *cell = with;
    hold_for(cell);
    struct forkexec_attr *attr = cell->kind->request();
    struct forkexec_error error;
    struct thread_of_cell other = { cell, cell->kind->request(), false, 0 };
    const char *memory = memory_of(attr, cell->kind);
    pthread_t thread;
    if (cell->spawned_before)
        assert_int_equal(exit_code_of(attr, cell->kind, &error), 7);
    assert_false(pthread_create(&thread, NULL, spawns_with_a_filter, &other));
    do {
        int code = exit_code_of(attr, cell->kind, &error);
        if (code != 7)
            fail_msg("without the filter: %d %s", code, error.message);
    } while (!__atomic_load_n(&other.done, __ATOMIC_ACQUIRE));
    assert_int_equal(exit_code_of(attr, cell->kind, &error), 7);
    assert_false(pthread_join(thread, NULL));
    assert_int_equal(other.wrong, 0);
    assert_string_equal(memory_of(attr, cell->kind), memory);
}

TEST(a_filter_of_one_thread)
{
    for_each_cell(beside_a_thread);
}

/* A filter kills the process at these calls of the probe. */
static const int probed[] = { SYS_clone3, SYS_close_range, SYS_pidfd_open, SYS_memfd_create, SYS_seccomp,
    SYS_landlock_create_ruleset, SYS_unshare, SYS_setns };

static void outlives_probes(const void *with)
{
    const int *call = with;
    char why[512];
    deny_deadly(call, 1);
    for (uint32_t feature = 1; feature <= FORKEXEC_PROBE_OVERLAY; feature++) {
        int has = forkexec_probe(feature, why, sizeof why);
        assert_in_range(has, 0, 1);
        assert_int_equal(has, !*why);
    }
}

TEST(a_probe_makes_no_deadly_call)
{
    for (size_t i = 0; i < sizeof probed / sizeof *probed; i++) {
        printf("# call %d\n", probed[i]);
        in_copy(outlives_probes, &probed[i]);
    }
}

/* A refusal that was temporary is not remembered. */
static void *is_refused_once(void *attr)
{
    static const struct denial refused = { SYS_execveat, EACCES, NEVER };
    struct forkexec_error error;
    deny(&refused, 1);
    return (void *)(intptr_t)exit_code_of(attr, &kinds[0], &error);
}

static void is_as_before(const void *unused)
{
    pthread_t thread;
    void *code;
    struct forkexec_attr *attr = same_ids();
    (void)unused;
    const char *memory = memory_of(attr, &kinds[0]);
    assert_false(pthread_create(&thread, NULL, is_refused_once, attr));
    assert_false(pthread_join(thread, &code));
    assert_int_equal((intptr_t)code, 7);
    assert_string_equal(memory_of(attr, &kinds[0]), memory);
    assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
}

TEST(a_temporary_refusal_is_not_remembered)
{
    in_copy(is_as_before, NULL);
}

/* A shortage is reported. It does not make the library use other calls. */
static void *has_no_processes(void *attr)
{
    static const struct denial none[] = { { SYS_clone3, EAGAIN, NEVER }, { SYS_clone, EAGAIN, NEVER } };
    struct forkexec_error error;
    deny(none, 2);
    int code = exit_code_of(attr, &kinds[0], &error);
    return (void *)(intptr_t)(code == -EAGAIN && error.stage == FORKEXEC_STAGE_CLONE);
}

static void recovers(const void *unused)
{
    struct forkexec_attr *attrs[] = { new_attr(), same_ids(), copied() };
    (void)unused;
    for (int turn = 0; turn < 6; turn++) {
        pthread_t thread;
        void *told;
        assert_false(pthread_create(&thread, NULL, has_no_processes, attrs[turn % 3]));
        assert_false(pthread_join(thread, &told));
        assert_true((intptr_t)told);
        assert_int_equal(reporter_exits(attrs[turn % 3], "exit", "7"), 7);
    }
}

TEST(a_shortage_of_processes_is_reported_and_not_remembered)
{
    in_copy(recovers, NULL);
}
