/* harness.h says how it is used. */
#define _GNU_SOURCE
#include "harness.h"
#include "process_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char reporter[4096];

static struct test *tests, **last = &tests;
static const char *current; /* the running test's name */
static bool held;           /* the running test makes children with start and release */
static int skipped, total;

/* Prints a comment line of TAP. */
static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("# ");
    vprintf(format, list);
    putchar('\n');
    va_end(list);
    fflush(stdout);
}

/* What is cleaned up at the end of a test. */

struct leftover {
    void (*drop)(void *);
    void *what;
    struct leftover *next;
};
static struct leftover *leftovers;

static void *drop_later(void *what, void (*drop)(void *))
{
    struct leftover *leftover = malloc(sizeof *leftover);
    if (!leftover || !what)
        abort();
    *leftover = (struct leftover){ drop, what, leftovers };
    leftovers = leftover;
    return what;
}

/* All children that are left were made by this test. */
static void end_children(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *in = fopen(path, "re");
    for (int pid; in && fscanf(in, "%d", &pid) == 1;)
        kill(pid, SIGKILL);
    if (in)
        fclose(in);
    /* A stopped or traced child may need a moment to end. One that cannot be killed must not stop the tests. */
    for (int turn = 0; turn < 1000; turn++) {
        pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);
        if (pid < 0)
            break;
        if (pid == 0)
            usleep(1000);
    }
}

static void clean_up(void)
{
    while (leftovers) {
        struct leftover *leftover = leftovers;
        leftovers = leftover->next;
        leftover->drop(leftover->what);
        free(leftover);
    }
}

/* Views: text that print_state() has written. */

struct view {
    char *text;
    size_t size;
};

static void free_view(void *view)
{
    free(((struct view *)view)->text);
    free(view);
}

static struct view *new_view(void)
{
    return drop_later(calloc(1, sizeof(struct view)), free_view);
}

/* A stream whose content becomes the view's text when it is closed. */
static FILE *write_view(struct view *view)
{
    FILE *out = open_memstream(&view->text, &view->size);
    if (!out)
        abort();
    return out;
}

const char *saw(const struct view *view, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = view->text; line && *line; line = strchr(line, '\n') + 1)
        if (!strncmp(line, key, length) && line[length] == ' ')
            return text("%.*s", (int)(strchr(line, '\n') - line - (int)length - 1), line + length + 1);
    return NULL;
}

struct view *view_of_self(void)
{
    struct view *view = new_view();
    FILE *out = write_view(view);
    print_state(out);
    fclose(out);
    return view;
}

void assert_string_equal_or_null(const char *is, const char *should, const char *what, const char *file, int line)
{
    if (is && should ? !strcmp(is, should) : is == should)
        return;
    note("%s is \"%s\", not \"%s\"", what, is ? is : "(nothing)", should ? should : "(nothing)");
    _fail(file, line);
}

static bool among(const char *line, const char *keys)
{
    size_t length = strcspn(line, " ");
    for (const char *word = keys; *word; word += strspn(word, " ")) {
        size_t n = strcspn(word, " ");
        if (word[n - 1] == '*' ? length >= n - 1 && !strncmp(line, word, n - 1) : length == n && !strncmp(line, word, n))
            return true;
        word += n;
    }
    return false;
}

/* Prints the lines of `text` that `other` lacks, except those with one of `keys`; returns their number. */
static int print_missing(const char *sign, const char *text, const char *other, const char *keys)
{
    int missing = 0;
    for (const char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        size_t length = (size_t)(end - line) + 1;
        bool found = among(line, keys);
        for (const char *l = other; !found && *l; l = strchr(l, '\n') + 1)
            found = !strncmp(l, line, length);
        if (found)
            continue;
        if (sign)
            note("%s %.*s", sign, (int)length - 1, line);
        missing++;
    }
    return missing;
}

void assert_same_but_(const struct view *one, const struct view *other, const char *keys, const char *file, int line)
{
    if (print_missing("first: ", one->text, other->text, keys) + print_missing("second:", other->text, one->text, keys))
        _fail(file, line);
}

/* The caller's state before and after a test. */

static struct view snapshot(void)
{
    struct view view;
    FILE *out = write_view(&view);
    print_state(out);

    struct { unsigned long handler, flags, restorer, mask[2]; } action;
    for (int sig = 1; sig <= 64; sig++)
        if (!syscall(SYS_rt_sigaction, sig, NULL, memset(&action, 0, sizeof action), 8)) {
            char key[16];
            snprintf(key, sizeof key, "signal.%d", sig);
            print_line(out, key, "%lx %lx %lx", action.handler, action.flags, action.mask[0]);
        }
    siginfo_t info = { 0 };
    int none = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL);
    print_line(out, "children", none ? "none" : info.si_pid ? "%d, dead" : "alive", info.si_pid);
    fclose(out);
    return view;
}

