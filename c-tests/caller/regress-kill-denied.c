/* In a cgroup of version 1 the listed processes are killed one by one. A process that cannot be killed does not count
 * as dead. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <sys/stat.h>

#define NOBODY 65534

/* A process of another user in the cgroup. It ends with this process. */
static pid_t add_bystander(const char *procs)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    FILE *out = fopen(procs, "we");
    assert_non_null(out);
    fprintf(out, "%d", pid);
    assert_false(fclose(out));
    return pid;
}

static void kills_what_it_may(const void *path)
{
    const char *procs = text("%s/cgroup.procs", (const char *)path);
    pid_t bystander = add_bystander(procs);
    assert_false(chown(procs, NOBODY, NOBODY));
    gid_t none;
    assert_false(syscall(SYS_setgroups, 0, &none));
    assert_false(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY));
    assert_false(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY));
    assert_false(prctl(PR_SET_DUMPABLE, 1));

    struct forkexec_attr *attr = new_attr();
    int fd = open(path, O_PATH | O_CLOEXEC);
    OK(forkexec_attr_set_cgroup_fd(attr, fd));
    struct forkexec_child *child = start(attr, "/bin/sleep", (char *[]){ "sleep", "100", NULL }, NULL);
    assert_int_equal(forkexec_kill_tree(child), -EPERM);
    assert_int_equal(finish(child).signal, SIGKILL);
    assert_int_equal(kill(bystander, 0), -1);
    assert_int_equal(errno, EPERM);
}

TEST_BOTH(a_process_that_cannot_be_killed_is_reported)
{
    need_native();
    need_root();
    const char *path = text("/sys/fs/cgroup/memory/forkexec-denied-%d", getpid());
    need(mkdir(path, 0755) == 0, "needs to make a cgroup in /sys/fs/cgroup/memory: %s", strerror(errno));
    bool succeeded = succeeds_in_copy(kills_what_it_may, path);
    for (double end = seconds() + 10; rmdir(path) && errno == EBUSY && seconds() < end;)
        usleep(1000);
    assert_true(succeeded);
    assert_false(exists(path));
}
