/* Files with the content of a descriptor's file: created in the root, or mounted. */
#include "mount_requests.h"

#include <errno.h>

/* The caller's file offset is in the middle of the file. */
static int contents_of(const char *bytes)
{
    int fd = memfd_create("contents", MFD_CLOEXEC);
    assert_int_equal(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
    return fd;
}

TEST_BOTH(copies_are_made)
{
    need_mounts();
    int fd = contents_of("contents"), file = open(new_file("file"), O_RDONLY | O_CLOEXEC), empty = contents_of("  ");
    assert_false(ftruncate(empty, 0));
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file_fd(attr, "/a/b", fd, 06751));
        OK(forkexec_attr_make_file_fd(attr, "/again", fd, 0600));
        OK(forkexec_attr_make_file_fd(attr, "/file", file, 0644));
        OK(forkexec_attr_make_file_fd(attr, "/empty", empty, 0));
        /* Twice with the same attr: the first spawn uses nothing up. */
        for (int turn = 0; turn < 2; turn++) {
            struct view *view = look(attr, "look", "/a/b", "look", "/again", "look", "/file", "look", "/empty", "see");
            assert_saw(view, "text./a/b", "contents");
            assert_saw(view, "mode./a/b", "6751");
            assert_saw(view, "text./again", "contents");
            assert_saw(view, "text./file", "file");
            assert_saw(view, "mode./empty", "0000");
            char key[16];
            snprintf(key, sizeof key, "fd.%d", fd);
            assert_null(saw(view, key));
        }
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 2);
    }
    close(fd);
    close(file);
    close(empty);
}

TEST_BOTH(copies_are_mounted)
{
    need_mounts();
    int fd = contents_of("contents");
    const char *target = new_file("target");
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file(attr, "/below", (const uint8_t *)"below", 5, 0600));
        OK(forkexec_attr_mount_file_fd(attr, fd, "/below", 0640, FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOEXEC));
        OK(forkexec_attr_mount_file_fd(attr, fd, "/deep/made", 0755, FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_make_symlink(attr, "deep", "/link"));
        OK(forkexec_attr_mount_file_fd(attr, fd, "/link/other", 0666, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_FOLLOW));
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
        struct view *view = look(attr, "look", "/below", "look", "/deep/made", "look", "/deep/other", "touch", "/deep/other",
            "see");
        assert_saw(view, "text./below", "contents");
        assert_saw(view, "mode./below", "0640");
        assert_saw(view, "fs./below", "tmpfs");
        assert_saw(view, "flags./below", "ro nosuid nodev noexec");
        assert_saw(view, "text./deep/made", "contents");
        assert_saw(view, "mode./deep/made", "0755");
        assert_saw(view, "flags./deep/made", "nosuid nodev");
        assert_saw(view, "text./deep/other", "contents");
        /* The root, the reporter, the three files and /proc. The file system in which the files were made is not mounted
         * any more. */
        assert_saw(view, "mounts", "6");
        assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "w", "touch", "/below", NULL }, NULL)).exit_code, EROFS);
    }
    /* The caller's file is unchanged. */
    for EACH_MOUNT_MODE(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_mount_file_fd(attr, fd, target, 0600, 0));
        struct view *view = run_reporter(attr, .argv = (char *[]){ "w", "look", (char *)target, NULL });
        assert_saw(view, text("text.%s", target), "contents");
        assert_string_equal(text_of(target), "target");
    }
    close(fd);
}

