//! Descriptors: the map that acts all at once, and the actions that follow it in call order.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Gives the program the caller's descriptor source under the number target.
///
/// All entries act at once, as if on copies, so that any exchange of numbers works: map_fd(attr, 3, 4) and map_fd(attr,
/// 4, 3). One source may have many targets. The target is not close-on-exec. source is borrowed: it must be open during
/// each spawn, and is neither closed nor changed in the caller. A high source number makes a spawn slower where the
/// caller has thousands of descriptors open. After the entries come the actions (open_fd, dup_fd, close_fd,
/// close_fds_from, enter_directory, enter_directory_fd), in call order and on the program's numbers. Then everything
/// else is closed. What the program has in the end: 0 to 2 unless they are close-on-exec, the targets of entries and
/// actions, and what inherit_fds adds. Repeated calls add entries; one for the same target replaces the earlier and
/// keeps its index.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: source or target is negative.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: source is not open.
/// FORKEXEC_STAGE_FD_MAP, EBADF: target is above the limit, RLIMIT_NOFILE.
///
/// The error's index is the place among the map_fd entries.
///
/// See dup(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_map_fd(attr: *mut forkexec_attr, source: i32, target: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "map_fd", |attr| attr.fds.map_fd(source, target))
}

/// Keeps every descriptor of the caller that is not close-on-exec, under its number, instead of closing all that was
/// not asked for.
///
/// Makes a spawn slower where the caller has thousands of descriptors open.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// See execve(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_inherit_fds(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "inherit_fds", |attr| attr.fds.inherit_fds())
}

/// Action: opens path as descriptor target, closing what was there before.
///
/// flags and mode are those of open(2), the mode's umask the program's; with O_CLOEXEC the descriptor is there for the
/// following actions and closed by the exec. It is opened with the program's ids, inside its root; a relative path
/// starts at its working directory, as the actions before this one left it. path is copied; repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is empty, mode is above 07777.
/// -EBADF: target is negative.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION with the errno of open(2).
///
/// The error's index is the place among all actions.
///
/// See open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_open_fd(
    attr: *mut forkexec_attr,
    target: i32,
    path: *const c_char,
    flags: i32,
    mode: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "open_fd", |attr| attr.fds.open_fd(target, path?, flags, mode))
}

/// Action: makes target a copy of source, both the program's numbers, closing what was there before.
///
/// The target is not close-on-exec; with source equal to target only that flag is taken away. Repeated calls add
/// actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: source or target is negative.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, EBADF: source is not open for the program, or target is above RLIMIT_NOFILE.
///
/// The error's index is the place among all actions.
///
/// See dup(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_dup_fd(attr: *mut forkexec_attr, source: i32, target: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "dup_fd", |attr| attr.fds.dup_fd(source, target))
}

/// Action: closes fd, the program's number; that it is not open is no error.
///
/// This is how the program starts without one of 0 to 2. Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION.
///
/// The error's index is the place among all actions.
///
/// See close(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_close_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "close_fd", |attr| attr.fds.close_fd(fd))
}

/// Action: closes fd and every number above it, those of earlier entries and actions included.
///
/// Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION.
///
/// The error's index is the place among all actions.
///
/// See close_range(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_close_fds_from(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "close_fds_from", |attr| attr.fds.close_fds_from(fd))
}

/// Action: changes the working directory to path, for the following actions and for the program.
///
/// With the program's ids, inside its root. path is copied; repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is empty.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION with the errno of chdir(2).
///
/// The error's index is the place among all actions.
///
/// See chdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_enter_directory(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "enter_directory", |attr| attr.fds.enter_directory(path?))
}

/// Action: changes the working directory to the one that fd refers to, for the following actions and for the program;
/// fd is the program's number, of an entry or an earlier action.
///
/// Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, EBADF: not open for the program.
/// FORKEXEC_STAGE_FD_ACTION, ENOTDIR.
/// FORKEXEC_STAGE_FD_ACTION, ENOENT: it lies outside the root of set_root or set_chroot.
///
/// The error's index is the place among all actions.
///
/// See fchdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_enter_directory_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "enter_directory_fd", |attr| attr.fds.enter_directory_fd(fd))
}
