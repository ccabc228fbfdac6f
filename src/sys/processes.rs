//! Processes: pids, execve(2), kill(2), prctl(2) and the exit.

use super::abi::*;
use super::answer::{Answer, Errno, answer};
use super::arch::{self, nr, syscall6};

/// getpid(2)
pub fn getpid() -> i32 {
    call!(GETPID).unwrap_or(0) as i32
}

/// getppid(2). 0: the parent is in another pid namespace. -1, which is no pid: a filter refuses the call.
pub fn getppid() -> i32 {
    call!(GETPPID).map_or(-1, |pid| pid as i32)
}

/// gettid(2)
pub fn gettid() -> Answer<i32> {
    call!(GETTID).map(|tid| tid as i32)
}

/// kill(2)
pub fn kill(pid: i32, signal: i32) -> Answer {
    call!(KILL, pid, signal).map(drop)
}

/// tgkill(2) with signal 0: whether this process has such a thread.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn has_thread(thread: i32) -> Answer<bool> {
    match call!(TGKILL, getpid(), thread, 0) {
        Ok(_) => Ok(true),
        Err(Errno(ESRCH | EINVAL)) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// setsid(2)
pub fn setsid() -> Answer {
    call!(SETSID).map(drop)
}

/// setpgid(2)
pub fn setpgid(pid: i32, group: i32) -> Answer {
    call!(SETPGID, pid, group).map(drop)
}

/// prctl(2): operations that take numbers.
pub fn prctl(operation: i32, a: usize, b: usize) -> Answer<usize> {
    call!(PRCTL, operation, a, b, 0, 0)
}

/// personality(2)
pub fn personality(persona: u32) -> Answer {
    call!(PERSONALITY, persona).map(drop)
}

/// ptrace(2): the parent traces this process.
pub fn trace_me() -> Answer {
    call!(PTRACE, PTRACE_TRACEME, 0, 0, 0).map(drop)
}

/// execve(2)
///
/// # Safety
/// `path` and the strings are NUL-terminated, the vectors NULL-terminated.
pub unsafe fn execve(path: *const u8, argv: *const *const u8, envp: *const *const u8) -> Errno {
    call!(EXECVE, path, argv, envp).err().unwrap_or(Errno(EINVAL))
}

/// execveat(2): executes the file of a descriptor.
///
/// # Safety
/// The strings are NUL-terminated, the vectors NULL-terminated.
pub unsafe fn fexecve(fd: i32, argv: *const *const u8, envp: *const *const u8) -> Errno {
    call!(EXECVEAT, fd, c"".as_ptr(), argv, envp, AT_EMPTY_PATH).err().unwrap_or(Errno(EINVAL))
}

/// exit_group(2). If a filter refuses that and exit(2), the process ends by an illegal instruction.
pub fn exit(status: i32) -> ! {
    let _ = call!(EXIT_GROUP, status);
    let _ = call!(EXIT, status);
    arch::trap()
}

/// exit(2): ends this thread alone.
pub fn exit_thread() -> ! {
    let _ = call!(EXIT, 0);
    arch::trap()
}

/// set_tid_address(2): the kernel clears the word when this thread has ended and other processes have the memory.
pub fn set_tid_address(word: *mut i32) -> Answer {
    call!(SET_TID_ADDRESS, word).map(drop)
}

/// nanosleep(2)
pub fn sleep(time: &Timespec) -> Answer {
    call!(NANOSLEEP, time as *const Timespec, 0).map(drop)
}

/// pidfd_open(2)
pub fn pidfd_open(pid: i32) -> Answer<i32> {
    call!(PIDFD_OPEN, pid, 0).map(|fd| fd as i32)
}

/// pidfd_open(2), of one thread: PIDFD_THREAD. Linux 6.9
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn pidfd_open_thread(tid: i32) -> Answer<i32> {
    call!(PIDFD_OPEN, tid, PIDFD_THREAD).map(|fd| fd as i32)
}

/// pidfd_send_signal(2)
pub fn pidfd_send_signal(pidfd: i32, signal: i32, flags: u32) -> Answer {
    call!(PIDFD_SEND_SIGNAL, pidfd, signal, 0, flags).map(drop)
}
