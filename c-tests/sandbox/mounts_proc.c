/* The files of /proc besides the processes: read-only, hidden, or missing. */
#include "mount_requests.h"

#include <errno.h>

static const char *const written[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };
static const char *const told[] = { "acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi",
    "timer_list", "timer_stats" };
#define EACH(list) (size_t i = 0; i < sizeof list / sizeof *list; i++)

static struct forkexec_attr *with_proc(uint32_t mode, bool user, uint32_t flags)
{
    struct forkexec_attr *attr = in_empty_root(mode, user);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_mount_proc(attr, "/p", FORKEXEC_MOUNT_CREATE | flags));
    return attr;
}

static const char *kind_in(struct forkexec_attr *attr, const char *name)
{
    return text("%s", saw(look(attr, "look", (char *)text("/p/%s", name)), text("kind./p/%s", name)));
}

static bool is_readonly_in(struct forkexec_attr *attr, const char *name)
{
    return has_word(look(attr, "look", (char *)text("/p/%s", name)), text("flags./p/%s", name), "ro");
}

TEST_BOTH(files_that_change_the_kernel_are_readonly)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = with_proc(mode, user, FORKEXEC_MOUNT_KERNEL_READONLY);
        for EACH(written)
            if (exists(text("/proc/%s", written[i])))
                assert_true(is_readonly_in(attr, written[i]));
        struct view *view = look(attr, "look", "/p", "look", "/p/1", "look", "/p/sys", "look", "/p/interrupts", "touch",
            "/p/1/comm");
        assert_saw(view, "flags./p", "nosuid nodev noexec");
        assert_saw(view, "flags./p/1", "nosuid nodev noexec");
        assert_saw(view, "flags./p/sys", "ro nosuid nodev noexec");
        assert_saw(view, "kind./p/interrupts", "file");
        char *argv[] = { "w", "touch", "/p/sys/kernel/threads-max", NULL };
        assert_int_equal(finish(start(attr, "/reporter", argv, NULL)).exit_code, geteuid() ? EACCES : EROFS);
        /* Without the flag only the file's permissions decide. */
        assert_false(is_readonly_in(with_proc(mode, user, 0), "sys"));
    }
}

TEST_BOTH(files_about_others_are_hidden)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = with_proc(mode, user, FORKEXEC_MOUNT_KERNEL_HIDDEN);
        for EACH(told) {
            const char *kind = kind_in(with_proc(mode, user, 0), told[i]), *now = kind_in(attr, told[i]);
            if (!strcmp(kind, "directory")) {
                assert_string_equal(now, kind);
                const char *path = text("/p/%s", told[i]);
                struct view *view = look(attr, "look", (char *)path);
                assert_saw(view, text("fs.%s", path), "tmpfs");
                assert_saw(view, text("flags.%s", path), "ro nosuid nodev noexec");
            } else {
                assert_string_equal(now, !strcmp(kind, "file") ? "device 1:3" : "No such file or directory");
            }
        }
        assert_false(is_readonly_in(attr, "sys"));
    }
}

TEST_BOTH(both_at_once_in_two_procs)
{
    need_mounts();
    uint32_t both = FORKEXEC_MOUNT_KERNEL_READONLY | FORKEXEC_MOUNT_KERNEL_HIDDEN;
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = with_proc(mode, user, both);
        OK(forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_mount_proc(attr, "/other/proc", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY | both));
        OK(forkexec_attr_make_file(attr, "/other/file", NULL, 0, 0644));
        struct view *view = look(attr, "look", "/p/sys", "look", "/p/interrupts", "look", "/other/proc/sys", "look",
            "/other/proc/interrupts", "look", "/other/proc/1", "look", "/other/file", "look", "/dev/null");
        assert_saw(view, "flags./p/sys", "ro nosuid nodev noexec");
        assert_saw(view, "kind./p/interrupts", "device 1:3");
        assert_saw(view, "flags./other/proc/sys", "ro nosuid nodev noexec");
        assert_saw(view, "kind./other/proc/interrupts", "device 1:3");
        assert_saw(view, "flags./other/proc/1", "ro nosuid nodev noexec");
        assert_saw(view, "kind./other/file", "file");
        assert_saw(view, "kind./dev/null", "device 1:3");
    }
}

/* In the caller's root, over its own /proc. */
TEST_BOTH(over_the_callers_own_proc)
{
    need_mounts();
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_KERNEL_READONLY | FORKEXEC_MOUNT_KERNEL_HIDDEN));
        struct view *view = run_reporter(attr, .argv = (char *[]){ "w", "look", "/proc/sys", "look", "/proc/interrupts", NULL });
        assert_saw(view, "flags./proc/sys", "ro nosuid nodev noexec");
        assert_saw(view, "kind./proc/interrupts", "device 1:3");
    }
}

static const struct denial cases[] = { { SYS_move_mount, EIO, { { 0 } } }, { SYS_mount_setattr, EIO, { { 0 } } } };

/* If a file cannot be covered, the spawn fails, for whatever reason. */
static void check_refused(const void *with)
{
    struct forkexec_attr *attr = mount_attr(0, geteuid() != 0);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_KERNEL_READONLY));
    deny(with, 1);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_PROC, EIO, 0);
}

TEST(a_file_that_cannot_be_covered_is_an_error)
{
    need_unemulated("it takes no seccomp filters");
    need(!denied_as(), "it is tried where the calls are there");
    need_other_roots();
    need_mounts();
    for EACH(cases)
        in_copy(check_refused, &cases[i]);
}

TEST(flags_of_other_mounts)
{
    for (uint32_t flag = FORKEXEC_MOUNT_KERNEL_READONLY; flag <= FORKEXEC_MOUNT_KERNEL_HIDDEN; flag <<= 1) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_mount_dev(attr, "/dev", flag), -EINVAL);
        assert_int_equal(forkexec_attr_bind_mount(attr, "/", "/a", flag), -EINVAL);
        assert_int_equal(forkexec_attr_mount_tmpfs(attr, "/a", 0, 0755, flag), -EINVAL);
    }
    static const uint32_t others[] = { FORKEXEC_MOUNT_NOSUID, FORKEXEC_MOUNT_FOLLOW, FORKEXEC_MOUNT_OPTIONAL,
        FORKEXEC_MOUNT_IN_MEMORY, 0x800 };
    for EACH(others) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_mount_proc(attr, "/proc", others[i]), -EINVAL);
    }
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 8);
}
