/* Failures of the bootstrap: its exit status, its log, and that no process is left. */
#include "nsexec_driver.h"

/* It fails before there is a second process, with this log line. */
static void is_refused(const struct message *message, const char *said)
{
    struct boot *boot = boot(message, .level = "1");
    fails(boot);
    assert_line(boot, "fatal", "nsexec", boot->pid, said);
    assert_int_equal(lines(boot, "fatal"), 1);
    assert_null(strchr(strchr(boot->said, '\n') + 1, '\n'));
}

/* It fails in stage 1, and stage 0 reports it. */
static void fails_in_child(const struct message *message, const char *said)
{
    struct boot *boot = boot(message);
    fails(boot);
    assert_int_equal(lines(boot, "fatal"), 2);
    assert_line(boot, "fatal", "nsexec-1", stage_of(boot, "nsexec-1"), said);
    assert_line(boot, "fatal", "nsexec-0", boot->pid, "failed to read from stage-1 (got 0 of 4 bytes)");
}

TEST(numbers_in_the_environment)
{
    need_native();
    static const char *const wrong[] = { "abc", "-3", "5x", "0x5", "5 ", " ", "+", "--5", "1e3" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct boot *boot = boot(asks_for(0, true), .level = wrong[i]);
        fails(boot);
        assert_line(boot, "fatal", "nsexec", boot->pid, text("not a number: _LIBCONTAINER_LOGLEVEL=%s", wrong[i]));
        boot = boot(asks_for(0, true), .init = wrong[i]);
        fails(boot);
        assert_line(boot, "fatal", "nsexec", boot->pid, text("not a number: _LIBCONTAINER_INITPIPE=%s", wrong[i]));
        boot = boot(asks_for(0, true), .log = wrong[i]);
        fails(boot);
        assert_string_equal(boot->said, "");
        assert_string_equal(boot->complained, text("FATAL: not a number: _LIBCONTAINER_LOGPIPE=%s\n", wrong[i]));
    }
}

TEST(a_descriptor_that_is_no_socket)
{
    need_native();
    struct boot *boot = boot(asks_for(0, true), .init = "999");
    fails(boot);
    assert_line(boot, "fatal", "nsexec", boot->pid,
        "failed to read the bootstrap message's header (got 0 of 16 bytes): Bad file descriptor");
    boot = boot(asks_for(0, true), .init = "99999999999999999999");
    fails(boot);
    boot = boot(asks_for(0, true), .no_log = true, .init = "999");
    fails(boot);
    assert_string_equal(boot->complained,
        "FATAL: failed to read the bootstrap message's header (got 0 of 16 bytes): Bad file descriptor\n");
}

/* From panic to trace. With 0 nothing is logged. */
TEST(levels)
{
    need_native();
    for (int level = 0; level < 8; level++) {
        struct message *message = asks_for(0, true);
        add_text(message, PATHS, "foo:/x");
        struct boot *boot = boot(message, .level = text(" +%d", level));
        fails(boot);
        assert_int_equal(lines(boot, "fatal"), level >= 1 ? 2 : 0);
        assert_int_equal(lines(boot, "debug") > 0, level >= 5);
        assert_string_equal(boot->complained, "");
    }
}

TEST(headers)
{
    need_native();
    struct message *message = asks_for(0, true);
    put_u16(message->bytes + 4, 123);
    is_refused(message, "the bootstrap message is of unexpected type 123");
    put_u16(message->bytes + 4, 2);
    is_refused(message, "the bootstrap message is an error");
    static const uint32_t lengths[] = { 0, 15, 16 + 10 * 65536 + 1, INT32_MAX, UINT32_MAX };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        message = asks_for(0, true);
        put_u32(message->bytes, lengths[i]);
        is_refused(message, text("the bootstrap message has a length of %u", lengths[i]));
    }
}

