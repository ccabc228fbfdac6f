/* Callers with unusual privileges: the program has what execve alone would leave it. The child that prepares it never has
 * more privileges than the caller, nor fewer, in any memory mode. */
#include "in_fork.h"

#include <sys/fsuid.h>

static uint64_t full;

/* Sets the capabilities that this process may have; the others are left out. */
static int have(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    return set_caps(permitted & full, effective & full, inheritable & full) ? errno : 0;
}

static int raise_ambient(uint64_t cap)
{
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) ? errno : 0;
}

/* Another user that keeps root's capabilities, permitted and effective. */
static int user_with_all(void)
{
    if (prctl(PR_SET_KEEPCAPS, 1) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
        return errno;
    prctl(PR_SET_KEEPCAPS, 0);
    return have(full, full, 0);
}

static int unbound(uint64_t caps)
{
    for (unsigned long cap = 0; cap < 64; cap++)
        if (caps >> cap & 1 && prctl(PR_CAPBSET_READ, cap) == 1 && prctl(PR_CAPBSET_DROP, cap))
            return errno;
    return 0;
}

static int some_permitted(void) { return have(BIT(7) | BIT(34), 0, 0); }
static int none_permitted(void) { return have(0, 0, 0); }
static int inheritable(void) { return have(full, full, BIT(13) | BIT(38)); }
static int unbound_but_permitted(void) { return unbound(BIT(21) | BIT(38)); }
static int nothing_bound(void) { return unbound(UINT64_MAX); }
static int nothing_bound_some_inheritable(void) { return have(full, full, BIT(13)) ? errno : unbound(UINT64_MAX); }
static int ambient_root(void) { return have(full, full, BIT(13)) ? errno : raise_ambient(13); }
static int no_root(void) { return prctl(PR_SET_SECUREBITS, 1) ? errno : 0; }
static int no_root_locked(void) { return prctl(PR_SET_SECUREBITS, 3) ? errno : have(BIT(7) | BIT(6), BIT(7), BIT(6)); }
static int no_root_ambient(void) { return no_root() || have(full, full, BIT(34)) ? errno : raise_ambient(34); }
static int no_fixup(void) { return prctl(PR_SET_SECUREBITS, 0xc) ? errno : 0; }
static int user_some_effective(void) { return user_with_all() || have(full, BIT(21), BIT(21)) ? errno : 0; }
static int user_none_effective(void) { return user_with_all() || have(full, 0, 0) ? errno : 0; }
static int user_ambient(void) { return user_with_all() || have(full, full, BIT(10) | BIT(7)) ? errno : raise_ambient(10); }
static int user_never_raised(void) { return prctl(PR_SET_SECUREBITS, 0xc0) ? errno : user_with_all(); }
static int user_unbound(void) { return unbound(BIT(21)) ? errno : user_with_all(); }
static int keeping(void) { return prctl(PR_SET_KEEPCAPS, 1) ? errno : ambient_root(); }
static int keeping_locked(void) { return prctl(PR_SET_SECUREBITS, 0x30) ? errno : ambient_root(); }
static int no_new_privs(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : some_permitted(); }
static int all_but_no_new_privs(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : 0; }
static int nobody(void) { become_nobody(); return 0; }
static int effective_root(void) { return setresuid(NOBODY, 0, 0) ? errno : 0; }
static int real_root(void) { return setresuid(0, NOBODY, NOBODY) ? errno : 0; }
static int saved_root(void) { return setresuid(NOBODY, NOBODY, 0) ? errno : 0; }
static int other_files(void) { return setfsuid(NOBODY), 0; }

static const struct caller {
    const char *name;
    int (*become)(void);
    uint32_t no_image; /* the stage at which a required image fails, since an execve would take away what the caller has */
} callers[] = {
#define CALLER(name) { #name, name, 0 }
#define NOT_CARRIED(name) { #name, name, FORKEXEC_STAGE_CARRY }
#define OTHER_IDS(name) { #name, name, FORKEXEC_STAGE_IMAGE }
    CALLER(some_permitted), CALLER(none_permitted), CALLER(inheritable), NOT_CARRIED(unbound_but_permitted),
    NOT_CARRIED(nothing_bound), NOT_CARRIED(nothing_bound_some_inheritable), CALLER(ambient_root), CALLER(no_root),
    CALLER(no_root_locked), CALLER(no_root_ambient), CALLER(no_fixup), CALLER(user_with_all),
    CALLER(user_some_effective), CALLER(user_none_effective), CALLER(user_ambient), NOT_CARRIED(user_never_raised),
    NOT_CARRIED(user_unbound), CALLER(keeping), CALLER(keeping_locked), CALLER(no_new_privs), CALLER(nobody),
    OTHER_IDS(effective_root), OTHER_IDS(real_root), OTHER_IDS(saved_root), OTHER_IDS(other_files),
};

/* What the library is asked for, and the same done without it. */
static int by_hand(const void *with)
{
    switch (*(const int *)with) {
    case 1:
        return syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) ? errno : 0;
    case 2:
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : 0;
    case 3:
        return setsid() < 0;
    }
    return 0;
}

