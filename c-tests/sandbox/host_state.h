/* Compares the host before and after a sandbox: mounts, file names, descriptors and children of the caller.
 *
 *     struct host_state before = read_host_state();
 *     ...
 *     assert_nothing_left_since(&before);           also reaps orphans that became children of the test */
#ifndef HOST_STATE_H
#define HOST_STATE_H
#include "full_sandbox.h"

#include <dirent.h>

/* What a sandbox could leave besides processes and namespaces: mounts, descriptors, file names. */
struct host_state {
    const char *mounts, *names;
    int fds;
};

static inline const char *names_in(const char *directory)
{
    const char *names = "";
    struct dirent **entries;
    int n = scandir(directory, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        names = text("%s %s", names, entries[i]->d_name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return names;
}

static inline int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static inline struct host_state read_host_state(void)
{
    forkexec_probe(FORKEXEC_PROBE_IMAGE, NULL, 0);
    return (struct host_state){ text_of("/proc/self/mountinfo"), text("%s |%s |%s", names_in(scratch()), names_in("."),
        names_in("/")), count_fds() };
}

/* The children of all threads. The library may have a thread that makes them. */
static inline int count_children_and_tell_one(pid_t *one)
{
    int n = 0;
    struct dirent *entry;
    DIR *threads = opendir("/proc/self/task");
    while (threads && (entry = readdir(threads))) {
        char path[300];
        snprintf(path, sizeof path, "/proc/self/task/%s/children", entry->d_name);
        FILE *in = fopen(path, "re");
        for (pid_t pid; in && fscanf(in, "%d", &pid) == 1; n++)
            *one = pid;
        if (in)
            fclose(in);
    }
    if (threads)
        closedir(threads);
    return n;
}

static inline int count_children(void)
{
    pid_t one;
    return count_children_and_tell_one(&one);
}

/* Prints what the last of the children does, for whom it waits, and which signals it blocks and ignores. */
static inline void print_what_is_left(void)
{
    pid_t pid;
    if (!count_children_and_tell_one(&pid))
        return;
    for (const char *const *file = (const char *const[]){ "status", "wchan", "syscall", "stack", "cmdline", NULL }; *file; file++)
        print_message("# %s of %d, which is left:\n%s\n", *file, pid, text_of(text("/proc/%d/%s", pid, *file)));
}

/* Reaps orphans, which become children of this process. Threads and processes may need a moment to go. */
static inline void assert_nothing_left_since(const struct host_state *before)
{
    for (double end = seconds() + 20; (count_children() || count_fds() > before->fds) && seconds() < end; usleep(500))
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            ;
    print_what_is_left();
    assert_int_equal(count_children(), 0);
    struct host_state after = read_host_state();
    assert_string_equal(after.mounts, before->mounts);
    assert_string_equal(after.names, before->names);
    /* A thread of the library that was about to close its descriptor may have been counted before. */
    assert_in_range(after.fds, 0, before->fds);
}

static inline int spawn_in_sandbox(const struct forkexec_attr *attr, char *what, struct forkexec_child **child,
    struct forkexec_error *error)
{
    return try_start(attr, "/reporter", (char *[]){ "w", what, "exit", "0", NULL }, NULL, child, error);
}

#endif
