/* The tests' common ground, on top of cmocka. A test program is this header and a row of
 *
 *     TEST(name) { ... }         runs once
 *     TEST_BOTH(name) { ... }    runs twice: children come by forkexec_spawn, then by forkexec_start and _release
 *
 * Around each test the caller is compared with itself: a spawn that changes anything of it fails the test. What the
 * helpers make (attrs, views, directories, children) is gone after the test, however it ends. */
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

/* The request that a test fills in. */
struct forkexec_attr *new_attr(void);

/* A setter that must be accepted. */
#define OK(call) assert_int_equal(call, 0)

/* The program that most tests start (witness.c says what it can do). */
extern char witness[];

/* How to run it. All fields may be left out. */
struct run {
    char *const *argv; /* default: the witness's name alone, which makes it show what it sees */
    char *const *envp; /* default: the caller's */
    const char *path;  /* default: the witness */
    int out;           /* the number at which the witness's end of the pipe is open in the caller during the spawn;
                        * default: 1. Another number is for tests that map it themselves, with WITNESS_FD in envp. */
};

/* Runs the witness and reads what it saw, or fails the test: run_witness(attr, .envp = list). */
#define run_witness(attr, ...) run_witness_(attr, (struct run){ __VA_ARGS__ })
struct view;
struct view *run_witness_(const struct forkexec_attr *attr, struct run run);
/* What the caller sees of itself. */
struct view *view_of_self(void);

/* The value of a key (see.h), or NULL. */
const char *saw(const struct view *view, const char *key);
#define assert_saw(view, key, value) assert_string_equal_or_null(saw(view, key), value, key, __FILE__, __LINE__)
/* The two views agree on this key; or on all keys but those named, words ending in "*" being prefixes. */
#define assert_same(one, other, key) assert_saw(one, key, saw(other, key))
#define assert_same_but(one, other, keys) assert_same_but_(one, other, keys, __FILE__, __LINE__)

/* Starts a program the way that this run of the test takes, and must succeed. */
struct forkexec_child *start(const struct forkexec_attr *attr, const char *path, char *const argv[], char *const envp[]);
/* The same, with whatever comes of it: 0 or -errno. */
int try_start(const struct forkexec_attr *attr, const char *path, char *const argv[], char *const envp[],
    struct forkexec_child **child, struct forkexec_error *error);
/* Waits for its end, which must come within ten seconds. */
struct forkexec_status finish(struct forkexec_child *child);
/* The witness with these arguments, started; its exit code. */
#define start_witness(attr, ...) start(attr, witness, (char *[]){ witness, __VA_ARGS__, NULL }, NULL)
#define witness_exits(attr, ...) finish(start_witness(attr, __VA_ARGS__)).exit_code

/* The spawn fails exactly so, the program did not run, and nothing is left behind. Path NULL: the witness. */
#define assert_spawn_fails(attr, path, stage, code, index) \
    assert_spawn_fails_(attr, path, stage, code, index, __FILE__, __LINE__)

/* Skip the rest of the test, with the reason in the output, unless ... */
#define need(condition, ...) ((condition) ? (void)0 : skip_because(__VA_ARGS__))
void need_root(void);
void need_cap(int cap);             /* CAP_*, in effect */
void need_user_namespaces(void);    /* this process may create one */
void need_probe(uint32_t feature);  /* forkexec_probe says so; the reason is its own */
void need_native(void);             /* not under valgrind, which changes what processes see */
void need_unemulated(const char *reason); /* not under qemu-user, for this reason */
/* How a copy of a test ends that was to deny calls, under an emulator that takes no filters; and what then becomes of the test. */
enum { NOTHING_DENIED = 76 };
void need_denials(int status_of_copy);
#define need_clone_of_namespaces() need_unemulated("it makes no namespaces")
_Noreturn void skip_because(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What each test of this program needs: EACH_TEST_NEEDS(need_native) */
#define EACH_TEST_NEEDS(what)                                                \
    __attribute__((constructor)) static void each_test_needs_##what(void)   \
    {                                                                       \
        need_for_each_test = what;                                          \
    }
extern void (*need_for_each_test)(void);

/* Before each test a child is made in an image of its own, whose file the library then keeps. Not in a program with this
 * line: its tests make children only in copies (deny.h), where they are the first that the library makes. */
#define ONLY_COPIES_HAVE_CHILDREN \
    __attribute__((constructor)) static void only_copies(void) { only_copies_have_children = true; }
extern bool only_copies_have_children;

/* A directory for this test alone, that everybody may enter; and a path in it. Good until the end of the test. */
const char *scratch(void);
const char *scratch_path(const char *name);
/* A formatted string that is good until the end of the test. */
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool exists(const char *path);
/* Where a link leads, and a line of /proc/PID/status without its key; "?" if there is none. */
const char *link_of(const char *path);
const char *status_of(pid_t pid, const char *key);
/* The link of /proc/PID/ns/NAME. */
const char *namespace_of(pid_t pid, const char *name);
/* True as soon as the process is gone or a zombie; waits for it, at most ten seconds. */
bool ends(pid_t pid);
double seconds(void);

/* What the macros above stand for. */
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