/* A thread of the library may end a moment later, and is not one of the caller's: it must not be in a snapshot. */
static void let_threads_end(void)
{
    static int usual;
    int count = atoi(status_of(getpid(), "Threads"));
    for (int turn = 0; usual && count > usual && turn < 100; turn++) {
        usleep(10000);
        count = atoi(status_of(getpid(), "Threads"));
    }
    usual = count;
}

/* A thread of the library, or a descriptor of a killed child, may need a moment to go. What is left after a second is a
 * failure. */
static bool unchanged_since(struct view before)
{
    for (int turn = 0;; turn++) {
        struct view after = snapshot();
        int changes = print_missing(turn < 100 ? NULL : "before:", before.text, after.text, "")
            + print_missing(turn < 100 ? NULL : "after: ", after.text, before.text, "");
        free(after.text);
        if (!changes || turn == 100)
            return !changes;
        usleep(10000);
    }
}

/* Running programs. */

static void free_attr(void *attr)
{
    forkexec_attr_free(attr);
}

struct forkexec_attr *new_attr(void)
{
    return drop_later(forkexec_attr_new(), free_attr);
}

/* A test need not end its children. forkexec_close alone would let them run on. */
static void end_child(void *child)
{
    forkexec_signal(child, SIGKILL);
    forkexec_wait(child, 1000000000, 0, NULL, 0);
    forkexec_close(child);
}

int try_start(const struct forkexec_attr *attr, const char *path, char *const argv[], char *const envp[],
    struct forkexec_child **child, struct forkexec_error *error)
{
    if (!held)
        return forkexec_spawn(attr, path, argv, envp, child, error);
    struct forkexec_child *waiting = NULL;
    int result = forkexec_start(attr, path, argv, envp, &waiting, error);
    if (!result)
        result = forkexec_release(waiting, -1, error);
    if (!result)
        *child = waiting;
    else
        forkexec_close(waiting);
    return result;
}

struct forkexec_child *start(const struct forkexec_attr *attr, const char *path, char *const argv[], char *const envp[])
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    int result = try_start(attr, path, argv, envp, &child, &error);
    if (result) {
        note("%d: stage %u (%s), index %d: %s", result, error.stage, forkexec_stage_name(error.stage),
            error.index, error.message);
        fail();
    }
    return drop_later(child, end_child);
}

struct forkexec_status finish(struct forkexec_child *child)
{
    struct forkexec_status status;
    int result;
    do
        result = forkexec_wait(child, 10000000000, 0, &status, sizeof status);
    while (result == -EINTR);
    assert_int_equal(result, 0);
    return status;
}

/* Whether the descriptor becomes readable, or reaches its end, within ten seconds. Tests deny ppoll(2), which is poll(3) on
 * aarch64: then epoll is used. */
static bool may_be_read(int fd)
{
    int n, queue = -1;
    struct epoll_event event = { .events = EPOLLIN };
    while ((n = poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 10000)) < 0 && errno == EINTR)
        ;
    if (n >= 0 || (queue = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return n > 0;
    n = epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) ? -1 : epoll_wait(queue, &event, 1, 10000);
    close(queue);
    return n > 0;
}

/* Reads to the end of file, or for ten seconds. */
static bool read_all(int fd, struct view *view)
{
    char bytes[4096];
    FILE *out = write_view(view);
    bool more = true;
    while (more && may_be_read(fd)) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        more = n > 0;
        fwrite(bytes, 1, more ? (size_t)n : 0, out);
    }
    fclose(out);
    return !more;
}

