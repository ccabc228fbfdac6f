/* The dry run: prints what would happen, and does nothing. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static char *const itself[] = { reporter, "exit", "3", NULL };

/* The text, valid until the end of the test. The descriptor must stay open, with its position after the text. */
static const char *described(const struct forkexec_attr *attr, const char *path)
{
    struct forkexec_error error;
    FILE *file = tmpfile();
    assert_non_null(file);
    int result = forkexec_describe(attr, path, itself, NULL, fileno(file), &error);
    if (result)
        printf("# %d: %s\n", result, error.message);
    assert_int_equal(result, 0);
    off_t size = lseek(fileno(file), 0, SEEK_CUR);
    assert_true(size > 0);
    char *bytes = calloc(1, (size_t)size + 1);
    assert_int_equal(pread(fileno(file), bytes, (size_t)size, 0), size);
    fclose(file);
    const char *kept = text("%s", bytes);
    free(bytes);
    return kept;
}

/* After a first line about memory, each line is a stage, with number and name, in ascending order. */
static int assert_ordered(const char *lines)
{
    unsigned last = 0;
    int n = 0;
    assert_memory_equal(lines, "a child in ", 11);
    assert_int_equal(lines[strlen(lines) - 1], '\n');
    for (const char *line = strchr(lines, '\n') + 1; *line; line = strchr(line, '\n') + 1, n++) {
        char *rest;
        unsigned stage = (unsigned)strtoul(line, &rest, 10);
        const char *name = forkexec_stage_name(stage);
        assert_string_not_equal(name, "unknown");
        assert_true(stage >= last);
        assert_int_equal(*rest, ' ');
        assert_memory_equal(rest + 1, name, strlen(name));
        last = stage;
    }
    assert_int_equal(last, FORKEXEC_STAGE_EXEC);
    return n;
}

#define assert_line(lines, line) assert_non_null(strstr(lines, "\n" line "\n"))

TEST(a_plain_child)
{
    need_native();
    const char *lines = described(new_attr(), reporter);
    assert_ordered(lines);
    assert_non_null(strstr(lines, "in the caller's memory\n"));
    assert_non_null(strstr(lines, text("\n799 exec: %s\n", reporter)));
}

static void listen_at_some(struct forkexec_attr *attr)
{
    struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_port = htons(3128), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 udp = { .sin6_family = AF_INET6, .sin6_port = htons(53), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0proxy" }, path = { AF_UNIX, "/run/proxy" };
    OK(forkexec_attr_listen(attr, SOCK_STREAM, &tcp, sizeof tcp, 64));
    OK(forkexec_attr_listen(attr, SOCK_DGRAM, &udp, sizeof udp, 0));
    OK(forkexec_attr_listen(attr, SOCK_STREAM, &name, sizeof name.sun_family + 6, 1));
    OK(forkexec_attr_listen(attr, SOCK_SEQPACKET, &path, sizeof path, 2));
}

static struct forkexec_attr *everything(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_UTS | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET));
    OK(forkexec_attr_unshare_namespaces(attr, FORKEXEC_NS_PID));
    OK(forkexec_attr_map_uid(attr, 0, 1000, 1));
    OK(forkexec_attr_map_gid(attr, 0, 1000, 2));
    OK(forkexec_attr_allow_setgroups(attr));
    OK(forkexec_attr_set_hostname(attr, "judge"));
    OK(forkexec_attr_set_domainname(attr, "court"));
    OK(forkexec_attr_set_loopback(attr));
    listen_at_some(attr);
    OK(forkexec_attr_set_terminal(attr, 24, 80));
    OK(forkexec_attr_open_tun(attr, "proxy0", 0x1001));
    OK(forkexec_attr_set_chroot(attr, "/var/empty"));
    OK(forkexec_attr_set_cwd(attr, "/work"));
    OK(forkexec_attr_set_session(attr));
    OK(forkexec_attr_set_uid(attr, 0));
    OK(forkexec_attr_set_gid(attr, 1));
    OK(forkexec_attr_set_groups(attr, (uint32_t[]){ 0, 1 }, 2));
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, 0));
    OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 64, 64));
    OK(forkexec_attr_set_nice(attr, 7));
    OK(forkexec_attr_set_umask(attr, 027));
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_drop_capabilities(attr));
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
    OK(forkexec_attr_map_fd(attr, 0, 7));
    OK(forkexec_attr_open_fd(attr, 8, "/dev/null", O_RDONLY, 0));
    OK(forkexec_attr_set_signal_ignore(attr, 1 << (SIGHUP - 1)));
    OK(forkexec_attr_deny_terminal_injection(attr));
    return attr;
}

