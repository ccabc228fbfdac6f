/* Requests that no sandbox can have: the error tells which call and why, no program runs, and nothing is left. */
#include "full_sandbox.h"

#include <linux/landlock.h>

EACH_TEST_NEEDS(need_native) /* it has a filter, which valgrind does not support */

static const struct sock_filter jump_out[] = { BPF_JUMP(BPF_JMP | BPF_JA, 77, 0, 0), BPF_STMT(BPF_RET | BPF_K, 0) };
static const struct sock_filter no_end[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };

/* A request, which may need a mount namespace, and the expected result. */
#define ASK(name, ...) static void name(struct forkexec_attr *attr) { __VA_ARGS__; }
#define SET(setter, ...) OK(forkexec_attr_##setter(attr, ##__VA_ARGS__))
#define REFUSED(setter, ...) assert_int_equal(forkexec_attr_##setter(attr, ##__VA_ARGS__), -EINVAL)
#define IN_ROOT SET(set_root, NULL, 0); SET(make_directory, "/a", 0755)

ASK(a_mount, SET(add_mount, "x", "/tmp", "tmpfs", 0, NULL))
ASK(a_bind, SET(bind_mount, "/", "/tmp", 0))
ASK(a_tmpfs, SET(mount_tmpfs, "/tmp", 0, 0755, 0))
ASK(a_proc, SET(mount_proc, "/proc", 0))
ASK(a_dev, SET(mount_dev, "/dev", 0))
ASK(a_directory, SET(make_directory, "/tmp/x", 0755))
ASK(a_symlink, SET(make_symlink, "x", "/tmp/x"))
ASK(a_file, SET(make_file, "/tmp/x", NULL, 0, 0644))
ASK(a_mask, SET(mask_path, "/tmp"))
ASK(a_readonly_path, SET(make_readonly, "/tmp"))
ASK(a_root, SET(set_root, NULL, 0))

ASK(a_missing_root, SET(set_root, "/nonexistent", 0))
ASK(a_missing_relative_root, SET(set_root, "nonexistent", FORKEXEC_ROOT_READONLY))
ASK(a_root_that_is_a_file, SET(set_root, "/dev/null", 0))
ASK(a_missing_source, IN_ROOT; SET(bind_mount, "/nonexistent", "/a", 0))
ASK(a_file_on_a_directory, IN_ROOT; SET(bind_mount, "/dev/null", "/a", 0))
ASK(a_missing_target, IN_ROOT; SET(mount_tmpfs, "/b/c", 0, 0755, 0))
ASK(a_link_on_the_way, IN_ROOT; SET(make_symlink, "/a", "/b"); SET(make_file, "/b/c", NULL, 0, 0644))
ASK(an_unknown_file_system, IN_ROOT; SET(add_mount, "x", "/a", "nofs", 0, NULL))
ASK(an_escape, IN_ROOT; REFUSED(mount_tmpfs, "/a/../..", 0, 0755, 0))
ASK(a_relative_target, IN_ROOT; REFUSED(mount_proc, "a", 0))
ASK(the_root_as_target, IN_ROOT; REFUSED(bind_mount, "/usr", "/", 0))

ASK(no_filter, REFUSED(add_seccomp_filter, no_end, 0, 0))
ASK(too_long_a_filter, REFUSED(add_seccomp_filter, no_end, 4097, 0))
ASK(a_filter_that_jumps_out, SET(set_no_new_privs); SET(deny_terminal_injection); SET(add_seccomp_filter, jump_out, 2, 0))
ASK(a_filter_without_an_end, SET(set_no_new_privs); SET(add_seccomp_filter, no_end, 1, 0))
ASK(two_listeners, SET(set_no_new_privs); SET(add_seccomp_filter, no_end, 1, FORKEXEC_SECCOMP_LISTENER);
    SET(add_seccomp_filter, no_end, 1, FORKEXEC_SECCOMP_LISTENER))

ASK(a_rule_with_privileges, SET(add_landlock_path, "/", FORKEXEC_LANDLOCK_FS_READ_FILE))
ASK(a_rule_that_is_not_handled, SET(set_no_new_privs); SET(set_landlock_handled, FORKEXEC_LANDLOCK_FS_MAKE_DIR, 0);
    SET(add_landlock_path, "/", FORKEXEC_LANDLOCK_FS_READ_FILE))
ASK(a_ruleset_that_is_not_open, SET(set_no_new_privs); SET(set_landlock_ruleset, 987))
ASK(an_init_of_nothing, SET(set_init))

enum { ALONE, BUILDS };
#define FAILS(stage, code, index) FORKEXEC_STAGE_##stage, code, index

