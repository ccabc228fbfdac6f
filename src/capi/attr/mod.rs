//! The setters, one file a topic. Each is written out: cbindgen cannot see into macros. Their comments are the header's.

// The comments have the C caller's duties, in C's words.
#![allow(clippy::missing_safety_doc)]

pub mod exec;
pub mod fds;
pub mod session;
pub mod signals;
pub mod limits;
pub mod ids;
pub mod caps;
pub mod ns;
pub mod mounts;
pub mod files;
pub mod changes;
pub mod root_directory;
pub mod security;
pub mod filters;
pub mod landlock;
pub mod handed;

use super::guard;
use crate::attr::{Accepted, Attr};
use crate::capi::entry::Entered;
use core::ffi::c_int;
use core::ptr::null_mut;

/// What a spawn is asked for: program, directory, descriptors, ids, limits, namespaces and so on.
///
/// It owns copies of what setters were given. One thread at a time may change it. While no thread does, many
/// threads may spawn from it at once, again and again.
#[allow(non_camel_case_types)]
pub struct forkexec_attr(pub(crate) Attr);

/// Makes an attr in which nothing is set.
///
/// A program that is started from it inherits what execve(2) lets it inherit, and of the descriptors only 0 to 2.
///
/// Returns the attr, which is to be freed with forkexec_attr_free, or NULL when memory is short.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn forkexec_attr_new() -> *mut forkexec_attr {
    let _entered = Entered::now();
    guard::give(forkexec_attr(Attr::default()))
}

/// Makes a copy of attr that is independent of it.
///
/// If a setter of attr was refused, the copy is marked as attr is: no spawn from it succeeds.
///
/// Returns the copy, which is to be freed with forkexec_attr_free, or NULL when attr is NULL or memory is short.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_copy(attr: *const forkexec_attr) -> *mut forkexec_attr {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours that nobody changes meanwhile.
    let attr = unsafe { guard::shared(attr) };
    match attr.map(|attr| attr.0.copy()) {
        Some(Ok(copy)) => guard::give(forkexec_attr(copy)),
        Some(Err(_)) | None => null_mut(),
    }
}

/// Frees attr. NULL is allowed.
///
/// Children that were started from it are not affected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_free(attr: *mut forkexec_attr) {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours that nobody uses any more.
    drop(unsafe { guard::take_back(attr) });
}

/// Calls one setter. What it refuses marks the attr, so that no spawn of it runs with less than was asked.
pub(super) fn apply(
    attr: Option<&mut forkexec_attr>,
    name: &'static str,
    take: impl FnOnce(&mut Attr) -> Accepted,
) -> c_int {
    let Some(forkexec_attr(attr)) = attr else {
        return -libc::EINVAL;
    };
    match take(attr) {
        Ok(()) => 0,
        Err(refused) => {
            attr.refused.get_or_insert((name, refused));
            -refused.code
        }
    }
}

#[cfg(test)]
#[allow(clippy::multiple_unsafe_ops_per_block)]
mod tests {
    use super::*;
    use core::ptr::null;

    #[test]
    fn a_refused_setter_marks_the_attr_and_its_copies() {
        let attr = forkexec_attr_new();
        // SAFETY: an attr of ours, used here alone.
        unsafe {
            assert_eq!(limits::forkexec_attr_set_nice(attr, 3), 0);
            assert!((*attr).0.refused.is_none());
            assert_eq!(exec::forkexec_attr_set_cwd(attr, null()), -libc::EINVAL);
            assert_eq!(fds::forkexec_attr_close_fd(attr, -1), -libc::EBADF);
            let copy = forkexec_attr_copy(attr);
            forkexec_attr_free(attr);
            let (name, refused) = (*copy).0.refused.expect("marked");
            assert_eq!((name, refused.code), ("set_cwd", libc::EINVAL));
            let limits = &(*copy).0.limits;
            assert_eq!(limits.nice, Some(3));
            forkexec_attr_free(copy);
        }
    }

    #[test]
    fn null_is_refused() {
        // SAFETY: NULL.
        unsafe {
            assert_eq!(limits::forkexec_attr_set_nice(null_mut(), 3), -libc::EINVAL);
            assert!(forkexec_attr_copy(null()).is_null());
            forkexec_attr_free(null_mut());
        }
    }

    #[test]
    fn lists() {
        let attr = forkexec_attr_new();
        // SAFETY: an attr of ours, used here alone, and lists that are as long as is said or refused before they are read.
        unsafe {
            assert_eq!(ids::forkexec_attr_set_groups(attr, null(), 0), 0);
            assert_eq!(ids::forkexec_attr_set_groups(attr, null(), 1), -libc::EINVAL);
            assert_eq!(ids::forkexec_attr_set_groups(attr, [1].as_ptr(), 65537), -libc::EINVAL);
            assert_eq!(limits::forkexec_attr_set_affinity(attr, null(), 0), -libc::EINVAL);
            assert_eq!(limits::forkexec_attr_set_affinity(attr, [0].as_ptr(), 8193), -libc::EINVAL);
            forkexec_attr_free(attr);
        }
    }
}
