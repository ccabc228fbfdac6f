/* Children in cgroups: born there or put there, refused where the spawn would never return, killed together. */
#include "aside.h"

#include <sched.h>
#include <sys/vfs.h>

#define V1 0x27e0eb
#define V2 0x63677270

/* What was made, in order; removed before the next test and at the end, with all that is still in it. */
static char made[16][256];
static int count;

static bool put(const char *directory, const char *name, const char *value)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    if (fd >= 0)
        close(fd);
    return done;
}

static void kill_all_in(const char *directory)
{
    char path[512];
    if (put(directory, "cgroup.kill", "1"))
        return;
    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    FILE *in = fopen(path, "re");
    for (int pid; in && fscanf(in, "%d", &pid) == 1;)
        if (pid > 1 && pid != getpid())
            kill(pid, SIGKILL);
    if (in)
        fclose(in);
}

static void remove_cgroups(void)
{
    for (int i = 0; i < count; i++) {
        put(made[i], "cgroup.freeze", "0");
        put(made[i], "freezer.state", "THAWED");
    }
    while (count > 0) {
        const char *directory = made[--count];
        for (int turn = 0; rmdir(directory) && errno == EBUSY && turn < 1000; turn++) {
            kill_all_in(directory);
            while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
                ;
            usleep(10000);
        }
    }
}

static const char *make(const char *path)
{
    assert_true(count < 16);
    assert_false(mkdir(path, 0755));
    strcpy(made[count++], path);
    return path;
}

static long magic(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) ? 0 : (long)fs.f_type;
}

static void clean_up_later(void)
{
    static bool known;
    if (!known)
        atexit(remove_cgroups);
    known = true;
}

/* A new cgroup of version 2, or skip. */
static const char *new_cgroup(void)
{
    clean_up_later();
    static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
    for (int i = 0; i < 2; i++)
        if (magic(roots[i]) == V2) {
            need(!access(roots[i], W_OK), "may not make cgroups in %s", roots[i]);
            return make(text("%s/forkexec-test-%d-%d", roots[i], getpid(), count));
        }
    skip_because("there is no cgroup2 in /sys/fs/cgroup");
}

/* One of version 1, with this controller. */
static const char *new_cgroup_v1(const char *controller)
{
    const char *root = text("/sys/fs/cgroup/%s", controller);
    need(magic(root) == V1, "there is no %s", root);
    need(!access(root, W_OK), "may not make cgroups in %s", root);
    clean_up_later();
    return make(text("%s/forkexec-test-%d-%d", root, getpid(), count));
}

/* At the end of a test; what fails before is removed before the program ends. */
static void done(int fd)
{
    close(fd);
    remove_cgroups();
}

static int open_cgroup(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static struct forkexec_attr *attr_into(uint32_t mode, int fd)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_set_cgroup_fd(attr, fd));
    return attr;
}

/* The path in the line of /proc/PID/cgroup for this controller, "" for version 2. */
static const char *cgroup_of(pid_t pid, const char *controller)
{
    const char *all = text_of(text("/proc/%d/cgroup", pid));
    const char *line = strstr(all, text(":%s:", controller));
    assert_non_null(line);
    line += strlen(controller) + 2;
    return text("%.*s", (int)strcspn(line, "\n"), line);
}

static void assert_in(pid_t pid, const char *controller, const char *path)
{
    assert_string_equal(strrchr(cgroup_of(pid, controller), '/'), strrchr(path, '/'));
}

static void end(struct forkexec_child *child)
{
    OK(forkexec_signal(child, SIGKILL));
    finish(child);
}

/* Whether the plan, told as text, has these words. */
static bool is_planned(struct forkexec_attr *attr, const char *words)
{
    static char bytes[64 * 1024];
    FILE *file = tmpfile();
    OK(forkexec_describe(attr, witness, (char *[]){ witness, NULL }, NULL, fileno(file), NULL));
    rewind(file);
    bytes[fread(bytes, 1, sizeof bytes - 1, file)] = 0;
    fclose(file);
    return strstr(bytes, words);
}

TEST_BOTH(born_in_it)
{
    need_probe(FORKEXEC_PROBE_BIRTH_IN_CGROUP);
    static const int flags[] = { O_PATH, O_RDONLY, O_PATH | O_DIRECTORY | O_CLOEXEC };
    const char *path = new_cgroup();
    for (int i = 0; i < 3; i++)
        for EACH_MEMORY(mode) {
            int fd = open(path, flags[i]);
            struct forkexec_attr *attr = attr_into(mode, fd);
            assert_true(is_planned(attr, "born in"));
            struct forkexec_child *child = start_witness(attr, "sleep");
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
        OK(forkexec_start(attr_into(mode, fd), witness, (char *[]){ witness, NULL }, NULL, &child, NULL));
        assert_in(forkexec_child_pid(child), "", path);
        forkexec_close(child);
    }
    done(fd);
}

