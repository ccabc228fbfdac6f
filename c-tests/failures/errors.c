/* How a failure is reported: the fields of the error and its message; and how a death before the program is reported. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>

static char *const itself[] = { reporter, NULL };

/* A call that fails, with an error struct that was filled with other bytes before. */
static int spawn_of(const struct forkexec_attr *attr, const char *path, struct forkexec_error *error)
{
    struct forkexec_child *child = NULL;
    memset(error, 0x5a, sizeof *error);
    int result = try_start(attr, path, itself, NULL, &child, error);
    assert_true(!result == !!child);
    if (child) {
        forkexec_signal(child, SIGKILL);
        finish(child);
        forkexec_close(child);
    }
    return result;
}

static void assert_message(const struct forkexec_attr *attr, const char *path, const char *message)
{
    struct forkexec_error error;
    assert_int_not_equal(spawn_of(attr, path, &error), 0);
    assert_string_equal(error.message, message);
    for (int i = 0; i < 3; i++)
        assert_int_equal(error.reserved[i], 0);
}

static void assert_cleared(const struct forkexec_error *error)
{
    static const struct forkexec_error none = { .index = -1 };
    assert_memory_equal(error, &none, sizeof none);
}

TEST_BOTH(success_clears_the_error)
{
    struct forkexec_error error;
    assert_int_equal(spawn_of(new_attr(), reporter, &error), 0);
    assert_cleared(&error);
    memset(&error, 0x5a, sizeof error);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(forkexec_describe(new_attr(), reporter, itself, NULL, null, &error), 0);
    close(null);
    assert_cleared(&error);
}

TEST_BOTH(an_error_need_not_be_given)
{
    struct forkexec_child *child = NULL;
    assert_int_equal(try_start(new_attr(), scratch_path("nothing"), itself, NULL, &child, NULL), -ENOENT);
    assert_null(child);
    assert_int_equal(try_start(new_attr(), reporter, (char *[]){ reporter, "exit", "0", NULL }, NULL, &child, NULL), 0);
    assert_int_equal(finish(child).exit_code, 0);
    forkexec_close(child);
}

TEST_BOTH(sentences)
{
    struct forkexec_attr *attr = new_attr();
    assert_message(attr, "/nonexistent", "exec (/nonexistent): No such file or directory");
    OK(forkexec_attr_set_cwd(attr, "/nonexistent"));
    assert_message(attr, NULL, "validate (path): Invalid argument: a path is needed without set_exec_fd");
    assert_message(attr, reporter, "cwd (/nonexistent): No such file or directory");
    OK(forkexec_attr_set_process_group(attr, INT32_MAX));
    assert_message(attr, reporter, "process group (2147483647): Operation not permitted");
    attr = new_attr();
    OK(forkexec_attr_close_fd(attr, 9));
    OK(forkexec_attr_open_fd(attr, 9, "/nonexistent", O_RDONLY, 0));
    assert_message(attr, reporter, "fd action 1 (open /nonexistent as 9): No such file or directory");
}

/* Whatever bytes a path has, the message is one line of valid UTF-8. */
TEST_BOTH(messages_are_one_line_of_text)
{
    assert_message(new_attr(), "/no\nsuch\tfile\x7f\xff\xc3(", "exec (/no;such?file??" "?(): No such file or directory");
    assert_message(new_attr(), "/ni\xc3\xa4\xe2\x82\xac", "exec (/ni\xc3\xa4\xe2\x82\xac): No such file or directory");
}

