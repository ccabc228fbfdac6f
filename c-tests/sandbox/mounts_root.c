/* set_root: what the program's own root has, what it has not, and what is refused. */
#include "mount_requests.h"

EACH_TEST_NEEDS(need_other_roots)

/* A root on disk, with the reporter, a directory, a file and a link. */
static const char *root_on_disk(void)
{
    static const char *const directories[] = { "proc", "tmp", "sub" };
    public_reporter();
    for (int i = 0; i < 3; i++)
        new_directory(directories[i]);
    new_file("sub/file");
    return scratch();
}

static struct forkexec_attr *rooted(uint32_t mode, bool user, uint32_t flags)
{
    struct forkexec_attr *attr = mount_attr(mode, user);
    OK(forkexec_attr_set_root(attr, root_on_disk(), flags));
    return attr;
}

TEST_BOTH(a_directory_becomes_the_root)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = rooted(mode, user, 0);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_mount_proc(attr, "/proc", 0));
        struct view *view = look(attr, "look", "/sub/file", "touch", "/tmp/made", "see");
        assert_saw(view, "text./sub/file", "sub/file");
        assert_saw(view, "cwd", "/");
        assert_saw(view, "root", "/");
        assert_saw(view, "exe", "/reporter");
        assert_saw(view, "fds", "0 1 2");
        assert_saw(view, "mounts", "2"); /* nothing of the old root is left */
        assert_true(exists(scratch_path("tmp/made")));
        assert_false(unlink(scratch_path("tmp/made")));
    }
}

/* Until the root is entered, it is open as some descriptor, which may have the lowest number. */
static void is_in_its_root(const void *unused)
{
    (void)unused;
    close(0);
    for EACH_ROOT_MODE(mode, user)
        assert_int_equal(finish(start(rooted(mode, user, 0), "/reporter", (char *[]){ "w", "exit", "7", NULL }, NULL)).exit_code, 7);
}

TEST_BOTH(a_root_for_a_caller_without_standard_input)
{
    need_mounts();
    root_on_disk();
    may_have_user_namespaces();
    in_fork(is_in_its_root, NULL);
}

TEST_BOTH(a_relative_root_begins_in_the_callers_directory)
{
    need_mounts();
    root_on_disk();
    int before = open(".", O_RDONLY | O_CLOEXEC);
    assert_false(chdir(scratch_path("sub")));
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_set_root(attr, "..", 0));
        assert_saw(look(attr, "look", "/sub/file"), "text./sub/file", "sub/file");
    }
    assert_false(fchdir(before));
    close(before);
}

TEST_BOTH(a_readonly_root)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = rooted(mode, user, FORKEXEC_ROOT_READONLY);
        OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 0, 01777, 0));
        OK(forkexec_attr_mount_tmpfs(attr, "/made/here", 0, 01777, FORKEXEC_MOUNT_CREATE));
        struct view *view = look(attr, "look", "/", "look", "/tmp", "touch", "/tmp/made", "touch", "/made/here/made");
        assert_true(has_word(view, "flags./", "ro"));
        assert_saw(view, "flags./tmp", "");
        int code = finish(start(attr, "/reporter", (char *[]){ "w", "touch", "/sub/made", NULL }, NULL)).exit_code;
        assert_int_equal(code, EROFS);
        rmdir(scratch_path("made/here"));
        rmdir(scratch_path("made"));
    }
    struct forkexec_attr *attr = in_empty_root(0, geteuid());
    OK(forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY));
    assert_saw(look(attr, "look", "/"), "flags./", "ro nosuid nodev");
}

/* The caller's own root again, with everything mounted in it: all of it read-only, except new mounts. */
TEST_BOTH(the_callers_root_readonly)
{
    need_mounts();
    const char *open = new_directory("open");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY));
        OK(forkexec_attr_bind_mount(attr, open, open, 0));
        char *argv[] = { "w", "look", "/", "look", "/proc", "touch", (char *)text("%s/made", open), NULL };
        struct view *view = run_reporter(attr, .argv = argv);
        assert_true(has_word(view, "flags./", "ro"));
        assert_true(has_word(view, "flags./proc", "ro"));
        assert_false(unlink(text("%s/made", open)));
    }
}

