//! The order in which namespaces are joined.

use crate::sys::Answer;
use crate::sys::abi::CLONE_NEWUSER;

/// First each namespace that the process's own privileges reach; then the user namespace, in which it gets others; then those
/// that it was refused before. `types` are those of an item; `enter` joins those of them that it is given, and answers whether
/// it did, or was refused (EPERM). It is also told whether this is the last time. At most 64 items.
pub fn in_order<J>(
    joins: &[J],
    types: impl Fn(&J) -> u64,
    mut enter: impl FnMut(&J, u64, Time) -> Answer<bool>,
) -> Answer {
    let mut refused = 0u64;
    for (join, bit) in joins.iter().zip(bits()) {
        let others = types(join) & !CLONE_NEWUSER;
        if others != 0 && !enter(join, others, Time::First)? {
            refused |= bit;
        }
    }
    for join in joins.iter().filter(|join| types(join) & CLONE_NEWUSER != 0) {
        enter(join, CLONE_NEWUSER, Time::Last)?;
    }
    for (join, _) in joins.iter().zip(bits()).filter(|(_, bit)| refused & bit != 0) {
        enter(join, types(join) & !CLONE_NEWUSER, Time::Last)?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Time {
    /// What is refused is tried again.
    First,
    Last,
}

fn bits() -> impl Iterator<Item = u64> {
    (0..u64::BITS).map(|place| 1u64.wrapping_shl(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Errno;
    use crate::sys::abi::{CLONE_NEWNET, CLONE_NEWNS, EPERM};
    use alloc::vec::Vec;

    #[test]
    fn what_was_refused_comes_after_the_user_namespace() {
        let joins = [CLONE_NEWNS, CLONE_NEWUSER | CLONE_NEWNET];
        let mut seen = Vec::new();
        let done = in_order(
            &joins,
            |types| *types,
            |_, types, time| {
                seen.push((types, time));
                Ok(types != CLONE_NEWNS || time == Time::Last)
            },
        );
        assert_eq!(done, Ok(()));
        let last = [(CLONE_NEWUSER, Time::Last), (CLONE_NEWNS, Time::Last)];
        assert_eq!(seen, [&[(CLONE_NEWNS, Time::First), (CLONE_NEWNET, Time::First)], &last[..]].concat());
    }

    #[test]
    fn an_error_ends_it() {
        let mut count = 0;
        let failed = in_order(
            &[CLONE_NEWNS, CLONE_NEWNET],
            |types| *types,
            |_, _, _| {
                count += 1;
                Err(Errno(EPERM))
            },
        );
        assert_eq!((failed, count), (Err(Errno(EPERM)), 1));
    }
}
