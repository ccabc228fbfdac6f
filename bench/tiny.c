/* The program that every subject starts: it exits with 0 and does nothing else.
 *
 * No libc: a dynamic program spends 500 us in its loader, which is more than the differences that are measured. */
#include <sys/syscall.h>

void _start(void)
{
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0L) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_exit_group;
    register long status __asm__("x0") = 0;
    __asm__ volatile("svc 0" : : "r"(number), "r"(status) : "memory");
#else
#error "say here how this processor makes a system call"
#endif
    __builtin_unreachable();
}
