//! The door to the kernel: one line and a man page a call, the answer as a `Result`. No libc, no errno, no memory.

pub mod abi;
pub mod arch;
#[cfg(not(forkexec_image))]
mod pinned;

use abi::*;
use arch::{nr, syscall6};
use core::ffi::c_void;
use core::sync::atomic::AtomicU32;

/// A positive errno.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub i32);

/// What a system call answers.
pub type Answer<T = ()> = Result<T, Errno>;

/// Makes a call again for as long as a signal interrupts it.
pub fn again<T>(mut call: impl FnMut() -> Answer<T>) -> Answer<T> {
    loop {
        match call() {
            Err(Errno(EINTR)) => continue,
            answer => return answer,
        }
    }
}

fn answer(raw: isize) -> Answer<usize> {
    if (-4095..0).contains(&raw) { Err(Errno(raw.wrapping_neg() as i32)) } else { Ok(raw as usize) }
}

macro_rules! call {
    ($nr:ident $(, $arg:expr)*) => { call!(@ nr::$nr; [$($arg,)*] 0, 0, 0, 0, 0, 0) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, $d, $e, $f) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr, $d:expr, $e:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, $d, $e, 0) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr, $d:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, $d, 0, 0) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, 0, 0, 0) };
    (@ $nr:expr; [$a:expr, $b:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, 0, 0, 0, 0) };
    (@ $nr:expr; [$a:expr,] $($rest:tt)*) => { call!(! $nr, $a, 0, 0, 0, 0, 0) };
    (@ $nr:expr; [] $($rest:tt)*) => { call!(! $nr, 0, 0, 0, 0, 0, 0) };
    (! $nr:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr) => {
        // SAFETY: kernel contract, see the man page that the function names.
        answer(unsafe { syscall6($nr, $a as usize, $b as usize, $c as usize, $d as usize, $e as usize, $f as usize) })
    };
}

#[cfg(not(forkexec_nsexec))]
mod scheduling;
#[cfg(not(forkexec_nsexec))]
pub use scheduling::*;
#[cfg(not(forkexec_nsexec))]
mod mounts;
#[cfg(not(forkexec_nsexec))]
pub use mounts::*;
#[cfg(not(forkexec_nsexec))]
pub mod ways;
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
mod file_size;
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub use file_size::*;

/// read(2)
pub fn read(fd: i32, buffer: &mut [u8]) -> Answer<usize> {
    call!(READ, fd, buffer.as_mut_ptr(), buffer.len())
}

/// pread(2)
pub fn pread(fd: i32, buffer: &mut [u8], offset: u64) -> Answer<usize> {
    call!(PREAD64, fd, buffer.as_mut_ptr(), buffer.len(), offset)
}

/// write(2)
pub fn write(fd: i32, bytes: &[u8]) -> Answer<usize> {
    call!(WRITE, fd, bytes.as_ptr(), bytes.len())
}

/// close(2)
pub fn close(fd: i32) -> Answer {
    call!(CLOSE, fd).map(drop)
}

/// close_range(2)
pub fn close_range(first: u32, last: u32, flags: u32) -> Answer {
    call!(CLOSE_RANGE, first, last, flags).map(drop)
}

/// fcntl(2), the commands that take a number.
pub fn fcntl(fd: i32, command: i32, argument: i32) -> Answer<i32> {
    call!(FCNTL, fd, command, argument).map(|fd| fd as i32)
}

/// dup3(2)
pub fn dup3(from: i32, to: i32, flags: i32) -> Answer {
    call!(DUP3, from, to, flags).map(drop)
}

/// openat(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn openat(directory: i32, path: *const u8, flags: i32, mode: u32) -> Answer<i32> {
    call!(OPENAT, directory, path, flags, mode).map(|fd| fd as i32)
}

/// getdents64(2)
pub fn getdents64(fd: i32, buffer: &mut [u8]) -> Answer<usize> {
    call!(GETDENTS64, fd, buffer.as_mut_ptr(), buffer.len())
}

