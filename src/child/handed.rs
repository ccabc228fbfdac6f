//! Descriptors that are made inside the namespaces and handed to the caller: sent in one message, then closed here.

use super::channel;
use super::descriptors;
use super::state::At;
use crate::sealed::{Listen, clone, message};
use crate::stage::Stage;
use crate::sys::abi::{
    AF_UNIX, AT_FDCWD, EINVAL, ENODEV, EPERM, IfReq, MOST_RIGHTS, O_CLOEXEC, O_NOCTTY, O_RDWR, PTMX, S_IFCHR,
    SO_REUSEADDR, SOCK_CLOEXEC, SOCK_DGRAM, TIOCGPTPEER, TIOCSCTTY, TIOCSPTLCK, TIOCSWINSZ, TUN, TUNSETIFF,
};
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;

/// TUNSETIFF: while the caller's mounts are there, which have the device. The namespace is that of who opens it.
pub fn tun(at: &mut At) -> Answer {
    if at.plan.tun_flags == 0 {
        return Ok(());
    }
    at.tun = open(c"/dev/net/tun", TUN)?;
    let mut device = IfReq { name: [0; 16], flags: at.plan.tun_flags as i16, rest: [0; 22] };
    device.name.iter_mut().zip(at.plan.bytes(at.plan.tun_name)).for_each(|(to, byte)| *to = *byte);
    sys::ioctl_with(at.tun, TUNSETIFF, &mut device)
}

/// pty(7): by the path that leads to the devpts of the root; from there on by descriptor alone.
pub fn terminal(at: &mut At) -> Answer {
    if at.plan.makes_terminal == 0 {
        return Ok(());
    }
    at.master = open(c"/dev/ptmx", PTMX)?;
    sys::ioctl_with(at.master, TIOCSPTLCK, &mut 0i32)?;
    let flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
    // Never among the numbers that it gets in the end.
    let slave = sys::ioctl_number(at.master, TIOCGPTPEER, flags as usize)?;
    at.slave = descriptors::above_streams(slave)?;
    let [rows, columns] = [at.plan.terminal_size as u16, (at.plan.terminal_size >> 16) as u16];
    if at.plan.terminal_size != 0 {
        sys::ioctl_with(at.master, TIOCSWINSZ, &mut [rows, columns, 0, 0])?;
    }
    match at.plan.uid.get().map_or(Ok(()), |uid| sys::set_owner(at.slave, uid)) {
        // A devpts of another user namespace, whose group is not mapped in this one.
        Err(Errno(EPERM)) => Ok(()),
        // An id of the second user namespace, which is still to come; there the user that has made the terminal has it.
        Err(Errno(EINVAL)) if !at.plan.inner_uid_map.is_empty() => Ok(()),
        answer => answer,
    }
}

/// A device, which is what it is by its number, whatever has taken its name.
fn open(path: &CStr, device: u64) -> Answer<i32> {
    // SAFETY: the path is NUL-terminated.
    let fd = unsafe { sys::openat(AT_FDCWD, path.as_ptr().cast(), O_RDWR | O_NOCTTY | O_CLOEXEC, 0)? };
    let found = sys::kind(fd)?;
    if found.format == S_IFCHR && found.device == device { Ok(fd) } else { Err(Errno(ENODEV)) }
}

/// socket(2), bind(2), listen(2), sendmsg(2): a caller that has no number left finds them in its end of the socket later.
pub fn hand_over(at: &mut At) -> Answer {
    if at.plan.handed == 0 {
        return Ok(());
    }
    let mut fds = [-1; MOST_RIGHTS];
    let sockets = at.plan.list(at.plan.listens);
    for (index, (socket, place)) in sockets.iter().zip(&mut fds).enumerate() {
        at.index = index as i32;
        *place = listen(at, socket)?;
    }
    at.index = -1;
    let others = [at.master, at.tun, at.tree].into_iter().filter(|fd| *fd >= 0);
    fds.iter_mut().skip(sockets.len()).zip(others).for_each(|(place, fd)| *place = fd);
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

/// setsid(2), TIOCSCTTY(2const), dup3(2): when the process is there that is to lead the session, whose end hangs the terminal up.
pub fn streams(at: &mut At) -> Answer {
    if at.plan.makes_terminal == 0 {
        return Ok(());
    }
    if at.plan.second_clone >= clone::LATE {
        sys::setsid()?;
    }
    sys::ioctl(at.slave, TIOCSCTTY, 0)?;
    for fd in (0..3).filter(|fd| at.plan.terminal_streams & 1 << *fd != 0) {
        sys::dup3(at.slave, fd, 0)?;
    }
    sys::close(at.slave)
}
