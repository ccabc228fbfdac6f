//! Ids.

use super::{Draft, Request, Step};
use crate::attr::ids::Ids;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.ids;
    draft.plan.uid = asked.uid.into();
    draft.plan.gid = asked.gid.into();
    if let Some(groups) = groups_of(asked).filter(|_| !is_denied(request)) {
        draft.plan.groups = Some(draft.arena.list(groups)?).into();
    }
    Ok(())
}

/// New ids without a word on groups drop them all: they are the old identity's.
fn groups_of(asked: &Ids) -> Option<&[u32]> {
    match &asked.groups {
        Some(groups) => Some(groups),
        None if asked.keep_groups => None,
        None => (asked.uid.is_some() || asked.gid.is_some()).then_some(&[]),
    }
}

/// In a user namespace that denies setgroups(2) there is nothing to drop with; `plan::check` refuses groups there.
fn is_denied(request: &Request) -> bool {
    let ns = &request.attr.ns;
    !ns.gid_map.is_empty() && !ns.allow_setgroups
}
