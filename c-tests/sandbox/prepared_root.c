/* A root that is built once: what its clones have in common, what each has for itself, and who may have one. */
#include "host_state.h"

#include <poll.h>
#include <sys/inotify.h>

/* Before a test forks: what runs in the fork cannot skip. */
static void need_roots(void)
{
    need_mounts();
    need_other_roots();
}

EACH_TEST_NEEDS(need_roots)

#define READONLY FORKEXEC_MOUNT_READONLY
#define CREATE FORKEXEC_MOUNT_CREATE

/* An empty root with the reporter, for the caller to add to. */
static struct forkexec_attr *to_prepare(uint32_t mode, bool user)
{
    struct forkexec_attr *attr = mount_attr(mode, user);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_set_root(attr, NULL, READONLY));
    OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", CREATE));
    return attr;
}

static struct forkexec_root *new_root(const struct forkexec_attr *attr)
{
    struct forkexec_root *root = NULL;
    struct forkexec_error error;
    if (forkexec_root_new(attr, &root, &error))
        fail_msg("%s", error.message);
    assert_int_equal(error.code | (int)error.stage, 0);
    return root;
}

static char *number(unsigned long number)
{
    return (char *)text("%#lx", number);
}

static bool is_cloned(void)
{
    return forkexec_probe(FORKEXEC_PROBE_PREPARED_ROOT, NULL, 0) == 1;
}

static const char *description(const struct forkexec_attr *attr)
{
    char said[8192];
    struct forkexec_error error;
    if (forkexec_describe_text(attr, "/reporter", (char *[]){ "w", NULL }, NULL, said, sizeof said, &error) < 0)
        fail_msg("%s", error.message);
    return text("%s", said);
}

/* Whatever two programs write, they write apart, at the same time and one after the other. */
TEST_BOTH(what_one_writes_no_other_sees)
{
    static const char *const places[] = { "/tmp/mine", "/tmp/deep/mine", "/dev/shm/mine", "/overlay/mine" };
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = to_prepare(mode, user);
        OK(forkexec_attr_mount_proc(attr, "/proc", CREATE));
        OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 0, 0777, CREATE));
        OK(forkexec_attr_make_directory(attr, "/tmp/deep", 0777));
        OK(forkexec_attr_make_file(attr, "/tmp/given", (const uint8_t *)"given", 5, 0666));
        OK(forkexec_attr_mount_dev(attr, "/dev", CREATE | READONLY));
        OK(forkexec_attr_mount_overlay(attr, (const char *const[]){ new_directory("lower") }, 1, NULL, NULL, "/overlay",
            CREATE | FORKEXEC_MOUNT_IN_MEMORY));
        prepare_root(attr);
        char *touch[] = { "w", "touch", (char *)places[0], "touch", (char *)places[1], "touch", (char *)places[2], "touch",
            (char *)places[3], "sleep", NULL };
        struct forkexec_child *one = start(attr, "/reporter", touch, NULL);
        for (int round = 0; round < 3; round++) {
            char *args[20] = { "w", "look", "/tmp/given", "mounts" };
            for (int i = 0; i < 4; i++)
                args[4 + 2 * i] = "look", args[5 + 2 * i] = (char *)places[i];
            struct view *view = run_reporter(attr, .path = "/reporter", .argv = args);
            for (int i = 0; i < 4; i++)
                assert_saw(view, text("kind.%s", places[i]), strerror(ENOENT));
            assert_saw(view, "text./tmp/given", "given");
            assert_non_null(saw(view, "mount./dev/pts"));
            assert_non_null(saw(view, "mount./proc"));
            /* It is in the root as soon as it is there at all. */
            char *same[] = { "w", "touch", (char *)places[round], "exit", "7", NULL };
            assert_int_equal(finish(start(attr, "/reporter", same, NULL)).exit_code, 7);
        }
        OK(forkexec_signal(one, SIGKILL));
        finish(one);
    }
}

