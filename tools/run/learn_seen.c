/* What a program was seen to need, and the options that would grant it. */
#define _GNU_SOURCE
#include "run.h"

#include "host.h"
#include "learn.h"

#include <fcntl.h>
#include <elf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FS(name) FORKEXEC_LANDLOCK_FS_##name
#define OF_FILES (FS(EXECUTE) | FS(WRITE_FILE) | FS(READ_FILE) | FS(TRUNCATE) | FS(IOCTL_DEV))
#define OF_CHANGES (0xffff & ~(FS(EXECUTE) | FS(READ_FILE) | FS(READ_DIR) | FS(IOCTL_DEV)))

struct seen {
    char *path;
    uint64_t access;
    bool is_made;
};
static struct seen *list;
static size_t count;

static bool ports[2][65536];
static bool calls[1024];
static const char *unseen[8];

static void add(const char *path, uint64_t access, bool is_made)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].path, path)) {
            list[i].access |= access;
            list[i].is_made = list[i].is_made || is_made;
            return;
        }
    if (!(count & (count - 1)))
        list = realloc(list, (count ? 2 * count : 1) * sizeof *list);
    char *copy = strdup(path);
    if (!list || !copy)
        usage("no memory");
    list[count++] = (struct seen){ copy, access, is_made };
}

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return !strncmp(path, directory, length) && (!path[length] || path[length] == '/');
}

/* Paths below these folders differ from process to process: the folder stands for them. */
static const char *general(const char *path)
{
    static const char *const kinds[] = { "/proc", "/dev/pts" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (is_below(path, kinds[i]))
            return kinds[i];
    return path;
}

void saw_path(const char *path, uint64_t access)
{
    add(general(path), access, false);
}

static void parent_of_path(const char *path, char *parent, size_t size)
{
    snprintf(parent, size, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = 0;
}

void saw_making(const char *path, uint64_t access)
{
    char parent[PATH_MAX];
    add(path, 0, true);
    parent_of_path(path, parent, sizeof parent);
    saw_path(parent, access);
}

/* The path of the dynamic linker that an ELF file of this machine's class names, or "". */
static void read_interpreter(int fd, char *text, size_t size)
{
    Elf64_Ehdr header;
    *text = 0;
    if (pread(fd, &header, sizeof header, 0) != sizeof header || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr part;
        if (pread(fd, &part, sizeof part, (off_t)(header.e_phoff + i * sizeof part)) != sizeof part)
            return;
        if (part.p_type != PT_INTERP || part.p_filesz > size)
            continue;
        ssize_t n = pread(fd, text, part.p_filesz, (off_t)part.p_offset);
        text[n > 0 && (size_t)n < size ? n : 0] = 0;
        return;
    }
}

static void read_program(int fd, int depth)
{
    char text[PATH_MAX], *path = text;
    ssize_t n = pread(fd, text, 256, 0);
    if (n > 2 && !memcmp(text, "#!", 2)) {
        text[n < 256 ? n : 255] = 0;
        path = text + 2 + strspn(text + 2, " \t");
        path[strcspn(path, " \t\n")] = 0;
    } else if (n > 4 && !memcmp(text, ELFMAG, SELFMAG)) {
        read_interpreter(fd, text, sizeof text);
    } else {
        return;
    }
    if (*path != '/' || depth > 5)
        return;
    saw_path(path, FS(EXECUTE) | FS(READ_FILE));
    int next = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (next >= 0) {
        read_program(next, depth + 1);
        close(next);
    }
}

void saw_program(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (access(path, X_OK)) {
        if (fd >= 0)
            close(fd);
        return;
    }
    saw_path(path, FS(EXECUTE) | FS(READ_FILE));
    if (fd < 0)
        return;
    read_program(fd, 0);
    close(fd);
}

void saw_port(uint16_t port, bool connects)
{
    ports[connects][port] = true;
}

void saw_call(uint32_t number)
{
    if (number < sizeof calls)
        calls[number] = true;
}

void saw_nothing(const char *why)
{
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
        if (!unseen[i])
            unseen[i] = why;
        if (unseen[i] == why)
            return;
    }
}

static int by_path(const void *one, const void *other)
{
    return strcmp(((const struct seen *)one)->path, ((const struct seen *)other)->path);
}

/* What was made, or is gone, is granted with the directory that it is in. */
static void settle_list(void)
{
    for (size_t i = 0; i < count; i++) {
        struct stat is;
        bool is_there = !stat(list[i].path, &is);
        if (is_there && !list[i].is_made)
            continue;
        uint64_t access = list[i].access;
        list[i].access = 0;
        list[i].is_made = true;
        if (!access)
            continue;
        char parent[PATH_MAX];
        parent_of_path(list[i].path, parent, sizeof parent);
        if (strcmp(parent, list[i].path))
            add(parent, access, false);
    }
    qsort(list, count, sizeof *list, by_path);
}

/* As a line of a file has it; false: it cannot. */
static bool print_word(FILE *out, const char *word)
{
    if (strchr(word, '\n'))
        return false;
    if (*word && !strpbrk(word, " \t'\"\\#")) {
        fputs(word, out);
        return true;
    }
    putc('\'', out);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (char[]){ *word, 0 }, out);
    putc('\'', out);
    return true;
}

