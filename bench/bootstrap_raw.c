/* The three processes of the runc bootstrap by hand, without checks, messages or protection. With one more argument the last
 * process is in five new namespaces, with mapped ids. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SOCKET = 50 };

static int five;

static void must(int ok, int step)
{
    if (!ok)
        _exit(step);
}

static pid_t sibling(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0);
    must(pid >= 0, 10);
    return pid;
}

static void tell(int fd, int word) { must(write(fd, &word, sizeof word) == sizeof word, 11); }

static int hear(int fd)
{
    int word;
    must(read(fd, &word, sizeof word) == sizeof word, 12);
    return word;
}

static void map(pid_t pid, const char *file, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), 13);
    close(fd);
}

static void parent(pid_t child, int fd)
{
    char line[128];
    if (five) {
        hear(fd);
        map(child, "uid_map", "0 0 1\n1 100000 65536\n");
        map(child, "gid_map", "0 0 1\n1 100000 65536\n");
        tell(fd, 1);
    }
    int init = hear(fd);
    int length = snprintf(line, sizeof line, "{\"stage1_pid\":%d,\"stage2_pid\":%d}\n", child, init);
    must(write(SOCKET, line, (size_t)length) == length, 14);
    tell(fd, 1);
    _exit(0);
}

static void child(int fd)
{
    int with_init[2];
    if (five) {
        must(!unshare(CLONE_NEWUSER), 15);
        tell(fd, 1);
        hear(fd);
        must(!setresuid(0, 0, 0) && !unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS), 16);
    }
    must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, with_init), 17);
    pid_t init = sibling();
    if (init) {
        tell(fd, init);
        hear(fd);
        tell(with_init[0], 1);
        _exit(0);
    }
    hear(with_init[1]);
    must(setsid() >= 0 && !setresgid(0, 0, 0) && !setresuid(0, 0, 0), 18);
}

int main(int argc, char **argv)
{
    static char message[4096];
    int with_child[2];
    (void)argv;
    five = argc > 2;
    must(read(SOCKET, message, sizeof message) > 0, 19);
    must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, with_child), 20);
    pid_t pid = sibling();
    if (pid)
        parent(pid, with_child[0]);
    child(with_child[1]);
    return 0;
}
