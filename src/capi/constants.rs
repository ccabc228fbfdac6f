//! The numbers that callers write. Literals: cgo and cffi cannot evaluate expressions.

use crate::attr::{caps, exec, filters, landlock, limits, mount_item, ns, signals};
use crate::probe::Feature;
use crate::sealed;
use static_assertions::const_assert_eq;

/// The cgroup namespace. Equal to CLONE_NEWCGROUP, and the following to the kernel's constants too; namespaces(7).
pub const FORKEXEC_NS_CGROUP: u32 = 0x02000000;
/// The UTS namespace: host name and NIS domain name.
pub const FORKEXEC_NS_UTS: u32 = 0x04000000;
/// The IPC namespace: System V IPC and POSIX message queues.
pub const FORKEXEC_NS_IPC: u32 = 0x08000000;
/// The user namespace: user and group ids, and capabilities.
pub const FORKEXEC_NS_USER: u32 = 0x10000000;
/// The pid namespace: process ids.
pub const FORKEXEC_NS_PID: u32 = 0x20000000;
/// The network namespace: network devices, stacks and ports.
pub const FORKEXEC_NS_NET: u32 = 0x40000000;
/// The mount namespace: mount points. The kernel calls it CLONE_NEWNS.
pub const FORKEXEC_NS_MOUNT: u32 = 0x00020000;
/// The time namespace: the boot and monotonic clocks.
pub const FORKEXEC_NS_TIME: u32 = 0x00000080;

/// For forkexec_attr_set_rlimit: leaves this half of the limit as the caller has it.
pub const FORKEXEC_RLIMIT_KEEP: u64 = 0xfffffffffffffffe;

/// forkexec_attr_set_capabilities: the permitted set; capabilities(7).
pub const FORKEXEC_CAP_PERMITTED: u32 = 0x1;
/// The effective set.
pub const FORKEXEC_CAP_EFFECTIVE: u32 = 0x2;
/// The inheritable set.
pub const FORKEXEC_CAP_INHERITABLE: u32 = 0x4;
/// The bounding set.
pub const FORKEXEC_CAP_BOUNDING: u32 = 0x8;

/// For forkexec_attr_add_seccomp_filter: installs the filter on all threads, of which the child has one. Equal to
/// SECCOMP_FILTER_FLAG_TSYNC, and the following to the kernel's constants too; seccomp(2).
pub const FORKEXEC_SECCOMP_TSYNC: u32 = 0x1;
/// Logs all actions of the filter except SECCOMP_RET_ALLOW.
pub const FORKEXEC_SECCOMP_LOG: u32 = 0x2;
/// Does not turn on the mitigation of speculative store bypass.
pub const FORKEXEC_SECCOMP_SPEC_ALLOW: u32 = 0x4;
/// Lets the caller answer calls that the filter reports: forkexec_child_seccomp_fd. The kernel calls it NEW_LISTENER.
pub const FORKEXEC_SECCOMP_LISTENER: u32 = 0x8;
/// With LISTENER: once the listener has received a call, only a fatal signal interrupts it; Linux 5.19. The kernel
/// calls it WAIT_KILLABLE_RECV.
pub const FORKEXEC_SECCOMP_KILLABLE: u32 = 0x20;

