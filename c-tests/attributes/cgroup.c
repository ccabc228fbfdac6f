/* Children in cgroups: cloned into one or moved into one, refused where the spawn would block for ever, killed together. */
#include "cgroups.h"
#include "deny_calls.h"

#include <sched.h>
#include <time.h>

/* Whether the text of the dry run contains these words. */
static bool is_planned(struct forkexec_attr *attr, const char *words)
{
    static char bytes[64 * 1024];
    FILE *file = tmpfile();
    OK(forkexec_describe(attr, reporter, (char *[]){ reporter, NULL }, NULL, fileno(file), NULL));
    rewind(file);
    bytes[fread(bytes, 1, sizeof bytes - 1, file)] = 0;
    fclose(file);
    return strstr(bytes, words);
}

TEST_BOTH(the_child_is_cloned_into_it)
{
    need_probe(FORKEXEC_PROBE_BIRTH_IN_CGROUP);
    static const int flags[] = { O_PATH, O_RDONLY, O_PATH | O_DIRECTORY | O_CLOEXEC };
    const char *path = new_cgroup();
    for (int i = 0; i < 3; i++)
        for EACH_MEMORY(mode) {
            int fd = open(path, flags[i]);
            struct forkexec_attr *attr = attr_into(mode, fd);
            assert_true(is_planned(attr, "born in"));
            struct forkexec_child *child = start_reporter(attr, "sleep");
            assert_in(forkexec_child_pid(child), "", path);
            assert_string_equal(text_of(text("%s/cgroup.procs", path)), text("%d", forkexec_child_pid(child)));
            end(child);
            close(fd);
        }
    remove_cgroups();
}

TEST(a_held_child_is_in_it)
{
    const char *path = new_cgroup();
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = NULL;
        OK(forkexec_start(attr_into(mode, fd), reporter, (char *[]){ reporter, NULL }, NULL, &child, NULL));
        assert_in(forkexec_child_pid(child), "", path);
        forkexec_close(child);
    }
    done(fd);
}

/* Others may freeze this cgroup. A child in the caller's memory would then stop the caller, so the child gets memory of its
 * own before it enters. */
TEST_BOTH(a_cgroup_of_others_is_entered_with_own_memory)
{
    need_cap(CAP_CHOWN);
    const char *path = new_cgroup(), *inner = make(text("%s/inner", path));
    int fd = open_cgroup(inner);
    for (int way = 0; way < 3; way++)
        for EACH_MEMORY(mode) {
            assert_false(chown(path, way == 0 ? NOBODY : 0, 0));
            assert_false(chmod(inner, way == 1 ? 0777 : 0755));
            assert_false(chown(text("%s/cgroup.freeze", inner), way == 2 ? NOBODY : 0, 0));
            struct forkexec_attr *attr = attr_into(mode, fd);
            bool by_image = mode != FORKEXEC_MEMORY_COPIED && forkexec_probe(FORKEXEC_PROBE_SHARED_MEMORY, NULL, 0) == 1;
            assert_int_equal(is_planned(attr, "205 cgroup birth: born in"), by_image);
            struct forkexec_child *child = start_reporter(attr, "sleep");
            assert_in(forkexec_child_pid(child), "", inner);
            end(child);
        }
    done(fd);
}

/* The library looks at a bounded number of parent directories. A cgroup deeper than that counts as one that others may
 * freeze. */
TEST_BOTH(far_below_the_root_the_child_has_own_memory)
{
    enum { LEVELS = 70 };
    const char *path = new_cgroup(), *at[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
        at[i] = i ? text("%s/d", at[i - 1]) : text("%s/d", path);
        assert_false(mkdir(at[i], 0755));
    }
    int fd = open_cgroup(at[LEVELS - 1]);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_into(mode, fd);
        bool by_image = mode != FORKEXEC_MEMORY_COPIED && forkexec_probe(FORKEXEC_PROBE_SHARED_MEMORY, NULL, 0) == 1;
        assert_int_equal(is_planned(attr, "205 cgroup birth: born in"), by_image);
        assert_true(put(at[LEVELS - 8], "cgroup.freeze", "1"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_RESOLVE, EBUSY, -1);
        assert_true(put(at[LEVELS - 8], "cgroup.freeze", "0"));
        struct forkexec_child *child = start_reporter(attr, "sleep");
        assert_in(forkexec_child_pid(child), "", "/d");
        end(child);
    }
    for (int i = LEVELS; i--;)
        while (rmdir(at[i]) && errno == EBUSY)
            usleep(1000);
    done(fd);
}

