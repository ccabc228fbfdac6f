/* A supervisor with socket activation: listens, starts the service at the first connection, and starts it again when it fails.
 *
 * usage: supervisor SOCKET COMMAND...
 *
 * The service finds the listening socket as descriptor 3, with LISTEN_FDS and LISTEN_PID as systemd has them. SIGTERM ends the
 * service, with all that it started, and then the supervisor. Nothing of it outlives the supervisor's death. */
#define _GNU_SOURCE
#include <errno.h>
#include <forkexec.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const int64_t grace_ns = INT64_C(5000000000);

static void die(const char *what)
{
    fprintf(stderr, "supervisor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 128))
        die(path);
    return fd;
}

/* SIGTERM and SIGINT as a descriptor, so that poll(2) sees them and none is missed. */
static int signals_fd(sigset_t *before)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, before);
    int fd = signalfd(-1, &ends, SFD_CLOEXEC);
    if (fd < 0)
        die("signalfd");
    return fd;
}

/* --- service */
static struct forkexec_attr *service(int listener, const sigset_t *mask)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    uint64_t blocked = 0;
    /* The service gets the mask that this process had before it blocked what it waits for. */
    for (int sig = 1; sig <= 64; sig++)
        if (sigismember(mask, sig) == 1)
            blocked |= UINT64_C(1) << (sig - 1);
    forkexec_attr_set_signal_mask(attr, blocked);
    forkexec_attr_map_fd(attr, listener, 3);
    forkexec_attr_set_pid_variable(attr, "LISTEN_PID");
    forkexec_attr_set_process_group(attr, 0);
    forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS);
    forkexec_attr_set_oom_score_adj(attr, 100);
    forkexec_attr_restore_nofile(attr);
    forkexec_attr_set_search_path(attr, getenv("PATH"));
    return attr;
}
/* --- end */

static struct forkexec_child *start(const struct forkexec_attr *attr, char **command)
{
    struct forkexec_child *child;
    struct forkexec_error error;
    if (forkexec_spawn(attr, command[0], command, environ, &child, &error)) {
        printf("not started: %s\n", error.message);
        return NULL;
    }
    printf("started %d\n", (int)forkexec_child_pid(child));
    return child;
}

/* Reaps the service, and ends what it has left behind. True when it had failed. */
static bool ended(struct forkexec_child *child, const char *how)
{
    struct forkexec_status status;
    int pid = forkexec_child_pid(child);
    while (forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) == -EINTR)
        ;
    forkexec_kill_tree(child);
    forkexec_close(child);
    if (status.signal)
        printf("%s %d: %s\n", how, pid, strsignal(status.signal));
    else
        printf("%s %d: exit code %d\n", how, pid, (int)status.exit_code);
    return status.signal || status.exit_code;
}

/* Waits for a connection or for the end of the service, whichever is next; false at SIGTERM. */
static bool wait_for(int signals, int other)
{
    struct pollfd ready[] = { { signals, POLLIN, 0 }, { other, POLLIN, 0 } };
    while (poll(ready, 2, -1) < 0)
        if (errno != EINTR)
            die("poll");
    return !ready[0].revents;
}

int main(int argc, char **argv)
{
    sigset_t before;
    if (argc < 3) {
        fputs("usage: supervisor SOCKET COMMAND...\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int listener = listen_at(argv[1]), signals = signals_fd(&before);
    setenv("LISTEN_FDS", "1", 1);
    struct forkexec_attr *attr = service(listener, &before);
    puts("listening");
    while (wait_for(signals, listener)) {
        /* It is the service that accepts; its pidfd is readable when it ends. */
        struct forkexec_child *child = start(attr, argv + 2);
        bool goes_on = !child || wait_for(signals, forkexec_child_pidfd(child));
        if (!goes_on)
            forkexec_terminate_tree(child, SIGTERM, grace_ns);
        bool failed = !child || ended(child, goes_on ? "ended" : "stopped");
        if (!goes_on)
            break;
        if (failed)
            nanosleep(&(struct timespec) { .tv_nsec = 100000000 }, NULL);
    }
    forkexec_attr_free(attr);
    close(listener);
    unlink(argv[1]);
    return 0;
}
