/* A pseudoterminal that is made for the program, and a TUN or TAP device: the caller gets the other end of each. */
#define _GNU_SOURCE
#include "caller_process.h"
#include "spawn_from_fork.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

static struct forkexec_attr *with_terminal(uint32_t mode)
{
    struct forkexec_attr *attr = new_attr();
    need(exists("/dev/ptmx"), "no /dev/ptmx");
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_set_terminal(attr, 24, 80));
    return attr;
}

static int terminal_of(struct forkexec_child *child)
{
    int fd = forkexec_child_terminal_fd(child);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(forkexec_child_terminal_fd(child), -ENOENT);
    assert_int_equal(forkexec_child_listen_fd(child, 0), -ENOENT);
    assert_int_equal(forkexec_child_tun_fd(child), -ENOENT);
    return fd;
}

/* Everything that the program writes, until no process has the terminal open. */
static const char *read_all(int master)
{
    static char said[65536];
    size_t at = 0;
    struct pollfd ready = { master, POLLIN, 0 };
    for (ssize_t n; at < sizeof said - 1; at += (size_t)n) {
        assert_int_equal(poll(&ready, 1, 10000), 1);
        if ((n = read(master, said + at, sizeof said - 1 - at)) <= 0)
            break;
    }
    said[at] = 0;
    return said;
}

/* The value of a key among the lines that the reporter wrote to its terminal. */
static const char *told(const char *said, const char *key)
{
    const char *line = strstr(said, text("\n%s ", key));
    if (!line)
        return NULL;
    line += strlen(key) + 2;
    return text("%.*s", (int)strcspn(line, "\r\n"), line);
}

/* The reporter prints its state to its terminal. */
static const char *shown(const struct forkexec_attr *attr)
{
    struct forkexec_child *child = start(attr, reporter, (char *[]){ reporter, "print", "", "see", NULL }, NULL);
    int master = terminal_of(child);
    const char *said = text("%s", read_all(master));
    assert_int_equal(finish(child).exit_code, 0);
    close(master);
    return said;
}

static void assert_on_terminal(const char *said)
{
    assert_string_equal(told(said, "sid"), told(said, "pid"));
    assert_string_equal(told(said, "pgid"), told(said, "pid"));
    assert_string_equal(told(said, "fds"), "0 1 2");
    assert_string_equal(told(said, "fd.0"), told(said, "fd.1"));
    assert_string_equal(told(said, "fd.0"), told(said, "fd.2"));
    assert_int_equal(strncmp(told(said, "fd.0"), "/dev/pts/", 9), 0);
}

TEST_BOTH(a_terminal_of_the_programs_own)
{
    EACH_MODE(mode) {
        const char *said = shown(with_terminal(*mode));
        assert_on_terminal(said);
        assert_string_not_equal(told(said, "tty"), "none");
    }
}

TEST_BOTH(the_size_of_the_terminal)
{
    struct forkexec_attr *attr = with_terminal(FORKEXEC_MEMORY_AUTO);
    for (int turn = 0; turn < 2; turn++) {
        struct winsize size;
        struct forkexec_child *child = start_reporter(attr, "sleep");
        int master = terminal_of(child);
        assert_int_equal(ioctl(master, TIOCGWINSZ, &size), 0);
        assert_int_equal(size.ws_row, turn ? 0 : 24);
        assert_int_equal(size.ws_col, turn ? 0 : 80);
        forkexec_signal(child, SIGKILL);
        finish(child);
        close(master);
        OK(forkexec_attr_set_terminal(attr, 0, 0));
    }
}

/* Typed characters can be read, Ctrl-C interrupts, and closing the caller's end sends SIGHUP. */
TEST_BOTH(typed_by_the_caller)
{
    struct forkexec_child *child = start_reporter(with_terminal(FORKEXEC_MEMORY_AUTO), "cat", "0");
    int master = terminal_of(child);
    assert_int_equal(write(master, "hello\n\4", 7), 7);
    assert_string_equal(read_all(master), "hello\r\nhello\r\n");
    assert_int_equal(finish(child).exit_code, 0);
    close(master);
    child = start_reporter(with_terminal(FORKEXEC_MEMORY_AUTO), "print", "ready", "cat", "0");
    char ready[16] = "";
    master = terminal_of(child);
    for (ssize_t n, at = 0; !strchr(ready, '\n'); at += n)
        assert_true((n = read(master, ready + at, sizeof ready - 1 - (size_t)at)) > 0);
    assert_int_equal(write(master, "\3", 1), 1);
    assert_int_equal(finish(child).signal, SIGINT);
    close(master);
    child = start_reporter(with_terminal(FORKEXEC_MEMORY_AUTO), "sleep");
    close(terminal_of(child));
    assert_int_equal(finish(child).signal, SIGHUP);
}