static const struct {
    void (*ask)(struct forkexec_attr *attr);
    int needs;
    uint32_t stage;
    int code, index;
    const char *sentence; /* the sandbox has this */
} cases[] = {
    { a_mount, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_bind, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_tmpfs, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_proc, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_dev, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_directory, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_symlink, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_file, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_mask, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_readonly_path, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_root, ALONE, FAILS(VALIDATE, EINVAL, -1), "FORKEXEC_NS_MOUNT" },
    { a_missing_root, BUILDS, FAILS(ROOT, ENOENT, -1), "/nonexistent" },
    { a_missing_relative_root, BUILDS, FAILS(ROOT, ENOENT, -1), "nonexistent" },
    { a_root_that_is_a_file, BUILDS, FAILS(ROOT, ENOTDIR, -1), "/dev/null" },
    { a_missing_source, BUILDS, FAILS(BIND, ENOENT, 1), " on /a)" },
    { a_file_on_a_directory, BUILDS, FAILS(BIND, ENOTDIR, 1), " on /a)" },
    { a_missing_target, BUILDS, FAILS(TMPFS, ENOENT, 1), "tmpfs 1 (/b/c" },
    { a_link_on_the_way, BUILDS, FAILS(FILE, ELOOP, 2), "symbolic link" },
    { an_unknown_file_system, BUILDS, FAILS(MOUNT, ENODEV, 1), "mount 1 (/a" },
    { an_escape, BUILDS, FAILS(VALIDATE, EINVAL, -1), "mount_tmpfs" },
    { a_relative_target, BUILDS, FAILS(VALIDATE, EINVAL, -1), "mount_proc" },
    { the_root_as_target, BUILDS, FAILS(VALIDATE, EINVAL, -1), "bind_mount" },
    { no_filter, ALONE, FAILS(VALIDATE, EINVAL, -1), "add_seccomp_filter" },
    { too_long_a_filter, ALONE, FAILS(VALIDATE, EINVAL, -1), "add_seccomp_filter" },
    { a_filter_that_jumps_out, ALONE, FAILS(SECCOMP, EINVAL, 1), "seccomp" },
    { a_filter_without_an_end, ALONE, FAILS(SECCOMP, EINVAL, 0), "seccomp" },
    { two_listeners, ALONE, FAILS(VALIDATE, EINVAL, 1), "one filter has a listener" },
    { a_rule_with_privileges, ALONE, FAILS(VALIDATE, EINVAL, -1), "set_no_new_privs" },
    { a_rule_that_is_not_handled, ALONE, FAILS(VALIDATE, EINVAL, 0), "handled" },
    { a_ruleset_that_is_not_open, ALONE, FAILS(VALIDATE, EBADF, -1), "set_landlock_ruleset" },
    { an_init_of_nothing, ALONE, FAILS(VALIDATE, EINVAL, -1), "set_init" },
};

static const char *sentence_of(const struct forkexec_attr *attr)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    assert_int_not_equal(try_start(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, &error), 0);
    return text("%s", error.message);
}

/* Requests with mounts are made in a root of their own. */
static uint32_t last_memory(size_t i)
{
    return cases[i].needs == BUILDS ? FORKEXEC_MEMORY_FRESH : FORKEXEC_MEMORY_COPIED;
}

TEST_BOTH(requests_that_are_refused)
{
    int wrong = 0;
    need_mounts();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= last_memory(i); mode++) {
            struct forkexec_attr *attr = cases[i].needs == BUILDS ? mount_attr(mode, geteuid()) : attr_in(mode);
            cases[i].ask(attr);
            assert_spawn_fails(attr, NULL, cases[i].stage, cases[i].code, cases[i].index);
            const char *sentence = sentence_of(attr);
            if (!strstr(sentence, cases[i].sentence)) {
                printf("# \"%s\" does not say \"%s\"\n", sentence, cases[i].sentence);
                wrong++;
            }
        }
    assert_int_equal(wrong, 0);
}

/* A sandbox with one wrong request fails as a whole: nothing of the valid part remains. */
TEST_BOTH(a_sandbox_with_one_wrong_request)
{
    need_mounts();
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox(mode, user);
        OK(forkexec_attr_bind_mount(attr, "/nonexistent", "/desk", 0));
        OK(forkexec_attr_mount_tmpfs(attr, "/closed", 0, 0755, 0));
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_BIND, ENOENT, exists("/lib64") ? 15 : 14);
        attr = full_sandbox(mode, user);
        assert_int_equal(forkexec_attr_mount_tmpfs(attr, "..", 0, 0755, 0), -EINVAL);
        assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
}

/* A kernel without Landlock, or with Landlock switched off or forbidden. */
static void has_no_landlock(const void *code_)
{
    int code = *(const int *)code_;
    const struct denial none[] = { { SYS_landlock_create_ruleset, code, { { 0 } } },
        { SYS_landlock_add_rule, code, { { 0 } } }, { SYS_landlock_restrict_self, code, { { 0 } } } };
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    deny(none, 3);
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        char why[256] = "";
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_add_landlock_path(attr, "/", FORKEXEC_LANDLOCK_FS_READ_FILE));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP, -1);
        assert_non_null(strstr(sentence_of(attr), "Landlock"));
        assert_int_equal(forkexec_probe(FORKEXEC_PROBE_LANDLOCK, why, sizeof why), 0);
        assert_true(*why);
        OK(forkexec_attr_allow_partial_landlock(attr));
        assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
    }
}

TEST_BOTH(rules_on_a_kernel_without_landlock)
{
    static const int codes[] = { ENOSYS, EOPNOTSUPP, EPERM };
    need_native();
    for (int i = 0; i < 3; i++)
        in_copy(has_no_landlock, &codes[i]);
}

/* Only mount_setattr can map the ids of a mount. */
TEST_BOTH(mapped_ids_on_a_kernel_without_mount_setattr)
{
    need(lacks_call(SYS_mount_setattr), "the kernel has mount_setattr");
    int userns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    for EACH_ROOT_MEMORY(mode) {
        struct forkexec_attr *attr = mount_attr(mode, geteuid());
        IN_ROOT;
        OK(forkexec_attr_bind_mount_idmapped(attr, "/usr", "/a", userns, 0));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_BIND, lacks_call_with(SYS_mount_setattr), 1);
        assert_non_null(strstr(sentence_of(attr), "bind_mount_idmapped"));
    }
    close(userns);
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(KNOWN_HOSTS + 4);
}
