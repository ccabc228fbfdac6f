/* newuidmap and newgidmap: when they are run, with what, and what their exit status leads to. */
#include "nsexec_driver.h"

#include <pwd.h>
#include <sys/mount.h>

/* The user of the host: for root's own maps no helper is run. */
static uid_t user(void)
{
    return getuid() ? getuid() : NOBODY;
}

static struct boot *boot_as_user(const struct message *message)
{
    return boot(message, .path = public_host(), .uid = getuid() ? 0 : NOBODY);
}

/* A directory that the user may write to, with a script in it. */
static const char *script(const char *name, const char *body)
{
    const char *path = scratch_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    dprintf(fd, "#!/bin/sh\n%s\n", body);
    fchmod(fd, 0755);
    close(fd);
    chmod(scratch(), 0777);
    return path;
}

static struct message *asks_for_maps(const char *uids, const char *gids, const char *helper)
{
    struct message *message = asks_for(CLONE_NEWUSER | CLONE_NEWPID, true);
    add_text(message, UID_MAP, uids);
    add_text(message, GID_MAP, gids);
    add_number(message, SETGROUP, 1);
    if (helper) {
        add_text(message, UID_HELPER, helper);
        add_text(message, GID_HELPER, helper);
    }
    return message;
}

static const char *two_lines(void)
{
    return text("0 %u 1\n1 100000 65536\n", user());
}

static void write_map(int pid, const char *name, const char *map)
{
    int fd = open(text("/proc/%d/%s", pid, name), O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, map, strlen(map)), strlen(map));
    close(fd);
}

static const char *appears(const char *path)
{
    for (double end = seconds() + 10; seconds() < end; usleep(1000))
        if (*text_of(path) != '?')
            return text_of(path);
    fail_msg("%s does not come", path);
    return NULL;
}

