//! A child that sends the caller descriptors, over the lifeline, a socket. Those of what is inside wait there until the caller
//! asks for them. The listener of a filter is received at once: as long as the child is not the program, which only the
//! caller can answer for, whatever the library's own code is stopped for goes on.

use super::channel_wait::{Listened, Woken};
use crate::attr::owned::{NoMemory, list_for};
use crate::sealed::{Plan, message};
use crate::sys::abi::MOST_RIGHTS;
use crate::sys::{self, abi};
use alloc::vec::Vec;
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// What a child sends, on its way to the caller's code.
pub struct Listening(Mutex<Arrived>);

struct Arrived {
    listener: Listener,
    /// In the order of the plan, each until it is handed over. There is room for all of them.
    handed: Vec<Option<OwnedFd>>,
    /// They are still to be received.
    handed_awaited: bool,
}

enum Listener {
    /// The child has not sent it yet, or it waits in the socket.
    Awaited,
    Here(OwnedFd),
    /// It could not be received, and the child was killed for that.
    Refused(Errno),
    /// It was handed over, or closed; or no filter has one.
    Gone,
}

impl Arrived {
    fn keep(&mut self, message: Received) {
        let fds = message.fds.into_iter().flatten();
        match message.kind {
            message::LISTENER => fds.for_each(|fd| self.listener = Listener::Here(fd)),
            message::HANDED => {
                self.handed_awaited = false;
                let room = self.handed.capacity();
                self.handed.extend(fds.take(room).map(Some));
            }
            _ => (),
        }
    }
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
    pub fn new(plan: &Plan) -> Result<Listening, NoMemory> {
        let handed = if plan.handed != 0 { list_for(plan.handed as usize)? } else { Vec::new() };
        let listener = if plan.listener != 0 { Listener::Awaited } else { Listener::Gone };
        Ok(Listening(Mutex::new(Arrived { listener, handed, handed_awaited: plan.handed != 0 })))
    }

