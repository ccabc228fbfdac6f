/* Mounts and root. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

static void mount_propagation(struct run *run, char *text)
{
    static const struct word ways[] = { { "private", MS_REC | MS_PRIVATE }, { "slave", MS_REC | MS_SLAVE },
        { "shared", MS_REC | MS_SHARED }, { "unbindable", MS_REC | MS_UNBINDABLE }, { "unchanged", 0 }, { NULL, 0 } };
    accept(forkexec_attr_set_mount_propagation(run->attr, parse_word(text, ways, "a way of propagation")));
}

static void chroot_to(struct run *run, char *path)
{
    accept(forkexec_attr_set_chroot(run->attr, path));
}

#define FLAGS_OF_ALL { "readonly", FORKEXEC_MOUNT_READONLY }, { "nosuid", FORKEXEC_MOUNT_NOSUID }, \
    { "nodev", FORKEXEC_MOUNT_NODEV }, { "noexec", FORKEXEC_MOUNT_NOEXEC }, { "create", FORKEXEC_MOUNT_CREATE }, \
    { "follow", FORKEXEC_MOUNT_FOLLOW }

static uint32_t bind_flags(char *text)
{
    static const struct word words[] = { FLAGS_OF_ALL, { "nonrecursive", FORKEXEC_MOUNT_NONRECURSIVE },
        { "optional", FORKEXEC_MOUNT_OPTIONAL }, { NULL, 0 } };
    return text ? (uint32_t)parse_words(text, words, "a flag") : 0;
}

static uint32_t mount_flags(char *text)
{
    static const struct word words[] = { FLAGS_OF_ALL, { NULL, 0 } };
    return text ? (uint32_t)parse_words(text, words, "a flag") : 0;
}

static uint32_t mode_or(const char *text, uint32_t mode)
{
    return text ? (uint32_t)parse_octal(text, 07777) : mode;
}

static void bind_with(struct run *run, char *flags, uint32_t more)
{
    const char *source = next_argument(), *target = next_argument();
    accept(forkexec_attr_bind_mount(run->attr, source, target, bind_flags(flags) | more));
}

static void bind(struct run *run, char *flags)
{
    bind_with(run, flags, 0);
}

static void bind_try(struct run *run, char *flags)
{
    bind_with(run, flags, FORKEXEC_MOUNT_OPTIONAL);
}

static void ro_bind(struct run *run, char *flags)
{
    bind_with(run, flags, FORKEXEC_MOUNT_READONLY);
}

static void ro_bind_try(struct run *run, char *flags)
{
    bind_with(run, flags, FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_OPTIONAL);
}

static void bind_fd_with(struct run *run, char *flags, uint32_t more)
{
    int32_t fd = parse_fd(next_argument());
    accept(forkexec_attr_bind_mount_fd(run->attr, fd, next_argument(), bind_flags(flags) | more));
}

static void bind_fd(struct run *run, char *flags)
{
    bind_fd_with(run, flags, 0);
}

static void ro_bind_fd(struct run *run, char *flags)
{
    bind_fd_with(run, flags, FORKEXEC_MOUNT_READONLY);
}

static void bind_idmapped(struct run *run, char *flags)
{
    const char *namespace = next_argument(), *source = next_argument(), *target = next_argument();
    /* Open until the end: the library borrows it. */
    int fd = open(namespace, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        usage("%s: %s", namespace, strerror(errno));
    accept(forkexec_attr_bind_mount_idmapped(run->attr, source, target, fd, bind_flags(flags)));
}

/* Among the flags: size=64M, mode=1777. */
static void tmpfs(struct run *run, char *text)
{
    uint64_t size = 0;
    uint32_t mode = 0755, flags = 0;
    for (char *next; text; text = next) {
        next = cut(text, ',');
        if (!strncmp(text, "size=", 5))
            size = parse_size(text + 5);
        else if (!strncmp(text, "mode=", 5))
            mode = mode_or(text + 5, 0);
        else
            flags |= mount_flags(text);
    }
    accept(forkexec_attr_mount_tmpfs(run->attr, next_argument(), size, mode, flags));
}

