/* The process that spawns: it takes a snapshot of its state, makes the call, waits for the end of the program, and takes
 * another snapshot. */
#define _GNU_SOURCE
#include "matrix.h"

#include "process_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t self;

/* raise(3) would block signals. */
void mark(void)
{
    syscall(SYS_tgkill, self, self, MARK);
}

void keep_snapshot(char *text)
{
    FILE *out = fmemopen(text, TEXT, "w");
    if (!out)
        _exit(90);
    print_state(out);
    fclose(out);
}

void read_output(char *text, size_t room)
{
    ssize_t n = pread(fixture.output, text, room - 1, 0);
    text[n < 0 ? 0 : n] = 0;
}

bool output_has(const char *word)
{
    static char text[TEXT];
    read_output(text, sizeof text);
    return strstr(text, word) != NULL;
}

/* The errnos that the header lists for forkexec_wait without a timeout. EPERM is judged by the calls that failed. */
static bool may_say(int result)
{
    return result == 0 || result == -EINTR;
}

static void wait_for(struct forkexec_child *child, struct report *report)
{
    for (int turn = 0; turn < 4; turn++) {
        report->wait_result = forkexec_wait(child, FORKEXEC_FOREVER, 0, &report->status, sizeof report->status);
        report->waited = true;
        if (!may_say(report->wait_result) && !report->wait_errors)
            report->wait_errors = report->wait_result;
        if (report->wait_result == 0)
            return;
    }
}

static int spawn_in_prepared(const struct forkexec_attr *attr, const char *path, char *const *argv, char *const *env,
    struct forkexec_child **child, struct forkexec_error *error)
{
    struct forkexec_root *root = NULL;
    int result = forkexec_root_new(attr, &root, error);
    struct forkexec_attr *copy = result ? NULL : forkexec_attr_copy(attr);
    if (copy)
        forkexec_attr_set_prepared_root(copy, root);
    forkexec_root_free(root);
    if (copy)
        result = forkexec_spawn(copy, path, argv, env, child, error);
    forkexec_attr_free(copy);
    return result;
}

static int begin(const struct kind *kind, const struct forkexec_attr *attr, struct forkexec_child **child,
    struct forkexec_error *error)
{
    static const char *const shows[] = { PROGRAM, "see", "mounts", NULL };
    static char *const env[] = { "A=1", "B=two", NULL };
    char *const *argv = (char *const *)(uintptr_t)(kind->argv ? kind->argv : shows);
    const char *path = kind->path ? kind->path : fixture.reporter;
    if (kind->how == HOLD)
        return forkexec_hold(attr, child, error);
    if (kind->how == PREPARE)
        return spawn_in_prepared(attr, path, argv, env, child, error);
    if (kind->how == SPAWN)
        return forkexec_spawn(attr, path, argv, env, child, error);
    int result = forkexec_start(attr, path, argv, env, child, error);
    return result ? result : forkexec_release(*child, FORKEXEC_FOREVER, error);
}

/* Whether a holder still exists. If some of its namespaces or maps are gone, it is about to become a zombie; or it is one
 * that an ordinary user may not inspect. */
static int look_at_holder(struct forkexec_child *child, struct report *report)
{
    int64_t patience = !strstr(report->extra, " \n") ? 0 : geteuid() ? 200000000 : 5000000000;
    return forkexec_wait(child, patience, FORKEXEC_WAIT_NOREAP, &report->status, sizeof report->status);
}

static void spawn(const struct kind *kind, struct report *report, const struct forkexec_attr *attr)
{
    struct forkexec_child *child = NULL;
    report->result = begin(kind, attr, &child, &report->error);
    report->phase = RETURNED;
    if (!report->result) {
        if (kind->meanwhile)
            kind->meanwhile(child, report);
        if (kind->how == HOLD)
            report->wait_result = look_at_holder(child, report);
        else if (!kind->outlived)
            wait_for(child, report);
    }
    forkexec_close(child);
}

/* A child that was killed by its close, and took long to end, is reaped when another child is closed later. */
static void close_another(void)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    struct forkexec_child *child = NULL;
    if (!forkexec_spawn(attr, "/bin/true", (char *[]){ "true", NULL }, NULL, &child, NULL)) {
        forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0);
        forkexec_close(child);
    }
    forkexec_attr_free(attr);
}

/* Returns 0 if no child is left, a zombie's pid, or -1 for a living child. A living child may be about to end, and its
 * tracer has to be told first. */
static int children(void)
{
    siginfo_t end = { 0 };
    int pid = 0;
    for (int turn = 0; turn < 1000 && !waitid(P_ALL, 0, &end, WEXITED | WNOHANG | WNOWAIT | __WALL) && !end.si_pid; turn++)
        usleep(1000);
    if (end.si_pid)
        close_another();
    for (int turn = 0; turn < 1000; turn++) {
        pid = waitpid(-1, NULL, __WALL | WNOHANG);
        if (pid < 0)
            return errno == ECHILD ? 0 : -2;
        if (pid > 0)
            return pid;
        usleep(1000);
    }
    return -1;
}

/* A helper thread of the library ends by itself soon after its work. */
static void let_threads_end(void)
{
    for (int turn = 0; turn < 1000; turn++) {
        char path[64], line[256];
        int threads = 1;
        snprintf(path, sizeof path, "/proc/self/status");
        FILE *in = fopen(path, "re");
        while (in && fgets(line, sizeof line, in))
            if (sscanf(line, "Threads: %d", &threads) == 1)
                break;
        if (in)
            fclose(in);
        if (threads == 1)
            return;
        usleep(1000);
    }
}

/* The program has printed everything. */
static void wait_for_output(void)
{
    for (int turn = 0; turn < 5000 && !output_has("\nend\n"); turn++)
        usleep(1000);
}

static struct forkexec_attr *request(const struct kind *kind)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    if (kind->ask)
        kind->ask(attr);
    return attr;
}

/* A spawn without faults, in the same process. */
static void spawn_again(const struct kind *kind, struct report *first)
{
    struct forkexec_attr *attr = request(kind);
    struct report *again = first + 1;
    again->phase = CALLING;
    read_output(first->output, sizeof first->output);
    if (ftruncate(fixture.output, 0))
        _exit(93);
    spawn(kind, again, attr);
    forkexec_attr_free(attr);
    read_output(again->output, sizeof again->output);
    again->phase = COMPARED;
}

_Noreturn void be_caller(const struct kind *kind, struct report *report)
{
    struct forkexec_attr *attr = request(kind);
    self = getpid();
    signal(SIGALRM, SIG_DFL);
    dup2(fixture.output, 1);
    keep_snapshot(report->before);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
        _exit(91);
    report->phase = CALLING;
    kill(getpid(), SIGSTOP);
    if (kind->how == NSEXEC)
        spawn_nsexec(kind, report);
    else
        spawn(kind, report, attr);
    report->phase = CLOSED; /* for the tracer: the next mark is the end */
    mark();
    forkexec_attr_free(attr);
    if (kind->outlived && !report->result) {
        wait_for_output();
    } else {
        report->children = children();
        let_threads_end();
    }
    keep_snapshot(report->after);
    report->phase = COMPARED;
    if (kind->how != NSEXEC && !kind->outlived)
        spawn_again(kind, report);
    _exit(0);
}
