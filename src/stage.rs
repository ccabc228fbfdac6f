//! The order: every step between the caller's request and the program's first instruction, once.
//!
//! The numbers are ABI. They ascend in the order in which the steps happen, step by ten inside phases of a hundred, and
//! are never reused. Steps below 100 happen in the caller, all others in the child (`child::program` pairs them with code).

/// A step of a spawn: the stage of a forkexec_error names the one that failed. A number below 100 is a step of the caller's
/// side. Numbers ascend in the order in which the steps are taken; later versions add numbers and never change one.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// No stage: there was no failure, or it is not about a step.
    None = 0,
    /// The request is checked: values that contradict each other, refused setters, fds that are not open.
    Validate = 10,
    /// What the request names is looked up: limits, capabilities, cgroup. getrlimit(2), capget(2), statfs(2).
    Resolve = 20,
    /// Memory for the plan, the child's stack and its image. mmap(2), memfd_create(2).
    Memory = 30,
    /// The close-on-exec descriptors between caller and child, among them the page where the child has made it. pipe(2), eventfd(2), memfd_create(2), pidfd_open(2), pidfd_getfd(2); where the child sends descriptors socketpair(2), recvmsg(2).
    Pipe = 40,
    /// The child is made. clone(2).
    Clone = 50,
    /// The child is put in its cgroup; where it was to be born there, the cgroup has refused it. cgroups(7), clone(2).
    Cgroup = 60,
    /// The waiting child's user and group ids are mapped. user_namespaces(7).
    IdMap = 70,
    /// The child died, or was killed, while it was being set up and before it could say where.
    Child = 90,

    /// A file descriptor table of its own: before this nothing may touch a descriptor. close_range(2).
    FdTable = 100,
    /// Every descriptor that the plan does not need is closed, so that no child holds another's ends. close_range(2).
    FdUnneeded = 110,
    /// Capabilities are made to survive the change of image. capabilities(7).
    Carry = 115,
    /// The child becomes the library's own small program and leaves the caller's memory; the files of that program and of the page that caller and child share. execveat(2), memfd_create(2).
    Image = 120,
    /// The descriptors that had to survive the change of image close on exec again. F_SETFD(2const).
    FdFlags = 125,
    /// Badness for the out-of-memory killer; before identity, which would lose the right to write it. proc_pid_oom_score_adj(5).
    OomScore = 130,
    /// What of its memory the kernel writes into a core; in memory of its own, which keeps it. core(5).
    CoredumpFilter = 135,

    /// The capability sets are put back to what they were before the change of image. capabilities(7).
    Credentials = 200,
    /// A second process goes on from the library's own small program: born in the cgroup, where a member that shared the caller's memory would be a danger to the caller, or with a peak of memory of its own; if the cgroup, a namespace or a limit refuses it, that is told as clone. clone(2).
    CgroupBirth = 205,
    /// The child waits for what the caller does on its behalf: id maps, cgroup, privileged limits. poll(2).
    Wait = 210,
    /// What a new time namespace needs of /proc is opened, while it is the child's own and /proc the caller's. time_namespaces(7).
    TimeFile = 215,
    /// From here on nobody may look into the child, whatever it becomes. PR_SET_DUMPABLE(2const).
    Nondumpable = 220,
    /// The caller's procfs is taken hold of, by which the label is written later. openat(2).
    Procfs = 225,
    /// Namespaces are joined: what the caller's privileges reach, then the user namespace, then what its reach. setns(2).
    Join = 230,
    /// The user that is to own the user namespace makes it; after the joins, which need privileges. setresuid(2).
    NamespaceOwner = 235,
    /// A user namespace of its own, after others were joined, or because another user is to own it. unshare(2).
    UnshareUser = 240,
    /// The child waits for the maps of that user namespace. poll(2).
    WaitMaps = 245,
    /// The namespaces that are entered rather than born in. unshare(2).
    Unshare = 250,
    /// The clocks of the new time namespace are set, before anybody is in it; then the child enters it. time_namespaces(7), setns(2).
    TimeOffsets = 252,
    /// The first process of a pid namespace that was entered rather than born in goes on. clone(2).
    FirstProcess = 255,
    /// The cgroup namespace; after the cgroup was entered, so that its root is that cgroup. cgroup_namespaces(7).
    CgroupNamespace = 260,

    /// The controlling terminal is given up. TIOCNOTTY(2const).
    DetachTerminal = 300,
    /// A new session. setsid(2).
    Session = 310,
    /// The process group. setpgid(2).
    ProcessGroup = 320,
    /// The controlling terminal; needs the session. TIOCSCTTY(2const).
    ControllingTerminal = 330,
    /// The foreground process group; needs the group, and the terminal: before it this is ENOTTY. tcsetpgrp(3).
    Foreground = 340,

    /// The host name; in the new namespace. sethostname(2).
    Hostname = 410,
    /// The NIS domain name; in the new namespace. setdomainname(2).
    Domainname = 420,
    /// The loopback interface is brought up; in the new namespace. netdevice(7).
    Loopback = 430,
    /// The network device whose descriptor the caller is handed; in the new namespace, and while the caller's mounts are there. netdevice(7).
    Tun = 435,
    /// Mounts stop propagating to the caller; before any mount or change of root. mount_namespaces(7).
    Propagation = 440,
    /// Whether this kernel clones trees of mounts that are in no mount namespace is tried, before a root is built for that. open_tree(2), fsmount(2), move_mount(2).
    RootTree = 443,
    /// The new root's tree lies over the old root, from where the mounts are brought in and which it covers in the end. mount(2), mount_setattr(2).
    Root = 445,
    /// One of the mounts and their kin, which share one list and are made in call order, whatever their stage. mount(2).
    Mount = 451,
    /// A tree of the caller's appears at its place in the root. open_tree(2), move_mount(2), mount_setattr(2), mount(2).
    Bind = 452,
    /// A file system in memory, empty. tmpfs(5).
    Tmpfs = 453,
    /// The processes of the child's pid namespace. proc(5).
    Proc = 454,
    /// The devices that every program expects, and a pts of their own. devpts(5), mount(2).
    Dev = 455,
    /// A directory, with what leads to it. mkdir(2).
    Directory = 456,
    /// A symbolic link. symlink(2).
    Symlink = 457,
    /// A file with its bytes. open(2), write(2).
    File = 458,
    /// What must not be seen is covered. mount(2).
    Mask = 459,
    /// What must not be changed becomes read-only, with all that is mounted below. mount_setattr(2), mount(2).
    Readonly = 460,
    /// Directories of the caller's appear as one, laid over each other; what is written goes to a directory of its own, or to memory. mount(2).
    Overlay = 461,
    /// A mount gets flags beside those that it has. mount(2).
    Remount = 462,
    /// A file or directory gets another mode. chmod(2).
    Mode = 463,
    /// The root changes places with the old one, which is detached; after the last mount, whose source it was. pivot_root(2).
    PivotRoot = 470,
    /// The root becomes read-only; after everything that was made in it. mount(2).
    RootReadonly = 480,
    /// A root that is prepared is copied to where no mount namespace is, for later spawns to clone. open_tree(2), fsmount(2), move_mount(2).
    RootCopy = 485,
    /// The root directory, and the working directory moved inside it; before ids, while still allowed to. chroot(2).
    Chroot = 490,
    /// The new terminal; in the final root, whose devpts it is of. pty(7).
    Terminal = 495,
    /// The ids that were asked for, in a second user namespace: in the first the child had to have id 0, which devpts(5) needs. unshare(2), user_namespaces(7).
    InnerUserNamespace = 497,

    /// Resource limits except the number of descriptors, which the child itself still needs. prlimit(2).
    Rlimit = 500,
    /// The processors to run on. sched_setaffinity(2).
    Affinity = 510,
    /// The nodes that memory comes from. set_mempolicy(2).
    NumaPolicy = 515,
    /// The nice value. setpriority(2).
    Nice = 520,
    /// The scheduling policy; after nice, which it may make meaningless. sched_setscheduler(2).
    Scheduler = 530,
    /// How busy the kernel takes the program to be. sched_setattr(2).
    Utilization = 535,
    /// The I/O priority. ioprio_set(2).
    IoPriority = 540,
    /// The slack of timers. PR_SET_TIMERSLACK(2const).
    TimerSlack = 550,
    /// The execution domain and its flags. personality(2).
    Personality = 560,
    /// The file mode creation mask; after everything that creates. umask(2).
    Umask = 570,
    /// A socket that is bound inside, for the caller to accept by; in the final network namespace and root, and with the umask. bind(2), listen(2).
    Listen = 574,
    /// The caller is sent the descriptors of what is inside; before it may want them, for a child that is held. unix(7).
    HandOver = 576,
    /// A held child waits here until it is released: its surroundings are complete, its privileges still whole. poll(2).
    Hold = 580,
    /// The namespaces that were asked for late, after the caller had its turn. unshare(2).
    LateNamespaces = 590,
    /// A second process goes on, in the pid namespace that was entered, already here if privileged filters follow. clone(2).
    SecondClone = 595,

    /// The working directory, where the caller's rights are to count; before all that takes them away. chdir(2).
    CwdBeforeIds = 600,
    /// The label that the program gets; by a process that becomes it, and at once, since what leads to it leads to much. proc_pid_attr(5).
    ExecLabel = 602,
    /// The profile of AppArmor that the program gets, beside the label of another module. proc_pid_attr(5).
    ApparmorProfile = 603,
    /// The label that SELinux gives the session keyring, before that is made. proc_pid_attr(5).
    KeyringLabel = 604,
    /// The session keyring; the ids that come may not reach one of that name. keyctl(2).
    Keyring = 605,
    /// Who may do what with the session keyring; while it is the child's own. keyctl(2).
    KeyringPermissions = 606,
    /// The bounding set; while CAP_SETPCAP is still there. capabilities(7).
    Bounding = 610,
    /// Capabilities are kept over the change of ids. PR_SET_KEEPCAPS(2const).
    KeepCaps = 620,
    /// Seccomp filters without no_new_privs; while CAP_SYS_ADMIN is there, so they have to allow what follows. seccomp(2).
    PrivilegedSeccomp = 630,
    /// The supplementary groups; before the ids that would forbid it. setgroups(2).
    Groups = 640,
    /// The group id; before the user id that would forbid it. setresgid(2).
    Gid = 645,
    /// The user id. setresuid(2).
    Uid = 650,
    /// The kept capabilities take effect again: the change of uid cleared them. capset(2).
    Effective = 655,
    /// The securebits; before the last use of CAP_SETPCAP goes. PR_SET_SECUREBITS(2const).
    Securebits = 660,
    /// The ambient set; needs the sets it is raised from. PR_CAP_AMBIENT(2const).
    Ambient = 670,
    /// The final permitted, effective and inheritable sets; nothing after this needs a privilege. capset(2).
    Capabilities = 680,
    /// The working directory, unless it was entered before; with the new ids, so that the program's rights count. chdir(2).
    Cwd = 690,
    /// The working directory lies inside the root. getcwd(2).
    CwdCheck = 695,
    /// A second process goes on, in the pid namespace that was entered; so late that those in there see no more rights than the program's. clone(2).
    LastClone = 697,

    /// The library's own descriptors move out of the way of those that the caller asked for. F_DUPFD_CLOEXEC(2const).
    FdInternal = 700,
    /// The mapped descriptors move to their numbers, all at once. dup(2).
    FdMap = 710,
    /// The new terminal becomes the controlling one and the standard streams; of the process that becomes the program, or its init. TIOCSCTTY(2const), dup(2).
    Streams = 715,
    /// The descriptor actions, in call order. open(2), dup(2), close(2), chdir(2).
    FdAction = 720,
    /// Landlock's rules; their paths are looked up in the final root, as the program. landlock_add_rule(2).
    LandlockRule = 730,
    /// The signal for the parent's death, and whether it happened meanwhile; after the ids, which clear it. PR_SET_PDEATHSIG(2const).
    ParentDeath = 740,
    /// The first process of a pid namespace stays behind as its init; before what only the program is to suffer. fork(2).
    Init = 745,
    /// What a process may do without, and the orphans it gets; by the process that becomes the program. prctl(2).
    ProcessFlags = 747,
    /// Whether the processor may run ahead of the program; by the process that becomes it. PR_SET_SPECULATION_CTRL(2const).
    Speculation = 748,
    /// No new privileges. PR_SET_NO_NEW_PRIVS(2const).
    NoNewPrivs = 750,
    /// Landlock; needs no_new_privs, and the last path is opened. landlock_restrict_self(2).
    Landlock = 755,
    /// What was only needed until here is closed, for real: exec wakes the caller before close-on-exec closes. close(2).
    FdClose = 760,
    /// The limit on descriptors; after the last descriptor moved. prlimit(2).
    Nofile = 770,
    /// The child is traced by the thread that started it. ptrace(2).
    Trace = 780,
    /// The child stops itself. signal(7).
    Stop = 785,
    /// Signal dispositions. sigaction(2).
    SignalActions = 790,
    /// No more user namespaces, by a filter that is seen to work; before filters that may forbid to look. seccomp(2).
    UserNamespaces = 791,
    /// Seccomp filters; so late that they need to allow next to nothing but exec. seccomp(2).
    Seccomp = 792,
    /// The signal mask; last, since pending signals arrive here. sigprocmask(2).
    SignalMask = 795,
    /// The program. execve(2).
    Exec = 799,
}

