//! Session, process group and terminal. Terminals are the caller's descriptors.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::c_int;

/// Makes the program the leader of a new session and of a new process group, without a controlling terminal.
///
/// Contradicts set_process_group: a session leader cannot change its group.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: a contradiction.
/// FORKEXEC_STAGE_SESSION.
///
/// See setsid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_session(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_session", |attr| attr.session.set_session())
}

/// Puts the program in the process group pgid, which must be one of the caller's session; 0 means a new group of its
/// own.
///
/// The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, pgid is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: with set_session.
/// FORKEXEC_STAGE_PROCESS_GROUP, EPERM: no such group in this session.
///
/// See setpgid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_process_group(attr: *mut forkexec_attr, pgid: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_process_group", |attr| attr.session.set_process_group(pgid))
}

/// Makes the terminal tty the controlling terminal of the new session, taking it from another session where the caller
/// has the privilege to (CAP_SYS_ADMIN).
///
/// Needs set_session. tty is the caller's number, borrowed: it must be open during each spawn. It does not reach the
/// program by this; map_fd does that. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: tty is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: without set_session.
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_CONTROLLING_TERMINAL, ENOTTY: not a terminal.
/// FORKEXEC_STAGE_CONTROLLING_TERMINAL, EPERM: it belongs to another session.
///
/// See TIOCSCTTY(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_controlling_terminal(attr: *mut forkexec_attr, tty: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_controlling_terminal", |attr| attr.session.set_controlling_terminal(tty))
}

/// Makes the program's process group the foreground group of the terminal tty, which must be the program's controlling
/// terminal: the caller's, or with set_session the one of set_controlling_terminal.
///
/// Without set_session and set_process_group the program gets a group of its own. No SIGTTOU is sent for it. tty is the
/// caller's number, borrowed: it must be open during each spawn. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: tty is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_PROCESS_GROUP or.
/// FORKEXEC_STAGE_FOREGROUND, ENOTTY: not the controlling terminal.
///
/// See tcsetpgrp(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_foreground(attr: *mut forkexec_attr, tty: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_foreground", |attr| attr.session.set_foreground(tty))
}

/// Gives up the controlling terminal while staying in the caller's session.
///
/// set_session does as much and more.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_DETACH_TERMINAL, ENOTTY: there is none.
///
/// See TIOCNOTTY(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_detach_terminal(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "detach_terminal", |attr| attr.session.detach_terminal())
}
