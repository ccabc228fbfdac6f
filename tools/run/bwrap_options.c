/* bubblewrap's options, one by one. */
#define _GNU_SOURCE
#include "bwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The version whose options these are. */
#define VERSION "0.12.0"
enum { MOST_WORDS = 9000 };

/* An option, how many arguments it takes, and what it does with them. */
struct row {
    const char *name, *arguments, *help;
    int count;
    void (*apply)(struct bwrap *bwrap, char **arguments);
};

static int words_read;
static bool in_args;

void *one_more(void *list, size_t count, size_t size)
{
    void *grown = realloc(list, (count + 1) * size);
    if (!grown)
        fail(ENOMEM, "no memory");
    return grown;
}

static void warn(const struct bwrap *bwrap, const char *text)
{
    fprintf(stderr, "%sbwrap: %s\n", bwrap->level_prefix ? "<4>" : "", text);
}

/* usage(), in bubblewrap's words, which do not begin with the option. */
#define misuse(...) (current_option = NULL, usage(__VA_ARGS__))

static int number_of_fd(const char *text)
{
    char *end;
    errno = 0;
    long fd = strtol(text, &end, 10);
    if (end == text || *end || errno || fd < 0 || fd > INT32_MAX)
        misuse("Invalid fd: %s", text);
    return (int)fd;
}

/* A descriptor of ours that the command does not get. */
static int own_fd(const char *text)
{
    int fd = number_of_fd(text);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        misuse("Invalid fd: %s", text);
    return fd;
}

char *read_descriptor(int fd, const char *what, size_t *length)
{
    size_t size = 0;
    char *all = NULL;
    *length = 0;
    for (ssize_t n = 1; n; *length += n > 0 ? (size_t)n : 0) {
        if (size - *length < 4096 && !(all = realloc(all, size = 2 * size + 8192)))
            fail(ENOMEM, "no memory");
        n = read(fd, all + *length, size - *length - 1);
        if (n < 0 && errno != EINTR)
            misuse("Can't read %s: %s", what, strerror(errno));
    }
    all[*length] = 0;
    close(fd);
    return all;
}

/* --- The file system ------------------------------------------------------------------------------------------- */

/* dest as a path in the root: without empty names and dots; ".." takes the name before away. */
static char *in_root(const char *dest)
{
    char *path = malloc(strlen(dest) + 2), *end = path;
    if (!path)
        fail(ENOMEM, "no memory");
    for (const char *name = dest; *name; name += strspn(name, "/")) {
        size_t length = strcspn(name, "/");
        if (length == 2 && !strncmp(name, "..", 2)) {
            while (end > path && *--end != '/')
                ;
        } else if (length && (length != 1 || *name != '.')) {
            *end++ = '/';
            memcpy(end, name, length);
            end += length;
        }
        name += length;
    }
    if (end == path)
        *end++ = '/';
    *end = 0;
    return path;
}

static struct operation *add(struct bwrap *bwrap, enum operation_kind kind, const char *source, const char *dest)
{
    bwrap->operations = one_more(bwrap->operations, bwrap->count, sizeof *bwrap->operations);
    struct operation *operation = &bwrap->operations[bwrap->count++];
    *operation = (struct operation){ .kind = kind, .option = current_option, .source = source, .dest = in_root(dest),
        .fd = -1, .perms = bwrap->perms, .size = bwrap->size };
    bwrap->perms = -1;
    bwrap->size = 0;
    return operation;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), short_length = strlen(end);
    return length >= short_length && !strcmp(text + length - short_length, end);
}

/* --bind, --ro-bind, --dev-bind, and each with -try: the name says what it does. */
static void bind(struct bwrap *bwrap, char **arguments)
{
    struct operation *operation = add(bwrap, BIND, arguments[0], arguments[1]);
    operation->readonly = !strncmp(current_option, "ro-", 3);
    operation->devices = !strncmp(current_option, "dev-", 4);
    operation->optional = ends_with(current_option, "-try");
}

