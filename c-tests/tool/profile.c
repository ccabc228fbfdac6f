/* Seccomp profiles in JSON, as forkexec-run reads them: the answers of the filter, call by call; that libseccomp's own
 * filter gives the same answers; how many instructions a call costs; and that errors in a profile are named.
 * PROFILE=FILE in the environment: this file is compared with libseccomp, too. */
#define _GNU_SOURCE
#include "harness.h"

#include "../../tools/run/profile.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 4096, X32_BIT = 0x40000000 };
#define NATIVE seccomp_arch_native()
#define EPERM_ANSWER (SECCOMP_RET_ERRNO | EPERM)
#define CAP(name) (UINT64_C(1) << CAP_##name)

/* Stores what the command would print, or exits like the command. */
static char said[2048];
static int expects = -1; /* the pipe for that text */
const char *current_option;

_Noreturn void usage(const char *format, ...);
_Noreturn void usage(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(said, sizeof said, format, list);
    va_end(list);
    if (expects >= 0)
        _exit(write(expects, said, strlen(said)) < 0);
    printf("# %s\n", said);
    fail();
    abort();
}

struct filter {
    struct sock_filter program[MOST];
    size_t length;
    size_t steps;   /* instructions of the last call */
};

/* Runs a filter as the kernel does; linux/filter.h. */
static uint32_t answer(struct filter *filter, const struct seccomp_data *data)
{
    uint32_t a = 0;
    filter->steps = 0;
    for (size_t at = 0;; at++) {
        assert_true(at < filter->length);
        const struct sock_filter *is = &filter->program[at];
        filter->steps++;
        switch (is->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(is->k % 4 == 0 && is->k + 4 <= sizeof *data);
            memcpy(&a, (const char *)data + is->k, 4);
            break;
        case BPF_ALU | BPF_AND | BPF_K: a &= is->k; break;
        case BPF_JMP | BPF_JA: at += is->k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: at += a == is->k ? is->jt : is->jf; break;
        case BPF_JMP | BPF_JGT | BPF_K: at += a > is->k ? is->jt : is->jf; break;
        case BPF_JMP | BPF_JGE | BPF_K: at += a >= is->k ? is->jt : is->jf; break;
        case BPF_RET | BPF_K: return is->k;
        default: printf("# instruction %#x\n", is->code); fail();
        }
    }
}

/* The filter's answer to a call of an architecture, by name, with its first arguments. */
#define asked(filter, arch, name, ...) asked_(filter, arch, name, (uint64_t[6]){ __VA_ARGS__ })
static uint32_t asked_(struct filter *filter, uint32_t arch, const char *name, const uint64_t *arguments)
{
    int number = seccomp_syscall_resolve_name_arch(arch, name);
    assert_true(number >= 0);
    struct seccomp_data data = { .nr = number, .arch = arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch };
    memcpy(data.args, arguments, sizeof data.args);
    return answer(filter, &data);
}

#define file scratch_path("profile.json")

static void write_profile(const char *text)
{
    FILE *out = fopen(file, "we");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void read_file(struct profile *profile, const char *path, uint64_t capabilities)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    read_profile(profile, fd, capabilities);
}

static void make(struct filter *filter, const char *text, uint64_t capabilities)
{
    struct profile profile;
    write_profile(text);
    read_file(&profile, file, capabilities);
    filter->length = build_filter(&profile, filter->program, MOST);
    free_profile(&profile);
    unlink(file);
}

/* A profile like that of a container: all calls that libseccomp knows for this machine, with few exceptions. */
static const char *const refused[] = { "_sysctl", "add_key", "create_module", "kexec_load", "keyctl", "nfsservctl",
    "query_module", "request_key", "sysfs", "uselib", "userfaultfd", "ustat", "vm86", "reboot", "swapon", "swapoff" };
static const char *const special[] = { "personality", "clone", "clone3", "socket", "mount", "unshare", "setns", "bpf",
    "ptrace", "chroot", "syslog", "arch_prctl" };

