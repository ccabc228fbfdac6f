/* A root that another user has prepared, or changes meanwhile: nothing in it leads out. A device or /proc that is needed is
 * the real one, or the spawn fails. */
#include "mount_requests.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

EACH_TEST_NEEDS(need_native) /* valgrind has no openat2(2) */

/* A root in which all usual paths are links to a directory outside. */
static const char *outside;
static const char *hostile_root(void)
{
    static const char *const links[] = { "dev", "proc", "etc", "link", "a/b" };
    public_reporter();
    outside = new_directory("outside");
    new_directory("outside/sub");
    new_file("outside/file");
    new_directory("root");
    new_directory("root/a");
    new_directory("root/real");
    new_file("root/file");
    for (int i = 0; i < 5; i++) {
        const char *path = text("root/%s", links[i]);
        if (symlink(outside, scratch_path(path)))
            assert_int_equal(errno, EEXIST);
    }
    if (symlink("file", scratch_path("root/to_file")) | symlink("/real", scratch_path("root/to_real"))
        | symlink("../../../../../../../..", scratch_path("root/up")))
        assert_int_equal(errno, EEXIST);
    return scratch_path("root");
}

static struct forkexec_attr *in_hostile_root(uint32_t mode, bool user)
{
    need_other_roots();
    struct forkexec_attr *attr = mount_attr(mode, user);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_set_root(attr, hostile_root(), 0));
    return attr;
}

#define ASK(name, ...) static void name(struct forkexec_attr *attr, const char *path) { OK(forkexec_attr_##__VA_ARGS__); }
ASK(plain, add_mount(attr, "x", path, "tmpfs", 0, NULL))
ASK(plain_bind, add_mount(attr, outside, path, NULL, MS_BIND, NULL))
ASK(remount, add_mount(attr, NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
ASK(a_bind, bind_mount(attr, outside, path, 0))
ASK(a_bind_made, bind_mount(attr, outside, path, FORKEXEC_MOUNT_CREATE))
ASK(a_tmpfs, mount_tmpfs(attr, path, 0, 0755, 0))
ASK(a_tmpfs_made, mount_tmpfs(attr, path, 0, 0755, FORKEXEC_MOUNT_CREATE))
ASK(a_proc, mount_proc(attr, path, 0))
ASK(a_proc_made, mount_proc(attr, path, FORKEXEC_MOUNT_CREATE))
ASK(a_dev, mount_dev(attr, path, 0))
ASK(a_dev_made, mount_dev(attr, path, FORKEXEC_MOUNT_CREATE))
ASK(a_directory, make_directory(attr, path, 0755))
ASK(a_symlink, make_symlink(attr, "x", path))
ASK(a_file, make_file(attr, path, NULL, 0, 0644))
ASK(a_mask, mask_path(attr, path))
ASK(a_readonly_path, make_readonly(attr, path))

static const struct {
    void (*ask)(struct forkexec_attr *attr, const char *path);
    uint32_t stage;
    int at_link; /* the errno if the last component is a link */
} items[] = {
    { plain, FORKEXEC_STAGE_MOUNT, ELOOP },
    { plain_bind, FORKEXEC_STAGE_MOUNT, ELOOP },
    { remount, FORKEXEC_STAGE_MOUNT, ELOOP },
    { a_bind, FORKEXEC_STAGE_BIND, ELOOP },
    { a_bind_made, FORKEXEC_STAGE_BIND, ELOOP },
    { a_tmpfs, FORKEXEC_STAGE_TMPFS, ELOOP },
    { a_tmpfs_made, FORKEXEC_STAGE_TMPFS, ELOOP },
    { a_proc, FORKEXEC_STAGE_PROC, ELOOP },
    { a_proc_made, FORKEXEC_STAGE_PROC, ELOOP },
    { a_dev, FORKEXEC_STAGE_DEV, ELOOP },
    { a_dev_made, FORKEXEC_STAGE_DEV, ELOOP },
    { a_directory, FORKEXEC_STAGE_DIRECTORY, ELOOP },
    { a_symlink, FORKEXEC_STAGE_SYMLINK, EEXIST },
    { a_file, FORKEXEC_STAGE_FILE, EEXIST },
    { a_mask, FORKEXEC_STAGE_MASK, ELOOP },
    { a_readonly_path, FORKEXEC_STAGE_READONLY, ELOOP },
};
#define EACH_ITEM(i) (size_t i = 0; i < sizeof items / sizeof *items; i++)

static void assert_outside_is_untouched(void)
{
    assert_false(exists(scratch_path("outside/made")));
    assert_false(exists(scratch_path("outside/null")));
    assert_false(exists(scratch_path("outside/sub/made")));
    assert_string_equal(text_of(scratch_path("outside/file")), "outside/file");
}

TEST_BOTH(a_target_must_not_be_a_link)
{
    static const char *const paths[] = { "/dev", "/proc", "/etc", "/link", "/a/b", "/up", "/to_real" };
    need_mounts();
    for EACH_ITEM(i)
        for (int k = 0; k < 7; k += denied_as() ? 3 : 1) {
            struct forkexec_attr *attr = in_hostile_root((uint32_t)k % 2, geteuid());
            items[i].ask(attr, paths[k]);
            assert_spawn_fails(attr, "/reporter", items[i].stage, items[i].at_link, 0);
        }
    assert_outside_is_untouched();
}

TEST_BOTH(no_component_of_a_target_may_be_a_link)
{
    static const char *const paths[] = { "/dev/sub", "/link/made", "/a/b/sub", "/a/b/made/more", "/up/tmp", "/to_real/x" };
    need_mounts();
    for EACH_ITEM(i)
        for (int k = 0; k < 6; k += denied_as() ? 3 : 1) {
            struct forkexec_attr *attr = in_hostile_root((uint32_t)k % 2, geteuid());
            items[i].ask(attr, paths[k]);
            assert_spawn_fails(attr, "/reporter", items[i].stage, ELOOP, 0);
        }
    assert_outside_is_untouched();
}

/* The message says what is in the way. */
TEST(a_link_is_named_in_the_message)
{
    need_mounts();
    struct forkexec_attr *attr = in_hostile_root(0, geteuid());
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    OK(forkexec_attr_make_directory(attr, "/fine", 0755));
    OK(forkexec_attr_mount_proc(attr, "/proc", 0));
    assert_int_equal(forkexec_spawn(attr, "/reporter", (char *[]){ "w", NULL }, NULL, &child, &error), -ELOOP);
    assert_non_null(strstr(error.message, "proc 1 (/proc): "));
    assert_non_null(strstr(error.message, "symbolic link"));
    rmdir(scratch_path("root/fine"));
}

TEST_BOTH(links_are_followed_inside_the_root_with_the_flag)
{
    need_mounts();
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_hostile_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, outside, "/to_real", FORKEXEC_MOUNT_FOLLOW));
        OK(forkexec_attr_mount_tmpfs(attr, "/up/a", 0, 0711, FORKEXEC_MOUNT_FOLLOW));
        OK(forkexec_attr_bind_mount(attr, scratch_path("reporter"), "/to_file", FORKEXEC_MOUNT_FOLLOW));
        struct view *view = run_reporter(attr, .path = "/file", .argv = (char *[]){ "w", "look", "/real/file", "look", "/a",
            NULL });
        assert_saw(view, "text./real/file", "outside/file");
        assert_saw(view, "mode./a", "0711");
        /* The link leads to a path in the root that does not exist. */
        attr = in_hostile_root(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/link", 0, 0711, FORKEXEC_MOUNT_FOLLOW));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_TMPFS, ENOENT, 0);
    }
    assert_outside_is_untouched();
}

