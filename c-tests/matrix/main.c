/* Decides which cells are run, in which order, and by how many processes at once. The order: kinds, and within a kind the
 * processes in the order of their making, their calls, and the faults. */
#define _GNU_SOURCE
#include "matrix.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 400000, WHY = 480 };
static const int all_codes[] = { EPERM, ENOSYS, EINTR, EAGAIN, ENOMEM, KILL };
static const int pair_codes[] = { EPERM, KILL };
#define COUNT_OF(list) (int)(sizeof(list) / sizeof *(list))

struct cell {
    struct fault fault[2];
    int faults;
    long number;
    char done, right;
    char why[WHY];
};

static struct options {
    bool all;
    const char *kind, *cell, *pairs;
    int from, jobs, sample;
    unsigned seed;
} options = { .jobs = 2, .sample = 400, .seed = 1 };

static struct cell *cells; /* for one kind; the workers share it with this process */
static int count;
static long seen, right, wrong;
static struct report *report;
static struct run run;
static struct undisturbed undisturbed;

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

/* Makes the run without faults, which shows the right result and all calls. Returns whether that run itself is right. */
static bool run_undisturbed(const struct kind *kind, enum look look, char *why)
{
    run_caller(kind, report, NULL, 0, look, &run);
    keep_undisturbed(kind, report, &undisturbed);
    judge(kind, &undisturbed, report, &run, NULL, 0, why, WHY);
    if (!*why && report->result)
        snprintf(why, WHY, "it fails undisturbed: %.200s%.200s", report->error.message, report->log);
    return !*why;
}

static void run_cell(const struct kind *kind, struct cell *cell)
{
    for (int turn = 0; turn < 2; turn++) {
        run_caller(kind, report, cell->fault, cell->faults, QUIET, &run);
        if (!run.late)
            break;
    }
    judge(kind, &undisturbed, report, &run, cell->fault, cell->faults, cell->why, WHY);
    cell->right = !*cell->why;
    if (run.reached)
        cell->number = run.number;
    cell->done = 1;
}

static const char *cell_name(const struct kind *kind, const struct cell *cell)
{
    static char text[256];
    size_t at = (size_t)snprintf(text, sizeof text, "%s", kind->name);
    for (int i = 0; i < cell->faults; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:%d:%s", i ? "+" : ":", cell->fault[i].process,
            cell->fault[i].index, fault_name(cell->fault[i].code));
    return text;
}

static void add_cell(const struct call *call, const struct fault *first, int code)
{
    if (count == MOST)
        return;
    struct cell *cell = cells + count++;
    memset(cell, 0, sizeof *cell);
    if (first)
        cell->fault[cell->faults++] = *first;
    struct fault *fault = cell->fault + cell->faults++;
    strcpy(fault->process, call->process);
    fault->index = call->index;
    fault->code = code;
    cell->number = call->number;
}

/* All cells of a kind, process by process. */
static void list_cells(void)
{
    const char *done[TASKS];
    int processes = 0;
    count = 0;
    for (int i = 0; i < run.calls; i++) {
        bool known = false;
        for (int p = 0; p < processes; p++)
            known = known || !strcmp(done[p], run.call[i].process);
        if (known || processes == TASKS)
            continue;
        done[processes++] = run.call[i].process;
        for (int k = i; k < run.calls; k++) {
            if (strcmp(run.call[k].process, run.call[i].process))
                continue;
            for (int code = 0; code < COUNT_OF(all_codes); code++)
                add_cell(run.call + k, NULL, all_codes[code]);
            if (makes_process(run.call[k].number))
                add_cell(run.call + k, NULL, KILL_MAKER);
        }
    }
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Keeps `most` of them, in their order, and each death of a process that has just made another, which are few. */
static void draw_sample(int most, unsigned seed)
{
    int kept = 0, drawn = 0;
    for (int i = 0; i < count; i++)
        if (next_random(&seed) % (unsigned)(count - i) < (unsigned)(most - drawn))
            cells[kept++] = cells[i], drawn++;
        else if (cells[i].fault[0].code == KILL_MAKER)
            cells[kept++] = cells[i];
    count = kept;
}

/* Runs each in a process of its own, with what a worker needs. */
static pid_t start_worker(int worker)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    report = shared(REPORTS * sizeof *report);
    open_worker_fixture(worker);
    return 0;
}

static _Noreturn void end_worker(int status)
{
    close_worker_fixture();
    fflush(stdout);
    _exit(status);
}

static _Noreturn void work(const struct kind *kind, int worker, int jobs)
{
    char why[WHY];
    if (!run_undisturbed(kind, QUIET, why)) {
        printf("# %s: %s\n", kind->name, why);
        end_worker(1);
    }
    for (int i = worker; i < count; i += jobs)
        run_cell(kind, cells + i);
    end_worker(0);
}

static void run_cells(const struct kind *kind)
{
    pid_t pids[64];
    for (int i = 0; i < options.jobs; i++)
        if (!(pids[i] = start_worker(i)))
            work(kind, i, options.jobs);
    for (int i = 0; i < options.jobs; i++)
        while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
}

