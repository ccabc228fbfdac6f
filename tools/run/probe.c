/* What this host allows, in sentences, and what to do about the rest. What the library can do is the library's to say;
 * the rest is how the host is set up, for the administrator who has to change it. */
#define _GNU_SOURCE
#include "run.h"

#include "host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NO_PROC "there is no /proc that shows this process, and so nothing to tell it from"

/* An answer, what it is about, and what more there is to say, if anything. */
__attribute__((format(printf, 3, 4))) static void say(const char *answer, const char *what, const char *format, ...)
{
    char more[16 * 1024];
    va_list list;
    va_start(list, format);
    vsnprintf(more, sizeof more, format, list);
    va_end(list);
    printf("%-4s %s%s%s\n", answer, what, *more ? ": " : "", more);
}

static void say_features(void)
{
    static const struct {
        uint32_t feature;
        const char *title;
    } features[] = {
        { FORKEXEC_PROBE_CLONE3, "clone3" },
        { FORKEXEC_PROBE_CLOSE_RANGE, "close_range" },
        { FORKEXEC_PROBE_PIDFD, "pidfds" },
        { FORKEXEC_PROBE_SHARED_MEMORY, "children that share memory" },
        { FORKEXEC_PROBE_IMAGE, "programs in memory (memfd)" },
        { FORKEXEC_PROBE_BIRTH_IN_CGROUP, "birth in a cgroup" },
        { FORKEXEC_PROBE_TIME_NAMESPACE, "time namespaces" },
        { FORKEXEC_PROBE_SECCOMP, "seccomp filters" },
        { FORKEXEC_PROBE_SECCOMP_LISTENER, "seccomp filters with a listener" },
        { FORKEXEC_PROBE_LANDLOCK, "Landlock: files, TCP, scopes" },
        { FORKEXEC_PROBE_LANDLOCK_UNIX, "Landlock: UNIX sockets" },
        { FORKEXEC_PROBE_LANDLOCK_UDP, "Landlock: UDP" },
        { FORKEXEC_PROBE_USER_NAMESPACE, "user namespaces" },
        { FORKEXEC_PROBE_OWN_CGROUP, "cgroups of its own for each run" },
        { FORKEXEC_PROBE_OWN_CORE, "cores of its own" },
        { FORKEXEC_PROBE_UTILIZATION, "utilization" },
        { FORKEXEC_PROBE_NUMA_POLICY, "policies for memory" },
        { FORKEXEC_PROBE_KSM, "memory that is merged with others'" },
        { FORKEXEC_PROBE_TUN, "network devices (/dev/net/tun)" },
        { FORKEXEC_PROBE_PREPARED_ROOT, "roots that are built once and cloned" },
        { FORKEXEC_PROBE_OVERLAY, "overlays in a user namespace" },
    };
    char why[1024];
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        int has = forkexec_probe(features[i].feature, why, sizeof why);
        say(has == 1 ? "yes" : "no", features[i].title, "%s", why);
    }
}

/* The switches that decide on user namespaces for whom they may be others than us. */
static void say_user_namespaces(void)
{
    long long value;
    if (read_number("/proc/sys/user/max_user_namespaces", &value)) {
        if (value == 0)
            say("no", "user namespaces for anybody", "sysctl user.max_user_namespaces is 0; set it to 15000, say");
        else
            say("", "at most so many user namespaces", "sysctl user.max_user_namespaces is %lld", value);
    } else {
        say("?", "user namespaces for others", "%s", NO_PROC);
    }
    if (read_number("/proc/sys/kernel/unprivileged_userns_clone", &value))
        say(value ? "yes" : "no", "user namespaces for ordinary users",
            "sysctl kernel.unprivileged_userns_clone is %lld%s", value, value ? "" : "; set it to 1");
    if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &value))
        say(value ? "no" : "yes", "user namespaces without an AppArmor profile",
            "sysctl kernel.apparmor_restrict_unprivileged_userns is %lld%s", value,
            value ? "; give the program a profile with the rule \"userns,\", or set it to 0" : "");
    bool many = has_capability(CAP_SETUID) && has_capability(CAP_SETGID);
    say(many ? "yes" : "no", "user namespaces with maps of more than the own id", "%s",
        many ? "" : "this process has not both of CAP_SETUID and CAP_SETGID");
}

