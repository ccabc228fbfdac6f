/* Descriptors. */
#define _GNU_SOURCE
#include "run.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int32_t target_fd(struct run *run, const char *text)
{
    int32_t target = parse_fd(text);
    run->gives_output = run->gives_output || target == STDOUT_FILENO || target == STDERR_FILENO;
    return target;
}

static void fd(struct run *run, char *text)
{
    char *source = cut(text, '=');
    int32_t target = target_fd(run, text);
    accept(forkexec_attr_map_fd(run->attr, source ? parse_fd(source) : target, target));
}

static void inherit_fds(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_inherit_fds(run->attr));
}

static void open_fd(struct run *run, char *text)
{
    static const struct word ways[] = { { "r", O_RDONLY }, { "w", O_WRONLY | O_CREAT | O_TRUNC },
        { "a", O_WRONLY | O_CREAT | O_APPEND }, { "rw", O_RDWR | O_CREAT }, { NULL, 0 } };
    char *how = cut_required(text, '='), *path = cut_required(how, ':'), *mode = cut(how, ',');
    accept(forkexec_attr_open_fd(run->attr, target_fd(run, text), path, (int32_t)parse_word(how, ways, "a way to open"),
        mode ? (uint32_t)parse_octal(mode, 07777) : 0666));
}

static void dup_fd(struct run *run, char *text)
{
    char *source = cut_required(text, '=');
    accept(forkexec_attr_dup_fd(run->attr, parse_fd(source), target_fd(run, text)));
}

static void close_fd(struct run *run, char *text)
{
    accept(forkexec_attr_close_fd(run->attr, parse_fd(text)));
}

static void close_fds_from(struct run *run, char *text)
{
    accept(forkexec_attr_close_fds_from(run->attr, parse_fd(text)));
}

static void enter_directory(struct run *run, char *path)
{
    accept(forkexec_attr_enter_directory(run->attr, path));
}

static void enter_directory_fd(struct run *run, char *text)
{
    accept(forkexec_attr_enter_directory_fd(run->attr, parse_fd(text)));
}

static const struct option_row rows[] = {
    { "fd", "FD[=SOURCE]", "give the command the caller's descriptor SOURCE under the number FD; all at once", fd },
    { "inherit-fds", NULL, "keep all descriptors, not only 0 to 2 and those given", inherit_fds },
    { "open-fd", "FD=HOW[,MODE]:PATH", "open PATH as FD; HOW is r, w (from empty), a (at the end) or rw", open_fd },
    { "dup-fd", "FD=FROM", "make FD a copy of FROM, both the command's numbers", dup_fd },
    { "close-fd", "FD", "close FD", close_fd },
    { "close-fds-from", "FD", "close FD and all above it", close_fds_from },
    { "enter-directory", "DIR", "change to DIR, for what follows here and for the command", enter_directory },
    { "enter-directory-fd", "FD", "change to the directory that the command's descriptor FD refers to", enter_directory_fd },
};
SECTION(fds, "Descriptors: --fd first, then the others in the order given");
