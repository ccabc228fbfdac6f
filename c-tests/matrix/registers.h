/* The number and the result of a system call, changed by the tracer. */
#ifndef REGISTERS_H
#define REGISTERS_H
#include <elf.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined __x86_64__
/* At the entry of the call: it becomes a call that does not exist. */
static inline bool skip_call(pid_t pid)
{
    return !ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
}

/* At the exit of the call. */
static inline bool set_result(pid_t pid, long result)
{
    return !ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result);
}
#elif defined __aarch64__
static inline bool skip_call(pid_t pid)
{
    int none = -1;
    struct iovec part = { &none, sizeof none };
    return !ptrace(PTRACE_SETREGSET, pid, 0x404 /* NT_ARM_SYSTEM_CALL */, &part);
}

static inline bool set_result(pid_t pid, long result)
{
    struct user_regs_struct all;
    struct iovec part = { &all, sizeof all };
    if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &part))
        return false;
    all.regs[0] = (unsigned long)result;
    return !ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &part);
}
#else
#error "how is a system call changed here?"
#endif
#endif