static void bind_fd(struct bwrap *bwrap, char **arguments)
{
    struct operation *operation = add(bwrap, BIND, NULL, arguments[1]);
    operation->fd = own_fd(arguments[0]);
    operation->readonly = !strncmp(current_option, "ro-", 3);
}

static void remount_ro(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, REMOUNT_READONLY, NULL, arguments[0]);
}

static void overlay_src(struct bwrap *bwrap, char **arguments)
{
    bwrap->lowers = one_more(bwrap->lowers, bwrap->lowers_count, sizeof *bwrap->lowers);
    bwrap->lowers[bwrap->lowers_count++] = arguments[0];
}

static struct operation *add_overlay(struct bwrap *bwrap, const char *upper, const char *dest, size_t least)
{
    const char *option = current_option;
    current_option = NULL;
    if (bwrap->lowers_count < least)
        usage("--%s requires at least %s --overlay-src", option, least == 1 ? "one" : "two");
    current_option = option;
    struct operation *operation = add(bwrap, OVERLAY, upper, dest);
    operation->lowers = bwrap->lowers;
    operation->lowers_count = bwrap->lowers_count;
    bwrap->lowers = NULL;
    bwrap->lowers_count = 0;
    return operation;
}

static void overlay(struct bwrap *bwrap, char **arguments)
{
    add_overlay(bwrap, arguments[0], arguments[2], 1)->work = arguments[1];
}

static void tmp_overlay(struct bwrap *bwrap, char **arguments)
{
    add_overlay(bwrap, NULL, arguments[0], 1)->in_memory = true;
}

static void ro_overlay(struct bwrap *bwrap, char **arguments)
{
    add_overlay(bwrap, NULL, arguments[0], 2)->readonly = true;
}

static void proc(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, PROC, NULL, arguments[0]);
}

static void dev(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, DEV, NULL, arguments[0]);
}

static void tmpfs(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, TMPFS, NULL, arguments[0]);
}

static void mqueue(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, MQUEUE, NULL, arguments[0]);
}

static void dir(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, DIRECTORY, NULL, arguments[0]);
}

static void file(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, FILE_OF_FD, NULL, arguments[1])->fd = own_fd(arguments[0]);
}

static void bind_data(struct bwrap *bwrap, char **arguments)
{
    struct operation *operation = add(bwrap, BIND_DATA, NULL, arguments[1]);
    operation->fd = own_fd(arguments[0]);
    operation->readonly = !strncmp(current_option, "ro-", 3);
}

static void symlink_at(struct bwrap *bwrap, char **arguments)
{
    add(bwrap, SYMLINK, arguments[0], arguments[1]);
}

static void chmod_at(struct bwrap *bwrap, char **arguments)
{
    int mode = (int)parse_octal(arguments[0], 07777);
    add(bwrap, CHMOD, NULL, arguments[1])->perms = mode;
}

static void perms(struct bwrap *bwrap, char **arguments)
{
    if (bwrap->perms >= 0)
        usage("given twice for the same action");
    bwrap->perms = (int)parse_octal(arguments[0], 07777);
}

static void size(struct bwrap *bwrap, char **arguments)
{
    if (bwrap->size)
        usage("given twice for the same action");
    bwrap->size = parse_unsigned(arguments[0], SIZE_MAX / 2);
    if (!bwrap->size)
        usage("takes a number of bytes above 0");
}

/* --- Namespaces ------------------------------------------------------------------------------------------------ */

/* For options that are flags alone. */
#define FLAG(field) static void field(struct bwrap *bwrap, char **none) { (void)none; bwrap->field = true; }
FLAG(unshare_user)
FLAG(unshare_user_try)
FLAG(unshare_ipc)
FLAG(unshare_pid)
FLAG(unshare_net)
FLAG(unshare_uts)
FLAG(unshare_cgroup)
FLAG(unshare_cgroup_try)
FLAG(disable_userns)
FLAG(assert_userns_disabled)
FLAG(new_session)
FLAG(die_with_parent)
FLAG(as_pid_1)

