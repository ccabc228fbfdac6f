/* The program that the tests start. Without arguments it prints its own state (process_state.h) to the descriptor of the
 * number in $REPORTER_FD, or to stdout. With arguments it does these things instead, one after the other:
 *
 *   see          print its state as well
 *   exit N       exit with N               kill SIG     send SIG to itself
 *   abort        abort(3)                  stop         SIGSTOP itself
 *   sleep        for an hour               spin         use the processor for ever
 *   touch PATH   make a file               print TEXT   a line to stdout
 *   remount PATH FLAGS  mount(2) with MS_REMOUNT and these flags; exit with its errno if it fails
 *   fork         leave a child that sleeps (in the same session)
 *   daemon       leave a child that sleeps in a session of its own
 *   eat MIB      touch that much memory    cat FD       copy FD to stdout
 *   connect TO   exit with the errno of connect(2) to a port of 127.0.0.1, a path, or @NAME
 *   ask PORT     connect, and copy what is received to stdout
 *   call N A B   exit with the errno of that system call; call32 with int 0x80 of x86_64
 *   clock N      print that clock's seconds: clock.N
 *   keyring      print number and name of the session keyring
 *   mounts       print mount.POINT for each: options, type and options of the file system
 *   names PATH   print names.PATH: the names in the directory
 *   offsets      print offset.CLOCK of its time namespace
 *   look PATH    print kind.PATH, mode.PATH, fs.PATH, flags.PATH and, for short files, text.PATH
 *
 * It is linked statically, so that it runs in an empty root. */
#define _GNU_SOURCE
#include "process_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static void show(int argc, char **argv)
{
    const char *fd = getenv("REPORTER_FD");
    FILE *out = fd ? fdopen(atoi(fd), "w") : stdout;
    if (!out)
        exit(120);
    print_state(out);
    print_line(out, "args", "%d", argc);
    for (int i = 0; i < argc; i++) {
        char key[16];
        snprintf(key, sizeof key, "arg.%d", i);
        print_line(out, key, "%s", argv[i]);
    }
    if (fflush(out))
        exit(121);
}

static const char *under(const char *what, const char *path)
{
    static char key[4200];
    snprintf(key, sizeof key, "%s.%s", what, path);
    return key;
}

static void look_at_file_system(const char *path)
{
    static const struct { unsigned long magic; const char *name; } kinds[] = { { 0x01021994, "tmpfs" }, { 0x9fa0, "proc" },
        { 0x1cd1, "devpts" }, { 0x794c7630, "overlay" }, { 0x62656572, "sysfs" } };
    static const struct { unsigned long flag; const char *name; } flags[] = { { ST_RDONLY, " ro" }, { ST_NOSUID, " nosuid" },
        { 4, " nodev" }, { 8, " noexec" }, { 1024, " noatime" }, { 2048, " nodiratime" }, { 0x2000, " nosymfollow" } };
    struct statfs in;
    struct statvfs with;
    char list[64] = "";
    const char *name = "other";
    if (statfs(path, &in) || statvfs(path, &with))
        return;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((unsigned long)in.f_type == kinds[i].magic)
            name = kinds[i].name;
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
        if (with.f_flag & flags[i].flag)
            strcat(list, flags[i].name);
    print_line(stdout, under("fs", path), "%s", name);
    print_line(stdout, under("size", path), "%llu", (unsigned long long)(with.f_blocks * with.f_frsize));
    print_line(stdout, under("flags", path), "%s", *list ? list + 1 : "");
}

static void look(const char *path)
{
    struct stat is;
    char bytes[256];
    if (lstat(path, &is)) {
        print_line(stdout, under("kind", path), "%s", strerror(errno));
        return;
    }
    if (S_ISCHR(is.st_mode))
        print_line(stdout, under("kind", path), "device %u:%u", major(is.st_rdev), minor(is.st_rdev));
    else
        print_line(stdout, under("kind", path), "%s", S_ISDIR(is.st_mode) ? "directory" : S_ISLNK(is.st_mode) ? "link" : "file");
    print_line(stdout, under("mode", path), "%04o", is.st_mode & 07777u);
    print_line(stdout, under("uid", path), "%u", is.st_uid);
    int fd = S_ISREG(is.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = S_ISLNK(is.st_mode) ? readlink(path, bytes, sizeof bytes) : fd >= 0 ? read(fd, bytes, sizeof bytes) : -1;
    if (n >= 0)
        print_line(stdout, under("text", path), "%.*s", (int)n, bytes);
    if (fd >= 0)
        close(fd);
    if (!S_ISLNK(is.st_mode))
        look_at_file_system(path);
}

static void leave_child(int own_session)
{
    if (fork())
        return;
    if (own_session)
        setsid();
    sleep(3600);
    _exit(0);
}

static void copy(int from)
{
    char bytes[4096];
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) != 0;)
        if (n < 0 || write(1, bytes, (size_t)n) != n)
            exit(errno);
}

static void eat(size_t mib)
{
    char *memory = malloc(mib << 20);
    if (!memory)
        exit(ENOMEM);
    for (size_t at = 0; at < mib << 20; at += 4096)
        ((volatile char *)memory)[at] = 1;
}

/* The errno of the call. The arguments may be decimal, octal or hexadecimal. */
static int call(char **arg, int by_32)
{
    unsigned long number[3] = { 0 };
    for (int i = 0; i < 3 && arg[i]; i++)
        number[i] = strtoul(arg[i], NULL, 0);
#ifdef __x86_64__
    if (by_32) {
        long answer;
        __asm__ volatile("int $0x80" : "=a"(answer) : "a"(number[0]), "b"(number[1]), "c"(number[2]), "d"(0) : "memory",
            "r8", "r9", "r10", "r11");
        return answer < 0 ? (int)-answer : 0;
    }
#endif
    (void)by_32;
    return syscall((long)number[0], number[1], number[2], 0) < 0 ? errno : 0;
}

