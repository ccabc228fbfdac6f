/* Runs all tests of a program again as on older kernels and on hosts whose seccomp filter forbids newer system calls.
 *
 *     TEST(all_of_it_on_older_hosts) { run_on_older_hosts(OLDER_HOSTS); }
 *     if (lacks_call(SYS_openat2)) ...             in a test: whether it runs on a host without this call
 *
 * FORKEXEC_HOSTS_EVERY=N and FORKEXEC_SEED=S choose every Nth host, beginning with number S modulo N. */
#ifndef OLDER_HOSTS_H
#define OLDER_HOSTS_H
#include "deny_calls.h"

struct host {
    const char *name;
    struct denial denials[6];
};

/* Calls that are missing together ... */
static const struct host known_hosts[] = {
    { "an older kernel",
        { { SYS_open_tree, ENOSYS, { { 0 } } }, { SYS_move_mount, ENOSYS, { { 0 } } },
            { SYS_mount_setattr, ENOSYS, { { 0 } } }, { SYS_openat2, EPERM, { { 0 } } },
            { SYS_clone3, ENOSYS, { { 0 } } } } },
    { "no trees of mounts", { { SYS_open_tree, ENOSYS, { { 0 } } }, { SYS_move_mount, ENOSYS, { { 0 } } } } },
    { "trees of mounts are forbidden", { { SYS_open_tree, EPERM, { { 0 } } }, { SYS_move_mount, EPERM, { { 0 } } } } },
};

/* ... and each newer call alone: missing (ENOSYS), or forbidden (EPERM). */
static const struct {
    const char *name;
    int call;
} newer_calls[] = { { "openat2", SYS_openat2 }, { "mount_setattr", SYS_mount_setattr }, { "move_mount", SYS_move_mount },
    { "open_tree", SYS_open_tree }, { "fsopen", SYS_fsopen }, { "clone3", SYS_clone3 }, { "close_range", SYS_close_range },
    { "pidfd_open", SYS_pidfd_open }, { "pidfd_getfd", SYS_pidfd_getfd } };

#define KNOWN_HOSTS (sizeof known_hosts / sizeof *known_hosts)
#define OLDER_HOSTS (KNOWN_HOSTS + 2 * sizeof newer_calls / sizeof *newer_calls)

static inline struct host older_host(size_t i)
{
    if (i < KNOWN_HOSTS)
        return known_hosts[i];
    size_t which = (i - KNOWN_HOSTS) / 2;
    bool forbidden = (i - KNOWN_HOSTS) % 2;
    return (struct host){ forbidden ? text("%s is forbidden", newer_calls[which].name) : text("no %s", newer_calls[which].name),
        { { newer_calls[which].call, forbidden ? EPERM : ENOSYS, { { 0 } } } } };
}

/* The errno with which the host of this process refuses the call, or 0. */
static inline int lacks_call_with(int call)
{
    for (size_t i = 0; denied_as() && i < OLDER_HOSTS; i++) {
        struct host host = older_host(i);
        for (int k = 0; !strcmp(host.name, denied_as()) && k < 6; k++)
            if (host.denials[k].code && host.denials[k].call == call)
                return host.denials[k].code;
    }
    return 0;
}

static inline bool lacks_call(int call)
{
    return lacks_call_with(call) != 0;
}

static inline size_t number_from(const char *variable, size_t otherwise)
{
    const char *value = getenv(variable);
    return value && *value ? strtoul(value, NULL, 10) : otherwise;
}

/* Runs all tests of this program again on the first n_hosts hosts. FORKEXEC_HOSTS_EVERY and FORKEXEC_SEED choose some of
 * them: on another kernel a few are enough. */
static inline void run_on_older_hosts(size_t n_hosts)
{
    int wrong = 0;
    size_t every = number_from("FORKEXEC_HOSTS_EVERY", 1);
    need_native();
    for (size_t i = number_from("FORKEXEC_SEED", 0) % (every += !every); !denied_as() && i < n_hosts; i += every) {
        struct host host = older_host(i);
        size_t n = 0;
        while (n < 6 && host.denials[n].code)
            n++;
        wrong += !succeeds_again(host.name, host.denials, n, NULL);
    }
    assert_int_equal(wrong, 0);
}

#endif
