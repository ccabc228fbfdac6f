/* Prints the figures as a table, and as JSON for the plot. */
#include "bench.h"

#include <stdio.h>

static FILE *json;
static int written;

void print_open(const char *path)
{
    if (!path)
        return;
    json = fopen(path, "w");
    must(json != NULL, path);
    fputs("[\n", json);
}

void print_close(void)
{
    if (!json)
        return;
    fputs("\n]\n", json);
    must(fclose(json) == 0, "write the JSON");
}

/* Begins an object, which the caller's printf ends. The names contain nothing that JSON has to escape. */
static FILE *object(const struct bench_case *c, const char *subject)
{
    fprintf(json, "%s  {\"case\": \"%s\", \"subject\": \"%s\"", written++ ? ",\n" : "", c->name, subject);
    return json;
}

void print_title(const struct bench_case *c, const char *reference, int rounds)
{
    printf("\n%s: %s\n", c->name, c->title);
    if (reference)
        printf("  ratio: median (quartiles) of %d rounds, each against %s\n", rounds, reference);
}

void print_rows(const struct bench_case *c, const struct row *rows, size_t n, int rounds)
{
    printf("  %-20s %10s %12s %12s   %s\n", "", "", "return us", "total us", "ratio of total");
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &rows[i];
        char size[32] = "";

        if (c->grow)
            snprintf(size, sizeof size, "%ld %s", row->size, c->unit);
        printf("  %-20s %10s %12.1f %12.1f   ", row->subject->name, size, row->result.returned, row->result.total);
        if (row->reference == row)
            printf("%7.3f\n", 1.0);
        else
            printf("%7.3f (%.3f .. %.3f)\n", row->result.p50, row->result.p25, row->result.p75);
        if (json)
            fprintf(object(c, row->subject->name),
                    ", \"size\": %ld, \"unit\": \"%s\", \"p50_return_us\": %.2f, \"p50_total_us\": %.2f, "
                    "\"ratio_p50\": %.4f, \"ratio_p25\": %.4f, \"ratio_p75\": %.4f, \"rounds\": %d}",
                    row->size, c->unit, row->result.returned, row->result.total,
                    row->result.p50, row->result.p25, row->result.p75, rounds);
    }
    fflush(stdout);
}

void print_value(const struct bench_case *c, const char *subject, const char *what, double value)
{
    printf("  %-20s %12.1f %s\n", subject, value, what);
    if (json)
        fprintf(object(c, subject), ", \"what\": \"%s\", \"value\": %.3f}", what, value);
    fflush(stdout);
}

void print_rates(const struct bench_case *c, const char *subject, double one, double two, const double ratio[3], int rounds)
{
    printf("  %-20s %10.0f/s alone %10.0f/s together   %7.3f (%.3f .. %.3f)\n", subject, one, two, ratio[1], ratio[0], ratio[2]);
    if (json)
        fprintf(object(c, subject),
                ", \"one_per_s\": %.1f, \"two_per_s\": %.1f, "
                "\"ratio_p50\": %.4f, \"ratio_p25\": %.4f, \"ratio_p75\": %.4f, \"rounds\": %d}",
                one, two, ratio[1], ratio[0], ratio[2], rounds);
    fflush(stdout);
}

void print_skipped(const struct bench_case *c, const char *subject, const char *reason)
{
    printf("%s: skipped %s: %s\n", c->name, subject, reason);
    if (json)
        fprintf(object(c, subject), ", \"skipped\": \"%s\"}", reason);
    fflush(stdout);
}