/* Numbers that map_fd sets keep what it sets. The other standard numbers are the terminal, even if the caller has something
 * else open there. */
TEST_BOTH(beside_descriptors_of_the_callers)
{
    EACH_MODE(mode) {
        int out[2];
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        struct forkexec_attr *attr = with_terminal(*mode);
        OK(forkexec_attr_map_fd(attr, out[1], 2));
        OK(forkexec_attr_map_fd(attr, out[1], 7));
        OK(forkexec_attr_dup_fd(attr, 0, 9));
        const char *said = shown(attr);
        assert_string_equal(told(said, "fds"), "0 1 2 7 9");
        assert_string_equal(told(said, "fd.0"), told(said, "fd.9"));
        assert_string_equal(told(said, "fd.2"), told(said, "fd.7"));
        assert_int_equal(strncmp(told(said, "fd.2"), "pipe:", 5), 0);
        close(out[0]), close(out[1]);
    }
}

static void without_streams(void *mode)
{
    struct forkexec_attr *attr = with_terminal(*(const uint32_t *)mode);
    struct forkexec_error error;
    struct forkexec_child *child;
    struct stat is;
    int saved = fcntl(1, F_DUPFD_CLOEXEC, 50), out[2];
    must(!pipe2(out, O_CLOEXEC));
    must(dup2(out[1], 60) == 60 && dup2(out[0], 61) == 61);
    for (int fd = 0; fd < 10; fd++)
        close(fd);
    must(!forkexec_attr_map_fd(attr, 60, 5));
    int result = forkexec_spawn(attr, reporter, REPORTER("see"), (char *[]){ "REPORTER_FD=5", NULL }, &child, &error);
    dup2(saved, 1);
    must_start(result, &error);
    int master = forkexec_child_terminal_fd(child);
    must(master >= 0 && !fstat(master, &is));
    must(!forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0));
    static char said[65536];
    ssize_t n = read(61, said, sizeof said - 1);
    must(n > 0 && strstr(said, "\nfds 0 1 2 5\n") && strstr(said, "fd.0 /dev/pts/") && strstr(said, "\nfd.2 /dev/pts/"));
    forkexec_close(child);
}

TEST(a_caller_without_standard_streams)
{
    EACH_MODE(mode) {
        with_terminal(*mode);
        assert_in_caller(without_streams, (void *)mode);
    }
}

/* The terminal belongs to the devpts that mount_dev mounts in the program's root, and to the program's user. */
static struct forkexec_attr *rooted(void)
{
    struct forkexec_attr *attr = with_terminal(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID));
    map_own_ids(attr, 0, 0);
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, reporter, reporter, FORKEXEC_MOUNT_CREATE));
    return attr;
}

TEST_BOTH(in_a_root_of_its_own)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = rooted();
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_TERMINAL, ENOENT, -1);
    OK(forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
    for (int init = 0; init < 2; init++) {
        struct forkexec_child *child = start(attr, reporter,
            (char *[]){ reporter, "print", "", "look", "/dev/pts/0", "look", "/dev/pts/1", "see", NULL }, NULL);
        int master = terminal_of(child);
        const char *said = text("%s", read_all(master));
        assert_int_equal(finish(child).exit_code, 0);
        close(master);
        assert_string_equal(told(said, "kind./dev/pts/0"), text("device %u:%u", 136, 0));
        assert_string_equal(told(said, "uid./dev/pts/0"), "0");
        assert_string_equal(told(said, "kind./dev/pts/1"), "No such file or directory");
        assert_string_equal(told(said, "fd.0"), "/dev/pts/0");
        assert_string_equal(told(said, "fds"), "0 1 2");
        /* With an init: the init leads the session, and the program still has the terminal. */
        assert_string_equal(told(said, "sid"), "1");
        assert_string_not_equal(told(said, "tty"), "none");
        OK(forkexec_attr_set_init(attr));
    }
}