/* A directory that is tried with both rights has two lines. */
TEST(a_directory_is_named_where_it_is_entered)
{
    need_native(); /* in the caller's memory */
    static const char *const lines[][2] = { { "690 cwd: /work", "600 cwd before ids" },
        { "600 cwd before ids: /work", "690 cwd" }, { "600 cwd before ids: /work", NULL } };
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_cwd(attr, "/work"));
    for (uint32_t rights = FORKEXEC_CWD_RIGHTS_PROGRAM; rights <= FORKEXEC_CWD_RIGHTS_EITHER; rights++) {
        OK(forkexec_attr_set_cwd_rights(attr, rights));
        const char *all = described(attr, "/bin/program");
        assert_non_null(strstr(all, text("\n%s\n", lines[rights][0])));
        assert_true(!lines[rights][1] || !strstr(all, lines[rights][1]));
        assert_non_null(strstr(all, "a child in the caller's memory\n"));
    }
    assert_line(described(attr, "/bin/program"), "690 cwd: /work");
    OK(forkexec_attr_set_cwd_fd(attr, 0));
    assert_line(described(attr, "/bin/program"), "600 cwd before ids: fd 0");
}

TEST(everything_is_named)
{
    need_native();
    const char *lines = described(everything(), "/bin/program");
    assert_true(assert_ordered(lines) > 20);
    assert_non_null(strstr(lines, "a child in an image of its own\n"));
    assert_line(lines, " 50 clone: user, mount, net, uts");
    assert_line(lines, " 70 id map: uid 0 1000 1, gid 0 1000 2");
    assert_line(lines, "410 hostname: judge");
    assert_line(lines, "420 domainname: court");
    assert_line(lines, "430 loopback");
    assert_line(lines, "490 chroot: /var/empty");
    assert_line(lines, "500 rlimit 0: core 0 of 0");
    assert_line(lines, "520 nice: 7");
    assert_line(lines, "570 umask: 0027");
    assert_line(lines, "574 listen 0: tcp 127.0.0.1:3128, backlog 64");
    assert_line(lines, "574 listen 1: udp [::1]:53");
    assert_line(lines, "574 listen 2: stream @proxy, backlog 1");
    assert_line(lines, "574 listen 3: seqpacket /run/proxy, backlog 2");
    assert_line(lines, "576 hand over: 6 descriptors");
    assert_line(lines, "435 tun: device proxy0, flags 0x1001");
    assert_line(lines, "495 terminal: 24 rows, 80 columns");
    assert_line(lines, "715 standard streams");
    assert_line(lines, "590 late namespaces: pid");
    assert_line(lines, "640 groups: [0, 1]");
    assert_line(lines, "645 gid: 1");
    assert_line(lines, "650 uid: 0");
    assert_line(lines, "690 cwd: /work");
    assert_line(lines, "710 fd map 0: 0 as 7");
    assert_line(lines, "720 fd action 0: open /dev/null as 8");
    assert_line(lines, "740 parent death: signal 9");
    assert_line(lines, "750 no_new_privs");
    assert_line(lines, "770 nofile: nofile 64 of 64");
    assert_line(lines, "792 seccomp 0: length 16");
    assert_line(lines, "799 exec: /bin/program");
}

