/* Sockets that are bound and listen in the program's namespaces and root, and belong to the caller. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "spawn_from_fork.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct sockaddr_in port_of(const char *address, uint16_t port)
{
    struct sockaddr_in it = { .sin_family = AF_INET, .sin_port = htons(port) };
    assert_int_equal(inet_pton(AF_INET, address, &it.sin_addr), 1);
    return it;
}

static void listens_at(struct forkexec_attr *attr, uint16_t port)
{
    struct sockaddr_in at = port_of("127.0.0.1", port);
    OK(forkexec_attr_listen(attr, SOCK_STREAM, &at, sizeof at, 8));
}

static struct sockaddr_un name_of(const char *name, size_t *length)
{
    struct sockaddr_un it = { .sun_family = AF_UNIX };
    memcpy(it.sun_path, name, strlen(name));
    if (*name == '@')
        *it.sun_path = 0;
    *length = offsetof(struct sockaddr_un, sun_path) + strlen(name);
    return it;
}

static void listens_under(struct forkexec_attr *attr, int type, const char *name)
{
    size_t length;
    struct sockaddr_un at = name_of(name, &length);
    OK(forkexec_attr_listen(attr, type, &at, length, 8));
}

/* A network namespace whose loopback interface is up. */
static struct forkexec_attr *networked(uint32_t mode, uint32_t more)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_NET | more)));
    OK(forkexec_attr_set_loopback(attr));
    if (geteuid())
        map_own_ids(attr, 0, 0);
    return attr;
}

static int socket_of(struct forkexec_child *child, uint32_t index)
{
    int fd = forkexec_child_listen_fd(child, index);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(forkexec_child_listen_fd(child, index), -ENOENT);
    return fd;
}

/* A client in the namespace connects and receives a few bytes. */
static void answer(int listener, const char *text)
{
    struct pollfd ready = { listener, POLLIN, 0 };
    assert_int_equal(poll(&ready, 1, 10000), 1);
    int peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    if (*text)
        assert_int_equal(write(peer, text, strlen(text)), (ssize_t)strlen(text));
    close(peer);
}

TEST_BOTH(the_caller_accepts_what_the_program_connects_to)
{
    need_user_namespaces();
    EACH_MODE(mode) {
        struct forkexec_attr *attr = networked(*mode, 0);
        listens_at(attr, 80);
        struct forkexec_child *child = start_reporter(attr, "connect", "80");
        int listener = socket_of(child, 0);
        assert_int_equal(forkexec_child_listen_fd(child, 1), -ENOENT);
        answer(listener, "");
        assert_int_equal(finish(child).exit_code, 0);
        close(listener);
    }
}

TEST_BOTH(the_program_receives_what_the_caller_sends)
{
    need_user_namespaces();
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    struct forkexec_attr *attr = networked(FORKEXEC_MEMORY_AUTO, 0);
    listens_at(attr, 3128);
    OK(forkexec_attr_map_fd(attr, out[1], 1));
    struct forkexec_child *child = start_reporter(attr, "ask", "3128");
    int listener = socket_of(child, 0);
    char text[16] = "";
    answer(listener, "by the caller");
    assert_int_equal(finish(child).exit_code, 0);
    assert_int_equal(read(out[0], text, sizeof text - 1), 13);
    assert_string_equal(text, "by the caller");
    close(listener), close(out[0]), close(out[1]);
}

/* One socket of each kind, in the order of the calls. The program itself has none of them. */
TEST_BOTH(several_sockets)
{
    need_user_namespaces();
    EACH_MODE(mode) {
        struct forkexec_attr *attr = networked(*mode, 0);
        struct sockaddr_in any = port_of("0.0.0.0", 0);
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(4000), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        bool has_six = exists("/proc/sys/net/ipv6");
        static const int domains[] = { AF_INET, AF_INET, AF_UNIX, AF_UNIX, AF_INET6 };
        static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM, SOCK_SEQPACKET, SOCK_STREAM };
        listens_at(attr, 1);
        OK(forkexec_attr_listen(attr, SOCK_DGRAM, &any, sizeof any, 0));
        listens_under(attr, SOCK_STREAM, "@inside");
        listens_under(attr, SOCK_SEQPACKET, "@inside too");
        if (has_six)
            OK(forkexec_attr_listen(attr, SOCK_STREAM, &six, sizeof six, 1));
        struct view *view = run_reporter(attr);
        assert_saw(view, "fds", "0 1 2");
        struct forkexec_child *child = start_reporter(attr, "connect", "@inside");
        for (uint32_t i = has_six ? 5 : 4; i-- > 0;) {
            int fd = socket_of(child, i), is[3];
            socklen_t size = sizeof *is;
            OK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &is[0], &size));
            OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &is[1], &size));
            OK(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is[2], &size));
            assert_int_equal(is[0], domains[i]);
            assert_int_equal(is[1], types[i]);
            assert_int_equal(is[2], types[i] != SOCK_DGRAM);
            if (i == 2)
                answer(fd, "");
            close(fd);
        }
        assert_int_equal(finish(child).exit_code, 0);
    }
}

