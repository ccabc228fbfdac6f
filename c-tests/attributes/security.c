/* The session keyring, and the security label of the program. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/mount.h>

static long keyctl(int operation, unsigned long a, unsigned long b)
{
    return syscall(SYS_keyctl, operation, a, b, 0, 0);
}

static long session_keyring(void)
{
    return keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0);
}

static void need_keyrings(void)
{
    need(session_keyring() >= 0, "needs keyrings: %s", strerror(errno));
    need_native();
}

/* What the reporter prints about its keyring: the number and the name. */
static void assert_keyring(struct forkexec_attr *attr, long is, long is_not, const char *name)
{
    char said[256] = "", named[256] = "";
    long number = 0;
    int pair[2];
    assert_false(pipe2(pair, O_CLOEXEC));
    OK(forkexec_attr_map_fd(attr, pair[1], 1));
    assert_int_equal(reporter_exits(attr, "keyring"), 0);
    close(pair[1]);
    assert_true(read(pair[0], said, sizeof said - 1) > 0);
    close(pair[0]);
    assert_int_equal(sscanf(said, "keyring %ld %255s", &number, named), 2);
    assert_true(number > 0);
    if (is)
        assert_int_equal(number, is);
    assert_int_not_equal(number, is_not);
    assert_string_equal(named, name);
}

/* In a copy of the test with a keyring of its own, which the child may find by its name or may not. */
static void keyrings(const void *unused)
{
    (void)unused;
    const char *name = text("forkexec-%d", getpid());
    long own = keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)name, 0);
    assert_true(own > 0);
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *plain = new_attr(), *without = new_attr(), *named = new_attr();
        OK(forkexec_attr_set_memory_mode(plain, mode));
        OK(forkexec_attr_set_memory_mode(without, mode));
        OK(forkexec_attr_set_memory_mode(named, mode));
        assert_keyring(plain, own, 0, name);
        OK(forkexec_attr_set_session_keyring(without, NULL));
        assert_keyring(without, 0, own, "_ses");
        OK(forkexec_attr_set_session_keyring(named, name));
        assert_false(keyctl(KEYCTL_SETPERM, (unsigned long)own, 0x3f1b0000));
        assert_keyring(named, own, 0, name);
        assert_false(keyctl(KEYCTL_SETPERM, (unsigned long)own, 0x3f130000));
        assert_keyring(named, 0, own, name);
        assert_int_equal(session_keyring(), own);
    }
}

TEST_BOTH(a_session_keyring)
{
    need_keyrings();
    in_copy(keyrings, NULL);
}

/* The ids that the program gets possess the keyring nevertheless. */
static void keyring_of_another(const void *unused)
{
    (void)unused;
    struct forkexec_attr *attr = new_attr();
    long own = keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0);
    OK(forkexec_attr_set_uid(attr, 65534));
    OK(forkexec_attr_set_gid(attr, 65534));
    OK(forkexec_attr_set_session_keyring(attr, "forkexec-other"));
    assert_keyring(attr, 0, own, "forkexec-other");
}

/* What the reporter prints about the permissions of its keyring. */
static void assert_rights(struct forkexec_attr *attr, const char *rights)
{
    char said[256] = "";
    int pair[2];
    assert_false(pipe2(pair, O_CLOEXEC));
    OK(forkexec_attr_map_fd(attr, pair[1], 1));
    assert_int_equal(reporter_exits(attr, "keyring"), 0);
    close(pair[1]);
    assert_true(read(pair[0], said, sizeof said - 1) > 0);
    close(pair[0]);
    assert_non_null(strstr(said, text("keyring_permissions %s\n", rights)));
}

static void rights_to_keyrings(const void *unused)
{
    (void)unused;
    long own = keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0);
    assert_true(own > 0);
    assert_false(keyctl(KEYCTL_SETPERM, (unsigned long)own, 0x3f010000));
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++)
        for (int named = 0; named < 2; named++) {
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_memory_mode(attr, mode));
            OK(forkexec_attr_set_session_keyring(attr, named ? "forkexec-rights" : NULL));
            OK(forkexec_attr_set_keyring_permissions(attr, 0x3f1b0000));
            OK(forkexec_attr_set_keyring_permissions(attr, 0x3f090000));
            assert_rights(attr, "0x3f090000");
        }
    struct forkexec_attr *attr = new_attr();
    assert_rights(attr, "0x3f010000");
}

