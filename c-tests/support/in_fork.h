/* Runs a part of a test in a fork, which may give up privileges that the test still needs.
 *
 *     static void body(const void *with) { become_nobody(); ... assert_int_equal(...); }
 *     in_fork(body, with);            an assertion that fails in body fails the test; body must not skip
 *
 * Also: a request for each memory mode (EACH_MEMORY, attr_in); a copy of a program that every user may execute
 * (public_copy, public_reporter); and exec_shows(), what execve alone makes of a process, to compare the library with. */
#ifndef IN_FORK_H
#define IN_FORK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "harness.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define BIT(n) (1ull << (n))

/* for EACH_MEMORY(mode) ...: once for each memory mode. */
#define EACH_MEMORY(mode) (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++)

/* The same for a child with another root than the caller's. Copied memory is refused there: /proc/self/exe of a copy is the
 * caller's own executable. */
#define EACH_ROOT_MEMORY(mode) (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_FRESH; mode++)

/* Another root needs the built-in image, which needs memory that is really shared: not under valgrind. */
static inline void need_other_roots(void)
{
    static bool known;
    if (!known) {
        need_probe(FORKEXEC_PROBE_SHARED_MEMORY);
        need_probe(FORKEXEC_PROBE_IMAGE);
    }
    known = true;
}

/* A request with this memory mode. */
static inline struct forkexec_attr *attr_in(uint32_t mode)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    return attr;
}

/* A copy of a program that every user may execute. Others may not be able to enter the build folder. */
static inline const char *public_copy(const char *program, const char *name)
{
    const char *path = scratch_path(name);
    if (exists(path))
        return path;
    char bytes[65536];
    int from = open(program, O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(to, bytes, (size_t)n), n);
    assert_false(fchmod(to, 0755));
    close(from);
    close(to);
    return path;
}

static inline const char *public_reporter(void)
{
    return public_copy(reporter, "reporter");
}

/* DOING(format, ...): what is being tested; printed if the fork fails. */
static char *doing;
#define DOING(...) (doing ? (void)snprintf(doing, 256, __VA_ARGS__) : (void)0)

/* Runs body(with) in a fork. An assertion that fails in it fails the test. It must not skip. */
static inline void in_fork(void (*body)(const void *with), const void *with)
{
    int status = 0;
    if (!doing)
        doing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(doing, "");
    fflush(stdout);
    /* If body fails, its orphans become children of this process, which end with the test. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        /* After a failure cmocka would continue with the next test here. */
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body(with);
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    if (status && *doing)
        print_message("# in: %s\n", doing);
    assert_int_equal(status, 0);
}

/* capset(2) with masks of 64 bits. */
static inline int set_caps(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct set[2];
    for (int word = 0; word < 2; word++)
        set[word] = (struct __user_cap_data_struct){ (uint32_t)(effective >> 32 * word),
            (uint32_t)(permitted >> 32 * word), (uint32_t)(inheritable >> 32 * word) };
    return (int)syscall(SYS_capset, &header, set);
}

/* Becomes an ordinary user without privileges, for good. */
static inline void become_nobody(void)
{
    if (geteuid())
        return;
    gid_t none;
    assert_false(syscall(SYS_setgroups, 0, &none));
    assert_false(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY));
    assert_false(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY));
    /* As for a process that never had another user: its files in /proc are its own. */
    assert_false(prctl(PR_SET_DUMPABLE, 1));
}

/* The value of a key in text of process_state.h, or NULL. */
static inline const char *value_in(const char *seen, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = seen; *line; line = strchr(line, '\n') + 1)
        if (!strncmp(line, key, length) && line[length] == ' ')
            return text("%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
    return NULL;
}

/* The reporter's output after fork(2), prepare(with) and execve(2), without the library. prepare returns 0 or an errno,
 * which is returned negated in *failed. */
static inline const char *exec_shows(const char *path, int (*prepare)(const void *with), const void *with, int *failed)
{
    static char seen[64 * 1024];
    int pair[2], status = 0;
    assert_false(pipe2(pair, O_CLOEXEC));
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        int code = prepare ? prepare(with) : 0;
        if (code)
            _exit(code);
        dup2(pair[1], 1);
        execv(path, (char *[]){ (char *)(uintptr_t)path, NULL });
        _exit(errno);
    }
    close(pair[1]);
    size_t size = 0;
    for (ssize_t n; (n = read(pair[0], seen + size, sizeof seen - 1 - size)) > 0;)
        size += (size_t)n;
    seen[size] = 0;
    close(pair[0]);
    waitpid(pid, &status, 0);
    *failed = -WEXITSTATUS(status);
    return seen;
}

/* The content of a file, without its last newline, or "?". */
static inline const char *text_of(const char *path)
{
    static char bytes[64 * 1024];
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "?";
    for (ssize_t n; (n = read(fd, bytes + size, sizeof bytes - 1 - size)) > 0;)
        size += (size_t)n;
    close(fd);
    bytes[size] = 0;
    if (size && bytes[size - 1] == '\n')
        bytes[size - 1] = 0;
    return text("%s", bytes);
}

#endif
