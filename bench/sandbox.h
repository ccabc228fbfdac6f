/* The sandbox that all rows of its case make: user, pid, mount, ipc, uts and cgroup namespaces, an empty root with six
 * read-only trees, a tmpfs, proc and dev, three limits, no capabilities, no new privileges, and a filter. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <linux/filter.h>
#include <linux/seccomp.h>

/* The trees; the last is the directory of the program. */
static const char *const sandbox_trees[] = {"usr", "etc", "opt", "srv", "media"};
enum { SANDBOX_TREES = sizeof sandbox_trees / sizeof *sandbox_trees };
static const char *const sandbox_devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
enum { SANDBOX_DEVICES = sizeof sandbox_devices / sizeof *sandbox_devices };

static const struct { int resource; unsigned long long soft, hard; } sandbox_limits[] = {
    {0 /* RLIMIT_CPU */, 10, 10}, {1 /* RLIMIT_FSIZE */, 1 << 26, 1 << 26}, {7 /* RLIMIT_NOFILE */, 256, 256}};
enum { SANDBOX_LIMITS = sizeof sandbox_limits / sizeof *sandbox_limits };

/* 200 instructions that refuse 99 calls, by a binary search, as compilers of long filters write it. (When a filter is
 * installed, the kernel runs it once for each system call: a linear search would take half a millisecond.) */
enum { SANDBOX_FILTER = 200, SANDBOX_REFUSED = 99, SANDBOX_FIRST_REFUSED = 132 };

static inline void sandbox_search(struct sock_filter *filter, int at, int first, int count)
{
    int left = count / 2;

    if (count == 1) {
        filter[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, SANDBOX_FILTER - 2 - at - 1,
                                                  SANDBOX_FILTER - 1 - at - 1);
        return;
    }
    filter[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first + left, 2 * left - 1, 0);
    sandbox_search(filter, at + 1, first, left);
    sandbox_search(filter, at + 2 * left, first + left, count - left);
}

static inline void sandbox_filter(struct sock_filter filter[SANDBOX_FILTER])
{
    filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
    sandbox_search(filter, 1, SANDBOX_FIRST_REFUSED, SANDBOX_REFUSED);
    filter[SANDBOX_FILTER - 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
    filter[SANDBOX_FILTER - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

/* Only for the image: binds `directory` to /run. */
void enter_sandbox(const char *directory);

#endif
