/* Runs a command in a container that somebody else has made, as `runc exec` does: in the namespaces of its first process,
 * in its cgroup, with the rights that a container's process has and nothing of the host's.
 *
 * usage: container_exec [-u UID] [-g GID] [-G GID]... [-c CAPABILITIES] [-d DIRECTORY] [-r CGROUP] [-l LABEL] [-t]
 *                        PID COMMAND [ARGUMENT]...
 *
 * PID is any process of the container, by its number here, CAPABILITIES a mask, CGROUP the directory of a cgroup; -t makes
 * our terminal the command's. Exits with what the command exits with. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <forkexec.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_GROUPS = 32 };

static const struct {
    const char *name;
    uint32_t type;
} kinds[] = { { "user", FORKEXEC_NS_USER }, { "ipc", FORKEXEC_NS_IPC }, { "uts", FORKEXEC_NS_UTS },
    { "net", FORKEXEC_NS_NET }, { "pid", FORKEXEC_NS_PID }, { "mnt", FORKEXEC_NS_MOUNT },
    { "cgroup", FORKEXEC_NS_CGROUP }, { "time", FORKEXEC_NS_TIME } };

static _Noreturn void die(const char *what, int code)
{
    fprintf(stderr, "container_exec: %s: %s\n", what, strerror(code));
    exit(125);
}

/* The namespaces of a process that are not ours: who joins its own user namespace is refused. */
static uint32_t others_namespaces(const char *pid)
{
    uint32_t types = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char theirs[64], ours[64];
        struct stat their, our;
        snprintf(theirs, sizeof theirs, "/proc/%.20s/ns/%s", pid, kinds[i].name);
        snprintf(ours, sizeof ours, "/proc/self/ns/%s", kinds[i].name);
        if (stat(ours, &our))
            continue; /* a type that this kernel does not have */
        if (stat(theirs, &their))
            die(theirs, errno);
        if (our.st_ino != their.st_ino || our.st_dev != their.st_dev)
            types |= kinds[i].type;
    }
    return types;
}

static int open_process(const char *pid)
{
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    if (fd < 0)
        die(pid, errno);
    return fd;
}

static void join(struct forkexec_attr *attr, const char *pid)
{
    int pidfd = open_process(pid);
    uint32_t types = others_namespaces(pid);
    /* What was looked at is the process that was opened, if that is still there. */
    if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0))
        die(pid, errno);
    if (!types) {
        fprintf(stderr, "container_exec: %s is in no container: all its namespaces are the caller's\n", pid);
        exit(125);
    }
    forkexec_attr_join_pidfd(attr, pidfd, types);
}

static void enter_cgroup(struct forkexec_attr *attr, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        die(path, errno);
    forkexec_attr_set_cgroup_fd(attr, fd);
}

static void own_terminal(struct forkexec_attr *attr)
{
    forkexec_attr_set_session(attr);
    forkexec_attr_set_controlling_terminal(attr, 0);
}

/* --- limit */
static void limit(struct forkexec_attr *attr, uint64_t capabilities)
{
    forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_BOUNDING | FORKEXEC_CAP_PERMITTED | FORKEXEC_CAP_EFFECTIVE,
        capabilities);
    /* An inheritable one would come back by a file's capabilities. */
    forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_INHERITABLE, 0);
    forkexec_attr_set_no_new_privs(attr);
    forkexec_attr_deny_terminal_injection(attr);
    forkexec_attr_set_session_keyring(attr, NULL);
    forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_KEYRING);
}
/* --- end */

static int run(const struct forkexec_attr *attr, char *const argv[])
{
    struct forkexec_child *child;
    struct forkexec_status status;
    struct forkexec_error error;
    /* Names are looked up in there, by the container's own directories. */
    char *const envp[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", NULL };
    if (forkexec_spawn(attr, argv[0], argv, envp, &child, &error)) {
        fprintf(stderr, "container_exec: %s\n", error.message);
        return error.stage != FORKEXEC_STAGE_EXEC ? 125 : error.code == ENOENT ? 127 : 126;
    }
    while (forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) == -EINTR)
        ;
    forkexec_close(child);
    return status.signal ? 128 + status.signal : status.exit_code;
}

int main(int argc, char **argv)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    uint32_t groups[MOST_GROUPS];
    size_t count = 0;
    /* CAP_KILL, CAP_NET_BIND_SERVICE and CAP_AUDIT_WRITE. */
    uint64_t capabilities = 0x20000420;
    const char *directory = "/";
    uint32_t uid = 0, gid = 0;
    for (int option; (option = getopt(argc, argv, "+u:g:G:c:d:r:l:t")) != -1;) {
        switch (option) {
        case 'u': uid = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'g': gid = (uint32_t)strtoul(optarg, NULL, 10); break;
        case 'G':
            if (count < MOST_GROUPS)
                groups[count++] = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'c': capabilities = strtoull(optarg, NULL, 0); break;
        case 'd': directory = optarg; break;
        case 'r': enter_cgroup(attr, optarg); break;
        case 'l': forkexec_attr_set_exec_label(attr, optarg); break;
        case 't': own_terminal(attr); break;
        default: return 125;
        }
    }
    if (argc - optind < 2) {
        fputs("usage: container_exec [OPTION]... PID COMMAND [ARGUMENT]...\n", stderr);
        return 125;
    }
    join(attr, argv[optind]);
    /* No setter needs a check: one that was refused makes the spawn fail and say so. */
    forkexec_attr_set_groups(attr, groups, count);
    forkexec_attr_set_gid(attr, gid);
    forkexec_attr_set_uid(attr, uid);
    forkexec_attr_set_search_path(attr, NULL);
    forkexec_attr_set_cwd(attr, directory);
    limit(attr, capabilities);
    int code = run(attr, argv + optind + 1);
    forkexec_attr_free(attr);
    return code;
}
