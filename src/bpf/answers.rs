//! The answers that a filter, or several together, may give to one call.

use libc::*;

/// A set of answers. The kernel takes the upper half of what a filter returns as the action. Of several filters the action
/// that is least as a signed number counts, so the set keeps them apart by rank: each action that does not kill has a rank,
/// and so has each range of numbers between them, which the kernel does not know and therefore kills for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answers(u16);

/// The actions that do not kill, ascending.
const ALIVE: [u32; 5] =
    [SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW];

/// The ranks are 0 for all below the first of `ALIVE`, 1 for the first, 2 for all between it and the second, and so on.
const RANKS: u32 = 2 * ALIVE.len() as u32;
const ALL: u16 = (1 << RANKS) - 1;
/// The even ranks: SECCOMP_RET_KILL_PROCESS, _KILL_THREAD and _TRAP are of rank 0.
const KILL: u16 = 0x5555 & ALL;
/// SECCOMP_RET_LOG and SECCOMP_RET_ALLOW.
const ALLOW: u16 = 1 << 7 | 1 << 9;

impl Answers {
    pub const NONE: Answers = Answers(0);
    pub const ANY: Answers = Answers(ALL);
    /// What a division by zero ends with: the filter returns 0, which is SECCOMP_RET_KILL_THREAD.
    pub const KILL_THREAD: Answers = Answers(1);
    /// Without a filter every call is allowed.
    pub const ALLOW: Answers = Answers(1 << (RANKS - 1));

    /// The answer of a filter that returns this.
    pub fn of(returned: u32) -> Answers {
        let action = (returned & SECCOMP_RET_ACTION_FULL) as i32;
        let below = ALIVE.iter().filter(|alive| (**alive as i32) < action).count() as u32;
        let known = ALIVE.contains(&(action as u32));
        Answers(1 << (2 * below + known as u32))
    }

    pub fn or(self, other: Answers) -> Answers {
        Answers(self.0 | other.0)
    }

    /// The answers of two filters together: the least of each pair.
    pub fn with(self, other: Answers) -> Answers {
        let pairs = |a: u16, b: u16| a & up_to_highest(b);
        Answers(pairs(self.0, other.0) | pairs(other.0, self.0))
    }

    pub fn contains(self, other: Answers) -> bool {
        other.0 & !self.0 == 0
    }

    /// The call kills the caller, whatever its arguments are.
    pub fn always_kill(self) -> bool {
        self.0 != 0 && self.0 & !KILL == 0
    }

    /// The call does not kill the caller, whatever its arguments are; it may fail.
    pub fn never_kill(self) -> bool {
        self.0 & KILL == 0
    }

    /// The call is made, whatever its arguments are.
    pub fn always_allow(self) -> bool {
        self.0 & !ALLOW == 0
    }
}

/// All ranks up to the highest of the set.
fn up_to_highest(set: u16) -> u16 {
    let ranks = u16::BITS - set.leading_zeros();
    1u32.wrapping_shl(ranks).wrapping_sub(1) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// What filters return: the actions, and what lies below, between and above them.
    fn returned() -> Vec<u32> {
        let known = [SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP].into_iter().chain(ALIVE);
        known
            .flat_map(|action| [action.wrapping_sub(0x1_0000), action, action | 0xffff, action.wrapping_add(0x1_0000)])
            .collect()
    }

    /// The same as the kernel has it.
    fn kills(returned: u32) -> bool {
        !ALIVE.contains(&(returned & SECCOMP_RET_ACTION_FULL))
    }

    #[test]
    fn one_filter() {
        for returned in returned() {
            let answer = Answers::of(returned);
            assert_eq!(answer.always_kill(), kills(returned), "{returned:#x}");
            assert_eq!(answer.never_kill(), !kills(returned), "{returned:#x}");
            let allowed = [SECCOMP_RET_LOG, SECCOMP_RET_ALLOW].contains(&(returned & SECCOMP_RET_ACTION_FULL));
            assert_eq!(answer.always_allow(), allowed, "{returned:#x}");
        }
        assert_eq!(Answers::of(0), Answers::KILL_THREAD);
        assert_eq!(Answers::of(SECCOMP_RET_ALLOW), Answers::ALLOW);
    }

    #[test]
    fn the_least_of_two_filters_counts() {
        let action = |returned: u32| (returned & SECCOMP_RET_ACTION_FULL) as i32;
        for a in returned() {
            for b in returned() {
                let least = if action(a) < action(b) { a } else { b };
                assert_eq!(Answers::of(a).with(Answers::of(b)), Answers::of(least), "{a:#x} {b:#x}");
            }
        }
    }

    /// Sets of answers together are the answers of all pairs together.
    #[test]
    fn sets() {
        let single = |set: u16| (0..RANKS).map(|rank| Answers(1 << rank)).filter(move |one| set & one.0 != 0);
        for a in (0..=ALL).step_by(3) {
            for b in (0..=ALL).step_by(7) {
                let pairs = single(a).flat_map(|a| single(b).map(move |b| a.with(b)));
                assert_eq!(Answers(a).with(Answers(b)), pairs.fold(Answers::NONE, Answers::or), "{a:#x} {b:#x}");
            }
        }
        let either = Answers::KILL_THREAD.or(Answers::ALLOW);
        assert!(!either.always_kill() && !either.never_kill() && !either.always_allow());
        assert!(!Answers::NONE.always_kill());
        assert!(either.contains(Answers::ALLOW) && !Answers::ALLOW.contains(either));
        assert!(Answers::ANY.contains(either) && !Answers::ANY.always_kill() && !Answers::ANY.never_kill());
    }
}
