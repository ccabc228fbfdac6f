/* What the program starts with besides descriptors: arguments, environment, working directory, and a variable with its pid.
 * And retries while its file is open for writing. */
#define _GNU_SOURCE
#include "harness.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };

static struct forkexec_attr *attr_in_mode(int mode)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, modes[mode]));
    return attr;
}

static void expect_failure(const struct forkexec_attr *attr, char *const argv[], uint32_t stage, int code)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    assert_int_equal(try_start(attr, reporter, argv, NULL, &child, &error), -code);
    assert_int_equal(error.stage, stage);
    assert_int_equal(error.index, -1);
    assert_null(child);
}

/* Arguments and environment. */

TEST_BOTH(no_arguments_are_refused)
{
    expect_failure(new_attr(), NULL, FORKEXEC_STAGE_VALIDATE, EINVAL);
    expect_failure(new_attr(), (char *[]){ NULL }, FORKEXEC_STAGE_VALIDATE, EINVAL);
}

TEST_BOTH(arguments_arrive_as_they_are)
{
    char odd[] = "\x01\xff \"'$\\";
    struct view *view = run_reporter(new_attr(), .argv = (char *[]){ "", "see", "print", "", NULL });
    assert_saw(view, "args", "4");
    assert_saw(view, "arg.0", "");
    assert_saw(view, "arg.3", "");
    view = run_reporter(new_attr(), .argv = (char *[]){ "x", "see", "print", odd, NULL });
    assert_saw(view, "arg.3", "\\x01\xff \"'$\\x5c");
}

TEST_BOTH(thousands_of_arguments)
{
    static char *argv[10001];
    for (int i = 0; i < 10000; i++)
        argv[i] = i % 2 ? "see" : "print";
    argv[0] = "x";
    argv[1] = "exit";
    argv[2] = "11";
    for (int m = 0; m < 3; m++)
        assert_int_equal(finish(start(attr_in_mode(m), reporter, argv, NULL)).exit_code, 11);
}

/* The kernel's limits: 128 KiB for one string, and three quarters of 8 MiB for all together. */
TEST_BOTH(too_many_arguments)
{
    need_native();
    enum { LONGEST = 128 * 1024 };
    static char longest[LONGEST + 1];
    memset(longest, 'x', LONGEST);
    for (int m = 0; m < 3; m++) {
        char *argv[64] = { "x", "exit", "12", longest };
        longest[LONGEST - 1] = 0;
        assert_int_equal(finish(start(attr_in_mode(m), reporter, argv, NULL)).exit_code, 12);
        longest[LONGEST - 1] = 'x';
        expect_failure(attr_in_mode(m), argv, FORKEXEC_STAGE_EXEC, E2BIG);
        longest[LONGEST - 1] = 0;
        for (int i = 3; i < 63; i++)
            argv[i] = longest;
        expect_failure(attr_in_mode(m), argv, FORKEXEC_STAGE_EXEC, E2BIG);
    }
}

/* Runs the reporter with this many bytes of arguments. */
static char **arguments_of(size_t bytes)
{
    enum { LONGEST = 100000 };
    static char *argv[100], longest[LONGEST], rest[LONGEST];
    int n = 3;
    argv[0] = "x", argv[1] = "exit", argv[2] = "13";
    memset(longest, 'x', LONGEST - 1);
    memset(rest, 'x', LONGEST - 1);
    for (; bytes > LONGEST; bytes -= LONGEST)
        argv[n++] = longest;
    rest[bytes - 1] = 0;
    argv[n++] = rest;
    argv[n] = NULL;
    return argv;
}

static bool are_taken(int mode, size_t bytes)
{
    struct forkexec_child *child = NULL;
    if (forkexec_spawn(attr_in_mode(mode), reporter, arguments_of(bytes), NULL, &child, NULL))
        return false;
    int code = finish(child).exit_code;
    forkexec_close(child);
    return code == 13;
}

/* Strings that the library adds do not count. If they do not fit, the child is not copied instead. */
TEST(as_many_arguments_as_the_kernel_takes)
{
    size_t most = 60000, too_much = 8 << 20;
    for (size_t half; most + 1 < too_much; are_taken(0, half) ? (most = half) : (too_much = half))
        half = (most + too_much) / 2;
    assert_in_range(most, 100000, 7 << 20);
    for (size_t less = 0; less < 6000; less = less * 2 + 1)
        for (int m = 0; m < 3; m++)
            assert_true(are_taken(m, most - less));

    need_native(); /* valgrind ends a process whose exec fails so late */
    for (int m = 0; m < 3; m++)
        expect_failure(attr_in_mode(m), arguments_of(most + 1), FORKEXEC_STAGE_EXEC, E2BIG);
    need_unemulated("no image is executed there");
    for (size_t less = 0; less < 6000; less = less * 2 + 1) {
        struct forkexec_child *child = NULL;
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_pid_variable(attr, "PID_OF_REPORTER"));
        size_t bytes = most - 64 - less; /* the variable counts as well */
        assert_int_equal(forkexec_start(attr, reporter, arguments_of(bytes), NULL, &child, NULL), 0);
        /* For a held child only root can read it. */
        const char *image = link_of(text("/proc/%d/exe", forkexec_child_pid(child)));
        assert_true(geteuid() || !strncmp(image, "/memfd:forkexec", 15));
        assert_int_equal(forkexec_release(child, FORKEXEC_FOREVER, NULL), 0);
        assert_int_equal(finish(child).exit_code, 13);
        forkexec_close(child);
    }
}

