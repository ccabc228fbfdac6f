//! Descriptors of what is inside, which the caller is handed: they go to it together, in one message.

use super::sealed::Listen;
use super::{Draft, Request, Step};
use crate::attr::owned::push;
use alloc::vec::Vec;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.handed;
    let mut sockets: Vec<Listen> = Vec::new();
    for socket in &asked.sockets {
        let address = draft.arena.joined(&[&socket.address])?;
        push(&mut sockets, Listen { address, kind: socket.kind, backlog: socket.backlog })?;
    }
    draft.plan.listens = draft.arena.list(&sockets)?;
    draft.plan.handed = draft.plan.listens.len;
    Ok(())
}