/* mount_dev needs id 0. For other ids the child creates a second user namespace. */
TEST_BOTH(in_a_root_under_other_ids)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = with_terminal(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID));
    map_own_ids(attr, 7, 8);
    OK(forkexec_attr_set_root(attr, NULL, 0));
    OK(forkexec_attr_bind_mount(attr, reporter, reporter, FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE));
    OK(forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE));
    for (int own = 0; own < 2; own++) {
        struct forkexec_child *child = start(attr, reporter,
            (char *[]){ reporter, "print", "", "look", "/dev/pts/0", "see", NULL }, NULL);
        int master = terminal_of(child);
        const char *said = text("%s", read_all(master));
        assert_int_equal(finish(child).exit_code, 0);
        close(master);
        assert_string_equal(told(said, "uid./dev/pts/0"), "7");
        assert_string_equal(told(said, "fd.0"), "/dev/pts/0");
        OK(forkexec_attr_set_uid(attr, 7));
        OK(forkexec_attr_set_gid(attr, 8));
        OK(forkexec_attr_keep_groups(attr));
    }
}

/* A file at /dev/ptmx in a root that another user prepared. */
TEST_BOTH(another_device_of_that_name)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = rooted();
    OK(forkexec_attr_bind_mount(attr, "/dev/null", "/dev/ptmx", FORKEXEC_MOUNT_CREATE));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_TERMINAL, ENODEV, -1);
    attr = rooted();
    OK(forkexec_attr_make_file(attr, "/dev/ptmx", NULL, 0, 0666));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_TERMINAL, ENODEV, -1);
}

TEST_BOTH(a_terminal_of_the_programs_user)
{
    need_root();
    struct forkexec_attr *attr = with_terminal(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_set_uid(attr, 4444));
    OK(forkexec_attr_set_gid(attr, 4444));
    struct forkexec_child *child = start_reporter(attr, "sleep");
    int master = terminal_of(child);
    struct stat is;
    char path[64];
    assert_int_equal(ptsname_r(master, path, sizeof path), 0);
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_uid, 4444);
    forkexec_signal(child, SIGKILL);
    finish(child);
    close(master);
}

/* In a joined pid namespace the process that becomes the program leads the session. */
TEST_BOTH(in_a_pid_namespace_that_is_joined)
{
    need_native();
    need_user_namespaces();
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
    if (geteuid())
        map_own_ids(attr, 0, 0);
    struct forkexec_child *holder = hold_namespaces(attr);
    attr = with_terminal(FORKEXEC_MEMORY_AUTO);
    OK(forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(holder), and_user(FORKEXEC_NS_PID)));
    struct forkexec_child *child = start_reporter(attr, "print", "ready", "cat", "0");
    int master = terminal_of(child);
    struct pollfd ready = { master, POLLIN, 0 };
    assert_int_equal(poll(&ready, 1, 10000), 1);
    pid_t leader = 0;
    assert_int_equal(ioctl(master, TIOCGSID, &leader), 0);
    assert_int_equal(leader, forkexec_child_pid(child));
    assert_int_equal(getsid(forkexec_child_pid(child)), forkexec_child_pid(child));
    assert_int_equal(write(master, "\4", 1), 1);
    assert_string_equal(read_all(master), "ready\r\n");
    assert_int_equal(finish(child).exit_code, 0);
    close(master);
    forkexec_close(holder);
}

/* The terminal can be used while the child is held. */
TEST(before_there_is_a_program)
{
    struct forkexec_child *child = start_held(with_terminal(FORKEXEC_MEMORY_AUTO), REPORTER("cat", "0"));
    struct forkexec_error error;
    assert_non_null(child);
    int master = terminal_of(child);
    assert_int_equal(write(master, "early\n\4", 7), 7);
    OK(forkexec_release(child, FORKEXEC_FOREVER, &error));
    assert_string_equal(read_all(master), "early\r\nearly\r\n");
    assert_int_equal(finish(child).exit_code, 0);
    close(master);
    forkexec_close(child);
}