TEST_BOTH(permissions_of_a_session_keyring)
{
    need_keyrings();
    in_copy(rights_to_keyrings, NULL);
}

TEST(permissions_without_a_keyring)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_keyring_permissions(attr, 0x3f090000));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    attr = new_attr();
    OK(forkexec_attr_set_keyring_label(attr, "a:b:c"));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    assert_int_equal(forkexec_attr_set_keyring_permissions(new_attr(), 0x40000000), -EINVAL);
    assert_int_equal(forkexec_attr_set_keyring_label(new_attr(), ""), -EINVAL);
    assert_int_equal(forkexec_attr_set_apparmor_profile(new_attr(), NULL), -EINVAL);
}

TEST_BOTH(a_session_keyring_and_other_ids)
{
    need_keyrings();
    need_root();
    in_copy(keyring_of_another, NULL);
}

TEST(a_name_that_the_kernel_refuses)
{
    need_keyrings();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_session_keyring(attr, ".hidden"));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_KEYRING, EPERM, -1);
}

/* A keyring that is allowed to fail: on a kernel without keyrings the program starts, but never with the caller's keyring. */
static void without_keyrings(const void *unused)
{
    (void)unused;
    static const struct denial none = { SYS_keyctl, ENOSYS, { { 0 } } };
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_session_keyring(attr, NULL));
    deny(&none, 1);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_KEYRING, ENOSYS, -1);
    OK(forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_KEYRING));
    assert_int_equal(reporter_exits(attr, "exit", "6"), 6);
}

static void with_too_many_keys(const void *unused)
{
    (void)unused;
    static const struct denial full = { SYS_keyctl, EDQUOT, { { 0 } } };
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_session_keyring(attr, NULL));
    OK(forkexec_attr_allow_failure(attr, FORKEXEC_STAGE_KEYRING));
    deny(&full, 1);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_KEYRING, EDQUOT, -1);
}

TEST_BOTH(a_keyring_that_is_allowed_to_fail)
{
    need_native();
    in_copy(without_keyrings, NULL);
    in_copy(with_too_many_keys, NULL);
}

/* The security module that sets labels, or NULL; and the label of this process. */
static const char *own_label(void)
{
    static char label[256];
    int fd = open("/proc/self/attr/current", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, label, sizeof label - 1);
    close(fd);
    label[n < 0 ? 0 : n] = 0;
    label[strcspn(label, "\n")] = 0;
    return *label ? label : NULL;
}

TEST_BOTH(a_label)
{
    const char *own = own_label();
    need(own, "needs SELinux or AppArmor");
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_exec_label(attr, own));
    assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
    attr = new_attr();
    OK(forkexec_attr_set_exec_label(attr, "no_such_profile_or_context"));
    struct forkexec_error error;
    struct forkexec_child *child;
    assert_true(try_start(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, &error) < 0);
    assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC_LABEL);
}

#define PROFILE "forkexec-test"

/* Loads or removes a profile that allows everything but the creation of one file. */
static bool tell_apparmor(const char *option, const char *kept_from)
{
    FILE *parser = popen(text("exec /sbin/apparmor_parser --quiet --skip-cache %s 2>&1", option), "we");
    fprintf(parser, "profile " PROFILE " flags=(attach_disconnected) {\n"
        "    file, capability, network, signal, ptrace, unix, mount, umount, pivot_root,\n"
        "    deny %s w,\n}\n", kept_from);
    return pclose(parser) == 0;
}

static void remove_profile(void)
{
    tell_apparmor("--remove", "/nothing");
}

TEST_BOTH(a_profile_of_apparmor)
{
    need_root();
    need_native();
    need(!access("/sys/kernel/security/apparmor/.load", W_OK), "needs AppArmor");
    need(exists("/sbin/apparmor_parser"), "there is no /sbin/apparmor_parser");
    const char *denied = scratch_path("denied"), *allowed = scratch_path("allowed");
    assert_true(tell_apparmor("--replace", denied));
    atexit(remove_profile);
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, mode));
        OK(forkexec_attr_set_exec_label(attr, PROFILE));
        struct view *view = run_reporter(attr, .path = "/bin/sh", .argv = (char *[]){ "sh", "-c",
            "read -r label </proc/self/attr/current; echo \"label $label\"", NULL });
        assert_saw(view, "label", PROFILE " (enforce)");
        assert_int_equal(reporter_exits(attr, "touch", (char *)allowed), 0);
        assert_int_equal(reporter_exits(attr, "touch", (char *)denied), EACCES);
    }
    assert_string_not_equal(own_label(), PROFILE " (enforce)");
}

