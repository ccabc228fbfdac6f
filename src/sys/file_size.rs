//! What the size of a file, and the limit on it, ask of the kernel.

use super::abi::*;
use super::arch::{nr, syscall6};
use super::{Answer, answer};

/// fstat(2): the size alone, which stands at the same place on both architectures.
pub fn size(fd: i32) -> Answer<u64> {
    let mut stat = [0u64; 18];
    call!(FSTAT, fd, stat.as_mut_ptr())?;
    let [_, _, _, _, _, _, size, ..] = stat;
    Ok(size)
}

/// rt_sigpending(2): those of the thread and those of the process.
pub fn pending_signals() -> Answer<u64> {
    let mut pending = 0u64;
    call!(RT_SIGPENDING, &mut pending as *mut u64, size_of::<u64>()).map(|_| pending)
}

/// rt_sigtimedwait(2), without waiting: takes one pending signal out of a set, the thread's own before the process's.
pub fn take_pending(set: u64) -> Answer<i32> {
    let now = Timespec { seconds: 0, nanoseconds: 0 };
    call!(RT_SIGTIMEDWAIT, &set as *const u64, 0, &now as *const Timespec, size_of::<u64>()).map(|signal| signal as i32)
}
