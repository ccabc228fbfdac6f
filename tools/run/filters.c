/* Seccomp, Landlock, and the init of a pid namespace. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <string.h>
#include <unistd.h>

#define FS(name, access) { name, FORKEXEC_LANDLOCK_FS_##access }
#define NET(name, access) { name, FORKEXEC_LANDLOCK_NET_##access }

static const struct word fs_words[] = { FS("execute", EXECUTE), FS("write-file", WRITE_FILE), FS("read-file", READ_FILE),
    FS("read-dir", READ_DIR), FS("remove-dir", REMOVE_DIR), FS("remove-file", REMOVE_FILE), FS("make-char", MAKE_CHAR),
    FS("make-dir", MAKE_DIR), FS("make-reg", MAKE_REG), FS("make-sock", MAKE_SOCK), FS("make-fifo", MAKE_FIFO),
    FS("make-block", MAKE_BLOCK), FS("make-sym", MAKE_SYM), FS("refer", REFER), FS("truncate", TRUNCATE),
    FS("ioctl-dev", IOCTL_DEV), FS("resolve-unix", RESOLVE_UNIX), { "read", FORKEXEC_LANDLOCK_FS_READ_FILE | FORKEXEC_LANDLOCK_FS_READ_DIR },
    { "write", FORKEXEC_LANDLOCK_FS_WRITE_FILE | FORKEXEC_LANDLOCK_FS_TRUNCATE | FORKEXEC_LANDLOCK_FS_REMOVE_DIR |
        FORKEXEC_LANDLOCK_FS_REMOVE_FILE | FORKEXEC_LANDLOCK_FS_MAKE_DIR | FORKEXEC_LANDLOCK_FS_MAKE_REG |
        FORKEXEC_LANDLOCK_FS_MAKE_SOCK | FORKEXEC_LANDLOCK_FS_MAKE_FIFO | FORKEXEC_LANDLOCK_FS_MAKE_SYM |
        FORKEXEC_LANDLOCK_FS_REFER },
    { "all", 0xffff }, { NULL, 0 } };
static const struct word net_words[] = { NET("bind-tcp", BIND_TCP), NET("connect-tcp", CONNECT_TCP),
    NET("bind-udp", BIND_UDP), NET("connect-send-udp", CONNECT_SEND_UDP), { NULL, 0 } };

/* As bwrap and libseccomp's exporters have it: the instructions, one after the other. */
static void seccomp_filter(struct run *run, char *text)
{
    static const struct word words[] = { { "log", FORKEXEC_SECCOMP_LOG }, { "tsync", FORKEXEC_SECCOMP_TSYNC },
        { "spec-allow", FORKEXEC_SECCOMP_SPEC_ALLOW }, { NULL, 0 } };
    static struct sock_filter program[4096 + 1];
    uint32_t flags = text ? (uint32_t)parse_words(text, words, "a flag of filters") : 0;
    const char *path = next_argument();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && length < sizeof program) {
        n = read(fd, (char *)program + length, sizeof program - length);
        length += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        usage("%s: %s", path, strerror(errno));
    close(fd);
    if (length == 0 || length % sizeof *program || length / sizeof *program > 4096)
        usage("%s is not a filter of 1 to 4096 instructions, 8 bytes each", path);
    accept(forkexec_attr_add_seccomp_filter(run->attr, program, (uint32_t)(length / sizeof *program), flags));
}

static void deny_terminal_injection(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_deny_terminal_injection(run->attr));
}

static void deny_user_namespaces(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_deny_user_namespaces(run->attr));
}

static void landlock_path(struct run *run, char *text)
{
    char *path = cut_required(text, ':');
    accept(forkexec_attr_add_landlock_path(run->attr, path, parse_words(text, fs_words, "an access to files")));
}

static void landlock_port(struct run *run, char *text)
{
    char *port = cut_required(text, ':');
    uint64_t access = parse_words(text, net_words, "an access to ports");
    accept(forkexec_attr_add_landlock_port(run->attr, (uint16_t)parse_unsigned(port, 65535), access));
}

static void landlock_handled(struct run *run, char *text)
{
    uint64_t fs = 0, net = 0, access;
    for (char *next; text; text = next) {
        next = cut(text, ',');
        if (find_word(text, net_words, &access))
            net |= access;
        else
            fs |= parse_word(text, fs_words, "an access to files or ports");
    }
    accept(forkexec_attr_set_landlock_handled(run->attr, fs, net));
}

static void landlock_scopes(struct run *run, char *text)
{
    static const struct word words[] = { { "abstract-unix-socket", FORKEXEC_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET },
        { "signal", FORKEXEC_LANDLOCK_SCOPE_SIGNAL }, { NULL, 0 } };
    accept(forkexec_attr_set_landlock_scopes(run->attr, parse_words(text, words, "a scope")));
}

static void landlock_flags(struct run *run, char *text)
{
    static const struct word words[] = { { "log-same-exec-off", FORKEXEC_LANDLOCK_FLAG_LOG_SAME_EXEC_OFF },
        { "log-new-exec-on", FORKEXEC_LANDLOCK_FLAG_LOG_NEW_EXEC_ON },
        { "log-subdomains-off", FORKEXEC_LANDLOCK_FLAG_LOG_SUBDOMAINS_OFF }, { "tsync", FORKEXEC_LANDLOCK_FLAG_TSYNC },
        { NULL, 0 } };
    uint64_t flags;
    if (*text >= '0' && *text <= '9')
        flags = parse_unsigned(text, UINT32_MAX);
    else
        flags = parse_words(text, words, "a number or flag");
    accept(forkexec_attr_set_landlock_flags(run->attr, (uint32_t)flags));
}

static void landlock_ruleset(struct run *run, char *fd)
{
    accept(forkexec_attr_set_landlock_ruleset(run->attr, parse_fd(fd)));
}

static void allow_partial_landlock(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_allow_partial_landlock(run->attr));
}

static const struct option_row rows[] = {
    { "seccomp-filter", "[=FLAGS] FILE", "install the filter in FILE, of raw instructions; FLAGS are log, tsync and "
        "spec-allow", seccomp_filter },
    { "deny-terminal-injection", NULL, "deny the command to push input into a terminal (TIOCSTI, TIOCLINUX)", deny_terminal_injection },
    { "deny-user-namespaces", NULL, "let neither the program nor its descendants make a user namespace", deny_user_namespaces },
    { "landlock-path", "ACCESS:PATH", "grant this to PATH and all beneath, and nothing else to any file: read, write, "
        "execute, all, or the single ones of landlock(7)", landlock_path },
    { "landlock-port", "ACCESS:PORT", "grant bind-tcp, connect-tcp, bind-udp or connect-send-udp to PORT, and to no other port; "
        "UDP is left alone where nothing grants it", landlock_port },
    { "landlock-handled", "ACCESS", "deny just these where nothing grants them, of files and of ports", landlock_handled },
    { "landlock-scopes", "SCOPES", "do not reach processes outside the sandbox: abstract-unix-socket, signal", landlock_scopes },
    { "landlock-flags", "FLAGS", "what is logged of denials: log-new-exec-on, log-same-exec-off, log-subdomains-off; or a "
        "number", landlock_flags },
    { "landlock-ruleset", "FD", "restrict by the ruleset that the caller's descriptor FD refers to", landlock_ruleset },
    { "allow-partial-landlock", NULL, "ignore the rules that this kernel's Landlock is too old for", allow_partial_landlock },
};
SECTION(filters, "Filters: with --no-new-privs, which all but seccomp with privilege need");