TEST_BOTH(as_many_as_there_may_be)
{
    need_user_namespaces();
    struct forkexec_attr *attr = networked(FORKEXEC_MEMORY_AUTO, 0);
    for (uint16_t i = 0; i < 32; i++)
        listens_at(attr, (uint16_t)(1000 + i));
    struct forkexec_child *child = start_reporter(attr, "exit", "3");
    for (uint32_t i = 0; i < 32; i += 31) {
        struct sockaddr_in at;
        socklen_t size = sizeof at;
        int fd = socket_of(child, i);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
        assert_int_equal(ntohs(at.sin_port), 1000 + i);
        close(fd);
    }
    assert_int_equal(finish(child).exit_code, 3);
}

/* The path lies in the program's root, and its mode depends on the umask. */
TEST_BOTH(a_path_in_the_programs_root)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = networked(FORKEXEC_MEMORY_AUTO, FORKEXEC_NS_MOUNT);
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, reporter, reporter, FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_make_directory(attr, "/run", 0755));
    OK(forkexec_attr_set_umask(attr, 027));
    listens_under(attr, SOCK_STREAM, "/run/proxy");
    struct forkexec_child *child = start_reporter(attr, "connect", "/run/proxy");
    int listener = socket_of(child, 0);
    answer(listener, "");
    assert_int_equal(finish(child).exit_code, 0);
    close(listener);
    assert_false(exists("/run/proxy"));
}

TEST_BOTH(a_path_without_a_root)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        struct stat is;
        const char *path = scratch_path(text("proxy-%u", *mode));
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        OK(forkexec_attr_set_umask(attr, 027));
        listens_under(attr, SOCK_STREAM, path);
        struct forkexec_child *child = start_reporter(attr, "connect", (char *)path);
        int listener = socket_of(child, 0);
        answer(listener, "");
        assert_int_equal(finish(child).exit_code, 0);
        close(listener);
        assert_int_equal(stat(path, &is), 0);
        assert_int_equal(is.st_mode, S_IFSOCK | 0750);
        /* An existing file is never replaced. */
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LISTEN, EADDRINUSE, 0);
        unlink(path);
    }
}

/* The sockets are there as soon as the child is held, and also for a holder, which never runs a program. */
TEST(before_there_is_a_program)
{
    need_user_namespaces();
    EACH_MODE(mode) {
        struct forkexec_attr *attr = networked(*mode, 0), *joins = new_attr();
        struct forkexec_error error;
        listens_at(attr, 80);
        struct forkexec_child *child = start_held(attr, REPORTER("connect", "80"));
        assert_non_null(child);
        int listener = socket_of(child, 0);
        OK(forkexec_release(child, FORKEXEC_FOREVER, &error));
        answer(listener, "");
        assert_int_equal(finish(child).exit_code, 0);
        close(listener);
        forkexec_close(child);
        if (*mode == FORKEXEC_MEMORY_COPIED)
            continue;
        struct forkexec_child *holder = hold_namespaces(attr);
        listener = socket_of(holder, 0);
        OK(forkexec_attr_join_pidfd(joins, forkexec_child_pidfd(holder), and_user(FORKEXEC_NS_NET)));
        child = start_reporter(joins, "connect", "80");
        answer(listener, "");
        assert_int_equal(finish(child).exit_code, 0);
        close(listener);
        forkexec_close(holder);
    }
}

/* In a joined namespace, where another process may use the port. */
TEST_BOTH(a_port_in_use_inside)
{
    need_user_namespaces();
    struct forkexec_attr *attr = networked(FORKEXEC_MEMORY_AUTO, 0), *joins = new_attr();
    listens_at(attr, 80);
    struct forkexec_child *holder = hold_namespaces(attr);
    int listener = socket_of(holder, 0);
    OK(forkexec_attr_join_pidfd(joins, forkexec_child_pidfd(holder), and_user(FORKEXEC_NS_NET)));
    listens_at(joins, 81);
    struct forkexec_child *child = start_reporter(joins, "connect", "81");
    int second = socket_of(child, 0);
    answer(second, "");
    assert_int_equal(finish(child).exit_code, 0);
    close(second);
    listens_at(joins, 80);
    assert_spawn_fails(joins, NULL, FORKEXEC_STAGE_LISTEN, EADDRINUSE, 1);
    close(listener);
    forkexec_close(holder);
}

