/* Capabilities, securebits and no_new_privs. */
#include "in_fork.h"

#include <sys/stat.h>

/* In the tables: every capability that this process may give. */
#define ALL (1ull << 63)

static uint64_t bounding(void)
{
    uint64_t set = 0;
    for (unsigned long cap = 0; cap < 63; cap++)
        set |= (uint64_t)(prctl(PR_CAPBSET_READ, cap) == 1) << cap;
    return set;
}

static uint64_t highest(void)
{
    uint64_t cap = 0;
    while (prctl(PR_CAPBSET_READ, cap + 1) >= 0)
        cap++;
    return cap;
}

static void assert_set(const struct view *view, const char *key, uint64_t set)
{
    assert_saw(view, key, text("%016llx", (unsigned long long)(set == ALL ? bounding() : set)));
}

/* The permitted set is the effective one, for all programs here. */
static void assert_sets(const struct view *view, uint64_t permitted, uint64_t inheritable, uint64_t ambient)
{
    assert_set(view, "cap.permitted", permitted);
    assert_set(view, "cap.effective", permitted);
    assert_set(view, "cap.inheritable", inheritable);
    assert_set(view, "cap.ambient", ambient);
}

#define LOW (BIT(25) | BIT(7))
#define HIGH (BIT(34) | BIT(38)) /* in the second word */

/* What a child of root asks for, and the capability sets that execve makes of it. */
static const struct {
    const char *name;
    uint64_t set[4]; /* permitted, effective, inheritable, bounding */
    uint32_t sets;
    uint64_t ambient, securebits;
    bool user, drop, sets_ambient, sets_securebits;
    uint64_t permitted, inheritable, bounding, is_ambient;
    const char *bits;
} cases[] = {
    { "nothing", .permitted = ALL, .bounding = ALL },
    { "user", .user = true, .bounding = ALL },
    { "user, ambient", .user = true, .sets_ambient = true, .ambient = BIT(25) | BIT(34), .permitted = BIT(25) | BIT(34),
        .inheritable = BIT(25) | BIT(34), .is_ambient = BIT(25) | BIT(34), .bounding = ALL },
    { "user, no ambient", .user = true, .sets_ambient = true, .bounding = ALL },
    { "root, ambient", .sets_ambient = true, .ambient = HIGH, .permitted = ALL, .inheritable = HIGH, .is_ambient = HIGH,
        .bounding = ALL },
    { "drop", .drop = true },
    { "user, drop", .user = true, .drop = true },
    { "drop, no ambient", .drop = true, .sets_ambient = true },
    { "user, drop, securebits", .user = true, .drop = true, .sets_securebits = true, .securebits = 0x2f, .bits = "0x2f" },
    { "bounding", .sets = 8, .set[3] = LOW | HIGH, .permitted = LOW | HIGH, .bounding = LOW | HIGH },
    { "no bounding", .sets = 8 },
    { "inheritable", .sets = 4, .set[2] = LOW | HIGH, .permitted = ALL, .inheritable = LOW | HIGH, .bounding = ALL },
    { "inheritable, bounding", .sets = 12, .set[2] = LOW, .set[3] = LOW | HIGH, .permitted = LOW | HIGH,
        .inheritable = LOW, .bounding = LOW | HIGH },
    { "user, inheritable", .user = true, .sets = 4, .set[2] = LOW, .inheritable = LOW, .bounding = ALL },
    { "permitted, effective", .sets = 3, .set[0] = LOW, .set[1] = BIT(7), .permitted = ALL, .bounding = ALL },
    { "user, all four, ambient", .user = true, .sets = 15, .set = { LOW | HIGH, LOW, HIGH, LOW | HIGH },
        .sets_ambient = true, .ambient = BIT(34), .permitted = BIT(34), .inheritable = HIGH, .is_ambient = BIT(34),
        .bounding = LOW | HIGH },
    { "no root", .sets_securebits = true, .securebits = 3, .bits = "0x3", .bounding = ALL },
    { "no root, ambient", .sets_securebits = true, .securebits = 1, .bits = "0x1", .sets_ambient = true, .ambient = HIGH,
        .permitted = HIGH, .inheritable = HIGH, .is_ambient = HIGH, .bounding = ALL },
    { "all securebits, which an exec unkeeps", .sets_securebits = true, .securebits = 0xff, .bits = "0xef",
        .bounding = ALL },
    { "user, securebits, ambient", .user = true, .sets_securebits = true, .securebits = 0x0f, .bits = "0xf",
        .sets_ambient = true, .ambient = LOW, .permitted = LOW, .inheritable = LOW, .is_ambient = LOW, .bounding = ALL },
    { "user, none that are raised", .user = true, .sets_securebits = true, .securebits = 0xc0, .bits = "0xc0",
        .bounding = ALL },
};

