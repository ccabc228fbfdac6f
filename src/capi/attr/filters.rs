//! Seccomp filters.

use super::{apply, forkexec_attr};
use crate::attr::filters::MOST_INSTRUCTIONS;
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use crate::sys::abi::SockFilter;
use core::ffi::c_int;

/// An instruction of a seccomp filter, as linux/filter.h defines it.
#[allow(non_camel_case_types)]
pub struct sock_filter {
    _kernels: SockFilter,
}

/// Adds a seccomp filter of count instructions, 1 to 4096, which is copied; flags: FORKEXEC_SECCOMP_ bits or 0.
///
/// Repeated calls add filters, which are loaded in call order. Each has to allow the system call that loads the next:
/// seccomp, or, for a filter without flags, prctl with PR_SET_SECCOMP. seccomp(2). With set_no_new_privs they come last
/// of all, and have to allow nothing of the library's but execve (with set_exec_fd execveat); with set_pid_variable
/// getpid, with set_busy_retry nanosleep, with LISTENER and a real-time policy futex; and exit_group for when the exec
/// fails. The signal mask is set before filters that may refuse rt_sigprocmask. Without set_no_new_privs they need
/// CAP_SYS_ADMIN, come before the ids change, and have to allow those and, as far as they are asked for:
/// rt_sigprocmask, setgroups, setresgid, setresuid, capset, prctl, chdir, fchdir, getcwd, fcntl, dup3, openat, close,
/// close_range, ppoll, prlimit64, ptrace, kill, getpid, getppid, rt_sigaction, and what set_init names. A child that
/// its filter kills has failed, with SIGSYS, and is never one in the caller's memory. Where the filter decides on execve
/// by its arguments, status.ran of
/// forkexec_wait tells it. With FORKEXEC_SECCOMP_LISTENER, for one filter of an attr, what the filter answers with
/// SECCOMP_RET_USER_NOTIF waits for the caller, who gets the listener by forkexec_child_seccomp_fd when the spawn or
/// the release has returned. Until then the library itself lets its own calls go on, so nothing waits for who cannot
/// answer yet. This needs Linux 5.5, and for a moment a second thread in the child, which RLIMIT_NPROC and pids.max
/// count. A signal interrupts a call that waits, and the caller's answer is lost; with FORKEXEC_SECCOMP_KILLABLE, which
/// needs Linux 5.19, only one that kills does, once the caller has received the call.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or program is NULL, count is 0 or above 4096, an unknown flag, TSYNC with LISTENER, KILLABLE without
///   LISTENER.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: two listeners.
/// FORKEXEC_STAGE_VALIDATE: a listener with a new time namespace, or with unshare_namespaces(FORKEXEC_NS_PID).
/// FORKEXEC_STAGE_SECCOMP or.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EINVAL: not a filter, or a flag that the kernel does not know.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EACCES: neither CAP_SYS_ADMIN nor set_no_new_privs.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EBUSY: a filter that the caller is under has a listener.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EAGAIN: no second thread.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, ENOMEM: more than 32768 instructions in all.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, EMFILE, EPERM: too many descriptors, or a filter of the caller's, keep the
///   listener from coming.
///
/// The error's index is the place among the filters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_add_seccomp_filter(
    attr: *mut forkexec_attr,
    program: *const sock_filter,
    count: u32,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that program is NULL or a list of count items, which are the kernel's.
    let program = unsafe {
        guard::list(program.cast::<SockFilter>(), count as usize, MOST_INSTRUCTIONS, sentences::FILTER_LENGTH)
    };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "add_seccomp_filter", |attr| attr.filters.add_seccomp_filter(program?, flags))
}

/// Lets neither the program nor its descendants make a user namespace, so that what the kernel opens to its owner is
/// out of their reach: unshare(2) and clone(2) with CLONE_NEWUSER fail with EPERM, by whichever ABI of the kernel they
/// come, and clone3(2), whose flags no filter sees, with ENOSYS, so that programs use clone(2).
///
/// A seccomp filter of its own, which stays for ever, needs no user namespace and no privilege, but set_no_new_privs.
/// The child looks whether the three calls are refused, and else there is no program. Namespaces that there are can be
/// joined (setns(2)), with a descriptor of them; those that this spawn makes, it makes before.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
/// FORKEXEC_STAGE_USER_NAMESPACES, EINVAL, ENOSYS: the kernel has no filters.
/// FORKEXEC_STAGE_USER_NAMESPACES, ENOMEM: more than 32768 instructions in all.
/// FORKEXEC_STAGE_USER_NAMESPACES, EOPNOTSUPP: the filter is on, and does nothing.
///
/// See seccomp(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_deny_user_namespaces(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "deny_user_namespaces", |attr| attr.filters.deny_user_namespaces())
}

/// Adds a ready-made filter that lets nobody type into a terminal that he shares with others: ioctl(2) with TIOCSTI or
/// TIOCLINUX fails with EPERM, by whichever ABI of the kernel it comes.
///
/// For programs that run with less privilege than whoever else uses their terminal, where set_session or a terminal of
/// their own is not wanted. One more filter among those of add_seccomp_filter, which says where it is put on; a
/// repeated call adds none.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_SECCOMP or.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP.
///
/// The error's index is the place among the filters.
///
/// See TIOCSTI(2const).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_deny_terminal_injection(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "deny_terminal_injection", |attr| attr.filters.deny_terminal_injection())
}