/* An empty root that only the request fills. For each link: what is created through it, and where it must be. */
TEST_BOTH(files_behind_links_are_created_inside)
{
    static const struct {
        const char *contents, *link, *target, *made;
    } cases[] = {
        { "/run", "/var/run", "/var/run/new", "/run/new" }, /* where the link leads is missing, too */
        { "../run", "/var/run", "/var/run/a/b/new", "/run/a/b/new" },
        { "../../../../../../etc", "/out", "/out/new", "/etc/new" },
        { "/a/b/../c/./d/", "/link", "/link//new", "/a/c/d/new" },
        { "../run/resolve/file", "/etc/file", "/etc/file", "/run/resolve/file" }, /* the last component is one */
        { "/other", "/link", "/link", "/other" },
        { "..", "/a/b/up", "/a/b/up/up/new", "/a/up/new" },
    };
    need_mounts();
    const char *file = new_file("file"), *directory = new_directory("source");
    new_file("source/inner");
    for EACH_ROOT_MODE(mode, user)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            for (int is_file = 0; is_file < 2; is_file++) {
                struct forkexec_attr *attr = in_empty_root(mode, user);
                const char *seen = is_file ? cases[i].made : text("%s/inner", cases[i].made);
                OK(forkexec_attr_make_symlink(attr, cases[i].contents, cases[i].link));
                OK(forkexec_attr_bind_mount(attr, is_file ? file : directory, cases[i].target,
                    FORKEXEC_MOUNT_FOLLOW | FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
                DOING("%s in %s", cases[i].target, cases[i].contents);
                struct view *view = look(attr, "look", (char *)seen, "look", (char *)cases[i].link);
                assert_saw(view, text("text.%s", seen), is_file ? "file" : "source/inner");
                assert_true(has_word(view, text("flags.%s", seen), "ro"));
                assert_saw(view, text("text.%s", cases[i].link), cases[i].contents);
            }
    /* Everything outside is unchanged. A tmpfs is treated like a bind. */
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_hostile_root(mode, user);
        OK(forkexec_attr_mount_tmpfs(attr, "/link/made", 0, 0711, FORKEXEC_MOUNT_FOLLOW | FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_bind_mount(attr, scratch_path("reporter"), "/to_file", FORKEXEC_MOUNT_FOLLOW));
        const char *inside = text("%s/made", outside);
        struct view *view = run_reporter(attr, .path = "/file", .argv = (char *[]){ "w", "look", (char *)inside, NULL });
        assert_saw(view, text("mode.%s", inside), "0711");
        assert_outside_is_untouched();
    }
}

TEST_BOTH(endless_links)
{
    static char longer[4096];
    need_mounts();
    for EACH_ROOT_MODE(mode, user)
        for (uint32_t create = 0; create <= FORKEXEC_MOUNT_CREATE; create += FORKEXEC_MOUNT_CREATE) {
            struct forkexec_attr *attr = in_empty_root(mode, user);
            OK(forkexec_attr_make_symlink(attr, "two", "/one"));
            OK(forkexec_attr_make_symlink(attr, "/one", "/two"));
            OK(forkexec_attr_mount_tmpfs(attr, "/two/x", 0, 0711, FORKEXEC_MOUNT_FOLLOW | create));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_TMPFS, ELOOP, 3);
            attr = in_empty_root(mode, user);
            OK(forkexec_attr_make_symlink(attr, "/reporter", "/program"));
            OK(forkexec_attr_mount_tmpfs(attr, "/program/x", 0, 0711, FORKEXEC_MOUNT_FOLLOW | create));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_TMPFS, ENOTDIR, 2);
            /* A link before the component that makes the path too long. */
            memset(longer, 'x', 4095);
            for (int i = 0; i < 4095; i += 2)
                longer[i] = '/';
            attr = in_empty_root(mode, user);
            OK(forkexec_attr_make_symlink(attr, "/missing/and/missing", "/l"));
            memcpy(longer, "/l", 2);
            OK(forkexec_attr_mount_tmpfs(attr, longer, 0, 0711, FORKEXEC_MOUNT_FOLLOW | create));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_TMPFS,
                create || lacks_call(SYS_openat2) ? ENAMETOOLONG : ENOENT, 2);
        }
}