static bool is_in(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, list[i]))
            return true;
    return false;
}
#define IS_IN(name, list) is_in(name, list, sizeof list / sizeof *list)

static const char *wide_profile(void)
{
    static char text[65536];
    size_t length = 0;
#define ADD(...) length += (size_t)snprintf(text + length, sizeof text - length, __VA_ARGS__)
    ADD("{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1,\n\"archMap\": [\n"
        "{ \"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"] },\n"
        "{ \"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": [\"SCMP_ARCH_ARM\"] },\n"
        "{ \"architecture\": \"SCMP_ARCH_LOONGARCH64\", \"subArchitectures\": null }],\n\"syscalls\": [{ \"names\": [");
    int count = 0;
    for (int number = 0; number < 1000; number++) {
        char *name = seccomp_syscall_resolve_num_arch(NATIVE, number);
        if (name && !IS_IN(name, refused) && !IS_IN(name, special))
            ADD("%s\"%s\"", count++ ? ", " : "", name);
        free(name);
    }
    assert_true(count > 250);
    ADD(", \"a_call_of_the_future\", \"mseal\", \"stat64\", \"socketcall\" ], \"action\": \"SCMP_ACT_ALLOW\" },\n");
    for (int i = 0; i < 5; i++)
        ADD("{ \"names\": [\"personality\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{ \"index\": 0, \"value\": %s, "
            "\"op\": \"SCMP_CMP_EQ\" }] },\n", (const char *[]){ "0", "8", "131072", "131080", "4294967295" }[i]);
    ADD("{ \"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{ \"index\": 0, \"value\": 40, "
        "\"op\": \"SCMP_CMP_NE\" }] },\n");
    ADD("{ \"names\": [\"ptrace\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": { \"minKernel\": \"4.8\" } },\n");
    ADD("{ \"names\": [\"syslog\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": { \"minKernel\": \"99.0\" } },\n");
    ADD("{ \"names\": [\"arch_prctl\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": { \"arches\": [\"amd64\", \"x32\"] } },\n");
    ADD("{ \"names\": [\"bpf\", \"clone\", \"clone3\", \"mount\", \"setns\", \"unshare\"], \"action\": \"SCMP_ACT_ALLOW\", "
        "\"args\": null, \"includes\": { \"caps\": [\"CAP_SYS_ADMIN\"] } },\n");
    ADD("{ \"names\": [\"chroot\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": { \"caps\": [\"CAP_SYS_CHROOT\"] } },\n");
    ADD("{ \"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{ \"index\": 0, \"value\": 2114060288, "
        "\"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\" }], \"comment\": \"no namespaces\", \"excludes\": { \"caps\": "
        "[\"CAP_SYS_ADMIN\"], \"arches\": [\"s390\", \"s390x\"] } },\n");
    ADD("{ \"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38, \"excludes\": { \"caps\": "
        "[\"CAP_SYS_ADMIN\"] } } ] }\n");
#undef ADD
    assert_true(length < sizeof text - 1);
    return text;
}

static void need_x86_64(void)
{
    need(NATIVE == SCMP_ARCH_X86_64, "the numbers are those of x86-64");
}

TEST(every_call_of_a_wide_profile_is_answered)
{
    static struct filter filter;
    make(&filter, wide_profile(), 0);
    for (int number = 0; number < 1000; number++) {
        char *name = seccomp_syscall_resolve_num_arch(NATIVE, number);
        if (name && !IS_IN(name, special)) {
            uint32_t wanted = IS_IN(name, refused) ? EPERM_ANSWER : SECCOMP_RET_ALLOW, got = asked(&filter, NATIVE, name);
            if (got != wanted)
                printf("# %s: %#x\n", name, got);
            assert_int_equal(got, wanted);
        }
        free(name);
    }
    assert_int_equal(asked(&filter, NATIVE, "personality", 8), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "personality", 0xffffffff), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "personality", 9), EPERM_ANSWER);
    assert_int_equal(asked(&filter, NATIVE, "personality", UINT64_C(0x100000008)), EPERM_ANSWER);
    assert_int_equal(asked(&filter, NATIVE, "socket", AF_INET), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "socket", AF_VSOCK), EPERM_ANSWER);
    assert_int_equal(asked(&filter, NATIVE, "clone", CLONE_VM | CLONE_THREAD), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "clone", CLONE_NEWUSER), EPERM_ANSWER);
    assert_int_equal(asked(&filter, NATIVE, "clone3"), SECCOMP_RET_ERRNO | ENOSYS);
    assert_int_equal(asked(&filter, NATIVE, "ptrace"), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "syslog"), EPERM_ANSWER);
    assert_int_equal(asked(&filter, NATIVE, "mount"), EPERM_ANSWER);
    /* A call that libseccomp may not know, and numbers that no call has. */
    assert_int_equal(answer(&filter, &(struct seccomp_data){ .nr = 462, .arch = NATIVE }), SECCOMP_RET_ALLOW);
    assert_int_equal(answer(&filter, &(struct seccomp_data){ .nr = 5000, .arch = NATIVE }), SECCOMP_RET_ERRNO | ENOSYS);
    assert_int_equal(answer(&filter, &(struct seccomp_data){ .nr = -1, .arch = NATIVE }),
        NATIVE == SCMP_ARCH_X86_64 ? EPERM_ANSWER : SECCOMP_RET_ERRNO | ENOSYS);
    assert_int_equal(answer(&filter, &(struct seccomp_data){ .nr = 0, .arch = 1 }), SECCOMP_RET_KILL_THREAD);
}