/// For forkexec_attr_add_landlock_path: execute a file. Equal to LANDLOCK_ACCESS_FS_EXECUTE, and the following to the
/// kernel's constants too; landlock(7).
pub const FORKEXEC_LANDLOCK_FS_EXECUTE: u64 = 0x1;
/// Open a file for writing.
pub const FORKEXEC_LANDLOCK_FS_WRITE_FILE: u64 = 0x2;
/// Open a file for reading.
pub const FORKEXEC_LANDLOCK_FS_READ_FILE: u64 = 0x4;
/// List a directory.
pub const FORKEXEC_LANDLOCK_FS_READ_DIR: u64 = 0x8;
/// Remove a directory from a directory.
pub const FORKEXEC_LANDLOCK_FS_REMOVE_DIR: u64 = 0x10;
/// Remove a file from a directory.
pub const FORKEXEC_LANDLOCK_FS_REMOVE_FILE: u64 = 0x20;
/// Make a character device.
pub const FORKEXEC_LANDLOCK_FS_MAKE_CHAR: u64 = 0x40;
/// Make a directory.
pub const FORKEXEC_LANDLOCK_FS_MAKE_DIR: u64 = 0x80;
/// Make a regular file.
pub const FORKEXEC_LANDLOCK_FS_MAKE_REG: u64 = 0x100;
/// Make a unix socket.
pub const FORKEXEC_LANDLOCK_FS_MAKE_SOCK: u64 = 0x200;
/// Make a named pipe.
pub const FORKEXEC_LANDLOCK_FS_MAKE_FIFO: u64 = 0x400;
/// Make a block device.
pub const FORKEXEC_LANDLOCK_FS_MAKE_BLOCK: u64 = 0x800;
/// Make a symbolic link.
pub const FORKEXEC_LANDLOCK_FS_MAKE_SYM: u64 = 0x1000;
/// Link or rename a file into another directory; Linux 5.19. Landlock denies it also where it is not handled.
pub const FORKEXEC_LANDLOCK_FS_REFER: u64 = 0x2000;
/// Truncate a file; Linux 6.2.
pub const FORKEXEC_LANDLOCK_FS_TRUNCATE: u64 = 0x4000;
/// Call ioctl(2) for a device; Linux 6.10.
pub const FORKEXEC_LANDLOCK_FS_IOCTL_DEV: u64 = 0x8000;
/// Connect, or send, by its path to a unix socket that was not made in the same sandbox; Linux 7.1.
pub const FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX: u64 = 0x10000;

/// For forkexec_attr_add_landlock_port: bind a TCP socket to the port; Linux 6.7. Equal to
/// LANDLOCK_ACCESS_NET_BIND_TCP.
pub const FORKEXEC_LANDLOCK_NET_BIND_TCP: u64 = 0x1;
/// Connect a TCP socket to the port; Linux 6.7.
pub const FORKEXEC_LANDLOCK_NET_CONNECT_TCP: u64 = 0x2;
/// Bind a UDP socket to the port; Linux 7.2.
pub const FORKEXEC_LANDLOCK_NET_BIND_UDP: u64 = 0x4;
/// Connect a UDP socket to the port, or send to it; Linux 7.2.
pub const FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP: u64 = 0x8;

/// For forkexec_attr_set_process_flags: no transparent huge pages. PR_SET_THP_DISABLE(2const).
pub const FORKEXEC_PROCESS_NO_THP: u32 = 0x1;
/// Memory that is or was writable never becomes executable; Linux 6.3. PR_SET_MDWE(2const).
pub const FORKEXEC_PROCESS_MDWE: u32 = 0x2;
/// Reading the time stamp counter raises SIGSEGV. PR_SET_TSC(2const).
pub const FORKEXEC_PROCESS_NO_TSC: u32 = 0x4;
/// Orphaned descendants become the program's children. PR_SET_CHILD_SUBREAPER(2const).
pub const FORKEXEC_PROCESS_SUBREAPER: u32 = 0x8;
/// The program's children and threads start without its real-time or deadline policy and its negative nice value.
/// SCHED_RESET_ON_FORK, sched(7).
pub const FORKEXEC_PROCESS_RESET_ON_FORK: u32 = 0x10;
/// Only the program and its descendants run at the same time on the threads of a core; Linux 5.14.
/// PR_SCHED_CORE(2const).
pub const FORKEXEC_PROCESS_OWN_CORE: u32 = 0x20;
/// The kernel may merge its memory with equal memory of others; Linux 6.7. PR_SET_MEMORY_MERGE(2const).
pub const FORKEXEC_PROCESS_KSM: u32 = 0x40;
/// For forkexec_attr_set_speculation: loads ahead of earlier stores to the same place. PR_SPEC_STORE_BYPASS(2const).
pub const FORKEXEC_SPECULATION_STORE_BYPASS: u32 = 0;
/// Prediction of indirect jumps, which other programs can train. PR_SPEC_INDIRECT_BRANCH(2const).
pub const FORKEXEC_SPECULATION_INDIRECT_BRANCH: u32 = 1;
/// Flush of the first-level data cache at each switch to another process. PR_SPEC_L1D_FLUSH(2const).
pub const FORKEXEC_SPECULATION_L1D_FLUSH: u32 = 2;
/// For forkexec_attr_set_speculation: enables the feature. Equal to PR_SPEC_ENABLE, and the following to the kernel's
/// constants too.
pub const FORKEXEC_SPECULATE_ENABLE: u32 = 2;
/// Disables the feature.
pub const FORKEXEC_SPECULATE_DISABLE: u32 = 4;
/// Disables the feature for ever.
pub const FORKEXEC_SPECULATE_FORCE_DISABLE: u32 = 8;
/// For forkexec_attr_set_landlock_flags: does not log denials before the program runs; Linux 6.15. Equal to
/// LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF, and the following to the kernel's constants too;
/// landlock_restrict_self(2).
pub const FORKEXEC_LANDLOCK_FLAG_LOG_SAME_EXEC_OFF: u32 = 0x1;
/// Logs what is denied to the program and to programs that it runs; Linux 6.15.
pub const FORKEXEC_LANDLOCK_FLAG_LOG_NEW_EXEC_ON: u32 = 0x2;
/// Does not log denials by rulesets of the program and its descendants; Linux 6.15.
pub const FORKEXEC_LANDLOCK_FLAG_LOG_SUBDOMAINS_OFF: u32 = 0x4;
/// Restricts all threads, of which the child has one; Linux 7.0.
pub const FORKEXEC_LANDLOCK_FLAG_TSYNC: u32 = 0x8;
/// For forkexec_attr_set_landlock_scopes: no connections to abstract unix sockets outside; Linux 6.12. Equal to
/// LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET.
pub const FORKEXEC_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET: u64 = 0x1;
/// No signals to processes outside; Linux 6.12.
pub const FORKEXEC_LANDLOCK_SCOPE_SIGNAL: u64 = 0x2;

