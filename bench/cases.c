/* The cases. README and plots quote the names: add new ones, do not rename. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct subject
    floor_ = {"floor", spawn_floor, PLAIN},
    floor_pidfd = {"floor+pidfd", spawn_floor_pidfd, PLAIN},
    library = {"forkexec", spawn_library, PLAIN},
    posix = {"posix_spawn", spawn_posix, PLAIN},
    vfork_ = {"vfork+exec", spawn_vfork, PLAIN},
    fork_ = {"fork+exec", spawn_fork, PLAIN},
    library_high_fd = {"forkexec map_fd", spawn_library, HIGH_FD},
    library_ids = {"forkexec ids", spawn_library, IDS},
    library_user = {"forkexec userns", spawn_library, USER},
    library_four = {"forkexec four", spawn_library, FOUR},
    library_five = {"forkexec five", spawn_library, FIVE},
    raw_ids = {"raw ids", spawn_raw, IDS},
    raw_user = {"raw userns", spawn_raw, USER},
    raw_four = {"raw four", spawn_raw, FOUR},
    raw_five = {"raw five", spawn_raw, FIVE},
    library_sandbox = {"forkexec sandbox", spawn_library, SANDBOX},
    library_readonly = {"forkexec sandbox", spawn_library, SANDBOX_READONLY},
    library_prepared = {"forkexec sandbox prepared", spawn_library, SANDBOX_PREPARED},
    library_net = {"forkexec sandbox+net", spawn_library, SANDBOX_NET},
    library_joined = {"forkexec sandbox+joined net", spawn_library, SANDBOX_JOINED},
    library_hold = {"forkexec hold", hold_library, HOLDER},
    library_cgroup = {"forkexec cgroup", cgroup_library, CGROUP},
    raw_cgroup = {"raw cgroup", cgroup_raw, CGROUP},
    library_files = {"forkexec cgroup files", cgroup_library, CGROUP_FILES},
    raw_files = {"raw cgroup files", cgroup_raw, CGROUP_FILES},
    raw_hold = {"raw hold", hold_raw, HOLDER},
    library_join = {"forkexec join", spawn_library, JOIN},
    raw_join = {"raw join", spawn_raw_join, JOIN},
    library_container = {"forkexec container", spawn_library, CONTAINER},
    library_rights = {"forkexec with rights", spawn_library, CONTAINER_RIGHTS},
    runc_exec = {"runc exec", spawn_runc, CONTAINER},
    raw_sandbox = {"raw sandbox", spawn_raw, SANDBOX},
    raw_net = {"raw sandbox+net", spawn_raw, SANDBOX_NET},
    report_sandbox = {"raw sandbox+report", spawn_raw_report, SANDBOX},
#ifdef WITH_MINIJAIL
    minijail = {"libminijail", spawn_minijail, SANDBOX},
#define MINIJAIL &minijail,
#else
#define MINIJAIL
#endif
    bwrap = {"bwrap", spawn_bwrap, SANDBOX_COMMAND},
    bwrap_init = {"bwrap init", spawn_bwrap, SANDBOX_COMMAND_INIT},
    run = {"forkexec-run", spawn_run, SANDBOX_COMMAND},
    run_init = {"forkexec-run init", spawn_run, SANDBOX_COMMAND_INIT},
    static_ = {"forkexec-run static", spawn_static_run, STATIC_COMMAND},
    static_init = {"forkexec-run static init", spawn_static_run, STATIC_COMMAND_INIT},
    report_ids = {"raw ids+report", spawn_raw_report, IDS},
    report_user = {"raw userns+report", spawn_raw_report, USER},
    report_five = {"raw five+report", spawn_raw_report, FIVE},
    host = {"nsexec host", spawn_host, PLAIN},
    bootstrap = {"nsexec", spawn_bootstrap, PLAIN},
    bootstrap_five = {"nsexec five", spawn_bootstrap, FIVE},
    raw_bootstrap = {"raw nsexec", spawn_raw_bootstrap, PLAIN},
    raw_bootstrap_five = {"raw nsexec five", spawn_raw_bootstrap, FIVE};

#define SUBJECTS(...) (const struct subject *const[]){__VA_ARGS__, NULL}

const struct bench_case cases[] = {
    {"plain", "a program, nothing else", run_rows,
     SUBJECTS(&floor_, &floor_pidfd, &library, &posix, &vfork_, &fork_), .unit = ""},
    {"resident", "a large caller: 4K pages, all touched", run_rows,
     SUBJECTS(&floor_, &library, &posix, &vfork_, &fork_, &library_ids, &library_user, &library_four, &library_five),
     grow_memory, {0, 256, 1024}, "MiB"},
    {"fds", "a caller with many close-on-exec descriptors; map_fd: one source above them all", run_rows,
     SUBJECTS(&floor_, &library, &posix, &vfork_, &fork_, &library_ids, &library_user, &library_four, &library_five,
              &library_high_fd),
     grow_fds, {0, 1000, 19000}, "fds"},
    {"ids", "uid and gid 65534, no groups", run_rows,
     SUBJECTS(&raw_ids, &report_ids, &library_ids), .unit = ""},
    {"userns", "a user namespace with maps of two ranges", run_rows,
     SUBJECTS(&raw_user, &report_user, &library_user), .unit = ""},
    {"four", "pid, mount, ipc and uts namespaces, mounts private", run_rows,
     SUBJECTS(&raw_four, &library_four), .unit = ""},
    {"five", "the four in a user namespace with maps", run_rows,
     SUBJECTS(&raw_five, &report_five, &library_five), .unit = ""},
    {"sandbox", "six namespaces, a root of nine mounts, limits, no capabilities, a filter", run_rows,
     SUBJECTS(&raw_sandbox, &report_sandbox, &library_sandbox, MINIJAIL &bwrap), .unit = ""},
    {"prepared", "the sandbox with root and dev read-only: its root built by each spawn, or built once and cloned", run_rows,
     SUBJECTS(&library_readonly, &library_prepared), .unit = ""},
    {"command", "the sandbox without its limits by a command, as process 1 and below an init", run_rows,
     SUBJECTS(&bwrap, &run, &static_, &bwrap_init, &run_init, &static_init), .unit = ""},
    {"net", "the sandbox with a network namespace: a new one, which is the kernel's cost, or a prepared one", run_rows,
     SUBJECTS(&raw_net, &library_net, &library_joined, &raw_sandbox, &library_sandbox), .unit = ""},
    {"join", "into a living container: user, pid, mount, net, ipc and uts namespaces", run_rows,
     SUBJECTS(&raw_join, &library_join), .unit = ""},
    {"container", "into six namespaces of a container of runc's; with identity, capabilities and limit as runc does", run_rows,
     SUBJECTS(&library_container, &library_rights, &runc_exec), .unit = ""},
    {"hold", "a holder of user, mount, net and ipc namespaces, made and closed", run_rows,
     SUBJECTS(&raw_hold, &library_hold), .unit = ""},
    {"cgroup", "a cgroup made, limited, with a program in it, read, killed and removed", run_rows,
     SUBJECTS(&raw_cgroup, &library_cgroup), .unit = ""},
    {"cgroup-files", "the same file operations without a program", run_rows, SUBJECTS(&raw_files, &library_files), .unit = ""},
    {"join-resident", "into a container from a large caller", run_rows, SUBJECTS(&library_join), grow_memory, {0, 256, 1024}, "MiB"},
    {"sandbox-resident", "the sandbox from a large caller", run_rows, SUBJECTS(&library_sandbox), grow_memory, {0, 256, 1024}, "MiB"},
    {"sandbox-fds", "the sandbox from a caller with many descriptors", run_rows, SUBJECTS(&library_sandbox), grow_fds, {0, 1000, 19000}, "fds"},
    {"threads", "spawns per second of one thread and of two, each on its own processor", run_threads,
     SUBJECTS(&floor_, &library, &posix, &fork_), .unit = ""},
    {"syscalls", "system calls of one spawn and its wait, counted by strace", run_syscalls,
     SUBJECTS(&floor_, &library, &posix, &library_ids, &library_four, &library_five), .unit = ""},
    {"nsexec", "the runc bootstrap to the pids and to the end; its host alone", run_rows,
     SUBJECTS(&raw_bootstrap, &bootstrap, &host), .unit = ""},
    {"nsexec-five", "the same with five namespaces and maps", run_rows,
     SUBJECTS(&raw_bootstrap_five, &bootstrap_five), .unit = ""},
    {"memory", "what one held child costs its caller", run_memory, SUBJECTS(&library), .unit = ""},
    {0},
};

const struct subject *subject_named(const char *name)
{
    for (const struct bench_case *c = cases; c->name; c++)
        for (size_t i = 0; c->subjects[i]; i++)
            if (strcmp(c->subjects[i]->name, name) == 0)
                return c->subjects[i];
    return NULL;
}

/* Tried in a process of its own: containers give root with any part of its rights missing. */
static const char *why_not_unshare(int flags)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(unshare(flags) == 0 ? 0 : errno);
    must(pid > 0 && waitpid(pid, &status, 0) == pid, "try to make namespaces");
    return status == 0 ? NULL : strerror(WEXITSTATUS(status));
}

