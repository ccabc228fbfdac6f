/* Namespaces of every type: created with the child, entered, entered late, and refused. */
#include "in_fork.h"

#include <sched.h>

static const struct kind {
    uint32_t type;
    const char *name;
} kinds[] = {
    { FORKEXEC_NS_CGROUP, "cgroup" }, { FORKEXEC_NS_UTS, "uts" }, { FORKEXEC_NS_IPC, "ipc" },
    { FORKEXEC_NS_USER, "user" }, { FORKEXEC_NS_PID, "pid" }, { FORKEXEC_NS_NET, "net" },
    { FORKEXEC_NS_MOUNT, "mnt" }, { FORKEXEC_NS_TIME, "time" },
};
#define KINDS (sizeof kinds / sizeof *kinds)
#define EVERY 0x7e020080u

/* For an ordinary user the other types need a user namespace. */
static uint32_t with_user(uint32_t types)
{
    return geteuid() ? types | FORKEXEC_NS_USER : types;
}

static void end(struct forkexec_child *child)
{
    OK(forkexec_signal(child, SIGKILL));
    assert_int_equal(finish(child).signal, SIGKILL);
}

/* The child is in other namespaces of these types, and in the caller's of all other types. */
static void assert_in_caller(pid_t pid, uint32_t types, bool late_pid)
{
    for (size_t i = 0; i < KINDS; i++) {
        const char *mine = namespace_of(getpid(), kinds[i].name), *its = namespace_of(pid, kinds[i].name);
        assert_string_not_equal(its, "?");
        bool apart = types & kinds[i].type && !(late_pid && kinds[i].type == FORKEXEC_NS_PID);
        if (apart == !strcmp(mine, its))
            fail_msg("%s: %s is %s", kinds[i].name, its, apart ? "the caller's" : "not the caller's");
    }
}

static void need_namespaces(void)
{
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_TIME_NAMESPACE);
}

TEST_BOTH(each_type_alone_is_created)
{
    need_namespaces();
    for (size_t i = 0; i < KINDS; i++)
        for EACH_MEMORY(mode) {
            uint32_t types = with_user(kinds[i].type);
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_create_namespaces(attr, types));
            struct forkexec_child *child = start_reporter(attr, "sleep");
            assert_in_caller(forkexec_child_pid(child), types, false);
            end(child);
        }
}

TEST_BOTH(each_type_alone_is_entered)
{
    need_namespaces();
    for (size_t i = 0; i < KINDS; i++)
        for EACH_MEMORY(mode) {
            uint32_t types = with_user(kinds[i].type);
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_unshare_namespaces(attr, types));
            struct forkexec_child *child = start_reporter(attr, "sleep");
            pid_t pid = forkexec_child_pid(child);
            assert_in_caller(pid, types, true);
            if (kinds[i].type == FORKEXEC_NS_PID)
                assert_string_not_equal(namespace_of(pid, "pid_for_children"), namespace_of(pid, "pid"));
            end(child);
        }
}

TEST_BOTH(all_combinations_of_types)
{
    need_namespaces();
    static const uint32_t entered[] = { 0, EVERY, EVERY & ~FORKEXEC_NS_USER, FORKEXEC_NS_PID | FORKEXEC_NS_CGROUP,
        FORKEXEC_NS_TIME | FORKEXEC_NS_MOUNT, FORKEXEC_NS_USER | FORKEXEC_NS_UTS };
    for (size_t i = 0; i < sizeof entered / sizeof *entered; i++)
        for EACH_MEMORY(mode) {
            struct forkexec_attr *attr = attr_in(mode);
            if (entered[i])
                OK(forkexec_attr_unshare_namespaces(attr, entered[i]));
            for (size_t k = 0; k < KINDS; k++)
                if (!(entered[i] & kinds[k].type))
                    OK(forkexec_attr_create_namespaces(attr, kinds[k].type));
            struct forkexec_child *child = start_reporter(attr, "sleep");
            assert_in_caller(forkexec_child_pid(child), EVERY, entered[i] & FORKEXEC_NS_PID);
            end(child);
        }
}

