/* Random setters in random order with random arguments: the library accepts or refuses them, and leaves nothing behind.
 * Everything depends on the seed, which a failure prints. */
#define _GNU_SOURCE
#include "cgroup_parent.h"
#include "deny_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static uint64_t state;
static struct forkexec_cgroup *group; /* NULL where none can be made */

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1d >> 16;
}

static uint64_t below(uint64_t n)
{
    return draw() % n;
}

/* Numbers at a boundary, and others. */
static uint64_t number(void)
{
    static const int64_t edges[] = { 0, 1, 2, 3, 5, 7, 9, 15, 16, 19, 20, 31, 32, 63, 64, 65, 99, 100, 127, 255, 256, 511,
        512, 1000, 1001, 1023, 1024, 4095, 4096, 8191, 8192, 65534, 65535, 65536, 0x10000000, INT32_MAX, UINT32_MAX,
        INT64_MAX, -1, -2, -20, -21, -100, -1000, -1001, INT32_MIN, INT64_MIN };
    switch (below(4)) {
    case 0:
        return draw();
    case 1:
        return below(70);
    default:
        return (uint64_t)edges[below(sizeof edges / sizeof *edges)];
    }
}

static uint64_t bits(void)
{
    uint64_t set = below(4) ? 0 : draw();
    for (uint64_t n = below(4); n; n--)
        set |= 1ull << below(64);
    return set;
}

/* Mostly numbers of open descriptors; never the terminal of the user who runs the test. */
static int32_t fd(void)
{
    int32_t any = below(3) ? (int32_t)below(14) : (int32_t)number();
    return isatty(any) ? 987 : any;
}

static const char *string(void)
{
    static char endless[5000];
    static const char *const strings[] = { "", "/", ".", "/dev/null", "/dev/zero", "/nonexistent", "/tmp", "a", "A=B",
        "judge", "/bin:/usr/bin", ":", "::/bin:", "/dev/null/x", "relative/path", "\xff\xfe\n", NULL, endless };
    memset(endless, 'e', sizeof endless - 1);
    return strings[below(sizeof strings / sizeof *strings)];
}

/* Mount points, and paths to create: they differ, so that nothing is ever created inside a bind mount. */
static const char *target(void)
{
    static const char *const targets[] = { "/m0", "/m1", "/m2/", "/d/e", "/m0", "/m1", "/m0/../..", "/..", "m0", "", "/",
        NULL };
    return targets[below(sizeof targets / sizeof *targets)];
}

static const char *made(void)
{
    static const char *const paths[] = { "/d/f", "/d/g", "/d/g/h", "/d//i", "/d/f", "/d/g", "/d/../..", "d", "", "/", NULL };
    return paths[below(sizeof paths / sizeof *paths)];
}

static uint32_t type(void)
{
    static const uint32_t types[] = { FORKEXEC_NS_CGROUP, FORKEXEC_NS_UTS, FORKEXEC_NS_IPC, FORKEXEC_NS_USER,
        FORKEXEC_NS_PID, FORKEXEC_NS_NET, FORKEXEC_NS_MOUNT, FORKEXEC_NS_TIME };
    uint32_t set = below(30) ? 0 : (uint32_t)number();
    for (uint64_t n = below(3) + 1; n; n--)
        set |= types[below(8)];
    return set;
}

static const uint32_t *list(void)
{
    static uint32_t items[65537];
    for (int i = 0; i < 16; i++)
        items[i] = (uint32_t)number();
    return below(8) ? items : NULL;
}

static size_t length(void)
{
    return below(8) ? below(16) : below(65538);
}

/* A filter of at most 8 instructions. It may be invalid; a valid one mostly allows. */
static struct sock_filter *instructions(void)
{
    static struct sock_filter filter[16];
    static const uint16_t codes[] = { 0x20, 0x15, 0x25, 0x35, 0x45, 0x05, 0x54, 0x04, 0x34, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87,
        0x16, 0x80, 0x1d };
    for (int i = 0; i < 16; i++)
        filter[i] = below(3) ? (struct sock_filter){ 0x06, 0, 0, 0x7fff0000 }
                             : (struct sock_filter){ codes[below(sizeof codes / sizeof *codes)], (uint8_t)below(4),
                                   (uint8_t)below(4), (uint32_t)(below(3) ? below(20) : number()) };
    return below(8) ? filter : NULL;
}