/// For forkexec_attr_set_parent_death_signal: the thread that made the child ends, as the kernel has it.
pub const FORKEXEC_DEATH_OF_THREAD: u32 = 1;
/// The process that made the child ends.
pub const FORKEXEC_DEATH_OF_PROCESS: u32 = 2;

/// For forkexec_attr_set_cwd_rights: those of the program, after its ids and capabilities are set. The default.
pub const FORKEXEC_CWD_RIGHTS_PROGRAM: u32 = 0;
/// Those of the caller, before that.
pub const FORKEXEC_CWD_RIGHTS_CALLER: u32 = 1;
/// Those of the caller and, if they are refused, those of the program, as runc and crun do.
pub const FORKEXEC_CWD_RIGHTS_EITHER: u32 = 2;

/// For forkexec_attr_set_memory_mode: the caller's memory where that is safe, else FRESH, else COPIED where that is
/// safe. The default.
pub const FORKEXEC_MEMORY_AUTO: u32 = 0;
/// The memory of the library's own small program, which the child executes first.
pub const FORKEXEC_MEMORY_FRESH: u32 = 1;
/// A copy of the caller's memory, as fork(2) makes it; slow if the caller is large.
pub const FORKEXEC_MEMORY_COPIED: u32 = 2;

/// For forkexec_attr_bind_mount and others: nothing can be written. The first four are mount(2)'s.
pub const FORKEXEC_MOUNT_READONLY: u32 = 0x1;
/// Programs get no ids or capabilities from files.
pub const FORKEXEC_MOUNT_NOSUID: u32 = 0x2;
/// Device nodes cannot be opened.
pub const FORKEXEC_MOUNT_NODEV: u32 = 0x4;
/// No file can be executed.
pub const FORKEXEC_MOUNT_NOEXEC: u32 = 0x8;
/// Mounts below the source do not appear.
pub const FORKEXEC_MOUNT_NONRECURSIVE: u32 = 0x10;
/// A target that does not exist is made, with directories that are missing above it: a directory with mode 0755, or for
/// a file a file with mode 0444.
pub const FORKEXEC_MOUNT_CREATE: u32 = 0x20;
/// Symbolic links in the target are followed, inside the root. With FORKEXEC_MOUNT_CREATE what they lead to is made.
pub const FORKEXEC_MOUNT_FOLLOW: u32 = 0x40;
/// A bind whose source does not exist (ENOENT) is left out. Other errors fail the spawn.
pub const FORKEXEC_MOUNT_OPTIONAL: u32 = 0x80;
/// For forkexec_attr_mount_overlay: what is written goes to memory and ends with the mount.
pub const FORKEXEC_MOUNT_IN_MEMORY: u32 = 0x100;
/// For forkexec_attr_mount_proc: files that change the kernel become read-only, if they exist: bus, fs, irq, sys and
/// sysrq-trigger.
pub const FORKEXEC_MOUNT_KERNEL_READONLY: u32 = 0x200;
/// For forkexec_attr_mount_proc: files that show the kernel, its hardware, or keys and activity of others are hidden as
/// by mask_path, if they exist: acpi, asound, interrupts, kcore, keys, latency_stats, sched_debug, scsi, timer_list and
/// timer_stats.
pub const FORKEXEC_MOUNT_KERNEL_HIDDEN: u32 = 0x400;

