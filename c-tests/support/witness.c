/* The program that the tests start. Alone it prints what it sees of itself, to the fd in $WITNESS_FD or to stdout; its
 * arguments, taken in turn, make it do something instead:
 *
 *   see          print all the same (after what came before)
 *   exit N       exit with N               kill SIG     send SIG to itself
 *   abort        abort(3)                  stop         SIGSTOP itself
 *   sleep        for an hour               spin         use the processor for ever
 *   touch PATH   make a file               print TEXT   a line to stdout
 *   fork         leave a child that sleeps (in the same session)
 *   daemon       leave a child that sleeps in a session of its own
 *   eat MIB      touch that much memory    cat FD       copy FD to stdout
 *   connect TO   exit with the errno of connect(2) to a port of 127.0.0.1, a path, or @NAME
 *   ask PORT     the same, and copy what comes from there to stdout
 *   call N A B   exit with the errno of that system call; call32 by the 32-bit door of x86_64
 *   clock N      print that clock's seconds: clock.N
 *   keyring      print number and name of the session keyring
 *   mounts       print mount.POINT for each: options, type and options of the file system
 *   names PATH   print names.PATH: what the directory lists
 *   offsets      print offset.CLOCK of its time namespace
 *   look PATH    print what is there: kind.PATH, mode.PATH, fs.PATH, flags.PATH and, as it fits, text.PATH
 *
 * It is linked statically, so that it runs in an empty root. */
#define _GNU_SOURCE
#include "see.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
    const char *fd = getenv("WITNESS_FD");
    FILE *out = fd ? fdopen(atoi(fd), "w") : stdout;
    if (!out)
        exit(120);
    see(out);
    say(out, "args", "%d", argc);
    for (int i = 0; i < argc; i++) {
        char key[16];
        snprintf(key, sizeof key, "arg.%d", i);
        say(out, key, "%s", argv[i]);
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
    say(stdout, under("fs", path), "%s", name);
    say(stdout, under("size", path), "%llu", (unsigned long long)(with.f_blocks * with.f_frsize));
    say(stdout, under("flags", path), "%s", *list ? list + 1 : "");
}

static void look(const char *path)
{
    struct stat is;
    char bytes[256];
    if (lstat(path, &is)) {
        say(stdout, under("kind", path), "%s", strerror(errno));
        return;
    }
    if (S_ISCHR(is.st_mode))
        say(stdout, under("kind", path), "device %u:%u", major(is.st_rdev), minor(is.st_rdev));
    else
        say(stdout, under("kind", path), "%s", S_ISDIR(is.st_mode) ? "directory" : S_ISLNK(is.st_mode) ? "link" : "file");
    say(stdout, under("mode", path), "%04o", is.st_mode & 07777u);
    say(stdout, under("uid", path), "%u", is.st_uid);
    int fd = S_ISREG(is.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = S_ISLNK(is.st_mode) ? readlink(path, bytes, sizeof bytes) : fd >= 0 ? read(fd, bytes, sizeof bytes) : -1;
    if (n >= 0)
        say(stdout, under("text", path), "%.*s", (int)n, bytes);
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

/* The errno; the arguments in any notation. */
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
    say(stdout, key, "%lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
}

static void tell_keyring(void)
{
    char about[256] = "";
    long number = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
    syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, about, sizeof about - 1, 0);
    const char *name = strrchr(about, ';');
    say(stdout, "keyring", "%ld %s", number, name ? name + 1 : "?");
    unsigned rights = 0;
    sscanf(about, "%*[^;];%*[^;];%*[^;];%x", &rights);
    say(stdout, "keyring_permissions", "%#x", rights);
}

/* Without what differs each time: ids of mounts, devices and peer groups. */
static void tell_mounts(void)
{
    char line[4096], point[2048], with[512], rest[1024];
    FILE *in = fopen("/proc/self/mountinfo", "re");
    while (in && fgets(line, sizeof line, in)) {
        const char *end = strstr(line, " - ");
        if (end && sscanf(line, "%*s %*s %*s %*s %2047s %511s", point, with) == 2 && sscanf(end, " - %1023[^\n]", rest) == 1)
            say(stdout, under("mount", point), "%s %s", with, rest);
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
    say(stdout, under("names", path), "%s", count < 0 ? strerror(errno) : all);
}

static void tell_offsets(void)
{
    char line[256], key[64];
    long long seconds, nanoseconds;
    FILE *in = fopen("/proc/self/timens_offsets", "re");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "%31s %lld %lld", key, &seconds, &nanoseconds) == 3)
            say(stdout, under("offset", key), "%lld %lld", seconds, nanoseconds);
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

/* Memory that is written to, and then run. */
static int makes_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) ? errno : 0;
}

static void nothing_to_do(int signal)
{
    (void)signal;
}

/* The signal interrupts a system call, and that is all. */
static void handle(int signal)
{
    struct sigaction action = { .sa_handler = nothing_to_do };
    sigaction(signal, &action, NULL);
}

/* Does one thing; returns how many arguments it took. */
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
    fprintf(stderr, "witness: no such thing as \"%s\"\n", what);
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