static void tell_time(int clock)
{
    struct timespec now;
    char key[32];
    snprintf(key, sizeof key, "clock.%d", clock);
    if (clock_gettime(clock, &now))
        exit(errno);
    print_line(stdout, key, "%lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
}

static void tell_keyring(void)
{
    char about[256] = "";
    long number = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
    syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, about, sizeof about - 1, 0);
    const char *name = strrchr(about, ';');
    print_line(stdout, "keyring", "%ld %s", number, name ? name + 1 : "?");
    unsigned rights = 0;
    sscanf(about, "%*[^;];%*[^;];%*[^;];%x", &rights);
    print_line(stdout, "keyring_permissions", "%#x", rights);
}

/* Without ids of mounts, devices and peer groups, which differ each time. */
static void tell_mounts(void)
{
    char line[4096], point[2048], with[512], rest[1024];
    FILE *in = fopen("/proc/self/mountinfo", "re");
    while (in && fgets(line, sizeof line, in)) {
        const char *end = strstr(line, " - ");
        if (end && sscanf(line, "%*s %*s %*s %*s %2047s %511s", point, with) == 2 && sscanf(end, " - %1023[^\n]", rest) == 1)
            print_line(stdout, under("mount", point), "%s %s", with, rest);
    }
    if (in)
        fclose(in);
}

static int not_a_dot(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

static void tell_names(const char *path)
{
    struct dirent **list;
    char all[8192] = "";
    size_t at = 0;
    int count = scandir(path, &list, not_a_dot, alphasort);
    for (int i = 0; i < count && at < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? " " : "", list[i]->d_name);
    print_line(stdout, under("names", path), "%s", count < 0 ? strerror(errno) : all);
}

static void tell_offsets(void)
{
    char line[256], key[64];
    long long seconds, nanoseconds;
    FILE *in = fopen("/proc/self/timens_offsets", "re");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "%31s %lld %lld", key, &seconds, &nanoseconds) == 3)
            print_line(stdout, under("offset", key), "%lld %lld", seconds, nanoseconds);
    if (in)
        fclose(in);
}

static void connect_to(const char *where)
{
    struct sockaddr_in port = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int is_name = *where == '/' || *where == '@', fd = socket(is_name ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", where);
    if (*where == '@')
        *name.sun_path = 0;
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(where));
    int failed = is_name ? connect(fd, (struct sockaddr *)&name, length) : connect(fd, (struct sockaddr *)&port, sizeof port);
    if (failed)
        exit(errno);
    dup2(fd, 99);
}

/* Writes to memory and then makes it executable. */
static int makes_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) ? errno : 0;
}

static void nothing_to_do(int signal)
{
    (void)signal;
}

/* The handler does nothing, but the signal interrupts a system call. */
static void handle(int signal)
{
    struct sigaction action = { .sa_handler = nothing_to_do };
    sigaction(signal, &action, NULL);
}

/* Does one thing; returns how many arguments it used. */
static int act(char **arg, int argc, char **argv)
{
    const char *what = arg[0], *with = arg[1] ? arg[1] : "";
    int fd;
#define IS(name) (!strcmp(what, name))
    if (IS("see"))
        return show(argc, argv), 1;
    if (IS("exit"))
        exit(atoi(with));
    if (IS("kill"))
        return kill(getpid(), atoi(with)), 2;
    if (IS("handle"))
        return handle(atoi(with)), 2;
    if (IS("abort"))
        abort();
    if (IS("stop"))
        return raise(SIGSTOP), 1;
    if (IS("sleep"))
        return sleep(3600), 1;
    if (IS("spin"))
        for (volatile unsigned turn = 0;; turn++)
            ;
    if (IS("print"))
        return puts(with), fflush(stdout), 2;
    if (IS("touch")) {
        if ((fd = open(with, O_WRONLY | O_CREAT | O_CLOEXEC, 0666)) < 0)
            exit(errno);
        return close(fd), 2;
    }
    if (IS("remount")) {
        if (mount(NULL, with, NULL, MS_REMOUNT | strtoul(arg[2], NULL, 0), NULL))
            exit(errno);
        return 3;
    }
    if (IS("fork") || IS("daemon"))
        return leave_child(IS("daemon")), 1;
    if (IS("eat"))
        return eat((size_t)atoi(with)), 2;
    if (IS("cat"))
        return copy(atoi(with)), 2;
    if (IS("connect"))
        connect_to(with), exit(0);
    if (IS("ask"))
        return connect_to(with), copy(99), 2;
    if (IS("call") || IS("call32"))
        exit(call(arg + 1, IS("call32")));
    if (IS("code"))
        exit(makes_code());
    if (IS("clock"))
        return tell_time(atoi(with)), fflush(stdout), 2;
    if (IS("keyring"))
        return tell_keyring(), fflush(stdout), 1;
    if (IS("mounts"))
        return tell_mounts(), fflush(stdout), 1;
    if (IS("names"))
        return tell_names(with), fflush(stdout), 2;
    if (IS("offsets"))
        return tell_offsets(), fflush(stdout), 1;
    if (IS("look"))
        return look(with), fflush(stdout), 2;
    fprintf(stderr, "reporter: unknown argument \"%s\"\n", what);
    exit(122);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        show(argc, argv);
    for (int i = 1; i < argc;)
        i += act(argv + i, argc, argv);
    return 0;
}