/* This process writes the map instead of the helper, since it may. */
TEST(a_helper_is_run)
{
    need_native();
    need_root();
    need_user_namespaces();
    const char *helper = script("helper", text("umask 0; cd %s\n"
        "kind=uid; [ -e uid.done ] && kind=gid\n"
        "{ echo \"$@\"; tr '\\0' ' ' </proc/$$/environ; echo .; } >$kind.new\n"
        "for fd in 3 4 5 6 7 8 9 50 51; do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done >>$kind.new\n"
        "mv $kind.new $kind; while [ ! -e $kind.done ]; do sleep 0.01; done", scratch()));
    struct boot *boot = boot_as_user(asks_for_maps(two_lines(), two_lines(), helper));
    const char *const kinds[] = { "uid", "gid" };
    for (int i = 0; i < 2; i++) {
        const char *said = appears(scratch_path(kinds[i]));
        int pid = atoi(said);
        assert_string_equal(said, text("%d 0 %u 1 1 100000 65536\n.", pid, NOBODY));
        /* The processes wait for the helper. They have the names that runc's have, and are siblings. */
        assert_string_equal(text_of(text("/proc/%d/comm", boot->pid)), "runc:[0:PARENT]");
        assert_string_equal(text_of(text("/proc/%d/comm", pid)), "runc:[1:CHILD]");
        assert_string_equal(status_of(pid, "PPid"), text("%d", getpid()));
        write_map(pid, text("%s_map", kinds[i]), two_lines());
        close(open(scratch_path(text("%s.done", kinds[i])), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    }
    const char *seen = comes_up(boot);
    assert_seen(seen, "uid", "0 0");
    assert_seen(seen, "gid", "0 0");
    assert_seen(seen, "fds", "0 1 2 50 51");
    goes_down(boot);
}

/* The longest map that the kernel accepts. */
TEST(many_lines)
{
    need_native();
    need_user_namespaces();
    char *map = (char *)(uintptr_t)text("%4096s", "");
    int length = 0;
    for (int i = 0; i < 340; i++)
        length += sprintf(map + length, "%d %d 1\n", i * 2, 10000 + i * 2);
    const char *helper = script("helper", text("echo $# >%s/seen; shift 1018; echo \"$@\" >>%s/seen; exit 3", scratch(),
        scratch()));
    struct boot *boot = boot_as_user(asks_for_maps(map, map, helper));
    fails(boot);
    assert_line(boot, "fatal", "nsexec-0", boot->pid, text("%s failed with exit status 3", helper));
    assert_string_equal(text_of(scratch_path("seen")), "1021\n678 10678 1");
}

TEST(a_helper_that_fails)
{
    need_native();
    need_user_namespaces();
    const char *helper = script("helper", "kill -9 $$");
    struct boot *boot = boot_as_user(asks_for_maps(two_lines(), two_lines(), helper));
    fails(boot);
    assert_line(boot, "fatal", "nsexec-0", boot->pid, text("%s was killed by signal 9", helper));
    boot = boot_as_user(asks_for_maps(two_lines(), two_lines(), "/nonexistent"));
    fails(boot);
    assert_line(boot, "fatal", "nsexec-0", boot->pid, "/nonexistent failed with exit status 1");
    assert_line(boot, "debug", "nsexec-0", boot->pid,
        text("update /proc/%d/uid_map: Operation not permitted, trying /nonexistent", stage_of(boot, "nsexec-1")));
    assert_non_null(strstr(boot->said, "failed to run /nonexistent: No such file or directory"));
    /* A helper that exits with 0 without writing the map is detected. */
    boot = boot_as_user(asks_for_maps(two_lines(), two_lines(), "/bin/true"));
    fails(boot);
    assert_line(boot, "fatal", "nsexec-1", stage_of(boot, "nsexec-1"),
        "failed to become root in the user namespace: Invalid argument");
}

TEST(a_missing_helper)
{
    need_native();
    need_user_namespaces();
    const char *none[] = { NULL, "" };
    for (int i = 0; i < 2; i++) {
        struct boot *boot = boot_as_user(asks_for_maps(two_lines(), two_lines(), none[i]));
        fails(boot);
        assert_line(boot, "fatal", "nsexec-0", boot->pid, "mapping tool not present");
        assert_line(boot, "warning", "nsexec-0", boot->pid, "failed to update uid_map: Operation not permitted");
    }
}

/* A map that the user may write itself needs no helper. */
TEST(no_helper_is_needed)
{
    need_native();
    need_user_namespaces();
    struct message *message = asks_for(CLONE_NEWUSER | CLONE_NEWPID, true);
    const char *map = text("0 %u 1\n", user());
    add_text(message, UID_MAP, map);
    add_text(message, GID_MAP, map);
    add_text(message, UID_HELPER, "/bin/false");
    add_text(message, GID_HELPER, "/bin/false");
    struct boot *boot = boot_as_user(message);
    assert_seen(comes_up(boot), "uid", "0 0");
    goes_down(boot);
}

/* Whichever of the three processes is killed, the others end, too. */
TEST(one_process_is_killed)
{
    need_native();
    need_user_namespaces();
    const char *helper = script("helper", text("echo $$ $1 >%s/new; mv %s/new %s/started; exec sleep 100", scratch(),
        scratch(), scratch()));
    for (int which = 0; which < 3; which++) {
        struct boot *boot = boot_as_user(asks_for_maps(two_lines(), two_lines(), helper));
        int pids[3] = { boot->pid, 0, 0 };
        assert_int_equal(sscanf(appears(scratch_path("started")), "%d %d", &pids[1], &pids[2]), 2);
        unlink(scratch_path("started"));
        kill(pids[which], SIGKILL);
        if (which != 1)
            kill(pids[1], SIGKILL);
        if (which)
            fails(boot);
        else {
            assert_true(read_until(boot->log, boot->said, sizeof boot->said, ""));
            reap(boot);
            assert_int_equal(boot->status, SIGKILL);
            assert_line(boot, "fatal", "nsexec-1", pids[2], "failed to read from stage-0 (got 0 of 4 bytes)");
            close_boot(boot);
        }
    }
}

/* The real newuidmap and newgidmap, with ranges for this test alone. */
static void with_uidmap(const void *unused)
{
    (void)unused;
    DOING("lend the user ranges");
    const char *ranges = scratch_path("ranges");
    int fd = open(ranges, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    dprintf(fd, "%s:100000:65536\n", getpwuid(NOBODY)->pw_name);
    close(fd);
    assert_false(unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    assert_false(mount(ranges, "/etc/subuid", NULL, MS_BIND, NULL) || mount(ranges, "/etc/subgid", NULL, MS_BIND, NULL));
    struct message *message = asks_for_maps(two_lines(), two_lines(), NULL);
    add_text(message, UID_HELPER, "/usr/bin/newuidmap");
    add_text(message, GID_HELPER, "/usr/bin/newgidmap");
    DOING("map by newuidmap and newgidmap");
    struct boot *boot = boot_as_user(message);
    assert_seen(comes_up(boot), "uid", "0 0");
    assert_non_null(strstr(text_of(text("/proc/%d/uid_map", boot->init)), "100000"));
    assert_non_null(strstr(text_of(text("/proc/%d/gid_map", boot->init)), "100000"));
    goes_down(boot);
}

TEST(the_real_newuidmap)
{
    need_native();
    need_root();
    need_user_namespaces();
    need(!access("/usr/bin/newuidmap", X_OK) && !access("/usr/bin/newgidmap", X_OK), "no newuidmap");
    need(!access("/etc/subuid", F_OK) && !access("/etc/subgid", F_OK), "no /etc/subuid and /etc/subgid");
    need(getpwuid(NOBODY), "user %d has no name", NOBODY);
    public_host();
    in_fork(with_uidmap, NULL);
}
