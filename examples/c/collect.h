/* Reads what a program writes, up to a limit and until a deadline: more than either ends the program, with all that it
 * started. So nothing waits for a process in the background that keeps a pipe open. */
#ifndef COLLECT_H
#define COLLECT_H

#include <errno.h>
#include <fcntl.h>
#include <forkexec.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct output {
    int read_end, write_end; /* -1: closed */
    char *bytes;
    size_t length;
};

static inline int open_output(struct output *output)
{
    int ends[2];
    *output = (struct output) { -1, -1, NULL, 0 };
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    output->read_end = ends[0];
    output->write_end = ends[1];
    return 0;
}

static inline void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline void free_output(struct output *output)
{
    close_end(&output->read_end);
    close_end(&output->write_end);
    free(output->bytes);
    output->bytes = NULL;
}

static inline int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct collected {
    bool timed_out, truncated;
};

/* Takes what one pipe has. True when the limit is passed, or there is no memory. */
static inline bool take(struct output *output, size_t limit)
{
    char piece[4096];
    ssize_t n = read(output->read_end, piece, sizeof piece);
    if (n < 0 && errno == EINTR)
        return false;
    if (n <= 0) {
        close_end(&output->read_end);
        return false;
    }
    size_t fits = (size_t)n < limit - output->length ? (size_t)n : limit - output->length;
    char *more = realloc(output->bytes, output->length + fits + 1);
    if (!more)
        return true;
    output->bytes = more;
    for (size_t i = 0; i < fits; i++)
        more[output->length++] = piece[i];
    more[output->length] = '\0';
    return fits < (size_t)n;
}

/* Waits until the child has ended, or for `end`. A signal handler of the caller's does not lengthen the wait. */
static inline int wait_until(struct forkexec_child *child, int64_t end, struct forkexec_status *status)
{
    int failed;
    do {
        int64_t left = end - now_ns();
        failed = forkexec_wait(child, left > 0 ? left : 0, 0, status, sizeof *status);
    } while (failed == -EINTR);
    return failed;
}

/* Reads two outputs of a child that has just been started, and waits for it. The child needs a pid namespace, a cgroup or a
 * session of its own, by which forkexec_kill_tree finds all that it started. */
static inline int collect(struct forkexec_child *child, struct output outputs[2], size_t limit, int64_t timeout_ns,
    struct collected *collected, struct forkexec_status *status)
{
    int64_t end = now_ns() + timeout_ns;
    *collected = (struct collected) { false, false };
    /* While the caller has the ends for writing, a read never sees the end of a file. */
    close_end(&outputs[0].write_end);
    close_end(&outputs[1].write_end);
    while (outputs[0].read_end >= 0 || outputs[1].read_end >= 0) {
        int64_t left = end - now_ns();
        struct pollfd ready[2] = { { outputs[0].read_end, POLLIN, 0 }, { outputs[1].read_end, POLLIN, 0 } };
        if (left <= 0 || poll(ready, 2, (int)(left / 1000000) + 1) == 0) {
            collected->timed_out = end <= now_ns();
            if (collected->timed_out)
                break;
            continue;
        }
        for (int i = 0; i < 2; i++)
            if (ready[i].revents && take(&outputs[i], limit))
                collected->truncated = true;
        if (collected->truncated)
            break;
    }
    /* A program may close its output and go on. */
    if (!collected->timed_out && !collected->truncated)
        collected->timed_out = wait_until(child, end, status) == -ETIMEDOUT;
    if (collected->timed_out || collected->truncated)
        forkexec_kill_tree(child);
    return wait_until(child, INT64_MAX, status);
}

#endif
