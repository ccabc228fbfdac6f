//! The kernel's constants and structures that the child needs. `sys::pinned` compares them with libc's.

pub const EPERM: i32 = 1;
pub const ENOENT: i32 = 2;
pub const ESRCH: i32 = 3;
pub const EINTR: i32 = 4;
pub const EIO: i32 = 5;
pub const E2BIG: i32 = 7;
pub const ENOEXEC: i32 = 8;
pub const EBADF: i32 = 9;
pub const ECHILD: i32 = 10;
pub const EAGAIN: i32 = 11;
pub const EACCES: i32 = 13;
pub const EFAULT: i32 = 14;
pub const EEXIST: i32 = 17;
pub const ENODEV: i32 = 19;
pub const ENOTDIR: i32 = 20;
pub const EINVAL: i32 = 22;
pub const EMFILE: i32 = 24;
pub const ENOTTY: i32 = 25;
pub const ETXTBSY: i32 = 26;
pub const EFBIG: i32 = 27;
pub const ENOSPC: i32 = 28;
pub const EPIPE: i32 = 32;
pub const ENAMETOOLONG: i32 = 36;
pub const ENOSYS: i32 = 38;
pub const ELOOP: i32 = 40;
pub const EOVERFLOW: i32 = 75;
pub const EOPNOTSUPP: i32 = 95;
pub const ETIMEDOUT: i32 = 110;
pub const ESTALE: i32 = 116;

pub const CLONE_VM: u64 = 0x100;
pub const CLONE_FS: u64 = 0x200;
pub const CLONE_SIGHAND: u64 = 0x800;
pub const CLONE_THREAD: u64 = 0x1_0000;
pub const CLONE_PARENT_SETTID: u64 = 0x10_0000;
pub const CLONE_SYSVSEM: u64 = 0x4_0000;
pub const CLONE_CHILD_CLEARTID: u64 = 0x20_0000;
pub const CLONE_FILES: u64 = 0x400;
pub const CLONE_PIDFD: u64 = 0x1000;
pub const CLONE_PARENT: u64 = 0x8000;
pub const CLONE_VFORK: u64 = 0x4000;
pub const CLONE_NEWTIME: u64 = 0x80;
pub const CLONE_NEWNS: u64 = 0x0002_0000;
pub const CLONE_NEWCGROUP: u64 = 0x0200_0000;
pub const CLONE_NEWUTS: u64 = 0x0400_0000;
pub const CLONE_NEWIPC: u64 = 0x0800_0000;
pub const CLONE_NEWUSER: u64 = 0x1000_0000;
pub const CLONE_NEWPID: u64 = 0x2000_0000;
pub const CLONE_NEWNET: u64 = 0x4000_0000;
pub const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;
pub const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

pub const CLOSE_RANGE_UNSHARE: u32 = 1 << 1;

