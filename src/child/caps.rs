//! Capabilities, securebits and no_new_privs.

use super::state::At;
use crate::sealed::CapSets;
use crate::sys::abi::{
    PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, PR_CAP_AMBIENT_RAISE, PR_CAPBSET_DROP, PR_SET_KEEPCAPS,
    PR_SET_NO_NEW_PRIVS, PR_SET_SECUREBITS,
};
use crate::sys::{self, Answer};

fn capset(sets: CapSets) -> Answer {
    sys::capset(sets.effective, sets.permitted, sets.inheritable)
}

/// The capabilities of a mask, by number.
fn each(mut mask: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let lowest = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (lowest < u64::BITS).then_some(lowest as usize)
    })
}

fn raise_ambient(mask: u64) -> Answer {
    each(mask).try_for_each(|cap| sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap).map(drop))
}

fn clear_ambient() -> Answer {
    sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0).map(drop)
}

/// An exec takes the capabilities of whoever is not root in its namespace; ambient ones survive it.
pub fn carry(at: &mut At) -> Answer {
    let Some(carry) = at.plan.carry.get() else { return Ok(()) };
    capset(carry.sets)?;
    raise_ambient(carry.ambient)
}

/// As if there had been no exec of the image.
pub fn put_back(at: &mut At) -> Answer {
    let Some(before) = at.plan.credentials.get() else { return Ok(()) };
    // Root carries nothing in that way, and keeps what it has.
    if at.plan.carry.get().is_none_or(|carry| carry.ambient == 0) {
        return capset(before.sets);
    }
    clear_ambient()?;
    capset(before.sets)?;
    raise_ambient(before.ambient)
}

/// PR_CAPBSET_DROP(2const)
pub fn bounding(at: &mut At) -> Answer {
    each(at.plan.bounding_drop).try_for_each(|cap| {
        at.index = cap as i32;
        sys::prctl(PR_CAPBSET_DROP, cap, 0).map(drop)
    })
}

/// PR_SET_KEEPCAPS(2const)
pub fn keep(at: &mut At) -> Answer {
    if at.plan.keep_caps == 0 { Ok(()) } else { sys::prctl(PR_SET_KEEPCAPS, 1, 0).map(drop) }
}

/// capset(2)
pub fn regain(at: &mut At) -> Answer {
    at.plan.regain.get().map_or(Ok(()), capset)
}

/// PR_SET_SECUREBITS(2const)
pub fn securebits(at: &mut At) -> Answer {
    at.plan.securebits.get().map_or(Ok(()), |bits| sys::prctl(PR_SET_SECUREBITS, bits as usize, 0).map(drop))
}

/// PR_CAP_AMBIENT(2const)
pub fn ambient(at: &mut At) -> Answer {
    let Some(ambient) = at.plan.ambient.get() else { return Ok(()) };
    clear_ambient()?;
    capset(ambient.sets)?;
    raise_ambient(ambient.ambient)
}

/// capset(2)
pub fn capabilities(at: &mut At) -> Answer {
    at.plan.capabilities.get().map_or(Ok(()), capset)
}

/// PR_SET_NO_NEW_PRIVS(2const)
pub fn no_new_privs(at: &mut At) -> Answer {
    if at.plan.no_new_privs == 0 { Ok(()) } else { sys::prctl(PR_SET_NO_NEW_PRIVS, 1, 0).map(drop) }
}
