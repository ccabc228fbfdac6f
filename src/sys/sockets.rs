//! Sockets. socket(7), unix(7)

use super::abi::*;
use super::answer::{Answer, Errno, answer};
use super::arch::{nr, syscall6};

/// socket(2)
pub fn socket(domain: i32, kind: i32) -> Answer<i32> {
    call!(SOCKET, domain, kind, 0).map(|fd| fd as i32)
}

/// bind(2): takes a complete sockaddr.
#[cfg(not(forkexec_nsexec))]
pub fn bind(socket: i32, address: &[u8]) -> Answer {
    call!(BIND, socket, address.as_ptr(), address.len()).map(drop)
}

/// listen(2)
#[cfg(not(forkexec_nsexec))]
pub fn listen(socket: i32, backlog: i32) -> Answer {
    call!(LISTEN, socket, backlog).map(drop)
}

/// setsockopt(2): switches an option of SOL_SOCKET on.
#[cfg(not(forkexec_nsexec))]
pub fn turn_on(socket: i32, option: i32) -> Answer {
    let on = 1i32;
    call!(SETSOCKOPT, socket, SOL_SOCKET, option, &on as *const i32, size_of::<i32>()).map(drop)
}

/// sendmsg(2): sends bytes, and with them descriptors. EINVAL: more descriptors than one message holds.
pub fn send_fds(socket: i32, bytes: &[u8], fds: &[i32]) -> Answer {
    let part = IoVec { base: bytes.as_ptr(), len: bytes.len() };
    let len = core::mem::offset_of!(Rights, fds).saturating_add(size_of_val(fds));
    let mut rights = Rights { len, level: SOL_SOCKET, kind: SCM_RIGHTS, fds: [-1; MOST_RIGHTS] };
    if fds.len() > rights.fds.len() {
        return Err(Errno(EINVAL));
    }
    rights.fds.iter_mut().zip(fds).for_each(|(place, fd)| *place = *fd);
    let message = MsgHdr {
        name: 0,
        name_len: 0,
        parts: &part,
        parts_len: 1,
        control: &rights,
        control_len: len.next_multiple_of(size_of::<usize>()),
        flags: 0,
    };
    call!(SENDMSG, socket, &message as *const MsgHdr, MSG_NOSIGNAL).map(drop)
}
