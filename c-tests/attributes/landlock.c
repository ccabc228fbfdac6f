/* Landlock: keeps a program from files, ports and processes, without privileges and namespaces. */
#include "in_fork.h"
#include "older_hosts.h"

#include <linux/landlock.h>

#define FS(name) FORKEXEC_LANDLOCK_FS_##name
#define TO_RUN (FS(EXECUTE) | FS(READ_FILE) | FS(READ_DIR))
#define TO_WRITE (FS(WRITE_FILE) | FS(MAKE_REG) | FS(REMOVE_FILE))

static int version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static void need_version(int least)
{
    need(version() >= least, "needs version %d of Landlock", least);
}

static struct forkexec_attr *lone_in(uint32_t mode)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_set_no_new_privs(attr));
    return attr;
}

/* The same for rules of all kinds. Every access is handled, except those that an older kernel does not know. */
static struct forkexec_attr *ruled_in(uint32_t mode)
{
    struct forkexec_attr *attr = lone_in(mode);
    if (version() < 5)
        OK(forkexec_attr_allow_partial_landlock(attr));
    return attr;
}

/* Directories of the test. */
static const char *in, *out;

static void make_directories(void)
{
    in = scratch_path("in");
    out = scratch_path("out");
    assert_false(mkdir(in, 0755) || mkdir(out, 0755));
}

static int touches(struct forkexec_attr *attr, const char *directory)
{
    return reporter_exits(attr, "touch", (char *)text("%s/file", directory));
}

TEST_BOTH(accesses_without_a_rule_are_denied)
{
    need_version(1);
    make_directories();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = ruled_in(mode);
        OK(forkexec_attr_add_landlock_path(attr, "/", TO_RUN));
        assert_int_equal(touches(attr, in), EACCES);
        OK(forkexec_attr_add_landlock_path(attr, in, TO_WRITE));
        assert_int_equal(touches(attr, in), 0);
        assert_int_equal(touches(attr, out), EACCES);
        assert_true(exists(text("%s/file", in)));
        assert_false(exists(text("%s/file", out)));
        assert_saw(run_reporter(attr), "oom_score_adj", saw(view_of_self(), "oom_score_adj"));
        remove(text("%s/file", in));

        /* Only the program is granted. */
        attr = ruled_in(mode);
        OK(forkexec_attr_add_landlock_path(attr, reporter, FS(EXECUTE) | FS(READ_FILE)));
        assert_saw(run_reporter(attr), "oom_score_adj", "?");
    }
}

TEST_BOTH(only_handled_accesses_are_denied)
{
    need_version(1);
    make_directories();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = lone_in(mode);
        OK(forkexec_attr_set_landlock_handled(attr, FS(MAKE_DIR), 0));
        assert_int_equal(touches(attr, out), 0);
        OK(forkexec_attr_set_landlock_handled(attr, FS(MAKE_REG), 0));
        remove(text("%s/file", out));
        assert_int_equal(touches(attr, out), EACCES);
        OK(forkexec_attr_add_landlock_path(attr, in, FS(MAKE_REG)));
        assert_int_equal(touches(attr, out), EACCES);
        assert_int_equal(touches(attr, in), 0);
        remove(text("%s/file", in));
    }
}

/* Paths that the child cannot open for reading: a socket, a file without read permission, and a FIFO, which blocks without
 * a writer. */
TEST_BOTH(paths_that_cannot_be_opened_can_be_granted)
{
    need_version(1);
    const char *socket = scratch_path("socket"), *fifo = scratch_path("fifo"), *secret = scratch_path("secret");
    assert_false(mknod(socket, S_IFSOCK | 0600, 0) || mkfifo(fifo, 0600));
    int fd = open(secret, O_RDWR | O_CREAT | O_CLOEXEC, 0);
    assert_true(fd >= 0);
    close(fd);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = ruled_in(mode);
        OK(forkexec_attr_add_landlock_path(attr, "/", TO_RUN));
        OK(forkexec_attr_add_landlock_path(attr, socket, FS(READ_FILE) | FS(WRITE_FILE)));
        OK(forkexec_attr_add_landlock_path(attr, fifo, FS(WRITE_FILE)));
        OK(forkexec_attr_add_landlock_path(attr, secret, FS(WRITE_FILE)));
        assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
    }
}

