//! Filters of system calls. seccomp(2)

use super::abi::*;
use super::answer::{Answer, Errno, answer};
use super::arch::{nr, syscall6};

/// seccomp(2), SECCOMP_SET_MODE_FILTER: returns the listener, if one was asked for.
pub fn set_filter(program: &[SockFilter], flags: u32) -> Answer<i32> {
    let program = SockProgram { length: program.len() as u16, filter: program.as_ptr() };
    call!(SECCOMP, SECCOMP_SET_MODE_FILTER, flags, &program as *const SockProgram).map(|fd| fd as i32)
}

/// prctl(2), PR_SET_SECCOMP: the same without flags.
pub fn set_filter_by_prctl(program: &[SockFilter]) -> Answer {
    let program = SockProgram { length: program.len() as u16, filter: program.as_ptr() };
    call!(PRCTL, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program as *const SockProgram, 0, 0).map(drop)
}

/// seccomp(2) with a filter at NULL: EFAULT tells that the kernel has filters, and nothing is changed.
pub fn has_seccomp() -> Answer {
    match call!(SECCOMP, SECCOMP_SET_MODE_FILTER, 0, 0) {
        Err(Errno(EFAULT)) => Ok(()),
        Err(errno) => Err(errno),
        Ok(_) => Err(Errno(ENOSYS)),
    }
}

/// seccomp(2), SECCOMP_GET_ACTION_AVAIL
pub fn seccomp_action_is_known(action: u32) -> bool {
    call!(SECCOMP, SECCOMP_GET_ACTION_AVAIL, 0, &action as *const u32).is_ok()
}
