/* Maps that the caller may not write: helper programs write them, with the ids that the system grants to a user. */
#include "in_fork.h"
#include "deny_calls.h"

#include <sched.h>
#include <sys/mount.h>

#define NEWUIDMAP "/usr/bin/newuidmap"
#define NEWGIDMAP "/usr/bin/newgidmap"

/* A helper script of the test. It writes what it was given to a file. */
static const char *helper(const char *name, const char *does)
{
    const char *path = scratch_path(name);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    fprintf(out, "#!/bin/sh\n%s\n", does);
    assert_false(fclose(out));
    assert_false(chmod(path, 0755));
    return path;
}

static struct forkexec_attr *attr_with(uint32_t mode)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    return attr;
}

static void assert_fails(const struct forkexec_attr *attr, const char *path, int code, const char *sentence)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    int result = try_start(attr, path, (char *[]){ "w", "exit", "0", NULL }, NULL, &child, &error);
    assert_string_equal(error.message, sentence);
    assert_int_equal(result, -code);
    assert_int_equal(error.stage, FORKEXEC_STAGE_ID_MAP);
    assert_int_equal(error.index, -1);
    assert_null(child);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

struct helpers {
    const char *fails, *dies, *lies, *tells, *told, *missing, *path;
};

static void check_failures(const void *with)
{
    const struct helpers *helpers = with;
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode);
        OK(forkexec_attr_map_uid(attr, 0, NOBODY, 1));
        OK(forkexec_attr_map_uid(attr, 1, 100000, 65536));
        OK(forkexec_attr_map_gid(attr, 0, NOBODY, 1));
        assert_fails(attr, helpers->path, EPERM, "id map (uid_map): Operation not permitted: "
            "without privilege one's own id can be mapped, once, and with setgroups denied; uid 0 only with CAP_SETFCAP");
        OK(forkexec_attr_set_map_helpers(attr, helpers->fails, NULL));
        assert_fails(attr, helpers->path, EPERM,
            text("id map (%s): Operation not permitted: it exited with 3", helpers->fails));
        OK(forkexec_attr_set_map_helpers(attr, helpers->dies, NULL));
        assert_fails(attr, helpers->path, EPERM,
            text("id map (%s): Operation not permitted: signal 9 killed it", helpers->dies));
        OK(forkexec_attr_set_map_helpers(attr, helpers->lies, NULL));
        assert_fails(attr, helpers->path, EPERM,
            text("id map (%s): Operation not permitted: it has not written the map", helpers->lies));
        OK(forkexec_attr_set_map_helpers(attr, helpers->missing, NULL));
        assert_fails(attr, helpers->path, ENOENT, text("id map (%s): No such file or directory", helpers->missing));
        OK(forkexec_attr_set_map_helpers(attr, NULL, helpers->lies));
        assert_fails(attr, helpers->path, EPERM, "id map (uid_map): Operation not permitted: "
            "without privilege one's own id can be mapped, once, and with setgroups denied; uid 0 only with CAP_SETFCAP");
        /* If the kernel reaps the helper, its exit status is not known. */
        signal(SIGCHLD, SIG_IGN);
        OK(forkexec_attr_set_map_helpers(attr, helpers->fails, NULL));
        assert_fails(attr, helpers->path, EPERM,
            text("id map (%s): Operation not permitted: it has not written the map", helpers->fails));
        signal(SIGCHLD, SIG_DFL);
    }
}

TEST_BOTH(helpers_that_do_not_help)
{
    need_user_namespaces();
    struct helpers helpers = { .fails = helper("fails", "exit 3"), .dies = helper("dies", "kill -9 $$"),
        .lies = helper("lies", "exit 0"), .missing = scratch_path("missing"), .path = public_reporter() };
    in_fork(check_failures, &helpers);
}

