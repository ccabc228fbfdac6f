/* Runs a program that reaches one host and nothing else: it has no network but a proxy, which is this process.
 *
 * usage: agent_proxy HOST[:PORT] COMMAND...
 *
 * The program is in a network namespace with nothing in it but `lo`. What it connects to at 127.0.0.1:3128 there, this process
 * accepts here: the listening socket was made inside and handed over. So nothing else is needed: no interface, no relay program,
 * no second namespace. http_proxy and https_proxy tell the program of it; a program that ignores them reaches nobody. Unix
 * sockets that have a path are files: give the program a root of its own where there are some, as build_sandbox.c does. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <forkexec.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 3128, LONGEST_HEAD = 65536, SECONDS = 30 };

extern char **environ;

static const char *allowed_host, *allowed_port; /* the port is NULL for 80 and 443 */

/* --- sandbox */
static struct forkexec_attr *sandbox(void)
{
    const struct sockaddr_in proxy = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
    struct forkexec_attr *attr = forkexec_attr_new();
    forkexec_attr_create_namespaces(attr,
        FORKEXEC_NS_USER | FORKEXEC_NS_NET | FORKEXEC_NS_PID | FORKEXEC_NS_IPC);
    forkexec_attr_map_uid(attr, geteuid(), geteuid(), 1);
    forkexec_attr_map_gid(attr, getegid(), getegid(), 1);
    forkexec_attr_set_init(attr);
    forkexec_attr_set_loopback(attr);
    forkexec_attr_listen(attr, SOCK_STREAM, &proxy, sizeof proxy, 128);
    forkexec_attr_drop_capabilities(attr);
    forkexec_attr_set_no_new_privs(attr);
    forkexec_attr_set_search_path(attr, getenv("PATH"));
    return attr;
}
/* --- end */

