//! Compares each constant and structure of `sys::abi` with libc's.

use super::abi::*;
use static_assertions::{assert_eq_size, const_assert_eq};

macro_rules! same {
    ($($name:ident)*) => { $(const_assert_eq!($name as u64 & 0xffff_ffff, libc::$name as u64 & 0xffff_ffff);)* };
}

same! {
    EPERM ENOENT ESRCH EINTR EIO EBADF EAGAIN EACCES EFAULT ENOTDIR EINVAL EMFILE ENOTTY ETXTBSY ENOSPC EPIPE ENOSYS
    CLONE_VM CLONE_FILES CLONE_PARENT CLONE_PIDFD CLONE_VFORK CLONE_NEWTIME CLONE_NEWNS CLONE_NEWCGROUP CLONE_NEWUTS CLONE_NEWIPC
    CLONE_NEWUSER CLONE_NEWPID CLONE_NEWNET CLOSE_RANGE_UNSHARE
    AT_FDCWD AT_EMPTY_PATH O_RDONLY O_WRONLY O_RDWR O_NOCTTY O_CLOEXEC O_DIRECTORY F_SETFD FD_CLOEXEC F_DUPFD_CLOEXEC
    O_PATH O_ASYNC F_SETFL F_SETOWN F_ADD_SEALS F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE FUTEX_WAIT FUTEX_WAKE
    FUTEX_WAKE_OP FUTEX_OP_ANDN FUTEX_OP_OPARG_SHIFT
    PROT_READ PROT_WRITE MAP_SHARED MAP_POPULATE MREMAP_MAYMOVE CLONE_PARENT_SETTID SIGWINCH PR_SET_NAME ECHILD
    SIGKILL SIGSTOP SIG_SETMASK SIG_DFL SIG_IGN
    PR_SET_PDEATHSIG PR_SET_DUMPABLE PR_SET_KEEPCAPS PR_CAPBSET_DROP PR_SET_SECUREBITS PR_SET_TIMERSLACK
    PR_SET_TSC PR_TSC_SIGSEGV PR_SET_CHILD_SUBREAPER PR_SET_THP_DISABLE PR_SET_MDWE PR_MDWE_REFUSE_EXEC_GAIN PR_SCHED_CORE PR_SCHED_CORE_CREATE
    SCHED_DEADLINE SCHED_RESET_ON_FORK
    PR_SET_SECCOMP PR_SET_NO_NEW_PRIVS PR_CAP_AMBIENT PR_CAP_AMBIENT_RAISE PR_CAP_AMBIENT_CLEAR_ALL
    EPERM EEXIST ENODEV ELOOP EOVERFLOW EOPNOTSUPP ESTALE O_PATH O_CREAT O_EXCL O_NOFOLLOW AT_RECURSIVE MNT_DETACH S_IFMT S_IFDIR S_IFLNK
    MS_RDONLY MS_NOSUID MS_NODEV MS_NOEXEC MS_REMOUNT MS_BIND MS_NOATIME MS_NODIRATIME MS_RELATIME MS_STRICTATIME MS_UNBINDABLE MS_MOVE
    OPEN_TREE_CLONE OPEN_TREE_CLOEXEC FSOPEN_CLOEXEC FSCONFIG_CMD_CREATE FSMOUNT_CLOEXEC MOVE_MOUNT_F_EMPTY_PATH MOVE_MOUNT_T_EMPTY_PATH RESOLVE_IN_ROOT
    RESOLVE_NO_MAGICLINKS RESOLVE_NO_XDEV RESOLVE_BENEATH KEYCTL_JOIN_SESSION_KEYRING KEYCTL_SETPERM MOUNT_ATTR_RDONLY MOUNT_ATTR_IDMAP PROC_SUPER_MAGIC
    MS_REC MS_PRIVATE AF_INET SOCK_DGRAM SOCK_CLOEXEC
    SIOCGIFFLAGS SIOCSIFFLAGS IFF_UP TIOCSCTTY TIOCSPGRP TIOCNOTTY POLLIN PTRACE_TRACEME PRIO_PROCESS RLIMIT_NOFILE
    SECCOMP_SET_MODE_FILTER SECCOMP_MODE_FILTER SECCOMP_GET_ACTION_AVAIL SECCOMP_FILTER_FLAG_NEW_LISTENER SOL_SOCKET SCM_RIGHTS MSG_NOSIGNAL
    CLONE_SIGHAND CLONE_THREAD CLONE_CHILD_CLEARTID CLONE_FS CLONE_SYSVSEM
    E2BIG ENOEXEC EACCES EFBIG SIGXFSZ RLIMIT_FSIZE SIGCHLD P_ALL CLD_EXITED CLD_KILLED CLD_DUMPED P_PID P_PIDFD WNOHANG WSTOPPED WEXITED WCONTINUED WNOWAIT
    MFD_CLOEXEC MFD_ALLOW_SEALING MFD_NOEXEC_SEAL MFD_EXEC ETIMEDOUT
}
const_assert_eq!(WALL, libc::__WALL);
const_assert_eq!(WCLONE, libc::__WCLONE);
const_assert_eq!(WNOTHREAD, libc::__WNOTHREAD);