/// ioctl(2), the requests that take a number.
pub fn ioctl(fd: i32, request: usize, argument: usize) -> Answer {
    call!(IOCTL, fd, request, argument).map(drop)
}

/// ioctl(2), the requests that read or write a structure.
pub fn ioctl_with<T>(fd: i32, request: usize, argument: &mut T) -> Answer {
    call!(IOCTL, fd, request, argument as *mut T).map(drop)
}

/// socket(2)
pub fn socket(domain: i32, kind: i32) -> Answer<i32> {
    call!(SOCKET, domain, kind, 0).map(|fd| fd as i32)
}

/// ioctl(2), the requests that take a number and answer with one.
#[cfg(not(forkexec_nsexec))]
pub fn ioctl_number(fd: i32, request: usize, argument: usize) -> Answer<i32> {
    call!(IOCTL, fd, request, argument).map(|number| number as i32)
}

/// fchown(2): the user alone.
#[cfg(not(forkexec_nsexec))]
pub fn set_owner(fd: i32, uid: u32) -> Answer {
    call!(FCHOWN, fd, uid, u32::MAX).map(drop)
}

/// bind(2): a whole sockaddr.
#[cfg(not(forkexec_nsexec))]
pub fn bind(socket: i32, address: &[u8]) -> Answer {
    call!(BIND, socket, address.as_ptr(), address.len()).map(drop)
}

/// listen(2)
#[cfg(not(forkexec_nsexec))]
pub fn listen(socket: i32, backlog: i32) -> Answer {
    call!(LISTEN, socket, backlog).map(drop)
}

/// setsockopt(2), the options of SOL_SOCKET that are on or off.
#[cfg(not(forkexec_nsexec))]
pub fn turn_on(socket: i32, option: i32) -> Answer {
    let on = 1i32;
    call!(SETSOCKOPT, socket, SOL_SOCKET, option, &on as *const i32, size_of::<i32>()).map(drop)
}

/// poll(2), by way of ppoll; `None` waits for ever.
pub fn poll(fds: &mut [PollFd], timeout: Option<&Timespec>) -> Answer<usize> {
    let timeout = timeout.map_or(core::ptr::null(), |time| time as *const Timespec);
    call!(PPOLL, fds.as_mut_ptr(), fds.len(), timeout, 0, 8)
}

/// nanosleep(2)
pub fn sleep(time: &Timespec) -> Answer {
    call!(NANOSLEEP, time as *const Timespec, 0).map(drop)
}

/// getpid(2)
pub fn getpid() -> i32 {
    call!(GETPID).unwrap_or(0) as i32
}

/// getppid(2): 0 where the parent is in another pid namespace, -1, which is nobody, where the call is not answered.
pub fn getppid() -> i32 {
    call!(GETPPID).map_or(-1, |pid| pid as i32)
}

/// geteuid(2)
#[cfg(not(forkexec_image))]
pub fn geteuid() -> Answer<u32> {
    call!(GETEUID).map(|uid| uid as u32)
}

/// getegid(2)
#[cfg(not(forkexec_image))]
pub fn getegid() -> Answer<u32> {
    call!(GETEGID).map(|gid| gid as u32)
}

/// kill(2)
pub fn kill(pid: i32, signal: i32) -> Answer {
    call!(KILL, pid, signal).map(drop)
}

/// setsid(2)
pub fn setsid() -> Answer {
    call!(SETSID).map(drop)
}

/// setpgid(2)
pub fn setpgid(pid: i32, group: i32) -> Answer {
    call!(SETPGID, pid, group).map(drop)
}

/// getgroups(2): how many there are. EINVAL: more than there is room for; where there is no room, they are only counted.
pub fn getgroups(groups: &mut [u32]) -> Answer<usize> {
    call!(GETGROUPS, groups.len(), groups.as_mut_ptr())
}