TEST(capabilities_decide)
{
    static struct filter filter;
    make(&filter, wide_profile(), CAP(SYS_ADMIN));
    assert_int_equal(asked(&filter, NATIVE, "mount"), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "clone3"), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "clone", CLONE_NEWUSER), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "chroot"), EPERM_ANSWER);
    make(&filter, wide_profile(), CAP(SYS_CHROOT));
    assert_int_equal(asked(&filter, NATIVE, "chroot"), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "mount"), EPERM_ANSWER);
}

TEST(the_other_abis_of_the_machine)
{
    static struct filter filter;
    need_x86_64();
    make(&filter, wide_profile(), 0);
    uint32_t arches[] = { SCMP_ARCH_X86, SCMP_ARCH_X32 };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(asked(&filter, arches[i], "read"), SECCOMP_RET_ALLOW);
        assert_int_equal(asked(&filter, arches[i], "keyctl"), EPERM_ANSWER);
        assert_int_equal(asked(&filter, arches[i], "personality", 8), SECCOMP_RET_ALLOW);
        assert_int_equal(asked(&filter, arches[i], "personality", 9), EPERM_ANSWER);
    }
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "stat64"), SECCOMP_RET_ALLOW);
    assert_int_equal(answer(&filter, &(struct seccomp_data){ .nr = X32_BIT | 462, .arch = NATIVE }), SECCOMP_RET_ALLOW);
    assert_int_equal(answer(&filter, &(struct seccomp_data){ .nr = X32_BIT | 5000, .arch = NATIVE }),
        SECCOMP_RET_ERRNO | ENOSYS);
    make(&filter, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", 0);
    assert_int_equal(asked(&filter, NATIVE, "read"), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, SCMP_ARCH_X32, "read"), SECCOMP_RET_KILL_THREAD);
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "read"), SECCOMP_RET_KILL_THREAD);
}

TEST(a_read_costs_few_instructions)
{
    static struct filter filter;
    make(&filter, wide_profile(), 0);
    asked(&filter, NATIVE, "read");
    printf("# %zu instructions for read, of %zu\n", filter.steps, filter.length);
    assert_true(filter.steps <= 20);
    size_t worst = 0;
    for (int number = 0; number < 1000; number++) {
        answer(&filter, &(struct seccomp_data){ .nr = number, .arch = NATIVE });
        worst = filter.steps > worst ? filter.steps : worst;
    }
    assert_true(worst <= 40);
    printf("# the worst call costs %zu\n", worst);
}

