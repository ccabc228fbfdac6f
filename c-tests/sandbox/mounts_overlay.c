/* Overlay mounts: what the program sees, and what is left afterwards. */
#include "mount_requests.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define LOWERS(...) ((const char *const[]){ __VA_ARGS__ })
#define COUNT(...) (sizeof LOWERS(__VA_ARGS__) / sizeof(char *))
#define OVER(attr, upper, work, target, flags, ...) \
    OK(forkexec_attr_mount_overlay(attr, LOWERS(__VA_ARGS__), COUNT(__VA_ARGS__), upper, work, target, flags))

/* Some kernels have no overlays, and the test's directory may be on a file system that does not support them. */
static void need_overlays(void)
{
    need_mounts();
    need_other_roots();
    struct forkexec_attr *attr = in_empty_root(0, geteuid() != 0);
    OVER(attr, new_directory("try_upper"), new_directory("try_work"), "/o", FORKEXEC_MOUNT_CREATE, new_directory("try_lower"));
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    int result = try_start(attr, "/reporter", (char *[]){ "w", "exit", "0", NULL }, NULL, &child, &error);
    need(!result || error.stage != FORKEXEC_STAGE_OVERLAY || (result != -ENODEV && result != -EINVAL), "no overlay here: %s",
        error.message);
    assert_int_equal(result, 0);
    finish(child);
    forkexec_close(child);
    rmdir(scratch_path("try_work/work"));
}

/* Runs the reporter, and empties the work directory. */
#define does(attr, work, ...) does_(attr, work, (char *[]){ "w", __VA_ARGS__, NULL })
static int does_(struct forkexec_attr *attr, const char *work, char **argv)
{
    int code = finish(start(attr, "/reporter", argv, NULL)).exit_code;
    rmdir(text("%s/work", work));
    return code;
}

static void file_with(const char *path, const char *bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert_int_equal(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(fd);
}

/* Every character with a meaning for overlayfs or for the parser of its options. */
#define ODD "a:b,c\\d e=\n\\:\\,"

TEST_BOTH(lower_directories)
{
    need_overlays();
    const char *top = new_directory("top" ODD), *bottom = new_directory("bottom,upperdir=x"), *upper = new_directory("upper" ODD),
        *work = new_directory("work" ODD);
    file_with(text("%s/both", top), "of the top");
    file_with(text("%s/both", bottom), "of the bottom");
    file_with(text("%s/below", bottom), "of the bottom");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OVER(attr, upper, work, "/o", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NOSUID, top, bottom);
        struct view *view = look(attr, "look", "/o", "look", "/o/both", "look", "/o/below", "touch", "/o/made");
        rmdir(text("%s/work", work));
        assert_saw(view, "fs./o", "overlay");
        assert_saw(view, "flags./o", "nosuid");
        assert_saw(view, "text./o/both", "of the top");
        assert_saw(view, "text./o/below", "of the bottom");
        assert_true(exists(text("%s/made", upper)));
        assert_false(exists(text("%s/made", top)) || exists(text("%s/made", bottom)));
        assert_false(unlink(text("%s/made", upper)));
    }
}

TEST_BOTH(a_readonly_overlay)
{
    need_overlays();
    const char *top = new_directory("top"), *bottom = new_directory("bottom"), *upper = new_directory("upper"),
        *work = new_directory("work");
    new_file("bottom/below");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OVER(attr, NULL, NULL, "/o", FORKEXEC_MOUNT_CREATE, top, bottom);
        assert_saw(look(attr, "look", "/o/below"), "text./o/below", "bottom/below");
        assert_int_equal(does(attr, work, "touch", "/o/made"), EROFS);
        /* The same with an upper directory in memory. */
        attr = in_empty_root(mode, user);
        OVER(attr, upper, work, "/o", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY, top, bottom);
        struct view *view = look(attr, "look", "/o");
        rmdir(text("%s/work", work));
        assert_true(has_word(view, "flags./o", "ro"));
        assert_int_equal(does(attr, work, "touch", "/o/made"), EROFS);
    }
}

