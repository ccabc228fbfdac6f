//! The socket by which a child sends descriptors to the caller, and the receipt of one message.

use crate::sys::abi::MOST_RIGHTS;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The two ends of a lifeline by which descriptors can be sent.
pub fn socket() -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: kernel contract, man 2 socketpair: two numbers are written.
    Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })?;
    // SAFETY: kernel contract, man 2 socketpair: new descriptors of our own.
    let [callers, childs] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    // If a seccomp filter of the caller forbids recvmsg(2), the program would wait for ever for the listener's answers.
    match receive(&callers, libc::MSG_PEEK) {
        Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok((callers, childs)),
        Err(errno) => Err(errno),
    }
}

/// Aligned room for all descriptors of a message, and for a further control message, for which the caller may have asked by a
/// socket option.
#[repr(C)]
union Control {
    bytes: [u8; 256],
    align: libc::cmsghdr,
}

const _: () = assert!(256 >= 2 * size_of::<libc::cmsghdr>() + MOST_RIGHTS * size_of::<i32>());

pub struct Received {
    /// A constant of `message`.
    pub kind: u8,
    pub fds: [Option<OwnedFd>; MOST_RIGHTS],
    /// The caller has not enough free descriptors for them; or this was read without MSG_PEEK.
    pub is_truncated: bool,
}

/// recvmsg(2): a message, if there is one. With MSG_PEEK it stays in the socket; without, its descriptors are not received.
pub fn receive(socket: &OwnedFd, flags: i32) -> Result<Received, Errno> {
    let mut byte = 0u8;
    let mut control = Control { bytes: [0; 256] };
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    // SAFETY: a zeroed msghdr is one.
    let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (&mut part, 1);
    if flags & libc::MSG_PEEK != 0 {
        (message.msg_control, message.msg_controllen) = ((&raw mut control).cast(), size_of::<Control>() as _);
    }
    let flags = flags | libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;
    // SAFETY: kernel contract, man 2 recvmsg: the buffers that the message names live.
    let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, flags) };
    if Errno::result(got)? == 0 {
        return Err(Errno::EPIPE);
    }
    let is_truncated = message.msg_flags & libc::MSG_CTRUNC != 0;
    Ok(Received { kind: byte, fds: descriptors(&message), is_truncated })
}

/// The new descriptors of a message that was received. cmsg(3)
fn descriptors(message: &libc::msghdr) -> [Option<OwnedFd>; MOST_RIGHTS] {
    let mut fds = [const { None }; MOST_RIGHTS];
    // SAFETY: kernel contract, man 3 cmsg: the message was filled, and its buffer is aligned.
    let first = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: kernel contract, man 3 cmsg: NULL or a header in the buffer.
    let Some(header) = (unsafe { first.as_ref() }) else { return fds };
    if header.cmsg_level != libc::SOL_SOCKET || header.cmsg_type != libc::SCM_RIGHTS {
        return fds;
    }
    // SAFETY: arithmetic alone.
    let before = unsafe { libc::CMSG_LEN(0) } as usize;
    let length: usize = header.cmsg_len as _;
    let count = length.saturating_sub(before) / size_of::<i32>();
    // SAFETY: kernel contract, man 3 cmsg: the data of a header of ours.
    let data = unsafe { libc::CMSG_DATA(header) }.cast::<i32>();
    for (place, at) in fds.iter_mut().zip(0..count) {
        // SAFETY: kernel contract, man 7 unix: a message of rights holds so many new descriptors.
        *place = Some(unsafe { OwnedFd::from_raw_fd(data.wrapping_add(at).read_unaligned()) });
    }
    fds
}