/* At most 223 bytes. A long path is cut in the middle, but not within a character, and the reason is complete. */
TEST_BOTH(long_paths_are_cut)
{
    static const char *const letters[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    for (size_t size = 1; size <= 4; size++)
        for (size_t shift = 0; shift < 4; shift++) {
            char path[600] = "/nonexistent/bbb";
            path[13 + shift] = 0;
            while (strlen(path) < 500)
                strcat(path, letters[size - 1]);
            strcat(path, "/end");
            struct forkexec_error error;
            assert_true(spawn_of(new_attr(), path, &error) < 0);
            size_t length = strnlen(error.message, sizeof error.message);
            assert_in_range(length, 223 - 2 * (size - 1), 223);
            for (size_t i = length; i < sizeof error.message; i++)
                assert_int_equal(error.message[i], 0);
            const char *gap = strstr(error.message, "...");
            assert_non_null(gap);
            static const char begin[] = "exec (", end[] = "/end): No such file or directory";
            assert_memory_equal(error.message, begin, strlen(begin));
            assert_memory_equal(error.message + strlen(begin), path, (size_t)(gap - error.message) - strlen(begin));
            assert_string_equal(error.message + length - strlen(end), end);
            for (const char *at = gap + 3; at < error.message + length - strlen(end); at += size)
                assert_memory_equal(at, letters[size - 1], size);
        }
}

/* A reason beyond the errno is complete, too. */
TEST_BOTH(a_long_path_does_not_cut_the_reason)
{
    char name[200];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    const char *path = scratch_path(name);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_int_equal(write(file, "?", 1), 1);
    close(file);
    struct forkexec_error error;
    assert_int_equal(spawn_of(new_attr(), path, &error), -ENOEXEC);
    assert_int_equal(strlen(error.message), 223);
    static const char reason[] = "nnn): Exec format error: neither a program for this machine nor a script with #!";
    assert_string_equal(error.message + 223 - strlen(reason), reason);
    assert_non_null(strstr(error.message, "..."));
}

static void assert_index(const struct forkexec_attr *attr, uint32_t stage, int index)
{
    struct forkexec_error error;
    assert_true(spawn_of(attr, reporter, &error) < 0);
    assert_int_equal(error.stage, stage);
    assert_int_equal(error.index, index);
}

/* The index among the accepted calls of a list. A call that replaces an earlier one keeps its index. */
TEST_BOTH(indices)
{
    struct forkexec_attr *attr = new_attr(), *maps = new_attr(), *limits = new_attr();
    OK(forkexec_attr_map_fd(maps, 0, 5));
    OK(forkexec_attr_map_fd(maps, 1, 6));
    OK(forkexec_attr_map_fd(maps, 2, 7));
    OK(forkexec_attr_map_fd(maps, 987, 6));
    assert_index(maps, FORKEXEC_STAGE_VALIDATE, 1);

    OK(forkexec_attr_close_fd(attr, 9));
    OK(forkexec_attr_enter_directory(attr, "/"));
    OK(forkexec_attr_open_fd(attr, 5, "/dev/null", O_RDONLY, 0));
    OK(forkexec_attr_enter_directory(attr, "/nonexistent"));
    OK(forkexec_attr_close_fds_from(attr, 3));
    assert_index(attr, FORKEXEC_STAGE_FD_ACTION, 3);

    OK(forkexec_attr_set_rlimit(limits, RLIMIT_CPU, FORKEXEC_RLIMIT_KEEP, FORKEXEC_RLIMIT_KEEP));
    OK(forkexec_attr_set_rlimit(limits, RLIMIT_NOFILE, 64, 64));
    OK(forkexec_attr_set_rlimit(limits, RLIMIT_DATA, FORKEXEC_RLIMIT_KEEP, FORKEXEC_RLIMIT_KEEP));
    OK(forkexec_attr_set_rlimit(limits, RLIMIT_NOFILE, FORKEXEC_RLIMIT_KEEP, 0));
    assert_index(limits, FORKEXEC_STAGE_RESOLVE, 1);
}

TEST_BOTH(the_index_of_a_search_is_the_directory)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_error error;
    const char *locked = scratch_path("program");
    close(open(locked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    OK(forkexec_attr_set_search_path(attr, text("/nonexistent:%s:/", scratch())));
    assert_int_equal(spawn_of(attr, "program", &error), -EACCES);
    assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
    assert_int_equal(error.index, 1);
    assert_string_equal(error.message, text("exec 1 (%s): Permission denied", locked));
}

/* A child that is killed before execve is a failed spawn, at whatever moment. A child that has become the program has
 * ended. */
struct hunt {
    uint32_t mode;
    bool mapped; /* in a user namespace, whose maps the caller has to write: not possible for a dead child */
};

static _Noreturn void hunt(pid_t caller)
{
    char path[64];
    unsigned turn = 1;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", caller, caller);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (pid_t pid; getppid() == caller; turn = turn * 1103515245 + 12345) {
        int self = getpid(), found = 0;
        FILE *in = fopen(path, "re");
        while (in && fscanf(in, "%d", &pid) == 1)
            if (pid != self)
                found = pid;
        if (in)
            fclose(in);
        if (!found)
            continue;
        for (volatile unsigned wait = turn >> 12 & 0x7ffff; wait; wait--)
            ;
        kill(found, SIGKILL);
    }
    _exit(0);
}

static void is_hunted(const void *hunt_)
{
    const struct hunt *asked = hunt_;
    pid_t caller = getpid(), hunter = fork();
    if (hunter == 0)
        hunt(caller);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, asked->mode));
    if (asked->mapped) {
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
        OK(forkexec_attr_map_uid(attr, 0, getuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getgid(), 1));
    }
    int killed = 0, ended = 0;
    for (int turn = 0; turn < 300; turn++) {
        char *argv[] = { reporter, "touch", (char *)scratch_path("ran"), NULL };
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        int result = try_start(attr, reporter, argv, NULL, &child, &error);
        if (result) {
            assert_int_equal(result, -ECANCELED);
            assert_int_equal(error.code, ECANCELED);
            assert_int_equal(error.signal, SIGKILL);
            assert_in_range(error.stage, FORKEXEC_STAGE_CHILD, FORKEXEC_STAGE_EXEC);
            assert_non_null(strstr(error.message, "killed by signal 9 before the program ran"));
            assert_false(exists(argv[2]));
            killed++;
            continue;
        }
        struct forkexec_status status = finish(child);
        if (status.signal) {
            assert_int_equal(status.signal, SIGKILL);
            /* A kill in the middle of the image's execve shows at the end. */
            assert_true(status.ran == FORKEXEC_RAN_YES || (status.ran == FORKEXEC_RAN_NO && !exists(argv[2])));
            ended++;
        } else {
            assert_int_equal(status.exit_code, 0);
            assert_int_equal(status.ran, FORKEXEC_RAN_YES);
            assert_true(exists(argv[2]));
        }
        remove(argv[2]);
        forkexec_close(child);
    }
    printf("# of 300: %d killed on the way, %d as the program\n", killed, ended);
    kill(hunter, SIGKILL);
    waitpid(hunter, NULL, 0);
}

