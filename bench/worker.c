/* Workers: processes that allocate memory and then spawn on request, one at a time. So rows of different sizes can be
 * interleaved, which one process cannot do: it does not become small again. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
    pid_t pid;
    int ask, answer;
};

/* Small pages, each written: a fork copies their page tables. */
int grow_memory(long mebibytes)
{
    size_t size = (size_t)mebibytes << 20;

    if (size == 0)
        return -1;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "allocate the worker's memory");
    madvise(memory, size, MADV_NOHUGEPAGE); /* fails where the kernel has no huge pages, which is no matter */
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    return -1;
}

/* Opens descriptors, all close-on-exec. Returns one more descriptor, with a number above the others. */
int grow_fds(long count)
{
    struct rlimit limit;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "raise the limit on descriptors");
    for (long i = 0; i < count; i++)
        must(fcntl(null, F_DUPFD_CLOEXEC, 0) >= 0, "open many descriptors");
    int high = fcntl(null, F_DUPFD_CLOEXEC, 0);
    must(high >= 0, "open one descriptor more");
    return high;
}

/* The first spawn after another worker ran also takes the time of the switch (cold caches, another address space). It is not
 * kept; the answer is the median of the next ones. A spawn that takes milliseconds is measured once: the switch is small beside
 * it. */
static struct times burst(const struct subject *subject)
{
    enum { MEASURED = 3 };
    const double long_enough = 3000;
    struct times best = {0}, times[MEASURED];

    subject->spawn(subject->what, &best);
    if (best.total > long_enough)
        return best;
    for (int i = 0; i < MEASURED; i++)
        subject->spawn(subject->what, &times[i]);
    for (int i = 0; i < MEASURED; i++) {
        int below = 0;
        for (int j = 0; j < MEASURED; j++)
            below += times[j].total < times[i].total || (times[j].total == times[i].total && j < i);
        if (below == MEASURED / 2)
            best = times[i];
    }
    return best;
}

static _Noreturn void work(int requests, int answers)
{
    const struct subject *subject;

    /* A worker is a fork, so a pointer to a subject means the same on both sides. End of file: the benchmark is over. */
    while (read(requests, &subject, sizeof subject) == sizeof subject) {
        struct times times = burst(subject);
        if (write(answers, &times, sizeof times) != sizeof times)
            break;
    }
    _exit(0);
}

struct worker *worker_start(int (*grow)(long), long size)
{
    struct worker *worker = malloc(sizeof *worker);
    int ask[2], answer[2];
    char ready = 0;

    must(worker && pipe2(ask, O_CLOEXEC) == 0 && pipe2(answer, O_CLOEXEC) == 0, "make a worker's pipes");
    fflush(NULL); /* otherwise a worker that exits prints the buffered output of this process again */
    worker->pid = fork();
    must(worker->pid >= 0, "fork a worker");
    if (worker->pid == 0) {
        close(ask[1]);
        close(answer[0]);
        library_prepare(grow(size));
        must(write(answer[1], &ready, 1) == 1, "say that the worker is ready");
        work(ask[0], answer[1]);
    }
    close(ask[0]);
    close(answer[1]);
    worker->ask = ask[1];
    worker->answer = answer[0];
    if (read(worker->answer, &ready, 1) != 1)
        exit(1); /* the worker has printed the reason */
    return worker;
}

struct times worker_ask(struct worker *worker, const struct subject *subject)
{
    struct times times;

    must(write(worker->ask, &subject, sizeof subject) == sizeof subject, "ask a worker");
    if (read(worker->answer, &times, sizeof times) != sizeof times)
        exit(1);
    return times;
}

void worker_stop(struct worker *worker)
{
    close(worker->ask);
    close(worker->answer);
    waitpid(worker->pid, NULL, 0);
    free(worker);
}
