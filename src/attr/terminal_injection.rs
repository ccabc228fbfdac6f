//! The filter of `deny_terminal_injection`.

use crate::bpf::ARCHES;
use crate::sys::abi::SockFilter;
use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};

/// A word of `struct seccomp_data`.
const fn load(offset: u32) -> SockFilter {
    SockFilter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jump_true: 0, jump_false: 0, value: offset }
}

const fn and(value: u32) -> SockFilter {
    SockFilter { code: (BPF_ALU | BPF_AND | BPF_K) as u16, jump_true: 0, jump_false: 0, value }
}

/// Skips so many instructions where the word is, or is not, the value.
const fn is(value: u32, jump_true: u8, jump_false: u8) -> SockFilter {
    SockFilter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jump_true, jump_false, value }
}

const fn answer(value: u32) -> SockFilter {
    SockFilter { code: (BPF_RET | BPF_K) as u16, jump_true: 0, jump_false: 0, value }
}

const NUMBER: u32 = core::mem::offset_of!(libc::seccomp_data, nr) as u32;
const ARCH: u32 = core::mem::offset_of!(libc::seccomp_data, arch) as u32;
/// The lower half: the kernel takes an `unsigned int`, and a caller that sets bits above it must not get past the filter.
const REQUEST: u32 = core::mem::offset_of!(libc::seccomp_data, args) as u32 + size_of::<u64>() as u32;

const ALLOW: SockFilter = answer(libc::SECCOMP_RET_ALLOW);
const EPERM: SockFilter = answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
const KILL: SockFilter = answer(libc::SECCOMP_RET_KILL_PROCESS);

/// The numbers of ioctl: here, by way of x32 (the same again where there is none), and of 32-bit programs.
#[cfg(target_arch = "x86_64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, 514, 54];
#[cfg(target_arch = "aarch64")]
const IOCTLS: [u32; 3] = [libc::SYS_ioctl as u32, libc::SYS_ioctl as u32, 54];

/// All bits of a number but x32's mark, with which and without which old kernels take its calls.
const UNMARKED: u32 = !0x4000_0000;

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
