/* Runs a script that is not trusted, with nothing but what it needs; then shows what an error looks like.
 *
 * usage: demo [SCRIPT] */
#include <errno.h>
#include <forkexec.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static const char script[] =
    "echo \"  I am $(id -un), process $$ on $(hostname)\"\n"
    "echo \"  interfaces: $(sed -n 's/:.*//p' /proc/net/dev | xargs)\"\n"
    "echo \"  limits: $(ulimit -t) s, $(ulimit -v) KiB of memory, $(ulimit -n) files\"\n"
    "sed -n 's/^CapEff:./  capabilities: /p' /proc/self/status\n"
    "echo \"  processes: $(ls /proc | grep -c '^[0-9]'), files in /tmp: $(ls -A /tmp | wc -l)\"\n"
    "hostname \"$(hostname)\" 2>&1 | sed 's/^/  /'\n" /* not even to what it is */
    "touch /usr/mine 2>&1 | sed 's/^/  /'\n"
    "exit 3\n";

static struct forkexec_attr *sandbox(void)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    /* No setter needs a check: one that was refused makes the spawn fail and say so. */
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET |
        FORKEXEC_NS_IPC | FORKEXEC_NS_UTS);
    forkexec_attr_map_uid(attr, 0, getuid(), 1);
    forkexec_attr_map_gid(attr, 0, getgid(), 1);
    forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY);
    forkexec_attr_mount_proc(attr, "/proc", 0);
    forkexec_attr_mount_dev(attr, "/dev", 0);
    forkexec_attr_mount_tmpfs(attr, "/tmp", 64 << 20, 01777, FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV);
    forkexec_attr_set_hostname(attr, "sandbox");
    forkexec_attr_set_rlimit(attr, RLIMIT_CPU, 2, 2);
    forkexec_attr_set_rlimit(attr, RLIMIT_AS, 512 << 20, 512 << 20);
    forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 32, 32);
    forkexec_attr_set_rlimit(attr, RLIMIT_FSIZE, 1 << 20, 1 << 20);
    forkexec_attr_set_session(attr);
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
    forkexec_attr_deny_terminal_injection(attr);
    return attr;
}

static int run(const struct forkexec_attr *attr, const char *path, char *const argv[])
{
    struct forkexec_child *child;
    struct forkexec_status status;
    struct forkexec_error error;
    if (forkexec_spawn(attr, path, argv, NULL, &child, &error)) {
        printf("  not started, at stage \"%s\", item %" PRId32 ": %s\n", forkexec_stage_name(error.stage), error.index,
            error.message);
        return 1;
    }
    if (forkexec_wait(child, INT64_C(5000000000), 0, &status, sizeof status) == -ETIMEDOUT) {
        printf("  after five seconds it is killed, with all that it started\n");
        forkexec_kill_tree(child);
        forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
    }
    printf("  exit code %" PRId32 ", signal %" PRId32 ", %.1f ms of processor time, %.1f MiB of memory\n", status.exit_code,
        status.signal, (double)(status.user_ns + status.system_ns) / 1e6, (double)status.max_rss_bytes / (1 << 20));
    forkexec_close(child);
    return 0;
}

int main(int argc, char **argv)
{
    char *built_in[] = { "sh", "-c", (char *)script, NULL }, *given[] = { "sh", argv[1], NULL };
    setvbuf(stdout, NULL, _IOLBF, 0);

    puts("A script in a sandbox:");
    struct forkexec_attr *attr = sandbox();
    int failed = run(attr, "/bin/sh", argc > 1 ? given : built_in);

    puts("The same from a directory that is not there:");
    struct forkexec_attr *lost = forkexec_attr_copy(attr);
    forkexec_attr_set_cwd(lost, "/no/such/directory");
    run(lost, "/bin/sh", built_in);

    forkexec_attr_free(lost);
    forkexec_attr_free(attr);
    return failed;
}