/// setgroups(2)
pub fn setgroups(groups: &[u32]) -> Answer {
    call!(SETGROUPS, groups.len(), groups.as_ptr()).map(drop)
}

/// setresuid(2)
pub fn setresuid(real: u32, effective: u32, saved: u32) -> Answer {
    call!(SETRESUID, real, effective, saved).map(drop)
}

/// setresgid(2)
pub fn setresgid(real: u32, effective: u32, saved: u32) -> Answer {
    call!(SETRESGID, real, effective, saved).map(drop)
}

/// capset(2): both words of all three sets.
pub fn capset(effective: u64, permitted: u64, inheritable: u64) -> Answer {
    let header = CapHeader { version: CAP_VERSION_3, pid: 0 };
    let word = |shift: u32| CapData {
        effective: (effective >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let data = [word(0), word(32)];
    call!(CAPSET, &header as *const CapHeader, data.as_ptr()).map(drop)
}

/// capget(2): the effective and the permitted set of the calling thread.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn capabilities() -> Answer<[u64; 2]> {
    let header = CapHeader { version: CAP_VERSION_3, pid: 0 };
    let mut data = [0u32; 6];
    call!(CAPGET, &header as *const CapHeader, data.as_mut_ptr())?;
    let [effective, permitted, _, effective_high, permitted_high, _] = data.map(u64::from);
    Ok([effective_high << 32 | effective, permitted_high << 32 | permitted])
}

/// prctl(2), the operations on numbers.
pub fn prctl(operation: i32, a: usize, b: usize) -> Answer<usize> {
    call!(PRCTL, operation, a, b, 0, 0)
}

/// seccomp(2), SECCOMP_SET_MODE_FILTER: the listener where one was asked for.
pub fn set_filter(program: &[SockFilter], flags: u32) -> Answer<i32> {
    let program = SockProgram { length: program.len() as u16, filter: program.as_ptr() };
    call!(SECCOMP, SECCOMP_SET_MODE_FILTER, flags, &program as *const SockProgram).map(|fd| fd as i32)
}

/// prctl(2), PR_SET_SECCOMP: the same without flags.
pub fn set_filter_by_prctl(program: &[SockFilter]) -> Answer {
    let program = SockProgram { length: program.len() as u16, filter: program.as_ptr() };
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &raw const program as usize).map(drop)
}

/// seccomp(2), asked for a filter at NULL: a kernel that has filters finds none there, and nothing is changed.
pub fn has_seccomp() -> Answer {
    match call!(SECCOMP, SECCOMP_SET_MODE_FILTER, 0, 0) {
        Err(Errno(EFAULT)) => Ok(()),
        Err(errno) => Err(errno),
        Ok(_) => Err(Errno(ENOSYS)),
    }
}

/// seccomp(2), SECCOMP_GET_ACTION_AVAIL
pub fn seccomp_action_is_known(action: u32) -> bool {
    call!(SECCOMP, SECCOMP_GET_ACTION_AVAIL, 0, &action as *const u32).is_ok()
}

/// landlock_create_ruleset(2), LANDLOCK_CREATE_RULESET_VERSION: the version of Landlock.
pub fn landlock_version() -> Answer<u32> {
    call!(LANDLOCK_CREATE_RULESET, 0, 0, LANDLOCK_CREATE_RULESET_VERSION).map(|version| version as u32)
}

/// landlock_create_ruleset(2); what an older kernel does not know it takes as long as it is 0.
pub fn landlock_create_ruleset(ruleset: &LandlockRuleset) -> Answer<i32> {
    let size = size_of::<LandlockRuleset>();
    call!(LANDLOCK_CREATE_RULESET, ruleset as *const LandlockRuleset, size, 0).map(|fd| fd as i32)
}

/// landlock_add_rule(2), LANDLOCK_RULE_PATH_BENEATH
pub fn landlock_add_path(ruleset: i32, access: u64, fd: i32) -> Answer {
    let rule = LandlockPath { access, fd };
    call!(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, &raw const rule, 0).map(drop)
}

