/* Every kind of mount, and what is created with them: each one is requested, and looked at from inside. */
#include "mount_requests.h"

TEST_BOTH(an_empty_root)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct view *view = look(in_empty_root(mode, user), "look", "/", "look", "/reporter", "look", "/etc", "see");
        assert_saw(view, "kind./", "directory");
        assert_saw(view, "mode./", "0755");
        assert_saw(view, "fs./", "tmpfs");
        assert_saw(view, "flags./", "nosuid nodev");
        assert_saw(view, "kind./reporter", "file");
        assert_saw(view, "kind./etc", "No such file or directory");
        assert_saw(view, "cwd", "/");
    }
}

TEST_BOTH(proc)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_mount_proc(attr, "/other/proc", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
        struct view *view = look(attr, "look", "/proc", "look", "/proc/1", "look", "/other/proc", "see");
        assert_saw(view, "fs./proc", "proc");
        assert_saw(view, "flags./proc", "nosuid nodev noexec");
        assert_saw(view, "kind./proc/1", "directory");
        assert_saw(view, "flags./other/proc", "ro nosuid nodev noexec");
        assert_saw(view, "exe", "/reporter");
        assert_saw(view, "mounts", "4");
        assert_saw(view, "propagation", "private");
    }
}

TEST_BOTH(tmpfs)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
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

TEST_BOTH(binds)
{
    need_mounts();
    const char *directory = new_directory("source"), *file = new_file("source/file");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, directory, "/open", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_bind_mount(attr, directory, "/closed/to/all",
            FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV
                | FORKEXEC_MOUNT_NOEXEC | FORKEXEC_MOUNT_NONRECURSIVE));
        OK(forkexec_attr_make_file(attr, "/etc/file", NULL, 0, 0600));
        OK(forkexec_attr_bind_mount(attr, file, "/etc/file", FORKEXEC_MOUNT_READONLY));
        struct view *view = look(attr, "look", "/open/file", "look", "/closed/to/all", "look", "/etc/file", "touch",
            "/open/made");
        assert_saw(view, "text./open/file", "source/file");
        assert_saw(view, "text./etc/file", "source/file");
        assert_false(has_word(view, "flags./open/file", "ro"));
        assert_true(has_word(view, "flags./etc/file", "ro"));
        const char *all[] = { "ro", "nosuid", "nodev", "noexec" };
        for (int i = 0; i < 4; i++)
            assert_true(has_word(view, "flags./closed/to/all", all[i]));
        assert_true(exists(scratch_path("source/made")));
        assert_false(unlink(scratch_path("source/made")));
        int code = finish(start(attr, "/reporter", (char *[]){ "w", "touch", "/closed/to/all/made", NULL }, NULL)).exit_code;
        assert_int_equal(code, EROFS);
    }
}

TEST_BOTH(a_relative_source_begins_in_the_callers_directory)
{
    need_other_roots();
    need_mounts();
    new_file("file");
    int before = open(".", O_RDONLY | O_CLOEXEC);
    assert_false(chdir(scratch()));
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, "./file", "/file", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_make_directory(attr, "/all", 0700));
        OK(forkexec_attr_add_mount(attr, ".", "/all", NULL, MS_BIND, NULL));
        struct view *view = look(attr, "look", "/file", "look", "/all/file");
        assert_saw(view, "text./file", "file");
        assert_saw(view, "text./all/file", "file");
    }
    assert_false(fchdir(before));
    close(before);
}

/* A bind of the caller's whole root, in which /proc is mounted. The new root must not appear in it. */
TEST_BOTH(flags_apply_to_all_mounts_of_a_bind)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, "/", "/host", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_make_directory(attr, "/same", 0755));
        /* In a user namespace the kernel does not allow a change of the access time flags. */
        uint64_t more = user ? MS_NODEV : MS_NOATIME;
        OK(forkexec_attr_add_mount(attr, "/", "/same", NULL, MS_BIND | MS_REC | MS_NOSUID | MS_NOEXEC | more, NULL));
        struct view *view = look(attr, "look", "/host", "look", "/host/proc", "look", "/same", "look", "/same/proc", "look",
            "/host/reporter");
        assert_saw(view, "fs./host/proc", "proc");
        assert_true(has_word(view, "flags./host", "ro"));
        assert_true(has_word(view, "flags./host/proc", "ro"));
        assert_false(has_word(view, "flags./same", "ro"));
        const char *all[] = { "nosuid", "noexec", user ? "nodev" : "noatime" };
        for (int i = 0; i < 3; i++) {
            assert_true(has_word(view, "flags./same", all[i]));
            assert_true(has_word(view, "flags./same/proc", all[i]));
        }
        assert_saw(view, "kind./host/reporter", "No such file or directory");
    }
}

