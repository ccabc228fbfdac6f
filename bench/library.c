/* The library, as a C program uses it. */
#define _GNU_SOURCE
#include "bench.h"
#include "sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <forkexec.h>

static struct forkexec_attr *attrs[HIGH_FD + 1];

static void set(int result, const char *setter)
{
    if (result != 0)
        die("forkexec_attr_%s answered %d", setter, result);
}

#define SET(setter, ...) set(forkexec_attr_##setter(__VA_ARGS__), #setter)

static void map_two_ranges(struct forkexec_attr *attr)
{
    SET(map_uid, attr, 0, 0, 1);
    SET(map_uid, attr, 1, 100000, 1000);
    SET(map_gid, attr, 0, 0, 1);
    SET(map_gid, attr, 1, 100000, 1000);
}

/* `readonly`: FORKEXEC_MOUNT_READONLY for root and dev, as a root that is prepared has to be. */
static void make_sandbox(struct forkexec_attr *attr, uint32_t readonly)
{
    struct sock_filter filter[SANDBOX_FILTER];
    char path[16];

    SET(create_namespaces, attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC
        | FORKEXEC_NS_UTS | FORKEXEC_NS_CGROUP);
    map_two_ranges(attr);
    SET(set_root, attr, NULL, readonly);
    for (size_t i = 0; i < SANDBOX_TREES; i++) {
        snprintf(path, sizeof path, "/%s", sandbox_trees[i]);
        SET(bind_mount, attr, path, path, FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_CREATE);
    }
    SET(bind_mount, attr, tiny_directory, "/run",
        FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_CREATE);
    SET(mount_tmpfs, attr, "/tmp", 0, 01777, FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_CREATE);
    SET(mount_proc, attr, "/proc", FORKEXEC_MOUNT_CREATE);
    SET(mount_dev, attr, "/dev", FORKEXEC_MOUNT_CREATE | readonly);
    for (size_t i = 0; i < SANDBOX_LIMITS; i++)
        SET(set_rlimit, attr, sandbox_limits[i].resource, sandbox_limits[i].soft, sandbox_limits[i].hard);
    SET(drop_capabilities, attr);
    SET(set_no_new_privs, attr);
    sandbox_filter(filter);
    SET(add_seccomp_filter, attr, filter, SANDBOX_FILTER, 0);
}

static void prepare_root(struct forkexec_attr *attr)
{
    struct forkexec_root *root;
    struct forkexec_error error;

    if (forkexec_root_new(attr, &root, &error) != 0)
        die("forkexec_root_new: %s", error.message);
    SET(set_prepared_root, attr, root);
    forkexec_root_free(root);
}

/* A network namespace that is kept by its descriptor. */
static int prepared_net(void)
{
    static int net = -1;
    struct forkexec_attr *attr = forkexec_attr_new();
    struct forkexec_child *holder;
    struct forkexec_error error;

    if (net >= 0)
        return net;
    SET(create_namespaces, attr, FORKEXEC_NS_NET);
    SET(set_loopback, attr);
    if (forkexec_hold(attr, &holder, &error) != 0)
        die("forkexec_hold: %s", error.message);
    net = forkexec_child_namespace_fd(holder, FORKEXEC_NS_NET);
    forkexec_close(holder);
    forkexec_attr_free(attr);
    return net;
}

/* The container is made at the first use. */
static void prepare_containers(void)
{
    static int prepared;
    struct forkexec_attr *attr = attrs[CONTAINER_RIGHTS];
    const uint64_t kill = 1 << 5;

    if (prepared++)
        return;
    SET(join_pidfd, attrs[CONTAINER], runc_container(), CONTAINER_TYPES);
    SET(join_pidfd, attr, runc_container(), CONTAINER_TYPES);
    /* The attributes that runc gives to the processes of this container. */
    SET(set_groups, attr, NULL, 0);
    SET(set_gid, attr, 0);
    SET(set_uid, attr, 0);
    SET(set_rlimit, attr, RLIMIT_NOFILE, 1024, 1024);
    SET(set_capabilities, attr, FORKEXEC_CAP_BOUNDING | FORKEXEC_CAP_PERMITTED | FORKEXEC_CAP_EFFECTIVE, kill);
    SET(set_capabilities, attr, FORKEXEC_CAP_INHERITABLE, 0);
    SET(set_no_new_privs, attr);
    SET(set_cwd, attr, "/");
}