TEST_BOTH(invalid_types)
{
    struct forkexec_attr *attr[] = { new_attr(), new_attr(), new_attr(), new_attr() };
    assert_int_equal(forkexec_attr_create_namespaces(attr[0], 0), -EINVAL);
    assert_int_equal(forkexec_attr_create_namespaces(attr[1], CLONE_VM), -EINVAL);
    assert_int_equal(forkexec_attr_unshare_namespaces(attr[2], CLONE_FS | CLONE_NEWNET), -EINVAL);
    OK(forkexec_attr_create_namespaces(attr[3], FORKEXEC_NS_UTS | FORKEXEC_NS_USER));
    OK(forkexec_attr_unshare_namespaces(attr[3], FORKEXEC_NS_UTS));
    for (int i = 0; i < 4; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

static void check_refused(const void *with)
{
    become_nobody();
    for (size_t i = 0; i < KINDS; i++)
        for EACH_MEMORY(mode) {
            uint32_t type = kinds[i].type;
            if (type == FORKEXEC_NS_USER)
                continue;
            DOING("%s, memory mode %u", kinds[i].name, mode);
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_create_namespaces(attr, type));
            uint32_t stage = type == FORKEXEC_NS_TIME ? FORKEXEC_STAGE_UNSHARE : FORKEXEC_STAGE_CLONE;
            assert_spawn_fails(attr, with, stage, EPERM, -1);

            attr = attr_in(mode);
            OK(forkexec_attr_unshare_namespaces(attr, type));
            bool late = type & (FORKEXEC_NS_PID | FORKEXEC_NS_CGROUP);
            stage = late ? FORKEXEC_STAGE_LATE_NAMESPACES : FORKEXEC_STAGE_UNSHARE;
            assert_spawn_fails(attr, with, stage, EPERM, -1);
        }
}

TEST_BOTH(without_privilege_they_are_refused)
{
    in_fork(check_refused, public_reporter());
}

/* The limits in /proc/sys/user belong to a user namespace. This one belongs to the test. */
static void check_exhausted(const void *with)
{
    assert_false(unshare(CLONE_NEWUSER));
    int fd = open("/proc/sys/user/max_uts_namespaces", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0", 1), 1);
    close(fd);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_UTS));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_CLONE, ENOSPC, -1);
        attr = attr_in(mode);
        OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_UTS));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_UNSHARE, ENOSPC, -1);
    }
}

TEST_BOTH(too_many_namespaces)
{
    need_user_namespaces();
    in_fork(check_exhausted, public_reporter());
}

TEST_BOTH(the_first_process_of_its_pid_namespace)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, with_user(FORKEXEC_NS_PID)));
        struct view *view = run_reporter(attr);
        assert_saw(view, "pid", "1");
        assert_saw(view, "ppid", "0");
    }
}

/* The only child of a process, as soon as it has one. */
static pid_t child_of(pid_t pid)
{
    int child = 0;
    for (double limit = seconds() + 10; !child && seconds() < limit; usleep(2000))
        sscanf(text_of(text("/proc/%d/task/%d/children", pid, pid)), "%d", &child);
    assert_true(child > 0);
    return child;
}

/* The last of the pids by which its pid namespaces know it. */
static const char *innermost_pid(pid_t pid)
{
    const char *all = status_of(pid, "NSpid"), *last = strrchr(all, '\t');
    return last ? last + 1 : all;
}

TEST_BOTH(an_entered_pid_namespace_applies_to_children)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_unshare_namespaces(attr, with_user(FORKEXEC_NS_PID)));
        struct forkexec_child *child = start_reporter(attr, "fork", "sleep");
        pid_t pid = forkexec_child_pid(child), its = child_of(pid);
        assert_string_equal(innermost_pid(pid), text("%d", pid));
        assert_string_equal(innermost_pid(its), "1");
        kill(its, SIGKILL);
        end(child);
        assert_true(ends(its));
    }
}

TEST_BOTH(a_pid_namespace_ends_as_one)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, with_user(FORKEXEC_NS_PID)));
        struct forkexec_child *child = start_reporter(attr, "daemon", "sleep");
        pid_t its = child_of(forkexec_child_pid(child));
        OK(forkexec_kill_tree(child));
        assert_int_equal(finish(child).signal, SIGKILL);
        assert_true(ends(its));
    }
}

/* A late namespace is entered only after the release. */
TEST(late_namespaces_come_after_the_hold)
{
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_unshare_namespaces(attr, with_user(FORKEXEC_NS_CGROUP | FORKEXEC_NS_PID | FORKEXEC_NS_UTS)));
        struct forkexec_child *child = NULL;
        OK(forkexec_start(attr, reporter, (char *[]){ reporter, "sleep", NULL }, NULL, &child, NULL));
        pid_t pid = forkexec_child_pid(child);
        bool visible = strcmp(namespace_of(pid, "uts"), "?"); /* only for root: the child is not dumpable */
        if (visible)
            assert_in_caller(pid, with_user(FORKEXEC_NS_UTS), true);
        OK(forkexec_release(child, -1, NULL));
        assert_in_caller(pid, with_user(FORKEXEC_NS_CGROUP | FORKEXEC_NS_UTS), true);
        assert_string_not_equal(namespace_of(pid, "pid_for_children"), namespace_of(pid, "pid"));
        end(child);
        forkexec_close(child);
    }
}

TEST_BOTH(a_pidfd_for_children_in_every_namespace)
{
    need_probe(FORKEXEC_PROBE_PIDFD);
    need_native(); /* valgrind has no pidfds */
    need_namespaces();
    static const uint32_t types[] = { FORKEXEC_NS_USER, FORKEXEC_NS_USER | FORKEXEC_NS_PID, EVERY };
    for (int i = 0; i < 3; i++)
        for EACH_MEMORY(mode) {
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_create_namespaces(attr, types[i]));
            OK(forkexec_attr_set_signal_default(attr, BIT(SIGTERM - 1)));
            struct forkexec_child *child = start_reporter(attr, "sleep");
            int pidfd = forkexec_child_pidfd(child);
            assert_true(pidfd >= 0);
            /* The first process of a pid namespace can ignore every signal from inside except SIGKILL. */
            int sig = types[i] & FORKEXEC_NS_PID ? SIGKILL : SIGINT;
            assert_false(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
            assert_int_equal(finish(child).signal, sig);
        }
}

