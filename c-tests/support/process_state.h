/* Prints the state of a process, as the process itself can read it: one line "key value" for everything that a spawn can
 * change. The reporter prints it for the program, the harness for the caller; saw(view, key) of harness.h reads it. */
#ifndef PROCESS_STATE_H
#define PROCESS_STATE_H
#include <stdio.h>

/* For the calling thread. A value that cannot be found out (without /proc, for example) is "?". Control characters are
 * escaped, so that one line is one value. Keys that need an explanation:
 * uid, gid             real effective saved filesystem
 * cap.*, mask, pending, ignored, caught    16 hexadecimal digits
 * rlimit.NAME          soft hard
 * fds, cloexec         numbers; fd.N is the file of each
 * ns.*, cgroup.N, net.NAME, env.NAME, arg.N    one line each
 * propagation          that of "/": "private", or the tags of mountinfo */
void print_state(FILE *out);

/* Prints one line. */
void print_line(FILE *out, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
