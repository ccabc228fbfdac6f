/* The runc bootstrap: the time from the start of the host program to the pids, and to the end of the last process. The
 * reference makes by hand only those system calls that the three processes need. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLONE_FLAGS = 27281, UID_MAP = 27283, GID_MAP = 27284, SETGROUP = 27285, SOCKET = 50 };

struct message {
    uint32_t size;
    uint16_t type, flags;
    uint32_t sequence, port;
    uint8_t attributes[240];
};

static void add(struct message *message, uint16_t kind, const void *payload, size_t size)
{
    uint16_t head[2] = {(uint16_t)(sizeof head + size), kind};
    uint8_t *at = (uint8_t *)message + message->size;

    memcpy(at, head, sizeof head);
    memcpy(at + sizeof head, payload, size);
    message->size += (uint32_t)((sizeof head + size + 3) & ~(size_t)3);
}

static const struct message *message_for(enum what what)
{
    static const char map[] = "0 0 1\n1 100000 65536\n";
    static struct message message;
    const uint32_t one = 1, five = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

    message = (struct message){.size = 16, .type = 62000, .flags = 1};
    if (what != FIVE)
        return &message;
    add(&message, CLONE_FLAGS, &five, sizeof five);
    add(&message, UID_MAP, map, sizeof map);
    add(&message, GID_MAP, map, sizeof map);
    add(&message, SETGROUP, &one, sizeof one);
    return &message;
}

static pid_t start_host(char *const argv[], int socket)
{
    static char *const environment[] = {"_LIBCONTAINER_INITPIPE=50", NULL};
    char path[4096];

    find_sibling(argv[0], path, sizeof path);
    pid_t pid = vfork();
    if (pid == 0) {
        if (socket >= 0)
            dup2(socket, SOCKET);
        execve(path, argv, socket >= 0 ? environment : environment + 1);
        _exit(127);
    }
    must(pid > 0, "start the host");
    return pid;
}

void spawn_host(enum what what, struct times *times)
{
    (void)what;
    double start = now();
    pid_t pid = start_host((char *[]){"bootstrap_host", "init", NULL}, -1);
    times->returned = now() - start;
    must_have_exited(pid);
    times->total = now() - start;
}

static void run_bootstrap(char *const argv[], enum what what, struct times *times)
{
    const struct message *message = message_for(what);
    char line[128] = "";
    int ends[2], child, init;

    double start = now();
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "make a socket pair");
    pid_t pid = start_host(argv, ends[1]);
    close(ends[1]);
    must(send(ends[0], message, message->size, MSG_NOSIGNAL) == (ssize_t)message->size, "send the message");
    must(recv(ends[0], line, sizeof line - 1, 0) > 0
            && sscanf(line, "{\"stage1_pid\":%d,\"stage2_pid\":%d}\n", &child, &init) == 2, "read the pids");
    times->returned = now() - start;
    must_have_exited(pid);
    must_have_exited(child);
    must_have_exited(init);
    close(ends[0]);
    times->total = now() - start;
}

void spawn_bootstrap(enum what what, struct times *times)
{
    run_bootstrap((char *[]){"bootstrap_host", "init", NULL}, what, times);
}

void spawn_raw_bootstrap(enum what what, struct times *times)
{
    run_bootstrap((char *[]){"bootstrap_raw", "init", what == FIVE ? "five" : NULL, NULL}, what, times);
}
