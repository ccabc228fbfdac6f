//! What a function of the C ABI answers when the start of a child has failed: an errno, and its sentence.

use super::error::forkexec_error;
use super::guard;
use crate::parent::Failure;
use core::ffi::c_int;

/// 0, or the negative errno, with its sentence in `error`.
///
/// # Safety
/// `error` is NULL or memory for one.
pub unsafe fn answer(result: Result<(), Failure>, error: *mut forkexec_error) -> c_int {
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    let place = unsafe { guard::out(error) };
    let said = place.map(|place| place.write(forkexec_error::none()));
    match result {
        Ok(()) => 0,
        Err(failure) => say(&failure, said),
    }
}

#[cold]
fn say(failure: &Failure, error: Option<&mut forkexec_error>) -> c_int {
    let Failure { stage, code, index, pid, signal, .. } = *failure;
    if let Some(error) = error {
        *error = forkexec_error { stage: stage as u32, code, index, pid, signal, ..*error };
        error.say(format_args!("{failure:.*}", error.message.len() - 1));
    }
    -code
}