TEST_BOTH(children_that_are_killed_at_any_instant)
{
    need_native();
    scratch();
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++)
        in_copy(is_hunted, &(struct hunt){ mode, false });
}

TEST_BOTH(children_that_are_killed_while_the_caller_maps_their_ids)
{
    need_native();
    need_user_namespaces();
    scratch();
    for (uint32_t mode = FORKEXEC_MEMORY_FRESH; mode <= FORKEXEC_MEMORY_COPIED; mode++)
        in_copy(is_hunted, &(struct hunt){ mode, true });
}

/* The kernel has no way back from an execve that has begun, when memory runs out. */
TEST_BOTH(a_limit_that_the_program_does_not_fit_into)
{
    need_unemulated("the limit is kept from the program");
    need_native();
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        OK(forkexec_attr_set_memory_mode(attr, mode));
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_AS, 4096, 4096));
        int result = try_start(attr, reporter, (char *[]){ reporter, "touch", (char *)scratch_path("ran"), NULL }, NULL,
            &child, &error);
        if (result) {
            assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
            assert_true(error.code == ENOMEM || error.code == E2BIG || error.code == ECANCELED);
        } else {
            struct forkexec_status status = finish(child);
            assert_true(status.signal == SIGSEGV || status.signal == SIGKILL);
            forkexec_close(child);
        }
        assert_false(exists(scratch_path("ran")));
    }
}

/* The death of an image during its execve to the program is the only sign of the failure. */
static void dies_at_exec(const void *mode_)
{
    uint32_t mode = *(const uint32_t *)mode_;
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    OK(forkexec_attr_set_memory_mode(attr, mode));
    deny(&(struct denial){ SYS_execve, DEADLY, { { ANY, 0, 0 } } }, 1);
    int result = forkexec_spawn(attr, reporter, itself, NULL, &child, &error);
    if (result == 0) {
        assert_int_equal(mode, FORKEXEC_MEMORY_FRESH);
        struct forkexec_status status = finish(child);
        assert_int_equal(status.signal, SIGSYS);
        assert_int_equal(status.ran, FORKEXEC_RAN_NO);
        return;
    }
    assert_int_equal(result, -ECANCELED);
    assert_int_equal(error.signal, SIGSYS);
    assert_int_equal(error.stage, FORKEXEC_STAGE_EXEC);
    assert_in_range(error.pid, 2, INT32_MAX);
}

