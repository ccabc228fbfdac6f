//! Which ways a spawn takes. The best are tried first; a failure that sys::ways::means reads as a refusal takes the spawn to
//! the next way. What a thread has met it remembers as a hint, so that it does not make a child in vain each time. Hints are
//! plain numbers, may be wrong, and are dropped as soon as the way works again.

use super::channel;
use super::failure::Failure;
use super::image;
use super::trial;
use crate::plan::{Host, Sealed};
use crate::sealed::{Plan, mode, table};
use crate::stage::Stage;
use crate::sys::Errno;
use crate::sys::ways::{Call, Means, means};
use core::sync::atomic::{AtomicU64, Ordering};

/// The ways of one spawn.
#[derive(Clone, Copy)]
pub struct Ways {
    /// The built-in image is executed.
    pub image: bool,
    /// clone3(2) puts the child into its cgroup.
    pub into_cgroup: bool,
    /// The child takes a copy of the part of the table of descriptors that it needs.
    pub own_table: bool,
    /// The ends that a child makes are fetched from it.
    pub fetch: bool,
    /// Plan and program's strings are handed to the image in a file, and not among its strings.
    pub strings_in_file: bool,
    /// A copy has no exit signal until its exec.
    pub exit_signal: bool,
    /// How often the spawn may be tried again though no way has changed.
    again: u32,
}

static IMAGE: Hint = Hint::new();
static OWN_TABLE: Hint = Hint::new();
static FETCH: Hint = Hint::new();
static EXIT_SIGNAL: Hint = Hint::new();

impl Ways {
    /// The ways to begin with.
    pub fn first() -> Ways {
        Ways {
            image: IMAGE.is_worth_trying(),
            into_cgroup: true,
            own_table: OWN_TABLE.is_worth_trying(),
            fetch: FETCH.is_worth_trying(),
            strings_in_file: false,
            exit_signal: !trial::only_sigchld() && EXIT_SIGNAL.is_worth_trying(),
            again: 3,
        }
    }

    /// The host of a plan, as these ways make it.
    pub fn on(&self, host: Host) -> Host {
        Host { image_runs: self.image, born_in_cgroup: self.into_cgroup, ..host }
    }

    /// The ways to take after this failure, if there are others.
    #[cold]
    pub fn next(self, failure: &Failure) -> Option<Ways> {
        let refused = |call| means(call, Errno(failure.code));
        match failure.stage {
            // Another thread may have closed the file of the image: it is made again.
            Stage::Image if failure.code == libc::EBADF => {
                image::look_again();
                channel::look_again();
                self.once_more()
            }
            // Somebody has it open for writing: another is made.
            Stage::Image if failure.code == libc::ETXTBSY => {
                image::renew();
                self.once_more()
            }
            // The kernel has room for the program's strings, perhaps, but not for those of the image beside them.
            Stage::Image if failure.code == libc::E2BIG && !self.strings_in_file => {
                Some(Ways { strings_in_file: true, ..self })
            }
            Stage::Image if self.image => {
                // These two are about this program or this moment.
                let hint = if matches!(failure.code, libc::E2BIG | libc::EFBIG) { None } else { Some(&IMAGE) };
                self.without(refused(Call::Image), hint, |ways| ways.image = false)
            }
            Stage::Carry if self.image => self.without(refused(Call::Carry), None, |ways| ways.image = false),
            Stage::FdTable if self.own_table => {
                self.without(refused(Call::OwnTable), Some(&OWN_TABLE), |ways| ways.own_table = false)
            }
            // The child did not wait any longer for its ends to be fetched: the caller was slow.
            Stage::Pipe if failure.code == libc::ETIMEDOUT => {
                let given = Ways { fetch: false, ..self };
                self.once_more().or(self.fetch.then_some(given))
            }
            Stage::Pipe if self.fetch => self.without(refused(Call::Fetch), Some(&FETCH), |ways| ways.fetch = false),
            Stage::Clone | Stage::Child | Stage::CgroupBirth
                if self.into_cgroup && failure.plan_is(Plan::is_born_in_cgroup) =>
            {
                // Since Linux 6.14 the kernel kills a child that is born in a cgroup that was ever killed as a whole, but
                // not one that is moved there.
                let killed = failure.stage != Stage::Clone && failure.signal == libc::SIGKILL;
                let refused = failure.stage == Stage::Clone && refused(Call::IntoCgroup) != Means::Error;
                (killed || refused).then_some(Ways { into_cgroup: false, ..self })
            }
            // Namespaces are refused by the same errno, and with any exit signal.
            Stage::Clone if self.exit_signal && failure.plan_is(is_plain_copy) => {
                self.without(refused(Call::ExitSignal), Some(&EXIT_SIGNAL), |ways| ways.exit_signal = false)
            }
            _ => None,
        }
    }

    fn without(mut self, means: Means, hint: Option<&Hint>, give_up: impl Fn(&mut Ways)) -> Option<Ways> {
        if means == Means::Error {
            return None;
        }
        if let Some(hint) = hint {
            hint.refused(means);
        }
        give_up(&mut self);
        Some(self)
    }

    fn once_more(mut self) -> Option<Ways> {
        self.again = self.again.checked_sub(1)?;
        Some(self)
    }

    /// A spawn has come to its end in these ways.
    pub fn worked(&self, plan: &Sealed, table: u32) {
        if plan.mode == mode::FRESH {
            IMAGE.works();
        }
        if table == table::SHARED {
            OWN_TABLE.works();
        }
    }
}

fn is_plain_copy(plan: &Plan) -> bool {
    plan.mode == mode::COPIED && plan.clone_namespaces == 0 && plan.pids.is_empty()
}

/// Whether the built-in image is likely to run in the calling thread's next child.
pub fn image_is_likely() -> bool {
    IMAGE.is_empty()
}

/// What one thread has met: a filter is a thread's, so the others are not to suffer from it. The upper half of the number is
/// the thread, the lower 16 bits are how many spawns pass the way by, the 16 above them how often it was refused in a row.
/// 0: nothing is known.
struct Hint(AtomicU64);

/// How many spawns pass a way by that the host does not have, before they try it again.
const LONG: u64 = 1000;
/// The same for a way that was refused again and again.
const SHORT: u64 = 15;

impl Hint {
    const fn new() -> Hint {
        Hint(AtomicU64::new(0))
    }

    /// What the calling thread knows.
    fn own(&self) -> Option<u64> {
        let known = self.0.load(Ordering::Relaxed);
        (known != 0 && known >> 32 == thread()).then_some(known)
    }

    fn is_empty(&self) -> bool {
        self.own().is_none()
    }

    fn is_worth_trying(&self) -> bool {
        match self.own() {
            Some(known) if known & 0xffff != 0 => {
                // That another thread has written meanwhile makes no difference.
                let _ = self.0.compare_exchange(known, known - 1, Ordering::Relaxed, Ordering::Relaxed);
                false
            }
            _ => true,
        }
    }

    /// One refusal says nothing about the next spawn.
    fn refused(&self, means: Means) {
        let times = (self.own().unwrap_or(0) >> 16 & 0xffff).min(15) + 1;
        let passed_by = if means == Means::NotHere { LONG } else { ((1 << (times - 1)) - 1).min(SHORT) };
        self.0.store(thread() << 32 | times << 16 | passed_by, Ordering::Relaxed);
    }

    fn works(&self) {
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
    fn another_thread_does_not_suffer() {
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
