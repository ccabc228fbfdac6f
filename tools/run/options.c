/* The option table, all sections of it, and how it is read. */
#define _GNU_SOURCE
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct section *const sections[] = { &tool_section, &output_section, &config_section, &exec_section, &fds_section, &session_section,
    &signals_section, &limits_section, &cgroup_section, &ids_section, &caps_section, &ns_section, &mounts_section,
    &security_section, &filters_section, &seccomp_json_section, &learn_section };
enum { SECTIONS = sizeof sections / sizeof *sections };

const struct option_row *row_at(size_t place)
{
    for (size_t i = 0; i < SECTIONS; place -= sections[i++]->count)
        if (place < sections[i]->count)
            return &sections[i]->rows[place];
    return NULL;
}

/* What is being read. */
static struct source *source;
static const struct source *place;

const struct source *current_source(void)
{
    return place;
}

void reading(const struct source *of)
{
    place = of;
}

char *next_argument(void)
{
    if (!source->words[source->at])
        usage("an argument is missing; see --help");
    return source->words[source->at++];
}

/* The names that begin so, for a message. */
static void list_names(const char *start, size_t length, char *text, size_t size)
{
    const struct option_row *row;
    *text = 0;
    for (size_t i = 0; (row = row_at(i)); i++)
        if (!strncmp(row->name, start, length) && strlen(text) + strlen(row->name) + 5 < size)
            sprintf(text + strlen(text), "%s--%s", *text ? ", " : "", row->name);
}

/* The option of that name, or the only one that begins so. */
static const struct option_row *find_option(const char *name, size_t length)
{
    const struct option_row *row, *found = NULL;
    size_t count = 0;
    for (size_t i = 0; (row = row_at(i)); i++)
        if (!strncmp(row->name, name, length)) {
            if (!row->name[length])
                return row;
            found = row;
            count++;
        }
    char text[512];
    if (count > 1) {
        list_names(name, length, text, sizeof text);
        usage("--%.*s may be any of %s", (int)length, name, text);
    }
    if (count == 0) {
        snprintf(text, sizeof text, "%.*s", (int)length, name);
        const char *meant = suggestion(text);
        usage("--%s: there is no such option; %s%s%s", text, *meant ? "did you mean " : "see --help", meant, *meant ? "?" : "");
    }
    return found;
}

/* text is NAME or NAME=ARGUMENT, without the dashes. */
static void apply_option(struct run *run, const char *text)
{
    size_t length = strcspn(text, "=");
    const struct option_row *row = find_option(text, length);
    char *argument = text[length] ? strdup(text + length + 1) : NULL;
    if (!row->argument && argument)
        usage("--%s takes no argument", row->name);
    if (row->argument && *row->argument != '[' && !argument && !(argument = source->words[source->at++]))
        usage("--%s needs an argument", row->name);
    current_option = row->name;
    row->apply(run, argument);
    current_option = NULL;
}

/* Returns the place of the first word that is no option. */
static size_t apply_options(struct run *run, bool is_bare)
{
    for (const char *word; (word = source->words[source->at]); ) {
        bool is_option = word[0] == '-' && word[1] == '-' && word[2];
        if (!strcmp(word, "--") && !is_bare)
            return source->at + 1;
        if (!is_option && !is_bare && (word[0] != '-' || !word[1]))
            break;
        source->at++;
        if (!is_option && word[0] == '-' && strcmp(word, "-h"))
            usage("%s: there is no such option; see --help", word);
        apply_option(run, is_option ? word + 2 : !strcmp(word, "-h") ? "help" : word);
        if (is_bare && source->words[source->at])
            usage("there is one word too much: \"%s\"", source->words[source->at]);
    }
    return source->at;
}

void apply_words(struct run *run, struct source *words, bool is_bare)
{
    struct source *before = source;
    const struct source *place_before = place;
    const char *option = current_option;
    current_option = NULL;
    source = words;
    place = words;
    size_t end = apply_options(run, is_bare);
    if (words->words[end])
        usage("\"%s\" is no option, and the command stands on the command line only", words->words[end]);
    source = before;
    place = place_before;
    current_option = option;
}

/* Returns where the command begins. */
int read_options(struct run *run, char **argv)
{
    static struct source line;
    line = (struct source){ .words = argv, .at = 1 };
    source = &line;
    size_t end = apply_options(run, false);
    source = NULL;
    return (int)end;
}

const struct forkexec_attr *asked_attr;

/* An attr remembers why it was refused, and a description tells it: "validate (set_rlimit): Invalid argument: why". */
void accept(int result)
{
    struct forkexec_error error = { .code = 0 };
    char *const command[] = { "", NULL };
    char text[512];
    if (result >= 0)
        return;
    if (asked_attr)
        forkexec_describe_text(asked_attr, "/", command, command + 1, NULL, 0, &error);
    translate(error.message, text, sizeof text);
    const char *why = error.code == -result && error.stage == FORKEXEC_STAGE_VALIDATE ? strstr(text, "): ") : NULL;
    usage("%s", why ? why + 3 : strerror(-result));
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
    for (size_t i = 0; i < SECTIONS; i++) {
        printf("\n%s\n", sections[i]->title);
        for (size_t row = 0; row < sections[i]->count; row++) {
            const struct option_row *is = &sections[i]->rows[row];
            int at = printf("  --%s%s%s", is->name, is->argument && *is->argument != '[' ? " " : "",
                is->argument ? is->argument : "");
            printf(at < COLUMN - 1 ? "%*s" : "\n%*s", at < COLUMN - 1 ? COLUMN - at : COLUMN, "");
            print_wrapped(is->help, COLUMN, WIDTH);
        }
    }
}
