//! A child that runs one function and nothing else: for a call that the caller itself must not make.

use super::host::Quiet;
use super::name::{End, Name};
use super::stack::Stack;
use crate::sys::{self, Errno};
use core::ffi::c_void;
use core::ptr::null_mut;

/// Makes the child with these flags of clone(2), waits until it is gone, and says how it ended: `None` if somebody else in
/// this process reaped it. Its exit signal is 0, so the caller gets no SIGCHLD.
///
/// # Safety
/// `act` makes system calls, exits, and never returns. It may change what `argument` leads to only in a way that another
/// thread might.
pub unsafe fn run(
    flags: u64,
    act: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Result<Option<End>, Errno> {
    let stack = Stack::take().map_err(|errno| Errno(errno as i32))?;
    let quiet = Quiet::begin()?;
    // SAFETY: the stack is this child's alone until it is gone; the caller of `run` vouches for the rest.
    let pid = unsafe { sys::clone(flags, stack.top(), null_mut(), act, argument) }?;
    let end = Name::new(pid, None).reap();
    drop(quiet);
    Ok(end)
}