/// landlock_add_rule(2), LANDLOCK_RULE_NET_PORT
pub fn landlock_add_port(ruleset: i32, access: u64, port: u64) -> Answer {
    let rule = LandlockPort { access, port };
    call!(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_NET_PORT, &raw const rule, 0).map(drop)
}

/// landlock_restrict_self(2)
pub fn landlock_restrict_self(ruleset: i32, flags: u32) -> Answer {
    call!(LANDLOCK_RESTRICT_SELF, ruleset, flags).map(drop)
}

/// personality(2)
pub fn personality(persona: u32) -> Answer {
    call!(PERSONALITY, persona).map(drop)
}

/// setpriority(2)
pub fn setpriority(which: i32, who: i32, nice: i32) -> Answer {
    call!(SETPRIORITY, which, who, nice).map(drop)
}

/// prlimit(2) of this process.
pub fn get_rlimit(resource: u32) -> Answer<Rlimit64> {
    let mut limit = Rlimit64::default();
    call!(PRLIMIT64, 0, resource, 0, &mut limit as *mut Rlimit64).map(|_| limit)
}

/// prlimit(2)
pub fn set_rlimit(pid: i32, resource: u32, limit: &Rlimit64) -> Answer {
    call!(PRLIMIT64, pid, resource, limit as *const Rlimit64, 0).map(drop)
}

/// umask(2)
pub fn umask(mask: u32) -> Answer<u32> {
    call!(UMASK, mask).map(|old| old as u32)
}

/// chroot(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn chroot(path: *const u8) -> Answer {
    call!(CHROOT, path).map(drop)
}

/// chdir(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn chdir(path: *const u8) -> Answer {
    call!(CHDIR, path).map(drop)
}

/// fchdir(2)
pub fn fchdir(fd: i32) -> Answer {
    call!(FCHDIR, fd).map(drop)
}

/// getcwd(2), the kernel's: the path with its NUL, or `(unreachable)` and a path.
pub fn getcwd(buffer: &mut [u8]) -> Answer<usize> {
    call!(GETCWD, buffer.as_mut_ptr(), buffer.len())
}

/// sethostname(2)
pub fn sethostname(name: &[u8]) -> Answer {
    call!(SETHOSTNAME, name.as_ptr(), name.len()).map(drop)
}

/// setdomainname(2)
pub fn setdomainname(name: &[u8]) -> Answer {
    call!(SETDOMAINNAME, name.as_ptr(), name.len()).map(drop)
}

/// unshare(2)
pub fn unshare(flags: u64) -> Answer {
    call!(UNSHARE, flags).map(drop)
}

/// ptrace(2): the parent traces this process.
pub fn trace_me() -> Answer {
    call!(PTRACE, PTRACE_TRACEME, 0, 0, 0).map(drop)
}

/// rt_sigaction(2)
pub fn get_action(signal: i32) -> Answer<SigAction> {
    let mut action = SigAction::default();
    call!(RT_SIGACTION, signal, 0, &mut action as *mut SigAction, 8).map(|_| action)
}

/// rt_sigaction(2)
pub fn set_action(signal: i32, handler: usize) -> Answer {
    let action = SigAction { handler, ..SigAction::default() };
    call!(RT_SIGACTION, signal, &action as *const SigAction, 0, 8).map(drop)
}

/// rt_sigprocmask(2): all 64 signals, libc's own included.
pub fn set_mask(mask: u64) -> Answer<u64> {
    let mut old = 0u64;
    call!(RT_SIGPROCMASK, SIG_SETMASK, &mask as *const u64, &mut old as *mut u64, 8).map(|_| old)
}

/// fstat(2): device and inode alone, which stand at the same place on both architectures.
pub fn identity(fd: i32) -> Answer<[u64; 2]> {
    let mut stat = [0u64; 18];
    call!(FSTAT, fd, stat.as_mut_ptr())?;
    let [device, inode, ..] = stat;
    Ok([device, inode])
}