pub const AT_FDCWD: i32 = -100;
pub const AT_EMPTY_PATH: i32 = 0x1000;
pub const O_RDONLY: i32 = 0;
pub const O_WRONLY: i32 = 1;
pub const O_RDWR: i32 = 2;
pub const O_NOCTTY: i32 = 0o400;
pub const O_CLOEXEC: i32 = 0o2000000;
#[cfg(target_arch = "x86_64")]
pub const O_DIRECTORY: i32 = 0o200000;
#[cfg(target_arch = "aarch64")]
pub const O_DIRECTORY: i32 = 0o40000;
pub const MFD_CLOEXEC: u32 = 1;
pub const MFD_ALLOW_SEALING: u32 = 2;
pub const MFD_NOEXEC_SEAL: u32 = 8;
pub const MFD_EXEC: u32 = 0x10;
#[cfg(target_arch = "x86_64")]
pub const O_NOFOLLOW: i32 = 0o400000;
#[cfg(target_arch = "aarch64")]
pub const O_NOFOLLOW: i32 = 0o100000;
pub const O_CREAT: i32 = 0o100;
pub const O_EXCL: i32 = 0o200;
pub const O_PATH: i32 = 0o10000000;
pub const S_IFMT: u32 = 0o170000;
pub const S_IFCHR: u32 = 0o020000;
pub const S_IFDIR: u32 = 0o040000;
pub const S_IFREG: u32 = 0o100000;
pub const S_IFLNK: u32 = 0o120000;
pub const RESOLVE_NO_XDEV: u64 = 1;
pub const RESOLVE_NO_MAGICLINKS: u64 = 2;
pub const RESOLVE_BENEATH: u64 = 8;
pub const RESOLVE_IN_ROOT: u64 = 0x10;
pub const O_ASYNC: i32 = 0o20000;
pub const F_GETFD: i32 = 1;
pub const F_SETFD: i32 = 2;
pub const F_SETFL: i32 = 4;
pub const F_SETOWN: i32 = 8;
pub const STATX_MNT_ID_UNIQUE: u32 = 0x4000;
pub const STATX_MNT_ID: u32 = 0x1000;
pub const STATX_INO: u32 = 0x100;
pub const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;
pub const F_SEAL_WRITE: i32 = 8;
pub const F_SETSIG: i32 = 10;
pub const FD_CLOEXEC: i32 = 1;
pub const F_DUPFD_CLOEXEC: i32 = 1030;
pub const F_ADD_SEALS: i32 = 1033;
pub const F_SEAL_SEAL: i32 = 1;
pub const F_SEAL_SHRINK: i32 = 2;
pub const F_SEAL_GROW: i32 = 4;
pub const PROT_NONE: i32 = 0;
pub const PROT_READ: i32 = 1;
pub const PROT_WRITE: i32 = 2;
pub const MAP_SHARED: i32 = 1;
pub const MAP_PRIVATE: i32 = 2;
pub const MAP_ANONYMOUS: i32 = 0x20;
pub const MAP_NORESERVE: i32 = 0x4000;
pub const MAP_POPULATE: i32 = 0x8000;
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub const MREMAP_MAYMOVE: i32 = 1;

pub const SIGKILL: i32 = 9;
pub const SIGCHLD: i32 = 17;
pub const SIGWINCH: i32 = 28;
pub const SIGXFSZ: i32 = 25;
pub const SIGSTOP: i32 = 19;
pub const SIG_SETMASK: i32 = 2;
pub const SIG_DFL: usize = 0;
pub const SIG_IGN: usize = 1;

pub const PR_SET_PDEATHSIG: i32 = 1;
pub const PR_SET_DUMPABLE: i32 = 4;
pub const PR_SET_NAME: i32 = 15;
pub const PR_SET_KEEPCAPS: i32 = 8;
pub const PR_CAPBSET_DROP: i32 = 24;
pub const PR_SET_SECUREBITS: i32 = 28;
pub const PR_SET_TSC: i32 = 26;
pub const PR_TSC_SIGSEGV: usize = 2;
pub const PR_SET_TIMERSLACK: i32 = 29;
pub const PR_SET_CHILD_SUBREAPER: i32 = 36;
pub const PR_SET_THP_DISABLE: i32 = 41;
pub const PR_SET_MDWE: i32 = 65;
pub const PR_MDWE_REFUSE_EXEC_GAIN: usize = 1;
pub const PR_SET_SPECULATION_CTRL: i32 = 53;
pub const PR_SET_MEMORY_MERGE: i32 = 67;
pub const PR_GET_MEMORY_MERGE: i32 = 68;
pub const PR_SCHED_CORE: i32 = 62;
pub const PR_SCHED_CORE_CREATE: usize = 1;
pub const PR_SET_SECCOMP: i32 = 22;
pub const PR_SET_NO_NEW_PRIVS: i32 = 38;
pub const PR_CAP_AMBIENT: i32 = 47;
pub const PR_CAP_AMBIENT_RAISE: usize = 2;
pub const PR_CAP_AMBIENT_CLEAR_ALL: usize = 4;
pub const CAP_VERSION_3: u32 = 0x2008_0522;

