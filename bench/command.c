/* The same sandbox by bubblewrap's command: what a program without a library starts instead. */
#define _GNU_SOURCE
#include "bench.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static char *arguments[96];
static char texts[24][64];
static int filter_fd = -1;

/* bwrap reads the filter to its end, so each run needs it at its beginning. */
static void make_filter(void)
{
    struct sock_filter filter[SANDBOX_FILTER];

    sandbox_filter(filter);
    filter_fd = memfd_create("filter", 0);
    must(filter_fd >= 0 && write(filter_fd, filter, sizeof filter) == sizeof filter, "make bwrap's filter");
}

static void make_arguments(void)
{
    static char *const namespaces[] = {"--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--as-pid-1",
        "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--cap-drop", "ALL"};
    static char *const rest[] = {"--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"};
    size_t n = 0, text = 0;

    arguments[n++] = "bwrap";
    for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
        arguments[n++] = namespaces[i];
    for (size_t i = 0; i < SANDBOX_TREES; i++, text++) {
        snprintf(texts[text], sizeof *texts, "/%s", sandbox_trees[i]);
        arguments[n++] = "--ro-bind";
        arguments[n++] = texts[text];
        arguments[n++] = texts[text];
    }
    arguments[n++] = "--ro-bind";
    arguments[n++] = tiny_directory;
    arguments[n++] = "/run";
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        arguments[n++] = rest[i];
    snprintf(texts[text], sizeof *texts, "%d", filter_fd);
    arguments[n++] = "--seccomp";
    arguments[n++] = texts[text];
    arguments[n++] = "/run/tiny";
    arguments[n] = NULL;
}

void spawn_bwrap(enum what what, struct times *times)
{
    pid_t pid;

    (void)what;
    if (filter_fd < 0) {
        make_filter();
        make_arguments();
    }
    must(lseek(filter_fd, 0, SEEK_SET) == 0, "rewind bwrap's filter");
    double start = now();
    errno = posix_spawn(&pid, BWRAP, NULL, NULL, arguments, no_environ);
    must(errno == 0, BWRAP);
    times->returned = now() - start;
    must_have_exited(pid);
    times->total = now() - start;
}
