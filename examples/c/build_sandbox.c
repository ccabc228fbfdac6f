/* Builds sources that nobody has read: they are read-only, there is no network, and nothing but OUTPUT can be written.
 *
 * usage: build_sandbox SOURCES OUTPUT COMMAND...      in the sandbox these are /sources and /output, the working directory
 *
 * Whoever builds the same twice gets the same: the environment, the host's name, the user and the paths are always the same. */
#define _GNU_SOURCE
#include "collect.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const char *const system_paths[] = { "/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc/alternatives" };
static const char passwd[] = "builder:x:1000:1000::/tmp:/bin/sh\n";

/* --- sandbox */
static struct forkexec_attr *sandbox(const char *sources, const char *output, int input)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET |
        FORKEXEC_NS_IPC | FORKEXEC_NS_UTS);
    forkexec_attr_map_uid(attr, 1000, geteuid(), 1);
    forkexec_attr_map_gid(attr, 1000, getegid(), 1);
    forkexec_attr_set_init(attr);
    forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
    for (size_t i = 0; i < sizeof system_paths / sizeof *system_paths; i++)
        forkexec_attr_bind_mount(attr, system_paths[i], system_paths[i],
            FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL);
    forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_tmpfs(attr, "/tmp", 0, 01777, FORKEXEC_MOUNT_CREATE);
    forkexec_attr_bind_mount(attr, sources, "/sources",
        FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_CREATE);
    forkexec_attr_bind_mount(attr, output, "/output",
        FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_CREATE);
    forkexec_attr_make_file(attr, "/etc/passwd", (const uint8_t *)passwd, sizeof passwd - 1, 0644);
    forkexec_attr_set_cwd(attr, "/output");
    forkexec_attr_set_search_path(attr, NULL);
    forkexec_attr_set_hostname(attr, "builder");
    forkexec_attr_set_domainname(attr, "(none)");
    forkexec_attr_set_umask(attr, 022);
    forkexec_attr_map_fd(attr, input, 0);
    forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, 0);
    forkexec_attr_set_rlimit(attr, RLIMIT_NPROC, 4096, 4096);
    forkexec_attr_set_session(attr);
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
    return attr;
}
/* --- end */

int main(int argc, char **argv)
{
    char *const envp[] = { "PATH=/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C", "TZ=UTC", "SOURCE_DATE_EPOCH=1", NULL };
    struct forkexec_child *child;
    struct forkexec_status status;
    struct forkexec_error error;
    if (argc < 4) {
        fputs("usage: build_sandbox SOURCES OUTPUT COMMAND...\n", stderr);
        return 2;
    }
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct forkexec_attr *attr = sandbox(argv[1], argv[2], input);
    int failed = forkexec_spawn(attr, argv[3], argv + 3, envp, &child, &error);
    forkexec_attr_free(attr);
    if (failed) {
        fprintf(stderr, "build_sandbox: %s\n", error.message);
        return 125;
    }
    /* An hour; then the namespace of processes ends, and with it all that runs in it. */
    failed = wait_until(child, now_ns() + INT64_C(3600000000000), &status);
    if (failed) {
        fprintf(stderr, "build_sandbox: %s\n", strerror(-failed));
        forkexec_kill_tree(child);
        forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
    } else {
        fprintf(stderr, "exit code %d, %.1f s\n", (int)status.exit_code, (double)(status.user_ns + status.system_ns) / 1e9);
    }
    forkexec_close(child);
    return failed ? 125 : status.signal ? 128 + status.signal : status.exit_code;
}
