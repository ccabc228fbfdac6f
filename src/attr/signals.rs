//! Signals: mask, dispositions, and the parent-death signal.

use super::refusal::{Accepted, invalid};
use crate::sentences;

/// The death that sends the parent-death signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeathOf {
    Thread,
    Process,
}

/// `DeathOf::Thread` as a number.
pub const DEATH_OF_THREAD: u32 = 1;
/// `DeathOf::Process` as a number.
pub const DEATH_OF_PROCESS: u32 = 2;

/// SIGKILL and SIGSTOP, whose disposition cannot be changed.
const FIXED: u64 = 1 << (libc::SIGKILL - 1) | 1 << (libc::SIGSTOP - 1);

/// The highest signal number.
const LAST: i32 = 64;

/// Signal sets have bit `signo - 1`, as the kernel's have.
#[derive(Default, Clone, Copy, Debug)]
pub struct Signals {
    pub mask: Option<u64>,
    pub default: u64,
    pub ignore: u64,
    pub parent_death: Option<(i32, DeathOf)>,
}

impl Signals {
    pub fn set_signal_mask(&mut self, set: u64) -> Accepted {
        self.mask = Some(set);
        Ok(())
    }

    pub fn set_signal_default(&mut self, set: u64) -> Accepted {
        self.default |= set;
        Ok(())
    }

    pub fn set_signal_ignore(&mut self, set: u64) -> Accepted {
        if set & FIXED != 0 {
            return invalid(sentences::NEVER_IGNORED);
        }
        self.ignore |= set;
        Ok(())
    }

    pub fn set_parent_death_signal(&mut self, sig: i32, whose: u32) -> Accepted {
        let whose = match whose {
            DEATH_OF_THREAD => DeathOf::Thread,
            DEATH_OF_PROCESS => DeathOf::Process,
            _ => return invalid(sentences::DEATH_OF_WHOM),
        };
        if !(1..=LAST).contains(&sig) {
            return invalid(sentences::SIGNAL_NUMBER);
        }
        self.parent_death = Some((sig, whose));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_add_up() {
        let mut signals = Signals::default();
        assert!(signals.set_signal_default(1).is_ok());
        assert!(signals.set_signal_default(2).is_ok());
        assert_eq!(signals.default, 3);
        assert!(signals.set_signal_ignore(4).is_ok());
        assert!(signals.set_signal_ignore(FIXED | 8).is_err());
        assert_eq!(signals.ignore, 4);
        assert_eq!(FIXED, 0x40100);
    }

    #[test]
    fn parent_death() {
        let mut signals = Signals::default();
        assert!(signals.set_parent_death_signal(0, DEATH_OF_THREAD).is_err());
        assert!(signals.set_parent_death_signal(65, DEATH_OF_THREAD).is_err());
        assert!(signals.set_parent_death_signal(9, 0).is_err());
        assert!(signals.set_parent_death_signal(9, DEATH_OF_PROCESS).is_ok());
        assert_eq!(signals.parent_death, Some((9, DeathOf::Process)));
    }
}