/* An attr is made once and spawned from often; making it is not measured. Each worker makes its own, since `high_fd`
 * (-1: none) is above the descriptors of that worker. */
void library_prepare(int high_fd)
{
    const uint32_t four = FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC | FORKEXEC_NS_UTS;

    for (int what = 0; what <= HIGH_FD; what++) {
        forkexec_attr_free(attrs[what]);
        attrs[what] = forkexec_attr_new();
        must(attrs[what] != NULL, "make an attribute");
    }
    SET(set_uid, attrs[IDS], NOBODY);
    SET(set_gid, attrs[IDS], NOBODY);
    SET(create_namespaces, attrs[USER], FORKEXEC_NS_USER);
    map_two_ranges(attrs[USER]);
    SET(create_namespaces, attrs[FOUR], four);
    SET(create_namespaces, attrs[FIVE], four | FORKEXEC_NS_USER);
    map_two_ranges(attrs[FIVE]);
    make_sandbox(attrs[SANDBOX], 0);
    make_sandbox(attrs[SANDBOX_READONLY], FORKEXEC_MOUNT_READONLY);
    make_sandbox(attrs[SANDBOX_PREPARED], FORKEXEC_MOUNT_READONLY);
    if (geteuid() == 0 && why_not(SANDBOX_PREPARED) == NULL)
        prepare_root(attrs[SANDBOX_PREPARED]);
    make_sandbox(attrs[SANDBOX_NET], 0);
    SET(create_namespaces, attrs[SANDBOX_NET], FORKEXEC_NS_NET);
    make_sandbox(attrs[SANDBOX_JOINED], 0);
    if (geteuid() == 0)
        SET(join_namespace, attrs[SANDBOX_JOINED], prepared_net(), FORKEXEC_NS_NET);
    SET(create_namespaces, attrs[HOLDER], FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET | FORKEXEC_NS_IPC);
    map_two_ranges(attrs[HOLDER]);
    if (geteuid() == 0)
        SET(join_pidfd, attrs[JOIN], container(), CONTAINER_TYPES);
    if (high_fd >= 0)
        SET(map_fd, attrs[HIGH_FD], high_fd, 3);
}

/* The path of the program inside. */
static const char *path_of(enum what what)
{
    switch (what) {
    case SANDBOX:
    case SANDBOX_NET:
    case SANDBOX_JOINED:
    case SANDBOX_READONLY:
    case SANDBOX_PREPARED:
        return "/run/tiny";
    case CONTAINER:
    case CONTAINER_RIGHTS:
        return "/tiny";
    default:
        return tiny;
    }
}

void spawn_library(enum what what, struct times *times)
{
    struct forkexec_child *child;
    struct forkexec_error error;
    struct forkexec_status status;

    if (what == CONTAINER || what == CONTAINER_RIGHTS)
        prepare_containers();
    double start = now();
    const char *path = path_of(what);
    int result = forkexec_spawn(attrs[what], path, tiny_argv, no_environ, &child, &error);
    times->returned = now() - start;
    if (result != 0)
        die("forkexec_spawn answered %d: %s", result, error.message);
    result = forkexec_wait(child, -1, 0, &status, sizeof status);
    forkexec_close(child);
    times->total = now() - start;
    if (result != 0 || status.wait_status != 0)
        die("forkexec_wait answered %d, wait status %#x", result, (unsigned)status.wait_status);
}

/* Makes a holder and closes it, which kills and reaps it. */
void hold_library(enum what what, struct times *times)
{
    struct forkexec_child *child;
    struct forkexec_error error;

    double start = now();
    int result = forkexec_hold(attrs[what], &child, &error);
    times->returned = now() - start;
    if (result != 0)
        die("forkexec_hold answered %d: %s", result, error.message);
    forkexec_close(child);
    times->total = now() - start;
}
