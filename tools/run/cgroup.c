/* A cgroup for the command alone: made before it starts, and removed with all that is in it when we end. */
#define _GNU_SOURCE
#include "run.h"

#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was asked for; as the kernel's files have it. */
static char *asked_directory, memory[32], processes[32], processor[64];

/* The command's cgroup; a cgroup for this process, where it had to leave its own; and the cgroup in which both are made. */
static struct forkexec_cgroup *group, *ours;
static int above = -1;

static void cgroup_new(struct run *run, char *directory)
{
    (void)run;
    asked_directory = directory;
}

static void limit_memory(struct run *run, char *size)
{
    (void)run;
    uint64_t bytes = parse_size(size);
    if (bytes == UINT64_MAX)
        strcpy(memory, "max");
    else
        snprintf(memory, sizeof memory, "%llu", (unsigned long long)bytes);
}

static void limit_processes(struct run *run, char *count)
{
    (void)run;
    snprintf(processes, sizeof processes, "%llu", (unsigned long long)parse_unsigned(count, INT32_MAX));
}

/* In parts of a tenth of a second; the kernel takes no less than a millisecond. */
static void limit_processor(struct run *run, char *processors)
{
    (void)run;
    char *end;
    double number = strtod(processors, &end);
    if (end == processors || *end || !(number >= 0.01 && number <= 8192))
        usage("\"%s\" is not a number of processors from 0.01 to 8192, such as 0.5 or 2", processors);
    snprintf(processor, sizeof processor, "%lld 100000", (long long)(number * 100000));
}

/* What to do where no cgroup may be made in our own. */
#define DELEGATED "to be in a cgroup that is delegated to this user, start this by: systemd-run --user --scope -p " \
    "Delegate=yes forkexec-run"

static _Noreturn void give_up(const struct forkexec_error *error)
{
    report_failure(error);
}

static void set(const struct forkexec_cgroup *of, const char *file, const char *value)
{
    struct forkexec_error error;
    if (*value && forkexec_cgroup_set(of, file, value, &error))
        give_up(&error);
}

