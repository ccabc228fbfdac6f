/* The library's sentences, with the command's words for C's. */
#define _GNU_SOURCE
#include "run.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Where the option is not called as the setter is. */
static const struct {
    const char *setter, *option;
} setters[] = { { "create_namespaces", "--unshare" }, { "unshare_namespaces", "--unshare-late" },
    { "join_namespace", "--join" }, { "join_pidfd", "--join-process" },
    { "join_second_user_namespace", "--second-userns" }, { "map_fd", "--fd" },
    { "map_subordinate_ids", "--map-subids" }, { "set_user_namespace_owner", "--userns-owner" },
    { "set_capabilities", "--caps" }, { "drop_capabilities", "--drop-caps" }, { "set_session", "--new-session" },
    { "set_stop", "--stop-before-exec" }, { "set_ptrace", "--stop-at-entry" }, { "set_parent_death_signal", "--parent-death" },
    { "set_cgroup_fd", "--cgroup" }, { "set_cgroup", "--cgroup-new" }, { "bind_mount", "--bind" },
    { "bind_mount_idmapped", "--bind-idmapped" }, { "mount_tmpfs", "--tmpfs" }, { "mount_proc", "--proc" },
    { "mount_dev", "--dev" }, { "add_mount", "--mount" }, { "make_directory", "--dir" }, { "make_file", "--file" },
    { "make_symlink", "--symlink" }, { "make_readonly", "--readonly" }, { "mask_path", "--mask" } };

/* What is put before the rest of a constant's name, which is a word of an option. */
static const struct {
    const char *prefix, *before;
} constants[] = { { "FORKEXEC_NS_", "--unshare " }, { "FORKEXEC_MOUNT_", "the flag " },
    { "FORKEXEC_CWD_RIGHTS_", "--cwd-rights " }, { "FORKEXEC_MEMORY_", "--memory-mode " },
    { "FORKEXEC_LANDLOCK_FS_", "--landlock-path " }, { "FORKEXEC_LANDLOCK_NET_", "--landlock-port " },
    { "FORKEXEC_LANDLOCK_SCOPE_", "--landlock-scopes " }, { "FORKEXEC_SECCOMP_", "the flag " },
    { "FORKEXEC_CAP_", "--caps " } };

static bool put_constant(FILE *out, const char *name, bool has_option)
{
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        const char *prefix = constants[i].prefix, *before = constants[i].before;
        if (strncmp(name, prefix, strlen(prefix)))
            continue;
        name += strlen(prefix);
        if (!*name || *name == '*')
            fprintf(out, "%.*s", (int)strlen(before) - 1, before);
        else
            fputs(has_option ? "" : before, out);
        for (; *name && *name != '*'; name++)
            putc(*name == '_' ? '-' : tolower((unsigned char)*name), out);
        return true;
    }
    return false;
}

/* By the table, or by the name without its verb, where there is such an option. */
static bool put_setter(FILE *out, const char *name)
{
    const struct option_row *row;
    char option[64];
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++)
        if (!strcmp(setters[i].setter, name)) {
            fputs(setters[i].option, out);
            return true;
        }
    bool has_verb = !strncmp(name, "set_", 4) || !strncmp(name, "add_", 4);
    snprintf(option, sizeof option, "%s", name + (has_verb ? 4 : 0));
    for (char *at = option; *at; at++)
        *at = *at == '_' ? '-' : *at;
    for (size_t i = 0; (row = row_at(i)); i++)
        if (!strcmp(row->name, option)) {
            fprintf(out, "--%s", option);
            return true;
        }
    return false;
}

static size_t name_length(const char *at)
{
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == '*')
        length++;
    return length;
}

/* A name in the middle of a path is none of the library's. */
static bool is_within_path(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_/.-", c));
}

/* Writes the name at the beginning of text in the command's words, and returns how much of text that was; 0: it is left. */
static size_t put_name(FILE *out, const char *text)
{
    char name[64];
    size_t length = name_length(text);
    if (length >= sizeof name || !memchr(text, '_', length) || is_within_path(text[length]))
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    if (put_constant(out, name, false))
        return length;
    if (!put_setter(out, name))
        return 0;
    size_t argument = strncmp(text + length, "(FORKEXEC_", 10) ? 0 : name_length(text + length + 1);
    if (!argument || text[length + 1 + argument] != ')' || argument >= sizeof name)
        return length;
    snprintf(name, sizeof name, "%.*s", (int)argument, text + length + 1);
    putc(' ', out);
    put_constant(out, name, true);
    return length + argument + 2;
}

void translate(const char *sentence, char *text, size_t size)
{
    FILE *out = fmemopen(text, size, "w");
    if (!out) {
        snprintf(text, size, "%s", sentence);
        return;
    }
    for (const char *at = sentence; *at;) {
        size_t length = at == sentence || !is_within_path(at[-1]) ? put_name(out, at) : 0;
        if (!length)
            putc(*at, out);
        at += length ? length : 1;
    }
    fclose(out);
    text[size - 1] = 0;
}
