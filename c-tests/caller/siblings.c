/* Children that are started at the same time never have each other's descriptors, not even for a moment. */
#define _GNU_SOURCE
#include "caller_process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define SECOND 1000000000LL

static bool keeps_quiet; /* the other children are held and do not call execve for a long time */
static atomic_bool over;
static atomic_int wrong;

/* Reads all text until the last writer is gone; false if that does not happen. */
static bool read_text(int fd, char *text, size_t size)
{
    size_t length = 0;
    for (;;) {
        if (poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 20000) <= 0)
            return false;
        ssize_t n = read(fd, text + length, size - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    text[length] = 0;
    return true;
}

/* A child with only the descriptors 0 to 2, two pipes of its own and a file. It lists what it has. */
static bool has_its_own_only(uint32_t mode)
{
    static _Thread_local char seen[1 << 16];
    char mine[64], should[128];
    int out[2], extra[2];
    struct stat status;
    struct forkexec_attr *attr = forkexec_attr_new();
    struct forkexec_child *child = NULL;
    bool good;
    /* Not close-on-exec: only the library can keep it from other children. */
    if (pipe(out) || pipe(extra) || fstat(extra[1], &status))
        return false;
    snprintf(mine, sizeof mine, "pipe:[%lu]", (unsigned long)status.st_ino);
    forkexec_attr_set_memory_mode(attr, mode);
    forkexec_attr_map_fd(attr, out[1], 1);
    forkexec_attr_map_fd(attr, extra[1], 9);
    good = forkexec_spawn(attr, reporter, (char *[]){ reporter, NULL }, (char *[]){ NULL }, &child, NULL) == 0;
    close(out[1]);
    close(extra[1]);
    good = good && read_text(out[0], seen, sizeof seen);
    snprintf(should, sizeof should, "\nfd.9 %s\n", mine);
    good = good && strstr(seen, "\nfds 0 1 2 9\n") && strstr(seen, should);
    /* The program has ended, so no other process has this descriptor open. */
    forkexec_wait(child, 20 * SECOND, 0, NULL, 0);
    char byte;
    good = good && poll(&(struct pollfd){ extra[0], POLLIN, 0 }, 1, 20000) == 1 && read(extra[0], &byte, 1) == 0;
    forkexec_close(child);
    forkexec_attr_free(attr);
    close(out[0]);
    close(extra[0]);
    return good;
}

static void *look(void *mode)
{
    for (int i = 0; i < 60; i++)
        if (!has_its_own_only(*(uint32_t *)mode))
            atomic_fetch_add(&wrong, 1);
    return NULL;
}

/* Meanwhile other children are started: held ones and running ones. */
static void *start_others(void *unused)
{
    struct forkexec_attr *attr = forkexec_attr_new();
    while (!atomic_load(&over)) {
        struct forkexec_child *children[4] = { NULL };
        for (int i = 0; i < 4; i++) {
            int result = keeps_quiet ? forkexec_start(attr, reporter, REPORTER("sleep"), NULL, &children[i], NULL)
                : forkexec_spawn(attr, reporter, REPORTER("sleep"), NULL, &children[i], NULL);
            if (result)
                atomic_fetch_add(&wrong, 1);
        }
        usleep(keeps_quiet ? 100000 : 20000);
        for (int i = 0; i < 4; i++) {
            forkexec_signal(children[i], SIGKILL);
            forkexec_wait(children[i], 20 * SECOND, 0, NULL, 0);
            forkexec_close(children[i]);
        }
    }
    forkexec_attr_free(attr);
    return unused;
}

static void look_while_others_start(bool held)
{
    uint32_t modes[] = { FORKEXEC_MEMORY_AUTO, FORKEXEC_MEMORY_FRESH, FORKEXEC_MEMORY_COPIED, FORKEXEC_MEMORY_AUTO };
    pthread_t starters[2], looking[4];
    keeps_quiet = held;
    atomic_store(&over, false);
    atomic_store(&wrong, 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&starters[i], NULL, start_others, NULL);
    for (int i = 0; i < 4; i++)
        pthread_create(&looking[i], NULL, look, &modes[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(looking[i], NULL);
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(starters[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

TEST(programs_have_only_their_own_descriptors)
{
    need_native();
    look_while_others_start(false);
}

TEST(held_children_have_no_descriptors_of_later_children)
{
    need_native();
    look_while_others_start(true);
}
