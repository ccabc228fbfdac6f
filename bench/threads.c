/* Two threads should spawn twice as much as one. A lock that is held across a spawn, in the library or in the kernel, makes it
 * less. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_SUBJECTS = 8, MAX_ROUNDS = 2000, MIN_ROUNDS = 15 };
static const double window = 10e3; /* microseconds: about a hundred spawns */

struct lane {
    pthread_t thread;
    pthread_barrier_t *together;
    const struct subject *subject;
    int cpu;
    double per_second;
};

static void *spawn_for_a_while(void *arg)
{
    struct lane *lane = arg;
    struct times times;
    double start, took;
    long count = 0;

    pin_thread(lane->cpu);
    lane->subject->spawn(lane->subject->what, &times); /* the first spawn of a thread takes longer */
    pthread_barrier_wait(lane->together);
    start = now();
    do {
        lane->subject->spawn(lane->subject->what, &times);
        count++;
        took = now() - start;
    } while (took < window);
    lane->per_second = count / took * 1e6;
    return NULL;
}

static double together(const struct subject *subject, const int *cpus, int n)
{
    struct lane lanes[2];
    pthread_barrier_t barrier;
    double sum = 0;

    pthread_barrier_init(&barrier, NULL, n);
    for (int i = 0; i < n; i++) {
        lanes[i] = (struct lane){.together = &barrier, .subject = subject, .cpu = cpus[i]};
        must(pthread_create(&lanes[i].thread, NULL, spawn_for_a_while, &lanes[i]) == 0, "start a thread");
    }
    for (int i = 0; i < n; i++) {
        pthread_join(lanes[i].thread, NULL);
        sum += lanes[i].per_second;
    }
    pthread_barrier_destroy(&barrier);
    return sum;
}

void run_threads(const struct bench_case *c)
{
    static double one[MAX_SUBJECTS][MAX_ROUNDS], two[MAX_SUBJECTS][MAX_ROUNDS], ratio[MAX_SUBJECTS][MAX_ROUNDS];
    const int cpus[2] = {pinned_cpu(), other_cpu()};
    int n = 0, rounds = 0;

    if (cpus[1] < 0) {
        print_skipped(c, "all", "only one processor is allowed");
        return;
    }
    while (c->subjects[n])
        n++;
    double end = now() + seconds * 1e6;
    for (; rounds < MAX_ROUNDS && (rounds < MIN_ROUNDS || now() < end); rounds++) {
        for (int i = 0; i < n; i++) {
            int at = (rounds + i) % n;
            /* The single thread uses each processor in turn: on a shared machine they are not equally fast. */
            one[at][rounds] = together(c->subjects[at], &cpus[rounds % 2], 1);
            two[at][rounds] = together(c->subjects[at], cpus, 2);
            ratio[at][rounds] = two[at][rounds] / one[at][rounds];
        }
    }
    print_title(c, "one thread", rounds);
    for (int i = 0; i < n; i++)
        print_rates(c, c->subjects[i]->name, quantile(one[i], rounds, 0.5), quantile(two[i], rounds, 0.5),
                    (double[]){quantile(ratio[i], rounds, 0.25), quantile(ratio[i], rounds, 0.5),
                               quantile(ratio[i], rounds, 0.75)}, rounds);
}
