//! Signals: actions, the mask, and waiting for one. signal(7)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

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

/// rt_sigprocmask(2): sets the mask of all 64 signals, including those that libc uses itself. Returns the mask before.
pub fn set_mask(mask: u64) -> Answer<u64> {
    let mut old = 0u64;
    call!(RT_SIGPROCMASK, SIG_SETMASK, &mask as *const u64, &mut old as *mut u64, 8).map(|_| old)
}

/// sigwaitinfo(2): waits for one of these blocked signals. The sender is in the place of a dead child's pid.
pub fn wait_for_signal(info: &mut WaitInfo) -> Answer<i32> {
    call!(RT_SIGTIMEDWAIT, &u64::MAX as *const u64, info as *mut WaitInfo, 0, 8).map(|signal| signal as i32)
}

/// rt_sigpending(2): the pending signals of the thread and of the process.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn pending_signals() -> Answer<u64> {
    let mut pending = 0u64;
    call!(RT_SIGPENDING, &mut pending as *mut u64, size_of::<u64>()).map(|_| pending)
}

/// rt_sigtimedwait(2) without waiting: takes one pending signal of a set, those of the thread before those of the process.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn take_pending(set: u64) -> Answer<i32> {
    let now = Timespec { seconds: 0, nanoseconds: 0 };
    call!(RT_SIGTIMEDWAIT, &set as *const u64, 0, &now as *const Timespec, size_of::<u64>()).map(|signal| signal as i32)
}
