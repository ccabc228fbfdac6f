/*
 * libforkexec: everything between fork and exec, behind one C interface.
 * Generated from the comments in src/: see tests/header_is_current.rs.
 * Manual pages: forkexec(7), and one of section 3 for each function.
 *
 * CONVENTIONS
 *
 * Results. A function returns 0 or a negative errno, unless its comment says otherwise. Results are written only on
 * success. The error is filled on failure and cleared on success; its pointer may be NULL. Where memory is short a
 * function fails with -ENOMEM; none aborts. Nothing is thread-local and nothing calls back. No function is a
 * cancellation point: a cancelled thread first returns from the call, pthreads(7).
 *
 * Setters. A call of a setter turns its feature on, and nothing turns it off: build a base attr and vary copies of it.
 * Setters may come in any order. Each copies what it is given, and checks what its arguments alone can tell.
 * Contradictions between setters are found by the spawn and reported as FORKEXEC_STAGE_VALIDATE. A value that is set
 * again is replaced; a list grows. A refused setter marks the attr: every spawn from it or from a copy fails as
 * FORKEXEC_STAGE_VALIDATE and names the setter. So the results of setters need not be checked: no program starts with
 * less protection than was asked for. In the comments a setter is named without forkexec_attr_: set_cwd is
 * forkexec_attr_set_cwd.
 *
 * Threads. Many threads may spawn from one attr at the same time, as long as none changes it. wait, signal, kill_tree
 * and the functions that read a child may run at the same time; release only in one thread; close alone and last.
 *
 * Descriptors. A setter that takes a descriptor borrows its number: the library neither duplicates nor closes it, and
 * it has to be open during each spawn. The program gets descriptors 0 to 2 and those that were asked for; all others
 * are closed, see forkexec_attr_map_fd. Once a child has needed them, the library keeps up to three descriptors of its
 * own open, close-on-exec: the memfd of its built-in program, and two of the memory in which children report. Each
 * child has a pidfd until forkexec_close. A child that is held, hands descriptors over, or is made in two steps also
 * has a pipe or socket and an eventfd.
 *
 * Programs. argv NULL or empty is -EINVAL. envp NULL is the caller's environ, which is read during the call. PATH is
 * not searched: see forkexec_attr_set_search_path. ENOEXEC is returned; no shell is started.
 *
 * Ids. (uid_t)-1 and (gid_t)-1 are -EINVAL. A change of uid or gid without forkexec_attr_set_groups drops all
 * supplementary groups.
 *
 * Signals. Blocked and ignored signals stay so in the program. Handlers become the default action. A set of signals is
 * a uint64_t of FORKEXEC_SIGNAL_BIT(sig), which is bit sig - 1.
 *
 * Errors. index in an error is a place, counted from 0, in the list that the stage is about: among the accepted calls
 * that made it. An entry that was replaced keeps its place. -1: the error is about no item of a list.
 *
 * Times. The name of an argument or field says its unit.
 *
 * CONTENTS
 *
 *   1. Types
 *   2. Stages: the steps of a spawn
 *   3. Names and versions
 *   4. Attrs
 *   5. Program, working directory and memory
 *   6. Descriptors
 *   7. Session, process group and terminal
 *   8. Signals
 *   9. Limits, scheduling and process flags
 *  10. User and group ids
 *  11. Capabilities
 *  12. Namespaces
 *  13. Mounts and root directory
 *  14. Keyrings and security labels
 *  15. Seccomp filters
 *  16. Landlock
 *  17. Sockets, terminals and devices for the caller
 *  18. Spawn
 *  19. Children
 *  20. Cgroups
 *  21. Prepared roots
 *  22. Probe
 */

#ifndef FORKEXEC_H
#define FORKEXEC_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define FORKEXEC_MUST_USE __attribute__((warn_unused_result))
#else
#define FORKEXEC_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * 1. Types
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * What a spawn is asked for: program, directory, descriptors, ids, limits, namespaces and so on.
 *
 * It owns copies of what setters were given. One thread at a time may change it. While no thread does, many
 * threads may spawn from it at once, again and again.
 */
struct forkexec_attr;

/**
 * A child that forkexec_spawn, forkexec_start or forkexec_hold has made.
 *
 * It belongs to the process that made it: in another, such as a fork of it, every call but forkexec_close is
 * -ESRCH.
 */
struct forkexec_child;

/**
 * A cgroup of version 2 that was made to run programs in.
 *
 * It is a directory, whose files are its limits and what it counts. It belongs to the process that made it: in
 * another, such as a fork of it, every call but forkexec_cgroup_free is -ESRCH. See cgroups(7).
 */
struct forkexec_cgroup;

/**
 * A root that was built once, with the mounts in it: a tree of mounts that is in no mount namespace, of which each
 * spawn gets a clone. A fork of the process that made it can use it, too.
 */
struct forkexec_root;

/**
 * Why a call failed.
 *
 * It is filled on failure and cleared on success. Every function that takes a pointer to one also takes NULL. It
 * has 256 bytes for ever, without padding.
 */
struct forkexec_error {
    /** The step that failed, an enum forkexec_stage. 0: none. */
    uint32_t stage;
    /** The errno, positive. 0: none. */
    int32_t code;
    /** Which item of the list that the stage is about, counted from 0. -1: none. */
    int32_t index;
    /**
     * The child that failed, if there was one, else 0. It is reaped already, by the library or by a wait of the
     * caller's own.
     */
    int32_t pid;
    /** The signal that killed the child before it was the program, with ECANCELED in code; else 0. */
    int32_t signal;
    /** Zero. */
    uint32_t reserved[3];
    /** The whole sentence, which ends with a NUL: "fd action 3 (/dev/tty): No such device or address". */
    char message[224];
};

/**
 * How a child ended and what it used.
 *
 * It grows at its end only; forkexec_wait is told its size. It has no padding.
 */
struct forkexec_status {
    /** Which fields are filled: FORKEXEC_STATUS_ bits; the others are 0. */
    uint32_t valid;
    /** The status as waitpid(2) has it. */
    int32_t wait_status;
    /** The exit code. -1: a signal ended the child. */
    int32_t exit_code;
    /** The signal that ended the child. 0: it exited. */
    int32_t signal;
    /** 1: it left a core dump. */
    uint32_t core_dumped;
    /**
     * Whether the program ran: a FORKEXEC_RAN_ constant. It is FORKEXEC_RAN_NO also after a spawn that returned 0, if
     * a signal killed the child in the middle of execve(2).
     */
    uint32_t ran;
    /** Processor time in user mode, in nanoseconds, of the child and of the processes that it waited for. */
    uint64_t user_ns;
    /** Processor time in the kernel, of the same. */
    uint64_t system_ns;
    /**
     * The peak of resident memory of the largest process among the child and those that it waited for, in bytes. With
     * FORKEXEC_STATUS_OWN_MEMORY it is the program's own, but may include about 1 MiB of the library's image. Without,
     * it is never below max_rss_floor_bytes.
     */
    uint64_t max_rss_bytes;
    /**
     * The caller's own peak when it made the child, which the kernel counts in max_rss_bytes. Only a larger
     * max_rss_bytes is the program's. 0 with FORKEXEC_STATUS_OWN_MEMORY.
     */
    uint64_t max_rss_floor_bytes;
    /**
     * The peak of memory of the child's cgroup, by all that ever ran in it, if there is a cgroup and it counts memory.
     */
    uint64_t memory_peak_bytes;
    /** Page faults that needed no reading. */
    uint64_t minor_faults;
    /** Page faults that needed reading. */
    uint64_t major_faults;
    /** Blocks read. */
    uint64_t block_reads;
    /** Blocks written. */
    uint64_t block_writes;
    /** Context switches because the child waited. */
    uint64_t voluntary_switches;
    /** Context switches because its time slice was over. */
    uint64_t involuntary_switches;
    /**
     * 1: SIGKILL killed the child, or the program of an init, and oom_kills is not 0. The memory limit of its cgroup
     * or of one above was reached, or the machine ran out of memory. If others than the child and its descendants are
     * in the cgroup, one of them may have been killed, and somebody else may have sent the SIGKILL.
     */
    uint32_t out_of_memory;
    /**
     * How many processes the kernel's out-of-memory killer has killed in the child's cgroup since the child began, and
     * with version 2 in those below it: oom_kill in memory.events, with version 1 in memory.oom_control.
     */
    uint32_t oom_kills;
    /** Why it ended: a FORKEXEC_ENDED_ constant. 0: it has not ended. */
    uint32_t ended;
    /** The signal that stopped the child, with FORKEXEC_STATUS_STOPPED. */
    int32_t stop_signal;
};

/** An instruction of a seccomp filter, as linux/filter.h defines it. */
struct sock_filter;

/* ---------------------------------------------------------------------------------------------------------------------
 * 2. Stages: the steps of a spawn
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * A step of a spawn. The stage of a forkexec_error names the step that failed.
 *
 * A number below 100 is a step of the caller's side. Numbers ascend in the order in which the steps are taken.
 * Later versions add numbers and never change one.
 */
enum forkexec_stage {
    /** No stage: nothing failed, or the error is not about a step. */
    FORKEXEC_STAGE_NONE = 0,
    /** The request is checked: setters that contradict each other, refused setters, descriptors that are not open. */
    FORKEXEC_STAGE_VALIDATE = 10,
    /** What the request names is looked up: limits, capabilities, the cgroup. getrlimit(2), capget(2), statfs(2). */
    FORKEXEC_STAGE_RESOLVE = 20,
    /** Memory for the plan, for the child's stack and for its image is mapped. mmap(2), memfd_create(2). */
    FORKEXEC_STAGE_MEMORY = 30,
    /**
     * The close-on-exec descriptors between caller and child are made, among them the page in which the child reports,
     * if the child has made it. pipe(2), eventfd(2), memfd_create(2), pidfd_open(2), pidfd_getfd(2); for a child that
     * sends descriptors socketpair(2), recvmsg(2).
     */
    FORKEXEC_STAGE_PIPE = 40,
    /** The child is made. clone(2). */
    FORKEXEC_STAGE_CLONE = 50,
    /**
     * The child is moved to its cgroup; or the cgroup has refused a child that was to be born in it. cgroups(7),
     * clone(2).
     */
    FORKEXEC_STAGE_CGROUP = 60,
    /** The user and group ids of the waiting child are mapped. user_namespaces(7). */
    FORKEXEC_STAGE_ID_MAP = 70,
    /** The child was killed, or died, while it was set up, before it could say where. */
    FORKEXEC_STAGE_CHILD = 90,
    /** The child gets its own descriptor table. Before this it may not change any descriptor. close_range(2). */
    FORKEXEC_STAGE_FD_TABLE = 100,
    /**
     * Descriptors that the plan does not need are closed, so that no child holds the pipe of another. close_range(2).
     */
    FORKEXEC_STAGE_FD_UNNEEDED = 110,
    /** The capabilities are made to survive the change to the image. capabilities(7). */
    FORKEXEC_STAGE_CARRY = 115,
    /**
     * The child executes the library's own small program, and so leaves the caller's memory. The files of that
     * program, and of the page in which the child reports, belong to this stage. execveat(2), memfd_create(2).
     */
    FORKEXEC_STAGE_IMAGE = 120,
    /** Descriptors that had to survive the change to the image become close-on-exec again. F_SETFD(2const). */
    FORKEXEC_STAGE_FD_FLAGS = 125,
    /**
     * The score for the out-of-memory killer is set. This comes before the ids: a change of ids loses the right to
     * write it. proc_pid_oom_score_adj(5).
     */
    FORKEXEC_STAGE_OOM_SCORE = 130,
    /**
     * The kinds of memory that a core dump has are set. The kernel keeps them with the memory, so this comes after the
     * child has its own. core(5).
     */
    FORKEXEC_STAGE_COREDUMP_FILTER = 135,
    /** The capability sets are set back to what they were before the change to the image. capabilities(7). */
    FORKEXEC_STAGE_CREDENTIALS = 200,
    /**
     * The library's own small program makes a second process, which goes on. It is born in the cgroup, where a member
     * that shares the caller's memory would endanger the caller, or has a peak of memory of its own. If the cgroup, a
     * namespace or a limit refuses it, the error names the stage clone. clone(2).
     */
    FORKEXEC_STAGE_CGROUP_BIRTH = 205,
    /** The child waits for what the caller does for it: id maps, the cgroup, limits that need privileges. poll(2). */
    FORKEXEC_STAGE_WAIT = 210,
    /**
     * The file for the clocks of a new time namespace is opened, while /proc is still the caller's.
     * time_namespaces(7).
     */
    FORKEXEC_STAGE_TIME_FILE = 215,
    /**
     * The child becomes non-dumpable: from here on no process may look into it, whatever user it becomes.
     * PR_SET_DUMPABLE(2const).
     */
    FORKEXEC_STAGE_NONDUMPABLE = 220,
    /** The caller's /proc is opened; labels are written through it later. openat(2). */
    FORKEXEC_STAGE_PROCFS = 225,
    /**
     * Namespaces are joined: first those that need the caller's privileges, then the user namespace, then those that
     * need the privileges there. setns(2).
     */
    FORKEXEC_STAGE_JOIN = 230,
    /**
     * The child becomes the user that is to own the user namespace. This comes after the joins, which need privileges.
     * setresuid(2).
     */
    FORKEXEC_STAGE_NAMESPACE_OWNER = 235,
    /**
     * The child makes its own user namespace, because it has joined others or because another user is to own it.
     * unshare(2).
     */
    FORKEXEC_STAGE_UNSHARE_USER = 240,
    /** The child waits until that user namespace has its maps. poll(2). */
    FORKEXEC_STAGE_WAIT_MAPS = 245,
    /** The child enters the new namespaces in which it was not born. unshare(2). */
    FORKEXEC_STAGE_UNSHARE = 250,
    /**
     * The clocks of the new time namespace are set while it has no process; then the child enters it.
     * time_namespaces(7), setns(2).
     */
    FORKEXEC_STAGE_TIME_OFFSETS = 252,
    /** A second process goes on, as pid 1 of a pid namespace that the child has entered. clone(2). */
    FORKEXEC_STAGE_FIRST_PROCESS = 255,
    /**
     * The child enters a cgroup namespace. This comes after it entered the cgroup, so that this cgroup is the root
     * there. cgroup_namespaces(7).
     */
    FORKEXEC_STAGE_CGROUP_NAMESPACE = 260,
    /** The child gives up the controlling terminal. TIOCNOTTY(2const). */
    FORKEXEC_STAGE_DETACH_TERMINAL = 300,
    /** The child starts a new session. setsid(2). */
    FORKEXEC_STAGE_SESSION = 310,
    /** The child joins the process group. setpgid(2). */
    FORKEXEC_STAGE_PROCESS_GROUP = 320,
    /** The child takes the controlling terminal. This needs the new session. TIOCSCTTY(2const). */
    FORKEXEC_STAGE_CONTROLLING_TERMINAL = 330,
    /**
     * The process group becomes the foreground group. This needs the group and the terminal; without the terminal it
     * is ENOTTY. tcsetpgrp(3).
     */
    FORKEXEC_STAGE_FOREGROUND = 340,
    /** The host name is set, in the new UTS namespace. sethostname(2). */
    FORKEXEC_STAGE_HOSTNAME = 410,
    /** The NIS domain name is set, in the new UTS namespace. setdomainname(2). */
    FORKEXEC_STAGE_DOMAINNAME = 420,
    /** The loopback interface is brought up, in the new network namespace. netdevice(7). */
    FORKEXEC_STAGE_LOOPBACK = 430,
    /**
     * The network device for the caller is made, in the new network namespace and while the caller's mounts are still
     * there. netdevice(7).
     */
    FORKEXEC_STAGE_TUN = 435,
    /** Mounts stop propagating to the caller. This comes before any mount or change of root. mount_namespaces(7). */
    FORKEXEC_STAGE_PROPAGATION = 440,
    /**
     * It is tried whether this kernel clones a tree of mounts that is in no mount namespace, before a root is built to be
     * cloned. open_tree(2), fsmount(2), move_mount(2).
     */
    FORKEXEC_STAGE_ROOT_TREE = 443,
    /**
     * The new root is mounted over the old one. Mounts are brought in from the old root, which the new one covers in
     * the end. mount(2), mount_setattr(2).
     */
    FORKEXEC_STAGE_ROOT = 445,
    /**
     * A mount of add_mount is made. The items of the list of mounts share one index and are done in call order,
     * whatever their stages are. mount(2).
     */
    FORKEXEC_STAGE_MOUNT = 451,
    /**
     * A file or directory of the caller's appears at its place in the root. open_tree(2), move_mount(2),
     * mount_setattr(2), mount(2).
     */
    FORKEXEC_STAGE_BIND = 452,
    /** An empty file system in memory is mounted. tmpfs(5). */
    FORKEXEC_STAGE_TMPFS = 453,
    /** A proc file system of the child's pid namespace is mounted. proc(5). */
    FORKEXEC_STAGE_PROC = 454,
    /** A small /dev is mounted, with a devpts of its own. devpts(5), mount(2). */
    FORKEXEC_STAGE_DEV = 455,
    /** A directory is made, with those above it that are missing. mkdir(2). */
    FORKEXEC_STAGE_DIRECTORY = 456,
    /** A symbolic link is made. symlink(2). */
    FORKEXEC_STAGE_SYMLINK = 457,
    /** A file is made and filled. open(2), write(2). */
    FORKEXEC_STAGE_FILE = 458,
    /** A path is hidden by a mount over it. mount(2). */
    FORKEXEC_STAGE_MASK = 459,
    /** A path becomes read-only, with all that is mounted below. mount_setattr(2), mount(2). */
    FORKEXEC_STAGE_READONLY = 460,
    /**
     * Directories of the caller's are mounted as one, laid over each other. What is written goes to one of them, or to
     * memory. mount(2).
     */
    FORKEXEC_STAGE_OVERLAY = 461,
    /** A mount gets additional flags. mount(2). */
    FORKEXEC_STAGE_REMOUNT = 462,
    /** A file or directory gets another mode. chmod(2). */
    FORKEXEC_STAGE_MODE = 463,
    /**
     * The new root replaces the old one, which is detached. This comes after the last mount, whose source was in the
     * old root. pivot_root(2).
     */
    FORKEXEC_STAGE_PIVOT_ROOT = 470,
    /** The root becomes read-only. This comes after everything that is made in it. mount(2). */
    FORKEXEC_STAGE_ROOT_READONLY = 480,
    /**
     * A root that is prepared is copied to a tree of mounts that is in no mount namespace, for later spawns to clone.
     * open_tree(2), fsmount(2), move_mount(2).
     */
    FORKEXEC_STAGE_ROOT_COPY = 485,
    /**
     * The child enters its root directory, and its working directory moves inside. This comes before the ids change,
     * as it needs a privilege. chroot(2).
     */
    FORKEXEC_STAGE_CHROOT = 490,
    /** The new pseudoterminal is made. This needs the final root, whose devpts it belongs to. pty(7). */
    FORKEXEC_STAGE_TERMINAL = 495,
    /**
     * The child enters a second user namespace, which has the ids that were asked for. In the first it had to be id 0,
     * which devpts(5) needs. unshare(2), user_namespaces(7).
     */
    FORKEXEC_STAGE_INNER_USER_NAMESPACE = 497,
    /**
     * The child joins a second user namespace, below the one in which the mounts were made. From here on it has privileges
     * in the second alone. setns(2), user_namespaces(7).
     */
    FORKEXEC_STAGE_SECOND_USER_NAMESPACE = 498,
    /** Resource limits are set, except the one on descriptors, of which the child still needs some. prlimit(2). */
    FORKEXEC_STAGE_RLIMIT = 500,
    /** The processors to run on are set. sched_setaffinity(2). */
    FORKEXEC_STAGE_AFFINITY = 510,
    /** The nodes that memory comes from are set. set_mempolicy(2). */
    FORKEXEC_STAGE_NUMA_POLICY = 515,
    /** The nice value is set. setpriority(2). */
    FORKEXEC_STAGE_NICE = 520,
    /**
     * The scheduling policy is set. This comes after the nice value, which some policies ignore.
     * sched_setscheduler(2).
     */
    FORKEXEC_STAGE_SCHEDULER = 530,
    /** The expected utilization is set. sched_setattr(2). */
    FORKEXEC_STAGE_UTILIZATION = 535,
    /** The I/O priority is set. ioprio_set(2). */
    FORKEXEC_STAGE_IO_PRIORITY = 540,
    /** The slack of timers is set. PR_SET_TIMERSLACK(2const). */
    FORKEXEC_STAGE_TIMER_SLACK = 550,
    /** The execution domain and its flags are set. personality(2). */
    FORKEXEC_STAGE_PERSONALITY = 560,
    /** The file mode creation mask is set. This comes after everything that the library itself makes. umask(2). */
    FORKEXEC_STAGE_UMASK = 570,
    /**
     * A socket for the caller is made and bound. This needs the final network namespace, the final root and the umask.
     * bind(2), listen(2).
     */
    FORKEXEC_STAGE_LISTEN = 574,
    /**
     * The child sends the caller the descriptors that it has made for it. This comes before a held child waits, as the
     * caller may need them then. unix(7).
     */
    FORKEXEC_STAGE_HAND_OVER = 576,
    /**
     * A held child waits here until it is released. Its surroundings are complete, and its privileges are still those
     * of the caller. poll(2).
     */
    FORKEXEC_STAGE_HOLD = 580,
    /** The child enters the namespaces that were asked for after the hold. unshare(2). */
    FORKEXEC_STAGE_LATE_NAMESPACES = 590,
    /**
     * A second process goes on, in the pid namespace that was entered. It is made here if filters without no_new_privs
     * follow. clone(2).
     */
    FORKEXEC_STAGE_SECOND_CLONE = 595,
    /** The working directory is entered with the caller's rights, before anything takes them away. chdir(2). */
    FORKEXEC_STAGE_CWD_BEFORE_IDS = 600,
    /**
     * The label for the program is written, by the process that becomes the program. This comes early, as the file by
     * which it is written gives access to much. proc_pid_attr(5).
     */
    FORKEXEC_STAGE_EXEC_LABEL = 602,
    /** The AppArmor profile for the program is written, beside the label of another module. proc_pid_attr(5). */
    FORKEXEC_STAGE_APPARMOR_PROFILE = 603,
    /** The SELinux label for the session keyring is written, before the keyring is made. proc_pid_attr(5). */
    FORKEXEC_STAGE_KEYRING_LABEL = 604,
    /**
     * The session keyring is joined or made. This comes before the ids change: the new ids may have no access to one
     * of that name. keyctl(2).
     */
    FORKEXEC_STAGE_KEYRING = 605,
    /** The permissions of the session keyring are set, while it belongs to the child. keyctl(2). */
    FORKEXEC_STAGE_KEYRING_PERMISSIONS = 606,
    /** The bounding set is reduced, while CAP_SETPCAP is still there. capabilities(7). */
    FORKEXEC_STAGE_BOUNDING = 610,
    /** The capabilities are made to survive the change of ids. PR_SET_KEEPCAPS(2const). */
    FORKEXEC_STAGE_KEEP_CAPS = 620,
    /**
     * Seccomp filters without no_new_privs are installed, while CAP_SYS_ADMIN is there. They have to allow what
     * follows. seccomp(2).
     */
    FORKEXEC_STAGE_PRIVILEGED_SECCOMP = 630,
    /** The supplementary groups are set, before a change of ids forbids it. setgroups(2). */
    FORKEXEC_STAGE_GROUPS = 640,
    /** The group id is set, before a change of the user id forbids it. setresgid(2). */
    FORKEXEC_STAGE_GID = 645,
    /** The user id is set. setresuid(2). */
    FORKEXEC_STAGE_UID = 650,
    /** The kept capabilities become effective again, as the change of the user id has cleared them. capset(2). */
    FORKEXEC_STAGE_EFFECTIVE = 655,
    /** The securebits are set, before CAP_SETPCAP goes. PR_SET_SECUREBITS(2const). */
    FORKEXEC_STAGE_SECUREBITS = 660,
    /**
     * The ambient set is set. Its capabilities have to be in the permitted and inheritable sets.
     * PR_CAP_AMBIENT(2const).
     */
    FORKEXEC_STAGE_AMBIENT = 670,
    /** The final permitted, effective and inheritable sets are set. Nothing after this needs a privilege. capset(2). */
    FORKEXEC_STAGE_CAPABILITIES = 680,
    /**
     * The working directory is entered with the program's ids and capabilities, unless it was entered before.
     * chdir(2).
     */
    FORKEXEC_STAGE_CWD = 690,
    /** The working directory has to lie inside the root. getcwd(2). */
    FORKEXEC_STAGE_CWD_CHECK = 695,
    /**
     * A second process goes on, in the pid namespace that was entered. This comes late, so that processes in there see
     * no more rights than the program's. clone(2).
     */
    FORKEXEC_STAGE_LAST_CLONE = 697,
    /** The library's own descriptors move away from numbers that the program is to have. F_DUPFD_CLOEXEC(2const). */
    FORKEXEC_STAGE_FD_INTERNAL = 700,
    /** The mapped descriptors move to their numbers, all at once. dup(2). */
    FORKEXEC_STAGE_FD_MAP = 710,
    /**
     * The new terminal becomes the controlling terminal and the standard streams, in the process that becomes the
     * program or its init. TIOCSCTTY(2const), dup(2).
     */
    FORKEXEC_STAGE_STREAMS = 715,
    /** The actions on descriptors are done in call order. open(2), dup(2), close(2), chdir(2). */
    FORKEXEC_STAGE_FD_ACTION = 720,
    /**
     * The Landlock rules are made. Their paths are looked up in the final root, with the program's ids.
     * landlock_add_rule(2).
     */
    FORKEXEC_STAGE_LANDLOCK_RULE = 730,
    /**
     * The signal for the parent's death is set, and it is checked that the parent has not died meanwhile. This comes
     * after the ids, whose change clears it. PR_SET_PDEATHSIG(2const).
     */
    FORKEXEC_STAGE_PARENT_DEATH = 740,
    /**
     * The program is forked from the init, which stays pid 1. This comes before the steps that are for the program
     * alone. fork(2).
     */
    FORKEXEC_STAGE_INIT = 745,
    /** The process flags are set, in the process that becomes the program. prctl(2). */
    FORKEXEC_STAGE_PROCESS_FLAGS = 747,
    /**
     * Speculative execution is controlled, in the process that becomes the program. PR_SET_SPECULATION_CTRL(2const).
     */
    FORKEXEC_STAGE_SPECULATION = 748,
    /** no_new_privs is set. PR_SET_NO_NEW_PRIVS(2const). */
    FORKEXEC_STAGE_NO_NEW_PRIVS = 750,
    /**
     * Landlock restricts the child. It needs no_new_privs, and comes after the last path is opened.
     * landlock_restrict_self(2).
     */
    FORKEXEC_STAGE_LANDLOCK = 755,
    /**
     * Descriptors that were needed until here are closed. Close-on-exec would be too late: an exec wakes the caller
     * before it closes them. close(2).
     */
    FORKEXEC_STAGE_FD_CLOSE = 760,
    /** The limit on descriptors is set, after the last descriptor has moved. prlimit(2). */
    FORKEXEC_STAGE_NOFILE = 770,
    /** The child becomes a tracee of the thread that started it. ptrace(2). */
    FORKEXEC_STAGE_TRACE = 780,
    /** The child stops itself. signal(7). */
    FORKEXEC_STAGE_STOP = 785,
    /** Signals are set to their default action or ignored. sigaction(2). */
    FORKEXEC_STAGE_SIGNAL_ACTIONS = 790,
    /**
     * A filter denies user namespaces, and the child tries whether it does. This comes before filters that may forbid
     * to try. seccomp(2).
     */
    FORKEXEC_STAGE_USER_NAMESPACES = 791,
    /**
     * Seccomp filters are installed. This comes so late that they need to allow little more than the exec. seccomp(2).
     */
    FORKEXEC_STAGE_SECCOMP = 792,
    /**
     * The signal mask is set, unless it was set before a filter that may refuse it. Pending signals act here.
     * sigprocmask(2).
     */
    FORKEXEC_STAGE_SIGNAL_MASK = 795,
    /** The program is executed. execve(2). */
    FORKEXEC_STAGE_EXEC = 799
};

