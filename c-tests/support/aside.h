/* What happens aside from the test's own process: in a fork of it, which may give up what the test still needs; and
 * what exec alone makes of such a process, to compare the library with. */
#ifndef ASIDE_H
#define ASIDE_H
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

/* for EACH_MEMORY(mode) ...: once for each way in which memory can be had. */
#define EACH_MEMORY(mode) (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_COPIED; mode++)

/* The same for a child that gets a root which is not the caller's. A copy of the caller's memory is refused there: in it
 * /proc/self/exe leads to the caller's own file. */
#define EACH_ROOT_MEMORY(mode) (uint32_t mode = FORKEXEC_MEMORY_AUTO; mode <= FORKEXEC_MEMORY_FRESH; mode++)

/* Another root needs the built-in image, and that needs memory that is really shared: not under valgrind. */
static inline void need_other_roots(void)
{
    static bool known;
    if (!known) {
        need_probe(FORKEXEC_PROBE_SHARED_MEMORY);
        need_probe(FORKEXEC_PROBE_IMAGE);
    }
    known = true;
}

/* A request for that memory. */
static inline struct forkexec_attr *attr_in(uint32_t mode)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    return attr;
}

/* A copy of a program that everybody may execute: the way to the build folder may be closed to others. */
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

static inline const char *public_witness(void)
{
    return public_copy(witness, "witness");
}

/* DOING(format, ...): what is done just now, printed if it fails aside. */
static char *doing;
#define DOING(...) (doing ? (void)snprintf(doing, 256, __VA_ARGS__) : (void)0)

/* Runs body(with) in a fork; an assertion that fails in it fails the test. It may not skip. */
static inline void aside(void (*body)(const void *with), const void *with)
{
    int status = 0;
    if (!doing)
        doing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(doing, "");
    fflush(stdout);
    /* What it leaves behind when it fails becomes this process's, and is ended with the test. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        /* cmocka would go on with the next test. */
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

/* capset(2) for masks of 64 bits. */
static inline int set_caps(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct set[2];
    for (int word = 0; word < 2; word++)
        set[word] = (struct __user_cap_data_struct){ (uint32_t)(effective >> 32 * word),
            (uint32_t)(permitted >> 32 * word), (uint32_t)(inheritable >> 32 * word) };
    return (int)syscall(SYS_capset, &header, set);
}

/* An ordinary user without any privilege, for good. */
static inline void become_nobody(void)
{
    if (geteuid())
        return;
    gid_t none;
    assert_false(syscall(SYS_setgroups, 0, &none));
    assert_false(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY));
    assert_false(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY));
    /* As it is for who was never anybody else: its /proc is its own. */
    assert_false(prctl(PR_SET_DUMPABLE, 1));
}

/* The value of a key in text of see()'s kind, or NULL. */
static inline const char *value_in(const char *seen, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = seen; *line; line = strchr(line, '\n') + 1)
        if (!strncmp(line, key, length) && line[length] == ' ')
            return text("%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
    return NULL;
}

/* What the witness sees after fork(2), prepare(with) and execve(2), none of it the library's. prepare returns 0 or an
 * errno, which is then negated in *failed. */
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

/* The text of a file, without its last newline, or "?". */
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