/// What the rest of the library needs to know of a stage; one row each, in order.
pub struct Row {
    pub stage: Stage,
    /// The short name, NUL-terminated for C; the first word of every error sentence.
    pub name: &'static str,
}

macro_rules! rows {
    ($($stage:ident $name:literal,)*) => {
        pub static STAGES: &[Row] = &[$(Row { stage: Stage::$stage, name: concat!($name, "\0") }),*];
    };
}

rows! {
    None "none",
    Validate "validate",
    Resolve "resolve",
    Memory "memory",
    Pipe "pipe",
    Clone "clone",
    Cgroup "cgroup",
    IdMap "id map",
    Child "child",
    FdTable "fd table",
    FdUnneeded "unneeded fds",
    Carry "carry capabilities",
    Image "image",
    FdFlags "fd flags",
    OomScore "oom_score_adj",
    CoredumpFilter "coredump filter",
    Credentials "credentials",
    CgroupBirth "cgroup birth",
    Wait "wait",
    TimeFile "time file",
    Nondumpable "nondumpable",
    Procfs "procfs",
    Join "join",
    NamespaceOwner "namespace owner",
    UnshareUser "unshare user namespace",
    WaitMaps "wait for maps",
    Unshare "unshare",
    TimeOffsets "time offsets",
    FirstProcess "first process",
    CgroupNamespace "cgroup namespace",
    DetachTerminal "detach terminal",
    Session "session",
    ProcessGroup "process group",
    ControllingTerminal "controlling terminal",
    Foreground "foreground",
    Hostname "hostname",
    Domainname "domainname",
    Loopback "loopback",
    Tun "tun",
    Propagation "mount propagation",
    RootTree "root tree",
    Root "root",
    Mount "mount",
    Bind "bind",
    Tmpfs "tmpfs",
    Proc "proc",
    Dev "dev",
    Directory "directory",
    Symlink "symlink",
    File "file",
    Mask "mask",
    Readonly "read-only path",
    Overlay "overlay",
    Remount "remount",
    Mode "mode",
    PivotRoot "pivot_root",
    RootReadonly "read-only root",
    RootCopy "root copy",
    Chroot "chroot",
    Terminal "terminal",
    InnerUserNamespace "inner user namespace",
    Rlimit "rlimit",
    Affinity "affinity",
    NumaPolicy "numa policy",
    Nice "nice",
    Scheduler "scheduler",
    Utilization "utilization",
    IoPriority "io priority",
    TimerSlack "timer slack",
    Personality "personality",
    Umask "umask",
    Listen "listen",
    HandOver "hand over",
    Hold "hold",
    LateNamespaces "late namespaces",
    SecondClone "second clone",
    CwdBeforeIds "cwd before ids",
    ExecLabel "exec label",
    ApparmorProfile "apparmor profile",
    KeyringLabel "keyring label",
    Keyring "keyring",
    KeyringPermissions "keyring permissions",
    Bounding "bounding set",
    KeepCaps "keep capabilities",
    PrivilegedSeccomp "privileged seccomp",
    Groups "groups",
    Gid "gid",
    Uid "uid",
    Effective "effective set",
    Securebits "securebits",
    Ambient "ambient set",
    Capabilities "capabilities",
    Cwd "cwd",
    CwdCheck "cwd check",
    LastClone "last clone",
    FdInternal "internal fds",
    FdMap "fd map",
    Streams "standard streams",
    FdAction "fd action",
    LandlockRule "landlock rule",
    ParentDeath "parent death",
    Init "init",
    ProcessFlags "process flags",
    Speculation "speculation",
    NoNewPrivs "no_new_privs",
    Landlock "landlock",
    FdClose "fd close",
    Nofile "nofile",
    Trace "trace",
    Stop "stop",
    SignalActions "signal actions",
    UserNamespaces "user namespaces",
    Seccomp "seccomp",
    SignalMask "signal mask",
    Exec "exec",
}

const _: () = {
    let mut rows = STAGES;
    while let [one, rest @ ..] = rows {
        if let Some(next) = rest.first() {
            assert!((one.stage as u32) < next.stage as u32, "stages must ascend");
        }
        rows = rest;
    }
};

impl Stage {
    /// Whether it is one of the list of mounts and their kin.
    pub fn is_of_mounts(self) -> bool {
        Stage::Mount <= self && self <= Stage::Mode
    }
}

impl Row {
    /// The row of a number, if the number is a stage.
    pub fn of(number: u32) -> Option<&'static Row> {
        STAGES.iter().find(|row| row.stage as u32 == number)
    }

    /// The name without its NUL.
    pub fn plain_name(&self) -> &'static str {
        self.name.trim_end_matches('\0')
    }
}
