//! x86_64: `syscall`, which clobbers rcx and r11.

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
        asm!("syscall", inlateout("rax") nr as isize => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
             in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
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
        asm!("syscall", "test rax, rax", "jnz 2f",
             "xor ebp, ebp", "mov rdi, r12", "call r13", "ud2",
             "2:",
             inlateout("rax") nr as isize => answer, in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
             in("r10") args[3], in("r8") args[4], in("r12") argument, in("r13") entry,
             lateout("rcx") _, lateout("r11") _);
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
        asm!("syscall", "test rax, rax", "jle 2f",
             "xor edi, edi", "mov eax, {exit}", "syscall", "ud2",
             "2:",
             exit = const nr::EXIT_GROUP,
             inlateout("rax") nr as isize => answer, in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
             in("r10") args[3], in("r8") args[4], lateout("rcx") _, lateout("r11") _, options(nostack));
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
        asm!("syscall",
             "2:", "xor edi, edi", "mov eax, {exit}", "syscall",
             "xor edi, edi", "mov eax, {exit}", "syscall",
             "mov rdi, r12", "xor esi, esi", "xor edx, edx", "xor r10d, r10d", "mov eax, {futex}", "syscall",
             "mov rdi, r13", "xor esi, esi", "mov eax, {nanosleep}", "syscall",
             "jmp 2b",
             exit = const nr::EXIT, futex = const nr::FUTEX, nanosleep = const nr::NANOSLEEP,
             in("rax") nr::MUNMAP, in("rdi") base, in("rsi") size, in("r12") &raw const ZERO, in("r13") &raw const LONG,
             options(noreturn, nostack));
    }
}

/// An end by a signal that nobody can block.
pub fn trap() -> ! {
    // SAFETY: an instruction that does not come back.
    unsafe { asm!("ud2", options(noreturn, nomem, nostack)) }
}

/// The arguments of the old clone call in this architecture's order.
pub fn clone_args(flags: usize, stack_top: usize, pidfd: *mut i32) -> [usize; 5] {
    [flags, stack_top, pidfd as usize, 0, 0]
}

/// The same for a thread, with the word that the kernel clears behind it.
pub fn thread_args(flags: usize, stack_top: usize, clears: *mut i32) -> [usize; 5] {
    [flags, stack_top, 0, clears as usize, 0]
}

/// This architecture, as seccomp filters see it. linux/audit.h
pub const AUDIT_ARCH: u32 = 0xc000_003e;

