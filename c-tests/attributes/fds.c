/* The descriptors of the program: map_fd, whose entries act all at once, and the descriptors that stay open without being
 * asked for. */
#define _GNU_SOURCE
#include "deny_calls.h"
#include "spawn_from_fork.h"

#include <sys/resource.h>

/* A list of source and target numbers. Each source number has a file of its own. */
struct shuffle {
    const char *folder;
    int flags; /* flags of the sources: 0 or O_CLOEXEC */
    int count;
    int maps[64][2];
};

static void ask_for_shuffle(struct forkexec_attr *attr, const void *what)
{
    const struct shuffle *shuffle = what;
    for (int i = 0; i < shuffle->count; i++)
        open_at(shuffle->folder, shuffle->maps[i][0], shuffle->flags);
    for (int i = 0; i < shuffle->count; i++)
        forkexec_attr_map_fd(attr, shuffle->maps[i][0], shuffle->maps[i][1]);
}

/* The numbers that the program should have open: 0 to 2, the targets, and the reporter's pipe. */
static const char *numbers_of(const struct shuffle *shuffle)
{
    const char *list = "0 1 2";
    for (int fd = 3; fd < 20000; fd++)
        for (int i = -1; i < shuffle->count; i++)
            if (fd == (i < 0 ? out_fd : shuffle->maps[i][1])) {
                list = text("%s %d", list, fd);
                break;
            }
    return list;
}

/* In one memory mode, or in all of them. */
enum { ALL_MODES = -1 };

static void check_shuffle(struct shuffle shuffle, const char *name, int in_mode)
{
    shuffle.folder = scratch();
    for (int flags = 0; flags <= O_CLOEXEC; flags += O_CLOEXEC)
        EACH_MODE(mode) {
            if (in_mode != ALL_MODES && *mode != (uint32_t)in_mode)
                continue;
            shuffle.flags = flags;
            const char *heard = spawn_from_fork(*mode, ask_for_shuffle, &shuffle);
            const char *when = text("%s, mode %u, source flags %#x", name, *mode, flags);
            for (int i = 0; i < shuffle.count; i++)
                assert_said(heard, text("fd.%d", shuffle.maps[i][1]),
                    scratch_path(text("%d", shuffle.maps[i][0])), "%s", when);
            /* A number of 0 to 2 that is a close-on-exec source and no target is closed in the program. */
            bool gone = false;
            for (int i = 0; flags && i < shuffle.count; i++) {
                bool target = false;
                for (int j = 0; j < shuffle.count; j++)
                    target |= shuffle.maps[j][1] == shuffle.maps[i][0];
                gone |= shuffle.maps[i][0] < 3 && !target;
            }
            if (!gone)
                assert_said(heard, "fds", numbers_of(&shuffle), "%s", when);
            assert_said(heard, "cloexec", "", "%s", when);
        }
}

static const struct {
    const char *name;
    struct shuffle shuffle;
} shuffles[] = {
    { "one", { .count = 1, .maps = { { 5, 3 } } } },
    { "itself", { .count = 1, .maps = { { 5, 5 } } } },
    { "itself and another", { .count = 2, .maps = { { 5, 5 }, { 5, 6 } } } },
    { "one for all three", { .count = 3, .maps = { { 7, 0 }, { 7, 1 }, { 7, 2 } } } },
    { "a standard one for all three", { .count = 3, .maps = { { 1, 0 }, { 1, 1 }, { 1, 2 } } } },
    { "standard ones to the side", { .count = 3, .maps = { { 0, 3 }, { 1, 4 }, { 2, 5 } } } },
    { "standard ones from the side", { .count = 3, .maps = { { 5, 0 }, { 4, 1 }, { 3, 2 } } } },
    { "an exchange", { .count = 2, .maps = { { 3, 4 }, { 4, 3 } } } },
    { "an exchange with copies", { .count = 4, .maps = { { 3, 4 }, { 4, 3 }, { 3, 8 }, { 4, 9 } } } },
    { "a chain upwards", { .count = 4, .maps = { { 3, 4 }, { 4, 5 }, { 5, 6 }, { 6, 7 } } } },
    { "a chain downwards", { .count = 4, .maps = { { 7, 6 }, { 6, 5 }, { 5, 4 }, { 4, 3 } } } },
    { "a ring", { .count = 5, .maps = { { 3, 4 }, { 4, 5 }, { 5, 6 }, { 6, 7 }, { 7, 3 } } } },
    { "two rings", { .count = 5, .maps = { { 3, 4 }, { 4, 3 }, { 5, 6 }, { 6, 7 }, { 7, 5 } } } },
    { "a ring with a tail", { .count = 4, .maps = { { 3, 4 }, { 4, 5 }, { 5, 3 }, { 5, 6 } } } },
    { "a ring and itself", { .count = 3, .maps = { { 3, 4 }, { 4, 3 }, { 5, 5 } } } },
    { "holes", { .count = 4, .maps = { { 3, 90 }, { 90, 17 }, { 17, 5 }, { 60, 9 } } } },
    { "a fan", { .count = 6, .maps = { { 9, 3 }, { 9, 4 }, { 9, 5 }, { 3, 9 }, { 9, 20 }, { 9, 21 } } } },
    { "high ones", { .count = 3, .maps = { { 900, 3 }, { 3, 901 }, { 901, 900 } } } },
};

