/* What is about this program rather than about the command. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void timeout(struct run *run, char *seconds)
{
    run->timeout_ns = parse_seconds(seconds);
}

static void grace(struct run *run, char *seconds)
{
    run->grace_ns = parse_seconds(seconds);
}

static void json_status_fd(struct run *run, char *text)
{
    (void)run;
    int fd = parse_fd(text);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        usage("descriptor %d: %s", fd, strerror(errno));
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        usage("descriptor %d is not open for writing", fd);
    json_fd = fd;
}

static void own_failure_code(struct run *run, char *code)
{
    (void)run;
    int value = (int)parse_integer(code, 2, 255);
    if (value > 128 && value <= 128 + 64)
        usage("%d is how a shell shows that signal %d ended the command", value, value - 128);
    failure_code = value;
}

static void describe(struct run *run, char *none)
{
    (void)none;
    run->describes = true;
}

/* Output that nobody could read is a failure. */
static _Noreturn void finish(void)
{
    if (fflush(stdout) || ferror(stdout))
        fail(errno, "standard output");
    exit(0);
}

static void probe(struct run *run, char *none)
{
    (void)run, (void)none;
    current_option = NULL;
    print_probe();
    finish();
}

static void help(struct run *run, char *none)
{
    (void)run, (void)none;
    current_option = NULL;
    print_help();
    finish();
}

static void version(struct run *run, char *none)
{
    (void)run, (void)none;
    current_option = NULL;
    printf("forkexec-run, with libforkexec %s\n", forkexec_version());
    finish();
}

static const struct option_row rows[] = {
    { "timeout", "SECONDS", "kill the command and all that it started when it takes longer", timeout },
    { "grace", "SECONDS", "when the time is up, send SIGTERM first, and SIGKILL so much later", grace },
    { "json-status-fd", "FD", "write what becomes of the command to the caller's descriptor FD, in lines of JSON", json_status_fd },
    { "failure-code", "CODE", "exit with CODE when forkexec-run fails, and never when the command does", own_failure_code },
    { "describe", NULL, "print the steps that would be taken, and take none", describe },
    { "probe", NULL, "print what this host allows, and what to do about the rest", probe },
    { "help", NULL, "print this; -h does too", help },
    { "version", NULL, "print the version", version },
};
SECTION(tool, "This program");
