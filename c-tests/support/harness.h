/* The test harness, on top of cmocka. A test program includes this header and has a list of
 *
 *     TEST(name) { ... }         runs once
 *     TEST_BOTH(name) { ... }    runs twice: with forkexec_spawn, then with forkexec_start and forkexec_release
 *
 * Before and after each test the harness looks at the caller: a spawn that changes it fails the test. Everything that the
 * helpers make (attrs, views, directories, children) is removed after the test, however it ends. */
#ifndef HARNESS_H
#define HARNESS_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <forkexec.h>
#include <stdbool.h>
#include <sys/types.h>

#define TEST(name) TEST_(name, 1)
#define TEST_BOTH(name) TEST_(name, 2)

/* A new request for this test. */
struct forkexec_attr *new_attr(void);

/* A call of a setter that must be accepted. */
#define OK(call) assert_int_equal(call, 0)

/* The program that most tests start: reporter.c. */
extern char reporter[];

/* How to run a program. All fields may be left out. */
struct run {
    char *const *argv; /* default: the reporter's name alone, so that it prints its state */
    char *const *envp; /* default: the caller's */
    const char *path;  /* default: the reporter */
    int out;           /* the number of the pipe's write end in the caller during the spawn; default: 1.
                        * Other numbers are for tests that map it themselves, with REPORTER_FD in envp. */
};

/* Runs the reporter and reads what it prints; fails the test if that is not possible: run_reporter(attr, .envp = list). */
#define run_reporter(attr, ...) run_reporter_(attr, (struct run){ __VA_ARGS__ })
struct view;
struct view *run_reporter_(const struct forkexec_attr *attr, struct run run);
/* The caller's own state. */
struct view *view_of_self(void);

/* The value of a key (process_state.h), or NULL. */
const char *saw(const struct view *view, const char *key);
#define assert_saw(view, key, value) assert_string_equal_or_null(saw(view, key), value, key, __FILE__, __LINE__)
/* The two views have the same value of this key; or of all keys except these. A word that ends in "*" is a prefix. */
#define assert_same(one, other, key) assert_saw(one, key, saw(other, key))
#define assert_same_but(one, other, keys) assert_same_but_(one, other, keys, __FILE__, __LINE__)

/* Starts a program with the calls of this run of the test. It must succeed. */
struct forkexec_child *start(const struct forkexec_attr *attr, const char *path, char *const argv[], char *const envp[]);
/* The same, whatever the result: 0 or -errno. */
int try_start(const struct forkexec_attr *attr, const char *path, char *const argv[], char *const envp[],
    struct forkexec_child **child, struct forkexec_error *error);
/* Waits for the end, at most ten seconds. */
struct forkexec_status finish(struct forkexec_child *child);
/* Starts the reporter with these arguments; its exit code. */
#define start_reporter(attr, ...) start(attr, reporter, (char *[]){ reporter, __VA_ARGS__, NULL }, NULL)
#define reporter_exits(attr, ...) finish(start_reporter(attr, __VA_ARGS__)).exit_code

/* The spawn fails with this stage, errno and index, the program did not run, and nothing is left behind. Path NULL: the
 * reporter. */
#define assert_spawn_fails(attr, path, stage, code, index) \
    assert_spawn_fails_(attr, path, stage, code, index, __FILE__, __LINE__)

/* Skip the rest of the test unless ...; the reason is printed. */
#define need(condition, ...) ((condition) ? (void)0 : skip_because(__VA_ARGS__))
void need_root(void);
void need_cap(int cap);             /* this CAP_* is in effect */
void need_user_namespaces(void);    /* this process may create one */
void need_probe(uint32_t feature);  /* forkexec_probe says yes; else its reason is printed */
void need_native(void);             /* not under valgrind, which changes what processes see */
void need_unemulated(const char *reason); /* not under qemu-user, for this reason */
/* A copy of a test exits with this code if the emulator installs no filters. The test is then skipped. */
enum { NOTHING_DENIED = 76 };
void need_denials(int status_of_copy);
#define need_clone_of_namespaces() need_unemulated("it makes no namespaces")
_Noreturn void skip_because(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A condition for each test of this program: EACH_TEST_NEEDS(need_native) */
#define EACH_TEST_NEEDS(what)                                                \
    __attribute__((constructor)) static void each_test_needs_##what(void)   \
    {                                                                       \
        need_for_each_test = what;                                          \
    }
extern void (*need_for_each_test)(void);

/* Before each test the harness makes a child with an image, whose descriptor the library then keeps. A program with this
 * line makes no such child: its tests make children only in copies (deny_calls.h), in which they are the first ones. */
#define ONLY_COPIES_HAVE_CHILDREN \
    __attribute__((constructor)) static void only_copies(void) { only_copies_have_children = true; }
extern bool only_copies_have_children;

/* A directory for this test, which every user may enter; and a path in it. Valid until the end of the test. */
const char *scratch(void);
const char *scratch_path(const char *name);
/* A formatted string. Valid until the end of the test. */
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool exists(const char *path);
/* The target of a link; a line of /proc/PID/status without its key. "?" if there is none. */
const char *link_of(const char *path);
const char *status_of(pid_t pid, const char *key);
/* The target of /proc/PID/ns/NAME. */
const char *namespace_of(pid_t pid, const char *name);
/* True as soon as the process has ended or is a zombie. Waits at most ten seconds. */
bool ends(pid_t pid);
double seconds(void);

/* The implementation of the macros above. */
struct test {
    const char *name;
    void (*body)(void);
    int ways;
    struct test *next;
};
void add_test(struct test *test);
#define TEST_(title, both)                                                  \
    static void title(void);                                                \
    __attribute__((constructor)) static void add_##title(void)              \
    {                                                                       \
        static struct test test = { #title, title, both, NULL };            \
        add_test(&test);                                                    \
    }                                                                       \
    static void title(void)
void assert_string_equal_or_null(const char *is, const char *should, const char *what, const char *file, int line);
void assert_same_but_(const struct view *one, const struct view *other, const char *keys, const char *file, int line);
void assert_spawn_fails_(const struct forkexec_attr *attr, const char *path, uint32_t stage, int code, int index,
    const char *file, int line);

#endif
