//! A thread that makes a child and then sleeps as long as the child lives: the kernel sends the signal for the parent's
//! death when the thread ends that made the child. It is made from the calling thread at that spawn, so it has the same
//! credentials and filters.
//!
//! It is a bare thread of the kernel's, with a small stack, which libc knows nothing of. A thread of libc's costs more
//! memory, can only be made where memory can be had, brings libc's signal handler into the caller, and keeps a process
//! alive whose main thread calls pthread_exit(3).
//!
//! On this thread runs no code of libc's or std's, and nothing that is thread-local: its thread pointer is the creator's.

use super::confine;
use super::launch::{Made, Ready};
use super::stack::Stack;
use crate::sys::abi::{EINTR, Timespec};
use crate::sys::{self, Answer, Errno};
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering};

/// What the thread and the others tell each other, at the top of the thread's stack.
#[repr(C, align(16))]
struct Words {
    /// The kernel clears it when the thread is gone. CLONE_CHILD_CLEARTID
    alive: AtomicI32,
    /// Futex: whether the child was made, or could not be.
    done: AtomicU32,
    pid: AtomicI32,
    pidfd: AtomicI32,
    errno: AtomicI32,
    /// Futex: the pid of the process that the child leaves the rest to, or one of the two constants below.
    second: AtomicU32,
    /// The thread itself, the one that made it, until it knows of the child, and whoever is to tell of the second process.
    users: AtomicU32,
    /// The capabilities that stay, if the others are given up.
    keeps: Option<u64>,
    /// What the thread makes the child with; good until it is `done`.
    ready: *const Ready<'static>,
    /// The next of the list of `ENDED`.
    next: AtomicPtr<Words>,
}

/// The child may still leave the rest to a second process.
const UNKNOWN: u32 = 0;
const NONE: u32 = u32::MAX;

/// For how long is slept before a word is looked at again, should nobody be able to wake the sleeper.
const TICK: Timespec = Timespec { seconds: 0, nanoseconds: 100_000_000 };

/// The words of threads that need their stack no more, or only for a moment.
static ENDED: AtomicPtr<Words> = AtomicPtr::new(null_mut());

/// Tells the thread of the process that its child leaves the rest to; or, when this is dropped, that there is none.
pub struct Heir(NonNull<Words>);

// SAFETY: the words are atomic.
unsafe impl Send for Heir {}
// SAFETY: as above.
unsafe impl Sync for Heir {}

impl Heir {
    pub fn is(&self, pid: i32) {
        // SAFETY: the words stay as long as there is a user of them, which this is.
        unsafe { self.0.as_ref() }.tell_second(pid as u32);
    }
}

impl Drop for Heir {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { self.0.as_ref() }.tell_second(NONE);
        // SAFETY: this was the last use.
        unsafe { leave(self.0) };
    }
}

impl Words {
    fn tell_second(&self, pid: u32) {
        if self.second.compare_exchange(UNKNOWN, pid, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            let _ = sys::futex_wake(&self.second);
        }
    }
}

/// Makes a child on a thread of its own, and returns when that is done; with an heir, if the thread is to be told of a
/// second process. All signals are blocked, and stay so in the thread.
pub fn make(ready: &Ready, keeps: Option<u64>, with_heir: bool) -> Answer<(Made, Option<Heir>)> {
    let stack = Stack::take().map_err(|errno| Errno(errno as i32))?;
    let place = stack.place_at_top::<Words>();
    let words = Words {
        alive: AtomicI32::new(1),
        done: AtomicU32::new(0),
        pid: AtomicI32::new(0),
        pidfd: AtomicI32::new(-1),
        errno: AtomicI32::new(0),
        second: AtomicU32::new(if with_heir { UNKNOWN } else { NONE }),
        users: AtomicU32::new(2 + with_heir as u32),
        keeps,
        ready: (&raw const *ready).cast(),
        next: AtomicPtr::new(null_mut()),
    };
    // SAFETY: memory of the stack's, which is this thread's alone, aligned and large enough.
    unsafe { place.write(words) };
    // SAFETY: just written.
    let words = unsafe { place.as_ref() };
    let top = place.as_ptr() as usize;
    // SAFETY: the stack stays until the kernel has cleared `alive`; `keep` never returns, and uses nothing of libc.
    unsafe { sys::clone_thread_sharing_all(top, words.alive.as_ptr(), keep, place.as_ptr().cast()) }?;
    // The list has it from here on.
    core::mem::forget(stack);
    let heir = with_heir.then_some(Heir(place));
    let made = until_made(words);
    // SAFETY: this was the last use, but for the heir's.
    unsafe { leave(place) };
    made.map(|made| (made, heir))
}