/* Nor can a program with all privileges over its own mounts change what is in all clones. */
TEST_BOTH(nobody_can_change_the_tree)
{
    need(may_have_user_namespaces(), "no user namespaces");
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = to_prepare(mode, true);
        OK(forkexec_attr_make_file(attr, "/file", (const uint8_t *)"file", 4, 0666));
        OK(forkexec_attr_mount_dev(attr, "/dev", CREATE | READONLY));
        /* In a root of its own it may: the flag is its mount's. */
        assert_int_equal(exits(attr, "remount", "/", number(MS_BIND | MS_NOSUID | MS_NODEV), "touch", "/mine"), 0);
        prepare_root(attr);
        bool cloned = is_cloned();
        assert_int_equal(exits(attr, "touch", "/mine"), EROFS);
        assert_int_equal(exits(attr, "touch", "/file"), EROFS);
        assert_int_equal(exits(attr, "touch", "/dev/mine"), EROFS);
        /* The flag of the mount it may take, but not that of the file system. */
        assert_int_equal(exits(attr, "remount", "/", number(MS_BIND | MS_NOSUID | MS_NODEV)), 0);
        if (cloned) {
            assert_int_equal(exits(attr, "remount", "/", number(MS_BIND | MS_NOSUID | MS_NODEV), "touch", "/mine"), EROFS);
            assert_int_equal(exits(attr, "remount", "/dev", number(MS_BIND | MS_NOSUID | MS_NOEXEC), "touch", "/dev/mine"), EROFS);
            assert_int_equal(exits(attr, "remount", "/", number(MS_NOSUID | MS_NODEV)), EPERM);
            assert_int_equal(exits(attr, "remount", "/dev", number(MS_NOSUID | MS_NOEXEC)), EPERM);
        }
        struct view *view = look(attr, "look", "/", "look", "/dev", "look", "/file", "look", "/mine");
        assert_true(has_word(view, "flags./", "ro") && has_word(view, "flags./dev", "ro"));
        assert_saw(view, "text./file", "file");
        assert_saw(view, "kind./mine", strerror(ENOENT));
    }
}

/* The flags of the caller's mounts are locked in a user namespace, in a clone as in a root that is built. */
static void with_locked_flags(const void *unused)
{
    (void)unused;
    const char *place = new_directory("place");
    assert_false(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount("place", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL));
    for (int prepared = 0; prepared < 2; prepared++) {
        struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, true);
        OK(forkexec_attr_bind_mount(attr, place, "/place", CREATE));
        if (prepared)
            prepare_root(attr);
        struct view *view = look(attr, "look", "/place");
        assert_saw(view, "flags./place", "ro nosuid nodev noexec");
        const unsigned long all = MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
        assert_int_equal(exits(attr, "remount", "/place", number(all)), 0);
        const unsigned long each[] = { MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_RDONLY };
        for (int i = 0; i < 4; i++)
            assert_int_equal(exits(attr, "remount", "/place", number(all & ~each[i])), EPERM);
    }
}

TEST(flags_of_the_callers_mounts_stay_locked)
{
    need_root();
    need(may_have_user_namespaces(), "no user namespaces");
    public_reporter();
    in_fork(with_locked_flags, NULL);
}

/* What this process has; the names of a directory are not looked at, in which other tests make theirs. */
struct own {
    const char *mounts;
    int fds;
};

static struct own what_it_has(void)
{
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    return (struct own){ text_of("/proc/self/mountinfo"), count_fds() };
}

static void assert_has_no_more_than(const struct own *before)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    assert_string_equal(text_of("/proc/self/mountinfo"), before->mounts);
    for (int turn = 0; turn < 500 && count_fds() != before->fds; turn++)
        usleep(10000); /* a thread of the library's ends a moment later */
    assert_int_equal(count_fds(), before->fds);
}

/* Nothing is left: no process, no descriptor, no mount of the caller's file systems. */
static void is_freed(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct own before = what_it_has();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = to_prepare(mode, user);
        struct forkexec_root *root = new_root(attr);
        assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
        assert_int_equal(count_fds(), before.fds + is_cloned());
        OK(forkexec_attr_set_prepared_root(attr, root));
        forkexec_root_free(root);
        struct forkexec_attr *copy = forkexec_attr_copy(attr);
        OK(forkexec_attr_set_root(attr, NULL, READONLY));
        struct forkexec_child *child = NULL;
        OK(spawn_in_sandbox(copy, "exit", &child, NULL));
        finish(child);
        forkexec_close(child);
        forkexec_attr_free(copy);
        assert_has_no_more_than(&before);
    }
    forkexec_root_free(NULL);
}

TEST_BOTH(nothing_is_left_behind)
{
    may_have_user_namespaces();
    is_cloned();
    public_reporter();
    in_fork(is_freed, NULL);
}

