/* The program: which, where, with what environment. */
#define _GNU_SOURCE
#include "run.h"

#include <stdlib.h>
#include <string.h>

static void exec_fd(struct run *run, char *fd)
{
    run->has_exec_fd = true;
    accept(forkexec_attr_set_exec_fd(run->attr, parse_fd(fd)));
}

static void search_path(struct run *run, char *dirs)
{
    run->searches = true;
    accept(forkexec_attr_set_search_path(run->attr, dirs));
}

static void argv0(struct run *run, char *name)
{
    run->argv0 = name;
}

static void cwd(struct run *run, char *path)
{
    accept(forkexec_attr_set_cwd(run->attr, path));
}

static void cwd_fd(struct run *run, char *fd)
{
    accept(forkexec_attr_set_cwd_fd(run->attr, parse_fd(fd)));
}

static void cwd_rights(struct run *run, char *whose)
{
    static const struct word rights[] = { { "program", FORKEXEC_CWD_RIGHTS_PROGRAM },
        { "caller", FORKEXEC_CWD_RIGHTS_CALLER }, { "either", FORKEXEC_CWD_RIGHTS_EITHER }, { NULL, 0 } };
    accept(forkexec_attr_set_cwd_rights(run->attr, (uint32_t)parse_word(whose, rights, "one of whose rights count")));
}

/* The variable of that name is gone; returns how many are left. */
static size_t without(char **env, const char *name, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; env[i]; i++)
        if (strncmp(env[i], name, length) || env[i][length] != '=')
            env[kept++] = env[i];
        else
            free(env[i]);
    env[kept] = NULL;
    return kept;
}

static void env(struct run *run, char *assignment)
{
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment)
        usage("\"%s\" is not NAME=VALUE", assignment);
    size_t n = without(run->env, assignment, (size_t)(equals - assignment));
    char **grown = realloc(run->env, (n + 2) * sizeof *grown), *copy = strdup(assignment);
    if (!grown || !copy)
        usage("no memory");
    grown[n] = copy;
    grown[n + 1] = NULL;
    run->env = grown;
}

static void unset_env(struct run *run, char *name)
{
    if (!*name || strchr(name, '='))
        usage("\"%s\" is not the name of a variable", name);
    without(run->env, name, strlen(name));
}

static void clear_env(struct run *run, char *none)
{
    (void)none;
    for (size_t i = 0; run->env[i]; i++)
        free(run->env[i]);
    run->env[0] = NULL;
}

static void pid_variable(struct run *run, char *name)
{
    accept(forkexec_attr_set_pid_variable(run->attr, name));
}

static void busy_retry(struct run *run, char *milliseconds)
{
    accept(forkexec_attr_set_busy_retry(run->attr, (uint32_t)parse_unsigned(milliseconds, UINT32_MAX)));
}

static void memory_mode(struct run *run, char *mode)
{
    static const struct word modes[] = { { "auto", FORKEXEC_MEMORY_AUTO }, { "fresh", FORKEXEC_MEMORY_FRESH },
        { "copied", FORKEXEC_MEMORY_COPIED }, { NULL, 0 } };
    accept(forkexec_attr_set_memory_mode(run->attr, (uint32_t)parse_word(mode, modes, "a memory mode")));
}

static void stop_before_exec(struct run *run, char *none)
{
    (void)none;
    run->stops = true;
    accept(forkexec_attr_set_stop(run->attr));
}

static void stop_at_entry(struct run *run, char *none)
{
    (void)none;
    run->traced = true;
    accept(forkexec_attr_set_ptrace(run->attr));
}

static const struct option_row rows[] = {
    { "cwd", "DIR", "start in DIR, which is entered with the command's ids and inside its root", cwd },
    { "cwd-fd", "FD", "start in the directory that the caller's descriptor FD refers to", cwd_fd },
    { "cwd-rights", "WHOSE", "with whose rights DIR or FD is entered: program, caller, or either", cwd_rights },
    { "env", "NAME=VALUE", "set a variable of the environment", env },
    { "unset-env", "NAME", "remove a variable", unset_env },
    { "clear-env", NULL, "remove all variables so far", clear_env },
    { "argv0", "NAME", "what the command is told that it is called", argv0 },
    { "search-path", "DIRS", "look for COMMAND in DIRS, with colons between, instead of PATH", search_path },
    { "exec-fd", "FD", "run the file that the caller's descriptor FD refers to; COMMAND is only its name", exec_fd },
    { "busy-retry", "MILLISECONDS", "try again so long while the file is open for writing (ETXTBSY)", busy_retry },
    { "pid-variable", "NAME", "put the command's process id in this variable", pid_variable },
    { "memory-mode", "MODE", "whose memory is used until the exec: auto, fresh or copied", memory_mode },
    { "stop-before-exec", NULL, "stop right before the exec until SIGCONT comes", stop_before_exec },
    { "stop-at-entry", NULL, "stop before the command's first instruction until SIGCONT comes, for a debugger",
        stop_at_entry },
};
SECTION(exec, "The command");
