//! Descriptors that the child makes inside its namespaces and hands to the caller, all in one message.

use super::draft::Draft;
use super::fault::Step;
use super::request::Request;
use super::sealed::Listen;
use crate::fallible::push;
use alloc::vec::Vec;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.handed;
    let mut sockets: Vec<Listen> = Vec::new();
    for socket in &asked.sockets {
        let address = draft.arena.joined(&[&socket.address])?;
        push(&mut sockets, Listen { address, kind: socket.kind, backlog: socket.backlog })?;
    }
    draft.plan.listens = draft.arena.list(&sockets)?;
    if let Some(size) = asked.terminal {
        draft.plan.makes_terminal = 1;
        draft.plan.terminal_size = size.rows as u32 | (size.columns as u32) << 16;
        let is_free = |fd: &i32| request.attr.fds.maps.iter().all(|map| map.target != *fd);
        draft.plan.terminal_streams = (0..3).filter(is_free).fold(0, |all, fd| all | 1 << fd);
        draft.plan.session = 1;
    }
    if let Some(tun) = &asked.tun {
        draft.plan.tun_name = draft.arena.text(tun.name.as_cstr())?;
        draft.plan.tun_flags = tun.flags as u32;
    }
    draft.plan.handed = draft.plan.listens.len + draft.plan.makes_terminal + (draft.plan.tun_flags != 0) as u32;
    Ok(())
}