#define NOSYMFOLLOW 256 /* not in the headers of every C library */

TEST_BOTH(add_mount)
{
    need_mounts();
    new_file("file");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        for (const char *const *path = (const char *[]){ "/a", "/b", "/c", "/d", NULL }; *path; path++)
            OK(forkexec_attr_make_directory(attr, *path, 0755));
        OK(forkexec_attr_add_mount(attr, "any", "/a", "tmpfs", MS_NOEXEC, "size=64k,mode=0711"));
        OK(forkexec_attr_add_mount(attr, NULL, "/b", "tmpfs", 0, NULL));
        OK(forkexec_attr_add_mount(attr, NULL, "/b", NULL, MS_REMOUNT, "size=128k"));
        OK(forkexec_attr_add_mount(attr, NULL, "/b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
        OK(forkexec_attr_add_mount(attr, scratch(), "/c", NULL, MS_BIND | MS_RDONLY, NULL));
        uint64_t more = user ? 0 : MS_NODIRATIME;
        OK(forkexec_attr_add_mount(attr, scratch(), "/d", NULL, MS_BIND | NOSYMFOLLOW | more, NULL));
        OK(forkexec_attr_add_mount(attr, NULL, "/a", NULL, MS_SHARED, NULL));
        OK(forkexec_attr_add_mount(attr, NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOATIME, NULL));
        struct view *view = look(attr, "look", "/a", "look", "/b", "look", "/c/file", "look", "/d/file", "look", "/");
        assert_true(has_word(view, "flags./d/file", "nosymfollow"));
        assert_true(user || has_word(view, "flags./d/file", "nodiratime"));
        assert_saw(view, "flags./a", "noexec");
        assert_saw(view, "mode./a", "0711");
        assert_saw(view, "size./a", "65536");
        assert_saw(view, "size./b", "131072");
        assert_saw(view, "flags./b", "ro");
        assert_saw(view, "text./c/file", "file");
        assert_true(has_word(view, "flags./c/file", "ro"));
        assert_saw(view, "flags./", "nosuid nodev noatime");
    }
}

/* With MS_BIND, mount(2) ignores these arguments. */
TEST_BOTH(arguments_that_a_bind_ignores)
{
    static const uint64_t flags[] = { MS_PRIVATE, MS_SLAVE | MS_REC, MS_SHARED, MS_UNBINDABLE, MS_RELATIME,
        MS_PRIVATE | MS_SHARED | MS_RELATIME };
    need_mounts();
    const char *source = new_directory("quiet"), *target = new_directory("bound");
    for EACH_MOUNT_MODE(mode, user)
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i += denied_as() ? 5 : 1) {
            struct forkexec_attr *attr = mount_attr(mode, user);
            OK(forkexec_attr_add_mount(attr, "x", source, "tmpfs", MS_NOATIME, "mode=0711"));
            OK(forkexec_attr_add_mount(attr, source, target, NULL, MS_BIND | MS_RDONLY | flags[i], NULL));
            OK(forkexec_attr_bind_mount(attr, target, source, 0)); /* an unbindable mount could not be bound */
            struct view *view = run_reporter(attr, .argv = (char *[]){ "w", "look", (char *)source, "see", NULL });
            assert_saw(view, text("mode.%s", source), "0711");
            assert_saw(view, text("flags.%s", source), "ro noatime");
            assert_saw(view, "propagation", "private");
        }
}

