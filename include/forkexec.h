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
 *  21. Probe
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
 * What is asked of a spawn: where the program starts, with which descriptors, limits, ids, namespaces. It owns copies
 * of all that it was given. One thread at a time may change it; as long as nobody does, many threads may spawn from it
 * at once, again and again.
 */
struct forkexec_attr;

/**
 * A child that was spawned, started or made to hold. It belongs to the process that made it: in another, such as a
 * fork of it, every call but forkexec_close is -ESRCH.
 */
struct forkexec_child;

/**
 * A cgroup of version 2 that was made for a run, or for several: a directory, whose files are its limits and what it
 * counts. cgroups(7). It belongs to the process that made it: in another, such as a fork of it, every call but
 * forkexec_cgroup_free is -ESRCH.
 */
struct forkexec_cgroup;

/**
 * Why a spawn failed. 256 bytes for ever, without padding. Filled on failure, cleared on success; every function that
 * takes a pointer to one also takes NULL.
 */
struct forkexec_error {
    /** The step that failed, an enum forkexec_stage; 0: none. */
    uint32_t stage;
    /** The errno, positive; 0: none. */
    int32_t code;
    /** Which item of the list that the stage is about, counted from 0; -1: none. */
    int32_t index;
    /** The child that failed, if there was one: already reaped, unless the caller's own wait took it; else 0. */
    int32_t pid;
    /** The signal that killed the child before it was the program (code is then ECANCELED); else 0. */
    int32_t signal;
    /** Zero. */
    uint32_t reserved[3];
    /** The whole sentence, NUL-terminated: "fd action 3 (/dev/tty): No such device or address". */
    char message[224];
};

