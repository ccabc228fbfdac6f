//! A child: to release, to wait for, to signal, to look at, to close.

// The comments have the C caller's duties, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::answer::answer;
use super::constants::*;
use super::error::forkexec_error;
use super::guard;
use crate::base::namespaces::NAMESPACES;
use crate::capi::entry::Entered;
use crate::parent::{Child, Failure, Ran, Told, Waited, Watch};
use crate::sentences;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::time::Duration;
use nix::errno::Errno;
use static_assertions::const_assert_eq;
use std::os::fd::IntoRawFd;

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
unsafe fn inner<'a>(child: *const forkexec_child) -> Option<&'a Child> {
    // SAFETY: C caller guarantees a child that lives during the call.
    unsafe { guard::shared(child) }.map(|child| &child.0)
}

impl From<Child> for forkexec_child {
    fn from(child: Child) -> forkexec_child {
        forkexec_child(child)
    }
}

/// How a child ended and what it used.
///
/// It grows at its end only; forkexec_wait is told its size. It has no padding.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct forkexec_status {
    /// Which fields are filled: FORKEXEC_STATUS_ bits; the others are 0.
    pub valid: u32,
    /// The status as waitpid(2) has it.
    pub wait_status: i32,
    /// The exit code. -1: a signal ended the child.
    pub exit_code: i32,
    /// The signal that ended the child. 0: it exited.
    pub signal: i32,
    /// 1: it left a core dump.
    pub core_dumped: u32,
    /// Whether the program ran: a FORKEXEC_RAN_ constant. It is FORKEXEC_RAN_NO also after a spawn that returned 0, if
    /// a signal killed the child in the middle of execve(2).
    pub ran: u32,
    /// Processor time in user mode, in nanoseconds, of the child and of the processes that it waited for.
    pub user_ns: u64,
    /// Processor time in the kernel, of the same.
    pub system_ns: u64,
    /// The peak of resident memory of the largest process among the child and those that it waited for, in bytes. With
    /// FORKEXEC_STATUS_OWN_MEMORY it is the program's own, but may include about 1 MiB of the library's image. Without,
    /// it is never below max_rss_floor_bytes.
    pub max_rss_bytes: u64,
    /// The caller's own peak when it made the child, which the kernel counts in max_rss_bytes. Only a larger
    /// max_rss_bytes is the program's. 0 with FORKEXEC_STATUS_OWN_MEMORY.
    pub max_rss_floor_bytes: u64,
    /// The peak of memory of the child's cgroup, by all that ever ran in it, if there is a cgroup and it counts memory.
    pub memory_peak_bytes: u64,
    /// Page faults that needed no reading.
    pub minor_faults: u64,
    /// Page faults that needed reading.
    pub major_faults: u64,
    /// Blocks read.
    pub block_reads: u64,
    /// Blocks written.
    pub block_writes: u64,
    /// Context switches because the child waited.
    pub voluntary_switches: u64,
    /// Context switches because its time slice was over.
    pub involuntary_switches: u64,
    /// 1: SIGKILL killed the child, or the program of an init, and oom_kills is not 0. The memory limit of its cgroup
    /// or of one above was reached, or the machine ran out of memory. If others than the child and its descendants are
    /// in the cgroup, one of them may have been killed, and somebody else may have sent the SIGKILL.
    pub out_of_memory: u32,
    /// How many processes the kernel's out-of-memory killer has killed in the child's cgroup since the child began, and
    /// with version 2 in those below it: oom_kill in memory.events, with version 1 in memory.oom_control.
    pub oom_kills: u32,
    /// Why it ended: a FORKEXEC_ENDED_ constant. 0: it has not ended.
    pub ended: u32,
    /// The signal that stopped the child, with FORKEXEC_STATUS_STOPPED.
    pub stop_signal: i32,
}

const_assert_eq!(size_of::<forkexec_status>(), 6 * 4 + 11 * 8 + 4 * 4);
const_assert_eq!(core::mem::offset_of!(forkexec_status, user_ns), 24);

impl forkexec_status {
    fn of(waited: &Waited) -> forkexec_status {
        let exited = waited.code == libc::CLD_EXITED;
        let core_dumped = waited.code == libc::CLD_DUMPED;
        let core_bit = if core_dumped { 0x80 } else { 0 };
        let usage = &waited.usage;
        let count = |number: libc::c_long| number as u64;
        let peak_bit = if waited.memory_peak.is_some() { FORKEXEC_STATUS_MEMORY_PEAK } else { 0 };
        let oom_bit = if waited.oom_kills.is_some() { FORKEXEC_STATUS_OUT_OF_MEMORY } else { 0 };
        let memory_bit = if waited.own_memory { FORKEXEC_STATUS_OWN_MEMORY } else { 0 };
        let oom_kills = waited.oom_kills.unwrap_or(0);
        forkexec_status {
            valid: FORKEXEC_STATUS_EXIT | FORKEXEC_STATUS_RAN | FORKEXEC_STATUS_USAGE | peak_bit | oom_bit | memory_bit,
            wait_status: if exited { (waited.status & 0xff) << 8 } else { waited.status | core_bit },
            exit_code: if exited { waited.status } else { -1 },
            signal: if exited { 0 } else { waited.status },
            core_dumped: core_dumped as u32,
            ran: match waited.ran {
                Ran::No => FORKEXEC_RAN_NO,
                Ran::Yes => FORKEXEC_RAN_YES,
                Ran::Unknown => FORKEXEC_RAN_UNKNOWN,
            },
            user_ns: waited.user_ns(),
            system_ns: waited.system_ns(),
            max_rss_bytes: waited.max_rss(),
            max_rss_floor_bytes: waited.max_rss_floor,
            memory_peak_bytes: waited.memory_peak.unwrap_or(0),
            minor_faults: count(usage.ru_minflt),
            major_faults: count(usage.ru_majflt),
            block_reads: count(usage.ru_inblock),
            block_writes: count(usage.ru_oublock),
            voluntary_switches: count(usage.ru_nvcsw),
            involuntary_switches: count(usage.ru_nivcsw),
            out_of_memory: (waited.killed() && oom_kills != 0) as u32,
            oom_kills: u32::try_from(oom_kills).unwrap_or(u32::MAX),
            ended: match (exited, waited.status) {
                (true, _) => FORKEXEC_ENDED_EXIT,
                _ if waited.killed() && oom_kills != 0 => FORKEXEC_ENDED_MEMORY,
                (_, libc::SIGXCPU | libc::SIGXFSZ) => FORKEXEC_ENDED_LIMIT,
                _ => FORKEXEC_ENDED_SIGNAL,
            },
            stop_signal: 0,
        }
    }

    fn lingering(waited: &Waited) -> forkexec_status {
        let status = forkexec_status::of(waited);
        forkexec_status { valid: status.valid | FORKEXEC_STATUS_LINGERS, ..status }
    }

    /// waitpid(2) tells stops and continuations in these numbers.
    fn changed(valid: u32, wait_status: i32, stop_signal: i32) -> forkexec_status {
        forkexec_status { valid, wait_status, exit_code: -1, stop_signal, ..forkexec_status::default() }
    }

    fn as_bytes(&self) -> &[MaybeUninit<u8>] {
        // SAFETY: a status has no padding.
        unsafe { core::slice::from_raw_parts((&raw const *self).cast(), size_of::<forkexec_status>()) }
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
