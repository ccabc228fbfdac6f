/* What tests of mounts begin with: a request that may mount, by privilege or by a user namespace, and a root with the
 * witness in it. */
#ifndef BUILDING_H
#define BUILDING_H
#include "aside.h"
#include "hosts.h"

#include <sched.h>
#include <sys/mount.h>

/* What is known to be forbidden in the namespaces of others is asked for in one's own. */
static inline void need_mounts(void)
{
    if (geteuid())
        need_user_namespaces();
    else
        need_cap(CAP_SYS_ADMIN);
}

/* With a mount namespace; and a user namespace with one id of each kind, if there is no other way or it is asked for. */
static inline struct forkexec_attr *builder(uint32_t mode, bool user_namespace)
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

/* The same in an empty root with the witness. */
static inline struct forkexec_attr *in_empty_root(uint32_t mode, bool user_namespace)
{
    need_other_roots();
    struct forkexec_attr *attr = builder(mode, user_namespace);
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, public_witness(), "/witness", FORKEXEC_MOUNT_CREATE));
    return attr;
}

/* for EACH_BUILDER(mode, user): once for each way in which memory can be had for a root of its own, and each way to the
 * privilege. */
#define EACH_BUILDER(mode, user) \
    EACH_ROOT_MEMORY(mode) \
        for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++)

/* for EACH_MOUNTER(mode, user): the same in the caller's root. */
#define EACH_MOUNTER(mode, user) \
    EACH_MEMORY(mode) \
        for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++)

static inline int may_have_user_namespaces(void)
{
    static int may = -1;
    if (may < 0)
        may = forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, NULL, 0) == 1;
    return may;
}

/* Whether a word is among a key's. */
static inline bool has_word(const struct view *view, const char *key, const char *word)
{
    const char *words = saw(view, key);
    return words && strstr(text(" %s ", words), text(" %s ", word));
}

/* A directory, or a file with its name in it, in the scratch directory. */
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

/* What the witness sees at paths. */
#define look(attr, ...) run_witness(attr, .path = "/witness", .argv = (char *[]){ "w", __VA_ARGS__, NULL })

#endif