static bool write_above(const char *file, const char *text)
{
    int fd = openat(above, file, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return written;
}

/* The kernel enables most controllers only in a cgroup without processes. It enables the others, but then nothing can be in the
 * command's cgroup below: the answer is made the same. */
static bool enable_above(const char *controller)
{
    char text[64], type[64] = "";
    snprintf(text, sizeof text, "+%s", controller);
    if (!write_above("cgroup.subtree_control", text))
        return false;
    if (forkexec_cgroup_read(group, "cgroup.type", type, sizeof type, NULL) <= 0 || strncmp(type, "domain invalid", 14))
        return true;
    *text = '-';
    write_above("cgroup.subtree_control", text);
    errno = EBUSY;
    return false;
}

/* A controller cannot be enabled in a cgroup with processes. Where this process is the only one there, it moves to a
 * cgroup below. */
static void move_below(void)
{
    char name[64], pid[32];
    struct forkexec_error error;
    snprintf(name, sizeof name, "forkexec-run-itself-%d", getpid());
    snprintf(pid, sizeof pid, "%d", getpid());
    if (forkexec_cgroup_create(above, name, &ours, &error))
        give_up(&error);
    set(ours, "cgroup.procs", pid);
}

/* Whether a list such as that of cgroup.subtree_control has the word. */
static bool lists(const char *directory, const char *file, const char *word)
{
    char text[512];
    if (!read_in(directory, file, text, sizeof text))
        return false;
    for (char *rest = text, *one; (one = strtok_r(rest, " \n", &rest));)
        if (!strcmp(one, word))
            return true;
    return false;
}

static void enable(const char *directory, const char *controller, bool is_own)
{
    if (lists(directory, "cgroup.subtree_control", controller))
        return;
    if (enable_above(controller))
        return;
    if (errno == EBUSY && is_own && !ours) {
        move_below();
        if (enable_above(controller))
            return;
    }
    int error = errno;
    const char *why = error == EBUSY ? "; there are processes in it, of which it must have none"
        : error == ENOENT || error == EINVAL ? "; it is not in its cgroup.controllers" : "";
    usage("the controller %s cannot be enabled in %s: %s%s; " DELEGATED, controller, directory, strerror(error), why);
}

/* Where to make it, and how it is to be called there. */
static void find_place(char *directory, size_t size, char *name, size_t name_size, bool *is_own)
{
    char top[4096];
    *is_own = !asked_directory;
    if (*is_own) {
        if (!find_cgroup2(top, sizeof top) || !own_cgroup(top, directory, size))
            usage("our own cgroup of version 2 is not in sight: say by --cgroup-new where to make one");
        snprintf(name, name_size, "forkexec-run-%d", getpid());
        return;
    }
    size_t length = strlen(asked_directory);
    while (length > 1 && asked_directory[length - 1] == '/')
        asked_directory[--length] = 0;
    const char *slash = strrchr(asked_directory, '/');
    snprintf(directory, size, "%.*s", slash ? (int)(slash - asked_directory) : 1, slash ? asked_directory : ".");
    if (slash == asked_directory)
        snprintf(directory, size, "/");
    snprintf(name, name_size, "%s", slash ? slash + 1 : asked_directory);
}

/* A signal that ends us ends the command and its cgroup, too; later the signals are read. */
static void end_by(int number)
{
    remove_cgroup();
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_ends(void)
{
    static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct sigaction now, action = { .sa_handler = end_by, .sa_flags = SA_RESETHAND };
        sigaction(ends[i], NULL, &now);
        if (now.sa_handler == SIG_DFL)
            sigaction(ends[i], &action, NULL);
    }
}

void make_cgroup(struct run *run)
{
    char directory[8192], name[512];
    bool is_own;
    struct forkexec_error error;
    if (!asked_directory && !*memory && !*processes && !*processor)
        return;
    current_option = asked_directory ? "cgroup-new" : *memory ? "memory" : *processes ? "pids" : "cpu";
    if (run->names_cgroup)
        usage("the command would be in a cgroup of its own, and not in that of --cgroup");
    find_place(directory, sizeof directory, name, sizeof name, &is_own);
    above = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (above < 0)
        usage("%s: %s", directory, strerror(errno));
    catch_ends();
    int result = forkexec_cgroup_create(above, name, &group, &error);
    if (is_own && (result == -EACCES || result == -EPERM))
        usage("%s is not delegated to this user: %s; or take another place by --cgroup-new; " DELEGATED, directory,
            strerror(-result));
    if (result)
        give_up(&error);
    if (*memory)
        enable(directory, "memory", is_own);
    if (*processes)
        enable(directory, "pids", is_own);
    if (*processor)
        enable(directory, "cpu", is_own);
    set(group, "memory.max", memory);
    /* Where there is swap, it is part of the memory that is limited. */
    if (*memory && forkexec_cgroup_read(group, "memory.swap.max", NULL, 0, NULL) > 0)
        set(group, "memory.swap.max", "0");
    set(group, "pids.max", processes);
    set(group, "cpu.max", processor);
    accept(forkexec_attr_set_cgroup(run->attr, group));
    current_option = NULL;
}

int64_t cgroup_processor_ns(void)
{
    char text[1024];
    if (!group || forkexec_cgroup_read(group, "cpu.stat", text, sizeof text, NULL) < 0)
        return -1;
    const char *line = strstr(text, "usage_usec ");
    return line ? strtoll(line + 11, NULL, 10) * 1000 : -1;
}

/* Also called by a handler of signals, whatever it interrupts. */
void remove_cgroup(void)
{
    struct forkexec_cgroup *own = group;
    group = NULL;
    if (own) {
        struct forkexec_error error;
        int result;
        while ((result = forkexec_cgroup_remove(own, INT64_C(10000000000), &error)) == -EINTR)
            ;
        if (result)
            complain("the cgroup is left behind: %s", error.message);
    }
    if (!ours)
        return;
    /* This process moves back, which is possible only when no controller is enabled there. */
    char pid[32];
    snprintf(pid, sizeof pid, "%d", getpid());
    const char *mine[] = { *memory ? "-memory" : "", *processes ? "-pids" : "", *processor ? "-cpu" : "" };
    for (int i = 0; i < 3; i++)
        if (*mine[i])
            write_above("cgroup.subtree_control", mine[i]);
    /* forkexec_cgroup_free kills the processes in the cgroup: this process must have left it. */
    if (write_above("cgroup.procs", pid))
        forkexec_cgroup_free(ours);
    ours = NULL;
}

static const struct option_row rows[] = {
    { "cgroup-new", "DIR", "make the cgroup DIR, of version 2, for the command, and remove it at the end with all that is in "
        "it", cgroup_new },
    { "memory", "SIZE", "at most so much memory for the command and all that it starts, as 512M", limit_memory },
    { "pids", "N", "at most so many processes and threads", limit_processes },
    { "cpu", "PROCESSORS", "at most so much of the processors, as 0.5 or 2", limit_processor },
};
SECTION(cgroup, "A cgroup of its own");
