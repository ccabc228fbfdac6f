/* Cgroups for one test, of version 1 or 2. They are removed after the test, and all processes in them killed.
 *
 *     int fd = open_cgroup(new_cgroup());           skips the test where this process may not make one
 *     struct forkexec_attr *attr = attr_into(mode, fd);
 *     ...
 *     done(fd); */
#ifndef CGROUPS_H
#define CGROUPS_H
#include "in_fork.h"
#include "cgroup_parent.h"

/* The cgroups that were made, in order. They are removed before the next test and at the end, with all processes in them. */
static char made[32][256];
static int count;

static inline bool put(const char *directory, const char *name, const char *value)
{
    int at = open(directory, O_PATH | O_CLOEXEC), fd = openat(at, name, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    if (fd >= 0)
        close(fd);
    if (at >= 0)
        close(at);
    return done;
}

static inline void kill_all_in(const char *directory)
{
    char path[512];
    if (put(directory, "cgroup.kill", "1"))
        return;
    for (int threads = 0; threads < 2; threads++) {
        snprintf(path, sizeof path, "%s/cgroup.%s", directory, threads ? "threads" : "procs");
        FILE *in = fopen(path, "re");
        for (int pid; in && fscanf(in, "%d", &pid) == 1;)
            if (pid > 1 && pid != getpid())
                kill(pid, SIGKILL);
        if (in)
            fclose(in);
    }
}

static inline void remove_cgroups(void)
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

static inline const char *make(const char *path)
{
    assert_true(count < 32);
    assert_false(mkdir(path, 0755));
    strcpy(made[count++], path);
    return path;
}

static inline void clean_up_later(void)
{
    static bool known;
    if (!known)
        atexit(remove_cgroups);
    known = true;
}

/* A new cgroup of version 2. Skips the test where there is none. */
static inline const char *new_cgroup(void)
{
    clean_up_later();
    const char *reason, *top = cgroup_parent(&reason);
    need(top, "%s", reason);
    return make(text("%s/forkexec-test-%d-%d", top, getpid(), count));
}

/* A new cgroup of version 1 with this controller. */
static inline const char *new_cgroup_v1(const char *controller)
{
    const char *root = text("/sys/fs/cgroup/%s", controller);
    need(magic(root) == V1, "there is no %s", root);
    need(!access(root, W_OK), "may not make cgroups in %s", root);
    clean_up_later();
    return make(text("%s/forkexec-test-%d-%d", root, getpid(), count));
}

/* Called at the end of a test. What a failed test left is removed before the program ends. */
static inline void done(int fd)
{
    close(fd);
    remove_cgroups();
}

static inline int open_cgroup(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static inline struct forkexec_attr *attr_into(uint32_t mode, int fd)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_set_cgroup_fd(attr, fd));
    return attr;
}

/* The path in the line of /proc/PID/cgroup for this controller, "" for version 2. */
static inline const char *cgroup_of(pid_t pid, const char *controller)
{
    const char *all = text_of(text("/proc/%d/cgroup", pid));
    const char *line = strstr(all, text(":%s:", controller));
    assert_non_null(line);
    line += strlen(controller) + 2;
    return text("%.*s", (int)strcspn(line, "\n"), line);
}

static inline void assert_in(pid_t pid, const char *controller, const char *path)
{
    assert_string_equal(strrchr(cgroup_of(pid, controller), '/'), strrchr(path, '/'));
}

static inline void end(struct forkexec_child *child)
{
    OK(forkexec_signal(child, SIGKILL));
    finish(child);
}

#endif
