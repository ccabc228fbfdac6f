/* Decides whether a run is right: everything requested has happened, or there is an error with its stage and errno and no
 * program. In both cases the caller is unchanged, and no process is left. If the caller itself was killed, no unfinished
 * child lives on. */
#define _GNU_SOURCE
#include "matrix.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char *text;
static size_t size, used;

__attribute__((format(printf, 1, 2))) static void wrong(const char *format, ...)
{
    va_list list;
    if (used)
        used += (size_t)snprintf(text + used, size - used, " | ");
    if (used >= size)
        return;
    va_start(list, format);
    used += (size_t)vsnprintf(text + used, size - used, format, list);
    va_end(list);
    used = used < size ? used : size - 1;
}

static char output[TEXT], raw[TEXT];

static void look_at_output(const struct report *report)
{
    if (*report->output)
        strcpy(raw, report->output);
    else if (report[1].phase)
        *raw = 0;
    else
        read_output(raw, sizeof raw);
    normalise(raw, report->before, output, sizeof output);
}

void keep_undisturbed(const struct kind *kind, const struct report *report, struct undisturbed *into)
{
    (void)kind;
    look_at_output(report);
    strcpy(into->output, output);
    normalise(report->extra, report->before, into->extra, sizeof into->extra);
    into->exit_code = report->status.exit_code;
    into->host_status = report->host_status;
}

static bool hit(const struct fault *fault, int faults, const char *process)
{
    for (int i = 0; i < faults; i++)
        if (is_kill(fault[i].code) && (!process || !strcmp(fault[i].process, process)))
            return true;
    return false;
}

static bool is_caller(const char *process)
{
    return !strcmp(process, "caller") || (!strncmp(process, "caller.t", 8) && !strchr(process + 8, '.'));
}

/* The process, or a thread of it. */
static bool caller_was_killed(const struct fault *fault, int faults)
{
    for (int i = 0; i < faults; i++)
        if (is_kill(fault[i].code) && is_caller(fault[i].process))
            return true;
    return false;
}

static void compare_program(const struct undisturbed *should, const char *but)
{
    static char list[400];
    differences(output, should->output, but, list, sizeof list);
    if (*list)
        wrong("the program differs: %s", list);
}

/* It was killed in its execve or later: then its output may be incomplete. */
static bool was_killed(const struct report *report, const struct fault *fault, int faults)
{
    const struct forkexec_status *status = &report->status;
    return hit(fault, faults, NULL) && status->valid & FORKEXEC_STATUS_EXIT && status->signal == SIGKILL;
}

/* An init that is killed when its program has just started or ended cannot report it any more. */
static bool init_was_killed(const struct kind *kind, const struct report *report, const struct fault *fault, int faults)
{
    return !strcmp(kind->name, "init") && was_killed(report, fault, faults);
}

static void judge_ran(const struct report *report, const struct run *run)
{
    if (!report->waited || report->wait_result || !(report->status.valid & FORKEXEC_STATUS_RAN))
        return;
    if (report->status.ran == FORKEXEC_RAN_UNKNOWN)
        wrong("status.ran is unknown, the program %s", run->program_ran ? "ran" : "did not run");
    else if ((report->status.ran == FORKEXEC_RAN_YES) != run->program_ran)
        wrong("status.ran says %s", report->status.ran == FORKEXEC_RAN_YES ? "that it ran" : "that it did not run");
}

/* After a denied call the child may be a copy of the caller, which an ordinary user may not inspect before it is the
 * program. */
static bool may_not_look(const struct report *report)
{
    return geteuid() && strstr(report->extra, "ns.user \n");
}

/* For that the header lists EPERM. */
static bool no_wait_was_possible(const struct run *run)
{
    return run->hit[0] == SYS_waitid && run->hit[1] == SYS_wait4;
}

static void judge_success(const struct kind *kind, const struct undisturbed *should, const struct report *report,
    const struct run *run, const struct fault *fault, int faults)
{
    static char extra[TEXT], list[400];
    bool cut = was_killed(report, fault, faults);
    /* Only the wait reports a kill in the middle of execve, and these children are not waited for. */
    bool in_exec = run->number == SYS_execve || run->number == SYS_execveat;
    if (kind->outlived && in_exec && hit(fault, faults, NULL) && !run->program_ran && !*output)
        return;
    /* A kill in the middle of execve may be reported only at the end. */
    bool told_at_end = hit(fault, faults, NULL) && report->waited && report->status.valid & FORKEXEC_STATUS_RAN
        && report->status.ran == FORKEXEC_RAN_NO;
    bool unknown = init_was_killed(kind, report, fault, faults)
        && (report->status.ran == FORKEXEC_RAN_UNKNOWN || (run->program_in_exec && !run->program_ran));
    if (kind->how != HOLD && kind->how != NSEXEC && !run->program_ran && !told_at_end && !unknown)
        wrong("success, and the program did not run");
    if (!unknown)
        judge_ran(report, run);
    if (report->wait_errors && !(report->wait_errors == -EPERM && no_wait_was_possible(run)))
        wrong("forkexec_wait says %s", strerrorname_np(-report->wait_errors));
    if (cut)
        return;
    if (report->waited && report->wait_result)
        wrong("it could not be waited for: %s", strerrorname_np(-report->wait_result));
    else if (report->waited && report->status.exit_code != should->exit_code)
        wrong("it ends with %d, signal %d, not with %d", report->status.exit_code, report->status.signal,
            should->exit_code);
    compare_program(should, "");
    /* A holder that cannot wait ends. It existed when forkexec_hold returned. */
    if (kind->how == HOLD && faults > 0 && !is_caller(fault[0].process) && report->status.exit_code == 127)
        return;
    if (may_not_look(report))
        return;
    normalise(report->extra, report->before, extra, sizeof extra);
    differences(extra, should->extra, "", list, sizeof list);
    if (*list)
        wrong("the child differs: %s", list);
}

