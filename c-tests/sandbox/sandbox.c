/* A whole sandbox, seen from inside: it has what was requested and nothing else. */
#include "full_sandbox.h"

EACH_TEST_NEEDS(need_native) /* it has a filter, which valgrind does not support */

/* The caller's secret, and the paths that might lead to it from inside. */
static const char *secret(void)
{
    if (!exists(scratch_path("secret")))
        new_file("secret");
    return scratch_path("secret");
}

static bool is_there(const struct view *view, const char *path)
{
    const char *kind = saw(view, text("kind.%s", path));
    return !kind || (strcmp(kind, strerror(ENOENT)) && strcmp(kind, strerror(EACCES)) && strcmp(kind, strerror(EPERM)));
}

TEST_BOTH(it_is_what_was_requested)
{
    need_mounts();
    for EACH_SANDBOX(mode, user) {
        struct view *view = look(full_sandbox(mode, user), "see"), *self = view_of_self();
        const char *id = user ? "0 0 0 0" : "65534 65534 65534 65534";
        assert_saw(view, "uid", id);
        assert_saw(view, "gid", id);
        static const char *const sets[] = { "permitted", "effective", "inheritable", "bounding", "ambient" };
        for (int i = 0; i < 5; i++)
            assert_saw(view, text("cap.%s", sets[i]), "0000000000000000");
        assert_saw(view, "no_new_privs", "1");
        assert_saw(view, "seccomp", "2");
        assert_saw(view, "pid", "2");
        assert_saw(view, "ppid", "1");
        assert_saw(view, "sid", "1");
        assert_saw(view, "tty", "none");
        assert_saw(view, "hostname", "judge");
        assert_saw(view, "domainname", "example");
        assert_saw(view, "net.lo", "up");
        assert_saw(view, "cwd", "/desk");
        assert_saw(view, "root", "/");
        assert_saw(view, "propagation", "private");
        assert_saw(view, "rlimit.NOFILE", "64 64");
        assert_saw(view, "rlimit.CORE", "0 0");
        assert_saw(view, "umask", "022");
        assert_saw(view, "fds", "0 1 2");
        assert_same(view, self, "mask");
        static const char *const kinds[] = { "cgroup", "ipc", "mnt", "net", "pid", "uts", "user" };
        for (int i = 0; i < 6 + user; i++)
            assert_string_not_equal(saw(view, text("ns.%s", kinds[i])), saw(self, text("ns.%s", kinds[i])));
        assert_same(view, self, "ns.time");
    }
}

/* mountinfo from inside: these mounts, with these options, and no other. */
TEST_BOTH(its_mounts_are_those_that_were_requested)
{
    static const struct { const char *point, *with; } mounts[] = {
        { "/", "ro nosuid nodev" }, { "/reporter", "ro nosuid nodev" },
        { "/usr", "ro nosuid nodev" }, { "/tmp", "rw nosuid nodev noexec" }, { "/closed", "rw nosuid nodev" },
        { "/desk", "rw nosuid nodev" }, { "/proc", "rw nosuid nodev noexec" }, { "/proc/sys", "ro nosuid nodev noexec" },
        { "/proc/fs", "ro" }, { "/proc/cmdline", "" }, { "/dev", "rw nosuid" }, { "/dev/pts", "rw nosuid noexec" },
        { "/dev/shm", "rw nosuid nodev" }, { "/dev/null", "" }, { "/dev/zero", "" }, { "/dev/full", "" },
        { "/dev/random", "" }, { "/dev/urandom", "" }, { "/dev/tty", "" } };
    static char script[] = "while read -r id parent device root point options rest; do echo \"mount.$point $options\"; "
        "case $point in /bin*|/lib*|/usr*) ;; *) echo $point;; esac; done </proc/self/mountinfo | "
        "while read -r key value; do case $key in mount.*) echo \"$key $value\";; *) echo x >>/tmp/count;; esac; done; "
        "echo \"count $(cat /tmp/count | wc -l)\"; "
        "echo \"names $(echo /* | tr / ' ' | tr -s ' ')\"";
    need_mounts();
    for EACH_SANDBOX(mode, user) {
        struct view *view = shell_says(full_sandbox(mode, user), script);
        for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
            const char *options = saw(view, text("mount.%s", mounts[i].point));
            if (!options)
                fail_msg("%s is not mounted", mounts[i].point);
            for (const char *word = mounts[i].with, *end; *word; word = end + strspn(end, " ")) {
                end = word + strcspn(word, " ");
                if (!strstr(text(",%s,", options), text(",%.*s,", (int)(end - word), word)))
                    fail_msg("%s is mounted %s, not %s", mounts[i].point, options, mounts[i].with);
            }
        }
        assert_saw(view, "count", text("%zu", sizeof mounts / sizeof *mounts - 1)); /* /usr is not counted */
        const char *names = " bin closed desk dev etc lib lib64 proc reporter tmp usr";
        if (exists("/lib64"))
            assert_saw(view, "names", names);
    }
}

