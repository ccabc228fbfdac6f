/* Runs a command with any attribute of the library, passes signals on to it, and tells how it ended. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static char **copy_of(char **list)
{
    size_t n = 0;
    while (list[n])
        n++;
    char **copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++)
        if (!(copy[i] = strdup(list[i])))
            return NULL;
    return copy;
}

/* What was closed when we began would become what we open, and the program's. */
static void occupy_standard_fds(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
            _exit(CODE_TOOL);
}

/* What a program that is started by a shell finds, this one finds, although we need it otherwise ourselves. */
static void pass_on(struct run *run)
{
    if (!run->searches) {
        const char *path = getenv("PATH");
        accept(forkexec_attr_set_search_path(run->attr, path && *path ? path : NULL));
    }
    /* Where it is ignored, children cannot be waited for. */
    struct sigaction before;
    sigaction(SIGCHLD, NULL, &before);
    signal(SIGCHLD, SIG_DFL);
    uint64_t bit = UINT64_C(1) << (SIGCHLD - 1);
    if (before.sa_handler == SIG_IGN && !(run->defaults & bit))
        accept(forkexec_attr_set_signal_ignore(run->attr, bit));
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* By that name, or by /proc/self/exe where the file has that name: so a sandbox starts another one. Under our usual name the
 * file is not looked at. */
static bool is_called_bwrap(const char *name)
{
    char path[4096];
    if (!strcmp(last_part(name), "bwrap"))
        return true;
    if (!strcmp(last_part(name), "forkexec-run"))
        return false;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return *path == '/' && !strcmp(last_part(path), "bwrap");
}

int main(int argc, char **argv)
{
    occupy_standard_fds();
    bool asked = argc > 2 && !strcmp(argv[1], "--as") && !strcmp(argv[2], "bwrap");
    if (asked || (argc && is_called_bwrap(argv[0])))
        bwrap_main(argv[0], argv + (asked ? 3 : 1));
    struct run run = { .attr = forkexec_attr_new(), .env = copy_of(environ), .foreground = -1,
        .timeout_ns = FORKEXEC_FOREVER, .uid = -1, .uid_inside = -1 };
    if (!run.attr || !run.env)
        fail(ENOMEM, "no memory");
    asked_attr = run.attr;

    char **command = argv + read_options(&run, argv);
    check_mounts();
    if (!*command)
        usage("there is no command to run; see --help");
    if (run.grace_ns && run.timeout_ns == FORKEXEC_FOREVER && !run.has_idle_timeout)
        usage("--grace is for the end of a time: --timeout and --idle-timeout are missing");
    finish_namespaces(&run);
    add_profiles(&run);
    prepare_learning(&run);
    pass_on(&run);
    make_cgroup(&run);
    const char *path = run.has_exec_fd ? NULL : *command;
    if (run.argv0)
        *command = (char *)run.argv0;

    if (run.describes) {
        struct forkexec_error error;
        if (forkexec_describe(run.attr, path, command, run.env, STDOUT_FILENO, &error))
            report_failure(&error);
        remove_cgroup();
        return 0;
    }
    supervise(&run, path, command);
}