pub const MS_RDONLY: u64 = 1;
pub const MS_NOSUID: u64 = 2;
pub const MS_NODEV: u64 = 4;
pub const MS_NOEXEC: u64 = 8;
pub const MS_REMOUNT: u64 = 0x20;
pub const MS_NOSYMFOLLOW: u64 = 0x100;
pub const MS_NOATIME: u64 = 0x400;
pub const MS_NODIRATIME: u64 = 0x800;
pub const MS_BIND: u64 = 0x1000;
pub const MS_MOVE: u64 = 0x2000;
pub const MS_UNBINDABLE: u64 = 1 << 17;
pub const MS_RELATIME: u64 = 1 << 21;
pub const MS_STRICTATIME: u64 = 1 << 24;
pub const MNT_DETACH: i32 = 2;
pub const OPEN_TREE_CLONE: u32 = 1;
pub const OPEN_TREE_CLOEXEC: u32 = O_CLOEXEC as u32;
pub const FSOPEN_CLOEXEC: u32 = 1;
pub const FSCONFIG_CMD_CREATE: u32 = 6;
pub const FSMOUNT_CLOEXEC: u32 = 1;
pub const MOVE_MOUNT_F_EMPTY_PATH: u32 = 4;
pub const MOVE_MOUNT_T_EMPTY_PATH: u32 = 0x40;
pub const AT_RECURSIVE: i32 = 0x8000;
pub const MOUNT_ATTR_RDONLY: u64 = 1;
pub const MOUNT_ATTR_NOATIME: u64 = 0x10;
/// The modes of access times exclude each other: to set one, all are cleared first.
pub const MOUNT_ATTR_ATIME: u64 = 0x70;
pub const MOUNT_ATTR_NODIRATIME: u64 = 0x80;
pub const MOUNT_ATTR_IDMAP: u64 = 0x10_0000;
pub const MOUNT_ATTR_NOSYMFOLLOW: u64 = 0x20_0000;
pub const PROC_SUPER_MAGIC: u64 = 0x9fa0;
pub const PROC_ROOT_INO: u64 = 1;
/// Two flags of statfs(2) have other values than those of mount(2).
pub const ST_RELATIME: u64 = 0x1000;
pub const ST_NOSYMFOLLOW: u64 = 0x2000;
pub const MS_REC: u64 = 0x4000;
pub const MS_PRIVATE: u64 = 1 << 18;

pub const AF_UNIX: i32 = 1;
pub const AF_INET: i32 = 2;
pub const SOCK_DGRAM: i32 = 2;
pub const SOCK_CLOEXEC: i32 = O_CLOEXEC;
pub const SIOCGIFFLAGS: usize = 0x8913;
pub const SIOCSIFFLAGS: usize = 0x8914;
pub const IFF_UP: i16 = 1;

pub const TIOCSCTTY: usize = 0x540E;
pub const TIOCSPGRP: usize = 0x5410;
pub const TIOCNOTTY: usize = 0x5422;
pub const TIOCSWINSZ: usize = 0x5414;
pub const TIOCSPTLCK: usize = 0x4004_5431;
pub const TIOCGPTPEER: usize = 0x5441;
pub const TUNSETIFF: usize = 0x4004_54CA;
/// The device numbers of /dev/ptmx and /dev/net/tun, as fstat(2) has them.
pub const PTMX: u64 = 5 << 8 | 2;
pub const TUN: u64 = 10 << 8 | 200;

pub const KEYCTL_JOIN_SESSION_KEYRING: i32 = 1;
pub const KEYCTL_SETPERM: i32 = 5;
pub const SECCOMP_SET_MODE_FILTER: i32 = 1;
pub const SECCOMP_MODE_FILTER: usize = 2;
pub const SECCOMP_GET_ACTION_AVAIL: i32 = 2;
pub const SECCOMP_FILTER_FLAG_NEW_LISTENER: u32 = 8;
pub const SOL_SOCKET: i32 = 1;
pub const SO_REUSEADDR: i32 = 2;
pub const SCM_RIGHTS: i32 = 1;
pub const MSG_NOSIGNAL: i32 = 0x4000;

