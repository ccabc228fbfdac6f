/* This program as bubblewrap: what its options mean together, and what the library is asked for. */
#define _GNU_SOURCE
#include "bwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(struct bwrap *bwrap)
{
    if (bwrap->userns_fd >= 0 && (bwrap->unshare_user || bwrap->unshare_user_try))
        usage("--userns not compatible with --unshare-user");
    if (bwrap->disable_userns && !bwrap->unshare_user)
        usage("--disable-userns requires --unshare-user");
    if (bwrap->userns_block_fd >= 0 && !bwrap->unshare_user)
        usage("--userns-block-fd requires --unshare-user");
    if (bwrap->userns_block_fd >= 0 && bwrap->info_fd < 0)
        usage("--userns-block-fd requires --info-fd");
    if (bwrap->userns_block_fd >= 0 && bwrap->disable_userns)
        usage("--disable-userns is not compatible with --userns-block-fd");
    if (geteuid() && bwrap->userns_fd < 0)
        bwrap->unshare_user = true;
    /* Where a file of /proc says that there are none, they are not tried for. */
    size_t length;
    int fd = bwrap->unshare_user_try ? open("/proc/sys/user/max_user_namespaces", O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0)
        bwrap->unshare_user |= strcmp(read_descriptor(fd, "max_user_namespaces", &length), "0\n") != 0;
    if (bwrap->unshare_cgroup_try)
        bwrap->unshare_cgroup |= !access("/proc/self/ns/cgroup", F_OK);
    if (bwrap->userns2_fd >= 0 && bwrap->unshare_user)
        usage("--userns2 requires --userns: there is no user namespace below a new one");
    bool has_userns = bwrap->unshare_user || bwrap->userns_fd >= 0;
    if (!has_userns && bwrap->uid >= 0 && bwrap->uid != geteuid())
        usage("Specifying --uid requires --unshare-user or --userns");
    if (!has_userns && bwrap->gid >= 0 && bwrap->gid != getegid())
        usage("Specifying --gid requires --unshare-user or --userns");
    if (bwrap->hostname && !bwrap->unshare_uts)
        usage("Specifying --hostname requires --unshare-uts");
    if (bwrap->as_pid_1 && !bwrap->unshare_pid)
        usage("Specifying --as-pid-1 requires --unshare-pid");
    if (bwrap->as_pid_1 && bwrap->locks_count)
        usage("Specifying --as-pid-1 and --lock-file is not permitted");
}

/* In the process of its own that finds out how the second user namespace shows ids of the first. */
static void enter_as(const struct bwrap *bwrap, uint32_t user, uint32_t group, uint32_t seen[2])
{
    bool good = !setns(bwrap->userns_fd, CLONE_NEWUSER) && !prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) &&
        !setresgid(group, group, group) && !setresuid(user, user, user) && !setns(bwrap->userns2_fd, CLONE_NEWUSER);
    if (!good)
        _exit(errno);
    seen[0] = getuid(), seen[1] = getgid();
    _exit(0);
}

/* --uid and --gid are ids of --userns, and the library takes those of --userns2, where the command ends up. */
static void translate_ids(const struct bwrap *bwrap, uint32_t *user, uint32_t *group)
{
    uint32_t *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = seen == MAP_FAILED ? -1 : fork();
    if (pid == 0)
        enter_as(bwrap, bwrap->uid < 0 ? geteuid() : *user, bwrap->gid < 0 ? getegid() : *group, seen);
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0)
        fail(errno, "--userns2");
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        usage("--uid and --gid cannot be had in these user namespaces: %s", strerror(WEXITSTATUS(status)));
    *user = seen[0], *group = seen[1];
}

static void set_namespaces(struct bwrap *bwrap)
{
    uint32_t types = FORKEXEC_NS_MOUNT | (bwrap->unshare_user ? FORKEXEC_NS_USER : 0) |
        (bwrap->unshare_pid ? FORKEXEC_NS_PID : 0) | (bwrap->unshare_net ? FORKEXEC_NS_NET : 0) |
        (bwrap->unshare_ipc ? FORKEXEC_NS_IPC : 0) | (bwrap->unshare_uts ? FORKEXEC_NS_UTS : 0) |
        (bwrap->unshare_cgroup ? FORKEXEC_NS_CGROUP : 0);
    accept(forkexec_attr_create_namespaces(bwrap->attr, types));
    /* What is mounted on the host later is seen inside, and nothing the other way. */
    accept(forkexec_attr_set_mount_propagation(bwrap->attr, MS_REC | MS_SLAVE));
    uint32_t user = bwrap->uid < 0 ? geteuid() : (uint32_t)bwrap->uid, group = bwrap->gid < 0 ? getegid() : (uint32_t)bwrap->gid;
    if (bwrap->unshare_user) {
        accept(forkexec_attr_map_uid(bwrap->attr, user, geteuid(), 1));
        accept(forkexec_attr_map_gid(bwrap->attr, group, getegid(), 1));
    } else if (bwrap->userns_fd >= 0) {
        accept(forkexec_attr_join_namespace(bwrap->attr, bwrap->userns_fd, FORKEXEC_NS_USER));
        if (bwrap->userns2_fd >= 0 && (bwrap->uid >= 0 || bwrap->gid >= 0))
            translate_ids(bwrap, &user, &group);
        if (bwrap->uid >= 0)
            accept(forkexec_attr_set_uid(bwrap->attr, user));
        if (bwrap->gid >= 0)
            accept(forkexec_attr_set_gid(bwrap->attr, group));
    }
    if (bwrap->userns2_fd >= 0)
        accept(forkexec_attr_join_second_user_namespace(bwrap->attr, bwrap->userns2_fd));
    if (bwrap->pidns_fd >= 0)
        accept(forkexec_attr_join_namespace(bwrap->attr, bwrap->pidns_fd, FORKEXEC_NS_PID));
    if (bwrap->unshare_pid && !bwrap->as_pid_1)
        accept(forkexec_attr_set_lingering_init(bwrap->attr));
    if (bwrap->unshare_net)
        accept(forkexec_attr_set_loopback(bwrap->attr));
    if (bwrap->hostname)
        accept(forkexec_attr_set_hostname(bwrap->attr, bwrap->hostname));
}

