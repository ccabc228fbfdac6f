/* Without open_tree, the mounts below a bind are changed one by one. A mount point that the caller may not enter, such as
 * that of tracefs, does not make this fail. */
#define _GNU_SOURCE
#include "mount_requests.h"

#include <sys/stat.h>

#define NOBODY 65534

static const struct denial no_trees[] = { { SYS_open_tree, ENOSYS, { { 0 } } } };

static void binds_above_it(const void *tree)
{
    const char *closed = text("%s/closed", (const char *)tree);
    assert_false(unshare(CLONE_NEWNS));
    assert_false(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount("closed", closed, "tmpfs", 0, "mode=0700"));
    assert_false(setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY));
    prctl(PR_SET_DUMPABLE, 1);
    deny(no_trees, 1);
    struct forkexec_attr *attr = mount_attr(FORKEXEC_MEMORY_AUTO, true);
    OK(forkexec_attr_bind_mount(attr, tree, tree, FORKEXEC_MOUNT_READONLY));
    assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
}

TEST(a_mount_that_may_not_be_entered)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    need_native();
    public_reporter();
    const char *tree = scratch_path("tree");
    assert_false(mkdir(tree, 0755) || mkdir(text("%s/closed", tree), 0755));
    in_copy(binds_above_it, tree);
}
