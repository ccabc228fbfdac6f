//! The second process of a spawn: the first leaves the rest to it, and ends.

use super::launched::Launched;
use super::process::{Process, Seen};
use crate::sys;
use core::sync::atomic::Ordering;
use nix::errno::Errno;
use std::os::fd::{FromRawFd, OwnedFd};

/// The first process has ended. If it has made a second, that one is the child from now on, and goes on.
pub fn take_over(launched: &Launched) -> Option<Result<(), Errno>> {
    second(launched)?;
    // Only now that the second is known: another thread that waits for the child finds one or the other.
    launched.first.reap();
    Some(launched.go())
}

/// If there is a second process, that one is the child from now on. It waits to be let go on. The kernel has written its pid
/// to the page before it ran.
pub fn second(launched: &Launched) -> Option<()> {
    let pid = launched.page().second_pid.load(Ordering::Acquire);
    if pid <= 0 {
        return None;
    }
    // SAFETY: kernel contract, man 2 pidfd_open: a new descriptor of our own.
    let pidfd = sys::pidfd_open(pid).ok().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    let second = Process::new(pid, pidfd);
    // A process that controls the child may have written to the page. It must not be able to name a process that is no child
    // of the caller's.
    if second.look() == Seen::NotThere {
        return None;
    }
    launched.tell_keeper(&second);
    launched.second.set(second).ok()
}
