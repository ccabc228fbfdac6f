/* The raw references' stand-in for the library's built-in image: the least that a program in between can do.
 *
 *   image WHAT PROGRAM      WHAT: i ids, u user namespace, f five namespaces; r after it: descriptor 4 ends with the exec
 *
 * It waits for the caller's byte on descriptor 3, does what is asked and execs PROGRAM. What it exits with names the step
 * that failed, since nobody else will. */
#include <linux/prctl.h>
#include <sys/syscall.h>

enum { GO = 3, REPORT = 4, NOBODY = 65534, MOUNT_REC_PRIVATE = 1 << 14 | 1 << 18, SET_FD = 2, CLOSE_ON_EXEC = 1 };

static long call(long number, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
    long result;
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long nr __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(nr), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#endif
}

static void must(long result, int step)
{
    if (result < 0)
        call(SYS_exit_group, step, 0, 0, 0, 0);
}

/* `stack` is what the kernel left there: argc, then argv. */
__attribute__((used, noreturn)) void image(long *stack)
{
    char **argv = (char **)(stack + 1);
    char what = argv[1][0];
    char go;

    must(call(SYS_read, GO, (long)&go, 1, 0, 0) - 1, 10);
    if (argv[1][1] == 'r')
        must(call(SYS_fcntl, REPORT, SET_FD, CLOSE_ON_EXEC, 0, 0), 11);
    if (what == 'i') {
        must(call(SYS_setgroups, 0, 0, 0, 0, 0), 20);
        must(call(SYS_setresgid, NOBODY, NOBODY, NOBODY, 0, 0), 21);
        must(call(SYS_setresuid, NOBODY, NOBODY, NOBODY, 0, 0), 22);
    }
    if (what == 'f')
        must(call(SYS_mount, (long)"none", (long)"/", 0, MOUNT_REC_PRIVATE, 0), 30);
    /* What carried the new namespace's capabilities over the exec of this image must not carry them over the next. */
    if (what == 'u' || what == 'f')
        must(call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 31);

    char *args[] = {"tiny", 0}, *environment[] = {0};
    must(call(SYS_execve, (long)argv[2], (long)args, (long)environment, 0, 0), 40);
    __builtin_unreachable();
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call image\n hlt");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0, sp\n bl image\n brk 0");
#else
#error "say here how this processor starts a program"
#endif
