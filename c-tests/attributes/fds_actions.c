/* Actions on the program's descriptors: they follow the entries of map_fd, one after the other, in call order. */
#define _GNU_SOURCE
#include "spawn_from_fork.h"

#include <sys/resource.h>
#include <sys/stat.h>

enum kind { OPEN, DUP, CLOSE, FROM, ENTER, ENTER_FD, MAP };
struct step {
    enum kind kind;
    int fd, other; /* OPEN: target, flags. DUP, MAP: source, target */
    const char *path;
};

/* A list of steps that ends with an empty one. The caller has these numbers open; number N is the file SCRATCH/N. */
struct steps {
    const char *name;
    struct step steps[12];
    const char *fds; /* what the program has open in the end, except the reporter's pipe */
    int open[12];    /* ends with 0 */
    int cloexec;     /* flags of these descriptors: 0 if not given, or O_CLOEXEC */
};

static void take(struct forkexec_attr *attr, const struct step *step)
{
    char path[4200]; /* closed before the spawn */
    snprintf(path, sizeof path, "%s", step->path ? step->path : "");
    switch (step->kind) {
    case OPEN:
        forkexec_attr_open_fd(attr, step->fd, path, step->other, 0666);
        break;
    case DUP:
        forkexec_attr_dup_fd(attr, step->fd, step->other);
        break;
    case CLOSE:
        forkexec_attr_close_fd(attr, step->fd);
        break;
    case FROM:
        forkexec_attr_close_fds_from(attr, step->fd);
        break;
    case ENTER:
        forkexec_attr_enter_directory(attr, path);
        break;
    case ENTER_FD:
        forkexec_attr_enter_directory_fd(attr, step->fd);
        break;
    case MAP:
        forkexec_attr_map_fd(attr, step->fd, step->other);
    }
    memset(path, 'x', sizeof path - 1);
}

static bool is_step(const struct step *step)
{
    return step->kind != OPEN || step->path;
}

static void ask_for_steps(struct forkexec_attr *attr, const void *what)
{
    const struct steps *steps = what;
    const char *folder = getenv("FOLDER");
    char path[64];
    for (const int *fd = steps->open; *fd; fd++)
        open_at(folder, *fd, steps->cloexec);
    if (chdir(folder))
        _exit(102);
    for (const struct step *step = steps->steps; is_step(step); step++)
        take(attr, step);
    /* The reporter's pipe, which the steps may have closed. */
    snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), out_fd);
    forkexec_attr_open_fd(attr, out_fd, path, O_WRONLY, 0);
}

static const char *in_steps(uint32_t mode, const struct steps *steps)
{
    setenv("FOLDER", scratch(), 1);
    mkdir(scratch_path("d"), 0777);
    const char *heard = spawn_from_fork(mode, ask_for_steps, steps);
    unsetenv("FOLDER");
    return heard;
}

#define NULL_TO(fd) { OPEN, fd, O_RDWR, "/dev/null" }