TEST_BOTH(all_entries_act_at_once)
{
    need_native();
    for (size_t i = 0; i < sizeof shuffles / sizeof *shuffles; i++)
        check_shuffle(shuffles[i].shuffle, shuffles[i].name, ALL_MODES);
}

/* All assignments of 0, 1 and 2 to 0, 1 and 2. */
TEST_BOTH(standard_streams_in_every_order)
{
    need_native();
    for (int way = 0; way < 27; way++) {
        struct shuffle shuffle = { .count = 3, .maps = { { way % 3, 0 }, { way / 3 % 3, 1 }, { way / 9, 2 } } };
        check_shuffle(shuffle, text("%d%d%d", way % 3, way / 3 % 3, way / 9), (way + way / 3 + way / 9) % 3);
    }
}

/* The caller has only 0 to 2 and 100 open, so the descriptors that the library makes get exactly these numbers. */
TEST_BOTH(targets_may_be_numbers_that_the_library_uses)
{
    need_native();
    struct shuffle all = { .count = 40 };
    for (int i = 0; i < all.count; i++)
        memcpy(all.maps[i], (int[]){ 100, 3 + i }, sizeof all.maps[i]);
    check_shuffle(all, "all at once", ALL_MODES);
    for (int target = 3; target < 12; target++)
        check_shuffle((struct shuffle){ .count = 1, .maps = { { 100, target } } }, text("target %d", target),
            target % 3);
}

struct near_limit {
    struct shuffle shuffle;
    int limit;
};

static void ask_near_limit(struct forkexec_attr *attr, const void *what)
{
    const struct near_limit *near = what;
    ask_for_shuffle(attr, &near->shuffle);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)near->limit;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* The highest number that the limit allows, as source and as target, with a cycle that needs a free number. */
TEST_BOTH(numbers_up_to_the_limit)
{
    need_native();
    struct near_limit near = { .limit = 256, .shuffle = { .folder = scratch(), .flags = O_CLOEXEC, .count = 6,
        .maps = { { 255, 3 }, { 3, 255 }, { 3, 254 }, { 254, 253 }, { 253, 252 }, { 3, 251 } } } };
    EACH_MODE(mode) {
        const char *heard = spawn_from_fork(*mode, ask_near_limit, &near);
        for (int i = 0; i < near.shuffle.count; i++)
            assert_said(heard, text("fd.%d", near.shuffle.maps[i][1]),
                scratch_path(text("%d", near.shuffle.maps[i][0])), "mode %u", *mode);
        assert_said(heard, "fds", numbers_of(&near.shuffle), "mode %u", *mode);
    }
}

/* Descriptors that were opened before the limit was lowered may be above it. */
TEST_BOTH(a_source_may_lie_above_the_limit)
{
    need_native();
    struct near_limit near = { .limit = 256, .shuffle = { .folder = scratch(), .count = 2,
        .maps = { { 700, 3 }, { 701, 5 } } } };
    EACH_MODE(mode) {
        const char *heard = spawn_from_fork(*mode, ask_near_limit, &near);
        assert_said(heard, "fd.3", scratch_path("700"), "mode %u", *mode);
        assert_said(heard, "fds", "0 1 2 3 5 200", "mode %u", *mode);
    }
}