/* Absolute paths, "..", other processes and all open descriptors: none leads to the secret. */
TEST_BOTH(nothing_of_the_old_root_can_be_reached)
{
    static const char *const ways[] = { "", "../../../../..", "/..", "/proc/self/root", "/proc/1/root", "/proc/2/root",
        "/proc/self/root/..", "/proc/self/cwd/../..", "/proc/1/cwd/../..", "/proc/1/cwd", "/proc/self/cwd", "/proc/self/fd/0/..",
        "/dev/fd/0/..", "/dev/fd/1", "/proc/1/map_files/..", "/dev/pts/../..", "/proc/thread-self/root", "/usr/..", "/oldroot",
        "/proc/1/task/1/root", "/proc/1/fd/0", "/proc/1/fd/3", "/proc/1/fd/4" };
    enum { N = sizeof ways / sizeof *ways };
    need_mounts();
    const char *aim = secret();
    char *argv[2 * N + 2] = { "w" };
    for (int i = 0; i < N; i++) {
        argv[2 * i + 1] = "look";
        argv[2 * i + 2] = (char *)text("%s%s", ways[i], aim);
    }
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox(mode, user);
        int marker = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), 
            open_one = open(scratch(), O_RDONLY | O_DIRECTORY);
        struct view *view = run_reporter(attr, .path = "/reporter", .argv = argv);
        close(marker);
        close(open_one);
        for (int i = 0; i < N; i++) {
            const char *path = argv[2 * i + 2];
            const char *kind = saw(view, text("kind.%s", path));
            assert_non_null(kind);
            if (is_there(view, path) && strcmp(kind, strerror(ENOTDIR)))
                fail_msg("%s is %s", path, kind);
        }
    }
}

/* A check of the reporter: without the sandbox the same paths lead to the secret. */
TEST(the_secret_can_be_seen_from_outside)
{
    const char *aim = secret();
    struct view *view = run_reporter(new_attr(), .argv = (char *[]){ reporter, "look", (char *)aim, "look",
        (char *)text("/proc/self/root%s", aim), NULL });
    assert_true(is_there(view, aim));
    assert_true(is_there(view, text("/proc/self/root%s", aim)));
}

TEST_BOTH(nothing_can_be_written_except_where_granted)
{
    need_mounts();
    static const struct { char *path; int code[2]; /* without Landlock, and with it */ } places[] = {
        { "/made", { EROFS, EROFS } },
        { "/etc/made", { EROFS, EROFS } }, { "/etc/passwd", { EROFS, EROFS } }, { "/etc/link", { EROFS, EROFS } },
        { "/usr/made", { EROFS, EROFS } }, { "/bin/made", { EROFS, EROFS } }, { "/proc/made", { ENOENT, EACCES } },
        { "/closed/made", { 0, EACCES } }, { "/tmp/made", { 0, 0 } }, { "/desk/made", { 0, 0 } }, { "made", { 0, 0 } },
        { "/dev/shm/made", { 0, 0 } }, { "/proc/sys/kernel/hostname", { EROFS, EACCES } },
        { "/dev/null", { 0, 0 } } };
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox(mode, user);
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            int code = exits(attr, "touch", places[i].path), wanted = places[i].code[has_landlock()];
            /* Two mechanisms forbid it. The kernel decides which of them answers. */
            bool denied = code == EROFS || code == EACCES || code == EPERM || code == ENOENT;
            if (code != wanted && !(wanted && denied))
                fail_msg("touch %s: %s", places[i].path, strerror(code));
        }
    }
}

TEST_BOTH(files_made_in_it_are_gone_with_it)
{
    need_mounts();
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox(mode, user);
        assert_int_equal(exits(attr, "touch", "/desk/made"), 0);
        assert_saw(look(attr, "look", "/desk/made"), "kind./desk/made", "No such file or directory");
        assert_false(exists("/desk/made"));
    }
}

TEST_BOTH(its_filter_answers_calls)
{
    static const int calls[] = { SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_ptrace, SYS_swapoff };
    need_mounts();
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox(mode, user);
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            assert_int_equal(exits(attr, "call", (char *)text("%d", calls[i])), FILTERED);
        assert_int_equal(exits(attr, "call", (char *)text("%d", SYS_ioctl), "0", "0x5412"), EPERM);
        /* A call that the filter allows fails for lack of a capability. */
        assert_int_equal(exits(attr, "call", (char *)text("%d", SYS_chroot), "0"), EFAULT);
        assert_int_equal(exits(attr, "call", (char *)text("%d", SYS_setgroups), "0"), EPERM);
        assert_int_equal(exits(attr, "call", (char *)text("%d", SYS_getpid)), 0);
    }
}

