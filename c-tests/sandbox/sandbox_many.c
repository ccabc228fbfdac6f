/* Many sandboxes, at the same time and one after the other: the caller's memory does not grow, and the kernel frees
 * everything. */
#include "host_state.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

enum { BOXES = 1000, THREADS = 4 };
static atomic_int boxes, wrong;

static void *spawn_boxes(void *attr)
{
    struct forkexec_error error;
    for (int number; (number = atomic_fetch_add(&boxes, 1)) < BOXES;) {
        struct forkexec_child *child = NULL;
        struct forkexec_status status = { 0 };
        char code[16];
        snprintf(code, sizeof code, "%d", number % 100);
        int result = forkexec_spawn(attr, "/reporter", (char *[]){ "w", "exit", code, NULL }, NULL, &child, &error);
        if (!result)
            result = forkexec_wait(child, 60000000000, 0, &status, sizeof status);
        if (result || status.exit_code != number % 100) {
            printf("# box %d: %d, stage %u, %s\n", number, result, error.stage, error.message);
            wrong++;
        }
        forkexec_close(child);
    }
    return NULL;
}

static void spawn_from_all_threads(struct forkexec_attr *attr, int from)
{
    pthread_t threads[THREADS];
    boxes = from;
    wrong = 0;
    for (int i = 0; i < THREADS; i++)
        assert_false(pthread_create(&threads[i], NULL, spawn_boxes, attr));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
}

static long resident_pages(void)
{
    long pages = 0;
    FILE *in = fopen("/proc/self/statm", "re");
    if (in && fscanf(in, "%*d %ld", &pages) != 1)
        pages = 0;
    if (in)
        fclose(in);
    return pages;
}

static void leak_nothing(const void *unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct forkexec_attr *attr = full_sandbox(FORKEXEC_MEMORY_AUTO, geteuid());
    spawn_from_all_threads(attr, BOXES * 9 / 10);
    struct host_state before = read_host_state();
    size_t heap = mallinfo2().uordblks;
    long pages = resident_pages();
    spawn_from_all_threads(attr, 0);
    size_t heap_after = mallinfo2().uordblks;
    print_message("# %zu to %zu bytes allocated, %ld to %ld pages resident\n", heap, heap_after, pages, resident_pages());
    assert_nothing_left_since(&before);
    /* A sanitizer's allocator keeps freed memory, and checks for leaks itself. No block is smaller than 32 bytes. */
    if (heap) {
        assert_true(heap_after < heap + 24 * BOXES);
        assert_true(resident_pages() < pages + 1024);
    }
}

TEST(a_thousand_from_four_threads)
{
    need_native();
    need_mounts();
    public_reporter();
    in_fork(leak_nothing, NULL);
}

/* With a limit on the number of namespaces, those of earlier sandboxes must have been freed. */
static void write_to(const char *path, const char *what)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = write(fd, what, strlen(what));
    close(fd);
    DOING("%s: %zd", path, n);
    assert_int_equal(n, strlen(what));
}

static void give_namespaces_back(const void *unused)
{
    (void)unused;
    static const char *const kinds[] = { "user", "mnt", "pid", "ipc", "uts", "cgroup", "net" };
    enum { MOST = 20 };
    uid_t uid = geteuid(), gid = getegid();
    assert_false(unshare(CLONE_NEWUSER));
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", text("0 %u 1", uid));
    write_to("/proc/self/gid_map", text("0 %u 1", gid));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        write_to(text("/proc/sys/user/max_%s_namespaces", kinds[i]), text("%d", MOST));
    struct forkexec_attr *attr = full_sandbox(FORKEXEC_MEMORY_AUTO, true);
    double end = seconds() + 60;
    for (int done = 0; done < 5 * MOST;) {
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        int result = spawn_in_sandbox(attr, "exit", &child, &error);
        DOING("%d done, then: %s", done, error.message);
        /* They are freed a moment after the last process in them is gone. */
        if (result) {
            assert_int_equal(result, -ENOSPC);
            assert_true(seconds() < end);
            usleep(5000);
            continue;
        }
        finish(child);
        forkexec_close(child);
        done++;
    }
}

TEST_BOTH(namespaces_are_given_back)
{
    need_native();
    need_mounts();
    need_user_namespaces();
    public_reporter();
    in_fork(give_namespaces_back, NULL);
}
