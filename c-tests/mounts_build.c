/* Mounts and their kin: each is asked for, and seen from inside. */
#include "building.h"

TEST_BOTH(an_empty_root)
{
    need_mounts();
    for EACH_BUILDER(mode, user) {
        struct view *view = look(in_empty_root(mode, user), "look", "/", "look", "/witness", "look", "/etc", "see");
        assert_saw(view, "kind./", "directory");
        assert_saw(view, "mode./", "0755");
        assert_saw(view, "fs./", "tmpfs");
        assert_saw(view, "flags./", "nosuid nodev");
        assert_saw(view, "kind./witness", "file");
        assert_saw(view, "kind./etc", "No such file or directory");
        assert_saw(view, "cwd", "/");
    }
}

TEST_BOTH(proc)
{
    need_mounts();
    for EACH_BUILDER(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
        struct view *view = look(attr, "look", "/proc", "look", "/proc/1", "see");
        assert_saw(view, "fs./proc", "proc");
        assert_saw(view, "flags./proc", "nosuid nodev noexec");
        assert_saw(view, "kind./proc/1", "directory");
        assert_saw(view, "exe", "/witness");
        assert_saw(view, "mounts", "3");
        assert_saw(view, "propagation", "private");
    }
}

TEST_BOTH(tmpfs)
{
    need_mounts();
    for EACH_BUILDER(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 1 << 20, 01777, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NOSUID));
        OK(forkexec_attr_mount_tmpfs(attr, "/a/b/", 0, 0700,
            FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_NOEXEC));
        struct view *view = look(attr, "look", "/tmp", "look", "/a", "look", "/a/b", "touch", "/tmp/made");
        assert_saw(view, "fs./tmp", "tmpfs");
        assert_saw(view, "mode./tmp", "1777");
        assert_saw(view, "size./tmp", "1048576");
        assert_saw(view, "flags./tmp", "nosuid");
        assert_saw(view, "mode./a", "0755");
        assert_saw(view, "mode./a/b", "0700");
        assert_saw(view, "flags./a/b", "ro nodev noexec");
    }
}
