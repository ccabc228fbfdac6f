//! The filter of `deny_terminal_injection`.

use super::instructions::{ALLOW, ARCH, EPERM, KILL, NUMBER, UNMARKED, and, argument, is, load};
use crate::bpf::ARCHES;
use crate::sys::abi::SockFilter;

/// The request of ioctl(2). The kernel reads 32 bits of it, and so does the filter: with bits above them a program does not
/// get past it.
const REQUEST: u32 = argument(1);

/// The numbers of ioctl: native, of x32 (native again on processors without it), and of 32-bit programs.
#[cfg(target_arch = "x86_64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, 514, 54];
#[cfg(target_arch = "aarch64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, libc::SYS_ioctl as u32, 54];

/// Refuses TIOCSTI, which puts bytes into a terminal's input as if they were typed, and TIOCLINUX, which can paste into a
/// console.
pub const TERMINAL_INJECTION: [SockFilter; 16] = [
    load(ARCH),
    is(ARCHES[0], 0, 5),
    load(NUMBER),
    and(UNMARKED),
    is(IOCTLS[0], 5, 0),
    is(IOCTLS[1], 4, 0),
    ALLOW,
    is(ARCHES[1], 0, 7),
    load(NUMBER),
    is(IOCTLS[2], 0, 3),
    load(REQUEST),
    is(libc::TIOCSTI as u32, 2, 0),
    is(libc::TIOCLINUX as u32, 1, 0),
    ALLOW,
    EPERM,
    KILL,
];