/* The process tree of the program is the process group of its session. */
TEST_BOTH(killed_with_its_group)
{
    struct forkexec_child *child = start_reporter(with_terminal(FORKEXEC_MEMORY_AUTO), "fork", "print", "ready", "sleep");
    int master = terminal_of(child);
    struct pollfd ready = { master, POLLIN, 0 };
    assert_int_equal(poll(&ready, 1, 10000), 1);
    assert_int_equal(forkexec_kill_tree(child), 0);
    assert_string_equal(read_all(master), "ready\r\n");
    assert_int_equal(finish(child).signal, SIGKILL);
    close(master);
}

/* A network device. */

static struct forkexec_attr *with_device(uint32_t mode, const char *name, uint32_t flags)
{
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_TUN);
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_memory_mode(attr, mode));
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_NET)));
    if (geteuid())
        map_own_ids(attr, 0, 0);
    OK(forkexec_attr_open_tun(attr, name, flags));
    return attr;
}

static const char *device_of(struct forkexec_child *child, short flags)
{
    struct ifreq device = { .ifr_flags = 0 };
    int fd = forkexec_child_tun_fd(child);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(forkexec_child_tun_fd(child), -ENOENT);
    assert_int_equal(ioctl(fd, TUNGETIFF, &device), 0);
    assert_int_equal(device.ifr_flags & (IFF_TUN | IFF_TAP), flags);
    close(fd);
    return text("%s", device.ifr_name);
}

TEST_BOTH(a_network_device)
{
    EACH_MODE(mode) {
        struct forkexec_attr *attr = with_device(*mode, "proxy0", IFF_TUN | IFF_NO_PI);
        struct view *view = run_reporter(attr);
        assert_saw(view, "net.proxy0", "down");
        assert_saw(view, "fds", "0 1 2");
        struct forkexec_child *child = start_reporter(attr, "exit", "0");
        assert_string_equal(device_of(child, IFF_TUN), "proxy0");
        assert_int_equal(finish(child).exit_code, 0);
        /* The device is not among the caller's. */
        assert_int_equal(if_nametoindex("proxy0"), 0);
    }
}

TEST_BOTH(a_device_name_chosen_by_the_kernel)
{
    struct forkexec_child *child = start_reporter(with_device(FORKEXEC_MEMORY_AUTO, NULL, IFF_TAP), "exit", "0");
    assert_string_equal(device_of(child, IFF_TAP), "tap0");
    finish(child);
    child = start_reporter(with_device(FORKEXEC_MEMORY_AUTO, "vpn%d", IFF_TUN), "exit", "0");
    assert_string_equal(device_of(child, IFF_TUN), "vpn0");
    finish(child);
}

/* The terminal, the device and a socket arrive in one message. */
TEST_BOTH(with_a_terminal_and_a_socket)
{
    struct forkexec_attr *attr = with_device(FORKEXEC_MEMORY_AUTO, "proxy0", IFF_TUN | IFF_NO_PI);
    static const char at[] = "\1\0\0forkexec terminal";
    OK(forkexec_attr_set_terminal(attr, 0, 0));
    OK(forkexec_attr_listen(attr, 1, at, sizeof at - 1, 1));
    struct forkexec_child *child = start_reporter(attr, "print", "all");
    assert_string_equal(device_of(child, IFF_TUN), "proxy0");
    int listener = forkexec_child_listen_fd(child, 0), master = forkexec_child_terminal_fd(child);
    assert_string_equal(read_all(master), "all\r\n");
    assert_true(listener >= 0);
    assert_int_equal(finish(child).exit_code, 0);
    close(listener), close(master);
}

TEST_BOTH(a_device_name_that_is_in_use)
{
    struct forkexec_attr *attr = with_device(FORKEXEC_MEMORY_AUTO, "lo", IFF_TUN);
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_TUN, EINVAL, -1);
}

TEST_BOTH(a_device_without_the_privilege)
{
    need_root();
    need_probe(FORKEXEC_PROBE_TUN);
    static const char *const names[] = { "forkexec0" };
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    map_own_ids(attr, 0, 0);
    OK(forkexec_attr_open_tun(attr, names[0], IFF_TUN));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_TUN, EPERM, -1);
    assert_int_equal(if_nametoindex(names[0]), 0);
}
