/* The side of runc: starts a host (nsexec_host.c) with an init socket and a log pipe, sends it a message, reads the pids,
 * and reaps all three processes. */
#ifndef NSEXEC_DRIVER_H
#define NSEXEC_DRIVER_H
#include "in_fork.h"
#include "deny_calls.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

enum {
    INIT = 62000,
    CLONE_FLAGS = 27281, PATHS, UID_MAP, GID_MAP, SETGROUP, OOM_SCORE_ADJ, ROOTLESS, UID_HELPER, GID_HELPER, OFFSETS,
    SOCKET = 50, LOG = 51,
    FAILED = 1 << 8, /* exit status 1 */
};

struct message {
    size_t size;
    uint8_t bytes[1 << 20];
};

static inline void put_u16(uint8_t *at, uint16_t number)
{
    memcpy(at, &number, sizeof number);
}

static inline void put_u32(uint8_t *at, uint32_t number)
{
    memcpy(at, &number, sizeof number);
}

static inline struct message *new_message(void)
{
    static struct message message;
    memset(&message, 0, sizeof message);
    message.size = 16;
    put_u16(message.bytes + 4, INIT);
    put_u16(message.bytes + 6, 1);
    put_u32(message.bytes, 16);
    return &message;
}

static inline void add(struct message *message, uint16_t kind, const void *payload, size_t size)
{
    put_u16(message->bytes + message->size, (uint16_t)(4 + size));
    put_u16(message->bytes + message->size + 2, kind);
    memcpy(message->bytes + message->size + 4, payload, size);
    message->size += (4 + size + 3) & ~(size_t)3;
    put_u32(message->bytes, (uint32_t)message->size);
}

static inline void add_number(struct message *message, uint16_t kind, uint32_t number)
{
    add(message, kind, &number, sizeof number);
}

static inline void add_text(struct message *message, uint16_t kind, const char *string)
{
    add(message, kind, string, strlen(string) + 1);
}

/* The message that Go sends in any case. */
static inline struct message *asks_for(uint32_t flags, bool rootless)
{
    struct message *message = new_message();
    add_number(message, CLONE_FLAGS, flags);
    add_number(message, ROOTLESS, rootless);
    return message;
}

/* The hosts, by how they are linked. Those that were not copied for another user are left out. */
static inline const char *host(bool archive)
{
    const char *name = archive ? "nsexec_host_static" : "nsexec_host";
    const char *path = text("%.*s/%s", (int)(strrchr(reporter, '/') - reporter), reporter, name);
    need(!access(path, X_OK), "no %s", name);
    return path;
}

/* A copy of the host that every user may execute. */
static inline const char *public_host(void)
{
    return public_copy(host(true), "host");
}

/* How to start the host; all fields may be left out. */
struct how {
    const char *path;              /* default: the static host */
    const char *level, *init, *log; /* for the environment */
    bool no_log, deaf_log;         /* no log pipe; or one without a reader */
    uid_t uid;                     /* changes to this user first */
    struct denial denied;          /* a call that fails in all three processes */
};

struct boot {
    pid_t pid, child, init; /* stages 0, 1 and 2 */
    int in, out, err, socket, log, status;
    int odd; /* how a process ended that neither exited with 0 or 1 nor was killed by another */
    char others[4096]; /* children that existed before it */
    char json[256], seen[16384], said[65536], complained[4096];
};

#define boot(message, ...) boot_(message, (struct how){ __VA_ARGS__ })

static inline void close_all_but_std(int first)
{
    for (int fd = first; fd < 1024; fd++)
        if (fd != SOCKET && fd != LOG)
            close(fd);
}

static inline void become_host(const struct how *how, const char *path, const int ends[5])
{
    const char *env[4] = { NULL };
    int n = 0;
    if (!how->no_log)
        env[n++] = text("_LIBCONTAINER_LOGPIPE=%s", how->log ? how->log : "51");
    if (how->level)
        env[n++] = text("_LIBCONTAINER_LOGLEVEL=%s", how->level);
    env[n++] = text("_LIBCONTAINER_INITPIPE=%s", how->init ? how->init : "50");
    for (int i = 0; i < 3; i++)
        dup2(ends[i], i);
    dup2(ends[3], SOCKET);
    if (!how->no_log)
        dup2(ends[4], LOG);
    close_all_but_std(3);
    if (how->uid && (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, how->uid, how->uid, how->uid)
            || syscall(SYS_setresuid, how->uid, how->uid, how->uid)))
        _exit(99);
    if (how->denied.code)
        deny(&how->denied, 1);
    char *argv[] = { (char *)(uintptr_t)path, "init", NULL };
    execve(path, argv, (char **)(uintptr_t)env);
    _exit(98);
}

static inline void send_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += n, size -= (size_t)n;
    }
}

/* The children of this process, with zombies, in the order of their making. */
static inline const char *children(void)
{
    return text("%s ", text_of(text("/proc/self/task/%d/children", getpid())));
}

/* Starts the host. The message is sent in one piece, together with the line that Go would read. */
static inline struct boot *boot_(const struct message *message, struct how how)
{
    static struct boot boot;
    int in[2], out[2], err[2], log[2], socket[2];
    const char *path = how.path ? how.path : host(true);
    memset(&boot, 0, sizeof boot);
    boot.status = -1;
    assert_false(pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(log, O_CLOEXEC)
        || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket));
    snprintf(boot.others, sizeof boot.others, "%s", children());
    fflush(stdout);
    boot.pid = fork();
    if (!boot.pid)
        become_host(&how, path, (int[]){ in[0], out[1], err[1], socket[1], log[1] });
    int theirs[] = { in[0], out[1], err[1], socket[1], log[1] };
    for (int i = 0; i < 5; i++)
        close(theirs[i]);
    boot.in = in[1], boot.out = out[0], boot.err = err[0], boot.socket = socket[0], boot.log = log[0];
    if (how.deaf_log) {
        close(boot.log);
        boot.log = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (message) {
        static uint8_t all[sizeof message->bytes + 8];
        memcpy(all, message->bytes, message->size);
        memcpy(all + message->size, "config\n", 7);
        send_all(boot.socket, all, message->size + 7);
    }
    return &boot;
}