pub const LANDLOCK_CREATE_RULESET_VERSION: u32 = 1;
pub const LANDLOCK_RULE_PATH_BENEATH: u32 = 1;
pub const LANDLOCK_RULE_NET_PORT: u32 = 2;

pub const POLLIN: i16 = 1;
pub const POLLNVAL: i16 = 0x20;
pub const PTRACE_TRACEME: usize = 0;
pub const PRIO_PROCESS: i32 = 0;
pub const SCHED_DEADLINE: i32 = 6;
pub const SCHED_RESET_ON_FORK: i32 = 0x4000_0000;
/// Flags of sched_setattr(2).
pub const SCHED_FLAG_RESET_ON_FORK: u64 = 0x01;
pub const SCHED_FLAG_KEEP_ALL: u64 = 0x18;
pub const SCHED_FLAG_UTIL_CLAMP: u64 = 0x60;
pub const IOPRIO_WHO_PROCESS: i32 = 1;
pub const IOPRIO_CLASS_SHIFT: u32 = 13;
pub const IOPRIO_CLASS_RT: u32 = 1;
pub const RLIMIT_FSIZE: u32 = 1;
pub const RLIMIT_NOFILE: u32 = 7;

pub const P_ALL: i32 = 0;
pub const P_PID: i32 = 1;
pub const P_PIDFD: i32 = 3;
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub const PIDFD_THREAD: i32 = O_EXCL;
/// For pidfd_send_signal(2). The libc crate does not have it yet.
pub const PIDFD_SIGNAL_PROCESS_GROUP: u32 = 1 << 2;
pub const CLD_EXITED: i32 = 1;
pub const CLD_KILLED: i32 = 2;
pub const CLD_DUMPED: i32 = 3;
pub const CLD_CONTINUED: i32 = 6;
pub const WNOHANG: i32 = 1;
pub const WSTOPPED: i32 = 2;
pub const WEXITED: i32 = 4;
pub const WCONTINUED: i32 = 8;
pub const WNOWAIT: i32 = 0x0100_0000;
pub const WALL: i32 = 0x4000_0000;
pub const WCLONE: i32 = 0x8000_0000u32 as i32;
pub const WNOTHREAD: i32 = 0x2000_0000;

pub const FUTEX_WAIT: i32 = 0;
pub const FUTEX_WAKE: i32 = 1;
pub const FUTEX_WAKE_OP: i32 = 5;
pub const FUTEX_OP_ANDN: u32 = 3;
pub const FUTEX_OP_OPARG_SHIFT: u32 = 8;

/// seccomp(2): one instruction of a filter.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct SockFilter {
    pub code: u16,
    pub jump_true: u8,
    pub jump_false: u8,
    pub value: u32,
}

/// seccomp(2): a filter.
#[repr(C)]
pub struct SockProgram {
    pub length: u16,
    pub filter: *const SockFilter,
}

/// sendmsg(2): one piece of a message.
#[repr(C)]
pub struct IoVec {
    pub base: *const u8,
    pub len: usize,
}

/// sendmsg(2)
#[repr(C)]
pub struct MsgHdr {
    pub name: usize,
    pub name_len: u32,
    pub parts: *const IoVec,
    pub parts_len: usize,
    pub control: *const Rights,
    pub control_len: usize,
    pub flags: i32,
}

/// The most descriptors that the library sends in one message. The kernel takes 253.
pub const MOST_RIGHTS: usize = 34;

/// unix(7): the control message with the descriptors.
#[repr(C, align(8))]
pub struct Rights {
    pub len: usize,
    pub level: i32,
    pub kind: i32,
    pub fds: [i32; MOST_RIGHTS],
}

/// landlock_create_ruleset(2): the accesses and scopes that are handled.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct LandlockRuleset {
    pub fs: u64,
    pub net: u64,
    pub scopes: u64,
}

