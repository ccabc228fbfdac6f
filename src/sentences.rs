//! Every sentence that the library says to people, once: the reason in the message of an error, the answer of
//! forkexec_probe, the lines of forkexec_describe. Names of setters, stages, namespaces and limits are no sentences.
//!
//! To add a sentence, add a line here, and a situation that makes the library say it to `c-tests/failures/sentences.c`. The test does
//! not compile while a line has no situation. `{}` is a part that the situation decides, in the order of `with`.

mod sentence;

pub use sentence::{NOTHING, Sentence};

macro_rules! sentences {
    ($list:ident: $($name:ident: $text:literal,)*) => {
        $(pub const $name: Sentence = Sentence::new($text);)*
        #[cfg(test)]
        const $list: &[(&str, Sentence)] = &[$((stringify!($name), $name)),*];
    };
}

// For c-tests/failures/sentences.c, c-tests/meson.build reads all lines of the form `NAME: "text",` to the end of the second table.

// In the message of an error.
sentences! { ERRORS:
    // Arguments that a setter refuses: `validate (set_cwd): Invalid argument: a path is not empty`.
    ARGUMENT_IS_NULL: "an argument is NULL",
    OUT_OF_MEMORY: "out of memory",
    LIST_NOT_ALIGNED: "the list is not aligned",
    FD_NEGATIVE: "a file descriptor is not negative",
    PATH_EMPTY: "a path is not empty",
    PATH_TOO_LONG: "a path is at most 4095 bytes",
    SEARCH_PATH_EMPTY: "a search path names a directory",
    VARIABLE_NAME: "the name of a variable is not empty and has no '='",
    MEMORY_MODE: "the memory mode is AUTO, FRESH or COPIED",
    CWD_RIGHTS: "the rights are PROGRAM, CALLER or EITHER",
    KEYRING_NAME: "the name of a keyring has 1 to 4095 bytes",
    KEYRING_PERMISSIONS: "the permissions of a key are the bits 0x3f3f3f3f",
    LABEL_LENGTH: "a label has 1 to 4090 bytes",
    NEVER_IGNORED: "SIGKILL and SIGSTOP cannot be ignored",
    DEATH_OF_WHOM: "the death is the thread's or the process's",
    SIGNAL_NUMBER: "a signal is 1 to 64",
    FILE_TOO_LONG: "a file has at most 64 KiB",
    FILE_MODE: "a file mode is at most 07777",
    BIND_FLAGS: "a bind takes MS_REC, RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, NODIRATIME and NOSYMFOLLOW",
    NO_SOURCE: "a bind or a move has a source",
    NO_TYPE: "a new file system has a type",
    REMOUNT_NOTHING: "there is no flag to add",
    OVERLAY_OF_NONE: "an overlay has a lower directory at least",
    OVERLAY_OF_ONE: "an overlay that nothing writes to has two lower directories at least: bind_mount shows one read-only",
    OVERLAY_OF_MANY: "an overlay has at most 500 lower directories",
    OVERLAY_NEEDS_BOTH: "upper and work go together",
    OVERLAY_WRITTEN_TWICE: "what is written goes to upper or to memory, not to both",
    MOUNT_TOO_LONG: "source, type and data are at most 4095 bytes",
    FLAG_OF_OTHERS: "a flag is not for this call",
    INSIDE_SLASH: "a path in the program's root begins with \"/\": write \"/tmp\" for \"tmp\"",
    INSIDE_DOTS: "a path inside the root has no \"..\"",
    ROOT_ITSELF: "the root itself is set_root's",
    CAPABILITY_SETS: "the sets are permitted, effective, inheritable and bounding",
    SECUREBITS: "a securebit that is not defined",
    LANDLOCK_FS: "the access is FORKEXEC_LANDLOCK_FS_ bits",
    LANDLOCK_NET: "the access is FORKEXEC_LANDLOCK_NET_ bits",
    LISTEN_FAMILY: "the family is AF_INET, AF_INET6 or AF_UNIX",
    LISTEN_ADDRESS: "the address is a whole sockaddr_in or sockaddr_in6, or a sockaddr_un with a path or an abstract name",
    LISTEN_TYPE: "the type is SOCK_STREAM or SOCK_DGRAM, or SOCK_SEQPACKET with AF_UNIX",
    LISTEN_BACKLOG: "a backlog is not negative",
    TOO_MANY_SOCKETS: "more than 32 sockets that listen",
    TUN_NAME: "the name of a device has at most 15 bytes, and no slash or space",
    TUN_FLAGS: "the flags have one of IFF_TUN and IFF_TAP, and 16 bits",
    ONE_TYPE: "the type is one of FORKEXEC_NS_*",
    SOME_TYPES: "the types are one or more of FORKEXEC_NS_*",
    JOINED_ALREADY: "a namespace of this type is joined already",
    NO_ID: "4294967295 is no id",
    PROPAGATION: "one of MS_PRIVATE, MS_SLAVE, MS_SHARED and MS_UNBINDABLE, with or without MS_REC, or 0",
    CLOCK: "the clock is CLOCK_MONOTONIC or CLOCK_BOOTTIME",
    NANOSECONDS: "nanoseconds are less than a second: 0 to 999999999",
    RANGE_EMPTY: "a range of ids is not empty",
    RANGE_END: "a range of ids ends below 4294967295",
    TOO_MANY_RANGES: "more than 340 ranges of ids",
    NAME_TOO_LONG: "a name is at most 64 bytes",
    FILTER_LENGTH: "a filter has 1 to 4096 instructions",
    FILTER_FLAGS: "the flags are TSYNC, LOG, SPEC_ALLOW, LISTENER and KILLABLE",
    TSYNC_AND_LISTENER: "the kernel takes TSYNC and LISTENER only apart",
    KILLABLE_WITHOUT_LISTENER: "KILLABLE is about calls that wait for a listener: add LISTENER",
    RESOURCE: "a resource is 0 to 15",
    SOFT_ABOVE_HARD: "the soft limit is above the hard limit",
    NICE: "a nice value is -20 to 19",
    NO_PROCESSORS: "1 to 8192 processors",
    PROCESSOR: "a processor is below 8192",
    POLICY: "the policy is SCHED_OTHER, BATCH, IDLE, FIFO or RR",
    PRIORITY: "the priority is 1 to 99 for FIFO and RR, 0 for the others",
    IO_PRIORITY: "the class is 0 to 3, the level 0 to 7",
    IO_NO_LEVELS: "class 0 has no levels",
    UMASK: "a umask is at most 0777",
    PERSONALITY: "0xffffffff only asks for the personality",
    OOM_SCORE: "oom_score_adj is -1000 to 1000",
    DEADLINE: "the runtime is at least 1024 ns, at most the deadline, and that at most the period, or the period 0",
    UTILIZATION: "the first is at most the second, and that at most 1024",
    PIDS: "there are 1 to 32 pids, and each is 1 or more",
    NODES: "at most 1024 nodes of memory, which are numbered 0 to 1023",
    PROCESS_FLAGS: "the flags are NO_THP, MDWE, NO_TSC, SUBREAPER, RESET_ON_FORK, OWN_CORE and KSM",
    SPECULATION_FEATURE: "features are numbered 0 to 255",
    SPECULATION: "it is ENABLE, DISABLE or FORCE_DISABLE; what DISABLE_NOEXEC disables, the exec enables again",
    COREDUMP_FILTER: "the bits are 0 to 8",
    FAILURE_NOT_ALLOWED: "a failure of this stage cannot be allowed",
    GROUP_NEGATIVE: "a process group is not negative",
    NO_USER: "(uid)-1 is no user",
    NO_GROUP: "(gid)-1 is no group",
    TOO_MANY_GROUPS: "more than 65536 groups",

    // Requests that contradict each other: `validate (set_foreground): Invalid argument: a new session ...`.
    PATH_NEEDED: "a path is needed without set_exec_fd",
    PATH_NOT_NULL: "must be NULL with set_exec_fd",
    ARGV_EMPTY: "needs at least the program's name",
    HOLDS_ONLY: "forkexec_hold runs no program: remove it",
    HOLDS_NO_PID_NAMESPACE: "a holder is no process of another pid namespace: remove FORKEXEC_NS_PID",
    HOLDER_DIES_ANYWAY: "a holder dies with its owner anyway: remove it",
    LEADER_HAS_GROUP: "a session leader has a group of its own: remove one",
    SESSION_HAS_NO_TERMINAL: "a new session has no terminal: remove it",
    ONLY_LEADERS: "only a session leader gets one: add set_session",
    FOREGROUND_OF_NOTHING: "a new session has no terminal: add set_controlling_terminal",
    DEFAULT_AND_IGNORED: "a signal is in the default and in the ignore set",
    CREATED_AND_UNSHARED: "a type is both created and unshared: keep one",
    JOINED_AND_CREATED: "a type is both joined and created: keep one",
    SECOND_USERS_OF_NEW: "a new user namespace has none below it yet: join the first one, or call map_uid",
    NEEDS_USER_NAMESPACE: "needs a user namespace: add create_namespaces(FORKEXEC_NS_USER)",
    SUBORDINATE_AND_MAPS: "contradicts map_uid and map_gid: keep one",
    HELPERS_WITHOUT_MAP: "there is no map: add map_uid, map_gid or map_subordinate_ids",
    SETGROUPS_WITHOUT_MAP: "says how gids are mapped: add map_gid",
    NEEDS_UTS: "without a new UTS namespace this would change the host: add FORKEXEC_NS_UTS",
    NEEDS_NET: "without a new network namespace this would change the host: add FORKEXEC_NS_NET",
    NEEDS_TIME: "sets the clocks of a new time namespace: add FORKEXEC_NS_TIME",
    NEEDS_MOUNT: "without a new mount namespace this would change the host: add FORKEXEC_NS_MOUNT",
    CHROOT_AND_ROOT: "contradicts set_root: keep one",
    TREE_OF_TREE: "a root is prepared once: take the attr that it was made of",
    TREE_WITHOUT_ROOT: "there is no root to prepare: call set_root",
    TREE_IS_WRITABLE: "an empty root that is prepared is the same for all programs: add FORKEXEC_MOUNT_READONLY",
    TREE_IN_JOINED: "a root is prepared in the caller's user namespace or a new one, not in one that is joined",
    TREE_OF_OTHER_USERS: "the root was prepared for another user namespace or other maps, or /proc does not tell which is the caller's",
    TREE_CLOSED: "the descriptor of the prepared root was closed, by somebody else",
    TREE_IS_READONLY: "the prepared root is read-only: make this, or what it is mounted on, before forkexec_root_new",
    MOUNTS_SPREAD: "would bring the mounts to the caller: MS_PRIVATE or MS_SLAVE, with MS_REC",
    GROUPS_AND_KEPT: "contradicts set_groups: keep one",
    SETGROUPS_DENIED: "setgroups is denied with this gid map: add allow_setgroups",
    NOT_MAPPED: "not mapped in the new user namespace: add it to the map",
    NO_DIRECTORY_TO_ENTER: "there is no directory to enter: add set_cwd or set_cwd_fd",
    CAPABILITY_UNKNOWN: "a capability is unknown to this kernel",
    DROP_AND_SETS: "contradicts the other sets: keep one",
    EFFECTIVE_OUTSIDE: "effective is not within permitted",
    AMBIENT_OUTSIDE: "the ambient set has to be within the permitted, inheritable and bounding sets",
    AMBIENT_FORBIDDEN: "forbids the ambient set that set_ambient asks for",
    NEEDS_START: "the caller has to act meanwhile: use forkexec_start and forkexec_release",
    INIT_WITHOUT_PID: "an init is the first process of a pid namespace: add create_namespaces(FORKEXEC_NS_PID)",
    INIT_IS_THE_PARENT: "the program's parent is its init, not the caller: remove one",
    FIRST_CANNOT_STOP: "the first process of a pid namespace cannot stop itself",
    ONE_LISTENER: "only one filter has a listener",
    LISTENER_STAYS_HERE: "with a listener no new time namespace, nor a pid namespace for the program's children",
    LISTENER_NEEDS_FUTEX: "with a listener and a real-time policy the filters have to allow futex",
    LANDLOCK_NEEDS_NO_NEW_PRIVS: "the kernel takes it only from who gains no privileges: add set_no_new_privs",
    GRANTS_UNHANDLED: "grants what is not handled: add it to set_landlock_handled",
    HAS_NEW_TERMINAL: "the program has the terminal of set_terminal: remove one",
    LISTEN_NEEDS_LOOPBACK: "the loopback interface of a new network namespace is down: add set_loopback",
    FD_NOT_OPEN: "the descriptor is not open",
    OVERLAY_TOO_LONG: "the kernel takes 4095 bytes for the directories of an overlay: name them by shorter paths",
    FD_IS_NO_FILE: "the descriptor refers to no regular file: put what it gives into a memfd",
    FD_IS_A_LINK: "the descriptor refers to a symbolic link",
    FD_PATH_NEEDS_PROC: "the path of the descriptor is read in the caller's /proc",
    OWN_FILE_GONE: "the caller's file is not at its path any more: open /proc/self/exe, and use set_exec_fd",
    OWN_FILE_OUTSIDE: "in another root /proc/self/exe is not the caller's file: name a file that is there, or use set_exec_fd",
    ROOT_NEEDS_IMAGE: "with another root or joined pid namespace /proc/self/exe would lead to the caller's own file \
        (CVE-2019-5736): use FORKEXEC_MEMORY_AUTO",
    ROOT_UNDER_EMULATOR: "no memory is shared here, as under an emulator, so /proc/self/exe would lead to the caller's own \
        file there (CVE-2019-5736)",
    ROOT_LOSES_IDS: "needs the built-in image, whose exec would change the caller's saved ids: make them the effective ones",
    FRESH_LOSES_IDS: "an exec would change the caller's saved ids: use another memory mode",
    MEASURED_LOSES_IDS: "measuring needs an exec more, which would change the caller's saved ids",
    COPY_HAS_CALLERS_MEMORY: "a copy of the caller begins with the caller's memory: use another memory mode",
    COPY_UNDER_EMULATOR: "no memory is shared here, as under an emulator, so the child is a copy and has the caller's memory",

    // What the caller's process and the host make of a request: `resolve (set_cgroup_fd): Device or resource busy: ...`.
    NO_SUBUIDS: "the user has no ids in /etc/subuid",
    NO_SUBGIDS: "the user has no ids in /etc/subgid",
    NOFILE_UNKNOWN: "the limit could not be read when the library was loaded",
    SOFT_ABOVE_HARD_NOW: "the soft limit is above the hard one",
    NO_CGROUP: "not a directory of a cgroup file system",
    CGROUP_FROZEN: "the cgroup is frozen: thaw it first",
    NO_NAMESPACE: "the descriptor is not one of a namespace",
    OTHER_NAMESPACE: "the descriptor is one of another type of namespace",
    MAP_TOO_LONG: "the kernel takes a map of less than one page",
    FD_NOT_THERE: "the program has no such descriptor: map it first",
    NO_LANDLOCK: "this kernel has no Landlock, or is started without it: see the parameter lsm of Linux 5.13 or later",
    LANDLOCK_WITHOUT_SCOPES: "the Landlock of this kernel knows no scopes, Linux 6.12 does: allow_partial_landlock goes \
        without them",
    LANDLOCK_WITHOUT_PORTS: "the Landlock of this kernel knows no ports, Linux 6.7 does: allow_partial_landlock goes \
        without them",
    LANDLOCK_WITHOUT_ACCESS: "the Landlock of this kernel lacks some of these accesses, Linux 6.10 has all: choose by \
        set_landlock_handled, or allow_partial_landlock",
    LANDLOCK_TOO_OLD: "the Landlock of this kernel is too old: UNIX sockets need Linux 7.1, UDP 7.2; allow_partial_landlock goes \
        without them",
    LANDLOCK_WITHOUT_FLAGS: "the Landlock of this kernel lacks some of these flags, Linux 6.15 has those for logs, 7.0 TSYNC: \
        allow_partial_landlock goes without them",

    // What a step is about, in its brackets, where that is no name: `resolve (the effective uid): ...`.
    ABOUT_STRINGS: "the strings and lists of the attr",
    ABOUT_DESCRIPTORS: "descriptors",
    ABOUT_ACTIONS: "fd actions",
    ABOUT_IDS: "set_uid, set_gid, set_groups",
    ABOUT_SIGNALS: "set_signal_mask, _default, _ignore",
    ABOUT_PRIVILEGES: "capabilities, no_new_privs",
    ABOUT_SECURITY: "set_session_keyring, set_exec_label",
    ABOUT_FILTERS: "seccomp filters",
    ABOUT_LANDLOCK: "the version of Landlock",
    ABOUT_BOUNDING: "the bounding set of capabilities",
    ABOUT_AMBIENT: "the ambient set of capabilities",
    ABOUT_UID: "the effective uid",
    ABOUT_GID: "the effective gid",
    ABOUT_ROOT: "another root or joined pid namespace",
    ABOUT_PROGRAM: "the program's path",
    THREAD_GONE: "the thread that started it is gone",
    KEEPER_KEEPS_PRIVILEGE: "the thread that waits for it cannot give up its privilege without seccomp(2)",

    // Calls on a handle, and without one: `Invalid argument: child is NULL`.
    CHILD_NULL: "child is NULL",
    ATTR_NULL: "attr is NULL",
    PLACE_NULL: "the place for the child is NULL",
    NO_MEMORY_FOR_HANDLE: "for the handle of a child",
    OTHERS_CHILD: "the child of another process",
    IS_PROGRAM: "the child is the program already",
    START_FAILED: "the start of the child has failed",
    NEVER_RUNS: "forkexec_hold made it: it never runs a program",
    NOT_YET: "let go, and not yet in the program",
    NOT_WRITTEN: "the description cannot be written",
    TEXT_NULL: "the place for the text is NULL",

    // A cgroup of one's own: `cgroup (memory.max): No such file or directory: ...`, and of a handle as above.
    GROUP_NULL: "group is NULL",
    ROOT_PLACE_NULL: "the place for the root is NULL",
    GROUP_PLACE_NULL: "the place for the cgroup is NULL",
    CGROUP_OF_OTHER_PROCESS: "the cgroup of another process: a fork may only free it",
    NO_MEMORY_FOR_GROUP: "for the handle of a cgroup",
    CGROUP_NAME: "a name has 1 to 255 bytes without \"/\" and newline, and is neither \".\" nor \"..\"",
    CGROUP_VALUE_EMPTY: "a value is not empty",
    CGROUP_OF_VERSION_1: "a cgroup of version 1: cgroups can be made in a cgroup2 file system only",
    CGROUP_NOT_DELEGATED: "this user may not make cgroups there: systemd-run --user --scope -p Delegate=yes PROGRAM runs one \
        where it may",
    CGROUPS_READONLY: "cgroup2 is mounted read-only, as container runtimes do it: mount it read-write",
    CGROUP_ABOVE_GONE: "the cgroup above it was removed",
    CGROUP_TOO_MANY: "cgroup.max.descendants or cgroup.max.depth of a cgroup above it is reached",
    CGROUP_NAME_OF_FILE: "a file of the cgroup above it has this name: take another name",
    CGROUP_IS_OTHERS: "it was not made by forkexec_cgroup_create, so it is not replaced: remove it, or take another name",
    CGROUP_IN_USE: "the process that made it lives, or a fork of it: take another name",
    CGROUP_STILL_ALIVE: "a process in it was killed and has not died yet: call again",
    CGROUP_BELOW_OF_OTHERS: "a process in it, or a cgroup below it, belongs to a user whose this caller may not kill or remove",
    CGROUP_REMOVED: "the cgroup was removed",
    CGROUP_NO_SUCH_FILE: "this kernel has no such file in a cgroup",
    CGROUP_FILE_DENIED: "the file is not for this user to read or write",
    CGROUP_HAS_PROCESSES: "it has processes, and may enable controllers for those below only without: move them to one below",
    CGROUP_THREADED: "the kernel refuses it in or beside threaded cgroups: see cgroup.type in cgroups(7)",
    CGROUP_VALUE_REFUSED: "the file does not take this value, or is only for reading",
    CONTROLLER_ABOVE_FIRST: "not in its cgroup.controllers: enable it in cgroup.subtree_control of the cgroup above first",
    CONTROLLER_NOT_ENABLED: "write \"+{}\" to cgroup.subtree_control of the cgroup above, which may have no processes then",
    CONTROLLER_NOT_THERE: "the cgroup above has no controller {}: see its cgroup.controllers, and systemd-run -p Delegate=yes",

    // How a child or a helper ended, after the errno or in its place.
    KILLED: "killed by signal {} before the program ran",
    ENDED: "it ended before the program ran, and how was told to somebody else in this process",
    KILLED_BY_FILTER: "a seccomp filter kills for a system call of this step",
    HELPER_EXITED: "it exited with {}",
    HELPER_KILLED: "signal {} killed it",
    HELPER_WROTE_NOTHING: "it has not written the map",
    HELPER_DENIED_SETGROUPS: "it has denied setgroups, which allow_setgroups is to leave",

    // What the errno of a step does not tell: `exec (/bin/x): Exec format error: neither ...`.
    MAPPING_DENIED: "mmap(2) is denied, as by a seccomp filter",
    BLOCKING_DENIED: "signals cannot be blocked for it: rt_sigprocmask(2) is denied, as by a seccomp filter",
    WAITING_DENIED: "the child waits by ppoll(2) or futex(2): a seccomp filter has to allow them",
    LOOKING_DENIED: "whether its parent lives is seen by ppoll(2), after prctl(2): a seccomp filter has to allow both",
    NO_PROGRAM: "neither a program for this machine nor a script with #!",
    GROUPS_DENIED_THERE: "the joined user namespace denies setgroups, or has no gid map: keep_groups leaves the groups as they are",
    SECOND_USERS_NOT_BELOW: "it is not below the user namespace that the child is in, or CAP_SYS_ADMIN is missing there",
    SECOND_USERS_ALREADY: "the child is in this user namespace already: join the one above it first, or no second one",
    GROUPS_DROPPED: "the supplementary groups are dropped with new ids: keep_groups keeps them",
    NEEDS_SETPCAP: "needs CAP_SETPCAP, or no_new_privs with drop_capabilities",
    IMAGE_REFUSED: "another root needs the built-in image, to hide the caller's own file (CVE-2019-5736): let memfds be executed, \
        see vm.memfd_noexec",
    IMAGE_TAKES_CAPABILITIES: "another root needs the built-in image, and an exec takes the caller's capabilities",
    USER_NAMESPACES_RESTRICTED: "user namespaces are restricted here, or the caller is in a chroot: see forkexec_probe",
    IN_A_CHROOT: "in a chroot the kernel makes no user namespaces: enter the root by pivot_root(2) instead",
    NO_NAMESPACES_IN_QEMU: "qemu-user makes no namespaces",
    TOO_MANY_PROCESSES: "a limit on processes: RLIMIT_NPROC, or pids.max of the cgroup or of one above it",
    DEADLINE_MAKES_NONE: "a thread whose policy is SCHED_DEADLINE makes no processes, unless with SCHED_FLAG_RESET_ON_FORK",
    CHILDREN_GO_ELSEWHERE: "unshare(2) or setns(2) has put the caller's children into another pid namespace: its first process must live, and no thread starts",
    USER_HAS_TOO_MANY: "the program's user has more processes than its RLIMIT_NPROC allows",
    FILE_SIZE_LIMITED: "RLIMIT_FSIZE is below the size of the built-in image, and raising it needs CAP_SYS_RESOURCE",
    NOT_DUMPABLE: "/proc shows the copy of a caller that is not dumpable as root's: use FORKEXEC_MEMORY_AUTO, where saved ids are not other ones",
    PROC_FORBIDDEN: "a Landlock domain of the caller's, or another security module, forbids to write in /proc",
    OOM_SCORE_REFUSED: "a lower one takes CAP_SYS_RESOURCE, and a Landlock domain of the caller's may forbid to write any",
    PROC_READONLY: "/proc is mounted read-only",
    MOUNTS_FORBIDDEN: "a Landlock domain of the caller's, or another security module, forbids mounts",
    CGROUP_NEEDS_RIGHTS: "needs the right to write cgroup.procs there, and in the nearest cgroup above both it and the caller's",
    CGROUP_HAS_CONTROLLERS: "it has controllers enabled for its children (cgroup.subtree_control): use one below it",
    CGROUP_TYPE: "its cgroup.type is \"domain invalid\" or \"threaded\": use one that is not beside or in threaded ones",
    CGROUP_GONE: "it was removed, or lies outside the cgroup namespace of the caller",
    CGROUP_WITHOUT_CPUS: "its cpuset.cpus or cpuset.mems is empty",
    CGROUP_OUT_OF_MEMORY: "its cgroup is out of memory: raise memory.max (version 1: memory.limit_in_bytes)",
    RANGES_OVERLAP: "an id inside or outside the namespace is in two of the ranges",
    OWN_ID_ONCE: "without privilege one's own id can be mapped, once, and with setgroups denied; uid 0 only with CAP_SETFCAP",
    NEEDS_RESOURCE: "raising a hard limit needs CAP_SYS_RESOURCE",
    FILTER_NEEDS_PRIVILEGE: "needs CAP_SYS_ADMIN, or set_no_new_privs",
    LANDLOCK_FORBIDS_PROGRAM: "with Landlock the program and its loader need EXECUTE and READ_FILE",
    FILTER_WITHOUT_EFFECT: "the filter that was put on refuses nothing: a filter of the caller's answers for seccomp(2)",
    PROCESS_FLAG_UNKNOWN: "this kernel or machine does not know it: MDWE needs Linux 6.3, NO_TSC x86, OWN_CORE CONFIG_SCHED_CORE and SMT, KSM CONFIG_KSM",
    KSM_ENDS: "before Linux 6.7 it ends with the exec",
    SPECULATION_FIXED: "the processor does not let it be chosen, or a boot parameter or an earlier FORCE_DISABLE has decided it",
    UTILIZATION_UNKNOWN: "this kernel does not know it: Linux 5.3 does, if it is built with CONFIG_UCLAMP_TASK",
    NODES_NOT_THERE: "the mode is none, does not go with these nodes, or none of them is there and in the cpuset",
    DEADLINE_REFUSED: "SCHED_DEADLINE needs CAP_SYS_NICE, and that the program may run on every processor",
    PID_OF_FIRST: "the first process of a new pid namespace has the pid 1 in there",
    PID_OF_ANOTHER: "the child makes another process, which is the program: remove the init, measure_memory or the joined namespace",
    PID_IN_USE: "a process has this pid already in one of the namespaces",
    PID_NEEDS: "to choose a pid needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN over each of the pid namespaces",
    PID_LEVELS: "there are more pids than pid namespaces, or one is above the sysctl kernel.pid_max",
    PID_BY_CLONE3: "a pid is chosen by clone3(2), which is missing or filtered: Linux 5.5 has it",
    NO_SESSION_KEYRING: "it is for a session keyring of its own: add set_session_keyring",
    DEADLINE_ALONE: "SCHED_DEADLINE makes no processes: remove the init, the listener or the pid namespace that is entered",
    DEADLINE_TOO_MUCH: "there is not so much time left for SCHED_DEADLINE on the processors",
    NO_PTMX: "the program's root has no /dev/ptmx: add mount_dev",
    TUN_FORBIDDEN: "the caller may not open /dev/net/tun for reading and writing",
    TUN_NEEDS: "needs CAP_NET_ADMIN in the network namespace: add create_namespaces(FORKEXEC_NS_NET)",
    LISTEN_IN_USE: "another socket has this address, or something exists at the path: remove it, or take another",
    LISTEN_NO_ADDRESS: "no interface of its network namespace has this address",
    LISTEN_FORBIDDEN: "a port below 1024 needs CAP_NET_BIND_SERVICE, a path the right to write to its directory",
    IDMAPPED_NEEDS: "bind_mount_idmapped takes CAP_SYS_ADMIN, open_tree(2), move_mount(2) and mount_setattr(2)",
    LANDLOCK_BITS_UNKNOWN: "this kernel does not know one of these accesses or scopes",
    RULE_OF_DIRECTORIES: "a file that is not a directory has no such access",
    PROC_NEEDS: "needs a pid namespace of one's own, and a /proc that nothing covers in parts, as containers do: bind /proc \
        instead",
    PTS_NEEDS_ROOT: "pts takes user and group 0 of the user namespace: map them, or your own ids alone",
    BIND_UNCOVERS: "what is mounted below would be uncovered in a user namespace: bind it recursively",
    ROOT_NO_MOUNT: "the caller's root is not a mount, as in a chroot or an initramfs",
    FILE_NOT_READABLE: "the descriptor is not open for reading",
    NOTHING_MOUNTED: "nothing is mounted at this very path: make_readonly takes any",
    NO_OVERLAY: "this kernel has no overlayfs: modprobe overlay",
    OVERLAY_FORBIDDEN: "in a user namespace overlays take Linux 5.11",
    OVERLAY_MISSING: "one of its directories is missing",
    OVERLAY_NO_DIRECTORY: "something on the way to one of its directories is no directory",
    OVERLAY_WITHIN: "one of its directories lies within another",
    OVERLAY_UNCOVERS: "in a user namespace nothing may be mounted below them; upper and work lie side by side in one mount that is no overlay",
    OVERLAY_REFUSED: "all are directories, upper and work side by side in one mount of a file system that is no overlay; dmesg(1) says more",
    MOUNT_ON_FILE: "mounting on a file takes a /proc of the caller's, or Linux 5.12",
    OUTSIDE_ROOT: "the directory lies outside the root",
    CWD_AS_CALLER: "entered with the caller's rights: FORKEXEC_CWD_RIGHTS_EITHER tries the program's as well",
    CWD_AS_PROGRAM: "entered with the program's rights: set_cwd_rights has it entered with the caller's",
    NO_TIME_NAMESPACES: "this kernel has no time namespaces: Linux 5.6 has them",
    NO_PROC: "there is no /proc",
    FALSE_PROC: "no proc file system is mounted on /proc",
    BLIND_PROC: "/proc belongs to another pid namespace, where the caller is not to be found",
    FOREIGN_PROC: "/proc belongs to another pid namespace, where the child is not to be found",

    // What the caller finds out when a mount has failed, or a program that is there does not start.
    SOURCE_MISSING: "the source is missing",
    SOURCE_DANGLES: "the source is a symbolic link that leads to nothing",
    SOURCE_IS_ANOTHER: "what its descriptor refers to was moved, removed or covered, or has no path in the caller's root",
    SOURCE_OUT_OF_REACH: "a directory on the way to the source may not be searched",
    SOURCE_NO_DIRECTORY: "something on the way to the source is no directory",
    SOURCE_LOOPS: "too many symbolic links lead to the source",
    TARGET_MISSING: "the target is missing in the program's root: make_directory or make_file before this makes it",
    TARGET_MISSING_MAY_CREATE: "the target is missing in the program's root: FORKEXEC_MOUNT_CREATE makes it",
    TARGET_OUT_OF_REACH: "a directory on the way to the target may not be searched, or written to",
    TARGET_NO_DIRECTORY: "something on the way to the target is no directory",
    LINK_ON_THE_WAY: "a symbolic link is on the way to the target: name what it leads to",
    LINK_MAY_BE_FOLLOWED: "a symbolic link is on the way to the target: name what it leads to, or add FORKEXEC_MOUNT_FOLLOW",
    TARGET_LOOPS: "too many symbolic links lead to the target, or one of /proc does",
    ONE_IS_A_DIRECTORY: "of source and target one is a directory, the other is not",
    DEVICE_MISSING: "the caller's /dev lacks one of null, zero, full, random, urandom and tty",
    NULL_MISSING: "the caller has no /dev/null",
    UNMAPPED: "the child's {} is not mapped in its user namespace: add {}",
    UNMAPPED_BOTH: "the child's {} and {} are not mapped in its user namespace: add {} and {}",
    OUTSIDE_ID: "{} as an outside id of map_{}",
    MAYBE_UNMAPPED: "the child's uid {} or gid {} is not mapped in the user namespace of the file system, or of an idmapped bind",
    NOT_FOUND: "not found in {}",
    NOTHING_TO_RUN: "nothing that can be run in {}",
    ONLY_OUTSIDE: "this path is the caller's; in the program's root there is nothing",
    STARTER_MISSING: "the program is there, but not its {} {}",
    STARTER_OF_MISSING: "the program is there, but not the {} {} of {}",
    STARTER_UNKNOWN: "the program is there; its root may lack its {} {}",
    STARTER_OF_UNKNOWN: "the program is there; its root may lack the {} {} of {}",
    NO_INTERPRETER: "the program exists, its interpreter or loader does not",
    CARRIAGE_RETURN: "the program is there; its first line ends with a carriage return, and no interpreter is called so",
    SCRIPT_BY_FD: "a script cannot be opened by its interpreter when its descriptor closes on exec: map it to itself",
    MAYBE_SCRIPT_BY_FD: "if it is a script, map it to itself; if not, its loader is missing",

    // forkexec_describe, and the brackets of an error.
    IN_CALLERS_MEMORY: "a child in the caller's memory",
    IN_IMAGE: "a child in an image of its own",
    IN_COPY: "a child in a copy of the caller's memory",
    BIND: "{} on {}",
    BIND_FD: "fd {}, {}, on {}",
    OVERLAY: "{} of {}",
    REMOUNT: "{} with {}",
    MODE: "{}, mode {}",
    FILE_OF_FD: "{}, a copy of fd {}",
    PROC_READONLY_BUT: "{}, the kernel's files read-only",
    PROC_HIDDEN_BUT: "{}, the kernel's files hidden",
    PROC_BOTH: "{}, the kernel's files read-only and hidden",
    BIND_IF_THERE: "{} on {}, if it is there",
    SYMLINK: "{} to {}",
    BORN_IN: "born in fd {}",
    MEASURED: "memory measured",
    WRITTEN_TO: "written to fd {}",
    FD: "fd {}",
    EMPTY_ROOT: "empty",
    CLONE_OF_TREE: "a clone of the prepared tree of fd {}, with {} of its mounts and files",
    TREE_NOT_CLONED: ", prepared, but built anew: this kernel clones no tree that is in no namespace",
    SCHEDULER: "policy {}, priority {}",
    DEADLINE_OF: "deadline, {} ns in the first {} of every {}",
    CHOSEN_PID: "pid {}",
    UTILIZED: "{} to {} of 1024",
    SPECULATED: "feature {}, control {}",
    MEMORY_POLICY: "mode {}, nodes {}",
    IO_CLASS: "class {}, level {}",
    SLACK: "{} ns",
    ONE_CAPABILITY: "capability {}",
    WITHOUT_CAPABILITIES: "without {}",
    CAPABILITIES: "effective {}, permitted {}, inheritable {}",
    RULE_OF_PORT: "port {}, access {}",
    RULE_OF_PATH: "{}, access {}",
    SIGNAL: "signal {}",
    DISPOSITIONS: "default {}, ignore {}",
    CALLERS_MASK: "the caller's",
    LINGERS: "until the last process ends",
    BEFORE_FILTERS: ", before the filters, which may refuse it",
    MOVED: "{} as {}",
    OPENED: "open {} as {}",
    DUPLICATED: "dup {} as {}",
    CLOSED: "close {}",
    CLOSED_FROM: "close from {}",
    ENTERED: "enter {}",
    ENTERED_FD: "enter fd {}",
    FILTER: "length {}",
    DEVICE: "device {}, flags {}",
    TERMINAL_SIZE: "{} rows, {} columns",
    LISTENS: "{} {}, backlog {}",
    BOUND: "{} {}",
    HANDED: "1 descriptor",
    HANDED_ALL: "{} descriptors",
    FILTER_WITH_FLAGS: "length {}, flags {}",
    DENIED: "denied",
    RULESET: "fs {}, net {}, scopes {}",
    RULESET_WITH_FLAGS: "{}, flags {}",
    RULESET_OF_FD: "fd {}; {}",
    RULESET_LACKS: "{}; unknown to this kernel: {}",
    LIMIT: "{} {} of {}",
    UNLIMITED: "unlimited",
    JOINED: "{} of fd {}",
}

