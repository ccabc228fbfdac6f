/* Sources of a bind: a path that may be missing, and a descriptor. */
#include "mount_requests.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

TEST_BOTH(a_missing_optional_source_is_skipped)
{
    need_mounts();
    const char *source = new_directory("source"), *nothing = scratch_path("nothing"), *link = scratch_path("dangling");
    new_file("source/file");
    if (symlink("nowhere", link))
        assert_int_equal(errno, EEXIST);
    uint32_t flags = FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL;
    int ids = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, nothing, "/a/b", flags | FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_bind_mount(attr, text("%s/below", nothing), "/b", FORKEXEC_MOUNT_OPTIONAL));
        OK(forkexec_attr_bind_mount(attr, link, "/c", flags));
        OK(forkexec_attr_bind_mount(attr, source, "/d", flags | FORKEXEC_MOUNT_READONLY));
        /* Where newer calls are forbidden, it cannot be found out what exists. */
        if (!lacks_call(SYS_open_tree))
            OK(forkexec_attr_bind_mount_idmapped(attr, nothing, "/e", ids, flags));
        struct view *view = look(attr, "look", "/a", "look", "/b", "look", "/c", "look", "/d/file", "look", "/e", "look", "/d");
        for (const char *const *path = (const char *const[]){ "/a", "/b", "/c", "/e", NULL }; *path; path++)
            assert_saw(view, text("kind.%s", *path), "No such file or directory");
        assert_saw(view, "text./d/file", "source/file");
        assert_true(has_word(view, "flags./d", "ro"));
    }
    close(ids);
}

static void may_not_look(const void *source)
{
    become_nobody();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = mount_attr(mode, true);
        OK(forkexec_attr_set_root(attr, NULL, 0));
        OK(forkexec_attr_bind_mount(attr, source, "/a", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, EACCES, 0);
    }
}

/* Only a source that does not exist is skipped. Every other error fails the spawn. */
TEST_BOTH(an_optional_source_fails_for_every_other_reason)
{
    need_mounts();
    uint32_t flags = FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL;
    const char *source = new_directory("source"), *below = text("%s/x", new_file("file")), *loop = scratch_path("loop");
    if (symlink("loop", loop))
        assert_int_equal(errno, EEXIST);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, below, "/a", flags));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ENOTDIR, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, loop, "/a", flags));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ELOOP, 1);
        /* The target is missing, not the source. */
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, source, "/a", FORKEXEC_MOUNT_OPTIONAL));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ENOENT, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount(attr, source, "/reporter", FORKEXEC_MOUNT_OPTIONAL));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ENOTDIR, 1);
    }
    if (geteuid() || !may_have_user_namespaces())
        return;
    const char *closed = new_directory("closed");
    assert_false(chmod(closed, 0700));
    in_fork(may_not_look, text("%s/in", closed));
}

/* The message about a program that is not found takes into account that nothing is mounted at the target. */
TEST_BOTH(a_program_below_a_skipped_bind)
{
    need_mounts();
    struct forkexec_attr *attr = in_empty_root(0, geteuid() != 0);
    OK(forkexec_attr_bind_mount(attr, scratch_path("nothing"), "/reporter", FORKEXEC_MOUNT_OPTIONAL));
    assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "w", "exit", "4", NULL }, NULL)).exit_code, 4);
    OK(forkexec_attr_bind_mount(attr, scratch_path("nothing"), "/other", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL));
    assert_spawn_fails(attr, "/other", FORKEXEC_STAGE_EXEC, ENOENT, -1);
}

/* A file, a directory with the mounts below it, and descriptors opened with O_PATH. */
TEST_BOTH(binds_by_descriptor)
{
    need_mounts();
    int directory = open(new_directory("source"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = open(new_file("source/file"), O_PATH | O_CLOEXEC), root = open("/", O_PATH | O_CLOEXEC);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount_fd(attr, directory, "/open", FORKEXEC_MOUNT_CREATE));
        OK(forkexec_attr_bind_mount_fd(attr, directory, "/closed/to/all",
            FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV
                | FORKEXEC_MOUNT_NOEXEC | FORKEXEC_MOUNT_NONRECURSIVE));
        OK(forkexec_attr_bind_mount_fd(attr, file, "/etc/file", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_make_symlink(attr, "etc", "/link"));
        OK(forkexec_attr_bind_mount_fd(attr, file, "/link/other", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_FOLLOW));
        OK(forkexec_attr_bind_mount_fd(attr, root, "/host", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY));
        struct view *view = look(attr, "look", "/open/file", "look", "/closed/to/all", "look", "/etc/file", "look",
            "/etc/other", "look", "/host/proc", "touch", "/open/made", "see");
        assert_saw(view, "text./open/file", "source/file");
        assert_saw(view, "text./etc/file", "source/file");
        assert_saw(view, "text./etc/other", "source/file");
        assert_false(has_word(view, "flags./open/file", "ro"));
        assert_true(has_word(view, "flags./etc/file", "ro"));
        assert_saw(view, "fs./host/proc", "proc");
        assert_true(has_word(view, "flags./host/proc", "ro"));
        const char *all[] = { "ro", "nosuid", "nodev", "noexec" };
        for (int i = 0; i < 4; i++)
            assert_true(has_word(view, "flags./closed/to/all", all[i]));
        /* They stay open in the caller, and the program has none of them. */
        char key[16];
        snprintf(key, sizeof key, "fd.%d", directory);
        assert_null(saw(view, key));
        assert_true(fcntl(directory, F_GETFD) >= 0 && fcntl(file, F_GETFD) >= 0);
        assert_false(unlink(scratch_path("source/made")));
    }
    close(directory);
    close(file);
    close(root);
}

/* Another file is at the path by now. It must never appear. */
TEST_BOTH(a_bind_shows_the_descriptors_file_and_no_other)
{
    need_mounts();
    new_directory("held");
    new_file("held/file");
    int fd = open(scratch_path("held"), O_PATH | O_CLOEXEC), file = open(scratch_path("held/file"), O_PATH | O_CLOEXEC);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount_fd(attr, fd, "/a", FORKEXEC_MOUNT_CREATE));
        /* The file was moved, and is found there. */
        assert_false(rename(scratch_path("held"), scratch_path("moved")));
        new_directory("held");
        new_file("held/another");
        struct view *view = look(attr, "look", "/a/file", "look", "/a/another");
        assert_saw(view, "text./a/file", "held/file");
        assert_saw(view, "kind./a/another", "No such file or directory");
        assert_false(unlink(scratch_path("held/another")) || rmdir(scratch_path("held")));
        assert_false(rename(scratch_path("moved"), scratch_path("held")));
        /* A mount covers the path in the program's namespace, not here. */
        if (!geteuid() && !user && !denied_as()) {
            attr = mount_attr(mode, user);
            OK(forkexec_attr_mount_tmpfs(attr, scratch_path("held"), 4096, 0755, 0));
            OK(forkexec_attr_bind_mount_fd(attr, fd, new_directory("target"), 0));
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_BIND, ESTALE, 1);
        }
    }
    assert_false(unlink(scratch_path("held/file")));
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount_fd(attr, file, "/a", FORKEXEC_MOUNT_CREATE));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ESTALE, 1);
        /* A new file of the same name does not appear either. */
        int impostor = open(text("%s (deleted)", scratch_path("held/file")), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ESTALE, 1);
        close(impostor);
        assert_false(unlink(text("%s (deleted)", scratch_path("held/file"))));
    }
    close(fd);
    close(file);
}