/* In a user namespace the kernel does not allow removing a flag or changing the access time flags. */
TEST_BOTH(readonly_keeps_the_other_flags)
{
    static const struct {
        uint64_t flags;
        const char *options;
    } kinds[] = { { MS_STRICTATIME, "ro " }, { MS_STRICTATIME | MS_NODIRATIME, "ro,nodiratime " },
        { MS_RELATIME, "ro,relatime " }, { MS_NODIRATIME, "ro,nodiratime,relatime " }, { MS_NOATIME, "ro,noatime " },
        { MS_RDONLY, "ro,relatime " }, { MS_NOSUID | MS_NOSYMFOLLOW, "ro,nosuid,relatime,nosymfollow " } };
    need_mounts();
    const char *source = new_directory("open"), *target = new_directory("readonly");
    for EACH_MOUNT_MODE(mode, user)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            struct forkexec_attr *attr = mount_attr(mode, user);
            OK(forkexec_attr_add_mount(attr, "x", source, "tmpfs", kinds[i].flags, NULL));
            OK(forkexec_attr_bind_mount(attr, source, target, FORKEXEC_MOUNT_READONLY));
            struct view *view = run_reporter(attr, .argv = (char *[]){ "w", "mounts", NULL });
            const char *options = saw(view, text("mount.%s", target));
            assert_non_null(options);
            assert_string_equal(text("%.*s", (int)strlen(kinds[i].options), options), kinds[i].options);
        }
}

/* The owner must be able to enter the directory until its setuid and setgid bits are set, even if its final mode forbids
 * it. */
static void makes_a_closed_directory(const void *unused)
{
    (void)unused;
    uint64_t most = 0;
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
        if (cap != CAP_DAC_OVERRIDE && cap != CAP_DAC_READ_SEARCH && prctl(PR_CAPBSET_READ, cap) == 1)
            most |= BIT(cap);
    assert_false(set_caps(most, most, 0));
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = in_empty_root(mode, false);
        OK(forkexec_attr_make_directory(attr, "/a", 02050));
        OK(forkexec_attr_make_directory(attr, "/b", 04755));
        struct view *view = look(attr, "look", "/a", "look", "/b");
        assert_saw(view, "mode./a", "2050");
        assert_saw(view, "mode./b", "4755");
    }
}

TEST_BOTH(a_directory_that_its_owner_may_not_enter)
{
    need_other_roots();
    need_root();
    need_mounts();
    public_reporter();
    in_fork(makes_a_closed_directory, NULL);
}

TEST_BOTH(a_mount_of_the_callers_moves)
{
    need_mounts();
    const char *from = new_directory("from"), *to = new_directory("to");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, from, 4096, 0711, 0));
        OK(forkexec_attr_add_mount(attr, from, to, NULL, MS_MOVE, NULL));
        struct view *view = run_reporter(attr, .argv = (char *[]){ "w", "look", (char *)to, "look", (char *)from, NULL });
        assert_saw(view, text("mode.%s", to), "0711");
        assert_saw(view, text("mode.%s", from), "0777");
    }
}

TEST_BOTH(overlay)
{
    need_mounts();
    new_directory("lower");
    new_file("lower/file");
    new_directory("upper");
    const char *data = text("lowerdir=%s,upperdir=%s,workdir=%s", scratch_path("lower"), scratch_path("upper"),
        new_directory("work"));
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_directory(attr, "/o", 0755));
        OK(forkexec_attr_add_mount(attr, "overlay", "/o", "overlay", 0, data));
        struct forkexec_error error;
        struct forkexec_child *child;
        char *argv[] = { "w", "touch", "/o/made", NULL };
        int result = try_start(attr, "/reporter", argv, NULL, &child, &error);
        need(!result || error.stage != FORKEXEC_STAGE_MOUNT, "no overlay here: %s", error.message);
        assert_int_equal(finish(child).exit_code, 0);
        forkexec_close(child);
        assert_true(exists(scratch_path("upper/made")));
        assert_false(unlink(scratch_path("upper/made")));
        struct view *view = look(attr, "look", "/o", "look", "/o/file");
        assert_saw(view, "fs./o", "overlay");
        assert_saw(view, "text./o/file", "lower/file");
    }
    rmdir(scratch_path("work/work"));
}

TEST_BOTH(sysfs)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_NET));
        OK(forkexec_attr_make_directory(attr, "/sys", 0755));
        OK(forkexec_attr_add_mount(attr, "sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
        struct forkexec_error error;
        struct forkexec_child *child = NULL;
        int result = try_start(attr, "/reporter", (char *[]){ "w", "exit", "0", NULL }, NULL, &child, &error);
        need(!result || error.stage != FORKEXEC_STAGE_MOUNT, "no sysfs here: %s", error.message);
        finish(child);
        forkexec_close(child);
        struct view *view = look(attr, "look", "/sys", "look", "/sys/class/net/lo");
        assert_saw(view, "fs./sys", "sysfs");
        assert_saw(view, "flags./sys", "ro nosuid nodev noexec");
        assert_saw(view, "kind./sys/class/net/lo", "link");
    }
}

