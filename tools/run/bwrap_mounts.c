/* The file system that bubblewrap's options ask for: each of them is one or a few items of the library's list of mounts. */
#define _GNU_SOURCE
#include "bwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* For each item of the library's list the operation that it is for. */
static const struct operation **operations;
static size_t items;

const struct operation *operation_of(int index)
{
    return index >= 0 && (size_t)index < items ? operations[index] : NULL;
}

/* An item of the list was added, or refused with a reason. */
static void put(const struct operation *operation, int result)
{
    current_option = operation->option;
    accept(result);
    operations = one_more(operations, items, sizeof *operations);
    operations[items++] = operation;
}

/* Where on the host what stands at operation's dest is, as far as a bind before it says so: "" where none does. */
void host_path(const struct bwrap *bwrap, const struct operation *operation, char *path, size_t size)
{
    size_t longest = 0;
    *path = 0;
    for (const struct operation *before = bwrap->operations; before < operation; before++) {
        size_t length = strcmp(before->dest, "/") ? strlen(before->dest) : 0;
        const char *rest = operation->dest + length;
        if (length < longest || strncmp(before->dest, operation->dest, length) || *rest != '/')
            continue;
        longest = length;
        snprintf(path, size, "%s%s", before->kind == BIND && before->source ? before->source : "", rest);
        if (before->kind != BIND || !before->source)
            *path = 0;
    }
}

static bool is_root(const struct operation *operation)
{
    return !strcmp(operation->dest, "/");
}

/* A file that nobody of the group, or of the others, may use is not to be reached by them either: so are the parents that
 * are made for it. */
static void make_parents(struct bwrap *bwrap, const struct operation *operation)
{
    uint32_t mode = 0755;
    if (operation->perms >= 0)
        mode &= ~((operation->perms & 070 ? 0u : 050u) | (operation->perms & 7 ? 0u : 5u));
    if (mode == 0755)
        return; /* as the library makes them */
    char *path = strdup(operation->dest);
    for (char *end = path; end && (end = strchr(end + 1, '/')) != NULL; *end = '/') {
        *end = 0;
        put(operation, forkexec_attr_make_directory(bwrap->attr, path, mode));
    }
    free(path);
}

static uint32_t bind_flags(const struct operation *operation)
{
    return FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_FOLLOW | FORKEXEC_MOUNT_NOSUID |
        (operation->devices ? 0 : FORKEXEC_MOUNT_NODEV) | (operation->readonly ? FORKEXEC_MOUNT_READONLY : 0) |
        (operation->optional ? FORKEXEC_MOUNT_OPTIONAL : 0);
}

static void bind(struct bwrap *bwrap, const struct operation *operation)
{
    uint32_t flags = bind_flags(operation);
    put(operation, operation->fd < 0 ? forkexec_attr_bind_mount(bwrap->attr, operation->source, operation->dest, flags)
                                     : forkexec_attr_bind_mount_fd(bwrap->attr, operation->fd, operation->dest, flags));
}

/* The same proc as outside, where the processes are the same too. */
static void proc(struct bwrap *bwrap, const struct operation *operation)
{
    if (bwrap->unshare_pid || bwrap->pidns_fd >= 0)
        put(operation, forkexec_attr_mount_proc(bwrap->attr, operation->dest, FORKEXEC_MOUNT_CREATE |
            FORKEXEC_MOUNT_KERNEL_READONLY));
    else
        put(operation, forkexec_attr_bind_mount(bwrap->attr, "/proc", operation->dest, FORKEXEC_MOUNT_CREATE |
            FORKEXEC_MOUNT_FOLLOW | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV));
}

/* Where standard output is a terminal, the sandbox can write to it: ttyname(3) finds it by this name. */
static void dev(struct bwrap *bwrap, const struct operation *operation)
{
    char path[4200];
    put(operation, forkexec_attr_mount_dev(bwrap->attr, operation->dest, FORKEXEC_MOUNT_CREATE));
    snprintf(path, sizeof path, "%s/core", operation->dest);
    put(operation, forkexec_attr_make_symlink(bwrap->attr, "/proc/kcore", path));
    const char *terminal = isatty(STDOUT_FILENO) ? ttyname(STDOUT_FILENO) : NULL;
    snprintf(path, sizeof path, "%s/console", operation->dest);
    if (terminal)
        put(operation, forkexec_attr_bind_mount(bwrap->attr, terminal, path, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_NOSUID));
}

static void overlay(struct bwrap *bwrap, const struct operation *operation)
{
    /* bubblewrap has the lowest first, the kernel and the library the uppermost. */
    size_t count = operation->lowers_count;
    for (size_t i = 0; i < count / 2; i++) {
        const char *low = operation->lowers[i];
        operation->lowers[i] = operation->lowers[count - 1 - i];
        operation->lowers[count - 1 - i] = low;
    }
    put(operation, forkexec_attr_mount_overlay(bwrap->attr, operation->lowers, count, operation->source, operation->work,
        operation->dest, FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_FOLLOW | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV |
        (operation->in_memory ? FORKEXEC_MOUNT_IN_MEMORY : 0)));
}