/* A cgroup whose members must not share the caller's memory, with any set of controllers. */
static const char *new_dangerous_cgroup(void)
{
    const char *path = new_cgroup();
    assert_false(chmod(path, 0777));
    return path;
}

static void in_namespaces(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_CGROUP));
    OK(forkexec_attr_mount_proc(attr, "/proc", 0));
}

static void in_user_namespace(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
}

static void under_an_init(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_set_init(attr));
}

static void of_another_user(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_uid(attr, NOBODY));
    OK(forkexec_attr_set_gid(attr, NOBODY));
    OK(forkexec_attr_set_no_new_privs(attr));
}

static void dying_with_the_thread(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD));
}

static void dying_with_the_process(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
}

static void opening_a_file(struct forkexec_attr *attr)
{
    OK(forkexec_attr_open_fd(attr, 7, "/dev/null", O_RDONLY, 0));
    OK(forkexec_attr_set_session(attr));
}

static void with_a_listener(struct forkexec_attr *attr)
{
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, FORKEXEC_SECCOMP_LISTENER));
}

static void with_late_namespaces(struct forkexec_attr *attr)
{
    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_CGROUP | FORKEXEC_NS_UTS | FORKEXEC_NS_TIME));
    OK(forkexec_attr_set_time_offset(attr, CLOCK_MONOTONIC, 1000, 0));
}

/* The other attributes that can be combined with it. */
TEST_BOTH(all_that_may_be_asked_for_beside_a_dangerous_cgroup)
{
    need_root();
    need_user_namespaces();
    need_native();
    static void (*const asks[])(struct forkexec_attr *) = { in_namespaces, in_user_namespace, under_an_init, of_another_user,
        dying_with_the_thread, dying_with_the_process, opening_a_file, with_a_listener, with_late_namespaces };
    const char *path = new_dangerous_cgroup(), *program = public_reporter();
    int fd = open_cgroup(path);
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        for EACH_MEMORY(mode) {
            struct forkexec_attr *attr = attr_into(mode, fd);
            asks[i](attr);
            struct forkexec_child *child = start(attr, program, (char *[]){ "w", "sleep", NULL }, NULL);
            assert_in(forkexec_child_pid(child), "", path);
            assert_int_equal(atoi(status_of(forkexec_child_pid(child), "PPid")), getpid());
            end(child);
            assert_int_equal(finish(start(attr, program, (char *[]){ "w", "exit", "7", NULL }, NULL)).exit_code, 7);
            assert_string_equal(text_of(text("%s/cgroup.procs", path)), "");
        }
    done(fd);
}

/* One child holds namespaces, another joins them. */
TEST(a_holder_in_a_dangerous_cgroup)
{
    need_root();
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    const char *path = new_dangerous_cgroup();
    int fd = open_cgroup(path);
    static const uint32_t types[] = { FORKEXEC_NS_UTS, FORKEXEC_NS_UTS | FORKEXEC_NS_PID,
        FORKEXEC_NS_UTS | FORKEXEC_NS_USER, FORKEXEC_NS_UTS | FORKEXEC_NS_PID | FORKEXEC_NS_USER };
    for (int i = 0; i < 4; i++) {
        struct forkexec_child *holder = NULL;
        struct forkexec_attr *holds = attr_into(FORKEXEC_MEMORY_AUTO, fd), *joins = attr_into(FORKEXEC_MEMORY_AUTO, fd);
        OK(forkexec_attr_create_namespaces(holds, types[i]));
        if (types[i] & FORKEXEC_NS_USER)
            OK(forkexec_attr_map_uid(holds, 0, 0, 1));
        OK(forkexec_hold(holds, &holder, NULL));
        assert_in(forkexec_child_pid(holder), "", path);
        OK(forkexec_attr_join_pidfd(joins, forkexec_child_pidfd(holder), types[i]));
        struct forkexec_child *child = start_reporter(joins, "sleep");
        assert_in(forkexec_child_pid(child), "", path);
        assert_string_equal(namespace_of(forkexec_child_pid(child), "uts"), namespace_of(forkexec_child_pid(holder), "uts"));
        end(child);
        forkexec_close(holder);
    }
    done(fd);
}