/* The same rules with libseccomp. */
static void build_by_libseccomp(const struct profile *profile, struct filter *filter)
{
    static const enum scmp_compare comparisons[] = { [EQUAL] = SCMP_CMP_EQ, [NOT_EQUAL] = SCMP_CMP_NE,
        [GREATER] = SCMP_CMP_GT, [GREATER_EQUAL] = SCMP_CMP_GE, [LESS] = SCMP_CMP_LT, [LESS_EQUAL] = SCMP_CMP_LE,
        [MASKED_EQUAL] = SCMP_CMP_MASKED_EQ };
    scmp_filter_ctx context = seccomp_init(profile->answer);
    assert_non_null(context);
    assert_int_equal(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), 0);
    for (size_t i = 1; i < profile->arch_count; i++)
        assert_int_equal(seccomp_arch_add(context, profile->arches[i]), 0);
    for (size_t i = 0; i < profile->rule_count; i++) {
        const struct rule *rule = &profile->rules[i];
        struct scmp_arg_cmp list[6];
        int number = seccomp_syscall_resolve_name(rule->name);
        if (number == __NR_SCMP_ERROR)
            continue;
        for (size_t j = 0; j < rule->count; j++)
            list[j] = (struct scmp_arg_cmp){ rule->conditions[j].index, comparisons[rule->conditions[j].comparison],
                rule->conditions[j].value, rule->conditions[j].value_two };
        assert_int_equal(seccomp_rule_add_array(context, rule->answer, number, (unsigned)rule->count, list), 0);
    }
    int fd = memfd_create("filter", MFD_CLOEXEC);
    assert_int_equal(seccomp_export_bpf(context, fd), 0);
    ssize_t size = pread(fd, filter->program, sizeof filter->program, 0);
    assert_true(size > 0);
    filter->length = (size_t)size / sizeof *filter->program;
    close(fd);
    seccomp_release(context);
}

/* For calls that neither knows, this filter answers ENOSYS. */
static void compare(struct filter *ours, struct filter *theirs, uint32_t arch, uint32_t number)
{
    static const uint64_t values[] = { 0, 1, 2, 8, 9, 16, 38, 39, 40, 41, 42, 131072, 131080, 0x7e020000, CLONE_NEWUSER,
        CLONE_VM, UINT32_MAX, UINT64_C(0x100000000), UINT64_C(0x100000008), UINT64_MAX };
    enum { VALUES = sizeof values / sizeof *values };
    for (size_t i = 0; i < VALUES * 2; i++) {
        struct seccomp_data data = { .nr = (int)number, .arch = arch };
        uint64_t value = arch == SCMP_ARCH_X86 ? (uint32_t)values[i % VALUES] : values[i % VALUES];
        for (size_t j = 0; j < 6; j++)
            data.args[j] = j == i / VALUES ? value : values[(i * 7 + j) % 6];
        uint32_t got = answer(ours, &data), wanted = answer(theirs, &data);
        char *known = seccomp_syscall_resolve_num_arch(number & X32_BIT && arch == SCMP_ARCH_X86_64 ? SCMP_ARCH_X32 : arch,
            (int)number);
        if (got != wanted && known)
            printf("# %s (%#x of %#x) with %#llx, %#llx: %#x, libseccomp: %#x\n", known, number, arch,
                (unsigned long long)data.args[0], (unsigned long long)data.args[1], got, wanted);
        assert_true(got == wanted || !known);
        free(known);
    }
}