/* Others could freeze the child while it is in the caller's memory: it gets memory of its own, and is put there. */
TEST_BOTH(a_cgroup_of_others_is_entered_by_writing)
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
            assert_true(is_planned(attr, "written to"));
            struct forkexec_child *child = start_witness(attr, "sleep");
            assert_in(forkexec_child_pid(child), "", inner);
            end(child);
        }
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
            struct forkexec_child *child = start_witness(attr, "sleep");
            assert_in(forkexec_child_pid(child), "pids", path);
            end(child);
        }
    done(fd);
}

/* Itself, or anything above it. */
TEST_BOTH(a_frozen_cgroup_is_refused)
{
    const char *path = new_cgroup(), *inner = make(text("%s/inner", path));
    int fd = open_cgroup(inner);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_into(mode, fd);
        assert_true(put(inner, "cgroup.freeze", "1"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_RESOLVE, EBUSY, -1);
        assert_true(put(inner, "cgroup.freeze", "0"));
        end(start_witness(attr, "sleep"));
        assert_true(put(path, "cgroup.freeze", "1"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_RESOLVE, EBUSY, -1);
        assert_true(put(path, "cgroup.freeze", "0"));
        end(start_witness(attr, "sleep"));
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
        end(start_witness(attr, "sleep"));
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

/* The sentence says that it is the cgroup that refuses, and what to change. */
static void assert_cgroup_refuses(struct forkexec_attr *attr, const char *path, int code, const char *words)
{
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    assert_spawn_fails(attr, path, FORKEXEC_STAGE_CGROUP, code, -1);
    assert_int_equal(try_start(attr, path, (char *[]){ "witness", NULL }, NULL, &child, &error), -code);
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
        assert_cgroup_refuses(attr_into(mode, fd[0]), witness, ENOENT, "removed");
        assert_cgroup_refuses(attr_into(mode, fd[1]), witness, EOPNOTSUPP, "cgroup.type");
    }
    close(fd[0]);
    done(fd[1]);
}

/* Of those that count whole processes: one that counts threads does not keep processes out. */
TEST_BOTH(a_cgroup_with_controllers_for_its_children)
{
    const char *path = new_cgroup(), *const file = "cgroup.subtree_control";
    bool enabled = put(path, file, "+memory") || put(path, file, "+io") || put(path, file, "+hugetlb");
    need(enabled, "neither memory nor io nor hugetlb can be enabled in a cgroup2 here");
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode)
        assert_cgroup_refuses(attr_into(mode, fd), witness, EBUSY, "cgroup.subtree_control");
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
    const char *path = new_cgroup();
    int fd[] = { open_cgroup(path), -1 };
    if (magic("/sys/fs/cgroup/pids") == V1)
        fd[1] = open_cgroup(new_cgroup_v1("pids"));
    aside(check_user, fd);
    close(fd[1]);
    done(fd[0]);
}

/* A user to whom a part of the tree was given, in which it is. */
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
    aside(check_delegated, path);
    remove_cgroups();
}

/* The namespace is entered after the cgroup was, however that came about. */
static void check_namespace(const char *controller, const char *path)
{
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++)
            for (int user = 0; user < 2; user++) {
                struct forkexec_attr *attr = attr_into(mode, fd);
                if (user)
                    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
                if (entered)
                    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_CGROUP));
                else
                    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_CGROUP));
                struct view *view = run_witness(attr);
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

/* The kernel may kill whoever is born in what was killed before; the next one gets there all the same. */
TEST_BOTH(a_cgroup_that_was_killed_takes_others)
{
    const char *path = new_cgroup();
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode) {
        assert_true(put(path, "cgroup.kill", "1"));
        struct forkexec_child *child = start_witness(attr_into(mode, fd), "sleep");
        assert_in(forkexec_child_pid(child), "", path);
        end(child);
    }
    done(fd);
}

/* All that is in it, in whatever session. */
static void check_kill(const char *path)
{
    int fd = open_cgroup(path);
    for EACH_MEMORY(mode) {
        struct forkexec_child *child = start_witness(attr_into(mode, fd), "daemon", "fork", "sleep");
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

static void check_peak(const char *path)
{
    int fd = open_cgroup(path);
    struct forkexec_status status = finish(start_witness(attr_into(0, fd), "eat", "24", "exit", "0"));
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