static bool is_gone_for_ever(int watch, int timeout)
{
    struct pollfd poll_fd = { watch, POLLIN, 0 };
    struct inotify_event event = { 0 };
    return poll(&poll_fd, 1, timeout) == 1 && read(watch, &event, sizeof event) > 0 && event.mask & IN_UNMOUNT;
}

static void is_unmounted(const void *unused)
{
    (void)unused;
    const char *place = new_directory("place");
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    assert_false(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount("place", place, "tmpfs", 0, NULL));
    assert_true(inotify_add_watch(watch, place, IN_UNMOUNT) >= 0);
    struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, geteuid() != 0);
    OK(forkexec_attr_bind_mount(attr, place, "/place", CREATE));
    struct forkexec_root *root = new_root(attr);
    assert_false(umount2(place, 0));
    assert_false(is_gone_for_ever(watch, 0));
    forkexec_root_free(root);
    assert_true(is_gone_for_ever(watch, 10000));
}

TEST(its_mounts_go_with_it)
{
    need_root();
    need(is_cloned(), "nothing is mounted between two spawns");
    public_reporter();
    in_fork(is_unmounted, NULL);
}

TEST_BOTH(the_program_has_no_descriptor_of_it)
{
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = to_prepare(mode, user);
        OK(forkexec_attr_mount_proc(attr, "/proc", CREATE));
        prepare_root(attr);
        assert_saw(look(attr, "see"), "fds", "0 1 2");
        struct forkexec_attr *all = forkexec_attr_copy(attr);
        OK(forkexec_attr_inherit_fds(all));
        const char *fds = saw(look(all, "see"), "fds");
        struct forkexec_attr *without = mount_attr(mode, user);
        OK(forkexec_attr_inherit_fds(without));
        assert_string_equal(fds, saw(run_reporter(without), "fds"));
        forkexec_attr_free(all);
    }
}

/* What lies on what, and who owns it, is as it would be without. */
TEST_BOTH(the_order_is_that_of_the_list)
{
    new_directory("bound");
    new_directory("bound/below");
    new_file("bound/file");
    for EACH_ROOT_MODE(mode, user) {
        struct view *views[2];
        for (int prepared = 0; prepared < 2; prepared++) {
            struct forkexec_attr *attr = to_prepare(mode, user);
            OK(forkexec_attr_mount_tmpfs(attr, "/a", 0, 0750, CREATE));
            OK(forkexec_attr_bind_mount(attr, scratch_path("bound"), "/a/bound", CREATE | READONLY));
            OK(forkexec_attr_mount_tmpfs(attr, "/b/c", 0, 0700, CREATE));
            OK(forkexec_attr_bind_mount(attr, scratch_path("bound"), "/b", CREATE));
            OK(forkexec_attr_mount_tmpfs(attr, "/b/below", 0, 0711, 0));
            OK(forkexec_attr_make_directory(attr, "/d/e", 0711));
            OK(forkexec_attr_make_symlink(attr, "/a", "/link"));
            OK(forkexec_attr_make_file(attr, "/d/e/file", (const uint8_t *)"in a tree", 9, 0640));
            OK(forkexec_attr_make_file(attr, "/a/file", (const uint8_t *)"anew", 4, 0600));
            OK(forkexec_attr_bind_mount(attr, scratch_path("bound"), "/link", FORKEXEC_MOUNT_FOLLOW));
            OK(forkexec_attr_mount_proc(attr, "/proc", CREATE));
            OK(forkexec_attr_mask_path(attr, "/proc/sys"));
            OK(forkexec_attr_make_readonly(attr, "/proc/tty"));
            OK(forkexec_attr_mount_dev(attr, "/dev", CREATE | READONLY));
            OK(forkexec_attr_mount_tmpfs(attr, "/dev/shm", 0, 0750, FORKEXEC_MOUNT_NOEXEC));
            OK(forkexec_attr_change_mode(attr, "/a", 0751));
            OK(forkexec_attr_remount(attr, "/a", READONLY));
            if (prepared)
                prepare_root(attr);
            views[prepared] = look(attr, "mounts", "names", "/", "look", "/a", "look", "/a/file", "look", "/b/file", "look", "/d",
                "look", "/d/e", "look", "/d/e/file", "look", "/link", "look", "/proc/sys", "look", "/dev/shm", "look", "/dev/null",
                "look", "/", "names", "/b", "names", "/dev", "names", "/a", "see");
        }
        assert_same_but(views[0], views[1], "pid ns.* mount.* fd.*");
        const char *points[] = { "/", "/a", "/b", "/b/below", "/proc", "/proc/sys", "/proc/tty", "/dev", "/dev/shm", "/dev/pts",
            "/dev/null" };
        for (size_t i = 0; i < sizeof points / sizeof *points; i++)
            assert_non_null(saw(views[1], text("mount.%s", points[i])));
    }
}

