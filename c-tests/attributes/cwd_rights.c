/* Whose rights are used to enter the working directory: the program's, the caller's, or first one and then the other. */
#include "in_fork.h"

#define PROGRAM FORKEXEC_CWD_RIGHTS_PROGRAM
#define CALLER FORKEXEC_CWD_RIGHTS_CALLER
#define EITHER FORKEXEC_CWD_RIGHTS_EITHER
#define EACH_RIGHTS(rights) (uint32_t rights = PROGRAM; rights <= EITHER; rights++)

/* A directory that only this user may enter. */
static const char *closed_directory(const char *name, uid_t owner)
{
    const char *path = scratch_path(name);
    assert_false(mkdir(path, 0700) || chown(path, owner, owner));
    return path;
}

static struct forkexec_attr *attr_with(uint32_t mode, uint32_t rights)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_set_cwd_rights(attr, rights));
    return attr;
}

static void become_user(struct forkexec_attr *attr, uid_t uid)
{
    OK(forkexec_attr_set_uid(attr, uid));
    OK(forkexec_attr_set_gid(attr, uid));
}

/* By path and by descriptor: the program starts there, or the spawn fails at that stage. */
static void assert_enters(struct forkexec_attr *attr, const char *path, const char *directory, uint32_t stage)
{
    int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int by_fd = 0; by_fd < 2; by_fd++) {
        OK(by_fd ? forkexec_attr_set_cwd_fd(attr, fd) : forkexec_attr_set_cwd(attr, directory));
        if (stage)
            assert_spawn_fails(attr, path, stage, EACCES, -1);
        else
            assert_saw(run_reporter(attr, .path = path), "cwd", directory);
    }
    close(fd);
}

static void assert_says(struct forkexec_attr *attr, const char *path, const char *words)
{
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    assert_int_equal(try_start(attr, path, (char *[]){ "reporter", NULL }, NULL, &child, &error), -EACCES);
    if (!strstr(error.message, words))
        fail_msg("%s", error.message);
}

TEST_BOTH(another_user_in_a_directory_of_roots)
{
    need_root();
    need_cap(CAP_SETUID);
    const char *path = public_reporter(), *roots = closed_directory("roots", 0), *users = closed_directory("users", 1000);
    for EACH_MEMORY(mode)
        for EACH_RIGHTS(rights) {
            struct forkexec_attr *attr = attr_with(mode, rights);
            become_user(attr, 1000);
            assert_enters(attr, path, roots, rights == PROGRAM ? FORKEXEC_STAGE_CWD : 0);
            assert_enters(attr, path, users, 0);
        }
    struct forkexec_attr *attr = attr_with(FORKEXEC_MEMORY_AUTO, PROGRAM);
    become_user(attr, 1000);
    OK(forkexec_attr_set_cwd(attr, roots));
    assert_says(attr, path, "entered with the program's rights: set_cwd_rights");
}

TEST_BOTH(root_without_capabilities_in_a_directory_of_a_users)
{
    need_root();
    need_cap(CAP_DAC_OVERRIDE);
    const char *users = closed_directory("users", 1000);
    for EACH_MEMORY(mode)
        for EACH_RIGHTS(rights) {
            struct forkexec_attr *attr = attr_with(mode, rights);
            OK(forkexec_attr_drop_capabilities(attr));
            assert_enters(attr, public_reporter(), users, rights == PROGRAM ? FORKEXEC_STAGE_CWD : 0);
        }
}

/* For a caller that is root but may not enter what is closed to it, as on a network file system. */
static void check_programs_alone(const void *with)
{
    const char *path = with, *users = scratch_path("users"), *others = scratch_path("others");
    uint64_t all = BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP);
    int fd[] = { open(users, O_PATH | O_CLOEXEC), open(others, O_PATH | O_CLOEXEC) };
    assert_false(set_caps(all, all, 0));
    for EACH_MEMORY(mode)
        for EACH_RIGHTS(rights) {
            struct forkexec_attr *attr = attr_with(mode, rights);
            become_user(attr, 1000);
            for (int by_fd = 0; by_fd < 2; by_fd++) {
                DOING("mode %u, rights %u, %s", mode, rights, by_fd ? "by descriptor" : "by path");
                OK(by_fd ? forkexec_attr_set_cwd_fd(attr, fd[0]) : forkexec_attr_set_cwd(attr, users));
                if (rights == CALLER)
                    assert_spawn_fails(attr, path, FORKEXEC_STAGE_CWD_BEFORE_IDS, EACCES, -1);
                else
                    assert_saw(run_reporter(attr, .path = path), "cwd", users);
                OK(by_fd ? forkexec_attr_set_cwd_fd(attr, fd[1]) : forkexec_attr_set_cwd(attr, others));
                assert_spawn_fails(attr, path, rights == CALLER ? FORKEXEC_STAGE_CWD_BEFORE_IDS : FORKEXEC_STAGE_CWD,
                    EACCES, -1);
            }
            if (rights == CALLER)
                assert_says(attr, path, "FORKEXEC_CWD_RIGHTS_EITHER");
        }
}

TEST_BOTH(a_directory_that_only_the_program_user_may_enter)
{
    need_root();
    need_cap(CAP_SETUID);
    closed_directory("users", 1000);
    closed_directory("others", 1001);
    in_fork(check_programs_alone, public_reporter());
}

TEST_BOTH(a_program_with_the_callers_ids)
{
    assert_false(mkdir(scratch_path("own"), 0700));
    for EACH_MEMORY(mode)
        for EACH_RIGHTS(rights)
            assert_enters(attr_with(mode, rights), reporter, scratch_path("own"), 0);
}

