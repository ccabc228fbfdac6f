//! The second process: a pid namespace that was entered holds only what is made from then on.

use super::report::{Report, kind};
use super::sealed::clone;
use super::sys::abi::F_SETOWN;
use super::sys::{self, Answer};
use super::{At, talk};

/// clone(2), where others are in there already and filters would stand in the way later
pub fn second_clone(at: &mut At) -> Answer {
    if at.plan.second_clone == clone::LATE { go_on_among_others(at) } else { Ok(()) }
}

/// clone(2), where others are in there already
pub fn last_clone(at: &mut At) -> Answer {
    if at.plan.second_clone == clone::LAST { go_on_among_others(at) } else { Ok(()) }
}

/// What is done with, and may lead out of there, is not brought in.
fn go_on_among_others(at: &mut At) -> Answer {
    at.plan.list(at.plan.spent).iter().try_for_each(|fd| sys::close(*fd as i32))?;
    go_on_as_another(at)?;
    // A clone is on nobody's leash.
    talk::still_die_with_caller(at)
}

/// clone(2), where nobody is in there yet
pub fn first_process(at: &mut At) -> Answer {
    if at.plan.second_clone != clone::EARLY {
        return Ok(());
    }
    go_on_as_another(at)?;
    talk::die_with_caller(at)
}

/// Another process goes on from here, when the caller knows it: the owner of the eventfd, which needs none for itself.
fn go_on_as_another(at: &At) -> Answer {
    sys::leave_to_sibling(at.plan.second_shares, at.go)?;
    // Once more: the first may have been killed before it came to that.
    sys::fcntl(at.go, F_SETOWN, sys::getpid())?;
    talk::tell(at, Report { kind: kind::SECOND, stage: at.stage as u32, code: 0, index: -1 })?;
    // The caller's reading of that would pull a leash.
    talk::until_released(at).map(drop)
}