/* The flags apply to all mounts of the root's tree, and not to mounts that the request adds. */
TEST_BOTH(flags_of_a_root)
{
    need_mounts();
    const char *open = new_directory("open");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_NOSUID | FORKEXEC_ROOT_NODEV));
        OK(forkexec_attr_mount_tmpfs(attr, open, 0, 0755, 0));
        char *argv[] = { "w", "look", "/", "look", "/proc", "look", "/dev", "look", (char *)open, NULL };
        struct view *view = run_reporter(attr, .argv = argv);
        for (size_t i = 0; i < 3; i++) {
            const char *key = text("flags.%s", (const char *[]){ "/", "/proc", "/dev" }[i]);
            assert_true(has_word(view, key, "nosuid"));
            assert_true(has_word(view, key, "nodev"));
        }
        assert_false(has_word(view, text("flags.%s", open), "nodev"));
        OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_NOEXEC));
        assert_spawn_fails(attr, "/bin/sh", FORKEXEC_STAGE_EXEC, EACCES, -1);
    }
    struct forkexec_attr *attr = mount_attr(0, geteuid());
    OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY | FORKEXEC_ROOT_NODEV));
    OK(forkexec_attr_make_directory(attr, open, 0755)); /* the root is made read-only at the end */
    struct view *view = run_reporter(attr, .argv = (char *[]){ "w", "look", "/", NULL });
    assert_true(has_word(view, "flags./", "ro"));
    assert_true(has_word(view, "flags./", "nodev"));
}

TEST_BOTH(the_working_directory)
{
    need_mounts();
    root_on_disk();
    int inside = open(scratch_path("sub"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = rooted(mode, user, 0);
        OK(forkexec_attr_set_cwd(attr, "sub"));
        assert_saw(run_reporter(attr, .path = "/reporter"), "cwd", "/sub");
        OK(forkexec_attr_set_cwd(attr, "/nothing"));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD, ENOENT, -1);
        /* A descriptor that was opened before refers to a file outside, whatever path it has. */
        OK(forkexec_attr_set_cwd_fd(attr, outside));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD_CHECK, ENOENT, -1);
        OK(forkexec_attr_set_cwd_fd(attr, inside));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD_CHECK, ENOENT, -1);
        attr = rooted(mode, user, 0);
        OK(forkexec_attr_map_fd(attr, outside, 7));
        OK(forkexec_attr_enter_directory_fd(attr, 7));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FD_ACTION, ENOENT, 0);
    }
    close(inside);
    close(outside);
}

TEST_BOTH(files_outside_are_not_visible)
{
    need_mounts();
    const char *outside = text("%s/reporter", root_on_disk());
    for EACH_ROOT_MODE(mode, user) {
        assert_spawn_fails(rooted(mode, user, 0), outside, FORKEXEC_STAGE_EXEC, ENOENT, -1);
        struct forkexec_attr *attr = rooted(mode, user, 0);
        OK(forkexec_attr_open_fd(attr, 0, "/etc/passwd", O_RDONLY, 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FD_ACTION, ENOENT, 0);
    }
}

TEST_BOTH(a_program_from_outside_by_descriptor)
{
    need_mounts();
    need_native(); /* the script would be executed by name */
    int fd = open(reporter, O_PATH | O_CLOEXEC);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_set_root(attr, NULL, 0));
        OK(forkexec_attr_set_exec_fd(attr, fd));
        struct forkexec_child *child = start(attr, NULL, (char *[]){ "w", "touch", "/made", "exit", "4", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, 4);
    }
    close(fd);
}

TEST_BOTH(the_root_is_made_before_the_ids_change)
{
    need_cap(CAP_SETUID);
    need_cap(CAP_SYS_ADMIN);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = in_empty_root(mode, false);
        OK(forkexec_attr_make_directory(attr, "/closed", 0700));
        OK(forkexec_attr_set_uid(attr, NOBODY));
        assert_saw(run_reporter(attr, .path = "/reporter"), "uid", "65534 65534 65534 65534");
        OK(forkexec_attr_set_cwd(attr, "/closed/inside"));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD, EACCES, -1);
    }
}

TEST_BOTH(with_entered_namespaces)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_MOUNT));
        if (user) {
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
            OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        }
        OK(forkexec_attr_set_mount_propagation(attr, MS_SLAVE | MS_REC));
        OK(forkexec_attr_set_root(attr, root_on_disk(), 0));
        assert_saw(look(attr, "look", "/sub/file"), "text./sub/file", "sub/file");
    }
}

