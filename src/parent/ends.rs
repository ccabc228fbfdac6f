//! What connects caller and child besides the page: where the child waits for more than the caller's word, an eventfd that
//! wakes it; a lifeline, the pipe or socket by which it hears that the caller is gone; and a pidfd of the caller. The
//! caller makes them, unless its numbers for them are so high that the child would have to copy a large table to get at
//! them: then the child makes them in its own, and the caller fetches its ends from there.

use super::channel::Channel;
use super::listener;
use super::ways::Ways;
use crate::sealed::{Plan, clone, ends, mode};
use crate::sys;
use core::sync::atomic::Ordering;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// The ends; the child's own close when it is made.
pub struct Ends {
    lifeline: Option<(OwnedFd, OwnedFd)>,
    is_socket: bool,
    go: Option<EventFd>,
    owner: Owner,
}

/// What becomes readable for the child when the caller is gone.
enum Owner {
    /// It never asks.
    None,
    /// The caller's pidfd.
    Process(OwnedFd),
    /// The lifeline, when nobody has its other end.
    Lifeline,
}

/// What the caller keeps.
#[derive(Default)]
pub struct Kept {
    pub lifeline: Option<OwnedFd>,
    /// Device and inode of the child's end, where that is another file than the caller's.
    pub childs: Option<[u64; 2]>,
    pub go: Option<EventFd>,
}

/// The numbers in the child of lifeline, go and owner; -1 for what it does without.
pub type Numbers = [i32; 3];

/// From this distance on, copying what lies between costs more than fetching.
pub const FAR: u32 = 256;

/// The numbers that the child needs for what it makes itself.
pub const ROOM: i32 = 8;

impl Ends {
    pub fn make(plan: &Plan, ways: Ways) -> Result<Ends, Errno> {
        let polls = polls(plan);
        // Its end closes at the exec of a child of which nothing else may tell that.
        let tells_exec = plan.mode == mode::COPIED && !ways.exit_signal;
        let lifeline = (polls || sends(plan) || tells_exec).then(|| lifeline(plan)).transpose()?;
        let go = polls.then(|| EventFd::from_flags(EfdFlags::EFD_CLOEXEC)).transpose()?;
        let owner = if asks(plan) { owner(plan, lifeline.is_some())? } else { Owner::None };
        Ok(Ends { lifeline, is_socket: sends(plan), go, owner })
    }

    pub fn numbers(&self) -> Numbers {
        let lifeline = number(self.lifeline.as_ref().map(|(_, childs)| childs));
        let owner = match &self.owner {
            Owner::None => -1,
            Owner::Process(pidfd) => pidfd.as_raw_fd(),
            Owner::Lifeline => lifeline,
        };
        [lifeline, number(self.go.as_ref()), owner]
    }

    /// The one that is never the child's.
    pub fn callers(&self) -> i32 {
        number(self.lifeline.as_ref().map(|(callers, _)| callers))
    }

    /// The child has its own copies.
    pub fn keep(self) -> Kept {
        let identity = |(_, childs): &(OwnedFd, OwnedFd)| sys::identity(childs.as_raw_fd()).ok();
        let childs = self.lifeline.as_ref().filter(|_| self.is_socket).and_then(identity);
        Kept { lifeline: self.lifeline.map(|(callers, _)| callers), childs, go: self.go }
    }
}

/// First the caller's end.
fn lifeline(plan: &Plan) -> Result<(OwnedFd, OwnedFd), Errno> {
    if sends(plan) { listener::socket() } else { nix::unistd::pipe2(OFlag::O_CLOEXEC) }
}

fn number(fd: Option<&impl AsFd>) -> i32 {
    fd.map_or(-1, |fd| fd.as_fd().as_raw_fd())
}

/// Whether the child sends descriptors, which only a socket takes.
fn sends(plan: &Plan) -> bool {
    plan.listener != 0 || plan.handed != 0
}

/// Whether the child waits for longer than the call that makes it lasts, or is not the process that the caller made: the
/// death of the thread that made it does not tell it enough then.
fn polls(plan: &Plan) -> bool {
    plan.hold != 0 || plan.second_clone != clone::NONE
}

/// Whether the child ever asks if the caller is there, and its parent's pid does not tell.
fn asks(plan: &Plan) -> bool {
    polls(plan) || ((plan.wait != 0 || plan.parent_death != 0) && plan.foreign != 0)
}

/// A pidfd tells the death of the caller alone, whoever else has its end of the pipe. But it gives whoever may trace the
/// child more than that, and where others than the caller's are, they may have privilege to; nor does it tell a second
/// process that the caller has given up on it.
fn owner(plan: &Plan, has_lifeline: bool) -> Result<Owner, Errno> {
    let there_are_others = plan.second_clone != clone::NONE;
    if there_are_others {
        return Ok(Owner::Lifeline);
    }
    match sys::pidfd_open(super::own::pid()) {
        // SAFETY: kernel contract, man 2 pidfd_open: a new descriptor of our own.
        Ok(fd) => Ok(Owner::Process(unsafe { OwnedFd::from_raw_fd(fd) })),
        Err(_) if has_lifeline => Ok(Owner::Lifeline),
        // The parent's pid, which is 0 in there, and a signal for the thread's death are all there is.
        Err(sys::Errno(libc::ENOSYS | libc::EPERM)) => Ok(Owner::None),
        Err(sys::Errno(errno)) => Err(Errno::from_raw(errno)),
    }
}

/// The numbers of ends that the child makes from `above` on, where its table is empty.
pub fn made_by_child(plan: &Plan, above: u32) -> Numbers {
    let at = |place: u32| above.saturating_add(place) as i32;
    if asks(plan) { [at(ends::LIFELINE), at(ends::GO), at(ends::LIFELINE)] } else { [-1; 3] }
}

/// The number of the page's file there.
pub fn page_made_by_child(above: u32) -> i32 {
    above.saturating_add(ends::PAGE) as i32
}

/// Whether a child can make all that it needs. A socket only the caller makes; for a pidfd of the caller the pipe stands in.
pub fn can_be_made_by_child(plan: &Plan) -> bool {
    plan.mode == mode::FRESH && !sends(plan)
}

/// Fetches the page and the caller's ends from a child that waits for it, and lets it go on.
pub fn fetch(plan: &Plan, pidfd: Option<&OwnedFd>, above: u32) -> Result<(Channel, Kept), Errno> {
    let pidfd = pidfd.ok_or(Errno::ENOSYS)?;
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
    // Where a filter forbids this, the child looks by itself after a while.
    let _ = sys::futex_wake(fetched);
    Ok((channel, kept))
}