static void check_told(const void *with)
{
    const struct helpers *helpers = with;
    become_nobody();
    static const int counts[] = { 2, 7, 340 };
    for (int c = 0; c < 3; c++) {
        struct forkexec_attr *attr = attr_with(0);
        const char *all = "";
        for (int i = 0; i < counts[c]; i++) {
            OK(forkexec_attr_map_uid(attr, (uint32_t)(2 * i), (uint32_t)(1000 + i), 1));
            all = text("%s%d %d 1 ", all, 2 * i, 1000 + i);
        }
        OK(forkexec_attr_set_map_helpers(attr, helpers->tells, NULL));
        sigset_t most, before;
        sigfillset(&most);
        sigprocmask(SIG_SETMASK, &most, &before);
        signal(SIGUSR1, SIG_IGN);
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        assert_int_equal(forkexec_spawn(attr, helpers->path, (char *[]){ "w", NULL }, NULL, &child, &error), -EPERM);
        signal(SIGUSR1, SIG_DFL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        assert_string_equal(text_of(helpers->told), text("%d %senvironment 0\nfds 0 1 2 \n"
            "0 /dev/null\n1 /dev/null\n2 /dev/null\nSigBlk 0000000000000000\nSigIgn 0000000000000000", error.pid, all));
        assert_false(unlink(helpers->told));
    }
}

TEST(the_arguments_and_environment_of_a_helper)
{
    need_user_namespaces();
    need_native();
    char *told = (char *)scratch_path("open/told");
    assert_false(mkdir(scratch_path("open"), 0777));
    assert_false(chmod(scratch_path("open"), 0777));
    struct helpers helpers = { .told = told, .path = public_reporter() };
    /* The shell has its script open as 10 or 255. Another process than the shell looks, and reads the files of $$. */
    helpers.tells = helper("tells", text("( printf '%%s ' \"$@\"; echo environment $(wc -c </proc/$$/environ); "
        "echo fds $(cd /proc/$$/fd; for fd in 0 1 2 3 4 5 6 7 8 9; do [ -e $fd ] && echo $fd; done)' '; for fd in 0 1 2; do echo $fd "
        "$(readlink /proc/$$/fd/$fd); done; sed -n 's/^\\(SigBlk\\|SigIgn\\):./\\1 /p' /proc/$$/status ) >%s.new\n"
        "mv %s.new %s\nexit 9", told, told, told));
    in_fork(check_told, &helpers);
    assert_false(rmdir(scratch_path("open")));
}

static void check_closed(const void *with)
{
    const struct helpers *helpers = with;
    static const struct denial no_maps[] = { { SYS_openat, EPERM, { { IS, 2, O_WRONLY | O_CLOEXEC } } } };
    deny(no_maps, 1);
    for EACH_MEMORY(mode)
        for (int owned = 0; owned < 2; owned++) {
            struct forkexec_attr *attr = attr_with(mode);
            if (owned)
                OK(forkexec_attr_set_user_namespace_owner(attr, 1000));
            OK(forkexec_attr_map_uid(attr, 0, 1000, 1));
            OK(forkexec_attr_set_map_helpers(attr, helpers->tells, NULL));
            struct forkexec_child *child = NULL;
            struct forkexec_error error;
            char *argv[] = { "w", NULL };
            assert_int_equal(forkexec_spawn(attr, helpers->path, argv, NULL, &child, &error), -EPERM);
            /* The uid of the child, and the uid that owns its files in /proc. */
            assert_string_equal(text_of(helpers->told), owned ? "1000 0" : "0 0");
            assert_false(unlink(helpers->told));
        }
}

/* The helper inspects a child that waits. Another user that owns the namespace has no access to it meanwhile. */
TEST(a_child_that_waits_for_its_maps_cannot_be_inspected)
{
    need_root();
    need_native();
    need_user_namespaces();
    struct helpers helpers = { .told = scratch_path("told"), .path = public_reporter() };
    helpers.tells = helper("looks", text("echo $(stat -c %%u /proc/$1 /proc/$1/mem) >%s", helpers.told));
    in_copy(check_closed, &helpers);
}

/* In a mount namespace of the test, other files are mounted over the system's. */
static void grant(const char *uids, const char *gids)
{
    assert_false(unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    const char *const files[][3] = { { "subuid", uids, "/etc/subuid" }, { "subgid", gids, "/etc/subgid" } };
    for (int i = 0; i < 2; i++) {
        FILE *out = fopen(scratch_path(files[i][0]), "we");
        assert_non_null(out);
        fputs(files[i][1], out);
        assert_false(fclose(out));
        assert_false(chmod(scratch_path(files[i][0]), 0644));
        assert_false(mount(scratch_path(files[i][0]), files[i][2], NULL, MS_BIND, NULL));
    }
}

static void need_to_grant(void)
{
    need_root();
    need_cap(CAP_SYS_ADMIN);
    need_user_namespaces();
    need_native();
    need(exists("/etc/subuid") && exists("/etc/subgid"), "no /etc/subuid and /etc/subgid");
}

static void need_helpers(void)
{
    need_to_grant();
    need(!access(NEWUIDMAP, X_OK) && !access(NEWGIDMAP, X_OK), "no newuidmap and newgidmap: tools/setup installs them");
}

static const char *map_of(struct forkexec_child *child, const char *name)
{
    const char *rest = text_of(text("/proc/%d/%s", forkexec_child_pid(child), name)), *all = "";
    unsigned inside, outside, count;
    for (int n; sscanf(rest, "%u %u %u%n", &inside, &outside, &count, &n) == 3; rest += n)
        all = text("%s%u %u %u\n", all, inside, outside, count);
    return all;
}

static void assert_maps(const struct forkexec_attr *attr, const char *path, const char *uids, const char *gids,
    const char *setgroups)
{
    struct forkexec_child *child = start(attr, path, (char *[]){ "w", "sleep", NULL }, NULL);
    assert_string_equal(map_of(child, "uid_map"), uids);
    assert_string_equal(map_of(child, "gid_map"), gids);
    assert_string_equal(text_of(text("/proc/%d/setgroups", forkexec_child_pid(child))), setgroups);
    OK(forkexec_signal(child, SIGKILL));
    finish(child);
    forkexec_close(child);
}

#define UIDS "other:1:1\nnobody:200000:65536\nbroken\nnobody:x:1\n65534:400000:10\nnobody:200000:5\n"
#define GIDS "nobody:300000:65535\n"
#define UID_MAP "0 65534 1\n1 200000 65536\n65537 400000 10\n"
#define GID_MAP "0 65534 1\n1 300000 65535\n"

static void check_subordinate(const void *path)
{
    grant(UIDS, GIDS);
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode);
        OK(forkexec_attr_map_subordinate_ids(attr));
        assert_fails(attr, path, EPERM, "id map (uid_map): Operation not permitted: "
            "without privilege one's own id can be mapped, once, and with setgroups denied; uid 0 only with CAP_SETFCAP");
        OK(forkexec_attr_set_map_helpers(attr, NEWUIDMAP, NEWGIDMAP));
        assert_maps(attr, path, UID_MAP, GID_MAP, "deny");
        struct view *view = run_reporter(attr, .path = path);
        assert_saw(view, "uid", "0 0 0 0");
        assert_saw(view, "gid", "0 0 0 0");
        /* The other ids are normal ones. */
        OK(forkexec_attr_allow_setgroups(attr));
        OK(forkexec_attr_set_uid(attr, 1000));
        OK(forkexec_attr_set_gid(attr, 65535));
        OK(forkexec_attr_set_groups(attr, (uint32_t[]){ 7 }, 1));
        view = run_reporter(attr, .path = path);
        assert_saw(view, "uid", "1000 1000 1000 1000");
        assert_saw(view, "gid", "65535 65535 65535 65535");
        assert_saw(view, "groups", "7");
        assert_maps(attr, path, UID_MAP, GID_MAP, "allow");
        signal(SIGCHLD, SIG_IGN);
        struct forkexec_child *child = start(attr, path, (char *[]){ "w", "sleep", NULL }, NULL);
        assert_string_equal(map_of(child, "uid_map"), UID_MAP);
        forkexec_signal(child, SIGKILL);
        forkexec_wait(child, FORKEXEC_FOREVER, 0, NULL, 0);
        forkexec_close(child);
        signal(SIGCHLD, SIG_DFL);
        OK(forkexec_attr_set_uid(attr, 65547));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
    }
}

