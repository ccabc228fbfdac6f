/* CVE-2019-5736: a root of another user has a script whose interpreter is /proc/self/exe. If that link leads to the
 * caller's own executable, the script starts it inside, where a process can open it and overwrite it after the caller has
 * ended. In this test the caller's executable is the test itself: started as an interpreter, it creates a file, which shows
 * it. */
#include "mount_requests.h"

#define TELLS "OWN_FILE_STARTED"

__attribute__((constructor)) static void tell(void)
{
    const char *path = getenv(TELLS);
    if (path)
        _exit(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) < 0);
}

/* The ways to enter another root, and what each needs. "/" counts as another root, too: the library does not look at what
 * it contains. */
static int joined = -1;

static void a_chroot(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_chroot(attr, "/"));
}

static void a_root(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT));
    OK(forkexec_attr_set_root(attr, "/", 0));
}

static void a_readonly_root_in_a_pid_namespace(struct forkexec_attr *attr)
{
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID));
    OK(forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY));
    OK(forkexec_attr_bind_mount(attr, scratch(), scratch(), 0));
    OK(forkexec_attr_mount_proc(attr, "/proc", 0));
}

static void a_joined_namespace(struct forkexec_attr *attr)
{
    OK(forkexec_attr_join_namespace(attr, joined, FORKEXEC_NS_MOUNT));
}

static void a_joined_process(struct forkexec_attr *attr)
{
    OK(forkexec_attr_join_pidfd(attr, joined, FORKEXEC_NS_MOUNT | FORKEXEC_NS_UTS));
}

static const struct way {
    const char *name;
    void (*enter)(struct forkexec_attr *attr);
    enum { ROOTS, JOINS_FD, JOINS_PIDFD } kind;
} ways[] = {
    { "set_chroot", a_chroot, ROOTS },
    { "set_root", a_root, ROOTS },
    { "set_root with proc", a_readonly_root_in_a_pid_namespace, ROOTS },
    { "join_namespace", a_joined_namespace, JOINS_FD },
    { "join_pidfd", a_joined_process, JOINS_PIDFD },
};
#define WAYS (sizeof ways / sizeof *ways)

/* Only with privilege: joining a mount namespace needs it in the caller's user namespace. */
static bool can_go(const struct way *way)
{
    return way->kind == ROOTS || !geteuid();
}

static struct forkexec_child *holder_for(const struct way *way)
{
    struct forkexec_child *holder = NULL;
    if (way->kind == ROOTS)
        return NULL;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT | FORKEXEC_NS_UTS));
    OK(forkexec_hold(attr, &holder, NULL));
    joined = way->kind == JOINS_FD ? forkexec_child_namespace_fd(holder, FORKEXEC_NS_MOUNT)
                                   : dup(forkexec_child_pidfd(holder));
    assert_true(joined >= 0);
    return holder;
}

static void drop_holder(struct forkexec_child *holder)
{
    if (!holder)
        return;
    close(joined);
    joined = -1;
    forkexec_close(holder);
}

static struct forkexec_attr *goes(const struct way *way, uint32_t mode)
{
    struct forkexec_attr *attr = attr_in(mode);
    if (geteuid()) {
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    }
    OK(forkexec_attr_set_rlimit(attr, 4 /* RLIMIT_CORE */, 0, 0));
    way->enter(attr);
    return attr;
}

static const char *the_script(void)
{
    const char *path = scratch_path("script");
    if (!exists(path)) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        assert_int_equal(write(fd, "#!/proc/self/exe\n", 17), 17);
        assert_false(fchmod(fd, 0755));
        close(fd);
    }
    return path;
}

static const char *libraries(void)
{
    const char *path = getenv("LD_LIBRARY_PATH");
    return text("LD_LIBRARY_PATH=%s", path ? path : "");
}

/* Starts the script; returns 0 or the errno of the spawn. The caller's executable must not be started. */
static int run_script(const struct way *way, uint32_t mode, struct forkexec_error *error)
{
    const char *told = scratch_path("told");
    struct forkexec_child *child = NULL;
    memset(error, 0, sizeof *error);
    char *argv[] = { "script", NULL }, *envp[] = { (char *)text(TELLS "=%s", told), (char *)libraries(), NULL };
    int result = try_start(goes(way, mode), the_script(), argv, envp, &child, error);
    if (!result) {
        finish(child);
        forkexec_close(child);
    }
    if (exists(told)) {
        remove(told);
        fail_msg("%s, memory mode %u: the caller's own file was started inside", way->name, mode);
    }
    return result;
}

TEST_BOTH(the_callers_executable_cannot_be_reached)
{
    struct forkexec_error error;
    need_mounts();
    need_native();
    need_other_roots();
    for (size_t i = 0; i < WAYS; i++)
        for (uint32_t mode = FORKEXEC_MEMORY_AUTO; can_go(&ways[i]) && mode <= FORKEXEC_MEMORY_COPIED; mode++) {
            struct forkexec_child *holder = holder_for(&ways[i]);
            int result = run_script(&ways[i], mode, &error);
            drop_holder(holder);
            if (mode != FORKEXEC_MEMORY_COPIED && result)
                fail_msg("%s, memory mode %u: %s", ways[i].name, mode, error.message);
            if (mode == FORKEXEC_MEMORY_COPIED) {
                assert_int_equal(result, -EINVAL);
                assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
                assert_non_null(strstr(error.message, "/proc/self/exe"));
            }
        }
}

