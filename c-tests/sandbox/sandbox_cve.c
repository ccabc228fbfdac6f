/* Vulnerabilities of other sandboxes, each with a test that it does not exist here. Those that need a prepared root or a
 * race are in mounts_hostile.c. */
#include "full_sandbox.h"

#include <sys/ptrace.h>

EACH_TEST_NEEDS(need_native) /* it has a filter, which valgrind does not support */

static int program_fails(const struct forkexec_attr *attr, const char *path, struct forkexec_error *error)
{
    struct forkexec_child *child = NULL;
    int result = try_start(attr, path, (char *[]){ "w", "exit", "0", NULL }, NULL, &child, error);
    if (result)
        return result;
    finish(child);
    forkexec_close(child);
    return 0;
}

/* CVE-2014-8989, CVE-2018-7169: leaving a group gives access to files that deny its members. */
TEST_BOTH(groups_cannot_be_left_in_a_user_namespace)
{
    char *argv[] = { reporter, "call", (char *)text("%d", SYS_setgroups), "0", NULL };
    need_user_namespaces();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
        assert_int_equal(finish(start(attr, reporter, argv, NULL)).exit_code, EPERM);
        OK(forkexec_attr_allow_setgroups(attr));
        struct forkexec_error error;
        int result = program_fails(attr, reporter, &error);
        if (geteuid()) /* only privilege can allow it */
            assert_int_equal(error.stage, result ? FORKEXEC_STAGE_ID_MAP : FORKEXEC_STAGE_NONE);
        else
            assert_int_equal(result, 0);
    }
}

/* CVE-2016-8649, CVE-2024-21626: an open descriptor leads back, as a working directory or in the program's path. */
TEST_BOTH(no_descriptor_leads_out)
{
    need_mounts();
    int outside = open("/", O_RDONLY | O_DIRECTORY);
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox(mode, user);
        assert_saw(look(attr, "see"), "fds", "0 1 2");
        for (int fd = 0; fd < 32; fd++) {
            struct forkexec_error error;
            OK(forkexec_attr_set_cwd(attr, text("/proc/self/fd/%d", fd)));
            int result = program_fails(attr, "/reporter", &error);
            if (!result)
                fail_msg("descriptor %d is a way", fd);
            assert_in_range(error.stage, FORKEXEC_STAGE_CWD, FORKEXEC_STAGE_CWD_CHECK);
            OK(forkexec_attr_set_cwd(attr, "/"));
            result = program_fails(attr, text("/proc/self/fd/%d%s", fd, public_reporter()), &error);
            assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
            assert_int_not_equal(result, 0);
        }
    }
    close(outside);
}

/* CVE-2016-9962: a process with the program's ids can read the child before it is the program. */
static void look_into(const void *with)
{
    pid_t pid = *(const pid_t *)with;
    become_nobody();
    static const char *const doors[] = { "mem", "fd/0", "root/", "cwd/", "environ", "maps" };
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
        DOING("%s", doors[i]);
        int fd = open(text("/proc/%d/%s", pid, doors[i]), O_RDONLY | O_CLOEXEC);
        assert_int_equal(fd, -1);
        assert_int_equal(errno, EACCES);
    }
    DOING("ptrace");
    assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, NULL), -1);
    assert_int_equal(errno, EPERM);
}

TEST(no_other_process_can_read_a_held_child)
{
    need_root(); /* to change to another user */
    need_mounts();
    for EACH_SANDBOX(mode, user) {
        struct forkexec_child *child = NULL;
        OK(forkexec_start(full_sandbox(mode, user), "/reporter", (char *[]){ "w", NULL }, NULL, &child, NULL));
        pid_t pid = forkexec_child_pid(child);
        in_fork(look_into, &pid);
        forkexec_close(child);
    }
}

/* CVE-2017-5226, CVE-2019-10063: the filter compares 64 bits of an argument of which the kernel reads 32. */
TEST_BOTH(terminal_injection_is_denied)
{
    char *number = (char *)text("%d", SYS_ioctl);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_deny_terminal_injection(attr));
        assert_int_equal(reporter_exits(attr, "call", number, "0", "0x5412"), EPERM);
        assert_int_equal(reporter_exits(attr, "call", number, "0", "0x100005412"), EPERM);
        assert_int_equal(reporter_exits(attr, "call", number, "0", "0xffffffff0000541c"), EPERM);
    }
}

