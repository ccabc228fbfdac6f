//! System calls that only the bootstrap of runc makes.

use super::abi::{CLONE_CHILD_CLEARTID, CLONE_PARENT, PROT_READ, PROT_WRITE, Timespec};
use super::answer::{Answer, answer};
use super::arch::{self, nr, syscall6};

pub const AF_UNIX: i32 = 1;
pub const SOCK_STREAM: i32 = 1;
pub const MSG_NOSIGNAL: i32 = 0x4000;
pub const SIGPIPE: i32 = 13;
pub const SIG_BLOCK: i32 = 0;
pub const PR_GET_TID_ADDRESS: i32 = 40;
pub const CLONE_CHILD_SETTID: u64 = 0x0100_0000;
pub const CLOSE_RANGE_CLOEXEC: u32 = 4;
pub const MAP_PRIVATE: i32 = 2;
pub const MAP_ANONYMOUS: i32 = 0x20;

/// socketpair(2): a stream, close-on-exec.
pub fn socketpair() -> Answer<[i32; 2]> {
    let mut ends = [-1; 2];
    call!(SOCKETPAIR, AF_UNIX, SOCK_STREAM | super::abi::SOCK_CLOEXEC, 0, ends.as_mut_ptr()).map(|_| ends)
}

/// send(2): without SIGPIPE if the other end is closed.
pub fn send(fd: i32, bytes: &[u8]) -> Answer<usize> {
    call!(SENDTO, fd, bytes.as_ptr(), bytes.len(), MSG_NOSIGNAL, 0, 0)
}

/// mmap(2): private memory of zeros.
pub fn map(length: usize) -> Answer<*mut u8> {
    call!(MMAP, 0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1i32, 0).map(|start| start as *mut u8)
}

/// munmap(2)
///
/// # Safety
/// Nobody uses that memory any more.
pub unsafe fn unmap(start: *mut u8, length: usize) -> Answer {
    call!(MUNMAP, start, length).map(drop)
}

/// sched_getaffinity(2)
pub fn sched_getaffinity(mask: &mut [u64]) -> Answer {
    call!(SCHED_GETAFFINITY, 0, size_of_val(mask), mask.as_mut_ptr()).map(drop)
}

/// rt_sigprocmask(2): blocks one more signal. Returns the mask before.
pub fn block_signal(signal: i32) -> Answer<u64> {
    let (set, mut old) = (bit(signal), 0u64);
    call!(RT_SIGPROCMASK, SIG_BLOCK, &set as *const u64, &mut old as *mut u64, 8).map(|_| old)
}

/// rt_sigtimedwait(2): takes a pending signal, if it is blocked and there is one.
pub fn take_signal(signal: i32) -> Answer {
    let (set, none) = (bit(signal), Timespec { seconds: 0, nanoseconds: 0 });
    call!(RT_SIGTIMEDWAIT, &set as *const u64, 0, &none as *const Timespec, 8).map(drop)
}

/// The bit of a signal in a mask.
pub fn bit(signal: i32) -> u64 {
    1u64.wrapping_shl(signal.wrapping_sub(1) as u32)
}

/// PR_GET_TID_ADDRESS(2const): the address that set_tid_address(2) was given.
pub fn tid_address() -> Answer<*mut i32> {
    let mut address = core::ptr::null_mut::<i32>();
    call!(PRCTL, PR_GET_TID_ADDRESS, &mut address as *mut *mut i32, 0, 0, 0).map(|_| address)
}

/// clone(2): makes a copy of this process with the same parent. Returns 0 in the copy, whose exit signal is that of this
/// process.
pub fn clone_sibling() -> Answer<i32> {
    call!(CLONE, CLONE_PARENT, 0, 0, 0, 0).map(|pid| pid as i32)
}

/// clone(2): the same. The kernel stores the copy's thread id in its memory, and clears it when the copy ends.
///
/// # Safety
/// `tid` is where libc keeps the id of this thread.
pub unsafe fn clone_sibling_knowing(tid: *mut i32) -> Answer<i32> {
    let flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    let [a, b, c, d, e] = arch::thread_args(flags as usize, 0, tid);
    call!(CLONE, a, b, c, d, e).map(|pid| pid as i32)
}