/* Written files disappear with the mount, and no other path leads to them. */
TEST_BOTH(an_overlay_in_memory)
{
    need_overlays();
    const char *top = new_directory("top"), *bottom = new_directory("bottom");
    new_file("bottom/below");
    assert_false(chmod(top, 01733));
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OVER(attr, NULL, NULL, "/deep/o", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_IN_MEMORY | FORKEXEC_MOUNT_NODEV, top, bottom);
        OK(forkexec_attr_make_symlink(attr, "deep", "/link"));
        OVER(attr, NULL, NULL, "/link/p", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_IN_MEMORY | FORKEXEC_MOUNT_FOLLOW, bottom);
        OK(forkexec_attr_make_file(attr, "/deep/o/first", (const uint8_t *)"first", 5, 0644));
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
        struct view *view = look(attr, "touch", "/deep/o/made", "look", "/deep/o", "look", "/deep/o/below", "look",
            "/deep/o/made", "look", "/deep/o/first", "look", "/deep/o/upper", "look", "/deep/p/below", "see");
        assert_saw(view, "fs./deep/o", "overlay");
        assert_saw(view, "mode./deep/o", "1733");
        assert_saw(view, "flags./deep/o", "nodev");
        assert_saw(view, "text./deep/o/below", "bottom/below");
        assert_saw(view, "text./deep/p/below", "bottom/below");
        assert_saw(view, "text./deep/o/first", "first");
        assert_saw(view, "kind./deep/o/made", "file");
        assert_saw(view, "kind./deep/o/upper", "No such file or directory");
        /* The root, the reporter, the two overlays and /proc. The file system for the written files is not mounted. */
        assert_saw(view, "mounts", "5");
        assert_false(exists(text("%s/made", top)) || exists(text("%s/made", bottom)));
        assert_saw(look(attr, "look", "/deep/o/made"), "kind./deep/o/made", "No such file or directory");
    }
    assert_false(chmod(top, 0777));
}

/* In the caller's root, with one of the directories itself as the target. */
TEST_BOTH(over_a_directory_of_the_caller)
{
    need_overlays();
    const char *directory = new_directory("itself");
    new_file("itself/file");
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OVER(attr, NULL, NULL, directory, FORKEXEC_MOUNT_IN_MEMORY, directory);
        const char *file = text("%s/file", directory), *made = text("%s/made", directory);
        struct view *view = run_reporter(attr, .argv = (char *[]){ "w", "touch", (char *)made, "look", (char *)file, "look",
            (char *)made, NULL });
        assert_saw(view, text("text.%s", file), "itself/file");
        assert_saw(view, text("kind.%s", made), "file");
        assert_false(exists(made));
    }
}

/* Whether the kernel has marked the directory as opaque, so that lower ones do not show. */
static bool is_opaque(const char *path, bool user)
{
    char value[2] = "";
    ssize_t length = getxattr(path, user ? "user.overlay.opaque" : "trusted.overlay.opaque", value, sizeof value);
    return length == 1 && *value == 'y';
}

/* As the header says it. */
TEST_BOTH(the_upper_directory_afterwards)
{
    need_overlays();
    need(access("/bin/sh", X_OK) == 0, "there is no shell");
    new_directory("lower");
    const char *upper = new_directory("changes"), *work = new_directory("work");
    for EACH_ROOT_MODE(mode, user) {
        new_file("lower/removed");
        new_file("lower/written");
        new_directory("lower/directory");
        new_file("lower/directory/file");
        struct forkexec_attr *attr = mount_attr(mode, user);
        OVER(attr, upper, work, new_directory("target"), 0, scratch_path("lower"));
        OK(forkexec_attr_set_cwd(attr, scratch_path("target")));
        char *argv[] = { "sh", "-c", "rm removed && printf more >>written && rm -r directory && mkdir directory && test ! -e "
            "directory/file", NULL };
        assert_int_equal(finish(start(attr, "/bin/sh", argv, NULL)).exit_code, 0);
        rmdir(text("%s/work", work));
        struct stat seen;
        assert_false(lstat(text("%s/removed", upper), &seen));
        assert_true(S_ISCHR(seen.st_mode) && seen.st_rdev == makedev(0, 0));
        assert_string_equal(text_of(text("%s/written", upper)), "lower/writtenmore");
        assert_string_equal(text_of(scratch_path("lower/written")), "lower/written");
        assert_true(is_opaque(text("%s/directory", upper), user));
        assert_true(exists(scratch_path("lower/directory/file")) && exists(scratch_path("lower/removed")));
        assert_false(unlink(text("%s/removed", upper)) || unlink(text("%s/written", upper))
            || rmdir(text("%s/directory", upper)));
    }
}