TEST_BOTH(descriptors_that_cannot_be_bound)
{
    need_mounts();
    int ends[2];
    assert_false(pipe2(ends, O_CLOEXEC));
    if (symlink("nowhere", scratch_path("alink")))
        assert_int_equal(errno, EEXIST);
    int link = open(scratch_path("alink"), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    for EACH_ROOT_MODE(mode, user) {
        struct forkexec_attr *attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount_fd(attr, 987, "/a", FORKEXEC_MOUNT_CREATE));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EBADF, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount_fd(attr, link, "/a", FORKEXEC_MOUNT_CREATE));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, ELOOP, 1);
        attr = in_empty_root(mode, user);
        OK(forkexec_attr_bind_mount_fd(attr, ends[0], "/a", FORKEXEC_MOUNT_CREATE));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ESTALE, 1);
    }
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_bind_mount_fd(attr, -1, "/a", 0), -EBADF);
    attr = new_attr();
    assert_int_equal(forkexec_attr_bind_mount_fd(attr, 0, "/a", FORKEXEC_MOUNT_OPTIONAL), -EINVAL);
    attr = new_attr();
    assert_int_equal(forkexec_attr_bind_mount_fd(attr, 0, "a", 0), -EINVAL);
    attr = new_attr();
    assert_int_equal(forkexec_attr_bind_mount_fd(attr, 0, "/", 0), -EINVAL);
    close(ends[0]);
    close(ends[1]);
    close(link);
}

/* A thread exchanges the file at the path for another, as fast as possible. The descriptor's file is bound, or the spawn
 * fails. */
struct racer {
    const char *one, *other;
    atomic_bool over;
    atomic_ulong turns;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    while (!racer->over) {
        syscall(SYS_renameat2, AT_FDCWD, racer->one, AT_FDCWD, racer->other, 2 /* RENAME_EXCHANGE */);
        racer->turns++;
    }
    return NULL;
}

TEST_BOTH(a_descriptor_wins_every_race)
{
    need_native(); /* valgrind runs one thread at a time */
    need_mounts();
    int fd = open(new_file("right"), O_PATH | O_CLOEXEC);
    struct racer racer = { new_file("right"), new_file("wrong"), false, 0 };
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    assert_false(pthread_create(&thread, NULL, race, &racer));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    int right = 0, refused = 0, wrong = 0;
    for (int turn = 0; turn < (denied_as() ? 20 : 150); turn++) {
        struct forkexec_attr *attr = in_empty_root((uint32_t)turn % 2, geteuid());
        OK(forkexec_attr_bind_mount_fd(attr, fd, "/bound", FORKEXEC_MOUNT_CREATE));
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        int pair[2];
        char bytes[16] = "";
        assert_false(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_open_fd(attr, 5, "/bound", O_RDONLY, 0));
        OK(forkexec_attr_map_fd(attr, pair[1], 1));
        int result = try_start(attr, "/reporter", (char *[]){ "w", "cat", "5", NULL }, NULL, &child, &error);
        close(pair[1]);
        if (result) {
            refused++;
            wrong += error.stage != FORKEXEC_STAGE_BIND || result != -ESTALE;
        } else {
            finish(child);
            forkexec_close(child);
            right++;
            wrong += read(pair[0], bytes, sizeof bytes) != 5 || strcmp(bytes, "right");
        }
        close(pair[0]);
    }
    racer.over = true;
    pthread_join(thread, NULL);
    printf("# %d right, %d refused, %lu turns\n", right, refused, racer.turns);
    assert_int_equal(wrong, 0);
    assert_true(racer.turns > 0);
    close(fd);
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 10);
}