/* Starts the program with its end of a new pipe at the number `run.out`, which is restored before this returns. */
static int start_on_pipe(const struct forkexec_attr *attr, struct run run, struct forkexec_child **child,
    struct forkexec_error *error, int *from)
{
    int pair[2], out = run.out ? run.out : STDOUT_FILENO;
    char *const itself[] = { reporter, NULL };
    fflush(stdout);
    if (pipe2(pair, O_CLOEXEC))
        abort();
    int saved = fcntl(out, F_DUPFD_CLOEXEC, out), flags = fcntl(out, F_GETFD);
    dup2(pair[1], out);
    close(pair[1]);
    int result = try_start(attr, run.path ? run.path : reporter, run.argv ? run.argv : itself, run.envp, child, error);
    if (saved < 0)
        close(out);
    else {
        dup3(saved, out, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
        close(saved);
    }
    *from = pair[0];
    return result;
}

struct view *run_reporter_(const struct forkexec_attr *attr, struct run run)
{
    struct view *view = new_view();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    int from, result = start_on_pipe(attr, run, &child, &error, &from);
    if (result) {
        close(from);
        note("%d: stage %u (%s), index %d: %s", result, error.stage, forkexec_stage_name(error.stage),
            error.index, error.message);
        fail();
    }
    drop_later(child, end_child);
    bool all = read_all(from, view);
    close(from);
    struct forkexec_status status = finish(child);
    if (!all || status.exit_code != 0) {
        note("the reporter: exit code %d, signal %d, %zu bytes", status.exit_code, status.signal, view->size);
        fail();
    }
    return view;
}

void assert_spawn_fails_(const struct forkexec_attr *attr, const char *path, uint32_t stage, int code, int index,
    const char *file, int line)
{
    let_threads_end();
    struct view before = snapshot(), *output = new_view();
    struct forkexec_child *const untouched = (struct forkexec_child *)&untouched, *child = untouched;
    struct forkexec_error error;
    memset(&error, 0x5a, sizeof error);
    int from, result = start_on_pipe(attr, (struct run){ .path = path }, &child, &error, &from);
    if (!result)
        drop_later(child, end_child);
    bool all = read_all(from, output);
    close(from);

    const char *wrong = !result ? "it succeeded"
        : result != -code ? "another errno returned"
        : error.code != code ? "another errno in the error"
        : error.stage != stage ? "another stage"
        : error.index != index ? "another index"
        : child != untouched ? "a child was put out"
        : !all ? "somebody holds the program's stdout"
        : output->size ? "the program ran"
        : !memchr(error.message, 0, sizeof error.message) || !*error.message ? "no sentence"
        : !unchanged_since(before) ? "something is left"
        : NULL;
    free(before.text);
    if (!wrong)
        return;
    if (result)
        note("%s: returned %d; stage %u (%s), code %d, index %d: %.224s", wrong, result, error.stage,
            forkexec_stage_name(error.stage), error.code, error.index, error.message);
    else
        note("%s", wrong);
    note("expected stage %u (%s), code %d, index %d", stage, forkexec_stage_name(stage), code, index);
    _fail(file, line);
}

/* Skipping. */

void skip_because(const char *format, ...)
{
    char reason[512];
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    note("SKIP %s: %s", current, reason);
    skipped++;
    skip();
    abort();
}

void need_root(void)
{
    need(geteuid() == 0, "needs to be root");
}

void need_cap(int cap)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct set[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    syscall(SYS_capget, &header, set);
    need(set[cap / 32].effective >> cap % 32 & 1, "needs capability %d", cap);
}

/* Asks the kernel, not the library, so that a broken library is not mistaken for an old kernel. */
void need_user_namespaces(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) ? errno : 0);
    waitpid(pid, &status, 0);
    need(status == 0, "needs user namespaces: %s", strerror(WEXITSTATUS(status)));
}

void need_probe(uint32_t feature)
{
    char why[256] = "";
    need(forkexec_probe(feature, why, sizeof why) == 1, "%s", why);
}

void need_native(void)
{
    const char *preload = getenv("LD_PRELOAD");
    need(!preload || !strstr(preload, "vgpreload"), "not under valgrind");
}

/* tools/check sets the name of the emulator. */
void need_unemulated(const char *reason)
{
    const char *emulator = getenv("FORKEXEC_EMULATOR");
    need(!emulator, "not under %s: %s", emulator, reason);
}

void need_denials(int status_of_copy)
{
    if (WIFEXITED(status_of_copy) && WEXITSTATUS(status_of_copy) == NOTHING_DENIED)
        need_unemulated("it takes no seccomp filters");
}

/* Small helpers. */

const char *text(const char *format, ...)
{
    char *result = NULL;
    va_list list;
    va_start(list, format);
    if (vasprintf(&result, format, list) < 0)
        abort();
    va_end(list);
    return drop_later(result, free);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    remove(path);
    return 0;
}

/* FTW_MOUNT: if a failed test has left something mounted here, it is not emptied. */
static void remove_tree(void *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    *(char *)path = 0;
}

const char *scratch(void)
{
    static char path[4096];
    const char *base = getenv("TMPDIR");
    if (*path)
        return path;
    snprintf(path, sizeof path, "%s/forkexec-test-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(path) || chmod(path, 0755)) {
        perror(path);
        abort();
    }
    return drop_later(path, remove_tree);
}

const char *scratch_path(const char *name)
{
    return text("%s/%s", scratch(), name);
}

const char *link_of(const char *path)
{
    char target[4096];
    ssize_t n = readlink(path, target, sizeof target - 1);
    return n < 0 ? "?" : text("%.*s", (int)n, target);
}

