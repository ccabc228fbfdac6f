/* All that the command started, found although it may have left its session: this program is made the reaper of its
 * descendants, so an orphaned process becomes its child and none is lost. */
#define _GNU_SOURCE
#include "run.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Reaps who was orphaned and has ended; the child is the library's to reap. */
void reap_orphans(int32_t child)
{
    siginfo_t info = { .si_pid = 0 };
    while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid && info.si_pid != child) {
        waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
        info.si_pid = 0;
    }
}

struct process {
    pid_t pid, parent;
};

/* Children from before the exec of this program, a shell's perhaps, are none of the command's. */
static struct process *strangers;
static size_t strangers_count;

/* A process that is gone, or a zombie, has no parent. */
static pid_t parent_of(const char *pid)
{
    char path[64], line[512], state = 'Z';
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *in = fopen(path, "re");
    if (in && fgets(line, sizeof line, in)) {
        const char *end = strrchr(line, ')');
        if (!end || sscanf(end, ") %c %d", &state, &parent) != 2 || state == 'Z')
            parent = 0;
    }
    if (in)
        fclose(in);
    return parent;
}

static struct process *list_processes(size_t *count)
{
    struct process *list = NULL;
    DIR *dir = opendir("/proc");
    *count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!isdigit((unsigned char)*entry->d_name))
            continue;
        struct process *grown = realloc(list, (*count + 1) * sizeof *list);
        if (!grown)
            break;
        list = grown;
        list[(*count)++] = (struct process){ atoi(entry->d_name), parent_of(entry->d_name) };
    }
    if (dir)
        closedir(dir);
    return list;
}

void remember_children(int32_t child)
{
    strangers = list_processes(&strangers_count);
    for (size_t i = 0; i < strangers_count; i++)
        if (strangers[i].pid == child)
            strangers[i].parent = 0;
}

static bool is_stranger(pid_t pid)
{
    for (size_t i = 0; i < strangers_count; i++)
        if (strangers[i].pid == pid && strangers[i].parent == getpid())
            return true;
    return false;
}

/* Signals pid if it is still who was listed: its number may be another's by now, whose parent is another. An orphan's is
 * this program. */
static void signal_listed(const struct process *who, int number)
{
    char name[24];
    int fd = (int)syscall(SYS_pidfd_open, who->pid, 0);
    snprintf(name, sizeof name, "%d", who->pid);
    pid_t parent = parent_of(name);
    if (parent && (parent == who->parent || parent == getpid())) {
        if (fd < 0)
            kill(who->pid, number);
        else
            syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
    }
    if (fd >= 0)
        close(fd);
}

/* Signals the children of parent and theirs; returns how many there are. */
static int signal_below(const struct process *list, size_t count, pid_t parent, int number, int depth)
{
    int found = 0;
    for (size_t i = 0; i < count && depth < 1000; i++)
        if (list[i].parent == parent && !is_stranger(list[i].pid)) {
            signal_listed(&list[i], number);
            found += 1 + signal_below(list, count, list[i].pid, number, depth + 1);
        }
    return found;
}

/* True when nobody is left. */
bool kill_descendants(int64_t within_ns)
{
    for (int64_t end = now_ns() + within_ns;;) {
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            ;
        size_t count;
        struct process *list = list_processes(&count);
        int found = list ? signal_below(list, count, getpid(), SIGKILL, 0) : 0;
        free(list);
        if (!found)
            return true;
        if (now_ns() > end)
            return false;
        usleep(1000);
    }
}

void signal_descendants(int number)
{
    size_t count;
    struct process *list = list_processes(&count);
    if (list)
        signal_below(list, count, getpid(), number, 0);
    free(list);
}
