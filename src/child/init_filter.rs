//! The seccomp filter of an init: to wait for signals and children, to send signals on to the program, and to end.

use crate::sys::abi::SockFilter;
use crate::sys::arch::{AUDIT_ARCH, nr};

const LOAD: u16 = 0x20;
const IS: u16 = 0x15;
const ANSWER: u16 = 0x06;
/// `struct seccomp_data`: number, architecture, and the lower half of the first argument.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FIRST: u32 = 16;
const ALLOW: u32 = 0x7fff_0000;
const EPERM: u32 = 0x0005_0001;

const fn step(code: u16, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
    SockFilter { code, jump_true, jump_false, value }
}

/// kill(2) reaches the program alone, whatever else is in the namespace.
pub fn for_program(program: i32) -> [SockFilter; 15] {
    let call = |number: usize, allow: u8| step(IS, allow, 0, number as u32);
    [
        step(LOAD, 0, 0, ARCH),
        step(IS, 0, 11, AUDIT_ARCH),
        step(LOAD, 0, 0, NUMBER),
        call(nr::RT_SIGTIMEDWAIT, 10),
        call(nr::WAITID, 9),
        call(nr::WAIT4, 8),
        call(nr::FUTEX, 7),
        call(nr::EXIT_GROUP, 6),
        call(nr::EXIT, 5),
        call(nr::RT_SIGRETURN, 4),
        step(IS, 0, 2, nr::KILL as u32),
        step(LOAD, 0, 0, FIRST),
        step(IS, 1, 0, program as u32),
        step(ANSWER, 0, 0, EPERM),
        step(ANSWER, 0, 0, ALLOW),
    ]
}
