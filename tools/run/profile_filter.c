/* Makes a seccomp filter of a profile: per architecture a binary search over the ranges of calls that are answered the
 * same. libseccomp knows the numbers; its own filters for the three ABIs of x86-64 take more than ten times as long to
 * build. */
#define _GNU_SOURCE
#include "run.h"

#include "profile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT UINT32_C(0x40000000)
#define AUDIT_X86_64 SCMP_ARCH_X86_64
#define NO_CALL UINT32_MAX

/* What newer kernels have under one number on (nearly) all architectures, and libseccomp may not know. */
static const struct {
    const char *name;
    uint32_t number;
} newer[] = { { "cachestat", 451 }, { "fchmodat2", 452 }, { "map_shadow_stack", 453 }, { "futex_wake", 454 },
    { "futex_wait", 455 }, { "futex_requeue", 456 }, { "statmount", 457 }, { "listmount", 458 },
    { "lsm_get_self_attr", 459 }, { "lsm_set_self_attr", 460 }, { "lsm_list_modules", 461 }, { "mseal", 462 },
    { "setxattrat", 463 }, { "getxattrat", 464 }, { "listxattrat", 465 }, { "removexattrat", 466 },
    { "open_tree_attr", 467 }, { "file_getattr", 468 }, { "file_setattr", 469 }, { "listns", 470 } };

/* Older ABIs have one call for many, whose first argument says which; linux/net.h and linux/ipc.h. */
static const struct {
    const char *name, *through;
    uint32_t which;
} inner[] = { { "socket", "socketcall", 1 }, { "bind", "socketcall", 2 }, { "connect", "socketcall", 3 },
    { "listen", "socketcall", 4 }, { "accept", "socketcall", 5 }, { "getsockname", "socketcall", 6 },
    { "getpeername", "socketcall", 7 }, { "socketpair", "socketcall", 8 }, { "send", "socketcall", 9 },
    { "recv", "socketcall", 10 }, { "sendto", "socketcall", 11 }, { "recvfrom", "socketcall", 12 },
    { "shutdown", "socketcall", 13 }, { "setsockopt", "socketcall", 14 }, { "getsockopt", "socketcall", 15 },
    { "sendmsg", "socketcall", 16 }, { "recvmsg", "socketcall", 17 }, { "accept4", "socketcall", 18 },
    { "recvmmsg", "socketcall", 19 }, { "sendmmsg", "socketcall", 20 }, { "semop", "ipc", 1 }, { "semget", "ipc", 2 },
    { "semctl", "ipc", 3 }, { "semtimedop", "ipc", 4 }, { "msgsnd", "ipc", 11 }, { "msgrcv", "ipc", 12 },
    { "msgget", "ipc", 13 }, { "msgctl", "ipc", 14 }, { "shmat", "ipc", 21 }, { "shmdt", "ipc", 22 },
    { "shmget", "ipc", 23 }, { "shmctl", "ipc", 24 } };
enum { INNER = sizeof inner / sizeof *inner };

/* A rule, as it is about one call of one architecture. */
struct entry {
    uint32_t number;
    const struct rule *rule;
    bool is_narrow;         /* an ABI of 32 bits: the higher half of an argument says nothing */
    bool is_inner;          /* the call is reached through another one, whose first argument is which */
    uint32_t which;
};

/* All numbers from first on, up to the next range. */
struct range {
    uint32_t first, answer;
    const struct entry *entries;    /* with conditions, looked at before */
    size_t count;
};

struct builder {
    const struct profile *profile;
    struct sock_filter *filter;
    size_t length, most;
    struct entry *entries;
    size_t entry_count;
    struct range *ranges;
    size_t range_count;
};

bool lets_pass(uint32_t answer)
{
    uint32_t action = answer & SECCOMP_RET_ACTION_FULL;
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE;
}

static uint32_t newer_number(const char *name)
{
    for (size_t i = 0; i < sizeof newer / sizeof *newer; i++)
        if (!strcmp(newer[i].name, name))
            return newer[i].number;
    return NO_CALL;
}

static bool has_own_numbers(uint32_t arch)
{
    static const uint32_t shifted[] = { SCMP_ARCH_MIPS, SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPS64, SCMP_ARCH_MIPSEL64,
        SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL64N32 };
    for (size_t i = 0; i < sizeof shifted / sizeof *shifted; i++)
        if (shifted[i] == arch)
            return true;
    return false;
}

