/* What is told, and with what exit code. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int json_fd = -1, failure_code = -1;
const char *current_option, *message_prefix = "forkexec-run: ";

static int own(enum own_code code)
{
    return failure_code < 0 ? (int)code : failure_code;
}

void complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs(message_prefix, stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}

static void json_optional(struct json *json, const char *key, int64_t value, bool is)
{
    if (is)
        json_integer(json, key, value);
    else
        json_null(json, key);
}

static void tell(const struct forkexec_error *error, const char *message, bool timed_out)
{
    end_relay();
    remove_cgroup();
    complain("%s", message);
    if (json_fd < 0)
        return;
    struct json *json = json_begin("failed");
    json_text(json, "stage", error->stage ? forkexec_stage_name(error->stage) : NULL);
    json_integer(json, "stage_number", error->stage);
    json_integer(json, "errno", error->code);
    json_text(json, "errno_name", errno_name(error->code));
    json_optional(json, "index", error->index, error->index >= 0);
    json_optional(json, "pid", error->pid, error->pid > 0);
    json_optional(json, "signal", error->signal, error->signal > 0);
    json_text(json, "message", message);
    json_bool(json, "timed_out", timed_out);
    json_end(json, json_fd);
}

/* A failure that no stage of the library has. */
static _Noreturn void fail_without_stage(enum own_code code, int error_number, const char *message)
{
    tell(&(struct forkexec_error){ .code = error_number, .index = -1 }, message, code == CODE_TIMEOUT);
    _exit(own(code));
}

/* "strict.conf:3: ", where the words do not stand on the command line. */
static void print_place(char *text, size_t size)
{
    const struct source *source = current_source();
    *text = 0;
    if (source && source->name && source->line)
        snprintf(text, size, "%.500s:%d: ", source->name, source->line);
    else if (source && source->name)
        snprintf(text, size, "%.500s: ", source->name);
}

void usage(const char *format, ...)
{
    char text[1024], place[600], whole[1800];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    print_place(place, sizeof place);
    snprintf(whole, sizeof whole, current_option ? "%s--%s: %s" : "%s%s%s", place, current_option ? current_option : "",
        text);
    fail_without_stage(CODE_TOOL, EINVAL, whole);
}

void fail(int error_number, const char *what)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, strerror(error_number));
    fail_without_stage(CODE_TOOL, error_number, text);
}

void report_timeout_before_start(void)
{
    fail_without_stage(CODE_TIMEOUT, ETIMEDOUT, "the time was up before the command had started");
}

void report_failure(const struct forkexec_error *error)
{
    char text[512];
    translate(error->message, text, sizeof text);
    tell(error, text, false);
    if (error->stage != FORKEXEC_STAGE_EXEC)
        _exit(own(CODE_TOOL));
    _exit(own(error->code == ENOENT || error->code == ENOTDIR ? CODE_NOT_FOUND : CODE_NOT_EXECUTABLE));
}

/* Ends as the command ended, so that the process that waits for us sees the same; without a second core. */
static _Noreturn void die_by(int number)
{
    prctl(PR_SET_DUMPABLE, 0);
    signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    /* Process 1 of a pid namespace, or a signal that is let pass. */
    _exit(128 + number);
}

void report_interrupted(int signal)
{
    char text[128];
    snprintf(text, sizeof text, "%s came before the command had started", signal_name(signal));
    tell(&(struct forkexec_error){ .code = EINTR, .index = -1, .signal = signal }, text, false);
    if (failure_code >= 0)
        _exit(failure_code);
    die_by(signal);
}

void report_event(const char *event, int pid)
{
    if (json_fd < 0)
        return;
    struct json *json = json_begin(event);
    json_integer(json, "pid", pid);
    json_end(json, json_fd);
}

static const char *const reason_words[] = { [BY_TIMEOUT] = "timeout", [BY_IDLE] = "idle", [BY_OUTPUT] = "output",
    [BY_INTERRUPT] = "interrupt" };