/// For forkexec_attr_set_root: the root becomes read-only in the end, what is mounted below it before anything is made
/// there.
pub const FORKEXEC_ROOT_READONLY: u32 = 0x1;
/// Programs get no ids or capabilities from files in the root and what is mounted below it.
pub const FORKEXEC_ROOT_NOSUID: u32 = 0x2;
/// Device nodes in the root and what is mounted below it cannot be opened.
pub const FORKEXEC_ROOT_NODEV: u32 = 0x4;
/// No file in the root and what is mounted below it can be executed.
pub const FORKEXEC_ROOT_NOEXEC: u32 = 0x8;

/// A timeout in nanoseconds that never ends.
pub const FORKEXEC_FOREVER: i64 = -1;

/// For forkexec_wait: the child stays to be waited for again.
pub const FORKEXEC_WAIT_NOREAP: u32 = 0x1;

/// For forkexec_wait: returns also when the child has stopped, or its tracer has stopped it. With set_init this is
/// about the program, and about the init where SIGSTOP stops that.
pub const FORKEXEC_WAIT_STOPPED: u32 = 0x2;
/// For forkexec_wait: returns also when SIGCONT has continued the child.
pub const FORKEXEC_WAIT_CONTINUED: u32 = 0x4;
/// For forkexec_wait: returns also when the program of a lingering init has ended while the init goes on. Each wait
/// reports it again until the init has ended. See forkexec_attr_set_lingering_init.
pub const FORKEXEC_WAIT_PROGRAM: u32 = 0x8;

/// For status.valid: wait_status, exit_code, signal and core_dumped are filled.
pub const FORKEXEC_STATUS_EXIT: u32 = 0x1;
/// ran is filled.
pub const FORKEXEC_STATUS_RAN: u32 = 0x2;
/// The times, faults, blocks, switches and max_rss_bytes are filled.
pub const FORKEXEC_STATUS_USAGE: u32 = 0x4;
/// memory_peak_bytes is filled.
pub const FORKEXEC_STATUS_MEMORY_PEAK: u32 = 0x8;
/// out_of_memory and oom_kills are filled: the child had a cgroup that counts memory, and it still exists.
pub const FORKEXEC_STATUS_OUT_OF_MEMORY: u32 = 0x10;
/// max_rss_bytes has no memory of the caller's in it: see forkexec_attr_measure_memory.
pub const FORKEXEC_STATUS_OWN_MEMORY: u32 = 0x20;
/// The child has stopped and not ended: wait_status and stop_signal are filled.
pub const FORKEXEC_STATUS_STOPPED: u32 = 0x40;
/// The child has been continued and not ended: wait_status is filled.
pub const FORKEXEC_STATUS_CONTINUED: u32 = 0x80;
/// The program has ended, and its init goes on until the last process in its namespace ends. The child can be waited for
/// again.
pub const FORKEXEC_STATUS_LINGERS: u32 = 0x100;

