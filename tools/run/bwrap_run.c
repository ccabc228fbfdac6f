/* Runs bubblewrap's command, and tells of it as bubblewrap does. */
#define _GNU_SOURCE
#include "bwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* --- What a failure is called ---------------------------------------------------------------------------------- */

static const char *verb(enum operation_kind kind)
{
    switch (kind) {
    case DIRECTORY: return "mkdir";
    case SYMLINK: return "make symlink at";
    case FILE_OF_FD: return "create file";
    case OVERLAY: return "make overlay mount on";
    case PROC: return "mount proc on";
    case DEV: return "mount dev on";
    case TMPFS: return "mount tmpfs on";
    case MQUEUE: return "mount mqueue on";
    case REMOUNT_READONLY: return "remount readonly";
    case CHMOD: return "chmod";
    default: return "bind mount on";
    }
}

/* A link that is there and leads elsewhere is shown, where it can be found from outside. */
static void describe_link(const struct bwrap *bwrap, const struct operation *operation, char *text, size_t size)
{
    char path[8192], contents[4096];
    host_path(bwrap, operation, path, sizeof path);
    ssize_t length = readlink(path, contents, sizeof contents - 1);
    if (length > 0)
        snprintf(text, size, "Can't make symlink at %s: existing destination is %.*s", operation->dest, (int)length, contents);
    else
        snprintf(text, size, "Can't make symlink at %s: existing destination is not a symlink to %s", operation->dest,
            operation->source);
}

/* In bubblewrap's words where programs look for them, with the library's sentence behind. */
static _Noreturn void report(const struct bwrap *bwrap, const struct forkexec_error *error, const char *command)
{
    char text[16384];
    bool of_mounts = error->stage >= FORKEXEC_STAGE_MOUNT && error->stage < FORKEXEC_STAGE_PIVOT_ROOT;
    const struct operation *operation = of_mounts ? operation_of(error->index) : NULL;
    if (operation && operation->kind == BIND && operation->source && error->code == ENOENT && access(operation->source, F_OK))
        snprintf(text, sizeof text, "Can't find source path %s: %s", operation->source, strerror(error->code));
    else if (operation && operation->kind == SYMLINK && error->code == EEXIST)
        describe_link(bwrap, operation, text, sizeof text);
    else if (operation)
        snprintf(text, sizeof text, "Can't %s %s (--%s): %s", verb(operation->kind), operation->dest, operation->option,
            error->message);
    else if (error->stage == FORKEXEC_STAGE_CLONE && error->code == EPERM)
        snprintf(text, sizeof text, "No permissions to create a new namespace: %s", error->message);
    else if (error->stage == FORKEXEC_STAGE_EXEC)
        snprintf(text, sizeof text, "execvp %s: %s", command ? command : "/proc/self/exe", strerror(error->code));
    else
        snprintf(text, sizeof text, "%s", error->message);
    complain("%s", text);
    exit(1);
}

/* --- The descriptors that others read and write ---------------------------------------------------------------- */

static void tell(int fd, const char *text)
{
    for (size_t length = strlen(text); length;) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno != EINTR)
            return complain("descriptor %d: %s", fd, strerror(errno));
        text += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
}

/* The numbers of the namespaces that are the child's own, each behind separator. */
static void add_namespaces(const struct bwrap *bwrap, struct forkexec_child *child, const char *separator, char *text,
    size_t size)
{
    const struct {
        bool has;
        uint32_t type;
        const char *name;
    } all[] = { { bwrap->unshare_cgroup, FORKEXEC_NS_CGROUP, "cgroup" }, { bwrap->unshare_ipc, FORKEXEC_NS_IPC, "ipc" },
        { true, FORKEXEC_NS_MOUNT, "mnt" }, { bwrap->unshare_net, FORKEXEC_NS_NET, "net" },
        { bwrap->unshare_pid, FORKEXEC_NS_PID, "pid" }, { bwrap->unshare_uts, FORKEXEC_NS_UTS, "uts" } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int fd = all[i].has ? forkexec_child_namespace_fd(child, all[i].type) : -1;
        struct stat is;
        size_t length = strlen(text);
        if (fd >= 0 && !fstat(fd, &is))
            snprintf(text + length, size - length, ",%s\"%s-namespace\": %llu", separator, all[i].name,
                (unsigned long long)is.st_ino);
        if (fd >= 0)
            close(fd);
    }
}