TEST_BOTH(a_target_may_not_lie_above_the_limit)
{
    need_native();
    struct near_limit near = { .limit = 256, .shuffle = { .folder = scratch(), .count = 3,
        .maps = { { 5, 6 }, { 5, 256 }, { 5, 7 } } } };
    EACH_MODE(mode) /* the pipe is entry 0 */
        assert_failed(spawn_from_fork(*mode, ask_near_limit, &near), FORKEXEC_STAGE_FD_MAP, EBADF, 2, "mode %u", *mode);
}

/* The descriptors that the caller has open besides 0 to 2. */
struct open_ones {
    const char *folder;
    int fds[16], flags[16];
    int count, close_mask, limit;
    bool inherit;
};

static void ask_with_open_ones(struct forkexec_attr *attr, const void *what)
{
    const struct open_ones *open = what;
    for (int i = 0; i < open->count; i++)
        open_at(open->folder, open->fds[i], open->flags[i]);
    if (open->inherit)
        forkexec_attr_inherit_fds(attr);
    for (int fd = 0; fd < 3; fd++)
        if (open->close_mask >> fd & 1)
            close(fd);
    if (open->limit) {
        struct rlimit limit;
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = (rlim_t)open->limit;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void check_open(struct open_ones open, const char *fds)
{
    open.folder = scratch();
    EACH_MODE(mode) {
        const char *heard = spawn_from_fork(*mode, ask_with_open_ones, &open);
        assert_said(heard, "fds", fds, "mode %u, closed %d", *mode, open.close_mask);
        assert_said(heard, "cloexec", "", "mode %u, closed %d", *mode, open.close_mask);
    }
}

TEST_BOTH(what_was_not_asked_for_is_closed)
{
    need_native();
    check_open((struct open_ones){ .count = 7, .fds = { 3, 4, 6, 50, 51, 300, 1000 },
        .flags = { 0, O_CLOEXEC, 0, 0, O_CLOEXEC, 0, 0 } }, "0 1 2 200");
}

/* Without close_range(2), without a descriptor table of the child's own, or without a list of open descriptors. */
struct hindered {
    const char *folder;
    bool inherit, no_table, unlisted;
};

static void ask_hindered(struct forkexec_attr *attr, const void *what)
{
    static const struct denial denials[] = { { SYS_close_range, ENOSYS, { { 0 } } },
        { SYS_unshare, EPERM, { { IS, 0, CLONE_FILES } } },
        { SYS_openat, ENOENT, { { IS, 2, O_RDONLY | O_DIRECTORY | O_CLOEXEC } } } };
    static const int open[] = { 3, 4, 5, 6, 7, 8, 9, 50, 99, 100, 301, 1000 };
    const struct hindered *hindered = what;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (open[i] != out_fd)
            open_at(hindered->folder, open[i], 0);
    if (hindered->inherit) {
        forkexec_attr_inherit_fds(attr);
        forkexec_attr_close_fds_from(attr, 9);
    } else {
        forkexec_attr_map_fd(attr, 5, 5);
        forkexec_attr_map_fd(attr, 8, 8);
    }
    /* Only a list shows what is above the limit. */
    if (!hindered->unlisted)
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 256, 256 });
    deny(denials, hindered->unlisted ? 3 : hindered->no_table ? 2 : 1);
}

TEST_BOTH(what_was_not_asked_for_is_closed_one_by_one)
{
    need_native();
    for (int way = 0; way < 6; way++) {
        struct hindered hindered = { scratch(), way & 1, way / 2 == 1, way / 2 == 2 };
        out_fd = hindered.inherit ? 7 : OUT_USUALLY;
        EACH_MODE(mode) {
            const char *heard = spawn_from_fork(*mode, ask_hindered, &hindered);
            assert_said(heard, "fds", hindered.inherit ? "0 1 2 3 4 5 6 7 8" : "0 1 2 5 8 200", "way %d, mode %u", way, *mode);
            assert_said(heard, "fd.5", scratch_path("5"), "way %d, mode %u", way, *mode);
        }
        out_fd = OUT_USUALLY;
    }
}

TEST_BOTH(what_lies_above_a_lowered_limit_is_closed)
{
    need_native();
    check_open((struct open_ones){ .count = 3, .fds = { 3, 500, 1000 }, .limit = 256 }, "0 1 2 200");
}