/* Reads until `end` has come, or the end of file, or ten seconds without new text. */
static inline bool read_until(int fd, char *bytes, size_t room, const char *end)
{
    size_t size = strlen(bytes);
    while (!(*end && strstr(bytes, end))) {
        if (poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 10000) <= 0)
            return false;
        ssize_t n = size < room - 1 ? read(fd, bytes + size, room - 1 - size) : -1;
        if (n <= 0)
            return n == 0 && !*end;
        size += (size_t)n;
        bytes[size] = 0;
    }
    return true;
}

/* All children that did not exist before the host. */
static inline void reap(struct boot *boot)
{
    bool all = false;
    for (double end = seconds() + 10; !all && seconds() < end; usleep(1000)) {
        const char *now = children();
        all = true;
        for (int pid, used; sscanf(now, "%d%n", &pid, &used) == 1; now += used) {
            int status;
            if (strstr(text(" %s", boot->others), text(" %d ", pid)))
                continue;
            bool gone = waitpid(pid, &status, WNOHANG | __WALL) == pid;
            if (gone && pid == boot->pid)
                boot->status = status;
            if (gone && status && status != FAILED && status != SIGKILL)
                boot->odd = status;
            all = all && gone;
        }
    }
    assert_true(all);
}

static inline void close_boot(struct boot *boot)
{
    int fds[] = { boot->in, boot->out, boot->err, boot->socket, boot->log };
    for (int i = 0; i < 5; i++)
        close(fds[i]);
}

static inline void show_log(const struct boot *boot)
{
    for (const char *line = boot->said; *line; line += strcspn(line, "\n") + 1)
        print_message("# %.*s\n", (int)strcspn(line, "\n"), line);
    if (*boot->complained)
        print_message("# stderr: %s\n", boot->complained);
}

/* The same bytes that Go decodes. */
static inline bool says_pids(struct boot *boot)
{
    return read_until(boot->socket, boot->json, sizeof boot->json, "\n")
        && sscanf(boot->json, "{\"stage1_pid\":%d,\"stage2_pid\":%d}", &boot->child, &boot->init) == 2
        && !strcmp(boot->json, text("{\"stage1_pid\":%d,\"stage2_pid\":%d}\n", boot->child, boot->init));
}

/* The host has reached its program; checks what the program sees. */
static inline const char *comes_up(struct boot *boot)
{
    if (!says_pids(boot) || !read_until(boot->out, boot->seen, sizeof boot->seen, "ready\nconfig\n")) {
        close(boot->in);
        read_until(boot->log, boot->said, sizeof boot->said, "");
        show_log(boot);
        fail_msg("json \"%s\", seen \"%s\"", boot->json, boot->seen);
    }
    assert_true(boot->child > 0 && boot->init > 0 && boot->child != boot->pid && boot->init != boot->child);
    return boot->seen;
}

/* Ends the host; returns everything that it printed. */
static inline void goes_down(struct boot *boot)
{
    close(boot->in);
    boot->in = -1;
    assert_true(read_until(boot->log, boot->said, sizeof boot->said, ""));
    reap(boot);
    if (boot->status)
        show_log(boot);
    assert_int_equal(boot->status, 0);
    close_boot(boot);
}

/* The bootstrap fails with this status, sends nothing on the socket, and leaves no process. */
static inline void fails(struct boot *boot)
{
    char last[8] = "";
    assert_true(read_until(boot->log, boot->said, sizeof boot->said, ""));
    assert_true(read_until(boot->err, boot->complained, sizeof boot->complained, ""));
    read_until(boot->out, boot->seen, sizeof boot->seen, "");
    reap(boot);
    if (boot->status != FAILED || *boot->seen)
        show_log(boot);
    assert_int_equal(boot->status, FAILED);
    assert_string_equal(boot->seen, "");
    recv(boot->socket, last, 1, MSG_DONTWAIT);
    assert_string_equal(last, "");
    close_boot(boot);
}

/* The number of log lines of this level. */
static inline int lines(const struct boot *boot, const char *level)
{
    const char *start = text("{\"level\":\"%s\", \"msg\": \"nsexec", level);
    int count = 0;
    for (const char *line = boot->said; *line; line += strcspn(line, "\n") + 1)
        count += !strncmp(line, start, strlen(start));
    return count;
}

/* The pid that this stage has in the log. */
static inline pid_t stage_of(const struct boot *boot, const char *stage)
{
    const char *start = text("\"msg\": \"%s[", stage), *at = strstr(boot->said, start);
    return at ? atoi(at + strlen(start)) : 0;
}

/* The log has this line, byte for byte. */
static inline void assert_line(const struct boot *boot, const char *level, const char *stage, pid_t pid, const char *said)
{
    const char *line = text("{\"level\":\"%s\", \"msg\": \"%s[%d]: %s\"}\n", level, stage, pid, said);
    const char *at = strstr(boot->said, line);
    if (at && (at == boot->said || at[-1] == '\n'))
        return;
    show_log(boot);
    fail_msg("no line %s", line);
}

#define assert_seen(seen, key, value) assert_string_equal_or_null(value_in(seen, key), value, key, __FILE__, __LINE__)

#endif
