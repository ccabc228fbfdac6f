/* The OOM killer kills all processes that share the memory of the one that it chose. A child in a cgroup must never take
 * its caller along. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SECOND 1000000000LL
#define MIB (1024ul * 1024)

static const char *cgroup, *limit_file; /* limit_file depends on the version of cgroups */

static bool write_in_cgroup(const char *file, const char *value)
{
    int fd = open(text("%s/%s", cgroup, file), O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool remove_cgroup(void)
{
    for (double end = seconds() + 10; rmdir(cgroup) && seconds() < end; usleep(2000))
        if (errno == ENOENT)
            return true;
    return !exists(cgroup);
}

/* Makes the caller much larger than the limit of the cgroup. The caller is not in the cgroup. */
static void become_large(void)
{
    char *memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED);
    memset(memory, 1, 64 * MIB);
}

static struct forkexec_attr *in_cgroup(bool mapped, int badness)
{
    struct forkexec_attr *attr = new_attr();
    int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(fd >= 0 && forkexec_attr_set_cgroup_fd(attr, fd) == 0);
    must(forkexec_attr_set_oom_score_adj(attr, badness) == 0);
    if (mapped) {
        must(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER) == 0);
        must(forkexec_attr_map_uid(attr, 0, 0, 1) == 0 && forkexec_attr_map_gid(attr, 0, 0, 1) == 0);
    }
    return attr;
}

static void must_be_killed(struct forkexec_child *child)
{
    struct forkexec_status status;
    must(forkexec_wait(child, 30 * SECOND, 0, &status, sizeof status) == 0);
    must(status.signal == SIGKILL);
    must(status.valid & FORKEXEC_STATUS_MEMORY_PEAK && status.memory_peak_bytes >= 2 * MIB);
    forkexec_close(child);
}

static void run_out_of_memory(void *unused)
{
    (void)unused;
    struct forkexec_child *eater, *held, *mapped;
    struct forkexec_error error;
    become_large();
    must(mkdir(cgroup, 0755) == 0);
    must(write_in_cgroup(limit_file, "8388608"));

    /* A program in the cgroup. */
    must_start(forkexec_spawn(in_cgroup(false, 0), reporter, REPORTER("eat", "64", "sleep"), NULL, &eater, &error), &error);
    must_be_killed(eater);

    /* Held children with a high OOM score, and programs that allocate less than the limit each: the killer chooses the held
     * ones. */
    must(held = start_held(in_cgroup(false, 1000), REPORTER("sleep")));
    must(mapped = start_held(in_cgroup(true, 1000), REPORTER("sleep")));
    struct forkexec_child *eaters[2];
    for (int i = 0; i < 2; i++)
        must_start(forkexec_spawn(in_cgroup(false, 0), reporter, REPORTER("eat", "5", "sleep"), NULL, &eaters[i], &error),
            &error);
    must(ends(forkexec_child_pid(held)) && ends(forkexec_child_pid(mapped)));
    for (int i = 0; i < 2; i++) {
        forkexec_signal(eaters[i], SIGKILL);
        must_be_killed(eaters[i]);
    }
    must(forkexec_release(held, 10 * SECOND, &error) == -ECANCELED && error.signal == SIGKILL);
    must(forkexec_release(mapped, 10 * SECOND, &error) == -ECANCELED && error.signal == SIGKILL);
    forkexec_close(held);
    forkexec_close(mapped);

    /* With hardly any memory: whatever happens to the children, the caller survives, and no call hangs. */
    unsigned long limit = 64 * 1024;
    write_in_cgroup("memory.force_empty", "0");
    while (!write_in_cgroup(limit_file, text("%lu", limit)) && limit < 4 * MIB)
        limit *= 2;
    printf("# with %lu KiB\n", limit / 1024);
    for (int i = 0; i < 20; i++) {
        struct forkexec_child *child = NULL;
        struct forkexec_attr *attr = in_cgroup(i % 2, 0);
        int result = forkexec_spawn(attr, reporter, REPORTER("eat", "1"), NULL, &child, &error);
        if (i < 2)
            printf("# %d: %s\n", result, result ? error.message : "ran");
        if (result)
            must(error.stage != FORKEXEC_STAGE_NONE);
        else
            must(forkexec_wait(child, 30 * SECOND, 0, NULL, 0) == 0);
        forkexec_close(child);
    }
}

/* Finds a place for a cgroup whose memory can be limited. */
static void need_limited_cgroup(void)
{
    static const struct { const char *root, *file; } versions[] = { { "/sys/fs/cgroup/memory", "memory.limit_in_bytes" },
        { "/sys/fs/cgroup/unified", "memory.max" }, { "/sys/fs/cgroup", "memory.max" } };
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        cgroup = text("%s/forkexec-oom-%d", versions[i].root, getpid());
        limit_file = versions[i].file;
        bool limited = mkdir(cgroup, 0755) == 0 && write_in_cgroup(limit_file, "8388608");
        rmdir(cgroup);
        if (limited)
            return;
    }
    skip_because("needs to limit the memory of a cgroup beneath /sys/fs/cgroup");
}

TEST(children_that_the_oom_killer_kills_do_not_take_the_caller_along)
{
    need_native();
    need_root();
    need_user_namespaces();
    need_limited_cgroup();
    int status = wait_status_of(fork_caller(run_out_of_memory, NULL));
    bool removed = remove_cgroup();
    assert_int_equal(status, 0);
    assert_true(removed);
}
