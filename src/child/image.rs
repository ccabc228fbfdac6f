//! The exec of the built-in image, by which the child gets memory of its own.

use super::state::At;
use super::{channel_ends, fds};
use crate::sealed::Wiring;
use crate::sys::abi::EBADF;
use crate::sys::{self, Answer, Errno};

/// Leaves the caller's memory for an image of the child's own.
pub fn become_image(at: &mut At) -> Answer {
    let Wiring { image_argv, image_envp, .. } = *at.wiring;
    if image_argv == 0 {
        return Ok(());
    }
    let image = image(at.wiring)?;
    channel_ends::page_is_ours(at.wiring)?;
    channel_ends::strings_are_ours(at.wiring)?;
    fds::survive_exec(at)?;
    // SAFETY: parent::image guarantees NULL-terminated vectors of NUL-terminated strings.
    Err(unsafe { sys::fexecve(image, image_argv as *const *const u8, image_envp as *const *const u8) })
}

fn image(wiring: &Wiring) -> Answer<i32> {
    if wiring.image < 0 {
        return channel_ends::image(wiring);
    }
    // The caller may have closed the library's descriptor, and opened another file at its number.
    if sys::identity(wiring.image)? != wiring.image_identity {
        return Err(Errno(EBADF));
    }
    Ok(wiring.image)
}