static void json_status(const struct forkexec_status *status, enum end_reason reason, int64_t wall_ns, int64_t cgroup_ns)
{
    static const char *const ran[] = { "no", "yes", "unknown" };
    bool ended = status->valid & FORKEXEC_STATUS_EXIT, used = status->valid & FORKEXEC_STATUS_USAGE;
    bool signaled = ended && status->signal;
    static const char *const words[] = { NULL, "exit", "signal", "limit", "memory" };
    struct json *json = json_begin("exited");
    json_optional(json, "exit_code", status->exit_code, ended && !signaled);
    json_optional(json, "signal", status->signal, signaled);
    json_text(json, "signal_name", signaled ? signal_name(status->signal) : NULL);
    json_bool(json, "core_dumped", status->core_dumped);
    json_text(json, "ran", status->valid & FORKEXEC_STATUS_RAN && status->ran < 3 ? ran[status->ran] : "unknown");
    json_text(json, "ended", reason ? reason_words[reason] : ended && status->ended < 5 ? words[status->ended] : NULL);
    json_bool(json, "timed_out", reason == BY_TIMEOUT);
    json_integer(json, "wall_ns", wall_ns);
    json_optional(json, "output_bytes", output_bytes(), output_bytes() >= 0);
    json_optional(json, "user_ns", (int64_t)status->user_ns, used);
    json_optional(json, "system_ns", (int64_t)status->system_ns, used);
    json_optional(json, "max_rss_bytes", (int64_t)status->max_rss_bytes, used);
    json_optional(json, "max_rss_floor_bytes", (int64_t)status->max_rss_floor_bytes, used);
    json_bool(json, "own_memory", (status->valid & FORKEXEC_STATUS_OWN_MEMORY) != 0);
    json_optional(json, "memory_peak_bytes", (int64_t)status->memory_peak_bytes,
        status->valid & FORKEXEC_STATUS_MEMORY_PEAK);
    json_optional(json, "cgroup_cpu_ns", cgroup_ns, cgroup_ns >= 0);
    json_optional(json, "oom_kills", status->oom_kills, status->valid & FORKEXEC_STATUS_OUT_OF_MEMORY);
    json_bool(json, "out_of_memory", status->out_of_memory);
    json_optional(json, "minor_faults", (int64_t)status->minor_faults, used);
    json_optional(json, "major_faults", (int64_t)status->major_faults, used);
    json_optional(json, "voluntary_switches", (int64_t)status->voluntary_switches, used);
    json_optional(json, "involuntary_switches", (int64_t)status->involuntary_switches, used);
    json_end(json, json_fd);
}

void report_end(const struct forkexec_status *status, enum end_reason reason, int64_t wall_ns)
{
    end_relay();
    int64_t cgroup_ns = cgroup_processor_ns();
    remove_cgroup();
    if (json_fd >= 0)
        json_status(status, reason, wall_ns, cgroup_ns);
    static const char *const sentences[] = { [BY_TIMEOUT] = "the time was up; the command",
        [BY_IDLE] = "the command wrote nothing for too long; it",
        [BY_OUTPUT] = "the command wrote more than its limit; it",
        [BY_INTERRUPT] = "a second SIGINT came; the command" };
    if (reason)
        complain("%s %s", sentences[reason], status->signal == SIGKILL ? "was killed" : "ended without SIGKILL");
    if (output_error())
        complain("what the command wrote could not be written: %s", strerror(output_error()));
    if (reason == BY_INTERRUPT && failure_code < 0)
        die_by(SIGINT);
    if (reason)
        _exit(own(CODE_TIMEOUT));
    if (status->out_of_memory)
        complain("the command was killed because its cgroup was out of memory");
    if (status->signal) {
        if (status->ran != FORKEXEC_RAN_YES)
            complain("the command was killed by %s when it was about to run, or had just begun to",
                signal_name(status->signal));
        die_by(status->signal);
    }
    if (output_error() && !status->exit_code)
        _exit(own(CODE_TOOL));
    if (status->exit_code == failure_code) {
        complain("the command itself exited with %d, which --failure-code keeps for us; told as 1", status->exit_code);
        _exit(1);
    }
    _exit(status->exit_code);
}