static void compare_all(const char *path, uint64_t capabilities)
{
    static struct filter ours, theirs;
    struct profile profile;
    double begin = seconds();
    read_file(&profile, path, capabilities);
    ours.length = build_filter(&profile, ours.program, MOST);
    double middle = seconds();
    build_by_libseccomp(&profile, &theirs);
    printf("# %zu rules: %zu instructions in %.3f ms, libseccomp %zu in %.3f ms\n", profile.rule_count, ours.length,
        (middle - begin) * 1e3, theirs.length, (seconds() - middle) * 1e3);
    for (size_t i = 0; i < profile.arch_count; i++) {
        uint32_t arch = profile.arches[i], base = arch == SCMP_ARCH_X32 ? X32_BIT : 0;
        for (uint32_t number = 0; number < 600; number++)
            compare(&ours, &theirs, arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch, base | number);
    }
    answer(&ours, &(struct seccomp_data){ .nr = 0, .arch = profile.arches[0] });
    answer(&theirs, &(struct seccomp_data){ .nr = 0, .arch = profile.arches[0] });
    printf("# call 0 costs %zu instructions, libseccomp's %zu\n", ours.steps, theirs.steps);
    free_profile(&profile);
}

TEST(libseccomp_answers_the_same)
{
    need_x86_64();
    write_profile(wide_profile());
    compare_all(file, 0);
    compare_all(file, CAP(SYS_ADMIN));
    unlink(file);
    const char *given = getenv("PROFILE");
    if (given) {
        compare_all(given, 0);
        compare_all(given, CAP(SYS_ADMIN));
        compare_all(given, UINT64_MAX >> 23);
    }
}

static bool holds(enum comparison how, uint64_t argument, uint64_t value, uint64_t two)
{
    switch (how) {
    case EQUAL: return argument == value;
    case NOT_EQUAL: return argument != value;
    case GREATER: return argument > value;
    case GREATER_EQUAL: return argument >= value;
    case LESS: return argument < value;
    case LESS_EQUAL: return argument <= value;
    case MASKED_EQUAL: return (argument & value) == two;
    }
    return false;
}

TEST(every_comparison_is_of_all_64_bits)
{
    static const uint64_t edges[] = { 0, 1, 5, 0x7fffffff, 0xffffffff, UINT64_C(0x100000000), UINT64_C(0x100000005),
        UINT64_C(0x500000001), UINT64_C(0x8000000000000000), UINT64_MAX };
    enum { EDGES = sizeof edges / sizeof *edges };
    static struct filter filter;
    for (enum comparison how = EQUAL; how <= MASKED_EQUAL; how++)
        for (size_t i = 0; i < EDGES; i++) {
            uint64_t two = how == MASKED_EQUAL ? edges[i] & edges[EDGES - 1 - i] : 0;
            struct rule rule = { "dup3", SECCOMP_RET_TRAP, { { 2, how, edges[i], two }, { 0, GREATER, 3, 0 } }, 2, 0 };
            struct profile profile = { SECCOMP_RET_ALLOW, 0, { NATIVE }, 1, &rule, 1 };
            filter.length = build_filter(&profile, filter.program, MOST);
            for (size_t j = 0; j < EDGES; j++) {
                bool traps = holds(how, edges[j], edges[i], two);
                assert_int_equal(asked(&filter, NATIVE, "dup3", 4, 0, edges[j]), traps ? SECCOMP_RET_TRAP : SECCOMP_RET_ALLOW);
                assert_int_equal(asked(&filter, NATIVE, "dup3", 3, 0, edges[j]), SECCOMP_RET_ALLOW);
            }
        }
}

TEST(calls_through_socketcall_and_ipc)
{
    static struct filter filter;
    need_x86_64();
    /* A call that is refused by name is refused through socketcall and ipc, too. */
    make(&filter, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":["
        "{\"names\":[\"connect\",\"shmget\"],\"action\":\"SCMP_ACT_ERRNO\"},"
        "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_EQ\"}]}]}", 0);
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "socketcall", 3), EPERM_ANSWER);
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "socketcall", 4), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "ipc", 23), EPERM_ANSWER);
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "ipc", 24), SECCOMP_RET_ALLOW);
    /* Calls that are refused for some arguments are refused for all there. */
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "socketcall", 1), EPERM_ANSWER);
    struct seccomp_data direct = { .nr = 359, .arch = SCMP_ARCH_X86, .args = { 40 } };
    assert_int_equal(answer(&filter, &direct), EPERM_ANSWER);
    direct.args[0] = 2;
    assert_int_equal(answer(&filter, &direct), SECCOMP_RET_ALLOW);
    make(&filter, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":["
        "{\"names\":[\"connect\"],\"action\":\"SCMP_ACT_ALLOW\"},"
        "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}]}", 0);
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "socketcall", 3), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, SCMP_ARCH_X86, "socketcall", 1), EPERM_ANSWER);
    assert_int_equal(answer(&filter, &direct), SECCOMP_RET_ALLOW);
}

