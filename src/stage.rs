//! The order: every step between the caller's request and the program's first instruction, once.
//!
//! The numbers are ABI. They ascend in the order in which the steps happen, step by ten inside phases of a hundred, and
//! are never reused. Steps below 100 happen in the caller, all others in the child (`child::program` pairs them with code).

/// A step of a spawn. The stage of a forkexec_error names the step that failed.
///
/// A number below 100 is a step of the caller's side. Numbers ascend in the order in which the steps are taken.
/// Later versions add numbers and never change one.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// No stage: nothing failed, or the error is not about a step.
    None = 0,
    /// The request is checked: setters that contradict each other, refused setters, descriptors that are not open.
    Validate = 10,
    /// What the request names is looked up: limits, capabilities, the cgroup. getrlimit(2), capget(2), statfs(2).
    Resolve = 20,
    /// Memory for the plan, for the child's stack and for its image is mapped. mmap(2), memfd_create(2).
    Memory = 30,
    /// The close-on-exec descriptors between caller and child are made, among them the page in which the child reports,
    /// if the child has made it. pipe(2), eventfd(2), memfd_create(2), pidfd_open(2), pidfd_getfd(2); for a child that
    /// sends descriptors socketpair(2), recvmsg(2).
    Pipe = 40,
    /// The child is made. clone(2).
    Clone = 50,
    /// The child is moved to its cgroup; or the cgroup has refused a child that was to be born in it. cgroups(7),
    /// clone(2).
    Cgroup = 60,
    /// The user and group ids of the waiting child are mapped. user_namespaces(7).
    IdMap = 70,
    /// The child was killed, or died, while it was set up, before it could say where.
    Child = 90,

    /// The child gets its own descriptor table. Before this it may not change any descriptor. close_range(2).
    FdTable = 100,
    /// Descriptors that the plan does not need are closed, so that no child holds the pipe of another. close_range(2).
    FdUnneeded = 110,
    /// The capabilities are made to survive the change to the image. capabilities(7).
    Carry = 115,
    /// The child executes the library's own small program, and so leaves the caller's memory. The files of that
    /// program, and of the page in which the child reports, belong to this stage. execveat(2), memfd_create(2).
    Image = 120,
    /// Descriptors that had to survive the change to the image become close-on-exec again. F_SETFD(2const).
    FdFlags = 125,
    /// The score for the out-of-memory killer is set. This comes before the ids: a change of ids loses the right to
    /// write it. proc_pid_oom_score_adj(5).
    OomScore = 130,
    /// The kinds of memory that a core dump has are set. The kernel keeps them with the memory, so this comes after the
    /// child has its own. core(5).
    CoredumpFilter = 135,

    /// The capability sets are set back to what they were before the change to the image. capabilities(7).
    Credentials = 200,
    /// The library's own small program makes a second process, which goes on. It is born in the cgroup, where a member
    /// that shares the caller's memory would endanger the caller, or has a peak of memory of its own. If the cgroup, a
    /// namespace or a limit refuses it, the error names the stage clone. clone(2).
    CgroupBirth = 205,
    /// The child waits for what the caller does for it: id maps, the cgroup, limits that need privileges. poll(2).
    Wait = 210,
    /// The file for the clocks of a new time namespace is opened, while /proc is still the caller's.
    /// time_namespaces(7).
    TimeFile = 215,
    /// The child becomes non-dumpable: from here on no process may look into it, whatever user it becomes.
    /// PR_SET_DUMPABLE(2const).
    Nondumpable = 220,
    /// The caller's /proc is opened; labels are written through it later. openat(2).
    Procfs = 225,
    /// Namespaces are joined: first those that need the caller's privileges, then the user namespace, then those that
    /// need the privileges there. setns(2).
    Join = 230,
    /// The child becomes the user that is to own the user namespace. This comes after the joins, which need privileges.
    /// setresuid(2).
    NamespaceOwner = 235,
    /// The child makes its own user namespace, because it has joined others or because another user is to own it.
    /// unshare(2).
    UnshareUser = 240,
    /// The child waits until that user namespace has its maps. poll(2).
    WaitMaps = 245,
    /// The child enters the new namespaces in which it was not born. unshare(2).
    Unshare = 250,
    /// The clocks of the new time namespace are set while it has no process; then the child enters it.
    /// time_namespaces(7), setns(2).
    TimeOffsets = 252,
    /// A second process goes on, as pid 1 of a pid namespace that the child has entered. clone(2).
    FirstProcess = 255,
    /// The child enters a cgroup namespace. This comes after it entered the cgroup, so that this cgroup is the root
    /// there. cgroup_namespaces(7).
    CgroupNamespace = 260,

    /// The child gives up the controlling terminal. TIOCNOTTY(2const).
    DetachTerminal = 300,
    /// The child starts a new session. setsid(2).
    Session = 310,
    /// The child joins the process group. setpgid(2).
    ProcessGroup = 320,
    /// The child takes the controlling terminal. This needs the new session. TIOCSCTTY(2const).
    ControllingTerminal = 330,
    /// The process group becomes the foreground group. This needs the group and the terminal; without the terminal it
    /// is ENOTTY. tcsetpgrp(3).
    Foreground = 340,

    /// The host name is set, in the new UTS namespace. sethostname(2).
    Hostname = 410,
    /// The NIS domain name is set, in the new UTS namespace. setdomainname(2).
    Domainname = 420,
    /// The loopback interface is brought up, in the new network namespace. netdevice(7).
    Loopback = 430,
    /// The network device for the caller is made, in the new network namespace and while the caller's mounts are still
    /// there. netdevice(7).
    Tun = 435,
    /// Mounts stop propagating to the caller. This comes before any mount or change of root. mount_namespaces(7).
    Propagation = 440,
    /// It is tried whether this kernel clones a tree of mounts that is in no mount namespace, before a root is built to be
    /// cloned. open_tree(2), fsmount(2), move_mount(2).
    RootTree = 443,
    /// The new root is mounted over the old one. Mounts are brought in from the old root, which the new one covers in
    /// the end. mount(2), mount_setattr(2).
    Root = 445,
    /// A mount of add_mount is made. The items of the list of mounts share one index and are done in call order,
    /// whatever their stages are. mount(2).
    Mount = 451,
    /// A file or directory of the caller's appears at its place in the root. open_tree(2), move_mount(2),
    /// mount_setattr(2), mount(2).
    Bind = 452,
    /// An empty file system in memory is mounted. tmpfs(5).
    Tmpfs = 453,
    /// A proc file system of the child's pid namespace is mounted. proc(5).
    Proc = 454,
    /// A small /dev is mounted, with a devpts of its own. devpts(5), mount(2).
    Dev = 455,
    /// A directory is made, with those above it that are missing. mkdir(2).
    Directory = 456,
    /// A symbolic link is made. symlink(2).
    Symlink = 457,
    /// A file is made and filled. open(2), write(2).
    File = 458,
    /// A path is hidden by a mount over it. mount(2).
    Mask = 459,
    /// A path becomes read-only, with all that is mounted below. mount_setattr(2), mount(2).
    Readonly = 460,
    /// Directories of the caller's are mounted as one, laid over each other. What is written goes to one of them, or to
    /// memory. mount(2).
    Overlay = 461,
    /// A mount gets additional flags. mount(2).
    Remount = 462,
    /// A file or directory gets another mode. chmod(2).
    Mode = 463,
    /// The new root replaces the old one, which is detached. This comes after the last mount, whose source was in the
    /// old root. pivot_root(2).
    PivotRoot = 470,
    /// The root becomes read-only. This comes after everything that is made in it. mount(2).
    RootReadonly = 480,
    /// A root that is prepared is copied to a tree of mounts that is in no mount namespace, for later spawns to clone.
    /// open_tree(2), fsmount(2), move_mount(2).
    RootCopy = 485,
    /// The child enters its root directory, and its working directory moves inside. This comes before the ids change,
    /// as it needs a privilege. chroot(2).
    Chroot = 490,
    /// The new pseudoterminal is made. This needs the final root, whose devpts it belongs to. pty(7).
    Terminal = 495,
    /// The child enters a second user namespace, which has the ids that were asked for. In the first it had to be id 0,
    /// which devpts(5) needs. unshare(2), user_namespaces(7).
    InnerUserNamespace = 497,
    /// The child joins a second user namespace, below the one in which the mounts were made. From here on it has privileges
    /// in the second alone. setns(2), user_namespaces(7).
    SecondUserNamespace = 498,

    /// Resource limits are set, except the one on descriptors, of which the child still needs some. prlimit(2).
    Rlimit = 500,
    /// The processors to run on are set. sched_setaffinity(2).
    Affinity = 510,
    /// The nodes that memory comes from are set. set_mempolicy(2).
    NumaPolicy = 515,
    /// The nice value is set. setpriority(2).
    Nice = 520,
    /// The scheduling policy is set. This comes after the nice value, which some policies ignore.
    /// sched_setscheduler(2).
    Scheduler = 530,
    /// The expected utilization is set. sched_setattr(2).
    Utilization = 535,
    /// The I/O priority is set. ioprio_set(2).
    IoPriority = 540,
    /// The slack of timers is set. PR_SET_TIMERSLACK(2const).
    TimerSlack = 550,
    /// The execution domain and its flags are set. personality(2).
    Personality = 560,
    /// The file mode creation mask is set. This comes after everything that the library itself makes. umask(2).
    Umask = 570,
    /// A socket for the caller is made and bound. This needs the final network namespace, the final root and the umask.
    /// bind(2), listen(2).
    Listen = 574,
    /// The child sends the caller the descriptors that it has made for it. This comes before a held child waits, as the
    /// caller may need them then. unix(7).
    HandOver = 576,
    /// A held child waits here until it is released. Its surroundings are complete, and its privileges are still those
    /// of the caller. poll(2).
    Hold = 580,
    /// The child enters the namespaces that were asked for after the hold. unshare(2).
    LateNamespaces = 590,
    /// A second process goes on, in the pid namespace that was entered. It is made here if filters without no_new_privs
    /// follow. clone(2).
    SecondClone = 595,

    /// The working directory is entered with the caller's rights, before anything takes them away. chdir(2).
    CwdBeforeIds = 600,
    /// The label for the program is written, by the process that becomes the program. This comes early, as the file by
    /// which it is written gives access to much. proc_pid_attr(5).
    ExecLabel = 602,
    /// The AppArmor profile for the program is written, beside the label of another module. proc_pid_attr(5).
    ApparmorProfile = 603,
    /// The SELinux label for the session keyring is written, before the keyring is made. proc_pid_attr(5).
    KeyringLabel = 604,
    /// The session keyring is joined or made. This comes before the ids change: the new ids may have no access to one
    /// of that name. keyctl(2).
    Keyring = 605,
    /// The permissions of the session keyring are set, while it belongs to the child. keyctl(2).
    KeyringPermissions = 606,
    /// The bounding set is reduced, while CAP_SETPCAP is still there. capabilities(7).
    Bounding = 610,
    /// The capabilities are made to survive the change of ids. PR_SET_KEEPCAPS(2const).
    KeepCaps = 620,
    /// Seccomp filters without no_new_privs are installed, while CAP_SYS_ADMIN is there. They have to allow what
    /// follows. seccomp(2).
    PrivilegedSeccomp = 630,
    /// The supplementary groups are set, before a change of ids forbids it. setgroups(2).
    Groups = 640,
    /// The group id is set, before a change of the user id forbids it. setresgid(2).
    Gid = 645,
    /// The user id is set. setresuid(2).
    Uid = 650,
    /// The kept capabilities become effective again, as the change of the user id has cleared them. capset(2).
    Effective = 655,
    /// The securebits are set, before CAP_SETPCAP goes. PR_SET_SECUREBITS(2const).
    Securebits = 660,
    /// The ambient set is set. Its capabilities have to be in the permitted and inheritable sets.
    /// PR_CAP_AMBIENT(2const).
    Ambient = 670,
    /// The final permitted, effective and inheritable sets are set. Nothing after this needs a privilege. capset(2).
    Capabilities = 680,
    /// The working directory is entered with the program's ids and capabilities, unless it was entered before.
    /// chdir(2).
    Cwd = 690,
    /// The working directory has to lie inside the root. getcwd(2).
    CwdCheck = 695,
    /// A second process goes on, in the pid namespace that was entered. This comes late, so that processes in there see
    /// no more rights than the program's. clone(2).
    LastClone = 697,

    /// The library's own descriptors move away from numbers that the program is to have. F_DUPFD_CLOEXEC(2const).
    FdInternal = 700,
    /// The mapped descriptors move to their numbers, all at once. dup(2).
    FdMap = 710,
    /// The new terminal becomes the controlling terminal and the standard streams, in the process that becomes the
    /// program or its init. TIOCSCTTY(2const), dup(2).
    Streams = 715,
    /// The actions on descriptors are done in call order. open(2), dup(2), close(2), chdir(2).
    FdAction = 720,
    /// The Landlock rules are made. Their paths are looked up in the final root, with the program's ids.
    /// landlock_add_rule(2).
    LandlockRule = 730,
    /// The signal for the parent's death is set, and it is checked that the parent has not died meanwhile. This comes
    /// after the ids, whose change clears it. PR_SET_PDEATHSIG(2const).
    ParentDeath = 740,
    /// The program is forked from the init, which stays pid 1. This comes before the steps that are for the program
    /// alone. fork(2).
    Init = 745,
    /// The process flags are set, in the process that becomes the program. prctl(2).
    ProcessFlags = 747,
    /// Speculative execution is controlled, in the process that becomes the program. PR_SET_SPECULATION_CTRL(2const).
    Speculation = 748,
    /// no_new_privs is set. PR_SET_NO_NEW_PRIVS(2const).
    NoNewPrivs = 750,
    /// Landlock restricts the child. It needs no_new_privs, and comes after the last path is opened.
    /// landlock_restrict_self(2).
    Landlock = 755,
    /// Descriptors that were needed until here are closed. Close-on-exec would be too late: an exec wakes the caller
    /// before it closes them. close(2).
    FdClose = 760,
    /// The limit on descriptors is set, after the last descriptor has moved. prlimit(2).
    Nofile = 770,
    /// The child becomes a tracee of the thread that started it. ptrace(2).
    Trace = 780,
    /// The child stops itself. signal(7).
    Stop = 785,
    /// Signals are set to their default action or ignored. sigaction(2).
    SignalActions = 790,
    /// A filter denies user namespaces, and the child tries whether it does. This comes before filters that may forbid
    /// to try. seccomp(2).
    UserNamespaces = 791,
    /// Seccomp filters are installed. This comes so late that they need to allow little more than the exec. seccomp(2).
    Seccomp = 792,
    /// The signal mask is set, unless it was set before a filter that may refuse it. Pending signals act here.
    /// sigprocmask(2).
    SignalMask = 795,
    /// The program is executed. execve(2).
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
    SecondUserNamespace "second user namespace",
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
        STAGES.get(STAGES.binary_search_by_key(&number, |row| row.stage as u32).ok()?)
    }

    /// The name without its NUL.
    pub fn plain_name(&self) -> &'static str {
        self.name.trim_end_matches('\0')
    }
}
