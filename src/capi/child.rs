//! A child: to release, to wait for, to signal, to close.

// The comments have the C caller's duties, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::answer::answer;
use super::constants::*;
use super::error::forkexec_error;
use super::guard;
use super::status::forkexec_status;
use crate::capi::entry::Entered;
use crate::parent::{Child, Failure, Told, Watch};
use crate::sentences;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::time::Duration;
use nix::errno::Errno;

/// A child that forkexec_spawn, forkexec_start or forkexec_hold has made.
///
/// It belongs to the process that made it: in another, such as a fork of it, every call but forkexec_close is
/// -ESRCH.
#[allow(non_camel_case_types)]
pub struct forkexec_child(pub(crate) Child);

/// The child of a handle that is not NULL. All that threads share in it is behind locks.
///
/// # Safety
/// `child` is NULL or came from this library and was not closed.
pub(super) unsafe fn inner<'a>(child: *const forkexec_child) -> Option<&'a Child> {
    // SAFETY: C caller guarantees a child that lives during the call.
    unsafe { guard::shared(child) }.map(|child| &child.0)
}

impl From<Child> for forkexec_child {
    fn from(child: Child) -> forkexec_child {
        forkexec_child(child)
    }
}

/// Negative is for ever.
fn timeout(nanoseconds: i64) -> Option<Duration> {
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

/// 0 or the negative errno.
fn number(result: Result<(), Errno>) -> c_int {
    result.err().map_or(0, |errno| -(errno as i32))
}

/// Lets a held child go on, and returns when it is the program or has failed.
///
/// child was made by forkexec_start. If it fails it is reaped, and only to be closed. A child that is the first process
/// of a new pid namespace and has files to open (forkexec_attr_open_fd) needs the thread that started it to live until
/// this returns.
///
/// timeout_ns is in nanoseconds; FORKEXEC_FOREVER waits without end.
///
/// Returns 0, or the negative of error->code: as forkexec_spawn for the stages after FORKEXEC_STAGE_HOLD, and with
/// stage 0:
/// -ETIMEDOUT: the child goes on and is not the program yet. Call again. With forkexec_attr_set_stop or a tracer
///   somebody has to continue it meanwhile.
/// -EINVAL: child is NULL, was released before, or was made by forkexec_spawn or forkexec_hold.
/// -ESRCH: the child belongs to another process.
/// FORKEXEC_STAGE_PARENT_DEATH, ESRCH: the program was to get a signal at the death of the thread that started it, and
///   that thread has ended.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_release(
    child: *mut forkexec_child,
    timeout_ns: i64,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let released = match unsafe { inner(child) } {
        Some(child) => child.release(timeout(timeout_ns)),
        None => Err(Failure::not_now(Errno::EINVAL, sentences::CHILD_NULL)),
    };
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(released, error) }
}