/// fstat(2): what kind of file it is, its mode, and of which device it is the node.
pub fn kind(fd: i32) -> Answer<Kind> {
    let mut stat = [0u64; 18];
    call!(FSTAT, fd, stat.as_mut_ptr())?;
    #[cfg(target_arch = "x86_64")]
    let [_, _, _, mode, _, device, ..] = stat;
    #[cfg(target_arch = "aarch64")]
    let [_, _, mode, _, device, ..] = stat;
    Ok(Kind { format: mode as u32 & S_IFMT, mode: mode as u32 & !S_IFMT, device })
}

/// execve(2)
///
/// # Safety
/// `path` and the strings are NUL-terminated, the vectors NULL-terminated.
pub unsafe fn execve(path: *const u8, argv: *const *const u8, envp: *const *const u8) -> Errno {
    call!(EXECVE, path, argv, envp).err().unwrap_or(Errno(EINVAL))
}

/// execveat(2): the file behind the descriptor.
///
/// # Safety
/// The strings are NUL-terminated, the vectors NULL-terminated.
pub unsafe fn fexecve(fd: i32, argv: *const *const u8, envp: *const *const u8) -> Errno {
    call!(EXECVEAT, fd, c"".as_ptr(), argv, envp, AT_EMPTY_PATH).err().unwrap_or(Errno(EINVAL))
}

/// exit_group(2); whom a filter lets do that neither so nor by exit(2), ends otherwise.
pub fn exit(status: i32) -> ! {
    let _ = call!(EXIT_GROUP, status);
    let _ = call!(EXIT, status);
    arch::trap()
}

/// exit(2): of this thread alone.
pub fn exit_thread() -> ! {
    let _ = call!(EXIT, 0);
    arch::trap()
}

/// set_tid_address(2): the word is cleared when this thread is gone and others are left.
pub fn set_tid_address(word: *mut i32) -> Answer {
    call!(SET_TID_ADDRESS, word).map(drop)
}

/// fork(2), by way of clone: 0 in the new process, which goes on with a copy of all memory.
pub fn fork(exit_signal: i32) -> Answer<i32> {
    call!(CLONE, exit_signal, 0, 0, 0, 0).map(|pid| pid as i32)
}

/// clone(2), with flags that the kernel does not take together: nothing is made.
pub fn clone_in_vain(flags: u64) -> Answer {
    call!(CLONE, flags, 0, 0, 0, 0).map(drop)
}

/// clone3(2), without arguments: nothing is made.
pub fn clone3_in_vain() -> Answer {
    call!(CLONE3, 0, 0).map(drop)
}

/// futex(2), FUTEX_WAIT, among processes: sleeps while the word has this value.
pub fn futex_wait(word: &AtomicU32, value: u32, timeout: Option<&Timespec>) -> Answer {
    let timeout = timeout.map_or(core::ptr::null(), |time| time as *const Timespec);
    call!(FUTEX, word.as_ptr(), FUTEX_WAIT, value, timeout, 0, 0).map(drop)
}

/// futex(2), FUTEX_WAKE, among processes: all who sleep on the word.
pub fn futex_wake(word: &AtomicU32) -> Answer {
    call!(FUTEX, word.as_ptr(), FUTEX_WAKE, i32::MAX, 0, 0, 0).map(drop)
}

/// The same for an address at which there may be no memory any more: the kernel does not read it.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn futex_wake_address(word: *const u32) {
    let _ = call!(FUTEX, word, FUTEX_WAKE, i32::MAX, 0, 0, 0);
}

/// futex(2), FUTEX_WAKE_OP, among processes: clears one bit of the word, and wakes all who sleep on it.
pub fn futex_clear_and_wake(word: &AtomicU32, bit: u32) -> Answer {
    let clear = (FUTEX_OP_ANDN | FUTEX_OP_OPARG_SHIFT) << 28 | bit.trailing_zeros() << 12;
    call!(FUTEX, word.as_ptr(), FUTEX_WAKE_OP, i32::MAX, 0, word.as_ptr(), clear).map(drop)
}

