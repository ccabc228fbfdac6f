/* What makes the library say each sentence of src/sentences.rs. The table comes from there: a sentence without a situation
 * does not compile, nor does a situation without a sentence.
 *
 *     SITUATION(NAME, need_root()) { ... says(spawned(attr), "cwd (/): %s: %s", strerror(EIO), sentence); }
 *     NOT_HERE(NAME, "why it cannot be made here")
 *
 * A situation is made in a copy of the test, so that it may deny, limit and lose what it likes (deny_calls.h). What it needs is
 * asked before. */
#ifndef SENTENCES_H
#define SENTENCES_H
#include "mount_requests.h"

#include <fcntl.h>
#include <linux/landlock.h>

#pragma GCC diagnostic error "-Wunused-function"

/* The harness must not make a child first: in some situations the child is the first one that the library makes. */
ONLY_COPIES_HAVE_CHILDREN

#define SITUATION(NAME, ...) \
    static void make_##NAME(const char *sentence); \
    static void in_copy_##NAME(const void *sentence) { make_##NAME(sentence); } \
    static void situation_##NAME(const char *sentence) { __VA_ARGS__; in_copy(in_copy_##NAME, sentence); } \
    static void make_##NAME(const char *sentence)

#define NOT_HERE(NAME, why) \
    static void situation_##NAME(const char *sentence) { skip_because("not made here: \"%s\": %s", sentence, why); }

/* Compares the two texts. */
#define says(said, ...) says_(said, text(__VA_ARGS__))
static inline void says_(const char *said, const char *should)
{
    if (strcmp(said, should))
        printf("# it says:      %s\n# and not:      %s\n", said, should);
    assert_string_equal(said, should);
}

/* A sentence with its parts in the places of "{}". */
#define filled(sentence, ...) filled_(sentence, (const char *[]){ __VA_ARGS__, NULL })
static inline const char *filled_(const char *sentence, const char *const *parts)
{
    const char *before = "", *hole;
    for (; (hole = strstr(sentence, "{}")) && *parts; parts++, sentence = hole + 2)
        before = text("%s%.*s%s", before, (int)(hole - sentence), sentence, *parts);
    assert_null(hole);
    assert_null(*parts);
    return text("%s%s", before, sentence);
}

/* Runs a probe in a process of its own, so that the test's process learns nothing from it. */
static inline bool has_in_copy(uint32_t feature)
{
    int status;
    pid_t pid = fork();
    if (!pid)
        _exit(forkexec_probe(feature, NULL, 0) != 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return !status;
}

static inline void need_of_copies(uint32_t feature)
{
    need(has_in_copy(feature), "needs what forkexec-run --probe denies (%u)", feature);
}

static char *const itself[] = { reporter, "exit", "0", NULL };

/* The message of a call that must fail. */
static inline const char *message_of(int result, const struct forkexec_error *error)
{
    assert_true(result < 0);
    return text("%s", error->message);
}

static inline const char *spawned_by(const struct forkexec_attr *attr, const char *path)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    return message_of(forkexec_spawn(attr, path, itself, NULL, &child, &error), &error);
}

static inline const char *spawned(const struct forkexec_attr *attr)
{
    return spawned_by(attr, reporter);
}

static inline const char *started(const struct forkexec_attr *attr)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    return message_of(forkexec_start(attr, reporter, itself, NULL, &child, &error), &error);
}

static inline const char *held(const struct forkexec_attr *attr)
{
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    return message_of(forkexec_hold(attr, &child, &error), &error);
}

static inline const char *released(struct forkexec_child *child, int64_t timeout)
{
    struct forkexec_error error;
    return message_of(forkexec_release(child, timeout, &error), &error);
}

static inline struct forkexec_child *a_held_child(const struct forkexec_attr *attr, const char *path)
{
    struct forkexec_child *child = NULL;
    OK(forkexec_start(attr, path, itself, NULL, &child, NULL));
    return child;
}

/* Makes the library try every call once, before one is denied. */
static inline void know_the_host(void)
{
    assert_int_equal(reporter_exits(new_attr(), "exit", "0"), 0);
}

static inline const char *answer(uint32_t feature)
{
    char why[512];
    assert_int_equal(forkexec_probe(feature, why, sizeof why), 0);
    return text("%s", why);
}

/* The line of a step in the dry run, without its number. */
static inline const char *described(const struct forkexec_attr *attr, const char *step)
{
    FILE *file = tmpfile();
    char line[4096];
    const char *found = "no such line";
    struct forkexec_error error;
    if (forkexec_describe(attr, reporter, itself, NULL, fileno(file), &error))
        return text("%s", error.message);
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        const char *rest = strncmp(line, "a child", 7) ? line + 4 : line;
        if (!strncmp(rest, step, strlen(step)))
            found = text("%s", rest);
    }
    fclose(file);
    return found;
}

#define LOWERS(...) ((const char *const[]){ __VA_ARGS__ })
/* Part of the message of every overlay mount here, besides that of new user namespaces. */
static inline const char *of_users(void)
{
    bool initial = !strcmp(link_of("/proc/self/ns/user"), "user:[4026531837]");
    return initial ? "" : ",userxattr";
}

#define SET(setter, ...) OK(forkexec_attr_##setter(attr, ##__VA_ARGS__))
#define DENY(name, errno_, ...) deny(&(struct denial){ SYS_##name, errno_, { __VA_ARGS__ } }, 1)
#define IF(argument, value) { IS, argument, (uint32_t)(value) }
#define UNLESS(argument, value) { IS_NOT, argument, (uint32_t)(value) }

#define ALLOW_ALL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
static const struct sock_filter allow_all = ALLOW_ALL;
static const struct sock_filter kill_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

/* A file with these bytes in the scratch directory. */
static inline const char *file_of(const char *name, const char *bytes, mode_t mode)
{
    const char *path = scratch_path(name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_int_equal(write(file, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(file);
    return path;
}

/* Namespaces of the copy's own, in which it is root. */
static inline void be_root_in_new(int types)
{
    const char *uid = text("0 %u 1", geteuid()), *gid = text("0 %u 1", getegid());
    assert_false(unshare(CLONE_NEWUSER | types));
    const char *const files[][2] = { { "/proc/self/setgroups", "deny" }, { "/proc/self/uid_map", uid },
        { "/proc/self/gid_map", gid } };
    for (int i = 0; i < 3; i++) {
        int file = open(files[i][0], O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(file, files[i][1], strlen(files[i][1])), (ssize_t)strlen(files[i][1]));
        close(file);
    }
    if (types & CLONE_NEWNS)
        assert_false(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* Mounts an empty file system over a directory. */
static inline void cover(const char *directory)
{
    assert_false(mount("cover", directory, "tmpfs", 0, NULL));
}

#endif
