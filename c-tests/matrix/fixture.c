/* What the requests need: a directory with a copy of the reporter that every user may execute, a process that holds
 * namespaces, and two cgroups for each worker. */
#define _GNU_SOURCE
#include "matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture fixture = { .holder_pidfd = -1, .output = -1, .cgroup_fd = -1, .open_cgroup_fd = -1 };
const char *const namespace_names[8] = { "user", "pid", "mnt", "ipc", "uts", "net", "cgroup", "time" };
const uint32_t namespace_types[8] = { FORKEXEC_NS_USER, FORKEXEC_NS_PID, FORKEXEC_NS_MOUNT, FORKEXEC_NS_IPC,
    FORKEXEC_NS_UTS, FORKEXEC_NS_NET, FORKEXEC_NS_CGROUP, FORKEXEC_NS_TIME };

static bool copy(const char *from, char *into, size_t room, const char *name)
{
    char bytes[65536];
    snprintf(into, room, "%s/%s", fixture.directory, name);
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(into, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    bool good = in >= 0 && out >= 0;
    for (ssize_t n; good && (n = read(in, bytes, sizeof bytes)) != 0;)
        good = n > 0 && write(out, bytes, (size_t)n) == n;
    close(in);
    close(out);
    if (!good)
        fprintf(stderr, "matrix: %s cannot be copied to %s: %s\n", from, into, strerror(errno));
    return good;
}

bool user_namespaces_work(void)
{
    static int known = -1;
    if (known < 0) {
        pid_t pid = fork();
        int status = 1;
        if (!pid)
            _exit(syscall(SYS_unshare, CLONE_NEWUSER) ? 1 : 0);
        waitpid(pid, &status, 0);
        known = status == 0;
    }
    return known;
}

/* Holds namespaces until this process ends. */
static _Noreturn void own_holder(volatile pid_t *tell)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_IPC
        | FORKEXEC_NS_UTS | FORKEXEC_NS_NET);
    forkexec_attr_map_uid(attr, 0, geteuid(), 1);
    forkexec_attr_map_gid(attr, 0, getegid(), 1);
    if (forkexec_hold(attr, &child, &error)) {
        fprintf(stderr, "matrix: no holder: %s\n", error.message);
        *tell = -1;
        _exit(1);
    }
    *tell = forkexec_child_pid(child);
    for (;;)
        pause();
}

static void start_holder(void)
{
    if (!user_namespaces_work())
        return;
    volatile pid_t *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        return;
    fixture.owner = fork();
    if (!fixture.owner)
        own_holder(told);
    for (int turn = 0; turn < 10000 && !*told; turn++)
        usleep(1000);
    if (*told <= 0)
        return;
    fixture.holder = *told;
    fixture.holder_pidfd = (int)syscall(SYS_pidfd_open, fixture.holder, 0);
    for (int i = 0; i < 8; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/%s", fixture.holder, namespace_names[i]);
        fixture.holder_ns[i] = open(path, O_RDONLY | O_CLOEXEC);
    }
}

bool open_fixture(const char *reporter, const char *host)
{
    /* Mounts that other processes make meanwhile must not be visible here. */
    if (!geteuid() && !unshare(CLONE_NEWNS))
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    const char *where = getenv("TMPDIR");
    snprintf(fixture.directory, sizeof fixture.directory, "%.90s/matrix-XXXXXX", where ? where : "/tmp");
    if (!mkdtemp(fixture.directory) || chmod(fixture.directory, 0755))
        return false;
    if (!copy(reporter, fixture.reporter, sizeof fixture.reporter, "reporter"))
        return false;
    if (access(host, X_OK) || !copy(host, fixture.host, sizeof fixture.host, "host"))
        *fixture.host = 0;
    start_holder();
    return true;
}

void close_fixture(void)
{
    if (fixture.owner > 0) {
        kill(fixture.owner, SIGKILL);
        waitpid(fixture.owner, NULL, 0);
    }
    unlink(fixture.reporter);
    if (*fixture.host)
        unlink(fixture.host);
    rmdir(fixture.directory);
}

/* The root of the cgroups of version 2, or "". */
static const char *cgroups(void)
{
    static char point[128];
    char line[1024];
    FILE *in = fopen("/proc/self/mounts", "re");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "%*s %127s cgroup2 ", point) == 1 && strstr(line, " cgroup2 "))
            break;
        else
            *point = 0;
    if (in)
        fclose(in);
    return point;
}

bool cgroups_work(void)
{
    static int known = -1;
    char path[256];
    if (known < 0) {
        snprintf(path, sizeof path, "%s/matrix-%d", cgroups(), getpid());
        known = !geteuid() && *cgroups() && !mkdir(path, 0755) && !rmdir(path);
    }
    return known;
}

static int new_cgroup(char *path, size_t room, const char *name, int worker)
{
    const char *root = cgroups();
    snprintf(path, room, "%s/matrix-%s-%d-%d", root, name, getpid(), worker);
    if (!*root || geteuid() || mkdir(path, 0755)) {
        *path = 0;
        return -1;
    }
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void open_worker_fixture(int worker)
{
    fixture.output = memfd_create("output", MFD_CLOEXEC);
    fcntl(fixture.output, F_SETFL, O_APPEND);
    fixture.cgroup_fd = new_cgroup(fixture.cgroup, sizeof fixture.cgroup, "own", worker);
    fixture.open_cgroup_fd = new_cgroup(fixture.open_cgroup, sizeof fixture.open_cgroup, "open", worker);
    if (fixture.open_cgroup_fd >= 0) {
        fchmod(fixture.open_cgroup_fd, 0777);
        fchmodat(fixture.open_cgroup_fd, "cgroup.procs", 0666, 0);
    }
}

void close_worker_fixture(void)
{
    close(fixture.output);
    close(fixture.cgroup_fd);
    close(fixture.open_cgroup_fd);
    for (int turn = 0; turn < 100 && *fixture.cgroup && rmdir(fixture.cgroup) && errno == EBUSY; turn++)
        usleep(10000);
    for (int turn = 0; turn < 100 && *fixture.open_cgroup && rmdir(fixture.open_cgroup) && errno == EBUSY; turn++)
        usleep(10000);
}
