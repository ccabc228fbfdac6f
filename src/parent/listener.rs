//! A child one of whose filters has a listener. It comes with the reports; and as long as the child is not the program,
//! which only the caller can answer for, whatever the library's own code is stopped for goes on.

use super::launch::Launched;
use super::settle::{self, Heard, remaining};
use crate::report::{Report, kind};
use crate::stage::{Row, Stage};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What was heard of such a child so far.
#[derive(Default)]
pub struct Listening {
    listener: Mutex<Option<OwnedFd>>,
    exec: AtomicBool,
    blamed: AtomicU32,
}

/// The two ends for reports: of a socket, which carries descriptors.
pub fn socket() -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: kernel contract, man 2 socketpair: two numbers are written.
    Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })?;
    // SAFETY: kernel contract, man 2 socketpair: new descriptors of our own.
    let [callers, childs] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    Ok((callers, childs))
}

impl Listening {
    /// Hands the listener over.
    pub fn take(&self) -> Option<OwnedFd> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens until the child is held, has failed, or has no more to say.
    pub fn listen(&self, launched: &Launched, reports: &OwnedFd, deadline: Option<Instant>) -> Heard {
        let mut listener = self.lock();
        loop {
            let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
            let death = launched.pidfd().unwrap_or(reports).as_fd();
            let stopped = listener.as_ref().unwrap_or(reports).as_fd();
            let mut fds = [watch(reports.as_fd()), watch(death), watch(stopped)];
            match poll(&mut fds, remaining(deadline)) {
                Ok(0) => return Heard::NotYet,
                Ok(_) => (),
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                Err(_) => return Heard::Died(None),
            }
            let [speaks, dead, stopped] = fds.each_ref().map(|fd| fd.revents().unwrap_or(PollFlags::POLLERR));
            // A child that is stopped is not at exec, whose end of the socket would be closed: asked after it was seen stopped.
            if !speaks.is_empty() || has_spoken(reports) {
                match self.hear(reports, &mut listener) {
                    Some(heard) if !settle::is_known(&heard, launched) => return heard,
                    _ => (),
                }
            } else if !dead.is_empty() {
                return self.silence();
            } else if stopped.contains(PollFlags::POLLIN)
                && !listener.as_ref().is_some_and(|listener| let_go(listener.as_fd()))
            {
                // Without a listener the kernel refuses what would have to wait for it.
                *listener = None;
            }
        }
    }

    /// One report; what it comes to, if it is the last.
    fn hear(&self, reports: &OwnedFd, listener: &mut Option<OwnedFd>) -> Option<Heard> {
        let (report, fd) = receive(reports);
        match report {
            Some(report) if report.kind == kind::FAILED => return Some(Heard::Failed(report)),
            Some(report) if report.kind == kind::HELD || report.kind == kind::UNMAPPED => return Some(Heard::Held),
            Some(report) if report.kind == kind::SECOND => return Some(Heard::Second),
            Some(report) if report.kind == kind::LISTENER => *listener = fd,
            Some(report) if report.kind == kind::BLAMED => self.blamed.store(report.stage, Ordering::Relaxed),
            Some(_) => self.exec.store(true, Ordering::Relaxed),
            None => return Some(self.silence()),
        }
        None
    }

    fn silence(&self) -> Heard {
        if self.exec.load(Ordering::Relaxed) {
            return Heard::Exec;
        }
        let blamed = self.blamed.load(Ordering::Relaxed);
        Heard::Died(Row::of(blamed).map(|row| row.stage).filter(|stage| *stage != Stage::None))
    }
}

fn has_spoken(reports: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(reports.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO) != Ok(0)
}

/// Room for one descriptor, aligned.
#[repr(C)]
union Control {
    bytes: [u8; 32],
    align: libc::cmsghdr,
}

/// recvmsg(2): a report, and the descriptor that comes with it; none at the end.
fn receive(reports: &OwnedFd) -> (Option<Report>, Option<OwnedFd>) {
    let mut report = Report::default();
    let mut control = Control { bytes: [0; 32] };
    let mut part = libc::iovec { iov_base: (&raw mut report).cast(), iov_len: size_of::<Report>() };
    // SAFETY: a zeroed msghdr is one.
    let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (&mut part, 1);
    (message.msg_control, message.msg_controllen) = ((&raw mut control).cast(), size_of::<Control>() as _);
    // SAFETY: kernel contract, man 2 recvmsg: the buffers that the message names live.
    let got = unsafe { libc::recvmsg(reports.as_raw_fd(), &mut message, libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT) };
    // SAFETY: kernel contract, man 3 cmsg: the message was filled, and its buffer is aligned.
    let header = unsafe { libc::CMSG_FIRSTHDR(&message) };
    // SAFETY: kernel contract, man 3 cmsg: NULL or a header in the buffer.
    let rights = unsafe { header.as_ref() }
        .is_some_and(|header| header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS);
    let fd = rights.then(|| {
        // SAFETY: kernel contract, man 7 unix: a message of rights holds at least one new descriptor.
        unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<i32>().read_unaligned()) }
    });
    ((got == size_of::<Report>() as isize).then_some(report), fd)
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
