/* process_state.h says what is printed, and for whom. */
#define _GNU_SOURCE
#include "process_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

/* net/if.h and linux/if.h cannot both be included. */
struct if_nameindex { unsigned int if_index; char *if_name; };
struct if_nameindex *if_nameindex(void);
void if_freenameindex(struct if_nameindex *);

void print_line(FILE *out, const char *key, const char *format, ...)
{
    char *value = NULL;
    va_list list;
    va_start(list, format);
    if (vasprintf(&value, format, list) < 0)
        abort();
    va_end(list);
    fprintf(out, "%s ", key);
    for (const unsigned char *c = (unsigned char *)value; *c; c++)
        if (*c < ' ' || *c == 0x7f || *c == '\\')
            fprintf(out, "\\x%02x", *c);
        else
            putc(*c, out);
    putc('\n', out);
    free(value);
}

/* "what.name", as a key. */
static const char *under(const char *what, const char *name)
{
    static char key[512];
    snprintf(key, sizeof key, "%s.%.255s", what, name);
    return key;
}

static const char *number(long n)
{
    static char text[24];
    snprintf(text, sizeof text, "%ld", n);
    return text;
}

static void say_link(FILE *out, const char *key, const char *path)
{
    char target[4096];
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n < 0 ? 0 : n] = 0;
    print_line(out, key, "%s", n < 0 ? "?" : target);
}

/* The rest of the first line that begins with `prefix`. */
static void say_line(FILE *out, const char *key, const char *path, const char *prefix)
{
    char line[4096];
    FILE *in = fopen(path, "re");
    while (in && fgets(line, sizeof line, in)) {
        if (strncmp(line, prefix, strlen(prefix)))
            continue;
        line[strcspn(line, "\n")] = 0;
        const char *value = line + strlen(prefix);
        print_line(out, key, "%s", value + strspn(value, " \t"));
        fclose(in);
        return;
    }
    if (in)
        fclose(in);
    print_line(out, key, "?");
}

static void see_ids(FILE *out)
{
    uid_t r, e, s;
    getresuid(&r, &e, &s);
    print_line(out, "uid", "%u %u %u %u", r, e, s, (unsigned)setfsuid((uid_t)-1));
    getresgid(&r, &e, &s);
    print_line(out, "gid", "%u %u %u %u", r, e, s, (unsigned)setfsgid((gid_t)-1));

    char text[16 * 1024] = "";
    gid_t groups[1024];
    int n = getgroups(1024, groups);
    for (int i = 0, at = 0; i < n && at < (int)sizeof text - 16; i++)
        at += sprintf(text + at, i ? " %u" : "%u", groups[i]);
    print_line(out, "groups", "%s", n < 0 ? "?" : text);
}