static const struct {
    const char *path, *kind;
} devices[] = { { "/dev/null", "device 1:3" }, { "/dev/zero", "device 1:5" }, { "/dev/full", "device 1:7" },
    { "/dev/random", "device 1:8" }, { "/dev/urandom", "device 1:9" }, { "/dev/tty", "device 5:0" } },
  links[] = { { "/dev/fd", "/proc/self/fd" }, { "/dev/stdin", "/proc/self/fd/0" }, { "/dev/stdout", "/proc/self/fd/1" },
    { "/dev/stderr", "/proc/self/fd/2" }, { "/dev/ptmx", "pts/ptmx" } };

TEST_BOTH(dev)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user)
        for (uint32_t readonly = 0; readonly < 2; readonly++) {
            struct forkexec_attr *attr = in_empty_root(mode, user);
            OK(forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE | readonly * FORKEXEC_MOUNT_READONLY));
            for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
                struct view *view = look(attr, "look", (char *)devices[i].path);
                assert_saw(view, text("kind.%s", devices[i].path), devices[i].kind);
            }
            for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
                struct view *view = look(attr, "look", (char *)links[i].path);
                assert_saw(view, text("text.%s", links[i].path), links[i].kind);
            }
            struct view *view = look(attr, "look", "/dev", "look", "/dev/pts", "look", "/dev/pts/ptmx", "look", "/dev/shm",
                "touch", "/dev/null", "touch", "/dev/shm/made");
            assert_saw(view, "flags./dev", readonly ? "ro nosuid noexec" : "nosuid noexec");
            assert_saw(view, "fs./dev", "tmpfs");
            assert_saw(view, "mode./dev", "0755");
            assert_saw(view, "fs./dev/pts", "devpts");
            assert_saw(view, "flags./dev/pts", "nosuid noexec");
            assert_saw(view, "kind./dev/pts/ptmx", "device 5:2");
            assert_saw(view, "mode./dev/pts/ptmx", "0666");
            assert_saw(view, "mode./dev/shm", "1777");
            assert_saw(view, "flags./dev/shm", "nosuid nodev noexec");
        }
}

/* A caller may map its ids to any. devpts needs a mapped id 0, so it is mounted before the program's ids are set. */
TEST_BOTH(devices_under_other_ids)
{
    need_mounts();
    need_user_namespaces();
    need_other_roots();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID));
        OK(forkexec_attr_map_uid(attr, 7, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 8, getegid(), 1));
        OK(forkexec_attr_set_root(attr, NULL, 0));
        OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_make_directory(attr, "/made", 0700));
        OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE));
        struct view *view = look(attr, "look", "/dev/pts", "look", "/dev/pts/ptmx", "look", "/made", "look",
            "/proc/self/uid_map", "look", "/proc/self/gid_map", "look", "/proc/self/setgroups");
        assert_saw(view, "fs./dev/pts", "devpts");
        assert_saw(view, "mode./dev/pts/ptmx", "0666");
        assert_saw(view, "uid./made", "7");
        assert_saw(view, "text./proc/self/uid_map", "         7          0          1\\x0a");
        assert_saw(view, "text./proc/self/gid_map", "         8          0          1\\x0a");
        assert_saw(view, "text./proc/self/setgroups", "deny\\x0a");
        /* A child that drops all capabilities keeps only a few until then, among them those for the second map. */
        OK(forkexec_attr_drop_capabilities(attr));
        OK(forkexec_attr_set_no_new_privs(attr));
        assert_saw(look(attr, "look", "/dev/pts"), "fs./dev/pts", "devpts");
    }
}