const char *why_not(enum what what)
{
    const int four = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

    switch (what) {
    case PLAIN:
    case HIGH_FD:
        return NULL;
    case IDS:
        return geteuid() == 0 ? NULL : "only root may change its ids";
    case USER:
        return geteuid() == 0 ? why_not_unshare(CLONE_NEWUSER) : "only root may map two ranges";
    case FOUR:
        return why_not_unshare(four);
    case FIVE:
    case SANDBOX:
    case SANDBOX_NET:
    case SANDBOX_JOINED:
    case SANDBOX_READONLY:
    case SANDBOX_PREPARED:
    case JOIN:
    case HOLDER:
        return geteuid() == 0 ? why_not_unshare(four | CLONE_NEWUSER | (what == SANDBOX ? 0 : CLONE_NEWNET))
                              : "only root may map two ranges";
    case CONTAINER:
    case CONTAINER_RIGHTS:
        return geteuid() != 0             ? "only root may run runc"
             : access(RUNC, X_OK) != 0 ? "there is no " RUNC
                                       : why_not_unshare(four | CLONE_NEWUSER | CLONE_NEWNET);
    case CGROUP:
    case CGROUP_FILES:
        return why_not_cgroup();
    case STATIC_COMMAND:
    case STATIC_COMMAND_INIT:
        if (!static_run())
            return "FORKEXEC_RUN_STATIC names no command that is linked statically with musl";
        /* fall through */
    case SANDBOX_COMMAND:
    case SANDBOX_COMMAND_INIT:
        return access(BWRAP, X_OK) == 0 ? why_not_unshare(four | CLONE_NEWUSER) : "there is no " BWRAP;
    }
    return NULL;
}