static void level_prefix(struct bwrap *bwrap, char **none)
{
    (void)none;
    bwrap->level_prefix = true;
    message_prefix = "<3>bwrap: ";
}

static void unshare_all(struct bwrap *bwrap, char **none)
{
    (void)none;
    bwrap->unshare_user_try = bwrap->unshare_ipc = bwrap->unshare_pid = bwrap->unshare_net = bwrap->unshare_uts =
        bwrap->unshare_cgroup_try = true;
}

static void share_net(struct bwrap *bwrap, char **none)
{
    (void)none;
    bwrap->unshare_net = false;
}

/* Options of bubblewrap that need nothing here: nothing is less strict without them. */
static void nothing(struct bwrap *bwrap, char **none)
{
    (void)bwrap, (void)none;
}

/* bubblewrap knows the labels of SELinux, and no others. */
static void need_selinux(void)
{
    if (access("/sys/fs/selinux/enforce", F_OK))
        misuse("labeling not supported on this system");
}

static void file_label(struct bwrap *bwrap, char **arguments)
{
    (void)bwrap, (void)arguments;
    need_selinux();
    usage("this bwrap is forkexec-run, which cannot do that");
}

/* The descriptor options; the last counts. */
#define DESCRIPTOR(name, field) \
    static void name(struct bwrap *bwrap, char **arguments) { bwrap->field = own_fd(arguments[0]); }
DESCRIPTOR(userns, userns_fd)
DESCRIPTOR(userns2, userns2_fd)
DESCRIPTOR(userns_block_fd, userns_block_fd)
DESCRIPTOR(pidns, pidns_fd)
DESCRIPTOR(sync_fd, sync_fd)
DESCRIPTOR(block_fd, block_fd)
DESCRIPTOR(info_fd, info_fd)
DESCRIPTOR(json_status_fd, json_status_fd)

static void uid(struct bwrap *bwrap, char **arguments)
{
    bwrap->uid = (int64_t)parse_unsigned(arguments[0], UINT32_MAX - 1);
}

static void gid(struct bwrap *bwrap, char **arguments)
{
    bwrap->gid = (int64_t)parse_unsigned(arguments[0], UINT32_MAX - 1);
}

/* Of these the last counts, too, but bubblewrap warns. */
#define LAST_TEXT(name) \
    static void name(struct bwrap *bwrap, char **arguments) \
    { \
        char text[80]; \
        snprintf(text, sizeof text, "Only the last --%s option will take effect", current_option); \
        if (bwrap->name) \
            warn(bwrap, text); \
        bwrap->name = arguments[0]; \
    }
LAST_TEXT(hostname)
LAST_TEXT(exec_label)
LAST_TEXT(cwd)

static void selinux_exec_label(struct bwrap *bwrap, char **arguments)
{
    need_selinux();
    exec_label(bwrap, arguments);
}

/* --- The command ----------------------------------------------------------------------------------------------- */

static void argv0(struct bwrap *bwrap, char **arguments)
{
    if (bwrap->argv0)
        usage("used multiple times");
    bwrap->argv0 = arguments[0];
}

static void set_env(struct bwrap *bwrap, char **arguments)
{
    (void)bwrap;
    if (setenv(arguments[0], arguments[1], 1))
        usage("%s: %s", arguments[0], strerror(errno));
}

static void unset_env(struct bwrap *bwrap, char **arguments)
{
    (void)bwrap;
    if (unsetenv(arguments[0]))
        usage("%s: %s", arguments[0], strerror(errno));
}

static void clear_env(struct bwrap *bwrap, char **none)
{
    (void)bwrap, (void)none;
    clearenv();
}

static void lock_file(struct bwrap *bwrap, char **arguments)
{
    bwrap->locks = one_more(bwrap->locks, bwrap->locks_count, sizeof *bwrap->locks);
    bwrap->locks[bwrap->locks_count++] = arguments[0];
}