static void judge_failure(const struct report *report, const struct run *run)
{
    if (report->error.stage == 0 || report->error.code != -report->result || !*report->error.message)
        wrong("an error without its stage: %s, stage %u, code %d", strerrorname_np(-report->result),
            report->error.stage, report->error.code);
    if (run->program_ran)
        wrong("%s at stage %s, and the program ran", strerrorname_np(-report->result),
            forkexec_stage_name(report->error.stage));
    else if (*output)
        wrong("%s, and there is output", strerrorname_np(-report->result));
}

static void judge_bootstrap(const struct undisturbed *should, const struct report *report, const struct run *run,
    const struct fault *fault, int faults)
{
    bool logs = strstr(report->log, "\"fatal\"") || strstr(report->log, "\"error\"");
    /* Names are for messages only. The address of libc's thread data cannot be found out on every kernel. */
    if (!report->result)
        compare_program(should, " comm tid ");
    else if (strstr(output, "ready") && !hit(fault, faults, NULL))
        wrong("it failed, and the program ran");
    else if (!report->host_status && !logs && !hit(fault, faults, NULL))
        wrong("it failed, and the host exits with 0");
    else if (!logs && !hit(fault, faults, NULL) && run->number != SYS_write && run->number != SYS_exit_group)
        wrong("it failed without a word in the log");
}

/* For a child that still lives, the caller has the descriptors to watch it. */
static void take_out_what_watches(char *after, const char *before)
{
    char key[32], value[256];
    int most = 2;
    for (int fd = 0; fd < 1024 && most; fd++) {
        snprintf(key, sizeof key, "fd.%d", fd);
        if (value_of(before, key, value, sizeof value) || !value_of(after, key, value, sizeof value))
            continue;
        if (strncmp(value, "anon_inode:", 11))
            continue;
        take_out_descriptor(after, fd);
        most--;
    }
}

/* The caller keeps the built-in image open, and one page each for children in its user namespace and in others. */
static void compare_caller(const struct kind *kind, const struct report *report)
{
    static char before[TEXT], after[TEXT], list[400];
    normalise(report->before, report->before, before, sizeof before);
    normalise(report->after, report->before, after, sizeof after);
    for (int kept = 0; kept < 3; kept++) {
        take_out_descriptor(before, last_descriptor(before, "/memfd:forkexec (deleted)"));
        take_out_descriptor(after, last_descriptor(after, "/memfd:forkexec (deleted)"));
    }
    if (kind->outlived && !report->result)
        take_out_what_watches(after, before);
    differences(after, before, kind->outlived && !report->result ? " threads " : "", list, sizeof list);
    if (*list)
        wrong("the caller differs: %s", list);
    if (report->children > 0)
        wrong("a zombie is left");
    else if (report->children)
        wrong("a process is left");
}

static void judge_dead_caller(const struct undisturbed *should, const struct report *report, const struct run *run)
{
    if (!run->caller_ended || !WIFSIGNALED(run->caller_status) || WTERMSIG(run->caller_status) != SIGKILL)
        wrong("the caller was killed and ended with status %#x", run->caller_status);
    if (run->program_ran && *output && report->phase != COMPARED && strstr(output, "\nargs "))
        compare_program(should, " ppid ");
}

static void judge_again(const struct undisturbed *should, const struct report *first)
{
    static char list[400];
    const struct report *again = first + 1;
    if (again->phase != COMPARED) {
        wrong("the next spawn did not come to its end");
        return;
    }
    if (again->result) {
        wrong("the next spawn fails: %s", again->error.message);
        return;
    }
    if (again->waited && again->status.exit_code != should->exit_code)
        wrong("the next program ends with %d, signal %d", again->status.exit_code, again->status.signal);
    normalise(again->output, first->before, output, sizeof output);
    differences(output, should->output, "", list, sizeof list);
    if (*list)
        wrong("the next program differs: %s", list);
    if (may_not_look(again))
        return;
    normalise(again->extra, first->before, output, sizeof output);
    differences(output, should->extra, "", list, sizeof list);
    if (*list)
        wrong("the next child differs: %s", list);
}

void judge(const struct kind *kind, const struct undisturbed *should, const struct report *report, const struct run *run,
    const struct fault *fault, int faults, char *why, size_t room)
{
    text = why, size = room, used = 0;
    *why = 0;
    look_at_output(report);
    if (run->late) {
        wrong("not at its end after ten seconds: %s", run->left);
        return;
    }
    if (*run->left)
        wrong("left behind: %s", run->left);
    if (caller_was_killed(fault, faults) && run->reached) {
        judge_dead_caller(should, report, run);
        return;
    }
    if (!run->caller_ended || !WIFEXITED(run->caller_status) || WEXITSTATUS(run->caller_status)
        || report->phase != COMPARED) {
        wrong("the caller ended with status %#x in phase %d", run->caller_status, report->phase);
        return;
    }
    if (kind->how == NSEXEC)
        judge_bootstrap(should, report, run, fault, faults);
    else if (report->result)
        judge_failure(report, run);
    else
        judge_success(kind, should, report, run, fault, faults);
    compare_caller(kind, report);
    if (kind->how != NSEXEC && !kind->outlived)
        judge_again(should, report);
}
