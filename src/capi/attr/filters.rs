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

/// Adds a seccomp filter for the program.
///
/// program has count instructions, 1 to 4096, and is copied. flags is 0 or FORKEXEC_SECCOMP_ bits. Repeated calls add
/// filters. They are installed in call order. Each has to allow the system call that installs the next: seccomp, or for
/// a filter without flags prctl with PR_SET_SECCOMP.
///
/// With set_no_new_privs the filters are installed last of all. Of the library's own calls they have to allow execve,
/// with set_exec_fd execveat instead; with set_pid_variable getpid, with set_busy_retry nanosleep, with a listener and
/// a real-time policy futex; and exit_group, for an exec that fails. The signal mask is set before a filter that may
/// refuse rt_sigprocmask.
///
/// Without set_no_new_privs they need CAP_SYS_ADMIN, are installed before the ids change, and have to allow those and
/// what else is asked for: rt_sigprocmask, setgroups, setresgid, setresuid, capset, prctl, chdir, fchdir, getcwd,
/// fcntl, dup3, openat, close, close_range, ppoll, prlimit64, ptrace, kill, getpid, getppid, rt_sigaction, and what
/// set_init names.
///
/// A child that its own filter kills has failed, with SIGSYS. Such a child is never in the caller's memory. If a filter
/// decides on execve by its arguments, forkexec_wait tells in status.ran whether the program ran.
///
/// One filter of an attr may have FORKEXEC_SECCOMP_LISTENER. Calls that it answers with SECCOMP_RET_USER_NOTIF then
/// wait for the caller, who gets the listener from forkexec_child_seccomp_fd once the spawn or the release has
/// returned. Until then the library itself lets its calls go on. This needs Linux 5.5, and for a moment a second thread
/// in the child, which RLIMIT_NPROC and pids.max count. A signal interrupts a waiting call, and the caller's answer is
/// lost. With FORKEXEC_SECCOMP_KILLABLE, which needs Linux 5.19, only a fatal signal does, once the caller has received
/// the call.
///
/// Example:
///
///     static const struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
///     forkexec_attr_set_no_new_privs(attr);
///     forkexec_attr_add_seccomp_filter(attr, allow, 1, FORKEXEC_SECCOMP_LOG);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or program is NULL, count is 0 or above 4096, flags has an unknown bit, TSYNC with LISTENER, or
///   KILLABLE without LISTENER.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: there are two listeners, or a listener with a new time namespace or with
///   FORKEXEC_NS_PID in unshare_namespaces.
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, without set_no_new_privs, with the errnos of FORKEXEC_STAGE_SECCOMP.
/// FORKEXEC_STAGE_SECCOMP, EINVAL: it is no filter, or the kernel does not know a flag.
/// FORKEXEC_STAGE_SECCOMP, EACCES: neither CAP_SYS_ADMIN nor set_no_new_privs is there.
/// FORKEXEC_STAGE_SECCOMP, EBUSY: a filter that the caller is under has a listener.
/// FORKEXEC_STAGE_SECCOMP, EAGAIN: a second thread could not be made.
/// FORKEXEC_STAGE_SECCOMP, ENOMEM: there are more than 32768 instructions in all.
/// FORKEXEC_STAGE_SECCOMP, EMFILE, EPERM: the listener did not arrive: too many descriptors, or a filter of the
///   caller's.
///
/// The error's index is the place among the filters.
///
/// See seccomp(2).
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "add_seccomp_filter", |attr| attr.filters.add_seccomp_filter(program?, flags))
}

/// Keeps the program and its descendants from making user namespaces.
///
/// So they cannot reach what the kernel opens to the owner of one. unshare(2) and clone(2) with CLONE_NEWUSER fail with
/// EPERM, by every ABI of the kernel. clone3(2), whose flags a filter cannot see, fails with ENOSYS, so that programs
/// use clone(2). It is a seccomp filter of its own, which stays for ever. It needs set_no_new_privs, but no user
/// namespace and no privilege. The child tries whether the three calls are refused; if not, the spawn fails. Existing
/// namespaces can be joined by a descriptor, setns(2). Namespaces of this spawn are made before.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
/// FORKEXEC_STAGE_USER_NAMESPACES, EINVAL, ENOSYS: the kernel has no filters.
/// FORKEXEC_STAGE_USER_NAMESPACES, ENOMEM: there are more than 32768 instructions in all.
/// FORKEXEC_STAGE_USER_NAMESPACES, EOPNOTSUPP: the filter is installed and has no effect.
///
/// See seccomp(2), user_namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_deny_user_namespaces(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "deny_user_namespaces", |attr| attr.filters.deny_user_namespaces())
}

/// Keeps the program from typing into a terminal that it shares.
///
/// ioctl(2) with TIOCSTI or TIOCLINUX fails with EPERM, by every ABI of the kernel. This is for programs with less
/// privilege than others on their terminal, where set_session or set_terminal is not wanted. It is one more filter, see
/// add_seccomp_filter. A repeated call adds none.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_seccomp_filter says:
/// FORKEXEC_STAGE_SECCOMP, with the errno of seccomp(2).
/// FORKEXEC_STAGE_PRIVILEGED_SECCOMP, with the errno of seccomp(2).
///
/// The error's index is the place among the filters.
///
/// See TIOCSTI(2const), seccomp(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_deny_terminal_injection(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "deny_terminal_injection", |attr| attr.filters.deny_terminal_injection())
}
