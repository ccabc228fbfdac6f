//! Signals.

use super::draft::Draft;
use super::request::Request;
use crate::attr::signals::DeathOf;

/// SIGKILL and SIGSTOP cannot be caught, ignored or blocked.
const UNTOUCHABLE: u64 = 1 << (libc::SIGKILL - 1) | 1 << (libc::SIGSTOP - 1);

pub fn lower(request: &Request, draft: &mut Draft) {
    let asked = &request.attr.signals;
    draft.plan.signal_default = asked.default & !UNTOUCHABLE;
    draft.plan.signal_ignore = asked.ignore;
    draft.plan.signal_mask = asked.mask.into();
    if let Some((signal, whose)) = asked.parent_death {
        draft.plan.parent_death = signal;
        draft.plan.parent_death_process = (whose == DeathOf::Process) as u32;
    }
}
