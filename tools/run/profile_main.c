/* forkexec-run-profile: reads the profile on descriptor 0, and writes the filter that it becomes to descriptor 1, or what is
 * wrong with it. forkexec-run starts it. It knows nothing of the command, and no option but its one argument: the
 * capabilities of the program, in hexadecimal. */
#define _GNU_SOURCE
#include "run.h"

#include "profile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *current_option;

static void write_all(const void *from, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(STDOUT_FILENO, (const char *)from + done, size - done);
        if (n < 0)
            _exit(1);
        done += (size_t)n;
    }
}

void usage(const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    struct profile_reply reply = { .is_refused = 1, .length = (uint32_t)strlen(text) };
    write_all(&reply, sizeof reply);
    write_all(text, reply.length);
    _exit(1);
}

int main(int argc, char **argv)
{
    static struct sock_filter filter[MOST_INSTRUCTIONS];
    struct profile profile;
    char *end = NULL;
    uint64_t capabilities = argc == 2 ? strtoull(argv[1], &end, 16) : 0;
    if (!end || *end || end == argv[1]) {
        fputs("forkexec-run-profile is a part of forkexec-run, for its option --seccomp-json\n", stderr);
        return 2;
    }
    read_profile(&profile, STDIN_FILENO, capabilities);
    struct profile_reply reply = { .flags = profile.flags };
    reply.length = (uint32_t)build_filter(&profile, filter, MOST_INSTRUCTIONS);
    write_all(&reply, sizeof reply);
    write_all(filter, reply.length * sizeof *filter);
    _exit(0);
}
