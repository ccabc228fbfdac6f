//! A child one of whose filters has a listener. It comes over the lifeline, a socket; and as long as the child is not the
//! program, which only the caller can answer for, whatever the library's own code is stopped for goes on.

use super::channel::{Listened, Woken};
use crate::sys::{self, abi};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The listener of a child, on its way to the caller's code.
#[derive(Default)]
pub struct Listening(Mutex<Listener>);

#[derive(Default)]
enum Listener {
    /// The child has not sent it yet, or it waits in the socket.
    #[default]
    Awaited,
    Here(OwnedFd),
    /// It could not be received, and the child was killed for that.
    Refused(Errno),
    /// It was handed over, or closed.
    Gone,
}

/// What the header lists.
fn told(errno: Errno) -> Errno {
    match errno {
        Errno::EAGAIN | Errno::EPIPE => Errno::ENOENT,
        Errno::EMFILE => Errno::EMFILE,
        _ => Errno::EPERM,
    }
}

/// The two ends of a lifeline that carries a descriptor.
pub fn socket() -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: kernel contract, man 2 socketpair: two numbers are written.
    Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })?;
    // SAFETY: kernel contract, man 2 socketpair: new descriptors of our own.
    let [callers, childs] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    // Whoever may not receive would have a program that waits for ever for its listener to answer.
    match receive(&callers, libc::MSG_PEEK) {
        Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok((callers, childs)),
        Err(errno) => Err(errno),
    }
}

impl Listening {
    /// Hands the listener over. If it could not be received before, it is still in the socket.
    pub fn take(&self, socket: Option<&OwnedFd>) -> Result<OwnedFd, Errno> {
        let mut listener = self.lock();
        match (core::mem::replace(&mut *listener, Listener::Gone), socket) {
            (Listener::Here(fd), _) => Ok(fd),
            (Listener::Awaited, Some(socket)) => fetch(socket, TRIES).map_err(|errno| {
                *listener = Listener::Awaited;
                told(errno)
            }),
            // That the child was killed for it came too late: it was the program.
            (refused @ Listener::Refused(errno), _) => {
                *listener = refused;
                Err(told(errno))
            }
            _ => Err(Errno::ENOENT),
        }
    }

