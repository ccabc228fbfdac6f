//! Signals: the one for the parent's death, dispositions, and last the mask.

use super::channel;
use super::state::At;
use crate::sys::abi::{ESRCH, PR_SET_PDEATHSIG, SIG_DFL, SIG_IGN};
use crate::sys::{self, Answer, Errno};

/// Sets the parent-death signal that was asked for, in the place of the SIGKILL that was set before. Then checks whether the
/// caller had ended before that.
pub fn parent_death(at: &mut At) -> Answer {
    if at.plan.parent_death == 0 && at.plan.may_block == 0 {
        return Ok(());
    }
    sys::prctl(PR_SET_PDEATHSIG, at.plan.parent_death as usize, 0)?;
    if at.plan.parent_death != 0 && channel::is_orphan(at)? { Err(Errno(ESRCH)) } else { Ok(()) }
}

/// sigaction(2)
pub fn actions(at: &mut At) -> Answer {
    if at.plan.signal_ignore | at.plan.signal_default == 0 && at.wiring.reset_handlers == 0 {
        return Ok(());
    }
    for signal in 1..=64 {
        let bit = 1u64.wrapping_shl((signal as u32).wrapping_sub(1));
        at.index = signal;
        if at.plan.signal_ignore & bit != 0 {
            sys::set_action(signal, SIG_IGN)?;
        } else if at.plan.signal_default & bit != 0 || (at.wiring.reset_handlers != 0 && is_handled(signal)?) {
            sys::set_action(signal, SIG_DFL)?;
        }
    }
    Ok(())
}

fn is_handled(signal: i32) -> Answer<bool> {
    Ok(sys::get_action(signal)?.handler > SIG_IGN)
}

/// sigprocmask(2)
pub fn last_mask(at: &mut At) -> Answer {
    if at.plan.mask_before_filters != 0 { Ok(()) } else { mask(at) }
}

pub fn mask(at: &At) -> Answer {
    sys::set_mask(at.plan.signal_mask.get().unwrap_or(at.wiring.mask)).map(drop)
}
