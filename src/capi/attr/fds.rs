//! Descriptors: the map that acts all at once, and the actions that follow it in call order.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Gives the program the caller's descriptor source under the number target.
///
/// All mapped descriptors move at once, as if from copies, so numbers can be exchanged: map_fd(attr, 3, 4) with
/// map_fd(attr, 4, 3). A source may have many targets. The program's descriptor is not close-on-exec. source is
/// borrowed: it must be open during each spawn, and the caller's own stays as it is. A high source number makes the
/// spawn slower if the caller has thousands of descriptors open.
///
/// After the mapped descriptors come the actions in call order, with the program's numbers: open_fd, dup_fd, close_fd,
/// close_fds_from, enter_directory and enter_directory_fd. Then all others are closed. The program has 0 to 2 unless
/// they are close-on-exec, the targets of mappings and actions, and what inherit_fds keeps.
///
/// Repeated calls add entries. An entry for the same target replaces the earlier one and keeps its index.
///
/// Example:
///
///     int ends[2];
///     if (pipe2(ends, O_CLOEXEC) == 0)
///         forkexec_attr_map_fd(attr, ends[1], STDOUT_FILENO);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: source or target is negative.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: source is not open.
/// FORKEXEC_STAGE_FD_MAP, EBADF: target is not below RLIMIT_NOFILE.
///
/// The error's index is the place among the map_fd entries.
///
/// See dup(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_map_fd(attr: *mut forkexec_attr, source: i32, target: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "map_fd", |attr| attr.fds.map_fd(source, target))
}

/// Keeps every descriptor of the caller that is not close-on-exec.
///
/// Each keeps its number. Without this call descriptors that were not asked for are closed. It makes the spawn slower
/// if the caller has thousands of descriptors open.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// See execve(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_inherit_fds(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "inherit_fds", |attr| attr.fds.inherit_fds())
}

/// Opens a file as the program's descriptor target.
///
/// It is an action, see map_fd: what target was before is closed. flags and mode are those of open(2). With O_CLOEXEC
/// the following actions can use the descriptor, and the exec closes it. The file is opened with the program's ids and
/// umask, inside its root. A relative path begins at the program's working directory as the earlier actions left it.
/// path is copied. Repeated calls add actions.
///
/// Example:
///
///     forkexec_attr_open_fd(attr, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
///     forkexec_attr_open_fd(attr, STDOUT_FILENO, "log", O_WRONLY | O_CREAT | O_APPEND, 0640);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is empty, or mode is above 07777.
/// -EBADF: target is negative.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, with the errno of open(2).
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "open_fd", |attr| attr.fds.open_fd(target, path?, flags, mode))
}

/// Makes the program's descriptor target a copy of its descriptor source.
///
/// It is an action, see map_fd: what target was before is closed. The copy is not close-on-exec. If source and target
/// are equal, the descriptor only stops being close-on-exec. Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: source or target is negative.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, EBADF: the program has no descriptor source, or target is not below RLIMIT_NOFILE.
///
/// The error's index is the place among all actions.
///
/// See dup(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_dup_fd(attr: *mut forkexec_attr, source: i32, target: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "dup_fd", |attr| attr.fds.dup_fd(source, target))
}

/// Closes the program's descriptor fd.
///
/// It is an action, see map_fd. A descriptor that is not open is no error. A program can be started without one of 0 to
/// 2 in this way. Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, with the errno of close(2).
///
/// The error's index is the place among all actions.
///
/// See close(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_close_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "close_fd", |attr| attr.fds.close_fd(fd))
}

/// Closes the program's descriptor fd and all above it.
///
/// It is an action, see map_fd. Descriptors of earlier mappings and actions are closed too. Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, with the errno of close_range(2).
///
/// The error's index is the place among all actions.
///
/// See close_range(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_close_fds_from(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "close_fds_from", |attr| attr.fds.close_fds_from(fd))
}

/// Changes the working directory to path, between other actions.
///
/// It is an action, see map_fd: it holds for the following actions and for the program. The directory is entered with
/// the program's ids, inside its root. path is copied. Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, or path is empty.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, with the errno of chdir(2).
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "enter_directory", |attr| attr.fds.enter_directory(path?))
}

/// Changes the working directory to the one of fd, between other actions.
///
/// It is an action, see map_fd: it holds for the following actions and for the program. fd is a number of the program,
/// of a mapping or an earlier action. Repeated calls add actions.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_FD_ACTION, EBADF: the program has no descriptor fd.
/// FORKEXEC_STAGE_FD_ACTION, ENOTDIR: fd is no directory.
/// FORKEXEC_STAGE_FD_ACTION, ENOENT: the directory lies outside the root of set_root or set_chroot.
///
/// The error's index is the place among all actions.
///
/// See fchdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_enter_directory_fd(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "enter_directory_fd", |attr| attr.fds.enter_directory_fd(fd))
}
