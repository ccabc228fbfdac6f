/* Runs one caller under ptrace, with all its processes and threads. To make a call fail, its number is replaced with one
 * that does not exist, and its result with the errno: the kernel has done nothing, as under a seccomp filter. Only close(2)
 * is executed nevertheless, since Linux closes the descriptor even if close fails.
 *
 * Only the process in which a fault is due stops at its system calls. The others stop only where they make a process, call
 * execve, or end. After the last fault no process stops at system calls. The program is detached at its execve.
 *
 * This process is the subreaper of all of them: if waitpid returns ECHILD, none is left. */
#define _GNU_SOURCE
#include "matrix.h"
#include "registers.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 10.0 /* seconds for the whole run */
#define GRACE 4.0  /* seconds in which all other processes must end after the caller */

struct task {
    pid_t pid;
    char name[NAME];
    int calls, children, threads;
    bool counted, started, named, failing;
    bool of_call; /* made between the beginning and the end of the library call */
    int code; /* the result that the failing call will have */
    int ticks; /* the time since when it is not known which process made it */
};

/* The state of one run. */
static struct task task[TASKS];
static int tasks;
static const struct fault *faults;
static int fault_count, next_fault;
static bool counting_all, speaking, window;
static pid_t caller;
static const volatile struct report *told;
static struct run *run;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct task *find(pid_t pid)
{
    for (int i = 0; i < tasks; i++)
        if (task[i].pid == pid)
            return task + i;
    return NULL;
}

static struct task *add(pid_t pid)
{
    if (tasks == TASKS)
        abort();
    struct task *new = task + tasks++;
    memset(new, 0, sizeof *new);
    new->pid = pid;
    return new;
}

static void forget(struct task *gone)
{
    *gone = task[--tasks];
}

/* A process stops at its system calls if a fault is due in it, or if its mark is expected. */
static bool stops_at_calls(const struct task *this)
{
    if (this->failing || speaking)
        return true;
    if (!window)
        return false;
    if (counting_all)
        return this->counted;
    return this->counted && next_fault < fault_count && !strcmp(faults[next_fault].process, this->name);
}

static void resume(const struct task *this, int signal)
{
    ptrace(stops_at_calls(this) ? PTRACE_SYSCALL : PTRACE_CONT, this->pid, NULL, (void *)(intptr_t)signal);
}

static bool is_thread(pid_t pid)
{
    char path[64], line[256];
    int group = pid;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *in = fopen(path, "re");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "Tgid: %d", &group) == 1)
            break;
    if (in)
        fclose(in);
    return group != pid;
}

/* The next fault, if it is due at the call that this process has stopped at. */
static const struct fault *fault_of(const struct task *this)
{
    const struct fault *fault = next_fault < fault_count ? faults + next_fault : NULL;
    return fault && fault->index == this->calls && !strcmp(fault->process, this->name) ? fault : NULL;
}

static bool is_hit(const struct task *this, int code)
{
    const struct fault *fault = fault_of(this);
    return fault && fault->code == code;
}

static void hit(long number)
{
    run->hit[next_fault++] = number;
    run->reached = next_fault == fault_count;
    run->number = number;
}

/* The maker's event tells which process was made. The events of the two may come in any order; the first waits for the
 * other. */
static void made(struct task *maker)
{
    unsigned long pid = 0;
    if (is_hit(maker, KILL_MAKER)) {
        hit(run->number);
        kill(maker->pid, SIGKILL);
        return;
    }
    if (ptrace(PTRACE_GETEVENTMSG, maker->pid, NULL, &pid) || !pid)
        return;
    int at = (int)(maker - task);
    struct task *new = find((pid_t)pid);
    bool here = new != NULL;
    if (!here)
        new = add((pid_t)pid);
    maker = task + at;
    bool thread = is_thread((pid_t)pid);
    snprintf(new->name, sizeof new->name, "%.24s.%s%d", maker->name, thread ? "t" : "",
        thread ? ++maker->threads : ++maker->children);
    new->counted = maker->counted;
    new->of_call = window;
    new->named = true;
    if (here)
        resume(new, 0);
}

/* If the maker was killed before its event, the new process has no name and would stay stopped. After some time it is
 * resumed here, since no event tells that the maker's will never come. */