/* The kernel's token for an architecture has a bit for 64 bits; x32 is given none by libseccomp, n32 is. */
static bool is_narrow(uint32_t arch)
{
    return !(arch & UINT32_C(0x80000000)) || arch == SCMP_ARCH_MIPS64N32 || arch == SCMP_ARCH_MIPSEL64N32;
}

/* NO_CALL: that architecture does not have it. */
static uint32_t number_on(uint32_t arch, const char *name)
{
    int number = seccomp_syscall_resolve_name_arch(arch, name);
    if (number >= 0)
        return (uint32_t)number;
    if (number != __NR_SCMP_ERROR || has_own_numbers(arch) || newer_number(name) == NO_CALL)
        return NO_CALL;
    return newer_number(name) | (arch == SCMP_ARCH_X32 ? X32_BIT : 0);
}

/* A name that nobody knows can be left out where the call is refused anyway, as runc does. */
static void check_name(const struct profile *profile, const struct rule *rule)
{
    if (lets_pass(profile->answer) && seccomp_syscall_resolve_name(rule->name) == __NR_SCMP_ERROR &&
        newer_number(rule->name) == NO_CALL)
        usage("syscalls[%d]: there is no call \"%s\", as far as is known here: it would not be refused", rule->place,
            rule->name);
}

static void add_entry(struct builder *to, struct entry entry)
{
    to->entries[to->entry_count++] = entry;
}

/* libseccomp has a number of its own making for calls that are reached both ways; that of the direct one is found by
 * looking at where those are that came late: socket and the like. */
static void find_direct(uint32_t arch, uint32_t direct[INNER])
{
    uint32_t first = has_own_numbers(arch) ? 4160 : 320, end = has_own_numbers(arch) ? 4420 : 420;
    for (size_t i = 0; i < INNER; i++)
        direct[i] = NO_CALL;
    if (number_on(arch, "socketcall") == NO_CALL && number_on(arch, "ipc") == NO_CALL)
        return;
    for (uint32_t number = first; number < end; number++) {
        char *name = seccomp_syscall_resolve_num_arch(arch, (int)number);
        for (size_t i = 0; name && i < INNER; i++)
            if (!strcmp(inner[i].name, name))
                direct[i] = number;
        free(name);
    }
}

/* An argument of a call that is reached through another one stands in memory, where no filter sees it. Where it would
 * decide that the call may pass, it does not; where it would decide that it may not, the call never passes. */
static void add_inner(struct builder *to, uint32_t arch, const struct rule *rule, const uint32_t direct[INNER])
{
    bool is_unseen = rule->count && lets_pass(rule->answer);
    for (size_t i = 0; i < INNER; i++) {
        if (strcmp(inner[i].name, rule->name))
            continue;
        uint32_t through = number_on(arch, inner[i].through);
        if (through != NO_CALL && !is_unseen)
            add_entry(to, (struct entry){ through, rule, is_narrow(arch), true, inner[i].which });
        if (direct[i] != NO_CALL && number_on(arch, rule->name) == NO_CALL)
            add_entry(to, (struct entry){ direct[i], rule, is_narrow(arch), false, 0 });
    }
}

