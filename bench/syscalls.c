/* Counts the system calls of one spawn, which is exact where a time is not. This program is run under
 * strace for K spawns and for 2K, and the difference leaves start-up, warm-up and exit out. */
#define _GNU_SOURCE
#include "bench.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct count {
    long caller, child;
};

static int traced(const char *trace, int spawns, const char *subject)
{
    char self[4096], number[16];
    pid_t pid;
    int status;

    find_sibling("bench", self, sizeof self);
    snprintf(number, sizeof number, "%d", spawns);
    char *argv[] = {"strace", "-f", "-qq", "-o", (char *)trace, self, "--spawns", number, (char *)subject, NULL};
    if ((errno = posix_spawnp(&pid, "strace", NULL, NULL, argv, environ)))
        return 0;
    must(waitpid(pid, &status, 0) == pid && status == 0, "run under strace");
    return 1;
}

/* A line is "PID name(...". Left out: "PID <... name resumed>", which ends a call that has been counted, signals and exits. */
static struct count calls_in(const char *trace)
{
    struct count count = {0};
    char line[4096];
    long caller = 0, pid;
    int at;
    FILE *file = fopen(trace, "r");

    must(file != NULL, trace);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%ld %n", &pid, &at) != 1)
            continue;
        if (!caller)
            caller = pid;
        if (islower((unsigned char)line[at]))
            *(pid == caller ? &count.caller : &count.child) += 1;
    }
    fclose(file);
    return count;
}

void run_syscalls(const struct bench_case *c)
{
    enum { SPAWNS = 50 };
    char trace[] = "/tmp/bench-trace-XXXXXX";
    int file = mkstemp(trace);

    must(file >= 0, "make a file for the trace");
    close(file);
    print_title(c, NULL, 0);
    for (const struct subject *const *s = c->subjects; *s; s++) {
        const char *reason = why_not((*s)->what);
        if (!reason && !traced(trace, SPAWNS, (*s)->name))
            reason = "there is no strace";
        if (reason) {
            print_skipped(c, (*s)->name, reason);
            continue;
        }
        struct count once = calls_in(trace);
        traced(trace, 2 * SPAWNS, (*s)->name);
        struct count twice = calls_in(trace);
        print_value(c, (*s)->name, "in the caller", (double)(twice.caller - once.caller) / SPAWNS);
        print_value(c, (*s)->name, "in the child, its exec and the program's exit included",
                    (double)(twice.child - once.child) / SPAWNS);
    }
    unlink(trace);
}
