/* Finds a cgroup of version 2 in which this process may make cgroups and move its children.
 *
 *     const char *why, *parent = cgroup_parent(&why);
 *     need(parent, "%s", why); */
#ifndef CGROUP_PARENT_H
#define CGROUP_PARENT_H
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define V1 0x27e0eb
#define V2 0x63677270

static inline long magic(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) ? 0 : (long)fs.f_type;
}

/* The root of the tree, or the cgroup above this process's own if it belongs to this user, as systemd arranges it. NULL
 * where there is none, with the reason in *reason. */
static inline const char *cgroup_parent(const char **reason)
{
    static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
    int i = 0;
    while (i < 2 && magic(roots[i]) != V2)
        i++;
    *reason = i < 2 ? text("may not make cgroups in %s", roots[i]) : "there is no cgroup2 in /sys/fs/cgroup";
    if (i == 2 || !access(roots[i], W_OK))
        return i < 2 ? roots[i] : NULL;
    char line[4096] = "", own[4096] = "";
    FILE *in = fopen("/proc/self/cgroup", "re");
    while (in && !*own && fgets(line, sizeof line, in))
        sscanf(line, "0::%4095[^\n]", own);
    if (in)
        fclose(in);
    char *last = strrchr(own, '/');
    if (!last || last == own)
        return NULL;
    const char *above = text("%s%.*s", roots[i], (int)(last - own), own);
    /* Moving a process needs write access to the common parent. */
    return !access(above, W_OK) && !access(text("%s/cgroup.procs", above), W_OK) ? above : NULL;
}

#endif