TEST_BOTH(inherited_are_those_that_do_not_close_on_exec)
{
    need_native();
    check_open((struct open_ones){ .count = 7, .fds = { 3, 4, 6, 50, 51, 300, 1000 },
        .flags = { 0, O_CLOEXEC, 0, 0, O_CLOEXEC, 0, 0 }, .inherit = true }, "0 1 2 3 6 50 200 300 1000");
    check_open((struct open_ones){ .count = 3, .fds = { 3, 500, 1000 }, .limit = 256, .inherit = true },
        "0 1 2 3 200 500 1000");
}

/* The library's own descriptors get these numbers then, and must not reach the program through them. */
TEST_BOTH(standard_streams_that_the_caller_lacks)
{
    need_native();
    for (int mask = 1; mask < 8; mask++) {
        const char *left = "";
        for (int fd = 0; fd < 3; fd++)
            if (!(mask >> fd & 1))
                left = text("%s%d ", left, fd);
        check_open((struct open_ones){ .close_mask = mask }, text("%s200", left));
        check_open((struct open_ones){ .close_mask = mask, .inherit = true, .count = 1, .fds = { 7 } },
            text("%s7 200", left));
    }
}

static void ask_for_lacking(struct forkexec_attr *attr, const void *what)
{
    ask_with_open_ones(attr, what);
    for (int fd = 0; fd < 3; fd++)
        forkexec_attr_map_fd(attr, 8, fd);
    forkexec_attr_map_fd(attr, 9, 4);
}

TEST_BOTH(standard_streams_that_the_caller_lacks_are_given)
{
    need_native();
    for (int mask = 1; mask < 8; mask++)
        EACH_MODE(mode) {
            struct open_ones open = { .folder = scratch(), .close_mask = mask, .count = 2, .fds = { 8, 9 } };
            const char *heard = spawn_from_fork(*mode, ask_for_lacking, &open);
            for (int fd = 0; fd < 3; fd++)
                assert_said(heard, text("fd.%d", fd), scratch_path("8"), "mode %u, closed %d", *mode, mask);
            assert_said(heard, "fd.4", scratch_path("9"), "mode %u, closed %d", *mode, mask);
            assert_said(heard, "fds", "0 1 2 4 200", "mode %u, closed %d", *mode, mask);
        }
}

TEST_BOTH(standard_streams_that_close_on_exec)
{
    need_native();
    check_open((struct open_ones){ .count = 2, .fds = { 0, 2 }, .flags = { O_CLOEXEC, O_CLOEXEC } }, "1 200");
    check_open((struct open_ones){ .count = 2, .fds = { 0, 2 }, .flags = { O_CLOEXEC, O_CLOEXEC }, .inherit = true },
        "1 200");
}

/* Every number is open or is a target, except those that the library needs in the caller. */
struct many_fds {
    const char *folder;
    int last_open, first_target, limit;
};

static void ask_with_many_fds(struct forkexec_attr *attr, const void *what)
{
    const struct many_fds *open = what;
    for (int fd = 3; fd <= open->last_open; fd++)
        if (fd != out_fd)
            open_at(open->folder, fd, 0);
    forkexec_attr_inherit_fds(attr);
    for (int fd = open->first_target; fd < open->limit; fd++)
        forkexec_attr_map_fd(attr, 3, fd);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)open->limit;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Inherited descriptors fill the numbers below the targets. Whether or not the library's descriptors fit between them, no
 * target may overwrite one. */
TEST_BOTH(inherited_descriptors_leave_few_free_numbers)
{
    need_native();
    out_fd = 10;
    for (int last_open = 30; last_open < 46; last_open++)
        EACH_MODE(mode) {
            struct many_fds open = { scratch(), last_open, 46, 64 };
            const char *heard = spawn_from_fork(*mode, ask_with_many_fds, &open);
            const char *failure = said(heard, "failed");
            if (last_open > 33 && failure && strstr(failure, text("code %d", EMFILE)))
                continue; /* fewer than twelve numbers are free */
            for (int fd = 46; fd < 64; fd++)
                assert_said(heard, text("fd.%d", fd), scratch_path("3"), "mode %u, %d open", *mode, last_open);
            assert_said(heard, text("fd.%d", last_open), scratch_path(text("%d", last_open)), "mode %u, %d open", *mode,
                last_open);
        }
    out_fd = OUT_USUALLY;
}

enum { MANY = 19000 };

