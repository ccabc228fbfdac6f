/* The program: how it is found, by path and by descriptor, and why it does not start. valgrind performs execve itself and
 * crashes in some that fail. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };

static const char *put(const char *name, const char *what, mode_t mode)
{
    const char *path = scratch_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    assert_int_equal(write(fd, what, strlen(what)), strlen(what));
    assert_false(fchmod(fd, mode));
    close(fd);
    return path;
}

/* The spawn fails with this errno; returns the message. For failures that assert_spawn_fails cannot express. */
static const char *failure(const struct forkexec_attr *attr, const char *path, char *const argv[], char *const envp[],
    uint32_t stage, int code, int index)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    int result = try_start(attr, path, argv, envp, &child, &error);
    if (!result)
        finish(child);
    assert_int_equal(result, -code);
    assert_int_equal(error.stage, stage);
    assert_int_equal(error.code, code);
    assert_int_equal(error.index, index);
    return text("%s", error.message);
}

/* Runs a program by descriptor; returns its exit code. */
static int exits_by_fd(struct forkexec_attr *attr, int fd, char *const argv[])
{
    OK(forkexec_attr_set_exec_fd(attr, fd));
    return finish(start(attr, NULL, argv, NULL)).exit_code;
}

/* Paths. */

TEST_BOTH(programs_that_cannot_be_run)
{
    need_native();
    char longer[PATH_MAX + 10], name[NAME_MAX + 10];
    memset(longer, '/', sizeof longer - 1);
    memset(name, 'x', sizeof name - 1);
    longer[sizeof longer - 1] = name[sizeof name - 1] = 0;
    put("plain", "", 0644);
    OK(symlink("loop", scratch_path("loop")));
    OK(symlink("nothing", scratch_path("dangling")));
    const struct {
        const char *path;
        int code;
    } table[] = {
        { scratch_path("nothing"), ENOENT }, { "", ENOENT }, { scratch_path("dangling"), ENOENT },
        { scratch_path("nothing/program"), ENOENT }, { scratch_path("plain/program"), ENOTDIR },
        { scratch_path("plain"), EACCES }, { scratch(), EACCES }, { "/dev/null", EACCES },
        { scratch_path("loop"), ELOOP }, { longer, ENAMETOOLONG }, { scratch_path(name), ENAMETOOLONG },
        { put("empty", "", 0755), ENOEXEC }, { put("words", "exit 0\n", 0755), ENOEXEC },
        { put("stump", "\177ELF", 0755), ENOEXEC }, { put("shebang", "#!\n", 0755), ENOEXEC },
        { put("orphan", "#!/no/such/interpreter\n", 0755), ENOENT },
        { put("unlucky", text("#!%s\n", scratch_path("plain")), 0755), EACCES },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int m = 0; m < 3; m++) {
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_memory_mode(attr, modes[m]));
            assert_spawn_fails(attr, table[i].path, FORKEXEC_STAGE_EXEC, table[i].code, -1);
        }
}

TEST_BOTH(a_directory_that_may_not_be_searched)
{
    need(geteuid() != 0, "root may search every directory");
    OK(mkdir(scratch_path("closed"), 0777));
    OK(symlink(reporter, scratch_path("closed/program")));
    OK(chmod(scratch_path("closed"), 0));
    assert_spawn_fails(new_attr(), scratch_path("closed/program"), FORKEXEC_STAGE_EXEC, EACCES, -1);
    chmod(scratch_path("closed"), 0777);
}

TEST_BOTH(the_sentence_tells_a_missing_interpreter_from_a_missing_program)
{
    need_native();
    const char *orphan = put("orphan", "#!/no/such/interpreter\n", 0755);
    const char *message = failure(new_attr(), orphan, ARGV("x"), NULL, FORKEXEC_STAGE_EXEC, ENOENT, -1);
    assert_non_null(strstr(message, "interpreter"));
    message = failure(new_attr(), scratch_path("nothing"), ARGV("x"), NULL, FORKEXEC_STAGE_EXEC, ENOENT, -1);
    assert_null(strstr(message, "interpreter"));
}

TEST_BOTH(a_script_is_run_by_its_interpreter_only)
{
    const char *script = put("script", "#!/bin/sh\nexit 7\n", 0755);
    assert_int_equal(finish(start(new_attr(), script, ARGV("x"), NULL)).exit_code, 7);
}