#define CALL(more) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" more "]}"

TEST(forms_of_profiles)
{
    static struct filter filter;
    struct profile profile;
    /* The old form, a whole config.json, actions, and conditions of which one is enough. */
    make(&filter, CALL("{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":[]}"), 0);
    assert_int_equal(asked(&filter, NATIVE, "read"), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "write"), EPERM_ANSWER);
    make(&filter, "{\"ociVersion\":\"1.0\",\"linux\":{\"rootfsPropagation\":\"x\",\"seccomp\":{\"defaultAction\":"
        "\"SCMP_ACT_LOG\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":77}]}}}", 0);
    assert_int_equal(asked(&filter, NATIVE, "read"), SECCOMP_RET_ERRNO | 77);
    assert_int_equal(asked(&filter, NATIVE, "write"), SECCOMP_RET_LOG);
    assert_int_equal(answer(&filter, &(struct seccomp_data){ .nr = 5000, .arch = NATIVE }), SECCOMP_RET_LOG);
    static const struct {
        const char *name;
        uint32_t answer;
    } actions[] = { { "KILL", SECCOMP_RET_KILL_THREAD }, { "KILL_THREAD", SECCOMP_RET_KILL_THREAD },
        { "KILL_PROCESS", SECCOMP_RET_KILL_PROCESS }, { "TRAP", SECCOMP_RET_TRAP }, { "TRACE", SECCOMP_RET_TRACE | EPERM },
        { "ERRNO", EPERM_ANSWER }, { "LOG", SECCOMP_RET_LOG } };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"dup\"],\"action\":"
            "\"SCMP_ACT_%s\"}]}", actions[i].name);
        make(&filter, text, 0);
        assert_int_equal(asked(&filter, NATIVE, "dup"), actions[i].answer);
    }
    make(&filter, CALL("{\"names\":[\"dup\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"op\":"
        "\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}"), 0);
    assert_int_equal(asked(&filter, NATIVE, "dup", 1), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "dup", 2), SECCOMP_RET_ALLOW);
    assert_int_equal(asked(&filter, NATIVE, "dup", 3), EPERM_ANSWER);
    static const struct {
        const char *flags;
        uint32_t are;
    } flags[] = { { "", FORKEXEC_SECCOMP_SPEC_ALLOW }, { ",\"flags\":[]", 0 },
        { ",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]", FORKEXEC_SECCOMP_LOG },
        { ",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]", FORKEXEC_SECCOMP_SPEC_ALLOW } };
    for (size_t i = 0; i < 4; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"%s}", flags[i].flags);
        write_profile(text);
        read_file(&profile, file, 0);
        assert_int_equal(profile.flags, flags[i].are);
        free_profile(&profile);
    }
    unlink(file);
}