/* The caller's processes are not visible, and its init cannot be killed. */
TEST_BOTH(no_other_process_is_visible)
{
    static char script[] = "set -- /proc/[0-9]*; echo \"processes $*\"; kill -9 1 2>/dev/null;"
        "kill -9 -1 2>/dev/null; "
        "echo \"all $?\"; cd /proc/1 && echo \"comm $(cat comm)\"; ls /proc/1/fd >/tmp/fds 2>/dev/null; "
        "echo \"fds $(cat /tmp/fds | wc -l)\"";
    need_mounts();
    for EACH_SANDBOX(mode, user) {
        struct view *view = shell_says(full_sandbox(mode, user), script);
        assert_saw(view, "processes", "/proc/1 /proc/2");
        assert_saw(view, "fds", "0");
        assert_non_null(saw(view, "comm"));
        struct forkexec_attr *attr = full_sandbox(mode, user);
        char *outside = (char *)text("%d", getpid());
        assert_int_equal(exits(attr, "call", (char *)text("%d", SYS_kill), outside, "0"), ESRCH);
        assert_int_equal(exits(attr, "connect", "1"), ECONNREFUSED);
    }
}

/* A program of the caller that was put into a directory mounted with noexec cannot be executed. */
TEST_BOTH(programs_are_not_executed_where_not_granted)
{
    static char script[] = "head -c 500000 /reporter >/tmp/w; chmod +x /tmp/w; "
        "/tmp/w exit 0 2>/dev/null; echo \"code $?\"";
    need_mounts();
    for EACH_SANDBOX(mode, user)
        assert_saw(shell_says(full_sandbox(mode, user), script), "code", "126");
}

/* The same attr gives the same sandbox again and again, and the caller does not change. */
TEST_BOTH(it_is_the_same_every_time)
{
    need_mounts();
    const char *before = text_of("/proc/self/mountinfo");
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox(mode, user);
        struct view *one = look(attr, "see"), *other = look(attr, "see");
        assert_same_but(one, other, "ns.* fd.* env.* coredump* cloexec");
        struct forkexec_attr *copy = forkexec_attr_copy(attr);
        struct view *third = look(copy, "see");
        forkexec_attr_free(copy);
        assert_same_but(one, third, "ns.* fd.* env.* coredump* cloexec");
        assert_string_equal(text_of("/proc/self/mountinfo"), before);
    }
}

/* A directory of the caller as the root instead of an empty one. */
TEST_BOTH(a_given_root)
{
    need_mounts();
    const char *root = new_directory("given");
    static const char *const directories[] = { "bin", "lib", "lib64", "usr", "proc", "dev", "tmp", "closed", "desk", "etc" };
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        new_directory(text("given/%s", directories[i]));
    new_file("given/reporter");
    new_file("given/mine");
    for EACH_SANDBOX(mode, user) {
        struct forkexec_attr *attr = full_sandbox_in(mode, user, root);
        struct view *view = look(attr, "look", "/mine", "look", "/", "look", (char *)secret(), "see");
        /* Files that were requested in it are there, and stay. */
        assert_string_equal(text_of(scratch_path("given/etc/passwd")), "judge:x:0:0::/:");
        assert_false(unlink(scratch_path("given/etc/passwd")) || unlink(scratch_path("given/etc/link")));
        assert_saw(view, "text./mine", "given/mine");
        assert_true(has_word(view, "flags./", "ro"));
        assert_false(is_there(view, secret()));
        assert_int_equal(exits(attr, "touch", "/mine"), EROFS);
        /* They are made by each spawn, or once for a root that is prepared. */
        bool once = PREPARED && forkexec_probe(FORKEXEC_PROBE_PREPARED_ROOT, NULL, 0) == 1;
        assert_int_equal(unlink(scratch_path("given/etc/passwd")) || unlink(scratch_path("given/etc/link")), once);
    }
}

/* Where the C library can make no thread, the library's own thread waits for the death of the process. */
TEST(the_death_of_a_process_without_threads_of_libc)
{
    need(whose_death() == FORKEXEC_DEATH_OF_THREAD, "threads can be made");
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_parent_death_signal(attr, SIGKILL, FORKEXEC_DEATH_OF_PROCESS));
    assert_int_equal(reporter_exits(attr, "exit", "5"), 5);
}

TEST(all_of_it_on_older_hosts)
{
    need_mounts();
    run_on_older_hosts(OLDER_HOSTS);
}