TEST(path_and_vectors_may_be_freed_after_the_call)
{
    char path[4096], option[] = "exit", code[] = "3", variable[] = "A=b";
    char *argv[] = { path, option, code, NULL }, *envp[] = { variable, NULL };
    strcpy(path, reporter);
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child;
    OK(forkexec_start(attr, path, argv, envp, &child, NULL));
    memset(path, 'x', strlen(path));
    memset(option, 'x', 4);
    memset(argv, 0, sizeof argv);
    memset(envp, 0, sizeof envp);
    code[0] = variable[0] = 'x';
    OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
    assert_int_equal(finish(child).exit_code, 3);
    forkexec_close(child);
}

TEST_BOTH(a_missing_program_a_thousand_times)
{
    need_native();
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    for (int i = 0; i < 1024; i++)
        assert_int_equal(try_start(attr, "/no/such/program", ARGV("x"), NULL, &child, NULL), -ENOENT);
    assert_null(child);
}

TEST_BOTH(a_program_can_be_killed_at_once)
{
    for (int i = 0; i < 16; i++) {
        struct forkexec_child *child = start_reporter(new_attr(), "sleep");
        OK(forkexec_signal(child, SIGTERM));
        assert_int_equal(finish(child).signal, SIGTERM);
    }
}

TEST_BOTH(exit_codes)
{
    for (int code = 0; code < 256; code += code < 4 ? 1 : 63)
        assert_int_equal(reporter_exits(new_attr(), "exit", (char *)text("%d", code)), code);
}

/* The search in PATH. */

/* Folders: none lacks the program; good has it; bare has it without execute permission; words has a file that is no
 * program; file is no folder; loop is a link to itself. */
static const struct {
    const char *name, *dirs;
    int code, index; /* code 0: the program runs */
} searches[] = {
    { "the first", "good", 0, 0 }, { "the second", "none:good", 0, 0 }, { "not a folder", "file:good", 0, 0 },
    { "not executable", "bare:good", 0, 0 }, { "not a program", "words:good", 0, 0 }, { "a loop", "loop:good", 0, 0 },
    { "all of them", "none:file:bare:words:loop:good:none", 0, 0 },
    { "nowhere", "none", ENOENT, 0 }, { "the last of two", "none:none", ENOENT, 1 },
    { "the last ENOTDIR", "none:file", ENOTDIR, 1 }, { "the last ENOENT", "file:none", ENOENT, 1 },
    { "EACCES wins", "bare:none", EACCES, 0 }, { "EACCES wins late", "none:file:bare", EACCES, 2 },
    { "the first of its own", "none:bare:loop:words", EACCES, 1 }, { "ELOOP too", "none:loop:bare", ELOOP, 1 },
    { "ENOEXEC too", "words:none:bare", ENOEXEC, 0 },
};

static void make_folders(void)
{
    static const char *const names[] = { "none", "good", "bare", "words" };
    for (int i = 0; i < 4; i++)
        OK(mkdir(scratch_path(names[i]), 0755));
    OK(symlink(reporter, scratch_path("good/tool")));
    put("bare/tool", "", 0644);
    put("words/tool", "words\n", 0755);
    put("file", "", 0644);
    OK(symlink("loop", scratch_path("loop")));
}

TEST_BOTH(candidates_are_tried_in_turn)
{
    make_folders();
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        char dirs[4096] = "", names[256];
        strcpy(names, searches[i].dirs);
        for (char *name = strtok(names, ":"); name; name = strtok(NULL, ":"))
            sprintf(dirs + strlen(dirs), "%s%s/%s", *dirs ? ":" : "", scratch(), name);
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_search_path(attr, dirs));
        memset(dirs, 'x', sizeof dirs - 1); /* the list was copied */
        if (!searches[i].code)
            assert_int_equal(finish(start(attr, "tool", ARGV("tool", "exit", "4"), NULL)).exit_code, 4);
        else
            assert_spawn_fails(attr, "tool", FORKEXEC_STAGE_EXEC, searches[i].code, searches[i].index);
    }
}

