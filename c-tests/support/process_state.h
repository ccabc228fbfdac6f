/* Prints the state of a process, as the process itself can read it: one line "key value" for everything that a spawn can
 * change. The reporter prints it for the program, the harness for the caller; saw(view, key) of harness.h reads it. */
#ifndef PROCESS_STATE_H
#define PROCESS_STATE_H
#include <stdio.h>

/* For the calling thread. Values that cannot be learnt here (no /proc, say) are "?"; control characters are escaped,
 * so that one line is one value. Keys, beside those that say it themselves:
 *   uid, gid             real effective saved filesystem
 *   cap.*, mask, pending, ignored, caught    16 hexadecimal digits
 *   rlimit.NAME          soft hard
 *   fds, cloexec         numbers; fd.N is where each leads
 *   ns.*, cgroup.N, net.NAME, env.NAME, arg.N    one line each
 *   propagation          that of "/": "private", or mountinfo's tags */
void print_state(FILE *out);

/* One line. */
void print_line(FILE *out, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