static const struct steps cases[] = {
    { "nothing", { { .kind = CLOSE, .fd = 9 } }, "0 1 2", { 5 }, 0 },
    { "after the map", { { DUP, 4, 7, 0 }, { MAP, 5, 4, 0 }, { .kind = CLOSE, .fd = 4 } }, "0 1 2 7", { 5 }, 0 },
    { "in call order", { { MAP, 5, 4, 0 }, { .kind = CLOSE, .fd = 4 }, NULL_TO(4), { DUP, 4, 6, 0 } }, "0 1 2 4 6", { 5 }, 0 },
    { "a chain", { { MAP, 5, 3, 0 }, { DUP, 3, 4, 0 }, { DUP, 4, 6, 0 }, { DUP, 6, 3, 0 } }, "0 1 2 3 4 6", { 5 }, 0 },
    { "over what the caller has there", { { MAP, 5, 4, 0 }, { DUP, 4, 6, 0 } }, "0 1 2 4 6", { 4, 5, 6 }, O_CLOEXEC },
    { "standard ones", { { DUP, 0, 5, 0 }, { DUP, 1, 6, 0 }, { DUP, 2, 7, 0 } }, "0 1 2 5 6 7", { 0 }, 0 },
    { "no standard ones", { { .kind = CLOSE, .fd = 0 }, { .kind = CLOSE, .fd = 1 }, { .kind = CLOSE, .fd = 2 } }, "", { 0 }, 0 },
    { "closed twice", { { .kind = CLOSE, .fd = 1 }, { .kind = CLOSE, .fd = 1 } }, "0 2", { 0 }, 0 },
    { "the last number closed", { { .kind = CLOSE, .fd = INT32_MAX } }, "0 1 2", { 0 }, 0 },
    { "opened to close on exec", { { OPEN, 7, O_RDWR | O_CLOEXEC, "/dev/null" }, { DUP, 7, 8, 0 } }, "0 1 2 8", { 0 }, 0 },
    { "kept by a copy to itself", { { OPEN, 7, O_RDWR | O_CLOEXEC, "/dev/null" }, { DUP, 7, 7, 0 } }, "0 1 2 7", { 0 }, 0 },
    { "opened over another", { { MAP, 5, 4, 0 }, NULL_TO(4), NULL_TO(0) }, "0 1 2 4", { 5 }, O_CLOEXEC },
    { "the lowest, the highest", { NULL_TO(3), NULL_TO(150) }, "0 1 2 3 150", { 3, 4, 5, 150 }, 0 },
    { "all closed", { { .kind = FROM, .fd = 0 } }, "", { 3, 4, 5 }, 0 },
    { "closed from the middle", { { MAP, 5, 3, 0 }, { MAP, 5, 4, 0 }, { MAP, 5, 6, 0 }, { .kind = FROM, .fd = 4 } },
        "0 1 2 3", { 5 }, 0 },
    { "closed from a gap", { { MAP, 5, 3, 0 }, { MAP, 5, 90, 0 }, { .kind = FROM, .fd = 20 } }, "0 1 2 3", { 5 }, 0 },
    { "closed from the last", { { MAP, 5, 3, 0 }, { MAP, 5, 4, 0 }, { .kind = FROM, .fd = 4 } }, "0 1 2 3", { 5 }, 0 },
    { "closed from above all", { { MAP, 5, 3, 0 }, { .kind = FROM, .fd = INT32_MAX } }, "0 1 2 3", { 5 }, 0 },
    { "opened where all was closed", { { MAP, 5, 3, 0 }, { .kind = FROM, .fd = 1 }, NULL_TO(9), { DUP, 9, 1, 0 }, NULL_TO(4),
        { .kind = CLOSE, .fd = 9 } }, "0 1 4", { 5 }, 0 },
    { "a directory by its number", { { OPEN, 6, O_RDONLY | O_DIRECTORY | O_CLOEXEC, "d" }, { .kind = ENTER_FD, .fd = 6 },
        { OPEN, 3, O_RDONLY, "../d" } }, "0 1 2 3", { 0 }, 0 },
};

TEST_BOTH(actions_happen_in_call_order)
{
    need_native();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EACH_MODE(mode) {
            const char *heard = in_steps(*mode, cases + i);
            assert_said(heard, "fds", text("%s%s200", cases[i].fds, *cases[i].fds ? " " : ""), "%s, mode %u",
                cases[i].name, *mode);
            assert_said(heard, "cloexec", "", "%s, mode %u", cases[i].name, *mode);
        }
}