/* Longer than a request can hold itself. */
TEST_BOTH(files_of_any_length)
{
    need_mounts();
    enum { LENGTH = 3 * 1024 * 1024 + 5 };
    int fd = memfd_create("long", MFD_CLOEXEC);
    assert_false(ftruncate(fd, LENGTH - 4));
    assert_int_equal(pwrite(fd, "last", 4, LENGTH - 4), 4);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file_fd(attr, "/long", fd, 0644));
        OK(forkexec_attr_mount_file_fd(attr, fd, "/other", 0644, FORKEXEC_MOUNT_CREATE));
        for (const char *const *path = (const char *const[]){ "/long", "/other", NULL }; *path; path++) {
            int pair[2];
            assert_false(pipe2(pair, O_CLOEXEC));
            struct forkexec_attr *copy = forkexec_attr_copy(attr);
            OK(forkexec_attr_map_fd(copy, pair[1], 1));
            OK(forkexec_attr_open_fd(copy, 5, *path, O_RDONLY, 0));
            struct forkexec_child *child = start(copy, "/reporter", (char *[]){ "w", "cat", "5", NULL }, NULL);
            close(pair[1]);
            static char bytes[65536];
            size_t length = 0, last = 0;
            for (ssize_t n; (n = read(pair[0], bytes, sizeof bytes)) > 0; length += (size_t)n)
                last = (size_t)n;
            assert_int_equal(length, LENGTH);
            assert_true(last >= 4 && !memcmp(bytes + last - 4, "last", 4));
            assert_int_equal(finish(child).exit_code, 0);
            forkexec_attr_free(copy);
            close(pair[0]);
        }
    }
    close(fd);
}

TEST_BOTH(descriptors_that_cannot_be_copied)
{
    need_mounts();
    int ends[2], fd = contents_of("contents"), directory = open("/", O_RDONLY | O_CLOEXEC),
        written = open(new_file("written"), O_WRONLY | O_CLOEXEC), zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_false(pipe2(ends, O_CLOEXEC));
    const int others[] = { ends[0], directory, zero };
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
            attr = in_empty_root(mode, user);
            OK(forkexec_attr_make_file_fd(attr, "/a", others[i], 0644));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EINVAL, 1);
            attr = in_empty_root(mode, user);
            OK(forkexec_attr_mount_file_fd(attr, others[i], "/a", 0644, FORKEXEC_MOUNT_CREATE));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EINVAL, 1);
        }
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file_fd(attr, "/a", 987, 0644));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EBADF, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_mount_file_fd(attr, written, "/a", 0644, FORKEXEC_MOUNT_CREATE));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, EBADF, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_mount_file_fd(attr, fd, "/a", 0644, 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, ENOENT, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_directory(attr, "/a", 0755));
        OK(forkexec_attr_mount_file_fd(attr, fd, "/a", 0644, 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, ENOTDIR, 2);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_symlink(attr, "reporter", "/link"));
        OK(forkexec_attr_mount_file_fd(attr, fd, "/link", 0644, 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, ELOOP, 2);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_make_file_fd(attr, "/reporter", fd, 0644));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, EEXIST, 1);
        /* The file does not fit. */
        attr = in_empty_root(mode, user);
        int big = memfd_create("big", MFD_CLOEXEC);
        assert_false(ftruncate(big, 1 << 20));
        OK(forkexec_attr_mount_tmpfs(attr, "/small", 65536, 0755, FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_make_file_fd(attr, "/small/file", big, 0644));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_FILE, ENOSPC, 2);
        close(big);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        close(others[i]);
    close(ends[1]);
    close(written);
    close(fd);
    assert_int_equal(forkexec_attr_make_file_fd(new_attr(), "/a", -1, 0), -EBADF);
    assert_int_equal(forkexec_attr_make_file_fd(new_attr(), "/", 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_make_file_fd(new_attr(), "/a", 0, 010000), -EINVAL);
    assert_int_equal(forkexec_attr_mount_file_fd(new_attr(), -1, "/a", 0, 0), -EBADF);
    assert_int_equal(forkexec_attr_mount_file_fd(new_attr(), 0, "a", 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_mount_file_fd(new_attr(), 0, "/a", 010000, 0), -EINVAL);
    assert_int_equal(forkexec_attr_mount_file_fd(new_attr(), 0, "/a", 0, FORKEXEC_MOUNT_OPTIONAL), -EINVAL);
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 8);
}
