/* Limits, priorities, cgroup. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>

static uint64_t limit(const char *text)
{
    return strcmp(text, "keep") ? parse_size(text) : FORKEXEC_RLIMIT_KEEP;
}

static void rlimit(struct run *run, char *text)
{
    static const struct word resources[] = { { "cpu", RLIMIT_CPU }, { "fsize", RLIMIT_FSIZE }, { "data", RLIMIT_DATA },
        { "stack", RLIMIT_STACK }, { "core", RLIMIT_CORE }, { "rss", RLIMIT_RSS }, { "nproc", RLIMIT_NPROC },
        { "nofile", RLIMIT_NOFILE }, { "memlock", RLIMIT_MEMLOCK }, { "as", RLIMIT_AS }, { "locks", RLIMIT_LOCKS },
        { "sigpending", RLIMIT_SIGPENDING }, { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
        { "rtprio", RLIMIT_RTPRIO }, { "rttime", RLIMIT_RTTIME }, { NULL, 0 } };
    char *soft = cut_required(text, '='), *hard = cut(soft, ':');
    uint32_t resource = (uint32_t)parse_word(text, resources, "a resource");
    accept(forkexec_attr_set_rlimit(run->attr, resource, limit(soft), limit(hard ? hard : soft)));
}

static void restore_nofile(struct run *run, char *from)
{
    if (!from) {
        accept(forkexec_attr_restore_nofile(run->attr));
        return;
    }
    char *hard = cut(from, ':');
    accept(forkexec_attr_restore_nofile_from(run->attr, limit(from), hard ? limit(hard) : FORKEXEC_RLIMIT_KEEP));
}

static void nice_value(struct run *run, char *value)
{
    accept(forkexec_attr_set_nice(run->attr, (int32_t)parse_integer(value, -20, 19)));
}

static void affinity(struct run *run, char *list)
{
    size_t n;
    uint32_t *cpus = parse_numbers(list, 8191, &n);
    accept(forkexec_attr_set_affinity(run->attr, cpus, n));
    free(cpus);
}

static void scheduler(struct run *run, char *text)
{
    static const struct word policies[] = { { "other", SCHED_OTHER }, { "batch", SCHED_BATCH }, { "idle", SCHED_IDLE },
        { "fifo", SCHED_FIFO }, { "rr", SCHED_RR }, { NULL, 0 } };
    char *priority = cut(text, ':');
    accept(forkexec_attr_set_scheduler(run->attr, (int32_t)parse_word(text, policies, "a policy"),
        priority ? (int32_t)parse_integer(priority, 0, 99) : 0));
}

static void deadline(struct run *run, char *text)
{
    char *by = cut_required(text, ':'), *every = cut(by, ':');
    accept(forkexec_attr_set_deadline(run->attr, parse_unsigned(text, INT64_MAX), parse_unsigned(by, INT64_MAX),
        every ? parse_unsigned(every, INT64_MAX) : 0));
}

static void utilization(struct run *run, char *min)
{
    char *max = cut_required(min, ':');
    accept(forkexec_attr_set_utilization(run->attr, (uint32_t)parse_unsigned(min, 1024),
        (uint32_t)parse_unsigned(max, 1024)));
}

static void numa_policy(struct run *run, char *mode)
{
    static const struct word modes[] = { { "default", 0 }, { "preferred", 1 }, { "bind", 2 }, { "interleave", 3 },
        { "local", 4 }, { "preferred-many", 5 }, { "weighted-interleave", 6 }, { NULL, 0 } };
    char *list = cut(mode, ':');
    size_t n = 0;
    uint32_t *nodes = list ? parse_numbers(list, 1023, &n) : NULL;
    accept(forkexec_attr_set_numa_policy(run->attr, (uint32_t)parse_word(mode, modes, "a policy for memory"), nodes, n));
    free(nodes);
}

static void io_priority(struct run *run, char *text)
{
    static const struct word classes[] = { { "none", 0 }, { "realtime", 1 }, { "best-effort", 2 }, { "idle", 3 },
        { NULL, 0 } };
    char *level = cut(text, ':');
    accept(forkexec_attr_set_io_priority(run->attr, (uint32_t)parse_word(text, classes, "a class"),
        level ? (uint32_t)parse_unsigned(level, 7) : 0));
}

static void umask_value(struct run *run, char *mask)
{
    accept(forkexec_attr_set_umask(run->attr, (uint32_t)parse_octal(mask, 0777)));
}

static void personality_value(struct run *run, char *text)
{
    static const struct word names[] = { { "linux32", PER_LINUX32 }, { "addr-no-randomize", ADDR_NO_RANDOMIZE },
        { NULL, 0 } };
    uint64_t value;
    if (*text >= '0' && *text <= '9')
        value = parse_unsigned(text, UINT32_MAX);
    else
        value = parse_words(text, names, "a number or personality");
    accept(forkexec_attr_set_personality(run->attr, (uint32_t)value));
}

static void oom_score_adj(struct run *run, char *value)
{
    accept(forkexec_attr_set_oom_score_adj(run->attr, (int32_t)parse_integer(value, -1000, 1000)));
}

static void timer_slack(struct run *run, char *nanoseconds)
{
    accept(forkexec_attr_set_timer_slack(run->attr, parse_unsigned(nanoseconds, UINT64_MAX)));
}

static void process_flags(struct run *run, char *text)
{
    static const struct word words[] = { { "no-thp", FORKEXEC_PROCESS_NO_THP }, { "mdwe", FORKEXEC_PROCESS_MDWE },
        { "no-tsc", FORKEXEC_PROCESS_NO_TSC }, { "subreaper", FORKEXEC_PROCESS_SUBREAPER },
        { "reset-on-fork", FORKEXEC_PROCESS_RESET_ON_FORK }, { "own-core", FORKEXEC_PROCESS_OWN_CORE }, { "ksm", FORKEXEC_PROCESS_KSM }, { NULL, 0 } };
    accept(forkexec_attr_set_process_flags(run->attr, (uint32_t)parse_words(text, words, "a process flag")));
}

static void speculation(struct run *run, char *text)
{
    static const struct word features[] = { { "store-bypass", FORKEXEC_SPECULATION_STORE_BYPASS },
        { "indirect-branch", FORKEXEC_SPECULATION_INDIRECT_BRANCH }, { "l1d-flush", FORKEXEC_SPECULATION_L1D_FLUSH },
        { NULL, 0 } };
    static const struct word controls[] = { { "enable", FORKEXEC_SPECULATE_ENABLE },
        { "disable", FORKEXEC_SPECULATE_DISABLE }, { "force-disable", FORKEXEC_SPECULATE_FORCE_DISABLE }, { NULL, 0 } };
    char *control = cut_required(text, '=');
    accept(forkexec_attr_set_speculation(run->attr, (uint32_t)parse_word(text, features, "a kind of speculation"),
        (uint32_t)parse_word(control, controls, "what to do with it")));
}

static void coredump_filter(struct run *run, char *kinds)
{
    accept(forkexec_attr_set_coredump_filter(run->attr, (uint32_t)parse_unsigned(kinds, 0x1ff)));
}

static void cgroup(struct run *run, char *path)
{
    /* Open until the end: the library borrows it. */
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        usage("%s: %s", path, strerror(errno));
    if (run->names_cgroup)
        usage("given twice: the command is in one cgroup");
    accept(forkexec_attr_set_cgroup_fd(run->attr, fd));
    run->names_cgroup = true;
}

