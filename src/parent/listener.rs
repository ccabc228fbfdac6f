//! A child one of whose filters has a listener. It comes over the lifeline, a socket; and as long as the child is not the
//! program, which only the caller can answer for, whatever the library's own code is stopped for goes on.

use super::channel::{Listened, Woken};
use crate::sys::{self, abi};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The listener, once it has come.
#[derive(Default)]
pub struct Listening(Mutex<Option<OwnedFd>>);

/// The two ends of a lifeline that carries a descriptor.
pub fn socket() -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: kernel contract, man 2 socketpair: two numbers are written.
    Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })?;
    // SAFETY: kernel contract, man 2 socketpair: new descriptors of our own.
    let [callers, childs] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    // Whoever may not receive would have a program that waits for ever for its listener to answer.
    match receive(&callers) {
        Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok((callers, childs)),
        Err(errno) => Err(errno),
    }
}

impl Listening {
    /// Hands the listener over.
    pub fn take(&self) -> Option<OwnedFd> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until there is something to hear, or time is up, and meanwhile answers for what the listener is told. The
    /// child's end of the socket closes when the child leaves, or a little later where a fork of the caller has it too.
    pub fn listen(&self, listened: &Listened, socket: &OwnedFd, deadline: Option<Instant>) -> Woken {
        let mut listener = self.lock();
        loop {
            // Before the page is looked at: what came on the way to the exec is here by then.
            let woken = listened.look();
            while let Ok(message) = receive(socket) {
                if message.is_some() {
                    *listener = message;
                }
            }
            let value = match woken {
                Ok(woken) => return woken,
                Err(value) => value,
            };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let patience = listened.patience(value).min(left.unwrap_or(Duration::MAX)).min(PATIENCE);
            // A call of the program's, which only the caller answers, comes after the page says that the exec is done.
            if stopped(socket, listened, listener.as_ref(), patience)
                && listened.look().is_err()
                && !listener.as_ref().is_some_and(|listener| let_go(listener.as_fd()))
            {
                // Without a listener the kernel refuses what would have to wait for it.
                *listener = None;
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

/// recvmsg(2): a message, if one is there, and the descriptor that comes with it.
fn receive(socket: &OwnedFd) -> Result<Option<OwnedFd>, Errno> {
    let mut byte = 0u8;
    let mut control = Control { bytes: [0; 32] };
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    // SAFETY: a zeroed msghdr is one.
    let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (&mut part, 1);
    (message.msg_control, message.msg_controllen) = ((&raw mut control).cast(), size_of::<Control>() as _);
    // SAFETY: kernel contract, man 2 recvmsg: the buffers that the message names live.
    let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT) };
    if Errno::result(got)? == 0 {
        return Err(Errno::EPIPE);
    }
    // SAFETY: kernel contract, man 3 cmsg: the message was filled, and its buffer is aligned.
    let header = unsafe { libc::CMSG_FIRSTHDR(&message) };
    // SAFETY: kernel contract, man 3 cmsg: NULL or a header in the buffer.
    let rights = unsafe { header.as_ref() }
        .is_some_and(|header| header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS);
    Ok(rights.then(|| {
        // SAFETY: kernel contract, man 7 unix: a message of rights holds at least one new descriptor.
        unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<i32>().read_unaligned()) }
    }))
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
