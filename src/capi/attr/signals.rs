//! Signals. Sets have bit signo-1.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::c_int;

/// Starts the program with exactly the signals of set blocked.
///
/// Without this call those are blocked that the calling thread has blocked. set has bits of FORKEXEC_SIGNAL_BIT;
/// SIGKILL and SIGSTOP are never blocked. A signal that is pending for the child when its mask opens acts before the
/// exec. The last call wins.
///
/// Example:
///
///     forkexec_attr_set_signal_mask(attr, FORKEXEC_SIGNAL_BIT(SIGUSR1) | FORKEXEC_SIGNAL_BIT(SIGUSR2));
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SIGNAL_MASK, with the errno of sigprocmask(2).
///
/// See sigprocmask(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_signal_mask(attr: *mut forkexec_attr, set: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_signal_mask", |attr| attr.signals.set_signal_mask(set))
}

/// Starts the program with the default action for the signals of set.
///
/// Without this call signals that the caller ignores stay ignored; those with a handler get the default action anyway.
/// set has bits of FORKEXEC_SIGNAL_BIT, and may have all. Repeated calls add signals. No signal may be both in this and
/// in set_signal_ignore.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: a signal is in set_signal_ignore too.
/// FORKEXEC_STAGE_SIGNAL_ACTIONS, with the errno of sigaction(2).
///
/// The error's index is the number of the signal.
///
/// See sigaction(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_signal_default(attr: *mut forkexec_attr, set: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_signal_default", |attr| attr.signals.set_signal_default(set))
}

/// Starts the program with the signals of set ignored.
///
/// set has bits of FORKEXEC_SIGNAL_BIT. Repeated calls add signals. No signal may be both in this and in
/// set_signal_default.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or set has SIGKILL or SIGSTOP, which cannot be ignored.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: a signal is in set_signal_default too.
/// FORKEXEC_STAGE_SIGNAL_ACTIONS, with the errno of sigaction(2).
///
/// The error's index is the number of the signal.
///
/// See sigaction(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_signal_ignore(attr: *mut forkexec_attr, set: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_signal_ignore", |attr| attr.signals.set_signal_ignore(set))
}

/// Sends the program the signal sig when its parent dies.
///
/// whose says what counts as its death. With FORKEXEC_DEATH_OF_THREAD it is the end of the thread that called the
/// spawn: the kernel offers this, and it surprises callers with worker threads. With FORKEXEC_DEATH_OF_PROCESS it is
/// the end of the process, for which the library keeps a sleeping thread as long as the child lives.
///
/// The signal is set after the ids, whose change would clear it. A death in the meantime is noticed, with one exception: in
/// a new pid namespace, with FORKEXEC_DEATH_OF_THREAD, where the caller has several threads and is killed in the middle of
/// the spawn, the child may go on if the main thread made it, if it was held, or before Linux 6.9. An exec of a file
/// that is set-user-id, set-group-id or has capabilities clears it. The last call wins.
///
/// The thread of FORKEXEC_DEATH_OF_PROCESS counts in RLIMIT_NPROC and takes 96 KiB of address space, of which 4 KiB are
/// used, and about 20 KiB in the kernel. The C library does not know it, so the caller's setuid(2) does not reach it.
/// In a caller that is root or has capabilities the thread therefore gives up all capabilities except CAP_KILL, and a
/// seccomp filter lets it only wait. As long as such a child lives, SECCOMP_FILTER_FLAG_TSYNC fails in the caller. In
/// other callers the thread is left as the calling thread was.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, sig is not 1 to 64, or whose is neither of the two.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_CLONE, EAGAIN: no thread could be made.
/// FORKEXEC_STAGE_PARENT_DEATH, ESRCH: the parent died while the child was set up.
/// FORKEXEC_STAGE_PARENT_DEATH, ENOSYS: the caller has privileges, and seccomp(2) is missing or forbidden.
///
/// See PR_SET_PDEATHSIG(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_parent_death_signal(
    attr: *mut forkexec_attr,
    sig: i32,
    whose: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_parent_death_signal", |attr| attr.signals.set_parent_death_signal(sig, whose))
}
