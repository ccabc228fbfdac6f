/* The bootstrap into existing namespaces, and new ones besides them. */
#include "nsexec_driver.h"

static const struct kind {
    uint32_t type;
    const char *name;
} kinds[] = {
    { FORKEXEC_NS_CGROUP, "cgroup" }, { FORKEXEC_NS_IPC, "ipc" }, { FORKEXEC_NS_MOUNT, "mnt" }, { FORKEXEC_NS_NET, "net" },
    { FORKEXEC_NS_PID, "pid" }, { FORKEXEC_NS_TIME, "time" }, { FORKEXEC_NS_USER, "user" }, { FORKEXEC_NS_UTS, "uts" },
};
enum {
    KINDS = sizeof kinds / sizeof *kinds,
    MOST = CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP,
};

static void need_join(void)
{
    need_native();
    need_user_namespaces();
    need_probe(FORKEXEC_PROBE_IMAGE);
}

/* Namespaces that last as long as the test, with a descriptor of each, which stays open after the process. */
struct holder {
    struct forkexec_child *child;
    int fds[KINDS];
};

static struct holder *holder_of(uint32_t types)
{
    static struct holder holders[4];
    static int next;
    struct holder *holder = &holders[next++ % 4];
    struct forkexec_attr *attr = new_attr();
    struct forkexec_error error;
    OK(forkexec_attr_create_namespaces(attr, types));
    if (types & FORKEXEC_NS_USER) {
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
    }
    if (forkexec_hold(attr, &holder->child, &error))
        fail_msg("%s", error.message);
    for (size_t i = 0; i < KINDS; i++)
        holder->fds[i] = forkexec_child_namespace_fd(holder->child, kinds[i].type);
    return holder;
}

static void let_go(struct holder *holder)
{
    for (size_t i = 0; i < KINDS; i++)
        if (holder->fds[i] >= 0)
            close(holder->fds[i]);
    forkexec_close(holder->child);
}

/* "kind:path" of these kinds, in this order. */
static const char *paths(const struct holder *holder, const char *names)
{
    const char *list = "";
    for (const char *name = names; *name; name += strspn(name + strcspn(name, " "), " ") + strcspn(name, " "))
        for (size_t i = 0; i < KINDS; i++)
            if (!strncmp(name, kinds[i].name, strcspn(name, " ")) && strlen(kinds[i].name) == strcspn(name, " "))
                list = text("%s%s%s:/proc/%d/fd/%d", list, *list ? "," : "", kinds[i].name, getpid(), holder->fds[i]);
    return list;
}

static void assert_in(const struct boot *boot, const struct holder *holder, const char *names)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strstr(names, kinds[i].name))
            assert_string_equal(link_of(text("/proc/%d/ns/%s", boot->init, kinds[i].name)),
                link_of(text("/proc/self/fd/%d", holder->fds[i])));
}

/* The order in which they were joined. */
static const char *joined(const struct boot *boot)
{
    const char *order = "";
    for (const char *at = boot->said; (at = strstr(at, "]: joined "));)
        order = text("%s%s%.*s", order, *order ? " " : "", (int)strcspn(at + 10, " "), at + 10), at++;
    return order;
}

TEST(its_own_namespace_and_a_new_one)
{
    need_native();
    need_root();
    struct message *message = asks_for(CLONE_NEWNET, false);
    add_text(message, PATHS, text("pid:/proc/%d/ns/pid", getpid()));
    struct boot *boot = boot(message);
    const char *seen = comes_up(boot);
    assert_seen(seen, "dumpable", "0");
    assert_seen(seen, "tid", "known");
    assert_string_not_equal(link_of(text("/proc/%d/ns/net", boot->init)), link_of("/proc/self/ns/net"));
    goes_down(boot);
    assert_line(boot, "debug", "nsexec-1", stage_of(boot, "nsexec-1"),
        text("joined pid namespace (with path /proc/%d/ns/pid)", getpid()));
}

