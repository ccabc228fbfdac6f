/* A cgroup made, limited, read and removed; with a program that runs in it, and without. */
#define _GNU_SOURCE
#include "bench.h"
#include "calls.h"

#include <fcntl.h>
#include <forkexec.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Every cgroup has this file, also without controllers. */
#define LIMIT "cgroup.max.descendants"
#define COUNTER "cgroup.events"
enum { MAGIC = 0x63677270 };

static int above = -1;

static int top(void)
{
    static const char *const places[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    struct statfs fs;

    for (int i = 0; i < 2 && above < 0; i++)
        if (statfs(places[i], &fs) == 0 && fs.f_type == MAGIC && access(places[i], W_OK) == 0)
            above = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
    return above;
}

const char *why_not_cgroup(void)
{
    return top() >= 0 ? NULL : "no place where cgroups may be made";
}

static void write_file(int directory, const char *name, const char *text)
{
    int file = openat(directory, name, O_WRONLY | O_CLOEXEC);

    must(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), name);
    close(file);
}

static void read_file(int directory, const char *name)
{
    char text[256];
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC);

    must(file >= 0 && read(file, text, sizeof text) > 0 && read(file, text, sizeof text) == 0, name);
    close(file);
}

/* As vfork does. What is called must be inlined, since the child uses the caller's stack. */
static long run_in(int directory)
{
    struct clone_args args = {.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
                              .cgroup = (uint64_t)directory};
    long pid = call(SYS_clone3, (long)&args, sizeof args, 0, 0, 0);

    if (pid == 0) {
        call(SYS_execve, (long)tiny, (long)tiny_argv, (long)no_environ, 0, 0);
        call(SYS_exit_group, 127, 0, 0, 0, 0);
    }
    return pid;
}

/* As a program does it by hand: kills all processes in the cgroup without looking whether there are any. */
void cgroup_raw(enum what what, struct times *times)
{
    double start = now();

    must(mkdirat(top(), "forkexec-bench-raw", 0755) == 0, "make a cgroup");
    int directory = openat(above, "forkexec-bench-raw", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    write_file(directory, LIMIT, "5");
    if (what == CGROUP) {
        long pid = run_in(directory);
        must(pid > 0, "run in a cgroup");
        times->returned = now() - start;
        must_have_exited((int)pid);
    }
    read_file(directory, COUNTER);
    write_file(directory, "cgroup.kill", "1");
    must(unlinkat(above, "forkexec-bench-raw", AT_REMOVEDIR) == 0, "remove a cgroup");
    close(directory);
    times->total = now() - start;
    if (what != CGROUP)
        times->returned = times->total;
}

void cgroup_library(enum what what, struct times *times)
{
    char text[256];
    struct forkexec_cgroup *group;
    struct forkexec_error error;
    double start = now();

    if (forkexec_cgroup_create(top(), "forkexec-bench", &group, &error) || forkexec_cgroup_set(group, LIMIT, "5", &error))
        die("%s", error.message);
    if (what == CGROUP) {
        struct forkexec_child *child;
        struct forkexec_status status;
        struct forkexec_attr *attr = forkexec_attr_new();
        if (forkexec_attr_set_cgroup(attr, group) || forkexec_spawn(attr, tiny, tiny_argv, no_environ, &child, &error))
            die("%s", error.message);
        times->returned = now() - start;
        if (forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) || status.wait_status)
            die("a program in a cgroup failed");
        forkexec_close(child);
        forkexec_attr_free(attr);
    }
    if (forkexec_cgroup_read(group, COUNTER, text, sizeof text, &error) < 0)
        die("%s", error.message);
    forkexec_cgroup_free(group);
    times->total = now() - start;
    if (what != CGROUP)
        times->returned = times->total;
}
