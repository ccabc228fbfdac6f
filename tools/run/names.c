/* Names of what the kernel numbers: signals, capabilities, errnos. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define S(name) { #name, SIG##name }
static const struct word signals[] = { S(HUP), S(INT), S(QUIT), S(ILL), S(TRAP), S(ABRT), S(BUS), S(FPE), S(KILL), S(USR1),
    S(SEGV), S(USR2), S(PIPE), S(ALRM), S(TERM), S(STKFLT), S(CHLD), S(CONT), S(STOP), S(TSTP), S(TTIN), S(TTOU), S(URG),
    S(XCPU), S(XFSZ), S(VTALRM), S(PROF), S(WINCH), S(IO), S(PWR), S(SYS), { NULL, 0 } };

int32_t parse_signal(const char *text)
{
    uint64_t value;
    const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
    if (find_word(name, signals, &value))
        return (int32_t)value;
    if (!strncasecmp(name, "RTMIN+", 6))
        return SIGRTMIN + (int32_t)parse_unsigned(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN));
    if (*text < '0' || *text > '9')
        usage("\"%s\" is not a signal, such as TERM or 15", text);
    return (int32_t)parse_integer(text, 1, 64);
}

uint64_t parse_signals(char *text)
{
    uint64_t set = 0;
    if (!strcmp(text, "none"))
        return 0;
    if (!strcmp(text, "all"))
        return UINT64_MAX;
    for (char *next; text; text = next) {
        next = cut(text, ',');
        set |= UINT64_C(1) << (parse_signal(text) - 1);
    }
    return set;
}

const char *signal_name(int number)
{
    static char text[24];
    for (const struct word *word = signals; word->name; word++)
        if (word->value == (uint64_t)number) {
            snprintf(text, sizeof text, "SIG%s", word->name);
            return text;
        }
    if (number >= SIGRTMIN && number <= SIGRTMAX)
        snprintf(text, sizeof text, "SIGRTMIN+%d", number - SIGRTMIN);
    else
        snprintf(text, sizeof text, "signal %d", number);
    return text;
}

/* In the order of their numbers; linux/capability.h. */
static const char *const capabilities[] = { "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid",
    "setuid", "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock",
    "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore" };
enum { CAPABILITIES = sizeof capabilities / sizeof *capabilities };

/* "all" is what this kernel knows: more would be refused. */
uint64_t all_capabilities(void)
{
    unsigned last = CAPABILITIES - 1;
    FILE *in = fopen("/proc/sys/kernel/cap_last_cap", "re");
    if (!in || fscanf(in, "%u", &last) != 1 || last > 63)
        last = CAPABILITIES - 1;
    if (in)
        fclose(in);
    return UINT64_MAX >> (63 - last);
}

static uint64_t capability(const char *text)
{
    const char *name = strncasecmp(text, "cap_", 4) ? text : text + 4;
    for (unsigned i = 0; i < CAPABILITIES; i++)
        if (!strcasecmp(name, capabilities[i]))
            return UINT64_C(1) << i;
    if (*text < '0' || *text > '9')
        usage("\"%s\" is not a capability; see capabilities(7)", text);
    return UINT64_C(1) << parse_unsigned(text, 63);
}

uint64_t parse_capabilities(char *text)
{
    uint64_t set = 0;
    if (!strcmp(text, "none"))
        return 0;
    if (!strcasecmp(text, "all"))
        return all_capabilities();
    if (!strncmp(text, "0x", 2))
        return parse_unsigned(text, UINT64_MAX);
    for (char *next; text; text = next) {
        next = cut(text, ',');
        set |= capability(text);
    }
    return set;
}

#define E(name) { #name, name }
static const struct word errnos[] = { E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC),
    E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(ENOTBLK), E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV),
    E(ENOTDIR), E(EISDIR), E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE),
    E(EROFS), E(EMLINK), E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY),
    E(ELOOP), E(ENOMSG), E(EIDRM), E(ENOSTR), E(ENODATA), E(ETIME), E(ENOSR), E(EREMOTE), E(ENOLINK), E(ECOMM), E(EPROTO),
    E(EMULTIHOP), E(EBADMSG), E(EOVERFLOW), E(EBADFD), E(ELIBACC), E(ELIBBAD), E(ELIBSCN), E(ELIBMAX), E(ELIBEXEC),
    E(EILSEQ), E(ERESTART), E(EUSERS), E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE), E(EPROTOTYPE), E(ENOPROTOOPT),
    E(EPROTONOSUPPORT), E(ESOCKTNOSUPPORT), E(EOPNOTSUPP), E(EPFNOSUPPORT), E(EAFNOSUPPORT), E(EADDRINUSE),
    E(EADDRNOTAVAIL), E(ENETDOWN), E(ENETUNREACH), E(ENETRESET), E(ECONNABORTED), E(ECONNRESET), E(ENOBUFS), E(EISCONN),
    E(ENOTCONN), E(ESHUTDOWN), E(ETOOMANYREFS), E(ETIMEDOUT), E(ECONNREFUSED), E(EHOSTDOWN), E(EHOSTUNREACH), E(EALREADY),
    E(EINPROGRESS), E(ESTALE), E(EUCLEAN), E(EREMOTEIO), E(EDQUOT), E(ENOMEDIUM), E(EMEDIUMTYPE), E(ECANCELED), E(ENOKEY),
    E(EKEYEXPIRED), E(EKEYREVOKED), E(EKEYREJECTED), E(EOWNERDEAD), E(ENOTRECOVERABLE), E(ERFKILL), E(EHWPOISON),
    { NULL, 0 } };

const char *errno_name(int number)
{
    for (const struct word *word = errnos; word->name; word++)
        if (word->value == (uint64_t)number)
            return word->name;
    return NULL;
}