/* ---------------------------------------------------------------------------------------------------------------------
 * 3. Names and versions
 * ------------------------------------------------------------------------------------------------------------------ */

/** The major version of this header; it changes only with the soname. */
#define FORKEXEC_VERSION_MAJOR 1

/** The minor version: it grows when functions or stages are added. */
#define FORKEXEC_VERSION_MINOR 0

/** The patch version. */
#define FORKEXEC_VERSION_PATCH 0

/** The version of this header as one number that grows: major * 65536 + minor * 256 + patch. */
#define FORKEXEC_VERSION_NUMBER 0x010000

/**
 * Gives the short name of a stage, for example "fd map".
 *
 * The name of stage 0 is "none"; that of a number which is no stage of this version is "unknown".
 *
 * Returns a static string, which is never NULL and not to be freed.
 */
const char *forkexec_stage_name(uint32_t stage);

/**
 * Gives the version of the loaded library, for example "1.0.0".
 *
 * Returns a static string, which is not to be freed.
 */
const char *forkexec_version(void);

/**
 * Gives the version of the loaded library as a number.
 *
 * Returns a number like FORKEXEC_VERSION_NUMBER, which is that of the header.
 */
uint32_t forkexec_version_number(void);

/* ---------------------------------------------------------------------------------------------------------------------
 * 4. Attrs
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Makes an attr in which nothing is set.
 *
 * A program that is started from it inherits what execve(2) lets it inherit, and of the descriptors only 0 to 2.
 *
 * Returns the attr, which is to be freed with forkexec_attr_free, or NULL when memory is short.
 */
FORKEXEC_MUST_USE struct forkexec_attr *forkexec_attr_new(void);

/**
 * Makes a copy of attr that is independent of it.
 *
 * If a setter of attr was refused, the copy is marked as attr is: no spawn from it succeeds.
 *
 * Returns the copy, which is to be freed with forkexec_attr_free, or NULL when attr is NULL or memory is short.
 */
FORKEXEC_MUST_USE struct forkexec_attr *forkexec_attr_copy(const struct forkexec_attr *attr);

/**
 * Frees attr. NULL is allowed.
 *
 * Children that were started from it are not affected.
 */