/* A box as an ordinary user would make it, with one thing in it; made, and gone at once. */
static void try_in_box(const char *what, uint32_t types, int (*ask)(struct forkexec_attr *attr))
{
    struct forkexec_attr *attr = forkexec_attr_new();
    struct forkexec_child *child;
    struct forkexec_error error;
    if (!attr)
        fail(ENOMEM, "no memory");
    accept(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | types));
    accept(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
    accept(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    accept(ask(attr));
    if (forkexec_hold(attr, &child, &error)) {
        say("no", what, "%s", error.message);
    } else {
        say("yes", what, "%s", "");
        forkexec_close(child);
    }
    forkexec_attr_free(attr);
}

static int ask_root(struct forkexec_attr *attr)
{
    return forkexec_attr_set_root(attr, NULL, 0);
}

static int ask_proc(struct forkexec_attr *attr)
{
    accept(forkexec_attr_set_root(attr, NULL, 0));
    return forkexec_attr_mount_proc(attr, "/proc", FORKEXEC_MOUNT_CREATE);
}

static int ask_dev(struct forkexec_attr *attr)
{
    accept(forkexec_attr_set_root(attr, NULL, 0));
    return forkexec_attr_mount_dev(attr, "/dev", FORKEXEC_MOUNT_CREATE);
}

static int ask_name(struct forkexec_attr *attr)
{
    return forkexec_attr_set_hostname(attr, "probe");
}

static void say_boxes(void)
{
    if (forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, NULL, 0) != 1)
        return;
    try_in_box("a host name in a user namespace", FORKEXEC_NS_UTS, ask_name);
    try_in_box("a network with loopback in a user namespace", FORKEXEC_NS_NET, forkexec_attr_set_loopback);
    try_in_box("a root in a user namespace", FORKEXEC_NS_MOUNT, ask_root);
    try_in_box("a new /proc in a user namespace", FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID, ask_proc);
    try_in_box("a new /dev in a user namespace", FORKEXEC_NS_MOUNT, ask_dev);
}

static void say_security_modules(void)
{
    char text[256];
    long long value;
    if (read_line("/sys/kernel/security/lsm", text, sizeof text))
        say("", "security modules", "%s", text);
    if (read_line("/sys/module/apparmor/parameters/enabled", text, sizeof text) && *text == 'Y') {
        if (!read_line("/proc/self/attr/apparmor/current", text, sizeof text) &&
            !read_line("/proc/self/attr/current", text, sizeof text))
            strcpy(text, "unknown");
        say("", "AppArmor", "on; the profile of this process is %s", text);
    }
    if (read_number("/sys/fs/selinux/enforce", &value))
        say("", "SELinux", "%s", value ? "enforcing; what it denies is in the audit log" : "permissive");
    if (!has_proc())
        say("?", "Yama", "%s", NO_PROC);
    else if (!read_number("/proc/sys/kernel/yama/ptrace_scope", &value))
        say("", "Yama", "not there; a user's processes may trace each other");
    else
        say("", "Yama", "kernel.yama.ptrace_scope is %lld: %s", value,
            value == 0 ? "a user's processes may trace each other" : value == 1 ? "a debugger may trace what it started"
            : value == 2 ? "only CAP_SYS_PTRACE may trace; after --stop-at-entry a debugger needs it"
            : "nobody may trace");
}

static void say_landlock(void)
{
    int abi = landlock_abi();
    if (abi > 0)
        say("yes", "Landlock", "ABI %d", abi);
    else if (abi == -EOPNOTSUPP)
        say("no", "Landlock", "switched off; add landlock to lsm= on the kernel's command line");
    else if (abi == -ENOSYS)
        say("no", "Landlock", "not in this kernel, or filtered; Linux 5.13 has it, if built with "
            "CONFIG_SECURITY_LANDLOCK");
    else
        say("no", "Landlock", "%s; a seccomp filter of a container, perhaps", strerror(-abi));
}