static void let_orphans_go(void)
{
    for (int i = 0; i < tasks; i++) {
        struct task *this = task + i;
        if (this->named || !this->started || ++this->ticks < 4)
            continue;
        strcpy(this->name, "orphan");
        this->named = true;
        this->of_call = window;
        resume(this, 0);
    }
}

/* Whether a process of which this one is the init may be in its execve. A kill of the init then ends it before or after the
 * point of no return. */
static bool child_is_in_exec(const struct task *init)
{
    size_t length = strlen(init->name);
    for (int i = 0; i < tasks; i++) {
        char path[64];
        long number = -1;
        if (strncmp(task[i].name, init->name, length) || task[i].name[length] != '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/syscall", task[i].pid);
        FILE *in = fopen(path, "re");
        bool known = in && fscanf(in, "%ld", &number) == 1;
        if (in)
            fclose(in);
        if (!known || number == SYS_execve || number == SYS_execveat)
            return true;
    }
    return false;
}

static void note(const struct task *this, long number)
{
    if (!counting_all || run->calls == CALLS)
        return;
    struct call *call = run->call + run->calls++;
    strcpy(call->process, this->name);
    call->index = this->calls;
    call->number = number;
}

static bool is_mark(int signal)
{
    return signal == MARK || signal == MARK_OF_HOST;
}

/* Returns whether the process was killed. */
static bool entered(struct task *this, const struct ptrace_syscall_info *info)
{
    long number = (long)info->entry.nr;
    if (!this->counted || !window || (number == SYS_tgkill && is_mark((int)info->entry.args[2])))
        return false;
    this->calls++;
    note(this, number);
    if (is_hit(this, KILL_MAKER))
        run->number = number;
    const struct fault *fault = is_hit(this, KILL_MAKER) ? NULL : fault_of(this);
    if (speaking)
        printf("# %-16s %4d %s(%#llx, %#llx, %#llx, %#llx)%s%s\n", this->name, this->calls, call_name(number),
            (unsigned long long)info->entry.args[0], (unsigned long long)info->entry.args[1],
            (unsigned long long)info->entry.args[2], (unsigned long long)info->entry.args[3], fault ? "  <-- " : "",
            fault ? fault_name(fault->code) : "");
    if (!fault)
        return false;
    hit(number);
    if (fault->code == KILL) {
        run->program_in_exec = child_is_in_exec(this);
        return !kill(this->pid, SIGKILL);
    }
    this->failing = number == SYS_close || skip_call(this->pid);
    this->code = fault->code;
    return false;
}

static bool at_call(struct task *this)
{
    struct ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, this->pid, (void *)sizeof info, &info) <= 0)
        return false;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        return entered(this, &info);
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && this->failing) {
        set_result(this->pid, -this->code);
        this->failing = false;
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && speaking && window && this->counted && info.exit.is_error)
        printf("# %-16s      = %s\n", this->name, strerrorname_np((int)-info.exit.rval));
    return false;
}

/* Finds argv[0], which is at the top of the new stack. */
static bool is_program(pid_t pid)
{
    struct ptrace_syscall_info info;
    union { long word[4]; char text[32]; } name = { { 0 } };
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) <= 0)
        return false;
    long at = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)(info.stack_pointer + sizeof(long)), NULL);
    for (size_t i = 0; i < 4; i++) {
        name.word[i] = ptrace(PTRACE_PEEKDATA, pid, (void *)(at + (long)(i * sizeof(long))), NULL);
        if (memchr(name.word + i, 0, sizeof(long)))
            break;
    }
    name.text[31] = 0;
    return !strcmp(name.text, PROGRAM);
}

static void marked(struct task *this)
{
    this->counted = !this->counted;
    if (this->pid == caller && told->phase >= CLOSED)
        window = false;
}

static void stopped(pid_t pid, int status)
{
    struct task *this = find(pid);
    int signal = WSTOPSIG(status), event = status >> 16;
    if (!this) {
        add(pid)->started = true; /* the event of its maker has not come yet */
        return;
    }
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
        made(this);
        this = find(pid);
    } else if (event == PTRACE_EVENT_EXEC) {
        if (speaking)
            printf("# %-16s      executes%s\n", this->name, is_program(pid) ? " the program" : "");
        if (is_program(pid)) {
            /* The event for execve comes a little before the call ends. */
            run->program_ran = run->program_ran || this->of_call;
            ptrace(PTRACE_DETACH, pid, NULL, NULL);
            forget(this);
            return;
        }
    } else if (signal == (SIGTRAP | 0x80)) {
        if (at_call(this))
            return;
    } else if (signal == SIGSTOP && !this->started) {
        this->started = true;
    } else if (is_mark(signal)) {
        marked(this);
    } else if (!event) {
        if (speaking)
            printf("# %-16s      gets signal %d\n", this->name, signal);
        resume(this, signal);
        return;
    }
    resume(this, 0);
}

