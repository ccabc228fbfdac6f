/* A caller that is killed at any moment leaves no unfinished child behind. A child that was the program by then runs on. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SECOND 1000000000LL

static const char *fifo, *cgroup;

/* The kinds of spawns. Each is repeated until the caller is killed in it. */

static struct forkexec_attr *plain(void)
{
    return new_attr();
}

static struct forkexec_attr *fresh(void)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH) == 0);
    return attr;
}

static struct forkexec_attr *copied(void)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_COPIED) == 0);
    return attr;
}

static struct forkexec_attr *ids(void)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_set_uid(attr, 65534) == 0 && forkexec_attr_set_gid(attr, 65534) == 0);
    return attr;
}

static struct forkexec_attr *with_namespaces(uint32_t types)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_create_namespaces(attr, types | FORKEXEC_NS_USER) == 0);
    must(forkexec_attr_map_uid(attr, 0, geteuid(), 1) == 0 && forkexec_attr_map_gid(attr, 0, getegid(), 1) == 0);
    return attr;
}

static struct forkexec_attr *mapped(void)
{
    struct forkexec_attr *attr = with_namespaces(0);
    must(forkexec_attr_set_uid(attr, 0) == 0 && forkexec_attr_set_gid(attr, 0) == 0);
    return attr;
}

static struct forkexec_attr *five_namespaces(void)
{
    return with_namespaces(FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS);
}

static struct forkexec_attr *in_cgroup(void)
{
    struct forkexec_attr *attr = new_attr();
    int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(fd >= 0 && forkexec_attr_set_cgroup_fd(attr, fd) == 0);
    return attr;
}

/* Namespaces that outlive the caller. Orphans in them become children of this process, too. */
static struct forkexec_child *holder;
static int holder_fd;

static struct forkexec_attr *joining(void)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_join_pidfd(attr, holder_fd, FORKEXEC_NS_USER | FORKEXEC_NS_PID
        | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS) == 0);
    return attr;
}

static struct forkexec_attr *joining_beside_new_ones(void)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_join_pidfd(attr, holder_fd, FORKEXEC_NS_USER | FORKEXEC_NS_IPC) == 0);
    must(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT) == 0);
    return attr;
}

static struct forkexec_attr *joining_privileged(void)
{
    struct forkexec_attr *attr = new_attr();
    must(forkexec_attr_join_pidfd(attr, holder_fd, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT) == 0);
    return attr;
}

/* The last step of this child never ends: the FIFO has no writer. */
static struct forkexec_attr *slow(struct forkexec_attr *attr)
{
    must(forkexec_attr_open_fd(attr, 5, fifo, O_RDONLY, 0) == 0);
    return attr;
}

static struct forkexec_attr *slow_plain(void) { return slow(plain()); }
static struct forkexec_attr *slow_fresh(void) { return slow(fresh()); }
static struct forkexec_attr *slow_copied(void) { return slow(copied()); }
static struct forkexec_attr *slow_ids(void) { return slow(ids()); }
static struct forkexec_attr *slow_gid(void)
{
    struct forkexec_attr *attr = slow(plain());
    must(forkexec_attr_set_gid(attr, 65534) == 0);
    return attr;
}
static struct forkexec_attr *stopping(void)
{
    struct forkexec_attr *attr = plain();
    must(forkexec_attr_set_stop(attr) == 0);
    return attr;
}
static struct forkexec_attr *slow_mapped(void) { return slow(mapped()); }
static struct forkexec_attr *slow_joining(void) { return slow(joining()); }
static int anothers_users;
/* To join a user namespace of another owner clears the parent-death signal. */
static struct forkexec_attr *slow_joining_anothers(void)
{
    struct forkexec_attr *attr = plain();
    must(forkexec_attr_join_pidfd(attr, holder_fd, FORKEXEC_NS_USER) == 0);
    return slow(attr);
}
static struct forkexec_attr *slow_joining_anothers_late(void)
{
    struct forkexec_attr *attr = plain();
    must(forkexec_attr_join_second_user_namespace(attr, anothers_users) == 0);
    return slow(attr);
}
static struct forkexec_attr *slow_privileged(void) { return slow(joining_privileged()); }
static struct forkexec_attr *slow_namespaces(void) { return slow(five_namespaces()); }