TEST_BOTH(descriptors_of_its_namespaces)
{
    need_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, EVERY));
    struct forkexec_child *child = start_reporter(attr, "sleep");
    for (size_t i = 0; i < KINDS; i++) {
        int fd = forkexec_child_namespace_fd(child, kinds[i].type);
        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_string_equal(link_of(text("/proc/self/fd/%d", fd)),
            namespace_of(forkexec_child_pid(child), kinds[i].name));
        close(fd);
    }
    assert_int_equal(forkexec_child_namespace_fd(child, EVERY), -EINVAL);
    assert_int_equal(forkexec_child_namespace_fd(child, 0), -EINVAL);
    end(child);
    assert_int_equal(forkexec_child_namespace_fd(child, FORKEXEC_NS_UTS), -ESRCH);
}

/* A pid that no process has, so high that the kernel does not give it soon. */
static int32_t free_pid(void)
{
    int32_t pid = 0;
    FILE *most = fopen("/proc/sys/kernel/pid_max", "re");
    assert_non_null(most);
    assert_int_equal(fscanf(most, "%d", &pid), 1);
    fclose(most);
    while (!kill(--pid, 0) || errno != ESRCH || getpgid(pid) >= 0)
        ;
    return pid;
}

static const int32_t *pids(int32_t first, int32_t second)
{
    static int32_t both[2];
    both[0] = first;
    both[1] = second;
    return both;
}

static void need_chosen_pids(void)
{
    need_native();
    need_cap(CAP_SYS_ADMIN);
    need(forkexec_probe(FORKEXEC_PROBE_CLONE3, NULL, 0) == 1, "needs clone3");
}

TEST_BOTH(a_chosen_pid)
{
    need_chosen_pids();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        int32_t pid = free_pid();
        OK(forkexec_attr_set_pid(attr, pids(pid, 0), 1));
        for (int again = 0; again < 2; again++)
            assert_saw(run_reporter(attr), "pid", text("%d", pid));
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_set_pid(attr, pids(1, pid), 2));
        struct forkexec_child *child = start_reporter(attr, "exit", "7");
        assert_int_equal(forkexec_child_pid(child), pid);
        assert_int_equal(finish(child).exit_code, 7);
    }
}

TEST(a_holder_with_a_chosen_pid)
{
    need_chosen_pids();
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    int32_t pid = free_pid();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_UTS));
    OK(forkexec_attr_set_pid(attr, pids(1, pid), 2));
    OK(forkexec_hold(attr, &child, NULL));
    assert_int_equal(forkexec_child_pid(child), pid);
    forkexec_close(child);
}

TEST_BOTH(a_chosen_pid_that_is_refused)
{
    need_chosen_pids();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_pid(attr, pids(getpid(), 0), 1));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CLONE, EEXIST, -1);
        int32_t many[32];
        for (int i = 0; i < 32; i++)
            many[i] = 1;
        OK(forkexec_attr_set_pid(attr, many, 32));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CLONE, EINVAL, -1);
        OK(forkexec_attr_set_pid(attr, pids(INT32_MAX, 0), 1));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CLONE, EINVAL, -1);
    }
}

/* In a user namespace of its own every user may choose the inner pids, and no outer ones. */
static void check_pids_of_a_user(const void *with)
{
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_pid(attr, pids(free_pid(), 0), 1));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_CLONE, EPERM, -1);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
        OK(forkexec_attr_set_pid(attr, pids(1, free_pid()), 2));
        assert_spawn_fails(attr, with, FORKEXEC_STAGE_CLONE, EPERM, -1);
        OK(forkexec_attr_set_pid(attr, pids(1, 0), 1));
        assert_saw(run_reporter(attr, .path = with), "pid", "1");
    }
}

TEST_BOTH(pids_that_a_user_chooses)
{
    need_native();
    need_user_namespaces();
    need(forkexec_probe(FORKEXEC_PROBE_CLONE3, NULL, 0) == 1, "needs clone3");
    in_fork(check_pids_of_a_user, public_reporter());
}

TEST(a_chosen_pid_of_a_process_that_does_not_become_the_program)
{
    need_native(); /* measure_memory is refused in copies first */
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_set_pid(attr, pids(2, 0), 1));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    OK(forkexec_attr_set_pid(attr, pids(1, 0), 1));
    OK(forkexec_attr_set_init(attr));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = new_attr();
    OK(forkexec_attr_set_pid(attr, pids(5, 0), 1));
    OK(forkexec_attr_measure_memory(attr));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    assert_int_equal(forkexec_attr_set_pid(attr, NULL, 1), -EINVAL);
    assert_int_equal(forkexec_attr_set_pid(attr, pids(5, 0), 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_pid(attr, pids(5, 0), 2), -EINVAL);
}