TEST(the_program_has_to_be_granted_too)
{
    need_version(1);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = ruled_in(mode);
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        OK(forkexec_attr_add_landlock_path(attr, scratch(), TO_RUN));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_EXEC, EACCES, -1);
        assert_int_equal(forkexec_spawn(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, &error), -EACCES);
        assert_non_null(strstr(error.message, "with Landlock the program"));
    }
}

TEST_BOTH(ports)
{
    need_version(4);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = lone_in(mode);
        assert_int_equal(reporter_exits(attr, "connect", "1"), ECONNREFUSED);
        OK(forkexec_attr_add_landlock_port(attr, 1, FORKEXEC_LANDLOCK_NET_CONNECT_TCP));
        OK(forkexec_attr_add_landlock_port(attr, 2, FORKEXEC_LANDLOCK_NET_BIND_TCP));
        assert_int_equal(reporter_exits(attr, "connect", "1"), ECONNREFUSED);
        assert_int_equal(reporter_exits(attr, "connect", "2"), EACCES);
        /* Accesses to files are not affected. */
        assert_int_equal(reporter_exits(attr, "touch", (char *)scratch_path("file")), 0);

        attr = lone_in(mode);
        OK(forkexec_attr_set_landlock_handled(attr, 0, FORKEXEC_LANDLOCK_NET_CONNECT_TCP));
        assert_int_equal(reporter_exits(attr, "connect", "1"), EACCES);
    }
}

TEST_BOTH(scopes)
{
    need_version(6);
    char *number = (char *)text("%d", SYS_kill), *self = (char *)text("%d", getpid());
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = lone_in(mode);
        OK(forkexec_attr_set_landlock_scopes(attr, FORKEXEC_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET));
        assert_int_equal(reporter_exits(attr, "call", number, self, "0"), 0);
        OK(forkexec_attr_set_landlock_scopes(attr, FORKEXEC_LANDLOCK_SCOPE_SIGNAL));
        assert_int_equal(reporter_exits(attr, "call", number, self, "0"), EPERM);
        /* The caller is not restricted. */
        struct forkexec_child *child = start_reporter(attr, "sleep");
        assert_int_equal(forkexec_signal(child, SIGTERM), 0);
        assert_int_equal(finish(child).signal, SIGTERM);
    }
}

/* The ruleset's number is another descriptor in the program, and is closed there. */
static void arrange_overlap(struct forkexec_attr *attr, int ruleset, int turn)
{
    if (turn == 1)
        OK(forkexec_attr_map_fd(attr, 0, ruleset));
    if (turn == 2)
        OK(forkexec_attr_close_fds_from(attr, 3));
    if (turn == 3)
        OK(forkexec_attr_open_fd(attr, ruleset, "/dev/null", O_RDONLY, 0));
    if (turn == 4)
        OK(forkexec_attr_close_fd(attr, ruleset));
}

TEST_BOTH(a_ruleset_of_the_callers)
{
    need_version(1);
    make_directories();
    struct landlock_ruleset_attr handled = { .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_REG };
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    int beneath = open(in, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = { .allowed_access = LANDLOCK_ACCESS_FS_MAKE_REG, .parent_fd = beneath };
    assert_false(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
    for EACH_MEMORY(mode)
        for (int turn = 0; turn < 5; turn++) {
            struct forkexec_attr *attr = lone_in(mode);
            OK(forkexec_attr_set_landlock_ruleset(attr, ruleset));
            arrange_overlap(attr, ruleset, turn);
            assert_int_equal(touches(attr, in), 0);
            assert_int_equal(touches(attr, out), EACCES);
            if (turn == 0)
                assert_saw(run_reporter(attr), "fds", "0 1 2");

            /* The request's own rules are installed on top of it. */
            OK(forkexec_attr_set_landlock_handled(attr, FS(MAKE_REG), 0));
            OK(forkexec_attr_add_landlock_path(attr, out, FS(MAKE_REG)));
            remove(text("%s/file", in));
            assert_int_equal(touches(attr, in), EACCES);
            assert_int_equal(touches(attr, out), EACCES);
        }
    close(beneath);
    close(ruleset);
    struct forkexec_attr *attr = lone_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_set_landlock_ruleset(attr, 999));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    OK(forkexec_attr_set_landlock_ruleset(attr, null));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, EBADFD, -1);
    close(null);
}

