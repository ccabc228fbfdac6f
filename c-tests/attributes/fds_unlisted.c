/* Finding and closing descriptors where close_range(2) is missing and no /proc lists them: with poll(2), or else one by one
 * up to the size of the table. */
#define _GNU_SOURCE
#include "deny_calls.h"

#include <fcntl.h>
#include <sys/stat.h>

#define MISSING(name, ...) { SYS_##name, ENOSYS, { __VA_ARGS__ } }
#define NO_LISTING { SYS_openat, ENOENT, { { IS, 2, O_RDONLY | O_DIRECTORY | O_CLOEXEC } } }
enum { MOST = 6 };

static const struct host {
    const char *name;
    struct denial lacks[MOST];
    bool lists_nothing; /* an empty root has no /proc */
} hosts[] = {
    { "no listing", { MISSING(close_range), NO_LISTING }, false },
    { "no listing and no poll", { MISSING(close_range), NO_LISTING, MISSING(ppoll) }, false },
    { "no listing and no select", { MISSING(close_range), NO_LISTING, MISSING(pselect6) }, false },
    { "no listing, no poll and no select",
        { MISSING(close_range), NO_LISTING, MISSING(ppoll), MISSING(pselect6) }, false },
    { "an empty root", { MISSING(close_range) }, true },
};

static const uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED };
#define EACH_MODE(mode) for (const uint32_t *mode = modes; mode < modes + 3; mode++)

/* The first and last numbers of the blocks that are polled, and of the words of the kernel's table. */
static const int numbers[] = { 3, 4, 63, 64, 65, 127, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4095, 4096 };

/* Opens descriptors that are not asked for, up to the highest possible number, and lowers the limit below it. */
static int open_many(rlim_t soft)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int null = open("/dev/null", O_RDWR), highest = (int)limit.rlim_max - 1;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (fcntl(numbers[i], F_GETFD) < 0) /* numbers that the library does not use */
            dup2(null, numbers[i]);
    dup2(null, highest);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return highest;
}

/* The reporter, at its path in the empty root. */
static const char *in_root;

static void copy_reporter(const char *to)
{
    static char bytes[1 << 16];
    int in = open(reporter, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(out, bytes, (size_t)n), n);
    close(in);
    close(out);
}

/* The reporter tells what is open. Its limit is raised again, and it has no /proc to look into either. */
static void starts_with_three(const void *host_)
{
    const struct host *host = host_;
    static const rlim_t soft_limits[] = { 16, 200, 20000 };
    if (host->lists_nothing && (chroot(in_root) || chdir("/")))
        abort();
    size_t n = 0;
    while (n < MOST && host->lacks[n].code)
        n++;
    deny(host->lacks, n);
    for (size_t i = 0; i < sizeof soft_limits / sizeof *soft_limits; i++) {
        int highest = open_many(soft_limits[i]);
        EACH_MODE(mode) {
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_memory_mode(attr, *mode));
            OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, (uint64_t)highest + 1, (uint64_t)highest + 1));
            struct view *view = run_reporter(attr, .path = host->lists_nothing ? "/reporter" : NULL);
            if (saw(view, "fds") == NULL || strcmp(saw(view, "fds"), "0 1 2"))
                printf("# %s, soft limit %d, mode %u\n", host->name, (int)soft_limits[i], *mode);
            assert_saw(view, "fds", "0 1 2");
        }
    }
}

TEST(descriptors_that_were_not_asked_for_are_closed)
{
    need_native();
    need_unemulated("it takes no seccomp filters");
    in_root = scratch();
    copy_reporter(scratch_path("reporter"));
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (!hosts[i].lists_nothing || geteuid() == 0)
            in_copy(starts_with_three, hosts + i);
}

/* A lowered limit must not hide descriptors where only the limit tells how far to look. */
static void closes_above_the_limit(const void *n_lacks)
{
    static const struct denial lacks[] = { MISSING(close_range), NO_LISTING, MISSING(pselect6), MISSING(ppoll) };
    int highest = open_many(20);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 20, 20 });
    deny(lacks, *(const size_t *)n_lacks);
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        assert_int_equal(reporter_exits(attr, "call", (char *)text("%d", SYS_fcntl), (char *)text("%d", highest),
            (char *)text("%d", F_GETFD)), EBADF);
    }
}

TEST(descriptors_above_a_lowered_limit_are_closed)
{
    static const size_t n_lacks[] = { 3, 4 };
    need_native();
    need_unemulated("it takes no seccomp filters");
    for (int i = 0; i < 2; i++)
        in_copy(closes_above_the_limit, &n_lacks[i]);
}

/* Numbers that are known to be closed are not closed again, since there may be a billion of them. Allowed are one number
 * beside the open ones and, where the open ones cannot be found, one beyond the end of the table. */
