//! Descriptors: close(2), dup(2), fcntl(2), ioctl(2), poll(2), and descriptors without a file.

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// close(2)
pub fn close(fd: i32) -> Answer {
    call!(CLOSE, fd).map(drop)
}

/// close_range(2)
pub fn close_range(first: u32, last: u32, flags: u32) -> Answer {
    call!(CLOSE_RANGE, first, last, flags).map(drop)
}

/// fcntl(2): commands that take a number.
pub fn fcntl(fd: i32, command: i32, argument: i32) -> Answer<i32> {
    call!(FCNTL, fd, command, argument).map(|fd| fd as i32)
}

/// dup3(2)
pub fn dup3(from: i32, to: i32, flags: i32) -> Answer {
    call!(DUP3, from, to, flags).map(drop)
}

/// ioctl(2): requests that take a number.
pub fn ioctl(fd: i32, request: usize, argument: usize) -> Answer {
    call!(IOCTL, fd, request, argument).map(drop)
}

/// ioctl(2): requests that read or write a structure.
pub fn ioctl_with<T>(fd: i32, request: usize, argument: &mut T) -> Answer {
    call!(IOCTL, fd, request, argument as *mut T).map(drop)
}

/// ioctl(2): requests that take a number and return one.
#[cfg(not(forkexec_nsexec))]
pub fn ioctl_number(fd: i32, request: usize, argument: usize) -> Answer<i32> {
    call!(IOCTL, fd, request, argument).map(|number| number as i32)
}

/// poll(2), by ppoll(2). `None`: waits without end.
pub fn poll(fds: &mut [PollFd], timeout: Option<&Timespec>) -> Answer<usize> {
    let timeout = timeout.map_or(core::ptr::null(), |time| time as *const Timespec);
    call!(PPOLL, fds.as_mut_ptr(), fds.len(), timeout, 0, 8)
}

/// select(2), by pselect6(2): looks at as many descriptors as the descriptor table can hold. The kernel reads and writes the
/// bits at `readable`, or answers EFAULT.
///
/// # Safety
/// What is mapped from `readable` on is the caller's alone, up to memory that nobody can read.
#[cfg(not(forkexec_nsexec))]
pub unsafe fn select_all(readable: *mut u8, timeout: &Timespec) -> Answer {
    call!(PSELECT6, i32::MAX, readable, 0, 0, timeout as *const Timespec, 0).map(drop)
}

/// pipe2(2): returns the end to read from and the end to write to.
pub fn pipe() -> Answer<[i32; 2]> {
    let mut ends = [-1; 2];
    call!(PIPE2, ends.as_mut_ptr(), 0).map(|_| ends)
}

/// eventfd2(2)
pub fn eventfd() -> Answer<i32> {
    call!(EVENTFD2, 0, 0).map(|fd| fd as i32)
}

/// pidfd_getfd(2)
pub fn pidfd_getfd(pidfd: i32, fd: i32) -> Answer<i32> {
    call!(PIDFD_GETFD, pidfd, fd, 0).map(|fd| fd as i32)
}