static void seccomp(struct bwrap *bwrap, char **arguments)
{
    if (bwrap->filters_count)
        misuse("--seccomp cannot be combined with --add-seccomp-fd");
    bwrap->seccomp_fd = own_fd(arguments[0]);
}

static void add_seccomp(struct bwrap *bwrap, char **arguments)
{
    if (bwrap->seccomp_fd >= 0)
        misuse("--add-seccomp-fd cannot be combined with --seccomp");
    int fd = number_of_fd(arguments[0]);
    current_option = NULL;
    read_filter(bwrap, fd);
}

/* Root begins with what it has, others with nothing. */
static void change_capabilities(struct bwrap *bwrap, char *text, bool adds)
{
    uint64_t some = parse_capabilities(text);
    bwrap->changes_capabilities = true;
    bwrap->capabilities = adds ? bwrap->capabilities | some : bwrap->capabilities & ~some;
}

static void cap_add(struct bwrap *bwrap, char **arguments)
{
    change_capabilities(bwrap, arguments[0], true);
}

static void cap_drop(struct bwrap *bwrap, char **arguments)
{
    change_capabilities(bwrap, arguments[0], false);
}

/* --- The table ------------------------------------------------------------------------------------------------- */

static void print_bwrap_help(struct bwrap *bwrap, char **none);
static void args(struct bwrap *bwrap, char **arguments);

static void version(struct bwrap *bwrap, char **none)
{
    (void)bwrap, (void)none;
    printf("bubblewrap " VERSION " (forkexec-run %s)\n", forkexec_version());
    exit(fflush(stdout) ? 1 : 0);
}