static uint32_t a_box(void)
{
    return FORKEXEC_NS_MOUNT | FORKEXEC_NS_PID | (geteuid() ? FORKEXEC_NS_USER : 0);
}

/* Never flags that change a whole file system, which may be the host's. */
static uint64_t mount_flags(uint64_t flags)
{
    return flags & MS_REMOUNT ? flags | MS_BIND : flags;
}

/* The same one for all; NULL where this caller may not make one. */
static const struct forkexec_root *a_root(void)
{
    static struct forkexec_root *root;
    static bool tried;
    struct forkexec_attr *attr = tried ? NULL : forkexec_attr_new();
    if (!tried && !(forkexec_attr_create_namespaces(attr, a_box()) | forkexec_attr_set_root(attr, NULL, 1)
        | (geteuid() ? forkexec_attr_map_uid(attr, 0, geteuid(), 1) | forkexec_attr_map_gid(attr, 0, getegid(), 1) : 0)))
        (void)!forkexec_root_new(attr, &root, NULL);
    forkexec_attr_free(attr);
    tried = true;
    return root;
}

/* Calls one setter. The order in which the arguments are drawn depends on the compiler, but is always the same. */
static int set_something(struct forkexec_attr *attr)
{
    uint64_t a = number(), b = number(), c = number(), set = bits();
    uint32_t low = (uint32_t)a, small = (uint32_t)below(5), level = (uint32_t)below(9);
    int32_t one = fd(), other = fd(), i = (int32_t)a, j = (int32_t)b;
    const char *path = string(), *where = target(), *thing = made();
    const uint32_t *items = list();
    size_t n = length();
    uint32_t kinds = type();
#define TRY(setter, ...) return forkexec_attr_##setter(attr, ##__VA_ARGS__)
    struct sock_filter *filter = instructions();
/* Mounts are always in a root of the program's own, so that nothing is created in the host's. Mostly with the namespaces
 * that they need. */
#define TRY_IN_ROOT(setter, ...) \
    return forkexec_attr_set_root(attr, NULL, small & 1) | (level ? forkexec_attr_create_namespaces(attr, a_box()) : 0) \
        | forkexec_attr_##setter(attr, ##__VA_ARGS__)
    switch (below(110)) {
    case 0: TRY(set_exec_fd, one);
    case 1: TRY(set_search_path, path);
    case 2: TRY(set_cwd, path);
    case 3: return level ? forkexec_attr_set_cwd_fd(attr, one) : forkexec_attr_set_cwd_rights(attr, (uint32_t)small);
    case 4: TRY(set_busy_retry, low);
    case 5: TRY(set_pid_variable, path);
    case 6: TRY(set_ptrace);
    case 7: TRY(set_stop);
    case 8: case 9: TRY(set_memory_mode, small);
    case 10: case 11: case 12: TRY(map_fd, one, other);
    case 13: TRY(inherit_fds);
    case 14: case 15: TRY(open_fd, one, path, i & ~(O_CREAT | O_TRUNC | O_ACCMODE), small ? 0644 : (uint32_t)b);
    case 16: case 17: TRY(dup_fd, one, other);
    case 18: TRY(close_fd, one);
    case 19: TRY(close_fds_from, one);
    case 20: TRY(enter_directory, path);
    case 21: TRY(enter_directory_fd, one);
    case 22: TRY(set_session);
    case 23: TRY(set_process_group, small ? 0 : i);
    case 24: TRY(set_controlling_terminal, one);
    case 25: TRY(set_foreground, one);
    case 26: TRY(detach_terminal);
    case 27: TRY(set_signal_mask, set);
    case 28: TRY(set_signal_default, set);
    case 29: TRY(set_signal_ignore, set);
    case 30: TRY(set_parent_death_signal, i, small);
    case 31: TRY(set_rlimit, small * 4, b, c);
    case 32: TRY(set_rlimit, low, b, FORKEXEC_RLIMIT_KEEP);
    case 33: TRY(set_nice, i);
    case 34: TRY(set_affinity, items, n);
    case 35: TRY(set_scheduler, (int32_t)small, small == 1 || small == 2 ? j : 0);
    case 36: TRY(set_io_priority, small, level);
    case 37: TRY(set_umask, low);
    case 38: TRY(set_personality, low);
    case 39: TRY(set_oom_score_adj, i);
    case 40: TRY(set_timer_slack, a);
    case 41: TRY(set_cgroup_fd, one);
    case 42: return small ? forkexec_attr_restore_nofile(attr) : forkexec_attr_restore_nofile_from(attr, a, b);
    case 43: TRY(allow_failure, 500 + 10 * level);
    case 44: TRY(set_uid, small ? getuid() : low);
    case 45: TRY(set_gid, small ? getgid() : low);
    case 46: TRY(set_groups, items, n);
    case 47: TRY(keep_groups);
    case 48: TRY(set_capabilities, small * 3, small ? set & 0xffffffffff : set);
    case 49: TRY(drop_capabilities);
    case 50: TRY(set_ambient, small ? 1ull << (a & 31) : set);
    case 51: TRY(set_securebits, small ? 0 : low);
    case 52: TRY(set_no_new_privs);
    case 53: TRY(create_namespaces, kinds);
    case 54: TRY(unshare_namespaces, kinds);
    case 55: TRY(map_uid, small, small ? getuid() : low, small ? 1 : (uint32_t)b);
    case 56: TRY(map_gid, small, small ? getgid() : low, small ? 1 : (uint32_t)b);
    case 57: return forkexec_attr_set_mount_propagation(attr, small ? MS_REC | MS_PRIVATE : a)
        | (level ? 0 : forkexec_attr_allow_setgroups(attr));
    case 58: return small ? forkexec_attr_set_hostname(attr, path) : forkexec_attr_set_domainname(attr, path);
    case 60: TRY(add_seccomp_filter, filter, level, small == 4 ? low : (uint32_t)small << 1);
    case 61: TRY(deny_terminal_injection);
    case 62: TRY(add_landlock_path, path, small ? a & 0xffff : a);
    case 63: TRY(add_landlock_port, (uint16_t)b, small);
    case 64: TRY(set_landlock_handled, small ? a & 0xffff : a, small);
    case 65: TRY(set_landlock_scopes, small);
    case 66: TRY(set_landlock_ruleset, one);
    case 86: TRY(deny_user_namespaces);
    case 87: TRY(set_process_flags, small ? level & 27 : low);
    case 88: TRY(set_deadline, small ? 1024 * (uint64_t)level : a, small ? 100000 : b, small ? 0 : c);
    case 94: return forkexec_attr_set_session_keyring(attr, NULL) | forkexec_attr_set_keyring_permissions(attr, small ? 0x3f090000 : low);
    case 95: TRY(set_keyring_label, path);
    case 96: TRY(set_apparmor_profile, path);
    case 93: TRY(set_pid, small ? (int32_t[]){ 1, j } : (int32_t[]){ i, j }, small > 2 ? 2 : small & 1);
    case 91: TRY(set_speculation, small ? level & 3 : low, small ? 1u << (level & 3) : (uint32_t)b);
    case 92: TRY(set_coredump_filter, small ? low & 0x1ff : low);
    case 89: TRY(set_utilization, small * 100, level * 200);
    case 90: TRY(set_numa_policy, small, items, n);
    case 85: TRY(set_landlock_flags, small ? low & 15 : low);
    case 101: TRY(listen, small ? 1 + (int)(level & 1) : (int)low, small ? (const void *)"\1\0\0forkexec fuzz" : items,
        small ? 2 + (size_t)level : n, small);
    case 102: TRY(set_terminal, (uint16_t)a, (uint16_t)b);
    case 103: /* no network device of the host */
        return forkexec_attr_create_namespaces(attr, FORKEXEC_NS_NET)
            | forkexec_attr_open_tun(attr, level ? NULL : string(), small ? 0x1001 + (level & 1) : low);
    case 106: TRY(set_cgroup, small ? group : NULL);
    case 67: if (level & 1) TRY(set_lingering_init); TRY(set_init);
    case 68: TRY(allow_partial_landlock);
    case 69: TRY_IN_ROOT(add_mount, string(), where, level ? "tmpfs" : NULL,
        mount_flags(small ? set & 0x3fffffff : b), string());
    case 70: TRY_IN_ROOT(bind_mount, string(), where, level ? small * 16 | level >> 2 | (low & 0x80) : low);
    case 71: TRY_IN_ROOT(bind_mount_idmapped, string(), where, one, small);
    case 97: TRY_IN_ROOT(bind_mount_fd, one, where, level ? small * 16 : low);
    /* No file is created in the host's directories. */
    case 98: TRY_IN_ROOT(mount_overlay, ((const char *const[]){ string(), "/etc", string() }), small,
        level ? NULL : "/nonexistent/upper", level ? NULL : string(), where, level ? 0x120 : low);
    case 99: TRY_IN_ROOT(remount, where, level ? small | 1 : low);
    case 100: TRY_IN_ROOT(change_mode, thing, level ? 0751 : low);
    case 104: TRY_IN_ROOT(make_file_fd, thing, one, level ? 0644 : low);
    case 107: TRY(set_prepared_root, small ? a_root() : NULL);
    case 105: TRY_IN_ROOT(mount_file_fd, one, where, level ? 0600 : low, level * 16);
    case 72: TRY_IN_ROOT(mount_tmpfs, where, b, level ? 01777 : low, level * 16);
    case 73: TRY_IN_ROOT(mount_proc, where, level ? 0x20 | small << 9 : low);
    case 74: TRY_IN_ROOT(mount_dev, where, level ? 0x21 : low);
    case 75: TRY_IN_ROOT(make_directory, thing, level ? 0755 : low);
    case 76: TRY_IN_ROOT(make_symlink, string(), thing);
    case 77: TRY_IN_ROOT(make_file, thing, (const uint8_t *)items, n, level ? 0644 : low);
    case 78: TRY_IN_ROOT(mask_path, small ? where : thing);
    case 79: TRY_IN_ROOT(make_readonly, small ? where : thing);
    case 80: TRY_IN_ROOT(bind_mount, "/", "/tmp", 0x20);
    case 109: TRY(join_second_user_namespace, one);
    case 59: TRY(set_user_namespace_owner, small ? getuid() : low);
    case 82: return small ? forkexec_attr_map_subordinate_ids(attr)
        : forkexec_attr_set_map_helpers(attr, path, "/nonexistent");
    case 81: TRY(set_time_offset, level, small ? small : (int64_t)a, small ? low : 0);
    case 83: TRY(set_session_keyring, path);
    case 84: TRY(set_exec_label, path);
    default: return small ? forkexec_attr_set_loopback(attr) : forkexec_attr_set_chroot(attr, path);
    }
}