TEST_BOTH(without_an_environment_it_is_the_callers)
{
    setenv("OF_THE_CALLER", "is = it", 1);
    struct view *view = run_reporter(new_attr());
    assert_saw(view, "env.OF_THE_CALLER", "is = it");
    unsetenv("OF_THE_CALLER");
    assert_saw(run_reporter(new_attr()), "env.OF_THE_CALLER", NULL);
}

TEST_BOTH(an_empty_environment_is_empty)
{
    for (int m = 0; m < 3; m++) {
        struct view *view = run_reporter(attr_in_mode(m), .envp = (char *[]){ NULL });
        assert_same_but(view, run_reporter(attr_in_mode(m)), "env.* pid fd.*");
        assert_saw(view, "env.PATH", NULL);
        assert_saw(view, "env.HOME", NULL);
    }
}

TEST_BOTH(entries_without_a_value)
{
    struct view *view = run_reporter(new_attr(), .envp = (char *[]){ "BARE", "EMPTY=", "=ODD", "", NULL });
    assert_saw(view, "env.BARE", "?");
    assert_saw(view, "env.EMPTY", "");
}

/* The pid variable. */

TEST_BOTH(the_program_is_told_its_pid)
{
    for (int m = 0; m < 3; m++) {
        struct forkexec_attr *attr = attr_in_mode(m);
        OK(forkexec_attr_set_pid_variable(attr, "NOT_THIS"));
        OK(forkexec_attr_set_pid_variable(attr, "LISTEN_PID"));
        struct view *view = run_reporter(attr,
            .envp = (char *[]){ "LISTEN_PID=1", "LISTEN_PID_TOO=2", "LISTEN=3", "LISTEN_PID=4", NULL });
        assert_saw(view, "env.LISTEN_PID", saw(view, "pid"));
        assert_saw(view, "env.LISTEN_PID_TOO", "2");
        assert_saw(view, "env.LISTEN", "3");
        assert_saw(view, "env.NOT_THIS", NULL);
        view = run_reporter(attr);
        assert_saw(view, "env.LISTEN_PID", saw(view, "pid"));
    }
}

TEST_BOTH(the_programs_pid_is_its_own_view_of_it)
{
    need_clone_of_namespaces();
    if (geteuid())
        need_user_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_PID | (geteuid() ? FORKEXEC_NS_USER : 0)));
    OK(forkexec_attr_set_pid_variable(attr, "MY_PID"));
    assert_saw(run_reporter(attr), "env.MY_PID", "1");
}

TEST_BOTH(the_childs_pid_is_the_programs)
{
    struct forkexec_child *child = start_reporter(new_attr(), "sleep");
    char path[4096] = "";
    /* execve cannot fail any more, but the kernel may still be in the middle of it. */
    for (double end = seconds() + 10; strcmp(path, reporter) && seconds() < end; usleep(1000)) {
        memset(path, 0, sizeof path);
        ssize_t n = readlink(text("/proc/%d/exe", forkexec_child_pid(child)), path, sizeof path - 1);
        assert_true(n > 0 || errno == EACCES);
    }
    assert_string_equal(path, reporter);
}

TEST(refused_pid_variables)
{
    const char *const names[] = { NULL, "", "A=B", "=" };
    for (int i = 0; i < 4; i++) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_set_pid_variable(attr, names[i]), -EINVAL);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
}

/* The working directory. */

TEST_BOTH(the_directory_to_start_in)
{
    OK(mkdir(scratch_path("d"), 0755));
    OK(mkdir(scratch_path("d/e"), 0755));
    OK(symlink(reporter, scratch_path("d/e/program")));
    char *real = realpath(scratch_path("d/e"), NULL);
    const char *cwd = text("%s", real);
    free(real);
    int fds[] = { open(cwd, O_RDONLY | O_DIRECTORY | O_CLOEXEC), open(cwd, O_PATH | O_CLOEXEC) };
    for (int m = 0; m < 3; m++) {
        struct forkexec_attr *attr = attr_in_mode(m);
        char path[4096];
        strcpy(path, cwd);
        OK(forkexec_attr_set_cwd_fd(attr, 1000)); /* the last call wins */
        OK(forkexec_attr_set_cwd(attr, path));
        memset(path, 'x', sizeof path - 1);
        struct view *view = run_reporter(attr, .path = "./program");
        assert_saw(view, "cwd", cwd);
        for (int i = 0; i < 2; i++) {
            OK(forkexec_attr_set_cwd(attr, "/nowhere"));
            OK(forkexec_attr_set_cwd_fd(attr, fds[i]));
            view = run_reporter(attr, .path = "../e/program");
            assert_saw(view, "cwd", cwd);
            assert_saw(view, "fds", "0 1 2");
        }
    }
    close(fds[0]);
    close(fds[1]);
}

