/* chroot: all paths of the program start inside, and nothing leads out. */
#include "in_fork.h"

#include <fcntl.h>
#include <sched.h>

EACH_TEST_NEEDS(need_other_roots)

/* A root with only the reporter, a directory, a file, a link to "/", and a path to the outside. */
static const char *new_root(void)
{
    const char *reporter_inside = public_reporter();
    if (exists(scratch_path("sub")))
        return scratch();
    assert_false(mkdir(scratch_path("sub"), 0755));
    assert_false(symlink("/", scratch_path("up")));
    int fd = open(scratch_path("sub/file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(write(fd, "inside", 6), 6);
    close(fd);
    assert_true(exists(reporter_inside));
    return scratch();
}

/* An ordinary user needs a user namespace for it. */
static struct forkexec_attr *rooted(uint32_t mode)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_set_chroot(attr, new_root()));
    if (geteuid())
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    return attr;
}

static void need_chroot(void)
{
    if (geteuid())
        need_user_namespaces();
    else
        need_cap(CAP_SYS_CHROOT);
}

TEST_BOTH(the_working_directory_is_inside)
{
    need_chroot();
    for EACH_ROOT_MEMORY(mode) {
        struct view *view = run_reporter(rooted(mode), .path = "/reporter");
        assert_saw(view, "cwd", "/");
        assert_saw(view, "exe", "?"); /* there is no /proc in there */
    }
}

static const struct {
    const char *path, *seen;
} directories[] = { { "/sub", "/sub" }, { "sub", "/sub" }, { "up", "/" }, { "up/up/sub", "/sub" }, { "../..", "/" } };

TEST_BOTH(paths_are_looked_up_inside)
{
    need_chroot();
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        for EACH_ROOT_MEMORY(mode) {
            struct forkexec_attr *attr = rooted(mode);
            OK(forkexec_attr_set_cwd(attr, directories[i].path));
            assert_saw(run_reporter(attr, .path = "/up/reporter"), "cwd", directories[i].seen);
            attr = rooted(mode);
            OK(forkexec_attr_enter_directory(attr, directories[i].path));
            assert_saw(run_reporter(attr, .path = "/reporter"), "cwd", directories[i].seen);
        }
    struct forkexec_attr *attr = rooted(0);
    OK(forkexec_attr_set_cwd(attr, "/sub"));
    assert_saw(run_reporter(attr, .path = "../reporter"), "cwd", "/sub");
}

TEST_BOTH(files_outside_are_not_visible)
{
    need_chroot();
    const char *outside = text("%s", new_root());
    for EACH_ROOT_MEMORY(mode) {
        assert_spawn_fails(rooted(mode), text("%s/reporter", outside), FORKEXEC_STAGE_EXEC, ENOENT, -1);
        struct forkexec_attr *attr = rooted(mode);
        OK(forkexec_attr_set_cwd(attr, outside));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD, ENOENT, -1);
        attr = rooted(mode);
        OK(forkexec_attr_open_fd(attr, 0, "/etc/passwd", O_RDONLY, 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FD_ACTION, ENOENT, 0);
    }
}

TEST_BOTH(files_are_opened_inside)
{
    need_chroot();
    for EACH_ROOT_MEMORY(mode) {
        int pair[2];
        char bytes[16] = "";
        assert_false(pipe2(pair, O_CLOEXEC));
        struct forkexec_attr *attr = rooted(mode);
        OK(forkexec_attr_map_fd(attr, pair[1], 1));
        OK(forkexec_attr_open_fd(attr, 5, "/sub/file", O_RDONLY, 0));
        assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "w", "cat", "5", NULL }, NULL)).exit_code, 0);
        assert_int_equal(read(pair[0], bytes, sizeof bytes), 6);
        assert_string_equal(bytes, "inside");
        close(pair[0]);
        close(pair[1]);
    }
}

TEST_BOTH(a_directory_that_was_opened_before)
{
    need_chroot();
    new_root();
    int inside = open(scratch_path("sub"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = open(scratch_path("sub/file"), O_RDONLY | O_CLOEXEC);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = rooted(mode);
        OK(forkexec_attr_set_cwd_fd(attr, inside));
        assert_saw(run_reporter(attr, .path = "/reporter"), "cwd", "/sub");
        OK(forkexec_attr_set_cwd_fd(attr, outside));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD_CHECK, ENOENT, -1);
        OK(forkexec_attr_set_cwd_fd(attr, file));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD, ENOTDIR, -1);
    }
    close(inside);
    close(outside);
    close(file);
}

/* The same as an action, which comes later. */
TEST_BOTH(no_action_leads_out)
{
    need_chroot();
    new_root();
    int inside = open(scratch_path("sub"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = rooted(mode);
        OK(forkexec_attr_map_fd(attr, inside, 7));
        OK(forkexec_attr_enter_directory_fd(attr, 7));
        OK(forkexec_attr_close_fd(attr, 7));
        assert_saw(run_reporter(attr, .path = "/reporter"), "cwd", "/sub");
        OK(forkexec_attr_map_fd(attr, outside, 7));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FD_ACTION, ENOENT, 0);
    }
    close(inside);
    close(outside);
}