/* Two sockets cannot have the same address, whether they are stream or datagram sockets. */
TEST_BOTH(the_same_address_twice)
{
    need_user_namespaces();
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
    struct sockaddr_in at = port_of("127.0.0.1", 53);
    for (int i = 0; i < 2; i++) {
        struct forkexec_attr *attr = networked(FORKEXEC_MEMORY_AUTO, 0);
        OK(forkexec_attr_listen(attr, types[i], &at, sizeof at, 1));
        OK(forkexec_attr_listen(attr, types[1 - i], &at, sizeof at, 1));
        assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
        OK(forkexec_attr_listen(attr, types[i], &at, sizeof at, 1));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LISTEN, EADDRINUSE, 2);
    }
}

TEST_BOTH(an_address_of_no_interface)
{
    need_user_namespaces();
    struct sockaddr_in at = port_of("192.0.2.1", 80);
    struct forkexec_attr *attr = networked(FORKEXEC_MEMORY_AUTO, 0);
    listens_at(attr, 80);
    OK(forkexec_attr_listen(attr, SOCK_STREAM, &at, sizeof at, 1));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LISTEN, EADDRNOTAVAIL, 1);
    attr = new_attr();
    listens_under(attr, SOCK_STREAM, "/nonexistent/proxy");
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_LISTEN, ENOENT, 0);
}

/* Together with a seccomp listener, whose descriptor comes through the same socket. */
TEST_BOTH(beside_a_filter_with_a_listener)
{
    need_native();
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_SECCOMP_LISTENER);
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    EACH_MODE(mode) {
        struct forkexec_attr *attr = networked(*mode, 0);
        listens_at(attr, 80);
        OK(forkexec_attr_set_no_new_privs(attr));
        OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, FORKEXEC_SECCOMP_LISTENER));
        struct forkexec_child *child = start_reporter(attr, "connect", "80");
        int listener = socket_of(child, 0), asked = forkexec_child_seccomp_fd(child);
        assert_true(asked >= 0);
        answer(listener, "");
        assert_int_equal(finish(child).exit_code, 0);
        close(listener), close(asked);
    }
}

TEST_BOTH(with_every_clone)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = networked(FORKEXEC_MEMORY_AUTO, FORKEXEC_NS_PID);
    listens_at(attr, 80);
    OK(forkexec_attr_set_init(attr));
    struct forkexec_child *child = start_reporter(attr, "connect", "80");
    int listener = socket_of(child, 0);
    answer(listener, "");
    assert_int_equal(finish(child).exit_code, 0);
    close(listener);
    attr = networked(FORKEXEC_MEMORY_AUTO, 0);
    listens_at(attr, 80);
    OK(forkexec_attr_measure_memory(attr));
    child = start_reporter(attr, "connect", "80");
    listener = socket_of(child, 0);
    answer(listener, "");
    assert_int_equal(finish(child).exit_code, 0);
    close(listener);
}

/* The child may bind a low port before execve, whatever capabilities the program keeps. */
TEST_BOTH(a_low_port_without_capabilities)
{
    need_user_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_NET));
    OK(forkexec_attr_set_loopback(attr));
    OK(forkexec_attr_drop_capabilities(attr));
    OK(forkexec_attr_set_no_new_privs(attr));
    map_own_ids(attr, 0, 0);
    listens_at(attr, 443);
    struct forkexec_child *child = start_reporter(attr, "connect", "443");
    int listener = socket_of(child, 0);
    answer(listener, "");
    assert_int_equal(finish(child).exit_code, 0);
    close(listener);
}