/// The calling thread waits. It may be that the thread cannot wake it, or was killed by a filter of the caller's.
fn until_made(words: &Words) -> Answer<Made> {
    loop {
        let is_gone = words.alive.load(Ordering::Acquire) == 0;
        let is_done = words.done.load(Ordering::Acquire) != 0;
        let pid = words.pid.load(Ordering::Acquire);
        if pid > 0 && (is_done || is_gone) {
            return Ok(Made { pid, pidfd: words.pidfd.load(Ordering::Acquire) });
        }
        if is_done {
            return Err(Errno(words.errno.load(Ordering::Acquire)));
        }
        if is_gone {
            return Err(Errno(libc::EPERM));
        }
        match sys::futex_wait(&words.done, 0, Some(&TICK)) {
            Ok(()) | Err(Errno(libc::EAGAIN | libc::EINTR | libc::ETIMEDOUT)) => (),
            Err(_) => drop(sys::sleep(&Timespec { seconds: 0, nanoseconds: 1_000_000 })),
        }
    }
}

/// The thread.
unsafe extern "C" fn keep(words: *const c_void) -> ! {
    // SAFETY: `make` wrote the words, and they stay until the kernel has cleared `alive`.
    let words = unsafe { &*words.cast::<Words>() };
    // SAFETY: `make` waits as long as this is used.
    let made = unsafe { &*words.ready }.make();
    match made {
        Ok(Made { pid, pidfd }) => {
            words.pidfd.store(pidfd, Ordering::Release);
            words.pid.store(pid, Ordering::Release);
            if let Some(keeps) = words.keeps {
                confine::give_up_all_but(keeps);
            }
            told(words);
            until_gone(pid);
            until_second_gone(words);
        }
        Err(Errno(errno)) => {
            words.errno.store(errno, Ordering::Release);
            told(words);
        }
    }
    // SAFETY: what follows uses nothing of the words' but the stack that they lie on.
    unsafe { leave(NonNull::from(words)) };
    loop {
        sys::try_exit_thread();
        let _ = sys::sleep(&TICK);
    }
}

fn told(words: &Words) {
    words.done.store(1, Ordering::Release);
    let _ = sys::futex_wake(&words.done);
}

/// Where the end of a child cannot be waited for, the thread may not end before the child does: this would be taken for the
/// end of the process.
fn until_gone(pid: i32) {
    loop {
        match sys::wait_for_end(pid) {
            Ok(()) | Err(Errno(libc::ECHILD)) => return,
            Err(Errno(EINTR)) => continue,
            Err(_) => match sys::sleep(&TICK) {
                Ok(()) | Err(Errno(EINTR)) => continue,
                // Nor can it sleep.
                Err(_) => return,
            },
        }
    }
}

fn until_second_gone(words: &Words) {
    loop {
        match words.second.load(Ordering::Acquire) {
            UNKNOWN => (),
            NONE => return,
            pid => return until_gone(pid as i32),
        }
        let waited = sys::futex_wait(&words.second, UNKNOWN, Some(&TICK));
        let slept = match waited {
            Ok(()) | Err(Errno(libc::EAGAIN | EINTR | libc::ETIMEDOUT)) => Ok(()),
            Err(_) => sys::sleep(&TICK),
        };
        if !matches!(slept, Ok(()) | Err(Errno(EINTR))) {
            return;
        }
    }
}

/// One user less. The last puts the words on the list of those that have ended.
///
/// # Safety
/// The user does not use them any more.
unsafe fn leave(words: NonNull<Words>) {
    // SAFETY: the caller was still a user.
    if unsafe { words.as_ref() }.users.fetch_sub(1, Ordering::AcqRel) == 1 {
        put_on_list(words, words);
    }
}

/// A chain of words, from the first to the last.
fn put_on_list(first: NonNull<Words>, last: NonNull<Words>) {
    let mut head = ENDED.load(Ordering::Relaxed);
    loop {
        // SAFETY: whoever puts words on the list is the only one to use their `next`.
        unsafe { last.as_ref() }.next.store(head, Ordering::Relaxed);
        match ENDED.compare_exchange_weak(head, first.as_ptr(), Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

/// Takes the whole list, so that no other thread has to be thought of; frees the stacks of those that are gone, but one.
/// In a fork, those that had not quite ended stay on it.
#[allow(dead_code)]
fn stack_of_an_ended_one() -> Option<Stack> {
    let mut next = ENDED.swap(null_mut(), Ordering::AcqRel);
    let mut found = None;
    while let Some(words) = NonNull::new(next) {
        // SAFETY: on the list, words stay; this thread has taken all of it.
        let of = unsafe { words.as_ref() };
        next = of.next.load(Ordering::Relaxed);
        if found.is_none() && of.alive.load(Ordering::Acquire) == 0 {
            // SAFETY: the thread is gone, and so are the other users: it is a stack that `make` forgot.
            found = Some(unsafe { Stack::of_place(words) });
        } else {
            put_on_list(words, words);
        }
    }
    found
}
