/* Names of system calls and errnos, for messages. */
#define _GNU_SOURCE
#include "matrix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

static const struct { long number; const char *name; } names[] = {
#define CALL(name) { SYS_##name, #name },
#include "calls.h"
};

const char *call_name(long number)
{
    static char text[24];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    snprintf(text, sizeof text, "call %ld", number);
    return text;
}

const char *fault_name(int code)
{
    return code == KILL ? "KILL" : code == KILL_MAKER ? "MAKER" : strerrorname_np(code);
}

int fault_code(const char *name)
{
    if (!strcmp(name, "KILL"))
        return KILL;
    if (!strcmp(name, "MAKER"))
        return KILL_MAKER;
    for (int code = 1; code < 134; code++)
        if (strerrorname_np(code) && !strcmp(strerrorname_np(code), name))
            return code;
    return NO_FAULT;
}

bool is_kill(int code)
{
    return code == KILL || code == KILL_MAKER;
}

bool makes_process(long number)
{
#ifdef SYS_fork
    if (number == SYS_fork || number == SYS_vfork)
        return true;
#endif
    return number == SYS_clone || number == SYS_clone3;
}