/// set_robust_list(2)
pub fn set_robust_list(head: *const u8, length: usize) -> Answer {
    call!(SET_ROBUST_LIST, head, length).map(drop)
}

/// gettid(2)
pub fn gettid() -> Answer<i32> {
    call!(GETTID).map(|tid| tid as i32)
}

/// mmap(2): a file, to be read and written by all who have it mapped; at this address if nothing is there.
pub fn map_shared(address: usize, fd: i32, length: usize) -> Answer<*mut u8> {
    call!(MMAP, address, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0).map(|place| place as *mut u8)
}

/// mmap(2): the file as it is, in memory that is this process's alone
#[cfg(forkexec_image)]
#[cfg(not(forkexec_nsexec))]
pub fn map_copy(fd: i32, length: usize) -> Answer<*mut u8> {
    call!(MMAP, 0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0).map(|place| place as *mut u8)
}

/// Memory of zeros that is this process's alone, behind which nothing can be read. A page of any size is in the guard.
#[cfg(not(forkexec_nsexec))]
pub struct BeforeGuard {
    start: usize,
    /// The first address in the guard.
    pub end: usize,
}

#[cfg(not(forkexec_nsexec))]
const GUARD: usize = 64 * 1024;

/// mmap(2), mprotect(2): a multiple of the guard's length
#[cfg(not(forkexec_nsexec))]
pub fn map_before_guard(length: usize) -> Answer<BeforeGuard> {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    let start = call!(MMAP, 0, length.saturating_add(GUARD), PROT_READ | PROT_WRITE, flags, usize::MAX, 0)?;
    let memory = BeforeGuard { start, end: start.saturating_add(length) };
    match call!(MPROTECT, memory.end, GUARD, PROT_NONE) {
        Ok(_) => Ok(memory),
        Err(errno) => unmap_before_guard(memory).and(Err(errno)),
    }
}

/// munmap(2)
#[cfg(not(forkexec_nsexec))]
pub fn unmap_before_guard(memory: BeforeGuard) -> Answer {
    call!(MUNMAP, memory.start, memory.end.saturating_sub(memory.start).saturating_add(GUARD)).map(drop)
}

/// select(2), by way of pselect6: looks at as many descriptors as the table has room for, by the bits at `readable`, which
/// the kernel reads and writes, or answers EFAULT.
///
/// # Safety
/// What is mapped from `readable` on is the caller's alone, up to memory that nobody can read.
#[cfg(not(forkexec_nsexec))]
pub unsafe fn select_all(readable: *mut u8, timeout: &Timespec) -> Answer {
    call!(PSELECT6, i32::MAX, readable, 0, 0, timeout as *const Timespec, 0).map(drop)
}

/// ftruncate(2)
pub fn ftruncate(fd: i32, bytes: u64) -> Answer {
    call!(FTRUNCATE, fd, bytes).map(drop)
}

/// wait4(2): the pid of a child that has ended, its status and what it used; 0 is none that has.
///
/// # Safety
/// `usage` is NULL or memory for a rusage, getrusage(2).
pub unsafe fn wait4<T>(pid: i32, status: &mut i32, options: i32, usage: *mut T) -> Answer<i32> {
    call!(WAIT4, pid, status as *mut i32, options, usage).map(|pid| pid as i32)
}

/// wait(2): the `CLD_*` code that a status of wait4(2) stands for, and the exit code or signal that goes with it.
pub fn end_of(status: i32) -> (i32, i32) {
    match status & 0x7f {
        0 => (CLD_EXITED, status >> 8 & 0xff),
        signal if status & 0x80 != 0 => (CLD_DUMPED, signal),
        signal => (CLD_KILLED, signal),
    }
}