/** How a child ended and what it used. It grows at its end only; forkexec_wait is told its size. Without padding. */
struct forkexec_status {
    /** Which fields are filled: FORKEXEC_STATUS_ bits; the others are 0. */
    uint32_t valid;
    /** As waitpid(2) has it. */
    int32_t wait_status;
    /** The exit code; -1 when a signal ended the child. */
    int32_t exit_code;
    /** The signal that ended the child; 0 when it exited. */
    int32_t signal;
    /** 1 when it left a core. */
    uint32_t core_dumped;
    /**
     * Whether the program ran: FORKEXEC_RAN_YES, _NO or _UNKNOWN. It is NO also after a spawn that returned 0, when a
     * signal killed the child in the middle of execve(2).
     */
    uint32_t ran;
    /** Processor time in nanoseconds, of the child and what it waited for. */
    uint64_t user_ns;
    /** As above, in the kernel. */
    uint64_t system_ns;
    /**
     * The peak of resident memory of the largest process among the child and what it waited for, in bytes. With
     * FORKEXEC_STATUS_OWN_MEMORY it is the program's own, but for about 1 MiB of the library's image before it. Without, the
     * kernel never shows less here than the caller had when it made the child:
     */
    uint64_t max_rss_bytes;
    /** the caller's own peak. Only a larger max_rss_bytes is the program's. 0 with FORKEXEC_STATUS_OWN_MEMORY. */
    uint64_t max_rss_floor_bytes;
    /** The peak of the cgroup's memory, of all that ever ran in it, where there is a cgroup and it counts memory. */
    uint64_t memory_peak_bytes;
    /** Page faults served without reading. */
    uint64_t minor_faults;
    /** Page faults that had to read. */
    uint64_t major_faults;
    /** Blocks read. */
    uint64_t block_reads;
    /** Blocks written. */
    uint64_t block_writes;
    /** Context switches because the child waited. */
    uint64_t voluntary_switches;
    /** Context switches because its time was up. */
    uint64_t involuntary_switches;
    /**
     * 1 when the child, or the program of an init, was killed by SIGKILL and oom_kills is not 0: it ran into the limit of its
     * cgroup's memory, or an ancestor's, or the machine ran out of memory. Where others than the child and its descendants
     * are in the cgroup, it may have been one of them, and the SIGKILL somebody else's.
     */
    uint32_t out_of_memory;
    /**
     * How many processes in its cgroup, and with version 2 in those below it, the kernel's out-of-memory killer has killed
     * since the child began (oom_kill in memory.events, with version 1 in memory.oom_control).
     */
    uint32_t oom_kills;
    /** Why it ended, in one word: a FORKEXEC_ENDED_ constant; 0 when it has not. */
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
 * A step of a spawn: the stage of a forkexec_error names the one that failed. A number below 100 is a step of the caller's
 * side. Numbers ascend in the order in which the steps are taken; later versions add numbers and never change one.
 */
enum forkexec_stage {
    /** No stage: there was no failure, or it is not about a step. */
    FORKEXEC_STAGE_NONE = 0,
    /** The request is checked: values that contradict each other, refused setters, fds that are not open. */
    FORKEXEC_STAGE_VALIDATE = 10,
    /** What the request names is looked up: limits, capabilities, cgroup. getrlimit(2), capget(2), statfs(2). */
    FORKEXEC_STAGE_RESOLVE = 20,
    /** Memory for the plan, the child's stack and its image. mmap(2), memfd_create(2). */
    FORKEXEC_STAGE_MEMORY = 30,
    /**
     * The close-on-exec descriptors between caller and child, among them the page where the child has made it. pipe(2), eventfd(2), memfd_create(2), pidfd_open(2), pidfd_getfd(2); where the child sends descriptors socketpair(2), recvmsg(2).
     */
    FORKEXEC_STAGE_PIPE = 40,
    /** The child is made. clone(2). */
    FORKEXEC_STAGE_CLONE = 50,
    /**
     * The child is put in its cgroup; where it was to be born there, the cgroup has refused it. cgroups(7), clone(2).
     */
    FORKEXEC_STAGE_CGROUP = 60,
    /** The waiting child's user and group ids are mapped. user_namespaces(7). */
    FORKEXEC_STAGE_ID_MAP = 70,
    /** The child died, or was killed, while it was being set up and before it could say where. */
    FORKEXEC_STAGE_CHILD = 90,
    /** A file descriptor table of its own: before this nothing may touch a descriptor. close_range(2). */
    FORKEXEC_STAGE_FD_TABLE = 100,
    /**
     * Every descriptor that the plan does not need is closed, so that no child holds another's ends. close_range(2).
     */
    FORKEXEC_STAGE_FD_UNNEEDED = 110,
    /** Capabilities are made to survive the change of image. capabilities(7). */
    FORKEXEC_STAGE_CARRY = 115,
    /**
     * The child becomes the library's own small program and leaves the caller's memory; the files of that program and of the page that caller and child share. execveat(2), memfd_create(2).
     */
    FORKEXEC_STAGE_IMAGE = 120,
    /** The descriptors that had to survive the change of image close on exec again. F_SETFD(2const). */
    FORKEXEC_STAGE_FD_FLAGS = 125,
    /**
     * Badness for the out-of-memory killer; before identity, which would lose the right to write it. proc_pid_oom_score_adj(5).
     */
    FORKEXEC_STAGE_OOM_SCORE = 130,
    /** What of its memory the kernel writes into a core; in memory of its own, which keeps it. core(5). */
    FORKEXEC_STAGE_COREDUMP_FILTER = 135,
    /** The capability sets are put back to what they were before the change of image. capabilities(7). */
    FORKEXEC_STAGE_CREDENTIALS = 200,
    /**
     * A second process goes on from the library's own small program: born in the cgroup, where a member that shared the caller's memory would be a danger to the caller, or with a peak of memory of its own; if the cgroup, a namespace or a limit refuses it, that is told as clone. clone(2).
     */
    FORKEXEC_STAGE_CGROUP_BIRTH = 205,
    /** The child waits for what the caller does on its behalf: id maps, cgroup, privileged limits. poll(2). */
    FORKEXEC_STAGE_WAIT = 210,
    /**
     * What a new time namespace needs of /proc is opened, while it is the child's own and /proc the caller's. time_namespaces(7).
     */
    FORKEXEC_STAGE_TIME_FILE = 215,
    /** From here on nobody may look into the child, whatever it becomes. PR_SET_DUMPABLE(2const). */
    FORKEXEC_STAGE_NONDUMPABLE = 220,
    /** The caller's procfs is taken hold of, by which the label is written later. openat(2). */
    FORKEXEC_STAGE_PROCFS = 225,
    /**
     * Namespaces are joined: what the caller's privileges reach, then the user namespace, then what its reach. setns(2).
     */
    FORKEXEC_STAGE_JOIN = 230,
    /** The user that is to own the user namespace makes it; after the joins, which need privileges. setresuid(2). */
    FORKEXEC_STAGE_NAMESPACE_OWNER = 235,
    /** A user namespace of its own, after others were joined, or because another user is to own it. unshare(2). */
    FORKEXEC_STAGE_UNSHARE_USER = 240,
    /** The child waits for the maps of that user namespace. poll(2). */
    FORKEXEC_STAGE_WAIT_MAPS = 245,
    /** The namespaces that are entered rather than born in. unshare(2). */
    FORKEXEC_STAGE_UNSHARE = 250,
    /**
     * The clocks of the new time namespace are set, before anybody is in it; then the child enters it. time_namespaces(7), setns(2).
     */
    FORKEXEC_STAGE_TIME_OFFSETS = 252,
    /** The first process of a pid namespace that was entered rather than born in goes on. clone(2). */
    FORKEXEC_STAGE_FIRST_PROCESS = 255,
    /** The cgroup namespace; after the cgroup was entered, so that its root is that cgroup. cgroup_namespaces(7). */
    FORKEXEC_STAGE_CGROUP_NAMESPACE = 260,
    /** The controlling terminal is given up. TIOCNOTTY(2const). */
    FORKEXEC_STAGE_DETACH_TERMINAL = 300,
    /** A new session. setsid(2). */
    FORKEXEC_STAGE_SESSION = 310,
    /** The process group. setpgid(2). */
    FORKEXEC_STAGE_PROCESS_GROUP = 320,
    /** The controlling terminal; needs the session. TIOCSCTTY(2const). */
    FORKEXEC_STAGE_CONTROLLING_TERMINAL = 330,
    /** The foreground process group; needs the group, and the terminal: before it this is ENOTTY. tcsetpgrp(3). */
    FORKEXEC_STAGE_FOREGROUND = 340,
    /** The host name; in the new namespace. sethostname(2). */
    FORKEXEC_STAGE_HOSTNAME = 410,
    /** The NIS domain name; in the new namespace. setdomainname(2). */
    FORKEXEC_STAGE_DOMAINNAME = 420,
    /** The loopback interface is brought up; in the new namespace. netdevice(7). */
    FORKEXEC_STAGE_LOOPBACK = 430,
    /**
     * The network device whose descriptor the caller is handed; in the new namespace, and while the caller's mounts are there. netdevice(7).
     */
    FORKEXEC_STAGE_TUN = 435,
    /** Mounts stop propagating to the caller; before any mount or change of root. mount_namespaces(7). */
    FORKEXEC_STAGE_PROPAGATION = 440,
    /**
     * The new root's tree lies over the old root, from where the mounts are brought in and which it covers in the end. mount(2), mount_setattr(2).
     */
    FORKEXEC_STAGE_ROOT = 445,
    /**
     * One of the mounts and their kin, which share one list and are made in call order, whatever their stage. mount(2).
     */
    FORKEXEC_STAGE_MOUNT = 451,
    /**
     * A tree of the caller's appears at its place in the root. open_tree(2), move_mount(2), mount_setattr(2), mount(2).
     */
    FORKEXEC_STAGE_BIND = 452,
    /** A file system in memory, empty. tmpfs(5). */
    FORKEXEC_STAGE_TMPFS = 453,
    /** The processes of the child's pid namespace. proc(5). */
    FORKEXEC_STAGE_PROC = 454,
    /** The devices that every program expects, and a pts of their own. devpts(5), mount(2). */
    FORKEXEC_STAGE_DEV = 455,
    /** A directory, with what leads to it. mkdir(2). */
    FORKEXEC_STAGE_DIRECTORY = 456,
    /** A symbolic link. symlink(2). */
    FORKEXEC_STAGE_SYMLINK = 457,
    /** A file with its bytes. open(2), write(2). */
    FORKEXEC_STAGE_FILE = 458,
    /** What must not be seen is covered. mount(2). */
    FORKEXEC_STAGE_MASK = 459,
    /** What must not be changed becomes read-only, with all that is mounted below. mount_setattr(2), mount(2). */
    FORKEXEC_STAGE_READONLY = 460,
    /**
     * Directories of the caller's appear as one, laid over each other; what is written goes to a directory of its own, or to memory. mount(2).
     */
    FORKEXEC_STAGE_OVERLAY = 461,
    /** A mount gets flags beside those that it has. mount(2). */
    FORKEXEC_STAGE_REMOUNT = 462,
    /** A file or directory gets another mode. chmod(2). */
    FORKEXEC_STAGE_MODE = 463,
    /**
     * The root changes places with the old one, which is detached; after the last mount, whose source it was. pivot_root(2).
     */
    FORKEXEC_STAGE_PIVOT_ROOT = 470,
    /** The root becomes read-only; after everything that was made in it. mount(2). */
    FORKEXEC_STAGE_ROOT_READONLY = 480,
    /** The root directory, and the working directory moved inside it; before ids, while still allowed to. chroot(2). */
    FORKEXEC_STAGE_CHROOT = 490,
    /** The new terminal; in the final root, whose devpts it is of. pty(7). */
    FORKEXEC_STAGE_TERMINAL = 495,
    /**
     * The ids that were asked for, in a second user namespace: in the first the child had to have id 0, which devpts(5) needs. unshare(2), user_namespaces(7).
     */
    FORKEXEC_STAGE_INNER_USER_NAMESPACE = 497,
    /** Resource limits except the number of descriptors, which the child itself still needs. prlimit(2). */
    FORKEXEC_STAGE_RLIMIT = 500,
    /** The processors to run on. sched_setaffinity(2). */
    FORKEXEC_STAGE_AFFINITY = 510,
    /** The nodes that memory comes from. set_mempolicy(2). */
    FORKEXEC_STAGE_NUMA_POLICY = 515,
    /** The nice value. setpriority(2). */
    FORKEXEC_STAGE_NICE = 520,
    /** The scheduling policy; after nice, which it may make meaningless. sched_setscheduler(2). */
    FORKEXEC_STAGE_SCHEDULER = 530,
    /** How busy the kernel takes the program to be. sched_setattr(2). */
    FORKEXEC_STAGE_UTILIZATION = 535,
    /** The I/O priority. ioprio_set(2). */
    FORKEXEC_STAGE_IO_PRIORITY = 540,
    /** The slack of timers. PR_SET_TIMERSLACK(2const). */
    FORKEXEC_STAGE_TIMER_SLACK = 550,
    /** The execution domain and its flags. personality(2). */
    FORKEXEC_STAGE_PERSONALITY = 560,
    /** The file mode creation mask; after everything that creates. umask(2). */
    FORKEXEC_STAGE_UMASK = 570,
    /**
     * A socket that is bound inside, for the caller to accept by; in the final network namespace and root, and with the umask. bind(2), listen(2).
     */
    FORKEXEC_STAGE_LISTEN = 574,
    /**
     * The caller is sent the descriptors of what is inside; before it may want them, for a child that is held. unix(7).
     */
    FORKEXEC_STAGE_HAND_OVER = 576,
    /**
     * A held child waits here until it is released: its surroundings are complete, its privileges still whole. poll(2).
     */
    FORKEXEC_STAGE_HOLD = 580,
    /** The namespaces that were asked for late, after the caller had its turn. unshare(2). */
    FORKEXEC_STAGE_LATE_NAMESPACES = 590,
    /**
     * A second process goes on, in the pid namespace that was entered, already here if privileged filters follow. clone(2).
     */
    FORKEXEC_STAGE_SECOND_CLONE = 595,
    /** The working directory, where the caller's rights are to count; before all that takes them away. chdir(2). */
    FORKEXEC_STAGE_CWD_BEFORE_IDS = 600,
    /**
     * The label that the program gets; by a process that becomes it, and at once, since what leads to it leads to much. proc_pid_attr(5).
     */
    FORKEXEC_STAGE_EXEC_LABEL = 602,
    /** The profile of AppArmor that the program gets, beside the label of another module. proc_pid_attr(5). */
    FORKEXEC_STAGE_APPARMOR_PROFILE = 603,
    /** The label that SELinux gives the session keyring, before that is made. proc_pid_attr(5). */
    FORKEXEC_STAGE_KEYRING_LABEL = 604,
    /** The session keyring; the ids that come may not reach one of that name. keyctl(2). */
    FORKEXEC_STAGE_KEYRING = 605,
    /** Who may do what with the session keyring; while it is the child's own. keyctl(2). */
    FORKEXEC_STAGE_KEYRING_PERMISSIONS = 606,
    /** The bounding set; while CAP_SETPCAP is still there. capabilities(7). */
    FORKEXEC_STAGE_BOUNDING = 610,
    /** Capabilities are kept over the change of ids. PR_SET_KEEPCAPS(2const). */
    FORKEXEC_STAGE_KEEP_CAPS = 620,
    /**
     * Seccomp filters without no_new_privs; while CAP_SYS_ADMIN is there, so they have to allow what follows. seccomp(2).
     */
    FORKEXEC_STAGE_PRIVILEGED_SECCOMP = 630,
    /** The supplementary groups; before the ids that would forbid it. setgroups(2). */
    FORKEXEC_STAGE_GROUPS = 640,
    /** The group id; before the user id that would forbid it. setresgid(2). */
    FORKEXEC_STAGE_GID = 645,
    /** The user id. setresuid(2). */
    FORKEXEC_STAGE_UID = 650,
    /** The kept capabilities take effect again: the change of uid cleared them. capset(2). */
    FORKEXEC_STAGE_EFFECTIVE = 655,
    /** The securebits; before the last use of CAP_SETPCAP goes. PR_SET_SECUREBITS(2const). */
    FORKEXEC_STAGE_SECUREBITS = 660,
    /** The ambient set; needs the sets it is raised from. PR_CAP_AMBIENT(2const). */
    FORKEXEC_STAGE_AMBIENT = 670,
    /** The final permitted, effective and inheritable sets; nothing after this needs a privilege. capset(2). */
    FORKEXEC_STAGE_CAPABILITIES = 680,
    /**
     * The working directory, unless it was entered before; with the new ids, so that the program's rights count. chdir(2).
     */
    FORKEXEC_STAGE_CWD = 690,
    /** The working directory lies inside the root. getcwd(2). */
    FORKEXEC_STAGE_CWD_CHECK = 695,
    /**
     * A second process goes on, in the pid namespace that was entered; so late that those in there see no more rights than the program's. clone(2).
     */
    FORKEXEC_STAGE_LAST_CLONE = 697,
    /**
     * The library's own descriptors move out of the way of those that the caller asked for. F_DUPFD_CLOEXEC(2const).
     */
    FORKEXEC_STAGE_FD_INTERNAL = 700,
    /** The mapped descriptors move to their numbers, all at once. dup(2). */
    FORKEXEC_STAGE_FD_MAP = 710,
    /**
     * The new terminal becomes the controlling one and the standard streams; of the process that becomes the program, or its init. TIOCSCTTY(2const), dup(2).
     */
    FORKEXEC_STAGE_STREAMS = 715,
    /** The descriptor actions, in call order. open(2), dup(2), close(2), chdir(2). */
    FORKEXEC_STAGE_FD_ACTION = 720,
    /** Landlock's rules; their paths are looked up in the final root, as the program. landlock_add_rule(2). */
    FORKEXEC_STAGE_LANDLOCK_RULE = 730,
    /**
     * The signal for the parent's death, and whether it happened meanwhile; after the ids, which clear it. PR_SET_PDEATHSIG(2const).
     */
    FORKEXEC_STAGE_PARENT_DEATH = 740,
    /**
     * The first process of a pid namespace stays behind as its init; before what only the program is to suffer. fork(2).
     */
    FORKEXEC_STAGE_INIT = 745,
    /** What a process may do without, and the orphans it gets; by the process that becomes the program. prctl(2). */
    FORKEXEC_STAGE_PROCESS_FLAGS = 747,
    /**
     * Whether the processor may run ahead of the program; by the process that becomes it. PR_SET_SPECULATION_CTRL(2const).
     */
    FORKEXEC_STAGE_SPECULATION = 748,
    /** No new privileges. PR_SET_NO_NEW_PRIVS(2const). */
    FORKEXEC_STAGE_NO_NEW_PRIVS = 750,
    /** Landlock; needs no_new_privs, and the last path is opened. landlock_restrict_self(2). */
    FORKEXEC_STAGE_LANDLOCK = 755,
    /**
     * What was only needed until here is closed, for real: exec wakes the caller before close-on-exec closes. close(2).
     */
    FORKEXEC_STAGE_FD_CLOSE = 760,
    /** The limit on descriptors; after the last descriptor moved. prlimit(2). */
    FORKEXEC_STAGE_NOFILE = 770,
    /** The child is traced by the thread that started it. ptrace(2). */
    FORKEXEC_STAGE_TRACE = 780,
    /** The child stops itself. signal(7). */
    FORKEXEC_STAGE_STOP = 785,
    /** Signal dispositions. sigaction(2). */
    FORKEXEC_STAGE_SIGNAL_ACTIONS = 790,
    /**
     * No more user namespaces, by a filter that is seen to work; before filters that may forbid to look. seccomp(2).
     */
    FORKEXEC_STAGE_USER_NAMESPACES = 791,
    /** Seccomp filters; so late that they need to allow next to nothing but exec. seccomp(2). */
    FORKEXEC_STAGE_SECCOMP = 792,
    /** The signal mask; last, since pending signals arrive here. sigprocmask(2). */
    FORKEXEC_STAGE_SIGNAL_MASK = 795,
    /** The program. execve(2). */
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

/** forkexec_attr_set_cwd_rights: those of the program, after its ids and capabilities were set. The default. */
#define FORKEXEC_CWD_RIGHTS_PROGRAM 0

/** Those of the caller, before. */
#define FORKEXEC_CWD_RIGHTS_CALLER 1

/** Those of the caller, and where these are refused, those of the program: runc's and crun's rule. */
#define FORKEXEC_CWD_RIGHTS_EITHER 2

/**
 * forkexec_attr_set_memory_mode: the caller's memory where that is safe, else FRESH, else COPIED where
 * that is. The default.
 */
#define FORKEXEC_MEMORY_AUTO 0

/** The library's own small program, which then becomes the program. */
#define FORKEXEC_MEMORY_FRESH 1

/** A copy of the caller's memory, as fork(2) makes it; slow where the caller is large. */
#define FORKEXEC_MEMORY_COPIED 2

/**
 * Runs the program that fd refers to; the path given to the spawn must then be NULL.
 *
 * fd is the caller's number, borrowed: it must be open, for reading or with O_PATH, during each spawn. It does not
 * reach the program, unless map_fd or inherit_fds gives it to it. A script needs that: map_fd(fd, fd), else its
 * interpreter finds the descriptor closed (ENOENT). The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_EXEC.
 *
 * See execveat(2).
 */
int forkexec_attr_set_exec_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Searches a program whose path has no slash in the directories of dirs, separated by colons; NULL means
 * "/bin:/usr/bin".
 *
 * An empty item is the program's working directory. Without this call nothing is searched, and PATH is never read.
 * Every candidate is tried in turn; of the errors the first that is neither ENOENT nor ENOTDIR is the answer, else the
 * last. dirs is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, dirs is empty.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_EXEC.
 *
 * The error's index is the place in dirs of the directory whose error it is, -1 for a path with a slash, which is not
 * searched.
 *
 * See execvp(3).
 */
int forkexec_attr_set_search_path(struct forkexec_attr *attr, const char *dirs);

/**
 * Starts the program in the directory path.
 *
 * It is entered with the program's ids and capabilities, which set_cwd_rights changes, and inside its root, after
 * set_root and set_chroot; a relative path starts at the caller's working directory, or at the new root. path is
 * copied; the last call of this and of set_cwd_fd wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is empty.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_CWD with the errno of chdir(2), or as set_cwd_rights says.
 *
 * See chdir(2).
 */
int forkexec_attr_set_cwd(struct forkexec_attr *attr, const char *path);

/**
 * Starts the program in the directory that fd refers to.
 *
 * fd is the caller's number, borrowed: it must be open during each spawn. It is entered with the program's rights, as
 * with set_cwd. The last call of this and of set_cwd wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_CWD (ENOTDIR, EACCES), or with set_chroot or set_root as.
 * FORKEXEC_STAGE_CWD_CHECK, ENOENT: the directory lies outside the root, as with set_root all do that the caller has
 *   opened, and would be a way out of it.
 *
 * See fchdir(2).
 */
int forkexec_attr_set_cwd_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Says with whose rights the directory of set_cwd or set_cwd_fd is entered.
 *
 * FORKEXEC_CWD_RIGHTS_PROGRAM, the default: the program's, after its ids and capabilities were set.
 * FORKEXEC_CWD_RIGHTS_CALLER: the caller's, before that, as CPython and libuv do it; the program may then start in a
 * directory that it has no right to search, where a relative path leads to nothing. FORKEXEC_CWD_RIGHTS_EITHER: the
 * caller's, and where these are refused with EACCES or EPERM, the program's, as runc and crun do it. The caller's
 * rights are its ids and the capabilities that the child has before the ids change: in a new or a joined user
 * namespace those of that namespace, which reach no file whose owner is not mapped there. The root is the program's in
 * any case, and the directory has to lie in it. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, rights is none of the three.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: neither set_cwd nor set_cwd_fd.
 * FORKEXEC_STAGE_CWD_BEFORE_IDS: the errno of chdir(2).
 * FORKEXEC_STAGE_CWD_BEFORE_IDS: with EITHER not EACCES and EPERM.
 * FORKEXEC_STAGE_CWD: the errno of chdir(2) with the program's rights.
 * FORKEXEC_STAGE_CWD_CHECK, ENOENT: it lies outside the root.
 *
 * See chdir(2).
 */
int forkexec_attr_set_cwd_rights(struct forkexec_attr *attr, uint32_t rights);

/**
 * Tries the exec again for that many milliseconds while the file is open for writing somewhere (ETXTBSY), as a program
 * is that was written just now while another thread forked. 0, the default, does not try again.
 *
 * The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_EXEC, ETXTBSY: still busy after that time.
 *
 * See execve(2).
 */
int forkexec_attr_set_busy_retry(struct forkexec_attr *attr, uint32_t milliseconds);

/**
 * Adds the variable name to the program's environment, in place of one of that name, with the program's process id, as
 * it sees it itself, as its decimal value: LISTEN_PID for socket activation.
 *
 * name is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or name is NULL, name is empty or has a '='.
 * -ENOMEM.
 *
 * See sd_listen_fds(3).
 */
int forkexec_attr_set_pid_variable(struct forkexec_attr *attr, const char *name);

/**
 * Makes the program a tracee of the thread that calls forkexec_start: it stops with SIGTRAP at the exec, before its
 * first instruction.
 *
 * That thread has to live and to wait for it. Only for forkexec_start and forkexec_release: forkexec_spawn and
 * forkexec_hold refuse it.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: not held.
 * FORKEXEC_STAGE_TRACE, EPERM: already traced, or a security module.
 *
 * See ptrace(2), PTRACE_TRACEME.
 */
int forkexec_attr_set_ptrace(struct forkexec_attr *attr);

/**
 * Makes the child stop itself with SIGSTOP right before the signal mask and the exec, so that a tracer may attach or a
 * debugger look; SIGCONT lets it go on.
 *
 * Only for forkexec_start and forkexec_release: forkexec_spawn and forkexec_hold refuse it. As process 1 of a new pid
 * namespace it is refused too, unless set_ptrace is asked for as well: the kernel ignores a stop that such a process
 * sends itself, but the tracer of a tracee sees it.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: not held, or pid 1 without set_ptrace.
 * FORKEXEC_STAGE_STOP.
 *
 * See signal(7), ptrace(2).
 */
int forkexec_attr_set_stop(struct forkexec_attr *attr);

/**
 * Chooses whose memory the child runs in until the exec: FORKEXEC_MEMORY_AUTO (the default), FORKEXEC_MEMORY_FRESH or
 * FORKEXEC_MEMORY_COPIED.
 *
 * AUTO shares the caller's only where nobody gains access to the caller by it; sharing cannot be forced. What the
 * program sees is the same in all modes. With set_root, set_chroot or a joined mount or pid namespace the child is
 * always FRESH: in the caller's memory or a copy of it /proc/self/exe would lead to the caller's own file, which
 * somebody in there could overwrite (CVE-2019-5736). The last call wins. clone(2). FRESH makes, in this call, the two
 * memory files that all such children use, memfd_create(2), and they stay open in the caller: a filter or a limit that
 * the caller takes on later does not matter then. Where that fails it is not told here, and the next spawn that needs
 * them tries again.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, mode is none of the three.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: COPIED where only FRESH will do.
 * FORKEXEC_STAGE_MEMORY (ENOMEM), or, where FRESH was demanded or is needed, as.
 * FORKEXEC_STAGE_IMAGE or.
 * FORKEXEC_STAGE_CARRY, EPERM, EACCES or ENOSYS: the system forbids it, or the caller has ids or capabilities that no
 *   exec hands on.
 * FORKEXEC_STAGE_CARRY, EOPNOTSUPP: under an emulator that shares no memory.
 */
int forkexec_attr_set_memory_mode(struct forkexec_attr *attr, uint32_t mode);

/**
 * Leaves an init behind as the first process of a new pid namespace, for programs that do not know how to be one: the
 * program is its child, with pid 2, and may be killed by every signal.
 *
 * The init reaps what is left to it, has no descriptors and no capabilities, is under no_new_privs and a filter that
 * allows what it does and nothing else, and ends with the program: with its exit code, or 128 and the signal that
 * killed it; then all others in the namespace are killed. It is what forkexec_child_pid is about. forkexec_wait waits
 * for it, and tells how the program ended, and what the program and those used that it waited for; of an init that was
 * killed before it could tell, it tells how the init ended. Signals that are sent to it from outside of the namespace
 * it sends on to the program, but for SIGKILL, which ends all, and SIGSTOP, which stops the init alone; one for its
 * whole process group then reaches the program twice. Without CAP_KILL it cannot send them to a program that has
 * become another user: forkexec_signal sends to the program itself. It has the program's ids, is in its session and
 * process group (of set_session it is the leader), gets the signal of set_parent_death_signal, and is subject to the
 * filters of add_seccomp_filter only without set_no_new_privs, which then have to allow clone, close_range, kill,
 * rt_sigaction, rt_sigtimedwait, waitid, futex, set_robust_list, gettid, capset, prctl, seccomp and exit_group.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without create_namespaces(FORKEXEC_NS_PID).
 * FORKEXEC_STAGE_VALIDATE: with set_ptrace.
 * FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes.
 * FORKEXEC_STAGE_INIT, ENOMEM.
 *
 * See pid_namespaces(7).
 */
int forkexec_attr_set_init(struct forkexec_attr *attr);

/**
 * Leaves an init behind as set_init does, but one that goes on until the last process in its namespace ends.
 *
 * What the program has left running in the background is not killed when the program ends. The init then ends with the
 * program's exit code, or 128 and the signal that killed it; no signal is sent on any more. forkexec_wait waits for the
 * init, and tells how the program ended. With FORKEXEC_WAIT_PROGRAM it returns when the program has ended, with
 * FORKEXEC_STATUS_LINGERS in status.valid where the init still goes on. forkexec_kill_tree ends all. The last call of
 * set_init and this wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without create_namespaces(FORKEXEC_NS_PID).
 * FORKEXEC_STAGE_VALIDATE: with set_ptrace.
 * FORKEXEC_STAGE_INIT, EAGAIN: a limit on processes.
 * FORKEXEC_STAGE_INIT, ENOMEM.
 *
 * See pid_namespaces(7).
 */
int forkexec_attr_set_lingering_init(struct forkexec_attr *attr);

/**
 * Lets forkexec_wait tell the program's own peak of memory, status.max_rss_bytes with FORKEXEC_STATUS_OWN_MEMORY.
 *
 * The kernel keeps for a process the peak of the memory in which it was before an exec, and that is the caller's. With
 * this the library's small image clones once more, so that the program is a process that was never in the caller's
 * memory; but for the image itself, about 1 MiB. Since Linux 6.2 the kernel counts a few pages of each processor late,
 * so that a tiny program may show 0. It costs another clone, or nothing with set_init, and for a child that joins a
 * pid namespace. A second process counts for limits on processes for a moment.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: with FORKEXEC_MEMORY_COPIED, or for forkexec_hold.
 * FORKEXEC_STAGE_IMAGE, EOPNOTSUPP: no memory is shared here, as under an emulator.
 * FORKEXEC_STAGE_IMAGE, EPERM: an exec would change the caller's saved ids.
 * FORKEXEC_STAGE_IMAGE: what FORKEXEC_MEMORY_FRESH fails with.
 * FORKEXEC_STAGE_CLONE, EAGAIN: a limit on processes.
 * FORKEXEC_STAGE_CLONE, ENOMEM.
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
 * All entries act at once, as if on copies, so that any exchange of numbers works: map_fd(attr, 3, 4) and map_fd(attr,
 * 4, 3). One source may have many targets. The target is not close-on-exec. source is borrowed: it must be open during
 * each spawn, and is neither closed nor changed in the caller. A high source number makes a spawn slower where the
 * caller has thousands of descriptors open. After the entries come the actions (open_fd, dup_fd, close_fd,
 * close_fds_from, enter_directory, enter_directory_fd), in call order and on the program's numbers. Then everything
 * else is closed. What the program has in the end: 0 to 2 unless they are close-on-exec, the targets of entries and
 * actions, and what inherit_fds adds. Repeated calls add entries; one for the same target replaces the earlier and
 * keeps its index.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: source or target is negative.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: source is not open.
 * FORKEXEC_STAGE_FD_MAP, EBADF: target is above the limit, RLIMIT_NOFILE.
 *
 * The error's index is the place among the map_fd entries.
 *
 * See dup(2).
 */
int forkexec_attr_map_fd(struct forkexec_attr *attr, int32_t source, int32_t target);

/**
 * Keeps every descriptor of the caller that is not close-on-exec, under its number, instead of closing all that was
 * not asked for.
 *
 * Makes a spawn slower where the caller has thousands of descriptors open.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * See execve(2).
 */
int forkexec_attr_inherit_fds(struct forkexec_attr *attr);

/**
 * Action: opens path as descriptor target, closing what was there before.
 *
 * flags and mode are those of open(2), the mode's umask the program's; with O_CLOEXEC the descriptor is there for the
 * following actions and closed by the exec. It is opened with the program's ids, inside its root; a relative path
 * starts at its working directory, as the actions before this one left it. path is copied; repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is empty, mode is above 07777.
 * -EBADF: target is negative.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION with the errno of open(2).
 *
 * The error's index is the place among all actions.
 *
 * See open(2).
 */
int forkexec_attr_open_fd(struct forkexec_attr *attr, int32_t target, const char *path, int32_t flags, uint32_t mode);

/**
 * Action: makes target a copy of source, both the program's numbers, closing what was there before.
 *
 * The target is not close-on-exec; with source equal to target only that flag is taken away. Repeated calls add
 * actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: source or target is negative.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, EBADF: source is not open for the program, or target is above RLIMIT_NOFILE.
 *
 * The error's index is the place among all actions.
 *
 * See dup(2).
 */
int forkexec_attr_dup_fd(struct forkexec_attr *attr, int32_t source, int32_t target);

/**
 * Action: closes fd, the program's number; that it is not open is no error.
 *
 * This is how the program starts without one of 0 to 2. Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION.
 *
 * The error's index is the place among all actions.
 *
 * See close(2).
 */
int forkexec_attr_close_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Action: closes fd and every number above it, those of earlier entries and actions included.
 *
 * Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION.
 *
 * The error's index is the place among all actions.
 *
 * See close_range(2).
 */
int forkexec_attr_close_fds_from(struct forkexec_attr *attr, int32_t fd);

/**
 * Action: changes the working directory to path, for the following actions and for the program.
 *
 * With the program's ids, inside its root. path is copied; repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is empty.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION with the errno of chdir(2).
 *
 * The error's index is the place among all actions.
 *
 * See chdir(2).
 */
int forkexec_attr_enter_directory(struct forkexec_attr *attr, const char *path);

/**
 * Action: changes the working directory to the one that fd refers to, for the following actions and for the program;
 * fd is the program's number, of an entry or an earlier action.
 *
 * Repeated calls add actions.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_FD_ACTION, EBADF: not open for the program.
 * FORKEXEC_STAGE_FD_ACTION, ENOTDIR.
 * FORKEXEC_STAGE_FD_ACTION, ENOENT: it lies outside the root of set_root or set_chroot.
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
 * Makes the program the leader of a new session and of a new process group, without a controlling terminal.
 *
 * Contradicts set_process_group: a session leader cannot change its group.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: a contradiction.
 * FORKEXEC_STAGE_SESSION.
 *
 * See setsid(2).
 */
int forkexec_attr_set_session(struct forkexec_attr *attr);

/**
 * Puts the program in the process group pgid, which must be one of the caller's session; 0 means a new group of its
 * own.
 *
 * The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, pgid is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: with set_session.
 * FORKEXEC_STAGE_PROCESS_GROUP, EPERM: no such group in this session.
 *
 * See setpgid(2).
 */
int forkexec_attr_set_process_group(struct forkexec_attr *attr, int32_t pgid);

/**
 * Makes the terminal tty the controlling terminal of the new session, taking it from another session where the caller
 * has the privilege to (CAP_SYS_ADMIN).
 *
 * Needs set_session. tty is the caller's number, borrowed: it must be open during each spawn. It does not reach the
 * program by this; map_fd does that. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: tty is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without set_session.
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_CONTROLLING_TERMINAL, ENOTTY: not a terminal.
 * FORKEXEC_STAGE_CONTROLLING_TERMINAL, EPERM: it belongs to another session.
 *
 * See TIOCSCTTY(2const).
 */
int forkexec_attr_set_controlling_terminal(struct forkexec_attr *attr, int32_t tty);

/**
 * Makes the program's process group the foreground group of the terminal tty, which must be the program's controlling
 * terminal: the caller's, or with set_session the one of set_controlling_terminal.
 *
 * Without set_session and set_process_group the program gets a group of its own. No SIGTTOU is sent for it. tty is the
 * caller's number, borrowed: it must be open during each spawn. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: tty is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_PROCESS_GROUP or.
 * FORKEXEC_STAGE_FOREGROUND, ENOTTY: not the controlling terminal.
 *
 * See tcsetpgrp(3).
 */
int forkexec_attr_set_foreground(struct forkexec_attr *attr, int32_t tty);

/**
 * Gives up the controlling terminal while staying in the caller's session.
 *
 * set_session does as much and more.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_DETACH_TERMINAL, ENOTTY: there is none.
 *
 * See TIOCNOTTY(2const).
 */
int forkexec_attr_detach_terminal(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 8. Signals
 * ------------------------------------------------------------------------------------------------------------------ */

/** The bit of the signal sig in a set of signals, as forkexec_attr_set_signal_mask takes it: a uint64_t. */
#define FORKEXEC_SIGNAL_BIT(sig) ((uint64_t)1 << ((sig) - 1))

/** forkexec_attr_set_parent_death_signal: when the thread that made the child ends, as the kernel does it. */
#define FORKEXEC_DEATH_OF_THREAD 1

/** When the process that made the child ends. */
#define FORKEXEC_DEATH_OF_PROCESS 2

/**
 * Starts the program with exactly the signals of set blocked; without this call, with those that the calling thread
 * has blocked.
 *
 * Bit signo-1 stands for a signal; SIGKILL and SIGSTOP are never blocked. A signal that is pending for the child when
 * the mask opens acts on it before the exec. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SIGNAL_MASK.
 *
 * See sigprocmask(2).
 */
int forkexec_attr_set_signal_mask(struct forkexec_attr *attr, uint64_t set);

/**
 * Starts the program with the default action for the signals of set, also where the caller ignores them.
 *
 * Signals with a handler get the default action anyway; without this call ignored ones stay ignored. Bit signo-1
 * stands for a signal; all bits may be set. Repeated calls add signals. A signal in both this and set_signal_ignore is
 * a contradiction.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: a contradiction.
 * FORKEXEC_STAGE_SIGNAL_ACTIONS.
 *
 * The error's index is the signal's number.
 *
 * See sigaction(2).
 */
int forkexec_attr_set_signal_default(struct forkexec_attr *attr, uint64_t set);

/**
 * Starts the program with the signals of set ignored.
 *
 * Bit signo-1 stands for a signal. Repeated calls add signals.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, set has SIGKILL or SIGSTOP, which cannot be ignored.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: also in set_signal_default.
 * FORKEXEC_STAGE_SIGNAL_ACTIONS.
 *
 * The error's index is the signal's number.
 *
 * See sigaction(2).
 */
int forkexec_attr_set_signal_ignore(struct forkexec_attr *attr, uint64_t set);

/**
 * Sends the program the signal sig when its parent dies: with whose FORKEXEC_DEATH_OF_THREAD when the thread ends that
 * called the spawn, which is what the kernel offers and what surprises callers with worker threads; with
 * FORKEXEC_DEATH_OF_PROCESS when the process ends, for which the library keeps a sleeping thread as long as the child
 * lives.
 *
 * Set after the ids, which would clear it; a death in the meantime is noticed. Executing a file that is set-user-id,
 * set-group-id or has capabilities clears it. The last call wins.
 *
 * Each child with FORKEXEC_DEATH_OF_PROCESS costs one thread, which counts in RLIMIT_NPROC: 96 KiB of address space,
 * of which 4 are used, and what the kernel needs for a thread, about 20 KiB. The thread is not libc's, so setuid(2)
 * does not reach it. In a caller that is root or has capabilities it has therefore given up all but CAP_KILL, and a
 * seccomp filter lets it do nothing but wait: as long as such a child lives, SECCOMP_FILTER_FLAG_TSYNC fails in the
 * caller. In other callers it is left as the calling thread was.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, sig is not 1 to 64, whose is neither of the two.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_CLONE, EAGAIN: no thread could be made.
 * FORKEXEC_STAGE_PARENT_DEATH, ESRCH: the parent died while the child was set up.
 * FORKEXEC_STAGE_PARENT_DEATH, ENOSYS: the caller has privilege, and seccomp(2) is missing or filtered.
 *
 * See PR_SET_PDEATHSIG(2const).
 */
int forkexec_attr_set_parent_death_signal(struct forkexec_attr *attr, int32_t sig, uint32_t whose);

/* ---------------------------------------------------------------------------------------------------------------------
 * 9. Limits, scheduling and process flags
 * ------------------------------------------------------------------------------------------------------------------ */

/** forkexec_attr_set_rlimit: leave this half of the limit as it is. */
#define FORKEXEC_RLIMIT_KEEP UINT64_C(0xfffffffffffffffe)

/** forkexec_attr_set_process_flags: no transparent huge pages. PR_SET_THP_DISABLE(2const). */
#define FORKEXEC_PROCESS_NO_THP 0x1

/** Memory that is or was writable never becomes executable; Linux 6.3. PR_SET_MDWE(2const). */
#define FORKEXEC_PROCESS_MDWE 0x2

/** Reading the time stamp counter is SIGSEGV. PR_SET_TSC(2const). */
#define FORKEXEC_PROCESS_NO_TSC 0x4

/** Orphaned descendants become the program's children. PR_SET_CHILD_SUBREAPER(2const). */
#define FORKEXEC_PROCESS_SUBREAPER 0x8

/**
 * The program's children and threads begin without its real-time or deadline policy and its negative nice value.
 * SCHED_RESET_ON_FORK, sched(7).
 */
#define FORKEXEC_PROCESS_RESET_ON_FORK 0x10

/**
 * The threads of a core run nothing else together with the program and its descendants; Linux 5.14. PR_SCHED_CORE(2const).
 */
#define FORKEXEC_PROCESS_OWN_CORE 0x20

/** Its memory may be merged with equal memory of others; Linux 6.7. PR_SET_MEMORY_MERGE(2const). */
#define FORKEXEC_PROCESS_KSM 0x40

/** forkexec_attr_set_speculation: a load before an earlier store to the same place. PR_SPEC_STORE_BYPASS(2const). */
#define FORKEXEC_SPECULATION_STORE_BYPASS 0

/** Jumps whose target others have taught the processor. PR_SPEC_INDIRECT_BRANCH(2const). */
#define FORKEXEC_SPECULATION_INDIRECT_BRANCH 1

/** The first cache is flushed at a switch to another process. PR_SPEC_L1D_FLUSH(2const). */
#define FORKEXEC_SPECULATION_L1D_FLUSH 2

/** It may. Equal to PR_SPEC_ENABLE, as the following are to theirs. */
#define FORKEXEC_SPECULATE_ENABLE 2

/** It may not. */
#define FORKEXEC_SPECULATE_DISABLE 4

/** It may not, for ever. */
#define FORKEXEC_SPECULATE_FORCE_DISABLE 8

/**
 * Limits a resource, 0 to 15: RLIMIT_CPU is 0, RLIMIT_NOFILE 7.
 *
 * UINT64_MAX is no limit; FORKEXEC_RLIMIT_KEEP in either half leaves that half as the caller has it at the spawn.
 * Raising a hard limit needs CAP_SYS_RESOURCE; with a new or a joined user namespace, where the child could not, the
 * caller's side raises it, before the child joins anything. Limits of memory that are too low for the exec itself kill
 * the child with SIGSEGV where the kernel cannot turn back. Repeated calls add entries; one for the same resource
 * replaces the earlier and keeps its index.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, resource is above 15, soft is above hard and both are given.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_RESOLVE, EINVAL: soft is above hard once the kept half is known.
 * FORKEXEC_STAGE_RLIMIT.
 * FORKEXEC_STAGE_NOFILE for RLIMIT_NOFILE (EPERM: a hard limit raised without the right to, or RLIMIT_NOFILE above
 *   /proc/sys/fs/nr_open).
 *
 * The error's index is the place among the set_rlimit entries.
 *
 * See prlimit(2).
 */
int forkexec_attr_set_rlimit(struct forkexec_attr *attr, uint32_t resource, uint64_t soft, uint64_t hard);

/**
 * Sets the nice value, -20 to 19.
 *
 * One below the caller's needs CAP_SYS_NICE or RLIMIT_NICE; with a new or a joined user namespace the caller's side
 * sets it, before the child joins anything. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, nice is not -20 to 19.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NICE (EACCES: no right to lower it), unless allowed.
 *
 * See setpriority(2).
 */
int forkexec_attr_set_nice(struct forkexec_attr *attr, int32_t nice);

/**
 * Runs the program only on the n processors of cpus, counted from 0.
 *
 * Those that the system does not have are left out, as the kernel does it. cpus is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or cpus is NULL, n is 0 or above 8192, a number is above 8191.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_AFFINITY (EINVAL: none of them is usable), unless allowed.
 *
 * See sched_setaffinity(2).
 */
int forkexec_attr_set_affinity(struct forkexec_attr *attr, const uint32_t *cpus, size_t n);

/**
 * Sets the scheduling policy and the static priority: SCHED_OTHER, SCHED_BATCH and SCHED_IDLE with 0, SCHED_FIFO and
 * SCHED_RR with 1 to 99.
 *
 * Real-time policies need CAP_SYS_NICE or RLIMIT_RTPRIO; with a new or a joined user namespace the caller's side sets
 * the policy, before the child joins anything. Takes the place of set_deadline; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, another policy, a priority that is not the policy's.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SCHEDULER, EPERM: no right to it.
 *
 * See sched_setscheduler(2).
 */
int forkexec_attr_set_scheduler(struct forkexec_attr *attr, int32_t policy, int32_t priority);

/**
 * Sets SCHED_DEADLINE: runtime_ns of processor time, within deadline_ns from the beginning of each period_ns; a period
 * of 0 is the deadline.
 *
 * Needs CAP_SYS_NICE, and that the program may run on all processors of its cpuset: no set_affinity to fewer. With a
 * new or a joined user namespace the caller's side sets it, before the child joins anything. The program makes no
 * processes and threads (EAGAIN), unless set_process_flags has RESET_ON_FORK. Takes the place of set_scheduler, and
 * the other way round: the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, runtime_ns is below 1024 or above deadline_ns, deadline_ns is above period_ns and that is not
 *   0, a number is above INT64_MAX.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: set_init, a listener, a pid namespace that is entered.
 * FORKEXEC_STAGE_SCHEDULER, EPERM: no right to it, or fewer processors.
 * FORKEXEC_STAGE_SCHEDULER, EBUSY: the processors have no such time left.
 * FORKEXEC_STAGE_SCHEDULER, EINVAL: outside the sysctls kernel.sched_deadline_period_min_us and _max_us.
 *
 * See sched_setattr(2).
 */
int forkexec_attr_set_deadline(struct forkexec_attr *attr,
                               uint64_t runtime_ns,
                               uint64_t deadline_ns,
                               uint64_t period_ns);

/**
 * Sets how busy the kernel takes the program to be when it chooses a processor and its frequency: at least min and at
 * most max, of 1024 for the largest processor at its highest frequency.
 *
 * The policy stays as it is. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, min is above max, max is above 1024.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_UTILIZATION: EOPNOTSUPP, or EINVAL before Linux 5.3: the kernel does not know it, see
 *   FORKEXEC_PROBE_UTILIZATION.
 *
 * See sched_setattr(2), SCHED_FLAG_UTIL_CLAMP_MIN and _MAX.
 */
int forkexec_attr_set_utilization(struct forkexec_attr *attr, uint32_t min, uint32_t max);

/**
 * Says which nodes of a NUMA machine the program's memory comes from: mode is one of MPOL_DEFAULT 0, MPOL_PREFERRED 1,
 * MPOL_BIND 2, MPOL_INTERLEAVE 3, MPOL_LOCAL 4 and those that a newer kernel knows, with MPOL_F_ flags; nodes are n
 * numbers, counted from 0, none for MPOL_DEFAULT and MPOL_LOCAL.
 *
 * The kernel leaves out what the machine or the cpuset does not have. nodes is copied and may be NULL where n is 0;
 * the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, nodes is NULL and n is not 0, n is above 1024, a number is above 1023.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NUMA_POLICY, EINVAL: no such mode, nodes that do not go with it, or none that is there.
 * FORKEXEC_STAGE_NUMA_POLICY, ENOSYS: the kernel has no NUMA, see FORKEXEC_PROBE_NUMA_POLICY.
 *
 * See set_mempolicy(2).
 */
int forkexec_attr_set_numa_policy(struct forkexec_attr *attr, uint32_t mode, const uint32_t *nodes, size_t n);

/**
 * Sets the I/O scheduling class io_class, 0 none, 1 real-time, 2 best effort, 3 idle, and the level in it, 0 (first)
 * to 7; 0 for class 0.
 *
 * Real-time needs CAP_SYS_NICE or CAP_SYS_ADMIN; with a new or a joined user namespace the caller's side sets it,
 * before the child joins anything. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, io_class is above 3, level is above 7, io_class is 0 and level is not.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_IO_PRIORITY (EPERM: real-time without CAP_SYS_NICE or CAP_SYS_ADMIN), unless allowed.
 *
 * See ioprio_set(2).
 */
int forkexec_attr_set_io_priority(struct forkexec_attr *attr, uint32_t io_class, uint32_t level);

/**
 * Sets the file mode creation mask, for the program and for what open_fd creates.
 *
 * Without this call it is the caller's. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, mask is above 0777.
 *
 * See umask(2).
 */
int forkexec_attr_set_umask(struct forkexec_attr *attr, uint32_t mask);

/**
 * Sets the execution domain and its flags, for example ADDR_NO_RANDOMIZE, 0x0040000.
 *
 * The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, persona is 0xffffffff, which would only ask.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PERSONALITY.
 *
 * See personality(2).
 */
int forkexec_attr_set_personality(struct forkexec_attr *attr, uint32_t persona);

/**
 * Sets how readily the out-of-memory killer takes the program: -1000 (never) to 1000 (first).
 *
 * One below the lowest that a privileged process set for the caller needs CAP_SYS_RESOURCE; with a new user namespace
 * the caller's side sets it, and before it joins one the child does. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, adjustment is not -1000 to 1000.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_OOM_SCORE (EACCES: no right to lower it, or as for map_uid; EROFS; ENOENT: no /proc), unless allowed.
 *
 * See proc_pid_oom_score_adj(5).
 */
int forkexec_attr_set_oom_score_adj(struct forkexec_attr *attr, int32_t adjustment);

/**
 * Sets by how many nanoseconds the kernel may delay the program's timers in order to group them; 0 means the default,
 * which is the calling thread's own.
 *
 * The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_TIMER_SLACK , unless allowed.
 *
 * See PR_SET_TIMERSLACK(2const).
 */
int forkexec_attr_set_timer_slack(struct forkexec_attr *attr, uint64_t nanoseconds);

/**
 * Sets what a process has as a bit of its own, FORKEXEC_PROCESS_ bits: NO_THP, no transparent huge pages; MDWE, no
 * memory that is or was writable becomes executable (compilers at run time then fail); NO_TSC, SIGSEGV for who reads
 * the time stamp counter, which also loaders and clock_gettime(2) of some C libraries do; SUBREAPER, orphans of the
 * program's descendants become its children; KSM, the kernel may merge its memory with equal memory of others;
 * RESET_ON_FORK, no child or thread of the program has its real-time or deadline policy, or a negative nice value;
 * OWN_CORE, only the program and its descendants run on a core's threads at the same time, so that what a core has in
 * common tells nothing to others.
 *
 * Threads and children have NO_THP, MDWE, NO_TSC, OWN_CORE and KSM, too; nothing takes MDWE away. NO_THP, MDWE and KSM
 * are kept with the memory, so with them the child is never in the caller's. 0 asks for none. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PROCESS_FLAGS, EINVAL: MDWE needs Linux 6.3, NO_TSC x86, OWN_CORE a kernel with CONFIG_SCHED_CORE,
 *   KSM one with CONFIG_KSM.
 * FORKEXEC_STAGE_PROCESS_FLAGS, ENODEV: OWN_CORE, and no core has several threads.
 * FORKEXEC_STAGE_PROCESS_FLAGS, EOPNOTSUPP: KSM before Linux 6.7, where it ends with the exec.
 *
 * The error's index is the bit that failed.
 *
 * See prctl(2), sched_setscheduler(2).
 */
int forkexec_attr_set_process_flags(struct forkexec_attr *attr, uint32_t flags);

/**
 * Says whether the processor may run ahead of the program by feature, one of FORKEXEC_SPECULATION_STORE_BYPASS,
 * FORKEXEC_SPECULATION_INDIRECT_BRANCH, FORKEXEC_SPECULATION_L1D_FLUSH (where ENABLE flushes the cache at each switch
 * to another process) or one that a newer kernel knows: control is FORKEXEC_SPECULATE_ENABLE,
 * FORKEXEC_SPECULATE_DISABLE or FORKEXEC_SPECULATE_FORCE_DISABLE, which the program cannot take back.
 *
 * Its threads and children have the same. Repeated calls add; for the same feature the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, feature is above 255, another control.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SPECULATION, ENODEV: the kernel does not know the feature.
 * FORKEXEC_STAGE_SPECULATION, ENXIO or EPERM: the processor, the boot parameters or an earlier FORCE_DISABLE have
 *   decided it.
 *
 * The error's index is the feature.
 *
 * See PR_SET_SPECULATION_CTRL(2const).
 */
int forkexec_attr_set_speculation(struct forkexec_attr *attr, uint32_t feature, uint32_t control);

/**
 * Says which kinds of the program's memory the kernel writes into a core, as bits of core(5): 0x1 private and
 * anonymous, 0x2 shared and anonymous, 0x4 and 0x8 files, 0x10 the first page of programs and libraries, 0x20 and 0x40
 * huge pages, 0x80 and 0x100 DAX; 0 for none of them.
 *
 * An exec and children keep it. It is kept with the memory, so the child is never in the caller's, and written by way
 * of the caller's /proc. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_COREDUMP_FILTER, ENOENT: no /proc, or a kernel without CONFIG_ELF_CORE.
 * FORKEXEC_STAGE_COREDUMP_FILTER, EROFS.
 *
 * See core(5).
 */
int forkexec_attr_set_coredump_filter(struct forkexec_attr *attr, uint32_t kinds);

/**
 * Runs the program in the cgroup whose directory fd refers to.
 *
 * With cgroup v2 the child is born there (clone3(2), CLONE_INTO_CGROUP) where the kernel can; else, and with v1
 * always, the waiting child is moved there by writing cgroup.procs, which may take the kernel 10 ms and more. Where
 * memory.oom.group is set the kernel kills all members at once, and all who share memory with one of them. So where
 * the hierarchy has the memory controller, or others than the caller and root can freeze the cgroup, no member ever
 * shares the caller's memory: the library's own program makes the child (FORKEXEC_STAGE_CGROUP_BIRTH), or, where the
 * child is born in a user namespace, or is not the only process that the spawn makes, it is moved. Two processes count
 * against the caller's limits on processes meanwhile. A cgroup that is frozen, or in a frozen one, is refused (EBUSY):
 * the spawn would never return. fd is the caller's number, borrowed: it must be open, for reading or with O_PATH,
 * during each spawn. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_RESOLVE, EBUSY: frozen.
 * FORKEXEC_STAGE_RESOLVE, EINVAL: not a cgroup directory.
 * FORKEXEC_STAGE_CGROUP, EACCES or EPERM: no right to it.
 * FORKEXEC_STAGE_CGROUP, EBUSY: it has controllers enabled for its children.
 * FORKEXEC_STAGE_CGROUP, EOPNOTSUPP: it is beside or in a threaded one.
 * FORKEXEC_STAGE_CGROUP, ENOENT or ENODEV: it was removed, or lies outside the cgroup namespace.
 * FORKEXEC_STAGE_CGROUP, ENOSPC: a cpuset without processors or memory.
 * FORKEXEC_STAGE_CLONE, EAGAIN: its pids.max is reached.
 *
 * See cgroups(7).
 */
int forkexec_attr_set_cgroup_fd(struct forkexec_attr *attr, int32_t fd);

/**
 * Gives the program the soft limit on descriptors (RLIMIT_NOFILE) that the process had when the library was loaded:
 * for callers whose runtime raises its own, as Go's does.
 *
 * An entry of set_rlimit for RLIMIT_NOFILE goes before it.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NOFILE.
 *
 * See getrlimit(2).
 */
int forkexec_attr_restore_nofile(struct forkexec_attr *attr);

/**
 * The same as restore_nofile, but only while the caller's limits at the spawn are still soft and hard, what a runtime
 * has made of them at its start; FORKEXEC_RLIMIT_KEEP in either half is any.
 *
 * Else somebody has set them since, and the program has the caller's. Takes the place of restore_nofile; the last call
 * of the two wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NOFILE.
 *
 * See getrlimit(2).
 */
int forkexec_attr_restore_nofile_from(struct forkexec_attr *attr, uint64_t soft, uint64_t hard);

/**
 * Lets the spawn go on when the stage fails, one of FORKEXEC_STAGE_NICE, FORKEXEC_STAGE_IO_PRIORITY,
 * FORKEXEC_STAGE_OOM_SCORE, FORKEXEC_STAGE_TIMER_SLACK, FORKEXEC_STAGE_AFFINITY, FORKEXEC_STAGE_HOSTNAME,
 * FORKEXEC_STAGE_DOMAINNAME and FORKEXEC_STAGE_LOOPBACK: none of them protects anything;
 * FORKEXEC_STAGE_LATE_NAMESPACES: after a failure neither the cgroup nor the pid namespace that unshare_namespaces
 * asked for is there; or FORKEXEC_STAGE_KEYRING, then where the kernel has no keyrings (ENOSYS) and for no other
 * reason.
 *
 * Without this call every failure is the spawn's. Repeated calls add stages.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, another stage.
 * -ENOMEM.
 */
int forkexec_attr_allow_failure(struct forkexec_attr *attr, uint32_t stage);

/* ---------------------------------------------------------------------------------------------------------------------
 * 10. User and group ids
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Runs the program as the user uid: real, effective and saved id.
 *
 * uid is one of the program's user namespace. Without set_groups and keep_groups the supplementary groups are dropped;
 * see set_groups. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, uid is (uid_t)-1.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: not in the map of the new user namespace.
 * FORKEXEC_STAGE_UID, EPERM: no CAP_SETUID.
 * FORKEXEC_STAGE_UID, EINVAL: not mapped in the caller's user namespace.
 * FORKEXEC_STAGE_GROUPS, EPERM: no right to drop the groups.
 * FORKEXEC_STAGE_EXEC, EAGAIN: over RLIMIT_NPROC.
 *
 * See setresuid(2).
 */
int forkexec_attr_set_uid(struct forkexec_attr *attr, uint32_t uid);

/**
 * Runs the program with the group gid: real, effective and saved id.
 *
 * gid is one of the program's user namespace. Without set_groups and keep_groups the supplementary groups are dropped;
 * see set_groups. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, gid is (gid_t)-1.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: not in the map of the new user namespace.
 * FORKEXEC_STAGE_GID, EPERM: no CAP_SETGID.
 * FORKEXEC_STAGE_GID, EINVAL: not mapped in the caller's user namespace.
 * FORKEXEC_STAGE_GROUPS, EPERM: no right to drop the groups.
 *
 * See setresgid(2).
 */
int forkexec_attr_set_gid(struct forkexec_attr *attr, uint32_t gid);

/**
 * Gives the program exactly the n supplementary groups of list; with n 0 none, and list may be NULL.
 *
 * Without this call a program that changes its uid or gid has none either; keep_groups keeps the caller's. One
 * exception, Go's: where there is a gid map without allow_setgroups, the kernel denies setgroups, and no groups asked
 * for means that nothing is done; groups asked for are then refused. A user namespace that is joined may deny it too:
 * that is no failure where the groups, as they are seen in there, are as asked already: none, or up to 64 that are
 * mapped. list is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, list is NULL and n is not 0, n is above 65536, an item is (gid_t)-1.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: with keep_groups.
 * FORKEXEC_STAGE_VALIDATE: not in the map of the new user namespace.
 * FORKEXEC_STAGE_VALIDATE, EPERM: a new user namespace without allow_setgroups.
 * FORKEXEC_STAGE_GROUPS, EPERM: no CAP_SETGID, or denied in the caller's or the joined user namespace: keep_groups is
 *   the way there.
 * FORKEXEC_STAGE_GROUPS, EINVAL: not mapped there.
 *
 * See setgroups(2).
 */
int forkexec_attr_set_groups(struct forkexec_attr *attr, const uint32_t *list, size_t n);

/**
 * Keeps the caller's supplementary groups when uid or gid change.
 *
 * Contradicts set_groups.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: with set_groups.
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
 * Makes each of the sets, one or more of FORKEXEC_CAP_PERMITTED, FORKEXEC_CAP_EFFECTIVE, FORKEXEC_CAP_INHERITABLE and
 * FORKEXEC_CAP_BOUNDING, exactly mask, in which bit n stands for the capability n; the other sets stay as they are.
 *
 * These are the sets before the exec, which computes the program's own from them and from the file: a program that is
 * not run as root keeps only what is also ambient. They survive a change of uid. For each set the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, sets is 0 or has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: with drop_capabilities.
 * FORKEXEC_STAGE_VALIDATE: effective or ambient not within permitted.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: a capability that this kernel does not know.
 * FORKEXEC_STAGE_BOUNDING, EPERM: no CAP_SETPCAP.
 * FORKEXEC_STAGE_KEEP_CAPS.
 * FORKEXEC_STAGE_EFFECTIVE or.
 * FORKEXEC_STAGE_CAPABILITIES, EPERM: more than the child has.
 *
 * The error's index is -1, for FORKEXEC_STAGE_BOUNDING the number of the capability.
 *
 * See capabilities(7).
 */
int forkexec_attr_set_capabilities(struct forkexec_attr *attr, uint32_t sets, uint64_t mask);

/**
 * Empties all five sets: permitted, effective, inheritable, bounding and ambient.
 *
 * With the bounding set empty, a program that is run as root, or whose file has capabilities, gains none by the exec.
 * With set_no_new_privs no exec grants any: a caller without CAP_SETPCAP then leaves the bounding set as it is.
 * Contradicts set_capabilities and set_ambient.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: a contradiction.
 * FORKEXEC_STAGE_BOUNDING, EPERM: no CAP_SETPCAP.
 * FORKEXEC_STAGE_AMBIENT or.
 * FORKEXEC_STAGE_CAPABILITIES.
 *
 * The error's index is -1, for FORKEXEC_STAGE_BOUNDING the number of the capability.
 *
 * See capabilities(7).
 */
int forkexec_attr_drop_capabilities(struct forkexec_attr *attr);

/**
 * Makes the ambient set exactly mask, in which bit n stands for the capability n: what a program that is not run as
 * root and whose file has no capabilities has after the exec.
 *
 * What it needs in the permitted and inheritable sets is added to them where set_capabilities does not say otherwise.
 * 0 clears an ambient set that the caller has. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: with drop_capabilities.
 * FORKEXEC_STAGE_VALIDATE: not within the permitted or inheritable set that was asked for.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: a capability that this kernel does not know.
 * FORKEXEC_STAGE_KEEP_CAPS or.
 * FORKEXEC_STAGE_AMBIENT, EPERM: the child does not have it, or securebits forbid it.
 *
 * See PR_CAP_AMBIENT(2const).
 */
int forkexec_attr_set_ambient(struct forkexec_attr *attr, uint64_t mask);

/**
 * Sets the securebits to exactly bits, of the lowest eight: SECBIT_NOROOT 1, SECBIT_NO_SETUID_FIXUP 4,
 * SECBIT_KEEP_CAPS 16, SECBIT_NO_CAP_AMBIENT_RAISE 64, and for each the lock that is twice its value.
 *
 * They are set after the change of ids. The exec clears SECBIT_KEEP_CAPS. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SECUREBITS, EPERM: no CAP_SETPCAP, or a lock.
 *
 * See PR_SET_SECUREBITS(2const).
 */
int forkexec_attr_set_securebits(struct forkexec_attr *attr, uint32_t bits);

/**
 * Lets neither the program nor its descendants gain privileges by an exec: set-user-id and set-group-id bits and file
 * capabilities then do nothing.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_NO_NEW_PRIVS.
 *
 * See PR_SET_NO_NEW_PRIVS(2const).
 */
int forkexec_attr_set_no_new_privs(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 12. Namespaces
 * ------------------------------------------------------------------------------------------------------------------ */

/** The cgroup namespace. Equal to CLONE_NEWCGROUP, as the following are to theirs; namespaces(7). */
#define FORKEXEC_NS_CGROUP 0x02000000

/** Host name and NIS domain name. */
#define FORKEXEC_NS_UTS 0x04000000

/** System V IPC and POSIX message queues. */
#define FORKEXEC_NS_IPC 0x08000000

/** User and group ids, and capabilities. */
#define FORKEXEC_NS_USER 0x10000000

/** Process ids. */
#define FORKEXEC_NS_PID 0x20000000

/** Network devices, stacks and ports. */
#define FORKEXEC_NS_NET 0x40000000

/** Mount points. The kernel's own name for it is CLONE_NEWNS. */
#define FORKEXEC_NS_MOUNT 0x00020000

/** The boot and monotonic clocks. */
#define FORKEXEC_NS_TIME 0x00000080

/**
 * Runs the program in new namespaces of the types, one or more of FORKEXEC_NS_*.
 *
 * With FORKEXEC_NS_PID it is process 1 there, unless set_init leaves an init behind: the kernel then drops every
 * signal that the program does not handle, as SIGTERM, SIGINT, SIGXCPU of a soft RLIMIT_CPU and SIGXFSZ, from inside
 * and from outside, but for SIGKILL and SIGSTOP from outside; abort(3) ends it otherwise than by SIGABRT. With
 * FORKEXEC_NS_USER it is in a new user namespace that owns the other new ones; no privilege is then needed for them,
 * and map_uid and map_gid say which ids there are: without them all ids are the overflow id, 65534. With
 * FORKEXEC_NS_MOUNT its mounts are private; see set_mount_propagation. Repeated calls add types.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, types is 0 or has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: a type also in unshare_namespaces.
 * FORKEXEC_STAGE_CLONE.
 * FORKEXEC_STAGE_UNSHARE or.
 * FORKEXEC_STAGE_CGROUP_NAMESPACE, EPERM: no CAP_SYS_ADMIN, or user namespaces are forbidden.
 * FORKEXEC_STAGE_CGROUP_NAMESPACE, ENOSPC: over a limit of /proc/sys/user.
 * FORKEXEC_STAGE_CGROUP_NAMESPACE, EINVAL: the kernel does not have the type.
 *
 * See clone(2), unshare(2), namespaces(7).
 */
int forkexec_attr_create_namespaces(struct forkexec_attr *attr, uint32_t types);

/**
 * Chooses the child's pid: pids are n numbers, the first for the innermost pid namespace that the child is in, the
 * following for those around it, outwards; in those that are left out the kernel chooses.
 *
 * In a new pid namespace the first is 1. So a program, or a holder, comes back under the pid that it had. Needs
 * CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespace that owns each of the pid namespaces, and clone3(2)
 * (FORKEXEC_PROBE_CLONE3). The child that is made first must become the program: no set_init, whose program is another
 * process, no measure_memory, no pid namespace that is joined. pids is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or pids is NULL, n is 0 or above 32, a pid is below 1.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: another process becomes the program.
 * FORKEXEC_STAGE_VALIDATE: the first of a new pid namespace is not 1.
 * FORKEXEC_STAGE_CLONE, EEXIST: there is a process, a group or a session of that pid.
 * FORKEXEC_STAGE_CLONE, EPERM: no right to it.
 * FORKEXEC_STAGE_CLONE, EINVAL: more pids than pid namespaces, or above the sysctl kernel.pid_max.
 * FORKEXEC_STAGE_CLONE, ENOSYS: no clone3(2).
 *
 * See clone(2), set_tid.
 */
int forkexec_attr_set_pid(struct forkexec_attr *attr, const int32_t *pids, size_t n);

/**
 * Lets the child enter new namespaces of the types by itself, once it runs, instead of being born in them.
 *
 * FORKEXEC_NS_CGROUP and FORKEXEC_NS_PID are entered late, after a held child was released, so that the caller may put
 * it in a cgroup before; FORKEXEC_NS_PID is then for the program's own children only, the first of which is process 1
 * there: the program itself stays in the caller's. FORKEXEC_NS_USER is the same as in create_namespaces. All others
 * are entered early: before the session is set up, and before set_hostname, set_loopback, the mounts and set_chroot
 * act in them. Repeated calls add types.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, types is 0 or has another bit.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: a type also in create_namespaces.
 * FORKEXEC_STAGE_UNSHARE or.
 * FORKEXEC_STAGE_LATE_NAMESPACES: as create_namespaces.
 *
 * See unshare(2), namespaces(7).
 */
int forkexec_attr_unshare_namespaces(struct forkexec_attr *attr, uint32_t types);

/**
 * Lets the child join the namespace that fd refers to, of the given type, one of FORKEXEC_NS_*.
 *
 * With FORKEXEC_NS_PID the program is a process in there, still the caller's child; its pid in the caller's namespace
 * is known when it was let go. With FORKEXEC_NS_USER it has all capabilities in there, and the caller's ids as they
 * are seen from there: see set_uid. With FORKEXEC_NS_MOUNT root and working directory are those in there, and paths
 * are looked up there. All that is joined is joined before anything is created, first what needs the caller's
 * privileges, then the user namespace, then what needs its. Nobody in there can look into the child before it is the
 * program, unless root's own user namespace is shared with it. fd is the caller's number, borrowed: it must be open
 * during each spawn. Repeated calls add one of another type.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, type is not one type or is joined already.
 * -EBADF: fd is negative.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_VALIDATE, EINVAL: not a namespace of this type, the type is created too.
 * FORKEXEC_STAGE_JOIN, EPERM: no CAP_SYS_ADMIN over it.
 * FORKEXEC_STAGE_JOIN, EINVAL: it is the child's own user namespace.
 * FORKEXEC_STAGE_JOIN, EUSERS.
 *
 * The error's index is the place among the calls of join_namespace and join_pidfd. Of a pid namespace also as
 * FORKEXEC_STAGE_LAST_CLONE, or FORKEXEC_STAGE_SECOND_CLONE with filters that no set_no_new_privs goes with (ENOMEM:
 * its first process is gone; EAGAIN: a limit on processes, against which two count meanwhile); index -1.
 *
 * See setns(2), namespaces(7).
 */
int forkexec_attr_join_namespace(struct forkexec_attr *attr, int32_t fd, uint32_t type);

/**
 * The same for the namespaces that a process is in, of the types, one or more of FORKEXEC_NS_*: of a child of this
 * library that is held, too, the new ones.
 *
 * Whatever has become of its pid, pidfd is that process. It is the caller's number, borrowed: it must be open during
 * each spawn. setns(2), Linux 5.8. Returns as join_namespace does.
 *
 * A spawn can fail later as: ?? join_namespace does, and as
 * FORKEXEC_STAGE_VALIDATE, EINVAL: not a pidfd.
 * FORKEXEC_STAGE_JOIN, ESRCH: the process is gone.
 * FORKEXEC_STAGE_JOIN, EPERM: it may not be looked into, or is gone and the caller has no CAP_SYS_PTRACE.
 */
int forkexec_attr_join_pidfd(struct forkexec_attr *attr, int32_t pidfd, uint32_t types);

/**
 * Maps count user ids of the new user namespace, from inside on, to those from outside on of the caller's.
 *
 * Needs FORKEXEC_NS_USER. Without CAP_SETUID only one id can be mapped, to the caller's own. Repeated calls add
 * ranges, up to 340, or what the kernel takes as the text of a map.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, there are 340 ranges
 *   already.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
 * FORKEXEC_STAGE_VALIDATE, E2BIG: the map's text is not less than a page, 4096 bytes.
 * FORKEXEC_STAGE_ID_MAP, EPERM: no right to these ids.
 * FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
 * FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or a copy of a caller that is not dumpable.
 * FORKEXEC_STAGE_ID_MAP, EROFS: /proc is read-only.
 *
 * See user_namespaces(7).
 */
int forkexec_attr_map_uid(struct forkexec_attr *attr, uint32_t inside, uint32_t outside, uint32_t count);

/**
 * Maps count group ids of the new user namespace, from inside on, to those from outside on of the caller's.
 *
 * Needs FORKEXEC_NS_USER. Without CAP_SETGID only one id can be mapped, to the caller's own. A gid map takes the right
 * to setgroups(2) away from the namespace for ever, unless allow_setgroups is called. Repeated calls add ranges, up to
 * 340, or what the kernel takes as the text of a map.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, count is 0, inside + count or outside + count is above 4294967295, there are 340 ranges
 *   already.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
 * FORKEXEC_STAGE_VALIDATE, E2BIG: the map's text is not less than a page, 4096 bytes.
 * FORKEXEC_STAGE_ID_MAP, EPERM: no right to these ids.
 * FORKEXEC_STAGE_ID_MAP, EINVAL: ranges overlap.
 * FORKEXEC_STAGE_ID_MAP, EACCES: a Landlock domain forbids it, or a copy of a caller that is not dumpable.
 * FORKEXEC_STAGE_ID_MAP, EROFS: /proc is read-only.
 *
 * See user_namespaces(7).
 */
int forkexec_attr_map_gid(struct forkexec_attr *attr, uint32_t inside, uint32_t outside, uint32_t count);

/**
 * Maps id 0 of the new user namespace to the caller's own effective id, and the ids from 1 on to its subordinate ones:
 * all that /etc/subuid and /etc/subgid grant to its uid, or to the name that /etc/passwd has for it, in their order
 * and each id once.
 *
 * Other lines are passed by. The files are read at each spawn. Takes the place of map_uid and map_gid, and needs
 * FORKEXEC_NS_USER; who has not the right to map these ids needs set_map_helpers.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: with map_uid or map_gid, without FORKEXEC_NS_USER.
 * FORKEXEC_STAGE_RESOLVE (ENOENT: there are none for the caller in one of the files; E2BIG: more than 340 ranges;
 *   EACCES) or as map_uid.
 *
 * See subuid(5), subgid(5).
 */
int forkexec_attr_map_subordinate_ids(struct forkexec_attr *attr);

/**
 * Names the programs that write the maps of ids which the kernel refuses the caller with EPERM: newuidmap for users
 * and newgidmap for groups, as /usr/bin/newuidmap and /usr/bin/newgidmap; NULL is none.
 *
 * Such a program is run with the caller's rights while the child waits, with the child's pid and each number of the
 * map as its arguments, an empty environment and /dev/null as its descriptors 0 to 2. The caller gets its SIGCHLD. It
 * has failed unless it exits with 0 and the map is there; with allow_setgroups also if it has denied setgroups(2).
 * Paths are copied; they are not searched for. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, a path is empty.
 * -ENAMETOOLONG.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without a map.
 * FORKEXEC_STAGE_ID_MAP, EPERM: the program failed, and the sentence says how.
 * FORKEXEC_STAGE_ID_MAP: otherwise why it could not be run.
 *
 * See newuidmap(1), newgidmap(1).
 */
int forkexec_attr_set_map_helpers(struct forkexec_attr *attr, const char *newuidmap, const char *newgidmap);

/**
 * Leaves setgroups(2) allowed in the new user namespace: the library does not write "deny" before the gid map.
 *
 * Needs map_gid, and CAP_SETGID in the caller's user namespace.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
 * FORKEXEC_STAGE_ID_MAP, EPERM: no CAP_SETGID.
 *
 * See user_namespaces(7).
 */
int forkexec_attr_allow_setgroups(struct forkexec_attr *attr);

/**
 * Lets the user uid own the new user namespace, which FORKEXEC_NS_USER has to ask for, instead of the caller: its
 * processes may enter the namespace with all capabilities there, and it counts against its limits.
 *
 * uid is one of the caller's user namespace. The child takes it as its own before it makes the namespace, the caller
 * is not changed; the maps are still written with the caller's rights. In the namespace the child is then whoever uid
 * is mapped to, with the caller's groups, until set_uid and set_gid. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, uid is (uid_t)-1.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_USER.
 * FORKEXEC_STAGE_NAMESPACE_OWNER, EPERM: no CAP_SETUID.
 * FORKEXEC_STAGE_NAMESPACE_OWNER, EINVAL: not mapped in the caller's user namespace.
 * FORKEXEC_STAGE_UNSHARE_USER: as create_namespaces.
 * FORKEXEC_STAGE_ID_MAP, EPERM: no CAP_SYS_ADMIN.
 * FORKEXEC_STAGE_ID_MAP, EACCES: not root.
 *
 * See user_namespaces(7), NS_GET_OWNER_UID(2const).
 */
int forkexec_attr_set_user_namespace_owner(struct forkexec_attr *attr, uint32_t uid);

/**
 * Says how mounts and unmounts propagate between the new mount namespace and the caller's: one of MS_PRIVATE,
 * MS_SLAVE, MS_SHARED and MS_UNBINDABLE, with MS_REC for the whole tree, is applied to "/"; 0 leaves it as it is,
 * which with systemd means that mounts reach the caller.
 *
 * Without this call it is MS_REC | MS_PRIVATE where there is a new mount namespace. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, other flags.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_MOUNT.
 * FORKEXEC_STAGE_PROPAGATION, EINVAL: "/" is no mount point.
 *
 * See mount(2), mount_namespaces(7).
 */
int forkexec_attr_set_mount_propagation(struct forkexec_attr *attr, uint64_t flags);

/**
 * Sets the host name in the new FORKEXEC_NS_UTS, which it needs: the caller's is never changed.
 *
 * name is copied and has at most 64 bytes; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or name is NULL, name has more than 64 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_UTS.
 * FORKEXEC_STAGE_HOSTNAME , unless allowed.
 *
 * See sethostname(2).
 */
int forkexec_attr_set_hostname(struct forkexec_attr *attr, const char *name);

/**
 * Sets the NIS domain name in the new FORKEXEC_NS_UTS, which it needs: the caller's is never changed.
 *
 * name is copied and has at most 64 bytes; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or name is NULL, name has more than 64 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_UTS.
 * FORKEXEC_STAGE_DOMAINNAME.
 *
 * See setdomainname(2).
 */
int forkexec_attr_set_domainname(struct forkexec_attr *attr, const char *name);

/**
 * Brings the loopback interface of the new FORKEXEC_NS_NET up, which it needs.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_NET.
 * FORKEXEC_STAGE_LOOPBACK , unless allowed.
 *
 * See netdevice(7).
 */
int forkexec_attr_set_loopback(struct forkexec_attr *attr);

/**
 * Sets the clock of the new FORKEXEC_NS_TIME, which it needs, ahead of the caller's: clock is CLOCK_MONOTONIC or
 * CLOCK_BOOTTIME, seconds may be negative, nanoseconds are added to them and are below 1000000000.
 *
 * The raw, coarse and alarm clocks go with theirs. The program and its children see the new time, the caller does not.
 * Needs CAP_SYS_TIME in the user namespace that owns the time namespace, which a new user namespace gives, and a /proc
 * of the caller's. The last call for a clock wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, another clock, nanoseconds is not below a second.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: without FORKEXEC_NS_TIME.
 * FORKEXEC_STAGE_TIME_FILE, ENOENT: no /proc, one in which the caller is not to be found, or the kernel, before Linux
 *   5.6, has no time namespaces.
 * FORKEXEC_STAGE_TIME_FILE, EOPNOTSUPP: something else lies there.
 * FORKEXEC_STAGE_TIME_OFFSETS, ERANGE: the clock would be below 0 or beyond 146 years.
 * FORKEXEC_STAGE_TIME_OFFSETS, EPERM: no CAP_SYS_TIME.
 *
 * See time_namespaces(7).
 */
int forkexec_attr_set_time_offset(struct forkexec_attr *attr, int32_t clock, int64_t seconds, uint32_t nanoseconds);

/* ---------------------------------------------------------------------------------------------------------------------
 * 13. Mounts and root directory
 * ------------------------------------------------------------------------------------------------------------------ */

/** forkexec_attr_bind_mount and its kin: nothing can be written. The first four are mount(2)'s. */
#define FORKEXEC_MOUNT_READONLY 0x1

/** Programs get no ids and capabilities from files. */
#define FORKEXEC_MOUNT_NOSUID 0x2

/** Device nodes are none. */
#define FORKEXEC_MOUNT_NODEV 0x4

/** Nothing can be executed. */
#define FORKEXEC_MOUNT_NOEXEC 0x8

/** What is mounted below the source stays away. */
#define FORKEXEC_MOUNT_NONRECURSIVE 0x10

/**
 * A target that is missing is made, with what leads to it: a directory, mode 0755, or for a file a
 * file, mode 0444.
 */
#define FORKEXEC_MOUNT_CREATE 0x20

/**
 * Symbolic links in the target are followed, inside the root. With FORKEXEC_MOUNT_CREATE what they lead to is made there.
 */
#define FORKEXEC_MOUNT_FOLLOW 0x40

/** A bind whose source does not exist (ENOENT) is left out. Every other error stays one. */
#define FORKEXEC_MOUNT_OPTIONAL 0x80

/** forkexec_attr_mount_overlay: what is written goes to memory, and with the mount. */
#define FORKEXEC_MOUNT_IN_MEMORY 0x100

/**
 * forkexec_attr_mount_proc: what changes the kernel and not a process is read-only, where it exists: bus, fs, irq, sys and
 * sysrq-trigger.
 */
#define FORKEXEC_MOUNT_KERNEL_READONLY 0x200

/**
 * forkexec_attr_mount_proc: what tells of the kernel, its hardware or the keys and doings of others is hidden as by mask_path,
 * where it exists: acpi, asound, interrupts, kcore, keys, latency_stats, sched_debug, scsi, timer_list and timer_stats.
 */
#define FORKEXEC_MOUNT_KERNEL_HIDDEN 0x400

/**
 * forkexec_attr_set_root: the root is made read-only in the end, and what is mounted below it before anything is made there.
 */
#define FORKEXEC_ROOT_READONLY 0x1

/** In the root and what is mounted below it programs get no ids and capabilities from files. */
#define FORKEXEC_ROOT_NOSUID 0x2

/** Device nodes of the root and of what is mounted below it are none. */
#define FORKEXEC_ROOT_NODEV 0x4

/** Nothing of the root and of what is mounted below it can be executed. */
#define FORKEXEC_ROOT_NOEXEC 0x8

/**
 * Adds a mount(2), with its arguments and their meaning, to the list of mounts and their kin: what this and the
 * following sixteen setters ask for, up to change_mode, is done in call order, in the program's mount namespace, which
 * create_namespaces or unshare_namespaces has to ask for; the caller sees nothing of it.
 *
 * index in an error is the place in this list. A target is a path in the program's root, which is set_root's where
 * that is called; it begins with "/" and has no "..". It is reached by descriptor, name by name, and never through a
 * symbolic link, so that nothing that stands in the root, or that somebody puts there meanwhile, leads out of it
 * (ELOOP). It has to be there: see make_directory. A target that is a file takes a /proc of the caller's, or Linux
 * 5.12. Sources are the caller's paths. flags are MS_*: with MS_REMOUNT, where target may be "/", or with MS_SHARED,
 * MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE the mount at target is changed; with MS_MOVE it comes from source; with
 * MS_BIND source appears at target, and below it with MS_REC what is mounted there. A bind gets, other than by
 * mount(2) itself, what else is among flags: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME,
 * MS_NOSYMFOLLOW, with MS_REC on all of it. As with mount(2), MS_RELATIME and the four flags of propagation change
 * nothing on a bind: a second call, without MS_BIND, changes the propagation. Else a file system of type fstype is
 * mounted, with the options in data. Paths in data, and a source that is one, should begin with "/". source, fstype
 * and data may be NULL where mount(2) lets them, and are copied like target.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is empty, does not begin with "/", has a ".." or is "/" without MS_REMOUNT,
 *   a bind or move without source, a new file system without fstype, a flag that a bind does not take.
 * -ENAMETOOLONG: target, source, fstype or data has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: no new mount namespace, or one whose propagation would bring the mounts to the
 *   caller.
 * FORKEXEC_STAGE_ROOT, EACCES: the working directory cannot be kept.
 * FORKEXEC_STAGE_MOUNT with the errno of mount(2) or of open(2) for the way to the target (EOPNOTSUPP: a file, and no
 *   /proc).
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
 * Lets the caller's file or directory source appear at target, with all that is mounted below it.
 *
 * flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, which hold for everything below too, but which a
 * program that keeps CAP_SYS_ADMIN can take back (see make_readonly), _NONRECURSIVE, _CREATE, _FOLLOW and _OPTIONAL,
 * with which a source that does not exist, or a link that leads to nothing, is left out and its target is not made; a
 * source that may not be looked at (EACCES) or that lies below a file (ENOTDIR) is an error. A symbolic link at source
 * is followed. A user namespace must be given what is mounted below too: there _NONRECURSIVE fails (EINVAL) where
 * something is. Both are copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr, source or target is NULL, source is empty, target is not a path inside the root or "/", flags has
 *   others.
 * -ENAMETOOLONG: source or target has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT.
 * FORKEXEC_STAGE_RESOLVE: a relative source, and no working directory.
 * FORKEXEC_STAGE_BIND, ENOENT: source or target is missing.
 * FORKEXEC_STAGE_BIND, ENOTDIR: one is a directory, the other not.
 * FORKEXEC_STAGE_BIND, ELOOP: a link on the way to target.
 * FORKEXEC_STAGE_BIND, EPERM.
 * FORKEXEC_STAGE_BIND: the errnos of open_tree(2), mount(2) and mount_setattr(2).
 *
 * See open_tree(2), mount_setattr(2), mount(2).
 */
int forkexec_attr_bind_mount(struct forkexec_attr *attr, const char *source, const char *target, uint32_t flags);

/**
 * The same with ids mapped: what belongs to an id in the user namespace that userns_fd refers to, belongs at target to
 * the id that it is mapped to.
 *
 * userns_fd is the caller's number, borrowed: it must be open during each spawn. Takes Linux 5.12, a file system that
 * can do it, and CAP_SYS_ADMIN where that was mounted. mount_setattr(2), MOUNT_ATTR_IDMAP. Returns as bind_mount does;
 * -EBADF: userns_fd is negative.
 *
 * A spawn can fail later as: ?? bind_mount does, and as
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_VALIDATE, ENOSYS: the kernel cannot do it.
 */
int forkexec_attr_bind_mount_idmapped(struct forkexec_attr *attr,
                                      const char *source,
                                      const char *target,
                                      int32_t userns_fd,
                                      uint32_t flags);

/**
 * Lets the file or directory that the descriptor fd refers to appear at target, as bind_mount does; O_PATH is enough.
 *
 * What appears is what fd refers to, by device and inode, or the spawn fails: nothing that others rename meanwhile
 * changes it. fd is the caller's number, borrowed: it must be open during each spawn, and the program does not get it
 * unless it is mapped. It must have a path in the caller's root, which is read in the caller's /proc. flags are those
 * of bind_mount but FORKEXEC_MOUNT_OPTIONAL. target is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or "/", flags has others.
 * -EBADF: fd is negative.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as: ?? bind_mount does, as
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_VALIDATE, ELOOP: it refers to a symbolic link.
 * FORKEXEC_STAGE_RESOLVE, ENOENT: no /proc.
 * FORKEXEC_STAGE_BIND, ESTALE: what fd refers to was moved, removed or covered, or has no path in the caller's root.
 *
 * See open_tree(2), mount_setattr(2), mount(2).
 */
int forkexec_attr_bind_mount_fd(struct forkexec_attr *attr, int32_t fd, const char *target, uint32_t flags);

/**
 * Mounts an empty file system in memory at target.
 *
 * size_bytes is the most that it may hold, rounded up to pages; 0 is the kernel's default, half of the memory. mode is
 * that of its root, up to 07777. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE and
 * _FOLLOW. target is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or "/", mode is above 07777, flags has others.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_TMPFS, ENOENT, ENOTDIR or ELOOP: target.
 * FORKEXEC_STAGE_TMPFS, EPERM.
 *
 * See tmpfs(5).
 */
int forkexec_attr_mount_tmpfs(struct forkexec_attr *attr,
                              const char *target,
                              uint64_t size_bytes,
                              uint32_t mode,
                              uint32_t flags);

/**
 * Mounts at target an overlay: the count directories lowers, of which the first lies uppermost, appear as one, and
 * what is written goes to the directory upper, while lowers stay as they are.
 *
 * work is an empty directory of the same mount as upper, in which the kernel works; it leaves a directory behind in
 * it. upper and work NULL: with FORKEXEC_MOUNT_IN_MEMORY what is written goes to memory, and with the mount; without,
 * nothing can be written, and there are two lowers at least. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID,
 * _NODEV, _NOEXEC, _CREATE, _FOLLOW and _IN_MEMORY. All four are the caller's paths, as the source of bind_mount is,
 * and may hold any byte: what overlayfs would read as the end of one is escaped. What is mounted below them does not
 * appear, and in a user namespace that is made nothing may be (EINVAL). All are copied. An item of the list of mounts:
 * see add_mount. What the program did stands in upper afterwards, in the kernel's format: what it wrote, whole; for
 * what it removed a character device 0/0 of that name; and for a directory that it removed and made again, or made in
 * the place of another, one with the extended attribute trusted.overlay.opaque. Of an overlay outside of the initial
 * user namespace, the caller's or a new one, the attribute is user.overlay.opaque (the option userxattr), which not
 * every file system holds (tmpfs from Linux 6.6 on): where it cannot be kept, such a change fails with EIO. Renaming a
 * directory that is in lowers fails with EXDEV there, as mv(1) expects. lowers and upper are not to be changed from
 * outside meanwhile. mount(2), https://docs.kernel.org/filesystems/overlayfs.html.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr, lowers, one of them or target is NULL, count is 0 or above 500, an empty path, one of upper and work
 *   without the other, both with FORKEXEC_MOUNT_IN_MEMORY, one lower and nothing to write to, target is not a path
 *   inside the root or "/", flags has others.
 * -ENAMETOOLONG: one of them has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, ENAMETOOLONG: all of them, with what is escaped, have more than about 4000 bytes.
 * FORKEXEC_STAGE_ROOT.
 * FORKEXEC_STAGE_RESOLVE: a relative path, and no working directory.
 * FORKEXEC_STAGE_OVERLAY, ENOENT or ENOTDIR: one of them, or target.
 * FORKEXEC_STAGE_OVERLAY, ELOOP: one lies within another, or a link on the way to target.
 * FORKEXEC_STAGE_OVERLAY, EINVAL: one of them is no directory, upper and work are not side by side in one mount, or on
 *   a file system that cannot be written to so, as another overlay.
 * FORKEXEC_STAGE_OVERLAY, ENODEV: no overlayfs.
 * FORKEXEC_STAGE_OVERLAY, EPERM: a user namespace before Linux 5.11.
 * FORKEXEC_STAGE_OVERLAY, EBUSY: upper or work is in use.
 */
int forkexec_attr_mount_overlay(struct forkexec_attr *attr,
                                const char *const *lowers,
                                size_t count,
                                const char *upper,
                                const char *work,
                                const char *target,
                                uint32_t flags);

/**
 * Mounts a new proc at target, nosuid, nodev and noexec: that of the child's pid namespace, so in a user namespace a
 * pid namespace has to be created too.
 *
 * flags are any of FORKEXEC_MOUNT_READONLY, FORKEXEC_MOUNT_CREATE, FORKEXEC_MOUNT_KERNEL_READONLY and
 * FORKEXEC_MOUNT_KERNEL_HIDDEN: the last two cover what is no process's, as container runtimes do, and hold for whom
 * make_readonly and mask_path hold. A user namespace inside can mount no proc of its own where one of them is given.
 * target is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or "/", flags has others.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_PROC, ENOENT, ENOTDIR or ELOOP: target.
 * FORKEXEC_STAGE_PROC, EPERM: no pid namespace, or the caller's own /proc is covered in parts, as in a container: bind
 *   /proc instead.
 *
 * See proc(5).
 */
int forkexec_attr_mount_proc(struct forkexec_attr *attr, const char *target, uint32_t flags);

/**
 * Mounts at target a file system in memory with what every program expects in /dev: null, zero, full, random, urandom
 * and tty, which are the caller's, verified by number; pts, an instance of its own, with ptmx; shm, empty; and the
 * links fd, stdin, stdout and stderr, which lead to /proc.
 *
 * flags are any of FORKEXEC_MOUNT_READONLY, which leaves pts and shm writable, and FORKEXEC_MOUNT_CREATE. In a new
 * user namespace devpts takes a mapped id 0. Where the caller maps its own ids to others than 0, with one range of one
 * id each, the mounts are made as id 0 of a first user namespace, and the program is in a second one with the ids that
 * were asked for (FORKEXEC_STAGE_INNER_USER_NAMESPACE), which does not own the other namespaces. target is copied. An
 * item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or "/", flags has others.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT.
 * FORKEXEC_STAGE_DEV (ENOENT, ENOTDIR or ELOOP: target; ENODEV: the caller's device is another; EINVAL: id 0 is not
 *   mapped; EPERM), or for the second user namespace.
 * FORKEXEC_STAGE_PROCFS, ENOENT: no /proc.
 * FORKEXEC_STAGE_INNER_USER_NAMESPACE, ENOSPC: a limit on user namespaces.
 *
 * See null(4), devpts(5), user_namespaces(7).
 */
int forkexec_attr_mount_dev(struct forkexec_attr *attr, const char *target, uint32_t flags);

/**
 * Makes the directory path, with exactly that mode, setuid, setgid and sticky bits included, and what is missing of
 * its parents, with mode 0755.
 *
 * One that is there stays as it is. It is made in the file system that is there: only in a tmpfs, as that of an empty
 * root, does it go with the program. path is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root or "/", mode is above 07777.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_DIRECTORY, ENOTDIR: something else is there.
 * FORKEXEC_STAGE_DIRECTORY, ELOOP: a link is.
 * FORKEXEC_STAGE_DIRECTORY, EPERM: the kernel does not give this mode, as setgid for a group that is not the child's.
 * FORKEXEC_STAGE_DIRECTORY, EACCES, EROFS.
 *
 * See mkdir(2).
 */
int forkexec_attr_make_directory(struct forkexec_attr *attr, const char *path, uint32_t mode);

/**
 * Makes a symbolic link at path that holds contents, which may be any text, and what is missing of its parents, as
 * make_directory does.
 *
 * A link that holds the same may be there. Both are copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr, contents or path is NULL, contents is empty, path is not a path inside the root or "/".
 * -ENAMETOOLONG: contents or path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_SYMLINK, EEXIST: something else is there.
 * FORKEXEC_STAGE_SYMLINK, ELOOP: a link is on the way.
 * FORKEXEC_STAGE_SYMLINK, EACCES, EROFS.
 *
 * See symlink(2).
 */
int forkexec_attr_make_symlink(struct forkexec_attr *attr, const char *contents, const char *path);

/**
 * Makes the file path, with exactly that mode, as make_directory does, which holds length bytes, at most 65536:
 * make_file_fd copies a larger one.
 *
 * bytes may be NULL where length is 0. What is missing of its parents is made too, as by make_directory. Both are
 * copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, bytes is NULL and length is not 0, length is above 65536, path is not a path inside
 *   the root or "/", mode is above 07777.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_FILE, EEXIST: something is there.
 * FORKEXEC_STAGE_FILE, ELOOP: a link is on the way.
 * FORKEXEC_STAGE_FILE, EPERM: see make_directory.
 * FORKEXEC_STAGE_FILE, EACCES, EROFS, ENOSPC.
 *
 * See open(2), O_CREAT | O_EXCL.
 */
int forkexec_attr_make_file(struct forkexec_attr *attr,
                            const char *path,
                            const uint8_t *bytes,
                            size_t length,
                            uint32_t mode);

/**
 * Makes the file path as make_file does, of any length: a copy of what the descriptor fd holds from its start on.
 *
 * fd refers to a regular file, or to what memfd_create(2) makes, and is the caller's number, borrowed: it must be open
 * for reading during each spawn, whose offset is neither used nor changed. path is copied. An item of the list of
 * mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root or "/", mode is above 07777.
 * -EBADF: fd is negative.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as: ?? make_file does, as
 * FORKEXEC_STAGE_VALIDATE (EBADF: not open; EINVAL: it refers to something else) or as.
 * FORKEXEC_STAGE_FILE, EBADF: not open for reading.
 * FORKEXEC_STAGE_FILE: the errnos of pread(2).
 *
 * See pread(2).
 */
int forkexec_attr_make_file_fd(struct forkexec_attr *attr, const char *path, int32_t fd, uint32_t mode);

/**
 * Mounts a file in memory at target, which is a file too: a copy of what fd holds, as make_file_fd makes it.
 *
 * It goes with the mount, and what lies at target stays as it is. flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID,
 * _NODEV, _NOEXEC, _CREATE and _FOLLOW. target is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or target is NULL, target is not a path inside the root or "/", mode is above 07777, flags has others.
 * -EBADF: fd is negative.
 * -ENAMETOOLONG: target has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as: ?? make_file_fd does, or as
 * FORKEXEC_STAGE_FILE, ENOENT, ELOOP: target.
 * FORKEXEC_STAGE_FILE, ENOTDIR: target is a directory.
 * FORKEXEC_STAGE_FILE, EPERM.
 * FORKEXEC_STAGE_FILE, ENOSPC: memory.
 *
 * See tmpfs(5), mount(2).
 */
int forkexec_attr_mount_file_fd(struct forkexec_attr *attr,
                                int32_t fd,
                                const char *target,
                                uint32_t mode,
                                uint32_t flags);

/**
 * Hides what is at path: a directory under an empty read-only one, a file under the caller's /dev/null, verified by
 * its number.
 *
 * Where there is nothing (ENOENT), there is nothing to hide. path is copied. An item of the list of mounts: see
 * add_mount. mount(2). This holds for a program without CAP_SYS_ADMIN in its mount namespace: one that keeps it, as
 * root of a user namespace of its own does unless its capabilities are dropped, can undo it with umount(2) or
 * mount(2). What such a program makes in further user namespaces cannot.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root or "/".
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_MASK, ELOOP: a link is there or on the way.
 * FORKEXEC_STAGE_MASK, ENODEV: /dev/null is something else.
 * FORKEXEC_STAGE_MASK, EPERM.
 */
int forkexec_attr_mask_path(struct forkexec_attr *attr, const char *path);

/**
 * Makes what is at path read-only, with all that is mounted below.
 *
 * It has to be there. path is copied. An item of the list of mounts: see add_mount. mount_setattr(2), mount(2). This
 * holds for a program without CAP_SYS_ADMIN in its mount namespace: one that keeps it, as root of a user namespace of
 * its own does unless its capabilities are dropped, can undo it with umount(2) or mount(2). What such a program makes
 * in further user namespaces cannot.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root or "/".
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_READONLY, ENOENT: nothing is there.
 * FORKEXEC_STAGE_READONLY, ELOOP: a link is there or on the way.
 * FORKEXEC_STAGE_READONLY, EPERM.
 */
int forkexec_attr_make_readonly(struct forkexec_attr *attr, const char *path);

/**
 * Adds flags, any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV and _NOEXEC, to what is mounted at path, beside those
 * that it has, and not to what is mounted below.
 *
 * With FORKEXEC_MOUNT_FOLLOW symbolic links in path are followed, inside the root. path may be "/", where nothing can
 * be made any more after FORKEXEC_MOUNT_READONLY: see set_root for a root that is read-only in the end. For whom this
 * holds, see make_readonly. path is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root, flags has none of the four, or others.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_REMOUNT, EINVAL: nothing is mounted at this very path.
 * FORKEXEC_STAGE_REMOUNT, ENOENT.
 * FORKEXEC_STAGE_REMOUNT, ELOOP: a link is there or on the way.
 * FORKEXEC_STAGE_REMOUNT, EPERM.
 *
 * See mount(2), MS_REMOUNT | MS_BIND.
 */
int forkexec_attr_remount(struct forkexec_attr *attr, const char *path, uint32_t flags);

/**
 * Gives what is at path exactly that mode, setuid, setgid and sticky bits included: in the file system that is there,
 * which only in memory, as that of an empty root, goes with the program.
 *
 * path is copied. An item of the list of mounts: see add_mount.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is not a path inside the root, mode is above 07777.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE.
 * FORKEXEC_STAGE_ROOT or.
 * FORKEXEC_STAGE_MODE, ENOENT.
 * FORKEXEC_STAGE_MODE, ELOOP: a link is there or on the way.
 * FORKEXEC_STAGE_MODE, EPERM: it is another's, or see make_directory.
 * FORKEXEC_STAGE_MODE, EROFS.
 * FORKEXEC_STAGE_MODE, EOPNOTSUPP: a file, and the caller has no /proc.
 *
 * See chmod(2).
 */
int forkexec_attr_change_mode(struct forkexec_attr *attr, const char *path, uint32_t mode);

/**
 * Gives the program a root of its own: the directory path with all that is mounted below it, or for NULL an empty one
 * in memory, which goes with the program.
 *
 * The list of mounts is made in it; then the old root is detached, and not even privilege leads back, other than with
 * set_chroot. The program starts in "/", unless set_cwd says otherwise; its path, set_cwd and the actions are looked
 * up in the new root. flags are any of FORKEXEC_ROOT_READONLY, _NOSUID, _NODEV and _NOEXEC, which hold for the root
 * and what is mounted below path; READONLY for the root itself in the end, when all is made. A program that keeps
 * CAP_SYS_ADMIN, also in its own new user namespace, can make it writable again. What this attr mounts in it is as it
 * was asked for. The caller's root has to be a mount, as it is everywhere but in a chroot or an initramfs. Needs a new
 * mount namespace. path is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, path is empty, flags has others.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE, EINVAL: no new mount namespace, its propagation would bring the mounts to the caller,
 *   set_chroot.
 * FORKEXEC_STAGE_IMAGE: see set_memory_mode.
 * FORKEXEC_STAGE_ROOT, ENOENT: path is missing.
 * FORKEXEC_STAGE_ROOT, ENOTDIR: it is no directory.
 * FORKEXEC_STAGE_ROOT, EPERM.
 * FORKEXEC_STAGE_PIVOT_ROOT, EINVAL: the caller's root is not a mount.
 * FORKEXEC_STAGE_ROOT_READONLY.
 *
 * See pivot_root(2).
 */
int forkexec_attr_set_root(struct forkexec_attr *attr, const char *path, uint32_t flags);

/**
 * Makes the directory path the program's root, and its working directory too, unless set_cwd or set_cwd_fd says
 * otherwise: nothing of the program starts outside.
 *
 * It is entered before the ids change, with CAP_SYS_CHROOT. The program's path, set_cwd and the actions are looked up
 * in the new root. A program with privileges can leave a chroot. path is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is empty.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_IMAGE: see set_memory_mode.
 * FORKEXEC_STAGE_CHROOT with the errno of chroot(2) or chdir(2).
 *
 * See chroot(2).
 */
int forkexec_attr_set_chroot(struct forkexec_attr *attr, const char *path);

/* ---------------------------------------------------------------------------------------------------------------------
 * 14. Keyrings and security labels
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Gives the program the session keyring of that name, which is made where no keyring of that name may be searched, or
 * with name NULL a new one without a name: the keys in the caller's are then not the program's.
 *
 * The caller's own stays as it is. name is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, name is empty or has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_KEYRING, ENOSYS: the kernel has no keyrings, which allow_failure lets pass.
 * FORKEXEC_STAGE_KEYRING, EDQUOT: the user has too many keys.
 * FORKEXEC_STAGE_KEYRING, EPERM: name begins with ".".
 * FORKEXEC_STAGE_KEYRING, EACCES.
 *
 * See keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
 */
int forkexec_attr_set_session_keyring(struct forkexec_attr *attr, const char *name);

/**
 * Says who may do what with the session keyring of set_session_keyring: permissions are the bits of keyctl(2) for its
 * possessor, its owner, its group and others, in that order from the highest byte, for example 0x3f090000.
 *
 * A keyring of that name that was there before gets them, too. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, a bit besides 0x3f3f3f3f.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_session_keyring.
 * FORKEXEC_STAGE_KEYRING_PERMISSIONS, EACCES: no right to change it.
 * FORKEXEC_STAGE_KEYRING_PERMISSIONS, EPERM: it is another user's.
 *
 * See keyctl(2), KEYCTL_SETPERM.
 */
int forkexec_attr_set_keyring_permissions(struct forkexec_attr *attr, uint32_t permissions);

/**
 * Gives the session keyring of set_session_keyring this context of SELinux, if it is new.
 *
 * It is told as set_exec_label tells the program's. label is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or label is NULL, label is empty or has more than 4090 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_session_keyring.
 * FORKEXEC_STAGE_PROCFS: as set_exec_label.
 * FORKEXEC_STAGE_KEYRING_LABEL, ENOENT or EINVAL: no SELinux, or no such context.
 * FORKEXEC_STAGE_KEYRING_LABEL, EACCES: its policy.
 * FORKEXEC_STAGE_KEYRING_LABEL, ENOSYS: Linux before 5.6.
 * FORKEXEC_STAGE_KEYRING_LABEL, EXDEV: something is mounted over the file.
 *
 * See proc_pid_attr(5), keycreate.
 */
int forkexec_attr_set_keyring_label(struct forkexec_attr *attr, const char *label);

/**
 * Gives the program this profile of AppArmor, whichever modules there are: with set_exec_label the label there is then
 * SELinux's, and the program gets both, or the spawn fails.
 *
 * It is told as set_exec_label tells that label. profile is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or profile is NULL, profile is empty or has more than 4090 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PROCFS: as set_exec_label.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, ENOENT: no AppArmor, or no such profile.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, EINVAL.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, EACCES: its policy.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, ENOSYS: Linux before 5.6.
 * FORKEXEC_STAGE_APPARMOR_PROFILE, EXDEV: something is mounted over the file.
 *
 * See proc_pid_attr(5), apparmor/exec.
 */
int forkexec_attr_set_apparmor_profile(struct forkexec_attr *attr, const char *profile);

/**
 * Gives the program the label under which the host's security module knows it: a context of SELinux or a profile of
 * AppArmor, whichever there is; with set_apparmor_profile SELinux's.
 *
 * It is told to the kernel by the caller's /proc, of which the child takes hold before any namespace or root changes:
 * what is mounted over its files, or stands for it in a namespace that is joined, is not written to. Needs Linux 5.6.
 * label is copied; the last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or label is NULL, label is empty or has more than 4090 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_PROCFS, ENOENT: no /proc.
 * FORKEXEC_STAGE_PROCFS, EOPNOTSUPP: it is no procfs.
 * FORKEXEC_STAGE_EXEC_LABEL, EINVAL or ENOENT: no security module that takes one, or no such label.
 * FORKEXEC_STAGE_EXEC_LABEL, EACCES: the module's policy.
 * FORKEXEC_STAGE_EXEC_LABEL, ENOSYS: Linux before 5.6.
 * FORKEXEC_STAGE_EXEC_LABEL, EXDEV: something is mounted over it.
 * FORKEXEC_STAGE_EXEC, EACCES: the policy does not let this program have it.
 *
 * See proc_pid_attr(5).
 */
int forkexec_attr_set_exec_label(struct forkexec_attr *attr, const char *label);

/* ---------------------------------------------------------------------------------------------------------------------
 * 15. Seccomp filters
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * forkexec_attr_add_seccomp_filter: put it on all threads, of which the child has one. Equal to
 * SECCOMP_FILTER_FLAG_TSYNC, as the following are to theirs; seccomp(2).
 */
#define FORKEXEC_SECCOMP_TSYNC 0x1

/** Log what the filter does, but for what it allows. */
#define FORKEXEC_SECCOMP_LOG 0x2

/** Leave the mitigation of speculative store bypass off. */
#define FORKEXEC_SECCOMP_SPEC_ALLOW 0x4

/**
 * Let the caller answer for what the filter asks about: forkexec_child_seccomp_fd. The kernel calls it NEW_LISTENER.
 */
#define FORKEXEC_SECCOMP_LISTENER 0x8

/**
 * With LISTENER: once the listener has received a call, only a signal that kills interrupts it; Linux 5.19. The kernel calls
 * it WAIT_KILLABLE_RECV.
 */
#define FORKEXEC_SECCOMP_KILLABLE 0x20

/**
 * Adds a seccomp filter of count instructions, 1 to 4096, which is copied; flags: FORKEXEC_SECCOMP_ bits or 0.
 *
 * Repeated calls add filters, which are loaded in call order. Each has to allow the system call that loads the next:
 * seccomp, or, for a filter without flags, prctl with PR_SET_SECCOMP. seccomp(2). With set_no_new_privs they come last
 * of all, and have to allow nothing of the library's but execve (with set_exec_fd execveat); with set_pid_variable
 * getpid, with set_busy_retry nanosleep, with LISTENER and a real-time policy futex; and exit_group for when the exec
 * fails. The signal mask is set before filters that may refuse rt_sigprocmask. Without set_no_new_privs they need
 * CAP_SYS_ADMIN, come before the ids change, and have to allow those and, as far as they are asked for:
 * rt_sigprocmask, setgroups, setresgid, setresuid, capset, prctl, chdir, fchdir, getcwd, fcntl, dup3, openat, close,
 * close_range, ppoll, prlimit64, ptrace, kill, getpid, getppid, rt_sigaction, and what set_init names. A child that
 * its filter kills has failed, with SIGSYS, and is never one in the caller's memory. Where the filter decides on execve
 * by its arguments, status.ran of
 * forkexec_wait tells it. With FORKEXEC_SECCOMP_LISTENER, for one filter of an attr, what the filter answers with
 * SECCOMP_RET_USER_NOTIF waits for the caller, who gets the listener by forkexec_child_seccomp_fd when the spawn or
 * the release has returned. Until then the library itself lets its own calls go on, so nothing waits for who cannot
 * answer yet. This needs Linux 5.5, and for a moment a second thread in the child, which RLIMIT_NPROC and pids.max
 * count. A signal interrupts a call that waits, and the caller's answer is lost; with FORKEXEC_SECCOMP_KILLABLE, which
 * needs Linux 5.19, only one that kills does, once the caller has received the call.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or program is NULL, count is 0 or above 4096, an unknown flag, TSYNC with LISTENER, KILLABLE without
 *   LISTENER.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: two listeners.
 * FORKEXEC_STAGE_VALIDATE: a listener with a new time namespace, or with unshare_namespaces(FORKEXEC_NS_PID).
 * FORKEXEC_STAGE_SECCOMP or.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EINVAL: not a filter, or a flag that the kernel does not know.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EACCES: neither CAP_SYS_ADMIN nor set_no_new_privs.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EBUSY: a filter that the caller is under has a listener.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EAGAIN: no second thread.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, ENOMEM: more than 32768 instructions in all.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EMFILE, EPERM: too many descriptors, or a filter of the caller's, keep the
 *   listener from coming.
 *
 * The error's index is the place among the filters.
 */
int forkexec_attr_add_seccomp_filter(struct forkexec_attr *attr,
                                     const struct sock_filter *program,
                                     uint32_t count,
                                     uint32_t flags);

/**
 * Lets neither the program nor its descendants make a user namespace, so that what the kernel opens to its owner is
 * out of their reach: unshare(2) and clone(2) with CLONE_NEWUSER fail with EPERM, by whichever ABI of the kernel they
 * come, and clone3(2), whose flags no filter sees, with ENOSYS, so that programs use clone(2).
 *
 * A seccomp filter of its own, which stays for ever, needs no user namespace and no privilege, but set_no_new_privs.
 * The child looks whether the three calls are refused, and else there is no program. Namespaces that there are can be
 * joined (setns(2)), with a descriptor of them; those that this spawn makes, it makes before.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
 * FORKEXEC_STAGE_USER_NAMESPACES, EINVAL, ENOSYS: the kernel has no filters.
 * FORKEXEC_STAGE_USER_NAMESPACES, ENOMEM: more than 32768 instructions in all.
 * FORKEXEC_STAGE_USER_NAMESPACES, EOPNOTSUPP: the filter is on, and does nothing.
 *
 * See seccomp(2).
 */
int forkexec_attr_deny_user_namespaces(struct forkexec_attr *attr);

/**
 * Adds a ready-made filter that lets nobody type into a terminal that he shares with others: ioctl(2) with TIOCSTI or
 * TIOCLINUX fails with EPERM, by whichever ABI of the kernel it comes.
 *
 * For programs that run with less privilege than whoever else uses their terminal, where set_session or a terminal of
 * their own is not wanted. One more filter among those of add_seccomp_filter, which says where it is put on; a
 * repeated call adds none.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_SECCOMP or.
 * FORKEXEC_STAGE_PRIVILEGED_SECCOMP.
 *
 * The error's index is the place among the filters.
 *
 * See TIOCSTI(2const).
 */
int forkexec_attr_deny_terminal_injection(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 16. Landlock
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * forkexec_attr_add_landlock_path: execute a file. Equal to LANDLOCK_ACCESS_FS_EXECUTE, as the following are to
 * theirs; landlock(7).
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

/**
 * Link or rename a file into another directory; Linux 5.19. What is not granted is denied also where it is not handled.
 */
#define FORKEXEC_LANDLOCK_FS_REFER 0x2000

/** Truncate a file; Linux 6.2. */
#define FORKEXEC_LANDLOCK_FS_TRUNCATE 0x4000

/** Ioctl(2) of a device; Linux 6.10. */
#define FORKEXEC_LANDLOCK_FS_IOCTL_DEV 0x8000

/** connect(2), or send to, a UNIX socket by its path that was not made in the same sandbox; Linux 7.1. */
#define FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX 0x10000

/** forkexec_attr_add_landlock_port: bind(2) a TCP socket to it; Linux 6.7. Equal to LANDLOCK_ACCESS_NET_BIND_TCP. */
#define FORKEXEC_LANDLOCK_NET_BIND_TCP 0x1

/** connect(2) a TCP socket to it; Linux 6.7. */
#define FORKEXEC_LANDLOCK_NET_CONNECT_TCP 0x2

/** bind(2) a UDP socket to it; Linux 7.2. */
#define FORKEXEC_LANDLOCK_NET_BIND_UDP 0x4

/** connect(2) a UDP socket to it, or send to it; Linux 7.2. */
#define FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP 0x8

/**
 * forkexec_attr_set_landlock_flags: log nothing that is denied to who puts it on, before the program runs; Linux 6.15.
 * Equal to LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF, as the following are to theirs; landlock_restrict_self(2).
 */
#define FORKEXEC_LANDLOCK_FLAG_LOG_SAME_EXEC_OFF 0x1

/** Log what is denied to the program and to programs that it runs; Linux 6.15. */
#define FORKEXEC_LANDLOCK_FLAG_LOG_NEW_EXEC_ON 0x2

/** Log nothing that is denied by what the program and its descendants put on themselves; Linux 6.15. */
#define FORKEXEC_LANDLOCK_FLAG_LOG_SUBDOMAINS_OFF 0x4

/** On all threads, of which the child has one; Linux 7.0. */
#define FORKEXEC_LANDLOCK_FLAG_TSYNC 0x8

/**
 * forkexec_attr_set_landlock_scopes: no abstract unix sockets of others; Linux 6.12. Equal to
 * LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET.
 */
#define FORKEXEC_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET 0x1

/** No signals to others; Linux 6.12. */
#define FORKEXEC_LANDLOCK_SCOPE_SIGNAL 0x2

/**
 * Restricts the program by a ruleset of the caller's: fd is what landlock_create_ruleset(2) gave, borrowed, and must
 * be open during each spawn.
 *
 * What add_landlock_path and the others ask for is a second restriction on top of it. What they have no words for, as
 * the quiet rules of Linux 7.2, such a ruleset can have. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 * -EBADF: fd is negative.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
 * FORKEXEC_STAGE_VALIDATE, EBADF: not open.
 * FORKEXEC_STAGE_FD_INTERNAL or.
 * FORKEXEC_STAGE_LANDLOCK, EBADFD: not a ruleset.
 * FORKEXEC_STAGE_LANDLOCK, E2BIG: too many restrictions on top of each other.
 *
 * See landlock_restrict_self(2).
 */
int forkexec_attr_set_landlock_ruleset(struct forkexec_attr *attr, int32_t fd);

/**
 * Grants access, FORKEXEC_LANDLOCK_FS_ bits, to the file path, or to the directory path and all beneath it.
 *
 * All accesses to files that no such call grants are denied, everywhere: unless set_landlock_handled says otherwise,
 * the sixteen up to IOCTL_DEV, and of newer ones those that some call grants. Bits that a newer kernel knows are
 * passed on as they are. The program itself, its loader and its libraries need EXECUTE and READ_FILE. A path that is
 * not a directory takes EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV and RESOLVE_UNIX only. path is looked up
 * by the child in its final root and working directory, with the program's ids; symbolic links are followed. What is
 * open already is not restricted. Needs no privilege, no namespace, but set_no_new_privs. path is copied; repeated
 * calls add.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or path is NULL, path is empty, access is 0.
 * -ENAMETOOLONG: path has more than 4095 bytes.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
 * FORKEXEC_STAGE_VALIDATE: not handled.
 * FORKEXEC_STAGE_LANDLOCK_RULE: the errno of open(2).
 * FORKEXEC_STAGE_LANDLOCK_RULE, EINVAL: an access that a file does not have, or with index -1 one that a kernel newer
 *   than 7.2 does not know.
 * FORKEXEC_STAGE_LANDLOCK_RULE, ENOMEM.
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or an older one.
 *
 * The error's index is the place among the calls of add_landlock_path and add_landlock_port.
 *
 * See landlock(7).
 */
int forkexec_attr_add_landlock_path(struct forkexec_attr *attr, const char *path, uint64_t access);

/**
 * Grants access, FORKEXEC_LANDLOCK_NET_ bits, to a port of TCP or UDP; 0 is any port that the kernel chooses for
 * bind(2).
 *
 * Binding and connecting of TCP that no such call grants is denied, and of UDP what some call grants, to all other
 * ports. Other protocols are not restricted. Repeated calls add.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, access is 0.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
 * FORKEXEC_STAGE_VALIDATE: not handled.
 * FORKEXEC_STAGE_LANDLOCK_RULE or.
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or one before Linux 6.7, for UDP 7.2.
 *
 * The error's index is the place among the calls of add_landlock_path and add_landlock_port.
 *
 * See landlock(7).
 */
int forkexec_attr_add_landlock_port(struct forkexec_attr *attr, uint16_t port, uint64_t access);

/**
 * Says which accesses are denied where no rule grants them: fs, FORKEXEC_LANDLOCK_FS_ bits, and net,
 * FORKEXEC_LANDLOCK_NET_ bits; the others are left alone.
 *
 * With net alone and no add_landlock_port, none at all. Without this call add_landlock_path means the sixteen of fs up
 * to IOCTL_DEV, add_landlock_port the two of TCP, and both what is granted of newer ones. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as: ?? add_landlock_path does
 *
 * See landlock(7).
 */
int forkexec_attr_set_landlock_handled(struct forkexec_attr *attr, uint64_t fs, uint64_t net);

/**
 * Keeps the program and its descendants to themselves: with scopes, FORKEXEC_LANDLOCK_SCOPE_ bits, they do not connect
 * to abstract unix sockets, or send no signals, outside.
 *
 * Bits that a newer kernel knows are passed on as they are. The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or one before Linux 6.12.
 *
 * See landlock(7).
 */
int forkexec_attr_set_landlock_scopes(struct forkexec_attr *attr, uint64_t scopes);

/**
 * Puts each ruleset on with flags, FORKEXEC_LANDLOCK_FLAG_ bits, or bits that a newer kernel knows: they are passed on
 * as they are.
 *
 * They say which denials the kernel writes into the audit log. It sees the program as a new one, so without
 * LOG_NEW_EXEC_ON nothing that is denied to the program is logged. With a ruleset of the caller's and one of ours,
 * LOG_SUBDOMAINS_OFF is for what the program puts on, not for the second of the two. With LOG_SUBDOMAINS_OFF, and no
 * rule, scope or ruleset at all, nothing is denied, and what the program puts on is not logged. 0 asks for none. The
 * last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
 * FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, one before Linux 6.15, or one before 7.0 and not
 *   just the flags for logs.
 * FORKEXEC_STAGE_LANDLOCK, EINVAL: a flag that the kernel does not know.
 * FORKEXEC_STAGE_LANDLOCK, EBADF: other flags than LOG_SUBDOMAINS_OFF, and nothing to put on.
 *
 * See landlock_restrict_self(2).
 */
int forkexec_attr_set_landlock_flags(struct forkexec_attr *attr, uint32_t flags);

/**
 * Does without the accesses, scopes and flags that this kernel's Landlock does not know, all of them where it has
 * none: the program is then less restricted than was asked.
 *
 * forkexec_describe says what is left out, forkexec_probe whether anything has to be. A ruleset of the caller's is not
 * concerned.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 */
int forkexec_attr_allow_partial_landlock(struct forkexec_attr *attr);

/* ---------------------------------------------------------------------------------------------------------------------
 * 17. Sockets, terminals and devices for the caller
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Makes a socket inside, in the network namespace and the root that the program gets, and hands it to the caller, who
 * accepts by it what the program connects to: forkexec_child_listen_fd.
 *
 * So a proxy of the caller's needs no interface, no relay and no namespace of its own. type: SOCK_STREAM or
 * SOCK_DGRAM, or SOCK_SEQPACKET with AF_UNIX. address, length: a struct sockaddr_in or sockaddr_in6, whole, or a
 * sockaddr_un with an absolute path or an abstract name; port 0 is any that is free, which getsockname(2) tells.
 * backlog: as listen(2) takes it; a SOCK_DGRAM socket is only bound. In a new network namespace 127.0.0.1 and ::1 need
 * set_loopback. With TCP, SO_REUSEADDR is set. The socket is made before the ids are set, so a new user namespace
 * gives the right to any port, except where mount_dev under other ids than 0 takes a second one. What is at a path is
 * never replaced, and is left to the caller to remove; its mode is what the umask leaves of 0777. The program itself
 * does not get the socket. address is copied; repeated calls add, at most 32.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr or address is NULL, length is not that of the family's address, a path is not absolute, no such type,
 *   backlog is negative, more than 32 sockets.
 * -EAFNOSUPPORT: another family.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: a loopback address without set_loopback.
 * FORKEXEC_STAGE_LISTEN, EADDRINUSE.
 * FORKEXEC_STAGE_LISTEN, EADDRNOTAVAIL: no interface in there has the address.
 * FORKEXEC_STAGE_LISTEN, EACCES: a port below 1024 without CAP_NET_BIND_SERVICE, or no right to write to the
 *   directory.
 * FORKEXEC_STAGE_LISTEN, ENOENT, EROFS.
 * FORKEXEC_STAGE_LISTEN, EAFNOSUPPORT: the kernel has no IPv6.
 * FORKEXEC_STAGE_HAND_OVER.
 *
 * The error's index is the place among the calls of listen.
 *
 * See socket(2), bind(2), listen(2), ip(7), unix(7).
 */
int forkexec_attr_listen(struct forkexec_attr *attr, int32_t type, const void *address, size_t length, int32_t backlog);

/**
 * Gives the program a terminal of its own: a new pseudoterminal, opened inside as /dev/ptmx, so it is of the devpts of
 * mount_dev, or of the caller's where the program has the caller's root.
 *
 * The program leads a new session, as with set_session, the terminal is its controlling terminal, and its descriptors
 * 0 to 2, unless map_fd gives it others there. The caller is handed the other end: forkexec_child_terminal_fd. rows,
 * columns: its size, both 0 where it is not known; TIOCSWINSZ on the other end changes it later. The file below
 * /dev/pts belongs to the uid of set_uid, where the kernel permits that. Nothing is mounted at /dev/console; programs
 * find the terminal as /dev/tty. With a filter and without no_new_privs, the filter has to allow setsid(2), ioctl(2)
 * and dup3(2). The last call wins.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_VALIDATE: with set_process_group, set_controlling_terminal, set_foreground or detach_terminal.
 * FORKEXEC_STAGE_VALIDATE: in a holder.
 * FORKEXEC_STAGE_TERMINAL, ENOENT: the root has no /dev/ptmx: add mount_dev.
 * FORKEXEC_STAGE_TERMINAL, ENODEV: it is another device.
 * FORKEXEC_STAGE_TERMINAL, ENOSPC: too many terminals.
 * FORKEXEC_STAGE_TERMINAL, EINVAL, ENOTTY: the kernel, before Linux 4.13, has no TIOCGPTPEER.
 * FORKEXEC_STAGE_STREAMS, EPERM: the session has a terminal already.
 *
 * See pty(7).
 */
int forkexec_attr_set_terminal(struct forkexec_attr *attr, uint16_t rows, uint16_t columns);

/**
 * Makes a network device in the network namespace of the program, and hands the caller the descriptor that reads and
 * writes its packets: forkexec_child_tun_fd.
 *
 * name: at most 15 bytes; NULL, or one with %d, lets the kernel choose. flags: IFF_TUN or IFF_TAP, as a rule with
 * IFF_NO_PI, and others of TUNSETIFF. The device is down and has no address: whoever has CAP_NET_ADMIN in the
 * namespace gives it one (setns(2) with forkexec_child_namespace_fd, while the child is held, or the program itself).
 * It is gone when the descriptor is closed. /dev/net/tun is opened in the caller's mounts, or in those of a mount
 * namespace that is joined. The last call wins. netdevice(7), and Documentation/networking/tuntap.rst of the kernel.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: attr is NULL, a longer name or one with a slash or a space, no or both kinds in flags, a flag above 0xffff.
 * -ENOMEM.
 *
 * A spawn can fail later as:
 * FORKEXEC_STAGE_TUN, ENOENT, ENXIO, ENODEV: there is no /dev/net/tun, see FORKEXEC_PROBE_TUN.
 * FORKEXEC_STAGE_TUN, EACCES: no right to open it.
 * FORKEXEC_STAGE_TUN, EPERM: no CAP_NET_ADMIN in the network namespace, or the cgroup forbids the device.
 * FORKEXEC_STAGE_TUN, EBUSY: there is such a device.
 * FORKEXEC_STAGE_TUN, EINVAL: an unknown flag.
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
 * When the call fails, the child has been reaped and nothing of it is left behind.
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
 * Arguments are those of forkexec_spawn. Descriptors that attr names need not be open any more when this returns.
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

/** forkexec_wait: leave the child to be waited for again. */
#define FORKEXEC_WAIT_NOREAP 0x1

/**
 * forkexec_wait: tell, too, that the child has stopped, or is traced and has. With set_init it is the init that is watched.
 */
#define FORKEXEC_WAIT_STOPPED 0x2

/** forkexec_wait: tell, too, that the child has been continued by SIGCONT. */
#define FORKEXEC_WAIT_CONTINUED 0x4

/**
 * forkexec_wait: tell, too, that the program of a lingering init has ended while the init goes on. Each wait tells it again,
 * until the init has ended. See forkexec_attr_set_lingering_init.
 */
#define FORKEXEC_WAIT_PROGRAM 0x8

/** forkexec_wait: status.wait_status, exit_code, signal and core_dumped are filled. */
#define FORKEXEC_STATUS_EXIT 0x1

/** status.ran is filled. */
#define FORKEXEC_STATUS_RAN 0x2

/** The times, faults, blocks, switches and max_rss are filled. */
#define FORKEXEC_STATUS_USAGE 0x4

/** status.memory_peak_bytes is filled. */
#define FORKEXEC_STATUS_MEMORY_PEAK 0x8

/**
 * status.out_of_memory and oom_kills are filled: the child had a cgroup that counts memory, and that is still there.
 */
#define FORKEXEC_STATUS_OUT_OF_MEMORY 0x10

/** status.max_rss_bytes has nothing of the caller's in it: see forkexec_attr_measure_memory. */
#define FORKEXEC_STATUS_OWN_MEMORY 0x20

/** The child has stopped, and not ended: status.wait_status and stop_signal are filled. */
#define FORKEXEC_STATUS_STOPPED 0x40

/** The child has been continued, and not ended: status.wait_status is filled. */
#define FORKEXEC_STATUS_CONTINUED 0x80

/**
 * The program has ended, and its init goes on until the last process in its namespace ends: the child is still to be waited
 * for.
 */
#define FORKEXEC_STATUS_LINGERS 0x100

/** status.ended: the child exited by itself. */
#define FORKEXEC_ENDED_EXIT 1

/** A signal ended it. */
#define FORKEXEC_ENDED_SIGNAL 2

/**
 * A signal by which the kernel tells of a limit that was set: of processor time, SIGXCPU, or of the size of files, SIGXFSZ.
 * Beyond the hard limit of processor time the kernel sends SIGKILL, which is anybody's.
 */
#define FORKEXEC_ENDED_LIMIT 3

/** It ran out of memory: status.out_of_memory is 1. */
#define FORKEXEC_ENDED_MEMORY 4

/** status.ran: the child ended before it was the program. */
#define FORKEXEC_RAN_NO 0

/** The child ended as the program. */
#define FORKEXEC_RAN_YES 1

/**
 * A signal ended the child at its exec or later, and before or after cannot be told: somebody else has reaped it, or
 * /proc does not tell: there is none, no descriptor is left to look there, or a filter kept the library's image from naming
 * itself, PR_SET_NAME; or it is an init that was killed before it could tell.
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
 * forkexec_attr_set_lingering_init has ended and its init goes on: FORKEXEC_STATUS_LINGERS is beside FORKEXEC_STATUS_EXIT.
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
 * -ECHILD: somebody else has reaped the child.
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
 * child is still to be waited for.
 *
 * Returns 0, or a negative errno:
 * -EINVAL: child is NULL.
 * -EOPNOTSUPP: the attr has none of the three, and nobody was killed.
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
 * -EOPNOTSUPP: the attr has none of the three, and no process got the signal.
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
 * FORKEXEC_STAGE_CGROUP, EINVAL: parent_fd is no directory of a cgroup2 file system.
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
 * 21. Probe
 * ------------------------------------------------------------------------------------------------------------------ */

/** forkexec_probe: clone3(2). */
#define FORKEXEC_PROBE_CLONE3 1

/** close_range(2). */
#define FORKEXEC_PROBE_CLOSE_RANGE 2

/** pidfd_open(2). */
#define FORKEXEC_PROBE_PIDFD 3

/** Children can share the caller's memory. */
#define FORKEXEC_PROBE_SHARED_MEMORY 4

/** The built-in image can be executed: FORKEXEC_MEMORY_FRESH. */
#define FORKEXEC_PROBE_IMAGE 5

/** User namespaces with the caller's own ids mapped. */
#define FORKEXEC_PROBE_USER_NAMESPACE 6

/** Children can be born in a cgroup. */
#define FORKEXEC_PROBE_BIRTH_IN_CGROUP 7

/** A time namespace can be made and entered, perhaps in a new user namespace: a holder of one is tried. */
#define FORKEXEC_PROBE_TIME_NAMESPACE 8

/** Seccomp filters: seccomp(2). */
#define FORKEXEC_PROBE_SECCOMP 9

/** Landlock, with the sixteen accesses to files, TCP ports and scopes. */
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
