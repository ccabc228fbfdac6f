/* The interleaved run. On a shared machine the speed changes by more than the differences of interest. So each round measures
 * each row once, next to its reference, and ratios are taken within a round, before the median of all rounds. */
#include "bench.h"

#include <stdlib.h>

enum { MIN_ROUNDS = 15, MAX_ROUNDS = 20000, MIN_WARM_UP = 3 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double quantile(double *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, ascending);
    double place = q * (n - 1);
    size_t below = place;
    double above = below + 1 < n ? values[below + 1] : values[below];
    return values[below] + (place - below) * (above - values[below]);
}

static struct times once(const struct row *row)
{
    struct times times;

    if (row->worker)
        return worker_ask(row->worker, row->subject);
    /* The first spawn after another subject is not kept: a fork leaves the caller's pages write-protected, and the next
     * subject would have a page fault for each page that it writes. */
    row->subject->spawn(row->subject->what, &times);
    row->subject->spawn(row->subject->what, &times);
    return times;
}

static void summarize(struct row *row, size_t rounds, double *scratch)
{
    for (size_t i = 0; i < rounds; i++)
        scratch[i] = row->samples[i].returned;
    row->result.returned = quantile(scratch, rounds, 0.5);
    for (size_t i = 0; i < rounds; i++)
        scratch[i] = row->samples[i].total;
    row->result.total = quantile(scratch, rounds, 0.5);
    for (size_t i = 0; i < rounds; i++)
        scratch[i] = row->samples[i].total / row->reference->samples[i].total;
    row->result.p25 = quantile(scratch, rounds, 0.25);
    row->result.p50 = quantile(scratch, rounds, 0.50);
    row->result.p75 = quantile(scratch, rounds, 0.75);
}

int measure(struct row *rows, size_t n, double budget)
{
    double *scratch = malloc(MAX_ROUNDS * sizeof *scratch);
    double start = now(), warm = start + budget * 1e6 * 0.1, end = start + budget * 1e6 * 1.1;
    int rounds = -MIN_WARM_UP; /* below 0: not kept */

    for (size_t i = 0; i < n; i++) {
        rows[i].samples = calloc(MAX_ROUNDS, sizeof *rows[i].samples);
        must(scratch && rows[i].samples, "allocate the samples");
    }
    for (int turn = 0; rounds < MAX_ROUNDS && (rounds < MIN_ROUNDS || now() < end); turn++) {
        /* Another row begins each time, and every second round runs backwards: no row always follows the same other one. */
        for (size_t i = 0; i < n; i++) {
            size_t at = (turn + (turn % 2 ? n - i : i)) % n;
            struct times times = once(&rows[at]);
            if (rounds >= 0)
                rows[at].samples[rounds] = times;
        }
        if (rounds < -1 || rounds >= 0 || now() >= warm)
            rounds++;
    }
    for (size_t i = 0; i < n; i++)
        summarize(&rows[i], rounds, scratch);
    for (size_t i = 0; i < n; i++)
        free(rows[i].samples);
    free(scratch);
    return rounds;
}