static void tell_child(const struct bwrap *bwrap, struct forkexec_child *child)
{
    char text[512];
    if (bwrap->info_fd >= 0) {
        snprintf(text, sizeof text, "{\n    \"child-pid\": %d", forkexec_child_pid(child));
        add_namespaces(bwrap, child, "\n    ", text, sizeof text);
        tell(bwrap->info_fd, strcat(text, "\n}\n"));
        close(bwrap->info_fd);
    }
    if (bwrap->json_status_fd >= 0) {
        snprintf(text, sizeof text, "{ \"child-pid\": %d", forkexec_child_pid(child));
        add_namespaces(bwrap, child, " ", text, sizeof text);
        tell(bwrap->json_status_fd, strcat(text, " }\n"));
    }
}

/* Until there is a byte, or the other end is closed. */
static void wait_for(int fd)
{
    char byte;
    while (fd >= 0 && read(fd, &byte, 1) < 0 && errno == EINTR)
        ;
    if (fd >= 0)
        close(fd);
}

/* In a new user namespace, until it is killed. It is dumpable: its maps are to be written by others of this user. */
static _Noreturn void hold_users(const struct bwrap *bwrap, int ready, pid_t parent)
{
    close(bwrap->info_fd); /* whoever reads it to its end would wait for this process */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    int code = unshare(CLONE_NEWUSER) ? errno : 0;
    if (write(ready, &code, sizeof code) != sizeof code || code)
        _exit(1);
    close(ready);
    for (;;)
        pause();
}

/* The process that --info-fd names must have ended before COMMAND begins. It is in the user namespace of the sandbox and in
 * the host's other namespaces: COMMAND, with capabilities in there, could get out of the sandbox by it. It stays a zombie, so
 * that its pid does not become another's. */
void wait_for_maps(struct bwrap *bwrap)
{
    int ends[2], code = 0;
    if (pipe2(ends, O_CLOEXEC))
        fail(errno, "--userns-block-fd");
    pid_t self = getpid(), pid = fork();
    if (pid == 0)
        hold_users(bwrap, ends[1], self);
    close(ends[1]);
    if (pid < 0 || read(ends[0], &code, sizeof code) != sizeof code || code)
        usage("No permissions to create a new namespace: %s", strerror(code ? code : errno));
    close(ends[0]);
    char text[64];
    snprintf(text, sizeof text, "/proc/%d/ns/user", pid);
    bwrap->userns_fd = open(text, O_RDONLY | O_CLOEXEC);
    if (bwrap->userns_fd < 0)
        fail(errno, text);
    snprintf(text, sizeof text, "{\n    \"child-pid\": %d\n}\n", pid);
    tell(bwrap->info_fd, text);
    close(bwrap->info_fd);
    bwrap->info_fd = -1;
    wait_for(bwrap->userns_block_fd);
    kill(pid, SIGKILL);
    siginfo_t ended;
    while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT) && errno == EINTR)
        ;
    /* The ids are those of whoever wrote the maps. */
    bwrap->unshare_user = false;
    bwrap->uid = bwrap->gid = -1;
}

/* The root of the sandbox that is being built, or -1. */
static int open_root(struct forkexec_child *child)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root", forkexec_child_pid(child));
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The root was mounted by the path that its descriptor had: another directory may stand there. */
static void check_root(const struct bwrap *bwrap, struct forkexec_child *child)
{
    if (bwrap->root_fd < 0)
        return;
    struct stat meant, is;
    int root = open_root(child);
    if (root < 0 || fstat(bwrap->root_fd, &meant) || fstat(root, &is))
        fail(errno, "the root cannot be compared with its descriptor");
    if (meant.st_dev != is.st_dev || meant.st_ino != is.st_ino)
        usage("Can't bind mount on / (--bind-fd): another directory stands at the path of descriptor %d", bwrap->root_fd);
    close(root);
}

/* Locks on files of the sandbox. They are this process's, and go with it. */
static void take_locks(const struct bwrap *bwrap, struct forkexec_child *child)
{
    int root = bwrap->locks_count ? open_root(child) : -1;
    for (size_t i = 0; i < bwrap->locks_count; i++) {
        struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        int fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, bwrap->locks[i], &how, sizeof how);
        struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
        if (fd < 0)
            usage("Unable to open lock file %s: %s", bwrap->locks[i], strerror(errno));
        if (fcntl(fd, F_SETLK, &lock))
            usage("Unable to lock file %s: %s", bwrap->locks[i], strerror(errno));
    }
    if (root >= 0)
        close(root);
}

/* --- The command ----------------------------------------------------------------------------------------------- */

