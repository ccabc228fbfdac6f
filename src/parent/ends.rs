//! What connects caller and child: a pipe for reports, an eventfd to let the child go, and something that tells it of the
//! caller's death. The caller makes them, unless its numbers for them are so high that the child would have to copy a
//! large table to get at them: then the child makes them in its own, and the caller fetches its ends from there.

use super::listener;
use crate::sealed::{Plan, clone, ends, mode};
use crate::sys;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// The ends; the child's own close when it is made.
pub struct Ends {
    reports: Option<(OwnedFd, OwnedFd)>,
    go: Option<EventFd>,
    owner: Owner,
}

/// What becomes readable for the child when the caller is gone.
enum Owner {
    /// It never asks.
    None,
    /// The caller's pidfd.
    Process(OwnedFd),
    /// The pipe for reports, when nobody is there to read them.
    Reader,
}

/// What the caller keeps.
#[derive(Default)]
pub struct Kept {
    pub reports: Option<OwnedFd>,
    pub go: Option<EventFd>,
}

/// The numbers in the child of reports, go and owner; -1 for what it does without.
pub type Numbers = [i32; 3];

/// From this distance on, copying what lies between costs more than fetching.
pub const FAR: u32 = 256;

/// The numbers that the child needs for what it makes itself.
pub const ROOM: i32 = 8;

impl Ends {
    /// A child in the caller's memory needs none, as long as it asks nothing.
    pub fn make(plan: &Plan) -> Option<Result<Ends, Errno>> {
        (plan.mode != mode::SHARED || asks(plan)).then(|| Ends::made(plan))
    }

    #[inline(never)]
    fn made(plan: &Plan) -> Result<Ends, Errno> {
        let waits = waits(plan);
        Ok(Ends {
            reports: (plan.mode != mode::SHARED).then(|| reports(plan)).transpose()?,
            go: waits.then(|| EventFd::from_flags(EfdFlags::EFD_CLOEXEC)).transpose()?,
            owner: owner(plan),
        })
    }

    pub fn numbers(&self) -> Numbers {
        let reports = number(self.reports.as_ref().map(|(_, write)| write));
        let owner = match &self.owner {
            Owner::None => -1,
            Owner::Process(pidfd) => pidfd.as_raw_fd(),
            Owner::Reader => reports,
        };
        [reports, number(self.go.as_ref()), owner]
    }

    /// The one that is never the child's.
    pub fn callers(&self) -> i32 {
        number(self.reports.as_ref().map(|(read, _)| read))
    }

    /// The child has its own copies.
    pub fn keep(self) -> Kept {
        Kept { reports: self.reports.map(|(read, _)| read), go: self.go }
    }
}

/// Where the child reports; first the caller's end.
fn reports(plan: &Plan) -> Result<(OwnedFd, OwnedFd), Errno> {
    if plan.listener != 0 { listener::socket() } else { nix::unistd::pipe2(OFlag::O_CLOEXEC) }
}

fn number(fd: Option<&impl AsFd>) -> i32 {
    fd.map_or(-1, |fd| fd.as_fd().as_raw_fd())
}

fn waits(plan: &Plan) -> bool {
    plan.wait != 0 || plan.hold != 0 || plan.second_clone != clone::NONE
}

/// Whether the child ever asks if the caller is there.
fn asks(plan: &Plan) -> bool {
    waits(plan) || (plan.parent_death != 0 && plan.foreign != 0)
}

/// A pidfd tells the death of the caller alone, whoever else has its end of the pipe. But it gives whoever may trace the
/// child more than that, and where others than the caller's are, they may have privilege to; nor does it tell a second
/// process that the caller has given up on it.
fn owner(plan: &Plan) -> Owner {
    if !asks(plan) {
        return Owner::None;
    }
    let there_are_others = plan.second_clone != clone::NONE;
    match if there_are_others { Err(sys::Errno(libc::EPERM)) } else { sys::pidfd_open(super::own::pid()) } {
        // SAFETY: kernel contract, man 2 pidfd_open: a new descriptor of our own.
        Ok(fd) => Owner::Process(unsafe { OwnedFd::from_raw_fd(fd) }),
        Err(_) => Owner::Reader,
    }
}

/// The numbers of ends that the child makes from `above` on, where its table is empty.
pub fn made_by_child(plan: &Plan, above: u32) -> Numbers {
    let at = |place: u32| above.saturating_add(place) as i32;
    [at(ends::REPORTS), at(ends::GO), if asks(plan) { at(ends::REPORTS) } else { -1 }]
}

/// Fetches the caller's ends from a child that waits for it, and lets it go on.
pub fn fetch(pidfd: Option<&OwnedFd>, above: u32) -> Result<Kept, Errno> {
    let pidfd = pidfd.ok_or(Errno::ENOSYS)?;
    let end = |place| {
        let fetched = sys::pidfd_getfd(pidfd.as_raw_fd(), above.saturating_add(place) as i32);
        // SAFETY: kernel contract, man 2 pidfd_getfd: a new descriptor of our own.
        fetched.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }).map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    };
    let reports = end(ends::READER)?;
    // SAFETY: the child made eventfds there.
    let [go, fetched] =
        unsafe { [EventFd::from_owned_fd(end(ends::GO)?), EventFd::from_owned_fd(end(ends::FETCHED)?)] };
    fetched.write(1)?;
    Ok(Kept { reports: Some(reports), go: Some(go) })
}