static const struct row table[] = {
    { "help", "", "Print this help", 0, print_bwrap_help },
    { "version", "", "Print version", 0, version },
    { "args", "FD", "Parse NUL-separated args from FD", 1, args },
    { "argv0", "VALUE", "Set argv[0] to the value VALUE before running the program", 1, argv0 },
    { "level-prefix", "", "Prepend e.g. <3> to diagnostic messages", 0, level_prefix },
    { "not-a-security-boundary", "", "Accepted; nothing is less strict with it", 0, nothing },
    { "unshare-all", "", "Unshare every namespace we support by default", 0, unshare_all },
    { "share-net", "", "Retain the network namespace (can only combine with --unshare-all)", 0, share_net },
    { "unshare-user", "", "Create new user namespace (always done unless root)", 0, unshare_user },
    { "unshare-user-try", "", "Create new user namespace if possible else continue by skipping it", 0, unshare_user_try },
    { "unshare-ipc", "", "Create new ipc namespace", 0, unshare_ipc },
    { "unshare-pid", "", "Create new pid namespace", 0, unshare_pid },
    { "unshare-net", "", "Create new network namespace", 0, unshare_net },
    { "unshare-uts", "", "Create new uts namespace", 0, unshare_uts },
    { "unshare-cgroup", "", "Create new cgroup namespace", 0, unshare_cgroup },
    { "unshare-cgroup-try", "", "Create new cgroup namespace if possible else continue by skipping it", 0,
        unshare_cgroup_try },
    { "userns", "FD", "Use this user namespace", 1, userns },
    { "userns2", "FD", "After setup switch to this user namespace, only useful with --userns", 1, userns2 },
    { "userns-block-fd", "FD", "Block on FD until the user namespace is ready", 1, userns_block_fd },
    { "disable-userns", "", "Disable further use of user namespaces inside sandbox", 0, disable_userns },
    { "assert-userns-disabled", "", "Fail unless further use of user namespaces inside sandbox is disabled", 0,
        assert_userns_disabled },
    { "pidns", "FD", "Use this pid namespace (as parent namespace if using --unshare-pid)", 1, pidns },
    { "uid", "UID", "Custom uid in the sandbox (requires --unshare-user or --userns)", 1, uid },
    { "gid", "GID", "Custom gid in the sandbox (requires --unshare-user or --userns)", 1, gid },
    { "hostname", "NAME", "Custom hostname in the sandbox (requires --unshare-uts)", 1, hostname },
    { "chdir", "DIR", "Change directory to DIR", 1, cwd },
    { "clearenv", "", "Unset all environment variables", 0, clear_env },
    { "setenv", "VAR VALUE", "Set an environment variable", 2, set_env },
    { "unsetenv", "VAR", "Unset an environment variable", 1, unset_env },
    { "lock-file", "DEST", "Take a lock on DEST while sandbox is running", 1, lock_file },
    { "sync-fd", "FD", "Keep this fd open while sandbox is running", 1, sync_fd },
    { "bind", "SRC DEST", "Bind mount the host path SRC on DEST", 2, bind },
    { "bind-try", "SRC DEST", "Equal to --bind but ignores non-existent SRC", 2, bind },
    { "dev-bind", "SRC DEST", "Bind mount the host path SRC on DEST, allowing device access", 2, bind },
    { "dev-bind-try", "SRC DEST", "Equal to --dev-bind but ignores non-existent SRC", 2, bind },
    { "ro-bind", "SRC DEST", "Bind mount the host path SRC readonly on DEST", 2, bind },
    { "ro-bind-try", "SRC DEST", "Equal to --ro-bind but ignores non-existent SRC", 2, bind },
    { "bind-fd", "FD DEST", "Bind open directory or path fd on DEST", 2, bind_fd },
    { "ro-bind-fd", "FD DEST", "Bind open directory or path fd read-only on DEST", 2, bind_fd },
    { "remount-ro", "DEST", "Remount DEST as readonly; does not recursively remount", 1, remount_ro },
    { "overlay-src", "SRC", "Read files from SRC in the following overlay", 1, overlay_src },
    { "overlay", "RWSRC WORKDIR DEST", "Mount overlayfs on DEST, with RWSRC as the host path for writes and WORKDIR an empty "
        "directory on the same filesystem as RWSRC", 3, overlay },
    { "tmp-overlay", "DEST", "Mount overlayfs on DEST, with writes going to an invisible tmpfs", 1, tmp_overlay },
    { "ro-overlay", "DEST", "Mount overlayfs read-only on DEST", 1, ro_overlay },
    { "exec-label", "LABEL", "Exec label for the sandbox", 1, selinux_exec_label },
    { "file-label", "LABEL", "Not supported here", 1, file_label },
    { "proc", "DEST", "Mount new procfs on DEST", 1, proc },
    { "dev", "DEST", "Mount new dev on DEST", 1, dev },
    { "tmpfs", "DEST", "Mount new tmpfs on DEST", 1, tmpfs },
    { "mqueue", "DEST", "Mount new mqueue on DEST", 1, mqueue },
    { "dir", "DEST", "Create dir at DEST", 1, dir },
    { "file", "FD DEST", "Copy from FD to destination DEST", 2, file },
    { "bind-data", "FD DEST", "Copy from FD to file which is bind-mounted on DEST", 2, bind_data },
    { "ro-bind-data", "FD DEST", "Copy from FD to file which is readonly bind-mounted on DEST", 2, bind_data },
    { "symlink", "SRC DEST", "Create symlink at DEST with target SRC", 2, symlink_at },
    { "seccomp", "FD", "Load and use seccomp rules from FD (not repeatable)", 1, seccomp },
    { "add-seccomp-fd", "FD", "Load and use seccomp rules from FD (repeatable)", 1, add_seccomp },
    { "block-fd", "FD", "Block on FD until some data to read is available", 1, block_fd },
    { "info-fd", "FD", "Write information about the running container to FD", 1, info_fd },
    { "json-status-fd", "FD", "Write container status to FD as multiple JSON documents", 1, json_status_fd },
    { "new-session", "", "Create a new terminal session", 0, new_session },
    { "die-with-parent", "", "Kills with SIGKILL child process (COMMAND) when bwrap or bwrap's parent dies.", 0,
        die_with_parent },
    { "as-pid-1", "", "Do not install a reaper process with PID=1", 0, as_pid_1 },
    { "cap-add", "CAP", "Add cap CAP when running as privileged user", 1, cap_add },
    { "cap-drop", "CAP", "Drop cap CAP when running as privileged user", 1, cap_drop },
    { "perms", "OCTAL", "Set permissions of next argument (--bind-data, --file, etc.)", 1, perms },
    { "size", "BYTES", "Set size of next argument (only for --tmpfs)", 1, size },
    { "chmod", "OCTAL PATH", "Change permissions of PATH (must already exist)", 2, chmod_at },
};

