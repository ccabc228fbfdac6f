/* The sandbox by bare system calls: the same as the library, without checks of the paths. */
#include "sandbox.h"
#include "calls.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/prctl.h>

enum { AT_RECURSIVE_ = 0x8000, OPEN_CREATE = 0101, DETACH = 2, PRIVATE = 1 << 18, RECURSIVE = 1 << 14, BIND = 1 << 12,
       NOSUID = 2, NODEV = 4, NOEXEC = 8, LAST_CAP = 40 };

static void mount(const char *source, const char *target, const char *type, long flags, const char *data)
{
    must_step(call(SYS_mount, (long)source, (long)target, (long)type, flags, (long)data), 50);
}

static void mkdir(const char *path)
{
    must_step(call(SYS_mkdirat, AT_FDCWD, (long)path, 0755, 0, 0), 51);
}

static void join(char *out, const char *one, const char *other)
{
    while ((*out = *one++))
        out++;
    while ((*out++ = *other++))
        ;
}

static void bring(const char *source, const char *target)
{
    struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};

    mkdir(target);
    long tree = call(SYS_open_tree, AT_FDCWD, (long)source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE_, 0, 0);
    must_step(tree, 52);
    must_step(call(SYS_mount_setattr, tree, (long)"", AT_EMPTY_PATH | AT_RECURSIVE_, (long)&readonly, sizeof readonly), 53);
    must_step(call(SYS_move_mount, tree, (long)"", AT_FDCWD, (long)target, MOVE_MOUNT_F_EMPTY_PATH), 54);
    call(SYS_close, tree, 0, 0, 0, 0);
}

static void symlink(const char *contents, const char *path)
{
    must_step(call(SYS_symlinkat, (long)contents, AT_FDCWD, (long)path, 0, 0), 55);
}

static void make_dev(void)
{
    char from[32], to[32];

    mkdir("dev");
    mount("tmpfs", "dev", "tmpfs", NOSUID, "mode=0755");
    for (int i = 0; i < SANDBOX_DEVICES; i++) {
        join(from, "/dev/", sandbox_devices[i]);
        join(to, "dev/", sandbox_devices[i]);
        long fd = call(SYS_openat, AT_FDCWD, (long)to, OPEN_CREATE, 0666, 0);
        must_step(fd, 56);
        call(SYS_close, fd, 0, 0, 0, 0);
        mount(from, to, 0, BIND, 0);
    }
    mkdir("dev/pts");
    mount("devpts", "dev/pts", "devpts", NOSUID | NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
    symlink("pts/ptmx", "dev/ptmx");
    mkdir("dev/shm");
    mount("tmpfs", "dev/shm", "tmpfs", NOSUID | NODEV, "mode=01777");
    symlink("/proc/self/fd", "dev/fd");
    symlink("/proc/self/fd/0", "dev/stdin");
    symlink("/proc/self/fd/1", "dev/stdout");
    symlink("/proc/self/fd/2", "dev/stderr");
}

static void make_root(const char *directory)
{
    char source[16];

    mount("none", "/", 0, RECURSIVE | PRIVATE, 0);
    mount("tmpfs", "/", "tmpfs", NOSUID | NODEV, "mode=0755");
    must_step(call(SYS_chdir, (long)"/..", 0, 0, 0, 0), 57);
    for (int i = 0; i < SANDBOX_TREES; i++) {
        join(source, "/", sandbox_trees[i]);
        bring(source, sandbox_trees[i]);
    }
    bring(directory, "run");
    mkdir("tmp");
    mount("tmpfs", "tmp", "tmpfs", NOSUID | NODEV, "mode=01777");
    mkdir("proc");
    mount("proc", "proc", "proc", NOSUID | NODEV | NOEXEC, 0);
    make_dev();
    must_step(call(SYS_pivot_root, (long)".", (long)".", 0, 0, 0), 58);
    must_step(call(SYS_umount2, (long)".", DETACH, 0, 0, 0), 59);
    must_step(call(SYS_chdir, (long)"/", 0, 0, 0, 0), 60);
}

void enter_sandbox(const char *directory)
{
    struct sock_filter filter[SANDBOX_FILTER];
    struct sock_fprog program = {SANDBOX_FILTER, filter};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

    make_root(directory);
    for (int i = 0; i < SANDBOX_LIMITS; i++)
        must_step(call(SYS_prlimit64, 0, sandbox_limits[i].resource, (long)&sandbox_limits[i].soft, 0, 0), 61);
    for (int cap = 0; cap <= LAST_CAP; cap++)
        must_step(call(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0), 62);
    must_step(call(SYS_capset, (long)&header, (long)none, 0, 0, 0), 63);
    must_step(call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 64);
    sandbox_filter(filter);
    must_step(call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0, 0), 65);
}
