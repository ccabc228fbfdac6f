/* A program that uses the bootstrap as runc does: a constructor calls nsexec(), and the program continues where it returns.
 * It prints its state (process_state.h), says "ready" and the next line of the init socket, and runs until its stdin ends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void nsexec(void);

static int returned;

/* Tells a tracer (matrix/injector.c) that the bootstrap begins or has ended. Without a tracer the signal is ignored. The
 * tracer may have made the first attempt fail. */
static void mark(void)
{
    for (int turn = 0; turn < 3 && syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGURG); turn++)
        ;
}

__attribute__((constructor)) static void bootstrap(void)
{
    mark();
    nsexec();
    mark();
    returned = 1;
}

/* The thread id that libc has for this thread. */
static int tid_of_libc(void)
{
#ifdef __GLIBC__
    pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    pthread_mutex_lock(&mutex);
    return mutex.__data.__owner;
#else
    return gettid();
#endif
}

static void show_fds(void)
{
    printf("fds");
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf(" %d", fd);
    putchar('\n');
}

static void show_text(const char *key, const char *path)
{
    char bytes[256] = "";
    FILE *in = fopen(path, "re");
    if (!in || !fgets(bytes, sizeof bytes, in))
        strcpy(bytes, "?");
    if (in)
        fclose(in);
    bytes[strcspn(bytes, "\n")] = 0;
    printf("%s %s\n", key, bytes);
}

static void show_namespaces(void)
{
    static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "user", "uts" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64], target[64];
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        ssize_t n = readlink(path, target, sizeof target);
        printf("ns.%s %.*s\n", names[i], n < 0 ? 1 : (int)n, n < 0 ? "?" : target);
    }
}

static void show_capabilities(void)
{
    static const char *const names[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp" };
    char line[256];
    FILE *in = fopen("/proc/self/status", "re");
    while (in && fgets(line, sizeof line, in))
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (!strncmp(line, names[i], strlen(names[i])) && line[strlen(names[i])] == ':')
                printf("%s %s", names[i], line + strlen(names[i]) + 2);
    if (in)
        fclose(in);
}

static void show(void)
{
    char name[16] = "";
    gid_t groups[64];
    sigset_t mask, pending;
    int count = getgroups(64, groups);
    prctl(PR_GET_NAME, name);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigpending(&pending);
    printf("pid %d\nppid %d\nsid %d\n", getpid(), getppid(), getsid(0));
    printf("uid %d %d\ngid %d %d\n", getuid(), geteuid(), getgid(), getegid());
    printf("groups ");
    for (int i = 0; i < count; i++)
        printf("%s%u", i ? " " : "", groups[i]);
    printf("\ndumpable %d\ncomm %s\n", prctl(PR_GET_DUMPABLE), name);
    printf("tid %s\n", tid_of_libc() == (int)syscall(SYS_gettid) ? "known" : "stale");
    printf("sigpipe %d %d\n", sigismember(&mask, SIGPIPE), sigismember(&pending, SIGPIPE));
    show_namespaces();
    show_capabilities();
    show_text("oom_score_adj", "/proc/self/oom_score_adj");
    show_fds();
    printf("ready\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *socket = getenv("_LIBCONTAINER_INITPIPE");
    (void)argc, (void)argv;
    if (!returned)
        return 3;
    if (!socket || !*socket) {
        printf("nothing\n");
        return 0;
    }
    show();
    for (char byte; read(atoi(socket), &byte, 1) == 1;) {
        putchar(byte);
        if (byte == '\n')
            break;
    }
    fflush(stdout);
    for (char byte; read(0, &byte, 1) == 1;)
        ;
    return 0;
}
