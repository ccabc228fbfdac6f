/* Users and groups. */
#define _GNU_SOURCE
#include "run.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

static bool is_number(const char *text)
{
    return *text >= '0' && *text <= '9';
}

static uint32_t user(const char *text)
{
    const struct passwd *found;
    if (is_number(text))
        return (uint32_t)parse_unsigned(text, UINT32_MAX - 1);
    if (!(found = getpwnam(text)))
        usage("there is no user \"%s\"", text);
    return found->pw_uid;
}

static uint32_t group(const char *text)
{
    const struct group *found;
    if (is_number(text))
        return (uint32_t)parse_unsigned(text, UINT32_MAX - 1);
    if (!(found = getgrnam(text)))
        usage("there is no group \"%s\"", text);
    return found->gr_gid;
}

static void uid(struct run *run, char *text)
{
    uint32_t number = user(text);
    run->uid = number;
    accept(forkexec_attr_set_uid(run->attr, number));
}

static void gid(struct run *run, char *text)
{
    accept(forkexec_attr_set_gid(run->attr, group(text)));
}

static void groups(struct run *run, char *text)
{
    uint32_t *list = NULL;
    size_t n = 0;
    for (char *next; text && *text; text = next) {
        next = cut(text, ',');
        if (!(list = realloc(list, (n + 1) * sizeof *list)))
            usage("no memory");
        list[n++] = group(text);
    }
    accept(forkexec_attr_set_groups(run->attr, list, n));
    free(list);
}

static void keep_groups(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_keep_groups(run->attr));
}

static const struct option_row rows[] = {
    { "uid", "USER", "run as this user, a number or name; the supplementary groups are dropped", uid },
    { "gid", "GROUP", "run with this group, a number or name; the supplementary groups are dropped", gid },
    { "groups", "GROUPS", "have exactly these supplementary groups, with commas between, or \"\"", groups },
    { "keep-groups", NULL, "keep the supplementary groups when --uid or --gid change ids", keep_groups },
};
SECTION(ids, "Users and groups");
