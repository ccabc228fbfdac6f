//! Futexes that processes share, and the list of robust futexes of a thread. futex(2)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};
use core::sync::atomic::AtomicU32;

/// futex(2), FUTEX_WAIT, shared: sleeps while the word has this value.
pub fn futex_wait(word: &AtomicU32, value: u32, timeout: Option<&Timespec>) -> Answer {
    let timeout = timeout.map_or(core::ptr::null(), |time| time as *const Timespec);
    call!(FUTEX, word.as_ptr(), FUTEX_WAIT, value, timeout, 0, 0).map(drop)
}

/// futex(2), FUTEX_WAKE, shared: wakes all that sleep on the word.
pub fn futex_wake(word: &AtomicU32) -> Answer {
    call!(FUTEX, word.as_ptr(), FUTEX_WAKE, i32::MAX, 0, 0, 0).map(drop)
}

/// The same for an address that may not be mapped any more: the kernel does not read it.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn futex_wake_address(word: *const u32) {
    let _ = call!(FUTEX, word, FUTEX_WAKE, i32::MAX, 0, 0, 0);
}

/// futex(2), FUTEX_WAKE_OP, shared: clears one bit of the word, and wakes all that sleep on it.
pub fn futex_clear_and_wake(word: &AtomicU32, bit: u32) -> Answer {
    let clear = (FUTEX_OP_ANDN | FUTEX_OP_OPARG_SHIFT) << 28 | bit.trailing_zeros() << 12;
    call!(FUTEX, word.as_ptr(), FUTEX_WAKE_OP, i32::MAX, 0, word.as_ptr(), clear).map(drop)
}

/// set_robust_list(2)
pub fn set_robust_list(head: *const u8, length: usize) -> Answer {
    call!(SET_ROBUST_LIST, head, length).map(drop)
}
