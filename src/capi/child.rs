//! A child: to release, to wait for, to signal, to look at, to close.

// What the caller owes is said there, in C's words.
#![allow(clippy::missing_safety_doc)]

use super::constants::*;
use super::error::forkexec_error;
use super::guard;
use super::spawn::answer;
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

/// A child that was spawned, started or made to hold. It belongs to the process that made it: in another, such as a
/// fork of it, every call but forkexec_close is -ESRCH.
#[allow(non_camel_case_types)]
pub struct forkexec_child(pub(crate) Child);

impl From<Child> for forkexec_child {
    fn from(child: Child) -> forkexec_child {
        forkexec_child(child)
    }
}

/// How a child ended and what it used. It grows at its end only; forkexec_wait is told its size. Without padding.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct forkexec_status {
    /// Which fields are filled: FORKEXEC_STATUS_ bits; the others are 0.
    pub valid: u32,
    /// As waitpid(2) has it.
    pub wait_status: i32,
    /// The exit code; -1 when a signal ended the child.
    pub exit_code: i32,
    /// The signal that ended the child; 0 when it exited.
    pub signal: i32,
    /// 1 when it left a core.
    pub core_dumped: u32,
    /// Whether the program ran: FORKEXEC_RAN_YES, _NO or _UNKNOWN. It is NO also after a spawn that returned 0, when a
    /// signal killed the child in the middle of execve(2).
    pub ran: u32,
    /// Processor time in nanoseconds, of the child and what it waited for.
    pub user_ns: u64,
    /// As above, in the kernel.
    pub system_ns: u64,
    /// The peak of resident memory of the largest process among the child and what it waited for, in bytes. With
    /// FORKEXEC_STATUS_OWN_MEMORY it is the program's own, but for about 1 MiB of the library's image before it. Without, the
    /// kernel never shows less here than the caller had when it made the child:
    pub max_rss_bytes: u64,
    /// the caller's own peak. Only a larger max_rss_bytes is the program's. 0 with FORKEXEC_STATUS_OWN_MEMORY.
    pub max_rss_floor_bytes: u64,
    /// The peak of the cgroup's memory, of all that ever ran in it, where there is a cgroup and it counts memory.
    pub memory_peak_bytes: u64,
    /// Page faults served without reading.
    pub minor_faults: u64,
    /// Page faults that had to read.
    pub major_faults: u64,
    /// Blocks read.
    pub block_reads: u64,
    /// Blocks written.
    pub block_writes: u64,
    /// Context switches because the child waited.
    pub voluntary_switches: u64,
    /// Context switches because its time was up.
    pub involuntary_switches: u64,
    /// 1 when the child, or the program of an init, was killed by SIGKILL and oom_kills is not 0: it ran into the limit of its
    /// cgroup's memory, or an ancestor's, or the machine ran out of memory. Where others than the child and its descendants
    /// are in the cgroup, it may have been one of them, and the SIGKILL somebody else's.
    pub out_of_memory: u32,
    /// How many processes in its cgroup, and with version 2 in those below it, the kernel's out-of-memory killer has killed
    /// since the child began (oom_kill in memory.events, with version 1 in memory.oom_control).
    pub oom_kills: u32,
    /// Why it ended, in one word: a FORKEXEC_ENDED_ constant; 0 when it has not.
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

/// Lets a child of forkexec_start go, and comes back when it is the program, or with the reason why it is not; then it is
/// reaped and only to be closed. A child that is the first of a new pid namespace and has files to open
/// (forkexec_attr_open_fd) needs the thread that started it to live until then. timeout_ns: nanoseconds, FORKEXEC_FOREVER for ever.
///
/// Returns 0, or the negative of error->code. -ETIMEDOUT with stage 0: it was let go and is not yet in the program; call
/// again (a child with forkexec_attr_set_stop or under a tracer needs somebody to continue it meanwhile). -EINVAL with
/// stage 0: child is NULL, was released, or was made by forkexec_spawn or forkexec_hold. -ESRCH with stage 0: the child
/// of another process. -ESRCH with FORKEXEC_STAGE_PARENT_DEATH: the death of the thread that started it was to be told,
/// and that thread is gone. Otherwise as forkexec_spawn, for the stages after FORKEXEC_STAGE_HOLD.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_release(
    child: *mut forkexec_child,
    timeout_ns: i64,
    error: *mut forkexec_error,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let released = match unsafe { guard::child(child) } {
        Some(child) => child.release(timeout(timeout_ns)),
        None => Err(Failure::not_now(Errno::EINVAL, sentences::CHILD_NULL)),
    };
    // SAFETY: C caller guarantees that error is NULL or memory for one.
    unsafe { answer(released, error) }
}

