/* The matrix: every kind of spawn, with every system call of every process of it failing once, or being the last.
 *
 * One cell is one run: a process is forked, the caller; it is traced; it makes one spawn by the library's installed
 * interface. One system call of one of the processes is made to fail, or the process is killed in it. Right is: all that
 * was asked for, or an error with its stage and errno and no program; and in both cases the caller as it was, and nobody
 * left. "All that was asked for" is what the same spawn gave when nothing was disturbed.
 *
 *   injector.c  runs one caller under ptrace, with faults     registers.h  what of that differs between processors
 *   kinds.c     the requests                                  fixture.c    what they need: files, cgroups, a holder
 *   caller.c    what the caller does, whatever the kind       nsexec.c     what it does for the runc bootstrap
 *   state.c     what program and caller are, made comparable  verdict.c    right or wrong
 *   calls.c     names of system calls and errnos              main.c       which cells, in which order, by how many
 */
#ifndef MATRIX_H
#define MATRIX_H
#include <forkexec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NAME = 40, TEXT = 32 * 1024, CALLS = 4096, TASKS = 64, KILL = -1, KILL_MAKER = -2, NO_FAULT = 0 };

/* argv[0] of the program, by which the injector knows it. */
#define PROGRAM "matrix-reporter"
/* Sent by a traced process to itself: its calls are counted from here on, or no longer. The caller's cannot be blocked;
 * the host of the runc bootstrap sends one that is ignored where there is no tracer. */
#define MARK SIGSTOP
#define MARK_OF_HOST SIGURG

/* A process is named by its making: "caller", "caller.1" its first child, "caller.1.t1" the first thread of that. */
struct fault {
    char process[NAME];
    int index; /* which of its calls, from 1 */
    int code;  /* an errno; or KILL; or KILL_MAKER: a call that makes a process is the last of who makes it */
};

struct call {
    char process[NAME];
    int index;
    long number;
};

/* How a run went, as the injector saw it. */
struct run {
    bool reached;             /* the (last) fault happened */
    long number;              /* the call that it hit */
    long hit[2];              /* and those that all have hit */
    bool program_ran;         /* the program passed its execve */
    bool program_in_exec;     /* it was at that when its init was killed, and was killed with it */
    bool late;                /* the time limit came */
    int caller_status;        /* as waitpid has it */
    bool caller_ended;
    char left[256];           /* processes that were there after the caller, and had to be killed */
    int calls;                /* how many entries of `call` are filled, where all were to be counted */
    struct call call[CALLS];
};

/* What the caller says, in memory that it shares with the tracer. */
struct report {
    int phase;                     /* one of the below: how far it came */
    int result;                    /* of the call that failed, or 0 */
    struct forkexec_error error;
    int wait_result, wait_errors;  /* the last one, and the first that the header does not list */
    bool waited;
    struct forkexec_status status;
    int children;                  /* what waitpid said in the end: 0 for ECHILD, else a pid, or -1: one that lives */
    int host_status;               /* of the runc bootstrap */
    char before[TEXT], after[TEXT], extra[TEXT], log[TEXT], output[TEXT];
};
enum { PREPARING, CALLING, RETURNED, CLOSED, COMPARED };
/* The second is that of a spawn without a fault after it, in the same process: what went wrong once is no matter then. */
enum { REPORTS = 2 };

enum how { SPAWN, START, HOLD, NSEXEC };
struct kind {
    const char *name;
    enum how how;
    const char *(*why_not)(void);              /* a reason to skip it, or NULL */
    void (*ask)(struct forkexec_attr *attr);
    const char *const *argv;                   /* what the program does; default: shows itself and its mounts */
    const char *path;                          /* default: the reporter */
    void (*meanwhile)(struct forkexec_child *child, struct report *report);
    bool outlived;                             /* the program goes on; the caller's end must be its end */
};
extern const struct kind kinds[];
extern const int kind_count;

/* What the requests stand on. */
struct fixture {
    char directory[128], reporter[160], host[160];
    pid_t owner, holder; /* the process whose child holds namespaces, and that child */
    int holder_pidfd, holder_ns[8], output;
    char cgroup[256], open_cgroup[256]; /* of this worker; the second may be written by others; "" for none */
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

/* The caller: never returns. */
_Noreturn void be_caller(const struct kind *kind, struct report *report);
void spawn_nsexec(const struct kind *kind, struct report *report);
void mark(void);
void keep_snapshot(char *text);
bool output_has(const char *word);

/* Runs it. COUNT fills run->call, ALOUD prints every call too. */
enum look { QUIET, COUNT, ALOUD };
void run_caller(const struct kind *kind, struct report *report, const struct fault *fault, int faults, enum look look,
    struct run *run);

/* State. */
void read_output(char *text, size_t room);
/* Puts what may differ between two runs into words that may not; `caller` is the caller's snapshot. */
void normalise(const char *text, const char *caller, char *into, size_t room);
/* The first differences, as "key is A, not B", or "" for none. Keys in `but` are not looked at. */
void differences(const char *is, const char *should, const char *but, char *into, size_t room);
/* Takes a descriptor out of a snapshot. The last one that leads there, or -1. */
void take_out_descriptor(char *text, int number);
int last_descriptor(const char *text, const char *target);
const char *value_of(const char *text, const char *key, char *into, size_t room);

/* What was undisturbed; and whether a run is right: then `why` is "". */
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