struct caller {
    struct forkexec_attr *(*attr)(void);
    int how; /* 0: spawn; 1: start and release; 2: start, and wait; 3: hold; 4: start, and release with a time limit */
    int begun;
};

static void spawn_until_killed(void *with)
{
    const struct caller *caller = with;
    struct forkexec_attr *attr = caller->attr();
    char *const argv[] = { reporter, "sleep", NULL };
    must(write(caller->begun, "b", 1) == 1);
    for (;;) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        int result = caller->how == 3 ? forkexec_hold(attr, &child, &error)
            : caller->how ? forkexec_start(attr, reporter, argv, NULL, &child, &error)
            : forkexec_spawn(attr, reporter, argv, NULL, &child, &error);
        must_start(result, &error);
        if (caller->how == 1)
            must_start(forkexec_release(child, FORKEXEC_FOREVER, &error), &error);
        while (caller->how == 4 && (result = forkexec_release(child, SECOND / 1000, &error)) != 0)
            must(result == -ETIMEDOUT);
        if (caller->how == 2 || caller->how == 3)
            usleep(300);
        forkexec_signal(child, SIGKILL);
        while (forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0) == -EINTR)
            ;
        forkexec_close(child);
    }
}

/* All children of this process that are not the program have ended, or end soon. Programs are ended here. */
static void must_leave_programs_only(void)
{
    char path[64], exe[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    for (double end = seconds() + 20;; usleep(500)) {
        int half_made = 0, pid;
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            ;
        FILE *in = fopen(path, "re");
        while (in && fscanf(in, "%d", &pid) == 1) {
            char link[64];
            snprintf(link, sizeof link, "/proc/%d/exe", pid);
            ssize_t n = readlink(link, exe, sizeof exe - 1);
            exe[n < 0 ? 0 : n] = 0;
            if (!strcmp(exe, reporter))
                kill(pid, SIGKILL);
            half_made = pid;
        }
        if (in)
            fclose(in);
        if (!half_made)
            return;
        if (seconds() < end)
            continue;
        snprintf(path, sizeof path, "/proc/%d/wchan", half_made);
        in = fopen(path, "re");
        if (!in || !fgets(path, sizeof path, in))
            *path = 0;
        kill(half_made, SIGKILL);
        printf("# %d is left behind: it is %s, at %s\n", half_made, exe, path);
        must(!"left behind");
    }
}

struct series {
    struct forkexec_attr *(*attr)(void);
    int how, kills, longest_us;
};

/* In a process that adopts the orphans. */
static void kill_callers(void *with)
{
    const struct series *series = with;
    must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    for (int i = 0; i < series->kills; i++) {
        int pair[2], status;
        char byte;
        must(pipe2(pair, O_CLOEXEC) == 0);
        struct caller caller = { series->attr, series->how, pair[1] };
        pid_t pid = fork_caller(spawn_until_killed, &caller);
        close(pair[1]);
        must(read(pair[0], &byte, 1) == 1);
        usleep((useconds_t)((long)i * series->longest_us / series->kills));
        kill(pid, SIGKILL);
        status = wait_status_of(pid);
        must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        close(pair[0]);
        must_leave_programs_only();
    }
}

static void kill_in(struct forkexec_attr *(*attr)(void), int how, int kills, int longest_us)
{
    need_native();
    fifo = scratch_path("fifo");
    if (!exists(fifo)) {
        OK(mkfifo(fifo, 0666));
        OK(chmod(fifo, 0666));
    }
    struct series series = { attr, how, kills, longest_us };
    assert_in_caller(kill_callers, &series);
}

TEST(a_caller_killed_in_a_plain_spawn)
{
    kill_in(plain, 0, 50, 2000);
}

TEST(a_caller_killed_while_the_child_has_memory_of_its_own)
{
    kill_in(fresh, 0, 50, 3000);
    kill_in(copied, 0, 50, 3000);
}

TEST(a_caller_killed_while_ids_change)
{
    need_root();
    kill_in(ids, 0, 50, 3000);
    kill_in(ids, 1, 30, 3000);
}

TEST(a_caller_killed_while_namespaces_are_mapped)
{
    need_user_namespaces();
    kill_in(mapped, 0, 50, 4000);
    kill_in(five_namespaces, 0, 50, 5000);
}

TEST(a_caller_killed_between_start_and_release)
{
    kill_in(plain, 1, 50, 3000);
    kill_in(plain, 2, 50, 3000);
    kill_in(plain, 3, 30, 3000);
}

TEST(a_caller_killed_while_mapped_children_are_held)
{
    need_user_namespaces();
    kill_in(mapped, 2, 30, 4000);
    kill_in(five_namespaces, 1, 30, 4000);
    kill_in(five_namespaces, 3, 30, 4000);
}

TEST(a_caller_killed_while_a_child_enters_a_cgroup)
{
    need_root();
    static const char *const roots[] = { "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
    int i = 0;
    while (mkdir(cgroup = text("%s/forkexec-killed-%d", roots[i], getpid()), 0755))
        need(++i < 3, "needs to make a cgroup beneath /sys/fs/cgroup: %s", strerror(errno));
    struct series series = { in_cgroup, 0, 40, 3000 };
    int status = wait_status_of(fork_caller(kill_callers, &series)), removed = -1;
    for (double end = seconds() + 20; (removed = rmdir(cgroup)) && seconds() < end; usleep(2000))
        ;
    assert_int_equal(status, 0);
    assert_int_equal(removed, 0);
}

/* In a step that does not end: only the death of the caller ends the child. */

TEST(a_caller_killed_while_a_step_of_the_child_does_not_end)
{
    kill_in(slow_plain, 0, 4, 100000);
    kill_in(slow_fresh, 0, 4, 100000);
    kill_in(slow_copied, 0, 4, 100000);
}

TEST(a_caller_killed_while_a_step_after_the_change_of_ids_does_not_end)
{
    need_root();
    kill_in(slow_ids, 0, 4, 100000);
    kill_in(slow_ids, 1, 4, 100000);
    kill_in(slow_gid, 0, 4, 100000);
}

TEST(a_caller_killed_while_a_step_in_new_namespaces_does_not_end)
{
    need_user_namespaces();
    kill_in(slow_mapped, 0, 4, 100000);
    kill_in(slow_namespaces, 0, 4, 100000);
}

TEST(a_caller_killed_while_a_step_after_the_release_does_not_end)
{
    kill_in(slow_plain, 1, 4, 100000);
}

TEST(a_caller_killed_while_a_step_after_the_release_of_a_mapped_child_does_not_end)
{
    need_user_namespaces();
    kill_in(slow_namespaces, 1, 4, 100000);
}

/* No thread waits for these children, so they have no parent-death signal of a thread. */

TEST(a_caller_killed_while_a_step_after_a_release_with_a_time_limit_does_not_end)
{
    kill_in(slow_plain, 4, 4, 100000);
}

TEST(a_caller_killed_while_the_child_has_stopped_itself)
{
    kill_in(stopping, 4, 4, 100000);
}

TEST(a_caller_killed_while_a_step_of_a_released_first_process_does_not_end)
{
    need_user_namespaces();
    kill_in(slow_namespaces, 4, 4, 100000);
}

/* In existing namespaces, where a second process continues. */

static void kill_in_joins(struct forkexec_attr *(*attr)(void), struct forkexec_attr *(*slow_attr)(void), bool user)
{
    need_native();
    struct forkexec_attr *new = with_namespaces(FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS);
    if (!user) {
        new = new_attr();
        OK(forkexec_attr_create_namespaces(new, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT));
    }
    struct forkexec_error error;
    if (forkexec_hold(new, &holder, &error))
        fail_msg("%s", error.message);
    holder_fd = forkexec_child_pidfd(holder);
    kill_in(attr, 0, 50, 5000);
    kill_in(attr, 1, 50, 5000);
    kill_in(attr, 2, 20, 4000);
    if (slow_attr) {
        kill_in(slow_attr, 0, 4, 100000);
        kill_in(slow_attr, 1, 4, 100000);
        kill_in(slow_attr, 4, 4, 100000);
    }
    forkexec_close(holder);
}

TEST(a_caller_killed_while_a_child_joins)
{
    need_user_namespaces();
    kill_in_joins(joining, slow_joining, true);
}

TEST(a_caller_killed_while_a_child_joins_and_creates_namespaces)
{
    need_user_namespaces();
    kill_in_joins(joining_beside_new_ones, NULL, true);
}

TEST(a_caller_killed_while_a_child_joins_those_of_its_own_root)
{
    need_root();
    kill_in_joins(joining_privileged, slow_privileged, false);
}

TEST(a_caller_killed_while_a_child_is_in_a_user_namespace_of_another_owner)
{
    need_root();
    need_user_namespaces();
    struct forkexec_attr *new = with_namespaces(0);
    struct forkexec_error error;
    OK(forkexec_attr_set_user_namespace_owner(new, 65534));
    if (forkexec_hold(new, &holder, &error))
        fail_msg("%s", error.message);
    holder_fd = forkexec_child_pidfd(holder);
    anothers_users = forkexec_child_namespace_fd(holder, FORKEXEC_NS_USER);
    kill_in(slow_joining_anothers, 0, 4, 100000);
    kill_in(slow_joining_anothers_late, 0, 4, 100000);
    kill_in(slow_joining_anothers_late, 1, 4, 100000);
    close(anothers_users);
    forkexec_close(holder);
}

/* A holder that takes longer to end than a close waits is reaped when another child is closed later. */
static bool all_are_reaped(void)
{
    for (double end = seconds() + 20; seconds() < end; usleep(1000)) {
        siginfo_t info;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 && errno == ECHILD)
            return true;
        struct forkexec_child *child = NULL;
        must(forkexec_spawn(new_attr(), reporter, REPORTER("exit", "0"), NULL, &child, NULL) == 0);
        must(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0) == 0);
        forkexec_close(child);
    }
    return false;
}

