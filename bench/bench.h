/* A case is a list of subjects, a subject is a way to spawn. All rows of a case are measured in one interleaved run, so that a
 * change of the machine's speed meets all of them. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

/* What a spawn asks for besides the program. */
enum what { PLAIN, IDS, USER, FOUR, FIVE, SANDBOX, SANDBOX_NET, SANDBOX_JOINED, SANDBOX_READONLY, SANDBOX_PREPARED, SANDBOX_COMMAND, SANDBOX_COMMAND_INIT, STATIC_COMMAND, STATIC_COMMAND_INIT, JOIN, CONTAINER, CONTAINER_RIGHTS, HOLDER, HIGH_FD, CGROUP,
            CGROUP_FILES };
#define BWRAP "/usr/bin/bwrap"
#define RUNC "/usr/sbin/runc"
enum { NOBODY = 65534 };

/* Of one spawn, in microseconds: when the caller goes on, and when the program has been waited for as well. */
struct times {
    double returned, total;
};

/* A way to spawn `tiny` and wait for it. It ends the benchmark with a sentence unless the program exited with 0. */
struct subject {
    const char *name;
    void (*spawn)(enum what, struct times *);
    enum what what;
};

/* A subject in a place: in this process, or in a worker that has made itself large. Ratios are against `reference`. */
struct worker;
struct row {
    const struct subject *subject;
    struct worker *worker;
    long size;
    const struct row *reference;
    struct times *samples;
    struct { double returned, total, p25, p50, p75; } result;
};

/* measure.c */
int measure(struct row *rows, size_t n, double seconds); /* the number of rounds */
double quantile(double *values, size_t n, double q);     /* sorts */

/* subjects: ordinary.c by libc and by hand, raw.c the references, command.c and minijail.c by others, library.c ours */
void spawn_floor(enum what, struct times *);
void spawn_floor_pidfd(enum what, struct times *);
void spawn_posix(enum what, struct times *);
void spawn_vfork(enum what, struct times *);
void spawn_fork(enum what, struct times *);
void raw_prepare(void);
void spawn_raw(enum what, struct times *);
void spawn_raw_report(enum what, struct times *);
int raw_image(void);     /* the descriptor of the references' image */
int container(void);     /* the pidfd of a process in namespaces of its own */
#define CONTAINER_TYPES 0x7c020000 /* user, net, pid, ipc, uts, mount */
void spawn_raw_join(enum what, struct times *);
void hold_raw(enum what, struct times *);
void hold_library(enum what, struct times *);
int runc_container(void); /* container.c: the same of a container of runc's */
void spawn_runc(enum what, struct times *);
void spawn_bwrap(enum what, struct times *);
void spawn_run(enum what, struct times *); /* forkexec-run */
void spawn_static_run(enum what, struct times *);
const char *static_run(void);            /* NULL: FORKEXEC_RUN_STATIC names none */
void spawn_minijail(enum what, struct times *);
void library_prepare(int high_fd);
void spawn_library(enum what, struct times *);
void spawn_host(enum what, struct times *); /* bootstrap.c: another program, and what comes before it */
void spawn_bootstrap(enum what, struct times *);
void spawn_raw_bootstrap(enum what, struct times *);
void cgroup_raw(enum what, struct times *); /* cgroup.c: a cgroup, with a program in it or without */
void cgroup_library(enum what, struct times *);
const char *why_not_cgroup(void);

/* worker.c */
struct worker *worker_start(int (*grow)(long), long size);
struct times worker_ask(struct worker *, const struct subject *);
void worker_stop(struct worker *);
int grow_memory(long mebibytes);
int grow_fds(long count);

/* cases.c, and the cases that count something other than rounds */
struct bench_case {
    const char *name, *title;
    void (*run)(const struct bench_case *);
    const struct subject *const *subjects; /* ends with NULL; the first is the reference, unless there are sizes */
    int (*grow)(long);                     /* how a worker makes itself large: each row's reference is its first size */
    long sizes[3];
    const char *unit;
};
extern const struct bench_case cases[]; /* ends with a nameless one */
const struct subject *subject_named(const char *name);
const char *why_not(enum what); /* the reason why this cannot be run here, or NULL */
void run_rows(const struct bench_case *);
void run_threads(const struct bench_case *);
void run_memory(const struct bench_case *);
void run_syscalls(const struct bench_case *);

/* print.c: the table on stdout, the same figures as JSON if a file was named */
void print_open(const char *json);
void print_title(const struct bench_case *, const char *reference, int rounds);
void print_rows(const struct bench_case *, const struct row *rows, size_t n, int rounds);
void print_value(const struct bench_case *, const char *subject, const char *what, double value);
void print_rates(const struct bench_case *, const char *subject, double one, double two, const double ratio[3], int rounds);
void print_skipped(const struct bench_case *, const char *subject, const char *reason);
void print_close(void);

/* surroundings.c */
extern char tiny[64];      /* a copy of the program that every user may execute */
extern char tiny_directory[48]; /* contains only that copy */
extern char *const tiny_argv[], *const no_environ[];
extern double seconds;     /* to be spent on one case */
void surroundings_prepare(int cpu);
void find_sibling(const char *name, char *path, size_t size);
int pinned_cpu(void);
int other_cpu(void);       /* -1: there is none */
void pin_thread(int cpu);
void unpin_thread(void);  /* to all that are allowed */
double now(void);
void must(int ok, const char *sentence); /* with the reason that errno holds */
void must_have_exited(int pid);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