static void print_head(FILE *out)
{
    fputs("# What forkexec-run --learn saw. It is a help for writing a policy and no boundary: another run, with other input,\n"
        "# may need more, and what is not needed may be among it.\n", out);
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen && unseen[i]; i++)
        fprintf(out, "# Not seen: %s.\n", unseen[i]);
}

static void print_access(FILE *out, uint64_t access)
{
    static const char *const words[] = { "execute", "write-file", "read-file", "read-dir", "remove-dir", "remove-file",
        "make-char", "make-dir", "make-reg", "make-sock", "make-fifo", "make-block", "make-sym", "refer", "truncate",
        "ioctl-dev" };
    const char *between = "";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (access >> i & 1) {
            fprintf(out, "%s%s", between, words[i]);
            between = ",";
        }
}

static uint64_t known_access(void)
{
    int abi = landlock_abi();
    uint64_t unknown = (abi < 2 ? FS(REFER) : 0) | (abi < 3 ? FS(TRUNCATE) : 0) | (abi < 5 ? FS(IOCTL_DEV) : 0);
    return 0xffff & ~unknown;
}

void print_landlock(FILE *out)
{
    char resolved[PATH_MAX], word[PATH_MAX + 256];
    settle_list();
    print_head(out);
    fputs("no-new-privs\n", out);
    for (size_t i = 0; i < count; i++) {
        struct stat is;
        uint64_t access = list[i].access & known_access();
        if (!realpath(list[i].path, resolved) || stat(resolved, &is))
            continue;
        if (!S_ISDIR(is.st_mode))
            access &= OF_FILES;
        if (!access)
            continue;
        /* The words first, to be quoted with the path. */
        FILE *text = fmemopen(word, sizeof word, "w");
        if (!text)
            usage("no memory");
        print_access(text, access);
        fprintf(text, ":%s", resolved);
        fclose(text);
        fputs("landlock-path ", out);
        print_word(out, strchr(word, '\n') ? "read:/" : word);
        putc('\n', out);
    }
    for (int connects = 0; connects < 2; connects++)
        for (unsigned port = 0; port < 65536; port++)
            if (ports[connects][port])
                fprintf(out, "landlock-port %s:%u\n", connects ? "connect-tcp" : "bind-tcp", port);
}

static void print_bind(FILE *out, const struct seen *seen)
{
    struct stat is;
    bool is_changed = seen->access & OF_CHANGES;
    if (seen->is_made || stat(seen->path, &is) || is_below(seen->path, "/dev") || is_below(seen->path, "/proc"))
        return;
    /* A directory that is only looked at is made by what is bound in it. */
    if (!strcmp(seen->path, "/") || (S_ISDIR(is.st_mode) && !seen->access))
        return;
    if (strchr(seen->path, '\n')) {
        fputs("# a path with a line break is left out\n", out);
        return;
    }
    fprintf(out, "bind=create%s ", is_changed ? "" : ",readonly");
    print_word(out, seen->path);
    putc(' ', out);
    print_word(out, seen->path);
    putc('\n', out);
}

void print_binds(FILE *out, const char *cwd)
{
    settle_list();
    print_head(out);
    fputs("map-current\nunshare mount,pid\nempty-root\n", out);
    for (size_t i = 0; i < count; i++)
        print_bind(out, &list[i]);
    fputs("proc=create /proc\ndev=create /dev\ndir ", out);
    print_word(out, cwd);
    fputs("\ncwd ", out);
    print_word(out, cwd);
    putc('\n', out);
    for (int connects = 0; connects < 2; connects++)
        for (unsigned port = 0; port < 65536; port++)
            if (ports[connects][port])
                fprintf(out, "# port %u is %s\n", port, connects ? "connected to" : "bound");
}

#ifdef WITH_SECCOMP_JSON
#include <seccomp.h>

bool knows_calls(void)
{
    return true;
}

/* The library itself needs a few behind the filter. */
bool print_calls(FILE *out)
{
    static const char *const always[] = { "execve", "exit", "exit_group", "restart_syscall", "rt_sigprocmask",
        "rt_sigreturn" };
    fputs("{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{ \"action\": \"SCMP_ACT_ALLOW\",\n"
        "\"comment\": \"What forkexec-run --learn saw: a help for writing a policy and no boundary\",\n\"names\": [", out);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        fprintf(out, "%s\"%s\"", i ? ", " : "", always[i]);
    for (size_t number = 0; number < sizeof calls; number++) {
        char *name = calls[number] ? seccomp_syscall_resolve_num_arch(seccomp_arch_native(), (int)number) : NULL;
        bool is_there = !name;
        for (size_t i = 0; name && i < sizeof always / sizeof *always; i++)
            is_there = is_there || !strcmp(name, always[i]);
        if (!is_there)
            fprintf(out, ", \"%s\"", name);
        free(name);
    }
    fputs("] }] }\n", out);
    return true;
}
#else
bool knows_calls(void)
{
    return false;
}

bool print_calls(FILE *out)
{
    (void)out;
    return false;
}
#endif
