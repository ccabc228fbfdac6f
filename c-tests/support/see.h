/* What a process is, as it sees itself: one line "key value" for everything that a spawn can change. */
#ifndef SEE_H
#define SEE_H
#include <stdio.h>

/* For the calling thread. Values that cannot be learnt here (no /proc, say) are "?"; control characters are escaped,
 * so that one line is one value. Keys, beside those that say it themselves:
 *   uid, gid             real effective saved filesystem
 *   cap.*, mask, pending, ignored, caught    16 hexadecimal digits
 *   rlimit.NAME          soft hard
 *   fds, cloexec         numbers; fd.N is where each leads
 *   ns.*, cgroup.N, net.NAME, env.NAME, arg.N    one line each
 *   propagation          that of "/": "private", or mountinfo's tags */
void see(FILE *out);

/* One line. */
void say(FILE *out, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
