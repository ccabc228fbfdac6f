/* Where a bind comes from: a path that may be missing, and a descriptor. */
#include "building.h"

#include <errno.h>

TEST_BOTH(a_source_that_does_not_exist_may_be_left_out)
{
    need_mounts();
    const char *source = new_directory("source"), *nothing = scratch_path("nothing"), *link = scratch_path("dangling");
    new_file("source/file");
    if (symlink("nowhere", link))
        assert_int_equal(errno, EEXIST);
    uint32_t flags = FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL;
    int ids = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    for EACH_BUILDER(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, nothing, "/a/b", flags | FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_bind_mount(attr, text("%s/below", nothing), "/b", FORKEXEC_MOUNT_OPTIONAL));
        OK(forkexec_attr_bind_mount(attr, link, "/c", flags));
        OK(forkexec_attr_bind_mount(attr, source, "/d", flags | FORKEXEC_MOUNT_READONLY));
        /* Where that is forbidden, it is not known what there is. */
        if (!lacks_call(SYS_open_tree))
            OK(forkexec_attr_bind_mount_idmapped(attr, nothing, "/e", ids, flags));
        struct view *view = look(attr, "look", "/a", "look", "/b", "look", "/c", "look", "/d/file", "look", "/e", "look", "/d");
        for (const char *const *path = (const char *const[]){ "/a", "/b", "/c", "/e", NULL }; *path; path++)
            assert_saw(view, text("kind.%s", *path), "No such file or directory");
        assert_saw(view, "text./d/file", "source/file");
        assert_true(has_word(view, "flags./d", "ro"));
    }
    close(ids);
}

static void may_not_look(const void *source)
{
    become_nobody();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = builder(mode, true);
        OK(forkexec_attr_set_root(attr, NULL, 0));
        OK(forkexec_attr_bind_mount(attr, source, "/a", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL));
        assert_spawn_fails(attr, "/witness", FORKEXEC_STAGE_BIND, EACCES, 0);
    }
}

/* Only what does not exist is left out: an error is never read as that. */
TEST_BOTH(what_is_optional_fails_for_every_other_reason)
{
    need_mounts();
    uint32_t flags = FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL;
    const char *source = new_directory("source"), *below = text("%s/x", new_file("file")), *loop = scratch_path("loop");
    if (symlink("loop", loop))
        assert_int_equal(errno, EEXIST);
    for EACH_BUILDER(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, below, "/a", flags));
        assert_spawn_fails(attr, "/witness", FORKEXEC_STAGE_BIND, ENOTDIR, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, loop, "/a", flags));
        assert_spawn_fails(attr, "/witness", FORKEXEC_STAGE_BIND, ELOOP, 1);
        /* The target is missing, not the source. */
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, source, "/a", FORKEXEC_MOUNT_OPTIONAL));
        assert_spawn_fails(attr, "/witness", FORKEXEC_STAGE_BIND, ENOENT, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, source, "/witness", FORKEXEC_MOUNT_OPTIONAL));
        assert_spawn_fails(attr, "/witness", FORKEXEC_STAGE_BIND, ENOTDIR, 1);
    }
    if (geteuid() || !may_have_user_namespaces())
        return;
    const char *closed = new_directory("closed");
    assert_false(chmod(closed, 0700));
    aside(may_not_look, text("%s/in", closed));
}

/* What is said of a program that is not found knows that nothing lies at the target. */
TEST_BOTH(a_program_behind_a_bind_that_was_left_out)
{
    need_mounts();
    struct forkexec_attr *attr = in_empty_root(0, geteuid() != 0);
    OK(forkexec_attr_bind_mount(attr, scratch_path("nothing"), "/witness", FORKEXEC_MOUNT_OPTIONAL));
    assert_int_equal(finish(start(attr, "/witness", (char *[]){ "w", "exit", "4", NULL }, NULL)).exit_code, 4);
    OK(forkexec_attr_bind_mount(attr, scratch_path("nothing"), "/other", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL));
    assert_spawn_fails(attr, "/other", FORKEXEC_STAGE_EXEC, ENOENT, -1);
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(OLDER_HOSTS);
}
