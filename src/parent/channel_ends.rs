//! The descriptors that connect caller and child besides the page: an eventfd that wakes a child which waits for more than the
//! caller's word; the lifeline, a pipe or socket by which the child hears that the caller is gone; and a pidfd of the caller.
//!
//! The caller makes them. But if the caller's numbers for them are very high, the child would have to copy a large table of
//! descriptors to have them. Then the child makes them in its own table, and the caller fetches its ends from there.

use super::channel::Channel;
use super::fd_socket;
use super::process::Process;
use super::this_process;
use super::ways::Ways;
use crate::sealed::{Plan, clone, ends, mode};
use crate::sys;
use core::sync::atomic::Ordering;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// All ends. The child's are closed in the caller when the child has been made.
pub struct Ends {
    lifeline: Option<(OwnedFd, OwnedFd)>,
    is_socket: bool,
    go: Option<EventFd>,
    caller_gone: CallerGone,
}

/// What becomes readable for the child when the caller is gone.
enum CallerGone {
    /// Nothing: the child never asks.
    None,
    /// A pidfd of the caller.
    Pidfd(OwnedFd),
    /// The lifeline, when no process has the caller's end.
    Lifeline,
}

/// The ends that the caller keeps.
#[derive(Default)]
pub struct Kept {
    pub lifeline: Option<OwnedFd>,
    /// Device and inode of the child's end, where that is another file than the caller's.
    pub childs: Option<[u64; 2]>,
    pub go: Option<EventFd>,
}

/// The numbers in the child: of the lifeline, of the eventfd, and of what tells that the caller is gone. -1: it has none.
pub type Numbers = [i32; 3];

/// From this distance on, copying the table between costs more than fetching the ends.
pub const FAR: u32 = 256;

/// The numbers that the child needs for what it makes itself.
pub const ROOM: i32 = 8;

impl Ends {
    pub fn make(plan: &Plan, ways: Ways) -> Result<Ends, Errno> {
        let polls = polls(plan);
        // The child's end closes at its exec, of which there may be no other sign.
        let tells_exec = plan.mode == mode::COPIED && !ways.exit_signal;
        let lifeline = (polls || sends(plan) || tells_exec).then(|| lifeline(plan)).transpose()?;
        let go = polls.then(|| EventFd::from_flags(EfdFlags::EFD_CLOEXEC)).transpose()?;
        let caller_gone = if asks(plan) { caller_gone(plan, lifeline.is_some())? } else { CallerGone::None };
        Ok(Ends { lifeline, is_socket: sends(plan), go, caller_gone })
    }

    pub fn numbers(&self) -> Numbers {
        let lifeline = number(self.lifeline.as_ref().map(|(_, childs)| childs));
        let caller_gone = match &self.caller_gone {
            CallerGone::None => -1,
            CallerGone::Pidfd(pidfd) => pidfd.as_raw_fd(),
            CallerGone::Lifeline => lifeline,
        };
        [lifeline, number(self.go.as_ref()), caller_gone]
    }

    /// The number of the caller's end of the lifeline, which the child must not have.
    pub fn callers(&self) -> i32 {
        number(self.lifeline.as_ref().map(|(callers, _)| callers))
    }

    /// The child has been made, and has its own copies.
    pub fn keep(self) -> Kept {
        let identity = |(_, childs): &(OwnedFd, OwnedFd)| sys::identity(childs.as_raw_fd()).ok();
        let childs = self.lifeline.as_ref().filter(|_| self.is_socket).and_then(identity);
        Kept { lifeline: self.lifeline.map(|(callers, _)| callers), childs, go: self.go }
    }
}

/// The caller's end, and the child's.
fn lifeline(plan: &Plan) -> Result<(OwnedFd, OwnedFd), Errno> {
    if sends(plan) { fd_socket::socket() } else { nix::unistd::pipe2(OFlag::O_CLOEXEC) }
}

fn number(fd: Option<&impl AsFd>) -> i32 {
    fd.map_or(-1, |fd| fd.as_fd().as_raw_fd())
}

/// Whether the child sends descriptors, which only a socket takes.
fn sends(plan: &Plan) -> bool {
    plan.listener != 0 || plan.handed != 0
}

/// Whether the child polls while it waits: it waits for longer than the caller's call lasts, or it is not the process that the
/// caller made. Then the signal for the death of the thread that made it does not tell it that the caller is gone.
fn polls(plan: &Plan) -> bool {
    plan.hold != 0 || plan.second_clone != clone::NONE
}