/* A process with the rights joins the user namespace last. One that gets the rights in the user namespace joins it first. */
TEST(a_container)
{
    need_join();
    const char *names = "user ipc uts net pid mnt cgroup";
    for (int archive = 0; archive < 2; archive++) {
        struct holder *holder = holder_of(MOST);
        struct message *message = asks_for(0, getuid() != 0);
        add_text(message, PATHS, paths(holder, names));
        /* An ordinary user may write it only while the process is dumpable. */
        add_text(message, OOM_SCORE_ADJ, "321");
        struct boot *boot = boot(message, .path = host(archive || getuid()));
        const char *seen = comes_up(boot);
        assert_seen(seen, "pid", "2");
        assert_seen(seen, "ppid", "0");
        assert_seen(seen, "uid", "0 0");
        assert_seen(seen, "dumpable", "0");
        assert_seen(seen, "tid", "known");
        assert_seen(seen, "fds", "0 1 2 50 51");
        assert_string_equal(status_of(boot->init, "PPid"), text("%d", getpid()));
        assert_string_equal(text_of(text("/proc/%d/oom_score_adj", boot->init)), "321");
        if (!getuid())
            assert_in(boot, holder, names);
        goes_down(boot);
        assert_string_equal(joined(boot), getuid() ? "user ipc uts net pid mnt cgroup" : "ipc uts net pid mnt cgroup user");
        assert_non_null(strstr(boot->said, "joined net namespace (with path /proc/"));
        let_go(holder);
    }
}

TEST(of_two_owners)
{
    need_join();
    need_root();
    struct holder *one = holder_of(CLONE_NEWUSER | CLONE_NEWIPC), *other = holder_of(CLONE_NEWNET);
    struct message *message = asks_for(CLONE_NEWPID, false);
    add_text(message, PATHS, text("%s,%s", paths(one, "user ipc"), paths(other, "net")));
    struct boot *boot = boot(message);
    assert_seen(comes_up(boot), "pid", "1");
    assert_in(boot, one, "user ipc");
    assert_in(boot, other, "net");
    goes_down(boot);
    assert_string_equal(joined(boot), "ipc net user");
    let_go(one);
    let_go(other);
}

TEST(with_a_new_user_namespace)
{
    need_join();
    need_root();
    struct holder *holder = holder_of(CLONE_NEWNET);
    struct message *message = asks_for(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, false);
    add_text(message, PATHS, paths(holder, "net"));
    add_text(message, UID_MAP, "0 100000 65536\n");
    add_text(message, GID_MAP, "0 100000 65536\n");
    add_number(message, SETGROUP, 1);
    struct boot *boot = boot(message);
    const char *seen = comes_up(boot);
    assert_seen(seen, "pid", "1");
    assert_seen(seen, "uid", "0 0");
    assert_seen(seen, "dumpable", "0");
    assert_in(boot, holder, "net");
    assert_string_not_equal(link_of(text("/proc/%d/ns/user", boot->init)), link_of("/proc/self/ns/user"));
    goes_down(boot);
    let_go(holder);
}

TEST(a_time_namespace)
{
    need_join();
    need_root();
    struct holder *holder = holder_of(CLONE_NEWTIME);
    struct message *message = asks_for(0, false);
    add_text(message, PATHS, paths(holder, "time"));
    struct boot *boot = boot(message);
    comes_up(boot);
    assert_in(boot, holder, "time");
    goes_down(boot);
    let_go(holder);
}

/* An EPERM before the user namespace is entered is not final: the join is tried again in it. After that EPERM is a
 * failure. */
TEST(namespaces_that_may_not_be_joined)
{
    need_join();
    need(getuid(), "needs to be an ordinary user");
    struct holder *holder = holder_of(MOST);
    struct message *message = asks_for(0, true);
    add_text(message, PATHS, text("net:/proc/self/ns/net,%s,uts:/proc/self/ns/uts", paths(holder, "user ipc")));
    struct boot *boot = boot(message);
    fails(boot);
    assert_int_equal(lines(boot, "fatal"), 2);
    assert_line(boot, "fatal", "nsexec-1", stage_of(boot, "nsexec-1"),
        "failed to join namespaces: net (with path /proc/self/ns/net) uts (with path /proc/self/ns/uts): "
        "Operation not permitted");
    assert_line(boot, "debug", "nsexec-1", stage_of(boot, "nsexec-1"),
        "not yet allowed to join net namespace (with path /proc/self/ns/net)");
    let_go(holder);
}