/* No module accepts the label: the program does not start without it. */
TEST_BOTH(a_label_that_no_module_accepts)
{
    need(!own_label(), "needs a host without SELinux and AppArmor");
    need(exists("/proc/self/attr/exec"), "needs /proc/self/attr/exec");
    need_native(); /* valgrind has no openat2(2) */
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, mode));
        OK(forkexec_attr_set_exec_label(attr, "u:r:t:s0"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_EXEC_LABEL, EINVAL, -1);
        OK(forkexec_attr_map_fd(attr, 0, 40));
        OK(forkexec_attr_close_fds_from(attr, 5));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_EXEC_LABEL, EINVAL, -1);
    }
}

/* The library writes to the kernel's own /proc, also if the program's root has another /proc or none, or its pid is in
 * another namespace. */
TEST_BOTH(a_label_in_another_root)
{
    need(!own_label(), "needs a host without SELinux and AppArmor");
    need_user_namespaces();
    need_native();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    OK(forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY));
    OK(forkexec_attr_bind_mount(attr, reporter, "/reporter", FORKEXEC_MOUNT_CREATE));
    assert_int_equal(finish(start(attr, "/reporter", (char *[]){ "reporter", "exit", "0", NULL }, NULL)).exit_code, 0);
    OK(forkexec_attr_set_exec_label(attr, "u:r:t:s0"));
    assert_spawn_fails(attr, "/reporter", FORKEXEC_STAGE_EXEC_LABEL, EINVAL, -1);
}

/* Files of another user are mounted over the kernel's. They would accept the label, which would have no effect. */
static void with_another_proc(const void *over)
{
    const char *decoy = scratch_path("decoy");
    close(open(decoy, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    assert_false(unshare(CLONE_NEWNS));
    assert_false(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_exec_label(attr, "u:r:t:s0"));
    if (over) {
        assert_false(mount("none", "/proc", "tmpfs", 0, NULL));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_PROCFS, EOPNOTSUPP, -1);
        return;
    }
    /* A part of procfs: its file system type is procfs as well. */
    assert_false(mount("/proc/self", "/proc", NULL, MS_BIND, NULL));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_PROCFS, EOPNOTSUPP, -1);
}

TEST_BOTH(a_proc_that_is_not_procfs)
{
    need_root();
    need_native();
    in_copy(with_another_proc, NULL);
    in_copy(with_another_proc, "tmpfs");
}

static int written(const char *path, const char *label)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int code = fd < 0 || write(fd, label, strlen(label)) < 0 ? errno : 0;
    close(fd);
    return code;
}

/* The child gets the kernel's error for this label, and the program does not start. */
TEST_BOTH(a_label_for_the_keyring)
{
    need_keyrings();
    const char *own = own_label(), *label = own ? own : "u:r:t:s0";
    int code = written("/proc/thread-self/attr/keycreate", label);
    written("/proc/thread-self/attr/keycreate", "\n");
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, mode));
        OK(forkexec_attr_set_session_keyring(attr, NULL));
        OK(forkexec_attr_set_keyring_label(attr, label));
        if (code)
            assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_KEYRING_LABEL, code, -1);
        else
            assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
    }
}

TEST_BOTH(a_profile_where_there_is_no_apparmor)
{
    need(!exists("/proc/self/attr/apparmor/exec"), "needs a host without AppArmor");
    need_native();
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, mode));
        OK(forkexec_attr_set_apparmor_profile(attr, "docker-default"));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_APPARMOR_PROFILE, ENOENT, -1);
    }
}

/* With both setters the label is SELinux's, whichever module there is. */
TEST(labels_of_two_modules)
{
    char said[4096] = "";
    int pair[2];
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_exec_label(attr, "a:b:c"));
    OK(forkexec_attr_set_apparmor_profile(attr, "a profile"));
    assert_false(pipe2(pair, O_CLOEXEC));
    OK(forkexec_describe(attr, reporter, (char *[]){ reporter, NULL }, NULL, pair[1], NULL));
    close(pair[1]);
    assert_true(read(pair[0], said, sizeof said - 1) > 0);
    close(pair[0]);
    assert_non_null(strstr(said, "602 exec label: a:b:c\n603 apparmor profile: exec a profile\n"));
}
