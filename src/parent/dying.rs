//! Children that were killed when their handle was closed. The first process of a pid namespace has ended only when all
//! that were in there are reaped, and those may be children of this process's that it comes to later.

use super::name::Name;
use super::own;
use crate::sys;
use crate::sys::abi::{POLLIN, PollFd, Timespec, WALL, WNOHANG};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use std::os::fd::AsRawFd;
use std::sync::{Mutex, PoisonError};

/// For how long those that are about to end are waited for.
const PATIENCE: Timespec = Timespec { seconds: 0, nanoseconds: 200_000_000 };

struct Dying {
    /// The process whose child it is.
    owner: i32,
    name: Name,
}

static DYING: Mutex<Vec<Dying>> = Mutex::new(Vec::new());
static ANY: AtomicBool = AtomicBool::new(false);

/// Reaps what was killed: now, or if it has not ended soon, with a child that is closed later.
pub fn reap(name: Name) {
    if has_ended(&name) {
        name.reap();
        return;
    }
    let mut dying = DYING.lock().unwrap_or_else(PoisonError::into_inner);
    // Without memory for it, it stays until this process ends.
    if dying.try_reserve(1).is_ok() {
        dying.push(Dying { owner: own::pid(), name });
        ANY.store(true, Ordering::Relaxed);
    }
}

/// By itself a namespace ends in a few milliseconds. Without a pidfd only the reaping itself can tell.
fn has_ended(name: &Name) -> bool {
    let Some(pidfd) = &name.pidfd else { return true };
    let mut fds = [PollFd { fd: pidfd.as_raw_fd(), events: POLLIN, revents: 0 }];
    sys::poll(&mut fds, Some(&PATIENCE)) != Ok(0)
}

/// Reaps those that have ended since.
pub fn reap_ended() {
    if ANY.load(Ordering::Relaxed) {
        look();
    }
}

#[cold]
fn look() {
    // Another thread is at it, or was when this process was forked.
    let Ok(mut dying) = DYING.try_lock() else { return };
    dying.retain(|child| child.owner == own::pid() && still_dying(&child.name));
    ANY.store(!dying.is_empty(), Ordering::Relaxed);
}

fn still_dying(name: &Name) -> bool {
    // SAFETY: no usage is asked for.
    let end = unsafe { name.wait(WALL | WNOHANG, core::ptr::null_mut::<u8>()) };
    end == Ok(None)
}