TEST(a_held_child_is_in_its_root)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_child *child = NULL;
        OK(forkexec_start(rooted(mode, user, 0), "/reporter", (char *[]){ "w", NULL }, NULL, &child, NULL));
        if (!geteuid() && !user) {
            const char *inside = text("/proc/%d/root/sub/file", forkexec_child_pid(child));
            assert_true(exists(inside));
            assert_string_equal(link_of(text("/proc/%d/cwd", forkexec_child_pid(child))), "/");
        }
        forkexec_close(child);
    }
    struct forkexec_child *holder = NULL;
    OK(forkexec_hold(rooted(0, geteuid(), 0), &holder, NULL));
    forkexec_close(holder);
}

TEST_BOTH(paths_that_cannot_be_roots)
{
    need_mounts();
    root_on_disk();
    static const struct {
        const char *name;
        int code;
    } cases[] = { { "nothing", ENOENT }, { "sub/file", ENOTDIR } };
    for (int i = 0; i < 2; i++)
        for EACH_ROOT_MODE(mode, user) {
            struct forkexec_attr *attr = mount_attr(mode, user);
            OK(forkexec_attr_set_root(attr, scratch_path(cases[i].name), FORKEXEC_ROOT_READONLY));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_ROOT, cases[i].code, -1);
        }
}

TEST_BOTH(requests_that_fail)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_root(attr, NULL, 0));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = new_attr();
    OK(forkexec_attr_mask_path(attr, "/tmp"));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = mount_attr(0, false);
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_set_chroot(attr, "/"));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    static const uint64_t open_ways[] = { 0, MS_SHARED | MS_REC, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE | MS_REC };
    for (int i = 0; i < 5; i++) {
        attr = mount_attr(0, false);
        OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 0, 0, 0));
        OK(forkexec_attr_set_mount_propagation(attr, open_ways[i]));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
}

/* Arguments that are wrong by themselves are refused at once, and mark the attr. */
TEST(arguments_that_are_refused)
{
    static const char *const targets[] = { NULL, "", "a", "a/b", "..", "/..", "/a/../b", "/a/..", "/", "//", "/." };
    static char longer[5000];
    for (size_t i = 0; i <= sizeof targets / sizeof *targets; i++) {
        bool is_long = i == sizeof targets / sizeof *targets;
        int code = is_long ? -ENAMETOOLONG : -EINVAL;
        const char *target = is_long ? memset(longer, '/', 4096) : targets[i];
        if (is_long)
            longer[1] = 'a';
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_add_mount(attr, "x", target, "tmpfs", 0, NULL), code);
        assert_int_equal(forkexec_attr_bind_mount(attr, "/", target, 0), code);
        assert_int_equal(forkexec_attr_bind_mount_idmapped(attr, "/", target, 0, 0), code);
        assert_int_equal(forkexec_attr_mount_tmpfs(attr, target, 0, 0, 0), code);
        assert_int_equal(forkexec_attr_mount_proc(attr, target, 0), code);
        assert_int_equal(forkexec_attr_mount_dev(attr, target, 0), code);
        assert_int_equal(forkexec_attr_make_directory(attr, target, 0), code);
        assert_int_equal(forkexec_attr_make_symlink(attr, "a", target), code);
        assert_int_equal(forkexec_attr_make_file(attr, target, NULL, 0, 0), code);
        assert_int_equal(forkexec_attr_mask_path(attr, target), code);
        assert_int_equal(forkexec_attr_make_readonly(attr, target), code);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, -code, -1);
    }
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_bind_mount(attr, "/", "/a", 0x800), -EINVAL);
    assert_int_equal(forkexec_attr_bind_mount(attr, "", "/a", 0), -EINVAL);
    assert_int_equal(forkexec_attr_mount_tmpfs(attr, "/a", 0, 0, FORKEXEC_MOUNT_NONRECURSIVE), -EINVAL);
    assert_int_equal(forkexec_attr_mount_tmpfs(attr, "/a", 0, 010000, 0), -EINVAL);
    assert_int_equal(forkexec_attr_mount_proc(attr, "/a", FORKEXEC_MOUNT_FOLLOW), -EINVAL);
    assert_int_equal(forkexec_attr_mount_dev(attr, "/a", FORKEXEC_MOUNT_NOEXEC), -EINVAL);
    assert_int_equal(forkexec_attr_make_directory(attr, "/a", 010000), -EINVAL);
    assert_int_equal(forkexec_attr_make_symlink(attr, "", "/a"), -EINVAL);
    assert_int_equal(forkexec_attr_make_symlink(attr, NULL, "/a"), -EINVAL);
    assert_int_equal(forkexec_attr_set_root(attr, "", 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_root(attr, NULL, 16), -EINVAL);
    assert_int_equal(forkexec_attr_set_root(NULL, NULL, 0), -EINVAL);
    assert_int_equal(forkexec_attr_add_mount(attr, NULL, "/a", NULL, 0, NULL), -EINVAL);
    assert_int_equal(forkexec_attr_add_mount(attr, NULL, "/a", NULL, MS_BIND, NULL), -EINVAL);
    assert_int_equal(forkexec_attr_add_mount(attr, NULL, "/a", NULL, MS_MOVE, NULL), -EINVAL);
    assert_int_equal(forkexec_attr_add_mount(attr, "/", "/a", NULL, MS_BIND | MS_SYNCHRONOUS, NULL), -EINVAL);
    assert_int_equal(forkexec_attr_add_mount(attr, NULL, "/", NULL, MS_PRIVATE, NULL), -EINVAL);
    assert_int_equal(forkexec_attr_add_mount(attr, NULL, "/a", "tmpfs", 0, memset(longer, 'a', 4096)), -ENAMETOOLONG);
}