/* What the error of a failing spawn contains: the stage, and the index among all actions. */
static const struct {
    struct steps steps;
    int stage, code, index;
} failures[] = {
    { { "no such file", { NULL_TO(4), { OPEN, 5, O_RDONLY, "nothing" } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, ENOENT, 1 },
    { { "no directory", { NULL_TO(4), { .kind = ENTER, .path = "/dev/null" } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, ENOTDIR, 1 },
    { { "nowhere", { { .kind = ENTER, .path = "nowhere" } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, ENOENT, 0 },
    { { "no directory by number", { NULL_TO(4), { .kind = ENTER_FD, .fd = 4 } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, ENOTDIR, 1 },
    { { "a directory to write", { { OPEN, 4, O_RDWR, "d" } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, EISDIR, 0 },
    { { "exists", { { OPEN, 4, O_RDWR | O_CREAT | O_EXCL, "d" } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, EEXIST, 0 },
    { { "not the program's", { NULL_TO(4), { DUP, 5, 6, 0 } }, 0, { 5 }, 0 }, FORKEXEC_STAGE_FD_ACTION, EBADF, 1 },
    { { "not open at all", { { DUP, 8, 6, 0 } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, EBADF, 0 },
    { { "closed before", { { MAP, 5, 4, 0 }, { .kind = CLOSE, .fd = 4 }, { DUP, 4, 6, 0 } }, 0, { 5 }, 0 },
        FORKEXEC_STAGE_FD_ACTION, EBADF, 1 },
    { { "closed with others", { { MAP, 5, 4, 0 }, { .kind = FROM, .fd = 3 }, { DUP, 4, 4, 0 } }, 0, { 5 }, 0 },
        FORKEXEC_STAGE_FD_ACTION, EBADF, 1 },
    { { "a directory that is not the program's", { { .kind = ENTER_FD, .fd = 5 } }, 0, { 5 }, 0 },
        FORKEXEC_STAGE_FD_ACTION, EBADF, 0 },
    { { "a copy above the limit", { NULL_TO(4), { DUP, 4, INT32_MAX, 0 } }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, EBADF, 1 },
    { { "opened above the limit", { NULL_TO(4), NULL_TO(INT32_MAX) }, 0, { 0 }, 0 }, FORKEXEC_STAGE_FD_ACTION, EBADF, 1 },
};

TEST_BOTH(actions_that_fail)
{
    need_native();
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        EACH_MODE(mode)
            assert_failed(in_steps(*mode, &failures[i].steps), failures[i].stage, failures[i].code, failures[i].index,
                "%s, mode %u", failures[i].steps.name, *mode);
}

/* A close-on-exec standard stream is open while the actions run, and so is every inherited descriptor. */
static void ask_for_copies_of_closing_ones(struct forkexec_attr *attr, const void *what)
{
    open_at(what, 0, O_CLOEXEC);
    open_at(what, 7, O_CLOEXEC);
    forkexec_attr_inherit_fds(attr);
    forkexec_attr_dup_fd(attr, 0, 5);
    forkexec_attr_dup_fd(attr, 7, 8);
}

static void ask_for_a_copy_of_stdin(struct forkexec_attr *attr, const void *what)
{
    open_at(what, 0, O_CLOEXEC);
    forkexec_attr_dup_fd(attr, 0, 5);
}

/* The number of the program, which is a different descriptor in the caller. */
static void ask_for_a_copy_of_what_is_mapped(struct forkexec_attr *attr, const void *what)
{
    open_at(what, 3, O_CLOEXEC);
    forkexec_attr_map_fd(attr, 0, 3);
    forkexec_attr_dup_fd(attr, 3, 5);
}

TEST_BOTH(copies_of_what_closes_on_exec)
{
    need_native();
    EACH_MODE(mode) {
        const char *heard = spawn_from_fork(*mode, ask_for_a_copy_of_stdin, scratch());
        assert_said(heard, "fds", "1 2 5 200", "mode %u", *mode);
        heard = spawn_from_fork(*mode, ask_for_a_copy_of_what_is_mapped, scratch());
        assert_said(heard, "fds", "0 1 2 3 5 200", "mode %u, mapped", *mode);
        heard = spawn_from_fork(*mode, ask_for_copies_of_closing_ones, scratch());
        assert_said(heard, "fds", "1 2 5 8 200", "mode %u, inherited", *mode);
        assert_said(heard, "fd.8", scratch_path("7"), "mode %u, inherited", *mode);
    }
}

/* The caller has only the reporter's pipe open. Actions must not reach the library's own descriptors. */
struct own {
    int number;
    bool inherit, enter;
};

static void ask_for_an_own_one(struct forkexec_attr *attr, const void *what)
{
    const struct own *own = what;
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    if (own->inherit)
        forkexec_attr_inherit_fds(attr);
    if (own->enter)
        forkexec_attr_enter_directory_fd(attr, own->number);
    else
        forkexec_attr_dup_fd(attr, own->number, 50);
}

TEST_BOTH(actions_cannot_use_the_librarys_descriptors)
{
    need_unemulated("a copy has the files of the image, which is not executed there");
    need_native();
    for (int number = 0; number < 9; number++)
        for (int way = 0; way < 4; way++)
            EACH_MODE(mode) {
                struct own own = { number, way & 1, way & 2 };
                assert_failed(spawn_from_fork(*mode, ask_for_an_own_one, &own), FORKEXEC_STAGE_FD_ACTION, EBADF, 0,
                    "number %d, way %d, mode %u", number, way, *mode);
            }
}

/* All numbers are in use: an opened file takes the number of one that is closed for it. */
static void ask_with_a_full_table(struct forkexec_attr *attr, const void *what)
{
    struct rlimit limit = { 32, 32 };
    open_at(what, 3, 0);
    for (int fd = 4; fd < 24; fd++)
        if (fd != out_fd)
            dup2(3, fd);
    forkexec_attr_inherit_fds(attr);
    for (int fd = 24; fd < 32; fd++)
        forkexec_attr_map_fd(attr, 3, fd);
    forkexec_attr_open_fd(attr, 8, "/dev/null", O_RDONLY, 0);
    forkexec_attr_open_fd(attr, 31, "/dev/null", O_RDONLY, 0);
    setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(opening_in_a_full_table)
{
    need_native();
    need_probe(FORKEXEC_PROBE_SHARED_MEMORY); /* a copied child has its own descriptors, so there is no free number */
    out_fd = 20;
    const char *heard = spawn_from_fork(FORKEXEC_MEMORY_AUTO, ask_with_a_full_table, scratch());
    out_fd = OUT_USUALLY;
    assert_said(heard, "fd.8", "/dev/null", "full");
    assert_said(heard, "fd.31", "/dev/null", "full");
    assert_said(heard, "fd.30", scratch_path("3"), "full");
}

/* Closes up to the limit. Some of these numbers are the library's own, which must stay open until execve. */
static void ask_to_close_all(struct forkexec_attr *attr, const void *what)
{
    struct rlimit limit = { 32, 32 };
    if (has_exec_fd)
        forkexec_attr_set_exec_fd(attr, open(reporter, O_RDONLY | O_CLOEXEC));
    forkexec_attr_map_fd(attr, 0, 31);
    for (int fd = *(const int *)what; fd < 32; fd++)
        if (fd != out_fd)
            forkexec_attr_close_fd(attr, fd);
    setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_BOTH(closing_up_to_the_limit)
{
    need_native();
    out_fd = 20;
    for (int first = 3; first < 32; first += 9)
        for (int given = 0; given < 2; given++)
            EACH_MODE(mode) {
                has_exec_fd = given;
                assert_said(spawn_from_fork(*mode, ask_to_close_all, &first), "fds", "0 1 2 20", "from %d, mode %u, %s", first,
                    *mode, given ? "by a descriptor" : "by its path");
            }
    has_exec_fd = false;
    out_fd = OUT_USUALLY;
}

/* The content of a small file. */
static const char *content(const char *path)
{
    char bytes[256] = "";
    FILE *in = fopen(path, "re");
    size_t n = in ? fread(bytes, 1, sizeof bytes - 1, in) : 0;
    if (in)
        fclose(in);
    return text("%.*s", (int)n, bytes);
}

static void put(const char *path, const char *what)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    fputs(what, out);
    fclose(out);
}

static int shell(struct forkexec_attr *attr, const char *script)
{
    return finish(start(attr, "/bin/sh", (char *[]){ "sh", "-c", (char *)script, NULL }, NULL)).exit_code;
}

TEST_BOTH(flags_of_opened_files)
{
    const char *path = scratch_path("file");
    static const struct {
        int flags;
        const char *after;
    } table[] = { { O_WRONLY | O_APPEND, "before\nnew\n" }, { O_WRONLY | O_TRUNC, "new\n" }, { O_WRONLY, "new\nre\n" },
        { O_WRONLY | O_CREAT, "new\nre\n" } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        put(path, "before\n");
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_open_fd(attr, 1, path, table[i].flags, 0));
        assert_int_equal(reporter_exits(attr, "print", "new"), 0);
        assert_string_equal(content(path), table[i].after);
    }
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_open_fd(attr, 3, path, O_RDONLY, 0));
    OK(forkexec_attr_open_fd(attr, 2, "/dev/null", O_WRONLY, 0));
    assert_int_not_equal(shell(attr, "echo no >&3"), 0);
    assert_string_equal(content(path), "new\nre\n");
}

TEST_BOTH(created_files_have_the_programs_umask)
{
    static const struct {
        int umask;
        mode_t mode, is;
    } table[] = { { 0, 0666, 0666 }, { 027, 0666, 0640 }, { 077, 0777, 0700 }, { 0777, 0644, 0 }, { 0, 0600, 0600 } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *path = scratch_path(text("made%zu", i));
        struct stat status;
        struct forkexec_attr *attr = new_attr();
        OK(forkexec_attr_set_umask(attr, (uint32_t)table[i].umask));
        OK(forkexec_attr_open_fd(attr, 3, path, O_WRONLY | O_CREAT | O_EXCL, table[i].mode));
        assert_int_equal(reporter_exits(attr, "exit", "0"), 0);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, table[i].is);
    }
}

TEST_BOTH(copies_share_one_position)
{
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_open_fd(attr, 3, scratch_path("shared"), O_WRONLY | O_CREAT, 0600));
    OK(forkexec_attr_dup_fd(attr, 3, 4));
    assert_int_equal(shell(attr, "echo one >&3; echo two >&4; echo three >&3"), 0);
    assert_string_equal(content(scratch_path("shared")), "one\ntwo\nthree\n");
}

TEST_BOTH(directories_are_entered_in_call_order)
{
    OK(mkdir(scratch_path("a"), 0777));
    OK(mkdir(scratch_path("a/b"), 0777));
    OK(symlink(reporter, scratch_path("a/b/program")));
    struct forkexec_attr *attr = new_attr();
    OK(forkexec_attr_set_cwd(attr, scratch()));
    OK(forkexec_attr_open_fd(attr, 3, "zero", O_WRONLY | O_CREAT, 0600));
    OK(forkexec_attr_enter_directory(attr, "a"));
    OK(forkexec_attr_open_fd(attr, 3, "one", O_WRONLY | O_CREAT, 0600));
    OK(forkexec_attr_open_fd(attr, 4, "b", O_RDONLY | O_DIRECTORY, 0));
    OK(forkexec_attr_enter_directory(attr, ".."));
    OK(forkexec_attr_open_fd(attr, 3, "two", O_WRONLY | O_CREAT, 0600));
    OK(forkexec_attr_enter_directory_fd(attr, 4));
    OK(forkexec_attr_open_fd(attr, 3, "../three", O_WRONLY | O_CREAT, 0600));
    struct view *view = run_reporter(attr, .path = "./program");
    assert_saw(view, "cwd", text("%s/b", scratch_path("a")));
    const char *const made[] = { "zero", "a/one", "two", "a/three" };
    for (int i = 0; i < 4; i++)
        assert_true(exists(scratch_path(made[i])));
}

TEST(refused_actions)
{
    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
#define REFUSED(code, call) \
    do { \
        struct forkexec_attr *attr = new_attr(); \
        assert_int_equal(call, -(code)); \
        assert_spawn_fails(attr, NULL, FORKEXEC_STAGE_VALIDATE, code, -1); \
    } while (0)
    REFUSED(EBADF, forkexec_attr_open_fd(attr, -1, "/dev/null", O_RDONLY, 0));
    REFUSED(EINVAL, forkexec_attr_open_fd(attr, 3, NULL, O_RDONLY, 0));
    REFUSED(EINVAL, forkexec_attr_open_fd(attr, 3, "", O_RDONLY, 0));
    REFUSED(EINVAL, forkexec_attr_open_fd(attr, 3, "/dev/null", O_RDONLY, 010000));
    REFUSED(ENAMETOOLONG, forkexec_attr_open_fd(attr, 3, longer, O_RDONLY, 0));
    REFUSED(EBADF, forkexec_attr_dup_fd(attr, -1, 3));
    REFUSED(EBADF, forkexec_attr_dup_fd(attr, 3, -1));
    REFUSED(EBADF, forkexec_attr_close_fd(attr, -2));
    REFUSED(EBADF, forkexec_attr_close_fds_from(attr, -1));
    REFUSED(EINVAL, forkexec_attr_enter_directory(attr, NULL));
    REFUSED(EINVAL, forkexec_attr_enter_directory(attr, ""));
    REFUSED(ENAMETOOLONG, forkexec_attr_enter_directory(attr, longer));
    REFUSED(EBADF, forkexec_attr_enter_directory_fd(attr, -1));
}
