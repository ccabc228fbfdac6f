/* What all files use: the clock, the processors, the program that is spawned, and the exit on an error. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char tiny[64];
char *const tiny_argv[] = {"tiny", NULL}, *const no_environ[] = {NULL};
double seconds = 2;

char tiny_directory[48];
static pid_t owner;
static cpu_set_t allowed;
static int cpu_of_choice;

double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

void die(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("bench: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void must(int ok, const char *sentence)
{
    if (!ok)
        die("%s: %s", sentence, strerror(errno));
}

void must_have_exited(int pid)
{
    siginfo_t info;

    must(waitid(P_PID, pid, &info, WEXITED) == 0, "wait for a spawned program");
    if (info.si_code != CLD_EXITED || info.si_status != 0)
        die("a spawned program %s %d instead of exiting with 0",
            info.si_code == CLD_EXITED ? "exited with" : "was ended by signal", info.si_status);
}

void pin_thread(int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    must(sched_setaffinity(0, sizeof one, &one) == 0, "pin to one processor");
}

void unpin_thread(void)
{
    must(sched_setaffinity(0, sizeof allowed, &allowed) == 0, "unpin");
}

int pinned_cpu(void)
{
    return cpu_of_choice;
}

int other_cpu(void)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (cpu != cpu_of_choice && CPU_ISSET(cpu, &allowed))
            return cpu;
    return -1;
}

void find_sibling(const char *name, char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);

    must(length > 0, "find this program");
    path[length] = 0;
    char *base = strrchr(path, '/') + 1;
    if (base + strlen(name) >= path + size)
        die("the path of this program is too long");
    strcpy(base, name);
}

static void tidy(void)
{
    /* Forks of this process run this too, when they exit with an error. */
    if (getpid() == owner) {
        unlink(tiny);
        rmdir(tiny_directory);
    }
}

/* A copy in a short path: user 65534 may not be allowed to search the build folder, and a long path takes time to look up. */
static void copy_tiny(void)
{
    char path[4096];
    const char *tmp = getenv("TMPDIR");
    struct stat st;

    snprintf(tiny_directory, sizeof tiny_directory, "%s/bench-XXXXXX", tmp && strlen(tmp) < 24 ? tmp : "/tmp");
    must(mkdtemp(tiny_directory) != NULL, "make a directory for the program");
    owner = getpid();
    atexit(tidy);
    must(chmod(tiny_directory, 0755) == 0, "open the directory to all");
    snprintf(tiny, sizeof tiny, "%s/tiny", tiny_directory);

    find_sibling("tiny", path, sizeof path);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    must(from >= 0 && fstat(from, &st) == 0, path);
    int to = open(tiny, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    must(to >= 0 && sendfile(to, from, NULL, st.st_size) == st.st_size && fchmod(to, 0755) == 0, tiny);
    close(from);
    close(to);
}

void surroundings_prepare(int cpu)
{
    must(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "ask for the allowed processors");
    /* The last processor by default: interrupts usually go to the first one. */
    for (int i = 0; cpu < 0 && i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed))
            cpu_of_choice = i;
    if (cpu >= 0)
        cpu_of_choice = cpu;
    pin_thread(cpu_of_choice);
    copy_tiny();
}
