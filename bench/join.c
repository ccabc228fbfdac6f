/* Joins six namespaces of a running container, and starts the program as a second process in them. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <forkexec.h>

enum { CONTAINER_FD = 3, REPORT = 4 };

static char stack[32768] __attribute__((aligned(16)));

/* Returns the pidfd of a process that keeps the namespaces until this process ends. Forks of this process may use it. */
int container(void)
{
    static int pidfd = -1;
    struct forkexec_attr *attr = forkexec_attr_new();
    struct forkexec_child *holder;
    struct forkexec_error error;

    if (pidfd < 0) {
        forkexec_attr_create_namespaces(attr, CONTAINER_TYPES);
        forkexec_attr_map_uid(attr, 0, 0, 1);
        forkexec_attr_map_uid(attr, 1, 100000, 1000);
        forkexec_attr_map_gid(attr, 0, 0, 1);
        forkexec_attr_map_gid(attr, 1, 100000, 1000);
        if (forkexec_hold(attr, &holder, &error) != 0)
            die("forkexec_hold: %s", error.message);
        pidfd = forkexec_child_pidfd(holder);
    }
    forkexec_attr_free(attr);
    return pidfd;
}

static int become_image(void *report)
{
    char *argv[] = {"image", "j", tiny, NULL};

    syscall(SYS_dup3, container(), CONTAINER_FD, 0);
    syscall(SYS_dup3, *(int *)report, REPORT, 0);
    syscall(SYS_close_range, REPORT + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    syscall(SYS_execveat, raw_image(), "", argv, no_environ, AT_EMPTY_PATH);
    _exit(126);
}

/* One exec of a static image, setns(2) for all namespaces, and a second clone, whose parent is this process. */
void spawn_raw_join(enum what what, struct times *times)
{
    int report[2];
    pid_t second;

    (void)what;
    double start = now();
    must(pipe2(report, O_CLOEXEC) == 0, "make a pipe");
    pid_t first = clone(become_image, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &report[1]);
    must(first > 0, "clone the raw reference's child");
    close(report[1]);
    must(read(report[0], &second, sizeof second) == sizeof second, "hear of the second process");
    close(report[0]);
    must_have_exited(first);
    times->returned = now() - start;
    must_have_exited(second);
    times->total = now() - start;
}