static void ask(struct forkexec_attr *attr, int request)
{
    switch (request) {
    case 1:
        OK(forkexec_attr_set_uid(attr, NOBODY));
        OK(forkexec_attr_keep_groups(attr));
        break;
    case 2:
        OK(forkexec_attr_set_no_new_privs(attr));
        break;
    case 3:
        OK(forkexec_attr_set_session(attr));
        break;
    }
}

static const struct caller *caller;

static void check_program(const void *with)
{
    static const char *const keys[] = { "uid", "gid", "groups", "cap.permitted", "cap.effective", "cap.inheritable",
        "cap.bounding", "cap.ambient", "securebits", "keepcaps", "no_new_privs", "dumpable", "secure" };
    const char *path = with;
    assert_int_equal(caller->become(), 0);
    for (int request = 0; request < 4; request++) {
        int failed;
        const char *exec = exec_shows(path, by_hand, &request, &failed);
        for EACH_MEMORY(mode) {
            DOING("%s, request %d, memory mode %u", caller->name, request, mode);
            struct forkexec_attr *attr = attr_in(mode);
            ask(attr, request);
            if (mode == FORKEXEC_MEMORY_FRESH && caller->no_image) {
                assert_spawn_fails(attr, path, caller->no_image, EPERM, -1);
                continue;
            }
            if (failed) {
                assert_spawn_fails(attr, path, FORKEXEC_STAGE_UID, -failed, -1);
                continue;
            }
            struct view *view = run_reporter(attr, .path = path);
            for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
                assert_saw(view, keys[i], value_in(exec, keys[i]));
        }
    }
}

TEST_BOTH(the_program_has_what_exec_leaves_it)
{
    need_native(); /* a caller that nobody may inspect behaves differently there */
    need_cap(CAP_SETPCAP);
    full = 0;
    for (unsigned long cap = 0; cap < 64; cap++)
        full |= (uint64_t)(prctl(PR_CAPBSET_READ, cap) == 1) << cap;
    for (caller = callers; caller < callers + sizeof callers / sizeof *callers; caller++)
        in_fork(check_program, public_reporter());
}

/* What is asked of a child that is root in a user namespace of its own. */
static void ask_of_root(struct forkexec_attr *attr, int request)
{
    switch (request) {
    case 1: OK(forkexec_attr_set_no_new_privs(attr)); break;
    case 2: OK(forkexec_attr_drop_capabilities(attr)); break;
    case 3: OK(forkexec_attr_set_ambient(attr, BIT(13) | BIT(35))); break;
    case 4: OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_INHERITABLE, BIT(36))); break;
    case 5: OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_BOUNDING, BIT(7) | BIT(37))); break;
    case 6: OK(forkexec_attr_set_securebits(attr, 1)); break;
    case 7: OK(forkexec_attr_set_uid(attr, 0)); break;
    }
    if (request > 7) {
        ask_of_root(attr, request - 7);
        OK(forkexec_attr_set_no_new_privs(attr));
    }
}

static void check_root_of_its_own(const void *with)
{
    static const char *const keys[] = { "uid", "gid", "cap.permitted", "cap.effective", "cap.inheritable",
        "cap.bounding", "cap.ambient", "securebits", "keepcaps", "no_new_privs", "secure" };
    const char *path = with;
    assert_int_equal(caller->become(), 0);
    for (int request = 0; request <= 14; request++) {
        struct view *views[2];
        for (int copied = 0; copied < 2; copied++) {
            DOING("%s, request %d, copied %d", caller->name, request, copied);
            struct forkexec_attr *attr = attr_in(copied ? FORKEXEC_MEMORY_COPIED : FORKEXEC_MEMORY_AUTO);
            OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
            OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
            OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
            ask_of_root(attr, request);
            views[copied] = run_reporter(attr, .path = path);
        }
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            assert_same(views[0], views[1], keys[i]);
    }
}

