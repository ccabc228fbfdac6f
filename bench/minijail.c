/* The same sandbox by libminijail, in this process. Its root is a directory that has the mount points. */
#define _GNU_SOURCE
#include "bench.h"
#include "sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libminijail.h>

static char root[] = "/tmp/bench-root-XXXXXX";
static pid_t owner;
static const char *const places[] = {"usr", "etc", "opt", "srv", "media", "run", "tmp", "proc", "dev"};

static void each_place(int (*act)(const char *))
{
    char path[64];

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s/%s", root, places[i]);
        must(act(path) == 0, path);
    }
}

static int make(const char *path)
{
    return mkdir(path, 0755);
}

static void tidy(void)
{
    if (getpid() == owner) {
        each_place(rmdir);
        rmdir(root);
    }
}

static struct minijail *make_jail(void)
{
    struct sock_filter filter[SANDBOX_FILTER];
    struct sock_fprog program = {SANDBOX_FILTER, filter};
    struct minijail *jail = minijail_new();
    char path[16];

    minijail_namespace_user(jail);
    minijail_namespace_user_disable_setgroups(jail);
    minijail_uidmap(jail, "0 0 1,1 100000 1000");
    minijail_gidmap(jail, "0 0 1,1 100000 1000");
    minijail_namespace_pids(jail);
    minijail_namespace_ipc(jail);
    minijail_namespace_uts(jail);
    minijail_namespace_cgroups(jail);
    minijail_run_as_init(jail);
    minijail_enter_pivot_root(jail, root);
    for (size_t i = 0; i < SANDBOX_TREES; i++) {
        snprintf(path, sizeof path, "/%s", sandbox_trees[i]);
        must(minijail_bind(jail, path, path, 0) == 0, "minijail_bind");
    }
    must(minijail_bind(jail, tiny_directory, "/run", 0) == 0, "minijail_bind");
    minijail_mount_tmp(jail);
    must(minijail_mount(jail, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC) == 0, "minijail_mount");
    /* libminijail makes /dev by mknod(2), which a user namespace does not allow: this binds the caller's, which is less work. */
    must(minijail_mount(jail, "/dev", "/dev", "", MS_BIND | MS_REC) == 0, "minijail_mount");
    for (size_t i = 0; i < SANDBOX_LIMITS; i++)
        minijail_rlimit(jail, sandbox_limits[i].resource, sandbox_limits[i].soft, sandbox_limits[i].hard);
    minijail_use_caps(jail, 0);
    minijail_no_new_privs(jail);
    sandbox_filter(filter);
    minijail_set_seccomp_filters(jail, &program);
    minijail_use_seccomp_filter(jail);
    return jail;
}

/* A jail can run only once: making it is measured, too. */
void spawn_minijail(enum what what, struct times *times)
{
    char *argv[] = {"tiny", NULL};
    pid_t pid;

    (void)what;
    if (!owner) {
        must(mkdtemp(root) != NULL && chmod(root, 0755) == 0, "make a root for libminijail");
        owner = getpid();
        each_place(make);
        atexit(tidy);
    }
    double start = now();
    struct minijail *jail = make_jail();
    int result = minijail_run_pid_pipes_no_preload(jail, "/run/tiny", argv, &pid, NULL, NULL, NULL);
    if (result != 0)
        die("libminijail answered %d", result);
    times->returned = now() - start;
    must_have_exited(pid);
    minijail_destroy(jail);
    times->total = now() - start;
}
