/* What is said of roots that are prepared. */
#ifndef SENTENCES_ROOTS_H
#define SENTENCES_ROOTS_H
#include "sentences_answers.h"

static inline const char *not_prepared(const struct forkexec_attr *attr)
{
    struct forkexec_root *root = NULL;
    struct forkexec_error error;
    return message_of(forkexec_root_new(attr, &root, &error), &error);
}

static inline struct forkexec_attr *an_attr_with_users(void)
{
    struct forkexec_attr *attr = new_attr();
    SET(create_namespaces, FORKEXEC_NS_MOUNT | FORKEXEC_NS_USER);
    SET(map_uid, 0, geteuid(), 1);
    SET(map_gid, 0, getegid(), 1);
    return attr;
}

static inline void prepare_empty(struct forkexec_attr *attr)
{
    struct forkexec_root *root = NULL;
    SET(set_root, NULL, FORKEXEC_MOUNT_READONLY);
    OK(forkexec_root_new(attr, &root, NULL));
    SET(set_prepared_root, root);
    forkexec_root_free(root);
}

static inline void need_clones(void)
{
    need_user_namespaces();
    need_of_copies(FORKEXEC_PROBE_SHARED_MEMORY);
    need_of_copies(FORKEXEC_PROBE_IMAGE);
    need_of_copies(FORKEXEC_PROBE_PREPARED_ROOT);
}

static inline void need_images(void)
{
    need_user_namespaces();
    need_of_copies(FORKEXEC_PROBE_SHARED_MEMORY);
    need_of_copies(FORKEXEC_PROBE_IMAGE);
}

#define REFUSES_ROOT(NAME, what, ...) FAILS(NAME, not_prepared, "validate (" what ")", EINVAL, __VA_ARGS__)
REFUSES_ROOT(TREE_WITHOUT_ROOT, "set_root", SET(create_namespaces, FORKEXEC_NS_MOUNT))
REFUSES_ROOT(TREE_IS_WRITABLE, "set_root", SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_root, NULL, 0))
REFUSES_ROOT(TREE_IN_JOINED, "join_namespace", SET(create_namespaces, FORKEXEC_NS_MOUNT); SET(set_root, "/", 0);
    SET(join_namespace, open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), FORKEXEC_NS_USER))

SITUATION(ROOT_PLACE_NULL)
{
    struct forkexec_error error;
    says(message_of(forkexec_root_new(new_attr(), NULL, &error), &error), "%s: %s", strerror(EINVAL), sentence);
}

SITUATION(TREE_OF_TREE, need_images())
{
    struct forkexec_attr *attr = an_attr_with_users();
    prepare_empty(attr);
    says(not_prepared(attr), "validate (set_prepared_root): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(TREE_OF_OTHER_USERS, need_images())
{
    struct forkexec_attr *attr = an_attr_with_users();
    prepare_empty(attr);
    SET(map_uid, 1, 1, 1);
    says(spawned(attr), "validate (set_prepared_root): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(TREE_CLOSED, need_clones())
{
    struct forkexec_attr *attr = an_attr_with_users();
    prepare_empty(attr);
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    says(spawned(attr), "validate (set_prepared_root): %s: %s", strerror(EBADF), sentence);
}

SITUATION(TREE_IS_READONLY, need_clones())
{
    struct forkexec_attr *attr = an_attr_with_users();
    prepare_empty(attr);
    SET(make_directory, "/a", 0700);
    says(spawned(attr), "directory 0 (/a): %s: %s", strerror(EROFS), sentence);
}

SITUATION(CLONE_OF_TREE, need_clones())
{
    struct forkexec_attr *attr = an_attr_with_users();
    SET(make_directory, "/a", 0700);
    SET(mount_tmpfs, "/a", 0, 0700, 0);
    prepare_empty(attr);
    const char *said = described(attr, "root: "), *fd = strstr(said, "fd ");
    assert_non_null(fd);
    says(said, "root: %s", filled(sentence, text("%.*s", (int)strspn(fd + 3, "0123456789"), fd + 3), "1"));
}

SITUATION(TREE_NOT_CLONED, need_images(); need_native())
{
    know_the_host();
    DENY(fsopen, ENOSYS);
    struct forkexec_attr *attr = an_attr_with_users();
    prepare_empty(attr);
    says(described(attr, "root: "), "root: empty%s", sentence);
}

SITUATION(NO_TREE, need_images(); need_native())
{
    know_the_host();
    DENY(move_mount, EINVAL);
    says(answer(FORKEXEC_PROBE_PREPARED_ROOT), "%s", sentence);
}

#endif
