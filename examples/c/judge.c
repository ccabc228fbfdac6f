/* A judge of programs that nobody trusts: compiles a C program and runs it against tests, each in a sandbox of its own.
 *
 * usage: judge SOURCE.c TESTS          TESTS holds 1.in and 1.out, 2.in and 2.out, and so on
 *
 * Verdicts: accepted, wrong answer, runtime error, time limit, memory limit, output limit, compile error. */
#define _GNU_SOURCE
#include "collect.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { SECONDS = 2, MEMORY = 64 << 20, OUTPUT = 1 << 20, LONGEST_PATH = 4096 };

static const char *const system_paths[] = { "/bin", "/lib", "/lib64", "/usr", "/etc/alternatives" };

/* --- sandbox */
/* An empty root in memory with the system's programs and one directory; no network, no other processes, no host. */
static struct forkexec_attr *sandbox(const char *work, uint64_t seconds, uint64_t memory, uint32_t work_flags)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_NET |
        FORKEXEC_NS_IPC | FORKEXEC_NS_UTS);
    forkexec_attr_map_uid(attr, 1000, geteuid(), 1);
    forkexec_attr_map_gid(attr, 1000, getegid(), 1);
    /* For process 1 the kernel ignores SIGXCPU and SIGABRT: an init takes that place. */
    forkexec_attr_set_init(attr);
    forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
    for (size_t i = 0; i < sizeof system_paths / sizeof *system_paths; i++)
        forkexec_attr_bind_mount(attr, system_paths[i], system_paths[i],
            FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_OPTIONAL);
    forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE);
    forkexec_attr_mount_tmpfs(attr, "/tmp", 64 << 20, 01777,
        FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_CREATE);
    forkexec_attr_bind_mount(attr, work, "/box",
        FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV | FORKEXEC_MOUNT_CREATE | work_flags);
    forkexec_attr_set_cwd(attr, "/box");
    forkexec_attr_set_hostname(attr, "judge");
    forkexec_attr_set_rlimit(attr, RLIMIT_CPU, seconds, seconds + 1);
    forkexec_attr_set_rlimit(attr, RLIMIT_DATA, memory, memory);
    forkexec_attr_set_rlimit(attr, RLIMIT_FSIZE, 16 << 20, 16 << 20);
    forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, 0);
    forkexec_attr_set_rlimit(attr, RLIMIT_NPROC, 64, 64);
    forkexec_attr_set_session(attr);
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
    return attr;
}
/* --- end */

struct run {
    struct output outputs[2];
    struct collected collected;
    struct forkexec_status status;
};

/* Runs a program with this input. False, with a message, when it cannot be started: that is the judge's own failure. */
static bool run(struct forkexec_attr *attr, char *const argv[], char *const envp[], const char *input, int64_t timeout_ns,
    struct run *run)
{
    struct forkexec_error error = { 0 };
    struct forkexec_child *child;
    int fd = open(input, O_RDONLY | O_CLOEXEC);
    memset(run, 0, sizeof *run);
    if (fd < 0 || open_output(&run->outputs[0]) || open_output(&run->outputs[1])) {
        perror(input);
        return false;
    }
    forkexec_attr_map_fd(attr, fd, 0);
    forkexec_attr_map_fd(attr, run->outputs[0].write_end, 1);
    forkexec_attr_map_fd(attr, run->outputs[1].write_end, 2);
    int failed = forkexec_spawn(attr, argv[0], argv, envp, &child, &error);
    close(fd);
    if (failed) {
        fprintf(stderr, "judge: %s\n", error.message);
        return false;
    }
    failed = collect(child, run->outputs, OUTPUT, timeout_ns, &run->collected, &run->status);
    forkexec_close(child);
    return !failed;
}

static void free_run(struct run *run)
{
    free_output(&run->outputs[0]);
    free_output(&run->outputs[1]);
}

static bool copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "re"), *out = in ? fopen(to, "we") : NULL;
    bool good = in && out;
    for (int c; good && (c = getc(in)) != EOF;)
        good = putc(c, out) != EOF;
    if (out)
        good = fclose(out) == 0 && good;
    if (in)
        fclose(in);
    if (!good)
        perror(from);
    return good;
}

