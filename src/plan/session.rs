//! Session, process group and terminal.

use super::draft::Draft;
use super::fault::Step;
use super::request::Request;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.session;
    draft.plan.session = asked.new_session as u32;
    draft.plan.detach_terminal = asked.detach as u32;
    // Only a process group can be in the foreground: unless another group was asked for, the child gets its own.
    let own_group = asked.foreground.filter(|_| !asked.new_session).map(|_| 0);
    draft.plan.group = asked.group.or(own_group).into();
    if let Some(tty) = asked.terminal {
        draft.plan.terminal = draft.need(tty, "set_controlling_terminal")?;
    }
    if let Some(tty) = asked.foreground {
        draft.plan.foreground = draft.need(tty, "set_foreground")?;
    }
    Ok(())
}