TEST_BOTH(paths_are_looked_up_in_the_final_root)
{
    need_version(1);
    need_cap(CAP_SYS_CHROOT);
    make_directories();
    public_reporter();
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = ruled_in(mode);
        OK(forkexec_attr_set_chroot(attr, scratch()));
        OK(forkexec_attr_add_landlock_path(attr, "/reporter", FS(EXECUTE) | FS(READ_FILE)));
        OK(forkexec_attr_set_cwd(attr, "/in"));
        OK(forkexec_attr_add_landlock_path(attr, ".", TO_WRITE));
        struct forkexec_child *child = start(attr, "/reporter", (char *[]){ "reporter", "touch", "/in/file", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, 0);
        child = start(attr, "/reporter", (char *[]){ "reporter", "touch", "/out/file", NULL }, NULL);
        assert_int_equal(finish(child).exit_code, EACCES);
        remove(text("%s/file", in));
    }
}

static const char *described(const struct forkexec_attr *attr);

TEST(rules_that_the_kernel_cannot_enforce_are_refused)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_add_landlock_path(attr, "/", FS(READ_FILE)));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = lone_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_set_landlock_handled(attr, FS(READ_FILE), 0));
    OK(forkexec_attr_add_landlock_path(attr, "/", FS(READ_FILE)));
    OK(forkexec_attr_add_landlock_path(attr, "/", FS(WRITE_FILE)));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, 1);
    attr = lone_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_set_landlock_handled(attr, FS(READ_FILE), 0));
    OK(forkexec_attr_add_landlock_port(attr, 1, FORKEXEC_LANDLOCK_NET_BIND_TCP));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, 0);

    assert_int_equal(forkexec_attr_set_landlock_ruleset(new_attr(), -1), -EBADF);
    assert_int_equal(forkexec_attr_add_landlock_path(new_attr(), NULL, 1), -EINVAL);
    assert_int_equal(forkexec_attr_add_landlock_path(new_attr(), "", 1), -EINVAL);
    assert_int_equal(forkexec_attr_add_landlock_path(new_attr(), "/", 0), -EINVAL);
    assert_int_equal(forkexec_attr_add_landlock_port(new_attr(), 1, 0), -EINVAL);
}

/* No rule is ignored without an error. */
TEST_BOTH(accesses_of_newer_kernels)
{
    static const struct { uint64_t fs, net, scopes; int since; } newer[] = {
        { FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX, 0, 0, 9 }, { 0, FORKEXEC_LANDLOCK_NET_BIND_UDP, 0, 10 },
        { 0, FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP, 0, 10 }, { 1ull << 63, 0, 0, 99 }, { 0, 1ull << 63, 0, 99 },
        { 0, 0, 1ull << 63, 99 } };
    need_version(6);
    make_directories();
    for EACH_MEMORY(mode)
        for (unsigned i = 0; i < sizeof newer / sizeof *newer; i++) {
            struct forkexec_attr *attr = lone_in(mode);
            if (newer[i].fs)
                OK(forkexec_attr_add_landlock_path(attr, "/", TO_RUN | newer[i].fs));
            if (newer[i].net)
                OK(forkexec_attr_add_landlock_port(attr, 1, newer[i].net));
            OK(forkexec_attr_set_landlock_scopes(attr, newer[i].scopes));
            if (version() >= newer[i].since) {
                OK(finish(start(attr, reporter, (char *[]){ reporter, "exit", "0", NULL }, NULL)).exit_code);
                continue;
            }
            if (version() > 10)
                assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK_RULE, EINVAL, -1);
            else
                assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP, -1);
            if (version() > 10)
                continue;
            OK(forkexec_attr_allow_partial_landlock(attr));
            assert_non_null(strstr(described(attr), text("unknown to this kernel: fs 0x%llx, net 0x%llx, scopes 0x%llx\n",
                (unsigned long long)newer[i].fs, (unsigned long long)newer[i].net, (unsigned long long)newer[i].scopes)
                ));
        }
}

