//! Hints: which ways of making a child were refused lately, so that not each spawn makes a child in vain. A hint is a plain
//! number, may be wrong, and is dropped as soon as the way works again.

use crate::sys::ways::Means;
use core::sync::atomic::{AtomicU64, Ordering};

pub static IMAGE: Hint = Hint::new();
pub static OWN_TABLE: Hint = Hint::new();
pub static FETCH: Hint = Hint::new();
pub static EXIT_SIGNAL: Hint = Hint::new();

/// What one thread has learnt of a way. A seccomp filter may be one thread's alone, so other threads do not use the hint. The
/// upper half of the number is the thread. The lower 16 bits are how many spawns pass the way by, and the 16 above them how
/// often it was refused in a row. 0: nothing is known.
pub struct Hint(AtomicU64);

/// How many spawns pass a way by that the host does not have, before one tries it again.
const LONG: u64 = 1000;
/// The same, at most, for a way that was refused several times in a row.
const SHORT: u64 = 15;

impl Hint {
    pub const fn new() -> Hint {
        Hint(AtomicU64::new(0))
    }

    /// What the calling thread knows; it is never 0.
    fn own(&self) -> Option<u64> {
        let known = self.0.load(Ordering::Relaxed);
        (known != 0 && known >> 32 == thread()).then_some(known)
    }

    /// Nothing speaks against the way.
    pub fn is_empty(&self) -> bool {
        self.own().is_none()
    }

    pub fn is_worth_trying(&self) -> bool {
        match self.own() {
            Some(known) if known & 0xffff != 0 => {
                // If another thread has written meanwhile, its hint stays.
                let _ = self.0.compare_exchange(known, known - 1, Ordering::Relaxed, Ordering::Relaxed);
                false
            }
            _ => true,
        }
    }

    /// One refusal says nothing about the next spawn.
    pub fn refused(&self, means: Means) {
        let times = (self.own().unwrap_or(0) >> 16 & 0xffff).min(15) + 1;
        let passed_by = if means == Means::NotHere { LONG } else { ((1 << (times - 1)) - 1).min(SHORT) };
        self.0.store(thread() << 32 | times << 16 | passed_by, Ordering::Relaxed);
    }

    pub fn works(&self) {
        if self.own().is_some() {
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

#[cold]
fn thread() -> u64 {
    nix::unistd::gettid().as_raw() as u32 as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_is_forgotten_and_many_are_remembered_for_a_while() {
        let hint = Hint::new();
        assert!(hint.is_empty() && hint.is_worth_trying());
        hint.refused(Means::NotNow);
        assert!(!hint.is_empty() && hint.is_worth_trying());
        (0..20).for_each(|_| hint.refused(Means::NotNow));
        assert_eq!((0..100).filter(|_| hint.is_worth_trying()).count(), 100 - SHORT as usize);
        hint.works();
        assert!(hint.is_empty() && hint.is_worth_trying());
    }

    #[test]
    fn what_the_host_does_not_have_is_tried_again_late() {
        let hint = Hint::new();
        hint.refused(Means::NotHere);
        assert_eq!((0..LONG).filter(|_| hint.is_worth_trying()).count(), 0);
        assert!(hint.is_worth_trying());
    }

    #[test]
    fn another_thread_does_not_use_it() {
        static HINT: Hint = Hint::new();
        HINT.refused(Means::NotHere);
        std::thread::spawn(|| {
            assert!(HINT.is_empty() && HINT.is_worth_trying());
            HINT.works();
        })
        .join()
        .expect("no assertion fails");
        assert!(!HINT.is_worth_trying());
    }
}