// What forkexec_probe answers.
sentences! { ANSWERS:
    NO_CLONE3: "clone3(2) is missing or filtered: Linux 5.5 has it, and container runtimes whose seccomp profile refuses it \
        have newer profiles; clone(2) is used instead",
    NO_CLOSE_RANGE: "close_range(2) is missing or filtered: Linux 5.9 has it; descriptors are closed one by one instead",
    NO_PIDFD: "pidfd_open(2) is missing or filtered: Linux 5.3 has it; a pipe tells the owner's death instead",
    MEMORY_NOT_SHARED: "a child does not share memory here, as under valgrind or qemu-user: the caller's memory is copied \
        instead",
    NO_BIRTH_IN_CGROUP: "clone3(2) is missing or filtered, so children are written into their cgroup after birth, which is \
        slow",
    NO_CGROUP2: "there is no cgroup2 file system at /sys/fs/cgroup or /sys/fs/cgroup/unified: systemd mounts it there, in \
        containers their runtime",
    OWN_CGROUP_UNKNOWN: "the caller's own cgroup is not in sight: it has no line \"0::\" in /proc/self/cgroup, or lies outside \
        what is mounted",
    OWN_CGROUP_READONLY: "cgroup2 is mounted read-only, as container runtimes do it: they have an option to mount it \
        read-write, in a cgroup namespace of the container's own",
    OWN_CGROUP_NOT_DELEGATED: "the caller's own cgroup, /{}, was not delegated to its user: \"systemd-run --user --scope -p \
        Delegate=yes PROGRAM\" runs a program in one that is",
    OWN_CGROUP_LACKS: "cgroups can be made in the caller's own, /{}, but without these controllers:{}; cgroup.controllers \
        there has to list them, for which \"systemd-run --user --scope -p Delegate=yes PROGRAM\" asks",
    NO_OWN_CORE: "core scheduling is missing or filtered, or no core has several threads: Linux 5.14 has it, if it is built \
        with CONFIG_SCHED_CORE",
    NO_UTILIZATION: "the kernel does not know utilization: Linux 5.3 does, if it is built with CONFIG_UCLAMP_TASK",
    NO_NUMA: "NUMA policies are missing or filtered: kernels have them that are built with CONFIG_NUMA, and container \
        runtimes refuse them without CAP_SYS_NICE",
    NO_KSM: "KSM for a process is missing or filtered, or ends with an exec: Linux 6.7 has it, if it is built with CONFIG_KSM",
    NO_SECCOMP: "seccomp(2) is missing or filtered: Linux 3.17 has it, if it is built with CONFIG_SECCOMP_FILTER",
    NO_LISTENER: "seccomp(2) is missing, filtered, or without SECCOMP_RET_USER_NOTIF: Linux 5.5 has all that is needed",
    NO_TREE: "no tree of mounts that is in no namespace can be cloned (Linux 6.15), so each spawn builds a prepared root anew",
    NO_TUN: "/dev/net/tun cannot be opened: load the module tun, or have the container given the device",
    NO_TIME: "time namespaces are not in this kernel: Linux 5.6 has them, if it is built with CONFIG_TIME_NS",
    TIME_WITHOUT_PROC: "time namespaces are entered by way of /proc: {}",
    NO_CHILD: "no child can be made: {}",
    OLD_LANDLOCK: "Landlock has version {} here: ports come with version 4 (Linux 6.7), the last access to files with 5 \
        (6.10), scopes with 6 (6.12); set_landlock_handled asks for less",
    LANDLOCK_WITHOUT: "Landlock has version {} here: UNIX sockets come with version 9 (Linux 7.1), UDP with 10 (7.2)",
    LANDLOCK_OFF: "Landlock is in this kernel and off: add it to the boot parameter lsm",
    LANDLOCK_MISSING: "Landlock is missing or filtered: Linux 5.13 has it, if it is built with CONFIG_SECURITY_LANDLOCK",
    DEADLY_FILTER: "a seccomp filter kills the caller for a system call that this takes",
    NO_IMAGE: "memfds cannot be executed: see the sysctl vm.memfd_noexec and the security policy; the caller's memory is \
        copied where it must not be shared, which is slow in large callers",
    CALLER_IN_CHROOT: "the caller is in a chroot, where the kernel makes no user namespaces: enter the root by pivot_root(2) \
        instead",
    TOO_MANY_USER_NAMESPACES: "there are too many of them, or of those in which this one would be: see the sysctl \
        user.max_user_namespaces",
    UNKNOWN_WITHOUT_PROC: "what forbids it cannot be told without the sysctls of /proc: in a chroot the kernel does, and a \
        policy may",
    UNKNOWN_USERNS: "what forbids it cannot be told: in a chroot the kernel does, and a policy may",
    USERNS_CLONE: "set the sysctl kernel.unprivileged_userns_clone to 1",
    MAX_USER_NAMESPACES: "raise the sysctl user.max_user_namespaces",
    APPARMOR_USERNS: "give the program an AppArmor profile with the rule userns, or set the sysctl \
        kernel.apparmor_restrict_unprivileged_userns to 0",
    FILTER_USERNS: "a seccomp filter is on, as container runtimes put it on: their profile has to allow clone(2) \
        with CLONE_NEWUSER",
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::string::ToString;
    use core::fmt::Display;

    /// A message has 223 bytes; what precedes the reason, with what it is about cut away, takes up to 83 of them.
    const LONGEST: usize = 140;

    #[test]
    fn each_is_said_once_and_is_short_enough() {
        let mut names = BTreeMap::new();
        for (name, sentence) in [ERRORS, ANSWERS].concat() {
            let text = sentence.text();
            assert!(!text.is_empty(), "{name} says nothing");
            assert!(!text.contains(['\n', '\t']) && !text.contains("  ") && text.trim() == text, "{name}: {text:?}");
            assert_eq!(names.insert(text, name), None, "{name} says the same");
        }
        for (name, sentence) in ERRORS {
            let text = sentence.text();
            assert!(text.len() <= LONGEST, "{name} has {} bytes", text.len());
        }
    }

    #[test]
    fn parts_are_filled_in() {
        assert_eq!(LIMIT.with(&[&"cpu", &1, &UNLIMITED]).to_string(), "cpu 1 of unlimited");
        assert_eq!(ENTERED.with(&[&"{}"]).to_string(), "enter {}");
        assert_eq!(FD.with(&[]).to_string(), "fd ");
    }

    #[test]
    fn only_parts_are_cut() {
        let path = "/a/long/path/to/somewhere";
        let opened: [&dyn Display; 2] = [&path, &7];
        assert_eq!(alloc::format!("{:.30}", OPENED.with(&opened)), "open /a/long/p...omewhere as 7");
        assert_eq!(alloc::format!("{:.35}", OPENED.with(&opened)), "open /a/long/path/to/somewhere as 7");
        assert_eq!(alloc::format!("{:.0}", OPENED.with(&opened)), "open ... as 7");
        assert_eq!(alloc::format!("{:.0}", PATH_EMPTY), PATH_EMPTY.text());
    }
}