/* A copy has the list, too, and is independent. */
TEST_BOTH(a_copy_has_the_same_root)
{
    need_mounts();
    struct forkexec_attr *attr = in_empty_root(0, geteuid());
    OK(forkexec_attr_make_file(attr, "/one", (const uint8_t *)"1", 1, 0644));
    OK(forkexec_attr_make_symlink(attr, "one", "/link"));
    struct forkexec_attr *copy = forkexec_attr_copy(attr);
    OK(forkexec_attr_make_file(attr, "/two", NULL, 0, 0644));
    struct view *view = look(copy, "look", "/one", "look", "/link", "look", "/two");
    forkexec_attr_free(copy);
    assert_saw(view, "text./one", "1");
    assert_saw(view, "text./link", "one");
    assert_saw(view, "kind./two", "No such file or directory");
}

/* The caller sees neither a successful spawn nor one that failed halfway. */
TEST_BOTH(the_callers_mounts_are_unchanged)
{
    need_mounts();
    const char *before = text_of("/proc/self/mountinfo"), *here = new_directory("here");
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, here, 0, 0755, 0));
        OK(forkexec_attr_bind_mount(attr, "/", text("%s/host", here), FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_mount_dev(attr, text("%s/dev", here), FORKEXEC_MOUNT_CREATE));
        assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
        assert_string_equal(text_of("/proc/self/mountinfo"), before);
        OK(forkexec_attr_mask_path(attr, text("%s/dev/fd", here)));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_MASK, ELOOP, 3);
        if (mode == FORKEXEC_MEMORY_COPIED)
            continue;
        attr = mount_attr(mode, user);
        OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY));
        OK(forkexec_attr_mount_tmpfs(attr, here, 0, 0755, 0));
        OK(forkexec_attr_make_readonly(attr, text("%s/nothing", here)));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_READONLY, ENOENT, 1);
        assert_string_equal(text_of("/proc/self/mountinfo"), before);
    }
}

static void check_in_chroot(const void *with)
{
    assert_false(chroot(with));
    assert_false(chdir("/"));
    struct forkexec_attr *attr = attr_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, NULL, 0));
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    assert_int_equal(forkexec_spawn(attr, "/reporter", (char *[]){ "w", NULL }, NULL, &child, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_PROPAGATION);
    assert_non_null(strstr(error.message, "chroot"));
}

TEST(a_chroot_as_the_callers_root)
{
    need_cap(CAP_SYS_CHROOT);
    need_cap(CAP_SYS_ADMIN);
    in_fork(check_in_chroot, root_on_disk());
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(OLDER_HOSTS);
}