macro_rules! same_number {
    ($($ours:ident $theirs:ident,)*) => { $(const_assert_eq!(super::arch::nr::$ours, libc::$theirs as usize);)* };
}

same_number! {
    FTRUNCATE SYS_ftruncate, RT_SIGPENDING SYS_rt_sigpending, READ SYS_read, PREAD64 SYS_pread64, STATX SYS_statx, STATFS SYS_statfs, GETEUID SYS_geteuid, GETEGID SYS_getegid, WRITE SYS_write, CLOSE SYS_close, FSTAT SYS_fstat, RT_SIGACTION SYS_rt_sigaction,
    RT_SIGPROCMASK SYS_rt_sigprocmask, IOCTL SYS_ioctl, NANOSLEEP SYS_nanosleep, GETPID SYS_getpid, SOCKET SYS_socket,
    EXECVE SYS_execve, KILL SYS_kill, FCNTL SYS_fcntl, GETCWD SYS_getcwd,
    CHDIR SYS_chdir, FCHDIR SYS_fchdir, UMASK SYS_umask, PTRACE SYS_ptrace, SETPGID SYS_setpgid, GETPPID SYS_getppid,
    SETSID SYS_setsid, GETGROUPS SYS_getgroups, SETGROUPS SYS_setgroups, SETRESUID SYS_setresuid, SETRESGID SYS_setresgid, CAPGET SYS_capget, CAPSET SYS_capset,
    PERSONALITY SYS_personality, SETPRIORITY SYS_setpriority, SCHED_SETSCHEDULER SYS_sched_setscheduler,
    PRCTL SYS_prctl, CHROOT SYS_chroot, MOUNT SYS_mount, SETHOSTNAME SYS_sethostname,
    SETDOMAINNAME SYS_setdomainname, SCHED_SETAFFINITY SYS_sched_setaffinity, GETDENTS64 SYS_getdents64,
    EXIT_GROUP SYS_exit_group, WAITID SYS_waitid, IOPRIO_SET SYS_ioprio_set, OPENAT SYS_openat, PPOLL SYS_ppoll,
    UNSHARE SYS_unshare, DUP3 SYS_dup3, PRLIMIT64 SYS_prlimit64, EXECVEAT SYS_execveat, CLONE SYS_clone,
    CLONE3 SYS_clone3, CLOSE_RANGE SYS_close_range, PIDFD_OPEN SYS_pidfd_open, SETNS SYS_setns,
    PIDFD_GETFD SYS_pidfd_getfd, PIPE2 SYS_pipe2, EVENTFD2 SYS_eventfd2, MEMFD_CREATE SYS_memfd_create,
    PIDFD_SEND_SIGNAL SYS_pidfd_send_signal, SECCOMP SYS_seccomp,
    RT_SIGTIMEDWAIT SYS_rt_sigtimedwait,
    SENDMSG SYS_sendmsg, EXIT SYS_exit, SET_TID_ADDRESS SYS_set_tid_address,
    LANDLOCK_CREATE_RULESET SYS_landlock_create_ruleset, LANDLOCK_ADD_RULE SYS_landlock_add_rule,
    LANDLOCK_RESTRICT_SELF SYS_landlock_restrict_self,
    UMOUNT2 SYS_umount2, PIVOT_ROOT SYS_pivot_root, FSTATFS SYS_fstatfs, MKDIRAT SYS_mkdirat, FCHMOD SYS_fchmod, FCHMODAT SYS_fchmodat, SYMLINKAT SYS_symlinkat,
    READLINKAT SYS_readlinkat, OPEN_TREE SYS_open_tree, MOVE_MOUNT SYS_move_mount, FSOPEN SYS_fsopen, FSCONFIG SYS_fsconfig, FSMOUNT SYS_fsmount, OPENAT2 SYS_openat2,
    MOUNT_SETATTR SYS_mount_setattr, KEYCTL SYS_keyctl, MMAP SYS_mmap, RT_SIGRETURN SYS_rt_sigreturn, FUTEX SYS_futex, SET_ROBUST_LIST SYS_set_robust_list, FTRUNCATE SYS_ftruncate, WAIT4 SYS_wait4,
    MUNMAP SYS_munmap, MREMAP SYS_mremap, SENDTO SYS_sendto, SOCKETPAIR SYS_socketpair, GETTID SYS_gettid, TGKILL SYS_tgkill, SCHED_GETAFFINITY SYS_sched_getaffinity,
    SCHED_GETPARAM SYS_sched_getparam, SCHED_GETSCHEDULER SYS_sched_getscheduler, SCHED_SETATTR SYS_sched_setattr,
    SET_MEMPOLICY SYS_set_mempolicy,
    RESTART_SYSCALL SYS_restart_syscall,
}

