//! How the caller sleeps until a child has said something by the page, or has left its memory.

use super::process::Process;
use crate::page::{self, OWNER_DIED, Page, TID, WAITERS, kind};
use crate::sys::abi::{EAGAIN, EINTR, ETIMEDOUT, Timespec};
use crate::sys::{self, Errno};
use core::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What the caller has woken up for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// The child has said something.
    Spoken,
    /// The process has left its memory: it was exec'd, or it is dead.
    Left,
    /// The process is dead, and the kernel has marked nothing.
    Dead,
    NotYet,
}

/// The process that the caller listens to.
pub struct Listened<'a> {
    pub page: &'a Page,
    /// Its words in the page.
    pub words: &'a page::Process,
    pub process: &'a Process,
    /// How often the child had spoken before.
    pub heard: u32,
}

/// For how long the caller sleeps at a time. The kernel marks the word of a process that leaves its memory, and wakes the
/// caller. Until the child has asked for that, or where the kernel cannot do it, only a look tells of its death: `UNMARKED`.
/// `MARKED` is for a page to which another process has written.
const UNMARKED: Duration = Duration::from_millis(5);
const MARKED: Duration = Duration::from_millis(100);

impl Listened<'_> {
    /// What there is to hear now; otherwise the value of the word to sleep on.
    pub fn look(&self) -> Result<Woken, u32> {
        let word = &self.words.word;
        loop {
            let value = word.load(Ordering::Acquire);
            if value & OWNER_DIED != 0 {
                return Ok(Woken::Left);
            }
            if self.page.spoken.load(Ordering::Acquire) != self.heard {
                return Ok(Woken::Spoken);
            }
            if value & WAITERS != 0 {
                return Err(value);
            }
            // The child wakes a caller that has set this bit. It may have spoken before, so this looks once more.
            let _ = word.compare_exchange(value, value | WAITERS, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    /// For how long to sleep on a value of the word.
    pub fn patience(&self, value: u32) -> Duration {
        if value & TID == 0 || self.is_unmarked() { UNMARKED } else { MARKED }
    }

    fn is_unmarked(&self) -> bool {
        self.page.unmarked.load(Ordering::Acquire) != 0
    }

    /// For a caller that nothing has woken for a while.
    pub fn look_for_death(&self, has_been_execed: impl Fn() -> bool) -> Option<Woken> {
        // In this order, because a child that dies may have spoken just before.
        let dead = self.process.has_ended();
        match self.look() {
            Ok(woken) => Some(woken),
            Err(_) if dead => Some(Woken::Dead),
            Err(_)
                if self.is_unmarked()
                    && self.page.kind.load(Ordering::Acquire) != kind::FAILED
                    && has_been_execed() =>
            {
                Some(Woken::Left)
            }
            Err(_) => None,
        }
    }

    /// Sleeps until there is something to hear, or time is up.
    pub fn listen(&self, deadline: Option<Instant>, has_been_execed: impl Fn() -> bool) -> Woken {
        let mut looked = Instant::now();
        loop {
            let value = match self.look() {
                Ok(woken) => return woken,
                Err(value) => value,
            };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let patience = self.patience(value).min(left.unwrap_or(Duration::MAX));
            // The handlers of a caller that gets many signals end each sleep early.
            if !sleep(&self.words.word, value, patience) && looked.elapsed() < patience {
                continue;
            }
            looked = Instant::now();
            if let Some(woken) = self.look_for_death(&has_been_execed) {
                return woken;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Woken::NotYet;
            }
        }
    }
}

/// futex(2). Whether the time has passed. Where a seccomp filter forbids it, ppoll(2) or nanosleep(2) do instead, for a moment.
fn sleep(word: &AtomicU32, value: u32, time: Duration) -> bool {
    let timespec =
        |time: Duration| Timespec { seconds: time.as_secs() as i64, nanoseconds: time.subsec_nanos() as i64 };
    match sys::futex_wait(word, value, Some(&timespec(time))) {
        Ok(()) | Err(Errno(EINTR | EAGAIN)) => false,
        Err(Errno(ETIMEDOUT)) => true,
        Err(_) => {
            let moment = timespec(time.min(Duration::from_micros(200)));
            if sys::poll(&mut [], Some(&moment)).is_err() && sys::sleep(&moment).is_err() {
                std::thread::yield_now();
            }
            true
        }
    }
}