TEST_BOTH(directories_links_and_files)
{
    static const uint8_t bytes[] = "one\ntwo\n";
    need_mounts();
    mode_t mask = umask(077);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_directory(attr, "/a/b/c", 01770));
        OK(forkexec_attr_make_directory(attr, "/a/b", 0700)); /* stays unchanged */
        OK(forkexec_attr_make_symlink(attr, "../a/b", "/links/to"));
        OK(forkexec_attr_make_symlink(attr, "../a/b", "/links/to"));
        OK(forkexec_attr_make_file(attr, "/etc/hosts", bytes, sizeof bytes - 1, 0664));
        OK(forkexec_attr_make_file(attr, "/etc/empty", NULL, 0, 04755));
        struct view *view = look(attr, "look", "/a/b", "look", "/a/b/c", "look", "/links/to", "look", "/etc", "look",
            "/etc/hosts", "look", "/etc/empty", "see");
        assert_saw(view, "mode./a/b", "0755");
        assert_saw(view, "mode./a/b/c", "1770");
        assert_saw(view, "text./links/to", "../a/b");
        assert_saw(view, "mode./etc", "0755");
        assert_saw(view, "text./etc/hosts", "one\\x0atwo\\x0a");
        assert_saw(view, "mode./etc/hosts", "0664");
        assert_saw(view, "mode./etc/empty", "4755");
        assert_saw(view, "text./etc/empty", "");
        assert_saw(view, "umask", "077");
        OK(forkexec_attr_set_umask(attr, 022));
        assert_saw(look(attr, "look", "/a/b/c", "see"), "umask", "022");
    }
    umask(mask);
}

/* Every bit of a mode is set: mkdir(2) ignores two of them, and a write clears two unless the writer has CAP_FSETID. */
TEST_BOTH(every_bit_of_a_mode)
{
    static const uint32_t modes[] = { 01777, 02755, 04755, 06711, 07777, 01000, 02070, 04000, 06644, 03775, 0, 0444, 0311 };
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        char *argv[128] = { "w" };
        int n = 1;
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
            static const char *const names[] = { "d", "empty", "full" };
            OK(forkexec_attr_make_directory(attr, text("/d%04o", modes[i]), modes[i]));
            OK(forkexec_attr_make_file(attr, text("/empty%04o", modes[i]), NULL, 0, modes[i]));
            OK(forkexec_attr_make_file(attr, text("/full%04o", modes[i]), (const uint8_t *)"bytes", 5, modes[i]));
            for (int k = 0; k < 3; k++) {
                argv[n++] = "look";
                argv[n++] = (char *)text("/%s%04o", names[k], modes[i]);
            }
        }
        struct view *view = run_reporter(attr, .path = "/reporter", .argv = argv);
        for (int k = 2; k < n; k += 2)
            assert_saw(view, text("mode.%s", argv[k]), argv[k] + strlen(argv[k]) - 4);
    }
}

/* In a setgid directory of another group, whose group new files get. */
static void in_a_setgid_directory(const void *with)
{
    bool may = *(const bool *)with;
    const char *directory = scratch_path("setgid");
    uint64_t all = 0x1ffffffffff, without = all & ~BIT(CAP_FSETID);
    struct stat seen;
    if (!may)
        assert_false(prctl(PR_CAPBSET_DROP, CAP_FSETID, 0, 0, 0));
    if (!may) {
        struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
        struct __user_cap_data_struct set[2];
        assert_false(syscall(SYS_capget, &header, set));
        uint64_t has = set[0].permitted | (uint64_t)set[1].permitted << 32;
        assert_false(set_caps(has & without, has & without, 0));
    }
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = mount_attr(mode, false);
        OK(forkexec_attr_make_directory(attr, text("%s/d", directory), 0755));
        OK(forkexec_attr_make_file(attr, text("%s/f", directory), NULL, 0, 0755));
        assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
        assert_false(stat(text("%s/d", directory), &seen));
        assert_int_equal(seen.st_mode & 07777, 0755);
        assert_false(stat(text("%s/f", directory), &seen));
        assert_int_equal(seen.st_mode & 07777, 0755);
        assert_false(rmdir(text("%s/d", directory)) || unlink(text("%s/f", directory)));
        attr = mount_attr(mode, false);
        OK(forkexec_attr_make_file(attr, text("%s/f", directory), (const uint8_t *)"x", 1, 02755));
        if (may) {
            assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
            assert_false(stat(text("%s/f", directory), &seen));
            assert_int_equal(seen.st_mode & 07777, 02755);
        } else
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_FILE, EPERM, 0);
        unlink(text("%s/f", directory));
        attr = mount_attr(mode, false);
        OK(forkexec_attr_make_directory(attr, text("%s/d", directory), 06755));
        if (may) {
            assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
            assert_false(stat(text("%s/d", directory), &seen));
            assert_int_equal(seen.st_mode & 07777, 06755);
        } else
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_DIRECTORY, EPERM, 0);
        rmdir(text("%s/d", directory));
    }
}

