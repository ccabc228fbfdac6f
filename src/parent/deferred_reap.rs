//! Children that were killed when their handle was closed, and had not ended soon after. They are reaped when another handle
//! is closed.
//!
//! The first process of a pid namespace ends only when all others in there are reaped. Some of those may be children of the
//! caller's, which the caller reaps later.

use super::process::Process;
use super::this_process;
use crate::fallible::Reserved;
use crate::sys::abi::{EINTR, Timespec};
use crate::sys::{self, Errno};
use alloc::boxed::Box;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::time::{Duration, Instant};

/// How long a close waits for the child to end.
const PATIENCE: Duration = Duration::from_millis(200);

struct Killed {
    process: Process,
    /// Whose child it is. A fork of that process has a copy of the list, but not the children.
    parent_pid: i32,
    next: *mut Killed,
}

/// A list without a lock: a fork could copy a lock while another thread holds it, and nobody would release it there. A thread
/// that looks through the list takes all of it.
static KILLED: AtomicPtr<Killed> = AtomicPtr::new(null_mut());

/// Reaps a child that was killed: now, or if it does not end soon, when another handle is closed.
pub fn reap(process: Process) {
    let begin = Instant::now();
    let mut polls = process.pidfd.is_some();
    while process.reap_if_ended() {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return leave_for_later(process);
        }
        if polls {
            // It may have ended: try to reap it before the next sleep.
            polls = sleeps_until_ended(&process, left);
        } else {
            let _ = sys::sleep(&timespec(left.min(Duration::from_millis(1))));
        }
    }
}

fn leave_for_later(process: Process) {
    // If there is no memory for it, it stays a zombie until this process ends.
    if let Ok(memory) = Reserved::new() {
        put(memory.fill(Killed { process, parent_pid: this_process::pid(), next: null_mut() }));
    }
}

fn put(killed: Box<Killed>) {
    let killed = Box::into_raw(killed);
    let mut head = KILLED.load(Ordering::Relaxed);
    loop {
        // SAFETY: until it is on the list, only this thread has the pointer.
        unsafe { (*killed).next = head };
        match KILLED.compare_exchange_weak(head, killed, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { seconds: time.as_secs() as i64, nanoseconds: time.subsec_nanos() as i64 }
}

/// Sleeps until it has ended, or until the time is up. Whether a next sleep may be like this one: the time was up, or a
/// signal handler ran. Not where a seccomp filter forbids ppoll(2); and not where the child has ended, but its tracer has to
/// reap it first: this sleep would come back at once again and again.
fn sleeps_until_ended(process: &Process, most: Duration) -> bool {
    matches!(process.poll(Some(&timespec(most))), Ok(false) | Err(Errno(EINTR)))
}

/// Reaps those on the list that have ended.
pub fn reap_ended() {
    if !KILLED.load(Ordering::Relaxed).is_null() {
        look();
    }
}

#[cold]
fn look() {
    let mut next = KILLED.swap(null_mut(), Ordering::AcqRel);
    while !next.is_null() {
        // SAFETY: `put` made it of a box, and this thread has taken the list.
        let killed = unsafe { Box::from_raw(next) };
        next = killed.next;
        // In a fork of its parent, dropping it closes only copies of the descriptors.
        if killed.parent_pid == this_process::pid() && killed.process.reap_if_ended() {
            put(killed);
        }
    }
}
