/* The state of a process, as lines of a key and a value (process_state.h), with replacements for values that differ between
 * two runs. */
#define _GNU_SOURCE
#include "matrix.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *value_of(const char *text, const char *key, char *into, size_t room)
{
    size_t length = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
        if (!strncmp(line, key, length) && line[length] == ' ') {
            snprintf(into, room, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
            return into;
        }
    return NULL;
}

static bool is_one_of(const char *key, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(key, *list))
            return true;
    return false;
}

/* Replaces a process id by the name of the process. Small ids are those of a pid namespace, which are the same each time. */
static void name_process(const char *value, const char *own, const char *caller, char *into, size_t room)
{
    char number[32];
    int pid = atoi(value);
    const char *who = pid < 2 ? value : !strcmp(value, own) ? "itself" : pid < 3 ? value : NULL;
    if (!who && value_of(caller, "pid", number, sizeof number) && !strcmp(number, value))
        who = "the caller";
    if (!who && value_of(caller, "sid", number, sizeof number) && !strcmp(number, value))
        who = "the caller's session";
    if (!who && value_of(caller, "pgid", number, sizeof number) && !strcmp(number, value))
        who = "the caller's group";
    snprintf(into, room, "%s", who ? who : "another");
}

static void name_namespace(const char *key, const char *value, const char *caller, char *into, size_t room)
{
    char path[64], holder[64], callers[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%.30s", fixture.holder, key + 3);
    ssize_t n = readlink(path, holder, sizeof holder - 1);
    holder[n < 0 ? 0 : n] = 0;
    const char *its = value_of(caller, key, callers, sizeof callers);
    snprintf(into, room, "%s", its && !strcmp(its, value) ? "the caller's" : !strcmp(holder, value) ? "the holder's"
        : !*value || *value == '?' ? value : "new");
}

/* The number in brackets of a pipe or socket. */
static void without_inode(const char *value, char *into, size_t room)
{
    const char *bracket = strchr(value, '[');
    snprintf(into, room, "%.*s", bracket && isdigit((unsigned char)bracket[1]) ? (int)(bracket - value) : (int)strlen(value), value);
}

void normalise(const char *text, const char *caller, char *into, size_t room)
{
    static const char *const processes[] = { "pid", "ppid", "sid", "pgid", "foreground", NULL };
    static const char *const nothing[] = { "tracer", NULL };
    char own[32], key[512], value[4096], now[4096];
    size_t at = 0;
    if (!value_of(text, "pid", own, sizeof own))
        *own = 0;
    *into = 0;
    for (const char *line = text; *line && at + 8192 < room;) {
        size_t length = strcspn(line, "\n"), space = strcspn(line, " \n");
        snprintf(key, sizeof key, "%.*s", (int)space, line);
        snprintf(value, sizeof value, "%.*s", (int)(length - space), line + space);
        const char *plain = *value == ' ' ? value + 1 : value;
        line += length + (line[length] == '\n');
        if (is_one_of(key, nothing))
            continue;
        if (is_one_of(key, processes))
            name_process(plain, own, caller, now, sizeof now);
        else if (!strncmp(key, "ns.", 3))
            name_namespace(key, plain, caller, now, sizeof now);
        else if (!strcmp(key, "keyring")) /* its number, and its name */
            snprintf(now, sizeof now, "%s", strchr(plain, ' ') ? strchr(plain, ' ') + 1 : plain);
        else if (!strncmp(key, "fd.", 3))
            without_inode(plain, now, sizeof now);
        else
            snprintf(now, sizeof now, "%s", plain);
        while (value_of(into, key, value, sizeof value)) /* the same key again: a mount over another */
            strncat(key, "'", sizeof key - strlen(key) - 1);
        at += (size_t)snprintf(into + at, room - at, "%s %s\n", key, now);
    }
}

static void take_out(char *at, size_t length)
{
    memmove(at, at + length, strlen(at + length) + 1);
}

/* Removes a number from the list that is the value of a key. */
static void take_out_number(char *text, const char *key, int number)
{
    char word[24], start[24];
    snprintf(start, sizeof start, "\n%s ", key);
    snprintf(word, sizeof word, " %d", number);
    char *line = !strncmp(text, start + 1, strlen(start + 1)) ? text : strstr(text, start);
    size_t length = strlen(word);
    for (char *at = line ? line + 1 : NULL; at && *at && *at != '\n'; at++)
        if (!strncmp(at, word, length) && (at[length] == ' ' || at[length] == '\n')) {
            take_out(at, length);
            return;
        }
}

void take_out_descriptor(char *text, int number)
{
    char start[32];
    snprintf(start, sizeof start, "fd.%d ", number);
    char *at = strstr(text, start);
    if (at)
        take_out(at, strcspn(at, "\n") + 1);
    take_out_number(text, "fds", number);
    take_out_number(text, "cloexec", number);
}

int last_descriptor(const char *text, const char *target)
{
    char line[512];
    int number, last = -1;
    for (const char *at = strstr(text, "fd."); at; at = strstr(at + 1, "fd.")) {
        if (sscanf(at, "fd.%d", &number) != 1)
            continue;
        snprintf(line, sizeof line, "fd.%d %.400s\n", number, target);
        if (!strncmp(at, line, strlen(line)))
            last = number;
    }
    return last;
}

static bool is_but(const char *key, const char *but)
{
    char word[600];
    snprintf(word, sizeof word, " %s ", key);
    return strstr(but, word) != NULL;
}

static size_t tell(char *into, size_t at, size_t room, const char *key, const char *is, const char *should)
{
    if (at >= room)
        return at;
    return at + (size_t)snprintf(into + at, room - at, "%s%s is %.60s, not %.60s", at ? "; " : "", key,
        is ? is : "missing", should ? should : "missing");
}

/* The lines of `one` that are different in `other`. */
static size_t compare(const char *one, const char *other, const char *but, bool only_missing, char *into, size_t at,
    size_t room)
{
    char key[512], value[4096], its[4096];
    for (const char *line = one; *line;) {
        size_t length = strcspn(line, "\n"), space = strcspn(line, " \n");
        snprintf(key, sizeof key, "%.*s", (int)space, line);
        snprintf(value, sizeof value, "%.*s", length > space ? (int)(length - space - 1) : 0, line + space + 1);
        line += length + (line[length] == '\n');
        const char *found = value_of(other, key, its, sizeof its);
        if (is_but(key, but) || (found && (only_missing || !strcmp(found, value))))
            continue;
        at = only_missing ? tell(into, at, room, key, value, NULL) : tell(into, at, room, key, found, value);
    }
    return at;
}

void differences(const char *is, const char *should, const char *but, char *into, size_t room)
{
    *into = 0;
    if (!strcmp(is, should))
        return;
    size_t at = compare(should, is, but, false, into, 0, room);
    compare(is, should, but, true, into, at, room);
}