TEST_BOTH(a_mode_in_a_setgid_directory)
{
    need_root();
    need_mounts();
    need_cap(CAP_FSETID);
    need_cap(CAP_CHOWN);
    need_native();
    const char *directory = new_directory("setgid");
    assert_false(chown(directory, 0, 4242) || chmod(directory, 02777));
    for (int may = 0; may < 2; may++) {
        bool with = may;
        in_fork(in_a_setgid_directory, &with);
    }
}

/* The largest possible file, longer than one page of the child's strings; and one byte too many. */
TEST_BOTH(a_large_file)
{
    static uint8_t bytes[65537];
    need_mounts();
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 256; i++)
        bytes[i * 255] = (uint8_t)i;
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file(attr, "/file", bytes, 65536, 0644));
        OK(forkexec_attr_open_fd(attr, 5, "/file", O_RDONLY, 0));
        static uint8_t seen[65537];
        int pair[2];
        size_t size = 0;
        assert_false(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_map_fd(attr, pair[1], 1));
        struct forkexec_child *child = start(attr, "/reporter", (char *[]){ "w", "cat", "5", NULL }, NULL);
        close(pair[1]);
        for (ssize_t n; (n = read(pair[0], seen + size, sizeof seen - size)) > 0;)
            size += (size_t)n;
        close(pair[0]);
        assert_int_equal(finish(child).exit_code, 0);
        assert_int_equal(size, 65536);
        assert_memory_equal(seen, bytes, size);
    }
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_make_file(attr, "/file", bytes, 65537, 0644), -EINVAL);
    assert_int_equal(forkexec_attr_make_file(attr, "/file", NULL, 1, 0644), -EINVAL);
}

TEST_BOTH(masks)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file(attr, "/a/b/secret", (const uint8_t *)"secret", 6, 0644));
        OK(forkexec_attr_make_file(attr, "/secret", (const uint8_t *)"secret", 6, 0644));
        OK(forkexec_attr_mask_path(attr, "/a/b"));
        OK(forkexec_attr_mask_path(attr, "/secret"));
        OK(forkexec_attr_mask_path(attr, "/nothing/here"));
        struct view *view = look(attr, "look", "/a/b", "look", "/a/b/secret", "look", "/secret", "look", "/nothing");
        assert_saw(view, "mode./a/b", "0555");
        assert_saw(view, "flags./a/b", "ro nosuid nodev noexec");
        assert_saw(view, "kind./a/b/secret", "No such file or directory");
        assert_saw(view, "kind./secret", "device 1:3");
        assert_saw(view, "kind./nothing", "No such file or directory");
    }
}

TEST_BOTH(make_readonly)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/a", 0, 0755, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NOSUID));
        OK(forkexec_attr_mount_tmpfs(attr, "/a/b b\\", 0, 0755, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NODEV));
        OK(forkexec_attr_mount_tmpfs(attr, "/a/b b\\/c", 0, 0755, FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_mount_tmpfs(attr, "/aa", 0, 0755, FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_make_file(attr, "/file", NULL, 0, 0666));
        OK(forkexec_attr_make_directory(attr, "/d/d", 0777));
        OK(forkexec_attr_make_readonly(attr, "/a"));
        OK(forkexec_attr_make_readonly(attr, "/file"));
        OK(forkexec_attr_make_readonly(attr, "/d"));
        struct view *view = look(attr, "look", "/a", "look", "/a/b b\\", "look", "/a/b b\\/c", "look", "/aa", "look",
            "/file", "look", "/d/d", "look", "/");
        assert_saw(view, "flags./a", "ro nosuid");
        assert_saw(view, "flags./a/b b\\", "ro nodev");
        assert_saw(view, "flags./aa", "");
        assert_saw(view, "flags./file", "ro nosuid nodev");
        assert_saw(view, "flags./d/d", "ro nosuid nodev");
        assert_saw(view, "flags./", "nosuid nodev");
        static const char *const made[] = { "/a/made", "/a/b b\\/made", "/a/b b\\/c/made", "/d/d/made" };
        for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
            char *argv[] = { "w", "touch", (char *)made[i], NULL };
            assert_int_equal(finish(start(attr, "/reporter", argv, NULL)).exit_code, EROFS);
        }
    }
}