/* A process whose ids are not mapped cannot make a user namespace: maps our ids in the new one. */
static bool map_self(uid_t uid, gid_t gid)
{
    static const char *const files[] = { "/proc/self/setgroups", "/proc/self/uid_map", "/proc/self/gid_map" };
    char texts[3][32] = { "deny" };
    snprintf(texts[1], sizeof texts[1], "0 %u 1", uid);
    snprintf(texts[2], sizeof texts[2], "0 %u 1", gid);
    for (size_t i = 0; i < 3; i++) {
        int fd = open(files[i], O_WRONLY | O_CLOEXEC);
        ssize_t length = (ssize_t)strlen(texts[i]);
        if (fd < 0 || write(fd, texts[i], (size_t)length) != length)
            return false;
        close(fd);
    }
    return true;
}

/* Whether a process in the user namespace that this sandbox's command gets could make another one. */
static bool may_nest(const struct bwrap *bwrap)
{
    pid_t pid = fork();
    if (pid == 0) {
        uid_t uid = geteuid();
        gid_t gid = getegid();
        bool joins = bwrap->userns_fd >= 0, makes = !joins && bwrap->unshare_user;
        if (joins ? setns(bwrap->userns_fd, CLONE_NEWUSER) : makes && (unshare(CLONE_NEWUSER) || !map_self(uid, gid)))
            _exit(2);
        if (bwrap->userns2_fd >= 0 && setns(bwrap->userns2_fd, CLONE_NEWUSER))
            _exit(2);
        _exit(unshare(CLONE_NEWUSER) ? 0 : 1);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* A directory of the sandbox that is being built, which is not entered yet; where that cannot be seen, it is assumed. */
static bool has_directory(struct forkexec_child *child, const char *path)
{
    struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    int root = open_root(child), fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    bool is_missing = root >= 0 && fd < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (fd >= 0)
        close(fd);
    if (root >= 0)
        close(root);
    return !is_missing;
}

static struct forkexec_child *start(const struct bwrap *bwrap, const char *program, char **command, const char *cwd)
{
    struct forkexec_child *child;
    struct forkexec_error error;
    accept(forkexec_attr_set_cwd(bwrap->attr, cwd));
    if (setenv("PWD", cwd, 1))
        fail(errno, "PWD");
    if (forkexec_start(bwrap->attr, program, command, environ, &child, &error))
        report(bwrap, &error, program);
    return child;
}

/* In the first directory that is there inside: ours, HOME, the root. */
static struct forkexec_child *start_somewhere(const struct bwrap *bwrap, const char *program, char **command)
{
    if (bwrap->cwd)
        return start(bwrap, program, command, bwrap->cwd);
    const char *const tried[] = { get_current_dir_name(), getenv("HOME") };
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        if (!tried[i] || *tried[i] != '/')
            continue;
        struct forkexec_child *child = start(bwrap, program, command, tried[i]);
        if (has_directory(child, tried[i]))
            return child;
        forkexec_close(child);
    }
    return start(bwrap, program, command, "/");
}

static struct forkexec_child *spawn(const struct bwrap *bwrap, char **command)
{
    const char *path = getenv("PATH"), *program = *command;
    accept(forkexec_attr_set_search_path(bwrap->attr, path && *path ? path : NULL));
    if (bwrap->argv0)
        *command = (char *)bwrap->argv0;
    /* A sandbox in a sandbox is started so, and there may be no other way to this file in there. */
    int self = strcmp(program, "/proc/self/exe") ? -1 : open(program, O_PATH | O_CLOEXEC);
    if (self >= 0) {
        accept(forkexec_attr_set_exec_fd(bwrap->attr, self));
        program = NULL;
    }
    struct forkexec_child *child = start_somewhere(bwrap, program, command);
    struct forkexec_error error;
    check_root(bwrap, child);
    tell_child(bwrap, child);
    wait_for(bwrap->block_fd);
    take_locks(bwrap, child);
    if (forkexec_release(child, FORKEXEC_FOREVER, &error))
        report(bwrap, &error, program);
    return child;
}

_Noreturn void run_bwrap(struct bwrap *bwrap, char **command)
{
    if (bwrap->assert_userns_disabled && !bwrap->disable_userns && may_nest(bwrap))
        usage("creation of new user namespaces was not disabled as requested");
    struct forkexec_child *child = spawn(bwrap, command);
    struct forkexec_status status = { .valid = 0 };
    int result;
    while ((result = forkexec_wait(child, FORKEXEC_FOREVER, FORKEXEC_WAIT_PROGRAM, &status, sizeof status)) == -EINTR)
        ;
    if (result)
        fail(-result, "the command cannot be waited for");
    int code = status.signal ? 128 + status.signal : status.exit_code;
    char text[64];
    snprintf(text, sizeof text, "{ \"exit-code\": %d }\n", code);
    if (bwrap->json_status_fd >= 0)
        tell(bwrap->json_status_fd, text);
    exit(code);
}