void forkexec_attr_free(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 5. Program, working directory and memory
 * ------------------------------------------------------------------------------------------------------------------ */

/** For forkexec_attr_set_cwd_rights: those of the program, after its ids and capabilities are set. The default. */
#define FORKEXEC_CWD_RIGHTS_PROGRAM 0

/** Those of the caller, before that. */
#define FORKEXEC_CWD_RIGHTS_CALLER 1

/** Those of the caller and, if they are refused, those of the program, as runc and crun do. */
#define FORKEXEC_CWD_RIGHTS_EITHER 2

/**
 * For forkexec_attr_set_memory_mode: the caller's memory where that is safe, else FRESH, else COPIED where that is
 * safe. The default.
 */
#define FORKEXEC_MEMORY_AUTO 0

/** The memory of the library's own small program, which the child executes first. */
#define FORKEXEC_MEMORY_FRESH 1

/** A copy of the caller's memory, as fork(2) makes it; slow if the caller is large. */
#define FORKEXEC_MEMORY_COPIED 2

/**
 * Runs the program that the descriptor fd refers to.
 *
 * The path given to the spawn must then be NULL. fd is a descriptor of the caller, borrowed: it must be open, for
 * reading or with O_PATH, during each spawn. The program does not get it, unless map_fd or inherit_fds passes it on. A
 * script needs that, for example by map_fd(attr, fd, fd): without it the interpreter finds the descriptor closed, and
 * fails with ENOENT. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_EXEC, with the errno of execveat(2).
 *
 * See execveat(2).
 */
int forkexec_attr_set_exec_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Searches for a program whose path has no slash in the directories of dirs.
 *
 * dirs has directories with colons between them. NULL means "/bin:/usr/bin". An empty item is the program's working
 * directory. Without this call nothing is searched; PATH is never read. The directories are tried in turn. If none has
 * a program that runs, the error is the first one that is neither ENOENT nor ENOTDIR, else the last. dirs is copied.
 * The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or dirs is empty.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_EXEC, with the errno of execve(2).
 *
 * The error's index is the place in dirs of the directory that failed. It is -1 for a path with a slash.
 *
 * See execvp(3).
 */
int forkexec_attr_set_search_path(struct forkexec_attr *attr, const char *dirs);

/**
 * Starts the program in the directory path.
 *
 * The directory is entered inside the program's root, after set_root and set_chroot, and with the program's ids and
 * capabilities, unless set_cwd_rights says otherwise. A relative path begins at the caller's working directory, or at
 * the new root. path is copied. The last call of this and of set_cwd_fd wins.
 *
 * Example:
 *
 *     forkexec_attr_set_cwd(attr, "/var/empty");
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, or path is empty.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_CWD, with the errno of chdir(2).
 * FORKEXEC_STAGE_CWD_BEFORE_IDS, with the errno of chdir(2), if set_cwd_rights asks for the caller's rights.
 *
 * See chdir(2).
 */
int forkexec_attr_set_cwd(struct forkexec_attr *attr, const char *path);

/**
 * Starts the program in the directory that the descriptor fd refers to.
 *
 * fd is a descriptor of the caller, borrowed: it must be open during each spawn. The directory is entered with the
 * program's ids and capabilities, unless set_cwd_rights says otherwise. The last call of this and of set_cwd wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_CWD, ENOTDIR: fd is no directory.
 * FORKEXEC_STAGE_CWD, EACCES: the program may not enter it.
 * FORKEXEC_STAGE_CWD_CHECK, ENOENT: with set_root or set_chroot, the directory lies outside the root. With set_root
 *   every directory that the caller has opened does.
 *
 * See fchdir(2).
 */
int forkexec_attr_set_cwd_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Chooses with whose rights the working directory is entered.
 *
 * rights is one of three. FORKEXEC_CWD_RIGHTS_PROGRAM, the default, takes those of the program, after its ids and
 * capabilities are set. FORKEXEC_CWD_RIGHTS_CALLER takes those of the caller, before that, as CPython and libuv do;
 * the program may then start in a directory that it may not search, where relative paths lead to nothing.
 * FORKEXEC_CWD_RIGHTS_EITHER takes those of the caller and, if they are refused with EACCES or EPERM, those of the
 * program, as runc and crun do.
 *
 * The caller's rights are its ids and the capabilities that the child has before its ids change. In a new or joined
 * user namespace these are capabilities of that namespace, which give no access to files of users who are not mapped
 * there. The directory has to lie in the program's root in any case. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or rights is none of the three.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: neither set_cwd nor set_cwd_fd was called.
 * FORKEXEC_STAGE_CWD_BEFORE_IDS, with the errno of chdir(2). With FORKEXEC_CWD_RIGHTS_EITHER not EACCES and EPERM.
 * FORKEXEC_STAGE_CWD, with the errno of chdir(2) and the program's rights.
 * FORKEXEC_STAGE_CWD_CHECK, ENOENT: the directory lies outside the root.
 *
 * See chdir(2).
 */
int forkexec_attr_set_cwd_rights(struct forkexec_attr *attr, uint32_t rights);

/**
 * Tries the exec again while the program's file is open for writing.
 *
 * milliseconds is for how long it tries. The exec of a file that somebody has open for writing fails with ETXTBSY.
 * This happens to a program that was just written, when another thread forks meanwhile. 0, the default, does not try
 * again. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_EXEC, ETXTBSY: the file was still open for writing after that time.
 *
 * See execve(2).
 */
int forkexec_attr_set_busy_retry(struct forkexec_attr *attr, uint32_t milliseconds);

/**
 * Adds an environment variable that holds the program's own process id.
 *
 * The variable name gets the pid that the program itself sees, in decimal. It replaces a variable of that name.
 * LISTEN_PID for socket activation is such a variable. name is copied. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or name is NULL, or name is empty or has a '='.
 * -ENOMEM: memory is short.
 *
 * See sd_listen_fds(3).
 */
int forkexec_attr_set_pid_variable(struct forkexec_attr *attr, const char *name);

/**
 * Makes the program a tracee of the thread that calls forkexec_start.
 *
 * The program stops with SIGTRAP at the exec, before its first instruction. The thread has to live and to wait for it.
 * Only forkexec_start and forkexec_release can do this; forkexec_spawn and forkexec_hold refuse it.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: the call is not forkexec_start.
 * FORKEXEC_STAGE_TRACE, EPERM: the child is traced already, or a security module forbids it.
 *
 * See ptrace(2).
 */
int forkexec_attr_set_ptrace(struct forkexec_attr *attr);

/**
 * Makes the child stop itself with SIGSTOP right before the exec.
 *
 * The child stops before the signal mask is set, so that a tracer can attach or a debugger can look. SIGCONT lets it
 * go on. Only forkexec_start and forkexec_release can do this; forkexec_spawn and forkexec_hold refuse it. A child
 * that is process 1 of a new pid namespace needs set_ptrace too: the kernel ignores a stop that such a process sends
 * itself, unless it has a tracer.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: the call is not forkexec_start, or the child is process 1 and has no tracer.
 * FORKEXEC_STAGE_STOP, with the errno of kill(2).
 *
 * See signal(7), ptrace(2).
 */
int forkexec_attr_set_stop(struct forkexec_attr *attr);

/**
 * Chooses whose memory the child runs in until the exec.
 *
 * mode is one of three. FORKEXEC_MEMORY_AUTO, the default, shares the caller's memory where this gives nobody new
 * power over the caller. FORKEXEC_MEMORY_FRESH takes the memory of the library's own small program, and
 * FORKEXEC_MEMORY_COPIED a copy of the caller's, as fork(2) does. Sharing cannot be forced. The program sees the same
 * in all modes. The last call wins.
 *
 * With set_root, set_chroot or a joined mount or pid namespace, the child is always FRESH. In the caller's memory or a
 * copy of it /proc/self/exe would lead to the caller's own file, and a process inside could overwrite it
 * (CVE-2019-5736).
 *
 * For FRESH this call makes the two memory files that all such children use, memfd_create(2), and they stay open in
 * the caller. So a filter or limit that the caller takes on later does not prevent them. If that fails the call still
 * returns 0, and the next spawn that needs them tries again.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or mode is none of the three.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: COPIED was asked for, and the child has to be FRESH.
 * FORKEXEC_STAGE_MEMORY, ENOMEM: memory is short.
 * FORKEXEC_STAGE_IMAGE, EPERM, EACCES, ENOSYS: the system forbids to execute the library's program, or the caller has
 *   ids or capabilities that no exec passes on.
 * FORKEXEC_STAGE_IMAGE, EOPNOTSUPP: an emulator shares no memory.
 * FORKEXEC_STAGE_CARRY, EPERM: the caller has capabilities that no exec passes on.
 *
 * See clone(2).
 */
int forkexec_attr_set_memory_mode(struct forkexec_attr *attr, uint32_t mode);

/**
 * Runs the program as pid 2 below a small init in its new pid namespace.
 *
 * Without it the program is pid 1 of the namespace, and the kernel drops signals that it does not handle: SIGTERM,
 * SIGINT, SIGXCPU, SIGABRT. With it every signal acts on the program. Needs create_namespaces with FORKEXEC_NS_PID.
 *
 * The init reaps orphans and ends with the program, with its exit code or with 128 plus the signal that killed it.
 * Then the kernel kills all others in the namespace. The init has no descriptors and no capabilities, has no_new_privs
 * set, and a filter allows it only what it does. It has the program's ids, is in its session and process group, and
 * leads the session of set_session. It gets the signal of set_parent_death_signal.
 *
 * forkexec_child_pid and other functions of a child are about the init. forkexec_wait waits for the init and tells how
 * the program ended, and what it and its own reaped children used. If the init was killed before it could tell,
 * forkexec_wait tells how the init ended.
 *
 * The init sends signals from outside the namespace on to the program, except SIGKILL, which ends all, and SIGSTOP,
 * which stops the init alone. A signal for the whole process group therefore reaches the program twice. Without
 * CAP_KILL the init cannot signal a program that has become another user; forkexec_signal signals the program itself.
 *
 * Filters of add_seccomp_filter hold for the init only without set_no_new_privs. They then have to allow clone,
 * close_range, kill, rt_sigaction, rt_sigtimedwait, waitid, futex, set_robust_list, gettid, capset, prctl, seccomp and
 * exit_group.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new pid namespace, or set_ptrace was called.
 * FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes is reached.
 * FORKEXEC_STAGE_INIT, ENOMEM: memory is short.
 *
 * See pid_namespaces(7).
 */
int forkexec_attr_set_init(struct forkexec_attr *attr);

/**
 * As set_init, with an init that goes on until the last process has ended.
 *
 * What the program has left running in the background is not killed when the program ends. From then on the init sends
 * no signal on; in the end it has the program's exit code, or 128 plus the signal that killed it. forkexec_wait waits
 * for the init, and tells how the program ended. With FORKEXEC_WAIT_PROGRAM it returns when the program has ended, with
 * FORKEXEC_STATUS_LINGERS in status.valid where the init still goes on. forkexec_kill_tree ends all. The last call of
 * set_init and this wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new pid namespace, or set_ptrace was called.
 * FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes.
 * FORKEXEC_STAGE_INIT, ENOMEM: memory is short.
 *
 * See pid_namespaces(7).
 */
int forkexec_attr_set_lingering_init(struct forkexec_attr *attr);

/**
 * Lets forkexec_wait tell the peak of memory of the program alone.
 *
 * status.max_rss_bytes then has FORKEXEC_STATUS_OWN_MEMORY. Without this call it includes the caller's peak: the
 * kernel keeps for a process the peak of the memory it had before an exec. With it the library's small image clones
 * once more, so that the program is a process that never was in the caller's memory. The peak still includes the
 * image, about 1 MiB. Since Linux 6.2 the kernel counts a few pages of each processor late, so a tiny program may show
 * 0.
 *
 * It costs one more clone, but none with set_init or a joined pid namespace. Limits on processes count a second
 * process for a moment.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: the memory mode is FORKEXEC_MEMORY_COPIED, or the call is forkexec_hold.
 * FORKEXEC_STAGE_IMAGE, EOPNOTSUPP: an emulator shares no memory.
 * FORKEXEC_STAGE_IMAGE, EPERM: an exec would change the caller's saved ids. Otherwise as for FORKEXEC_MEMORY_FRESH.
 * FORKEXEC_STAGE_CLONE, EAGAIN: a limit on processes is reached.
 * FORKEXEC_STAGE_CLONE, ENOMEM: memory is short.
 *
 * See clone(2), getrusage(2).
 */
int forkexec_attr_measure_memory(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 6. Descriptors
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Gives the program the caller's descriptor source under the number target.
 *
 * All mapped descriptors move at once, as if from copies, so numbers can be exchanged: map_fd(attr, 3, 4) with
 * map_fd(attr, 4, 3). A source may have many targets. The program's descriptor is not close-on-exec. source is
 * borrowed: it must be open during each spawn, and the caller's own stays as it is. A high source number makes the
 * spawn slower if the caller has thousands of descriptors open.
 *
 * After the mapped descriptors come the actions in call order, with the program's numbers: open_fd, dup_fd, close_fd,
 * close_fds_from, enter_directory and enter_directory_fd. Then all others are closed. The program has 0 to 2 unless
 * they are close-on-exec, the targets of mappings and actions, and what inherit_fds keeps.
 *
 * Repeated calls add entries. An entry for the same target replaces the earlier one and keeps its index.
 *
 * Example:
 *
 *     int ends[2];
 *     if (pipe2(ends, O_CLOEXEC) == 0)
 *         forkexec_attr_map_fd(attr, ends[1], STDOUT_FILENO);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: source or target is negative.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: source is not open.
 * FORKEXEC_STAGE_FD_MAP, EBADF: target is not below RLIMIT_NOFILE.
 *
 * The error's index is the place among the map_fd entries.
 *
 * See dup(2).
 */
int forkexec_attr_map_fd(struct forkexec_attr *attr, int32_t source, int32_t target);

/**
 * Keeps every descriptor of the caller that is not close-on-exec.
 *
 * Each keeps its number. Without this call descriptors that were not asked for are closed. It makes the spawn slower
 * if the caller has thousands of descriptors open.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * See execve(2).
 */
int forkexec_attr_inherit_fds(struct forkexec_attr *attr);

/**
 * Opens a file as the program's descriptor target.
 *
 * It is an action, see map_fd: what target was before is closed. flags and mode are those of open(2). With O_CLOEXEC
 * the following actions can use the descriptor, and the exec closes it. The file is opened with the program's ids and
 * umask, inside its root. A relative path begins at the program's working directory as the earlier actions left it.
 * path is copied. Repeated calls add actions.
 *
 * Example:
 *
 *     forkexec_attr_open_fd(attr, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
 *     forkexec_attr_open_fd(attr, STDOUT_FILENO, "log", O_WRONLY | O_CREAT | O_APPEND, 0640);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is empty, or mode is above 07777.
 * -EBADF: target is negative.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, with the errno of open(2).
 *
 * The error's index is the place among all actions.
 *
 * See open(2).
 */
int forkexec_attr_open_fd(struct forkexec_attr *attr, int32_t target, const char *path, int32_t flags, uint32_t mode);

/**
 * Makes the program's descriptor target a copy of its descriptor source.
 *
 * It is an action, see map_fd: what target was before is closed. The copy is not close-on-exec. If source and target
 * are equal, the descriptor only stops being close-on-exec. Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: source or target is negative.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, EBADF: the program has no descriptor source, or target is not below RLIMIT_NOFILE.
 *
 * The error's index is the place among all actions.
 *
 * See dup(2).
 */
int forkexec_attr_dup_fd(struct forkexec_attr *attr, int32_t source, int32_t target);

/**
 * Closes the program's descriptor fd.
 *
 * It is an action, see map_fd. A descriptor that is not open is no error. A program can be started without one of 0 to
 * 2 in this way. Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, with the errno of close(2).
 *
 * The error's index is the place among all actions.
 *
 * See close(2).
 */
int forkexec_attr_close_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Closes the program's descriptor fd and all above it.
 *
 * It is an action, see map_fd. Descriptors of earlier mappings and actions are closed too. Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, with the errno of close_range(2).
 *
 * The error's index is the place among all actions.
 *
 * See close_range(2).
 */
int forkexec_attr_close_fds_from(struct forkexec_attr *attr, int32_t fd);

/**
 * Changes the working directory to path, between other actions.
 *
 * It is an action, see map_fd: it holds for the following actions and for the program. The directory is entered with
 * the program's ids, inside its root. path is copied. Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, or path is empty.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, with the errno of chdir(2).
 *
 * The error's index is the place among all actions.
 *
 * See chdir(2).
 */
int forkexec_attr_enter_directory(struct forkexec_attr *attr, const char *path);

/**
 * Changes the working directory to the one of fd, between other actions.
 *
 * It is an action, see map_fd: it holds for the following actions and for the program. fd is a number of the program,
 * of a mapping or an earlier action. Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, EBADF: the program has no descriptor fd.
 * FORKEXEC_STAGE_FD_ACTION, ENOTDIR: fd is no directory.
 * FORKEXEC_STAGE_FD_ACTION, ENOENT: the directory lies outside the root of set_root or set_chroot.
 *
 * The error's index is the place among all actions.
 *
 * See fchdir(2).
 */
int forkexec_attr_enter_directory_fd(struct forkexec_attr *attr, int32_t fd);

/* ---------------------------------------------------------------------------------------------------------------------
 * 7. Session, process group and terminal
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Makes the program the leader of a new session and process group.
 *
 * The session has no controlling terminal. set_process_group contradicts this: the leader of a session cannot change
 * its group.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_process_group was called.
 * FORKEXEC_STAGE_SESSION, with the errno of setsid(2).
 *
 * See setsid(2).
 */
int forkexec_attr_set_session(struct forkexec_attr *attr);

/**
 * Puts the program in the process group pgid.
 *
 * The group must be one of the caller's session. 0 makes a new group of the program's own. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or pgid is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_session was called.
 * FORKEXEC_STAGE_PROCESS_GROUP, EPERM: there is no such group in this session.
 *
 * See setpgid(2).
 */
int forkexec_attr_set_process_group(struct forkexec_attr *attr, int32_t pgid);

/**
 * Makes the terminal tty the controlling terminal of the new session.
 *
 * Needs set_session. With CAP_SYS_ADMIN the terminal is taken from another session. tty is a descriptor of the caller,
 * borrowed: it must be open during each spawn. The program does not get it by this call; map_fd does that. The last
 * call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: tty is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_session was not called.
 * FORKEXEC_STAGE_VALIDATE, EBADF: tty is not open.
 * FORKEXEC_STAGE_CONTROLLING_TERMINAL, ENOTTY: tty is no terminal.
 * FORKEXEC_STAGE_CONTROLLING_TERMINAL, EPERM: the terminal belongs to another session.
 *
 * See TIOCSCTTY(2const).
 */
int forkexec_attr_set_controlling_terminal(struct forkexec_attr *attr, int32_t tty);

/**
 * Makes the program's process group the foreground group of the terminal tty.
 *
 * The terminal must be the program's controlling terminal: the caller's, or with set_session the one of
 * set_controlling_terminal. Without set_session and set_process_group the program gets a group of its own. The child
 * is sent no SIGTTOU. tty is a descriptor of the caller, borrowed: it must be open during each spawn. The last call
 * wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: tty is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: tty is not open.
 * FORKEXEC_STAGE_PROCESS_GROUP, with the errno of setpgid(2).
 * FORKEXEC_STAGE_FOREGROUND, ENOTTY: tty is not the controlling terminal.
 *
 * See tcsetpgrp(3).
 */
int forkexec_attr_set_foreground(struct forkexec_attr *attr, int32_t tty);

/**
 * Gives up the controlling terminal and stays in the caller's session.
 *
 * set_session gives it up too, and makes a new session.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_DETACH_TERMINAL, ENOTTY: the caller has no controlling terminal.
 *
 * See TIOCNOTTY(2const).
 */
int forkexec_attr_detach_terminal(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 8. Signals
 * ------------------------------------------------------------------------------------------------------------------ */

/** The bit of the signal sig in a set of signals, as forkexec_attr_set_signal_mask takes it: a uint64_t. */
#define FORKEXEC_SIGNAL_BIT(sig) ((uint64_t)1 << ((sig) - 1))

/** For forkexec_attr_set_parent_death_signal: the thread that made the child ends, as the kernel has it. */
#define FORKEXEC_DEATH_OF_THREAD 1

/** The process that made the child ends. */
#define FORKEXEC_DEATH_OF_PROCESS 2

/**
 * Starts the program with exactly the signals of set blocked.
 *
 * Without this call those are blocked that the calling thread has blocked. set has bits of FORKEXEC_SIGNAL_BIT;
 * SIGKILL and SIGSTOP are never blocked. A signal that is pending for the child when its mask opens acts before the
 * exec. The last call wins.
 *
 * Example:
 *
 *     forkexec_attr_set_signal_mask(attr, FORKEXEC_SIGNAL_BIT(SIGUSR1) | FORKEXEC_SIGNAL_BIT(SIGUSR2));
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SIGNAL_MASK, with the errno of sigprocmask(2).
 *
 * See sigprocmask(2).
 */
int forkexec_attr_set_signal_mask(struct forkexec_attr *attr, uint64_t set);

/**
 * Starts the program with the default action for the signals of set.
 *
 * Without this call signals that the caller ignores stay ignored; those with a handler get the default action anyway.
 * set has bits of FORKEXEC_SIGNAL_BIT, and may have all. Repeated calls add signals. No signal may be both in this and
 * in set_signal_ignore.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: a signal is in set_signal_ignore too.
 * FORKEXEC_STAGE_SIGNAL_ACTIONS, with the errno of sigaction(2).
 *
 * The error's index is the number of the signal.
 *
 * See sigaction(2).
 */
int forkexec_attr_set_signal_default(struct forkexec_attr *attr, uint64_t set);

/**
 * Starts the program with the signals of set ignored.
 *
 * set has bits of FORKEXEC_SIGNAL_BIT. Repeated calls add signals. No signal may be both in this and in
 * set_signal_default.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or set has SIGKILL or SIGSTOP, which cannot be ignored.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: a signal is in set_signal_default too.
 * FORKEXEC_STAGE_SIGNAL_ACTIONS, with the errno of sigaction(2).
 *
 * The error's index is the number of the signal.
 *
 * See sigaction(2).
 */
int forkexec_attr_set_signal_ignore(struct forkexec_attr *attr, uint64_t set);

/**
 * Sends the program the signal sig when its parent dies.
 *
 * whose says what counts as its death. With FORKEXEC_DEATH_OF_THREAD it is the end of the thread that called the
 * spawn: the kernel offers this, and it surprises callers with worker threads. With FORKEXEC_DEATH_OF_PROCESS it is
 * the end of the process, for which the library keeps a sleeping thread as long as the child lives.
 *
 * The signal is set after the ids, whose change would clear it. A death in the meantime is noticed, with one exception: in
 * a new pid namespace, with FORKEXEC_DEATH_OF_THREAD, where the caller has several threads and is killed in the middle of
 * the spawn, the child may go on if the main thread made it, if it was held, or before Linux 6.9. An exec of a file
 * that is set-user-id, set-group-id or has capabilities clears it. The last call wins.
 *
 * The thread of FORKEXEC_DEATH_OF_PROCESS counts in RLIMIT_NPROC and takes 96 KiB of address space, of which 4 KiB are
 * used, and about 20 KiB in the kernel. The C library does not know it, so the caller's setuid(2) does not reach it.
 * In a caller that is root or has capabilities the thread therefore gives up all capabilities except CAP_KILL, and a
 * seccomp filter lets it only wait. As long as such a child lives, SECCOMP_FILTER_FLAG_TSYNC fails in the caller. In
 * other callers the thread is left as the calling thread was.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, sig is not 1 to 64, or whose is neither of the two.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_CLONE, EAGAIN: no thread could be made.
 * FORKEXEC_STAGE_PARENT_DEATH, ESRCH: the parent died while the child was set up.
 * FORKEXEC_STAGE_PARENT_DEATH, ENOSYS: the caller has privileges, and seccomp(2) is missing or forbidden.
 *
 * See PR_SET_PDEATHSIG(2const).
 */
int forkexec_attr_set_parent_death_signal(struct forkexec_attr *attr,
                                          int32_t sig,
                                          uint32_t whose);

/* ---------------------------------------------------------------------------------------------------------------------
 * 9. Limits, scheduling and process flags
 * ------------------------------------------------------------------------------------------------------------------ */

/** For forkexec_attr_set_rlimit: leaves this half of the limit as the caller has it. */
#define FORKEXEC_RLIMIT_KEEP UINT64_C(0xfffffffffffffffe)

/** For forkexec_attr_set_process_flags: no transparent huge pages. PR_SET_THP_DISABLE(2const). */
#define FORKEXEC_PROCESS_NO_THP 0x1

/** Memory that is or was writable never becomes executable; Linux 6.3. PR_SET_MDWE(2const). */
#define FORKEXEC_PROCESS_MDWE 0x2

/** Reading the time stamp counter raises SIGSEGV. PR_SET_TSC(2const). */
#define FORKEXEC_PROCESS_NO_TSC 0x4

/** Orphaned descendants become the program's children. PR_SET_CHILD_SUBREAPER(2const). */
#define FORKEXEC_PROCESS_SUBREAPER 0x8

/**
 * The program's children and threads start without its real-time or deadline policy and its negative nice value.
 * SCHED_RESET_ON_FORK, sched(7).
 */
#define FORKEXEC_PROCESS_RESET_ON_FORK 0x10

/**
 * Only the program and its descendants run at the same time on the threads of a core; Linux 5.14.
 * PR_SCHED_CORE(2const).
 */
#define FORKEXEC_PROCESS_OWN_CORE 0x20

/** The kernel may merge its memory with equal memory of others; Linux 6.7. PR_SET_MEMORY_MERGE(2const). */
#define FORKEXEC_PROCESS_KSM 0x40

/** For forkexec_attr_set_speculation: loads ahead of earlier stores to the same place. PR_SPEC_STORE_BYPASS(2const). */
#define FORKEXEC_SPECULATION_STORE_BYPASS 0

/** Prediction of indirect jumps, which other programs can train. PR_SPEC_INDIRECT_BRANCH(2const). */
#define FORKEXEC_SPECULATION_INDIRECT_BRANCH 1

/** Flush of the first-level data cache at each switch to another process. PR_SPEC_L1D_FLUSH(2const). */
#define FORKEXEC_SPECULATION_L1D_FLUSH 2

/**
 * For forkexec_attr_set_speculation: enables the feature. Equal to PR_SPEC_ENABLE, and the following to the kernel's
 * constants too.
 */
#define FORKEXEC_SPECULATE_ENABLE 2

/** Disables the feature. */
#define FORKEXEC_SPECULATE_DISABLE 4

/** Disables the feature for ever. */
#define FORKEXEC_SPECULATE_FORCE_DISABLE 8

/**
 * Sets a resource limit of the program.
 *
 * resource is 0 to 15, an RLIMIT_ constant: RLIMIT_CPU is 0, RLIMIT_NOFILE 7. soft and hard are the limits, in the
 * units of prlimit(2). UINT64_MAX is no limit. FORKEXEC_RLIMIT_KEEP leaves that half as the caller has it at the
 * spawn. Raising a hard limit needs CAP_SYS_RESOURCE. With a new or joined user namespace the caller's side raises it
 * before the child joins anything, because the child could not. A limit on memory that is too low for the exec kills
 * the child with SIGSEGV, if the kernel is past the point of no return.
 *
 * Repeated calls add entries. An entry for the same resource replaces the earlier one and keeps its index.
 *
 * Example:
 *
 *     forkexec_attr_set_rlimit(attr, RLIMIT_CPU, 10, 11);
 *     forkexec_attr_set_rlimit(attr, RLIMIT_CORE, 0, FORKEXEC_RLIMIT_KEEP);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, resource is above 15, or soft is above hard and both are given.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_RESOLVE, EINVAL: soft is above hard once the kept half is known.
 * FORKEXEC_STAGE_RLIMIT, EPERM: the caller may not raise the hard limit.
 * FORKEXEC_STAGE_NOFILE, EPERM: the caller may not raise the hard limit of RLIMIT_NOFILE, or it is above
 *   /proc/sys/fs/nr_open.
 *
 * The error's index is the place among the set_rlimit entries.
 *
 * See prlimit(2).
 */
int forkexec_attr_set_rlimit(struct forkexec_attr *attr, uint32_t resource, uint64_t soft, uint64_t hard);

/**
 * Sets the nice value of the program, -20 to 19.
 *
 * A value nice below the caller's needs CAP_SYS_NICE or RLIMIT_NICE. With a new or joined user namespace the caller's
 * side sets it before the child joins anything. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or nice is not -20 to 19.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NICE, EACCES: the caller may not lower it. allow_failure lets this pass.
 *
 * See setpriority(2).
 */
int forkexec_attr_set_nice(struct forkexec_attr *attr, int32_t nice);

/**
 * Runs the program only on the n processors of cpus.
 *
 * Processors are counted from 0. The kernel leaves out those that the machine does not have. cpus is copied. The last
 * call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or cpus is NULL, n is 0 or above 8192, or a number is above 8191.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_AFFINITY, EINVAL: none of the processors can be used. allow_failure lets this pass.
 *
 * See sched_setaffinity(2).
 */
int forkexec_attr_set_affinity(struct forkexec_attr *attr, const uint32_t *cpus, size_t n);

/**
 * Sets the scheduling policy of the program and its static priority.
 *
 * policy is SCHED_OTHER, SCHED_BATCH or SCHED_IDLE with priority 0, or SCHED_FIFO or SCHED_RR with priority 1 to 99.
 * Real-time policies need CAP_SYS_NICE or RLIMIT_RTPRIO. With a new or joined user namespace the caller's side sets
 * the policy before the child joins anything. The last call of this and of set_deadline wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, the policy is another, or the priority is not one of the policy's.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SCHEDULER, EPERM: the caller has no right to the policy.
 *
 * See sched_setscheduler(2), sched(7).
 */
int forkexec_attr_set_scheduler(struct forkexec_attr *attr, int32_t policy, int32_t priority);

/**
 * Runs the program under SCHED_DEADLINE.
 *
 * It gets runtime_ns of processor time within deadline_ns from the beginning of each period_ns, all in nanoseconds. A
 * period of 0 is the deadline. Needs CAP_SYS_NICE, and that the program may run on all processors of its cpuset, so no
 * set_affinity to fewer. With a new or joined user namespace the caller's side sets it before the child joins
 * anything. The program cannot make processes or threads (EAGAIN), unless set_process_flags has
 * FORKEXEC_PROCESS_RESET_ON_FORK. The last call of this and of set_scheduler wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, runtime_ns is below 1024 or above deadline_ns, deadline_ns is above period_ns and that is not
 *   0, or a number is above INT64_MAX.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: the child has to make a process or thread: set_init, a listener, a pid namespace
 *   that is entered.
 * FORKEXEC_STAGE_SCHEDULER, EPERM: the caller has no right to it, or the program may run on fewer processors.
 * FORKEXEC_STAGE_SCHEDULER, EBUSY: the processors have no such time left.
 * FORKEXEC_STAGE_SCHEDULER, EINVAL: the period is outside the sysctls kernel.sched_deadline_period_min_us and
 *   kernel.sched_deadline_period_max_us.
 *
 * See sched_setattr(2), sched(7).
 */
int forkexec_attr_set_deadline(struct forkexec_attr *attr,
                               uint64_t runtime_ns,
                               uint64_t deadline_ns,
                               uint64_t period_ns);

/**
 * Tells the kernel how busy it shall expect the program to be.
 *
 * The kernel uses it to choose a processor and its frequency. min and max bound the expectation, on a scale where 1024
 * is the largest processor at its highest frequency (SCHED_FLAG_UTIL_CLAMP_MIN and SCHED_FLAG_UTIL_CLAMP_MAX). The
 * policy stays as it is. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, min is above max, or max is above 1024.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_UTILIZATION, EOPNOTSUPP: the kernel is built without this, see FORKEXEC_PROBE_UTILIZATION.
 * FORKEXEC_STAGE_UTILIZATION, EINVAL: the kernel is older than Linux 5.3.
 *
 * See sched_setattr(2).
 */
int forkexec_attr_set_utilization(struct forkexec_attr *attr, uint32_t min, uint32_t max);

/**
 * Chooses the NUMA nodes that the program's memory comes from.
 *
 * mode is MPOL_DEFAULT 0, MPOL_PREFERRED 1, MPOL_BIND 2, MPOL_INTERLEAVE 3, MPOL_LOCAL 4 or one that a newer kernel
 * knows, with MPOL_F_ flags. nodes has n numbers of nodes, counted from 0, none for MPOL_DEFAULT and MPOL_LOCAL. The
 * kernel leaves out nodes that the machine or the cpuset does not have. nodes is copied, and may be NULL if n is 0.
 * The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, nodes is NULL and n is not 0, n is above 1024, or a number is above 1023.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NUMA_POLICY, EINVAL: there is no such mode, it does not go with the nodes, or there are no such
 *   nodes.
 * FORKEXEC_STAGE_NUMA_POLICY, ENOSYS: the kernel is built without NUMA, see FORKEXEC_PROBE_NUMA_POLICY.
 *
 * See set_mempolicy(2).
 */
int forkexec_attr_set_numa_policy(struct forkexec_attr *attr, uint32_t mode, const uint32_t *nodes, size_t n);

/**
 * Sets the I/O priority of the program.
 *
 * io_class is 0 none, 1 real-time, 2 best effort or 3 idle. level is the priority in the class, from 0, the first, to
 * 7; it is 0 for class 0. Real-time needs CAP_SYS_NICE or CAP_SYS_ADMIN. With a new or joined user namespace the
 * caller's side sets it before the child joins anything. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, io_class is above 3, level is above 7, or io_class is 0 and level is not.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_IO_PRIORITY, EPERM: real-time needs CAP_SYS_NICE or CAP_SYS_ADMIN. allow_failure lets this pass.
 *
 * See ioprio_set(2).
 */
int forkexec_attr_set_io_priority(struct forkexec_attr *attr, uint32_t io_class, uint32_t level);

/**
 * Sets the file mode creation mask of the program.
 *
 * Files that open_fd creates get it, too. Without this call the mask is the caller's. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or mask is above 0777.
 *
 * See umask(2).
 */
int forkexec_attr_set_umask(struct forkexec_attr *attr, uint32_t mask);

/**
 * Sets the execution domain of the program and its flags.
 *
 * persona is as in personality(2), for example ADDR_NO_RANDOMIZE, 0x0040000. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or persona is 0xffffffff, which only asks for the current one.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PERSONALITY, with the errno of personality(2).
 *
 * See personality(2).
 */
int forkexec_attr_set_personality(struct forkexec_attr *attr, uint32_t persona);

/**
 * Sets how readily the out-of-memory killer takes the program.
 *
 * adjustment is -1000, never, to 1000, first. A value below the lowest that a privileged process has set for the
 * caller needs CAP_SYS_RESOURCE. With a new user namespace the caller's side sets it; a child that joins one sets it
 * before. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or adjustment is not -1000 to 1000.
 *
 * A spawn can fail later, unless allow_failure lets it pass, as:
 * FORKEXEC_STAGE_OOM_SCORE, EACCES: the caller may not lower it, or a Landlock domain forbids it, or the caller is not
 *   dumpable and the child has a copy of its memory.
 * FORKEXEC_STAGE_OOM_SCORE, EROFS: /proc is read-only.
 * FORKEXEC_STAGE_OOM_SCORE, ENOENT: there is no /proc.
 *
 * See proc_pid_oom_score_adj(5).
 */
int forkexec_attr_set_oom_score_adj(struct forkexec_attr *attr, int32_t adjustment);

/**
 * Sets by how much the kernel may delay the program's timers to group them.
 *
 * nanoseconds is the time. 0 is the default, which is that of the calling thread. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_TIMER_SLACK, with the errno of prctl(2). allow_failure lets this pass.
 *
 * See PR_SET_TIMERSLACK(2const).
 */
int forkexec_attr_set_timer_slack(struct forkexec_attr *attr, uint64_t nanoseconds);

/**
 * Sets attributes that a process has as single bits.
 *
 * flags are FORKEXEC_PROCESS_ bits; 0 sets none. FORKEXEC_PROCESS_NO_THP, _MDWE, _NO_TSC, _OWN_CORE and _KSM hold for
 * threads and children too, and nothing takes MDWE away. With MDWE compilers at run time fail. With NO_TSC loaders and
 * clock_gettime(2) of some C libraries fail, as they read the time stamp counter. With OWN_CORE what the threads of a
 * core have in common tells nothing to other programs. The kernel keeps NO_THP, MDWE and KSM with the memory, so with
 * them the child is never in the caller's. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or flags has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PROCESS_FLAGS, EINVAL: the kernel or the processor does not have it: MDWE needs Linux 6.3, NO_TSC
 *   x86, OWN_CORE a kernel with CONFIG_SCHED_CORE, KSM one with CONFIG_KSM.
 * FORKEXEC_STAGE_PROCESS_FLAGS, ENODEV: OWN_CORE was asked for, and no core has several threads.
 * FORKEXEC_STAGE_PROCESS_FLAGS, EOPNOTSUPP: KSM was asked for, and before Linux 6.7 it ends with the exec.
 *
 * The error's index is the bit that failed.
 *
 * See prctl(2), sched_setscheduler(2).
 */
int forkexec_attr_set_process_flags(struct forkexec_attr *attr, uint32_t flags);

/**
 * Controls one kind of speculative execution of the program.
 *
 * feature is FORKEXEC_SPECULATION_STORE_BYPASS, FORKEXEC_SPECULATION_INDIRECT_BRANCH, FORKEXEC_SPECULATION_L1D_FLUSH
 * or one that a newer kernel knows. control is FORKEXEC_SPECULATE_ENABLE, FORKEXEC_SPECULATE_DISABLE or
 * FORKEXEC_SPECULATE_FORCE_DISABLE, which the program cannot take back. For L1D_FLUSH, ENABLE flushes the cache at
 * each switch to another process. It holds for the program's threads and children too. Repeated calls add features;
 * for the same feature the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, feature is above 255, or control is another.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SPECULATION, ENODEV: the kernel does not know the feature.
 * FORKEXEC_STAGE_SPECULATION, ENXIO, EPERM: the processor, the boot parameters or an earlier FORCE_DISABLE do not let
 *   it be changed.
 *
 * The error's index is the feature.
 *
 * See PR_SET_SPECULATION_CTRL(2const).
 */
int forkexec_attr_set_speculation(struct forkexec_attr *attr, uint32_t feature, uint32_t control);

/**
 * Chooses which kinds of the program's memory a core dump has.
 *
 * kinds has the bits of core(5): 0x1 private anonymous, 0x2 shared anonymous, 0x4 private file, 0x8 shared file, 0x10
 * the first page of programs and libraries, 0x20 and 0x40 huge pages, 0x80 and 0x100 DAX. 0 is none. Execs and
 * children keep it. The kernel keeps it with the memory, so the child is never in the caller's. It is written through
 * the caller's /proc. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or kinds has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_COREDUMP_FILTER, ENOENT: there is no /proc, or the kernel is built without CONFIG_ELF_CORE.
 * FORKEXEC_STAGE_COREDUMP_FILTER, EROFS: /proc is read-only.
 *
 * See core(5).
 */
int forkexec_attr_set_coredump_filter(struct forkexec_attr *attr, uint32_t kinds);

/**
 * Runs the program in the cgroup whose directory fd refers to.
 *
 * fd is a descriptor of the caller, borrowed: it must be open, for reading or with O_PATH, during each spawn. The last
 * call of this and of forkexec_attr_set_cgroup wins.
 *
 * In a cgroup of version 2 the child is born (clone3(2), CLONE_INTO_CGROUP) if the kernel can do it. Otherwise, and
 * always with version 1, the waiting child is moved there by a write to cgroup.procs, which may take the kernel 10 ms
 * and more.
 *
 * Where memory.oom.group is set, the kernel kills all members of a cgroup at once, and all processes that share memory
 * with one of them. So a member never shares the caller's memory if the hierarchy has the memory controller, or if
 * others than the caller and root can freeze the cgroup. The library's own program then makes the child
 * (FORKEXEC_STAGE_CGROUP_BIRTH). If the child is born in a user namespace, or is one of several processes that the
 * spawn makes, it is moved. For a moment limits on processes count two.
 *
 * A frozen cgroup, or one below a frozen one, is refused, because the spawn would never return.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_RESOLVE, EBUSY: the cgroup is frozen.
 * FORKEXEC_STAGE_RESOLVE, EINVAL: fd is no directory of a cgroup.
 * FORKEXEC_STAGE_CGROUP, EACCES, EPERM: the caller has no right to it.
 * FORKEXEC_STAGE_CGROUP, EBUSY: it has controllers enabled for its children.
 * FORKEXEC_STAGE_CGROUP, EOPNOTSUPP: it is in or beside a threaded one.
 * FORKEXEC_STAGE_CGROUP, ENOENT, ENODEV: it was removed, or lies outside the cgroup namespace.
 * FORKEXEC_STAGE_CGROUP, ENOSPC: its cpuset has no processors or no memory.
 * FORKEXEC_STAGE_CLONE, EAGAIN: its pids.max is reached.
 *
 * See cgroups(7).
 */
int forkexec_attr_set_cgroup_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Gives the program the limit on descriptors from before the caller raised it.
 *
 * It is the soft RLIMIT_NOFILE that the process had when the library was loaded. This is for callers whose runtime
 * raises its own, as Go's does. An entry of set_rlimit for RLIMIT_NOFILE takes precedence.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_RESOLVE, EPERM: that limit is not known.
 * FORKEXEC_STAGE_NOFILE, with the errno of prlimit(2).
 *
 * See getrlimit(2).
 */
int forkexec_attr_restore_nofile(struct forkexec_attr *attr);

/**
 * Does what restore_nofile does, if the limit is still what a runtime made it.
 *
 * soft and hard are what a runtime sets RLIMIT_NOFILE to at its start; FORKEXEC_RLIMIT_KEEP in either half matches any
 * value. If the caller's limits at the spawn are others, somebody has set them since, and the program gets the
 * caller's. The last call of this and of restore_nofile wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_RESOLVE, EPERM: the earlier limit is not known.
 * FORKEXEC_STAGE_NOFILE, with the errno of prlimit(2).
 *
 * See getrlimit(2).
 */
int forkexec_attr_restore_nofile_from(struct forkexec_attr *attr, uint64_t soft, uint64_t hard);

/**
 * Lets a spawn go on if a certain stage fails.
 *
 * Without this call every failure fails the spawn. stage is one that protects nothing: FORKEXEC_STAGE_NICE,
 * FORKEXEC_STAGE_IO_PRIORITY, FORKEXEC_STAGE_OOM_SCORE, FORKEXEC_STAGE_TIMER_SLACK, FORKEXEC_STAGE_AFFINITY,
 * FORKEXEC_STAGE_HOSTNAME, FORKEXEC_STAGE_DOMAINNAME or FORKEXEC_STAGE_LOOPBACK. It can be
 * FORKEXEC_STAGE_LATE_NAMESPACES: if that fails, the program has neither the cgroup nor the pid namespace that
 * unshare_namespaces asked for. It can be FORKEXEC_STAGE_KEYRING, where only ENOSYS passes, of a kernel without
 * keyrings. Repeated calls add stages.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or stage is another.
 * -ENOMEM: memory is short.
 */
int forkexec_attr_allow_failure(struct forkexec_attr *attr, uint32_t stage);

/* ---------------------------------------------------------------------------------------------------------------------
 * 10. User and group ids
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Runs the program as the user uid.
 *
 * The real, the effective and the saved id are set. uid is an id of the program's user namespace. Without set_groups
 * or keep_groups the supplementary groups are dropped. The last call wins.
 *
 * Example:
 *
 *     forkexec_attr_set_gid(attr, 65534);
 *     forkexec_attr_set_uid(attr, 65534);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or uid is (uid_t)-1.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: uid is not in the map of the new user namespace.
 * FORKEXEC_STAGE_UID, EPERM: CAP_SETUID is missing.
 * FORKEXEC_STAGE_UID, EINVAL: uid is not mapped in the caller's user namespace.
 * FORKEXEC_STAGE_GROUPS, EPERM: the groups may not be dropped.
 * FORKEXEC_STAGE_EXEC, EAGAIN: the user is over RLIMIT_NPROC.
 *
 * See setresuid(2).
 */
int forkexec_attr_set_uid(struct forkexec_attr *attr, uint32_t uid);

/**
 * Runs the program with the group gid.
 *
 * The real, the effective and the saved id are set. gid is an id of the program's user namespace. Without set_groups
 * or keep_groups the supplementary groups are dropped. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or gid is (gid_t)-1.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: gid is not in the map of the new user namespace.
 * FORKEXEC_STAGE_GID, EPERM: CAP_SETGID is missing.
 * FORKEXEC_STAGE_GID, EINVAL: gid is not mapped in the caller's user namespace.
 * FORKEXEC_STAGE_GROUPS, EPERM: the groups may not be dropped.
 *
 * See setresgid(2).
 */
int forkexec_attr_set_gid(struct forkexec_attr *attr, uint32_t gid);

/**
 * Gives the program exactly the n supplementary groups of list.
 *
 * With n 0 it has none, and list may be NULL. Without this call a program that changes its uid or gid has none either,
 * unless keep_groups was called. list is copied. The last call wins.
 *
 * A gid map without allow_setgroups makes the kernel deny setgroups(2). Groups that are asked for are then refused;
 * without this call the groups are left as they are, as Go does. A joined user namespace may deny it too. That is no
 * failure if the child's groups, as seen there, are already those that are asked for: none, or up to 64 that are
 * mapped.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, list is NULL and n is not 0, n is above 65536, or an item is (gid_t)-1.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: keep_groups was called, or a group is not in the map of the new user namespace.
 * FORKEXEC_STAGE_VALIDATE, EPERM: the new user namespace has no allow_setgroups.
 * FORKEXEC_STAGE_GROUPS, EPERM: CAP_SETGID is missing, or the caller's or the joined user namespace denies it: call
 *   keep_groups there.
 * FORKEXEC_STAGE_GROUPS, EINVAL: a group is not mapped there.
 *
 * See setgroups(2).
 */
int forkexec_attr_set_groups(struct forkexec_attr *attr, const uint32_t *list, size_t n);

/**
 * Keeps the caller's supplementary groups when the uid or gid changes.
 *
 * set_groups contradicts this.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_groups was called.
 *
 * See credentials(7).
 */
int forkexec_attr_keep_groups(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 11. Capabilities
 * ------------------------------------------------------------------------------------------------------------------ */

/** forkexec_attr_set_capabilities: the permitted set; capabilities(7). */
#define FORKEXEC_CAP_PERMITTED 0x1

/** The effective set. */
#define FORKEXEC_CAP_EFFECTIVE 0x2

/** The inheritable set. */
#define FORKEXEC_CAP_INHERITABLE 0x4

/** The bounding set. */
#define FORKEXEC_CAP_BOUNDING 0x8

/**
 * Makes some of the program's capability sets exactly mask.
 *
 * sets names them: one or more of FORKEXEC_CAP_PERMITTED, FORKEXEC_CAP_EFFECTIVE, FORKEXEC_CAP_INHERITABLE and
 * FORKEXEC_CAP_BOUNDING. The other sets stay as they are. Bit n of mask stands for capability n. For each set the last
 * call wins.
 *
 * These are the sets before the exec, which computes the program's own from them and from the file: a program that
 * does not run as root keeps only what is ambient too. A change of uid does not lose them.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or sets is 0 or has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: drop_capabilities was called, the effective or ambient set is not within the
 *   permitted one, or this kernel does not know a capability.
 * FORKEXEC_STAGE_BOUNDING, EPERM: CAP_SETPCAP is missing. The error's index is the number of the capability.
 * FORKEXEC_STAGE_KEEP_CAPS, with the errno of prctl(2).
 * FORKEXEC_STAGE_EFFECTIVE, with the errno of capset(2).
 * FORKEXEC_STAGE_CAPABILITIES, EPERM: the child does not have all of them.
 *
 * See capabilities(7).
 */
int forkexec_attr_set_capabilities(struct forkexec_attr *attr, uint32_t sets, uint64_t mask);

/**
 * Empties all five capability sets of the program.
 *
 * These are the permitted, effective, inheritable, bounding and ambient set. With an empty bounding set the program
 * gains no capability by an exec, even as root or from its file. With set_no_new_privs no exec grants any, and a
 * caller without CAP_SETPCAP leaves the bounding set as it is. set_capabilities and set_ambient contradict this.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_capabilities or set_ambient was called.
 * FORKEXEC_STAGE_BOUNDING, EPERM: CAP_SETPCAP is missing. The error's index is the number of the capability.
 * FORKEXEC_STAGE_AMBIENT, with the errno of prctl(2).
 * FORKEXEC_STAGE_CAPABILITIES, with the errno of capset(2).
 *
 * See capabilities(7).
 */
int forkexec_attr_drop_capabilities(struct forkexec_attr *attr);

/**
 * Makes the ambient capability set of the program exactly mask.
 *
 * Bit n of mask stands for capability n. A program that does not run as root, and whose file has no capabilities, has
 * the ambient ones after the exec. They are added to the permitted and inheritable sets, unless set_capabilities says
 * otherwise. 0 clears an ambient set of the caller's. The last call wins.
 *
 * Example:
 *
 *     forkexec_attr_set_uid(attr, 1000);
 *     forkexec_attr_set_ambient(attr, UINT64_C(1) << CAP_NET_BIND_SERVICE);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: drop_capabilities was called, set_capabilities asks for a permitted or inheritable
 *   set without them, or this kernel does not know a capability.
 * FORKEXEC_STAGE_KEEP_CAPS, with the errno of prctl(2).
 * FORKEXEC_STAGE_AMBIENT, EPERM: the child does not have a capability, or the securebits forbid it.
 *
 * See PR_CAP_AMBIENT(2const), capabilities(7).
 */
int forkexec_attr_set_ambient(struct forkexec_attr *attr, uint64_t mask);

/**
 * Sets the securebits of the program to exactly bits.
 *
 * They are SECBIT_NOROOT 1, SECBIT_NO_SETUID_FIXUP 4, SECBIT_KEEP_CAPS 16 and SECBIT_NO_CAP_AMBIENT_RAISE 64, and for
 * each the lock, which is twice its value. They are set after the ids change. The exec clears SECBIT_KEEP_CAPS. The
 * last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or bits has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SECUREBITS, EPERM: CAP_SETPCAP is missing, or a lock is set.
 *
 * See PR_SET_SECUREBITS(2const), capabilities(7).
 */
int forkexec_attr_set_securebits(struct forkexec_attr *attr, uint32_t bits);

/**
 * Keeps the program and its descendants from gaining privileges by an exec.
 *
 * The bits set-user-id and set-group-id and the capabilities of files then do nothing.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NO_NEW_PRIVS, with the errno of prctl(2).
 *
 * See PR_SET_NO_NEW_PRIVS(2const).
 */
int forkexec_attr_set_no_new_privs(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 12. Namespaces
 * ------------------------------------------------------------------------------------------------------------------ */

/** The cgroup namespace. Equal to CLONE_NEWCGROUP, and the following to the kernel's constants too; namespaces(7). */
#define FORKEXEC_NS_CGROUP 0x02000000

/** The UTS namespace: host name and NIS domain name. */
#define FORKEXEC_NS_UTS 0x04000000

/** The IPC namespace: System V IPC and POSIX message queues. */
#define FORKEXEC_NS_IPC 0x08000000

/** The user namespace: user and group ids, and capabilities. */
#define FORKEXEC_NS_USER 0x10000000

/** The pid namespace: process ids. */
#define FORKEXEC_NS_PID 0x20000000

/** The network namespace: network devices, stacks and ports. */
#define FORKEXEC_NS_NET 0x40000000

/** The mount namespace: mount points. The kernel calls it CLONE_NEWNS. */
#define FORKEXEC_NS_MOUNT 0x00020000

/** The time namespace: the boot and monotonic clocks. */
#define FORKEXEC_NS_TIME 0x00000080

/**
 * Runs the program in new namespaces.
 *
 * types is one or more of FORKEXEC_NS_*. The child is born in them. Repeated calls add types.
 *
 * With FORKEXEC_NS_PID the program is pid 1 there, unless set_init puts an init above it. As pid 1 it gets only
 * signals that it handles, and SIGKILL and SIGSTOP from outside: the kernel drops SIGTERM, SIGINT, SIGXCPU of a soft
 * RLIMIT_CPU, SIGXFSZ and others, and abort(3) ends it in another way than by SIGABRT.
 *
 * With FORKEXEC_NS_USER a new user namespace owns the other new ones, and they need no privilege. map_uid and map_gid
 * say which ids there are in it; without them every id is the overflow id, 65534. With FORKEXEC_NS_MOUNT the mounts
 * are private, see set_mount_propagation.
 *
 * Example:
 *
 *     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_PID | FORKEXEC_NS_MOUNT);
 *     forkexec_attr_map_uid(attr, 0, geteuid(), 1);
 *     forkexec_attr_map_gid(attr, 0, getegid(), 1);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or types is 0 or has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: a type is in unshare_namespaces, too.
 * FORKEXEC_STAGE_CLONE, EPERM: CAP_SYS_ADMIN is missing, or the system forbids user namespaces.
 * FORKEXEC_STAGE_CLONE, ENOSPC: a limit of /proc/sys/user is reached.
 * FORKEXEC_STAGE_CLONE, EINVAL: the kernel does not have the type.
 * FORKEXEC_STAGE_UNSHARE, with the same errnos, for types in which a child cannot be born.
 * FORKEXEC_STAGE_CGROUP_NAMESPACE, with the same errnos.
 *
 * See clone(2), unshare(2), namespaces(7).
 */
int forkexec_attr_create_namespaces(struct forkexec_attr *attr, uint32_t types);

/**
 * Chooses the pid of the child.
 *
 * pids has n numbers: the first for the innermost pid namespace of the child, the next for the one around it, and so
 * on. The kernel chooses in namespaces that are left out. In a new pid namespace the first is 1. So a program can be
 * restored under the pid that it had. pids is copied. The last call wins.
 *
 * Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespaces that own the pid namespaces, and clone3(2), see
 * FORKEXEC_PROBE_CLONE3. The first child must become the program: not with set_init, measure_memory or a joined pid
 * namespace, where another process does.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or pids is NULL, n is 0 or above 32, or a pid is below 1.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: another process becomes the program, or the first pid of a new pid namespace is not
 *   1.
 * FORKEXEC_STAGE_CLONE, EEXIST: a process, a group or a session has that pid.
 * FORKEXEC_STAGE_CLONE, EPERM: the caller has no right to it.
 * FORKEXEC_STAGE_CLONE, EINVAL: there are more pids than pid namespaces, or one is above the sysctl kernel.pid_max.
 * FORKEXEC_STAGE_CLONE, ENOSYS: the kernel has no clone3(2).
 *
 * See clone(2).
 */
int forkexec_attr_set_pid(struct forkexec_attr *attr, const int32_t *pids, size_t n);

/**
 * Lets the child enter new namespaces once it runs, instead of being born there.
 *
 * types is one or more of FORKEXEC_NS_*. Repeated calls add types.
 *
 * FORKEXEC_NS_CGROUP and FORKEXEC_NS_PID are entered late, after a held child was released, so that the caller can put
 * the child in a cgroup before. FORKEXEC_NS_PID is then only for the program's own children, the first of which is pid
 * 1 there; the program itself stays in the caller's. FORKEXEC_NS_USER is the same as in create_namespaces. All others
 * are entered early, before the session is set up, and before set_hostname, set_loopback, the mounts and set_chroot
 * act in them.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or types is 0 or has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: a type is in create_namespaces, too.
 * FORKEXEC_STAGE_UNSHARE, with the errnos of create_namespaces.
 * FORKEXEC_STAGE_LATE_NAMESPACES, with the errnos of create_namespaces.
 *
 * See unshare(2), namespaces(7).
 */
int forkexec_attr_unshare_namespaces(struct forkexec_attr *attr, uint32_t types);

/**
 * Lets the child join the namespace that fd refers to.
 *
 * type is that of the namespace, one of FORKEXEC_NS_*. fd is a descriptor of the caller, borrowed: it must be open
 * during each spawn. Repeated calls add namespaces of other types.
 *
 * The child joins before it creates anything: first what needs the caller's privileges, then the user namespace, then
 * what needs the privileges there. No process in there can look into the child before it is the program, unless the
 * caller is root in the user namespace that they share.
 *
 * With FORKEXEC_NS_PID the program is a process in there, and still the caller's child; its pid in the caller's
 * namespace is known once it was let go. With FORKEXEC_NS_USER it has all capabilities in there, and the caller's ids
 * as they are seen from there; see set_uid. With FORKEXEC_NS_MOUNT its root and working directory are those in there,
 * where paths are looked up.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or type is not one type or is joined already.
 * -EBADF: fd is negative.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: fd is no namespace of this type, or the type is to be created too.
 * FORKEXEC_STAGE_JOIN, EPERM: CAP_SYS_ADMIN over the namespace is missing.
 * FORKEXEC_STAGE_JOIN, EINVAL: the child is in this user namespace already.
 * FORKEXEC_STAGE_JOIN, EUSERS: a limit on user namespaces is reached.
 * FORKEXEC_STAGE_LAST_CLONE, ENOMEM: pid 1 of the pid namespace has ended.
 * FORKEXEC_STAGE_LAST_CLONE, EAGAIN: a limit on processes is reached; for a moment it counts two.
 * FORKEXEC_STAGE_SECOND_CLONE, ENOMEM, EAGAIN: the same, with filters and without set_no_new_privs.
 *
 * The error's index is the place among the calls of join_namespace and join_pidfd, and -1 for the two clones.
 *
 * See setns(2), namespaces(7).
 */
int forkexec_attr_join_namespace(struct forkexec_attr *attr, int32_t fd, uint32_t type);

/**
 * Lets the child join namespaces that another process is in.
 *
 * types is one or more of FORKEXEC_NS_*. pidfd refers to the process, for example a child of this library that is
 * held, and keeps doing so whatever becomes of its pid. It is a descriptor of the caller, borrowed: it must be open
 * during each spawn. Needs Linux 5.8. join_namespace says what joining means.
 *
 * Example:
 *
 *     forkexec_attr_join_pidfd(attr, forkexec_child_pidfd(child), FORKEXEC_NS_USER | FORKEXEC_NS_NET);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or types is 0, has another bit, or has a type that is joined already.
 * -EBADF: pidfd is negative.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as join_namespace says, and as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: pidfd is no pidfd.
 * FORKEXEC_STAGE_JOIN, ESRCH: the process has ended.
 * FORKEXEC_STAGE_JOIN, EPERM: the caller may not look into the process, or it has ended and the caller has no
 *   CAP_SYS_PTRACE.
 *
 * See setns(2), pidfd_open(2).
 */
int forkexec_attr_join_pidfd(struct forkexec_attr *attr, int32_t pidfd, uint32_t types);

/**
 * Lets the child join a second user namespace when its root is built.
 *
 * fd refers to a user namespace below the one that the child is in: the caller's, or the one of join_namespace and
 * join_pidfd. It is a descriptor of the caller, borrowed: it must be open during each spawn. The last call wins.
 *
 * The mounts, the other new namespaces and the root are made with the privileges of the first user namespace, and
 * belong to it. Then the child, or the init, enters the second: it has all capabilities in there and none over what
 * was made before, so that no mount can be undone by the program. Capabilities, ids and no_new_privs are set after
 * that, and their numbers are those of the second. What comes later and needs a privilege over another namespace, such
 * as a port below 1024, is refused.
 *
 * Example:
 *
 *     int first = open("/run/first-userns", O_RDONLY | O_CLOEXEC);
 *     int second = open("/run/second-userns", O_RDONLY | O_CLOEXEC);
 *     forkexec_attr_join_namespace(attr, first, FORKEXEC_NS_USER);
 *     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_MOUNT);
 *     forkexec_attr_set_root(attr, "/", FORKEXEC_ROOT_READONLY);
 *     forkexec_attr_join_second_user_namespace(attr, second);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: fd is no user namespace, or FORKEXEC_NS_USER is to be created.
 * FORKEXEC_STAGE_SECOND_USER_NAMESPACE, EPERM: it is not below the child's, or CAP_SYS_ADMIN over it is missing.
 * FORKEXEC_STAGE_SECOND_USER_NAMESPACE, EINVAL: the child is in this user namespace already.
 *
 * See setns(2), user_namespaces(7).
 */
int forkexec_attr_join_second_user_namespace(struct forkexec_attr *attr, int32_t fd);

/**
 * Maps user ids of the new user namespace to ids outside.
 *
 * count ids from inside on are the ids from outside on, as the caller's user namespace has them. Needs
 * FORKEXEC_NS_USER. Without CAP_SETUID only one id can be mapped, to the caller's own. Repeated calls add ranges: at
 * most 340, and what the kernel takes as the text of a map.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, or there are 340 ranges
 *   already.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
 * FORKEXEC_STAGE_VALIDATE, E2BIG: the text of the map has a page, 4096 bytes, or more.
 * FORKEXEC_STAGE_ID_MAP, EPERM: the caller has no right to map these ids.
 * FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
 * FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or the caller is not dumpable and the child has a copy
 *   of its memory.
 * FORKEXEC_STAGE_ID_MAP, EROFS: /proc is read-only.
 *
 * See user_namespaces(7).
 */
int forkexec_attr_map_uid(struct forkexec_attr *attr, uint32_t inside, uint32_t outside, uint32_t count);

/**
 * Maps group ids of the new user namespace to ids outside.
 *
 * count ids from inside on are the ids from outside on, as the caller's user namespace has them. Needs
 * FORKEXEC_NS_USER. Without CAP_SETGID only one id can be mapped, to the caller's own. Unless allow_setgroups is
 * called, the namespace loses setgroups(2) for ever. Repeated calls add ranges: at most 340, and what the kernel takes
 * as the text of a map.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, or there are 340 ranges
 *   already.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
 * FORKEXEC_STAGE_VALIDATE, E2BIG: the text of the map has a page, 4096 bytes, or more.
 * FORKEXEC_STAGE_ID_MAP, EPERM: the caller has no right to map these ids.
 * FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
 * FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or the caller is not dumpable and the child has a copy
 *   of its memory.
 * FORKEXEC_STAGE_ID_MAP, EROFS: /proc is read-only.
 *
 * See user_namespaces(7).
 */
int forkexec_attr_map_gid(struct forkexec_attr *attr, uint32_t inside, uint32_t outside, uint32_t count);

/**
 * Maps the caller's own id to 0, and its subordinate ids from 1 on.
 *
 * The caller's effective id becomes id 0 of the new user namespace. After it come all ids that /etc/subuid and
 * /etc/subgid grant to the caller's uid, or to its name in /etc/passwd, in their order and each once. Lines that
 * cannot be read are skipped. The files are read at each spawn. It takes the place of map_uid and map_gid, and needs
 * FORKEXEC_NS_USER. A caller without the right to map these ids needs set_map_helpers.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as map_uid says, and as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: map_uid or map_gid was called, or FORKEXEC_NS_USER is missing.
 * FORKEXEC_STAGE_RESOLVE, ENOENT: one of the files has nothing for the caller.
 * FORKEXEC_STAGE_RESOLVE, E2BIG: there are more than 340 ranges.
 * FORKEXEC_STAGE_RESOLVE, EACCES: the caller may not read a file.
 *
 * See subuid(5), subgid(5).
 */
int forkexec_attr_map_subordinate_ids(struct forkexec_attr *attr);

/**
 * Names programs that write id maps which the caller may not write itself.
 *
 * newuidmap is for users and newgidmap for groups, as /usr/bin/newuidmap and /usr/bin/newgidmap; NULL is none. If the
 * kernel refuses a map with EPERM, the program is run with the caller's rights while the child waits. Its arguments
 * are the child's pid and each number of the map. Its environment is empty, and its descriptors 0 to 2 are /dev/null.
 * The caller gets SIGCHLD for it. It has failed unless it exits with 0 and the map is there, and, with
 * allow_setgroups, if it has denied setgroups(2). The paths are copied and not searched for. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or a path is empty.
 * -ENAMETOOLONG: a path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: there is no map.
 * FORKEXEC_STAGE_ID_MAP, EPERM: the program failed; the message says how.
 * FORKEXEC_STAGE_ID_MAP, with the errno of the program's own start.
 *
 * See newuidmap(1), newgidmap(1).
 */
int forkexec_attr_set_map_helpers(struct forkexec_attr *attr, const char *newuidmap, const char *newgidmap);

/**
 * Leaves setgroups(2) allowed in the new user namespace.
 *
 * The library then does not write "deny" before the gid map. Needs map_gid, and CAP_SETGID in the caller's user
 * namespace.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
 * FORKEXEC_STAGE_ID_MAP, EPERM: CAP_SETGID is missing.
 *
 * See user_namespaces(7).
 */
int forkexec_attr_allow_setgroups(struct forkexec_attr *attr);

/**
 * Makes another user than the caller the owner of the new user namespace.
 *
 * Processes of uid can enter the namespace with all capabilities in it, and it counts in that user's limits. uid is an
 * id of the caller's user namespace. Needs FORKEXEC_NS_USER. The child becomes uid before it makes the namespace; the
 * caller is not changed. The maps are still written with the caller's rights. In the namespace the child is the id
 * that uid is mapped to, with the caller's groups, until set_uid and set_gid. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or uid is (uid_t)-1.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_USER is missing.
 * FORKEXEC_STAGE_NAMESPACE_OWNER, EPERM: CAP_SETUID is missing.
 * FORKEXEC_STAGE_NAMESPACE_OWNER, EINVAL: uid is not mapped in the caller's user namespace.
 * FORKEXEC_STAGE_UNSHARE_USER, with the errnos of create_namespaces.
 * FORKEXEC_STAGE_ID_MAP, EPERM: CAP_SYS_ADMIN is missing.
 * FORKEXEC_STAGE_ID_MAP, EACCES: the caller is not root.
 *
 * See user_namespaces(7), NS_GET_OWNER_UID(2const).
 */
int forkexec_attr_set_user_namespace_owner(struct forkexec_attr *attr, uint32_t uid);

/**
 * Chooses how mounts propagate between the new mount namespace and the caller's.
 *
 * flags is one of MS_PRIVATE, MS_SLAVE, MS_SHARED and MS_UNBINDABLE, with MS_REC for the whole tree, and is applied to
 * "/". 0 leaves it as it is: under systemd, mounts then reach the caller. Without this call it is MS_REC | MS_PRIVATE
 * in a new mount namespace. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or flags is another.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_MOUNT is missing.
 * FORKEXEC_STAGE_PROPAGATION, EINVAL: "/" is no mount point.
 *
 * See mount(2), mount_namespaces(7).
 */
int forkexec_attr_set_mount_propagation(struct forkexec_attr *attr, uint64_t flags);

/**
 * Sets the host name in the new UTS namespace.
 *
 * Needs FORKEXEC_NS_UTS, so the caller's name never changes. name has at most 64 bytes and is copied. The last call
 * wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or name is NULL, or name has more than 64 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_UTS is missing.
 * FORKEXEC_STAGE_HOSTNAME, with the errno of sethostname(2). allow_failure lets this pass.
 *
 * See sethostname(2).
 */
int forkexec_attr_set_hostname(struct forkexec_attr *attr, const char *name);

/**
 * Sets the NIS domain name in the new UTS namespace.
 *
 * Needs FORKEXEC_NS_UTS, so the caller's name never changes. name has at most 64 bytes and is copied. The last call
 * wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or name is NULL, or name has more than 64 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_UTS is missing.
 * FORKEXEC_STAGE_DOMAINNAME, with the errno of setdomainname(2). allow_failure lets this pass.
 *
 * See setdomainname(2).
 */
int forkexec_attr_set_domainname(struct forkexec_attr *attr, const char *name);

/**
 * Brings up the loopback interface of the new network namespace.
 *
 * Needs FORKEXEC_NS_NET.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_NET is missing.
 * FORKEXEC_STAGE_LOOPBACK, with the errno of the kernel. allow_failure lets this pass.
 *
 * See netdevice(7).
 */
int forkexec_attr_set_loopback(struct forkexec_attr *attr);

/**
 * Sets a clock of the new time namespace ahead of the caller's.
 *
 * clock is CLOCK_MONOTONIC or CLOCK_BOOTTIME. seconds may be negative. nanoseconds, below 1000000000, are added. The
 * raw, coarse and alarm clocks go with theirs. The program and its children see the new time. Needs FORKEXEC_NS_TIME,
 * CAP_SYS_TIME in the user namespace that owns the time namespace, which a new user namespace gives, and the caller's
 * /proc. For each clock the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, clock is another, or nanoseconds is a second or more.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: FORKEXEC_NS_TIME is missing.
 * FORKEXEC_STAGE_TIME_FILE, ENOENT: there is no /proc, the caller is not in it, or the kernel, before Linux 5.6, has
 *   no time namespaces.
 * FORKEXEC_STAGE_TIME_FILE, EOPNOTSUPP: /proc is no proc file system.
 * FORKEXEC_STAGE_TIME_OFFSETS, ERANGE: the clock would be below 0 or beyond 146 years.
 * FORKEXEC_STAGE_TIME_OFFSETS, EPERM: CAP_SYS_TIME is missing.
 *
 * See time_namespaces(7).
 */
int forkexec_attr_set_time_offset(struct forkexec_attr *attr, int32_t clock, int64_t seconds, uint32_t nanoseconds);

/* ---------------------------------------------------------------------------------------------------------------------
 * 13. Mounts and root directory
 * ------------------------------------------------------------------------------------------------------------------ */

/** For forkexec_attr_bind_mount and others: nothing can be written. The first four are mount(2)'s. */
#define FORKEXEC_MOUNT_READONLY 0x1

/** Programs get no ids or capabilities from files. */
#define FORKEXEC_MOUNT_NOSUID 0x2

/** Device nodes cannot be opened. */
#define FORKEXEC_MOUNT_NODEV 0x4

/** No file can be executed. */
#define FORKEXEC_MOUNT_NOEXEC 0x8

/** Mounts below the source do not appear. */
#define FORKEXEC_MOUNT_NONRECURSIVE 0x10

/**
 * A target that does not exist is made, with directories that are missing above it: a directory with mode 0755, or for
 * a file a file with mode 0444.
 */
#define FORKEXEC_MOUNT_CREATE 0x20

/** Symbolic links in the target are followed, inside the root. With FORKEXEC_MOUNT_CREATE what they lead to is made. */
#define FORKEXEC_MOUNT_FOLLOW 0x40

/** A bind whose source does not exist (ENOENT) is left out. Other errors fail the spawn. */
#define FORKEXEC_MOUNT_OPTIONAL 0x80

/** For forkexec_attr_mount_overlay: what is written goes to memory and ends with the mount. */
#define FORKEXEC_MOUNT_IN_MEMORY 0x100

/**
 * For forkexec_attr_mount_proc: files that change the kernel become read-only, if they exist: bus, fs, irq, sys and
 * sysrq-trigger.
 */
#define FORKEXEC_MOUNT_KERNEL_READONLY 0x200

/**
 * For forkexec_attr_mount_proc: files that show the kernel, its hardware, or keys and activity of others are hidden as
 * by mask_path, if they exist: acpi, asound, interrupts, kcore, keys, latency_stats, sched_debug, scsi, timer_list and
 * timer_stats.
 */
#define FORKEXEC_MOUNT_KERNEL_HIDDEN 0x400

/**
 * For forkexec_attr_set_root: the root becomes read-only in the end, what is mounted below it before anything is made
 * there.
 */
#define FORKEXEC_ROOT_READONLY 0x1

/** Programs get no ids or capabilities from files in the root and what is mounted below it. */
#define FORKEXEC_ROOT_NOSUID 0x2

/** Device nodes in the root and what is mounted below it cannot be opened. */
#define FORKEXEC_ROOT_NODEV 0x4

/** No file in the root and what is mounted below it can be executed. */
#define FORKEXEC_ROOT_NOEXEC 0x8

/**
 * Adds a mount(2) to the list of mounts.
 *
 * The list of mounts is what this setter and the next sixteen ask for, up to change_mode. Its items are done in call
 * order, in the program's new mount namespace, which create_namespaces or unshare_namespaces has to ask for. The
 * caller sees nothing of it.
 *
 * target is a path in the program's root, which set_root may change. It begins with "/" and has no "..". The child
 * reaches it by descriptor, component by component, and follows no symbolic link (ELOOP), so that nothing in the root
 * leads out of it. It has to exist: see make_directory. A target that is a file needs the caller's /proc, or Linux
 * 5.12. source is a path of the caller's.
 *
 * flags are the MS_ flags of mount(2). With MS_REMOUNT, where target may be "/", or with MS_SHARED, MS_PRIVATE,
 * MS_SLAVE or MS_UNBINDABLE, the mount at target is changed. With MS_MOVE it comes from source. With MS_BIND source
 * appears at target, and with MS_REC what is mounted below it, too. Otherwise a file system of type fstype is mounted,
 * with the options in data. Paths in data and source should begin with "/".
 *
 * A bind also takes MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME and MS_NOSYMFOLLOW, which
 * mount(2) itself ignores, with MS_REC for all of it. As with mount(2), MS_RELATIME and the flags of propagation
 * change nothing on a bind: a second call without MS_BIND changes the propagation.
 *
 * source, fstype and data may be NULL where mount(2) allows it. All are copied.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is empty, does not begin with "/", has a ".." or is "/" without MS_REMOUNT,
 *   a bind or move has no source, a new file system has no fstype, or a bind has a flag that it does not take.
 * -ENAMETOOLONG: target, source, fstype or data has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new mount namespace, or its propagation would bring the mounts to the
 *   caller.
 * FORKEXEC_STAGE_ROOT, EACCES: the working directory cannot be kept.
 * FORKEXEC_STAGE_MOUNT, EOPNOTSUPP: target is a file, and the caller has no /proc.
 * FORKEXEC_STAGE_MOUNT, with the errno of mount(2), or of open(2) for the way to target.
 *
 * The error's index is the place in the list of mounts.
 *
 * See mount(2), mount_setattr(2).
 */
int forkexec_attr_add_mount(struct forkexec_attr *attr,
                            const char *source,
                            const char *target,
                            const char *fstype,
                            uint64_t flags,
                            const char *data);

/**
 * Makes the caller's file or directory source appear at target.
 *
 * So does all that is mounted below source. A symbolic link at source is followed. flags are any of
 * FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _NONRECURSIVE, _CREATE, _FOLLOW and _OPTIONAL. The first four
 * hold for everything below too, but a program that keeps CAP_SYS_ADMIN can undo them, see make_readonly. With
 * _OPTIONAL a source that does not exist, or a link that leads to nothing, is left out and its target is not made; a
 * source that the caller may not look at (EACCES) or that lies below a file (ENOTDIR) is an error. In a new user
 * namespace _NONRECURSIVE fails with EINVAL if something is mounted below source. source and target are copied. An
 * item of the list of mounts: see add_mount.
 *
 * Example:
 *
 *     forkexec_attr_bind_mount(attr, "/usr", "/usr", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr, source or target is NULL, source is empty, target is not a path inside the root or is "/", or flags
 *   has another bit.
 * -ENAMETOOLONG: source or target has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_RESOLVE, ENOENT: source is relative, and the caller's working directory is gone.
 * FORKEXEC_STAGE_BIND, ENOENT: source or target does not exist.
 * FORKEXEC_STAGE_BIND, ENOTDIR: one is a directory and the other is not.
 * FORKEXEC_STAGE_BIND, ELOOP: there is a symbolic link on the way to target.
 * FORKEXEC_STAGE_BIND, EPERM: CAP_SYS_ADMIN is missing.
 * FORKEXEC_STAGE_BIND, with the errnos of open_tree(2), mount(2) and mount_setattr(2).
 *
 * See open_tree(2), mount_setattr(2), mount(2).
 */
int forkexec_attr_bind_mount(struct forkexec_attr *attr, const char *source, const char *target, uint32_t flags);

/**
 * Makes source appear at target as bind_mount does, with other owners.
 *
 * userns_fd refers to a user namespace. What belongs to an id in it belongs, at target, to the id that this one is
 * mapped to. It is a descriptor of the caller, borrowed: it must be open during each spawn. Needs Linux 5.12, a file
 * system that can do it, and CAP_SYS_ADMIN where that was mounted (MOUNT_ATTR_IDMAP). source, target and flags are
 * those of bind_mount.
 *
 * Returns 0, or a negative errno as bind_mount does, and:
 * -EBADF: userns_fd is negative.
 *
 * A spawn can fail later as bind_mount says, and as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: userns_fd is not open.
 * FORKEXEC_STAGE_VALIDATE, ENOSYS: the kernel cannot do it.
 *
 * See mount_setattr(2), user_namespaces(7).
 */
int forkexec_attr_bind_mount_idmapped(struct forkexec_attr *attr,
                                      const char *source,
                                      const char *target,
                                      int32_t userns_fd,
                                      uint32_t flags);

/**
 * Makes the file or directory that the descriptor fd refers to appear at target.
 *
 * It does so as bind_mount does. What appears is what fd refers to, by device and inode, or the spawn fails: a file
 * that somebody renames meanwhile changes nothing. fd is a descriptor of the caller, borrowed: it must be open during
 * each spawn, O_PATH is enough, and the program does not get it unless map_fd passes it on. It must have a path in the
 * caller's root, which is read from the caller's /proc. flags are those of bind_mount except FORKEXEC_MOUNT_OPTIONAL.
 * target is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", or flags has another bit.
 * -EBADF: fd is negative.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as bind_mount says, and as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_VALIDATE, ELOOP: fd refers to a symbolic link.
 * FORKEXEC_STAGE_RESOLVE, ENOENT: there is no /proc.
 * FORKEXEC_STAGE_BIND, ESTALE: what fd refers to was moved, removed or covered, or has no path in the caller's root.
 *
 * See open_tree(2), mount_setattr(2), mount(2).
 */
int forkexec_attr_bind_mount_fd(struct forkexec_attr *attr, int32_t fd, const char *target, uint32_t flags);

/**
 * Mounts an empty file system in memory at target.
 *
 * size_bytes is the most that it can hold, rounded up to pages; 0 is the kernel's default, half of the memory. mode is
 * that of its root, up to 07777. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE and
 * _FOLLOW. target is copied. An item of the list of mounts: see add_mount.
 *
 * Example:
 *
 *     forkexec_attr_mount_tmpfs(attr, "/tmp", 64 << 20, 01777, FORKEXEC_MOUNT_CREATE);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", mode is above 07777, or flags has
 *   another bit.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_TMPFS, ENOENT, ENOTDIR: target does not exist, or is no directory.
 * FORKEXEC_STAGE_TMPFS, ELOOP: there is a symbolic link on the way to target.
 * FORKEXEC_STAGE_TMPFS, EPERM: CAP_SYS_ADMIN is missing.
 *
 * See tmpfs(5).
 */
int forkexec_attr_mount_tmpfs(struct forkexec_attr *attr,
                              const char *target,
                              uint64_t size_bytes,
                              uint32_t mode,
                              uint32_t flags);

/**
 * Mounts directories laid over each other at target, as one.
 *
 * lowers are count directories, the first of which lies on top. They stay as they are; what is written goes to the
 * directory upper. work is an empty directory of the same mount as upper, in which the kernel works, and where it
 * leaves a directory behind. With upper and work NULL and FORKEXEC_MOUNT_IN_MEMORY, what is written goes to memory and
 * ends with the mount. With both NULL and without that flag nothing can be written, and there are at least two lowers.
 *
 * flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE, _FOLLOW and _IN_MEMORY. lowers, upper
 * and work are the caller's paths, as the source of bind_mount is, and may have any byte: what overlayfs would read as
 * a separator is escaped. What is mounted below them does not appear, and in a new user namespace nothing may be
 * mounted there (EINVAL). lowers and upper must not be changed from outside meanwhile. All are copied. An item of the
 * list of mounts: see add_mount.
 *
 * Afterwards upper has the program's changes in the kernel's format. A file that it wrote is there whole. For what it
 * removed there is a character device 0/0 of that name. A directory that it removed and made again, or made in the
 * place of something else, has the extended attribute trusted.overlay.opaque. Outside the initial user namespace the
 * attribute is user.overlay.opaque, which not every file system can hold, tmpfs from Linux 6.6 on; elsewhere such a
 * change fails with EIO. There, renaming a directory of lowers fails with EXDEV, as mv(1) expects.
 *
 * https://docs.kernel.org/filesystems/overlayfs.html describes overlayfs.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr, lowers, one of them or target is NULL, count is 0 or above 500, a path is empty, upper or work is
 *   given without the other or with FORKEXEC_MOUNT_IN_MEMORY, there is one lower and nothing to write to, target is
 *   not a path inside the root or is "/", or flags has another bit.
 * -ENAMETOOLONG: a path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_VALIDATE, ENAMETOOLONG: all paths together, with what is escaped, have more than about 4000 bytes.
 * FORKEXEC_STAGE_RESOLVE, ENOENT: a path is relative, and the caller's working directory is gone.
 * FORKEXEC_STAGE_OVERLAY, ENOENT, ENOTDIR: a directory, or target, does not exist or is none.
 * FORKEXEC_STAGE_OVERLAY, ELOOP: one directory lies within another, or there is a symbolic link on the way to target.
 * FORKEXEC_STAGE_OVERLAY, EINVAL: upper and work are not in the same mount, or on a file system that cannot be upper,
 *   such as another overlay.
 * FORKEXEC_STAGE_OVERLAY, ENODEV: the kernel has no overlayfs.
 * FORKEXEC_STAGE_OVERLAY, EPERM: a user namespace needs Linux 5.11.
 * FORKEXEC_STAGE_OVERLAY, EBUSY: upper or work is in use.
 *
 * See mount(2).
 */
int forkexec_attr_mount_overlay(struct forkexec_attr *attr,
                                const char *const *lowers,
                                size_t count,
                                const char *upper,
                                const char *work,
                                const char *target,
                                uint32_t flags);

/**
 * Mounts a new proc file system at target.
 *
 * It shows the processes of the child's pid namespace, so with a new user namespace a new pid namespace is needed too.
 * It is nosuid, nodev and noexec. flags are any of FORKEXEC_MOUNT_READONLY, FORKEXEC_MOUNT_CREATE,
 * FORKEXEC_MOUNT_KERNEL_READONLY and FORKEXEC_MOUNT_KERNEL_HIDDEN. The last two cover what belongs to the kernel and
 * not to a process, as container runtimes do; a program that keeps CAP_SYS_ADMIN can undo them, see make_readonly.
 * With one of them, a user namespace inside cannot mount a proc of its own. target is copied. An item of the list of
 * mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", or flags has another bit.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_PROC, ENOENT, ENOTDIR: target does not exist, or is no directory.
 * FORKEXEC_STAGE_PROC, ELOOP: there is a symbolic link on the way to target.
 * FORKEXEC_STAGE_PROC, EPERM: there is no new pid namespace, or parts of the caller's own /proc are covered, as in a
 *   container. Bind /proc there.
 *
 * See proc(5).
 */
int forkexec_attr_mount_proc(struct forkexec_attr *attr, const char *target, uint32_t flags);

/**
 * Mounts a small /dev in memory at target.
 *
 * It has null, zero, full, random, urandom and tty, which are the caller's, and whose device numbers are verified;
 * pts, a new devpts, with ptmx; an empty shm; and the links fd, stdin, stdout and stderr to /proc. flags are any of
 * FORKEXEC_MOUNT_READONLY, which leaves pts and shm writable, and FORKEXEC_MOUNT_CREATE. target is copied. An item of
 * the list of mounts: see add_mount.
 *
 * In a new user namespace devpts needs a mapped id 0. If the caller maps its own ids to others than 0, with one range
 * of one id each, the mounts are made as id 0 of a first user namespace. The program is then in a second one, with the
 * ids that were asked for (FORKEXEC_STAGE_INNER_USER_NAMESPACE); it does not own the other namespaces.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", or flags has another bit.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_DEV, ENOENT, ENOTDIR: target does not exist, or is no directory.
 * FORKEXEC_STAGE_DEV, ELOOP: there is a symbolic link on the way to target.
 * FORKEXEC_STAGE_DEV, ENODEV: a device of the caller's has another number.
 * FORKEXEC_STAGE_DEV, EINVAL: id 0 is not mapped.
 * FORKEXEC_STAGE_DEV, EPERM: CAP_SYS_ADMIN is missing.
 * FORKEXEC_STAGE_PROCFS, ENOENT: there is no /proc for the second user namespace.
 * FORKEXEC_STAGE_INNER_USER_NAMESPACE, ENOSPC: a limit on user namespaces is reached.
 *
 * See null(4), devpts(5), user_namespaces(7).
 */
int forkexec_attr_mount_dev(struct forkexec_attr *attr, const char *target, uint32_t flags);

/**
 * Makes the directory path, and those that are missing above it.
 *
 * It gets exactly mode, with the setuid, setgid and sticky bits; those above it get 0755. A directory that exists
 * stays as it is. The directory is made in the file system that lies there: only one in memory, such as that of an
 * empty root, ends with the program. path is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root or is "/", or mode is above 07777.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_DIRECTORY, ENOTDIR: something else lies there.
 * FORKEXEC_STAGE_DIRECTORY, ELOOP: there is a symbolic link on the way.
 * FORKEXEC_STAGE_DIRECTORY, EPERM: the kernel does not give this mode, for example setgid for a group that is not the
 *   child's.
 * FORKEXEC_STAGE_DIRECTORY, EACCES, EROFS: the directory above cannot be written to.
 *
 * See mkdir(2).
 */
int forkexec_attr_make_directory(struct forkexec_attr *attr, const char *path, uint32_t mode);

/**
 * Makes a symbolic link at path that holds contents.
 *
 * contents may be any text. Directories that are missing above path are made, as make_directory does. A link that
 * holds the same text may exist. Both are copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr, contents or path is NULL, contents is empty, or path is not a path inside the root or is "/".
 * -ENAMETOOLONG: contents or path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_SYMLINK, EEXIST: something else lies there.
 * FORKEXEC_STAGE_SYMLINK, ELOOP: there is a symbolic link on the way.
 * FORKEXEC_STAGE_SYMLINK, EACCES, EROFS: the directory above cannot be written to.
 *
 * See symlink(2).
 */
int forkexec_attr_make_symlink(struct forkexec_attr *attr, const char *contents, const char *path);

/**
 * Makes the file path, which holds the given bytes.
 *
 * bytes has length bytes, at most 65536; make_file_fd copies larger files. It may be NULL if length is 0. The file
 * gets exactly mode, as make_directory says. Directories that are missing above path are made, as make_directory does.
 * path and bytes are copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, bytes is NULL and length is not 0, length is above 65536, path is not a path inside
 *   the root or is "/", or mode is above 07777.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_FILE, EEXIST: something lies there.
 * FORKEXEC_STAGE_FILE, ELOOP: there is a symbolic link on the way.
 * FORKEXEC_STAGE_FILE, EPERM: the kernel does not give this mode.
 * FORKEXEC_STAGE_FILE, EACCES, EROFS: the directory above cannot be written to.
 * FORKEXEC_STAGE_FILE, ENOSPC: the file system is full.
 *
 * See open(2).
 */
int forkexec_attr_make_file(struct forkexec_attr *attr,
                            const char *path,
                            const uint8_t *bytes,
                            size_t length,
                            uint32_t mode);

/**
 * Makes the file path, a copy of what the descriptor fd holds.
 *
 * The copy has any length and begins at the start of fd, whose offset is neither used nor changed. fd refers to a
 * regular file, or to one of memfd_create(2). It is a descriptor of the caller, borrowed: it must be open for reading
 * during each spawn. mode is that of make_file. path is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root or is "/", or mode is above 07777.
 * -EBADF: fd is negative.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as make_file says, and as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: fd refers to something else than a file.
 * FORKEXEC_STAGE_FILE, EBADF: fd is not open for reading.
 * FORKEXEC_STAGE_FILE, with the errnos of pread(2).
 *
 * See pread(2).
 */
int forkexec_attr_make_file_fd(struct forkexec_attr *attr, const char *path, int32_t fd, uint32_t mode);

/**
 * Mounts a file in memory at target, a copy of what the descriptor fd holds.
 *
 * target is a file, which stays as it is; the copy ends with the mount. fd and mode are those of make_file_fd. flags
 * are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE and _FOLLOW. target is copied. An item of the
 * list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", mode is above 07777, or flags has
 *   another bit.
 * -EBADF: fd is negative.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as make_file_fd says, and as:
 * FORKEXEC_STAGE_FILE, ENOENT, ELOOP: target does not exist, or there is a symbolic link on the way to it.
 * FORKEXEC_STAGE_FILE, ENOTDIR: target is a directory.
 * FORKEXEC_STAGE_FILE, EPERM: CAP_SYS_ADMIN is missing.
 * FORKEXEC_STAGE_FILE, ENOSPC: memory is short.
 *
 * See tmpfs(5), mount(2).
 */
int forkexec_attr_mount_file_fd(struct forkexec_attr *attr,
                                int32_t fd,
                                const char *target,
                                uint32_t mode,
                                uint32_t flags);

/**
 * Hides what lies at path.
 *
 * A directory is covered by an empty read-only one, a file by the caller's /dev/null, whose device number is verified.
 * If nothing lies there (ENOENT), there is nothing to hide. A program that keeps CAP_SYS_ADMIN can undo it, see
 * make_readonly. path is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, or path is not a path inside the root or is "/".
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_MASK, ELOOP: there is a symbolic link at path or on the way.
 * FORKEXEC_STAGE_MASK, ENODEV: /dev/null is something else.
 * FORKEXEC_STAGE_MASK, EPERM: CAP_SYS_ADMIN is missing.
 *
 * See mount(2).
 */
int forkexec_attr_mask_path(struct forkexec_attr *attr, const char *path);

/**
 * Makes what lies at path read-only, with all that is mounted below.
 *
 * It has to exist. path is copied. An item of the list of mounts: see add_mount.
 *
 * This holds for a program without CAP_SYS_ADMIN in its mount namespace. A program that keeps it, as root of its own
 * user namespace does unless its capabilities are dropped, can undo it with umount(2) or mount(2). In further user
 * namespaces that it makes, it cannot.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, or path is not a path inside the root or is "/".
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_READONLY, ENOENT: nothing lies there.
 * FORKEXEC_STAGE_READONLY, ELOOP: there is a symbolic link at path or on the way.
 * FORKEXEC_STAGE_READONLY, EPERM: CAP_SYS_ADMIN is missing.
 *
 * See mount_setattr(2), mount(2).
 */
int forkexec_attr_make_readonly(struct forkexec_attr *attr, const char *path);

/**
 * Adds flags to the mount at path.
 *
 * flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV and _NOEXEC. They are added to those that the mount has,
 * and not to mounts below it. With FORKEXEC_MOUNT_FOLLOW symbolic links in path are followed, inside the root. path
 * may be "/"; after FORKEXEC_MOUNT_READONLY nothing more can be made there, and set_root has a flag for a root that
 * becomes read-only in the end. A program that keeps CAP_SYS_ADMIN can undo it, see make_readonly. path is copied. An
 * item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root, or flags has none of the four or another bit.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_REMOUNT, EINVAL: path is no mount point.
 * FORKEXEC_STAGE_REMOUNT, ENOENT: path does not exist.
 * FORKEXEC_STAGE_REMOUNT, ELOOP: there is a symbolic link at path or on the way.
 * FORKEXEC_STAGE_REMOUNT, EPERM: CAP_SYS_ADMIN is missing.
 *
 * See mount(2).
 */
int forkexec_attr_remount(struct forkexec_attr *attr, const char *path, uint32_t flags);

/**
 * Gives what lies at path exactly mode.
 *
 * mode includes the setuid, setgid and sticky bits. It is changed in the file system that lies there: only one in
 * memory, such as that of an empty root, ends with the program. path is copied. An item of the list of mounts: see
 * add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root, or mode is above 07777.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_mount says, and as:
 * FORKEXEC_STAGE_MODE, ENOENT: path does not exist.
 * FORKEXEC_STAGE_MODE, ELOOP: there is a symbolic link at path or on the way.
 * FORKEXEC_STAGE_MODE, EPERM: it belongs to another user, or the kernel does not give this mode.
 * FORKEXEC_STAGE_MODE, EROFS: the file system is read-only.
 * FORKEXEC_STAGE_MODE, EOPNOTSUPP: path is a file, and the caller has no /proc.
 *
 * See chmod(2).
 */
int forkexec_attr_change_mode(struct forkexec_attr *attr, const char *path, uint32_t mode);

/**
 * Gives the program a root directory of its own.
 *
 * path is a directory, with all that is mounted below it. NULL is an empty root in memory, which ends with the
 * program. The list of mounts is made in it. Then the old root is detached, so that no privilege leads back, unlike
 * with set_chroot. The program starts in "/", unless set_cwd says otherwise; its path, set_cwd and the actions are
 * looked up in the new root. Needs a new mount namespace. The caller's root has to be a mount, as it is except in a
 * chroot or an initramfs. path is copied. The last call wins.
 *
 * flags are any of FORKEXEC_ROOT_READONLY, _NOSUID, _NODEV and _NOEXEC. They hold for the root and for what is mounted
 * below path; the root itself becomes read-only in the end, when all is made. Mounts of this attr have their own
 * flags. A program that keeps CAP_SYS_ADMIN, also in its own new user namespace, can make the root writable again.
 *
 * Example:
 *
 *     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT);
 *     forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
 *     forkexec_attr_bind_mount(attr, "/usr", "/usr", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, path is empty, or flags has another bit.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new mount namespace, its propagation would bring the mounts to the
 *   caller, or set_chroot was called.
 * FORKEXEC_STAGE_IMAGE, as set_memory_mode says.
 * FORKEXEC_STAGE_ROOT, ENOENT: path does not exist.
 * FORKEXEC_STAGE_ROOT, ENOTDIR: path is no directory.
 * FORKEXEC_STAGE_ROOT, EPERM: CAP_SYS_ADMIN is missing.
 * FORKEXEC_STAGE_PIVOT_ROOT, EINVAL: the caller's root is no mount.
 * FORKEXEC_STAGE_ROOT_READONLY, with the errno of mount(2).
 *
 * See pivot_root(2).
 */
int forkexec_attr_set_root(struct forkexec_attr *attr, const char *path, uint32_t flags);

/**
 * Makes the directory path the program's root, by chroot(2).
 *
 * It becomes the working directory too, unless set_cwd or set_cwd_fd says otherwise; either way that lies inside the
 * root. The root is entered before the ids change, with CAP_SYS_CHROOT. The program's path, set_cwd and the actions
 * are looked up in it. A program with privileges can leave a chroot: see set_root. path is copied. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, or path is empty.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_IMAGE, as set_memory_mode says.
 * FORKEXEC_STAGE_CHROOT, with the errno of chroot(2) or chdir(2).
 *
 * See chroot(2).
 */
int forkexec_attr_set_chroot(struct forkexec_attr *attr, const char *path);

/* ---------------------------------------------------------------------------------------------------------------------
 * 14. Keyrings and security labels
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Gives the program another session keyring than the caller's.
 *
 * name is that of the keyring, which is made if no keyring of that name can be searched. NULL makes a new one without
 * a name. The program then does not have the keys of the caller's keyring, which stays as it is. name is copied. The
 * last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or name is empty or has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_KEYRING, ENOSYS: the kernel has no keyrings. allow_failure lets this pass.
 * FORKEXEC_STAGE_KEYRING, EDQUOT: the user has too many keys.
 * FORKEXEC_STAGE_KEYRING, EPERM: name begins with ".".
 * FORKEXEC_STAGE_KEYRING, EACCES: the caller may not search the keyring of that name.
 *
 * See keyctl(2), session-keyring(7).
 */
int forkexec_attr_set_session_keyring(struct forkexec_attr *attr, const char *name);

/**
 * Sets the permissions of the program's session keyring.
 *
 * permissions has a byte each for its possessor, its owner, its group and others, from the highest on, with the bits
 * of keyctl(2), for example 0x3f090000. A keyring that existed before gets them, too. Needs set_session_keyring. The
 * last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or permissions has a bit that is not in 0x3f3f3f3f.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_session_keyring was not called.
 * FORKEXEC_STAGE_KEYRING_PERMISSIONS, EACCES: the caller may not change the keyring.
 * FORKEXEC_STAGE_KEYRING_PERMISSIONS, EPERM: the keyring belongs to another user.
 *
 * See keyctl(2).
 */
int forkexec_attr_set_keyring_permissions(struct forkexec_attr *attr, uint32_t permissions);

/**
 * Gives a new session keyring an SELinux context.
 *
 * label is the context. It is written as set_exec_label writes the program's. Needs set_session_keyring. label is
 * copied. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or label is NULL, or label is empty or has more than 4090 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_session_keyring was not called.
 * FORKEXEC_STAGE_PROCFS, as set_exec_label says.
 * FORKEXEC_STAGE_KEYRING_LABEL, ENOENT, EINVAL: there is no SELinux, or no such context.
 * FORKEXEC_STAGE_KEYRING_LABEL, EACCES: its policy forbids it.
 * FORKEXEC_STAGE_KEYRING_LABEL, ENOSYS: the kernel is older than Linux 5.6.
 * FORKEXEC_STAGE_KEYRING_LABEL, EXDEV: something is mounted over the file of /proc.
 *
 * See proc_pid_attr(5).
 */
int forkexec_attr_set_keyring_label(struct forkexec_attr *attr, const char *label);

/**
 * Gives the program an AppArmor profile.
 *
 * With it the label of set_exec_label is SELinux's: the program gets both, or the spawn fails. profile is written as
 * set_exec_label writes the label, and is copied. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or profile is NULL, or profile is empty or has more than 4090 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PROCFS, as set_exec_label says.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, ENOENT: there is no AppArmor, or no such profile.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, EINVAL: it is not the name of a profile.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, EACCES: its policy forbids it.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, ENOSYS: the kernel is older than Linux 5.6.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, EXDEV: something is mounted over the file of /proc.
 *
 * See proc_pid_attr(5).
 */
int forkexec_attr_set_apparmor_profile(struct forkexec_attr *attr, const char *profile);

/**
 * Gives the program a label of the host's security module.
 *
 * label is an SELinux context or an AppArmor profile, for the module that the host has; with set_apparmor_profile it
 * is SELinux's. The child writes it to the caller's /proc, which it opens before any namespace or root changes. It
 * writes to no file that something is mounted over, and to no other proc of a joined namespace. Needs Linux 5.6. label
 * is copied. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or label is NULL, or label is empty or has more than 4090 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PROCFS, ENOENT: there is no /proc.
 * FORKEXEC_STAGE_PROCFS, EOPNOTSUPP: /proc is no proc file system.
 * FORKEXEC_STAGE_EXEC_LABEL, EINVAL, ENOENT: no security module takes a label, or there is no such label.
 * FORKEXEC_STAGE_EXEC_LABEL, EACCES: the module's policy forbids it.
 * FORKEXEC_STAGE_EXEC_LABEL, ENOSYS: the kernel is older than Linux 5.6.
 * FORKEXEC_STAGE_EXEC_LABEL, EXDEV: something is mounted over the file of /proc.
 * FORKEXEC_STAGE_EXEC, EACCES: the policy does not let this program have the label.
 *
 * See proc_pid_attr(5).
 */
int forkexec_attr_set_exec_label(struct forkexec_attr *attr, const char *label);

/* ---------------------------------------------------------------------------------------------------------------------
 * 15. Seccomp filters
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * For forkexec_attr_add_seccomp_filter: installs the filter on all threads, of which the child has one. Equal to
 * SECCOMP_FILTER_FLAG_TSYNC, and the following to the kernel's constants too; seccomp(2).
 */
#define FORKEXEC_SECCOMP_TSYNC 0x1

/** Logs all actions of the filter except SECCOMP_RET_ALLOW. */
#define FORKEXEC_SECCOMP_LOG 0x2

/** Does not turn on the mitigation of speculative store bypass. */
#define FORKEXEC_SECCOMP_SPEC_ALLOW 0x4

/**
 * Lets the caller answer calls that the filter reports: forkexec_child_seccomp_fd. The kernel calls it NEW_LISTENER.
 */
#define FORKEXEC_SECCOMP_LISTENER 0x8

/**
 * With LISTENER: once the listener has received a call, only a fatal signal interrupts it; Linux 5.19. The kernel
 * calls it WAIT_KILLABLE_RECV.
 */
#define FORKEXEC_SECCOMP_KILLABLE 0x20

/**
 * Adds a seccomp filter for the program.
 *
 * program has count instructions, 1 to 4096, and is copied. flags is 0 or FORKEXEC_SECCOMP_ bits. Repeated calls add
 * filters. They are installed in call order. Each has to allow the system call that installs the next: seccomp, or for
 * a filter without flags prctl with PR_SET_SECCOMP.
 *
 * With set_no_new_privs the filters are installed last of all. Of the library's own calls they have to allow execve,
 * with set_exec_fd execveat instead; with set_pid_variable getpid, with set_busy_retry nanosleep, with a listener and
 * a real-time policy futex; and exit_group, for an exec that fails. The signal mask is set before a filter that may
 * refuse rt_sigprocmask.
 *
 * Without set_no_new_privs they need CAP_SYS_ADMIN, are installed before the ids change, and have to allow those and
 * what else is asked for: rt_sigprocmask, setgroups, setresgid, setresuid, capset, prctl, chdir, fchdir, getcwd,
 * fcntl, dup3, openat, close, close_range, ppoll, prlimit64, ptrace, kill, getpid, getppid, rt_sigaction, and what
 * set_init names.
 *
 * A child that its own filter kills has failed, with SIGSYS. Such a child is never in the caller's memory. If a filter
 * decides on execve by its arguments, forkexec_wait tells in status.ran whether the program ran.
 *
 * One filter of an attr may have FORKEXEC_SECCOMP_LISTENER. Calls that it answers with SECCOMP_RET_USER_NOTIF then
 * wait for the caller, who gets the listener from forkexec_child_seccomp_fd once the spawn or the release has
 * returned. Until then the library itself lets its calls go on. This needs Linux 5.5, and for a moment a second thread
 * in the child, which RLIMIT_NPROC and pids.max count. A signal interrupts a waiting call, and the caller's answer is
 * lost. With FORKEXEC_SECCOMP_KILLABLE, which needs Linux 5.19, only a fatal signal does, once the caller has received
 * the call.
 *
 * Example:
 *
 *     static const struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
 *     forkexec_attr_set_no_new_privs(attr);
 *     forkexec_attr_add_seccomp_filter(attr, allow, 1, FORKEXEC_SECCOMP_LOG);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or program is NULL, count is 0 or above 4096, flags has an unknown bit, TSYNC with LISTENER, or
 *   KILLABLE without LISTENER.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: there are two listeners, or a listener with a new time namespace or with
 *   FORKEXEC_NS_PID in unshare_namespaces.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, without set_no_new_privs, with the errnos of FORKEXEC_STAGE_SECCOMP.
 * FORKEXEC_STAGE_SECCOMP, EINVAL: it is no filter, or the kernel does not know a flag.
 * FORKEXEC_STAGE_SECCOMP, EACCES: neither CAP_SYS_ADMIN nor set_no_new_privs is there.
 * FORKEXEC_STAGE_SECCOMP, EBUSY: a filter that the caller is under has a listener.
 * FORKEXEC_STAGE_SECCOMP, EAGAIN: a second thread could not be made.
 * FORKEXEC_STAGE_SECCOMP, ENOMEM: there are more than 32768 instructions in all.
 * FORKEXEC_STAGE_SECCOMP, EMFILE, EPERM: the listener did not arrive: too many descriptors, or a filter of the
 *   caller's.
 *
 * The error's index is the place among the filters.
 *
 * See seccomp(2).
 */
int forkexec_attr_add_seccomp_filter(struct forkexec_attr *attr,
                                     const struct sock_filter *program,
                                     uint32_t count,
                                     uint32_t flags);

/**
 * Keeps the program and its descendants from making user namespaces.
 *
 * So they cannot reach what the kernel opens to the owner of one. unshare(2) and clone(2) with CLONE_NEWUSER fail with
 * EPERM, by every ABI of the kernel. clone3(2), whose flags a filter cannot see, fails with ENOSYS, so that programs
 * use clone(2). It is a seccomp filter of its own, which stays for ever. It needs set_no_new_privs, but no user
 * namespace and no privilege. The child tries whether the three calls are refused; if not, the spawn fails. Existing
 * namespaces can be joined by a descriptor, setns(2). Namespaces of this spawn are made before.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
 * FORKEXEC_STAGE_USER_NAMESPACES, EINVAL, ENOSYS: the kernel has no filters.
 * FORKEXEC_STAGE_USER_NAMESPACES, ENOMEM: there are more than 32768 instructions in all.
 * FORKEXEC_STAGE_USER_NAMESPACES, EOPNOTSUPP: the filter is installed and has no effect.
 *
 * See seccomp(2), user_namespaces(7).
 */
int forkexec_attr_deny_user_namespaces(struct forkexec_attr *attr);

/**
 * Keeps the program from typing into a terminal that it shares.
 *
 * ioctl(2) with TIOCSTI or TIOCLINUX fails with EPERM, by every ABI of the kernel. This is for programs with less
 * privilege than others on their terminal, where set_session or set_terminal is not wanted. It is one more filter, see
 * add_seccomp_filter. A repeated call adds none.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as add_seccomp_filter says:
 * FORKEXEC_STAGE_SECCOMP, with the errno of seccomp(2).
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, with the errno of seccomp(2).
 *
 * The error's index is the place among the filters.
 *
 * See TIOCSTI(2const), seccomp(2).
 */
int forkexec_attr_deny_terminal_injection(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 16. Landlock
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * For forkexec_attr_add_landlock_path: execute a file. Equal to LANDLOCK_ACCESS_FS_EXECUTE, and the following to the
 * kernel's constants too; landlock(7).
 */
#define FORKEXEC_LANDLOCK_FS_EXECUTE 0x1

/** Open a file for writing. */
#define FORKEXEC_LANDLOCK_FS_WRITE_FILE 0x2

/** Open a file for reading. */
#define FORKEXEC_LANDLOCK_FS_READ_FILE 0x4

/** List a directory. */
#define FORKEXEC_LANDLOCK_FS_READ_DIR 0x8

/** Remove a directory from a directory. */
#define FORKEXEC_LANDLOCK_FS_REMOVE_DIR 0x10

/** Remove a file from a directory. */
#define FORKEXEC_LANDLOCK_FS_REMOVE_FILE 0x20

/** Make a character device. */
#define FORKEXEC_LANDLOCK_FS_MAKE_CHAR 0x40

/** Make a directory. */
#define FORKEXEC_LANDLOCK_FS_MAKE_DIR 0x80

/** Make a regular file. */
#define FORKEXEC_LANDLOCK_FS_MAKE_REG 0x100

/** Make a unix socket. */
#define FORKEXEC_LANDLOCK_FS_MAKE_SOCK 0x200

/** Make a named pipe. */
#define FORKEXEC_LANDLOCK_FS_MAKE_FIFO 0x400

/** Make a block device. */
#define FORKEXEC_LANDLOCK_FS_MAKE_BLOCK 0x800

/** Make a symbolic link. */
#define FORKEXEC_LANDLOCK_FS_MAKE_SYM 0x1000

/** Link or rename a file into another directory; Linux 5.19. Landlock denies it also where it is not handled. */
#define FORKEXEC_LANDLOCK_FS_REFER 0x2000

/** Truncate a file; Linux 6.2. */
#define FORKEXEC_LANDLOCK_FS_TRUNCATE 0x4000

/** Call ioctl(2) for a device; Linux 6.10. */
#define FORKEXEC_LANDLOCK_FS_IOCTL_DEV 0x8000

/** Connect, or send, by its path to a unix socket that was not made in the same sandbox; Linux 7.1. */
#define FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX 0x10000

/**
 * For forkexec_attr_add_landlock_port: bind a TCP socket to the port; Linux 6.7. Equal to
 * LANDLOCK_ACCESS_NET_BIND_TCP.
 */
#define FORKEXEC_LANDLOCK_NET_BIND_TCP 0x1

/** Connect a TCP socket to the port; Linux 6.7. */
#define FORKEXEC_LANDLOCK_NET_CONNECT_TCP 0x2

/** Bind a UDP socket to the port; Linux 7.2. */
#define FORKEXEC_LANDLOCK_NET_BIND_UDP 0x4

/** Connect a UDP socket to the port, or send to it; Linux 7.2. */
#define FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP 0x8

/**
 * For forkexec_attr_set_landlock_flags: does not log denials before the program runs; Linux 6.15. Equal to
 * LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF, and the following to the kernel's constants too;
 * landlock_restrict_self(2).
 */
#define FORKEXEC_LANDLOCK_FLAG_LOG_SAME_EXEC_OFF 0x1

/** Logs what is denied to the program and to programs that it runs; Linux 6.15. */
#define FORKEXEC_LANDLOCK_FLAG_LOG_NEW_EXEC_ON 0x2

/** Does not log denials by rulesets of the program and its descendants; Linux 6.15. */
#define FORKEXEC_LANDLOCK_FLAG_LOG_SUBDOMAINS_OFF 0x4

/** Restricts all threads, of which the child has one; Linux 7.0. */
#define FORKEXEC_LANDLOCK_FLAG_TSYNC 0x8

/**
 * For forkexec_attr_set_landlock_scopes: no connections to abstract unix sockets outside; Linux 6.12. Equal to
 * LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET.
 */
#define FORKEXEC_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET 0x1

/** No signals to processes outside; Linux 6.12. */
#define FORKEXEC_LANDLOCK_SCOPE_SIGNAL 0x2

/**
 * Restricts the program by a Landlock ruleset of the caller's.
 *
 * fd is what landlock_create_ruleset(2) returned, borrowed: it must be open during each spawn. Rules of
 * add_landlock_path and the others are a second restriction on top of it. Such a ruleset can have what they have no
 * words for, as the quiet rules of Linux 7.2. Needs set_no_new_privs. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
 * FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
 * FORKEXEC_STAGE_FD_INTERNAL, with the errno of fcntl(2).
 * FORKEXEC_STAGE_LANDLOCK, EBADFD: fd is no ruleset.
 * FORKEXEC_STAGE_LANDLOCK, E2BIG: there are too many restrictions on top of each other.
 *
 * See landlock_restrict_self(2), landlock(7).
 */
int forkexec_attr_set_landlock_ruleset(struct forkexec_attr *attr, int32_t fd);

/**
 * Lets the program access a file, or a directory and all beneath it.
 *
 * access has FORKEXEC_LANDLOCK_FS_ bits. What no call grants is denied everywhere: unless set_landlock_handled says
 * otherwise, the sixteen accesses up to FORKEXEC_LANDLOCK_FS_IOCTL_DEV, and of newer ones those that some call grants.
 * Bits that a newer kernel knows are passed on. The program itself, its loader and its libraries need EXECUTE and
 * READ_FILE. A path that is no directory takes only EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV and
 * RESOLVE_UNIX.
 *
 * The child looks path up in its final root and working directory, with the program's ids, and follows symbolic links.
 * What is open already is not restricted. It needs set_no_new_privs, but no privilege and no namespace. path is
 * copied. Repeated calls add rules.
 *
 * Example:
 *
 *     forkexec_attr_set_no_new_privs(attr);
 *     forkexec_attr_add_landlock_path(attr, "/usr", FORKEXEC_LANDLOCK_FS_EXECUTE | FORKEXEC_LANDLOCK_FS_READ_FILE
 *         | FORKEXEC_LANDLOCK_FS_READ_DIR);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is empty, or access is 0.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called, or set_landlock_handled leaves out what is
 *   granted.
 * FORKEXEC_STAGE_LANDLOCK_RULE, EINVAL: a file does not have such an access, or, with index -1, the access is newer
 *   than Linux 7.2 and the kernel does not know it.
 * FORKEXEC_STAGE_LANDLOCK_RULE, ENOMEM: memory is short.
 * FORKEXEC_STAGE_LANDLOCK_RULE, with the errno of open(2).
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or one that is too old.
 *
 * The error's index is the place among the calls of add_landlock_path and add_landlock_port.
 *
 * See landlock(7).
 */
int forkexec_attr_add_landlock_path(struct forkexec_attr *attr, const char *path, uint64_t access);

/**
 * Lets the program use a port of TCP or UDP.
 *
 * access has FORKEXEC_LANDLOCK_NET_ bits. port 0 is any port that the kernel chooses for bind(2). What no call grants
 * is denied, to all other ports: binding and connecting of TCP, and of UDP what some call grants. Other protocols are
 * not restricted. Needs set_no_new_privs. Repeated calls add rules.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, or access is 0.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called, or set_landlock_handled leaves out what is
 *   granted.
 * FORKEXEC_STAGE_LANDLOCK_RULE, with the errno of landlock_add_rule(2).
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or is older than Linux 6.7, for UDP 7.2.
 *
 * The error's index is the place among the calls of add_landlock_path and add_landlock_port.
 *
 * See landlock(7).
 */
int forkexec_attr_add_landlock_port(struct forkexec_attr *attr, uint16_t port, uint64_t access);

/**
 * Chooses which accesses are denied where no rule grants them.
 *
 * fs has FORKEXEC_LANDLOCK_FS_ bits, net FORKEXEC_LANDLOCK_NET_ bits. Other accesses are not restricted. With net and
 * without add_landlock_port, no port can be used. Without this call add_landlock_path handles the sixteen of fs up to
 * FORKEXEC_LANDLOCK_FS_IOCTL_DEV, add_landlock_port the two of TCP, and both what is granted of newer ones. The last
 * call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as add_landlock_path says, and as:
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel does not know an access.
 *
 * See landlock(7).
 */
int forkexec_attr_set_landlock_handled(struct forkexec_attr *attr, uint64_t fs, uint64_t net);

/**
 * Keeps the program from reaching processes outside the sandbox.
 *
 * scopes has FORKEXEC_LANDLOCK_SCOPE_ bits: connections to abstract unix sockets, and signals. Bits that a newer
 * kernel knows are passed on. Needs set_no_new_privs. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or is older than Linux 6.12.
 *
 * See landlock(7).
 */
int forkexec_attr_set_landlock_scopes(struct forkexec_attr *attr, uint64_t scopes);

/**
 * Chooses which denials of Landlock the kernel logs.
 *
 * flags has FORKEXEC_LANDLOCK_FLAG_ bits, or bits that a newer kernel knows, and holds for each ruleset. 0 is none.
 * The kernel takes the program for a new one after the exec: without LOG_NEW_EXEC_ON nothing that is denied to it is
 * logged. With a ruleset of the caller's and one of the library's, LOG_SUBDOMAINS_OFF is about rulesets of the
 * program, not about the second of the two. With LOG_SUBDOMAINS_OFF and no rule, scope or ruleset nothing is denied,
 * and denials by the program's own rulesets are not logged. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, is older than Linux 6.15, or is older than 7.0 and
 *   other flags than those for logs are asked for.
 * FORKEXEC_STAGE_LANDLOCK, EINVAL: the kernel does not know a flag.
 * FORKEXEC_STAGE_LANDLOCK, EBADF: other flags than LOG_SUBDOMAINS_OFF are asked for, and there is no ruleset.
 *
 * See landlock_restrict_self(2).
 */
int forkexec_attr_set_landlock_flags(struct forkexec_attr *attr, uint32_t flags);

/**
 * Ignores the Landlock rules that this kernel is too old for.
 *
 * These are accesses, scopes and flags; on a kernel without Landlock, all of them. The program is then less restricted
 * than was asked for. forkexec_describe says what is left out, and forkexec_probe whether something has to be. A
 * ruleset of the caller's is not affected.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * See landlock(7).
 */
int forkexec_attr_allow_partial_landlock(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 17. Sockets, terminals and devices for the caller
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Makes a socket in the program's network namespace and root for the caller.
 *
 * The caller gets it from forkexec_child_listen_fd and accepts by it what the program connects to. So a proxy of the
 * caller's needs no interface, no relay and no namespace of its own. The program does not get the socket.
 *
 * type is SOCK_STREAM or SOCK_DGRAM, or with AF_UNIX SOCK_SEQPACKET. address has length bytes: a whole struct
 * sockaddr_in or sockaddr_in6, or a sockaddr_un with an absolute path or an abstract name. Port 0 is any free one,
 * which getsockname(2) tells. backlog is that of listen(2); a SOCK_DGRAM socket is only bound. address is copied.
 * Repeated calls add sockets, at most 32.
 *
 * In a new network namespace 127.0.0.1 and ::1 need set_loopback. TCP sockets have SO_REUSEADDR. The socket is made
 * before the ids are set, so a new user namespace gives the right to every port, except if mount_dev makes a second
 * one for ids other than 0. Something that exists at a path is never replaced. The caller removes the socket's file,
 * also after a spawn that failed at a later stage; its mode is what the umask leaves of 0777.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or address is NULL, length is not that of the family's address, a path is not absolute, a path or
 *   name is empty, there is no such type, backlog is negative, or there are 32 sockets already.
 * -EAFNOSUPPORT: the family is another.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: a loopback address in a new network namespace needs set_loopback.
 * FORKEXEC_STAGE_LISTEN, EADDRINUSE: the address is in use, or something exists at the path.
 * FORKEXEC_STAGE_LISTEN, EADDRNOTAVAIL: no interface in there has the address.
 * FORKEXEC_STAGE_LISTEN, EACCES: a port below 1024 needs CAP_NET_BIND_SERVICE, or the directory cannot be written to.
 * FORKEXEC_STAGE_LISTEN, ENOENT, EROFS: the directory does not exist, or is read-only.
 * FORKEXEC_STAGE_LISTEN, EAFNOSUPPORT: the kernel has no IPv6.
 * FORKEXEC_STAGE_HAND_OVER, with the errno of sendmsg(2).
 *
 * The error's index is the place among the calls of listen.
 *
 * See socket(2), bind(2), listen(2), ip(7), unix(7).
 */
int forkexec_attr_listen(struct forkexec_attr *attr, int32_t type, const void *address, size_t length, int32_t backlog);

/**
 * Gives the program a new pseudoterminal, whose other end the caller gets.
 *
 * The caller gets its end from forkexec_child_terminal_fd. The child opens /dev/ptmx in its root: that of mount_dev,
 * or the caller's if the program has the caller's root. The program leads a new session, as with set_session. The
 * terminal is its controlling terminal and its descriptors 0 to 2, unless map_fd gives it others there.
 *
 * rows and columns are the size, both 0 if it is not known; TIOCSWINSZ on the caller's end changes it later. The file
 * below /dev/pts belongs to the uid of set_uid, if the kernel permits that. Nothing is mounted at /dev/console;
 * programs find the terminal as /dev/tty. Without set_no_new_privs, filters of add_seccomp_filter have to allow
 * setsid(2), ioctl(2) and dup3(2). The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_process_group, set_controlling_terminal, set_foreground or detach_terminal was
 *   called, or the call is forkexec_hold.
 * FORKEXEC_STAGE_TERMINAL, ENOENT: the root has no /dev/ptmx: call mount_dev.
 * FORKEXEC_STAGE_TERMINAL, ENODEV: /dev/ptmx is another device.
 * FORKEXEC_STAGE_TERMINAL, ENOSPC: there are too many terminals.
 * FORKEXEC_STAGE_TERMINAL, EINVAL, ENOTTY: the kernel, before Linux 4.13, has no TIOCGPTPEER.
 * FORKEXEC_STAGE_STREAMS, EPERM: the session has a terminal already.
 *
 * See pty(7).
 */
int forkexec_attr_set_terminal(struct forkexec_attr *attr, uint16_t rows, uint16_t columns);

/**
 * Makes a network device in the program's network namespace for the caller.
 *
 * The caller gets a descriptor that reads and writes the device's packets from forkexec_child_tun_fd. name has at most
 * 15 bytes; with NULL or a %d in it the kernel chooses. flags are IFF_TUN or IFF_TAP, as a rule with IFF_NO_PI, and
 * others of TUNSETIFF. The last call wins.
 *
 * The device is down and has no address. Whoever has CAP_NET_ADMIN in the namespace configures it: the program, or the
 * caller while the child is held, by setns(2) with forkexec_child_namespace_fd. The device ends when the descriptor is
 * closed. /dev/net/tun is opened in the caller's mounts, or in those of a joined mount namespace.
 * Documentation/networking/tuntap.rst of the kernel describes such devices.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, name is longer or has a slash or a space, or flags has none or both of IFF_TUN and IFF_TAP or
 *   is above 0xffff.
 * -ENOMEM: memory is short.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_TUN, ENOENT, ENXIO, ENODEV: there is no /dev/net/tun, see FORKEXEC_PROBE_TUN.
 * FORKEXEC_STAGE_TUN, EACCES: the caller may not open it.
 * FORKEXEC_STAGE_TUN, EPERM: CAP_NET_ADMIN in the network namespace is missing, or the cgroup forbids the device.
 * FORKEXEC_STAGE_TUN, EBUSY: a device of that name exists.
 * FORKEXEC_STAGE_TUN, EINVAL: a flag is unknown.
 *
 * See netdevice(7).
 */
int forkexec_attr_open_tun(struct forkexec_attr *attr, const char *name, uint32_t flags);

/* ---------------------------------------------------------------------------------------------------------------------
 * 18. Spawn
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Starts a program, and returns when it runs or with the reason why it does not.
 *
 * path is the program. It is not searched for, unless forkexec_attr_set_search_path was called. With
 * forkexec_attr_set_exec_fd it must be NULL, and only then may it be. argv and envp end with NULL. envp NULL is the
 * caller's environ, which no thread may change during the call. The caller may free path, argv, envp and attr when the
 * call returns.
 *
 * *child is to be freed with forkexec_close. A caller that only wants the program to run may do so at once.
 *
 * When the call returns 0 the exec cannot fail any more: it has passed the point of no return of execve(2). For a few
 * microseconds /proc may still show the process before the exec. If a SIGKILL arrives in the middle of execve, only
 * forkexec_wait tells: status.ran is then FORKEXEC_RAN_NO.
 *
 * When the call fails, the child has been reaped and nothing of it is left behind, except what it had made in file
 * systems that stay: files of forkexec_attr_open_fd, mount points, sockets of forkexec_attr_listen.
 *
 * Any thread may call this at any time.
 *
 * Example:
 *
 *     if (forkexec_spawn(attr, "/bin/true", argv, NULL, &child, &error))
 *         fprintf(stderr, "%s\n", error.message);
 *     else
 *         forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
 *
 * Returns 0, or the negative of error->code, which is the errno of the step that error->stage names, or:
 * -EINVAL: attr, child, path or argv is NULL, or argv is empty.
 * -ECANCELED: a signal killed the child before it was the program; error->signal is that signal.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: setters contradict each other, or one was refused.
 * FORKEXEC_STAGE_VALIDATE, E2BIG: attr holds more than 2 GiB.
 * FORKEXEC_STAGE_EXEC, E2BIG: argv and envp are larger than the kernel takes. Strings that the library adds are not
 *   counted.
 *
 * See execve(2).
 */
FORKEXEC_MUST_USE
int forkexec_spawn(const struct forkexec_attr *attr,
                   const char *path,
                   char *const *argv,
                   char *const *envp,
                   struct forkexec_child **child,
                   struct forkexec_error *error);

/**
 * Makes a child and returns when it is held, before it becomes the program.
 *
 * The namespaces, the root, the session and the limits of a held child are set up. Its ids, descriptors and filters
 * are not: these are the stages after FORKEXEC_STAGE_HOLD. The child has left the caller's memory. It waits until
 * forkexec_release lets it go on, and ends if the caller ends before.
 *
 * attr, path, argv, envp, child and error are those of forkexec_spawn. Descriptors that attr names need not be open
 * any more when this returns.
 *
 * Example:
 *
 *     if (forkexec_start(attr, "/bin/true", argv, NULL, &child, &error) == 0) {
 *         printf("configure the namespaces of %d now\n", (int)forkexec_child_pid(child));
 *         result = forkexec_release(child, FORKEXEC_FOREVER, &error);
 *     }
 *
 * Returns 0, or a negative errno as forkexec_spawn does.
 */
FORKEXEC_MUST_USE
int forkexec_start(const struct forkexec_attr *attr,
                   const char *path,
                   char *const *argv,
                   char *const *envp,
                   struct forkexec_child **child,
                   struct forkexec_error *error);

/**
 * Makes a child that holds its namespaces and never runs a program.
 *
 * It ends when it is closed, and when the caller ends. forkexec_child_namespace_fd gives descriptors of its
 * namespaces, and forkexec_attr_join_pidfd lets other children join them. *child is to be freed with forkexec_close.
 *
 * With the child all processes in its pid namespace are killed, and it has ended when they are reaped. If some of them
 * are children of the caller that it has not waited for yet, forkexec_close returns after 0.2 seconds, and the library
 * reaps the holder when it closes one of its next children.
 *
 * A holder takes no step after FORKEXEC_STAGE_HOLD: an attr with a program, descriptors, ids, capabilities or signals
 * is refused.
 *
 * Example:
 *
 *     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_NET);
 *     result = forkexec_hold(attr, &child, &error);
 *
 * Returns 0, or the negative of error->code, as forkexec_spawn does, and:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: attr asks for a step that comes after FORKEXEC_STAGE_HOLD.
 *
 * See namespaces(7).
 */
FORKEXEC_MUST_USE
int forkexec_hold(const struct forkexec_attr *attr,
                  struct forkexec_child **child,
                  struct forkexec_error *error);

/**
 * Writes the steps of a spawn to fd, as text, and takes none of them.
 *
 * Each step has a line, with its number in enum forkexec_stage. The call finds what a spawn would refuse before it
 * makes a child, actions on descriptors that the program will not have, a caller or an emulator that rules out the
 * memory which the child needs, and what this kernel's Landlock does not know. The text is for people and changes
 * between versions.
 *
 * attr, path, argv and envp are those of forkexec_spawn. fd is open for writing, and stays open.
 *
 * Returns 0, or the negative of error->code. With stage 0 it is the errno of write(2); else:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: as for a spawn.
 * FORKEXEC_STAGE_RESOLVE: as for a spawn.
 * FORKEXEC_STAGE_MEMORY: as for a spawn.
 * FORKEXEC_STAGE_IMAGE, EPERM, EOPNOTSUPP: the child cannot have the memory that it needs.
 * FORKEXEC_STAGE_FD_ACTION, EBADF: an action names a descriptor that the program will not have.
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: this kernel's Landlock does not know what is asked for.
 */
int forkexec_describe(const struct forkexec_attr *attr,
                      const char *path,
                      char *const *argv,
                      char *const *envp,
                      int32_t fd,
                      struct forkexec_error *error);

/**
 * Writes to memory what forkexec_describe writes to a descriptor.
 *
 * text has size bytes. What does not fit is cut after a whole character, and a NUL ends the text. text may be NULL
 * with size 0, to ask for the length alone. attr, path, argv and envp are those of forkexec_spawn.
 *
 * Returns the length of the whole text in bytes, without the NUL: below size, all was written. On failure it writes
 * nothing and returns the negative of error->code, as forkexec_describe does, and with stage 0:
 * -EINVAL: text is NULL and size is not 0.
 *
 * See snprintf(3).
 */
int forkexec_describe_text(const struct forkexec_attr *attr,
                           const char *path,
                           char *const *argv,
                           char *const *envp,
                           char *text,
                           size_t size,
                           struct forkexec_error *error);

/* ---------------------------------------------------------------------------------------------------------------------
 * 19. Children
 * ------------------------------------------------------------------------------------------------------------------ */

/** A timeout in nanoseconds that never ends. */
#define FORKEXEC_FOREVER (-1)

/** For forkexec_wait: the child stays to be waited for again. */
#define FORKEXEC_WAIT_NOREAP 0x1

/**
 * For forkexec_wait: returns also when the child has stopped, or its tracer has stopped it. With set_init this is
 * about the program, and about the init where SIGSTOP stops that.
 */
#define FORKEXEC_WAIT_STOPPED 0x2

/** For forkexec_wait: returns also when SIGCONT has continued the child. */
#define FORKEXEC_WAIT_CONTINUED 0x4

/**
 * For forkexec_wait: returns also when the program of a lingering init has ended while the init goes on. Each wait
 * reports it again until the init has ended. See forkexec_attr_set_lingering_init.
 */
#define FORKEXEC_WAIT_PROGRAM 0x8

/** For status.valid: wait_status, exit_code, signal and core_dumped are filled. */
#define FORKEXEC_STATUS_EXIT 0x1

/** ran is filled. */
#define FORKEXEC_STATUS_RAN 0x2

/** The times, faults, blocks, switches and max_rss_bytes are filled. */
#define FORKEXEC_STATUS_USAGE 0x4

/** memory_peak_bytes is filled. */
#define FORKEXEC_STATUS_MEMORY_PEAK 0x8

/** out_of_memory and oom_kills are filled: the child had a cgroup that counts memory, and it still exists. */
#define FORKEXEC_STATUS_OUT_OF_MEMORY 0x10

/** max_rss_bytes has no memory of the caller's in it: see forkexec_attr_measure_memory. */
#define FORKEXEC_STATUS_OWN_MEMORY 0x20

/** The child has stopped and not ended: wait_status and stop_signal are filled. */
#define FORKEXEC_STATUS_STOPPED 0x40

/** The child has been continued and not ended: wait_status is filled. */
#define FORKEXEC_STATUS_CONTINUED 0x80

/**
 * The program has ended, and its init goes on until the last process in its namespace ends. The child can be waited for
 * again.
 */
#define FORKEXEC_STATUS_LINGERS 0x100

/** For status.ended: the child exited. */
#define FORKEXEC_ENDED_EXIT 1

/** A signal ended it. */
#define FORKEXEC_ENDED_SIGNAL 2

/**
 * A signal ended it that the kernel sends at a limit: SIGXCPU for processor time, SIGXFSZ for the size of files. Above
 * the hard limit of processor time the kernel sends SIGKILL, which others send too: that is FORKEXEC_ENDED_SIGNAL.
 */
#define FORKEXEC_ENDED_LIMIT 3

/** It ran out of memory: status.out_of_memory is 1. */
#define FORKEXEC_ENDED_MEMORY 4

/** For status.ran: the child ended before it was the program. */
#define FORKEXEC_RAN_NO 0

/** The child ended as the program. */
#define FORKEXEC_RAN_YES 1

/**
 * A signal ended the child at its exec or later, and the library cannot tell which. Somebody else has reaped the
 * child, or /proc does not show it: there is none, no descriptor is left to look there, or a filter kept the library's
 * image from naming itself (PR_SET_NAME). Or an init was killed before it could tell.
 */
#define FORKEXEC_RAN_UNKNOWN 2

/**
 * Lets a held child go on, and returns when it is the program or has failed.
 *
 * child was made by forkexec_start. If it fails it is reaped, and only to be closed. A child that is the first process
 * of a new pid namespace and has files to open (forkexec_attr_open_fd) needs the thread that started it to live until
 * this returns.
 *
 * timeout_ns is in nanoseconds; FORKEXEC_FOREVER waits without end.
 *
 * Returns 0, or the negative of error->code: as forkexec_spawn for the stages after FORKEXEC_STAGE_HOLD, and with
 * stage 0:
 * -ETIMEDOUT: the child goes on and is not the program yet. Call again. With forkexec_attr_set_stop or a tracer
 *   somebody has to continue it meanwhile.
 * -EINVAL: child is NULL, was released before, or was made by forkexec_spawn or forkexec_hold.
 * -ESRCH: the child belongs to another process.
 * FORKEXEC_STAGE_PARENT_DEATH, ESRCH: the program was to get a signal at the death of the thread that started it, and
 *   that thread has ended.
 */
FORKEXEC_MUST_USE int forkexec_release(struct forkexec_child *child, int64_t timeout_ns, struct forkexec_error *error);

/**
 * Waits until the child has ended, reaps it, and says how it ended.
 *
 * timeout_ns is in nanoseconds; FORKEXEC_FOREVER waits without end, and 0 only looks. The result of the first reaping
 * is remembered, and told to every later caller.
 *
 * flags is 0 or FORKEXEC_WAIT_ bits. With FORKEXEC_WAIT_NOREAP the child stays to be waited for again. With
 * FORKEXEC_WAIT_STOPPED and FORKEXEC_WAIT_CONTINUED the call returns also when the child has stopped or has been
 * continued, once for each time. FORKEXEC_STATUS_STOPPED, FORKEXEC_STATUS_CONTINUED or FORKEXEC_STATUS_EXIT in
 * status.valid says which it was. With FORKEXEC_WAIT_PROGRAM it returns also when the program of
 * forkexec_attr_set_lingering_init has ended and its init goes on: FORKEXEC_STATUS_LINGERS is beside
 * FORKEXEC_STATUS_EXIT.
 *
 * size is sizeof(struct forkexec_status) in the caller: that many bytes are written, and fields that this library does
 * not know are 0. status may be NULL with size 0.
 *
 * Example:
 *
 *     result = forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
 *     if (result == 0 && status.valid & FORKEXEC_STATUS_EXIT)
 *         printf("exit code %d, signal %d\n", status.exit_code, status.signal);
 *
 * Returns 0, or a negative errno:
 * -EINVAL: child is NULL, status is NULL and size is not 0, or flags has an unknown bit.
 * -ETIMEDOUT: the child has not ended yet.
 * -EINTR: a signal handler ran; without a timeout, one installed without SA_RESTART. Call again.
 * -ECHILD: somebody else has reaped the child, or the caller ignores SIGCHLD. How it ended is lost, unless it is an init
 *   that has told its program's end: then this is no error.
 * -ESRCH: the child belongs to another process.
 * -EPERM: a seccomp filter forbids the caller waitid(2), and wait4(2) too where no flag is given; or it forbids what
 *   is needed to let a child go on that has not been heard of since its release. Nothing is lost.
 *
 * See waitid(2).
 */
int forkexec_wait(struct forkexec_child *child,
                  int64_t timeout_ns,
                  uint32_t flags,
                  struct forkexec_status *status,
                  size_t size);

/**
 * Sends the child a signal, and never a process that got its pid later.
 *
 * With forkexec_attr_set_init the signal goes to the program where /proc leads to it, because the init has no right to
 * signal a program of another user. Elsewhere it goes to the init, which sends it on to the program. SIGKILL, SIGSTOP
 * and 0 always go to the init. signal 0 sends nothing and only checks.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: child is NULL, or there is no such signal.
 * -ESRCH: the child was reaped, or belongs to another process.
 * -EPERM: the child has become a user whom the caller may not signal.
 *
 * See pidfd_send_signal(2).
 */
int forkexec_signal(struct forkexec_child *child, int32_t signal);

/**
 * Kills the child and all its descendants with SIGKILL.
 *
 * It takes the surest way that the attr offers. A pid namespace of the child's own dies with its first process. Else
 * all processes in the child's cgroup and in those below it are killed, by cgroup.kill; one by one with cgroups of
 * version 1, before Linux 5.14, and in a threaded cgroup, where a process dies if one of its threads is in it. Else
 * all in the process group of the child's own session or group are killed; a descendant can leave that.
 *
 * child is still to be waited for. forkexec_terminate_tree gives the processes time to end by themselves.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: child is NULL.
 * -EOPNOTSUPP: the attr has none of the three, or the caller is itself in the child's cgroup or in one below it, as in
 *   the root cgroup. No process was killed.
 * -ESRCH: no process is left, or the child belongs to another process. Before Linux 6.9 also: the child led the group
 *   and was reaped.
 * -EPERM: the caller has no right to kill them.
 * -EAGAIN: the processes are killed one by one, and new ones kept appearing.
 *
 * See cgroups(7), kill(2).
 */
int forkexec_kill_tree(struct forkexec_child *child);

/**
 * Sends a signal once to the child and each of its descendants.
 *
 * It goes to all processes in the child's cgroup and in those below it; else to the child's process group, where
 * forkexec_attr_set_session or forkexec_attr_set_process_group with 0 gave it one; else, in a pid namespace of the
 * child's own, to the program, with which all others there end. signal SIGKILL is the same as forkexec_kill_tree.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: child is NULL, or there is no such signal.
 * -EOPNOTSUPP: the attr has none of the three, or the caller is itself in the child's cgroup or in one below it. No
 *   process got the signal.
 * -ESRCH: no process is left, or the child belongs to another process. Before Linux 6.9 also: the child led the group
 *   and was reaped.
 * -EPERM: some have become users whom the caller may not signal; the others have got it.
 *
 * See kill(2).
 */
int forkexec_signal_tree(struct forkexec_child *child, int32_t signal);

/**
 * Ends the child and its descendants: a signal first, SIGKILL after a time.
 *
 * It sends signal, such as SIGTERM, as forkexec_signal_tree does. It waits at most grace_ns nanoseconds until the
 * child has ended. Then it kills those that are left, as forkexec_kill_tree does. child is still to be waited for. A
 * signal handler that runs meanwhile does not end the wait.
 *
 * Returns 0, also when no process was left, or a negative errno:
 * -EINVAL: child is NULL, there is no such signal, or grace_ns is negative.
 * -EOPNOTSUPP: as for forkexec_signal_tree.
 * -EPERM: as for forkexec_signal_tree. If the signal was refused, nobody is killed.
 * -EAGAIN: as for forkexec_kill_tree.
 */
int forkexec_terminate_tree(struct forkexec_child *child, int32_t signal, int64_t grace_ns);

/**
 * Frees child. NULL is allowed.
 *
 * A child that is not known to be the program is killed and reaped: it is held, or was let go and has not arrived. A
 * program that runs is neither killed nor waited for; the caller waits for it by its pid.
 *
 * No other call may use child at the same time or later.
 */
void forkexec_close(struct forkexec_child *child);

/**
 * Frees child as forkexec_close does, but kills nothing.
 *
 * A held child of forkexec_start goes on and becomes its program. A child that was let go and is not the program yet,
 * because it has stopped or is traced, stays as it is. A child of forkexec_hold keeps its namespaces until a signal
 * ends it. None of them ends with the caller.
 *
 * After this nothing is heard of the child. What it was to hand over and has not (forkexec_child_listen_fd and others)
 * is closed. A step that fails ends it with exit status 127. The caller waits for it by its pid.
 *
 * No other call may use child at the same time, nor later if this returns 0.
 *
 * Returns 0, and child is freed. Else nothing was done, and child is still to be closed:
 * -EINVAL: child is NULL.
 * -ESRCH: the child belongs to another process.
 * -EOPNOTSUPP: the child is not the program yet and still needs the caller: it gets a signal at its parent's death
 *   (forkexec_attr_set_parent_death_signal), has a filter with FORKEXEC_SECCOMP_LISTENER, or joins a pid namespace
 *   after it was held.
 * -EBUSY: it was released, is not the program yet, and is the first process of a new pid namespace or has been stopped
 *   in the middle of a step.
 * -EPERM: the same, and the caller may not look into it: it has become another user, or is a copy of a caller that is
 *   not dumpable (ptrace(2)), or a seccomp filter forbids pidfd_getfd(2).
 * -ENOSYS: the same, and the kernel, before Linux 5.6, has no pidfd_getfd(2).
 * -EMFILE: the same, and the caller has too many descriptors open.
 */
FORKEXEC_MUST_USE int forkexec_detach(struct forkexec_child *child);

/**
 * Gives the pid of child, as the caller's pid namespace has it.
 *
 * Once the child has been reaped, the kernel may give the pid to another process.
 *
 * Returns the pid, or a negative errno:
 * -EINVAL: child is NULL.
 * -ESRCH: the child belongs to another process.
 */
int32_t forkexec_child_pid(const struct forkexec_child *child);

/**
 * Gives a pidfd of child that the library keeps.
 *
 * It is close-on-exec, becomes readable when the child has ended, and is valid until forkexec_close, which closes it.
 *
 * Returns the descriptor, or a negative errno:
 * -EINVAL: child is NULL.
 * -ESRCH: the child belongs to another process.
 * -ENOSYS: the kernel, before Linux 5.2, has no pidfds.
 *
 * See pidfd_open(2).
 */
int32_t forkexec_child_pidfd(const struct forkexec_child *child);

/**
 * Gives a new pidfd of child that belongs to the caller.
 *
 * It is close-on-exec and stays valid after forkexec_close and forkexec_detach. The caller closes it. Each call gives
 * another one.
 *
 * Returns the descriptor, or a negative errno:
 * -EINVAL: child is NULL.
 * -ESRCH: the child belongs to another process.
 * -ENOSYS: the kernel, before Linux 5.2, has no pidfds.
 * -EMFILE: the caller has too many descriptors open.
 *
 * See pidfd_open(2).
 */
int32_t forkexec_child_take_pidfd(const struct forkexec_child *child);

/**
 * Opens one of the namespaces of child, for setns(2).
 *
 * type is one FORKEXEC_NS_ constant. FORKEXEC_NS_TIME, of a child that is not the program yet, is the namespace that
 * the program will be in. The descriptor is close-on-exec, and the caller closes it.
 *
 * Returns the descriptor, or a negative errno:
 * -EINVAL: child is NULL, or type is not one type.
 * -ESRCH: the child has ended, or belongs to another process.
 * -EACCES: the child has become a user whom the caller may not look into.
 * -ENOENT: there is no /proc, or the kernel has no such namespaces.
 * -EOPNOTSUPP: /proc is no proc file system, or belongs to a pid namespace in which the child is not.
 * -EMFILE, -ENFILE: too many descriptors are open.
 *
 * See setns(2), namespaces(7).
 */
int32_t forkexec_child_namespace_fd(const struct forkexec_child *child, uint32_t type);

/**
 * Gives the caller the listener of the child's seccomp filter.
 *
 * The filter was added with FORKEXEC_SECCOMP_LISTENER. By the listener the caller answers system calls of the program.
 * It is close-on-exec, and the caller closes it. It is handed over once: the library keeps no copy.
 *
 * child is the program: until then the library itself lets its calls go on.
 *
 * Returns the descriptor, or a negative errno:
 * -EINVAL: child is NULL.
 * -ENOENT: there is no such filter, or its listener was handed over.
 * -EAGAIN: the child is not the program yet.
 * -ESRCH: the child belongs to another process.
 * -EMFILE: the caller has too many descriptors open. The program waits, and the next call may succeed.
 * -EPERM: a seccomp filter forbids the caller recvmsg(2). The program waits, and the next call may succeed.
 *
 * See seccomp_unotify(2).
 */
int32_t forkexec_child_seccomp_fd(const struct forkexec_child *child);

/**
 * Gives the caller the socket of one call of forkexec_attr_listen.
 *
 * index is the place of that call, counted from 0. The caller accepts or receives by the socket. It is close-on-exec,
 * and the caller closes it. It is handed over once: the library keeps no copy.
 *
 * The socket can be had as soon as forkexec_spawn, forkexec_start or forkexec_hold has returned child. Until it is
 * asked for, connections wait in its backlog. forkexec_close closes what was not asked for.
 *
 * Returns the descriptor, or a negative errno:
 * -EINVAL: child is NULL.
 * -ENOENT: there is no such call, or its socket was handed over.
 * -ESRCH: the child belongs to another process.
 * -EMFILE: too many descriptors are open in the caller; all that the child hands over comes at once. The next call may
 *   succeed.
 * -EPERM: a seccomp filter forbids the caller recvmsg(2). The next call may succeed.
 * -EAGAIN: another thread is in forkexec_release, and a filter has a listener. The next call may succeed.
 *
 * See accept(2).
 */
int32_t forkexec_child_listen_fd(const struct forkexec_child *child, uint32_t index);

/**
 * Gives the caller its end of the terminal of forkexec_attr_set_terminal.
 *
 * What the caller writes is what the program reads, and the other way round. read(2) fails with EIO once nobody has
 * the terminal open any more. Closing the descriptor sends the program's session SIGHUP. It is close-on-exec and the
 * caller's, and is handed over once, at the times of forkexec_child_listen_fd.
 *
 * Returns the descriptor of child's terminal, or a negative errno, as forkexec_child_listen_fd does, and:
 * -ENOENT: there is no terminal, or it was handed over.
 *
 * See pty(7).
 */
int32_t forkexec_child_terminal_fd(const struct forkexec_child *child);

/**
 * Gives the caller the network device of forkexec_attr_open_tun.
 *
 * Each read(2) of the descriptor is a packet that was sent to the device, each write(2) a packet that the device
 * receives. It is close-on-exec and the caller's, and is handed over once, at the times of forkexec_child_listen_fd.
 *
 * Returns the descriptor of child's device, or a negative errno, as forkexec_child_listen_fd does, and:
 * -ENOENT: there is no device, or it was handed over.
 *
 * See netdevice(7).
 */
int32_t forkexec_child_tun_fd(const struct forkexec_child *child);

/* ---------------------------------------------------------------------------------------------------------------------
 * 20. Cgroups
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Makes a cgroup of version 2, in which programs can be run.
 *
 * name is the name of the new directory, one component of a path. It is made in the cgroup whose directory parent_fd
 * refers to, open for reading or with O_PATH, in which the caller may make directories. systemd gives a service such a
 * directory with Delegate=yes. parent_fd is borrowed for the call.
 *
 * The call enables no controllers and sets no limits. cgroup.subtree_control of the parent decides which files there
 * are besides those that begin with "cgroup."; the kernel lets a cgroup that has processes of its own enable only few
 * controllers. In a threaded parent the cgroup can be made, but no process can be in it. forkexec_attr_set_cgroup runs
 * a program in the cgroup.
 *
 * *group is to be freed with forkexec_cgroup_free, which kills all processes in the cgroup and removes it. If the
 * caller is killed before, the cgroup and the programs in it stay. The next call with the same parent and name then
 * kills them, removes the cgroup and makes it anew. It does so only if this function made the old one, which from
 * Linux 5.7 on an extended attribute of the directory says, user.forkexec, and if the process that made it is gone,
 * with all its forks that have the handle: they hold a flock(2) on cgroup.kill. It leaves anything else of that name
 * alone.
 *
 * Example:
 *
 *     if (forkexec_cgroup_create(fd, "job", &group, &error) == 0) {
 *         forkexec_cgroup_set(group, "memory.max", "64M", &error);
 *         forkexec_attr_set_cgroup(attr, group);
 *     }
 *
 * Returns 0, or the negative of error->code; with stage 0:
 * -EINVAL: name or group is NULL.
 * -EBADF: parent_fd is not open.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: name is not one component of 1 to 255 bytes, or has a newline.
 * FORKEXEC_STAGE_CGROUP, EINVAL: parent_fd is not in a cgroup2 file system.
 * FORKEXEC_STAGE_CGROUP, ENOTDIR: parent_fd is a file there.
 * FORKEXEC_STAGE_CGROUP, EACCES, EPERM: the parent was not delegated to the caller.
 * FORKEXEC_STAGE_CGROUP, EROFS: the file system is mounted read-only.
 * FORKEXEC_STAGE_CGROUP, EEXIST: something of that name is there that this function did not make.
 * FORKEXEC_STAGE_CGROUP, EBUSY: the process that made the cgroup of this name lives.
 * FORKEXEC_STAGE_CGROUP, ETIMEDOUT: a process of an old cgroup does not die.
 * FORKEXEC_STAGE_CGROUP, EAGAIN: cgroup.max.descendants or cgroup.max.depth is reached.
 * FORKEXEC_STAGE_CGROUP, ENOENT: the parent was removed.
 * FORKEXEC_STAGE_CGROUP, ENOMEM: memory is short.
 * FORKEXEC_STAGE_CGROUP, EMFILE, ENFILE: too many descriptors are open.
 *
 * See mkdir(2), cgroups(7).
 */
FORKEXEC_MUST_USE
int forkexec_cgroup_create(int32_t parent_fd,
                           const char *name,
                           struct forkexec_cgroup **group,
                           struct forkexec_error *error);

/**
 * Writes value to a file of the cgroup, by one write(2).
 *
 * Examples of file and value are "memory.max" and "64M", "pids.max" and "32", "cpu.max" and "50000 100000",
 * "memory.oom.group" and "1", "cgroup.freeze" and "1". Documentation/admin-guide/cgroup-v2.rst of the kernel lists
 * them.
 *
 * Returns 0, or the negative of error->code, and a sentence that says what to write where; with stage 0:
 * -EINVAL: group, file or value is NULL.
 * -ESRCH: the cgroup belongs to another process.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: file is not one component of a path, or value is empty.
 * FORKEXEC_STAGE_CGROUP, ENOENT, ENODEV: the controller of the file is not enabled in cgroup.subtree_control of the
 *   parent, the kernel has no such file, or the cgroup was removed.
 * FORKEXEC_STAGE_CGROUP, EACCES, EPERM: the caller may not write the file.
 * FORKEXEC_STAGE_CGROUP, EBUSY: the file is cgroup.subtree_control, and the cgroup has processes.
 * FORKEXEC_STAGE_CGROUP, EOPNOTSUPP: the cgroup is in or beside a threaded one.
 * FORKEXEC_STAGE_CGROUP, EINVAL, ERANGE: the kernel does not take the value; other errnos of write(2) may come, too.
 *
 * See cgroups(7).
 */
int forkexec_cgroup_set(const struct forkexec_cgroup *group,
                        const char *file,
                        const char *value,
                        struct forkexec_error *error);

/**
 * Reads a file of the cgroup.
 *
 * Examples of file are "memory.peak", "memory.events" with its line oom_kill, "cpu.stat" with its line usage_usec, the
 * processor time of all that ever ran in the cgroup, and "pids.peak". The text, with its newline and a NUL, is written
 * to buffer, which has size bytes. What does not fit is cut. buffer may be NULL with size 0.
 *
 * Returns the length of the whole text, without the NUL, or the negative of error->code; with stage 0:
 * -EINVAL: group or file is NULL, or buffer is NULL and size is not 0.
 * -ESRCH: the cgroup belongs to another process.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: file is not one component of a path.
 * FORKEXEC_STAGE_CGROUP, EINVAL: the file is only for writing.
 * FORKEXEC_STAGE_CGROUP: otherwise as for forkexec_cgroup_set.
 *
 * See cgroups(7).
 */
int forkexec_cgroup_read(const struct forkexec_cgroup *group,
                         const char *file,
                         char *buffer,
                         size_t size,
                         struct forkexec_error *error);

/**
 * Gives a descriptor of the directory of the cgroup.
 *
 * The library keeps it: it is close-on-exec and valid until forkexec_cgroup_free of group. It can be the parent of
 * another cgroup, or be watched.
 *
 * Returns the descriptor, or a negative errno:
 * -EINVAL: group is NULL.
 * -ESRCH: the cgroup belongs to another process.
 */
int32_t forkexec_cgroup_fd(const struct forkexec_cgroup *group);

/**
 * Kills all processes in the cgroup and in those below it with SIGKILL.
 *
 * The call returns at once, and the processes die meanwhile. If the caller is in group, it dies too. An empty cgroup
 * is no error. The kernel kills them all at once by cgroup.kill. Before Linux 5.14 and in a threaded cgroup they are
 * killed one by one.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: group is NULL.
 * -ESRCH: the cgroup belongs to another process.
 * -EPERM: they are killed one by one, and the caller may not kill one of them.
 * -EAGAIN: they are killed one by one, and new ones kept appearing.
 *
 * See cgroups(7).
 */
int forkexec_cgroup_kill(const struct forkexec_cgroup *group);

/**
 * Kills all processes in the cgroup, waits for their death, and removes it.
 *
 * So it does with the cgroups below it. Zombies do not prevent it: children are still to be waited for. Call
 * forkexec_wait, and read what the cgroup has counted, before this. timeout_ns is in nanoseconds; FORKEXEC_FOREVER
 * waits without end. The handle group stays, and is to be freed.
 *
 * Returns 0, also where the cgroup was removed before, or the negative of error->code; with stage 0:
 * -EINVAL: group is NULL.
 * -ESRCH: the cgroup belongs to another process.
 * FORKEXEC_STAGE_CGROUP, ETIMEDOUT: a process in it has not died yet. Call again.
 * FORKEXEC_STAGE_CGROUP, EINTR: a signal handler ran. Call again.
 * FORKEXEC_STAGE_CGROUP, EACCES, EPERM: a cgroup below it, or a process in it, is another user's.
 * FORKEXEC_STAGE_CGROUP, EMFILE, ENFILE: too many descriptors are open.
 *
 * See cgroups(7), rmdir(2).
 */
int forkexec_cgroup_remove(const struct forkexec_cgroup *group, int64_t timeout_ns, struct forkexec_error *error);

/**
 * Kills all processes in the cgroup, removes it, and frees group.
 *
 * NULL is allowed. The call does what forkexec_cgroup_remove does with a timeout of 2 seconds: call that one before to
 * be told whether the cgroup is gone. In a fork of the process that made group only the handle is freed. Attrs with
 * the cgroup stay valid, but a spawn from them fails.
 *
 * No other call may use group at the same time or later.
 */
void forkexec_cgroup_free(struct forkexec_cgroup *group);

/**
 * Runs the program in a cgroup of forkexec_cgroup_create.
 *
 * The attr keeps a descriptor of the cgroup, so group may be freed; a spawn then fails. forkexec_attr_set_cgroup_fd
 * says how the child gets into the cgroup. The last call of the two wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or group is NULL.
 * -ESRCH: the cgroup belongs to another process.
 *
 * A spawn can fail later as set_cgroup_fd says, and as:
 * FORKEXEC_STAGE_CGROUP, ENODEV, ENOENT: the cgroup was removed.
 *
 * See cgroups(7).
 */
int forkexec_attr_set_cgroup(struct forkexec_attr *attr, const struct forkexec_cgroup *group);

/* ---------------------------------------------------------------------------------------------------------------------
 * 21. Prepared roots
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Builds once the root that attr asks for with set_root, and the mounts in it.
 *
 * forkexec_attr_set_prepared_root then gives each program a clone, which takes the kernel one call instead of several
 * for each mount. A process of the library's own builds the root, in a mount namespace and, if attr asks for one, a
 * user namespace with its maps; it has ended when this returns. Nothing else of attr counts. attr does not change and
 * may be freed. *root is to be freed with forkexec_root_free.
 *
 * Programs must not see what other programs write. So an empty root needs FORKEXEC_ROOT_READONLY, and its file system
 * is then read-only, whatever a program does to its mounts; the same holds for mount_dev with FORKEXEC_MOUNT_READONLY.
 * The tree has the binds, the overlays without an upper directory, read-only dev, directories, links, files, and masked
 * and read-only paths. Each spawn makes the rest in its clone: mount_tmpfs, mount_proc, mount_file_fd, overlays that
 * are written to, dev without FORKEXEC_MOUNT_READONLY (of a read-only one pts and shm), what add_mount mounts other
 * than binds, and all that has to come after one of these, because it lies in it, covers it, or follows links. The tree
 * has what they are mounted on, if they have FORKEXEC_MOUNT_CREATE. Descriptors and relative paths of what is in the
 * tree are looked up now, others at each spawn.
 *
 * Before Linux 6.15, or where a filter forbids the calls, nothing is built now: the request is kept, and each spawn
 * builds its root. FORKEXEC_PROBE_PREPARED_ROOT says which it is. The tree does not get mounts that the caller makes
 * later, unless they propagate (MS_SLAVE). Its file systems stay in use until root and all attrs with it are freed and
 * the programs in clones have ended.
 *
 * Example:
 *
 *     forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
 *     forkexec_attr_bind_mount(attr, "/usr", "/usr", FORKEXEC_MOUNT_CREATE | FORKEXEC_MOUNT_READONLY);
 *     if (forkexec_root_new(attr, &root, &error) == 0)
 *         forkexec_attr_set_prepared_root(attr, root);
 *
 * Returns 0, or the negative of error->code, as forkexec_hold does, and with stage 0:
 * -EINVAL: attr or root is NULL.
 * -ENOMEM: memory is short.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: set_root was not called, an empty root is not read-only, there is no new mount
 *   namespace, a user namespace is joined, or attr has a prepared root already.
 * FORKEXEC_STAGE_ROOT_TREE, FORKEXEC_STAGE_ROOT_COPY, ENOSPC: the tree has more mounts than /proc/sys/fs/mount-max
 *   allows.
 * FORKEXEC_STAGE_HAND_OVER, EMFILE: too many descriptors are open.
 *
 * See open_tree(2), move_mount(2).
 */
FORKEXEC_MUST_USE
int forkexec_root_new(const struct forkexec_attr *attr,
                      struct forkexec_root **root,
                      struct forkexec_error *error);

/**
 * Frees root. NULL is allowed.
 *
 * Attrs that have it keep the tree, and so do the programs that have clones of it.
 */
void forkexec_root_free(struct forkexec_root *root);

/**
 * Gives the program a clone of a root of forkexec_root_new.
 *
 * It takes the place of set_root and of all mounts that attr has asked for: attr may be the one that root was made of.
 * Mounts that attr asks for afterwards are made in the clone; where that is read-only, what they are mounted on has to
 * be there. attr keeps the tree, so root may be freed. attr needs a new mount namespace, and the user namespace and
 * maps that root was made with. The last call of this and set_root wins. The error's index of a mount counts those of
 * root first.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or root is NULL.
 *
 * A spawn can fail later as the mounts that each spawn makes, and as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new mount namespace, the user namespace or its maps are others than root
 *   was made with, or set_chroot was called.
 * FORKEXEC_STAGE_VALIDATE, EBADF: the caller has closed the descriptor of the tree.
 * FORKEXEC_STAGE_ROOT, ENOSPC: there are more mounts than /proc/sys/fs/mount-max allows.
 * FORKEXEC_STAGE_ROOT, EPERM: CAP_SYS_ADMIN is missing.
 *
 * See open_tree(2), move_mount(2).
 */
int forkexec_attr_set_prepared_root(struct forkexec_attr *attr, const struct forkexec_root *root);

/* ---------------------------------------------------------------------------------------------------------------------
 * 22. Probe
 * ------------------------------------------------------------------------------------------------------------------ */

/** For forkexec_probe: clone3(2). */
#define FORKEXEC_PROBE_CLONE3 1

/** close_range(2). */
#define FORKEXEC_PROBE_CLOSE_RANGE 2

/** pidfd_open(2). */
#define FORKEXEC_PROBE_PIDFD 3

/** Children can share the caller's memory. */
#define FORKEXEC_PROBE_SHARED_MEMORY 4

/** Children can execute the library's own small program: FORKEXEC_MEMORY_FRESH. */
#define FORKEXEC_PROBE_IMAGE 5

/** User namespaces with the caller's own ids mapped. */
#define FORKEXEC_PROBE_USER_NAMESPACE 6

/** Children can be born in a cgroup. */
#define FORKEXEC_PROBE_BIRTH_IN_CGROUP 7

/** Time namespaces can be made and entered, perhaps in a new user namespace: a holder of one is tried. */
#define FORKEXEC_PROBE_TIME_NAMESPACE 8

/** Seccomp filters: seccomp(2). */
#define FORKEXEC_PROBE_SECCOMP 9

/** Landlock, with sixteen accesses to files, TCP ports and scopes. */
#define FORKEXEC_PROBE_LANDLOCK 10

/** FORKEXEC_SECCOMP_LISTENER. */
#define FORKEXEC_PROBE_SECCOMP_LISTENER 11

/** The caller may make cgroups in its own, with the controllers memory, pids and cpu: forkexec_cgroup_create. */
#define FORKEXEC_PROBE_OWN_CGROUP 12

/** FORKEXEC_PROCESS_OWN_CORE. */
#define FORKEXEC_PROBE_OWN_CORE 13

/** forkexec_attr_set_utilization. */
#define FORKEXEC_PROBE_UTILIZATION 14

/** forkexec_attr_set_numa_policy. */
#define FORKEXEC_PROBE_NUMA_POLICY 15

/** FORKEXEC_PROCESS_KSM. */
#define FORKEXEC_PROBE_KSM 16

/** FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX. */
#define FORKEXEC_PROBE_LANDLOCK_UNIX 17

/** FORKEXEC_LANDLOCK_NET_BIND_UDP and FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP. */
#define FORKEXEC_PROBE_LANDLOCK_UDP 18

/** The caller may open /dev/net/tun: forkexec_attr_open_tun. */
#define FORKEXEC_PROBE_TUN 19

/** A prepared root is cloned (Linux 6.15); elsewhere each spawn builds it: forkexec_root_new. */
#define FORKEXEC_PROBE_PREPARED_ROOT 20

/** Overlays in a new user namespace (Linux 5.11): forkexec_attr_mount_overlay. */
#define FORKEXEC_PROBE_OVERLAY 21

/**
 * Says whether this host has a feature, by trying it.
 *
 * feature is a FORKEXEC_PROBE_ constant. Where the answer is no, a sentence with the reason and the remedy is written
 * to why, which has size bytes: it ends with a NUL and is cut where it does not fit. Where the answer is yes, why
 * becomes empty. why may be NULL with size 0.
 *
 * Example:
 *
 *     char why[256];
 *     if (forkexec_probe(FORKEXEC_PROBE_USER_NAMESPACE, why, sizeof why) == 0)
 *         printf("no user namespaces: %s\n", why);
 *
 * Returns 1 for yes and 0 for no, or a negative errno; why is then not written:
 * -EINVAL: there is no such feature, or why is NULL and size is not 0.
 * -ENOMEM, -EAGAIN, -EMFILE, -ENFILE: it could not be tried now.
 */
int forkexec_probe(uint32_t feature, char *why, size_t size);

#ifdef __cplusplus
}
#endif

#endif  /* FORKEXEC_H */
