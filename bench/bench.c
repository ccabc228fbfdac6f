/* Compares libforkexec with bare system calls and with other ways to start a program. cases.c: what is compared; measure.c: how. */
#define _GNU_SOURCE
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: bench [--case NAME]... [--seconds S] [--cpu N] [--json FILE]\n"
    "       bench --list\n"
    "       bench --spawns COUNT SUBJECT     only spawn, to be looked at from outside\n"
    "\n"
    "  --seconds S   time for each case and size (2)\n"
    "  --cpu N       the processor that everything but `threads` is pinned to (the last allowed one)\n";

static int only_spawn(int count, const char *name)
{
    const struct subject *subject = name ? subject_named(name) : NULL;
    struct times times;

    if (!subject)
        die("there is no subject of this name");
    for (int i = 0; i < count; i++)
        subject->spawn(subject->what, &times);
    return 0;
}

int main(int argc, char **argv)
{
    enum { CASE, LIST, SECONDS, CPU, JSON, SPAWNS, HELP };
    static const struct option options[] = {
        {"case", required_argument, NULL, CASE}, {"list", no_argument, NULL, LIST},
        {"seconds", required_argument, NULL, SECONDS}, {"cpu", required_argument, NULL, CPU},
        {"json", required_argument, NULL, JSON}, {"spawns", required_argument, NULL, SPAWNS},
        {"help", no_argument, NULL, HELP}, {0},
    };
    unsigned wanted = 0; /* one bit for each case */
    const char *json = NULL;
    int cpu = -1, spawns = -1, option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        size_t i = 0;
        switch (option) {
        case CASE:
            while (cases[i].name && strcmp(cases[i].name, optarg) != 0)
                i++;
            if (!cases[i].name)
                die("there is no case %s: see --list", optarg);
            wanted |= 1u << i;
            break;
        case LIST:
            for (; cases[i].name; i++)
                printf("%-10s %s\n", cases[i].name, cases[i].title);
            return 0;
        case SECONDS:
            seconds = atof(optarg);
            break;
        case CPU:
            cpu = atoi(optarg);
            break;
        case JSON:
            json = optarg;
            break;
        case SPAWNS:
            spawns = atoi(optarg);
            break;
        case HELP:
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }

    surroundings_prepare(cpu);
    raw_prepare();
    library_prepare(-1);
    if (spawns >= 0)
        return only_spawn(spawns, argv[optind]);
    print_open(json);
    for (size_t i = 0; cases[i].name; i++)
        if (!wanted || wanted & 1u << i)
            cases[i].run(&cases[i]);
    print_close();
    return 0;
}