const char *status_of(pid_t pid, const char *key)
{
    char line[4096];
    const char *value = "?";
    FILE *in = fopen(text("/proc/%d/status", pid), "re");
    while (in && fgets(line, sizeof line, in))
        if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
            value = text("%.*s", (int)strcspn(line + strlen(key) + 2, "\n"), line + strlen(key) + 2);
    if (in)
        fclose(in);
    return value;
}

const char *namespace_of(pid_t pid, const char *name)
{
    const char *path = text("/proc/%d/ns/%s", pid, name), *link = link_of(path);
    /* In the middle of execve only root may read the link. */
    for (double end = seconds() + 10; !strcmp(link, "?") && errno == EACCES && seconds() < end; link = link_of(path))
        usleep(200);
    return link;
}

bool exists(const char *path)
{
    struct stat status;
    return !lstat(path, &status);
}

double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool ends(pid_t pid)
{
    for (double end = seconds() + 10; seconds() < end; usleep(2000)) {
        char state = 'X';
        FILE *in = fopen(text("/proc/%d/stat", pid), "re");
        if (in) {
            if (fscanf(in, "%*d (%*[^)]) %c", &state) != 1)
                state = 'X';
            fclose(in);
        }
        if (state == 'X' || state == 'Z')
            return true;
    }
    return false;
}

/* The program. */

void add_test(struct test *test)
{
    *last = test;
    last = &test->next;
    total += test->ways;
}

static struct view before; /* the caller's state at the beginning of the test */

/* The library opens its built-in image with the first child that needs it, and one shared page for children in the caller's
 * user namespace and another for the rest. These descriptors stay open, so they are made before any snapshot. */
static void let_descriptors_be_made(void)
{
    static pid_t made_in;
    struct forkexec_child *child;
    struct forkexec_attr *attr = forkexec_attr_new();

    for (int user = 0; user < 2 && made_in != getpid(); user++) {
        if (user)
            forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER);
        if (forkexec_hold(attr, &child, NULL) == 0) {
            /* Waits for the end, since the pidfd must not be closed while a test runs. */
            forkexec_signal(child, SIGKILL);
            forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0);
            forkexec_close(child);
        }
    }
    /* Without an image the library tries to make one for each request that needs it. */
    forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH);
    made_in = getpid();
    forkexec_attr_free(attr);
}

void (*need_for_each_test)(void);
bool only_copies_have_children;

static void run_one(struct test *test, bool way, const char *name)
{
    if (!only_copies_have_children)
        let_descriptors_be_made();
    clean_up(); /* of a failed test, which has not come to its clean_up() below */
    end_children();
    free(before.text);
    current = name;
    held = way;
    let_threads_end();
    before = snapshot();
    if (need_for_each_test)
        need_for_each_test();
    test->body();
    clean_up();
    if (!unchanged_since(before)) {
        note("%s has changed the caller", name);
        fail();
    }
}

static void run_spawned(void **test)
{
    run_one(*test, false, ((struct test *)*test)->name);
}

static void run_held(void **test)
{
    char name[256];
    snprintf(name, sizeof name, "%s, held", ((struct test *)*test)->name);
    run_one(*test, true, name);
}

/* Exits with 77 if every test was skipped. */
int main(int argc, char **argv)
{
    ssize_t n = readlink("/proc/self/exe", reporter, sizeof reporter - 16);
    reporter[n < 0 ? 0 : n] = 0;
    strcpy(strrchr(reporter, '/'), "/reporter");
    /* Under an emulator a test starts a program of the host's architecture, because the kernel cannot start the others
     * itself. */
    const char *of_host = getenv("FORKEXEC_EMULATED_REPORTER");
    if (of_host)
        snprintf(reporter, sizeof reporter, "%s", of_host);

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    /* FORKEXEC_TEST_ONCE: each test runs once, for speed. */
    for (struct test *test = tests; test && getenv("FORKEXEC_TEST_ONCE"); test = test->next) {
        total -= test->ways - 1;
        test->ways = 1;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    struct CMUnitTest *list = calloc((size_t)total, sizeof *list), *entry = list;
    for (struct test *test = tests; test; test = test->next)
        for (int way = 0; way < test->ways; way++, entry++) {
            char *name = NULL;
            if (asprintf(&name, "%s%s", test->name, way ? ", held" : "") < 0)
                abort();
            *entry = (struct CMUnitTest){ name, way ? run_held : run_spawned, NULL, NULL, test };
        }
    int failed = _cmocka_run_group_tests(program_invocation_short_name, list, (size_t)total, NULL, NULL);
    clean_up();
    end_children();
    free(before.text);
    for (int i = 0; i < total; i++)
        free((char *)list[i].name);
    free(list);
    return failed ? 1 : skipped == total ? 77 : 0;
}
