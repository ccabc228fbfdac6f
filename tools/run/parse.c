/* Texts of the command line, read strictly: an option that was misunderstood protects nobody. */
#define _GNU_SOURCE
#include "run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t parse_integer(const char *text, int64_t least, int64_t most)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 0);
    if (isspace((unsigned char)*text) || end == text || *end || errno || value < least || value > most)
        usage("\"%s\" is not a number from %lld to %lld", text, (long long)least, (long long)most);
    return value;
}

static uint64_t parse_base(const char *text, int base, uint64_t most, char **rest)
{
    errno = 0;
    unsigned long long value = strtoull(text, rest, base);
    if (!isdigit((unsigned char)*text) || *rest == text || errno || value > most)
        usage(base == 8 ? "\"%s\" is not an octal number up to %llo" : "\"%s\" is not a number up to %llu", text,
            (unsigned long long)most);
    return value;
}

static uint64_t parse_whole(const char *text, int base, uint64_t most)
{
    char *rest;
    uint64_t value = parse_base(text, base, most, &rest);
    if (*rest)
        usage("\"%s\" is not a number", text);
    return value;
}

uint64_t parse_unsigned(const char *text, uint64_t most)
{
    return parse_whole(text, 0, most);
}

uint64_t parse_octal(const char *text, uint64_t most)
{
    return parse_whole(text, 8, most);
}

uint64_t parse_size(const char *text)
{
    static const char units[] = "KMGT";
    if (!strcmp(text, "unlimited") || !strcmp(text, "infinity"))
        return UINT64_MAX;
    char *rest;
    uint64_t value = parse_base(text, 10, UINT64_MAX - 2, &rest);
    const char *unit = *rest ? strchr(units, toupper((unsigned char)*rest)) : NULL;
    if (*rest && (!unit || rest[1]))
        usage("\"%s\" is not a number, with K, M, G or T after it or not", text);
    int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (value > UINT64_MAX >> shift || value << shift > UINT64_MAX - 2)
        usage("\"%s\" is too large", text);
    return value << shift;
}

int64_t parse_seconds(const char *text)
{
    static const struct word units[] = { { "", 1000000000 }, { "s", 1000000000 }, { "ms", 1000000 },
        { "m", UINT64_C(60000000000) }, { "h", UINT64_C(3600000000000) }, { NULL, 0 } };
    char *rest;
    uint64_t unit = 0;
    errno = 0;
    double number = strtod(text, &rest);
    if (!isdigit((unsigned char)*text) || errno || !find_word(rest, units, &unit) || !(number > 0) ||
        number * (double)unit > 1e18)
        usage("\"%s\" is not a time above 0 in seconds, or with ms, m or h after it", text);
    int64_t ns = (int64_t)(number * (double)unit);
    return ns ? ns : 1;
}

int32_t parse_fd(const char *text)
{
    return (int32_t)parse_unsigned(text, INT32_MAX);
}

char *cut(char *text, char c)
{
    char *at = strchr(text, c);
    if (!at)
        return NULL;
    *at = 0;
    return at + 1;
}

char *cut_required(char *text, char c)
{
    char *rest = cut(text, c);
    if (!rest)
        usage("\"%s\" has no \"%c\"", text, c);
    return rest;
}

static bool same_word(const char *one, const char *other)
{
    for (;; one++, other++) {
        int a = *one == '_' ? '-' : tolower((unsigned char)*one), b = *other == '_' ? '-' : tolower((unsigned char)*other);
        if (a != b)
            return false;
        if (!a)
            return true;
    }
}

bool find_word(const char *text, const struct word *words, uint64_t *value)
{
    for (; words->name; words++)
        if (same_word(text, words->name)) {
            *value = words->value;
            return true;
        }
    return false;
}

uint64_t parse_word(const char *text, const struct word *words, const char *what)
{
    uint64_t value;
    if (find_word(text, words, &value))
        return value;
    char known[512] = "";
    for (; words->name; words++) {
        size_t at = strlen(known);
        if (at + strlen(words->name) + 3 > sizeof known)
            break;
        strcat(strcat(known, at ? ", " : ""), words->name);
    }
    usage("\"%s\" is not %s: %s", text, what, known);
}

uint64_t parse_words(char *text, const struct word *words, const char *what)
{
    uint64_t all = 0;
    for (char *next; text; text = next) {
        next = cut(text, ',');
        all |= parse_word(text, words, what);
    }
    return all;
}

uint32_t *parse_numbers(const char *text, uint32_t most, size_t *count)
{
    uint32_t *list = NULL;
    *count = 0;
    while (*text) {
        char *rest;
        uint64_t first = parse_base(text, 10, most, &rest), last = first;
        if (*rest == '-')
            last = parse_base(rest + 1, 10, most, &rest);
        if (last < first || (*rest && (*rest != ',' || !rest[1])))
            usage("\"%s\" is not a list such as 0-3,5", text);
        list = realloc(list, (*count + last - first + 1) * sizeof *list);
        if (!list)
            usage("no memory");
        for (; first <= last; first++)
            list[(*count)++] = (uint32_t)first;
        text = rest + (*rest == ',');
    }
    return list;
}