/// Waits until the child has ended, reaps it, and says how it ended.
///
/// timeout_ns is in nanoseconds; FORKEXEC_FOREVER waits without end, and 0 only looks. The result of the first reaping
/// is remembered, and told to every later caller.
///
/// flags is 0 or FORKEXEC_WAIT_ bits. With FORKEXEC_WAIT_NOREAP the child stays to be waited for again. With
/// FORKEXEC_WAIT_STOPPED and FORKEXEC_WAIT_CONTINUED the call returns also when the child has stopped or has been
/// continued, once for each time. FORKEXEC_STATUS_STOPPED, FORKEXEC_STATUS_CONTINUED or FORKEXEC_STATUS_EXIT in
/// status.valid says which it was. With FORKEXEC_WAIT_PROGRAM it returns also when the program of
/// forkexec_attr_set_lingering_init has ended and its init goes on: FORKEXEC_STATUS_LINGERS is beside
/// FORKEXEC_STATUS_EXIT.
///
/// size is sizeof(struct forkexec_status) in the caller: that many bytes are written, and fields that this library does
/// not know are 0. status may be NULL with size 0.
///
/// Example:
///
///     result = forkexec_wait(child, FORKEXEC_FOREVER, 0, &status, sizeof status);
///     if (result == 0 && status.valid & FORKEXEC_STATUS_EXIT)
///         printf("exit code %d, signal %d\n", status.exit_code, status.signal);
///
/// Returns 0, or a negative errno:
/// -EINVAL: child is NULL, status is NULL and size is not 0, or flags has an unknown bit.
/// -ETIMEDOUT: the child has not ended yet.
/// -EINTR: a signal handler ran; without a timeout, one installed without SA_RESTART. Call again.
/// -ECHILD: somebody else has reaped the child, or the caller ignores SIGCHLD. How it ended is lost, unless it is an init
///   that has told its program's end: then this is no error.
/// -ESRCH: the child belongs to another process.
/// -EPERM: a seccomp filter forbids the caller waitid(2), and wait4(2) too where no flag is given; or it forbids what
///   is needed to let a child go on that has not been heard of since its release. Nothing is lost.
///
/// See waitid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_wait(
    child: *mut forkexec_child,
    timeout_ns: i64,
    flags: u32,
    status: *mut forkexec_status,
    size: usize,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    // SAFETY: C caller guarantees `size` bytes.
    let place = unsafe { guard::out_bytes(status.cast(), size) };
    let flag = |flag, option| if flags & flag != 0 { option } else { 0 };
    let changes = flag(FORKEXEC_WAIT_STOPPED, libc::WSTOPPED) | flag(FORKEXEC_WAIT_CONTINUED, libc::WCONTINUED);
    let known = FORKEXEC_WAIT_NOREAP | FORKEXEC_WAIT_STOPPED | FORKEXEC_WAIT_CONTINUED | FORKEXEC_WAIT_PROGRAM;
    let (Some(child), true) = (child, place.len() == size && flags & !known == 0) else {
        return -libc::EINVAL;
    };
    let program = flags & FORKEXEC_WAIT_PROGRAM != 0;
    let watch = Watch { reap: flags & FORKEXEC_WAIT_NOREAP == 0, changes, program };
    number(child.watch(timeout(timeout_ns), watch, |told| {
        let status = match told {
            Told::Ended(waited) => forkexec_status::of(waited),
            Told::ProgramEnded(waited) => forkexec_status::lingering(&waited),
            Told::Stopped(signal) => forkexec_status::changed(FORKEXEC_STATUS_STOPPED, signal << 8 | 0x7f, signal),
            Told::Continued => forkexec_status::changed(FORKEXEC_STATUS_CONTINUED, 0xffff, 0),
        };
        let (known, unknown) = place.split_at_mut(size.min(size_of::<forkexec_status>()));
        known.copy_from_slice(status.as_bytes().get(..known.len()).unwrap_or_default());
        unknown.fill(MaybeUninit::new(0));
    }))
}

/// Sends the child a signal, and never a process that got its pid later.
///
/// With forkexec_attr_set_init the signal goes to the program where /proc leads to it, because the init has no right to
/// signal a program of another user. Elsewhere it goes to the init, which sends it on to the program. SIGKILL, SIGSTOP
/// and 0 always go to the init. signal 0 sends nothing and only checks.
///
/// Returns 0, or a negative errno:
/// -EINVAL: child is NULL, or there is no such signal.
/// -ESRCH: the child was reaped, or belongs to another process.
/// -EPERM: the child has become a user whom the caller may not signal.
///
/// See pidfd_send_signal(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_signal(child: *mut forkexec_child, signal: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    number(child.ok_or(Errno::EINVAL).and_then(|child| child.signal(signal)))
}

/// Kills the child and all its descendants with SIGKILL.
///
/// It takes the surest way that the attr offers. A pid namespace of the child's own dies with its first process. Else
/// all processes in the child's cgroup and in those below it are killed, by cgroup.kill; one by one with cgroups of
/// version 1, before Linux 5.14, and in a threaded cgroup, where a process dies if one of its threads is in it. Else
/// all in the process group of the child's own session or group are killed; a descendant can leave that.
///
/// child is still to be waited for. forkexec_terminate_tree gives the processes time to end by themselves.
///
/// Returns 0, or a negative errno:
/// -EINVAL: child is NULL.
/// -EOPNOTSUPP: the attr has none of the three, or the caller is itself in the child's cgroup or in one below it, as in
///   the root cgroup. No process was killed.
/// -ESRCH: no process is left, or the child belongs to another process. Before Linux 6.9 also: the child led the group
///   and was reaped.
/// -EPERM: the caller has no right to kill them.
/// -EAGAIN: the processes are killed one by one, and new ones kept appearing.
///
/// See cgroups(7), kill(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_kill_tree(child: *mut forkexec_child) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    number(child.ok_or(Errno::EINVAL).and_then(Child::kill_tree))
}