static void check_cases(const void *with)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for EACH_MEMORY(mode) {
            struct forkexec_attr *attr = attr_in(mode);
            for (uint32_t set = 0; set < 4; set++)
                if (cases[i].sets >> set & 1)
                    OK(forkexec_attr_set_capabilities(attr, 1u << set, cases[i].set[set]));
            if (cases[i].sets_ambient)
                OK(forkexec_attr_set_ambient(attr, cases[i].ambient));
            if (cases[i].sets_securebits)
                OK(forkexec_attr_set_securebits(attr, (uint32_t)cases[i].securebits));
            if (cases[i].drop)
                OK(forkexec_attr_drop_capabilities(attr));
            if (cases[i].user) {
                OK(forkexec_attr_set_uid(attr, NOBODY));
                OK(forkexec_attr_set_gid(attr, NOBODY));
            }
            DOING("%s, memory mode %u", cases[i].name, mode);
            struct view *view = run_reporter(attr, .path = with);
            assert_sets(view, cases[i].permitted, cases[i].inheritable, cases[i].is_ambient);
            assert_set(view, "cap.bounding", cases[i].bounding);
            assert_saw(view, "securebits", cases[i].bits ? cases[i].bits : "0");
            assert_saw(view, "keepcaps", "0");
            assert_saw(view, "uid", cases[i].user ? "65534 65534 65534 65534" : "0 0 0 0");
        }
}

TEST_BOTH(the_sets_are_what_an_exec_makes_of_those_asked_for)
{
    need_cap(CAP_SETPCAP);
    need(!((LOW | HIGH) & ~bounding()), "needs capabilities 7, 25, 34 and 38");
    in_fork(check_cases, public_reporter());
}

/* Contradictory requests fail before a child is made. */
TEST_BOTH(contradictions)
{
    struct forkexec_attr *attr[10];
    for (int i = 0; i < 10; i++)
        attr[i] = new_attr();
    OK(forkexec_attr_set_capabilities(attr[0], FORKEXEC_CAP_BOUNDING, BIT(highest() + 1)));
    OK(forkexec_attr_set_ambient(attr[1], BIT(63)));
    OK(forkexec_attr_set_capabilities(attr[2], FORKEXEC_CAP_PERMITTED, LOW));
    OK(forkexec_attr_set_capabilities(attr[2], FORKEXEC_CAP_EFFECTIVE, HIGH));
    OK(forkexec_attr_set_capabilities(attr[3], FORKEXEC_CAP_PERMITTED, LOW));
    OK(forkexec_attr_set_ambient(attr[3], HIGH));
    OK(forkexec_attr_set_capabilities(attr[4], FORKEXEC_CAP_INHERITABLE, LOW));
    OK(forkexec_attr_set_ambient(attr[4], HIGH));
    OK(forkexec_attr_drop_capabilities(attr[5]));
    OK(forkexec_attr_set_capabilities(attr[5], FORKEXEC_CAP_EFFECTIVE, 0));
    OK(forkexec_attr_drop_capabilities(attr[6]));
    OK(forkexec_attr_set_ambient(attr[6], LOW));
    assert_int_equal(forkexec_attr_set_capabilities(attr[7], 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_capabilities(attr[8], 16, 0), -EINVAL);
    assert_int_equal(forkexec_attr_set_securebits(attr[9], 0x100), -EINVAL);
    for (int i = 0; i < 10; i++)
        assert_spawn_fails(attr[i], NULL, FORKEXEC_STAGE_VALIDATE, EINVAL, -1);
}

/* Root would regain the capability at execve although it is not in the bounding set. */
TEST_BOTH(inheritable_capabilities_must_be_in_the_bounding_set)
{
    need_cap(CAP_SETPCAP);
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_INHERITABLE, LOW));
        OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_BOUNDING, HIGH));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CAPABILITIES, EPERM, -1);
    }
}

TEST_BOTH(capabilities_that_the_caller_lacks_are_refused)
{
    need_cap(CAP_SETPCAP);
    uint64_t missing = 0;
    while (bounding() >> missing & 1)
        missing++;
    need(missing <= highest(), "has all capabilities");
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_PERMITTED | FORKEXEC_CAP_EFFECTIVE, BIT(missing)));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_CAPABILITIES, EPERM, -1);
        attr = attr_in(mode);
        OK(forkexec_attr_set_ambient(attr, BIT(missing)));
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_AMBIENT, EPERM, -1);
    }
}