/// For status.ended: the child exited.
pub const FORKEXEC_ENDED_EXIT: u32 = 1;
/// A signal ended it.
pub const FORKEXEC_ENDED_SIGNAL: u32 = 2;
/// A signal ended it that the kernel sends at a limit: SIGXCPU for processor time, SIGXFSZ for the size of files. Above
/// the hard limit of processor time the kernel sends SIGKILL, which others send too: that is FORKEXEC_ENDED_SIGNAL.
pub const FORKEXEC_ENDED_LIMIT: u32 = 3;
/// It ran out of memory: status.out_of_memory is 1.
pub const FORKEXEC_ENDED_MEMORY: u32 = 4;

/// For status.ran: the child ended before it was the program.
pub const FORKEXEC_RAN_NO: u32 = 0;
/// The child ended as the program.
pub const FORKEXEC_RAN_YES: u32 = 1;
/// A signal ended the child at its exec or later, and the library cannot tell which. Somebody else has reaped the
/// child, or /proc does not show it: there is none, no descriptor is left to look there, or a filter kept the library's
/// image from naming itself (PR_SET_NAME). Or an init was killed before it could tell.
pub const FORKEXEC_RAN_UNKNOWN: u32 = 2;

/// For forkexec_probe: clone3(2).
pub const FORKEXEC_PROBE_CLONE3: u32 = 1;
/// close_range(2).
pub const FORKEXEC_PROBE_CLOSE_RANGE: u32 = 2;
/// pidfd_open(2).
pub const FORKEXEC_PROBE_PIDFD: u32 = 3;
/// Children can share the caller's memory.
pub const FORKEXEC_PROBE_SHARED_MEMORY: u32 = 4;
/// Children can execute the library's own small program: FORKEXEC_MEMORY_FRESH.
pub const FORKEXEC_PROBE_IMAGE: u32 = 5;
/// User namespaces with the caller's own ids mapped.
pub const FORKEXEC_PROBE_USER_NAMESPACE: u32 = 6;
/// Children can be born in a cgroup.
pub const FORKEXEC_PROBE_BIRTH_IN_CGROUP: u32 = 7;
/// Time namespaces can be made and entered, perhaps in a new user namespace: a holder of one is tried.
pub const FORKEXEC_PROBE_TIME_NAMESPACE: u32 = 8;
/// Seccomp filters: seccomp(2).
pub const FORKEXEC_PROBE_SECCOMP: u32 = 9;
/// Landlock, with sixteen accesses to files, TCP ports and scopes.
pub const FORKEXEC_PROBE_LANDLOCK: u32 = 10;
/// FORKEXEC_SECCOMP_LISTENER.
pub const FORKEXEC_PROBE_SECCOMP_LISTENER: u32 = 11;
/// The caller may make cgroups in its own, with the controllers memory, pids and cpu: forkexec_cgroup_create.
pub const FORKEXEC_PROBE_OWN_CGROUP: u32 = 12;
/// FORKEXEC_PROCESS_OWN_CORE.
pub const FORKEXEC_PROBE_OWN_CORE: u32 = 13;
/// forkexec_attr_set_utilization.
pub const FORKEXEC_PROBE_UTILIZATION: u32 = 14;
/// forkexec_attr_set_numa_policy.
pub const FORKEXEC_PROBE_NUMA_POLICY: u32 = 15;
/// FORKEXEC_PROCESS_KSM.
pub const FORKEXEC_PROBE_KSM: u32 = 16;
/// FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX.
pub const FORKEXEC_PROBE_LANDLOCK_UNIX: u32 = 17;
/// FORKEXEC_LANDLOCK_NET_BIND_UDP and FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP.
pub const FORKEXEC_PROBE_LANDLOCK_UDP: u32 = 18;
/// The caller may open /dev/net/tun: forkexec_attr_open_tun.
pub const FORKEXEC_PROBE_TUN: u32 = 19;
/// A prepared root is cloned (Linux 6.15); elsewhere each spawn builds it: forkexec_root_new.
pub const FORKEXEC_PROBE_PREPARED_ROOT: u32 = 20;
/// Overlays in a new user namespace (Linux 5.11): forkexec_attr_mount_overlay.
pub const FORKEXEC_PROBE_OVERLAY: u32 = 21;

