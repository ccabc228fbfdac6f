/* Eight threads spawn, allocate and print at the same time, for long: no deadlock, no leak, no wrong result. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>

#define SECOND 1000000000LL
#define THREADS 8
#define SPAWNS 20000

static bool under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "vgpreload");
}

/* The requests, and their expected results. */
struct kind {
    struct forkexec_attr *attr;
    const char *path;
    bool held;
    int result;
    uint32_t stage;
};

static struct kind kinds[16];
static int kinds_count;
static atomic_int next, wrong;
static int spawns;

static struct forkexec_attr *add(const char *path, bool held, int result, uint32_t stage)
{
    struct forkexec_attr *attr = new_attr();
    kinds[kinds_count++] = (struct kind){ attr, path, held, result, stage };
    return attr;
}

static void fill_kinds(void)
{
    static char nothing[] = "/nonexistent/program";
    kinds_count = 0;
    for (int i = 0; i < 4; i++)
        add(reporter, false, 0, 0);
    OK(forkexec_attr_set_session(add(reporter, false, 0, 0)));
    struct forkexec_attr *attr = add(reporter, false, 0, 0);
    OK(forkexec_attr_set_rlimit(attr, 4, 0, 0));
    OK(forkexec_attr_set_umask(attr, 077));
    OK(forkexec_attr_open_fd(attr, 3, "/dev/null", O_RDWR, 0));
    OK(forkexec_attr_dup_fd(attr, 3, 7));
    OK(forkexec_attr_set_memory_mode(add(reporter, false, 0, 0), FORKEXEC_MEMORY_FRESH));
    OK(forkexec_attr_set_parent_death_signal(add(reporter, false, 0, 0), SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
    add(reporter, true, 0, 0);
    if (geteuid() == 0) {
        attr = add(reporter, false, 0, 0);
        OK(forkexec_attr_set_uid(attr, 65534));
        OK(forkexec_attr_set_gid(attr, 65534));
    }
    add(nothing, false, -ENOENT, FORKEXEC_STAGE_EXEC);
    add(nothing, true, -ENOENT, FORKEXEC_STAGE_EXEC);
    attr = add(reporter, false, -ENOENT, FORKEXEC_STAGE_CWD);
    OK(forkexec_attr_set_cwd(attr, nothing));
    attr = add(reporter, false, -ENOENT, FORKEXEC_STAGE_FD_ACTION);
    OK(forkexec_attr_open_fd(attr, 3, nothing, O_RDONLY, 0));
    attr = add(reporter, false, -EBADF, FORKEXEC_STAGE_VALIDATE);
    OK(forkexec_attr_map_fd(attr, 999999, 3));
}

static bool is_right(const struct kind *kind, int number)
{
    char code[16];
    char *const argv[] = { reporter, "exit", code, NULL };
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    struct forkexec_status status;
    snprintf(code, sizeof code, "%d", number % 200);
    int result = kind->held ? forkexec_start(kind->attr, kind->path, argv, NULL, &child, &error)
        : forkexec_spawn(kind->attr, kind->path, argv, NULL, &child, &error);
    if (kind->held && !result)
        result = forkexec_release(child, 60 * SECOND, &error);
    bool good = result == kind->result && error.stage == kind->stage;
    if (result)
        good = good && error.code == -result;
    else
        good = forkexec_wait(child, 60 * SECOND, 0, &status, sizeof status) == 0 && status.exit_code == number % 200
            && status.signal == 0 && good;
    if (!good)
        printf("# spawn %d: %d, stage %u: %s\n", number, result, error.stage, error.message);
    forkexec_close(child);
    return good;
}

/* Things that a child would break if it used the caller's allocator or streams. */
static void allocate_and_print(FILE *out, int number)
{
    char *blocks[16];
    for (int i = 0; i < 16; i++) {
        blocks[i] = malloc((size_t)(number * 7 + i * 131) % 5000 + 1);
        blocks[i][0] = (char)i;
    }
    fprintf(out, "%d\n", number);
    for (int i = 0; i < 16; i++)
        free(blocks[i]);
}

static void *spawn_all_kinds(void *out)
{
    for (int number; (number = atomic_fetch_add(&next, 1)) < spawns;) {
        allocate_and_print(out, number);
        if (!is_right(&kinds[number % kinds_count], number))
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void spawn_from_all_threads(int count, FILE *out)
{
    pthread_t threads[THREADS];
    spawns = count;
    atomic_store(&next, 0);
    atomic_store(&wrong, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, spawn_all_kinds, out), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

struct size {
    size_t heap;
    long resident_pages, maps;
};

static struct size size_of_self(void)
{
    struct size size = { mallinfo2().uordblks, 0, 0 };
    FILE *in = fopen("/proc/self/statm", "re");
    if (in && fscanf(in, "%*d %ld", &size.resident_pages) != 1)
        size.resident_pages = 0;
    if (in)
        fclose(in);
    in = fopen("/proc/self/maps", "re");
    for (int c; in && (c = getc(in)) != EOF;)
        size.maps += c == '\n';
    if (in)
        fclose(in);
    return size;
}

TEST(eight_threads_spawn_for_long_without_a_leak_or_a_wrong_answer)
{
    int count = under_valgrind() ? 200 : SPAWNS, lines = 0;
    FILE *out = tmpfile();
    assert_non_null(out);
    fill_kinds();
    spawn_from_all_threads(count / 10, out);
    struct size before = size_of_self();
    spawn_from_all_threads(count, out);
    struct size after = size_of_self();
    rewind(out);
    for (int c; (c = getc(out)) != EOF;)
        lines += c == '\n';
    fclose(out);
    assert_int_equal(lines, count / 10 + count);
    printf("# %zu to %zu bytes allocated, %ld to %ld pages resident, %ld to %ld mappings\n", before.heap, after.heap,
        before.resident_pages, after.resident_pages, before.maps, after.maps);
    if (under_valgrind() || before.heap == 0) /* a sanitizer's allocator keeps freed memory, and checks for leaks itself */
        return;
    /* Both vary a little with threads that start and end. A leak of one byte for each spawn would be 20,000. */
    assert_true(after.heap < before.heap + 16384);
    assert_true(after.resident_pages < before.resident_pages + 1024);
    assert_true(after.maps < before.maps + 40);
}

/* Namespaces, which take longer to make and to end. */
TEST(eight_threads_spawn_into_namespaces)
{
    need_user_namespaces();
    kinds_count = 0;
    for (int i = 0; i < 4; i++) {
        struct forkexec_attr *attr = add(reporter, i % 2, 0, 0);
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | (i < 2 ? 0 : FORKEXEC_NS_PID | FORKEXEC_NS_UTS)));
        map_own_ids(attr, 0, 0);
    }
    FILE *out = tmpfile();
    spawn_from_all_threads(under_valgrind() ? 40 : 1000, out);
    fclose(out);
}
