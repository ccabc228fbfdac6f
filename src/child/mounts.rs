//! The root directory.

use super::At;
use super::sys::{self, Answer};

/// mount(2)
pub fn propagation(at: &mut At) -> Answer {
    if at.plan.propagation == 0 { Ok(()) } else { sys::propagate_root(at.plan.propagation) }
}

/// chroot(2), and a working directory inside it: one outside would be a way out.
pub fn chroot(at: &mut At) -> Answer {
    let Some(root) = at.plan.text(at.plan.chroot) else { return Ok(()) };
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    unsafe { sys::chroot(root)? };
    // SAFETY: the path is a NUL-terminated literal.
    unsafe { sys::chdir(c"/".as_ptr().cast()) }
}