/* A holder that is killed at any moment ends the children that have entered its namespaces, and no others. */
static void spawn_while_it_goes(void *with)
{
    const int *delay = with;
    struct forkexec_error error;
    struct forkexec_attr *new = with_namespaces(FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS);
    must_start(forkexec_hold(new, &holder, &error), &error);
    holder_fd = forkexec_child_pidfd(holder);
    pid_t pid = forkexec_child_pid(holder);
    struct forkexec_attr *attr = joining();
    pid_t killer = fork();
    must(killer >= 0);
    if (killer == 0) {
        usleep((useconds_t)*delay);
        kill(pid, SIGKILL);
        _exit(0);
    }
    int result;
    do {
        struct forkexec_child *child = NULL;
        result = forkexec_spawn(attr, reporter, REPORTER("exit", "0"), NULL, &child, &error);
        must(result == 0 || error.stage == FORKEXEC_STAGE_JOIN || error.stage == FORKEXEC_STAGE_LAST_CLONE
            || error.stage == FORKEXEC_STAGE_CHILD || error.signal == SIGKILL);
        if (result == 0)
            must(forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0) == 0);
        forkexec_close(child);
    } while (result == 0);
    must(waitpid(killer, NULL, 0) == killer);
    forkexec_close(holder);
    must(all_are_reaped());
}

TEST(a_holder_killed_while_a_child_joins)
{
    need_user_namespaces();
    need_native();
    for (int delay = 0; delay < 3000; delay += 60)
        assert_in_caller(spawn_while_it_goes, &delay);
}