TEST_BOTH(a_directory_that_nobody_may_enter)
{
    need(geteuid(), "root may enter every directory");
    assert_false(mkdir(scratch_path("closed"), 0600));
    for EACH_MEMORY(mode)
        for EACH_RIGHTS(rights)
            assert_enters(attr_with(mode, rights), reporter, scratch_path("closed"),
                rights == CALLER ? FORKEXEC_STAGE_CWD_BEFORE_IDS : FORKEXEC_STAGE_CWD);
}

/* Errors other than EACCES are not tried again with other rights. */
TEST_BOTH(a_path_that_is_no_directory)
{
    int file = open(reporter, O_RDONLY | O_CLOEXEC);
    for EACH_MEMORY(mode)
        for EACH_RIGHTS(rights) {
            uint32_t stage = rights == PROGRAM ? FORKEXEC_STAGE_CWD : FORKEXEC_STAGE_CWD_BEFORE_IDS;
            struct forkexec_attr *attr = attr_with(mode, rights);
            OK(forkexec_attr_set_cwd(attr, "/no/such/directory"));
            assert_spawn_fails(attr, NULL, stage, ENOENT, -1);
            OK(forkexec_attr_set_cwd(attr, reporter));
            assert_spawn_fails(attr, NULL, stage, ENOTDIR, -1);
            OK(forkexec_attr_set_cwd_fd(attr, file));
            assert_spawn_fails(attr, NULL, stage, ENOTDIR, -1);
            OK(forkexec_attr_set_cwd_fd(attr, 1000));
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
        }
    close(file);
}

/* The program starts in the directory, and gets no rights in it by that. */
TEST_BOTH(relative_paths_of_a_program_that_starts_there)
{
    need_root();
    need_cap(CAP_SETUID);
    public_reporter();
    const char *roots = closed_directory("roots", 0);
    assert_false(symlink("../reporter", scratch_path("roots/reporter")));
    struct forkexec_attr *attr = attr_with(FORKEXEC_MEMORY_AUTO, CALLER);
    OK(forkexec_attr_set_cwd(attr, roots));
    assert_saw(run_reporter(attr, .path = "./reporter"), "cwd", roots);
    become_user(attr, 1000);
    assert_spawn_fails(attr, "./reporter", FORKEXEC_STAGE_EXEC, EACCES, -1);
}

/* The path is in the program's root. What the caller has open outside of it stays out of reach. */
TEST_BOTH(in_another_root)
{
    need_root();
    need_cap(CAP_SYS_CHROOT);
    need_cap(CAP_SETUID);
    need_probe(FORKEXEC_PROBE_SHARED_MEMORY);
    need_probe(FORKEXEC_PROBE_IMAGE);
    public_reporter();
    const char *roots = closed_directory("roots", 0);
    int inside = open(roots, O_PATH | O_CLOEXEC), outside = open("/", O_PATH | O_CLOEXEC);
    for EACH_ROOT_MEMORY(mode)
        for EACH_RIGHTS(rights) {
            struct forkexec_attr *attr = attr_with(mode, rights);
            OK(forkexec_attr_set_chroot(attr, scratch()));
            become_user(attr, 1000);
            for (int by_fd = 0; by_fd < 2; by_fd++) {
                OK(by_fd ? forkexec_attr_set_cwd_fd(attr, inside) : forkexec_attr_set_cwd(attr, "/roots"));
                if (rights == PROGRAM)
                    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD, EACCES, -1);
                else
                    assert_saw(run_reporter(attr, .path = "/reporter"), "cwd", "/roots");
            }
            OK(forkexec_attr_set_cwd_fd(attr, outside));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_CWD_CHECK, ENOENT, -1);
        }
    close(inside);
    close(outside);
}

/* In a user namespace that does not map the caller's ids, the caller's rights are still those of its ids. */
TEST_BOTH(in_a_new_user_namespace)
{
    need_root();
    need_user_namespaces();
    const char *path = public_reporter(), *roots = closed_directory("roots", 0);
    for EACH_MEMORY(mode)
        for EACH_RIGHTS(rights) {
            struct forkexec_attr *attr = attr_with(mode, rights);
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
            OK(forkexec_attr_map_uid(attr, 0, 100000, 1));
            OK(forkexec_attr_map_gid(attr, 0, 100000, 1));
            become_user(attr, 0);
            assert_enters(attr, path, roots, rights == PROGRAM ? FORKEXEC_STAGE_CWD : 0);
        }
}

TEST_BOTH(in_namespaces_that_are_joined)
{
    need_root();
    need_user_namespaces();
    need_native();
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_probe(FORKEXEC_PROBE_PIDFD);
    const char *path = public_reporter(), *roots = closed_directory("roots", 0);
    static const uint32_t types = FORKEXEC_NS_USER | FORKEXEC_NS_PID;
    struct forkexec_child *holder = NULL;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, types));
    OK(forkexec_attr_map_uid(attr, 0, 100000, 1000));
    OK(forkexec_attr_map_gid(attr, 0, 100000, 1000));
    OK(forkexec_attr_allow_setgroups(attr));
    OK(forkexec_hold(attr, &holder, NULL));
    for EACH_RIGHTS(rights) {
        attr = attr_with(FORKEXEC_MEMORY_AUTO, rights);
        OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), types));
        become_user(attr, 5);
        assert_enters(attr, path, roots, rights == PROGRAM ? FORKEXEC_STAGE_CWD : 0);
    }
    forkexec_close(holder);
}