static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &found))
        return -1;
    for (struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* Copies both ways until both have ended. */
static void relay(int one, int other)
{
    int fds[] = { one, other };
    bool open[] = { true, true };
    char piece[LONGEST_HEAD];
    while (open[0] || open[1]) {
        struct pollfd ready[] = { { open[0] ? one : -1, POLLIN, 0 }, { open[1] ? other : -1, POLLIN, 0 } };
        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            return;
        for (int i = 0; i < 2; i++) {
            if (!ready[i].revents)
                continue;
            ssize_t n = recv(fds[i], piece, sizeof piece, 0);
            open[i] = n > 0 || (n < 0 && errno == EINTR);
            if (n > 0 && !send_all(fds[1 - i], piece, (size_t)n))
                return;
            if (!open[i])
                shutdown(fds[1 - i], SHUT_WR);
        }
    }
}

/* Reads until the empty line behind the headers. Where the rest begins, or NULL. */
static char *read_head(int fd, char *head, size_t *length)
{
    *length = 0;
    for (;;) {
        ssize_t n = recv(fd, head + *length, LONGEST_HEAD - *length, 0);
        if (n <= 0)
            return NULL;
        *length += (size_t)n;
        head[*length] = '\0';
        char *end = strstr(head, "\r\n\r\n");
        if (end)
            return end + 4;
        if (*length == LONGEST_HEAD)
            return NULL;
    }
}

/* Splits "HOST:PORT" in place; an IPv6 address stands in brackets. The default where there is no port. */
static const char *split_port(char **host, const char *usual)
{
    char *end = **host == '[' ? strchr(*host, ']') : *host, *colon = end ? strchr(end, ':') : NULL;
    if (**host == '[' && end) {
        (*host)++;
        *end = '\0';
    }
    if (!colon)
        return usual;
    *colon = '\0';
    return colon + 1;
}

static bool is_allowed(const char *host, const char *port)
{
    if (strcasecmp(host, allowed_host) != 0)
        return false;
    return allowed_port ? strcmp(port, allowed_port) == 0 : strcmp(port, "80") == 0 || strcmp(port, "443") == 0;
}

static bool begins(const char *line, const char *name)
{
    return strncasecmp(line, name, strlen(name)) == 0;
}

/* Sends a plain request on, with "Connection: close": another request might be for another host. So might a Host of the
 * program's own be, where one server has many hosts: `authority`, which was looked at, takes its place. */
static bool send_request(int there, const char *authority, const char *method, const char *path, const char *version,
    char *headers)
{
    char line[LONGEST_HEAD + 64];
    int n = snprintf(line, sizeof line, "%s /%s %s\r\nHost: %s\r\nConnection: close\r\n", method, path, version, authority);
    if (n < 0 || (size_t)n >= sizeof line || !send_all(there, line, (size_t)n))
        return false;
    for (char *end; (end = strstr(headers, "\r\n")) && end != headers; headers = end + 2)
        if (!begins(headers, "connection:") && !begins(headers, "host:") && !begins(headers, "proxy-") &&
            !send_all(there, headers, (size_t)(end + 2 - headers)))
            return false;
    return send_all(there, "\r\n", 2);
}

static void serve(int here)
{
    static const char forbidden[] = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    static const char connected[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    char *head = malloc(LONGEST_HEAD + 1), *rest, *place, authority[512];
    size_t length;
    if (!head || !(rest = read_head(here, head, &length))) {
        free(head);
        return;
    }
    char *headers = strstr(head, "\r\n") + 2;
    headers[-2] = '\0';
    const char *method = strtok_r(head, " ", &place);
    char *target = strtok_r(NULL, " ", &place);
    const char *version = strtok_r(NULL, " ", &place);
    bool tunnel = method && strcmp(method, "CONNECT") == 0;
    if (target && !tunnel && strncasecmp(target, "http://", 7) == 0)
        target += 7;
    char *path = target && !tunnel ? strchr(target, '/') : NULL;
    if (path)
        *path++ = '\0';
    char *host = target;
    const char *port = target ? split_port(&host, tunnel ? "443" : "80") : NULL;
    snprintf(authority, sizeof authority, strchr(allowed_host, ':') ? "[%s]:%s" : "%s:%s", allowed_host, port ? port : "");
    if (!version || !is_allowed(host, port)) {
        fprintf(stderr, "refused: %s %s\n", method ? method : "", host ? host : "");
        send_all(here, forbidden, sizeof forbidden - 1);
    } else {
        int there = connect_to(host, port);
        bool good = there >= 0 && (tunnel ? send_all(here, connected, sizeof connected - 1)
                                          : send_request(there, authority, method, path ? path : "", version, headers));
        if (good && send_all(there, rest, (size_t)(head + length - rest)))
            relay(here, there);
        if (there >= 0)
            close(there);
    }
    free(head);
}

static void *serve_one(void *argument)
{
    int here = (int)(intptr_t)argument;
    const struct timeval patience = { .tv_sec = SECONDS };
    setsockopt(here, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    serve(here);
    close(here);
    return NULL;
}

static void *accept_all(void *argument)
{
    int listener = (int)(intptr_t)argument;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (;;) {
        pthread_t thread;
        int here = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (here < 0 && errno != EINTR && errno != ECONNABORTED)
            return NULL;
        if (here >= 0 && pthread_create(&thread, &detached, serve_one, (void *)(intptr_t)here))
            close(here);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY" };
    struct forkexec_child *child;
    struct forkexec_status status;
    struct forkexec_error error;
    pthread_t thread;
    char address[64];
    if (argc < 3) {
        fputs("usage: agent_proxy HOST[:PORT] COMMAND...\n", stderr);
        return 2;
    }
    char *host = argv[1];
    allowed_port = split_port(&host, NULL);
    allowed_host = host;
    snprintf(address, sizeof address, "http://127.0.0.1:%d", PORT);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], address, 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    struct forkexec_attr *attr = sandbox();
    int failed = forkexec_spawn(attr, argv[2], argv + 2, environ, &child, &error);
    forkexec_attr_free(attr);
    if (failed) {
        fprintf(stderr, "agent_proxy: %s\n", error.message);
        return 125;
    }
    int listener = forkexec_child_listen_fd(child, 0);
    if (listener < 0 || pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener)) {
        fputs("agent_proxy: no proxy\n", stderr);
        forkexec_kill_tree(child);
    }
    while (forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status) == -EINTR)
        ;
    forkexec_close(child);
    return status.signal ? 128 + status.signal : status.exit_code;
}