static void check_cannot_wait(const void *with)
{
    struct denial denial = { SYS_ppoll, EIO, { { IS, 1, 2 } } };
    deny(&denial, 1);
    assert_spawn_fails(attr_into(FORKEXEC_MEMORY_AUTO, *(const int *)with), NULL, FORKEXEC_STAGE_CGROUP_BIRTH, EIO, -1);
}

/* Where the image may not call clone3, the caller writes to cgroup.procs. */
static void check_without_clone3(const void *with)
{
    struct denial denial = { SYS_clone3, *(const int *)with, { { 0 } } };
    deny(&denial, 1);
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = start_reporter(attr_into(mode, ((const int *)with)[1]), "exit", "7");
        assert_int_equal(finish(child).exit_code, 7);
    }
}

TEST(where_the_image_cannot_make_a_member)
{
    need_native();
    need_probe(FORKEXEC_PROBE_IMAGE);
    const char *path = new_dangerous_cgroup();
    int fd = open_cgroup(path);
    in_copy(check_cannot_wait, &fd);
    in_copy(check_without_clone3, (int[]){ ENOSYS, fd });
    in_copy(check_without_clone3, (int[]){ EPERM, fd });
    done(fd);
}

TEST_BOTH(version_1_is_entered_by_writing)
{
    const char *path = new_cgroup_v1("pids");
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode)
        for (int user = 0; user < 2; user++) {
            struct forkexec_attr *attr = attr_into(mode, fd);
            if (user)
                OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
            struct forkexec_child *child = start_reporter(attr, "sleep");
            assert_in(forkexec_child_pid(child), "pids", path);
            end(child);
        }
    done(fd);
}