/// Waits until the child has ended, and reaps it. waitid(2). timeout_ns: nanoseconds, FORKEXEC_FOREVER for ever, 0 only
/// looks. flags: FORKEXEC_WAIT_ bits or 0. NOREAP leaves what is told to be told again. With STOPPED and CONTINUED a child that
/// has stopped, or has been continued, is told as well, each time once, by FORKEXEC_STATUS_STOPPED and _CONTINUED in
/// status.valid, where FORKEXEC_STATUS_EXIT tells of the end. status may be NULL with size 0; else
/// size is sizeof(struct forkexec_status) as the caller knows it: the first size bytes are written, what this library
/// does not know is zeroed. The first reaping is remembered and told to whoever waits later.
///
/// Returns 0. -EINVAL: child is NULL, status is NULL and size is not 0, or an unknown flag. -ETIMEDOUT: it has not ended
/// yet. -EINTR: a signal handler ran (for ever: one installed without SA_RESTART); nothing is lost. -ECHILD: somebody else
/// has reaped it. -ESRCH: the child of another process. -EPERM: a filter forbids the caller both waitid(2) and wait4(2)
/// (with any of the flags: waitid), or to let a child go on that nobody has heard of since its release; nothing is lost.
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
    let child = unsafe { guard::child(child) };
    // SAFETY: C caller guarantees `size` bytes.
    let place = unsafe { guard::out_bytes(status.cast(), size) };
    let flag = |flag, option| if flags & flag != 0 { option } else { 0 };
    let changes = flag(FORKEXEC_WAIT_STOPPED, libc::WSTOPPED) | flag(FORKEXEC_WAIT_CONTINUED, libc::WCONTINUED);
    let known = FORKEXEC_WAIT_NOREAP | FORKEXEC_WAIT_STOPPED | FORKEXEC_WAIT_CONTINUED;
    let (Some(child), true) = (child, place.len() == size && flags & !known == 0) else {
        return -libc::EINVAL;
    };
    let watch = Watch { reap: flags & FORKEXEC_WAIT_NOREAP == 0, changes };
    number(child.watch(timeout(timeout_ns), watch, |told| {
        let status = match told {
            Told::Ended(waited) => forkexec_status::of(waited),
            Told::Stopped(signal) => forkexec_status::changed(FORKEXEC_STATUS_STOPPED, signal << 8 | 0x7f, signal),
            Told::Continued => forkexec_status::changed(FORKEXEC_STATUS_CONTINUED, 0xffff, 0),
        };
        let (known, unknown) = place.split_at_mut(size.min(size_of::<forkexec_status>()));
        known.copy_from_slice(status.as_bytes().get(..known.len()).unwrap_or_default());
        unknown.fill(MaybeUninit::new(0));
    }))
}

/// Sends a signal to the child, and never to a process that got its pid later. pidfd_send_signal(2). With set_init the
/// signal goes to the program itself, where /proc leads to it, and else to the init, which sends it on: the init has no right
/// to signal a program that has become another user, the caller may have. 0, SIGKILL and SIGSTOP always go to the init.
///
/// Returns 0. -EINVAL: child is NULL, or no such signal. -ESRCH: it was reaped, or is the child of another process.
/// -EPERM: it has become somebody whom the caller may not signal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_signal(child: *mut forkexec_child, signal: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    number(child.ok_or(Errno::EINVAL).and_then(|child| child.signal(signal)))
}

/// Kills, with SIGKILL, the child and all its descendants, by the surest way that the attr gave: a pid namespace of its
/// own dies with its first process; else all that is in its cgroup, and in those below it, is killed (cgroup.kill,
/// cgroups(7); one by one with version 1, before Linux 5.14, and in a threaded cgroup, where the processes die whose threads
/// are in it); else all in its session's or group's process group, which a descendant can leave.
///
/// Returns 0. -EINVAL: child is NULL. -EOPNOTSUPP: the attr had none of these, and nobody was killed. -ESRCH: nobody is
/// left, or the child of another process; before Linux 6.9 also a group whose leader, the child, was reaped. -EPERM: not
/// allowed. -EAGAIN: where they are killed one by one, new ones kept appearing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_kill_tree(child: *mut forkexec_child) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    number(child.ok_or(Errno::EINVAL).and_then(Child::kill_tree))
}