TEST_BOTH(a_program_from_outside_by_descriptor)
{
    need_native(); /* the script would be executed by name */
    need_chroot();
    int fd = open(reporter, O_PATH | O_CLOEXEC);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = rooted(mode);
        OK(forkexec_attr_set_exec_fd(attr, fd));
        struct forkexec_child *child = start(attr, NULL, (char *[]){ "w", "touch", "/sub/made", "exit", "4", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, 4);
        unlink(scratch_path("sub/made"));
    }
    close(fd);
}

TEST_BOTH(paths_that_cannot_be_roots)
{
    need_chroot();
    new_root();
    static const struct {
        const char *name;
        int code;
    } cases[] = { { "nothing", ENOENT }, { "sub/file", ENOTDIR } };
    for (int i = 0; i < 2; i++)
        for EACH_ROOT_MEMORY(mode) {
            struct forkexec_attr *attr = rooted(mode);
            OK(forkexec_attr_set_chroot(attr, scratch_path(cases[i].name)));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CHROOT, cases[i].code, -1);
        }
    static char path[5000];
    struct forkexec_attr *attr = new_attr(), *other = new_attr();
    memset(path, 'x', 4096);
    assert_int_equal(forkexec_attr_set_chroot(attr, path), -ENAMETOOLONG);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, ENAMETOOLONG, -1);
    assert_int_equal(forkexec_attr_set_chroot(other, ""), -EINVAL);
    assert_spawn_fails(other, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

static void check_refused(const void *with)
{
    become_nobody();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_chroot(attr, with));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CHROOT, EPERM, -1);
    }
}

TEST_BOTH(without_privilege_there_is_no_other_root)
{
    in_fork(check_refused, new_root());
}

/* The root is entered with the caller's rights. Everything later is done with the program's. */
TEST_BOTH(the_root_is_entered_before_the_ids_change)
{
    need_cap(CAP_SETUID);
    need_cap(CAP_SYS_CHROOT);
    new_root();
    const char *closed = scratch_path("closed");
    assert_false(mkdir(closed, 0700));
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = rooted(mode);
        OK(forkexec_attr_set_uid(attr, NOBODY));
        assert_saw(run_reporter(attr, .path = "/reporter"), "uid", "65534 65534 65534 65534");
        OK(forkexec_attr_set_chroot(attr, closed));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_EXEC, EACCES, -1);
    }
}

/* Mounts are made private before the root changes, while "/" is still a mount point. */
TEST_BOTH(with_a_mount_namespace)
{
    need_user_namespaces();
    need_chroot();
    for EACH_ROOT_MEMORY(mode)
        for (int entered = 0; entered < 2; entered++) {
            struct forkexec_attr *attr = rooted(mode);
            if (entered)
                OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_MOUNT));
            else
                OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
            struct forkexec_child *child = start(attr, "/reporter", (char *[]){ "w", "sleep", NULL }, NULL);
            pid_t pid = forkexec_child_pid(child);
            assert_string_equal(link_of(text("/proc/%d/root", pid)), scratch());
            assert_string_not_equal(link_of(text("/proc/%d/ns/mnt", pid)), link_of("/proc/self/ns/mnt"));
            OK(forkexec_signal(child, SIGKILL));
            finish(child);
        }
}

/* An ordinary user, with one id of each kind mapped. */
static void check_user(const void *with)
{
    become_nobody();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_MOUNT | FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 0, NOBODY, 1));
        OK(forkexec_attr_map_gid(attr, 0, NOBODY, 1));
        OK(forkexec_attr_set_chroot(attr, with));
        struct view *view = run_reporter(attr, .path = "/reporter");
        assert_saw(view, "uid", "0 0 0 0");
        assert_saw(view, "cwd", "/");
    }
}

TEST_BOTH(an_ordinary_user_in_a_user_namespace)
{
    need_user_namespaces();
    in_fork(check_user, new_root());
}

TEST(a_held_child_is_in_its_root)
{
    need_cap(CAP_SYS_CHROOT);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_child *child = NULL;
        OK(forkexec_start(rooted(mode), "/reporter", (char *[]){ "w", NULL }, NULL, &child, NULL));
        assert_string_equal(link_of(text("/proc/%d/root", forkexec_child_pid(child))), scratch());
        assert_string_equal(link_of(text("/proc/%d/cwd", forkexec_child_pid(child))), scratch());
        forkexec_close(child);
    }
}

/* The header warns of this: a root user of the user namespace that owns the mounts can unmount the mask. */
TEST(a_mask_and_a_program_with_capabilities)
{
    need_user_namespaces();
    need(exists("/bin/umount") && exists("/bin/sh"), "there is no /bin/umount");
    int hidden = open(scratch_path("hidden"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(write(hidden, "x", 1), 1);
    close(hidden);
    const char *shown = text("umount %1$s 2>/dev/null; test -s %1$s", scratch_path("hidden"));
    for (int drops = 0; drops < 2; drops++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT));
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
        OK(forkexec_attr_set_root(attr, "/", 0));
        OK(forkexec_attr_mask_path(attr, scratch_path("hidden")));
        if (drops)
            OK(forkexec_attr_drop_capabilities(attr));
        struct forkexec_child *child = start(attr, "/bin/sh", (char *[]){ "sh", "-c", (char *)shown, NULL }, NULL);
        assert_int_equal(finish(child).exit_code, drops ? 1 : 0);
    }
}
