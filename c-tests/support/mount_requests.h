/* Requests that may mount, by the caller's privilege or by a user namespace.
 *
 *     for EACH_ROOT_MODE(mode, user) {                  every memory mode, without and with a user namespace
 *         struct forkexec_attr *attr = in_empty_root(mode, user);    or mount_attr(mode, user): the caller's root
 *         struct view *view = look(attr, "look", "/tmp");            runs the reporter at /reporter in that root
 *     }
 *
 * new_directory() and new_file() make sources for mounts in the test's scratch directory. */
#ifndef MOUNT_REQUESTS_H
#define MOUNT_REQUESTS_H
#include "in_fork.h"
#include "older_hosts.h"

#include <sched.h>
#include <sys/mount.h>

/* Ordinary users need a user namespace; root needs CAP_SYS_ADMIN. */
static inline void need_mounts(void)
{
    if (geteuid())
        need_user_namespaces();
    else
        need_cap(CAP_SYS_ADMIN);
}

/* A request with a mount namespace. If it is asked for or needed, also with a user namespace that maps one id of each
 * kind. */
static inline struct forkexec_attr *mount_attr(uint32_t mode, bool user_namespace)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    if (geteuid() || user_namespace) {
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID));
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    }
    return attr;
}

/* The same with an empty root that contains the reporter. */
static inline struct forkexec_attr *in_empty_root(uint32_t mode, bool user_namespace)
{
    need_other_roots();
    struct forkexec_attr *attr = mount_attr(mode, user_namespace);
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", FORKEXEC_MOUNT_CREATE));
    return attr;
}

/* for EACH_ROOT_MODE(mode, user): once for each memory mode that another root allows, without and with a user namespace. */
#define EACH_ROOT_MODE(mode, user) \
    EACH_ROOT_MEMORY(mode) \
        for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++)

/* for EACH_MOUNT_MODE(mode, user): the same for mounts in the caller's root. */
#define EACH_MOUNT_MODE(mode, user) \
    EACH_MEMORY(mode) \
        for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++)

static inline int may_have_user_namespaces(void)
{
    static int may = -1;
    if (may < 0)
        may = forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, NULL, 0) == 1;
    return may;
}

/* Whether the value of a key contains this word. */
static inline bool has_word(const struct view *view, const char *key, const char *word)
{
    const char *words = saw(view, key);
    return words && strstr(text(" %s ", words), text(" %s ", word));
}

/* A directory, or a file that contains its name, in the scratch directory. */
static inline const char *new_directory(const char *name)
{
    if (!exists(scratch_path(name)))
        assert_false(mkdir(scratch_path(name), 0777) || chmod(scratch_path(name), 0777));
    return scratch_path(name);
}

static inline const char *new_file(const char *name)
{
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert_int_equal(write(fd, name, strlen(name)), (ssize_t)strlen(name));
    assert_false(fchmod(fd, 0666));
    close(fd);
    return scratch_path(name);
}

/* Runs the reporter with these arguments. */
#define look(attr, ...) run_reporter(attr, .path = "/reporter", .argv = (char *[]){ "w", __VA_ARGS__, NULL })

#endif
