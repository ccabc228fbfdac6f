/* The option table, all chapters of it, and how it is read. */
#define _GNU_SOURCE
#include "run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct chapter *const chapters[] = { &tool_chapter, &exec_chapter, &fds_chapter, &session_chapter,
    &signals_chapter, &limits_chapter, &cgroup_chapter, &ids_chapter, &caps_chapter, &ns_chapter, &mounts_chapter,
    &security_chapter, &filters_chapter };
enum { CHAPTERS = sizeof chapters / sizeof *chapters, FIRST = 256 };

static const struct option_row *row_at(size_t place)
{
    for (size_t i = 0; i < CHAPTERS; place -= chapters[i++]->count)
        if (place < chapters[i]->count)
            return &chapters[i]->rows[place];
    return NULL;
}

static int how_many(const char *argument)
{
    return !argument ? no_argument : *argument == '[' ? optional_argument : required_argument;
}

static struct option *long_options(void)
{
    size_t count = 0;
    for (size_t i = 0; i < CHAPTERS; i++)
        count += chapters[i]->count;
    struct option *list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        list[i] = (struct option){ row_at(i)->name, how_many(row_at(i)->argument), NULL, FIRST + (int)i };
    return list;
}

static char **arguments;

char *next_argument(void)
{
    if (!arguments[optind])
        usage("an argument is missing; see --help");
    return arguments[optind++];
}

/* Returns where the command begins. */
int read_options(struct run *run, int argc, char **argv)
{
    struct option *list = long_options();
    if (!list)
        usage("no memory");
    opterr = 0;
    arguments = argv;
    for (int got; (got = getopt_long(argc, argv, "+:", list, NULL)) != -1;) {
        if (got == ':')
            usage("%s needs an argument", argv[optind - 1]);
        if (got < FIRST)
            usage("%s: no such option, or not with an argument; see --help", argv[optind - 1]);
        const struct option_row *row = row_at((size_t)(got - FIRST));
        current_option = row->name;
        row->apply(run, optarg);
    }
    current_option = NULL;
    free(list);
    return optind;
}

void accept(int result)
{
    if (result < 0)
        usage("%s", strerror(-result));
}

/* The words of text, in a column. */
static void print_wrapped(const char *text, int column, int width)
{
    int at = column;
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (at > column && at + 1 + length > width) {
            printf("\n%*s", column, "");
            at = column;
        }
        at += printf("%s%.*s", at > column ? " " : "", length, text);
        text += length + (text[length] == ' ');
    }
    putchar('\n');
}

void print_help(void)
{
    enum { COLUMN = 34, WIDTH = 110 };
    puts("usage: forkexec-run [OPTION]... [--] COMMAND [ARGUMENT]...\n\n"
        "Runs COMMAND with what the options ask for. Everything asked for happens, or COMMAND does not run and the\n"
        "step that failed is named. See forkexec-run(1).");
    for (size_t i = 0; i < CHAPTERS; i++) {
        printf("\n%s\n", chapters[i]->title);
        for (size_t row = 0; row < chapters[i]->count; row++) {
            const struct option_row *is = &chapters[i]->rows[row];
            int at = printf("  --%s%s%s", is->name, is->argument && *is->argument != '[' ? " " : "",
                is->argument ? is->argument : "");
            printf(at < COLUMN - 1 ? "%*s" : "\n%*s", at < COLUMN - 1 ? COLUMN - at : COLUMN, "");
            print_wrapped(is->help, COLUMN, WIDTH);
        }
    }
}
