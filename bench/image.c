/* What the raw references execute in place of the library's built-in program: the smallest that does the job.
 *
 *   image WHAT PROGRAM [DIRECTORY]
 *       WHAT: i ids, u user namespace, f five namespaces, s a sandbox; r after it: descriptor 4 ends with the exec
 *
 * It waits for a byte of the caller on descriptor 3, does WHAT and execs PROGRAM. Its exit code is the number of the step
 * that failed. */
#include "calls.h"
#include "sandbox.h"

#include <linux/prctl.h>

enum { GO = 3, REPORT = 4, NOBODY = 65534, MOUNT_REC_PRIVATE = 1 << 14 | 1 << 18, SET_FD = 2, CLOSE_ON_EXEC = 1 };

enum { CONTAINER = 3, TYPES = 0x7c020000, CLONE_PARENT_ = 0x8000 };

/* The first process only makes the second one, in the pid namespace, as a child of the caller. */
static void join_and_exec(const char *program)
{
    char *args[] = {"tiny", 0}, *environment[] = {0};

    must_step(call(SYS_setns, CONTAINER, TYPES, 0, 0, 0), 70);
    long pid = call(SYS_clone, CLONE_PARENT_, 0, 0, 0, 0);
    must_step(pid, 71);
    if (pid == 0)
        must_step(call(SYS_execve, (long)program, (long)args, (long)environment, 0, 0), 72);
    int number = (int)pid;
    call(SYS_write, REPORT, (long)&number, sizeof number, 0, 0);
    call(SYS_exit_group, 0, 0, 0, 0, 0);
}

/* `stack` is what the kernel left there: argc, then argv. */
__attribute__((used, noreturn)) void image(long *stack)
{
    char **argv = (char **)(stack + 1);
    char what = argv[1][0];
    char go;

    if (what == 'j')
        join_and_exec(argv[2]);
    must_step(call(SYS_read, GO, (long)&go, 1, 0, 0) - 1, 10);
    if (argv[1][1] == 'r')
        must_step(call(SYS_fcntl, REPORT, SET_FD, CLOSE_ON_EXEC, 0, 0), 11);
    if (what == 'i') {
        must_step(call(SYS_setgroups, 0, 0, 0, 0, 0), 20);
        must_step(call(SYS_setresgid, NOBODY, NOBODY, NOBODY, 0, 0), 21);
        must_step(call(SYS_setresuid, NOBODY, NOBODY, NOBODY, 0, 0), 22);
    }
    if (what == 'f')
        must_step(call(SYS_mount, (long)"none", (long)"/", 0, MOUNT_REC_PRIVATE, 0), 30);
    /* Ambient capabilities kept those of the new namespace over the exec of this image. The program must not get them. */
    if (what == 'u' || what == 'f' || what == 's')
        must_step(call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 31);
    if (what == 's')
        enter_sandbox(argv[3]);

    char *args[] = {"tiny", 0}, *environment[] = {0};
    must_step(call(SYS_execve, (long)argv[2], (long)args, (long)environment, 0, 0), 40);
    __builtin_unreachable();
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call image\n hlt");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0, sp\n bl image\n brk 0");
#else
#error "say here how this processor starts a program"
#endif