/* Mounts that are asked for beside a prepared root lie on top of it, and it takes the place of those that were asked for. */
TEST_BOTH(mounts_on_top)
{
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = to_prepare(mode, user);
        OK(forkexec_attr_make_directory(attr, "/place", 0755));
        OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 0, 0777, CREATE));
        struct forkexec_root *root = new_root(attr);
        struct forkexec_attr *other = mount_attr(mode, user);
        OK(forkexec_attr_create_namespaces(other, FORKEXEC_NS_PID));
        OK(forkexec_attr_set_root(other, "/nonexistent", 0));
        OK(forkexec_attr_make_directory(other, "/nonexistent", 0));
        OK(forkexec_attr_set_prepared_root(other, root));
        OK(forkexec_attr_mount_tmpfs(other, "/place", 0, 0700, FORKEXEC_MOUNT_NOSUID));
        OK(forkexec_attr_make_file(other, "/tmp/file", (const uint8_t *)"file", 4, 0600));
        struct view *view = look(other, "look", "/place", "look", "/tmp/file");
        assert_saw(view, "mode./place", "0700");
        assert_saw(view, "text./tmp/file", "file");
        /* The index counts those of the root first: the reporter, a directory and a tmpfs. */
        OK(forkexec_attr_mount_tmpfs(other, "/none", 0, 0700, 0));
        assert_spawn_fails(other, "/reporter", FORKEXEC_STAGE_TMPFS, ENOENT, 5);
        forkexec_root_free(root);
    }
}

TEST(a_dry_run_tells)
{
    struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, geteuid() != 0);
    OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 0, 0777, CREATE));
    assert_null(strstr(description(attr), "prepared"));
    prepare_root(attr);
    const char *said = description(attr);
    assert_non_null(strstr(said, "tmpfs 1: /tmp"));
    if (is_cloned()) {
        assert_non_null(strstr(said, "445 root: a clone of the prepared tree of fd "));
        assert_non_null(strstr(said, ", with 1 of its mounts and files\n"));
        assert_null(strstr(said, "/reporter\n452"));
        assert_null(strstr(said, "read-only root"));
    } else {
        assert_non_null(strstr(said, "445 root: empty, prepared, but built anew"));
    }
}

/* Pools of processes are forked: they have it too. */
static void in_a_fork(const void *attr)
{
    assert_int_equal(exits(attr, "exit", "9"), 9);
}

TEST_BOTH(a_fork_may_use_it)
{
    struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, geteuid() != 0);
    prepare_root(attr);
    in_fork(in_a_fork, attr);
    assert_int_equal(exits(attr, "exit", "9"), 9);
}

static void assert_not_prepared(const struct forkexec_attr *attr, uint32_t stage, int code, int index)
{
    struct forkexec_root *root = (void *)attr;
    struct forkexec_error error;
    int result = forkexec_root_new(attr, &root, &error);
    if (result != -code || error.stage != stage)
        printf("# stage %u, %s\n", error.stage, error.message);
    assert_int_equal(result, -code);
    assert_int_equal(error.stage, stage);
    assert_int_equal(error.code, code);
    assert_int_equal(error.index, index);
    assert_ptr_equal(root, attr);
}

