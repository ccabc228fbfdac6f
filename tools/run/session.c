/* Session, process group, terminal. */
#define _GNU_SOURCE
#include "run.h"

static void new_session(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_set_session(run->attr));
}

static void process_group(struct run *run, char *group)
{
    accept(forkexec_attr_set_process_group(run->attr, (int32_t)parse_unsigned(group, INT32_MAX)));
}

static void controlling_terminal(struct run *run, char *fd)
{
    accept(forkexec_attr_set_controlling_terminal(run->attr, parse_fd(fd)));
}

static void foreground(struct run *run, char *fd)
{
    run->foreground = parse_fd(fd);
    accept(forkexec_attr_set_foreground(run->attr, run->foreground));
}

static void detach_terminal(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_detach_terminal(run->attr));
}

static const struct option_row rows[] = {
    { "new-session", NULL, "a session of its own, without a terminal", new_session },
    { "process-group", "PGID", "the process group to be in; 0 for one of its own", process_group },
    { "controlling-terminal", "FD", "make the terminal FD that of the new session", controlling_terminal },
    { "foreground", "FD", "put the command in the foreground of the terminal FD", foreground },
    { "terminal", NULL, "a session with a terminal of its own, to which the caller's is relayed", make_terminal },
    { "detach-terminal", NULL, "give up the controlling terminal, not the session", detach_terminal },
};
SECTION(session, "Session and terminal");
