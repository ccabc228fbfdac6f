//! The root directory.

use super::{Draft, Request, Step};
use crate::attr::owned::Text;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    draft.plan.chroot = draft.arena.maybe_text(request.attr.mounts.chroot.as_ref().map(Text::as_cstr))?;
    Ok(())
}