/* The cgroup itself is frozen, or one above it. */
TEST_BOTH(a_frozen_cgroup_is_refused)
{
    const char *path = new_cgroup(), *inner = make(text("%s/inner", path));
    int fd = open_cgroup(inner);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_into(mode, fd);
        assert_true(put(inner, "cgroup.freeze", "1"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_RESOLVE, EBUSY, -1);
        assert_true(put(inner, "cgroup.freeze", "0"));
        end(start_reporter(attr, "sleep"));
        assert_true(put(path, "cgroup.freeze", "1"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_RESOLVE, EBUSY, -1);
        assert_true(put(path, "cgroup.freeze", "0"));
        end(start_reporter(attr, "sleep"));
    }
    done(fd);
}

TEST_BOTH(a_frozen_cgroup_of_version_1_is_refused)
{
    const char *path = new_cgroup_v1("freezer"), *inner = make(text("%s/inner", path));
    int fd = open_cgroup(inner);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_into(mode, fd);
        assert_true(put(path, "freezer.state", "FROZEN"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_RESOLVE, EBUSY, -1);
        assert_true(put(path, "freezer.state", "THAWED"));
        end(start_reporter(attr, "sleep"));
    }
    done(fd);
}

TEST_BOTH(what_is_no_cgroup)
{
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_set_cgroup_fd(attr, -1), -EBADF);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
    for EACH_MEMORY(mode) {
        assert_spawn_fails(attr_into(mode, 1000), NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
        int fd = open(scratch(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_spawn_fails(attr_into(mode, fd), NULL, FORKEXEC_STAGE_RESOLVE, EINVAL, -1);
        close(fd);
    }
}

TEST_BOTH(a_file_of_a_cgroup_is_no_cgroup)
{
    const char *path = new_cgroup();
    for EACH_MEMORY(mode) {
        int fd = open(text("%s/cgroup.procs", path), O_RDONLY | O_CLOEXEC);
        assert_spawn_fails(attr_into(mode, fd), NULL, FORKEXEC_STAGE_RESOLVE, EINVAL, -1);
        close(fd);
    }
    remove_cgroups();
}

/* The error message says that the cgroup refuses, and what to change. */
static void assert_cgroup_refuses(struct forkexec_attr *attr, const char *path, int code, const char *words)
{
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    assert_spawn_fails(attr, path, FORKEXEC_STAGE_CGROUP, code, -1);
    assert_int_equal(try_start(attr, path, (char *[]){ "reporter", NULL }, NULL, &child, &error), -code);
    if (strncmp(error.message, "cgroup (", 8) || !strstr(error.message, words))
        fail_msg("%s", error.message);
}

TEST_BOTH(cgroups_that_take_nobody)
{
    need_probe(FORKEXEC_PROBE_BIRTH_IN_CGROUP);
    const char *path = new_cgroup(), *gone = make(text("%s/gone", path)), *threaded = make(text("%s/threaded", path));
    assert_true(put(threaded, "cgroup.type", "threaded"));
    int fd[] = { open_cgroup(gone), open_cgroup(make(text("%s/invalid", threaded))) };
    assert_false(rmdir(gone));
    for EACH_MEMORY(mode) {
        assert_cgroup_refuses(attr_into(mode, fd[0]), reporter, ENOENT, "removed");
        assert_cgroup_refuses(attr_into(mode, fd[1]), reporter, EOPNOTSUPP, "cgroup.type");
    }
    close(fd[0]);
    done(fd[1]);
}

/* With controllers for whole processes. A controller for threads does not keep processes out. */
TEST_BOTH(a_cgroup_with_controllers_for_its_children)
{
    const char *path = new_cgroup(), *const file = "cgroup.subtree_control";
    bool enabled = put(path, file, "+memory") || put(path, file, "+io") || put(path, file, "+hugetlb");
    need(enabled, "neither memory nor io nor hugetlb can be enabled in a cgroup2 here");
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode)
        assert_cgroup_refuses(attr_into(mode, fd), reporter, EBUSY, "cgroup.subtree_control");
    done(fd);
}

static void check_user(const void *with)
{
    const int *fd = with;
    become_nobody();
    for EACH_MEMORY(mode) {
        assert_cgroup_refuses(attr_into(mode, fd[0]), "/bin/true", EACCES, "cgroup.procs");
        if (fd[1] >= 0)
            assert_cgroup_refuses(attr_into(mode, fd[1]), "/bin/true", EACCES, "cgroup.procs");
    }
}

TEST_BOTH(without_the_right_to_it)
{
    need_probe(FORKEXEC_PROBE_BIRTH_IN_CGROUP);
    /* For an ordinary user: the root cgroups belong to somebody else. */
    const char *root = magic("/sys/fs/cgroup") == V2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
    need(magic(root) == V2, "there is no cgroup2 in /sys/fs/cgroup");
    int fd[] = { open_cgroup(geteuid() ? root : new_cgroup()), -1 };
    if (magic("/sys/fs/cgroup/pids") == V1)
        fd[1] = open_cgroup(geteuid() ? "/sys/fs/cgroup/pids" : new_cgroup_v1("pids"));
    in_fork(check_user, fd);
    close(fd[1]);
    done(fd[0]);
}

/* A user that owns a part of the tree and is itself in that part. */
static void check_delegated(const void *with)
{
    const char *path = with;
    assert_true(put(text("%s/from", path), "cgroup.procs", text("%d", getpid())));
    become_nobody();
    int fd = open_cgroup(text("%s/to", path));
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = start(attr_into(mode, fd), "/bin/sleep", (char *[]){ "sleep", "60", NULL }, NULL);
        assert_in(forkexec_child_pid(child), "", "/to");
        OK(forkexec_kill_tree(child));
        assert_int_equal(finish(child).signal, SIGKILL);
    }
}

TEST_BOTH(a_user_in_its_own_part)
{
    need_cap(CAP_CHOWN);
    const char *path = new_cgroup(), *from = make(text("%s/from", path)), *to = make(text("%s/to", path));
    static const char *const given[] = { "", "/cgroup.procs", "/from", "/from/cgroup.procs", "/to", "/to/cgroup.procs",
        "/to/cgroup.freeze", "/to/cgroup.kill", "/cgroup.freeze" };
    assert_true(exists(from) && exists(to));
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        assert_false(chown(text("%s%s", path, given[i]), NOBODY, NOBODY));
    in_fork(check_delegated, path);
    remove_cgroups();
}

/* The cgroup namespace is created after the child has entered the cgroup, in each way to enter it. */
static void check_namespace(const char *controller, const char *path)
{
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++)
            /* An ordinary user creates it only together with a user namespace. */
            for (int user = geteuid() != 0; user < 2; user++) {
                struct forkexec_attr *attr = attr_into(mode, fd);
                if (user)
                    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
                if (entered)
                    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_CGROUP));
                else
                    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_CGROUP));
                struct view *view = run_reporter(attr);
                bool found = false;
                for (int i = 0; i < 32; i++) {
                    const char *line = saw(view, text("cgroup.%d", i));
                    found |= line && !strcmp(line, text("%s:/", controller));
                }
                assert_true(found);
            }
    done(fd);
}