static void see_capabilities(FILE *out)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct set[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    syscall(SYS_capget, &header, set);
#define SET(name) ((unsigned long long)set[1].name << 32 | set[0].name)
    print_line(out, "cap.permitted", "%016llx", SET(permitted));
    print_line(out, "cap.effective", "%016llx", SET(effective));
    print_line(out, "cap.inheritable", "%016llx", SET(inheritable));

    unsigned long long bounding = 0, ambient = 0;
    for (unsigned long i = 0; i < 64; i++) {
        bounding |= (unsigned long long)(prctl(PR_CAPBSET_READ, i) == 1) << i;
        ambient |= (unsigned long long)(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) << i;
    }
    print_line(out, "cap.bounding", "%016llx", bounding);
    print_line(out, "cap.ambient", "%016llx", ambient);
    print_line(out, "securebits", "%#x", (unsigned)prctl(PR_GET_SECUREBITS));
    print_line(out, "no_new_privs", "%d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    print_line(out, "seccomp", "%d", prctl(PR_GET_SECCOMP));
    print_line(out, "keepcaps", "%d", prctl(PR_GET_KEEPCAPS));
    print_line(out, "dumpable", "%d", prctl(PR_GET_DUMPABLE));
    print_line(out, "secure", "%lu", getauxval(AT_SECURE));
}

static void see_limits(FILE *out)
{
    static const char *const names[] = { "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK",
        "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME" };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        char half[2][24] = { "unlimited", "unlimited" };
        uint64_t limit[2] = { 0, 0 };
        syscall(SYS_prlimit64, 0, i, NULL, limit);
        for (int h = 0; h < 2; h++)
            if (limit[h] != UINT64_MAX)
                snprintf(half[h], sizeof half[h], "%llu", (unsigned long long)limit[h]);
        print_line(out, under("rlimit", names[i]), "%s %s", half[0], half[1]);
    }

    mode_t mask = umask(0);
    umask(mask);
    print_line(out, "umask", "%03o", mask);
    errno = 0;
    print_line(out, "nice", "%d", getpriority(PRIO_PROCESS, 0));

    cpu_set_t cpus;
    char list[8 * CPU_SETSIZE] = "";
    sched_getaffinity(0, sizeof cpus, &cpus);
    for (int cpu = 0, at = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus))
            at += sprintf(list + at, at ? " %d" : "%d", cpu);
    print_line(out, "affinity", "%s", list);

    struct sched_param param = { 0 };
    sched_getparam(0, &param);
    int policy = sched_getscheduler(0);
    print_line(out, "scheduler", "%d %d", policy & ~SCHED_RESET_ON_FORK, param.sched_priority);
    print_line(out, "reset_on_fork", "%d", !!(policy & SCHED_RESET_ON_FORK));
    struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period;
        uint32_t least, most; } more = { 0 };
    syscall(SYS_sched_getattr, 0, &more, sizeof more, 0);
    if (more.policy == 6 /* SCHED_DEADLINE */)
        print_line(out, "deadline", "%llu %llu %llu", (unsigned long long)more.runtime, (unsigned long long)more.deadline,
            (unsigned long long)more.period);
    print_line(out, "utilization", "%u %u", more.least, more.most);
    unsigned long nodes[16] = { 0 };
    int memory = -1;
    syscall(SYS_get_mempolicy, &memory, nodes, 1024, 0, 0);
    print_line(out, "numa_policy", "%d %#lx", memory, nodes[0]);
    unsigned long long cookie = 0;
    prctl(62 /* PR_SCHED_CORE */, 0 /* PR_SCHED_CORE_GET */, 0, 0, &cookie);
    print_line(out, "own_core", "%d", cookie != 0);
    long priority = syscall(SYS_ioprio_get, 1, 0);
    print_line(out, "io_priority", "%ld %ld", priority >> 13, priority & 0x1fff);
    print_line(out, "timer_slack", "%d", prctl(PR_GET_TIMERSLACK));
    print_line(out, "personality", "%#x", (unsigned)personality(0xffffffff));
    print_line(out, "thp_disabled", "%d", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    int tsc = 0;
    prctl(PR_GET_TSC, &tsc);
    print_line(out, "tsc", "%d", tsc);
    print_line(out, "mdwe", "%d", prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0));
    print_line(out, "ksm", "%d", prctl(68 /* PR_GET_MEMORY_MERGE */, 0, 0, 0, 0));
    for (unsigned long feature = 0; feature < 3; feature++) {
        char key[] = "speculation.0";
        key[sizeof key - 2] = (char)('0' + feature);
        print_line(out, key, "%d", prctl(52 /* PR_GET_SPECULATION_CTRL */, feature, 0, 0, 0));
    }
    say_line(out, "oom_score_adj", "/proc/thread-self/oom_score_adj", "");
    say_line(out, "coredump_filter", "/proc/self/coredump_filter", "");
}

static void see_signals(FILE *out)
{
    /* The system call itself: libc hides two signals. */
    struct { unsigned long handler, flags, restorer, mask[2]; } action;
    unsigned long long mask = 0, pending = 0, ignored = 0, caught = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    syscall(SYS_rt_sigpending, &pending, 8);
    for (int sig = 1; sig <= 64; sig++) {
        if (syscall(SYS_rt_sigaction, sig, NULL, &action, 8))
            continue;
        ignored |= (unsigned long long)(action.handler == (unsigned long)SIG_IGN) << (sig - 1);
        caught |= (unsigned long long)(action.handler > (unsigned long)SIG_IGN) << (sig - 1);
    }
    print_line(out, "mask", "%016llx", mask);
    print_line(out, "pending", "%016llx", pending);
    print_line(out, "ignored", "%016llx", ignored);
    print_line(out, "caught", "%016llx", caught);

    int sig = 0, subreaper = 0;
    prctl(PR_GET_PDEATHSIG, &sig);
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    print_line(out, "parent_death", "%d", sig);
    print_line(out, "subreaper", "%d", subreaper);
    say_line(out, "seccomp", "/proc/thread-self/status", "Seccomp:");
    say_line(out, "seccomp_filters", "/proc/thread-self/status", "Seccomp_filters:");
    say_line(out, "tracer", "/proc/thread-self/status", "TracerPid:");
    say_line(out, "threads", "/proc/thread-self/status", "Threads:");
}

static void see_fd(FILE *out, FILE *fds, FILE *cloexec, int fd)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0)
        return;
    char path[64];
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
    say_link(out, under("fd", number(fd)), path);
    fprintf(fds, " %d", fd);
    if (flags & FD_CLOEXEC)
        fprintf(cloexec, " %d", fd);
}