/* The writer closes the socket in the middle of the message. */
TEST(truncated)
{
    need_native();
    struct message *message = asks_for(0, true);
    uint8_t whole[64];
    size_t size = message->size;
    memcpy(whole, message->bytes, size);
    for (size_t i = 0; i < size; i++) {
        struct boot *boot = boot(NULL, .level = "1");
        send_all(boot->socket, whole, i);
        shutdown(boot->socket, SHUT_WR);
        fails(boot);
        assert_line(boot, "fatal", "nsexec", boot->pid, i < 16
                ? text("failed to read the bootstrap message's header (got %zu of 16 bytes)", i)
                : text("failed to read the bootstrap message (got %zu of %zu bytes)", i - 16, size - 16));
    }
}

TEST(attributes)
{
    need_native();
    static const uint16_t unknown[] = { 0, 27280, 27291, 30000, 65535 };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        struct message *message = asks_for(0, true);
        add_number(message, unknown[i], 0);
        is_refused(message, text("unknown bootstrap attribute: %u", unknown[i]));
    }
    static const uint16_t lengths[] = { 0, 1, 3, 9, 12, 65535 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct message *message = new_message();
        add_number(message, ROOTLESS, 1);
        put_u16(message->bytes + 16, lengths[i]);
        is_refused(message, "bootstrap attribute of a wrong length: 27287");
    }
    for (uint32_t more = 1; more < 4; more++) {
        struct message *message = asks_for(0, true);
        message->size += more;
        put_u32(message->bytes, (uint32_t)message->size);
        is_refused(message, text("bytes behind the last bootstrap attribute: %u", more));
    }
}

TEST(payloads)
{
    need_native();
    static const uint16_t strings[] = { PATHS, UID_MAP, GID_MAP, OOM_SCORE_ADJ, UID_HELPER, GID_HELPER, OFFSETS };
    static const uint16_t numbers[] = { CLONE_FLAGS, SETGROUP, ROOTLESS };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        static const struct { const char *bytes; size_t size; } wrong[] = { { "", 0 }, { "abc", 3 }, { "a\0b", 4 }, { "\0", 2 } };
        for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
            struct message *message = new_message();
            add(message, strings[i], wrong[j].bytes, wrong[j].size);
            is_refused(message, text("bootstrap attribute is no string: %u", strings[i]));
        }
        struct message *message = new_message();
        add_text(message, strings[i], "0");
        add_text(message, strings[i], "0");
        is_refused(message, text("bootstrap attribute given twice: %u", strings[i]));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct message *message = new_message();
        add(message, numbers[i], "\1\0\0\0\0\0\0\0", 8);
        is_refused(message, text("bootstrap attribute is no number: %u", numbers[i]));
        message = new_message();
        add(message, numbers[i], "\1", 1);
        is_refused(message, text("bootstrap attribute is no number: %u", numbers[i]));
    }
}