TEST_BOTH(an_empty_item_is_the_working_directory)
{
    static const char *const lists[] = { ":", ":/nowhere", "/nowhere:", "/nowhere::/nowhere" };
    make_folders();
    for (int i = 0; i < 4; i++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_search_path(attr, lists[i]));
        OK(forkexec_attr_set_cwd(attr, scratch_path("good")));
        assert_int_equal(finish(start(attr, "tool", ARGV("tool", "exit", "5"), NULL)).exit_code, 5);
    }
}

TEST_BOTH(paths_and_requests_without_a_search)
{
    make_folders();
    char *old = strdup(getenv("PATH") ? getenv("PATH") : "");
    setenv("PATH", scratch_path("good"), 1);
    struct forkexec_attr *attr = new_attr();
    assert_spawn_fails(attr, "tool", FORKEXEC_STAGE_EXEC, ENOENT, -1); /* no search was asked for */
    OK(forkexec_attr_set_search_path(attr, NULL));
    assert_spawn_fails(attr, "tool", FORKEXEC_STAGE_EXEC, ENOENT, 1); /* PATH is not read without a search */
    OK(forkexec_attr_set_search_path(attr, scratch_path("good")));
    assert_spawn_fails(attr, "./tool", FORKEXEC_STAGE_EXEC, ENOENT, -1); /* a name with a slash is not searched */
    assert_spawn_fails(attr, "", FORKEXEC_STAGE_EXEC, ENOENT, -1);
    setenv("PATH", old, 1);
    free(old);
}

TEST_BOTH(the_default_search_path)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_search_path(attr, NULL));
    assert_int_equal(finish(start(attr, "sh", ARGV("sh", "-c", "exit 6"), NULL)).exit_code, 6);
    assert_int_equal(forkexec_attr_set_search_path(attr, ""), -EINVAL);
    assert_spawn_fails(attr, "sh", FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* By descriptor. */

static int reporter_fd(int flags)
{
    int fd = open(reporter, flags | O_CLOEXEC);
    assert_true(fd > 2);
    return fd;
}

TEST_BOTH(a_program_by_descriptor)
{
    for (int m = 0; m < 3; m++)
        for (int path_only = 0; path_only < 2; path_only++) {
            int fd = reporter_fd(path_only ? O_PATH : O_RDONLY);
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_memory_mode(attr, modes[m]));
            OK(forkexec_attr_open_fd(attr, 1, scratch_path("out"), O_WRONLY | O_CREAT | O_TRUNC, 0644));
            assert_int_equal(exits_by_fd(attr, fd, ARGV("name")), 0);
            char view[65536];
            FILE *in = fopen(scratch_path("out"), "re");
            view[fread(view, 1, sizeof view - 1, in)] = 0;
            fclose(in);
            assert_non_null(strstr(view, "\nfds 0 1 2\n"));
            close(fd);
        }
}

/* The program's descriptor works whatever the maps and actions do to its number. */
TEST_BOTH(the_programs_descriptor_survives_maps_and_actions)
{
    for (int m = 0; m < 3; m++)
        for (int way = 0; way < 10; way++) {
            int fd = reporter_fd(O_RDONLY);
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_memory_mode(attr, modes[m]));
            if (way == 0)
                OK(forkexec_attr_map_fd(attr, 0, fd));
            if (way == 1)
                OK(forkexec_attr_close_fd(attr, fd));
            if (way == 2)
                OK(forkexec_attr_close_fds_from(attr, 3));
            if (way == 3)
                OK(forkexec_attr_open_fd(attr, fd, "/dev/null", O_RDWR, 0));
            for (int target = 3; way == 4 && target < 20; target++)
                OK(forkexec_attr_map_fd(attr, 1, target));
            if (way == 5)
                OK(forkexec_attr_map_fd(attr, fd, 0));
            /* A script gets the descriptor at its own number; then another file is mapped there. */
            if (way > 5)
                OK(forkexec_attr_map_fd(attr, fd, fd));
            if (way == 6)
                OK(forkexec_attr_open_fd(attr, fd, "/dev/null", O_RDWR, 0));
            if (way == 7)
                OK(forkexec_attr_dup_fd(attr, 0, fd));
            if (way == 8)
                OK(forkexec_attr_close_fd(attr, fd));
            if (way == 9)
                OK(forkexec_attr_close_fds_from(attr, 3));
            assert_int_equal(exits_by_fd(attr, fd, ARGV("name", "exit", "9")), 9);
            close(fd);
        }
}