static const struct {
    const char *text, *why;
} wrong[] = {
    { "", "line 1: this is no JSON: " },
    { "{\n\"defaultAction\":\n}", "line 3: this is no JSON" },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\"} x", "this is no JSON" },
    { "[]", "it should be an object" },
    { "{}", "defaultAction: it is missing" },
    { "{\"defaultAction\":1}", "defaultAction: it should be a text" },
    { "{\"defaultAction\":\"ALLOW\"}", "defaultAction: there is no action \"ALLOW\"" },
    { "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "defaultAction: SCMP_ACT_NOTIFY needs" },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrno\":1}", "defaultErrno: there is no such key" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":-1}", "defaultErrnoRet: it is below 0" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":5000}", "defaultErrnoRet: it is above 4095" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"listenerPath\":\"/x\"}", "listenerPath: this command has nobody" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":[\"FAST\"]}", "flags[0]: there is no flag \"FAST\"" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_VAX\"]}",
        "architectures: there is no architecture \"SCMP_ARCH_VAX\"" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"x86\"]}", "architectures: there is no architecture \"x86\"" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"archMap\":[{}]}", "archMap: there are" },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{}]}", "archMap[0].architecture: it should be a name" },
    { "{\"linux\":{}}", "linux.seccomp: it is missing" },
    { "{\"linux\":{\"seccomp\":{\"defaultAction\":\"X\"}}}", "linux.seccomp.defaultAction: there is no action" },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":{}}", "syscalls: it should be a list" },
    { CALL("1"), "syscalls[0]: it should be an object" },
    { CALL("{\"names\":[\"read\"]}"), "syscalls[0].action: it is missing" },
    { CALL("{\"action\":\"SCMP_ACT_ALLOW\"}"), "syscalls[0].names: they are missing" },
    { CALL("{\"name\":\"read\",\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}"), "syscalls[0].names: there is a \"name\"" },
    { CALL("{\"names\":[\"\"],\"action\":\"SCMP_ACT_ALLOW\"}"), "syscalls[0].names: one of them is empty" },
    { CALL("{\"names\":[\"read\\u0000x\"],\"action\":\"SCMP_ACT_ALLOW\"}"), "syscalls[0].names[0]: it holds a NUL" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":18446744073709551616,"
           "\"op\":\"SCMP_CMP_EQ\"}]}"), "a number is above 18446744073709551615" },
    { CALL("{\"names\":[1],\"action\":\"SCMP_ACT_ALLOW\"}"), "syscalls[0].names[0]: it should be a text" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\"}"),
        "syscalls[0] and syscalls[1] answer read differently" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}"), "syscalls[0].action: SCMP_ACT_NOTIFY needs" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}"),
        "syscalls[0].args[0].index: it is above 5" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"op\":\"SCMP_CMP_EQ\"}]}"),
        "syscalls[0].args[0].index: it is missing" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"op\":\"EQ\"}]}"),
        "syscalls[0].args[0].op: it should be SCMP_CMP_" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"val\":0,\"op\":\"SCMP_CMP_EQ\"}]}"),
        "syscalls[0].args[0].val: there is no such key" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"SYS_ADMIN\"]}}"),
        "syscalls[0].includes.caps: it should be the name of a capability" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_FLY\"]}}"),
        "\"CAP_FLY\" is not a capability" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"minKernel\":\"four\"}}"),
        "syscalls[0].excludes.minKernel: it should be two numbers" },
    { CALL("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"arch\":[]}}"),
        "syscalls[0].excludes.arch: there is no such key" },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"raed\"],\"action\":\"SCMP_ACT_ERRNO\"}]}",
        "syscalls[0]: there is no call \"raed\"" },
};

/* In a process of its own, which exits as the command does. */
static void read_wrong(const char *text)
{
    static struct filter filter;
    struct profile profile;
    int ends[2];
    write_profile(text);
    assert_false(pipe(ends));
    pid_t pid = fork();
    if (pid == 0) {
        expects = ends[1];
        read_file(&profile, file, 0);
        build_filter(&profile, filter.program, MOST);
        _exit(1);
    }
    close(ends[1]);
    ssize_t length = read(ends[0], said, sizeof said - 1);
    said[length > 0 ? length : 0] = 0;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

TEST(errors_in_profiles_are_named)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        read_wrong(wrong[i].text);
        if (!strstr(said, wrong[i].why))
            printf("# wanted: %s\n# got:    %s\n", wrong[i].why, said);
        assert_non_null(strstr(said, wrong[i].why));
    }
    unlink(file);
}