TEST(namespace_paths)
{
    need_native();
    static const struct { const char *paths, *said; } wrong[] = {
        { "", "ns paths are empty" },
        { "abc", "no kind in namespace path abc" },
        { "foo:/x", "unknown kind of namespace: foo" },
        { "net:/proc/self/ns/net,", "no kind in namespace path " },
        { ":/proc/self/ns/net", "unknown kind of namespace: " },
        { "net:", "failed to open namespace : No such file or directory" },
        { "pid:/proc/-1/ns/pid", "failed to open namespace /proc/-1/ns/pid: No such file or directory" },
        { "net:/proc/self/ns/uts", "failed to join net namespace (with path /proc/self/ns/uts): Invalid argument" },
        { "uts:/dev/null", "failed to join uts namespace (with path /dev/null): Invalid argument" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct message *message = asks_for(0, true);
        add_text(message, PATHS, wrong[i].paths);
        fails_in_child(message, wrong[i].said);
    }
    char *path = (char *)(uintptr_t)text("%5000s", "");
    memset(path, 'x', 5000);
    struct message *message = asks_for(0, true);
    add_text(message, PATHS, text("net:%s", path));
    struct boot *boot = boot(message, .level = "1");
    fails(boot);
    assert_int_equal(lines(boot, "fatal"), 2);
    /* As many bytes as all three processes may write to a pipe at once. */
    assert_int_equal(strcspn(strstr(boot->said, "{\"level\":\"fatal\", \"msg\": \"nsexec-1"), "\n") + 1, 4096);
    assert_non_null(strstr(boot->said, "xx\"}\n"));
}

/* A very long path must not push the reason out of the line. */
TEST(a_long_path_does_not_hide_the_reason)
{
    need_native();
    char *path = (char *)(uintptr_t)text("%4090s", "");
    memset(path, 'x', 4090);
    struct message *message = asks_for(0, true);
    add_text(message, PATHS, text("net:%s", path));
    struct boot *boot = boot(message, .level = "1");
    fails(boot);
    const char *line = strstr(boot->said, "{\"level\":\"fatal\", \"msg\": \"nsexec-1");
    assert_non_null(line);
    assert_int_equal(strcspn(line, "\n") + 1, 4096);
    assert_non_null(strstr(line, "xx: File name too long\"}\n"));
}

TEST(the_own_user_namespace_cannot_be_joined)
{
    need_native();
    struct message *message = asks_for(0, true);
    add_text(message, PATHS, "user:/proc/self/ns/user");
    fails_in_child(message, "failed to join user namespace (with path /proc/self/ns/user): Invalid argument");
}

/* Whatever bytes a path has, the line is valid JSON. */
TEST(escapes)
{
    need_native();
    struct message *message = asks_for(0, true);
    add_text(message, PATHS, "net:/\"\\\b\t\n\f\r\x01\x1f\x7f\xc3\xa4\xff/");
    fails_in_child(message,
        "failed to open namespace /\\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\xc3\xa4\xff/: No such file or directory");
}

TEST(oom_score)
{
    need_native();
    static const char *const wrong[] = { "", "abc", "1001", "-1001" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct message *message = asks_for(0, true);
        add_text(message, OOM_SCORE_ADJ, wrong[i]);
        is_refused(message, "failed to update /proc/self/oom_score_adj: Invalid argument");
    }
}

TEST(time_offsets_without_a_namespace)
{
    need_native();
    struct message *message = asks_for(0, true);
    add_text(message, OFFSETS, "monotonic 1 1\n");
    struct boot *boot = boot(message);
    fails(boot);
    assert_line(boot, "fatal", "nsexec-0", boot->pid,
        text("failed to update /proc/%d/timens_offsets: %s", stage_of(boot, "nsexec-1"),
            getuid() ? strerror(EPERM) : strerror(EACCES)));
}

TEST(unknown_flags)
{
    need_native();
    fails_in_child(asks_for(0x10, true), "failed to unshare the other namespaces: Invalid argument");
}

TEST(a_user_namespace_without_root)
{
    need_native();
    need_user_namespaces();
    fails_in_child(asks_for(CLONE_NEWUSER, true), "failed to become root in the user namespace: Invalid argument");
}

TEST(an_invalid_map)
{
    need_native();
    need_user_namespaces();
    struct message *message = asks_for(CLONE_NEWUSER, true);
    add_text(message, UID_MAP, "nonsense\n");
    struct boot *boot = boot(message);
    fails(boot);
    assert_line(boot, "fatal", "nsexec-0", boot->pid,
        text("failed to update /proc/%d/uid_map: Invalid argument", stage_of(boot, "nsexec-1")));
    assert_line(boot, "debug", "nsexec-0", boot->pid,
        text("update /proc/%d/uid_map to 'nonsense\\n'", stage_of(boot, "nsexec-1")));
    /* The other process is killed before it can log. */
    assert_int_equal(lines(boot, "fatal"), 1);
}

/* In the /proc of another pid namespace the child's pid may be another process: nothing is written there. */
static void in_outer_proc(const void *unused)
{
    (void)unused;
    int status;
    assert_false(unshare(CLONE_NEWPID));
    pid_t first = fork();
    if (!first) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct message *message = asks_for(CLONE_NEWUSER, true);
        add_text(message, UID_MAP, "0 0 1\n");
        struct boot *boot = boot(message);
        assert_true(read_until(boot->log, boot->said, sizeof boot->said, ""));
        assert_line(boot, "fatal", "nsexec-0", boot->pid, "/proc belongs to another pid namespace");
        assert_int_equal(waitpid(boot->pid, &status, 0), boot->pid);
        assert_int_equal(status, FAILED);
        _exit(0);
    }
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
}