static void allow_failure(struct run *run, char *name)
{
    static const struct word stages[] = { { "nice", FORKEXEC_STAGE_NICE }, { "io-priority", FORKEXEC_STAGE_IO_PRIORITY },
        { "oom-score-adj", FORKEXEC_STAGE_OOM_SCORE }, { "timer-slack", FORKEXEC_STAGE_TIMER_SLACK },
        { "affinity", FORKEXEC_STAGE_AFFINITY }, { "hostname", FORKEXEC_STAGE_HOSTNAME },
        { "domainname", FORKEXEC_STAGE_DOMAINNAME }, { "loopback", FORKEXEC_STAGE_LOOPBACK },
        { "late-namespaces", FORKEXEC_STAGE_LATE_NAMESPACES }, { "keyring", FORKEXEC_STAGE_KEYRING }, { NULL, 0 } };
    accept(forkexec_attr_allow_failure(run->attr, (uint32_t)parse_word(name, stages, "what may fail")));
}

static void measure_memory(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_measure_memory(run->attr));
}

static const struct option_row rows[] = {
    { "rlimit", "NAME=SOFT[:HARD]", "a resource limit, as cpu=1:2 or as=512M; a half may be unlimited or keep", rlimit },
    { "restore-nofile", "[=SOFT[:HARD]]", "the soft limit on descriptors that forkexec-run was started with, if it is SOFT now",
        restore_nofile },
    { "nice", "N", "the nice value, -20 to 19", nice_value },
    { "affinity", "CPUS", "run on these processors only, as 0-3,5", affinity },
    { "scheduler", "POLICY[:PRIORITY]", "other, batch, idle, or fifo and rr with 1 to 99", scheduler },
    { "deadline", "RUNTIME:DEADLINE[:PERIOD]", "SCHED_DEADLINE, in nanoseconds; instead of --scheduler", deadline },
    { "utilization", "MIN:MAX", "how busy the kernel takes the command to be, of 1024", utilization },
    { "numa-policy", "MODE[:NODES]", "where memory comes from: default, preferred, bind, interleave, local, preferred-many, "
        "weighted-interleave; as bind:0-1", numa_policy },
    { "io-priority", "CLASS[:LEVEL]", "none, realtime, best-effort or idle; 0 (first) to 7", io_priority },
    { "umask", "OCTAL", "the file mode creation mask", umask_value },
    { "personality", "FLAGS", "a number, or linux32 and addr-no-randomize", personality_value },
    { "oom-score-adj", "N", "-1000 (never taken by the out-of-memory killer) to 1000 (first)", oom_score_adj },
    { "timer-slack", "NANOSECONDS", "how late timers may be; 0 for the default", timer_slack },
    { "measure-memory", NULL, "tell the command's own peak of memory in --json-status-fd; without it the peak is at least that of forkexec-run", measure_memory },
    { "process-flags", "FLAGS", "no-thp, mdwe (no writable memory becomes executable), no-tsc, subreaper, reset-on-fork, "
        "own-core (shared only with its descendants), ksm", process_flags },
    { "speculation", "KIND=CONTROL", "store-bypass, indirect-branch or l1d-flush: enable, disable or force-disable", speculation },
    { "coredump-filter", "BITS", "what of its memory is written into a core, as core(5) has it", coredump_filter },
    { "cgroup", "DIR", "start in the cgroup whose directory is DIR, of version 2 or 1", cgroup },
    { "allow-failure", "WHAT", "go on where this one of nice, io-priority, oom-score-adj, timer-slack, affinity, hostname, "
        "domainname, loopback and late-namespaces fails; keyring, where the kernel has none", allow_failure },
};
SECTION(limits, "Limits and priorities");
