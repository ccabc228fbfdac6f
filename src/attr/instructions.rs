//! The instructions of the library's own filters.

use crate::sys::abi::SockFilter;
use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W};

/// Loads a word of `struct seccomp_data`.
pub const fn load(offset: u32) -> SockFilter {
    SockFilter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jump_true: 0, jump_false: 0, value: offset }
}

pub const fn and(value: u32) -> SockFilter {
    SockFilter { code: (BPF_ALU | BPF_AND | BPF_K) as u16, jump_true: 0, jump_false: 0, value }
}

/// Skips `jump_true` instructions if the word is the value, else `jump_false`.
pub const fn is(value: u32, jump_true: u8, jump_false: u8) -> SockFilter {
    SockFilter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jump_true, jump_false, value }
}

/// Skips `jump_true` instructions if the word has a bit of the value, else `jump_false`.
pub const fn has(value: u32, jump_true: u8, jump_false: u8) -> SockFilter {
    SockFilter { code: (BPF_JMP | BPF_JSET | BPF_K) as u16, jump_true, jump_false, value }
}

pub const fn answer(value: u32) -> SockFilter {
    SockFilter { code: (BPF_RET | BPF_K) as u16, jump_true: 0, jump_false: 0, value }
}

pub const NUMBER: u32 = core::mem::offset_of!(libc::seccomp_data, nr) as u32;
pub const ARCH: u32 = core::mem::offset_of!(libc::seccomp_data, arch) as u32;
pub const ALLOW: SockFilter = answer(libc::SECCOMP_RET_ALLOW);
pub const EPERM: SockFilter = answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
pub const KILL: SockFilter = answer(libc::SECCOMP_RET_KILL_PROCESS);

/// The offset of the lower 32 bits of an argument, counted from 0.
pub const fn argument(place: u32) -> u32 {
    core::mem::offset_of!(libc::seccomp_data, args) as u32 + place * size_of::<u64>() as u32
}

/// All bits of a system call's number but that of x32: old kernels take the numbers of x32 with it and without it.
pub const UNMARKED: u32 = !0x4000_0000;