/// sigwaitinfo(2): one of the blocked signals, whichever comes first. Who sent it stands where a dead child's pid would.
pub fn wait_for_signal(info: &mut WaitInfo) -> Answer<i32> {
    call!(RT_SIGTIMEDWAIT, &u64::MAX as *const u64, info as *mut WaitInfo, 0, 8).map(|signal| signal as i32)
}

/// sendmsg(2): bytes, and with them descriptors, as many as there is room for.
pub fn send_fds(socket: i32, bytes: &[u8], fds: &[i32]) -> Answer {
    let part = IoVec { base: bytes.as_ptr(), len: bytes.len() };
    let len = core::mem::offset_of!(Rights, fds).saturating_add(size_of_val(fds));
    let mut rights = Rights { len, level: SOL_SOCKET, kind: SCM_RIGHTS, fds: [-1; MOST_RIGHTS] };
    if fds.len() > rights.fds.len() {
        return Err(Errno(EINVAL));
    }
    rights.fds.iter_mut().zip(fds).for_each(|(place, fd)| *place = *fd);
    let message = MsgHdr {
        name: 0,
        name_len: 0,
        parts: &part,
        parts_len: 1,
        control: &rights,
        control_len: len.next_multiple_of(size_of::<usize>()),
        flags: 0,
    };
    call!(SENDMSG, socket, &message as *const MsgHdr, MSG_NOSIGNAL).map(drop)
}

/// waitid(2), without resource usage: 0 is a child that has not changed, else its pid, code and status.
pub fn waitid(which: i32, id: i32, info: &mut WaitInfo, options: i32) -> Answer {
    call!(WAITID, which, id, info as *mut WaitInfo, options, 0).map(drop)
}

/// waitid(2), the system call's own form, which also fills a rusage.
///
/// # Safety
/// `usage` is memory for a rusage, getrusage(2).
pub unsafe fn waitid_usage<T>(which: i32, id: i32, info: &mut WaitInfo, options: i32, usage: *mut T) -> Answer {
    call!(WAITID, which, id, info as *mut WaitInfo, options, usage).map(drop)
}

/// waitid(2): until a child that this thread itself has made has ended. It is left for others to reap; that it is reaped
/// already is ECHILD.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn wait_for_end(pid: i32) -> Answer {
    let mut info = WaitInfo::EMPTY;
    waitid(P_PID, pid, &mut info, WEXITED | WNOWAIT | WALL | WNOTHREAD)
}

/// pidfd_send_signal(2)
pub fn pidfd_send_signal(pidfd: i32, signal: i32, flags: u32) -> Answer {
    call!(PIDFD_SEND_SIGNAL, pidfd, signal, 0, flags).map(drop)
}

/// pidfd_open(2)
pub fn pidfd_open(pid: i32) -> Answer<i32> {
    call!(PIDFD_OPEN, pid, 0).map(|fd| fd as i32)
}

/// pidfd_getfd(2)
pub fn pidfd_getfd(pidfd: i32, fd: i32) -> Answer<i32> {
    call!(PIDFD_GETFD, pidfd, fd, 0).map(|fd| fd as i32)
}

/// pipe2(2): the end to read from, and the end to write to.
pub fn pipe() -> Answer<[i32; 2]> {
    let mut ends = [-1; 2];
    call!(PIPE2, ends.as_mut_ptr(), 0).map(|_| ends)
}

/// eventfd2(2)
pub fn eventfd() -> Answer<i32> {
    call!(EVENTFD2, 0, 0).map(|fd| fd as i32)
}

/// memfd_create(2)
///
/// # Safety
/// `name` is NUL-terminated.
pub unsafe fn memfd(name: *const u8, flags: u32) -> Answer<i32> {
    call!(MEMFD_CREATE, name, flags).map(|fd| fd as i32)
}

/// keyctl(2), KEYCTL_JOIN_SESSION_KEYRING
///
/// # Safety
/// `name` is NULL or NUL-terminated.
pub unsafe fn join_session_keyring(name: *const u8) -> Answer<i32> {
    call!(KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0).map(|key| key as i32)
}