/* As many links as the kernel follows in one path, and one more. path_resolution(7) */
/* Mounts and unmounts all the time. When mounts change anywhere, the kernel starts a path resolution again, and still
 * counts the links of the first attempt. */
static pid_t begin_mounts(void)
{
    const char *here = new_directory("here");
    pid_t pid = fork();
    if (pid == 0 && (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)))
        _exit(1);
    while (pid == 0 && !mount(here, here, NULL, MS_BIND, NULL))
        umount2(here, MNT_DETACH);
    return pid ? pid : (_exit(1), 0);
}

TEST_BOTH(the_largest_number_of_links)
{
    enum { MOST = 40, TIMES = 20 };
    need_mounts();
    pid_t mounts = begin_mounts();
    for EACH_ROOT_MODE(mode, user)
        for (int longer = 0; longer < 2; longer++) {
            struct forkexec_attr *attr = in_empty_root(mode, user);
            OK(forkexec_attr_make_directory(attr, "/0", 0755));
            for (int link = 1; link <= MOST + longer; link++)
                OK(forkexec_attr_make_symlink(attr, text("%d", link - 1), text("/%d", link)));
            OK(forkexec_attr_mount_tmpfs(attr, text("/%d", MOST + longer), 0, 0711, FORKEXEC_MOUNT_FOLLOW));
            if (longer)
                assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_TMPFS, ELOOP, MOST + 3);
            else
                for (int i = 0; i < TIMES; i++)
                    assert_saw(look(attr, "look", "/0"), "mode./0", "0711");
        }
    kill(mounts, SIGKILL);
    waitpid(mounts, NULL, 0);
}

TEST_BOTH(a_target_of_another_type)
{
    need_mounts();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_make_directory(attr, "/file", 0755));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_DIRECTORY, ENOTDIR, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_make_directory(attr, "/file/a", 0755));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_DIRECTORY, ENOTDIR, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_make_file(attr, "/real", NULL, 0, 0644));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, EEXIST, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_make_symlink(attr, "files", "/to_file"));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_SYMLINK, EEXIST, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_bind_mount(attr, outside, "/file", FORKEXEC_MOUNT_CREATE));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ENOTDIR, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_mount_proc(attr, "/file", 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_PROC, ENOTDIR, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_bind_mount(attr, scratch_path("nothing"), "/real", 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ENOENT, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_bind_mount(attr, outside, "/nothing", 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ENOENT, 0);
        attr = in_hostile_root(mode, geteuid());
        OK(forkexec_attr_make_readonly(attr, "/nothing"));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_READONLY, ENOENT, 0);
    }
}

