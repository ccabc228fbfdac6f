/* Arguments that a setter refuses, and calls with NULL pointers. */
#ifndef SENTENCES_ARGUMENTS_H
#define SENTENCES_ARGUMENTS_H
#include "sentences.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define REFUSED_WITH(NAME, code, setter, ...) \
    SITUATION(NAME) \
    { \
        struct forkexec_attr *attr = new_attr(); \
        assert_int_equal(forkexec_attr_##setter(attr, ##__VA_ARGS__), -code); \
        says(spawned(attr), "validate (" #setter "): %s: %s", strerror(code), sentence); \
    }
#define REFUSED(NAME, ...) REFUSED_WITH(NAME, EINVAL, __VA_ARGS__)

/* A string of this many letters. */
static inline const char *letters(size_t n)
{
    static char all[8192];
    memset(all, 'a', sizeof all);
    all[n] = 0;
    return all;
}

static const uint32_t no_processor = 8192;

REFUSED(ARGUMENT_IS_NULL, set_hostname, NULL)
REFUSED(FILE_TOO_LONG, make_file, "/a", (const uint8_t *)"", 1 << 20, 0644)
REFUSED(LIST_NOT_ALIGNED, set_groups, (const uint32_t *)(const void *)((const char *)&no_processor + 1), 1)
REFUSED_WITH(FD_NEGATIVE, EBADF, map_fd, -1, 3)
REFUSED(PATH_EMPTY, set_cwd, "")
REFUSED_WITH(PATH_TOO_LONG, ENAMETOOLONG, set_cwd, letters(4096))
REFUSED(SEARCH_PATH_EMPTY, set_search_path, "")
REFUSED(VARIABLE_NAME, set_pid_variable, "A=B")
REFUSED(MEMORY_MODE, set_memory_mode, 99)
REFUSED(CWD_RIGHTS, set_cwd_rights, 99)
REFUSED(KEYRING_NAME, set_session_keyring, "")
REFUSED(LABEL_LENGTH, set_exec_label, "")
REFUSED(NEVER_IGNORED, set_signal_ignore, 1 << (SIGKILL - 1))
REFUSED(DEATH_OF_WHOM, set_parent_death_signal, SIGKILL, 99)
REFUSED(SIGNAL_NUMBER, set_parent_death_signal, 65, FORKEXEC_DEATH_OF_THREAD)
REFUSED(FILE_MODE, make_directory, "/a", 010000)
REFUSED(BIND_FLAGS, add_mount, "/", "/a", NULL, MS_BIND | MS_SYNCHRONOUS, NULL)
REFUSED(NO_SOURCE, add_mount, NULL, "/a", NULL, MS_BIND, NULL)
REFUSED(NO_TYPE, add_mount, "x", "/a", NULL, 0, NULL)
REFUSED_WITH(MOUNT_TOO_LONG, ENAMETOOLONG, add_mount, "x", "/a", "tmpfs", 0, letters(4096))
REFUSED(FLAG_OF_OTHERS, bind_mount, "/", "/a", 1u << 31)
REFUSED(REMOUNT_NOTHING, remount, "/", 0)
REFUSED(OVERLAY_OF_NONE, mount_overlay, NULL, 0, "/u", "/w", "/a", 0)
REFUSED(OVERLAY_OF_ONE, mount_overlay, LOWERS("/"), 1, NULL, NULL, "/a", 0)
REFUSED(OVERLAY_OF_MANY, mount_overlay, LOWERS("/"), 501, NULL, NULL, "/a", 0)
REFUSED(OVERLAY_NEEDS_BOTH, mount_overlay, LOWERS("/"), 1, "/u", NULL, "/a", 0)
REFUSED(OVERLAY_WRITTEN_TWICE, mount_overlay, LOWERS("/"), 1, "/u", "/w", "/a", FORKEXEC_MOUNT_IN_MEMORY)
REFUSED(INSIDE_SLASH, mask_path, "a")
REFUSED(INSIDE_DOTS, mask_path, "/a/..")
REFUSED(ROOT_ITSELF, mask_path, "/")
REFUSED(CAPABILITY_SETS, set_capabilities, 1u << 31, 0)
REFUSED(SECUREBITS, set_securebits, 1u << 31)
REFUSED(LANDLOCK_FS, add_landlock_path, "/", 0)
REFUSED(LANDLOCK_NET, add_landlock_port, 1, 0)
static const struct sockaddr_in at_80 = { .sin_family = AF_INET, .sin_port = 80 << 8, .sin_addr.s_addr = 0x0100007f };
static const struct sockaddr_in of_others = { .sin_family = 99 };
REFUSED_WITH(LISTEN_FAMILY, EAFNOSUPPORT, listen, SOCK_STREAM, &of_others, sizeof of_others, 1)
REFUSED(LISTEN_ADDRESS, listen, SOCK_STREAM, &at_80, 8, 1)
REFUSED(LISTEN_TYPE, listen, SOCK_RAW, &at_80, sizeof at_80, 1)
REFUSED(LISTEN_BACKLOG, listen, SOCK_STREAM, &at_80, sizeof at_80, -1)
REFUSED(TUN_NAME, open_tun, "a name", 1)
REFUSED(TUN_FLAGS, open_tun, "a", 3)
SITUATION(TOO_MANY_SOCKETS)
{
    struct forkexec_attr *attr = new_attr();
    for (int i = 0; i < 32; i++)
        SET(listen, SOCK_STREAM, &at_80, sizeof at_80, 1);
    assert_int_equal(forkexec_attr_listen(attr, SOCK_STREAM, &at_80, sizeof at_80, 1), -EINVAL);
    says(spawned(attr), "validate (listen): %s: %s", strerror(EINVAL), sentence);
}
REFUSED(ONE_TYPE, join_namespace, 0, 0)
REFUSED(SOME_TYPES, create_namespaces, 0)
REFUSED(NO_ID, set_user_namespace_owner, UINT32_MAX)
REFUSED(PROPAGATION, set_mount_propagation, MS_BIND)
REFUSED(CLOCK, set_time_offset, CLOCK_REALTIME, 1, 0)
REFUSED(NANOSECONDS, set_time_offset, CLOCK_MONOTONIC, 1, 1000000000)
REFUSED(RANGE_EMPTY, map_uid, 0, 0, 0)
REFUSED(RANGE_END, map_uid, 0, UINT32_MAX, 1)
REFUSED(NAME_TOO_LONG, set_hostname, letters(65))
REFUSED(FILTER_LENGTH, add_seccomp_filter, &allow_all, 0, 0)
REFUSED(FILTER_FLAGS, add_seccomp_filter, &allow_all, 1, 1u << 31)
REFUSED(TSYNC_AND_LISTENER, add_seccomp_filter, &allow_all, 1, FORKEXEC_SECCOMP_LISTENER | FORKEXEC_SECCOMP_TSYNC)
REFUSED(KILLABLE_WITHOUT_LISTENER, add_seccomp_filter, &allow_all, 1, FORKEXEC_SECCOMP_KILLABLE)
REFUSED(RESOURCE, set_rlimit, 16, 0, 0)
REFUSED(SOFT_ABOVE_HARD, set_rlimit, RLIMIT_CORE, 2, 1)
REFUSED(NICE, set_nice, 20)
REFUSED(NO_PROCESSORS, set_affinity, NULL, 0)
REFUSED(PROCESSOR, set_affinity, &no_processor, 1)
REFUSED(POLICY, set_scheduler, 99, 0)
REFUSED(PRIORITY, set_scheduler, SCHED_FIFO, 0)
REFUSED(DEADLINE, set_deadline, 1023, 2000, 2000)
REFUSED(UTILIZATION, set_utilization, 2, 1)
REFUSED(NODES, set_numa_policy, 2, &(uint32_t){ 1024 }, 1)
REFUSED(SPECULATION, set_speculation, 0, 16)
REFUSED(SPECULATION_FEATURE, set_speculation, 256, 2)
REFUSED(COREDUMP_FILTER, set_coredump_filter, 0x200)
REFUSED(PIDS, set_pid, &(int32_t){ 0 }, 1)
REFUSED(KEYRING_PERMISSIONS, set_keyring_permissions, 0x40000000)
REFUSED(IO_PRIORITY, set_io_priority, 4, 0)
REFUSED(IO_NO_LEVELS, set_io_priority, 0, 1)
REFUSED(UMASK, set_umask, 01000)
REFUSED(PERSONALITY, set_personality, UINT32_MAX)
REFUSED(OOM_SCORE, set_oom_score_adj, 1001)
REFUSED(PROCESS_FLAGS, set_process_flags, 1u << 31)
REFUSED(FAILURE_NOT_ALLOWED, allow_failure, FORKEXEC_STAGE_EXEC)
REFUSED(GROUP_NEGATIVE, set_process_group, -1)
REFUSED(NO_USER, set_uid, UINT32_MAX)
REFUSED(NO_GROUP, set_gid, UINT32_MAX)

SITUATION(TOO_MANY_GROUPS)
{
    struct forkexec_attr *attr = new_attr();
    uint32_t *groups = calloc(65537, sizeof *groups);
    assert_int_equal(forkexec_attr_set_groups(attr, groups, 65537), -EINVAL);
    free(groups);
    says(spawned(attr), "validate (set_groups): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(JOINED_ALREADY)
{
    struct forkexec_attr *attr = new_attr();
    SET(join_namespace, 0, FORKEXEC_NS_UTS);
    assert_int_equal(forkexec_attr_join_namespace(attr, 0, FORKEXEC_NS_UTS), -EINVAL);
    says(spawned(attr), "validate (join_namespace): %s: %s", strerror(EINVAL), sentence);
}

SITUATION(TOO_MANY_RANGES)
{
    struct forkexec_attr *attr = new_attr();
    for (uint32_t i = 0; i < 340; i++)
        SET(map_uid, 2 * i, 2 * i, 1);
    assert_int_equal(forkexec_attr_map_uid(attr, 700, 700, 1), -EINVAL);
    says(spawned(attr), "validate (map_uid): %s: %s", strerror(EINVAL), sentence);
}

/* Uses up all memory of this size that malloc has, and prevents it from getting more. have_memory_again() undoes it. */
static inline void run_short_of_memory(size_t size)
{
    assert_false(setrlimit(RLIMIT_AS, &(struct rlimit){ 1, RLIM_INFINITY }));
    for (size_t piece = 1 << 20; piece >= size; piece /= 2)
        while (malloc(piece))
            ;
    /* Freed memory is kept by its exact size. */
    for (size_t piece = 2048; piece >= size; piece -= 16)
        while (malloc(piece))
            ;
    while (malloc(size))
        ;
}

static inline void have_memory_again(void)
{
    assert_false(setrlimit(RLIMIT_AS, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }));
}

static inline void need_own_memory(void)
{
    need_no_sanitizer();
    need_native();
    struct rlimit now;
    need(!getrlimit(RLIMIT_AS, &now) && now.rlim_max == RLIM_INFINITY, "needs to have no limit on memory");
}

SITUATION(OUT_OF_MEMORY, need_own_memory())
{
    struct forkexec_attr *attr = new_attr();
    static const uint8_t bytes[60000];
    run_short_of_memory(sizeof bytes);
    int result = forkexec_attr_make_file(attr, "/a", bytes, sizeof bytes, 0644);
    have_memory_again();
    assert_int_equal(result, -ENOMEM);
    says(spawned(attr), "validate (make_file): %s: %s", strerror(ENOMEM), sentence);
}

SITUATION(NO_MEMORY_FOR_HANDLE, need_own_memory())
{
    struct forkexec_attr *attr = new_attr();
    struct forkexec_child *child = NULL;
    struct forkexec_error error;
    run_short_of_memory(16);
    int result = forkexec_spawn(attr, reporter, itself, NULL, &child, &error);
    have_memory_again();
    assert_int_equal(result, -ENOMEM);
    says(error.message, "%s: %s", strerror(ENOMEM), sentence);
}

SITUATION(CHILD_NULL)
{
    says(released(NULL, 0), "%s: %s", strerror(EINVAL), sentence);
}

SITUATION(ATTR_NULL)
{
    says(spawned(NULL), "%s: %s", strerror(EINVAL), sentence);
}

SITUATION(PLACE_NULL)
{
    struct forkexec_error error;
    int result = forkexec_spawn(new_attr(), reporter, itself, NULL, NULL, &error);
    says(message_of(result, &error), "%s: %s", strerror(EINVAL), sentence);
}

SITUATION(OTHERS_CHILD, need_native())
{
    int status;
    struct forkexec_child *child = a_held_child(new_attr(), reporter);
    pid_t pid = fork();
    if (!pid) {
        says(released(child, 0), "%s: %s", strerror(ESRCH), sentence);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    forkexec_close(child);
}

SITUATION(IS_PROGRAM)
{
    struct forkexec_child *child = a_held_child(new_attr(), reporter);
    OK(forkexec_release(child, FORKEXEC_FOREVER, NULL));
    says(released(child, FORKEXEC_FOREVER), "%s: %s", strerror(EINVAL), sentence);
    finish(child);
    forkexec_close(child);
}

SITUATION(START_FAILED)
{
    struct forkexec_child *child = a_held_child(new_attr(), "/nonexistent");
    says(released(child, FORKEXEC_FOREVER), "exec (/nonexistent): %s", strerror(ENOENT));
    says(released(child, FORKEXEC_FOREVER), "%s: %s", strerror(EINVAL), sentence);
    forkexec_close(child);
}

SITUATION(NEVER_RUNS)
{
    struct forkexec_child *child = NULL;
    OK(forkexec_hold(new_attr(), &child, NULL));
    says(released(child, FORKEXEC_FOREVER), "%s: %s", strerror(EINVAL), sentence);
    forkexec_close(child);
}

/* Opening the FIFO waits for a process at the other end. */
SITUATION(NOT_YET, need_native())
{
    struct forkexec_attr *attr = new_attr();
    assert_false(mkfifo(scratch_path("fifo"), 0600));
    SET(open_fd, 5, scratch_path("fifo"), O_RDONLY, 0);
    struct forkexec_child *child = a_held_child(attr, reporter);
    says(released(child, 1000000), "%s: %s", strerror(ETIMEDOUT), sentence);
    forkexec_close(child);
}

SITUATION(NOT_WRITTEN)
{
    struct forkexec_error error;
    int result = forkexec_describe(new_attr(), reporter, itself, NULL, -1, &error);
    says(message_of(result, &error), "%s: %s", strerror(EBADF), sentence);
}

SITUATION(TEXT_NULL)
{
    struct forkexec_error error;
    int result = forkexec_describe_text(new_attr(), reporter, itself, NULL, NULL, 1, &error);
    says(message_of(result, &error), "%s: %s", strerror(EINVAL), sentence);
}

#endif