static void ask_with_many(struct forkexec_attr *attr, const void *what)
{
    const struct shuffle *shuffle = what;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = MANY + 1000;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        _exit(102);
    for (int i = 0; i < shuffle->count; i++)
        open_at(shuffle->folder, shuffle->maps[i][0], 0);
    for (int fd = 3; fd < MANY; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            dup2(2, fd);
    for (int i = 0; i < shuffle->count; i++)
        forkexec_attr_map_fd(attr, shuffle->maps[i][0], shuffle->maps[i][1]);
}

TEST_BOTH(many_thousands_open)
{
    need_native();
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    need(limit.rlim_max >= MANY + 1000, "the hard limit on descriptors is only %lu", (unsigned long)limit.rlim_max);
    struct shuffle shuffle = { .folder = scratch(), .count = 3, .maps = { { 3, MANY + 5 }, { MANY - 5, 3 }, { 7, 8 } } };
    EACH_MODE(mode) {
        const char *heard = spawn_from_fork(*mode, ask_with_many, &shuffle);
        assert_said(heard, "fds", numbers_of(&shuffle), "mode %u", *mode);
        assert_said(heard, "fd.3", scratch_path(text("%d", MANY - 5)), "mode %u", *mode);
        assert_said(heard, text("fd.%d", MANY + 5), scratch_path("3"), "mode %u", *mode);
    }
}

/* The program's limit is set after the descriptors are moved. */
TEST_BOTH(the_limit_may_lie_below_the_targets)
{
    need_native();
    EACH_MODE(mode) {
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        OK(forkexec_attr_map_fd(attr, 0, 30));
        OK(forkexec_attr_map_fd(attr, 1, 100));
        OK(forkexec_attr_open_fd(attr, 50, "/dev/null", O_RDONLY, 0));
        OK(forkexec_attr_set_rlimit(attr, RLIMIT_NOFILE, 16, 16));
        struct view *view = run_reporter(attr);
        assert_saw(view, "fds", "0 1 2 30 50 100");
        assert_saw(view, "rlimit.NOFILE", "16 16");
    }
}

TEST(the_caller_may_close_what_a_held_child_got)
{
    EACH_MODE(mode) {
        int pair[2], program = open(reporter, O_RDONLY | O_CLOEXEC);
        char byte = 0;
        struct forkexec_attr *attr = new_attr();
        struct forkexec_child *child;
        OK(pipe2(pair, O_CLOEXEC));
        OK(forkexec_attr_set_memory_mode(attr, *mode));
        OK(forkexec_attr_map_fd(attr, pair[1], 1));
        OK(forkexec_attr_set_exec_fd(attr, program));
        OK(forkexec_start(attr, NULL, (char *[]){ "x", "print", "!", NULL }, NULL, &child, NULL));
        close(pair[1]);
        close(program);
        OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
        assert_int_equal(finish(child).exit_code, 0);
        assert_int_equal(read(pair[0], &byte, 1), 1);
        assert_int_equal(byte, '!');
        close(pair[0]);
        forkexec_close(child);
    }
}

TEST(refused_numbers)
{
    static const int bad[][2] = { { -1, 3 }, { 3, -1 }, { -2, 0 }, { INT32_MIN, INT32_MIN } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct forkexec_attr *attr = new_attr();
        assert_int_equal(forkexec_attr_map_fd(attr, bad[i][0], bad[i][1]), -EBADF);
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, -1);
    }
    assert_int_equal(forkexec_attr_map_fd(NULL, 0, 0), -EINVAL);
    assert_int_equal(forkexec_attr_inherit_fds(NULL), -EINVAL);
}

TEST_BOTH(a_source_that_is_not_open)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_map_fd(attr, 0, 5));
    OK(forkexec_attr_map_fd(attr, 1000, 6));
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, 1);
}

TEST_BOTH(a_second_entry_for_a_target_replaces_the_first)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_map_fd(attr, 1000, 5));
    OK(forkexec_attr_map_fd(attr, 0, 6));
    OK(forkexec_attr_map_fd(attr, 1, 5));
    struct view *view = run_reporter(attr);
    assert_saw(view, "fds", "0 1 2 5 6");
    assert_string_equal(saw(view, "fd.5"), saw(view, "fd.1"));

    OK(forkexec_attr_map_fd(attr, 1001, 5)); /* still entry 0 */
    assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, EBADF, 0);
}
