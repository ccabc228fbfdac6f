//! The root directory.

use super::{apply, forkexec_attr};
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Makes the directory path the program's root, and its working directory too, unless set_cwd or set_cwd_fd says
/// otherwise: nothing of the program starts outside. It is entered before the ids change, with CAP_SYS_CHROOT. The
/// program's path, set_cwd and the actions are looked up in the new root. A program with privileges can leave a chroot.
/// path is copied; the last call wins. chroot(2).
/// Returns 0; -EINVAL: attr or path is NULL, path is empty; -ENAMETOOLONG: path has more than 4095 bytes; -ENOMEM.
/// Fails later as FORKEXEC_STAGE_CHROOT with the errno of chroot(2) or chdir(2); index -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_chroot(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_chroot", |attr| attr.mounts.set_chroot(path?))
}