static const char *program;

static void print_bwrap_help(struct bwrap *bwrap, char **none)
{
    (void)bwrap, (void)none;
    printf("usage: %s [OPTIONS...] [--] COMMAND [ARGS...]\n\n", program);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s %s", table[i].name, table[i].arguments);
        printf("    %-29s%s%s\n", name, strlen(name) > 28 ? " " : "", table[i].help);
    }
    exit(fflush(stdout) ? 1 : 0);
}

static const struct row *find_row(const char *word)
{
    for (size_t i = 0; !strncmp(word, "--", 2) && i < sizeof table / sizeof *table; i++)
        if (!strcmp(word + 2, table[i].name))
            return &table[i];
    usage("Unknown option %s", word);
}

/* What has to be followed by an option that uses it. */
static void check_order(const struct bwrap *bwrap, const char *option, int perms_before, uint64_t size_before)
{
    current_option = NULL;
    bool modifies = !strcmp(option, "perms") || !strcmp(option, "size");
    const struct operation *last = bwrap->count ? &bwrap->operations[bwrap->count - 1] : NULL;
    bool creates = last && bwrap->perms < 0 &&
        (last->kind == TMPFS || last->kind == DIRECTORY || last->kind == FILE_OF_FD || last->kind == BIND_DATA);
    if (perms_before >= 0 && !modifies && !creates)
        usage("--perms must be followed by an option that creates a file");
    if (size_before && !modifies && (bwrap->size || !last || last->kind != TMPFS))
        usage("--size must be followed by --tmpfs");
    if (strcmp(option, "overlay-src") && bwrap->lowers_count)
        usage("--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, or --ro-overlay");
}

/* The options at the beginning of words; returns what is behind them. */
static char **read_words(struct bwrap *bwrap, char **words)
{
    while (*words && **words == '-') {
        char *word = *words++;
        if (!strcmp(word, "--"))
            break;
        current_option = NULL;
        const struct row *row = find_row(word);
        char **arguments = words;
        for (int i = 0; i < row->count; i++)
            if (!*words++)
                usage("--%s takes %s", row->name, row->arguments);
        if ((words_read += 1 + row->count) > MOST_WORDS)
            usage("Exceeded maximum number of arguments %d", MOST_WORDS);
        int perms_before = bwrap->perms;
        uint64_t size_before = bwrap->size;
        current_option = row->name;
        row->apply(bwrap, arguments);
        check_order(bwrap, row->name, perms_before, size_before);
    }
    return words;
}

static void args(struct bwrap *bwrap, char **arguments)
{
    size_t length, count = 0;
    if (in_args)
        usage("not supported in an arguments file");
    char *all = read_descriptor(own_fd(arguments[0]), "--args data", &length), **words = one_more(NULL, 0, sizeof *words);
    for (char *at = all; at < all + length; at += strlen(at) + 1) {
        words = one_more(words, count + 1, sizeof *words);
        words[count++] = at;
    }
    words[count] = NULL;
    in_args = true;
    read_words(bwrap, words);
    in_args = false;
    current_option = "args";
}

char **read_bwrap_options(struct bwrap *bwrap, const char *name, char **words)
{
    program = name;
    char **command = read_words(bwrap, words);
    current_option = NULL;
    if (bwrap->lowers_count)
        usage("--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, or --ro-overlay");
    if (!*command)
        usage("there is no command to run; see --help");
    return command;
}