TEST_BOTH(subordinate_ids_by_helpers)
{
    need_helpers();
    in_fork(check_subordinate, public_reporter());
}

static void check_own_groups(const void *path)
{
    grant(UIDS, GIDS);
    become_nobody();
    struct forkexec_attr *attr = attr_with(0);
    OK(forkexec_attr_map_uid(attr, 0, NOBODY, 1));
    OK(forkexec_attr_map_gid(attr, 0, NOBODY, 1));
    OK(forkexec_attr_allow_setgroups(attr));
    OK(forkexec_attr_set_map_helpers(attr, NEWUIDMAP, NEWGIDMAP));
    assert_fails(attr, path, EPERM, "id map (" NEWGIDMAP "): Operation not permitted: "
        "it has denied setgroups, which allow_setgroups is to leave");
    OK(forkexec_attr_map_uid(attr, 1, 5, 1));
    assert_fails(attr, path, EPERM, "id map (" NEWUIDMAP "): Operation not permitted: it exited with 1");
}

TEST_BOTH(helpers_without_the_right)
{
    need_helpers();
    in_fork(check_own_groups, public_reporter());
}

static void check_privileged(const void *path)
{
    grant("0:100000:10\nroot:200000:5\n", "root:300000:10\nroot:0:20\n");
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_with(mode);
        OK(forkexec_attr_map_subordinate_ids(attr));
        OK(forkexec_attr_allow_setgroups(attr));
        assert_maps(attr, path, "0 0 1\n1 100000 10\n11 200000 5\n", "0 0 1\n1 300000 10\n11 1 19\n", "allow");
        /* A caller that may map the ids itself runs no helper. */
        OK(forkexec_attr_set_map_helpers(attr, "/nonexistent", "/nonexistent"));
        assert_maps(attr, path, "0 0 1\n1 100000 10\n11 200000 5\n", "0 0 1\n1 300000 10\n11 1 19\n", "allow");
    }
}

TEST_BOTH(subordinate_ids_for_a_privileged_caller)
{
    need_to_grant();
    in_fork(check_privileged, public_reporter());
}

static void check_none(const void *path)
{
    grant("root:1:1\n", "");
    struct forkexec_attr *attr = attr_with(0);
    OK(forkexec_attr_map_subordinate_ids(attr));
    assert_spawn_fails(attr, path, FORKEXEC_STAGE_RESOLVE, ENOENT, -1);
    become_nobody();
    assert_spawn_fails(attr, path, FORKEXEC_STAGE_RESOLVE, ENOENT, -1);
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    assert_int_equal(try_start(attr, path, (char *[]){ "w", NULL }, NULL, &child, &error), -ENOENT);
    assert_non_null(strstr(error.message, "map_subordinate_ids"));
    assert_non_null(strstr(error.message, "/etc/subuid"));
}

TEST_BOTH(without_subordinate_ids)
{
    need_to_grant();
    in_fork(check_none, public_reporter());
}