const_assert_eq!(core::mem::offset_of!(libc::statx, stx_mnt_id), 18 * 8);
const_assert_eq!(core::mem::offset_of!(libc::statx, stx_mask), 0);
assert_eq_size!([u64; 32], libc::statx);
assert_eq_size!(CloneArgs, libc::clone_args);
assert_eq_size!(MountAttr, libc::mount_attr);
assert_eq_size!(OpenHow, libc::open_how);
assert_eq_size!(StatFs, libc::statfs);
assert_eq_size!(Rlimit64, libc::rlimit64);
assert_eq_size!(PollFd, libc::pollfd);
assert_eq_size!(Timespec, libc::timespec);
const_assert_eq!(size_of::<SchedAttr>(), 56);
assert_eq_size!(IfReq, libc::ifreq);
assert_eq_size!(WaitInfo, libc::siginfo_t);
assert_eq_size!(IoVec, libc::iovec);
assert_eq_size!(MsgHdr, libc::msghdr);
assert_eq_size!(SockFilter, libc::sock_filter);
assert_eq_size!(SockProgram, libc::sock_fprog);
const_assert_eq!(size_of::<SigAction>(), if cfg!(target_arch = "x86_64") { 32 } else { 24 });
const_assert_eq!(size_of::<CapHeader>(), 8);
const_assert_eq!(size_of::<CapData>(), 12);
const_assert_eq!(size_of::<LandlockRuleset>(), 24);
const_assert_eq!(size_of::<LandlockPath>(), 12);
const_assert_eq!(size_of::<LandlockPort>(), 16);

macro_rules! same_offsets {
    ($ours:ident $theirs:ident: $($field:ident $their_field:ident,)*) => {
        $(const_assert_eq!(core::mem::offset_of!($ours, $field), core::mem::offset_of!(libc::$theirs, $their_field));)*
    };
}

same_offsets!(CloneArgs clone_args: flags flags, pidfd pidfd, child_tid child_tid, parent_tid parent_tid,
    exit_signal exit_signal, stack stack, stack_size stack_size, tls tls, set_tid set_tid, set_tid_size set_tid_size,
    cgroup cgroup,);
same_offsets!(Rlimit64 rlimit64: soft rlim_cur, hard rlim_max,);
same_offsets!(PollFd pollfd: fd fd, events events, revents revents,);
same_offsets!(IoVec iovec: base iov_base, len iov_len,);
same_offsets!(MsgHdr msghdr: name msg_name, name_len msg_namelen, parts msg_iov, parts_len msg_iovlen,
    control msg_control, control_len msg_controllen, flags msg_flags,);
same_offsets!(Rights cmsghdr: len cmsg_len, level cmsg_level, kind cmsg_type,);
same_offsets!(SockFilter sock_filter: code code, jump_true jt, jump_false jf, value k,);
same_offsets!(SockProgram sock_fprog: length len, filter filter,);
same_offsets!(Timespec timespec: seconds tv_sec, nanoseconds tv_nsec,);
same_offsets!(IfReq ifreq: name ifr_name, flags ifr_ifru,);

#[cfg(test)]
mod nsexec {
    use super::super::nsexec::*;
    use static_assertions::const_assert_eq;

    same! {
        AF_UNIX SOCK_STREAM SIGPIPE SIG_BLOCK PR_GET_TID_ADDRESS CLONE_CHILD_SETTID CLOSE_RANGE_CLOEXEC
        MAP_PRIVATE MAP_ANONYMOUS
    }
}