    /// Hands over the descriptor at this place. As long as they could not be received, all are still in the socket.
    pub fn take_handed(&self, place: usize, socket: Option<&OwnedFd>) -> Result<OwnedFd, Errno> {
        // A thread in release holds the lock where there is a listener, for as long as the child takes.
        let mut arrived = match self.0.try_lock() {
            Ok(arrived) => arrived,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Errno::EAGAIN),
        };
        if let (true, Some(socket)) = (arrived.handed_awaited, socket) {
            fetch(socket, &mut arrived, message::HANDED, TRIES).map_err(told)?;
        }
        arrived.handed.get_mut(place).and_then(Option::take).ok_or(Errno::ENOENT)
    }

    /// Hands the listener over. If it could not be received before, it is still in the socket.
    pub fn take_listener(&self, socket: Option<&OwnedFd>) -> Result<OwnedFd, Errno> {
        let mut arrived = self.lock();
        if let (Listener::Awaited, Some(socket)) = (&arrived.listener, socket) {
            fetch(socket, &mut arrived, message::LISTENER, TRIES).map_err(told)?;
        }
        match core::mem::replace(&mut arrived.listener, Listener::Gone) {
            Listener::Here(fd) => Ok(fd),
            // That the child was killed for it came too late: it was the program.
            refused @ Listener::Refused(errno) => {
                arrived.listener = refused;
                Err(told(errno))
            }
            _ => Err(Errno::ENOENT),
        }
    }

    /// Why the listener could not be received, where the child was killed for that.
    pub fn refused(&self) -> Option<Errno> {
        match self.lock().listener {
            Listener::Refused(errno) => Some(errno),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Arrived> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until there is something to hear, or time is up, and meanwhile answers for what the listener is told. The
    /// child's end of the socket closes when the child leaves, or a little later where a fork of the caller has it too.
    pub fn listen(&self, listened: &Listened, socket: &OwnedFd, deadline: Option<Instant>) -> Woken {
        let mut arrived = self.lock();
        let mut refusals = 0;
        loop {
            // The page first: what was sent on the way to the exec is in the socket by then.
            let woken = listened.look();
            let is_awaited = matches!(arrived.listener, Listener::Awaited);
            let tries = if woken.is_ok() && is_awaited { TRIES } else { 1 };
            match fetch(socket, &mut arrived, message::LISTENER, tries) {
                _ if !is_awaited => (),
                Ok(()) | Err(Errno::EAGAIN | Errno::EINTR | Errno::EPIPE) => (),
                // Where the child has become the program, the listener waits in the socket.
                Err(_) if woken.is_ok() => (),
                Err(_) if refusals < MOST_REFUSALS => {
                    refusals += 1;
                    let _ = sys::sleep(&abi::Timespec { seconds: 0, nanoseconds: 1_000_000 });
                }
                // A call of the child's waits, perhaps, which only the listener could let go.
                Err(errno) => {
                    listened.process.kill();
                    arrived.listener = Listener::Refused(errno);
                }
            }
            let value = match woken {
                Ok(woken) => return woken,
                Err(value) => value,
            };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let patience = listened.patience(value).min(left.unwrap_or(Duration::MAX)).min(PATIENCE);
            // A call of the program's, which only the caller answers, comes after the page says that the exec is done.
            let here = match &arrived.listener {
                Listener::Here(fd) => Some(fd),
                _ => None,
            };
            if stopped(socket, listened, here, patience)
                && listened.look().is_err()
                && !here.is_some_and(|listener| let_go(listener.as_fd()))
            {
                // Without a listener the kernel refuses what would have to wait for it.
                arrived.listener = Listener::Gone;
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
    let mut fds = [watch(Some(socket)), watch(listened.process.pidfd.as_ref()), watch(listener)];
    let time = abi::Timespec { seconds: time.as_secs() as i64, nanoseconds: time.subsec_nanos() as i64 };
    if sys::poll(&mut fds, Some(&time)).is_err() {
        let _ = sys::sleep(&abi::Timespec { seconds: 0, nanoseconds: 200_000 });
        return false;
    }
    let [_, _, listener] = fds;
    listener.revents & abi::POLLIN != 0
}

/// Room for all descriptors of a message, aligned; what the socket's owner may have asked for besides has room, too.
#[repr(C)]
union Control {
    bytes: [u8; 256],
    align: libc::cmsghdr,
}

const _: () = assert!(256 >= 2 * size_of::<libc::cmsghdr>() + MOST_RIGHTS * size_of::<i32>());

/// For how many milliseconds a child goes on whose listener cannot be received.
const MOST_REFUSALS: u32 = 200;

/// How often an error is met with another try: it may pass, and without the listener the program would wait for ever.
const TRIES: u32 = 3;

/// Receives until a message of this kind has come. Each stays in the socket until its descriptors are here: where the caller
/// has no number left for one, recvmsg(2) would throw it away.
fn fetch(socket: &OwnedFd, arrived: &mut Arrived, kind: u8, tries: u32) -> Result<(), Errno> {
    let mut copy_and_remove = || {
        loop {
            let received = receive(socket, libc::MSG_PEEK)?;
            if received.is_truncated {
                return Err(Errno::EMFILE);
            }
            receive(socket, 0)?;
            let is_last = received.kind == kind;
            arrived.keep(received);
            if is_last {
                return Ok(());
            }
        }
    };
    match copy_and_remove() {
        Err(errno) if errno != Errno::EPIPE && tries > 1 => fetch(socket, arrived, kind, tries - 1),
        fetched => fetched,
    }
}

struct Received {
    /// A constant of `message`.
    kind: u8,
    fds: [Option<OwnedFd>; MOST_RIGHTS],
    /// There were no numbers for all of them; or it is without MSG_PEEK.
    is_truncated: bool,
}

/// recvmsg(2): a message, if one is there. With MSG_PEEK it stays where it is; without, its descriptors are not asked for.
fn receive(socket: &OwnedFd, flags: i32) -> Result<Received, Errno> {
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

/// man 3 cmsg: the new descriptors of a message that the kernel has filled.
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