void read_filter(struct bwrap *bwrap, int fd)
{
    size_t length;
    char *program = read_descriptor(fd, "seccomp data", &length);
    if (length % sizeof(struct sock_filter))
        usage("Invalid seccomp data, must be multiple of 8");
    bwrap->filters = one_more(bwrap->filters, bwrap->filters_count, sizeof *bwrap->filters);
    bwrap->filters[bwrap->filters_count++] = (struct filter){ (const struct sock_filter *)(void *)program,
        (uint32_t)(length / sizeof(struct sock_filter)) };
}

/* What this process may have, which in a user namespace of its own is all. */
static uint64_t permitted(const struct bwrap *bwrap)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { 0 } };
    if (bwrap->unshare_user || bwrap->userns_fd >= 0 || bwrap->userns2_fd >= 0 || syscall(SYS_capget, &header, data))
        return UINT64_MAX;
    return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* A user other than root keeps no capabilities but those of --cap-add. Root keeps its own. */
static void set_rights(struct bwrap *bwrap)
{
    accept(forkexec_attr_set_no_new_privs(bwrap->attr));
    bool drops = bwrap->changes_capabilities || geteuid();
    bwrap->capabilities &= permitted(bwrap);
    if (drops && !bwrap->capabilities) {
        accept(forkexec_attr_drop_capabilities(bwrap->attr));
    } else if (drops) {
        accept(forkexec_attr_set_capabilities(bwrap->attr, FORKEXEC_CAP_PERMITTED | FORKEXEC_CAP_EFFECTIVE |
            FORKEXEC_CAP_INHERITABLE | FORKEXEC_CAP_BOUNDING, bwrap->capabilities));
        accept(forkexec_attr_set_ambient(bwrap->attr, bwrap->capabilities));
    }
    if (bwrap->disable_userns)
        accept(forkexec_attr_deny_user_namespaces(bwrap->attr));
    if (bwrap->seccomp_fd >= 0)
        read_filter(bwrap, bwrap->seccomp_fd);
    for (size_t i = 0; i < bwrap->filters_count; i++)
        accept(forkexec_attr_add_seccomp_filter(bwrap->attr, bwrap->filters[i].program, bwrap->filters[i].count, 0));
    if (bwrap->exec_label)
        accept(forkexec_attr_set_exec_label(bwrap->attr, bwrap->exec_label));
    if (bwrap->new_session)
        accept(forkexec_attr_set_session(bwrap->attr));
    if (bwrap->die_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        accept(forkexec_attr_set_parent_death_signal(bwrap->attr, SIGKILL, FORKEXEC_DEATH_OF_THREAD));
    }
    /* What the caller gave us without close-on-exec, it gave the command. */
    accept(forkexec_attr_inherit_fds(bwrap->attr));
}

void bwrap_main(const char *name, char **words)
{
    message_prefix = "bwrap: ";
    failure_code = 1;
    signal(SIGCHLD, SIG_DFL);
    struct bwrap bwrap = { .attr = forkexec_attr_new(), .perms = -1, .root_fd = -1, .userns_fd = -1, .userns2_fd = -1,
        .userns_block_fd = -1, .pidns_fd = -1, .block_fd = -1, .info_fd = -1, .json_status_fd = -1, .sync_fd = -1, .seccomp_fd = -1, .uid = -1,
        .gid = -1 };
    if (!bwrap.attr)
        fail(ENOMEM, "no memory");
    asked_attr = bwrap.attr;
    char all[] = "all";
    bwrap.capabilities = geteuid() ? 0 : parse_capabilities(all);
    char **command = read_bwrap_options(&bwrap, name, words);
    check(&bwrap);
    if (bwrap.userns_block_fd >= 0)
        wait_for_maps(&bwrap);
    set_namespaces(&bwrap);
    set_rights(&bwrap);
    build_root(&bwrap);
    run_bwrap(&bwrap, command);
}