/* CVE-2019-5736: the file that the child runs before the program is overwritten through /proc/PID/exe. */
TEST(the_childs_first_executable_cannot_be_overwritten)
{
    need_root();
    need_mounts();
    need_probe(FORKEXEC_PROBE_IMAGE);
    struct forkexec_child *child = NULL;
    OK(forkexec_start(full_sandbox(FORKEXEC_MEMORY_AUTO, false), "/reporter", (char *[]){ "w", NULL }, NULL, &child, NULL));
    const char *exe = text("/proc/%d/exe", forkexec_child_pid(child));
    assert_int_equal(strncmp(link_of(exe), "/memfd:forkexec", 15), 0);
    int fd = open(exe, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    int seals = fcntl(fd, F_GET_SEALS);
    close(fd);
    assert_int_equal(seals & (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL),
        F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    assert_int_equal(open(exe, O_WRONLY | O_CLOEXEC), -1);
    forkexec_close(child);
}

/* CVE-2019-12439: a mount point in a shared directory, under a name that another user can create first. Here a filter kills
 * the child when it creates a file. */
static void makes_nothing(const void *root)
{
    static const struct denial makers[] = { { SYS_mkdirat, DEADLY, { { 0 } } }, { SYS_mknodat, DEADLY, { { 0 } } },
        { SYS_symlinkat, DEADLY, { { 0 } } }, { SYS_linkat, DEADLY, { { 0 } } }, { SYS_renameat2, DEADLY, { { 0 } } },
#ifdef __x86_64__
        { SYS_mkdir, DEADLY, { { 0 } } }, { SYS_mknod, DEADLY, { { 0 } } }, { SYS_symlink, DEADLY, { { 0 } } },
        { SYS_creat, DEADLY, { { 0 } } },
#endif
    };
    deny(makers, sizeof makers / sizeof *makers);
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = mount_attr(mode, user);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
        OK(forkexec_attr_set_root(attr, root, FORKEXEC_ROOT_READONLY));
        OK(forkexec_attr_mount_tmpfs(attr, "/tmp", 0, 01777, 0));
        OK(forkexec_attr_mount_proc(attr, "/proc", 0));
        OK(forkexec_attr_bind_mount(attr, "/usr", "/usr", FORKEXEC_MOUNT_READONLY));
        OK(forkexec_attr_mask_path(attr, "/etc"));
        OK(forkexec_attr_mask_path(attr, "/file"));
        assert_int_equal(exits(attr, "exit", "7"), 7);
    }
}

static const char *root_with(const char *const *directories, size_t n)
{
    public_reporter();
    new_directory("root");
    for (size_t i = 0; i < n; i++)
        new_directory(text("root/%s", directories[i]));
    new_file("root/reporter");
    new_file("root/file");
    return scratch_path("root");
}

static struct forkexec_attr *rooted(uint32_t mode, bool user, const char *root)
{
    struct forkexec_attr *attr = mount_attr(mode, user);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_set_root(attr, root, 0));
    OK(forkexec_attr_bind_mount(attr, public_reporter(), "/reporter", 0));
    return attr;
}

TEST(no_file_is_created_outside_of_the_root)
{
    static const char *const directories[] = { "tmp", "proc", "usr", "etc" };
    need_native();
    need_mounts();
    const char *root = root_with(directories, 4);
    /* The reporter is a hard link in the root, since nothing is bound there. */
    assert_false(unlink(text("%s/reporter", root)) || link(public_reporter(), text("%s/reporter", root)));
    may_have_user_namespaces();
    in_copy(makes_nothing, root);
}

/* CVE-2019-16884, CVE-2019-19921, CVE-2023-28642: the root contains a prepared /proc. */
TEST_BOTH(a_volume_at_proc_is_not_used_as_proc)
{
    static const char *const directories[] = { "proc", "proc/1", "proc/self" };
    need_mounts();
    const char *root = root_with(directories, 3);
    new_file("root/proc/1/cmdline");
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = rooted(mode, user, root);
        OK(forkexec_attr_bind_mount(attr, text("%s/proc", root), "/proc", 0));
        OK(forkexec_attr_mount_proc(attr, "/proc", 0));
        OK(forkexec_attr_mask_path(attr, "/proc/cmdline"));
        OK(forkexec_attr_make_readonly(attr, "/proc/sys"));
        struct view *view = look(attr, "look", "/proc", "look", "/proc/sys", "look", "/proc/cmdline", "look",
            "/proc/1/cmdline");
        assert_saw(view, "fs./proc", "proc");
        assert_saw(view, "fs./proc/sys", "proc");
        assert_true(has_word(view, "flags./proc/sys", "ro"));
        assert_saw(view, "kind./proc/cmdline", "device 1:3");
        assert_string_not_equal(saw(view, "text./proc/1/cmdline"), "root/proc/1/cmdline");
    }
}

/* CVE-2025-31133: the file that covers a path comes from the root, where another user prepared it. */
TEST_BOTH(masks_do_not_come_from_the_root)
{
    static const char *const directories[] = { "dev" };
    need_mounts();
    const char *root = root_with(directories, 1), *mine = new_file("mine");
    if (symlink(mine, text("%s/dev/null", root)))
        assert_int_equal(errno, EEXIST);
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = rooted(mode, user, root);
        OK(forkexec_attr_mask_path(attr, "/file"));
        struct view *view = look(attr, "look", "/file", "look", "/dev/null");
        assert_saw(view, "kind./file", "device 1:3");
        assert_saw(view, "kind./dev/null", "link");
        assert_string_equal(text_of(mine), "mine");
    }
}