TEST_BOTH(overlays_that_are_refused)
{
    need_overlays();
    const char *lower = new_directory("lower"), *other = new_directory("other"), *upper = new_directory("upper"),
        *work = new_directory("work"), *nothing = scratch_path("nothing"), *file = new_file("file");
    for EACH_ROOT_MODE(mode, user) {
        const struct {
            const char *upper, *work, *first, *second;
            int code;
        } cases[] = { { NULL, NULL, lower, nothing, ENOENT }, { NULL, NULL, file, lower, EINVAL },
            { NULL, NULL, text("%s/x", file), lower, ENOTDIR },
            { nothing, work, lower, other, ENOENT }, { upper, nothing, lower, other, ENOENT },
            { upper, upper, lower, other, EINVAL }, { upper, new_directory("upper/within"), lower, other, EINVAL },
            { upper, "/proc", lower, other, EINVAL } };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct forkexec_attr *attr = in_empty_root(mode, user);
            OVER(attr, cases[i].upper, cases[i].work, "/o", FORKEXEC_MOUNT_CREATE, cases[i].first, cases[i].second);
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_OVERLAY, cases[i].code, 1);
        }
        rmdir(scratch_path("upper/within"));
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OVER(attr, NULL, NULL, "/o", FORKEXEC_MOUNT_IN_MEMORY, lower);
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_OVERLAY, ENOENT, 1);
        attr = in_empty_root(mode, user);
        OVER(attr, NULL, NULL, "/o", FORKEXEC_MOUNT_IN_MEMORY | FORKEXEC_MOUNT_CREATE, nothing);
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_OVERLAY, ENOENT, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_symlink(attr, "/", "/link"));
        OVER(attr, NULL, NULL, "/link", FORKEXEC_MOUNT_IN_MEMORY, lower);
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_OVERLAY, ELOOP, 2);
    }
    rmdir(text("%s/work", work));
    static const struct {
        const char *lower, *upper, *work, *target;
        uint32_t flags;
        int code;
    } refused[] = { { "/a", NULL, NULL, "/o", 0, -EINVAL }, { "/a", "/u", NULL, "/o", 0, -EINVAL },
        { "/a", NULL, "/w", "/o", FORKEXEC_MOUNT_IN_MEMORY, -EINVAL }, { "", "/u", "/w", "/o", 0, -EINVAL },
        { NULL, "/u", "/w", "/o", 0, -EINVAL }, { "/a", "", "/w", "/o", 0, -EINVAL }, { "/a", "/u", "/w", "/", 0, -EINVAL },
        { "/a", "/u", "/w", "o", 0, -EINVAL }, { "/a", "/u", "/w", NULL, 0, -EINVAL },
        { "/a", "/u", "/w", "/o", FORKEXEC_MOUNT_NONRECURSIVE, -EINVAL },
        { "/a", "/u", "/w", "/o", FORKEXEC_MOUNT_OPTIONAL, -EINVAL } };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct forkexec_attr *attr = new_attr();
        int result = forkexec_attr_mount_overlay(attr, &refused[i].lower, 1, refused[i].upper, refused[i].work,
            refused[i].target, refused[i].flags);
        assert_int_equal(result, refused[i].code);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_mount_overlay(attr, NULL, 1, "/u", "/w", "/o", 0), -EINVAL);
    attr = new_attr();
    assert_int_equal(forkexec_attr_mount_overlay(attr, NULL, 0, "/u", "/w", "/o", 0), -EINVAL);
}

/* The kernel accepts one page of options. */
TEST_BOTH(as_many_lower_directories_as_fit)
{
    need_overlays();
    enum { MANY = 60 };
    static char names[MANY][16];
    const char *lowers[MANY];
    int before = open(".", O_RDONLY | O_CLOEXEC);
    assert_false(chdir(scratch()));
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "l%d", i);
        new_directory(names[i]);
        lowers[i] = names[i];
    }
    new_file("l59/last");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_mount_overlay(attr, lowers, MANY, NULL, NULL, "/o", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_IN_MEMORY));
        assert_saw(look(attr, "look", "/o/last"), "text./o/last", "l59/last");
    }
    static char commas[2100];
    memset(commas, ',', sizeof commas - 1);
    commas[0] = '/';
    struct forkexec_attr *attr = in_empty_root(0, geteuid() != 0);
    OVER(attr, NULL, NULL, "/o", FORKEXEC_MOUNT_CREATE, "/", commas);
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, ENAMETOOLONG, 1);
    assert_false(fchdir(before));
    close(before);
}

/* The dry run tells in which extended attributes the kernel keeps its own data. */
TEST(trusted_or_not)
{
    need_mounts();
    bool initial = !strcmp(link_of("/proc/self/ns/user"), "user:[4026531837]");
    for (int user = geteuid() != 0; user < 2; user++)
        for (int late = 0; late < 2; late++) {
            struct forkexec_attr *attr = new_attr();
            uint32_t types = FORKEXEC_NS_MOUNT | (user ? FORKEXEC_NS_USER : 0);
            OK(late ? forkexec_attr_unshare_namespaces(attr, types) : forkexec_attr_create_namespaces(attr, types));
            if (user) {
                OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
                OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
            }
            OVER(attr, NULL, NULL, "/o", 0, "/a", "/b");
            char told[8192];
            struct forkexec_error error;
            struct forkexec_attr *copy = forkexec_attr_copy(attr);
            OK(forkexec_describe_text(copy, reporter, (char *[]){ "w", NULL }, NULL, told, sizeof told, &error) < 0);
            forkexec_attr_free(copy);
            assert_non_null(strstr(told, "461 overlay 0: /o of lowerdir=/a:/b"));
            assert_int_equal(strstr(told, ",userxattr") != NULL, user || !initial);
        }
}

TEST(all_of_it_on_older_hosts)
{
    need_overlays();
    run_on_older_hosts(KNOWN_HOSTS + 4);
}