static void assert_error(int result, const struct forkexec_error *error)
{
    assert_in_range(-result, 0, 4095);
    assert_int_equal(error->code, -result);
    assert_non_null(memchr(error->message, 0, sizeof error->message));
    assert_int_equal(!result, !*error->message);
    assert_string_not_equal(forkexec_stage_name(error->stage), "unknown");
    if (!result)
        assert_int_equal(error->stage, FORKEXEC_STAGE_NONE);
}

/* Every result comes soon. */
static int begin(const struct forkexec_attr *attr)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    char *argv[] = { reporter, "exit", "0", NULL }, *path = below(8) ? reporter : NULL;
    uint64_t way = below(5);
    int result = way == 0 ? forkexec_hold(attr, &child, &error) : way < 3
        ? forkexec_spawn(attr, path, argv, NULL, &child, &error)
        : forkexec_start(attr, path, argv, NULL, &child, &error);
    assert_error(result, &error);
    assert_int_equal(!result, !!child);
    if (way == 4 && child)
        assert_error(forkexec_release(child, 300000000, &error), &error);
    if (child && below(2))
        forkexec_kill_tree(child);
    if (child)
        forkexec_signal(child, SIGKILL);
    if (child)
        forkexec_wait(child, 20000000000, 0, NULL, 0);
    forkexec_close(child);
    return result;
}

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

