/* Changes of what is already there: flags of mounts, and modes of files. */
#include "mount_requests.h"

#include <errno.h>

TEST_BOTH(flags_are_added)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/a", 0, 0755, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NOSUID));
        OK(forkexec_attr_mount_tmpfs(attr, "/a/b", 0, 0755, FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_make_symlink(attr, "a", "/link"));
        OK(forkexec_attr_remount(attr, "/a", FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_remount(attr, "/link", FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_NOEXEC | FORKEXEC_MOUNT_FOLLOW));
        OK(forkexec_attr_remount(attr, "/reporter", FORKEXEC_MOUNT_NODEV));
        OK(forkexec_attr_remount(attr, "/", FORKEXEC_MOUNT_READONLY));
        struct view *view = look(attr, "look", "/", "look", "/a", "look", "/a/b", "look", "/reporter");
        assert_saw(view, "flags./", "ro nosuid nodev");
        assert_saw(view, "flags./a", "ro nosuid nodev noexec");
        assert_saw(view, "flags./a/b", "");
        assert_true(has_word(view, "flags./reporter", "nodev"));
        assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "w", "touch", "/a/x", NULL }, NULL)).exit_code, EROFS);
        assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "w", "touch", "/a/b/x", NULL }, NULL)).exit_code, 0);
    }
}

/* Changes happen in the order of the list: nothing can be created in a mount that is read-only by then. */
TEST_BOTH(changes_happen_in_the_order_of_the_list)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file(attr, "/before", NULL, 0, 0600));
        OK(forkexec_attr_remount(attr, "/", FORKEXEC_MOUNT_READONLY));
        assert_saw(look(attr, "look", "/before"), "kind./before", "file");
        OK(forkexec_attr_make_file(attr, "/after", NULL, 0, 0600));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, EROFS, 3);
    }
}

TEST_BOTH(modes_are_changed)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_directory(attr, "/d", 0));
        OK(forkexec_attr_make_file(attr, "/d/f", NULL, 0, 0));
        OK(forkexec_attr_change_mode(attr, "/d", 01751));
        OK(forkexec_attr_change_mode(attr, "/d/f", 06640));
        OK(forkexec_attr_change_mode(attr, "/", 0711));
        OK(forkexec_attr_mount_tmpfs(attr, "/t", 0, 0700, FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_change_mode(attr, "/t", 0777));
        struct view *view = look(attr, "look", "/", "look", "/d", "look", "/d/f", "look", "/t");
        assert_saw(view, "mode./", "0711");
        assert_saw(view, "mode./d", "1751");
        assert_saw(view, "mode./d/f", "6640");
        assert_saw(view, "mode./t", "0777");
    }
}

TEST_BOTH(changes_that_are_refused)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_directory(attr, "/d", 0755));
        OK(forkexec_attr_remount(attr, "/d", FORKEXEC_MOUNT_READONLY));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_REMOUNT, EINVAL, 2);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_remount(attr, "/none", FORKEXEC_MOUNT_READONLY));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_REMOUNT, ENOENT, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_symlink(attr, "reporter", "/link"));
        OK(forkexec_attr_remount(attr, "/link", FORKEXEC_MOUNT_READONLY));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_REMOUNT, ELOOP, 2);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_symlink(attr, "reporter", "/link"));
        OK(forkexec_attr_change_mode(attr, "/link", 0777));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_MODE, ELOOP, 2);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_change_mode(attr, "/none", 0777));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_MODE, ENOENT, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_remount(attr, "/", FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_change_mode(attr, "/", 0700));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_MODE, EROFS, 2);
    }
    static const struct {
        const char *path;
        uint32_t flags;
    } refused[] = { { NULL, 1 }, { "", 1 }, { "a", 1 }, { "/a/..", 1 }, { "/a", 0 }, { "/a", FORKEXEC_MOUNT_FOLLOW },
        { "/a", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE }, { "/a", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_OPTIONAL } };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(forkexec_attr_remount(new_attr(), refused[i].path, refused[i].flags), -EINVAL);
    assert_int_equal(forkexec_attr_change_mode(new_attr(), "/a", 010000), -EINVAL);
    assert_int_equal(forkexec_attr_change_mode(new_attr(), "a", 0), -EINVAL);
    assert_int_equal(forkexec_attr_change_mode(new_attr(), NULL, 0), -EINVAL);
}

/* The mode of another user's file cannot be changed. */
TEST_BOTH(the_mode_of_another_users_file)
{
    need_mounts();
    need(geteuid() != 0, "it is for an ordinary user");
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_change_mode(attr, "/etc/passwd", 0666));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_MODE, EPERM, 0);
    }
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 8);
}
