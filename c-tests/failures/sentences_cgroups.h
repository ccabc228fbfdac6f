/* The messages about cgroups that the library makes. */
#ifndef SENTENCES_CGROUPS_H
#define SENTENCES_CGROUPS_H
#include "sentences_arguments.h"
#include "sentences_requests.h"

#include <sys/xattr.h>

static inline const char *top_of_cgroups(void)
{
    const char *reason, *path = cgroup_parent(&reason);
    return path ? path : "/";
}

static inline const char *not_created(const char *above, const char *name)
{
    struct forkexec_cgroup *group = NULL;
    struct forkexec_error error;
    int fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return message_of(forkexec_cgroup_create(fd, name, &group, &error), &error);
}

/* The name of the copy's own cgroup. */
static inline const char *own_name(void)
{
    return text("forkexec-sentences-%d", getpid());
}

static inline struct forkexec_cgroup *own_group(void)
{
    struct forkexec_cgroup *group = NULL;
    OK(forkexec_cgroup_create(open(top_of_cgroups(), O_PATH | O_DIRECTORY | O_CLOEXEC), own_name(), &group, NULL));
    return group;
}

static inline const char *not_set(const struct forkexec_cgroup *group, const char *file, const char *value)
{
    struct forkexec_error error;
    return message_of(forkexec_cgroup_set(group, file, value, &error), &error);
}

/* Removes its directory. The denied calls differ from this one in their arguments. */
static inline void remove_own(void)
{
    rmdir(text("%s/%s", top_of_cgroups(), own_name()));
}

SITUATION(GROUP_NULL)
{
    says(not_set(NULL, "memory.max", "1"), "%s: %s", strerror(EINVAL), sentence);
}

SITUATION(GROUP_PLACE_NULL)
{
    struct forkexec_error error;
    says(message_of(forkexec_cgroup_create(0, "a", NULL, &error), &error), "%s: %s", strerror(EINVAL), sentence);
}

