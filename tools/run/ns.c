/* Namespaces. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct word type_words[] = { { "user", FORKEXEC_NS_USER }, { "pid", FORKEXEC_NS_PID },
    { "mount", FORKEXEC_NS_MOUNT }, { "net", FORKEXEC_NS_NET }, { "ipc", FORKEXEC_NS_IPC }, { "uts", FORKEXEC_NS_UTS },
    { "cgroup", FORKEXEC_NS_CGROUP }, { "time", FORKEXEC_NS_TIME }, { NULL, 0 } };

static uint32_t types(char *text)
{
    return (uint32_t)parse_words(text, type_words, "a type of namespace");
}

/* Those of them that this kernel has. */
static uint32_t all_types(void)
{
    static const char *const files[] = { "user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time" };
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/ns/%s", files[i]);
        if (!access(path, F_OK))
            all |= (uint32_t)type_words[i].value;
    }
    if (!all)
        usage("all: /proc/self/ns does not say which types there are");
    return all;
}

static void unshare_born(struct run *run, char *text)
{
    if (!strcmp(text, "all"))
        run->all = all_types();
    else
        run->create |= types(text);
}

static void share(struct run *run, char *text)
{
    run->share |= types(text);
}

void finish_namespaces(struct run *run)
{
    current_option = "share";
    if (run->share && !run->all)
        usage("it makes exceptions from --unshare all, which is missing");
    if (run->share & run->create)
        usage("--unshare names the same type");
    current_option = "unshare";
    run->create |= run->all & ~run->share;
    if (run->create)
        accept(forkexec_attr_create_namespaces(run->attr, run->create));
    /* A tracee's parent has to be its tracer, which an init would not be. */
    bool is_first = run->create & FORKEXEC_NS_PID && !run->traced;
    current_option = "as-pid-1";
    if (run->as_pid_1 && run->init)
        usage("it contradicts --init");
    current_option = "init";
    run->init |= is_first && !run->as_pid_1;
    if (run->init)
        accept(forkexec_attr_set_init(run->attr));
    current_option = NULL;
}

static void unshare_late(struct run *run, char *text)
{
    accept(forkexec_attr_unshare_namespaces(run->attr, types(text)));
}

/* It stays open until the end: the library borrows it. */
static int open_namespace(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        usage("%s: %s", path, strerror(errno));
    return fd;
}

static void join(struct run *run, char *text)
{
    const char *path = cut_required(text, '=');
    uint32_t type = (uint32_t)parse_word(text, type_words, "a type of namespace");
    int fd = open_namespace(path);
    run->joins_user = run->joins_user || type == FORKEXEC_NS_USER;
    accept(forkexec_attr_join_namespace(run->attr, fd, type));
}

static void join_process(struct run *run, char *text)
{
    const char *pid = cut_required(text, ':');
    uint32_t which = types(text);
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)parse_integer(pid, 1, INT32_MAX), 0);
    if (fd < 0)
        usage("process %s: %s", pid, strerror(errno));
    run->joins_user = run->joins_user || which & FORKEXEC_NS_USER;
    accept(forkexec_attr_join_pidfd(run->attr, fd, which));
}

static void second_userns(struct run *run, char *path)
{
    run->joins_user = true;
    accept(forkexec_attr_join_second_user_namespace(run->attr, open_namespace(path)));
}

static void read_map(char *text, uint32_t *inside, uint32_t *outside, uint32_t *count)
{
    char *second = cut_required(text, ':'), *third = cut(second, ':');
    *inside = (uint32_t)parse_unsigned(text, UINT32_MAX);
    *outside = (uint32_t)parse_unsigned(second, UINT32_MAX);
    *count = third ? (uint32_t)parse_unsigned(third, UINT32_MAX) : 1;
}

/* What our own id becomes. */
static void note_own(struct run *run, uint64_t inside, uint64_t outside, uint64_t count)
{
    uint64_t own = geteuid();
    if (own >= outside && own - outside < count)
        run->uid_inside = (int64_t)(inside + own - outside);
}

static void map_uid(struct run *run, char *text)
{
    uint32_t inside, outside, count;
    read_map(text, &inside, &outside, &count);
    note_own(run, inside, outside, count);
    accept(forkexec_attr_map_uid(run->attr, inside, outside, count));
}

static void map_gid(struct run *run, char *text)
{
    uint32_t inside, outside, count;
    read_map(text, &inside, &outside, &count);
    accept(forkexec_attr_map_gid(run->attr, inside, outside, count));
}

static void map_own(struct run *run, uint32_t uid, uint32_t gid)
{
    run->create |= FORKEXEC_NS_USER;
    run->uid_inside = uid;
    accept(forkexec_attr_map_uid(run->attr, uid, geteuid(), 1));
    accept(forkexec_attr_map_gid(run->attr, gid, getegid(), 1));
}