/* What the descriptor gives, which may be a pipe, in memory. Open until the end: the library borrows it. */
static int in_memory(const struct operation *operation)
{
    size_t length;
    char *bytes = read_descriptor(operation->fd, "data", &length);
    int fd = memfd_create(operation->option, MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < length;) {
        ssize_t n = write(fd, bytes + done, length - done);
        if (n < 0 && errno != EINTR)
            usage("%s", strerror(errno));
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0)
        usage("%s", strerror(errno));
    free(bytes);
    return fd;
}

static void file(struct bwrap *bwrap, const struct operation *operation)
{
    put(operation, forkexec_attr_make_file_fd(bwrap->attr, operation->dest, in_memory(operation),
        operation->perms < 0 ? 0666 : (uint32_t)operation->perms));
}

static void bind_data(struct bwrap *bwrap, const struct operation *operation)
{
    put(operation, forkexec_attr_mount_file_fd(bwrap->attr, in_memory(operation), operation->dest,
        operation->perms < 0 ? 0600 : (uint32_t)operation->perms, bind_flags(operation)));
}

static void tmpfs(struct bwrap *bwrap, const struct operation *operation)
{
    put(operation, forkexec_attr_mount_tmpfs(bwrap->attr, operation->dest, operation->size,
        operation->perms < 0 ? 0755 : (uint32_t)operation->perms,
        FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_FOLLOW | FORKEXEC_MOUNT_NOSUID | FORKEXEC_MOUNT_NODEV));
}

static void mqueue(struct bwrap *bwrap, const struct operation *operation)
{
    put(operation, forkexec_attr_make_directory(bwrap->attr, operation->dest, 0755));
    put(operation, forkexec_attr_add_mount(bwrap->attr, "mqueue", operation->dest, "mqueue", 0, NULL));
}

static void directory(struct bwrap *bwrap, const struct operation *operation)
{
    if (!is_root(operation))
        put(operation, forkexec_attr_make_directory(bwrap->attr, operation->dest,
            operation->perms < 0 ? 0755 : (uint32_t)operation->perms));
}

static void build(struct bwrap *bwrap, struct operation *operation)
{
    if (operation->kind != CHMOD && operation->kind != REMOUNT_READONLY)
        make_parents(bwrap, operation);
    switch (operation->kind) {
    case BIND: bind(bwrap, operation); break;
    case OVERLAY: overlay(bwrap, operation); break;
    case REMOUNT_READONLY:
        put(operation, forkexec_attr_remount(bwrap->attr, operation->dest, FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_FOLLOW));
        break;
    case PROC: proc(bwrap, operation); break;
    case DEV: dev(bwrap, operation); break;
    case TMPFS: tmpfs(bwrap, operation); break;
    case MQUEUE: mqueue(bwrap, operation); break;
    case DIRECTORY: directory(bwrap, operation); break;
    case FILE_OF_FD: file(bwrap, operation); break;
    case BIND_DATA: bind_data(bwrap, operation); break;
    case SYMLINK: put(operation, forkexec_attr_make_symlink(bwrap->attr, operation->source, operation->dest)); break;
    case CHMOD: put(operation, forkexec_attr_change_mode(bwrap->attr, operation->dest, (uint32_t)operation->perms)); break;
    }
}

/* What covers the whole root hides all that was made in it before: only what is behind it is built. */
static size_t choose_root(struct bwrap *bwrap)
{
    const struct operation *root = NULL;
    size_t first = 0;
    uint32_t flags = 0;
    for (size_t i = 0; i < bwrap->count; i++) {
        const struct operation *operation = &bwrap->operations[i];
        bool covers = operation->kind == BIND || operation->kind == TMPFS;
        if (!is_root(operation) || (operation->optional && access(operation->source, F_OK) && errno == ENOENT))
            continue;
        if (covers)
            root = operation, first = i + 1;
        else if (operation->kind != DIRECTORY && operation->kind != CHMOD && operation->kind != REMOUNT_READONLY)
            usage("--%s: DEST cannot be \"/\"", operation->option);
    }
    char path[32];
    const char *source = root && root->kind == BIND ? root->source : NULL;
    if (root && root->fd >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", root->fd);
        if (!(source = realpath(path, NULL)))
            usage("Can't find source path %s: %s", path, strerror(errno));
        bwrap->root_fd = root->fd;
    }
    if (source)
        flags = FORKEXEC_ROOT_NOSUID | (root->devices ? 0 : FORKEXEC_ROOT_NODEV) |
            (root->readonly ? FORKEXEC_ROOT_READONLY : 0);
    current_option = root ? root->option : NULL;
    accept(forkexec_attr_set_root(bwrap->attr, source, flags));
    /* At once, and not in the end: the options behind must not write to it. */
    if (flags & FORKEXEC_ROOT_READONLY)
        put(root, forkexec_attr_remount(bwrap->attr, "/", FORKEXEC_MOUNT_READONLY));
    return first;
}

void build_root(struct bwrap *bwrap)
{
    for (size_t i = choose_root(bwrap); i < bwrap->count; i++)
        build(bwrap, &bwrap->operations[i]);
    current_option = NULL;
}