/// Sends a signal once to the child and each of its descendants.
///
/// It goes to all processes in the child's cgroup and in those below it; else to the child's process group, where
/// forkexec_attr_set_session or forkexec_attr_set_process_group with 0 gave it one; else, in a pid namespace of the
/// child's own, to the program, with which all others there end. signal SIGKILL is the same as forkexec_kill_tree.
///
/// Returns 0, or a negative errno:
/// -EINVAL: child is NULL, or there is no such signal.
/// -EOPNOTSUPP: the attr has none of the three, or the caller is itself in the child's cgroup or in one below it. No
///   process got the signal.
/// -ESRCH: no process is left, or the child belongs to another process. Before Linux 6.9 also: the child led the group
///   and was reaped.
/// -EPERM: some have become users whom the caller may not signal; the others have got it.
///
/// See kill(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_signal_tree(child: *mut forkexec_child, signal: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    number(child.ok_or(Errno::EINVAL).and_then(|child| child.signal_tree(signal)))
}

/// Ends the child and its descendants: a signal first, SIGKILL after a time.
///
/// It sends signal, such as SIGTERM, as forkexec_signal_tree does. It waits at most grace_ns nanoseconds until the
/// child has ended. Then it kills those that are left, as forkexec_kill_tree does. child is still to be waited for. A
/// signal handler that runs meanwhile does not end the wait.
///
/// Returns 0, also when no process was left, or a negative errno:
/// -EINVAL: child is NULL, there is no such signal, or grace_ns is negative.
/// -EOPNOTSUPP: as for forkexec_signal_tree.
/// -EPERM: as for forkexec_signal_tree. If the signal was refused, nobody is killed.
/// -EAGAIN: as for forkexec_kill_tree.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_terminate_tree(child: *mut forkexec_child, signal: i32, grace_ns: i64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { inner(child) };
    let (Some(child), Some(grace)) = (child, timeout(grace_ns)) else { return -libc::EINVAL };
    number(child.terminate_tree(signal, grace))
}

/// Frees child. NULL is allowed.
///
/// A child that is not known to be the program is killed and reaped: it is held, or was let go and has not arrived. A
/// program that runs is neither killed nor waited for; the caller waits for it by its pid.
///
/// No other call may use child at the same time or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_close(child: *mut forkexec_child) {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child of ours, and that this is its last use.
    drop(unsafe { guard::take_back(child) });
}

/// Frees child as forkexec_close does, but kills nothing.
///
/// A held child of forkexec_start goes on and becomes its program. A child that was let go and is not the program yet,
/// because it has stopped or is traced, stays as it is. A child of forkexec_hold keeps its namespaces until a signal
/// ends it. None of them ends with the caller.
///
/// After this nothing is heard of the child. What it was to hand over and has not (forkexec_child_listen_fd and others)
/// is closed. A step that fails ends it with exit status 127. The caller waits for it by its pid.
///
/// No other call may use child at the same time, nor later if this returns 0.
///
/// Returns 0, and child is freed. Else nothing was done, and child is still to be closed:
/// -EINVAL: child is NULL.
/// -ESRCH: the child belongs to another process.
/// -EOPNOTSUPP: the child is not the program yet and still needs the caller: it gets a signal at its parent's death
///   (forkexec_attr_set_parent_death_signal), has a filter with FORKEXEC_SECCOMP_LISTENER, or joins a pid namespace
///   after it was held.
/// -EBUSY: it was released, is not the program yet, and is the first process of a new pid namespace or has been stopped
///   in the middle of a step.
/// -EPERM: the same, and the caller may not look into it: it has become another user, or is a copy of a caller that is
///   not dumpable (ptrace(2)), or a seccomp filter forbids pidfd_getfd(2).
/// -ENOSYS: the same, and the kernel, before Linux 5.6, has no pidfd_getfd(2).
/// -EMFILE: the same, and the caller has too many descriptors open.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_detach(child: *mut forkexec_child) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let detached = number(unsafe { inner(child) }.ok_or(Errno::EINVAL).and_then(Child::detach));
    if detached == 0 {
        // SAFETY: C caller guarantees a child of ours, and that this is its last use.
        drop(unsafe { guard::take_back(child) });
    }
    detached
}