/// keyctl(2), KEYCTL_SETPERM
pub fn set_key_permissions(key: i32, permissions: u32) -> Answer {
    call!(KEYCTL, KEYCTL_SETPERM, key, permissions, 0, 0).map(drop)
}

/// setns(2)
pub fn setns(fd: i32, types: u64) -> Answer {
    call!(SETNS, fd, types).map(drop)
}

/// clone(2): another process with the same parent goes on from here, and this one leaves. The kernel writes the pid of the
/// other before it runs.
pub fn leave_to_sibling(flags: u64, pid: *mut i32) -> Answer {
    let words = arch::clone_args((CLONE_PARENT | CLONE_PARENT_SETTID | flags) as usize, 0, pid);
    // SAFETY: kernel contract, man 2 clone.
    answer(unsafe { arch::clone_and_leave(nr::CLONE, words) }).map(drop)
}

/// clone3(2): the same with these arguments, of which `parent_tid` is where the pid goes.
pub fn leave_to_sibling_of(args: CloneArgs) -> Answer {
    let args = CloneArgs { flags: args.flags | CLONE_PARENT | CLONE_PARENT_SETTID, ..args };
    let words = [&raw const args as usize, size_of::<CloneArgs>(), 0, 0, 0];
    // SAFETY: kernel contract, man 2 clone: without a stack of its own the child goes on on this one.
    answer(unsafe { arch::clone_and_leave(nr::CLONE3, words) }).map(drop)
}

/// clone3(2): the child calls `entry(argument)`.
///
/// # Safety
/// `args` names a stack that is the child's alone; `entry` never returns.
pub unsafe fn clone3(
    args: &CloneArgs,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer<i32> {
    let words = [args as *const CloneArgs as usize, size_of::<CloneArgs>(), 0, 0, 0];
    // SAFETY: kernel contract, man 2 clone; the caller vouches for the stack and the entry.
    answer(unsafe { arch::clone_call(nr::CLONE3, words, entry, argument) }).map(|pid| pid as i32)
}

/// clone(2): the child calls `entry(argument)`; the exit signal is none.
///
/// # Safety
/// As for `clone3`.
pub unsafe fn clone(
    flags: u64,
    stack_top: usize,
    pidfd: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer<i32> {
    let words = arch::clone_args(flags as usize, stack_top, pidfd);
    // SAFETY: kernel contract, man 2 clone; the caller vouches for the stack and the entry.
    answer(unsafe { arch::clone_call(nr::CLONE, words, entry, argument) }).map(|pid| pid as i32)
}

/// clone(2): a thread, which calls `entry(argument)`; the word is cleared when it is gone.
///
/// # Safety
/// Stack, word and argument are there until then; `entry` never returns.
pub unsafe fn clone_thread(
    stack_top: usize,
    clears: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer {
    let flags = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID;
    // SAFETY: as this function's.
    unsafe { clone_thread_with(flags, stack_top, clears, entry, argument) }
}

/// The same for a thread that has all in common with this one, as threads of libc have; but no thread-local storage: it
/// begins with the register that points to this thread's.
///
/// # Safety
/// As for `clone_thread`; the thread uses nothing that is thread-local, and so nothing of libc.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub unsafe fn clone_thread_sharing_all(
    stack_top: usize,
    clears: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer {
    let flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
    // SAFETY: as this function's.
    unsafe { clone_thread_with(flags, stack_top, clears, entry, argument) }
}

/// # Safety
/// As for `clone_thread`.
unsafe fn clone_thread_with(
    flags: u64,
    stack_top: usize,
    clears: *mut i32,
    entry: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Answer {
    let words = arch::thread_args(flags as usize, stack_top, clears);
    // SAFETY: kernel contract, man 2 clone; the caller vouches for the stack and the entry.
    answer(unsafe { arch::clone_call(nr::CLONE, words, entry, argument) }).map(drop)
}

// Below the macro, which it uses.
#[cfg(any(forkexec_nsexec, test))]
pub mod nsexec;
