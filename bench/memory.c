/* How much memory of the caller a held child takes, with as many children at once as a busy server has: the plan, the handle,
 * and the stack and buffers that the library keeps. Also how many descriptors, since these run out before memory does. */
#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <forkexec.h>

enum { HOLDERS = 32 };

struct use {
    long rss, dirty, fds;
};

static pthread_barrier_t step;
static struct forkexec_attr *attr;
static struct forkexec_child *children[HOLDERS];

static void start(struct forkexec_child **child)
{
    struct forkexec_error error;

    if (forkexec_start(attr, tiny, tiny_argv, no_environ, child, &error) != 0)
        die("forkexec_start failed: %s", error.message);
}

static void finish(struct forkexec_child *child)
{
    struct forkexec_error error;
    struct forkexec_status status;

    if (forkexec_release(child, -1, &error) != 0)
        die("forkexec_release failed: %s", error.message);
    if (forkexec_wait(child, -1, 0, &status, sizeof status) != 0 || status.wait_status != 0)
        die("a held child did not exit with 0");
    forkexec_close(child);
}

static struct use use_of(int pid)
{
    struct use use = {0};
    char path[64], line[256];

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "Rss: %ld", &use.rss);
        sscanf(line, "Private_Dirty: %ld", &use.dirty);
    }
    fclose(file);

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *fds = opendir(path);
    must(fds != NULL, path);
    while (readdir(fds))
        use.fds++;
    closedir(fds);
    return use;
}

static void *hold(void *arg)
{
    struct forkexec_child **child = arg;
    volatile char touched[65536];

    /* A thread's stack and its first malloc take memory also without a spawn. */
    for (size_t i = 0; i < sizeof touched; i += 1024)
        touched[i] = 1;
    free(malloc(64));

    pthread_barrier_wait(&step); /* before */
    pthread_barrier_wait(&step);
    start(child);
    pthread_barrier_wait(&step); /* held */
    pthread_barrier_wait(&step);
    finish(*child);
    pthread_barrier_wait(&step); /* closed */
    pthread_barrier_wait(&step);
    return NULL;
}

static void print_use(const struct bench_case *c, const char *subject, const char *when, struct use before, struct use after)
{
    const struct { const char *what; double value; } values[] = {
        {"bytes resident", (after.rss - before.rss) * 1024.0},
        {"bytes private and dirty", (after.dirty - before.dirty) * 1024.0},
        {"descriptors", after.fds - before.fds},
    };
    char what[80];

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(what, sizeof what, "%s per child, %s", values[i].what, when);
        print_value(c, subject, what, values[i].value / HOLDERS);
    }
}

/* All holders have arrived and wait until this has been looked at. */
static struct use look(int pid)
{
    struct use use = use_of(pid);

    pthread_barrier_wait(&step);
    return use;
}

void run_memory(const struct bench_case *c)
{
    pthread_t threads[HOLDERS];
    const char *name = c->subjects[0]->name;
    pid_t self = getpid();

    attr = forkexec_attr_new();
    must(attr != NULL, "make an attribute");
    /* What all children share (the image, the probes) is made before. */
    start(&children[0]);
    finish(children[0]);
    use_of(self);

    pthread_barrier_init(&step, NULL, HOLDERS + 1);
    for (int i = 0; i < HOLDERS; i++)
        must(pthread_create(&threads[i], NULL, hold, &children[i]) == 0, "start a thread");
    pthread_barrier_wait(&step);
    struct use before = look(self);
    pthread_barrier_wait(&step);
    struct use child = use_of(forkexec_child_pid(children[0]));
    struct use held = look(self);
    pthread_barrier_wait(&step);
    struct use closed = look(self);
    for (int i = 0; i < HOLDERS; i++)
        pthread_join(threads[i], NULL);
    forkexec_attr_free(attr);

    print_title(c, NULL, 0);
    print_use(c, name, "while held", before, held);
    print_use(c, name, "left when closed", before, closed);
    print_value(c, name, "bytes resident, a held child itself", child.rss * 1024.0);
    print_value(c, name, "bytes private and dirty, a held child itself", child.dirty * 1024.0);
}