/* This test would be started: in the caller's root and memory the link does lead to it. */
TEST_BOTH(in_the_callers_root_it_can_be_reached)
{
    const char *told = scratch_path("told");
    need_native();
    char *argv[] = { "script", NULL }, *envp[] = { (char *)text(TELLS "=%s", told), (char *)libraries(), NULL };
    struct forkexec_attr *attr = attr_in(FORKEXEC_MEMORY_COPIED);
    assert_int_equal(finish(start(attr, the_script(), argv, envp)).exit_code, 0);
    assert_true(exists(told));
    remove(told);
}

/* Memory that is not shared, as under valgrind: there is no image, and therefore no other root. */
TEST(without_shared_memory_there_is_no_other_root)
{
    struct forkexec_error error;
    need_mounts();
    need(!forkexec_probe(FORKEXEC_PROBE_SHARED_MEMORY, NULL, 0), "memory is shared here");
    assert_int_equal(run_script(&ways[0], FORKEXEC_MEMORY_AUTO, &error), -EOPNOTSUPP);
    assert_int_equal(error.stage, FORKEXEC_STAGE_IMAGE);
    assert_non_null(strstr(error.message, "/proc/self/exe"));
}

/* In a joined pid namespace every process may read /proc/PID/exe of the child. */
TEST(it_cannot_be_reached_from_a_joined_pid_namespace)
{
    need_root();
    need_mounts();
    struct forkexec_child *holder = NULL;
    struct forkexec_error error;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_hold(attr, &holder, NULL));
    int fd = forkexec_child_namespace_fd(holder, FORKEXEC_NS_PID);
    attr = attr_in(FORKEXEC_MEMORY_COPIED);
    OK(forkexec_attr_join_namespace(attr, fd, FORKEXEC_NS_PID));
    struct forkexec_child *child = NULL;
    assert_int_equal(forkexec_spawn(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    close(fd);
    forkexec_close(holder);
}

/* Where the image cannot be executed, other requests use a copy of the caller's memory, but these fail. */
struct refusal {
    const struct way *way;
    struct denial denial;
};

static void without_an_image(const void *argument)
{
    const struct refusal *refusal = argument;
    struct forkexec_error error;
    struct forkexec_child *holder = holder_for(refusal->way);
    for (int fd = 3; fd < 256; fd++)
        if (!strncmp(link_of(text("/proc/self/fd/%d", fd)), "/memfd:forkexec", 15))
            close(fd);
    deny(&refusal->denial, 1);
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_FRESH; mode++)
        for (int again = 0; again < 2; again++) {
            assert_int_equal(run_script(refusal->way, mode, &error), -refusal->denial.code);
            assert_int_equal(error.stage, FORKEXEC_STAGE_IMAGE);
            assert_non_null(strstr(error.message, "CVE-2019-5736"));
        }
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_uid(attr, getuid()));
    OK(forkexec_attr_keep_groups(attr));
    assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
    drop_holder(holder);
}

TEST_BOTH(without_an_image_there_is_no_other_root)
{
    static const int calls[] = { SYS_memfd_create, SYS_execveat }, codes[] = { EPERM, EACCES, ENOSYS };
    need_mounts();
    need_native();
    need_other_roots();
    for (size_t i = 0; i < WAYS; i++)
        for (int k = 0; can_go(&ways[i]) && k < 6; k++) {
            struct refusal refusal = { &ways[i], { calls[k % 2], codes[k / 2], { { 0 } } } };
            in_copy(without_an_image, &refusal);
        }
}

/* The file that the link leads to instead cannot be changed: neither its content nor, where the kernel can seal that, its
 * mode. */
TEST(the_image_file_cannot_be_changed)
{
    need_root();
    need_native();
    need_other_roots();
    struct forkexec_child *child = NULL;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_chroot(attr, "/"));
    OK(forkexec_start(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, NULL));
    const char *exe = text("/proc/%d/exe", forkexec_child_pid(child));
    int fd = open(exe, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    int seals = fcntl(fd, F_GET_SEALS);
    forkexec_close(child);
    assert_int_equal(open(text("/proc/self/fd/%d", fd), O_RDWR | O_TRUNC | O_CLOEXEC), -1);
    int writer = open(text("/proc/self/fd/%d", fd), O_RDWR | O_CLOEXEC);
    assert_true(writer >= 0);
    assert_int_equal(write(writer, "overwritten", 11), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(writer, 0), -1);
    assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer, 0), MAP_FAILED);
    /* A file that is open for writing cannot be executed, so another one is made. */
    assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
    close(writer);
    assert_int_equal(seals & (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0xf);
    struct stat before, after;
    assert_false(fstat(fd, &before));
    int refused = fchmod(fd, 0600);
    assert_false(fstat(fd, &after));
    if (seals & 0x20) {
        assert_int_equal(refused, -1);
        assert_int_equal(after.st_mode, before.st_mode);
    } else
        fchmod(fd, before.st_mode);
    close(fd);
    assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
}