impl LandlockRuleset {
    pub fn both(self, other: LandlockRuleset) -> LandlockRuleset {
        LandlockRuleset { fs: self.fs & other.fs, net: self.net & other.net, scopes: self.scopes & other.scopes }
    }

    pub fn but(self, other: LandlockRuleset) -> LandlockRuleset {
        LandlockRuleset { fs: self.fs & !other.fs, net: self.net & !other.net, scopes: self.scopes & !other.scopes }
    }
}

/// landlock_add_rule(2): a rule for everything beneath a file or directory.
#[repr(C, packed)]
pub struct LandlockPath {
    pub access: u64,
    pub fd: i32,
}

/// landlock_add_rule(2): a rule for a port.
#[repr(C)]
pub struct LandlockPort {
    pub access: u64,
    pub port: u64,
}

/// sched_setattr(2): the version with utilization.
#[repr(C)]
#[derive(Default)]
pub struct SchedAttr {
    pub size: u32,
    pub policy: u32,
    pub flags: u64,
    pub nice: i32,
    pub priority: u32,
    pub runtime: u64,
    pub deadline: u64,
    pub period: u64,
    pub utilization_min: u32,
    pub utilization_max: u32,
}

/// clone3(2): the version with cgroups.
#[repr(C)]
#[derive(Default)]
pub struct CloneArgs {
    pub flags: u64,
    pub pidfd: u64,
    pub child_tid: u64,
    pub parent_tid: u64,
    pub exit_signal: u64,
    pub stack: u64,
    pub stack_size: u64,
    pub tls: u64,
    pub set_tid: u64,
    pub set_tid_size: u64,
    pub cgroup: u64,
}

/// rt_sigaction(2): the kernel's structure, which differs from libc's.
#[repr(C)]
#[derive(Default)]
pub struct SigAction {
    pub handler: usize,
    pub flags: u64,
    #[cfg(target_arch = "x86_64")]
    pub restorer: usize,
    pub mask: u64,
}

/// capset(2).
#[repr(C)]
pub struct CapHeader {
    pub version: u32,
    pub pid: i32,
}

/// capset(2): one of the two words of each set.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct CapData {
    pub effective: u32,
    pub permitted: u32,
    pub inheritable: u32,
}

/// mount_setattr(2).
#[repr(C)]
#[derive(Default)]
pub struct MountAttr {
    pub set: u64,
    pub clear: u64,
    pub propagation: u64,
    pub userns_fd: u64,
}

/// openat2(2).
#[repr(C)]
pub struct OpenHow {
    pub flags: u64,
    pub mode: u64,
    pub resolve: u64,
}

/// statfs(2).
#[repr(C)]
#[derive(Default)]
pub struct StatFs {
    pub magic: u64,
    pub sizes: [u64; 9],
    pub flags: u64,
    pub spare: [u64; 4],
}

/// fstat(2): the format (`S_IFDIR` and others), the permission bits, and the device number of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub format: u32,
    pub mode: u32,
    pub device: u64,
}

/// prlimit(2).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Rlimit64 {
    pub soft: u64,
    pub hard: u64,
}

/// poll(2).
#[repr(C)]
pub struct PollFd {
    pub fd: i32,
    pub events: i16,
    pub revents: i16,
}

/// nanosleep(2).
#[repr(C)]
pub struct Timespec {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// netdevice(7): a request with the interface's name and flags.
#[repr(C)]
pub struct IfReq {
    pub name: [u8; 16],
    pub flags: i16,
    pub rest: [u8; 22],
}

/// waitid(2): the part of siginfo_t that it fills.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct WaitInfo {
    pub signo: i32,
    pub errno: i32,
    pub code: i32,
    pub pad: i32,
    pub pid: i32,
    pub uid: u32,
    pub status: i32,
    pub rest: [u8; 100],
}

impl WaitInfo {
    pub const EMPTY: WaitInfo =
        WaitInfo { signo: 0, errno: 0, code: 0, pad: 0, pid: 0, uid: 0, status: 0, rest: [0; 100] };
}