/* Equal requests have equal texts, in every process and at every call. */
TEST(equal_requests_have_equal_texts)
{
    need_native();
    const char *first = described(everything(), "/bin/program");
    struct forkexec_attr *copy = forkexec_attr_copy(everything());
    assert_string_equal(described(copy, "/bin/program"), first);
    forkexec_attr_free(copy);
}

TEST(nothing_happens)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_open_fd(attr, 5, scratch_path("made"), O_WRONLY | O_CREAT, 0644));
    const char *lines = described(attr, scratch_path("no such program"));
    assert_ordered(lines);
    assert_false(exists(scratch_path("made")));
}

TEST(every_directory_of_a_search_is_listed)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_search_path(attr, "/a::/b/"));
    const char *lines = described(attr, "program");
    assert_line(lines, "799 exec 0: /a/program");
    assert_line(lines, "799 exec 1: program");
    assert_line(lines, "799 exec 2: /b//program");
}

static void assert_not_told(const struct forkexec_attr *attr, int fd, int code, uint32_t stage)
{
    struct forkexec_error error;
    int result = forkexec_describe(attr, reporter, itself, NULL, fd, &error);
    assert_int_equal(result, -code);
    assert_int_equal(error.code, code);
    assert_int_equal(error.stage, stage);
    assert_int_equal(error.pid, 0);
    assert_true(*error.message);
    assert_int_equal(forkexec_describe(attr, reporter, itself, NULL, fd, NULL), -code);
}

TEST(a_descriptor_that_cannot_be_written_to)
{
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_not_told(new_attr(), -1, EBADF, FORKEXEC_STAGE_NONE);
    assert_not_told(new_attr(), INT32_MIN, EBADF, FORKEXEC_STAGE_NONE);
    assert_not_told(new_attr(), 987, EBADF, FORKEXEC_STAGE_NONE);
    assert_not_told(new_attr(), none, EBADF, FORKEXEC_STAGE_NONE);
    assert_not_told(new_attr(), full, ENOSPC, FORKEXEC_STAGE_NONE);

    close(none);
    close(full);
}

static void has_a_broken_pipe(const void *unused)
{
    int pair[2];
    (void)unused;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    close(pair[0]);
    assert_not_told(new_attr(), pair[1], EPIPE, FORKEXEC_STAGE_NONE);
}

TEST(a_pipe_without_a_reader)
{
    in_copy(has_a_broken_pipe, NULL);
}

/* The whole text is written to a pipe, even if little of it fits at once. */
TEST(long_texts)
{
    struct forkexec_attr *attr = new_attr();
    char path[4000];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = 0;
    for (int i = 0; i < 100; i++)
        OK(forkexec_attr_enter_directory(attr, path));
    int pair[2], status = 0;
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        _exit(forkexec_describe(attr, reporter, itself, NULL, pair[1], NULL) ? 1 : 0);
    }
    close(pair[1]);
    size_t size = 0;
    char bytes[65536];
    for (ssize_t n; (n = read(pair[0], bytes, sizeof bytes)) > 0;)
        size += (size_t)n;
    close(pair[0]);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_true(size > 100 * (sizeof path - 1));
}

TEST(it_fails_where_a_spawn_would_be_refused)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_hostname(attr, "judge"));
    assert_not_told(attr, 2, EINVAL, FORKEXEC_STAGE_VALIDATE);
    attr = new_attr();
    OK(forkexec_attr_set_cgroup_fd(attr, 0));
    int stdin_is_open = fcntl(0, F_GETFD) >= 0;
    assert_not_told(attr, 2, stdin_is_open ? EINVAL : EBADF,
        stdin_is_open ? FORKEXEC_STAGE_RESOLVE : FORKEXEC_STAGE_VALIDATE);
    attr = new_attr();
    OK(forkexec_attr_set_stop(attr));
    assert_not_told(attr, 2, EINVAL, FORKEXEC_STAGE_VALIDATE);
}