/* recvmsg(2) drops descriptors for which there is no free number. */
static void ask_without_descriptors(void *held)
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_error error;
    struct forkexec_child *child;
    size_t length;
    struct sockaddr_un at = name_of("@forkexec handed one", &length), other = name_of("@forkexec handed two", &length);
    must(!forkexec_attr_listen(attr, SOCK_STREAM, &at, length, 1));
    must(!forkexec_attr_listen(attr, SOCK_STREAM, &other, length, 1));
    must_start((held ? forkexec_start : forkexec_spawn)(attr, reporter, REPORTER("connect", "@forkexec handed two"), NULL,
        &child, &error), &error);
    must(!setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, 64 }));
    int last = -1;
    for (int fd; (fd = dup(0)) >= 0;)
        last = fd;
    must(errno == EMFILE);
    must(forkexec_child_listen_fd(child, 1) == -EMFILE);
    close(last);
    must(forkexec_child_listen_fd(child, 1) == -EMFILE);
    close(last - 1);
    if (held)
        must_start(forkexec_release(child, FORKEXEC_FOREVER, &error), &error);
    int fd = forkexec_child_listen_fd(child, 1);
    must(fd >= 0);
    close(forkexec_child_listen_fd(child, 0));
    must(accept(fd, NULL, NULL) >= 0);
    must(!forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0));
    must(forkexec_child_listen_fd(child, 0) == -ENOENT);
    forkexec_close(child);
    forkexec_attr_free(attr);
}

TEST(no_descriptor_left_for_a_socket)
{
    need_native();
    assert_in_caller(ask_without_descriptors, NULL);
    assert_in_caller(ask_without_descriptors, "held");
}

/* A socket that nobody takes is closed with the child. A socket that was taken stays the caller's. */
TEST(closed_with_the_child)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        listens_under(attr, SOCK_STREAM, "@forkexec handed asked");
        listens_under(attr, SOCK_STREAM, "@forkexec handed not");
        struct forkexec_child *child = start_held(attr, REPORTER("exit", "0"));
        assert_non_null(child);
        int listener = socket_of(child, 0);
        forkexec_close(child);
        assert_int_equal(reporter_exits(new_attr(), "connect", "@forkexec handed not"), ECONNREFUSED);
        child = start_reporter(new_attr(), "connect", "@forkexec handed asked");
        answer(listener, "");
        assert_int_equal(finish(child).exit_code, 0);
        close(listener);
    }
}

/* A child that was released and then detached outlives the caller. */
static void give_up(void *unused)
{
    (void)unused;
    struct forkexec_attr *attr = new_attr();
    struct forkexec_error error;
    size_t length;
    struct sockaddr_un at = name_of("@forkexec handed given up", &length);
    must(!forkexec_attr_listen(attr, SOCK_STREAM, &at, length, 1));
    must(!forkexec_attr_set_stop(attr));
    must(!forkexec_attr_set_no_new_privs(attr));
    struct forkexec_child *child = start_held(attr, REPORTER("exit", "0"));
    must(child && forkexec_release(child, 1000000, &error) == -ETIMEDOUT);
    printf("%d\n", forkexec_child_pid(child));
    must(!forkexec_detach(child));
}

TEST(detached_before_execve)
{
    need_native();
    int out[2];
    char text[32] = "";
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        give_up(NULL);
        fflush(stdout);
        _exit(0);
    }
    assert_int_equal(wait_status_of(pid), 0);
    assert_true(read(out[0], text, sizeof text - 1) > 0);
    pid_t child = atoi(text);
    assert_true(child > 0);
    for (double end = seconds() + 10; strcmp(status_of(child, "State"), "T (stopped)") && seconds() < end; usleep(1000))
        ;
    assert_string_equal(status_of(child, "State"), "T (stopped)");
    kill(child, SIGKILL);
    assert_true(ends(child));
    close(out[0]), close(out[1]);
}

TEST(in_another_process)
{
    struct forkexec_attr *attr = new_attr();
    listens_under(attr, SOCK_STREAM, "@forkexec handed elsewhere");
    struct forkexec_child *child = start_reporter(attr, "sleep");
    pid_t pid = fork();
    if (pid == 0)
        _exit(forkexec_child_listen_fd(child, 0) == -ESRCH ? 0 : 1);
    assert_int_equal(wait_status_of(pid), 0);
    close(socket_of(child, 0));
    assert_int_equal(forkexec_child_listen_fd(NULL, 0), -EINVAL);
    forkexec_signal(child, SIGKILL);
    finish(child);
}

static struct forkexec_attr *new_net(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_NET)));
    return attr;
}

/* The loopback interface of a new namespace is down, but every address can be listened on. */
TEST_BOTH(a_loopback_interface_that_is_down)
{
    need_user_namespaces();
    struct sockaddr_in any = port_of("0.0.0.0", 80);
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct forkexec_attr *attr = new_net();
    OK(forkexec_attr_listen(attr, SOCK_STREAM, &any, sizeof any, 1));
    assert_int_equal(reporter_exits(attr, "exit", "3"), 3);
    listens_at(attr, 80);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, 1);
    attr = new_net();
    OK(forkexec_attr_listen(attr, SOCK_STREAM, &six, sizeof six, 1));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, 0);
}