pub mod nr {
    pub const RT_SIGPENDING: usize = 127;
    pub const READ: usize = 0;
    pub const WRITE: usize = 1;
    pub const CLOSE: usize = 3;
    pub const RT_SIGACTION: usize = 13;
    pub const RT_SIGPROCMASK: usize = 14;
    pub const IOCTL: usize = 16;
    pub const NANOSLEEP: usize = 35;
    pub const GETPID: usize = 39;
    pub const SOCKET: usize = 41;
    pub const EXECVE: usize = 59;
    pub const KILL: usize = 62;
    pub const FCNTL: usize = 72;
    pub const GETCWD: usize = 79;
    pub const CHDIR: usize = 80;
    pub const FCHDIR: usize = 81;
    pub const UMASK: usize = 95;
    pub const PTRACE: usize = 101;
    pub const SETPGID: usize = 109;
    pub const GETPPID: usize = 110;
    pub const SETSID: usize = 112;
    pub const GETGROUPS: usize = 115;
    pub const SETGROUPS: usize = 116;
    pub const SETRESUID: usize = 117;
    pub const SETRESGID: usize = 119;
    pub const CAPGET: usize = 125;
    pub const CAPSET: usize = 126;
    pub const PERSONALITY: usize = 135;
    pub const SETPRIORITY: usize = 141;
    pub const SCHED_SETSCHEDULER: usize = 144;
    pub const PRCTL: usize = 157;
    pub const CHROOT: usize = 161;
    pub const MOUNT: usize = 165;
    pub const UMOUNT2: usize = 166;
    pub const PIVOT_ROOT: usize = 155;
    pub const FSTATFS: usize = 138;
    pub const PREAD64: usize = 17;
    pub const STATX: usize = 332;
    pub const STATFS: usize = 137;
    pub const GETEUID: usize = 107;
    pub const GETEGID: usize = 108;
    pub const MKDIRAT: usize = 258;
    pub const FCHMOD: usize = 91;
    pub const FCHMODAT: usize = 268;
    pub const SYMLINKAT: usize = 266;
    pub const READLINKAT: usize = 267;
    pub const OPEN_TREE: usize = 428;
    pub const MOVE_MOUNT: usize = 429;
    pub const FSOPEN: usize = 430;
    pub const FSCONFIG: usize = 431;
    pub const FSMOUNT: usize = 432;
    pub const OPENAT2: usize = 437;
    pub const MOUNT_SETATTR: usize = 442;
    pub const SETHOSTNAME: usize = 170;
    pub const SETDOMAINNAME: usize = 171;
    pub const SCHED_SETAFFINITY: usize = 203;
    pub const GETDENTS64: usize = 217;
    pub const EXIT_GROUP: usize = 231;
    pub const WAITID: usize = 247;
    pub const IOPRIO_SET: usize = 251;
    pub const OPENAT: usize = 257;
    pub const PPOLL: usize = 271;
    pub const UNSHARE: usize = 272;
    pub const DUP3: usize = 292;
    pub const PRLIMIT64: usize = 302;
    pub const EXECVEAT: usize = 322;
    pub const CLONE: usize = 56;
    pub const CLONE3: usize = 435;
    pub const CLOSE_RANGE: usize = 436;
    pub const PIDFD_SEND_SIGNAL: usize = 424;
    pub const FSTAT: usize = 5;
    pub const PIDFD_OPEN: usize = 434;
    pub const SETNS: usize = 308;
    pub const PIDFD_GETFD: usize = 438;
    pub const PIPE2: usize = 293;
    pub const EVENTFD2: usize = 290;
    pub const MEMFD_CREATE: usize = 319;
    pub const LANDLOCK_CREATE_RULESET: usize = 444;
    pub const LANDLOCK_ADD_RULE: usize = 445;
    pub const LANDLOCK_RESTRICT_SELF: usize = 446;
    pub const SENDMSG: usize = 46;
    pub const BIND: usize = 49;
    pub const LISTEN: usize = 50;
    pub const SETSOCKOPT: usize = 54;
    pub const FCHOWN: usize = 93;
    pub const EXIT: usize = 60;
    pub const SET_TID_ADDRESS: usize = 218;
    pub const RT_SIGTIMEDWAIT: usize = 128;
    pub const KEYCTL: usize = 250;
    pub const SECCOMP: usize = 317;
    pub const SET_ROBUST_LIST: usize = 273;
    pub const FTRUNCATE: usize = 77;
    pub const WAIT4: usize = 61;
    pub const RT_SIGRETURN: usize = 15;
    pub const MMAP: usize = 9;
    pub const MUNMAP: usize = 11;
    pub const MREMAP: usize = 25;
    pub const MPROTECT: usize = 10;
    pub const PSELECT6: usize = 270;
    pub const SENDTO: usize = 44;
    pub const SOCKETPAIR: usize = 53;
    pub const GETTID: usize = 186;
    pub const TGKILL: usize = 234;
    pub const SCHED_GETAFFINITY: usize = 204;
    pub const SCHED_GETPARAM: usize = 143;
    pub const SCHED_GETSCHEDULER: usize = 145;
    pub const SCHED_SETATTR: usize = 314;
    pub const SET_MEMPOLICY: usize = 238;
    pub const FUTEX: usize = 202;
    pub const RESTART_SYSCALL: usize = 219;
}