/* Decides what to run of this kind. In a process of its own, since the calls must be those of a first spawn. */
static int list_in_worker(const struct kind *kind, int *total, char *why)
{
    pid_t pid = start_worker(99);
    int status;
    if (!pid) {
        if (!run_undisturbed(kind, COUNT, why))
            end_worker(1);
        list_cells();
        *total = count;
        end_worker(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    count = *total;
    return status;
}

/* All pairs with this first fault: the later calls are those that a run with it makes. */
static void list_pairs(const struct kind *kind, int *total)
{
    list_cells();
    int singles = count;
    struct fault *first = calloc((size_t)singles, sizeof *first);
    if (!first)
        abort();
    for (int i = 0; i < singles; i++)
        first[i] = cells[i].fault[0];
    count = 0;
    for (int i = 0; i < singles; i++) {
        if (first[i].code != EPERM && first[i].code != KILL)
            continue;
        if (first[i].code == KILL && !strcmp(first[i].process, "caller"))
            continue;
        run_caller(kind, report, first + i, 1, COUNT, &run);
        bool after = false;
        for (int k = 0; k < run.calls; k++) {
            for (int code = 0; after && code < COUNT_OF(pair_codes); code++)
                add_cell(run.call + k, first + i, pair_codes[code]);
            after = after || (!strcmp(run.call[k].process, first[i].process) && run.call[k].index == first[i].index);
        }
    }
    free(first);
    *total = count;
}

static int list_pairs_in_worker(const struct kind *kind, int *total, char *why)
{
    pid_t pid = start_worker(99);
    int status;
    if (!pid) {
        if (!run_undisturbed(kind, COUNT, why))
            end_worker(1);
        list_pairs(kind, total);
        end_worker(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    count = *total;
    return status;
}

static int report_cells(const struct kind *kind)
{
    int bad = 0;
    for (int i = 0; i < count; i++) {
        const struct cell *cell = cells + i;
        seen++;
        right += cell->right;
        if (cell->right)
            continue;
        bad++;
        wrong++;
        printf("# wrong %s %s: %s\n", cell_name(kind, cell), call_name(cell->number),
            cell->done ? cell->why : "not run: its worker ended");
    }
    return bad;
}

static void run_kind(const struct kind *kind, int number, int share)
{
    static int *total;
    static char *why;
    static long skipped;
    const char *not = kind->why_not ? kind->why_not() : NULL;
    if (!total)
        total = shared(sizeof *total), why = shared(WHY);
    if (not) {
        printf("ok %d # SKIP %s: %s\n", number, kind->name, not);
        return;
    }
    *total = 0;
    if (options.pairs ? list_pairs_in_worker(kind, total, why) : list_in_worker(kind, total, why)) {
        printf("not ok %d - %s: %s\n", number, kind->name, why);
        wrong++, seen++;
        return;
    }
    if (!options.all && !options.pairs)
        draw_sample(share, options.seed + (unsigned)number);
    int skip = options.from - skipped < count ? (int)(options.from - skipped) : count;
    skip = skip < 0 ? 0 : skip;
    skipped += skip;
    memmove(cells, cells + skip, (size_t)(count - skip) * sizeof *cells);
    count -= skip;
    run_cells(kind);
    int bad = report_cells(kind);
    printf("%s %d - %s: %d cells, %d wrong\n", bad ? "not ok" : "ok", number, kind->name, count, bad);
    fflush(stdout);
}

static const struct kind *kind_named(const char *name, size_t length)
{
    for (int i = 0; i < kind_count; i++)
        if (strlen(kinds[i].name) == length && !strncmp(kinds[i].name, name, length))
            return kinds + i;
    fprintf(stderr, "matrix: no kind %.*s; there are:", (int)length, name);
    for (int i = 0; i < kind_count; i++)
        fprintf(stderr, " %s", kinds[i].name);
    fprintf(stderr, "\n");
    exit(2);
}

/* KIND:PROCESS:INDEX:FAULT[+PROCESS:INDEX:FAULT] */
static const struct kind *parse_cell(const char *name, struct cell *cell)
{
    char code[2][16];
    size_t length = strcspn(name, ":");
    const struct kind *kind = kind_named(name, length);
    int n = sscanf(name + length, ":%39[^:]:%d:%15[A-Z0-9]+%39[^:]:%d:%15[A-Z0-9]", cell->fault[0].process,
        &cell->fault[0].index, code[0], cell->fault[1].process, &cell->fault[1].index, code[1]);
    cell->faults = n / 3;
    for (int i = 0; i < cell->faults; i++)
        cell->fault[i].code = fault_code(code[i]);
    return kind;
}

static void show(const char *title, const char *text)
{
    printf("# -- %s\n", title);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        printf("#    %.*s\n", (int)strcspn(line, "\n"), line);
}

/* Runs one cell, and prints everything about it. Without a fault, the undisturbed run. */
static int run_aloud(const char *name)
{
    static struct cell cell;
    const struct kind *kind = parse_cell(name, &cell);
    char why[WHY];
    pid_t pid = start_worker(0);
    int status;
    if (!pid) {
        bool good = run_undisturbed(kind, cell.faults ? COUNT : ALOUD, why);
        if (!good)
            printf("# undisturbed: %s\n", why);
        if (cell.faults) {
            run_caller(kind, report, cell.fault, cell.faults, ALOUD, &run);
            judge(kind, &undisturbed, report, &run, cell.fault, cell.faults, why, WHY);
        } else {
            show("the program", undisturbed.output);
            show("the child", undisturbed.extra);
        }
        if (*report->log)
            show("log", report->log);
        printf("# result %d, stage %u, code %d, index %d, pid %d, signal %d: %s\n", report->result, report->error.stage,
            report->error.code, report->error.index, report->error.pid, report->error.signal, report->error.message);
        printf("# the program %s; status: valid %u exit %d signal %d ran %u\n", run.program_ran ? "ran" : "did not run",
            report->status.valid, report->status.exit_code, report->status.signal, report->status.ran);
        printf("%s\n", *why ? why : cell.faults && !run.reached ? "right, and not reached" : "right");
        end_worker(*why != 0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status != 0;
}

static const char *why_not_traced(void)
{
    pid_t pid = fork();
    int status = 0;
    if (!pid) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
            _exit(1);
        raise(SIGSTOP);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return "ptrace is not possible here";
    char info[256];
    bool knows = ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, info) > 0;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return knows ? NULL : "this kernel has no PTRACE_GET_SYSCALL_INFO";
}

static int usage(void)
{
    fprintf(stderr, "usage: matrix [--all] [--kind KIND] [--from N] [--jobs N] [--sample N] [--seed N]\n"
        "       matrix --cell KIND:PROCESS:INDEX:FAULT | --cell KIND\n"
        "       matrix --pairs KIND [--from N] [--jobs N]\n");
    return 2;
}

static bool parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--all")) {
            options.all = true;
            continue;
        }
        if (!value)
            return false;
        if (!strcmp(argv[i], "--kind"))
            options.kind = value;
        else if (!strcmp(argv[i], "--cell"))
            options.cell = value;
        else if (!strcmp(argv[i], "--pairs"))
            options.pairs = options.kind = value;
        else if (!strcmp(argv[i], "--from"))
            options.from = atoi(value);
        else if (!strcmp(argv[i], "--jobs"))
            options.jobs = atoi(value);
        else if (!strcmp(argv[i], "--sample"))
            options.sample = atoi(value);
        else if (!strcmp(argv[i], "--seed"))
            options.seed = (unsigned)atoi(value);
        else
            return false;
        i++;
    }
    return options.jobs > 0 && options.jobs < 64;
}

/* The reporter and the host are in the folder above this program's, or beside it where they were copied. */
static const char *beside(const char *argv0, const char *name)
{
    static char path[2][4096];
    static int next;
    char *into = path[next++ % 2];
    const char *slash = strrchr(argv0, '/');
    int length = slash ? (int)(slash - argv0) : 1;
    snprintf(into, sizeof path[0], "%.*s/%s", length, slash ? argv0 : ".", name);
    if (access(into, X_OK))
        snprintf(into, sizeof path[0], "%.*s/../%s", length, slash ? argv0 : ".", name);
    return into;
}

static void *be_a_thread(void *unused)
{
    return unused;
}

/* The C library installs its own signal handler with the first thread. That is not a change by the library. */
static void have_had_a_thread(void)
{
    pthread_t thread;
    if (!pthread_create(&thread, NULL, be_a_thread, NULL))
        pthread_join(thread, NULL);
}

static void run_kinds(void)
{
    const struct kind *only = options.kind ? kind_named(options.kind, strlen(options.kind)) : NULL;
    int most = only ? 1 : kind_count, number = 0, possible = 0;
    for (int i = 0; i < kind_count; i++)
        possible += !kinds[i].why_not || !kinds[i].why_not();
    printf("1..%d\n", most);
    for (int i = 0; i < kind_count; i++)
        if (!only || only == kinds + i)
            run_kind(kinds + i, ++number, options.sample / (only ? 1 : possible ? possible : 1));
    printf("# %ld cells, %ld right, %ld wrong\n", seen, right, wrong);
}

int main(int argc, char **argv)
{
    const char *seed = getenv("FORKEXEC_SEED");
    if (seed)
        options.seed = (unsigned)atoi(seed);
    if (!parse(argc, argv))
        return usage();
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *not = why_not_traced();
    if (not) {
        printf("1..0 # SKIP %s\n", not);
        return 77;
    }
    if (options.kind)
        kind_named(options.kind, strlen(options.kind));
    if (options.cell)
        kind_named(options.cell, strcspn(options.cell, ":"));
    have_had_a_thread();
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 4096 });
    cells = shared(MOST * sizeof *cells);
    if (!open_fixture(beside(argv[0], "reporter"), beside(argv[0], "nsexec_host_static"))) {
        close_fixture();
        return 1;
    }
    int result = 0;
    if (options.cell)
        result = run_aloud(options.cell);
    else
        run_kinds();
    close_fixture();
    return result || wrong ? 1 : 0;
}