/// Whether the child ever asks if the caller is there, where its parent's pid does not tell it.
fn asks(plan: &Plan) -> bool {
    polls(plan) || ((plan.wait != 0 || plan.parent_death != 0 || plan.may_block != 0) && plan.other_pid_namespace != 0)
}

/// A pidfd tells of the caller's death, even if other processes have the caller's end of the lifeline. But a process that may
/// trace the child gets the pidfd too: where the child is among other people's processes, they may be able to signal the
/// caller by it. Nor does it tell a second process that the caller has given the child up. There it is the lifeline.
fn caller_gone(plan: &Plan, has_lifeline: bool) -> Result<CallerGone, Errno> {
    let is_among_others = plan.second_clone != clone::NONE;
    if is_among_others {
        return Ok(CallerGone::Lifeline);
    }
    match pidfd(plan) {
        // SAFETY: kernel contract, man 2 pidfd_open: a new descriptor of our own.
        Ok(fd) => Ok(CallerGone::Pidfd(unsafe { OwnedFd::from_raw_fd(fd) })),
        Err(_) if has_lifeline => Ok(CallerGone::Lifeline),
        // The child still has its parent's pid, which is 0 in another pid namespace, and the signal for the thread's death.
        Err(sys::Errno(libc::ENOSYS | libc::EPERM)) => Ok(CallerGone::None),
        Err(sys::Errno(errno)) => Err(Errno::from_raw(errno)),
    }
}

/// Of the calling thread, if that makes the child and waits for it: where several threads of the caller are killed, the others
/// may end later than the one whose end has the parent-death signal sent. Else, and before Linux 6.9, of the caller. Of the
/// caller's main thread a kernel tells no sooner than of the caller.
fn pidfd(plan: &Plan) -> sys::Answer<i32> {
    let of_thread = match sys::gettid() {
        Ok(tid) if plan.hold == 0 && plan.parent_death_process == 0 => sys::pidfd_open_thread(tid),
        _ => Err(sys::Errno(libc::EINVAL)),
    };
    of_thread.or_else(|_| sys::pidfd_open(this_process::pid()))
}

/// The numbers of the ends that the child makes. Its table is empty from `above` on.
pub fn made_by_child(plan: &Plan, above: u32) -> Numbers {
    let at = |place: u32| above.saturating_add(place) as i32;
    if asks(plan) { [at(ends::LIFELINE), at(ends::GO), at(ends::LIFELINE)] } else { [-1; 3] }
}

/// The number of the page's file that the child makes.
pub fn page_made_by_child(above: u32) -> i32 {
    above.saturating_add(ends::PAGE) as i32
}

/// Whether a child can make all ends that it needs. It makes a pipe, and no socket; the pipe does instead of a pidfd of the
/// caller.
pub fn can_be_made_by_child(plan: &Plan) -> bool {
    plan.mode == mode::FRESH && !sends(plan)
}

/// Fetches the page and the caller's ends from a child that waits for this, and lets the child go on.
pub fn fetch(plan: &Plan, process: &Process, above: u32) -> Result<(Channel, Kept), Errno> {
    let pidfd = process.pidfd.as_ref().ok_or(Errno::ENOSYS)?;
    let from_raw = |sys::Errno(errno)| Errno::from_raw(errno);
    let end = |place: u32| {
        let fetched = sys::pidfd_getfd(pidfd.as_raw_fd(), above.saturating_add(place) as i32);
        // SAFETY: kernel contract, man 2 pidfd_getfd: a new descriptor of our own.
        fetched.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }).map_err(from_raw)
    };
    // SAFETY: the child made eventfds there.
    let eventfd = |place| Ok::<_, Errno>(unsafe { EventFd::from_owned_fd(end(place)?) });
    let kept = match asks(plan) {
        true => Kept { lifeline: Some(end(ends::READER)?), childs: None, go: Some(eventfd(ends::GO)?) },
        false => Kept::default(),
    };
    let channel = Channel::of_child(end(ends::PAGE)?).map_err(from_raw)?;
    let fetched = &channel.page().fetched;
    fetched.store(1, Ordering::Release);
    // Where a seccomp filter forbids this, the child looks by itself after a while.
    let _ = sys::futex_wake(fetched);
    Ok((channel, kept))
}
