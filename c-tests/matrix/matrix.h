/* The matrix: every kind of spawn. In each of its processes, each system call fails once, or kills the process.
 *
 * One cell is one run: a process, the caller, is forked and traced; it makes one spawn with the installed library. One
 * system call of one of its processes fails, or the process is killed at it. The right result: everything requested has
 * happened, or there is an error with its stage and errno and no program; and in both cases the caller is unchanged, and
 * no process is left. "Everything requested" is the result of the same spawn without a fault.
 *
 *   injector.c  runs one caller under ptrace, with faults     registers.h  what differs between architectures
 *   kinds.c     the requests                                  fixture.c    what they need: files, cgroups, a holder
 *   caller.c    what the caller does, whatever the kind       nsexec.c     what it does for the runc bootstrap
 *   state.c     snapshots of processes, made comparable       verdict.c    whether a result is right
 *   calls.c     names of system calls and errnos              main.c       chooses cells, and runs them in workers
 */
#ifndef MATRIX_H
#define MATRIX_H
#include <forkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NAME = 40, TEXT = 32 * 1024, CALLS = 4096, TASKS = 64, KILL = -1, KILL_MAKER = -2, NO_FAULT = 0 };

/* argv[0] of the program. The injector recognises the program by it. */
#define PROGRAM "matrix-reporter"
/* A traced process sends this signal to itself: its calls are counted from here on, or not any more. The caller's signal
 * cannot be blocked. The host of the runc bootstrap sends one that is ignored without a tracer. */
#define MARK SIGSTOP
#define MARK_OF_HOST SIGURG

/* A process has a name by its making: "caller"; "caller.1" is its first child, "caller.1.t1" the first thread of that
 * child. */
struct fault {
    char process[NAME];
    int index; /* the number of the call in this process, from 1 */
    int code;  /* an errno; or KILL; or KILL_MAKER: a process is killed at the call that makes another */
};

struct call {
    char process[NAME];
    int index;
    long number;
};

/* The events of a run, as the injector saw them. */
struct run {
    bool reached;             /* the (last) fault happened */
    long number;              /* the call that failed */
    long hit[2];              /* and the calls of all faults */
    bool program_ran;         /* the program has passed its execve */
    bool program_in_exec;     /* it was in its execve when its init was killed, and died with it */
    bool late;                /* the time limit was reached */
    int caller_status;        /* as waitpid has it */
    bool caller_ended;
    char left[256];           /* processes that were left after the caller, and had to be killed */
    int calls;                /* the number of entries in `call`, if all calls were counted */
    struct call call[CALLS];
};

/* The caller's results, in memory that it shares with the tracer. */
struct report {
    int phase;                     /* one of the values below: how far the caller came */
    int result;                    /* result of the call that failed, or 0 */
    struct forkexec_error error;
    int wait_result, wait_errors;  /* the last result, and the first one that the header does not list */
    bool waited;
    struct forkexec_status status;
    int children;                  /* the last result of waitpid: 0 for ECHILD, else a pid, or -1: a living child */
    int host_status;               /* for the runc bootstrap */
    char before[TEXT], after[TEXT], extra[TEXT], log[TEXT], output[TEXT];
};
enum { PREPARING, CALLING, RETURNED, CLOSED, COMPARED };
/* The second one is that of another spawn, without a fault, in the same process: an earlier failure must not matter then. */
enum { REPORTS = 2 };

/* PREPARE: the root is prepared, and then a program spawned in it. */
enum how { SPAWN, START, HOLD, PREPARE, NSEXEC };
struct kind {
    const char *name;
    enum how how;
    const char *(*why_not)(void);              /* the reason to skip the kind, or NULL */
    void (*ask)(struct forkexec_attr *attr);
    const char *const *argv;                   /* what the program does; default: prints its state and its mounts */
    const char *path;                          /* default: the reporter */
    void (*meanwhile)(struct forkexec_child *child, struct report *report);
    bool outlived;                             /* the program runs on; it must end with the caller */
};
extern const struct kind kinds[];
extern const int kind_count;

/* What the requests need. */
struct fixture {
    char directory[128], reporter[160], host[160];
    pid_t owner, holder; /* the process whose child holds namespaces, and that child */
    int holder_pidfd, holder_ns[8], output;
    char cgroup[256], open_cgroup[256]; /* cgroups of this worker; the second may be written by others; "" if there is none */
    int cgroup_fd, open_cgroup_fd;
};
extern struct fixture fixture;
enum { USER, PID, MOUNT, IPC, UTS, NET, CGROUP, TIME };
extern const char *const namespace_names[8];
extern const uint32_t namespace_types[8];
bool open_fixture(const char *reporter, const char *host);
void close_fixture(void);
void open_worker_fixture(int worker);
void close_worker_fixture(void);
bool user_namespaces_work(void);
bool cgroups_work(void);

/* The caller. Never returns. */
_Noreturn void be_caller(const struct kind *kind, struct report *report);
void spawn_nsexec(const struct kind *kind, struct report *report);
void mark(void);
void keep_snapshot(char *text);
bool output_has(const char *word);

/* Runs a cell. COUNT fills run->call; ALOUD also prints every call. */
enum look { QUIET, COUNT, ALOUD };
void run_caller(const struct kind *kind, struct report *report, const struct fault *fault, int faults, enum look look,
    struct run *run);

/* Snapshots of a process's state. */
void read_output(char *text, size_t room);
/* Replaces values that may differ between two runs; `caller` is the caller's snapshot. */
void normalise(const char *text, const char *caller, char *into, size_t room);
/* The first differences, as "key is A, not B", or "" if there are none. Keys in `but` are ignored. */
void differences(const char *is, const char *should, const char *but, char *into, size_t room);
/* Removes a descriptor from a snapshot. Returns the last one with this target, or -1. */
void take_out_descriptor(char *text, int number);
int last_descriptor(const char *text, const char *target);
const char *value_of(const char *text, const char *key, char *into, size_t room);

/* The undisturbed run; and whether a run is right: then `why` is "". */
struct undisturbed {
    char output[TEXT], extra[TEXT];
    int exit_code, host_status;
};
void keep_undisturbed(const struct kind *kind, const struct report *report, struct undisturbed *into);
void judge(const struct kind *kind, const struct undisturbed *undisturbed, const struct report *report,
    const struct run *run, const struct fault *fault, int faults, char *why, size_t room);

const char *call_name(long number);
const char *fault_name(int code);
int fault_code(const char *name);
bool is_kill(int code);
bool makes_process(long number);

#endif
