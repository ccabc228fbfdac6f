//! aarch64: `svc 0`, which keeps every register but x0.

use core::arch::asm;
use core::ffi::c_void;
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
use {crate::sys::abi::Timespec, core::sync::atomic::AtomicU32};

/// A system call; the kernel's answer as it stands.
///
/// # Safety
/// The arguments are what the call's man page asks for.
#[inline(always)]
pub unsafe fn syscall6(nr: usize, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> isize {
    let answer;
    // SAFETY: kernel contract, man 2 syscall; the caller vouches for the arguments.
    unsafe {
        asm!("svc #0", in("x8") nr, inlateout("x0") a as isize => answer, in("x1") b, in("x2") c, in("x3") d,
             in("x4") e, in("x5") f, options(nostack));
    }
    answer
}

/// A clone call after which the child calls `entry(argument)` on the stack that the call's arguments name.
///
/// # Safety
/// As for clone(2); the stack is the child's alone and ends on a 16-byte boundary; `entry` never returns.
#[inline(always)]
pub unsafe fn clone_call(
    nr: usize,
    args: [usize; 5],
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> isize {
    let answer;
    // SAFETY: kernel contract, man 2 clone; the child leaves through `entry` and never sees this frame again.
    unsafe {
        asm!("svc #0", "cbnz x0, 2f",
             "mov x29, xzr", "mov x30, xzr", "mov x0, x20", "blr x21", "brk #1",
             "2:",
             in("x8") nr, inlateout("x0") args[0] as isize => answer, in("x1") args[1], in("x2") args[2],
             in("x3") args[3], in("x4") args[4], in("x20") argument, in("x21") entry, lateout("x30") _);
    }
    answer
}

/// A clone call without a stack of its own: the child goes on from here, with 0, and its parent comes back only with an
/// error. Else the kernel has written the child's pid, if the flags ask for it, and the parent leaves, in registers alone:
/// the stack is the child's.
///
/// # Safety
/// As for clone(2), and the caller has nothing more to do.
#[inline(always)]
pub unsafe fn clone_and_leave(nr: usize, args: [usize; 5]) -> isize {
    let answer;
    // SAFETY: kernel contract, man 2 clone; nothing on the stack is touched but by the child.
    unsafe {
        asm!("svc #0", "cmp x0, #0", "b.le 2f",
             "mov x0, xzr", "mov x8, #{exit}", "svc #0", "brk #1",
             "2:",
             exit = const nr::EXIT_GROUP,
             in("x8") nr, inlateout("x0") args[0] as isize => answer, in("x1") args[1], in("x2") args[2],
             in("x3") args[3], in("x4") args[4], options(nostack));
    }
    answer
}

/// munmap(2) of memory that the stack of the calling thread may lie in, then exit(2) of this thread alone. From the munmap
/// on, only registers are used. Where the exit is refused twice, it is by a filter, and the thread sleeps for ever: in
/// futex(2) on a word that nobody changes, or in nanosleep(2).
///
/// # Safety
/// Nobody uses the memory, but for this thread its stack, and the kernel has no word in it to clear at the exit.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub unsafe fn unmap_and_exit(base: usize, size: usize) -> ! {
    static ZERO: AtomicU32 = AtomicU32::new(0);
    static LONG: Timespec = Timespec { seconds: 1 << 30, nanoseconds: 0 };
    // SAFETY: kernel contract, man 2 munmap, exit, futex, nanosleep; nothing here touches the stack.
    unsafe {
        asm!("svc #0",
             "2:", "mov x0, xzr", "mov x8, #{exit}", "svc #0",
             "mov x0, xzr", "mov x8, #{exit}", "svc #0",
             "mov x0, x20", "mov x1, xzr", "mov x2, xzr", "mov x3, xzr", "mov x8, #{futex}", "svc #0",
             "mov x0, x21", "mov x1, xzr", "mov x8, #{nanosleep}", "svc #0",
             "b 2b",
             exit = const nr::EXIT, futex = const nr::FUTEX, nanosleep = const nr::NANOSLEEP,
             in("x8") nr::MUNMAP, in("x0") base, in("x1") size, in("x20") &raw const ZERO, in("x21") &raw const LONG,
             options(noreturn, nostack));
    }
}

/// An end by a signal that nobody can block.
pub fn trap() -> ! {
    // SAFETY: an instruction that does not come back.
    unsafe { asm!("brk #1", options(noreturn, nomem, nostack)) }
}

/// The arguments of the old clone call in this architecture's order.
pub fn clone_args(flags: usize, stack_top: usize, pidfd: *mut i32) -> [usize; 5] {
    [flags, stack_top, pidfd as usize, 0, 0]
}

/// The same for a thread, with the word that the kernel clears behind it.
pub fn thread_args(flags: usize, stack_top: usize, clears: *mut i32) -> [usize; 5] {
    [flags, stack_top, 0, 0, clears as usize]
}

/// This architecture, as seccomp filters see it. linux/audit.h
pub const AUDIT_ARCH: u32 = 0xc000_00b7;

pub mod nr {
    pub const GETCWD: usize = 17;
    pub const DUP3: usize = 24;
    pub const FCNTL: usize = 25;
    pub const IOCTL: usize = 29;
    pub const IOPRIO_SET: usize = 30;
    pub const MOUNT: usize = 40;
    pub const CHDIR: usize = 49;
    pub const FCHDIR: usize = 50;
    pub const CHROOT: usize = 51;
    pub const OPENAT: usize = 56;
    pub const CLOSE: usize = 57;
    pub const GETDENTS64: usize = 61;
    pub const RT_SIGPENDING: usize = 136;
    pub const READ: usize = 63;
    pub const WRITE: usize = 64;
    pub const PPOLL: usize = 73;
    pub const CAPGET: usize = 90;
    pub const CAPSET: usize = 91;
    pub const PERSONALITY: usize = 92;
    pub const EXIT_GROUP: usize = 94;
    pub const WAITID: usize = 95;
    pub const UNSHARE: usize = 97;
    pub const UMOUNT2: usize = 39;
    pub const PIVOT_ROOT: usize = 41;
    pub const FSTATFS: usize = 44;
    pub const PREAD64: usize = 67;
    pub const STATX: usize = 291;
    pub const STATFS: usize = 43;
    pub const GETEUID: usize = 175;
    pub const GETEGID: usize = 177;
    pub const MKDIRAT: usize = 34;
    pub const FCHMOD: usize = 52;
    pub const FCHMODAT: usize = 53;
    pub const SYMLINKAT: usize = 36;
    pub const READLINKAT: usize = 78;
    pub const OPEN_TREE: usize = 428;
    pub const MOVE_MOUNT: usize = 429;
    pub const FSOPEN: usize = 430;
    pub const FSCONFIG: usize = 431;
    pub const FSMOUNT: usize = 432;
    pub const OPENAT2: usize = 437;
    pub const MOUNT_SETATTR: usize = 442;
    pub const NANOSLEEP: usize = 101;
    pub const PTRACE: usize = 117;
    pub const SCHED_SETSCHEDULER: usize = 119;
    pub const SCHED_SETAFFINITY: usize = 122;
    pub const KILL: usize = 129;
    pub const RT_SIGACTION: usize = 134;
    pub const RT_SIGPROCMASK: usize = 135;
    pub const SETPRIORITY: usize = 140;
    pub const SETRESUID: usize = 147;
    pub const SETRESGID: usize = 149;
    pub const SETPGID: usize = 154;
    pub const SETSID: usize = 157;
    pub const GETGROUPS: usize = 158;
    pub const SETGROUPS: usize = 159;
    pub const SETHOSTNAME: usize = 161;
    pub const SETDOMAINNAME: usize = 162;
    pub const UMASK: usize = 166;
    pub const PRCTL: usize = 167;
    pub const GETPID: usize = 172;
    pub const GETPPID: usize = 173;
    pub const SOCKET: usize = 198;
    pub const CLONE: usize = 220;
    pub const EXECVE: usize = 221;
    pub const PRLIMIT64: usize = 261;
    pub const EXECVEAT: usize = 281;
    pub const PIDFD_SEND_SIGNAL: usize = 424;
    pub const FSTAT: usize = 80;
    pub const PIDFD_OPEN: usize = 434;
    pub const SETNS: usize = 268;
    pub const PIDFD_GETFD: usize = 438;
    pub const PIPE2: usize = 59;
    pub const EVENTFD2: usize = 19;
    pub const MEMFD_CREATE: usize = 279;
    pub const LANDLOCK_CREATE_RULESET: usize = 444;
    pub const LANDLOCK_ADD_RULE: usize = 445;
    pub const LANDLOCK_RESTRICT_SELF: usize = 446;
    pub const SENDMSG: usize = 211;
    pub const BIND: usize = 200;
    pub const LISTEN: usize = 201;
    pub const SETSOCKOPT: usize = 208;
    pub const FCHOWN: usize = 55;
    pub const EXIT: usize = 93;
    pub const SET_TID_ADDRESS: usize = 96;
    pub const RT_SIGTIMEDWAIT: usize = 137;
    pub const KEYCTL: usize = 219;
    pub const SECCOMP: usize = 277;
    pub const CLONE3: usize = 435;
    pub const CLOSE_RANGE: usize = 436;
    pub const SET_ROBUST_LIST: usize = 99;
    pub const FTRUNCATE: usize = 46;
    pub const WAIT4: usize = 260;
    pub const RT_SIGRETURN: usize = 139;
    pub const MMAP: usize = 222;
    pub const MUNMAP: usize = 215;
    pub const MREMAP: usize = 216;
    pub const MPROTECT: usize = 226;
    pub const PSELECT6: usize = 72;
    pub const SENDTO: usize = 206;
    pub const SOCKETPAIR: usize = 199;
    pub const GETTID: usize = 178;
    pub const TGKILL: usize = 131;
    pub const SCHED_GETAFFINITY: usize = 123;
    pub const SCHED_GETPARAM: usize = 121;
    pub const SCHED_GETSCHEDULER: usize = 120;
    pub const SCHED_SETATTR: usize = 274;
    pub const SET_MEMPOLICY: usize = 237;
    pub const FUTEX: usize = 98;
    pub const RESTART_SYSCALL: usize = 128;
}