static int by_number(const void *one, const void *other)
{
    const struct entry *a = one, *b = other;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* The calls of all architectures that the kernel gives the same token: x32 is within x86-64. */
static void collect(struct builder *to, uint32_t token)
{
    const struct profile *profile = to->profile;
    to->entry_count = 0;
    for (size_t i = 0; i < profile->arch_count; i++) {
        uint32_t arch = profile->arches[i];
        if ((arch == SCMP_ARCH_X32 ? AUDIT_X86_64 : arch) != token)
            continue;
        uint32_t direct[INNER];
        find_direct(arch, direct);
        for (size_t j = 0; j < profile->rule_count; j++) {
            const struct rule *rule = &profile->rules[j];
            uint32_t number = number_on(arch, rule->name);
            if (number != NO_CALL)
                add_entry(to, (struct entry){ number, rule, is_narrow(arch), false, 0 });
            add_inner(to, arch, rule, direct);
        }
    }
    qsort(to->entries, to->entry_count, sizeof *to->entries, by_number);
}

static bool has_conditions(const struct entry *entry)
{
    return entry->is_inner || entry->rule->count;
}

/* In ascending order; it takes the place of one that begins with the same number, and what is answered the same is one. */
static void add_range(struct builder *to, struct range range)
{
    if (to->range_count && to->ranges[to->range_count - 1].first == range.first)
        to->range_count--;
    struct range *last = to->range_count ? &to->ranges[to->range_count - 1] : NULL;
    if (!last || last->count || range.count || last->answer != range.answer)
        to->ranges[to->range_count++] = range;
}

/* The entries from at on that are about one call; returns the place of the next one. */
static size_t add_call(struct builder *to, size_t at)
{
    struct entry *entries = to->entries;
    uint32_t number = entries[at].number;
    struct range range = { number, to->profile->answer, &entries[at], 0 };
    const struct rule *always = NULL;
    size_t end = at;
    for (; end < to->entry_count && entries[end].number == number; end++) {
        struct entry entry = entries[end];
        if (has_conditions(&entry)) {
            entries[at + range.count++] = entry;
            continue;
        }
        if (always && always->answer != entry.rule->answer)
            usage("syscalls[%d] and syscalls[%d] answer %s differently", always->place, entry.rule->place, always->name);
        always = entry.rule;
        range.answer = always->answer;
    }
    add_range(to, range);
    if (number < UINT32_MAX)
        add_range(to, (struct range){ number + 1, to->profile->answer, NULL, 0 });
    return end;
}

/* What is newer than all calls that the profile names, it cannot have meant to refuse: it is answered as if the kernel
 * did not have it, for which programs are prepared. So does runc; here nothing is newer that came before Linux 5.1. */
static void add_newer(struct builder *to, uint32_t arch, uint32_t last)
{
    uint32_t first = number_on(arch, "pidfd_send_signal");
    if (first == NO_CALL || lets_pass(to->profile->answer))
        return;
    if (last >= first)
        first = last + 1;
    add_range(to, (struct range){ first, SECCOMP_RET_ERRNO | ENOSYS, NULL, 0 });
}

static void find_ranges(struct builder *to, uint32_t token)
{
    const struct profile *profile = to->profile;
    bool has_x32 = false, is_x86_64 = token == AUDIT_X86_64;
    for (size_t i = 0; i < profile->arch_count; i++)
        has_x32 = has_x32 || profile->arches[i] == SCMP_ARCH_X32;
    to->range_count = 0;
    add_range(to, (struct range){ 0, profile->answer, NULL, 0 });
    size_t at = 0;
    while (at < to->entry_count && (!is_x86_64 || to->entries[at].number < X32_BIT))
        at = add_call(to, at);
    add_newer(to, token, at ? to->entries[at - 1].number : 0);
    if (!is_x86_64)
        return;
    add_range(to, (struct range){ X32_BIT, has_x32 ? profile->answer : SECCOMP_RET_KILL_THREAD, NULL, 0 });
    size_t before = at;
    while (at < to->entry_count)
        at = add_call(to, at);
    if (has_x32)
        add_newer(to, SCMP_ARCH_X32, at > before ? to->entries[at - 1].number : 0);
    /* What a tracer skips has the number -1. */
    add_range(to, (struct range){ UINT32_MAX, profile->answer, NULL, 0 });
}

static size_t put(struct builder *to, uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
    if (to->length == to->most)
        usage("the filter would have more than %zu instructions", to->most);
    to->filter[to->length] = (struct sock_filter){ code, yes, no, value };
    return to->length++;
}

static void put_load(struct builder *to, size_t offset)
{
    put(to, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Where the halves of an argument are. */
static size_t half_of(unsigned index, bool is_high)
{
    bool is_second = is_high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return offsetof(struct seccomp_data, args) + 8 * index + (is_second ? 4 : 0);
}

enum { MET = 254, UNMET = 255 };    /* where a jump of a condition goes, until that is known */

static void put_mask(struct builder *to, uint32_t mask)
{
    put(to, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
}

/* Goes on behind, where the lower half decides, or jumps. */
static void put_high(struct builder *to, const struct condition *condition, uint8_t yes, uint8_t no)
{
    uint32_t high = (uint32_t)(condition->value >> 32);
    enum comparison how = condition->comparison;
    put_load(to, half_of(condition->index, true));
    if (how == MASKED_EQUAL) {
        put_mask(to, high);
        high = (uint32_t)(condition->value_two >> 32);
    }
    if (how == GREATER || how == GREATER_EQUAL || how == LESS || how == LESS_EQUAL)
        put(to, BPF_JMP | BPF_JGT | BPF_K, high, yes, 0);
    put(to, BPF_JMP | BPF_JEQ | BPF_K, high, 0, no);
}

/* Jumps to MET or to UNMET. What is less is not greater or equal, and so on. */
static void put_condition(struct builder *to, const struct condition *condition, bool is_narrow)
{
    uint32_t low = (uint32_t)condition->value;
    enum comparison how = condition->comparison;
    bool is_negated = how == NOT_EQUAL || how == LESS || how == LESS_EQUAL;
    uint8_t yes = is_negated ? UNMET : MET, no = is_negated ? MET : UNMET;
    if (!is_narrow)
        put_high(to, condition, yes, no);
    put_load(to, half_of(condition->index, false));
    if (how == MASKED_EQUAL) {
        put_mask(to, low);
        low = (uint32_t)condition->value_two;
    }
    uint16_t jump = how == GREATER || how == LESS_EQUAL ? BPF_JGT : how == GREATER_EQUAL || how == LESS ? BPF_JGE : BPF_JEQ;
    put(to, BPF_JMP | jump | BPF_K, low, yes, no);
}

/* Jumps of the instructions from first on that wait for it lead to the next one to come. */
static void settle(struct builder *to, size_t first, uint8_t which)
{
    for (size_t at = first; at < to->length; at++) {
        struct sock_filter *is = &to->filter[at];
        if (BPF_CLASS(is->code) != BPF_JMP || BPF_OP(is->code) == BPF_JA)
            continue;
        uint8_t far = (uint8_t)(to->length - at - 1);
        is->jt = is->jt == which ? far : is->jt;
        is->jf = is->jf == which ? far : is->jf;
    }
}

static void put_answers(struct builder *to, const struct range *range)
{
    for (size_t i = 0; i < range->count; i++) {
        const struct entry *entry = &range->entries[i];
        struct condition which = { 0, EQUAL, entry->which, 0 };
        size_t first = to->length;
        size_t count = entry->is_inner ? 1 : entry->rule->count;
        for (size_t j = 0; j < count; j++) {
            size_t begin = to->length;
            put_condition(to, entry->is_inner ? &which : &entry->rule->conditions[j], entry->is_narrow);
            settle(to, begin, MET);
        }
        put(to, BPF_RET | BPF_K, entry->rule->answer, 0, 0);
        settle(to, first, UNMET);
    }
    put(to, BPF_RET | BPF_K, range->answer, 0, 0);
}

/* Lets the instruction at skip the rest so far, which is moved where the jump is too far for one of its own. */
static void skip_rest(struct builder *to, size_t at)
{
    size_t size = to->length - at - 1;
    struct sock_filter *is = &to->filter[at];
    if (size <= UINT8_MAX) {
        is->jt = (uint8_t)size;
        return;
    }
    put(to, 0, 0, 0, 0);
    memmove(is + 2, is + 1, size * sizeof *is);
    is[1] = (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0, (uint32_t)size };
    is->jf = 1;
}

static void put_search(struct builder *to, const struct range *ranges, size_t count)
{
    if (count == 1) {
        put_answers(to, ranges);
        return;
    }
    size_t middle = count / 2, at = put(to, BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, 0);
    put_search(to, ranges, middle);
    skip_rest(to, at);
    put_search(to, ranges + middle, count - middle);
}

static void put_arch(struct builder *to, uint32_t token)
{
    collect(to, token);
    find_ranges(to, token);
    put(to, BPF_JMP | BPF_JEQ | BPF_K, token, 1, 0);
    size_t over = put(to, BPF_JMP | BPF_JA, 0, 0, 0);
    put_load(to, offsetof(struct seccomp_data, nr));
    put_search(to, to->ranges, to->range_count);
    to->filter[over].k = (uint32_t)(to->length - over - 1);
}

size_t build_filter(const struct profile *profile, struct sock_filter *filter, size_t most)
{
    /* A rule is about a call of an architecture, or one directly and one through another; x32 is in one space with x86-64. */
    size_t entries = 4 * profile->rule_count + 1;
    struct builder to = { .profile = profile, .filter = filter, .most = most,
        .entries = calloc(entries, sizeof *to.entries), .ranges = calloc(2 * entries + 8, sizeof *to.ranges) };
    if (!to.entries || !to.ranges)
        usage("no memory");
    for (size_t i = 0; i < profile->rule_count; i++)
        check_name(profile, &profile->rules[i]);
    put_load(&to, offsetof(struct seccomp_data, arch));
    for (size_t i = 0; i < profile->arch_count; i++) {
        uint32_t token = profile->arches[i];
        bool is_done = false;
        token = token == SCMP_ARCH_X32 ? AUDIT_X86_64 : token;
        for (size_t j = 0; j < i; j++)
            is_done = is_done || (profile->arches[j] == SCMP_ARCH_X32 ? AUDIT_X86_64 : profile->arches[j]) == token;
        if (!is_done)
            put_arch(&to, token);
    }
    put(&to, BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD, 0, 0);
    free(to.entries);
    free(to.ranges);
    return to.length;
}
