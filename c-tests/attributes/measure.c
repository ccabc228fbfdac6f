/* The peak memory use of the program alone. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SECOND 1000000000LL
#define MIB (1024 * 1024ULL)

EACH_TEST_NEEDS(need_native) /* valgrind's own memory would be counted */

static struct forkexec_attr *measured(void)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_measure_memory(attr));
    return attr;
}

/* Each kind of spawn makes its processes in another way. */
static void plain(struct forkexec_attr *attr) { (void)attr; }

static void fresh(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_FRESH));
}

static void in_user_namespace(struct forkexec_attr *attr)
{
    need_user_namespaces();
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    map_own_ids(attr, geteuid(), getegid());
}

static void in_pid_namespace(struct forkexec_attr *attr)
{
    if (geteuid())
        need_user_namespaces();
    OK(forkexec_attr_create_namespaces(attr, and_user(FORKEXEC_NS_PID)));
}

static void in_namespaces(struct forkexec_attr *attr)
{
    need_user_namespaces();
    uint32_t types = FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT | FORKEXEC_NS_UTS | FORKEXEC_NS_IPC;
    OK(forkexec_attr_create_namespaces(attr, types));
    map_own_ids(attr, geteuid(), getegid());
    OK(forkexec_attr_set_hostname(attr, "measured"));
}

static void under_init(struct forkexec_attr *attr)
{
    in_pid_namespace(attr);
    if (geteuid())
        map_own_ids(attr, geteuid(), getegid());
    OK(forkexec_attr_set_init(attr));
}

static void dies_with_its_parent(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_parent_death_signal(attr, SIGTERM, FORKEXEC_DEATH_OF_PROCESS));
}

static void without_privilege(struct forkexec_attr *attr)
{
    OK(forkexec_attr_set_no_new_privs(attr));
    OK(forkexec_attr_drop_capabilities(attr));
}

static void (*const kinds[])(struct forkexec_attr *)
    = { plain, fresh, in_user_namespace, in_pid_namespace, in_namespaces, under_init, dies_with_its_parent, without_privilege };
#define EACH_KIND(kind) (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)

/* Memory that the caller uses, so that it would show where it must not be counted. */
static void *grown(void)
{
    char *memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    memset(memory, 1, 64 * MIB);
    return memory;
}

/* The kernel adds up a few pages of each processor late, so a small program may show 0. */
static void assert_peak(struct forkexec_status status, uint64_t least, uint64_t most)
{
    assert_true(status.valid & FORKEXEC_STATUS_OWN_MEMORY);
    assert_int_equal(status.max_rss_floor_bytes, 0);
    assert_in_range(status.max_rss_bytes, least, most);
}

TEST(a_small_program_of_a_large_caller_is_small)
{
    void *memory = grown();
    for EACH_KIND (kind) {
        struct forkexec_attr *attr = measured();
        kinds[kind](attr);
        struct forkexec_status status = finish(start_reporter(attr, "exit", "3"));
        assert_int_equal(status.exit_code, 3);
        assert_int_equal(status.ran, FORKEXEC_RAN_YES);
        assert_peak(status, 0, 16 * MIB);
    }
    munmap(memory, 64 * MIB);
}

TEST(a_large_program_is_as_large_as_it_is)
{
    void *memory = grown();
    for EACH_KIND (kind) {
        struct forkexec_attr *attr = measured();
        kinds[kind](attr);
        assert_peak(finish(start_reporter(attr, "eat", "24", "exit", "0")), 23 * MIB, 40 * MIB);
    }
    munmap(memory, 64 * MIB);
}

TEST(a_held_program_is_measured)
{
    void *memory = grown();
    for EACH_KIND (kind) {
        struct forkexec_attr *attr = measured();
        kinds[kind](attr);
        struct forkexec_child *child = start_held(attr, REPORTER("exit", "4"));
        assert_int_equal(forkexec_release(child, 20 * SECOND, NULL), 0);
        struct forkexec_status status = finish(child);
        assert_int_equal(status.exit_code, 4);
        assert_peak(status, 0, 16 * MIB);
        forkexec_close(child);
    }
    munmap(memory, 64 * MIB);
}

/* The child that the caller knows is the process that runs the program. */
TEST(the_child_is_the_second_process)
{
    struct forkexec_child *child = start_reporter(measured(), "sleep");
    pid_t pid = forkexec_child_pid(child);
    assert_true(is_the_reporter(pid));
    assert_int_equal(forkexec_signal(child, SIGTERM), 0);
    struct forkexec_status status = finish(child);
    assert_int_equal(status.signal, SIGTERM);
    assert_peak(status, 0, 16 * MIB);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

/* The second process is cloned into namespaces that the first one is not in. */
TEST(a_measured_program_is_in_its_namespaces)
{
    static const char *const names[] = { "user", "pid", "mnt", "uts", "ipc" };
    struct forkexec_attr *attr = measured();
    in_namespaces(attr);
    struct forkexec_child *child = start_reporter(attr, "sleep");
    pid_t pid = forkexec_child_pid(child);
    assert_true(is_the_reporter(pid));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *own = strdup(link_of(text("/proc/self/ns/%s", names[i])));
        assert_string_not_equal(link_of(text("/proc/%d/ns/%s", pid, names[i])), own);
        free(own);
    }
}

TEST(an_unmeasured_program_says_that_it_is_not)
{
    void *memory = grown();
    struct forkexec_status status = finish(start_reporter(new_attr(), "exit", "0"));
    assert_false(status.valid & FORKEXEC_STATUS_OWN_MEMORY);
    assert_true(status.max_rss_floor_bytes >= 60 * MIB);
    munmap(memory, 64 * MIB);
}

/* For an init that was killed before it could report, only the caller's peak is known. */
TEST(a_killed_init_has_measured_nothing)
{
    struct forkexec_attr *attr = measured();
    under_init(attr);
    struct forkexec_child *child = start_reporter(attr, "sleep");
    assert_int_equal(forkexec_signal(child, SIGKILL), 0);
    struct forkexec_status status = finish(child);
    assert_int_equal(status.signal, SIGKILL);
    assert_false(status.valid & FORKEXEC_STATUS_OWN_MEMORY);
}

TEST(a_peak_that_cannot_be_read_is_an_error)
{
    struct forkexec_attr *attr = measured();
    assert_spawn_fails(attr, "/nowhere", FORKEXEC_STAGE_EXEC, ENOENT, -1);
    OK(forkexec_attr_set_cwd(attr, "/nowhere"));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CWD, ENOENT, -1);
}

TEST(a_copy_cannot_be_measured)
{
    struct forkexec_attr *attr = measured();
    OK(forkexec_attr_set_memory_mode(attr, FORKEXEC_MEMORY_COPIED));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

TEST(a_holder_cannot_be_measured)
{
    need_native();
    struct forkexec_error error;
    struct forkexec_child *child = NULL;
    assert_int_equal(forkexec_attr_measure_memory(NULL), -EINVAL);
    assert_int_equal(forkexec_hold(measured(), &child, &error), -EINVAL);
    assert_null(child);
}