const_assert_eq!(FORKEXEC_NS_CGROUP, libc::CLONE_NEWCGROUP as u32);
const_assert_eq!(FORKEXEC_NS_UTS, libc::CLONE_NEWUTS as u32);
const_assert_eq!(FORKEXEC_NS_IPC, libc::CLONE_NEWIPC as u32);
const_assert_eq!(FORKEXEC_NS_USER, libc::CLONE_NEWUSER as u32);
const_assert_eq!(FORKEXEC_NS_PID, libc::CLONE_NEWPID as u32);
const_assert_eq!(FORKEXEC_NS_NET, libc::CLONE_NEWNET as u32);
const_assert_eq!(FORKEXEC_NS_MOUNT, libc::CLONE_NEWNS as u32);
const_assert_eq!(FORKEXEC_NS_TIME, libc::CLONE_NEWTIME as u32);
const_assert_eq!(
    ns::TYPES,
    FORKEXEC_NS_CGROUP
        | FORKEXEC_NS_UTS
        | FORKEXEC_NS_IPC
        | FORKEXEC_NS_USER
        | FORKEXEC_NS_PID
        | FORKEXEC_NS_NET
        | FORKEXEC_NS_MOUNT
        | FORKEXEC_NS_TIME
);
const_assert_eq!(FORKEXEC_RLIMIT_KEEP, limits::KEEP);
const_assert_eq!(FORKEXEC_MOUNT_READONLY, mount_item::flag::READONLY);
const_assert_eq!(FORKEXEC_MOUNT_READONLY, libc::MS_RDONLY as u32);
const_assert_eq!(FORKEXEC_MOUNT_NOSUID, mount_item::flag::NOSUID);
const_assert_eq!(FORKEXEC_MOUNT_NOSUID, libc::MS_NOSUID as u32);
const_assert_eq!(FORKEXEC_MOUNT_NODEV, mount_item::flag::NODEV);
const_assert_eq!(FORKEXEC_MOUNT_NODEV, libc::MS_NODEV as u32);
const_assert_eq!(FORKEXEC_MOUNT_NOEXEC, mount_item::flag::NOEXEC);
const_assert_eq!(FORKEXEC_MOUNT_NOEXEC, libc::MS_NOEXEC as u32);
const_assert_eq!(FORKEXEC_MOUNT_NONRECURSIVE, mount_item::flag::NONRECURSIVE);
const_assert_eq!(FORKEXEC_MOUNT_CREATE, mount_item::flag::CREATE);
const_assert_eq!(FORKEXEC_MOUNT_FOLLOW, mount_item::flag::FOLLOW);
const_assert_eq!(FORKEXEC_ROOT_READONLY, mount_item::flag::READONLY);
const_assert_eq!(FORKEXEC_ROOT_NOSUID, mount_item::flag::NOSUID);
const_assert_eq!(FORKEXEC_ROOT_NODEV, mount_item::flag::NODEV);
const_assert_eq!(FORKEXEC_ROOT_NOEXEC, mount_item::flag::NOEXEC);
const_assert_eq!(FORKEXEC_MOUNT_OPTIONAL, mount_item::flag::OPTIONAL);
const_assert_eq!(FORKEXEC_MOUNT_IN_MEMORY, mount_item::flag::IN_MEMORY);
const_assert_eq!(FORKEXEC_MOUNT_KERNEL_READONLY, mount_item::flag::KERNEL_READONLY);
const_assert_eq!(FORKEXEC_MOUNT_KERNEL_HIDDEN, mount_item::flag::KERNEL_HIDDEN);
const_assert_eq!(FORKEXEC_CAP_PERMITTED, caps::set::PERMITTED);
const_assert_eq!(FORKEXEC_CAP_EFFECTIVE, caps::set::EFFECTIVE);
const_assert_eq!(FORKEXEC_CAP_INHERITABLE, caps::set::INHERITABLE);
const_assert_eq!(FORKEXEC_CAP_BOUNDING, caps::set::BOUNDING);
const_assert_eq!(filters::MOST_INSTRUCTIONS, libc::BPF_MAXINSNS as usize);
const_assert_eq!(FORKEXEC_SECCOMP_TSYNC, filters::flag::TSYNC);
const_assert_eq!(FORKEXEC_SECCOMP_LOG, filters::flag::LOG);
const_assert_eq!(FORKEXEC_SECCOMP_SPEC_ALLOW, filters::flag::SPEC_ALLOW);
const_assert_eq!(FORKEXEC_SECCOMP_LISTENER, filters::flag::LISTENER);
const_assert_eq!(FORKEXEC_SECCOMP_KILLABLE, filters::flag::KILLABLE);
const_assert_eq!(FORKEXEC_SECCOMP_KILLABLE as u64, libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
const_assert_eq!(FORKEXEC_SECCOMP_LISTENER as u64, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
const_assert_eq!(FORKEXEC_SECCOMP_TSYNC as u64, libc::SECCOMP_FILTER_FLAG_TSYNC);
const_assert_eq!(FORKEXEC_SECCOMP_LOG as u64, libc::SECCOMP_FILTER_FLAG_LOG);
const_assert_eq!(FORKEXEC_SECCOMP_SPEC_ALLOW as u64, libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW);
const_assert_eq!(
    landlock::access::FS,
    FORKEXEC_LANDLOCK_FS_EXECUTE
        | FORKEXEC_LANDLOCK_FS_WRITE_FILE
        | FORKEXEC_LANDLOCK_FS_READ_FILE
        | FORKEXEC_LANDLOCK_FS_READ_DIR
        | FORKEXEC_LANDLOCK_FS_REMOVE_DIR
        | FORKEXEC_LANDLOCK_FS_REMOVE_FILE
        | FORKEXEC_LANDLOCK_FS_MAKE_CHAR
        | FORKEXEC_LANDLOCK_FS_MAKE_DIR
        | FORKEXEC_LANDLOCK_FS_MAKE_REG
        | FORKEXEC_LANDLOCK_FS_MAKE_SOCK
        | FORKEXEC_LANDLOCK_FS_MAKE_FIFO
        | FORKEXEC_LANDLOCK_FS_MAKE_BLOCK
        | FORKEXEC_LANDLOCK_FS_MAKE_SYM
        | FORKEXEC_LANDLOCK_FS_REFER
        | FORKEXEC_LANDLOCK_FS_TRUNCATE
        | FORKEXEC_LANDLOCK_FS_IOCTL_DEV
);
const_assert_eq!(FORKEXEC_LANDLOCK_FS_RESOLVE_UNIX, landlock::access::FS_UNIX);
const_assert_eq!(FORKEXEC_LANDLOCK_NET_BIND_UDP | FORKEXEC_LANDLOCK_NET_CONNECT_SEND_UDP, landlock::access::NET_UDP);
const_assert_eq!(landlock::access::NET, FORKEXEC_LANDLOCK_NET_BIND_TCP | FORKEXEC_LANDLOCK_NET_CONNECT_TCP);
const_assert_eq!(FORKEXEC_PROCESS_NO_THP, limits::process::NO_THP);
const_assert_eq!(FORKEXEC_PROCESS_MDWE, limits::process::MDWE);
const_assert_eq!(FORKEXEC_PROCESS_NO_TSC, limits::process::NO_TSC);
const_assert_eq!(FORKEXEC_PROCESS_SUBREAPER, limits::process::SUBREAPER);
const_assert_eq!(FORKEXEC_PROCESS_RESET_ON_FORK, limits::process::RESET_ON_FORK);
const_assert_eq!(FORKEXEC_PROCESS_OWN_CORE, limits::process::OWN_CORE);
const_assert_eq!(FORKEXEC_PROCESS_KSM, limits::process::KSM);
const_assert_eq!(FORKEXEC_SPECULATE_ENABLE, limits::speculate::ENABLE);
const_assert_eq!(FORKEXEC_SPECULATE_DISABLE, limits::speculate::DISABLE);
const_assert_eq!(FORKEXEC_SPECULATE_FORCE_DISABLE, limits::speculate::FORCE_DISABLE);
const_assert_eq!(FORKEXEC_LANDLOCK_FLAG_LOG_SAME_EXEC_OFF, landlock::flag::LOG_SAME_EXEC_OFF);
const_assert_eq!(FORKEXEC_LANDLOCK_FLAG_LOG_NEW_EXEC_ON, landlock::flag::LOG_NEW_EXEC_ON);
const_assert_eq!(FORKEXEC_LANDLOCK_FLAG_LOG_SUBDOMAINS_OFF, landlock::flag::LOG_SUBDOMAINS_OFF);
const_assert_eq!(FORKEXEC_LANDLOCK_FLAG_TSYNC, landlock::flag::TSYNC);
const_assert_eq!(
    landlock::access::SCOPES,
    FORKEXEC_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | FORKEXEC_LANDLOCK_SCOPE_SIGNAL
);
const_assert_eq!(FORKEXEC_DEATH_OF_THREAD, signals::DEATH_OF_THREAD);
const_assert_eq!(FORKEXEC_DEATH_OF_PROCESS, signals::DEATH_OF_PROCESS);
const_assert_eq!(FORKEXEC_CWD_RIGHTS_PROGRAM, exec::cwd_rights::PROGRAM);
const_assert_eq!(FORKEXEC_CWD_RIGHTS_CALLER, exec::cwd_rights::CALLER);
const_assert_eq!(FORKEXEC_CWD_RIGHTS_EITHER, exec::cwd_rights::EITHER);
const_assert_eq!(sealed::cwd_rights::PROGRAM, exec::cwd_rights::PROGRAM);
const_assert_eq!(sealed::cwd_rights::CALLER, exec::cwd_rights::CALLER);
const_assert_eq!(sealed::cwd_rights::EITHER, exec::cwd_rights::EITHER);
const_assert_eq!(FORKEXEC_MEMORY_AUTO, exec::mode::AUTO);
const_assert_eq!(FORKEXEC_MEMORY_FRESH, exec::mode::FRESH);
const_assert_eq!(FORKEXEC_MEMORY_COPIED, exec::mode::COPIED);
const_assert_eq!(FORKEXEC_PROBE_CLONE3, Feature::Clone3 as u32);
const_assert_eq!(FORKEXEC_PROBE_CLOSE_RANGE, Feature::CloseRange as u32);
const_assert_eq!(FORKEXEC_PROBE_PIDFD, Feature::Pidfd as u32);
const_assert_eq!(FORKEXEC_PROBE_SHARED_MEMORY, Feature::SharedMemory as u32);
const_assert_eq!(FORKEXEC_PROBE_IMAGE, Feature::Image as u32);
const_assert_eq!(FORKEXEC_PROBE_USER_NAMESPACE, Feature::UserNamespace as u32);
const_assert_eq!(FORKEXEC_PROBE_BIRTH_IN_CGROUP, Feature::BirthInCgroup as u32);
const_assert_eq!(FORKEXEC_PROBE_TIME_NAMESPACE, Feature::TimeNamespace as u32);
const_assert_eq!(FORKEXEC_PROBE_SECCOMP, Feature::Seccomp as u32);
const_assert_eq!(FORKEXEC_PROBE_LANDLOCK, Feature::Landlock as u32);
const_assert_eq!(FORKEXEC_PROBE_SECCOMP_LISTENER, Feature::SeccompListener as u32);
const_assert_eq!(FORKEXEC_PROBE_OWN_CGROUP, Feature::OwnCgroup as u32);
const_assert_eq!(FORKEXEC_PROBE_OWN_CORE, Feature::OwnCore as u32);
const_assert_eq!(FORKEXEC_PROBE_UTILIZATION, Feature::Utilization as u32);
const_assert_eq!(FORKEXEC_PROBE_NUMA_POLICY, Feature::NumaPolicy as u32);
const_assert_eq!(FORKEXEC_PROBE_KSM, Feature::Ksm as u32);
const_assert_eq!(FORKEXEC_PROBE_LANDLOCK_UNIX, Feature::LandlockUnix as u32);
const_assert_eq!(FORKEXEC_PROBE_LANDLOCK_UDP, Feature::LandlockUdp as u32);
const_assert_eq!(FORKEXEC_PROBE_TUN, Feature::Tun as u32);
const_assert_eq!(FORKEXEC_PROBE_PREPARED_ROOT, Feature::PreparedRoot as u32);
const_assert_eq!(FORKEXEC_PROBE_OVERLAY, Feature::Overlay as u32);