TEST_BOTH(a_relative_directory_starts_at_the_callers)
{
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    OK(mkdir(scratch_path("d"), 0755));
    OK(chdir(scratch()));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_cwd(attr, "d"));
    struct view *view = run_reporter(attr);
    OK(chdir(before));
    assert_saw(view, "cwd", scratch_path("d"));
}

TEST_BOTH(directories_that_cannot_be_entered)
{
    int file = open(reporter, O_RDONLY | O_CLOEXEC);
    OK(symlink("loop", scratch_path("loop")));
    const struct {
        const char *path;
        int fd, stage, code;
    } table[] = { { "/no/such/directory", -1, FORKEXEC_STAGE_CWD, ENOENT }, { reporter, -1, FORKEXEC_STAGE_CWD, ENOTDIR },
        { scratch_path("loop"), -1, FORKEXEC_STAGE_CWD, ELOOP }, { NULL, file, FORKEXEC_STAGE_CWD, ENOTDIR },
        { NULL, 1000, FORKEXEC_STAGE_VALIDATE, EBADF } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int m = 0; m < 3; m++) {
            struct forkexec_attr *attr = attr_in_mode(m);
            OK(table[i].path ? forkexec_attr_set_cwd(attr, table[i].path) : forkexec_attr_set_cwd_fd(attr, table[i].fd));
            assert_spawn_fails(attr, NULL, (uint32_t)table[i].stage, table[i].code, -1);
        }
    close(file);
}

TEST_BOTH(a_directory_that_may_not_be_entered)
{
    need(geteuid() != 0, "root may enter every directory");
    OK(mkdir(scratch_path("closed"), 0600));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_cwd(attr, scratch_path("closed")));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CWD, EACCES, -1);
}

TEST(refused_directories)
{
    char longer[PATH_MAX + 1];
    memset(longer, 'x', PATH_MAX);
    longer[PATH_MAX] = 0;
    const struct {
        const char *path;
        int code;
    } table[] = { { NULL, EINVAL }, { "", EINVAL }, { longer, ENAMETOOLONG } };
    for (int i = 0; i < 3; i++) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_set_cwd(attr, table[i].path), -table[i].code);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, table[i].code, -1);
    }
    longer[PATH_MAX - 1] = 0;
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_cwd(attr, longer));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CWD, ENAMETOOLONG, -1); /* of one name */
    assert_int_equal(forkexec_attr_set_cwd_fd(new_attr(), -1), -EBADF);
}

/* A file that is open for writing. */

/* A copy of the reporter, and a descriptor that has it open for writing. */
static const char *busy_program(int *writer)
{
    char bytes[65536];
    const char *path = scratch_path("busy");
    int from = open(reporter, O_RDONLY | O_CLOEXEC);
    *writer = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(*writer, bytes, (size_t)n), n);
    close(from);
    return path;
}

static void *do_nothing(void *nothing)
{
    return nothing;
}

/* libc installs a handler of its own with the first thread. That must not count as a change by the spawn. */
__attribute__((constructor)) static void have_threads(void)
{
    pthread_t thread;
    if (!pthread_create(&thread, NULL, do_nothing, NULL))
        pthread_join(thread, NULL);
}

static void *close_later(void *fd)
{
    usleep(200000);
    close(*(int *)fd);
    return NULL;
}

TEST_BOTH(a_program_that_is_open_for_writing)
{
    need_native();
    for (int m = 0; m < 3; m++) {
        int writer;
        const char *path = busy_program(&writer);
        assert_spawn_fails(attr_in_mode(m), path, FORKEXEC_STAGE_EXEC, ETXTBSY, -1);
        close(writer);
        assert_int_equal(finish(start(attr_in_mode(m), path, (char *[]){ "x", "exit", "0", NULL }, NULL)).exit_code, 0);
        unlink(path);
    }
}

TEST_BOTH(a_program_that_stays_open_for_writing)
{
    need_native();
    int writer;
    const char *path = busy_program(&writer);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_busy_retry(attr, 100));
    double begin = seconds();
    assert_spawn_fails(attr, path, FORKEXEC_STAGE_EXEC, ETXTBSY, -1);
    assert_true(seconds() - begin >= 0.1);
    close(writer);
}

TEST_BOTH(a_program_that_is_open_for_writing_for_a_while)
{
    need_native();
    for (int m = 0; m < 3; m++) {
        int writer;
        const char *path = busy_program(&writer);
        struct forkexec_attr *attr = attr_in_mode(m);
        OK(forkexec_attr_set_busy_retry(attr, 60000));
        pthread_t thread;
        OK(pthread_create(&thread, NULL, close_later, &writer));
        struct forkexec_child *child = start(attr, path, (char *[]){ "x", "exit", "13", NULL }, NULL);
        pthread_join(thread, NULL);
        assert_int_equal(finish(child).exit_code, 13);
        unlink(path);
    }
}