/* Tries every number, which needs no /proc and opens nothing. Numbers above the limit, which may have been lowered, are
 * taken from /proc. */
static void see_fds(FILE *out)
{
    char *list[2];
    size_t size[2];
    FILE *fds = open_memstream(&list[0], &size[0]), *cloexec = open_memstream(&list[1], &size[1]);
    long bound = sysconf(_SC_OPEN_MAX);
    bound = bound < 1024 ? 1024 : bound > 65536 ? 65536 : bound;
    for (int fd = 0; fd < bound; fd++)
        see_fd(out, fds, cloexec, fd);

    DIR *dir = opendir("/proc/thread-self/fd");
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (atoi(entry->d_name) >= bound)
            see_fd(out, fds, cloexec, atoi(entry->d_name));
    if (dir)
        closedir(dir);
    fclose(fds);
    fclose(cloexec);
    print_line(out, "fds", "%s", *list[0] ? list[0] + 1 : "");
    print_line(out, "cloexec", "%s", *list[1] ? list[1] + 1 : "");
    free(list[0]);
    free(list[1]);
}

static void see_session(FILE *out)
{
    print_line(out, "pid", "%d", getpid());
    print_line(out, "ppid", "%d", getppid());
    print_line(out, "sid", "%d", getsid(0));
    print_line(out, "pgid", "%d", getpgrp());
    int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    print_line(out, "tty", "%s", tty < 0 ? "none" : "yes");
    print_line(out, "foreground", "%d", tty < 0 ? -1 : tcgetpgrp(tty));
    if (tty >= 0)
        close(tty);
}

static void see_surroundings(FILE *out)
{
    static const char *const kinds[] = { "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
        "time_for_children", "user", "uts" };
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/thread-self/ns/%s", kinds[i]);
        say_link(out, under("ns", kinds[i]), path);
    }

    struct utsname name;
    uname(&name);
    print_line(out, "hostname", "%s", name.nodename);
    print_line(out, "domainname", "%s", name.domainname);

    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct if_nameindex *all = if_nameindex();
    for (struct if_nameindex *i = all; i && i->if_name; i++) {
        struct ifreq request = { 0 };
        snprintf(request.ifr_name, sizeof request.ifr_name, "%s", i->if_name);
        int known = sock >= 0 && !ioctl(sock, SIOCGIFFLAGS, &request);
        print_line(out, under("net", i->if_name), "%s", !known ? "?" : request.ifr_flags & IFF_UP ? "up" : "down");
    }
    if (all)
        if_freenameindex(all);
    if (sock >= 0)
        close(sock);

    char line[4096], cwd[4096];
    FILE *in = fopen("/proc/thread-self/cgroup", "re");
    while (in && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        char *rest = strchr(line, ':');
        if (!rest)
            continue;
        *rest++ = 0;
        print_line(out, under("cgroup", line), "%s", rest);
    }
    if (in)
        fclose(in);

    print_line(out, "cwd", "%s", getcwd(cwd, sizeof cwd) ? cwd : "?");
    say_link(out, "root", "/proc/thread-self/root");

    long mounts = 0;
    char propagation[256] = "?";
    in = fopen("/proc/thread-self/mountinfo", "re");
    while (in && fgets(line, sizeof line, in)) {
        mounts++;
        char point[2048], tags[256];
        if (sscanf(line, "%*s %*s %*s %*s %2047s %*s %255[^\n]", point, tags) != 2 || strcmp(point, "/"))
            continue;
        char *end = strstr(tags, "- ");
        snprintf(propagation, sizeof propagation, "%.*s", end && end > tags ? (int)(end - tags - 1) : 0, tags);
    }
    print_line(out, "mounts", in ? "%ld" : "?", mounts);
    if (in)
        fclose(in);
    print_line(out, "propagation", "%s", *propagation ? propagation : "private");
}

static void see_program(FILE *out)
{
    char comm[17] = "";
    prctl(PR_GET_NAME, comm);
    print_line(out, "comm", "%s", comm);
    say_link(out, "exe", "/proc/thread-self/exe");
    for (char **entry = environ; *entry; entry++) {
        size_t length = strcspn(*entry, "=");
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)length, *entry);
        print_line(out, under("env", name), "%s", (*entry)[length] ? *entry + length + 1 : "?");
    }
}

void print_state(FILE *out)
{
    see_fds(out); /* before this program has opened any descriptor */
    see_session(out);
    see_ids(out);
    see_capabilities(out);
    see_signals(out);
    see_limits(out);
    see_surroundings(out);
    see_program(out);
}
