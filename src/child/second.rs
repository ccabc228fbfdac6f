//! The second process: a pid namespace that was entered holds only what is made from then on.

use super::report::{Report, kind};
use super::stage::Stage;
use super::sys::{self, Answer};
use super::{At, program, talk};

/// Clones a child of the caller's that goes on from here, says who it is in the caller's pid namespace, and leaves.
pub fn second_clone(at: &mut At) -> Answer {
    if at.plan.second_clone == 0 {
        return Ok(());
    }
    let [heard, say] = sys::pipe()?;
    match sys::clone_sibling()? {
        0 => {
            sys::close(say)?;
            go_on(at, heard)
        }
        pid => {
            talk::tell(at, Report { kind: kind::SECOND, stage: Stage::SecondClone as u32, code: pid, index: -1 })?;
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
    // Its having read that would pull the leash, and a clone is on none.
    talk::until_released(at)?;
    talk::still_die_with_caller(at)
}