    /// Why the listener could not be received, where the child was killed for that.
    pub fn refused(&self) -> Option<Errno> {
        match *self.lock() {
            Listener::Refused(errno) => Some(errno),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Listener> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until there is something to hear, or time is up, and meanwhile answers for what the listener is told. The
    /// child's end of the socket closes when the child leaves, or a little later where a fork of the caller has it too.
    pub fn listen(&self, listened: &Listened, socket: &OwnedFd, deadline: Option<Instant>) -> Woken {
        let mut listener = self.lock();
        let mut refusals = 0;
        loop {
            // The page first: what was sent on the way to the exec is in the socket by then.
            let woken = listened.look();
            let is_awaited = matches!(*listener, Listener::Awaited);
            match fetch(socket, if woken.is_ok() && is_awaited { TRIES } else { 1 }) {
                _ if !is_awaited => (),
                Ok(fd) => *listener = Listener::Here(fd),
                Err(Errno::EAGAIN | Errno::EINTR | Errno::EPIPE) => (),
                // Where the child has become the program, the listener waits in the socket.
                Err(_) if woken.is_ok() => (),
                Err(_) if refusals < MOST_REFUSALS => {
                    refusals += 1;
                    let _ = sys::sleep(&abi::Timespec { seconds: 0, nanoseconds: 1_000_000 });
                }
                // A call of the child's waits, perhaps, which only the listener could let go.
                Err(errno) => {
                    listened.name.kill();
                    *listener = Listener::Refused(errno);
                }
            }
            let value = match woken {
                Ok(woken) => return woken,
                Err(value) => value,
            };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let patience = listened.patience(value).min(left.unwrap_or(Duration::MAX)).min(PATIENCE);
            // A call of the program's, which only the caller answers, comes after the page says that the exec is done.
            let here = match &*listener {
                Listener::Here(fd) => Some(fd),
                _ => None,
            };
            if stopped(socket, listened, here, patience)
                && listened.look().is_err()
                && !here.is_some_and(|listener| let_go(listener.as_fd()))
            {
                // Without a listener the kernel refuses what would have to wait for it.
                *listener = Listener::Gone;
            }
            match listened.look_for_death(|| false) {
                Some(Woken::Dead) => return Woken::Dead,
                _ if deadline.is_some_and(|deadline| Instant::now() >= deadline) => return Woken::NotYet,
                _ => (),
            }
        }
    }
}

/// For how long a fork of the caller's that has the child's end of the socket may keep the caller from noticing an exec.
const PATIENCE: Duration = Duration::from_millis(5);

/// Sleeps until something has happened, or time is up; whether a call of the child's waits for the listener.
fn stopped(socket: &OwnedFd, listened: &Listened, listener: Option<&OwnedFd>, time: Duration) -> bool {
    let watch =
        |fd: Option<&OwnedFd>| abi::PollFd { fd: fd.map_or(-1, AsRawFd::as_raw_fd), events: abi::POLLIN, revents: 0 };
    let mut fds = [watch(Some(socket)), watch(listened.name.pidfd.as_ref()), watch(listener)];
    let time = abi::Timespec { seconds: time.as_secs() as i64, nanoseconds: time.subsec_nanos() as i64 };
    if sys::poll(&mut fds, Some(&time)).is_err() {
        let _ = sys::sleep(&abi::Timespec { seconds: 0, nanoseconds: 200_000 });
        return false;
    }
    let [_, _, listener] = fds;
    listener.revents & abi::POLLIN != 0
}

/// Room for one descriptor, aligned.
#[repr(C)]
union Control {
    bytes: [u8; 32],
    align: libc::cmsghdr,
}

/// For how many milliseconds a child goes on whose listener cannot be received.
const MOST_REFUSALS: u32 = 200;

/// How often an error is met with another try: it may pass, and without the listener the program would wait for ever.
const TRIES: u32 = 3;

/// The listener, if it has come. It stays in the socket until it is here: where the caller has no descriptor left for it,
/// recvmsg(2) would throw it away.
fn fetch(socket: &OwnedFd, tries: u32) -> Result<OwnedFd, Errno> {
    let copy_and_remove = || {
        loop {
            let message = receive(socket, libc::MSG_PEEK)?;
            if matches!(message, Message::Truncated) {
                return Err(Errno::EMFILE);
            }
            receive(socket, 0)?;
            if let Message::Listener(fd) = message {
                return Ok(fd);
            }
        }
    };
    match copy_and_remove() {
        Err(errno) if errno != Errno::EPIPE && tries > 1 => fetch(socket, tries - 1),
        fetched => fetched,
    }
}

enum Message {
    /// The child has said something in the page.
    Word,
    Listener(OwnedFd),
    /// A listener, and no number for it; or without MSG_PEEK.
    Truncated,
}

/// recvmsg(2): a message, if one is there. With MSG_PEEK it stays where it is; without, its descriptor is not asked for.
fn receive(socket: &OwnedFd, flags: i32) -> Result<Message, Errno> {
    let mut byte = 0u8;
    let mut control = Control { bytes: [0; 32] };
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
    // SAFETY: kernel contract, man 3 cmsg: the message was filled, and its buffer is aligned.
    let header = unsafe { libc::CMSG_FIRSTHDR(&message) };
    // SAFETY: kernel contract, man 3 cmsg: NULL or a header in the buffer.
    let rights = unsafe { header.as_ref() }
        .is_some_and(|header| header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS);
    if !rights {
        return Ok(if message.msg_flags & libc::MSG_CTRUNC != 0 { Message::Truncated } else { Message::Word });
    }
    // SAFETY: kernel contract, man 7 unix: a message of rights holds at least one new descriptor.
    Ok(Message::Listener(unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<i32>().read_unaligned()) }))
}

/// Room for what newer kernels tell, too.
#[repr(C)]
union Notification {
    told: libc::seccomp_notif,
    room: [u64; 64],
}

/// seccomp_unotify(2): the call goes on as if nobody listened. Whether the kernel knows of that.
fn let_go(listener: BorrowedFd) -> bool {
    let mut notification = Notification { room: [0; 64] };
    // SAFETY: kernel contract, man 2 seccomp_unotify: zeroed room for a notification.
    let got = unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notification) };
    if got < 0 {
        // It was killed meanwhile.
        return Errno::last() == Errno::ENOENT;
    }
    // SAFETY: the kernel has filled it.
    let id = unsafe { notification.told.id };
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: 0, flags };
    // SAFETY: kernel contract, man 2 seccomp_unotify: an answer.
    let sent = unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer) };
    sent == 0 || Errno::last() == Errno::ENOENT
}