static void ended(pid_t pid, int status)
{
    struct task *this = find(pid);
    if (pid == caller) {
        run->caller_ended = true;
        run->caller_status = status;
    }
    if (this && speaking)
        printf("# %-16s      ends, %s %d\n", this->name, WIFSIGNALED(status) ? "killed by" : "exit",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (this)
        forget(this);
}

static void kill_all(void)
{
    char path[64];
    for (int i = 0; i < tasks; i++)
        kill(task[i].pid, SIGKILL);
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *in = fopen(path, "re");
    for (int pid; in && fscanf(in, "%d", &pid) == 1;)
        kill(pid, SIGKILL);
    if (in)
        fclose(in);
}

/* The processes that are left, by name, or by their command if they are not traced. */
static void name_left(void)
{
    char path[64];
    size_t at = 0;
    for (int i = 0; i < tasks && at < sizeof run->left; i++)
        at += (size_t)snprintf(run->left + at, sizeof run->left - at, "%s%s", at ? " " : "", task[i].name);
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *in = fopen(path, "re");
    for (int pid; in && fscanf(in, "%d", &pid) == 1 && at < sizeof run->left;) {
        char comm[32] = "?";
        snprintf(path, sizeof path, "/proc/%d/comm", pid);
        FILE *name = fopen(path, "re");
        if (name && fgets(comm, sizeof comm, name))
            comm[strcspn(comm, "\n")] = 0;
        if (name)
            fclose(name);
        if (!find(pid))
            at += (size_t)snprintf(run->left + at, sizeof run->left - at, "%s(%s)", at ? " " : "", comm);
    }
    if (in)
        fclose(in);
}

static void wake_up(int signal)
{
    (void)signal;
}

/* A timer interrupts waitpid now and then, to check the time. */
static void start_clock(void)
{
    struct sigaction action = { .sa_handler = wake_up };
    struct itimerval often = { { 0, 50000 }, { 0, 50000 } };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void stop_clock(void)
{
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
}

/* The first stop of the caller. From here on its children are traced, too. */
static void take(const struct kind *kind)
{
    int status;
    while (waitpid(caller, &status, __WALL) < 0 && errno == EINTR)
        ;
    struct task *first = add(caller);
    strcpy(first->name, "caller");
    first->started = first->named = true;
    first->counted = kind->how != NSEXEC;
    if (!WIFSTOPPED(status)) {
        ended(caller, status);
        return;
    }
    ptrace(PTRACE_SETOPTIONS, caller, NULL, (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK
        | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL));
    resume(first, 0);
}

static void follow(void)
{
    double end = now() + LIMIT, grace = 0;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == ECHILD)
            return;
        if (pid < 0)
            let_orphans_go();
        if (pid > 0 && WIFSTOPPED(status))
            stopped(pid, status);
        else if (pid > 0)
            ended(pid, status);
        double time = now();
        if (run->caller_ended && !grace)
            grace = time + GRACE;
        if (time > end && !run->late) {
            run->late = true;
            name_left();
        } else if (grace && time > grace && !*run->left && !run->late)
            name_left();
        if (run->late || *run->left)
            kill_all();
    }
}

void run_caller(const struct kind *kind, struct report *report, const struct fault *these, int count,
    enum look look, struct run *into)
{
    run = into, told = report;
    memset(run, 0, offsetof(struct run, call));
    for (int i = 0; i < REPORTS; i++) {
        memset(report + i, 0, offsetof(struct report, before));
        *report[i].before = *report[i].after = *report[i].extra = *report[i].log = *report[i].output = 0;
    }
    faults = these, fault_count = count, next_fault = 0;
    tasks = 0, window = true, speaking = look == ALOUD, counting_all = look != QUIET;
    if (ftruncate(fixture.output, 0))
        abort();
    fflush(stdout);
    start_clock();
    caller = fork();
    if (!caller)
        be_caller(kind, report);
    take(kind);
    follow();
    stop_clock();
}
