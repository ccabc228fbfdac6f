//! The pid of a child, and the descriptors that the caller gets from it.

// The comments have the C caller's duties, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::child::{forkexec_child, inner};
use crate::base::namespaces::NAMESPACES;
use crate::capi::entry::Entered;
use crate::parent::Child;
use nix::errno::Errno;
use std::os::fd::IntoRawFd;

/// Gives the pid of child, as the caller's pid namespace has it.
///
/// Once the child has been reaped, the kernel may give the pid to another process.
///
/// Returns the pid, or a negative errno:
/// -EINVAL: child is NULL.
/// -ESRCH: the child belongs to another process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_pid(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    child.ok_or(Errno::EINVAL).and_then(Child::pid).unwrap_or_else(|errno| -(errno as i32))
}

/// Gives a pidfd of child that the library keeps.
///
/// It is close-on-exec, becomes readable when the child has ended, and is valid until forkexec_close, which closes it.
///
/// Returns the descriptor, or a negative errno:
/// -EINVAL: child is NULL.
/// -ESRCH: the child belongs to another process.
/// -ENOSYS: the kernel, before Linux 5.2, has no pidfds.
///
/// See pidfd_open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_pidfd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    child.ok_or(Errno::EINVAL).and_then(Child::pidfd).unwrap_or_else(|errno| -(errno as i32))
}

/// Gives a new pidfd of child that belongs to the caller.
///
/// It is close-on-exec and stays valid after forkexec_close and forkexec_detach. The caller closes it. Each call gives
/// another one.
///
/// Returns the descriptor, or a negative errno:
/// -EINVAL: child is NULL.
/// -ESRCH: the child belongs to another process.
/// -ENOSYS: the kernel, before Linux 5.2, has no pidfds.
/// -EMFILE: the caller has too many descriptors open.
///
/// See pidfd_open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_take_pidfd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::take_pidfd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// Opens one of the namespaces of child, for setns(2).
///
/// type is one FORKEXEC_NS_ constant. FORKEXEC_NS_TIME, of a child that is not the program yet, is the namespace that
/// the program will be in. The descriptor is close-on-exec, and the caller closes it.
///
/// Returns the descriptor, or a negative errno:
/// -EINVAL: child is NULL, or type is not one type.
/// -ESRCH: the child has ended, or belongs to another process.
/// -EACCES: the child has become a user whom the caller may not look into.
/// -ENOENT: there is no /proc, or the kernel has no such namespaces.
/// -EOPNOTSUPP: /proc is no proc file system, or belongs to a pid namespace in which the child is not.
/// -EMFILE, -ENFILE: too many descriptors are open.
///
/// See setns(2), namespaces(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_namespace_fd(child: *const forkexec_child, r#type: u32) -> i32 {
    let _entered = Entered::now();
    let Some(namespace) = NAMESPACES.iter().find(|namespace| namespace.flag == u64::from(r#type)) else {
        return -libc::EINVAL;
    };
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(|child| child.namespace_fd(namespace.file));
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// Gives the caller the listener of the child's seccomp filter.
///
/// The filter was added with FORKEXEC_SECCOMP_LISTENER. By the listener the caller answers system calls of the program.
/// It is close-on-exec, and the caller closes it. It is handed over once: the library keeps no copy.
///
/// child is the program: until then the library itself lets its calls go on.
///
/// Returns the descriptor, or a negative errno:
/// -EINVAL: child is NULL.
/// -ENOENT: there is no such filter, or its listener was handed over.
/// -EAGAIN: the child is not the program yet.
/// -ESRCH: the child belongs to another process.
/// -EMFILE: the caller has too many descriptors open. The program waits, and the next call may succeed.
/// -EPERM: a seccomp filter forbids the caller recvmsg(2). The program waits, and the next call may succeed.
///
/// See seccomp_unotify(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_seccomp_fd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::seccomp_fd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// Gives the caller the socket of one call of forkexec_attr_listen.
///
/// index is the place of that call, counted from 0. The caller accepts or receives by the socket. It is close-on-exec,
/// and the caller closes it. It is handed over once: the library keeps no copy.
///
/// The socket can be had as soon as forkexec_spawn, forkexec_start or forkexec_hold has returned child. Until it is
/// asked for, connections wait in its backlog. forkexec_close closes what was not asked for.
///
/// Returns the descriptor, or a negative errno:
/// -EINVAL: child is NULL.
/// -ENOENT: there is no such call, or its socket was handed over.
/// -ESRCH: the child belongs to another process.
/// -EMFILE: too many descriptors are open in the caller; all that the child hands over comes at once. The next call may
///   succeed.
/// -EPERM: a seccomp filter forbids the caller recvmsg(2). The next call may succeed.
/// -EAGAIN: another thread is in forkexec_release, and a filter has a listener. The next call may succeed.
///
/// See accept(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_listen_fd(child: *const forkexec_child, index: u32) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(|child| child.listen_fd(index));
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// Gives the caller its end of the terminal of forkexec_attr_set_terminal.
///
/// What the caller writes is what the program reads, and the other way round. read(2) fails with EIO once nobody has
/// the terminal open any more. Closing the descriptor sends the program's session SIGHUP. It is close-on-exec and the
/// caller's, and is handed over once, at the times of forkexec_child_listen_fd.
///
/// Returns the descriptor of child's terminal, or a negative errno, as forkexec_child_listen_fd does, and:
/// -ENOENT: there is no terminal, or it was handed over.
///
/// See pty(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_terminal_fd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::terminal_fd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// Gives the caller the network device of forkexec_attr_open_tun.
///
/// Each read(2) of the descriptor is a packet that was sent to the device, each write(2) a packet that the device
/// receives. It is close-on-exec and the caller's, and is handed over once, at the times of forkexec_child_listen_fd.
///
/// Returns the descriptor of child's device, or a negative errno, as forkexec_child_listen_fd does, and:
/// -ENOENT: there is no device, or it was handed over.
///
/// See netdevice(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_tun_fd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::tun_fd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}