/* 1: it is compiled; 0: it is not, and the compiler has said why; -1: the judge has failed. */
static int compile(const char *source, const char *work)
{
    char copy[LONGEST_PATH];
    char *const argv[] = { "/usr/bin/cc", "-O2", "-o", "program", "program.c", "-lm", NULL };
    char *const envp[] = { "PATH=/bin:/usr/bin", NULL };
    struct run compiler;
    snprintf(copy, sizeof copy, "%s/program.c", work);
    if (!copy_file(source, copy))
        return -1;
    struct forkexec_attr *attr = sandbox(work, 10, UINT64_C(1) << 30, 0);
    bool ran = run(attr, argv, envp, "/dev/null", INT64_C(30000000000), &compiler);
    forkexec_attr_free(attr);
    bool good = ran && compiler.status.ended == FORKEXEC_ENDED_EXIT && compiler.status.exit_code == 0;
    if (ran && !good)
        printf("compile error\n%s\n", compiler.outputs[1].bytes ? compiler.outputs[1].bytes : "the compiler failed");
    free_run(&compiler);
    return ran ? good : -1;
}

/* The next word of a text, or "" at its end. */
static size_t next_word(const char **text)
{
    *text += strspn(*text, " \t\r\n");
    return strcspn(*text, " \t\r\n");
}

/* Whether both have the same words: how they are spaced does not matter. */
static bool same_words(const char *one, const char *other)
{
    size_t length;
    while ((length = next_word(&one)) == next_word(&other) && memcmp(one, other, length) == 0) {
        if (length == 0)
            return true;
        one += length;
        other += length;
    }
    return false;
}

static bool is_expected(const struct output *output, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    if (!file) {
        perror(path);
        return false;
    }
    ssize_t length = getdelim(&text, &size, '\0', file);
    bool same = same_words(output->bytes ? output->bytes : "", length > 0 ? text : "");
    free(text);
    fclose(file);
    return same;
}

/* --- verdict */
static const char *verdict(const struct run *run, const char *expected)
{
    const struct forkexec_status *status = &run->status;
    if (run->collected.truncated)
        return "output limit";
    /* The init ends with 128 and the signal; the status tells of the program itself. */
    if (run->collected.timed_out || status->signal == SIGXCPU)
        return "time limit";
    if (status->signal || status->exit_code)
        return status->max_rss_bytes > MEMORY / 10 * 9 ? "memory limit" : "runtime error";
    return is_expected(&run->outputs[0], expected) ? "accepted" : "wrong answer";
}
/* --- end */

/* 1: accepted; 0: not; -1: the judge has failed. */
static int test(const char *work, const char *tests, unsigned number)
{
    char input[LONGEST_PATH], expected[LONGEST_PATH];
    char *const argv[] = { "/box/program", NULL }, *const envp[] = { NULL };
    struct run program;
    snprintf(input, sizeof input, "%s/%u.in", tests, number);
    snprintf(expected, sizeof expected, "%s/%u.out", tests, number);
    struct forkexec_attr *attr = sandbox(work, SECONDS, MEMORY, FORKEXEC_MOUNT_READONLY);
    /* What the kernel tells of memory is else never below this process's own peak. */
    forkexec_attr_measure_memory(attr);
    bool ran = run(attr, argv, envp, input, INT64_C(2000000000) * SECONDS, &program);
    forkexec_attr_free(attr);
    const char *said = ran ? verdict(&program, expected) : "";
    if (ran)
        printf("test %u: %s (%.2f s, %" PRIu64 " MiB)\n", number, said,
            (double)(program.status.user_ns + program.status.system_ns) / 1e9, program.status.max_rss_bytes >> 20);
    free_run(&program);
    return ran ? strcmp(said, "accepted") == 0 : -1;
}

static int judge(const char *source, const char *tests, const char *work)
{
    int compiled = compile(source, work), accepted = 1;
    if (compiled != 1)
        return compiled ? 125 : 1;
    for (unsigned number = 1;; number++) {
        char input[LONGEST_PATH];
        snprintf(input, sizeof input, "%s/%u.in", tests, number);
        if (access(input, F_OK))
            return accepted ? 0 : 1;
        int result = test(work, tests, number);
        if (result < 0)
            return 125;
        accepted &= result;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: judge SOURCE.c TESTS\n", stderr);
        return 2;
    }
    char work[] = "/tmp/judge.XXXXXX", path[64];
    if (!mkdtemp(work)) {
        perror(work);
        return 125;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int code = judge(argv[1], argv[2], work);
    const char *const made[] = { "program.c", "program" };
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", work, made[i]);
        unlink(path);
    }
    rmdir(work);
    return code;
}