/* A namespace in which the caller's id is 0, held by a child of the library. */
static int user_namespace_of(uint32_t inside, uint32_t outside, struct forkexec_child **child)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(attr, inside, outside, 1));
    OK(forkexec_attr_map_gid(attr, inside, outside, 1));
    OK(forkexec_hold(attr, child, NULL));
    return open(text("/proc/%d/ns/user", forkexec_child_pid(*child)), O_RDONLY | O_CLOEXEC);
}

TEST_BOTH(ids_are_mapped)
{
    need_other_roots();
    need_root();
    need_mounts();
    need_user_namespaces();
    struct forkexec_child *holder;
    /* At the lowest possible number. */
    int namespace = user_namespace_of(0, 4242, &holder), before = fcntl(0, F_DUPFD_CLOEXEC, 3), fd = 0;
    assert_int_equal(dup2(namespace, fd), fd);
    close(namespace);
    static const int mounters[] = { SYS_open_tree, SYS_mount_setattr, SYS_move_mount };
    new_directory("source");
    new_file("source/file");
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = in_empty_root(mode, false);
        OK(forkexec_attr_bind_mount_idmapped(attr, scratch_path("source"), "/source", fd, FORKEXEC_MOUNT_CREATE));
        struct forkexec_error error;
        struct forkexec_child *child = NULL;
        int result = try_start(attr, "/reporter", (char *[]){ "w", "exit", "0", NULL }, NULL, &child, &error);
        if (result) {
            dup2(before, fd);
            close(before);
            forkexec_close(holder);
            assert_int_equal(error.stage, FORKEXEC_STAGE_BIND);
            for (size_t i = 0; i < 3; i++)
                if (lacks_call_with(mounters[i]))
                    assert_int_equal(error.code, lacks_call_with(mounters[i]));
            skip_because("no ids are mapped here: %s", error.message);
        }
        finish(child);
        forkexec_close(child);
        assert_saw(look(attr, "look", "/source/file"), "uid./source/file", "4242");
        OK(forkexec_attr_bind_mount_idmapped(attr, "/", "/other", 999, 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EBADF, 2);
    }
    dup2(before, fd);
    close(before);
    forkexec_close(holder);
    assert_int_equal(forkexec_attr_bind_mount_idmapped(new_attr(), "/", "/a", -1, 0), -EBADF);
}

/* Without a new root: mounts are made in the existing one, and the program starts in the caller's directory. */
TEST_BOTH(in_the_callers_root)
{
    need_mounts();
    const char *directory = new_directory("here"), *file = new_file("file");
    new_directory("here/cwd");
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, directory, 4096, 0700, 0));
        OK(forkexec_attr_make_directory(attr, text("%s/inside", directory), 0711));
        OK(forkexec_attr_mask_path(attr, file));
        char *argv[] = { "w", "look", (char *)text("%s/inside", directory), "look", (char *)file, "see", NULL };
        struct view *view = run_reporter(attr, .argv = argv);
        assert_saw(view, text("mode.%s/inside", directory), "0711");
        assert_saw(view, text("kind.%s", file), "device 1:3");
        assert_saw(view, "cwd", before);
        assert_false(exists(text("%s/inside", directory)));
    }
}

/* The child returns to a directory that it may enter, but not read. */
TEST_BOTH(a_working_directory_that_may_only_be_entered)
{
    need_mounts();
    need_root();
    const char *closed = scratch_path("closed"), *directory = new_directory("directory");
    int before = open(".", O_PATH | O_CLOEXEC);
    assert_false(mkdir(closed, 0) || chmod(closed, 0711) || chown(closed, NOBODY, NOBODY) || chdir(closed));
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, directory, 4096, 0700, 0));
        assert_saw(run_reporter(attr), "cwd", closed);
    }
    assert_false(fchdir(before));
    close(before);
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(OLDER_HOSTS);
}
