//! Descriptors of what is inside, which the caller is handed: made here, sent in one message, and closed.

use super::At;
use super::channel;
use super::sealed::{Listen, message};
use super::stage::Stage;
use super::sys::abi::{AF_UNIX, MOST_RIGHTS, SO_REUSEADDR, SOCK_CLOEXEC, SOCK_DGRAM};
use super::sys::{self, Answer};

/// socket(2), bind(2), listen(2), sendmsg(2): a caller that has no number left finds them in its end of the socket later.
pub fn hand_over(at: &mut At) -> Answer {
    if at.plan.handed == 0 {
        return Ok(());
    }
    let mut fds = [-1; MOST_RIGHTS];
    for (index, (socket, place)) in at.plan.list(at.plan.listens).iter().zip(&mut fds).enumerate() {
        at.index = index as i32;
        *place = listen(at, socket)?;
    }
    at.index = -1;
    channel::at_stage(at, Stage::HandOver);
    let fds = fds.get(..at.plan.handed as usize).unwrap_or_default();
    sys::send_fds(at.lifeline, &[message::HANDED], fds)?;
    fds.iter().try_for_each(|fd| sys::close(*fd))
}

fn listen(at: &At, asked: &Listen) -> Answer<i32> {
    let address = at.plan.bytes(asked.address);
    let family = match address {
        [one, other, ..] => u16::from_ne_bytes([*one, *other]) as i32,
        _ => AF_UNIX,
    };
    let socket = sys::socket(family, asked.kind | SOCK_CLOEXEC)?;
    let has_connections = asked.kind != SOCK_DGRAM;
    // In a namespace that is older, connections that are being closed keep the port from being bound.
    if family != AF_UNIX && has_connections {
        sys::turn_on(socket, SO_REUSEADDR)?;
    }
    sys::bind(socket, address)?;
    if has_connections {
        sys::listen(socket, asked.backlog)?;
    }
    Ok(socket)
}