/* The device that covers a path is identified by its number, not by its name. */
TEST_BOTH(a_false_device_covers_nothing)
{
    need_mounts();
    const char *file = new_file("file"), *directory = new_directory("dev");
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = mount_attr(mode, geteuid());
        OK(forkexec_attr_bind_mount(attr, "/dev/zero", "/dev/null", 0));
        OK(forkexec_attr_mask_path(attr, file));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_MASK, ENODEV, 1);
        attr = mount_attr(mode, geteuid());
        OK(forkexec_attr_bind_mount(attr, file, "/dev/full", 0));
        OK(forkexec_attr_mount_dev(attr, directory, 0));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_DEV, ENODEV, 1);
    }
}

/* Without the newer mount calls a descriptor is mounted through /proc/self/fd. Another file system at /proc is not used for
 * that. */
TEST_BOTH(a_false_proc_is_not_used)
{
    need_mounts();
    bool asks = lacks_call(SYS_open_tree) || lacks_call(SYS_mount_setattr) || lacks_call(SYS_move_mount);
    const char *file = new_file("file"), *other = new_file("other");
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = mount_attr(mode, geteuid());
        OK(forkexec_attr_mount_tmpfs(attr, "/proc", 0, 0755, 0));
        OK(forkexec_attr_make_directory(attr, "/proc/self/fd", 0755));
        OK(forkexec_attr_bind_mount(attr, other, file, 0));
        if (asks)
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_BIND, EOPNOTSUPP, 2);
        else
            assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
    }
}

/* A thread exchanges a directory of the root for a link to the outside, as fast as possible. */
struct racer {
    const char *target, *link;
    atomic_bool over;
    atomic_ulong turns;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    while (!racer->over) {
        syscall(SYS_renameat2, AT_FDCWD, racer->target, AT_FDCWD, racer->link, 2 /* RENAME_EXCHANGE */);
        racer->turns++;
    }
    return NULL;
}

TEST_BOTH(a_race_never_leads_outside)
{
    need_native(); /* valgrind runs one thread at a time */
    need_mounts();
    const char *root = hostile_root();
    new_directory("root/race");
    new_directory("root/race/sub");
    struct racer racer = { text("%s/race", root), text("%s/link", root), false, 0 };
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    assert_false(pthread_create(&thread, NULL, race, &racer));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    int succeeded = 0, failed = 0, wrong = 0;
    /* On this host the library does not try mount(2) after a file was already created. */
    int forbidden = lacks_call(SYS_move_mount) && !lacks_call(SYS_open_tree) ? -EPERM : 0;
    for (int turn = 0; turn < (denied_as() ? 50 : 300); turn++) {
        struct forkexec_attr *attr = mount_attr((uint32_t)turn % 2, geteuid());
        OK(forkexec_attr_set_root(attr, root, 0));
        OK(forkexec_attr_make_directory(attr, "/race/made", 0755));
        OK(forkexec_attr_make_file(attr, "/race/sub/made", NULL, 0, 0644));
        OK(forkexec_attr_mount_tmpfs(attr, "/race/new/made", 0, 0755, FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_bind_mount(attr, public_reporter(), "/race/made_too", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_mount_tmpfs(attr, "/race/followed/x", 0, 0755, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_FOLLOW));
        OK(forkexec_attr_make_symlink(attr, "made", "/race/sub/link"));
        OK(forkexec_attr_bind_mount(attr, public_reporter(), "/file", 0));
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        int result = try_start(attr, "/file", (char *[]){ "w", "exit", "0", NULL }, NULL, &child, &error);
        if (result) {
            failed++;
            wrong += error.stage < FORKEXEC_STAGE_MOUNT || error.stage > FORKEXEC_STAGE_MODE;
            wrong += result != -ELOOP && result != -EEXIST && result != -ENOENT && result != -ENOTDIR && result != -ESTALE
                && result != forbidden;
        } else {
            succeeded++;
            finish(child);
            forkexec_close(child);
        }
        unlink(scratch_path("root/race/sub/made"));
        unlink(scratch_path("root/link/sub/made"));
        wrong += exists(scratch_path("outside/made")) || exists(scratch_path("outside/sub/made"))
            || exists(scratch_path("outside/made_too")) || exists(scratch_path("outside/new"))
            || exists(scratch_path("outside/followed"))
            || exists(scratch_path("outside/sub/link"));
    }
    racer.over = true;
    pthread_join(thread, NULL);
    printf("# %d succeeded, %d failed, %lu turns\n", succeeded, failed, racer.turns);
    assert_int_equal(wrong, 0);
    assert_true(racer.turns > 0);
    assert_outside_is_untouched();
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 2);
}
