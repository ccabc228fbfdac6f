//! How a child has ended. wait(2)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// wait4(2): returns the pid of a child that has ended, its status and its resource usage. 0: none has ended.
///
/// # Safety
/// `usage` is NULL or memory for a rusage, getrusage(2).
pub unsafe fn wait4<T>(pid: i32, status: &mut i32, options: i32, usage: *mut T) -> Answer<i32> {
    call!(WAIT4, pid, status as *mut i32, options, usage).map(|pid| pid as i32)
}

/// wait(2): the `CLD_*` code for a status of wait4(2), and the exit code or signal.
pub fn end_of(status: i32) -> (i32, i32) {
    match status & 0x7f {
        0 => (CLD_EXITED, status >> 8 & 0xff),
        signal if status & 0x80 != 0 => (CLD_DUMPED, signal),
        signal => (CLD_KILLED, signal),
    }
}

/// waitid(2) without resource usage. Returns pid, code and status; the pid is 0 if no child has changed.
pub fn waitid(which: i32, id: i32, info: &mut WaitInfo, options: i32) -> Answer {
    call!(WAITID, which, id, info as *mut WaitInfo, options, 0).map(drop)
}

/// waitid(2) in the form of the system call, which also fills a rusage.
///
/// # Safety
/// `usage` is memory for a rusage, getrusage(2).
pub unsafe fn waitid_usage<T>(which: i32, id: i32, info: &mut WaitInfo, options: i32, usage: *mut T) -> Answer {
    call!(WAITID, which, id, info as *mut WaitInfo, options, usage).map(drop)
}

/// waitid(2), WNOWAIT: waits for the end of a child that this thread itself has made, and leaves it to others to reap.
/// ECHILD: it is reaped already.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn wait_for_end(pid: i32) -> Answer {
    let mut info = WaitInfo::EMPTY;
    waitid(P_PID, pid, &mut info, WEXITED | WNOWAIT | WALL | WNOTHREAD)
}