static void say_seccomp(void)
{
    char filters[32] = "some";
    read_status("Seccomp_filters", filters, sizeof filters);
    /* Without a filter there is no other answer, and in strict mode nobody could ask. */
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0))
        say("", "seccomp filters on this process", "%s, of a container perhaps; what these deny, no option gives back",
            filters);
    else
        say("", "seccomp filters on this process", "none");
    bool privileged = has_capability(CAP_SYS_ADMIN);
    say(privileged ? "yes" : "no", "seccomp filters without --no-new-privs", "%s",
        privileged ? "" : "this process has no CAP_SYS_ADMIN");
}

static void say_mount_api(void)
{
    static const struct {
        long number;
        const char *name, *since;
    } calls[] = { { SYS_OPEN_TREE, "open_tree", "5.2" }, { SYS_OPENAT2, "openat2", "5.6" },
        { SYS_MOUNT_SETATTR, "mount_setattr", "5.12" } };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int error = try_call(calls[i].number);
        if (error == ENOSYS || error == EPERM)
            say("no", calls[i].name, "not in this kernel, or filtered; Linux %s has it, and an older way is taken",
                calls[i].since);
        else
            say("yes", calls[i].name, "%s", "");
    }
}

static void say_privileges(void)
{
    long long value;
    say("", "this process", "user %u, group %u, effective capabilities %016llx", geteuid(), getegid(),
        effective_capabilities());
    bool locked = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    say(locked ? "no" : "yes", "privileges by set-user-id programs", "%s",
        locked ? "this process has no_new_privs, which cannot be taken back" : "");
    if (read_number("/proc/sys/vm/memfd_noexec", &value))
        say(value == 2 ? "no" : "yes", "executable memfds", "sysctl vm.memfd_noexec is %lld%s", value,
            value == 2 ? "; set it to 1" : "");
}

static void say_cgroup(void)
{
    char top[4096], own[8192], text[512];
    if (!has_proc()) {
        say("?", "cgroup v2", "%s", NO_PROC);
        return;
    }
    if (!find_cgroup2(top, sizeof top)) {
        say("no", "cgroup v2", "not mounted; boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 cgroup2 "
            "/sys/fs/cgroup");
        return;
    }
    say("yes", "cgroup v2", "mounted at %s", top);
    if (!own_cgroup(top, own, sizeof own)) {
        say("no", "cgroup of our own", "it cannot be seen from here; this process is in another cgroup namespace");
        return;
    }
    bool ours = is_writable(own, "cgroup.procs") && is_writable(own, "");
    say(ours ? "yes" : "no", "cgroup of our own", ours ? "%s" : "%s is not ours to write; start this under "
        "systemd-run --user --scope -p Delegate=yes, or let root chown it", own);
    if (!read_in(own, "cgroup.controllers", text, sizeof text) || !*text)
        say("no", "controllers in it", "none; the cgroups above it have to pass them on in cgroup.subtree_control");
    else
        say("yes", "controllers in it", "%s%s", text, strstr(text, "memory") ? ""
            : "; memory is not among them, perhaps with version 1 or above: its peak is then not told");
    if (read_in(own, "cgroup.subtree_control", text, sizeof text))
        say(*text ? "yes" : "no", "controllers for cgroups made in it", "%s", *text ? text : "none; move all processes "
            "out of it, then write what it has, each with a \"+\", to its cgroup.subtree_control");
}

void print_probe(void)
{
    printf("forkexec-run, with libforkexec %s\n\n", forkexec_version());
    say_features();
    say_user_namespaces();
    say_boxes();
    putchar('\n');
    say_privileges();
    say_security_modules();
    putchar('\n');
    say_landlock();
    say_seccomp();
    say_mount_api();
    putchar('\n');
    say_cgroup();
}
