//! The cgroup of a child: how much memory was used in it, and whether it ran out of memory.

use super::failure::Failure;
use crate::base::decimal;
use crate::plan::Sealed;
use crate::sealed::cgroup;
use crate::sentences;
use crate::shared::Shared;
use crate::stage::Stage;
use core::ffi::CStr;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A descriptor of its directory, since the caller may close its own; and what had happened in it before the child was made.
pub struct Cgroup {
    pub directory: OwnedFd,
    before: Events,
    /// It counts no memory: there is nothing to be asked for.
    uncounted: bool,
}

/// What a cgroup counts: memory.events of version 2 (for all below it too), memory.oom_control and memory.failcnt of
/// version 1. None: it counts no memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Events {
    /// Processes that the out-of-memory killer has taken. The kernel counts before it kills.
    kills: Option<u64>,
    /// How often memory was refused, or about to be, at this cgroup's own limit.
    refusals: Option<u64>,
}

impl Cgroup {
    /// The cgroup of a plan.
    pub fn of(plan: &Shared<Sealed>) -> Result<Option<Cgroup>, Failure> {
        if plan.cgroup == cgroup::NONE {
            return Ok(None);
        }
        // SAFETY: C caller guarantees that the descriptor, which the plan saw open, stays so during the call.
        let directory = unsafe { BorrowedFd::borrow_raw(plan.cgroup_fd) };
        let number = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
        let own = directory.try_clone_to_owned().map_err(|error| Failure::at(Stage::Cgroup, number(error), plan))?;
        let uncounted = plan.cgroup_uncounted != 0;
        let before = if uncounted { Events::NONE } else { Events::of(own.as_fd()) };
        Ok(Some(Cgroup { before, directory: own, uncounted }))
    }

    /// How many processes in it the out-of-memory killer has taken since the child began.
    pub fn kills(&self) -> Option<u64> {
        let before = self.before.kills?;
        Some(Events::of(self.directory.as_fd()).kills?.saturating_sub(before))
    }

    /// The high-water mark of its memory, if it keeps one: of all that ever ran in it.
    pub fn memory_peak(&self) -> Option<u64> {
        if self.uncounted {
            return None;
        }
        let names = [c"memory.peak", c"memory.max_usage_in_bytes"];
        names.iter().find_map(|name| number(&read(self.directory.as_fd(), name)?))
    }

    fn explain(&self, failure: Failure) -> Failure {
        let grown = |now: Option<u64>, before: Option<u64>| now.zip(before).is_some_and(|(now, before)| now > before);
        let now = Events::of(self.directory.as_fd());
        let killed = grown(now.kills, self.before.kills);
        let refused = killed || grown(now.refusals, self.before.refusals);
        match (failure.signal, failure.code) {
            (libc::SIGKILL, _) if killed => failure.because(sentences::CGROUP_OUT_OF_MEMORY),
            // Of memory for the strings of an exec the kernel says that they are too long.
            (0, libc::ENOMEM | libc::E2BIG | libc::EFAULT) if refused => {
                failure.because(sentences::CGROUP_OUT_OF_MEMORY)
            }
            _ => failure,
        }
    }
}

/// The same failure; if the cgroup has refused the memory or killed the child, with that as its reason.
#[cold]
pub fn explain(cgroup: Option<&Cgroup>, failure: Failure) -> Failure {
    match cgroup {
        Some(cgroup) => cgroup.explain(failure),
        None => failure,
    }
}

impl Events {
    const NONE: Events = Events { kills: None, refusals: None };

    fn of(directory: BorrowedFd) -> Events {
        if let Some(text) = read(directory, c"memory.events") {
            return Events { kills: value(&text, b"oom_kill"), refusals: value(&text, b"oom") };
        }
        let kills = read(directory, c"memory.oom_control").and_then(|text| value(&text, b"oom_kill"));
        Events { kills, refusals: kills.and_then(|_| number(&read(directory, c"memory.failcnt")?)) }
    }
}

/// The beginning of a file, with zeros behind it. A cgroup that was removed has no files any more.
fn read(directory: BorrowedFd, name: &CStr) -> Option<[u8; 256]> {
    let file = openat(directory, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 256];
    nix::unistd::read(&file, &mut text).ok()?;
    Some(text)
}

/// The number that stands behind a key in a line of its own.
fn value(text: &[u8], key: &[u8]) -> Option<u64> {
    text.split(|byte| *byte == b'\n').find_map(|line| number(line.strip_prefix(key)?.strip_prefix(b" ")?))
}

fn number(digits: &[u8]) -> Option<u64> {
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    decimal::parse(digits.get(..end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_whole_word() {
        let text = b"low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n\0\0";
        assert_eq!(value(text, b"oom"), Some(3));
        assert_eq!(value(text, b"oom_kill"), Some(2));
        assert_eq!(value(text, b"kill"), None);
        assert_eq!(number(b"4096\n\0"), Some(4096));
        assert_eq!(number(b"max\n"), None);
    }
}
