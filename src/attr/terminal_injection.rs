//! The filter of `deny_terminal_injection`.

use super::instructions::{ALLOW, ARCH, EPERM, KILL, NUMBER, UNMARKED, and, argument, is, load};
use crate::bpf::ARCHES;
use crate::sys::abi::SockFilter;

/// The kernel takes an `unsigned int`, and a caller that sets bits above it must not get past the filter.
const REQUEST: u32 = argument(1);

/// The numbers of ioctl: here, by way of x32 (the same again where there is none), and of 32-bit programs.
#[cfg(target_arch = "x86_64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, 514, 54];
#[cfg(target_arch = "aarch64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, libc::SYS_ioctl as u32, 54];

/// TIOCSTI puts bytes into the input of a terminal as if they were typed, TIOCLINUX pastes them into a console's.
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
