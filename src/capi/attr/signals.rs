//! Signals. Sets have bit signo-1.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::c_int;

/// Starts the program with exactly the signals of set blocked; without this call, with those that the calling thread
/// has blocked.
///
/// Bit signo-1 stands for a signal; SIGKILL and SIGSTOP are never blocked. A signal that is pending for the child when
/// the mask opens acts on it before the exec. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SIGNAL_MASK.
///
/// See sigprocmask(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_signal_mask(attr: *mut forkexec_attr, set: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_signal_mask", |attr| attr.signals.set_signal_mask(set))
}

/// Starts the program with the default action for the signals of set, also where the caller ignores them.
///
/// Signals with a handler get the default action anyway; without this call ignored ones stay ignored. Bit signo-1
/// stands for a signal; all bits may be set. Repeated calls add signals. A signal in both this and set_signal_ignore is
/// a contradiction.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: a contradiction.
/// FORKEXEC_STAGE_SIGNAL_ACTIONS.
///
/// The error's index is the signal's number.
///
/// See sigaction(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_signal_default(attr: *mut forkexec_attr, set: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_signal_default", |attr| attr.signals.set_signal_default(set))
}

/// Starts the program with the signals of set ignored.
///
/// Bit signo-1 stands for a signal. Repeated calls add signals.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, set has SIGKILL or SIGSTOP, which cannot be ignored.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: also in set_signal_default.
/// FORKEXEC_STAGE_SIGNAL_ACTIONS.
///
/// The error's index is the signal's number.
///
/// See sigaction(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_signal_ignore(attr: *mut forkexec_attr, set: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_signal_ignore", |attr| attr.signals.set_signal_ignore(set))
}

/// Sends the program the signal sig when its parent dies: with whose FORKEXEC_DEATH_OF_THREAD when the thread ends that
/// called the spawn, which is what the kernel offers and what surprises callers with worker threads; with
/// FORKEXEC_DEATH_OF_PROCESS when the process ends, for which the library keeps a sleeping thread as long as the child
/// lives.
///
/// Set after the ids, which would clear it; a death in the meantime is noticed. Executing a file that is set-user-id,
/// set-group-id or has capabilities clears it. The last call wins.
///
/// Each child with FORKEXEC_DEATH_OF_PROCESS costs one thread, which counts in RLIMIT_NPROC: 96 KiB of address space,
/// of which 4 are used, and what the kernel needs for a thread, about 20 KiB. The thread is not libc's, so setuid(2)
/// does not reach it. In a caller that is root or has capabilities it has therefore given up all but CAP_KILL, and a
/// seccomp filter lets it do nothing but wait: as long as such a child lives, SECCOMP_FILTER_FLAG_TSYNC fails in the
/// caller. In other callers it is left as the calling thread was.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, sig is not 1 to 64, whose is neither of the two.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_CLONE, EAGAIN: no thread could be made.
/// FORKEXEC_STAGE_PARENT_DEATH, ESRCH: the parent died while the child was set up.
/// FORKEXEC_STAGE_PARENT_DEATH, ENOSYS: the caller has privilege, and seccomp(2) is missing or filtered.
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
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_parent_death_signal", |attr| attr.signals.set_parent_death_signal(sig, whose))
}
