/* Which option was meant by a name that is none: another program's name for the same, or the one that is nearest. */
#define _GNU_SOURCE
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How bubblewrap, unshare, nsjail, minijail0, setpriv, timeout and docker call it. */
static const struct {
    const char *theirs, *ours;
} others[] = {
    { "dev-bind", "--bind" }, { "remount-ro", "--readonly" }, { "bindmount", "--bind" },
    { "bindmount-ro", "--bind=readonly" }, { "tmpfsmount", "--tmpfs" }, { "mount-proc", "--proc" }, { "setenv", "--env" },
    { "unsetenv", "--unset-env" }, { "clearenv", "--clear-env" }, { "chdir", "--cwd" }, { "workdir", "--cwd" },
    { "die-with-parent", "--parent-death KILL" }, { "kill-child", "--parent-death KILL" },
    { "pdeathsig", "--parent-death" }, { "unshare-all", "--unshare all" }, { "unshare-user", "--unshare user" },
    { "unshare-pid", "--unshare pid" }, { "unshare-net", "--unshare net" }, { "unshare-ipc", "--unshare ipc" },
    { "unshare-uts", "--unshare uts" }, { "unshare-cgroup", "--unshare cgroup" }, { "share-net", "--share net" },
    { "disable-userns", "--deny-user-namespaces" }, { "cap-drop", "--caps" }, { "cap-add", "--caps" },
    { "seccomp", "--seccomp-filter" }, { "seccomp-bpf-binary", "--seccomp-filter" }, { "bounding-set", "--caps bounding=" },
    { "ambient-caps", "--ambient" }, { "inh-caps", "--caps inheritable=" }, { "reuid", "--uid" }, { "regid", "--gid" },
    { "user", "--uid" }, { "group", "--gid" }, { "clear-groups", "--groups \"\"" }, { "nnp", "--no-new-privs" },
    { "no-new-privileges", "--no-new-privs" }, { "map-root-user", "--map-root" }, { "map-current-user", "--map-current" },
    { "map-user", "--map-uid" }, { "map-group", "--map-gid" }, { "setsid", "--new-session" }, { "fork", "--init" },
    { "uid-mapping", "--map-uid" }, { "gid-mapping", "--map-gid" }, { "time-limit", "--timeout" }, { "kill-after", "--grace" },
    { "iface-no-lo", "--unshare net" }, { "ulimit", "--rlimit" }, { "rlimit-as", "--rlimit as=" },
    { "rlimit-cpu", "--rlimit cpu=" }, { "memory-max", "--memory" }, { "pids-limit", "--pids" }, { "cpus", "--cpu" },
    { "pids-max", "--pids" }, { "cap", "--caps" }, { "wd", "--cwd" }, { "rootfs", "--root" }, { "read-only", "--root=readonly" },
    { "profile", "--config" }, { "json", "--json-status-fd" }, { "perms", "--dir=MODE" }, { "size", "--tmpfs=size=" },
    { "info-fd", "--json-status-fd" }, { "sync-fd", "--fd" },
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters to add, to leave out, to change or to swap with the next, from one to the other. */
static size_t distance(const char *one, const char *other)
{
    enum { LONGEST = 40 };
    size_t m = strlen(one), n = strlen(other), rows[LONGEST + 1][LONGEST + 1];
    if (m > LONGEST || n > LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (!i || !j) {
                rows[i][j] = i + j;
                continue;
            }
            size_t best = rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]);
            best = least(best, least(rows[i - 1][j], rows[i][j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                best = least(best, rows[i - 2][j - 2] + 1);
            rows[i][j] = best;
        }
    return rows[m][n];
}

const char *suggestion(const char *name)
{
    static char text[64];
    const struct option_row *row;
    size_t best = 1 + strlen(name) / 3;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(others[i].theirs, name))
            return others[i].ours;
    *text = 0;
    for (size_t i = 0; (row = row_at(i)); i++) {
        bool goes_on = strlen(row->name) > 2 && !strncmp(name, row->name, strlen(row->name));
        size_t far = goes_on ? 1 : distance(name, row->name);
        if (far < best + (*text == 0)) {
            best = far;
            snprintf(text, sizeof text, "--%s", row->name);
        }
    }
    return text;
}
