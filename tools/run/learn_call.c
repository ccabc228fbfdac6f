/* What a call means: which files and ports it is about, read from the memory of who makes it. */
#define _GNU_SOURCE
#include "learn.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <forkexec.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS(name) FORKEXEC_LANDLOCK_FS_##name

/* A call that is being looked at. */
struct call {
    const struct seccomp_data *data;
    int32_t process;
};

/* What a call does with the path of its arguments; place is that of the descriptor, or -1, with the path behind it. */
enum does { OPENS, OPENS_HOW, CREATES, LOOKS, RUNS, MAKES_DIR, MAKES_NODE, MAKES_LINK, REMOVES, REMOVES_DIR, RENAMES, LINKS,
    CUTS, CONNECTS, BINDS };
static const struct known {
    long number;
    enum does does;
    int directory, path;
} known[] = {
#ifdef SYS_open
    { SYS_open, OPENS, -1, 0 }, { SYS_creat, CREATES, -1, 0 }, { SYS_stat, LOOKS, -1, 0 }, { SYS_lstat, LOOKS, -1, 0 },
    { SYS_access, LOOKS, -1, 0 }, { SYS_readlink, LOOKS, -1, 0 }, { SYS_mkdir, MAKES_DIR, -1, 0 },
    { SYS_rmdir, REMOVES_DIR, -1, 0 }, { SYS_unlink, REMOVES, -1, 0 }, { SYS_rename, RENAMES, -1, 0 },
    { SYS_link, LINKS, -1, 0 }, { SYS_symlink, MAKES_LINK, -1, 1 }, { SYS_mknod, MAKES_NODE, -1, 0 },
    { SYS_chmod, LOOKS, -1, 0 }, { SYS_chown, LOOKS, -1, 0 },
#endif
    { SYS_openat, OPENS, 0, 1 }, { 437, OPENS_HOW, 0, 1 }, { SYS_newfstatat, LOOKS, 0, 1 },
    { SYS_statx, LOOKS, 0, 1 }, { SYS_faccessat, LOOKS, 0, 1 }, { 439, LOOKS, 0, 1 },
    { SYS_readlinkat, LOOKS, 0, 1 }, { SYS_fchmodat, LOOKS, 0, 1 }, { SYS_fchownat, LOOKS, 0, 1 },
    { SYS_chdir, LOOKS, -1, 0 }, { SYS_execve, RUNS, -1, 0 }, { SYS_execveat, RUNS, 0, 1 }, { SYS_mkdirat, MAKES_DIR, 0, 1 },
    { SYS_mknodat, MAKES_NODE, 0, 1 }, { SYS_symlinkat, MAKES_LINK, 1, 2 }, { SYS_unlinkat, REMOVES, 0, 1 },
    { SYS_renameat, RENAMES, 0, 1 }, { SYS_renameat2, RENAMES, 0, 1 }, { SYS_linkat, LINKS, 0, 1 },
    { SYS_truncate, CUTS, -1, 0 }, { SYS_connect, CONNECTS, -1, -1 }, { SYS_bind, BINDS, -1, -1 },
};
enum { KNOWN = sizeof known / sizeof *known };

size_t known_calls(uint32_t *numbers)
{
    for (size_t i = 0; i < KNOWN; i++)
        numbers[i] = (uint32_t)known[i].number;
    return KNOWN;
}

static bool read_memory(const struct call *call, uint64_t address, void *bytes, size_t size, size_t least)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", call->process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    /* To the end of a page at a time: behind it there may be nothing. */
    while (fd >= 0 && length < size) {
        size_t page = 4096 - (size_t)((address + length) % 4096), left = size - length;
        ssize_t n = pread(fd, (char *)bytes + length, left < page ? left : page, (off_t)(address + length));
        if (n <= 0)
            break;
        length += (size_t)n;
        if (!least && memchr((char *)bytes + length - n, 0, (size_t)n))
            break;
    }
    if (fd >= 0)
        close(fd);
    if (length < size)
        memset((char *)bytes + length, 0, size - length);
    return length && length >= least;
}

/* Without "." and "//"; what has ".." is left to the kernel to resolve. */
static void tidy(char *path)
{
    char resolved[PATH_MAX], *to = path;
    if (strstr(path, "/..") && realpath(path, resolved))
        strcpy(path, resolved);
    for (const char *from = path; *from;) {
        size_t slashes = strspn(from, "/"), length = strcspn(from + slashes, "/");
        bool is_dot = length == 1 && from[slashes] == '.';
        if (length && !is_dot) {
            *to++ = '/';
            memmove(to, from + slashes, length);
            to += length;
        }
        from += slashes + length;
    }
    if (to == path)
        *to++ = '/';
    *to = 0;
}

/* The path that an argument names, absolute; false: it cannot be known, or it is empty. */
static bool path_of(const struct call *call, int directory, int argument, char path[PATH_MAX])
{
    char name[PATH_MAX], link[64];
    if (!read_memory(call, call->data->args[argument], name, sizeof name - 1, 0)) {
        saw_nothing("a path in memory that cannot be read");
        return false;
    }
    name[sizeof name - 1] = 0;
    if (!*name)
        return false;
    int fd = directory < 0 ? AT_FDCWD : (int)call->data->args[directory];
    if (*name == '/')
        snprintf(path, PATH_MAX, "%s", name);
    else {
        char base[PATH_MAX];
        snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", call->process, fd);
        ssize_t n = readlink(link, base, sizeof base - 1);
        if (n <= 0 || *base != '/')
            return false;
        base[n] = 0;
        if ((size_t)snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX)
            return false;
    }
    tidy(path);
    return true;
}

