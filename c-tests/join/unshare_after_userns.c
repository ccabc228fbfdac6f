/* A tested example. Other programs make a traced copy of themselves for this, which never runs on. Here, namespaces of a
 * new user namespace are held for the time of a call. The user namespace belongs to the user that its first id is mapped
 * to. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

/* Calls f with the pid of a process in such namespaces, of the types in flags, and then ends the process. The maps have the
 * form "inside:outside:count". Returns 0, the result of f, an errno if the namespaces cannot be made, or -ESRCH if the
 * process was gone when f returned: its pid may then have been another process's. */
static int unshare_after_enter_userns(const char *uid_map, const char *gid_map, uint32_t flags,
    int (*f)(pid_t pid, void *with), void *with, struct forkexec_error *error)
{
    uint32_t uid[3], gid[3];
    if (flags & FORKEXEC_NS_USER || sscanf(uid_map, "%u:%u:%u", &uid[0], &uid[1], &uid[2]) != 3
        || sscanf(gid_map, "%u:%u:%u", &gid[0], &gid[1], &gid[2]) != 3)
        return -EINVAL;
    struct forkexec_child *child = NULL;
    struct forkexec_attr *attr = forkexec_attr_new();
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | flags);
    forkexec_attr_set_user_namespace_owner(attr, uid[1]);
    forkexec_attr_map_uid(attr, uid[0], uid[1], uid[2]);
    forkexec_attr_map_gid(attr, gid[0], gid[1], gid[2]);
    forkexec_attr_allow_setgroups(attr);
    int result = forkexec_hold(attr, &child, error);
    if (!result && f)
        result = f(forkexec_child_pid(child), with);
    if (!result && forkexec_wait(child, 0, FORKEXEC_WAIT_NOREAP, NULL, 0) != -ETIMEDOUT)
        result = -ESRCH;
    forkexec_close(child);
    forkexec_attr_free(attr);
    return result;
}

static void need_owner(void)
{
    need_root();
    need_native();
    need_user_namespaces();
}

static const char *file_of(pid_t pid, const char *name)
{
    char line[256] = "";
    unsigned id[3];
    FILE *in = fopen(text("/proc/%d/%s", pid, name), "re");
    if (in && fgets(line, sizeof line, in) && sscanf(line, "%u %u %u", &id[0], &id[1], &id[2]) == 3)
        snprintf(line, sizeof line, "%u %u %u", id[0], id[1], id[2]);
    if (in)
        fclose(in);
    line[strcspn(line, "\n")] = 0;
    return text("%s", line);
}

static int look(pid_t pid, void *calls)
{
    static const char *const others[] = { "user", "net", "ipc" };
    ++*(int *)calls;
    for (int i = 0; i < 3; i++)
        assert_string_not_equal(namespace_of(pid, others[i]), namespace_of(getpid(), others[i]));
    assert_string_equal(namespace_of(pid, "pid"), namespace_of(getpid(), "pid"));
    assert_string_equal(file_of(pid, "uid_map"), "0 1000 10");
    assert_string_equal(file_of(pid, "gid_map"), "0 1000 10");
    assert_string_equal(file_of(pid, "setgroups"), "allow");
    uid_t owner = 0;
    int fd = open(text("/proc/%d/ns/user", pid), O_RDONLY | O_CLOEXEC);
    assert_false(ioctl(fd, NS_GET_OWNER_UID, &owner));
    close(fd);
    assert_int_equal(owner, 1000);
    return 0;
}

TEST(the_namespaces_exist_during_the_call)
{
    need_owner();
    int calls = 0;
    struct forkexec_error error;
    int result = unshare_after_enter_userns("0:1000:10", "0:1000:10", FORKEXEC_NS_IPC | FORKEXEC_NS_NET, look, &calls,
        &error);
    assert_string_equal_or_null(error.message, "", "message", __FILE__, __LINE__);
    assert_int_equal(result, 0);
    assert_int_equal(calls, 1);
}

static int end_it(pid_t pid, void *answer)
{
    assert_false(kill(pid, SIGKILL));
    assert_int_equal(waitpid(pid, NULL, __WALL), pid);
    return *(int *)answer;
}

TEST(the_death_of_the_process_is_reported)
{
    need_owner();
    int nothing = 0, something = -EXDEV;
    int result = unshare_after_enter_userns("0:1000:10", "0:1000:10", FORKEXEC_NS_IPC, end_it, &nothing, NULL);
    assert_int_equal(result, -ESRCH);
    result = unshare_after_enter_userns("0:1000:10", "0:1000:10", FORKEXEC_NS_IPC, end_it, &something, NULL);
    assert_int_equal(result, -EXDEV);
}

TEST(namespaces_that_cannot_be_made)
{
    need_owner();
    struct forkexec_error error;
    assert_int_equal(unshare_after_enter_userns("0:1000:10", "0:1000:10", FORKEXEC_NS_USER, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(unshare_after_enter_userns("0:1000", "0:1000:10", FORKEXEC_NS_IPC, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(unshare_after_enter_userns("0:1000:10", "0:1000:10", CLONE_IO, NULL, NULL, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    assert_int_equal(unshare_after_enter_userns("0:1000:10", "0:1000:10", FORKEXEC_NS_IPC, NULL, NULL, NULL), 0);
}