TEST(a_death_at_exec)
{
    need_unemulated("it takes no seccomp filters");
    need_native();
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++)
        in_copy(dies_at_exec, &mode);
}

/* ENOMEM is reported as such, whichever part of the library needed the memory first. */
static void has_no_memory(const void *know)
{
    static const struct denial forbidden = { SYS_mmap, EPERM, { { 0 } } };
    struct forkexec_error error;
    for (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED && *(const bool *)know; mode++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, mode));
        assert_int_equal(spawn_of(attr, reporter, &error), 0);
    }
    deny(&forbidden, 1);
    for (uint32_t mode = FORKEXEC_MEMORY_FRESH; mode <= FORKEXEC_MEMORY_COPIED; mode++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, mode));
        assert_int_equal(spawn_of(attr, reporter, &error), -EPERM);
        assert_true(error.stage == FORKEXEC_STAGE_MEMORY || error.stage == FORKEXEC_STAGE_IMAGE);
        const char *reason = ": mmap(2) is denied, as by a seccomp filter", *at = strstr(error.message, reason);
        if (!at)
            printf("# mode %u: %s\n", mode, error.message);
        assert_non_null(at);
        assert_string_equal(at, reason);
    }
}

TEST_BOTH(memory_that_is_refused)
{
    need_native();
    need_unemulated("it takes no seccomp filters");
    need_no_sanitizer();
    in_copy(has_no_memory, &(bool){ false });
    in_copy(has_no_memory, &(bool){ true });
}

static const char *link_of_fd(int fd)
{
    char target[64] = "";
    if (readlink(text("/proc/self/fd/%d", fd), target, sizeof target - 1) < 0)
        return "";
    return text("%s", target);
}

/* The library's image is an open descriptor in the caller. The caller may close it, or open another file there. */
static void loses_the_image(const void *other_)
{
    const bool *other = other_;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH));
    for (int turn = 0; turn < 3; turn++) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC), number = -1;
        assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
        for (int fd = 3; fd < 100; fd++)
            if (strstr(link_of_fd(fd), "memfd:forkexec"))
                number = fd;
        assert_in_range(number, 3, 99);
        if (*other)
            dup2(null, number);
        else
            close(number);
        assert_int_equal(reporter_exits(attr, "exit", "6"), 6);
        if (*other)
            assert_string_equal(link_of_fd(number), "/dev/null");
    }
}

TEST_BOTH(a_caller_that_closes_the_librarys_descriptors)
{
    need_unemulated("no image is executed there");
    need_probe(FORKEXEC_PROBE_IMAGE);
    need_native();
    in_copy(loses_the_image, &(bool){ false });
    in_copy(loses_the_image, &(bool){ true });
}

static void names(uint32_t stage, const char *name)
{
    assert_string_equal(forkexec_stage_name(stage), name);
}

TEST(stage_names)
{
    int known = 0;
    for (uint32_t stage = 0; stage < 2000; stage++) {
        const char *name = forkexec_stage_name(stage);
        assert_non_null(name);
        assert_ptr_equal(name, forkexec_stage_name(stage));
        known += strcmp(name, "unknown") != 0;
        for (uint32_t other = 0; other < stage && strcmp(name, "unknown"); other++)
            assert_string_not_equal(name, forkexec_stage_name(other));
    }
    assert_true(known >= 63);
    names(FORKEXEC_STAGE_NONE, "none");
    names(FORKEXEC_STAGE_CHILD, "child");
    names(FORKEXEC_STAGE_ID_MAP, "id map");
    names(FORKEXEC_STAGE_FD_MAP, "fd map");
    names(FORKEXEC_STAGE_NO_NEW_PRIVS, "no_new_privs");
    names(FORKEXEC_STAGE_EXEC, "exec");
    names(1, "unknown");
    names(UINT32_MAX, "unknown");
}

TEST(versions)
{
    assert_int_equal(forkexec_version_number(), FORKEXEC_VERSION_NUMBER);
    assert_string_equal(forkexec_version(),
        text("%d.%d.%d", FORKEXEC_VERSION_MAJOR, FORKEXEC_VERSION_MINOR, FORKEXEC_VERSION_PATCH));
}
