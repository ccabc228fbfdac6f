//! The second process: a pid namespace that was entered holds only what is made from then on.

use super::report::{Report, kind};
use super::sealed::clone;
use super::sys::{self, Answer};
use super::{At, program, talk};

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

/// Clones a child of the caller's that goes on from here, says who it is in the caller's pid namespace, and leaves.
fn go_on_as_another(at: &At) -> Answer {
    let [heard, say] = sys::pipe()?;
    match sys::clone_sibling()? {
        0 => {
            sys::close(say)?;
            go_on(at, heard)
        }
        pid => {
            talk::tell(at, Report { kind: kind::SECOND, stage: at.stage as u32, code: pid, index: -1 })?;
            let _ = sys::write(say, &[1]);
            sys::exit(0)
        }
    }
}

/// Only once the caller is told of it, or else nobody would know whose child it is.
fn go_on(at: &At, heard: i32) -> Answer {
    if sys::read(heard, &mut [0])? == 0 {
        sys::exit(program::FAILED);
    }
    sys::close(heard)?;
    // Its reading of that would pull a leash.
    talk::until_released(at).map(drop)
}
