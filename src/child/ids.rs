//! Ids: groups, then gid, then uid, because each takes away the right to set the one before. Raw system calls change this
//! thread alone.

use super::channel;
use super::state::At;
use crate::sys::abi::EPERM;
use crate::sys::{self, Answer, Errno};

/// setgroups(2). A joined user namespace may deny it, also where it would change nothing: then nothing needs to be done.
pub fn groups(at: &mut At) -> Answer {
    let Some(groups) = at.plan.groups.get() else { return Ok(()) };
    let groups = at.plan.list(groups);
    match sys::setgroups(groups) {
        Err(Errno(EPERM))
            if at.plan.ends_in_joined_user_namespace() && has_groups(groups, at.plan.unmapped_gid.get()) =>
        {
            Ok(())
        }
        answer => answer,
    }
}

/// Whether these are the groups already. All groups that the user namespace does not map look like the one `unmapped`.
fn has_groups(asked: &[u32], unmapped: Option<u32>) -> bool {
    if asked.is_empty() {
        return sys::getgroups(&mut []) == Ok(0);
    }
    let mut buffer = [0u32; 64];
    let (Some(unmapped), Ok(count)) = (unmapped, sys::getgroups(&mut buffer)) else { return false };
    let now = buffer.get(..count).unwrap_or_default();
    let wanted = |gid: &u32| *gid != unmapped && asked.contains(gid);
    now.iter().all(wanted) && asked.iter().all(|gid| now.contains(gid))
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