static const struct closing {
    int not_open;
    size_t n_lacks;
} closings[] = { { 777, 1 }, { 777, 2 }, { 500000, 3 } };

static void closes_nothing_else(const void *closing_)
{
    static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct closing *closing = closing_;
    struct denial lacks[] = { MISSING(close_range), NO_LISTING, MISSING(ppoll) };
    for (int i = 0; i < 40; i++)
        dup2(0, 100 * i + 50);
    deny(lacks, closing->n_lacks);
    deny(&(struct denial){ SYS_close, DEADLY, { { IS, 0, (uint32_t)closing->not_open } } }, 1);
    for (int filtered = 0; filtered < 2; filtered++)
        EACH_MODE(mode) {
            struct forkexec_attr *attr = new_attr();
            OK(forkexec_attr_set_memory_mode(attr, *mode));
            OK(forkexec_attr_close_fds_from(attr, 3));
            if (filtered) {
                OK(forkexec_attr_set_no_new_privs(attr));
                OK(forkexec_attr_add_seccomp_filter(attr, &allow, 1, 0));
            }
            assert_int_equal(reporter_exits(attr, "exit", "7"), 7);
        }
}

TEST(closed_numbers_are_not_closed_again)
{
    need_native();
    need_unemulated("it takes no seccomp filters");
    for (int i = 0; i < 3; i++)
        in_copy(closes_nothing_else, &closings[i]);
}

/* Where a billion descriptors are possible, a spawn does not ask about each. A descriptor above the usual end of a table is
 * closed nevertheless. */
static int million = (1 << 20) + 5;

static double processor_time(int whose)
{
    struct rusage usage;
    getrusage(whose, &usage);
    return (double)(usage.ru_stime.tv_sec + usage.ru_utime.tv_sec)
        + (double)(usage.ru_stime.tv_usec + usage.ru_utime.tv_usec) / 1e6;
}

/* The time that this machine needs to ask about a million descriptors. An emulated one needs long. */
static double time_of_a_million(void)
{
    double before = processor_time(RUSAGE_SELF);
    for (int fd = 0; fd < million; fd++)
        fcntl(fd, F_GETFD);
    return processor_time(RUSAGE_SELF) - before;
}

static void is_quick(const void *highest)
{
    static const struct denial lacks[] = { MISSING(close_range), NO_LISTING };
    if (highest)
        assert_int_equal(dup2(0, *(const int *)highest), *(const int *)highest);
    deny(lacks, 2);
    double a_million = time_of_a_million();
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        char *argv[] = { reporter, "call", (char *)text("%d", SYS_fcntl), (char *)text("%d", million),
            (char *)text("%d", F_GETFD), NULL };
        double before = processor_time(RUSAGE_CHILDREN);
        struct forkexec_child *child = start(attr, reporter, argv, NULL);
        assert_int_equal(finish(child).exit_code, EBADF);
        /* Asking about a billion takes much longer, whatever the size of the blocks. */
        double taken = processor_time(RUSAGE_CHILDREN) - before;
        if (taken > 2 + 10 * a_million)
            printf("# mode %u took %f s, a million calls %f s\n", *mode, taken, a_million);
        assert_true(taken <= 2 + 10 * a_million);
    }
}

/* fs.nr_open, restored at the end of the test. */
static unsigned raise_nr_open(unsigned to)
{
    unsigned was = 0;
    FILE *file = fopen("/proc/sys/fs/nr_open", "r+e");
    if (file && fscanf(file, "%u", &was) == 1 && was < to) {
        rewind(file);
        fprintf(file, "%u\n", to);
    }
    if (file)
        fclose(file);
    return was;
}

TEST(a_limit_of_a_billion_costs_nothing_and_hides_nothing)
{
    enum { BILLION = 1000000000, ROUNDED = 1073741816 };
    struct rlimit was, high = { BILLION, BILLION };
    need_native();
    need_unemulated("it takes no seccomp filters");
    need_root();
    need_cap(24 /* CAP_SYS_RESOURCE */);
    getrlimit(RLIMIT_NOFILE, &was);
    unsigned nr_open = raise_nr_open(ROUNDED);
    bool raised = !setrlimit(RLIMIT_NOFILE, &high), quick = true;
    if (raised) {
        quick = succeeds_in_copy(is_quick, NULL) && succeeds_in_copy(is_quick, &million);
        setrlimit(RLIMIT_NOFILE, &was);
    }
    FILE *file = fopen("/proc/sys/fs/nr_open", "we");
    if (file) {
        fprintf(file, "%u\n", nr_open);
        fclose(file);
    }
    need(raised, "needs a limit of a billion descriptors");
    assert_true(quick);
}
