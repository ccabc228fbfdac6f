//! Session, process group and terminal. Terminals are the caller's descriptors.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::c_int;

/// Makes the program the leader of a new session and process group.
///
/// The session has no controlling terminal. set_process_group contradicts this: the leader of a session cannot change
/// its group.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_process_group was called.
/// FORKEXEC_STAGE_SESSION, with the errno of setsid(2).
///
/// See setsid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_session(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_session", |attr| attr.session.set_session())
}

/// Puts the program in the process group pgid.
///
/// The group must be one of the caller's session. 0 makes a new group of the program's own. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or pgid is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_session was called.
/// FORKEXEC_STAGE_PROCESS_GROUP, EPERM: there is no such group in this session.
///
/// See setpgid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_process_group(attr: *mut forkexec_attr, pgid: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_process_group", |attr| attr.session.set_process_group(pgid))
}

/// Makes the terminal tty the controlling terminal of the new session.
///
/// Needs set_session. With CAP_SYS_ADMIN the terminal is taken from another session. tty is a descriptor of the caller,
/// borrowed: it must be open during each spawn. The program does not get it by this call; map_fd does that. The last
/// call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: tty is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_session was not called.
/// FORKEXEC_STAGE_VALIDATE, EBADF: tty is not open.
/// FORKEXEC_STAGE_CONTROLLING_TERMINAL, ENOTTY: tty is no terminal.
/// FORKEXEC_STAGE_CONTROLLING_TERMINAL, EPERM: the terminal belongs to another session.
///
/// See TIOCSCTTY(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_controlling_terminal(attr: *mut forkexec_attr, tty: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_controlling_terminal", |attr| attr.session.set_controlling_terminal(tty))
}

/// Makes the program's process group the foreground group of the terminal tty.
///
/// The terminal must be the program's controlling terminal: the caller's, or with set_session the one of
/// set_controlling_terminal. Without set_session and set_process_group the program gets a group of its own. The child
/// is sent no SIGTTOU. tty is a descriptor of the caller, borrowed: it must be open during each spawn. The last call
/// wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: tty is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: tty is not open.
/// FORKEXEC_STAGE_PROCESS_GROUP, with the errno of setpgid(2).
/// FORKEXEC_STAGE_FOREGROUND, ENOTTY: tty is not the controlling terminal.
///
/// See tcsetpgrp(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_foreground(attr: *mut forkexec_attr, tty: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_foreground", |attr| attr.session.set_foreground(tty))
}

/// Gives up the controlling terminal and stays in the caller's session.
///
/// set_session gives it up too, and makes a new session.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_DETACH_TERMINAL, ENOTTY: the caller has no controlling terminal.
///
/// See TIOCNOTTY(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_detach_terminal(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "detach_terminal", |attr| attr.session.detach_terminal())
}