static const char *why_not_size(const struct bench_case *c, long size)
{
    static char reason[80];
    enum { OTHERS = 64 };
    struct rlimit limit;

    if (c->grow != grow_fds)
        return NULL;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max >= (rlim_t)size + OTHERS)
        return NULL;
    snprintf(reason, sizeof reason, "%ld: the hard limit on descriptors is %llu", size, (unsigned long long)limit.rlim_max);
    return reason;
}

void run_rows(const struct bench_case *c)
{
    enum { MAX_ROWS = 40 };
    struct row rows[MAX_ROWS] = {0};
    struct worker *workers[3] = {0};
    size_t sizes = c->grow ? sizeof c->sizes / sizeof *c->sizes : 1, n = 0, of_first_size = 0;
    const struct subject *kept[MAX_ROWS];
    const char *reason;

    for (const struct subject *const *s = c->subjects; *s; s++) {
        if ((reason = why_not((*s)->what)))
            print_skipped(c, (*s)->name, reason);
        else
            kept[of_first_size++] = *s;
    }
    if (of_first_size == 0)
        return;
    for (size_t i = 0; i < sizes; i++) {
        if (c->grow && (reason = why_not_size(c, c->sizes[i]))) {
            print_skipped(c, c->unit, reason);
            continue;
        }
        if (c->grow)
            workers[i] = worker_start(c->grow, c->sizes[i]);
        for (size_t j = 0; j < of_first_size; j++, n++)
            rows[n] = (struct row){.subject = kept[j], .worker = workers[i], .size = c->sizes[i],
                                   .reference = c->grow ? &rows[j] : &rows[0]};
    }

    int rounds = measure(rows, n, seconds * sizes);
    print_title(c, c->grow ? "itself at the first size" : rows[0].subject->name, rounds);
    print_rows(c, rows, n, rounds);
    /* In reverse order: a worker has copies of the pipe ends of the workers that were forked before it. */
    for (size_t i = sizes; i-- > 0;)
        if (workers[i])
            worker_stop(workers[i]);
}