/* CVE-2026-41579, CVE-2026-87766: a parent that is a link leads out while directories are created. */
TEST_BOTH(no_directory_is_made_through_a_link)
{
    static const char *const aims[] = { "..", "/..", "../..", "/proc/self/root", "/proc/self/cwd" };
    static const char *const directories[] = { "proc" };
    need_mounts();
    const char *root = root_with(directories, 1);
    for (size_t i = 0; i < sizeof aims / sizeof *aims; i++)
        if (symlink(aims[i], text("%s/%zu", root, i)))
            assert_int_equal(errno, EEXIST);
    for EACH_SANDBOX(mode, user)
        for (size_t i = 0; i < sizeof aims / sizeof *aims; i++) {
            struct forkexec_attr *attr = rooted(mode, user, root);
            OK(forkexec_attr_mount_proc(attr, "/proc", 0));
            OK(forkexec_attr_make_directory(attr, text("/%zu/made", i), 0755));
            assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_DIRECTORY, ELOOP, 2);
            assert_false(exists(scratch_path("made")) || exists("/made") || exists("made"));
        }
}

/* CVE-2022-29162, CVE-2022-27650: inheritable capabilities, which files may make effective. */
static void inherits_nothing(const void *unused)
{
    (void)unused;
    const uint64_t all = (BIT(CAP_LAST_CAP + 1) - 1) & ~BIT(CAP_SYS_RESOURCE);
    assert_int_equal(set_caps(all, all, BIT(CAP_NET_RAW) | BIT(CAP_CHOWN)), 0);
    for EACH_SANDBOX(mode, user) {
        struct view *view = look(full_sandbox(mode, user), "see");
        assert_saw(view, "cap.inheritable", "0000000000000000");
        assert_saw(view, "cap.ambient", "0000000000000000");
        assert_saw(view, "cap.bounding", "0000000000000000");
    }
}

TEST(no_capability_is_inheritable)
{
    need_root();
    need_mounts();
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
        if (cap != CAP_SYS_RESOURCE)
            need_cap(cap);
    may_have_user_namespaces();
    public_reporter();
    in_fork(inherits_nothing, NULL);
}

/* CVE-2026-30892: a user name that could not be parsed became root. */
TEST(an_invalid_user_is_refused)
{
    struct forkexec_attr *attr = new_attr();
    assert_int_equal(forkexec_attr_set_uid(attr, (uint32_t)-1), -EINVAL);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = new_attr();
    assert_int_equal(forkexec_attr_set_gid(attr, (uint32_t)-1), -EINVAL);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* Not one CVE but a habit: if a setting fails, a warning is printed and the program runs without it. */
static const struct denial denied[] = { { SYS_setsid, EPERM, { { 0 } } }, { SYS_sethostname, EPERM, { { 0 } } },
    { SYS_pivot_root, EPERM, { { 0 } } }, { SYS_prlimit64, EPERM, { { IS, 1, 7 } } }, { SYS_capset, EPERM, { { 0 } } },
    { SYS_prctl, EINVAL, { { IS, 0, PR_SET_NO_NEW_PRIVS } } }, { SYS_prctl, EINVAL, { { IS, 0, PR_SET_PDEATHSIG } } },
    { SYS_prctl, EPERM, { { IS, 0, PR_CAPBSET_DROP } } }, { SYS_landlock_restrict_self, E2BIG, { { 0 } } },
    { SYS_landlock_add_rule, ENOMEM, { { 0 } } }, { SYS_seccomp, EINVAL, { { IS, 0, SECCOMP_SET_MODE_FILTER } } },
    { SYS_setresuid, EAGAIN, { { 0 } } }, { SYS_setresgid, EINVAL, { { 0 } } }, { SYS_chdir, EACCES, { { 0 } } } };

static void fails(const void *what)
{
    const struct denial *denial = what;
    struct forkexec_error error;
    struct forkexec_attr *attr = full_sandbox(FORKEXEC_MEMORY_AUTO, geteuid());
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    deny(denial, 1);
    assert_int_equal(program_fails(attr, "/reporter", &error), -denial->code);
    assert_in_range(error.stage, FORKEXEC_STAGE_RESOLVE, FORKEXEC_STAGE_SECCOMP);
    assert_true(*error.message);
}

TEST_BOTH(every_failed_setting_fails_the_spawn)
{
    need_native();
    need_mounts();
    public_reporter();
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        if (!has_landlock() && (denied[i].call == SYS_landlock_restrict_self || denied[i].call == SYS_landlock_add_rule))
            continue;
        if (!succeeds_in_copy(fails, &denied[i]))
            fail_msg("call %d may fail", denied[i].call);
    }
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 8);
}