SITUATION(CGROUP_OF_OTHER_PROCESS, need_cgroup())
{
    int status;
    struct forkexec_cgroup *group = own_group();
    pid_t pid = fork();
    if (!pid) {
        says(not_set(group, "memory.max", "1"), "%s: %s", strerror(ESRCH), sentence);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    forkexec_cgroup_free(group);
    assert_int_equal(status, 0);
}

SITUATION(NO_MEMORY_FOR_GROUP, need_own_memory(); need_cgroup())
{
    struct forkexec_cgroup *group = NULL;
    struct forkexec_error error;
    int fd = open(top_of_cgroups(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char *name = own_name();
    run_short_of_memory(16);
    int result = forkexec_cgroup_create(fd, name, &group, &error);
    have_memory_again();
    assert_int_equal(result, -ENOMEM);
    const char *said = strstr(error.message, strerror(ENOMEM));
    assert_non_null(said);
    says(said, "%s: %s", strerror(ENOMEM), sentence);
}

SITUATION(CGROUP_NAME)
{
    says(not_created("/", "a/b"), "validate (a/b): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(CGROUP_VALUE_EMPTY, need_cgroup())
{
    struct forkexec_cgroup *group = own_group();
    const char *said = not_set(group, "memory.max", "");
    forkexec_cgroup_free(group);
    says(said, "validate (memory.max): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(CGROUP_OF_VERSION_1, need(magic("/sys/fs/cgroup/pids") == V1, "there is no cgroup of version 1"))
{
    says(not_created("/sys/fs/cgroup/pids", "a"), "cgroup (a): %s: %s", strerror(EINVAL), sentence);
}

/* mkdir(2) fails with this errno. */
#define NOT_MADE(NAME, code) \
    SITUATION(NAME, need_native(); need_cgroup()) \
    { \
        DENY(mkdirat, code); \
        says(not_created(top_of_cgroups(), "a"), "cgroup (a): %s: %s", strerror(code), sentence); \
    }

NOT_MADE(CGROUP_NOT_DELEGATED, EACCES)
NOT_MADE(CGROUPS_READONLY, EROFS)
NOT_MADE(CGROUP_ABOVE_GONE, ENOENT)
NOT_MADE(CGROUP_TOO_MANY, EAGAIN)

SITUATION(CGROUP_NAME_OF_FILE, need_cgroup())
{
    says(not_created(top_of_cgroups(), "cgroup.procs"), "cgroup (cgroup.procs): %s: %s", strerror(EEXIST), sentence);
}

SITUATION(CGROUP_IS_OTHERS, need_cgroup())
{
    const char *path = new_cgroup(), *name = strrchr(path, '/') + 1;
    const char *said = not_created(top_of_cgroups(), name);
    rmdir(path);
    says(said, "cgroup (%s): %s: %s", name, strerror(EEXIST), sentence);
}

static inline void need_marks(void)
{
    need_cgroup();
    const char *path = new_cgroup();
    bool marks = !setxattr(path, "user.forkexec", "1", 1, 0);
    rmdir(path);
    need(marks, "needs user attributes of cgroups, from Linux 5.7 on");
}

SITUATION(CGROUP_IN_USE, need_marks())
{
    struct forkexec_cgroup *group = own_group();
    const char *said = not_created(top_of_cgroups(), own_name());
    forkexec_cgroup_free(group);
    says(said, "cgroup (%s): %s: %s", own_name(), strerror(EBUSY), sentence);
}

/* The result of a removal. rmdir(2) with the copy's own arguments is not denied. */
#define NOT_REMOVED(NAME, denied, code) \
    SITUATION(NAME, need_native(); need_cgroup()) \
    { \
        struct forkexec_error error; \
        struct forkexec_cgroup *group = own_group(); \
        DENY(unlinkat, denied, UNLESS(0, AT_FDCWD)); \
        const char *said = message_of(forkexec_cgroup_remove(group, 0, &error), &error); \
        remove_own(); \
        says(said, "cgroup (%s): %s: %s", own_name(), strerror(code), sentence); \
    }

NOT_REMOVED(CGROUP_STILL_ALIVE, EBUSY, ETIMEDOUT)
NOT_REMOVED(CGROUP_BELOW_OF_OTHERS, EACCES, EACCES)

SITUATION(CGROUP_REMOVED, need_cgroup())
{
    struct forkexec_cgroup *group = own_group();
    remove_own();
    const char *said = not_set(group, "memory.max", "1");
    forkexec_cgroup_free(group);
    says(said, "cgroup (memory.max): %s: %s", strerror(ENOENT), sentence);
}

/* A file of the cgroup refuses a value. */
#define NOT_SET(NAME, file, code, value, part, ...) \
    SITUATION(NAME, need_native(); need_cgroup()) \
    { \
        struct forkexec_cgroup *group = own_group(); \
        __VA_ARGS__; \
        const char *said = not_set(group, file, value); \
        remove_own(); \
        says(said, "cgroup (%s): %s: %s", file, strerror(code), part ? filled(sentence, part) : sentence); \
    }

NOT_SET(CGROUP_NO_SUCH_FILE, "cgroup.nothing", ENOENT, "1", NULL)
NOT_SET(CGROUP_FILE_DENIED, "cgroup.procs", EACCES, "1", NULL,
    DENY(openat, EACCES, IF(2, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)))
NOT_SET(CGROUP_HAS_PROCESSES, "cgroup.subtree_control", EBUSY, "+memory", NULL, DENY(write, EBUSY, IF(2, 7)))
NOT_SET(CGROUP_THREADED, "cgroup.subtree_control", EOPNOTSUPP, "+memory", NULL, DENY(write, EOPNOTSUPP, IF(2, 7)))
NOT_SET(CONTROLLER_ABOVE_FIRST, "cgroup.subtree_control", ENOENT, "+memory", NULL, DENY(write, ENOENT, IF(2, 7)))
NOT_SET(CGROUP_VALUE_REFUSED, "cgroup.max.depth", EINVAL, "many", NULL)
NOT_SET(CONTROLLER_NOT_THERE, "nonesuch.max", ENOENT, "1", "nonesuch")

/* A controller that the parent cgroup could enable for its children; once it is enabled, the next one could be. */
SITUATION(CONTROLLER_NOT_ENABLED, need_cgroup())
{
    char controller[64] = "";
    struct forkexec_cgroup *group = own_group(), *inner = NULL, *asked = group;
    const char *passed = text_of(text("%s/cgroup.subtree_control", top_of_cgroups()));
    if (sscanf(passed, "%63s", controller) == 1) {
        OK(forkexec_cgroup_create(forkexec_cgroup_fd(group), "inner", &inner, NULL));
        asked = inner;
    } else {
        sscanf(text_of(text("%s/cgroup.controllers", top_of_cgroups())), "%63s", controller);
    }
    const char *file = text("%s.nothing", controller);
    const char *said = *controller ? not_set(asked, file, "1") : NULL;
    forkexec_cgroup_free(inner);
    forkexec_cgroup_free(group);
    if (said)
        says(said, "cgroup (%s): %s: %s", file, strerror(ENOENT), filled(sentence, controller));
}

/* The caller's own cgroup. */

static inline const char *own_path(void)
{
    const char *line = strstr(text_of("/proc/self/cgroup"), "0::/");
    return line ? text("%.*s", (int)strcspn(line + 4, "\n"), line + 4) : NULL;
}

static inline void need_own_cgroup(void)
{
    need_native();
    need(magic("/sys/fs/cgroup") == V2 || magic("/sys/fs/cgroup/unified") == V2, "there is no cgroup2 in /sys/fs/cgroup");
    const char *path = own_path();
    need(path && path[0] != '.', "the own cgroup is not in sight");
}

#define OF_OWN(NAME, part, ...) \
    SITUATION(NAME, need_own_cgroup()) \
    { \
        const char *path = own_path(), *parts = part; \
        __VA_ARGS__; \
        const char *said = answer(FORKEXEC_PROBE_OWN_CGROUP); \
        says(said, "%s", !parts ? sentence : *parts ? filled(sentence, path, parts) : filled(sentence, path)); \
    }

OF_OWN(NO_CGROUP2, NULL, DENY(fstatfs, EINVAL))
OF_OWN(OWN_CGROUP_UNKNOWN, NULL, DENY(read, EIO, IF(2, 4096)))
OF_OWN(OWN_CGROUP_READONLY, NULL, DENY(faccessat2, EROFS))
OF_OWN(OWN_CGROUP_NOT_DELEGATED, "", DENY(faccessat2, EACCES))

/* The file can be written, and its list is empty. */
OF_OWN(OWN_CGROUP_LACKS, " memory pids cpu",
    deny((const struct denial[]){ { SYS_faccessat2, 0, { { 0 } } },
        { SYS_openat, ENOENT, { UNLESS(0, AT_FDCWD), IF(2, O_RDONLY | O_CLOEXEC) } } }, 2))

#endif