TEST_BOTH(a_script_by_descriptor_needs_it_mapped_to_itself)
{
    need_native();
    for (int m = 0; m < 3; m++) {
        int fd = open(put("script", "#!/bin/sh\nexit 8\n", 0755), O_RDONLY | O_CLOEXEC);
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, modes[m]));
        OK(forkexec_attr_set_exec_fd(attr, fd));
        const char *message = failure(attr, NULL, ARGV("x"), NULL, FORKEXEC_STAGE_EXEC, ENOENT, -1);
        assert_non_null(strstr(message, "map it to itself"));
        OK(forkexec_attr_map_fd(attr, fd, fd));
        assert_int_equal(finish(start(attr, NULL, ARGV("x"), NULL)).exit_code, 8);
        close(fd);
    }
}

/* An emulator may not have execveat. Then the link in /proc/self/fd is executed. */
static void runs_without_execveat(const void *fds)
{
    static const struct denial no_execveat = { SYS_execveat, ENOSYS, { { 0 } } };
    static const struct sock_filter no_opening[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    const int program = ((const int *)fds)[0], script = ((const int *)fds)[1], words = ((const int *)fds)[2];
    deny(&no_execveat, 1);
    for (int m = 0; m < 3; m += 2) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, modes[m]));
        assert_int_equal(exits_by_fd(attr, program, ARGV("name", "exit", "9")), 9);
        OK(forkexec_attr_set_exec_fd(attr, words));
        failure(attr, NULL, ARGV("x"), NULL, FORKEXEC_STAGE_EXEC, ENOEXEC, -1);
        OK(forkexec_attr_set_exec_fd(attr, script));
        const char *message = failure(attr, NULL, ARGV("x"), NULL, FORKEXEC_STAGE_EXEC, ENOENT, -1);
        assert_non_null(strstr(message, "map it to itself"));
        OK(forkexec_attr_map_fd(attr, script, script));
        assert_int_equal(finish(start(attr, NULL, ARGV("x"), NULL)).exit_code, 8);

        /* The program's own seccomp filter need not allow this. */
        attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, modes[m]));
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_add_seccomp_filter(attr, no_opening, 4, 0));
        OK(forkexec_attr_set_exec_fd(attr, program));
        failure(attr, NULL, ARGV("x"), NULL, FORKEXEC_STAGE_EXEC, ENOSYS, -1);
    }
}

TEST_BOTH(a_program_by_descriptor_without_execveat)
{
    need_native();
    need_unemulated("it takes no seccomp filters");
    const int fds[] = { reporter_fd(O_RDONLY), open(put("script", "#!/bin/sh\nexit 8\n", 0755), O_RDONLY | O_CLOEXEC),
        open(put("words", "words", 0755), O_RDONLY | O_CLOEXEC) };
    in_copy(runs_without_execveat, fds);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

TEST_BOTH(a_program_in_a_memfd)
{
    need_native();
    int from = reporter_fd(O_RDONLY), fd = memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char bytes[65536];
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(fd, bytes, (size_t)n), n);
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
    for (int m = 0; m < 3; m++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, modes[m]));
        assert_int_equal(exits_by_fd(attr, fd, ARGV("x", "exit", "2")), 2);
    }
    close(from);
    close(fd);
}

TEST_BOTH(descriptors_that_cannot_be_executed)
{
    int folder = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int words = open(put("words", "words", 0755), O_RDONLY | O_CLOEXEC);
    int plain = open(put("plain", "", 0644), O_RDONLY | O_CLOEXEC);
    const struct {
        int fd, stage, code;
    } table[] = { { folder, FORKEXEC_STAGE_EXEC, EACCES }, { words, FORKEXEC_STAGE_EXEC, ENOEXEC },
        { plain, FORKEXEC_STAGE_EXEC, EACCES }, { 1000, FORKEXEC_STAGE_VALIDATE, EBADF } };
    for (int i = 0; i < 4; i++) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_exec_fd(attr, table[i].fd));
        failure(attr, NULL, ARGV("x"), NULL, (uint32_t)table[i].stage, table[i].code, -1);
        failure(attr, reporter, ARGV("x"), NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1); /* both a path and a descriptor */
    }
    failure(new_attr(), NULL, ARGV("x"), NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1); /* neither of them */
    close(folder);
    close(words);
    close(plain);
}
