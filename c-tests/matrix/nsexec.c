/* The side of runc: it starts a host with an init socket and a log pipe, sends it a message, reads the pids and reaps all
 * three processes. Faults are injected only into the host and its children. */
#define _GNU_SOURCE
#include "matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INIT = 62000, CLONE_FLAGS = 27281, PATHS, UID_MAP, GID_MAP, SETGROUP, OOM_SCORE_ADJ, ROOTLESS, SOCKET = 50, LOG = 51 };

struct message {
    size_t size;
    uint8_t bytes[4096];
};

static void put(struct message *message, uint16_t kind, const void *payload, size_t size)
{
    uint16_t head[2] = { (uint16_t)(4 + size), kind };
    memcpy(message->bytes + message->size, head, 4);
    memcpy(message->bytes + message->size + 4, payload, size);
    message->size += (4 + size + 3) & ~(size_t)3;
}

static void put_number(struct message *message, uint16_t kind, uint32_t number)
{
    put(message, kind, &number, sizeof number);
}

static void ask(struct message *message, bool join)
{
    char map[64], paths[1024];
    uint16_t head[2] = { INIT, 1 };
    memset(message, 0, sizeof *message);
    message->size = 16;
    memcpy(message->bytes + 4, head, 4);
    put_number(message, ROOTLESS, geteuid() != 0);
    if (join) {
        static const int order[] = { USER, IPC, UTS, NET, PID, MOUNT };
        size_t at = 0;
        for (int i = 0; i < 6; i++)
            at += (size_t)snprintf(paths + at, sizeof paths - at, "%s%s:/proc/%d/ns/%s", i ? "," : "",
                namespace_names[order[i]], fixture.holder, namespace_names[order[i]]);
        put_number(message, CLONE_FLAGS, CLONE_NEWCGROUP);
        put(message, PATHS, paths, strlen(paths) + 1);
    } else {
        put_number(message, CLONE_FLAGS, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS
            | CLONE_NEWNET | CLONE_NEWCGROUP);
        snprintf(map, sizeof map, "0 %u 1\n", geteuid());
        put(message, UID_MAP, map, strlen(map) + 1);
        snprintf(map, sizeof map, "0 %u 1\n", getegid());
        put(message, GID_MAP, map, strlen(map) + 1);
        put(message, OOM_SCORE_ADJ, "500", 4);
    }
    uint32_t size = (uint32_t)message->size;
    memcpy(message->bytes, &size, 4);
    memcpy(message->bytes + message->size, "config\n", 7);
}

static _Noreturn void become_host(int socket, int log)
{
    char *argv[] = { "init", NULL };
    char *env[] = { "_LIBCONTAINER_LOGPIPE=51", "_LIBCONTAINER_INITPIPE=50", NULL };
    dup2(socket, SOCKET);
    dup2(log, LOG);
    for (int fd = 3; fd < 1024; fd++)
        if (fd != SOCKET && fd != LOG)
            close(fd);
    execve(fixture.host, argv, env);
    _exit(98);
}

static void read_log(int fd, struct report *report)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ssize_t n = read(fd, report->log, sizeof report->log - 1);
    report->log[n < 0 ? 0 : n] = 0;
}

static bool read_pids(int fd, pid_t pids[2])
{
    char line[256] = "";
    for (size_t size = 0; size < sizeof line - 1 && !strchr(line, '\n'); size++)
        if (read(fd, line + size, 1) != 1)
            return false;
    return sscanf(line, "{\"stage1_pid\":%d,\"stage2_pid\":%d}", pids, pids + 1) == 2;
}

void spawn_nsexec(const struct kind *kind, struct report *report)
{
    static struct message message;
    int socket[2], log[2], bad = 0;
    pid_t pids[2], pid;
    ask(&message, strstr(kind->name, "join") != NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket) || pipe2(log, O_CLOEXEC))
        _exit(92);
    pid_t host = fork();
    if (!host)
        become_host(socket[1], log[1]);
    close(socket[1]);
    close(log[1]);
    send(socket[0], message.bytes, message.size + 7, MSG_NOSIGNAL);
    bool told = read_pids(socket[0], pids);
    snprintf(report->extra, sizeof report->extra, "pids %s\n", told ? "told" : "not told");
    report->phase = RETURNED;
    for (int status; (pid = waitpid(-1, &status, __WALL)) > 0;) {
        bad += status != 0;
        if (pid == host)
            report->host_status = status;
    }
    read_log(log[0], report);
    close(socket[0]);
    close(log[0]);
    report->result = told && !bad ? 0 : -ECANCELED;
}