TEST(maps_in_a_foreign_proc)
{
    need_native();
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    in_fork(in_outer_proc, NULL);
}

/* A user that is not root outside keeps its id. */
TEST(root_that_is_not_mapped)
{
    need_native();
    uid_t uid = getuid() ? 0 : NOBODY;
    struct boot *boot = boot(asks_for(0, true), .path = uid ? public_host() : NULL, .uid = uid);
    assert_true(says_pids(boot));
    fails(boot);
    assert_line(boot, "fatal", "nsexec-2", stage_of(boot, "nsexec-2"), "setuid failed: Operation not permitted");
    assert_line(boot, "fatal", "nsexec-0", boot->pid, "failed to read from stage-2 (got 0 of 4 bytes)");
}

/* Each step fails, alone. */
TEST(denied)
{
    need_native();
    need_root();
    static const struct { struct denial call; const char *stage, *said; } list[] = {
        { { SYS_rt_sigprocmask, EPERM, { { IS, 0, SIG_BLOCK } } }, "nsexec", "block SIGPIPE: Operation not permitted" },
        { { SYS_mmap, ENOMEM, { { IS, 4, -1u } } }, "nsexec", "failed to get 52 bytes: Cannot allocate memory" },
        { { SYS_prctl, EPERM, { { IS, 0, PR_SET_DUMPABLE } } }, "nsexec", "failed to become non-dumpable: Operation not permitted" },
        { { .call = SYS_socketpair, .code = EMFILE }, "nsexec", "failed to make a socket pair: Too many open files" },
        { { .call = SYS_clone, .code = EAGAIN }, "nsexec", "failed to clone the next process: Resource temporarily unavailable" },
        { { .call = SYS_setns, .code = ENOMEM }, "nsexec-1", "failed to join uts namespace (with path /proc/self/ns/uts): Cannot allocate memory" },
        { { .call = SYS_unshare, .code = ENOSPC }, "nsexec-1", "failed to unshare the other namespaces: No space left on device" },
        { { .call = SYS_setsid, .code = EPERM }, "nsexec-2", "setsid failed: Operation not permitted" },
        { { .call = SYS_setresuid, .code = EAGAIN }, "nsexec-2", "setuid failed: Resource temporarily unavailable" },
        { { .call = SYS_setresgid, .code = EPERM }, "nsexec-2", "setgid failed: Operation not permitted" },
        { { .call = SYS_setgroups, .code = EPERM }, "nsexec-2", "setgroups failed: Operation not permitted" },
        { { SYS_rt_sigprocmask, EPERM, { { IS, 0, SIG_SETMASK } } }, "nsexec-2",
            "failed to restore the signal mask: Operation not permitted" },
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct message *message = asks_for(0, false);
        add_number(message, SETGROUP, 1);
        add_text(message, PATHS, "uts:/proc/self/ns/uts");
        struct boot *boot = boot(message, .denied = list[i].call);
        if (!strcmp(list[i].stage, "nsexec-2"))
            assert_true(says_pids(boot));
        fails(boot);
        assert_line(boot, "fatal", list[i].stage, stage_of(boot, list[i].stage), list[i].said);
        assert_int_equal(boot->odd, 0);
    }
}

/* Without calls that only newer kernels have it continues. */
TEST(a_denied_call_that_is_not_needed)
{
    need_native();
    need_root();
    struct boot *boot = boot(asks_for(0, false), .denied = { SYS_prctl, EINVAL, { { IS, 0, 40 /* PR_GET_TID_ADDRESS */ } } });
    assert_seen(comes_up(boot), "tid", "stale");
    goes_down(boot);
    boot = boot(asks_for(0, false), .denied = { SYS_sched_getaffinity, EINVAL, { { ANY, 0, 0 } } });
    comes_up(boot);
    goes_down(boot);
    assert_line(boot, "warning", "nsexec", boot->pid, "failed to get the cpu affinity: Invalid argument");
}