/* If no handled access is named, only those newer accesses are ignored that no rule grants. */
TEST(newer_accesses_are_handled_where_a_rule_grants_them)
{
    need_version(5);
    struct forkexec_attr *attr = lone_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_allow_partial_landlock(attr));
    OK(forkexec_attr_add_landlock_path(attr, "/", FS(READ_FILE)));
    OK(forkexec_attr_add_landlock_port(attr, 1, FORKEXEC_LANDLOCK_NET_BIND_TCP));
    assert_non_null(strstr(described(attr), "755 landlock: fs 0xffff, net 0x3, scopes 0x0\n"));
    OK(forkexec_attr_add_landlock_path(attr, "/", FS(RESOLVE_UNIX)));
    OK(forkexec_attr_add_landlock_port(attr, 1, FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP));
    const char *expected = version() >= 10 ? "755 landlock: fs 0x1ffff, net 0xb, scopes 0x0\n"
        : version() == 9 ? "755 landlock: fs 0x1ffff, net 0x3, scopes 0x0; unknown to this kernel: fs 0x0, net 0x8, scopes 0x0\n"
        : "755 landlock: fs 0xffff, net 0x3, scopes 0x0; unknown to this kernel: fs 0x10000, net 0x8, scopes 0x0\n";
    assert_non_null(strstr(described(attr), expected));
}

TEST(a_file_takes_no_access_of_directories)
{
    need_version(1);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = ruled_in(mode);
        OK(forkexec_attr_add_landlock_path(attr, "/", TO_RUN));
        OK(forkexec_attr_add_landlock_path(attr, reporter, FS(READ_DIR)));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK_RULE, EINVAL, 1);
    }
}

static const char *described(const struct forkexec_attr *attr)
{
    static char said[4096];
    FILE *file = tmpfile();
    OK(forkexec_describe(attr, reporter, (char *[]){ reporter, NULL }, NULL, fileno(file), NULL));
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = 0;
    fclose(file);
    return said;
}

/* The logging flags do not change what is denied. */
TEST_BOTH(flags)
{
    need_version(7);
    make_directories();
    struct landlock_ruleset_attr handled = { .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR };
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    for EACH_MEMORY(mode)
        for (uint32_t flags = 0; flags < 8; flags += 2) {
            struct forkexec_attr *attr = lone_in(mode);
            OK(forkexec_attr_set_landlock_flags(attr, flags));
            /* Without a ruleset the kernel accepts only this flag. */
            if (flags == 0 || flags == FORKEXEC_LANDLOCK_FLAG_LOG_SUBDOMAINS_OFF)
                assert_int_equal(touches(attr, out), 0);
            else
                assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, EBADF, -1);
            OK(forkexec_attr_set_landlock_handled(attr, FS(MAKE_REG), 0));
            remove(text("%s/file", out));
            assert_int_equal(touches(attr, out), EACCES);
            OK(forkexec_attr_set_landlock_ruleset(attr, ruleset));
            assert_int_equal(touches(attr, out), EACCES);
        }
    close(ruleset);
}

/* Each ruleset is installed with the flags, the first one without the flag that would silence the second. */
struct flags {
    uint32_t asked;
    bool both;
    uint32_t seen;
};

static int caught_ruleset;

static void sees_flags(const void *data)
{
    const struct flags *these = data;
    struct denial denial = { SYS_landlock_restrict_self, ENOMEM, { { IS, 1, these->seen } } };
    deny(&denial, 1);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = lone_in(mode);
        OK(forkexec_attr_set_landlock_flags(attr, these->asked));
        OK(forkexec_attr_set_landlock_ruleset(attr, caught_ruleset));
        if (these->both)
            OK(forkexec_attr_set_landlock_handled(attr, FS(MAKE_REG), 0));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, ENOMEM, -1);
    }
}

TEST(each_ruleset_is_installed_with_the_flags)
{
    static const struct flags all[] = { { 0, true, 0 }, { 2, false, 2 }, { 2, true, 2 }, { 7, false, 7 }, { 7, true, 3 },
        { 7, true, 7 }, { 4, true, 0 }, { 4, true, 4 } };
    need_native();
    need_version(7);
    struct landlock_ruleset_attr handled = { .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR };
    caught_ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        in_copy(sees_flags, &all[i]);
    close(caught_ruleset);
}

