//! Children that were killed when their handle was closed. The first process of a pid namespace has ended only when all
//! that were in there are reaped, and those may be children of this process's that it comes to later.

use super::name::Name;
use super::own;
use crate::attr::owned::Room;
use crate::sys::abi::{EINTR, POLLIN, PollFd, Timespec, WALL, WNOHANG};
use crate::sys::{self, Errno};
use alloc::boxed::Box;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// For how long those that are about to end are waited for.
const PATIENCE: Duration = Duration::from_millis(200);

struct Dying {
    /// The process whose child it is.
    owner: i32,
    name: Name,
    next: *mut Dying,
}

/// A list without a lock: a fork would find a lock held for ever that another thread held. Whoever looks through the list
/// takes all of it.
static DYING: AtomicPtr<Dying> = AtomicPtr::new(null_mut());

/// Reaps what was killed: now, or if it has not ended soon, with a child that is closed later.
pub fn reap(name: Name) {
    let begin = Instant::now();
    let mut polls = name.pidfd.is_some();
    while still_dying(&name) {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return leave_for_later(name);
        }
        if polls {
            // It may have ended: look before the next sleep.
            polls = sleeps_until_ended(&name, left);
        } else {
            let _ = sys::sleep(&timespec(left.min(Duration::from_millis(1))));
        }
    }
}

fn leave_for_later(name: Name) {
    // Without memory for it, it stays until this process ends.
    if let Ok(room) = Room::new() {
        put(room.fill(Dying { owner: own::pid(), name, next: null_mut() }));
    }
}

fn put(child: Box<Dying>) {
    let child = Box::into_raw(child);
    let mut head = DYING.load(Ordering::Relaxed);
    loop {
        // SAFETY: as long as it is not on the list, nobody else knows it.
        unsafe { (*child).next = head };
        match DYING.compare_exchange_weak(head, child, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { seconds: time.as_secs() as i64, nanoseconds: time.subsec_nanos() as i64 }
}

/// By itself a namespace ends in a few milliseconds. Says whether to sleep so again, if it is still dying: a signal handler
/// may have run. Not where a filter forbids ppoll(2), nor where it has ended and its tracer has to reap it first.
fn sleeps_until_ended(name: &Name, most: Duration) -> bool {
    let Some(pidfd) = &name.pidfd else { return false };
    let mut fds = [PollFd { fd: pidfd.as_raw_fd(), events: POLLIN, revents: 0 }];
    matches!(sys::poll(&mut fds, Some(&timespec(most))), Ok(0) | Err(Errno(EINTR)))
}

/// Reaps those that have ended since.
pub fn reap_ended() {
    if !DYING.load(Ordering::Relaxed).is_null() {
        look();
    }
}

#[cold]
fn look() {
    let mut next = DYING.swap(null_mut(), Ordering::AcqRel);
    while !next.is_null() {
        // SAFETY: `put` made it of a box, and this thread has taken the list.
        let child = unsafe { Box::from_raw(next) };
        next = child.next;
        // Of those of the process that this was forked from, only the copies of the descriptors are closed.
        if child.owner == own::pid() && still_dying(&child.name) {
            put(child);
        }
    }
}

fn still_dying(name: &Name) -> bool {
    // SAFETY: no usage is asked for.
    let end = unsafe { name.wait(WALL | WNOHANG, core::ptr::null_mut::<u8>()) };
    matches!(end, Ok(None) | Err(Errno(EINTR)))
}