/* What cannot be built is told as a spawn would. */
TEST(a_root_that_cannot_be_built)
{
    for (int user = geteuid() != 0; user < 1 + may_have_user_namespaces(); user++) {
        struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, user);
        OK(forkexec_attr_bind_mount(attr, "/nonexistent", "/x", CREATE));
        if (is_cloned())
            assert_not_prepared(attr, FORKEXEC_STAGE_BIND, ENOENT, 1);
        attr = mount_attr(FORKEXEC_MEMORY_AUTO, user);
        OK(forkexec_attr_set_root(attr, "/nonexistent", 0));
        if (is_cloned())
            assert_not_prepared(attr, FORKEXEC_STAGE_ROOT, ENOENT, -1);
        attr = mount_attr(FORKEXEC_MEMORY_AUTO, user);
        assert_not_prepared(attr, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
        OK(forkexec_attr_set_root(attr, NULL, 0));
        assert_not_prepared(attr, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
        /* What is made anew fails in each spawn. */
        attr = to_prepare(FORKEXEC_MEMORY_AUTO, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/missing", 0, 0777, 0));
        prepare_root(attr);
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_TMPFS, ENOENT, 1);
        assert_spawn_fails(attr, "/nonexistent", FORKEXEC_STAGE_TMPFS, ENOENT, 1);
    }
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_root(attr, NULL, READONLY));
    assert_not_prepared(attr, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* The steps that only a root that is prepared takes fail by their names, and leave nothing behind. */
static const struct { uint32_t stage; int code; struct denial denial; } own_steps[] = {
    { FORKEXEC_STAGE_ROOT_TREE, EIO, { SYS_fsopen, EIO, { { 0 } } } },
    { FORKEXEC_STAGE_ROOT_TREE, ENOSPC, { SYS_move_mount, ENOSPC, { { 0 } } } },
    { FORKEXEC_STAGE_ROOT_COPY, EIO, { SYS_mount, EIO, { { IS, 3, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV } } } },
    { FORKEXEC_STAGE_HAND_OVER, EIO, { SYS_sendmsg, EIO, { { 0 } } } },
};

static void own_step_fails(const void *which)
{
    size_t i = *(const size_t *)which;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    if (geteuid()) {
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    }
    OK(forkexec_attr_set_root(attr, NULL, READONLY));
    struct own before = what_it_has();
    deny(&own_steps[i].denial, 1);
    assert_not_prepared(attr, own_steps[i].stage, own_steps[i].code, -1);
    assert_has_no_more_than(&before);
}

TEST(its_own_steps)
{
    need_native();
    need(is_cloned(), "nothing is copied");
    for (size_t i = 0; i < sizeof own_steps / sizeof *own_steps; i++)
        in_fork(own_step_fails, &i);
}

/* In another user namespace its mounts would not be what they are here. */
TEST(other_users)
{
    need(may_have_user_namespaces(), "no user namespaces");
    struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, true);
    struct forkexec_root *root = new_root(attr);
    struct forkexec_attr *others[3] = { new_attr(), new_attr(), new_attr() };
    for (int i = 0; i < 3; i++) {
        OK(forkexec_attr_create_namespaces(others[i], FORKEXEC_NS_MOUNT | (i ? FORKEXEC_NS_USER : 0)));
        OK(forkexec_attr_set_prepared_root(others[i], root));
    }
    OK(forkexec_attr_map_uid(others[1], 0, geteuid(), 1));
    OK(forkexec_attr_map_uid(others[2], 1, geteuid(), 1));
    OK(forkexec_attr_map_gid(others[2], 0, getegid(), 1));
    for (int i = 0; i < 3; i++)
        assert_spawn_fails(others[i], "/reporter", FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    OK(forkexec_attr_map_gid(others[1], 0, getegid(), 1));
    assert_int_equal(exits(others[1], "exit", "2"), 2);
    forkexec_root_free(root);
}

static void in_another_user_namespace(const void *attr)
{
    assert_false(unshare(CLONE_NEWUSER | CLONE_NEWNS));
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

TEST(a_caller_that_has_another_user_namespace_by_now)
{
#ifdef __SANITIZE_THREAD__
    skip_because("the sanitizer has a thread, and only a process of one thread may leave its user namespace");
#endif
    need(may_have_user_namespaces(), "no user namespaces");
    struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, geteuid() != 0);
    prepare_root(attr);
    in_fork(in_another_user_namespace, attr);
}

/* Somebody has closed all that it does not know, or put another file there. */
static void after_a_close(const void *attr)
{
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EBADF, -1);
    for (int fd = 3; fd < 100; fd++)
        dup2(0, fd);
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EBADF, -1);
}

TEST(a_descriptor_that_was_closed)
{
    need(is_cloned(), "there is none");
    struct forkexec_attr *attr = to_prepare(FORKEXEC_MEMORY_AUTO, geteuid() != 0);
    prepare_root(attr);
    in_fork(after_a_close, attr);
}

TEST(all_of_it_on_older_hosts)
{
    run_on_older_hosts(OLDER_HOSTS);
}