/// Sends a signal to the child and its descendants, once to each that is there at that moment: to all in its cgroup, and in
/// those below it; else to its process group, where set_session or set_process_group(0) gave it one; else, in a pid namespace
/// of its own, to the program, with which all others in there end. SIGKILL is forkexec_kill_tree. kill(2).
///
/// Returns 0. -EINVAL: child is NULL, or no such signal. -EOPNOTSUPP: the attr had none of these, and nobody got it. -ESRCH:
/// nobody is left, or the child of another process; before Linux 6.9 also a group whose leader, the child, was reaped.
/// -EPERM: some have become somebody whom the caller may not signal; the others have got it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_signal_tree(child: *mut forkexec_child, signal: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    number(child.ok_or(Errno::EINVAL).and_then(|child| child.signal_tree(signal)))
}

/// Ends the child and its descendants: sends them this signal, such as SIGTERM, as forkexec_signal_tree does, waits until the
/// child has ended, at most grace_ns nanoseconds, and kills who is left, as forkexec_kill_tree does. The child is to be waited
/// for afterwards. A signal handler that runs meanwhile does not end the wait.
///
/// Returns 0, also when nobody was left. -EINVAL: child is NULL, no such signal, or grace_ns is negative. -EOPNOTSUPP,
/// -EPERM, -EAGAIN: as of those two; where the signal was refused nobody is killed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_terminate_tree(child: *mut forkexec_child, signal: i32, grace_ns: i64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    let (Some(child), Some(grace)) = (child, timeout(grace_ns)) else { return -libc::EINVAL };
    number(child.terminate_tree(signal, grace))
}

/// Frees child; NULL is fine. A child that was never reported to be the program (held, or let go and not yet there) is
/// killed and reaped. One that runs is neither killed nor waited for, and its end is the caller's to wait for, by pid.
/// Alone and last: no other call may use the child at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_close(child: *mut forkexec_child) {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child of ours, and that this is its last use.
    drop(unsafe { guard::take_back(child) });
}

/// Frees child, as forkexec_close does, but kills nothing: a held child of forkexec_start goes on to its program by itself, a
/// child that was let go and is not the program yet (it has stopped, or its tracer has it) stays as it is, one of
/// forkexec_hold holds what it has until a signal ends it. None of them dies with the caller. Nothing tells of them
/// any more, and what was to be handed over (forkexec_child_listen_fd and its kin) and was not is closed: what fails from here on ends the child with exit status 127, and its end is the caller's to wait for, by pid.
/// Alone and last, as forkexec_close, if it returns 0.
///
/// Returns 0, and child is freed. Else nothing was done, and child is still to be closed: -EINVAL: child is NULL. -ESRCH:
/// the child of another process. Of a child that is not the program yet: -EOPNOTSUPP: it was asked to die with its
/// parent (forkexec_attr_set_parent_death_signal), has a filter with FORKEXEC_SECCOMP_LISTENER, or is to join a pid namespace
/// after it was held, for which it needs the caller. After forkexec_release: -EBUSY: it is the first of a new pid
/// namespace, or somebody has stopped it in the middle of a step; -EPERM: the caller may not look into it, because it has
/// become somebody else (ptrace(2)) or is a copy of a caller that is not dumpable, or a filter forbids pidfd_getfd(2);
/// -ENOSYS: the kernel, before Linux 5.6, has none; -EMFILE: too many descriptors. To detach it instead of releasing it
/// asks for none of these.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_detach(child: *mut forkexec_child) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let detached = number(unsafe { guard::child(child) }.ok_or(Errno::EINVAL).and_then(Child::detach));
    if detached == 0 {
        // SAFETY: C caller guarantees a child of ours, and that this is its last use.
        drop(unsafe { guard::take_back(child) });
    }
    detached
}

/// The pid of the child, in the caller's pid namespace; it is another's once the child was reaped. -EINVAL: child is NULL.
/// -ESRCH: the child of another process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_pid(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    child.ok_or(Errno::EINVAL).and_then(Child::pid).unwrap_or_else(|errno| -(errno as i32))
}