TEST_BOTH(a_cgroup_namespace_roots_in_it)
{
    need_user_namespaces();
    check_namespace("", new_cgroup());
}

TEST_BOTH(a_cgroup_namespace_roots_in_one_of_version_1)
{
    need_user_namespaces();
    check_namespace("pids", new_cgroup_v1("pids"));
}

/* The kernel may kill a process that is cloned into a cgroup just after cgroup.kill. The next child gets into it
 * nevertheless. */
TEST_BOTH(a_cgroup_that_was_killed_takes_others)
{
    const char *path = new_cgroup();
    int fd = open_cgroup(path);
    for (int dangerous = 0; dangerous < 2; dangerous++)
        for EACH_MEMORY(mode) {
            assert_false(chmod(path, dangerous ? 0777 : 0755));
            assert_true(put(path, "cgroup.kill", "1"));
            struct forkexec_child *child = start_reporter(attr_into(mode, fd), "sleep");
            assert_in(forkexec_child_pid(child), "", path);
            end(child);
        }
    done(fd);
}

/* All processes in the cgroup, in every session. */
static void check_kill(const char *path)
{
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = start_reporter(attr_into(mode, fd), "daemon", "fork", "sleep");
        pid_t pid = forkexec_child_pid(child), its[2] = { 0, 0 };
        for (double limit = seconds() + 10; !its[1] && seconds() < limit; usleep(2000))
            sscanf(text_of(text("/proc/%d/task/%d/children", pid, pid)), "%d %d", its, its + 1);
        assert_true(its[1] > 0);
        OK(forkexec_kill_tree(child));
        assert_int_equal(finish(child).signal, SIGKILL);
        assert_true(ends(its[0]) && ends(its[1]));
    }
    done(fd);
}

TEST_BOTH(all_in_it_end_together)
{
    check_kill(new_cgroup());
}

TEST_BOTH(all_in_one_of_version_1_end_together)
{
    check_kill(new_cgroup_v1("pids"));
}

/* A threaded cgroup: the kernel does not kill its members. Only processes of the root cgroup can be cloned into one. */
TEST_BOTH(all_in_a_threaded_one_end_together)
{
    need(!strcmp(cgroup_of(getpid(), ""), "/"), "not in the root cgroup, so that a child cannot be in a threaded one");
    const char *path = new_cgroup();
    need(put(path, "cgroup.type", "threaded"), "cannot make threaded cgroups");
    check_kill(path);
}