/* A buffer gets the same text as a descriptor. The length is returned even without a buffer. */
TEST(a_buffer_gets_the_same_text)
{
    need_native();
    struct forkexec_attr *attr = everything();
    const char *whole = described(attr, "/bin/program");
    int length = forkexec_describe_text(attr, "/bin/program", itself, NULL, NULL, 0, NULL);
    assert_int_equal(length, strlen(whole));
    char *text = malloc((size_t)length + 1);
    assert_int_equal(forkexec_describe_text(attr, "/bin/program", itself, NULL, text, (size_t)length + 1, NULL), length);
    assert_string_equal(text, whole);
    free(text);
}

/* A buffer that is too small is filled up to its last byte, which is 0. Nothing is written beyond it, and the full length
 * is returned. */
TEST(a_buffer_that_is_too_small)
{
    need_native();
    struct forkexec_attr *attr = new_attr();
    const char *whole = described(attr, reporter);
    int length = (int)strlen(whole);
    char text[64];
    for (int size = 0; size < 40; size++) {
        memset(text, '#', sizeof text);
        assert_int_equal(forkexec_describe_text(attr, reporter, itself, NULL, text, (size_t)size, NULL), length);
        if (size > 0) {
            assert_int_equal(text[size - 1], 0);
            assert_memory_equal(text, whole, size - 1);
        }
        for (size_t i = (size_t)size; i < sizeof text; i++)
            assert_int_equal(text[i], '#');
    }
}

/* The text is never cut within a UTF-8 character. */
TEST(a_buffer_that_ends_within_a_character)
{
    struct forkexec_attr *attr = new_attr();
    const char *euro = "\xe2\x82\xac", *place;
    int length = forkexec_describe_text(attr, "/\xe2\x82\xac\xe2\x82\xac", itself, NULL, NULL, 0, NULL);
    assert_true(length > 0);
    char *text = calloc(1, (size_t)length + 1);
    for (size_t size = (size_t)length + 1; size > 0; size--) {
        memset(text, '#', (size_t)length + 1);
        assert_int_equal(
            forkexec_describe_text(attr, "/\xe2\x82\xac\xe2\x82\xac", itself, NULL, text, size, NULL), length);
        assert_true(strlen(text) < size);
        for (place = text; (place = strchr(place, euro[0])); place += 3)
            assert_memory_equal(place, euro, 3);
    }
    free(text);
}

/* A failure is reported as with a descriptor, and nothing is written to the buffer. */
TEST(a_failure_writes_nothing_to_the_buffer)
{
    struct forkexec_error error;
    char text[8] = "before";
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_hostname(attr, "judge"));
    assert_int_equal(forkexec_describe_text(attr, reporter, itself, NULL, text, sizeof text, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
    assert_int_equal(error.code, EINVAL);
    assert_string_equal(text, "before");
    assert_int_equal(forkexec_describe_text(new_attr(), reporter, itself, NULL, NULL, 1, &error), -EINVAL);
    assert_int_equal(error.stage, FORKEXEC_STAGE_NONE);
    assert_true(*error.message);
    assert_int_equal(forkexec_describe_text(NULL, reporter, itself, NULL, text, sizeof text, NULL), -EINVAL);
    assert_int_equal(forkexec_describe_text(new_attr(), reporter, itself, NULL, text, SIZE_MAX, &error), -EINVAL);
    assert_string_equal(text, "before");
}

/* Landlock rules that this kernel does not know are found before the spawn, and reported with the same message. */
static void without_landlock(const void *unused)
{
    (void)unused;
    struct denial denial = { SYS_landlock_create_ruleset, ENOSYS, { { 0 } } };
    deny(&denial, 1);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_add_landlock_path(attr, "/", FORKEXEC_LANDLOCK_FS_READ_FILE));
    assert_not_told(attr, 2, EOPNOTSUPP, FORKEXEC_STAGE_LANDLOCK);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP, -1);
}

TEST(unknown_landlock_rules_are_reported_as_by_a_spawn)
{
    in_copy(without_landlock, NULL);
}