struct seed {
    uint64_t number;
    int rounds, spawn_every, setters;
    const char *parent; /* of the cgroup, or NULL */
};

/* The library keeps the parent of its cgroup open, so a drawn number may put a child there, and forkexec_kill_tree then kills
 * every process in it. So the parent is an empty cgroup of this test, and never one with other processes. */
static const char *parent_of_group(void)
{
    const char *reason, *above = cgroup_parent(&reason);
    return above ? text("%s/forkexec-fuzz-%d", above, getpid()) : NULL;
}

static void make_group(const char *parent)
{
    int fd = parent ? open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    if (forkexec_cgroup_create(fd, "group", &group, NULL))
        group = NULL;
    close(fd);
}

static void remove_group(const char *parent)
{
    if (!parent)
        return;
    rmdir(text("%s/group", parent));
    rmdir(parent);
}

static void is_fuzzed(const void *seed_)
{
    const struct seed *seed = seed_;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), accepted = 0, ran = 0;
    state = seed->number * 0x9e3779b97f4a7c15 + 1;
    make_group(seed->parent);
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    a_root(); /* it keeps a descriptor */
    int fds = count_fds();
    for (int round = 0; round < seed->rounds; round++) {
        struct forkexec_attr *attr = forkexec_attr_new();
        struct forkexec_error error;
        bool refused = false;
        for (uint64_t n = below((uint64_t)seed->setters) + 1; n; n--) {
            struct forkexec_attr *before = forkexec_attr_copy(attr);
            int result = set_something(attr);
            assert_true(result == 0 || result == -EINVAL || result == -EBADF || result == -ENAMETOOLONG
                || result == -EAFNOSUPPORT);
            /* Most attrs with a refused setter are dropped: each spawn of them fails the same way. */
            bool back = result && below(16);
            refused |= result && !back;
            forkexec_attr_free(back ? attr : before);
            attr = back ? before : attr;
        }
        if (!below(4)) {
            struct forkexec_attr *copy = forkexec_attr_copy(attr);
            forkexec_attr_free(attr);
            attr = copy;
        }
        int result = forkexec_describe(attr, reporter, (char *[]){ reporter, NULL }, NULL, null, &error);
        assert_error(result, &error);
        /* Before the spawn it is known which descriptors an action finds, and which Landlock rules this kernel knows. */
        bool of_action = error.stage == FORKEXEC_STAGE_FD_ACTION && error.code == EBADF;
        if (!of_action && (error.stage != FORKEXEC_STAGE_LANDLOCK || error.code != EOPNOTSUPP))
            assert_in_range(error.stage, FORKEXEC_STAGE_NONE, FORKEXEC_STAGE_MEMORY);
        if (refused)
            assert_int_equal(error.stage, FORKEXEC_STAGE_VALIDATE);
        accepted += !result;
        if (round % seed->spawn_every == 0)
            ran += !begin(attr);
        forkexec_attr_free(attr);
    }
    siginfo_t info;
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL), -1);
    for (int turn = 0; turn < 500 && count_fds() != fds; turn++)
        usleep(10000);
    assert_int_equal(count_fds(), fds);
    forkexec_cgroup_free(group);
    printf("# seed %llu: %d of %d would do, %d did\n", (unsigned long long)seed->number, accepted, seed->rounds, ran);
}

static void fuzz(struct seed seed, uint64_t seeds)
{
    need_native();
    struct view *before = view_of_self();
    const char *parent = parent_of_group();
    seed.parent = parent && !mkdir(parent, 0755) ? parent : NULL;
    for (uint64_t end = seed.number + seeds; seed.number < end; seed.number++)
        if (!succeeds_in_copy(is_fuzzed, &seed)) {
            printf("# seed %llu\n", (unsigned long long)seed.number);
            remove_group(seed.parent);
            fail();
        }
    remove_group(seed.parent);
    assert_false(seed.parent && exists(seed.parent));
    assert_same_but(before, view_of_self(), "");
}

TEST(many_setters)
{
    fuzz((struct seed){ 1, 2500, 50, 15, NULL }, 8);
}

TEST(few_setters_and_a_child)
{
    fuzz((struct seed){ 100, 250, 1, 5, NULL }, 8);
}
