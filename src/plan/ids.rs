//! The user id and the group ids.

use super::draft::Draft;
use super::fault::Step;
use super::request::Request;
use crate::attr::ids::Ids;
use crate::base::decimal;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::read;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.ids;
    draft.plan.uid = asked.uid.into();
    draft.plan.gid = asked.gid.into();
    if let Some(groups) = groups_of(asked).filter(|_| !is_denied(request)) {
        draft.plan.groups = Some(draft.arena.list(groups)?).into();
        if draft.plan.ends_in_joined_user_namespace() && !groups.is_empty() {
            draft.plan.unmapped_gid = unmapped_gid().into();
        }
    }
    Ok(())
}

/// The overflow gid, proc_sys_kernel(5). If it cannot be read, the child does not compare the groups that it has got.
fn unmapped_gid() -> Option<u32> {
    let mut text = [0u8; 16];
    let file = open(c"/proc/sys/kernel/overflowgid", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    let length = read(&file, &mut text).ok()?;
    decimal::parse(text.get(..length)?.trim_ascii_end())?.try_into().ok()
}

/// If a new uid or gid is asked for and nothing is said about groups, all supplementary groups are dropped: they belong to
/// the old user.
fn groups_of(asked: &Ids) -> Option<&[u32]> {
    match &asked.groups {
        Some(groups) => Some(groups),
        None if asked.keep_groups => None,
        None => (asked.uid.is_some() || asked.gid.is_some()).then_some(&[]),
    }
}

/// A user namespace that denies setgroups(2) does not let the child drop groups. `plan::check` refuses a list of groups
/// there.
fn is_denied(request: &Request) -> bool {
    let ns = &request.attr.ns;
    ns.maps_gids() && !ns.allow_setgroups
}