static void map_root(struct run *run, char *none)
{
    (void)none;
    map_own(run, 0, 0);
}

static void map_current(struct run *run, char *none)
{
    (void)none;
    map_own(run, geteuid(), getegid());
}

static void allow_setgroups(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_allow_setgroups(run->attr));
}

static void map_subids(struct run *run, char *none)
{
    (void)none;
    run->uid_inside = 0;
    accept(forkexec_attr_map_subordinate_ids(run->attr));
}

static void map_helpers(struct run *run, char *text)
{
    const char *groups = cut_required(text, ':');
    accept(forkexec_attr_set_map_helpers(run->attr, text, groups));
}

static void userns_owner(struct run *run, char *text)
{
    accept(forkexec_attr_set_user_namespace_owner(run->attr, (uint32_t)parse_unsigned(text, UINT32_MAX)));
}

static void hostname(struct run *run, char *name)
{
    accept(forkexec_attr_set_hostname(run->attr, name));
}

static void domainname(struct run *run, char *name)
{
    accept(forkexec_attr_set_domainname(run->attr, name));
}

static void pid(struct run *run, char *list)
{
    size_t n;
    uint32_t *numbers = parse_numbers(list, INT32_MAX, &n);
    accept(forkexec_attr_set_pid(run->attr, (int32_t *)numbers, n));
    free(numbers);
}

static void loopback(struct run *run, char *none)
{
    (void)none;
    accept(forkexec_attr_set_loopback(run->attr));
}

static void time_offset(struct run *run, char *text)
{
    static const struct word clocks[] = { { "monotonic", CLOCK_MONOTONIC }, { "boottime", CLOCK_BOOTTIME },
        { NULL, 0 } };
    const char *seconds = cut_required(text, '=');
    accept(forkexec_attr_set_time_offset(run->attr, (int32_t)parse_word(text, clocks, "a clock"),
        parse_integer(seconds, INT64_MIN, INT64_MAX), 0));
}

static void init(struct run *run, char *none)
{
    (void)none;
    run->init = true;
}

static void as_pid_1(struct run *run, char *none)
{
    (void)none;
    run->as_pid_1 = true;
}

static const struct option_row rows[] = {
    { "unshare", "TYPES", "be born in new namespaces: user, pid, mount, net, ipc, uts, cgroup, time; or all of them",
        unshare_born },
    { "share", "TYPES", "the exceptions from --unshare all, as net", share },
    { "unshare-late", "TYPES", "enter new namespaces once born; a pid namespace is then for the command's children",
        unshare_late },
    { "join", "TYPE=FILE", "join the namespace in FILE, as /proc/PID/ns/net or /run/netns/NAME", join },
    { "join-process", "TYPES:PID", "join these namespaces of a process", join_process },
    { "second-userns", "FILE", "enter the user namespace in FILE when the root is built, without rights over what was made before",
        second_userns },
    { "init", NULL, "leave a small init as process 1 of the new pid namespace; the command is its child; the default", init },
    { "as-pid-1", NULL, "no init: the command is process 1, for which the kernel drops signals that it does not handle",
        as_pid_1 },
    { "map-root", NULL, "map the caller's ids to 0, in a new user namespace", map_root },
    { "map-current", NULL, "map the caller's ids to themselves, in a new user namespace", map_current },
    { "map-uid", "IN:OUT[:COUNT]", "map user ids of the new user namespace to the caller's", map_uid },
    { "map-gid", "IN:OUT[:COUNT]", "map group ids of the new user namespace to the caller's", map_gid },
    { "allow-setgroups", NULL, "leave setgroups(2) allowed in the new user namespace", allow_setgroups },
    { "map-subids", NULL, "map the caller's ids to 0, and its subordinate ones from 1 on", map_subids },
    { "map-helpers", "UID:GID", "write the maps that the caller may not write by these programs, as /usr/bin/newuidmap:/usr/bin/newgidmap",
        map_helpers },
    { "userns-owner", "UID", "let another user own the new user namespace", userns_owner },
    { "pid", "PIDS", "the pid in the innermost pid namespace, then in those around it, as 1,4711", pid },
    { "hostname", "NAME", "the host name, in the new uts namespace", hostname },
    { "domainname", "NAME", "the NIS domain name, in the new uts namespace", domainname },
    { "loopback", NULL, "bring the loopback interface up, in the new net namespace", loopback },
    { "time-offset", "CLOCK=SECONDS", "set the clock, monotonic or boottime, ahead of the caller's in the new time namespace",
        time_offset },
};
SECTION(ns, "Namespaces: types with commas between");
