//! Ids: groups, then gid, then uid, each while the next is still possible. This thread alone, by raw calls.

use super::At;
use super::channel;
use super::sys::{self, Answer};

/// setgroups(2)
pub fn groups(at: &mut At) -> Answer {
    at.plan.groups.get().map_or(Ok(()), |groups| sys::setgroups(at.plan.list(groups)))
}

/// setresgid(2)
pub fn gid(at: &mut At) -> Answer {
    let Some(gid) = at.plan.gid.get() else { return Ok(()) };
    sys::setresgid(gid, gid, gid)?;
    channel::still_die_with_caller(at)
}

/// setresuid(2)
pub fn uid(at: &mut At) -> Answer {
    let Some(uid) = at.plan.uid.get() else { return Ok(()) };
    sys::setresuid(uid, uid, uid)?;
    channel::still_die_with_caller(at)
}