/* What --overlay-src named, the first at the bottom; the next overlay is made of it. */
static const char *layers[500];
static size_t n_layers;

static void overlay_src(struct run *run, char *directory)
{
    (void)run;
    if (n_layers == sizeof layers / sizeof *layers)
        usage("an overlay has at most %zu directories", n_layers);
    layers[n_layers++] = directory;
}

static void make_overlay(struct run *run, char *flags, uint32_t more, const char *upper, const char *work)
{
    /* The library's first lies uppermost. */
    const char *lowers[sizeof layers / sizeof *layers];
    for (size_t i = 0; i < n_layers; i++)
        lowers[i] = layers[n_layers - 1 - i];
    if (!n_layers)
        usage("there is nothing to lay over: --overlay-src before it names a directory");
    accept(forkexec_attr_mount_overlay(run->attr, lowers, n_layers, upper, work, next_argument(), mount_flags(flags) | more));
    n_layers = 0;
}

static void overlay(struct run *run, char *flags)
{
    const char *upper = next_argument(), *work = next_argument();
    make_overlay(run, flags, 0, upper, work);
}

static void tmp_overlay(struct run *run, char *flags)
{
    make_overlay(run, flags, FORKEXEC_MOUNT_IN_MEMORY, NULL, NULL);
}

static void ro_overlay(struct run *run, char *flags)
{
    if (n_layers == 1)
        usage("it takes two of --overlay-src; --ro-bind shows one directory read-only");
    make_overlay(run, flags, 0, NULL, NULL);
}

void check_mounts(void)
{
    if (n_layers)
        usage("--overlay-src without one of --overlay, --tmp-overlay and --ro-overlay behind it");
}

static void proc(struct run *run, char *flags)
{
    static const struct word words[] = { { "readonly", FORKEXEC_MOUNT_READONLY }, { "create", FORKEXEC_MOUNT_CREATE },
        { "kernel-readonly", FORKEXEC_MOUNT_KERNEL_READONLY }, { "kernel-hidden", FORKEXEC_MOUNT_KERNEL_HIDDEN }, { NULL, 0 } };
    uint64_t all = flags ? parse_words(flags, words, "a flag of proc") : 0;
    accept(forkexec_attr_mount_proc(run->attr, next_argument(), (uint32_t)all));
}