/* Also in the cgroups below, into which members have moved. */
static void check_kill_below(const char *path)
{
    const char *below = make(text("%s/below", path)), *inner = make(text("%s/inner", below));
    put(below, "cgroup.type", "threaded");
    put(inner, "cgroup.type", "threaded");
    int fd = open_cgroup(path);
    struct forkexec_child *child = start_reporter(attr_into(FORKEXEC_MEMORY_AUTO, fd), "fork", "sleep");
    pid_t pid = forkexec_child_pid(child), its = 0;
    for (double limit = seconds() + 10; !its && seconds() < limit; usleep(2000))
        sscanf(text_of(text("/proc/%d/task/%d/children", pid, pid)), "%d", &its);
    assert_true(its > 0);
    assert_true(put(inner, "cgroup.threads", text("%d", its)) || put(inner, "cgroup.procs", text("%d", its)));
    OK(forkexec_kill_tree(child));
    assert_int_equal(finish(child).signal, SIGKILL);
    assert_true(ends(its));
    done(fd);
}

/* A cgroup that the caller is in, or that has the caller's below it: its members are not only the child's descendants. */
static void check_kept(const void *with)
{
    const char *path = with, *places[] = { path, text("%s/below", path) };
    int fd = open_cgroup(path);
    for (int i = 0; i < 2; i++) {
        assert_true(put(places[i], "cgroup.procs", text("%d", getpid())));
        struct forkexec_child *child = start_reporter(attr_into(FORKEXEC_MEMORY_AUTO, fd), "sleep");
        assert_int_equal(forkexec_kill_tree(child), -EOPNOTSUPP);
        assert_int_equal(forkexec_signal_tree(child, SIGTERM), -EOPNOTSUPP);
        assert_int_equal(forkexec_terminate_tree(child, SIGTERM, 0), -EOPNOTSUPP);
        struct forkexec_status status;
        assert_int_equal(forkexec_wait(child, 0, 0, &status, sizeof status), -ETIMEDOUT);
        end(child);
    }
    close(fd);
}

/* Where it cannot be found out which threads are the caller's, each may be. */
static void check_kept_without_tgkill(const void *path)
{
    deny((struct denial[]){ { SYS_tgkill, EPERM, { { 0 } } } }, 1);
    check_kept(path);
}

TEST_BOTH(none_ends_where_the_caller_is_in_it_too)
{
    const char *path = new_cgroup();
    make(text("%s/below", path));
    in_fork(check_kept, path);
    in_copy(check_kept_without_tgkill, path);
    if (magic("/sys/fs/cgroup/pids") == V1) {
        path = new_cgroup_v1("pids");
        make(text("%s/below", path));
        in_fork(check_kept, path);
    }
    remove_cgroups();
}

TEST_BOTH(all_below_one_of_version_1_end_too)
{
    check_kill_below(new_cgroup_v1("pids"));
}

TEST_BOTH(all_below_a_threaded_one_end_too)
{
    need(!strcmp(cgroup_of(getpid(), ""), "/"), "not in the root cgroup, so that a child cannot be in a threaded one");
    const char *path = new_cgroup();
    need(put(path, "cgroup.type", "threaded"), "cannot make threaded cgroups");
    check_kill_below(path);
}

static void check_peak(const char *path)
{
    int fd = open_cgroup(path);
    struct forkexec_status status = finish(start_reporter(attr_into(0, fd), "eat", "24", "exit", "0"));
    assert_int_equal(status.valid & FORKEXEC_STATUS_MEMORY_PEAK, FORKEXEC_STATUS_MEMORY_PEAK);
    assert_true(status.memory_peak_bytes >= 24u << 20);
    done(fd);
}

TEST_BOTH(the_peak_of_its_memory)
{
    const char *path = new_cgroup();
    need(exists(text("%s/memory.peak", path)), "needs Linux 5.19 and the memory controller in cgroup2");
    check_peak(path);
}

TEST_BOTH(the_peak_of_its_memory_in_version_1)
{
    check_peak(new_cgroup_v1("memory"));
}