static void check_user(const void *with)
{
    const char *path = with;
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_BOUNDING, bounding() & ~BIT(34)));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_BOUNDING, EPERM, 34);
        attr = attr_in(mode);
        OK(forkexec_attr_drop_capabilities(attr));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_BOUNDING, EPERM, 0);
        attr = attr_in(mode);
        OK(forkexec_attr_set_securebits(attr, 1));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_SECUREBITS, EPERM, -1);
        attr = attr_in(mode);
        OK(forkexec_attr_set_ambient(attr, BIT(25)));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_AMBIENT, EPERM, -1);
        attr = attr_in(mode);
        OK(forkexec_attr_set_capabilities(attr, FORKEXEC_CAP_INHERITABLE, BIT(38)));
        assert_spawn_fails(attr, path, FORKEXEC_STAGE_CAPABILITIES, EPERM, -1);

        /* Asking for no capability at all needs no privilege. */
        attr = attr_in(mode);
        OK(forkexec_attr_set_ambient(attr, 0));
        OK(forkexec_attr_set_capabilities(attr, 7, 0));
        assert_sets(run_reporter(attr, .path = path), 0, 0, 0);
        /* With no_new_privs the bounding set has no effect, so it need not be changed. */
        attr = attr_in(mode);
        OK(forkexec_attr_drop_capabilities(attr));
        OK(forkexec_attr_set_no_new_privs(attr));
        struct view *view = run_reporter(attr, .path = path);
        assert_sets(view, 0, 0, 0);
        assert_saw(view, "no_new_privs", "1");
    }
}

TEST_BOTH(an_ordinary_user_may_only_drop_capabilities)
{
    in_fork(check_user, public_reporter());
}

TEST_BOTH(no_new_privileges)
{
    struct view *self = view_of_self();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = attr_in(mode);
        OK(forkexec_attr_set_no_new_privs(attr));
        struct view *view = run_reporter(attr);
        assert_saw(view, "no_new_privs", "1");
        assert_same(view, self, "cap.permitted");
        assert_same(view, self, "uid");
    }
    assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

/* Every capability that the kernel knows, with a map of the caller's ids to themselves. */
static struct forkexec_attr *user_namespace(uint32_t mode, uint32_t inside)
{
    struct forkexec_attr *attr = attr_in(mode);
    OK(forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER));
    OK(forkexec_attr_map_uid(attr, inside, getuid(), 1));
    OK(forkexec_attr_map_gid(attr, inside, getgid(), 1));
    return attr;
}

static void check_namespace(const void *with)
{
    const char *path = with;
    const uint64_t every = 2 * BIT(highest()) - 1;
    become_nobody();
    for EACH_MEMORY(mode) {
        struct forkexec_attr *attr = user_namespace(mode, 0);
        struct view *view = run_reporter(attr, .path = path);
        assert_sets(view, every, 0, 0);
        assert_set(view, "cap.bounding", every);

        OK(forkexec_attr_drop_capabilities(attr));
        view = run_reporter(attr, .path = path);
        assert_sets(view, 0, 0, 0);
        assert_set(view, "cap.bounding", 0);

        attr = user_namespace(mode, 0);
        OK(forkexec_attr_set_capabilities(attr, 15, LOW | HIGH));
        assert_sets(run_reporter(attr, .path = path), LOW | HIGH, LOW | HIGH, 0);

        attr = user_namespace(mode, NOBODY);
        assert_sets(run_reporter(attr, .path = path), 0, 0, 0);
        OK(forkexec_attr_set_ambient(attr, BIT(25) | BIT(34)));
        view = run_reporter(attr, .path = path);
        assert_sets(view, BIT(25) | BIT(34), BIT(25) | BIT(34), BIT(25) | BIT(34));
        OK(forkexec_attr_set_uid(attr, NOBODY));
        OK(forkexec_attr_set_gid(attr, NOBODY));
        OK(forkexec_attr_set_securebits(attr, 0x2f));
        view = run_reporter(attr, .path = path);
        assert_sets(view, BIT(25) | BIT(34), BIT(25) | BIT(34), BIT(25) | BIT(34));
        assert_saw(view, "securebits", "0x2f");
    }
}

TEST_BOTH(in_a_user_namespace_all_capabilities_can_be_given)
{
    need_user_namespaces();
    in_fork(check_namespace, public_reporter());
}

/* The child opens files with the program's rights, although it keeps capabilities until execve. */
TEST_BOTH(files_are_opened_with_the_programs_rights)
{
    need_cap(CAP_SETUID);
    const char *secret = scratch_path("secret"), *room = scratch_path("room");
    close(open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_false(mkdir(room, 0700));
    for EACH_MEMORY(mode)
        for (int way = 0; way < 3; way++) {
            struct forkexec_attr *attr = attr_in(mode);
            OK(forkexec_attr_set_uid(attr, NOBODY));
            if (way == 0)
                OK(forkexec_attr_set_ambient(attr, BIT(25)));
            if (way == 1)
                OK(forkexec_attr_set_securebits(attr, 0x2f));
            struct forkexec_attr *other = forkexec_attr_copy(attr);
            OK(forkexec_attr_open_fd(attr, 0, secret, O_RDONLY, 0));
            assert_spawn_fails(attr, public_reporter(), FORKEXEC_STAGE_FD_ACTION, EACCES, 0);
            OK(forkexec_attr_set_cwd(other, room));
            assert_spawn_fails(other, public_reporter(), FORKEXEC_STAGE_CWD, EACCES, -1);
            forkexec_attr_free(other);
        }
}