/* The image keeps only the capabilities that it needs, which the program must not notice. */
TEST_BOTH(root_of_its_own_has_what_exec_leaves_it)
{
    static const struct caller root[] = { CALLER(keeping), CALLER(all_but_no_new_privs), CALLER(nobody),
        CALLER(nothing_bound) };
    need_native();
    need_cap(CAP_SETPCAP);
    need_user_namespaces();
    for (caller = root; caller < root + sizeof root / sizeof *root; caller++)
        in_fork(check_root_of_its_own, public_reporter());
}

/* A mounted file system may later use the capabilities of the process that mounted it, and a program that gains
 * capabilities at execve would lose more than it gains: so the image keeps all. A holder, or a program that drops all
 * capabilities and mounts no such file system, keeps only those that it uses. */
TEST(a_child_that_mounts_keeps_all_capabilities)
{
    static const struct {
        const char *kind;
        uint32_t mode;
        bool drops, has_less;
    } rows[] = {
        { "tmpfs", FORKEXEC_MEMORY_COPIED, false, false },
        { "tmpfs", FORKEXEC_MEMORY_AUTO, false, false },
        { "ramfs", FORKEXEC_MEMORY_AUTO, true, false },
        { "tmpfs", FORKEXEC_MEMORY_AUTO, true, true },
        { NULL, FORKEXEC_MEMORY_AUTO, false, true },
    };
    need_native();
    need_user_namespaces();
    const char *all = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct forkexec_attr *attr = attr_in(rows[i].mode);
        struct forkexec_child *child = NULL;
        OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT));
        OK(forkexec_attr_map_uid(attr, 0, geteuid(), 1));
        OK(forkexec_attr_map_gid(attr, 0, getegid(), 1));
        if (rows[i].drops)
            OK(forkexec_attr_drop_capabilities(attr));
        if (rows[i].kind) {
            OK(forkexec_attr_add_mount(attr, "none", scratch(), rows[i].kind, 0, NULL));
            OK(forkexec_start(attr, reporter, (char *[]){ reporter, NULL }, NULL, &child, NULL));
        } else {
            OK(forkexec_hold(attr, &child, NULL));
        }
        const char *caps = status_of(forkexec_child_pid(child), "CapPrm");
        forkexec_close(child);
        all = all ? all : caps;
        if (!rows[i].has_less)
            assert_string_equal(caps, all);
        else if (forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0) == 1)
            assert_string_not_equal(caps, all);
    }
}

static void check_held(const void *with)
{
    static const char *const lines[] = { "Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb",
        "NoNewPrivs" };
    const char *path = with;
    assert_int_equal(caller->become(), 0);
    for EACH_MEMORY(mode) {
        DOING("%s, memory mode %u", caller->name, mode);
        struct forkexec_attr *attr = attr_in(mode);
        struct forkexec_child *child = NULL;
        struct forkexec_error error;
        if (mode == FORKEXEC_MEMORY_FRESH && caller->no_image)
            continue;
        OK(forkexec_start(attr, path, (char *[]){ reporter, NULL }, NULL, &child, &error));
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
            assert_string_equal(status_of(forkexec_child_pid(child), lines[i]), status_of(getpid(), lines[i]));
        forkexec_close(child);
    }
}

TEST(the_child_has_no_more_than_the_caller_before_execve)
{
    need_cap(CAP_SETPCAP);
    full = 0;
    for (unsigned long cap = 0; cap < 64; cap++)
        full |= (uint64_t)(prctl(PR_CAPBSET_READ, cap) == 1) << cap;
    for (caller = callers; caller < callers + sizeof callers / sizeof *callers; caller++)
        in_fork(check_held, public_reporter());
}

/* Locked securebits stay as they are, even for a caller with every capability. */
static void check_locked(const void *with)
{
    const char *path = with;
    assert_false(prctl(PR_SET_SECUREBITS, 0xc));
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_securebits(attr, 0));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_SECUREBITS, EPERM, -1);
        OK(forkexec_attr_set_securebits(attr, 0xd));
        struct view *view = run_reporter(attr, .path = path);
        assert_saw(view, "securebits", "0xd");
    }
}

TEST_BOTH(locked_securebits)
{
    need_cap(CAP_SETPCAP);
    in_fork(check_locked, public_reporter());
}
