/* This program as bubblewrap: bwrap_options.c reads its options, bwrap.c and bwrap_mounts.c ask the library for what they
 * mean, bwrap_run.c runs the command and tells of it as bubblewrap does. */
#ifndef BWRAP_H
#define BWRAP_H
#include "run.h"

#include <sys/types.h>

enum operation_kind {
    BIND, OVERLAY, REMOUNT_READONLY, PROC, DEV, TMPFS, MQUEUE, DIRECTORY, FILE_OF_FD, BIND_DATA, SYMLINK, CHMOD
};

/* One of the options that build the file system, done in the order in which they were given. */
struct operation {
    enum operation_kind kind;
    const char *option;            /* for messages, without the dashes */
    const char *source, *dest;     /* dest in the form that the library takes */
    const char *work;              /* of an overlay that is written to */
    const char **lowers;           /* of an overlay, the lowest first */
    size_t lowers_count;
    int fd;                        /* of BIND_FD and data; -1 */
    bool readonly, devices, optional, in_memory;
    int perms;                     /* -1: not asked for */
    uint64_t size;                 /* 0: not asked for */
};

struct filter {
    const struct sock_filter *program;
    uint32_t count;
};

struct bwrap {
    struct forkexec_attr *attr;
    char **env;
    const char *argv0, *cwd, *hostname, *exec_label;
    struct operation *operations;
    size_t count;
    int root_fd;                   /* of --bind-fd FD /; -1 */
    const char **lowers;           /* of --overlay-src, for the overlay that follows */
    size_t lowers_count;
    int perms;                     /* for the option that follows; -1 */
    uint64_t size;
    bool unshare_user, unshare_user_try, unshare_ipc, unshare_pid, unshare_net, unshare_uts, unshare_cgroup,
        unshare_cgroup_try, disable_userns, assert_userns_disabled, new_session, die_with_parent, as_pid_1, level_prefix;
    int userns_fd, userns2_fd, userns_block_fd, pidns_fd, block_fd, info_fd, json_status_fd, sync_fd, seccomp_fd;
    struct filter *filters;
    size_t filters_count;
    int64_t uid, gid;              /* -1: ours */
    bool changes_capabilities;
    uint64_t capabilities;
    const char **locks;
    size_t locks_count;
};

/* Grows list by one place for an item of size bytes; ends with a message where there is no memory. */
void *one_more(void *list, size_t count, size_t size);
/* All that fd gives, and the descriptor is closed. */
char *read_descriptor(int fd, const char *what, size_t *length);

/* bwrap.c: the seccomp filter that fd gives is one more of bwrap's. */
void read_filter(struct bwrap *bwrap, int fd);

/* bwrap_options.c: returns the command. */
char **read_bwrap_options(struct bwrap *bwrap, const char *name, char **words);

/* bwrap_mounts.c */
void build_root(struct bwrap *bwrap);
/* The option that the library's item number index came from, or NULL. */
const struct operation *operation_of(int index);
void host_path(const struct bwrap *bwrap, const struct operation *operation, char *path, size_t size);

/* bwrap_run.c */
/* Makes a user namespace whose maps somebody else writes, waits for that, and leaves it in userns_fd. */
void wait_for_maps(struct bwrap *bwrap);
_Noreturn void run_bwrap(struct bwrap *bwrap, char **command);
#endif