static void dev(struct run *run, char *flags)
{
    accept(forkexec_attr_mount_dev(run->attr, next_argument(), mount_flags(flags)));
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static void mount_anything(struct run *run, char *text)
{
    static const struct word words[] = { { "ro", MS_RDONLY }, { "nosuid", MS_NOSUID }, { "nodev", MS_NODEV },
        { "noexec", MS_NOEXEC }, { "sync", MS_SYNCHRONOUS }, { "dirsync", MS_DIRSYNC }, { "noatime", MS_NOATIME },
        { "nodiratime", MS_NODIRATIME }, { "relatime", MS_RELATIME }, { "strictatime", MS_STRICTATIME },
        { "nosymfollow", 256 }, { "silent", MS_SILENT }, { "remount", MS_REMOUNT }, { "bind", MS_BIND },
        { "rbind", MS_BIND | MS_REC }, { "move", MS_MOVE }, { "private", MS_PRIVATE }, { "slave", MS_SLAVE },
        { "shared", MS_SHARED }, { "unbindable", MS_UNBINDABLE }, { "rec", MS_REC }, { NULL, 0 } };
    uint64_t flags = text ? parse_words(text, words, "a flag of mount(2)") : 0;
    const char *source = or_null(next_argument()), *target = next_argument(), *type = or_null(next_argument()),
        *data = or_null(next_argument());
    accept(forkexec_attr_add_mount(run->attr, source, target, type, flags, data));
}

static void directory(struct run *run, char *mode)
{
    accept(forkexec_attr_make_directory(run->attr, next_argument(), mode_or(mode, 0755)));
}

static void link_to(struct run *run, char *contents)
{
    accept(forkexec_attr_make_symlink(run->attr, contents, next_argument()));
}

/* What can be read from one of our descriptors, in memory that the library copies when it spawns: what it gives, it may give
 * once. */
static int32_t contents_of(int32_t fd)
{
    char bytes[65536];
    int copy = memfd_create("contents", MFD_CLOEXEC);
    for (ssize_t n = -1; copy >= 0 && (n = read(fd, bytes, sizeof bytes)) != 0;) {
        if (n < 0)
            usage("descriptor %d: %s", fd, strerror(errno));
        for (ssize_t done = 0, written; done < n; done += written)
            if ((written = write(copy, bytes + done, (size_t)(n - done))) < 0)
                usage("descriptor %d: %s", fd, strerror(errno));
    }
    if (copy < 0)
        usage("memfd_create: %s", strerror(errno));
    return copy;
}

/* A small one lies in the request itself. */
static void file(struct run *run, char *mode)
{
    static uint8_t bytes[65536];
    int32_t contents = contents_of(parse_fd(next_argument()));
    ssize_t length = lseek(contents, 0, SEEK_END) <= (off_t)sizeof bytes ? pread(contents, bytes, sizeof bytes, 0) : -1;
    const char *path = next_argument();
    if (length < 0) {
        accept(forkexec_attr_make_file_fd(run->attr, path, contents, mode_or(mode, 0644)));
        return;
    }
    close(contents);
    accept(forkexec_attr_make_file(run->attr, path, bytes, (size_t)length, mode_or(mode, 0644)));
}

static void bind_contents(struct run *run, char *text, uint32_t more)
{
    uint32_t mode = 0600;
    for (char *next; text; text = next) {
        next = cut(text, ',');
        if (!strncmp(text, "mode=", 5))
            mode = mode_or(text + 5, 0);
        else
            more |= mount_flags(text);
    }
    int32_t contents = contents_of(parse_fd(next_argument()));
    accept(forkexec_attr_mount_file_fd(run->attr, contents, next_argument(), mode, more));
}

static void bind_data(struct run *run, char *flags)
{
    bind_contents(run, flags, 0);
}

static void ro_bind_data(struct run *run, char *flags)
{
    bind_contents(run, flags, FORKEXEC_MOUNT_READONLY);
}

static void mask(struct run *run, char *path)
{
    accept(forkexec_attr_mask_path(run->attr, path));
}

static void readonly(struct run *run, char *path)
{
    accept(forkexec_attr_make_readonly(run->attr, path));
}

static void remount_ro(struct run *run, char *path)
{
    accept(forkexec_attr_remount(run->attr, path, FORKEXEC_MOUNT_READONLY));
}

static void remount(struct run *run, char *flags)
{
    static const struct word words[] = { FLAGS_OF_ALL, { NULL, 0 } };
    uint64_t all = parse_words(flags, words, "a flag");
    accept(forkexec_attr_remount(run->attr, next_argument(), (uint32_t)all));
}

static void change_mode(struct run *run, char *mode)
{
    accept(forkexec_attr_change_mode(run->attr, next_argument(), mode_or(mode, 0)));
}

static uint32_t root_flags(char *text)
{
    static const struct word words[] = { { "readonly", FORKEXEC_ROOT_READONLY }, { "nosuid", FORKEXEC_ROOT_NOSUID },
        { "nodev", FORKEXEC_ROOT_NODEV }, { "noexec", FORKEXEC_ROOT_NOEXEC }, { NULL, 0 } };
    return text ? (uint32_t)parse_words(text, words, "a flag of the root") : 0;
}

static void root(struct run *run, char *flags)
{
    accept(forkexec_attr_set_root(run->attr, next_argument(), root_flags(flags)));
}

static void empty_root(struct run *run, char *flags)
{
    accept(forkexec_attr_set_root(run->attr, NULL, root_flags(flags)));
}

static const struct option_row rows[] = {
    { "root", "[=FLAGS] DIR", "make DIR the root; the old one is out of reach; FLAGS are readonly, nosuid, nodev and noexec",
        root },
    { "empty-root", "[=FLAGS]", "an empty root in memory, for what is mounted and made in it", empty_root },
    { "bind", "[=FLAGS] SOURCE TARGET", "let the caller's SOURCE appear at TARGET; FLAGS are readonly, nosuid, nodev, noexec, "
        "nonrecursive, create (what is missing of TARGET), follow (links in TARGET) and optional (no SOURCE, no bind)", bind },
    { "bind-try", "[=FLAGS] SOURCE TARGET", "the same with optional", bind_try },
    { "ro-bind", "[=FLAGS] SOURCE TARGET", "the same with readonly", ro_bind },
    { "ro-bind-try", "[=FLAGS] SOURCE TARGET", "the same with readonly and optional", ro_bind_try },
    { "bind-fd", "[=FLAGS] FD TARGET", "let what the caller's descriptor FD refers to appear at TARGET, and nothing else", bind_fd },
    { "ro-bind-fd", "[=FLAGS] FD TARGET", "the same with readonly", ro_bind_fd },
    { "bind-idmapped", "[=FLAGS] NAMESPACE SOURCE TARGET", "a bind with ids mapped by the user namespace, a file such as "
        "/proc/PID/ns/user", bind_idmapped },
    { "tmpfs", "[=FLAGS] TARGET", "an empty file system in memory; FLAGS also size=64M and mode=1777", tmpfs },
    { "overlay-src", "DIR", "a directory for the next overlay, over those before it", overlay_src },
    { "overlay", "[=FLAGS] UPPER WORK TARGET", "lay the directories over each other; what is written goes to UPPER, and WORK, "
        "beside it, is the kernel's", overlay },
    { "tmp-overlay", "[=FLAGS] TARGET", "the same; what is written goes to memory", tmp_overlay },
    { "ro-overlay", "[=FLAGS] TARGET", "the same; nothing can be written", ro_overlay },
    { "proc", "[=FLAGS] TARGET", "the processes of the new pid namespace; FLAGS are readonly, create, kernel-readonly (sys, irq "
        "and others) and kernel-hidden (kcore, keys and others)", proc },
    { "dev", "[=FLAGS] TARGET", "the devices that every command expects", dev },
    { "mount", "[=FLAGS] SOURCE TARGET TYPE DATA", "any mount(2), with \"\" for what is not there; FLAGS are those of "
        "mount(8), with rec, private, slave, shared and unbindable", mount_anything },
    { "dir", "[=MODE] PATH", "make a directory, and what leads to it", directory },
    { "symlink", "CONTENTS PATH", "make a symbolic link at PATH", link_to },
    { "file", "[=MODE] FD PATH", "make a file of what the caller's descriptor FD gives", file },
    { "bind-data", "[=FLAGS] FD TARGET", "a file in memory over TARGET, of what the caller's descriptor FD gives; FLAGS also mode=600", bind_data },
    { "ro-bind-data", "[=FLAGS] FD TARGET", "the same with readonly", ro_bind_data },
    { "mask", "PATH", "hide what is at PATH", mask },
    { "readonly", "PATH", "make what is at PATH read-only, with all that is mounted below", readonly },
    { "remount", "FLAGS PATH", "add readonly, nosuid, nodev or noexec to what is mounted at PATH, and not to what is below",
        remount },
    { "remount-ro", "PATH", "the same with readonly", remount_ro },
    { "chmod", "MODE PATH", "give what is at PATH this mode", change_mode },
    { "chroot", "DIR", "make DIR the root, with chroot(2), which privilege can leave", chroot_to },
    { "mount-propagation", "HOW", "private (the default), slave, shared, unbindable or unchanged", mount_propagation },
};
SECTION(mounts, "Mounts and root: in a new mount namespace, in the order given, TARGET and PATH in the root");
