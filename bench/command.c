/* The same sandbox by a command: bubblewrap, and forkexec-run. */
#define _GNU_SOURCE
#include "bench.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARGUMENTS = 96 };
static char texts[SANDBOX_TREES][64], filter_path[64], filter_text[16];
static int filter_fd = -1;

/* bwrap reads the filter up to its end: rewind it for each run. */
static void make_filter(void)
{
    struct sock_filter filter[SANDBOX_FILTER];

    sandbox_filter(filter);
    filter_fd = memfd_create("filter", 0);
    must(filter_fd >= 0 && write(filter_fd, filter, sizeof filter) == sizeof filter, "make bwrap's filter");
}

struct list {
    char *words[ARGUMENTS];
    size_t count;
};

static void add(struct list *list, char *const *words)
{
    while (*words)
        list->words[list->count++] = *words++;
}
#define ADD(list, ...) add(list, (char *[]){__VA_ARGS__, NULL})

/* Both commands put an init into the pid namespace by default. */
static void bwrap_arguments(struct list *list, int has_init)
{
    ADD(list, "bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup", "--cap-drop", "ALL");
    if (!has_init)
        ADD(list, "--as-pid-1");
    for (size_t i = 0; i < SANDBOX_TREES; i++)
        ADD(list, "--ro-bind", texts[i], texts[i]);
    ADD(list, "--ro-bind", tiny_directory, "/run", "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev", "--seccomp",
        filter_text, "/run/tiny");
}

static void run_arguments(struct list *list, int has_init)
{
    ADD(list, "forkexec-run", "--unshare", "user,pid,mount,ipc,uts,cgroup", "--map-root", "--drop-caps", "--no-new-privs",
        "--empty-root");
    if (!has_init)
        ADD(list, "--as-pid-1");
    for (size_t i = 0; i < SANDBOX_TREES; i++)
        ADD(list, "--bind=readonly,create", texts[i], texts[i]);
    ADD(list, "--bind=readonly,create", tiny_directory, "/run", "--tmpfs=create", "/tmp", "--proc=create", "/proc",
        "--dev=create", "/dev", "--seccomp-filter", filter_path, "/run/tiny");
}

static void spawn_command(const char *program, struct list *list, struct times *times)
{
    pid_t pid;

    must(lseek(filter_fd, 0, SEEK_SET) == 0, "rewind the filter");
    double start = now();
    errno = posix_spawn(&pid, program, NULL, NULL, list->words, no_environ);
    must(errno == 0, program);
    times->returned = now() - start;
    must_have_exited(pid);
    times->total = now() - start;
}

static void prepare(void)
{
    if (filter_fd >= 0)
        return;
    make_filter();
    for (size_t i = 0; i < SANDBOX_TREES; i++)
        snprintf(texts[i], sizeof *texts, "/%s", sandbox_trees[i]);
    snprintf(filter_text, sizeof filter_text, "%d", filter_fd);
    snprintf(filter_path, sizeof filter_path, "/proc/%d/fd/%d", getpid(), filter_fd);
}

void spawn_bwrap(enum what what, struct times *times)
{
    static struct list lists[2];
    struct list *list = &lists[what == SANDBOX_COMMAND_INIT];

    prepare();
    if (!list->count)
        bwrap_arguments(list, what == SANDBOX_COMMAND_INIT);
    spawn_command(BWRAP, list, times);
}

static struct list run_lists[2];

static void spawn_ours(const char *program, enum what what, struct times *times)
{
    struct list *list = &run_lists[what == SANDBOX_COMMAND_INIT];

    prepare();
    if (!list->count)
        run_arguments(list, what == SANDBOX_COMMAND_INIT);
    spawn_command(program, list, times);
}

void spawn_run(enum what what, struct times *times)
{
    static char program[512];

    if (!*program)
        find_sibling("../tools/forkexec-run", program, sizeof program);
    spawn_ours(program, what, times);
}

/* Built by: CC=musl-gcc meson setup BUILD; ninja -C BUILD tools/forkexec-run-static */
const char *static_run(void)
{
    const char *program = getenv("FORKEXEC_RUN_STATIC");

    return program && access(program, X_OK) == 0 ? program : NULL;
}

void spawn_static_run(enum what what, struct times *times)
{
    spawn_ours(static_run(), what == STATIC_COMMAND ? SANDBOX_COMMAND : SANDBOX_COMMAND_INIT, times);
}