/// A pidfd of the child: borrowed, close-on-exec, valid until forkexec_close. It polls readable when the child has ended.
/// pidfd_open(2). -EINVAL: child is NULL. -ESRCH: the child of another process. -ENOSYS: the kernel, before Linux 5.2,
/// has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_pidfd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    child.ok_or(Errno::EINVAL).and_then(Child::pidfd).unwrap_or_else(|errno| -(errno as i32))
}

/// A pidfd of the child that belongs to the caller: close-on-exec, to be closed by the caller, and valid also after
/// forkexec_close and forkexec_detach. Each call gives another one. pidfd_open(2). -EINVAL: child is NULL. -ESRCH: the child
/// of another process. -ENOSYS: the kernel, before Linux 5.2, has none. -EMFILE: too many descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_take_pidfd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::take_pidfd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// A new close-on-exec descriptor of one of the child's namespaces, for setns(2), to be closed by the caller. type: one
/// FORKEXEC_NS_ constant; of a child that is not the program yet, FORKEXEC_NS_TIME is the one that the program will be in.
/// -EINVAL: child is NULL, or not one type. -ESRCH: the child has ended or is another process's. -EACCES: the child has
/// become somebody whom the caller may not look into. -ENOENT: /proc is missing, or the kernel has no such namespaces.
/// -EOPNOTSUPP: /proc is no proc file system, or that of another pid namespace in which the child is not. -EMFILE, -ENFILE:
/// too many descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_namespace_fd(child: *const forkexec_child, r#type: u32) -> i32 {
    let _entered = Entered::now();
    let Some(namespace) = NAMESPACES.iter().find(|namespace| namespace.flag == u64::from(r#type)) else {
        return -libc::EINVAL;
    };
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(|child| child.namespace_fd(namespace.file));
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// The listener of the seccomp filter that was added with FORKEXEC_SECCOMP_LISTENER, close-on-exec, to be closed by the
/// caller, who answers by it for the program; see seccomp_unotify(2). It is handed over: the library keeps none, and
/// there is no second. -EINVAL: child is NULL. -ENOENT: no such filter, or handed over already. -EAGAIN: the child is not
/// the program yet; until then the library itself lets its calls go on. -ESRCH: the child of another process. -EMFILE: too
/// many descriptors; -EPERM: a filter forbids the caller recvmsg(2): the program waits, and the next call may succeed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_seccomp_fd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::seccomp_fd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// The socket of the index-th call, from 0, of forkexec_attr_listen, close-on-exec, to be closed by the caller, who accepts
/// and receives by it; see accept(2). It may be asked for as soon as forkexec_spawn, forkexec_start or forkexec_hold has
/// returned. It is handed over: the library keeps none, and there is no second. Until it is asked for, connections wait in
/// its backlog; what is not asked for closes with forkexec_close. -EINVAL: child is NULL. -ENOENT: no such call, or handed
/// over already. -ESRCH: the child of another process. -EMFILE: too many descriptors (all that the child hands over come at
/// once); -EPERM: a filter forbids the caller recvmsg(2): nothing is lost, and the next call may succeed. -EAGAIN: another
/// thread is in forkexec_release, and a filter has a listener: the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_listen_fd(child: *const forkexec_child, index: u32) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(|child| child.listen_fd(index));
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// The caller's end of the terminal of forkexec_attr_set_terminal, close-on-exec, to be closed by the caller: what is written
/// is what the program reads, and the other way round. When nobody has the terminal open any more, read(2) fails with EIO;
/// closing this end sends SIGHUP. It is handed over as by forkexec_child_listen_fd, at the same times. -ENOENT: no
/// terminal, or handed over already. Otherwise as that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_terminal_fd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::terminal_fd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}

/// The descriptor of the network device of forkexec_attr_open_tun, close-on-exec, to be closed by the caller: each read(2) is
/// a packet that was sent to the device, each write(2) one that it receives. It is handed over as by
/// forkexec_child_listen_fd, at the same times. -ENOENT: no device, or handed over already. Otherwise as that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_child_tun_fd(child: *const forkexec_child) -> i32 {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees a child that lives during the call.
    let child = unsafe { guard::child(child) };
    let fd = child.ok_or(Errno::EINVAL).and_then(Child::tun_fd);
    fd.map_or_else(|errno| -(errno as i32), IntoRawFd::into_raw_fd)
}