static void see_open(const char *path, uint64_t flags)
{
    struct stat is;
    bool is_there = !stat(path, &is);
    uint64_t access = 0;
    if ((flags & O_ACCMODE) != O_WRONLY)
        access |= FS(READ_FILE);
    if ((flags & O_ACCMODE) != O_RDONLY)
        access |= FS(WRITE_FILE);
    if (flags & O_TRUNC)
        access |= FS(TRUNCATE);
    if (flags & O_PATH)
        access = 0;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        saw_path(path, access | FS(MAKE_REG));
    else if (!is_there && flags & O_CREAT)
        saw_making(path, access | FS(MAKE_REG));
    else if (is_there && S_ISDIR(is.st_mode))
        saw_path(path, access ? FS(READ_DIR) : 0);
    else if (is_there)
        saw_path(path, access | (access && (S_ISCHR(is.st_mode) || S_ISBLK(is.st_mode)) ? FS(IOCTL_DEV) : 0));
}

static uint64_t removal_of(const char *path)
{
    struct stat is;
    return !lstat(path, &is) && S_ISDIR(is.st_mode) ? FS(REMOVE_DIR) : FS(REMOVE_FILE);
}

static uint64_t making_of(const char *path)
{
    struct stat is;
    if (lstat(path, &is))
        return FS(MAKE_REG);
    return S_ISDIR(is.st_mode) ? FS(MAKE_DIR) : S_ISLNK(is.st_mode) ? FS(MAKE_SYM) : S_ISFIFO(is.st_mode) ? FS(MAKE_FIFO)
        : S_ISSOCK(is.st_mode) ? FS(MAKE_SOCK) : FS(MAKE_REG);
}

/* The second path stands behind the first, and a descriptor before each where there are any. */
static void see_second(const struct call *call, const struct known *known, const char *first)
{
    char second[PATH_MAX];
    bool has_directory = known->directory >= 0;
    if (!path_of(call, has_directory ? known->directory + 2 : -1, known->path + (has_directory ? 2 : 1), second))
        return;
    uint64_t access = making_of(first) | FS(REFER);
    if (known->does == RENAMES)
        access |= removal_of(second);
    saw_making(second, access);
}

static void see_node(const char *path, uint64_t mode)
{
    saw_making(path, S_ISCHR(mode) ? FS(MAKE_CHAR) : S_ISBLK(mode) ? FS(MAKE_BLOCK) : S_ISFIFO(mode) ? FS(MAKE_FIFO)
        : S_ISSOCK(mode) ? FS(MAKE_SOCK) : FS(MAKE_REG));
}

/* Landlock rules TCP only. */
static bool is_tcp(const struct call *call)
{
    int type = SOCK_STREAM, process = (int)syscall(SYS_pidfd_open, call->process, 0);
    int fd = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, (int)call->data->args[0], 0);
    socklen_t size = sizeof type;
    if (fd >= 0) {
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
        close(fd);
    }
    if (process >= 0)
        close(process);
    return type == SOCK_STREAM;
}

static void see_address(const struct call *call, bool connects)
{
    union { struct sockaddr any; struct sockaddr_in in; char path[128]; } address;
    size_t size = (size_t)call->data->args[2];
    memset(&address, 0, sizeof address);
    if (size > sizeof address - 1 || size < 2 || !read_memory(call, call->data->args[1], &address, size, size))
        return;
    if ((address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6) && is_tcp(call))
        saw_port(ntohs(address.in.sin_port), connects);
    const char *path = address.path + offsetof(struct sockaddr, sa_data);
    if (address.any.sa_family == AF_UNIX && *path == '/') {
        if (connects)
            saw_path(path, 0);
        else
            saw_making(path, FS(MAKE_SOCK));
    }
}

static void see_path(const struct call *call, const struct known *known)
{
    char path[PATH_MAX];
    const __u64 *args = call->data->args;
    struct open_how how = { 0 };
    struct stat is;
    if (!path_of(call, known->directory, known->path, path))
        return;
    switch (known->does) {
    case OPENS: see_open(path, args[known->path + 1]); break;
    case OPENS_HOW:
        if (read_memory(call, args[2], &how, sizeof how, sizeof how))
            see_open(path, how.flags);
        break;
    case CREATES: see_open(path, O_CREAT | O_WRONLY | O_TRUNC); break;
    case LOOKS:
        if (!stat(path, &is))
            saw_path(path, 0);
        break;
    case RUNS: saw_program(path); break;
    case MAKES_DIR: saw_making(path, FS(MAKE_DIR)); break;
    case MAKES_NODE: see_node(path, args[known->path + 1]); break;
    case MAKES_LINK: saw_making(path, FS(MAKE_SYM)); break;
    case REMOVES:
    case REMOVES_DIR: saw_making(path, removal_of(path)); break;
    case RENAMES: saw_making(path, removal_of(path) | making_of(path) | FS(REFER)); see_second(call, known, path); break;
    case LINKS: see_second(call, known, path); break;
    case CUTS: saw_path(path, FS(TRUNCATE)); break;
    case CONNECTS:
    case BINDS: break;
    }
}

void see_call(const struct seccomp_data *data, int32_t process)
{
    const struct call call = { data, process };
    for (size_t i = 0; i < KNOWN; i++) {
        if (known[i].number != data->nr)
            continue;
        if (known[i].path < 0)
            see_address(&call, known[i].does == CONNECTS);
        else
            see_path(&call, &known[i]);
    }
}