TEST(flags_that_the_kernel_does_not_know)
{
    need_version(1);
    struct forkexec_attr *attr = lone_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_set_landlock_handled(attr, FS(MAKE_REG), 0));
    OK(forkexec_attr_set_landlock_flags(attr, 1u << 31));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, version() > 7 ? EINVAL : EOPNOTSUPP, -1);
    if (version() > 7)
        return;
    OK(forkexec_attr_allow_partial_landlock(attr));
    assert_int_equal(touches(attr, scratch()), EACCES);
    assert_non_null(strstr(described(attr),
        "755 landlock: fs 0x100, net 0x0, scopes 0x0; unknown to this kernel: fs 0x0, net 0x0, scopes 0x0, flags 0x80000000\n"));
}

/* On a kernel without Landlock. */
static void goes_without(const void *unused)
{
    static const struct denial nothing = { SYS_landlock_create_ruleset, ENOSYS, { { 0 } } };
    (void)unused;
    deny(&nothing, 1);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = lone_in(mode);
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        OK(forkexec_attr_add_landlock_path(attr, in, TO_WRITE));
        OK(forkexec_attr_set_landlock_scopes(attr, FORKEXEC_LANDLOCK_SCOPE_SIGNAL));
        assert_int_equal(forkexec_spawn(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, &error), -EOPNOTSUPP);
        assert_int_equal(error.stage, FORKEXEC_STAGE_LANDLOCK);
        assert_int_equal(error.index, -1);
        assert_non_null(strstr(error.message, "this kernel has no Landlock"));
        OK(forkexec_attr_allow_partial_landlock(attr));
        assert_non_null(strstr(described(attr),
            "landlock: fs 0x0, net 0x0, scopes 0x0; unknown to this kernel: fs 0xffff, net 0x0, scopes 0x2\n"));
        assert_int_equal(touches(attr, out), 0);
        remove(text("%s/file", out));
    }
    char why[512];
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_LANDLOCK, why, sizeof why), 0);
    assert_non_null(strstr(why, "missing or filtered"));
}

TEST(unknown_rules_are_ignored_where_that_is_allowed)
{
    need_native();
    make_directories();
    in_copy(goes_without, NULL);
}

TEST_BOTH(an_older_landlock_lacks_some_accesses)
{
    need(version() > 0 && version() < 6, "needs a kernel with version 1 to 5 of Landlock");
    make_directories();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = lone_in(mode);
        OK(forkexec_attr_add_landlock_path(attr, "/", TO_RUN));
        OK(forkexec_attr_set_landlock_scopes(attr, FORKEXEC_LANDLOCK_SCOPE_SIGNAL));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP, -1);
        OK(forkexec_attr_allow_partial_landlock(attr));
        assert_non_null(strstr(described(attr), "unknown to this kernel: fs 0x"));
        assert_int_equal(touches(attr, out), EACCES);
    }
}

TEST(the_dry_run_lists_the_granted_accesses)
{
    need_version(6);
    struct forkexec_attr *attr = lone_in(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_add_landlock_path(attr, "/usr", FS(READ_FILE)));
    OK(forkexec_attr_add_landlock_port(attr, 443, FORKEXEC_LANDLOCK_NET_CONNECT_TCP));
    OK(forkexec_attr_allow_partial_landlock(attr));
    assert_non_null(strstr(described(attr), "730 landlock rule 0: /usr, access 0x4\n"
        "730 landlock rule 1: port 443, access 0x2\n"));
    assert_non_null(strstr(described(attr), "755 landlock: fs 0xffff, net 0x3, scopes 0x0\n"));
    assert_non_null(strstr(described(attr), "a child in the caller's memory\n"));
    assert_int_equal(forkexec_probe(FORKEXEC_PROBE_LANDLOCK, NULL, 0), 1);
    assert_int_equal(FS(MAKE_SYM), LANDLOCK_ACCESS_FS_MAKE_SYM);
}

TEST(all_of_it_on_older_hosts)
{
    run_on_older_hosts(OLDER_HOSTS);
}
