//! Receives the descriptors that a child sends by the lifeline, which is then a socket.
//!
//! Descriptors of sockets, terminals and devices that the child has made stay in the socket until the caller asks for them. The
//! listener of a seccomp filter is received at once. Until the program runs, this answers the listener's notifications and
//! lets all calls go on: they are the library's own. Later only the caller's code answers.

use super::channel_wait::{Listened, Woken};
use super::fd_socket::{Received, receive};
use crate::fallible::{NoMemory, empty_list};
use crate::sealed::{Plan, message};
use crate::sys::{self, abi};
use alloc::vec::Vec;
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// The descriptors of one child, until they are handed over to the caller.
pub struct Listening(Mutex<Arrived>);

struct Arrived {
    listener: Listener,
    /// In the order of the plan. `None`: it was handed over. There is room for all of them.
    handed: Vec<Option<OwnedFd>>,
    /// The child has not sent them yet, or they are in the socket.
    handed_awaited: bool,
}

enum Listener {
    /// The child has not sent it yet, or it is in the socket.
    Awaited,
    Here(OwnedFd),
    /// It could not be received, so the child was killed.
    Refused(Errno),
    /// It was handed over or closed, or no filter has one.
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

/// One of the errnos that the header lists.
fn told(errno: Errno) -> Errno {
    match errno {
        Errno::EAGAIN | Errno::EPIPE => Errno::ENOENT,
        Errno::EMFILE => Errno::EMFILE,
        _ => Errno::EPERM,
    }
}

impl Listening {
    pub fn new(plan: &Plan) -> Result<Listening, NoMemory> {
        let handed = if plan.handed != 0 { empty_list(plan.handed as usize)? } else { Vec::new() };
        let listener = if plan.listener != 0 { Listener::Awaited } else { Listener::Gone };
        Ok(Listening(Mutex::new(Arrived { listener, handed, handed_awaited: plan.handed != 0 })))
    }

    /// Hands over the descriptor at this place. If they cannot be received now, all of them stay in the socket.
    pub fn take_handed(&self, place: usize, socket: Option<&OwnedFd>) -> Result<OwnedFd, Errno> {
        // If there is a listener, a thread in `release` holds the lock until the program runs.
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

    /// Hands the listener over. If it could not be received before, it is still in the socket, and is received now.
    pub fn take_listener(&self, socket: Option<&OwnedFd>) -> Result<OwnedFd, Errno> {
        let mut arrived = self.lock();
        if let (Listener::Awaited, Some(socket)) = (&arrived.listener, socket) {
            fetch(socket, &mut arrived, message::LISTENER, TRIES).map_err(told)?;
        }
        match core::mem::replace(&mut arrived.listener, Listener::Gone) {
            Listener::Here(fd) => Ok(fd),
            // The program ran already when the child was killed.
            refused @ Listener::Refused(errno) => {
                arrived.listener = refused;
                Err(told(errno))
            }
            _ => Err(Errno::ENOENT),
        }
    }

    /// Why the listener could not be received, if the child was killed for that.
    pub fn refused(&self) -> Option<Errno> {
        match self.lock().listener {
            Listener::Refused(errno) => Some(errno),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Arrived> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until there is something to hear, or the time is up, and meanwhile answers the listener. The child's end of the
    /// socket closes when the child leaves its memory, or later if a fork of the caller has it too.
    pub fn listen(&self, listened: &Listened, socket: &OwnedFd, deadline: Option<Instant>) -> Woken {
        let mut arrived = self.lock();
        let mut refusals = 0;
        loop {
            // Look at the page first: if the exec is done, then all that the child has sent is in the socket.
            let woken = listened.look();
            let is_awaited = matches!(arrived.listener, Listener::Awaited);
            let tries = if woken.is_ok() && is_awaited { TRIES } else { 1 };
            match fetch(socket, &mut arrived, message::LISTENER, tries) {
                _ if !is_awaited => (),
                Ok(()) | Err(Errno::EAGAIN | Errno::EINTR | Errno::EPIPE) => (),
                // The program runs. The listener stays in the socket.
                Err(_) if woken.is_ok() => (),
                Err(_) if refusals < MOST_REFUSALS => {
                    refusals += 1;
                    let _ = sys::sleep(&abi::Timespec { seconds: 0, nanoseconds: 1_000_000 });
                }
                // A call of the child may wait for an answer that cannot come without the listener.
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
            // Calls of the program are for the caller's code to answer. Before the first of them, the page says that the exec
            // is done, which is looked at below.
            let here = match &arrived.listener {
                Listener::Here(fd) => Some(fd),
                _ => None,
            };
            if stopped(socket, listened, here, patience)
                && listened.look().is_err()
                && !here.is_some_and(|listener| let_go(listener.as_fd()))
            {
                // Once the listener is closed, the kernel refuses such calls (ENOSYS), and the child does not wait for ever.
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

/// The longest sleep. A fork of the caller may have the child's end of the socket, so that an exec does not close it.
const PATIENCE: Duration = Duration::from_millis(5);

/// Sleeps until something has happened, or the time is up. Whether a call of the child waits for the listener.
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

/// After so many milliseconds a child is killed whose listener cannot be received.
const MOST_REFUSALS: u32 = 200;

/// How often to try to receive. An error may pass, and without the listener the program would wait for ever.
const TRIES: u32 = 3;

/// Receives messages until one of this kind has come. Each is first read with MSG_PEEK, and removed only when its descriptors
/// are here: if the caller has no free descriptor, recvmsg(2) without it would lose them.
fn fetch(socket: &OwnedFd, arrived: &mut Arrived, kind: u8, tries: u32) -> Result<(), Errno> {
    retried(tries, || {
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
    })
}

/// Tries again after an error, but not if the other end is closed.
fn retried(tries: u32, mut attempt: impl FnMut() -> Result<(), Errno>) -> Result<(), Errno> {
    for _ in 1..tries {
        match attempt() {
            Err(errno) if errno != Errno::EPIPE => (),
            done => return done,
        }
    }
    attempt()
}

/// Newer kernels may write more than `told`.
#[repr(C)]
union Notification {
    told: libc::seccomp_notif,
    room: [u64; 64],
}

/// Lets the call that waits for the listener go on. `false`: the listener does not work. seccomp_unotify(2)
fn let_go(listener: BorrowedFd) -> bool {
    let mut notification = Notification { room: [0; 64] };
    // SAFETY: kernel contract, man 2 seccomp_unotify: zeroed room for a notification.
    let got = unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notification) };
    if got < 0 {
        // The child was killed meanwhile.
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

#[cfg(test)]
mod tests {
    use super::super::fd_socket::socket;
    use super::super::process::Process;
    use super::*;
    use crate::page::{OWNER_DIED, Page, WAITERS};
    use crate::sys::abi::MOST_RIGHTS;
    use core::sync::atomic::Ordering;
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::FromRawFd;

    /// Both ends of a lifeline, and what a child of it would be.
    struct Pair {
        callers: OwnedFd,
        childs: OwnedFd,
        page: Page,
        child: Process,
    }

    impl Pair {
        /// No process has the pid i32::MAX.
        fn new(child: i32) -> Pair {
            let (callers, childs) = socket().expect("a socket");
            Pair { callers, childs, page: Page::new(), child: Process::new(child, None) }
        }

        fn listened(&self) -> Listened<'_> {
            Listened { page: &self.page, words: &self.page.first, process: &self.child, heard: 0 }
        }

        /// As the child sends it.
        fn send(&self, kind: u8, fds: &[i32]) {
            let mut rights = abi::Rights { len: 16 + 4 * fds.len(), level: 1, kind: 1, fds: [0; MOST_RIGHTS] };
            rights.fds.iter_mut().zip(fds).for_each(|(to, fd)| *to = *fd);
            let mut byte = kind;
            let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
            // SAFETY: a zeroed msghdr is one.
            let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
            (message.msg_iov, message.msg_iovlen) = (&mut part, 1);
            if !fds.is_empty() {
                (message.msg_control, message.msg_controllen) = ((&raw mut rights).cast(), rights.len as _);
            }
            // SAFETY: kernel contract, man 2 sendmsg: the buffers live.
            assert_eq!(unsafe { libc::sendmsg(self.childs.as_raw_fd(), &message, 0) }, 1);
        }
    }

    /// A file with one byte, by which a copy of its descriptor is known.
    fn marked(mark: u8) -> File {
        // SAFETY: a NUL-terminated literal.
        let fd = unsafe { sys::memfd(c"test".as_ptr().cast(), 1) }.expect("a memfd");
        // SAFETY: kernel contract, man 2 memfd_create: a new descriptor of our own.
        let mut file = unsafe { File::from_raw_fd(fd) };
        file.write_all(&[mark]).expect("a byte");
        file
    }

    fn mark(fd: OwnedFd) -> u8 {
        let mut file = File::from(fd);
        file.rewind().expect("the beginning");
        let mut byte = [0];
        file.read_exact(&mut byte).expect("a byte");
        byte[0]
    }

    fn waiting(listener: Listener, handed: usize) -> Listening {
        let room = if handed > 0 { empty_list(handed).expect("memory") } else { Vec::new() };
        Listening(Mutex::new(Arrived { listener, handed: room, handed_awaited: handed > 0 }))
    }

    /// In a process of its own, which alone has the limit.
    fn in_fork(body: fn()) {
        // SAFETY: kernel contract, man 2 fork.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let failed = std::panic::catch_unwind(body).is_err();
            sys::exit(failed as i32);
        }
        let mut status = -1;
        // SAFETY: kernel contract, man 2 waitpid.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(status, 0);
    }

    /// A child that does nothing until it is killed.
    struct Paused(Process);

    impl Paused {
        fn begin() -> Paused {
            // SAFETY: kernel contract, man 2 fork; the child makes system calls alone.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                loop {
                    // SAFETY: kernel contract, man 2 pause.
                    unsafe { libc::pause() };
                }
            }
            Paused(Process::new(pid, None))
        }
    }

    impl Drop for Paused {
        fn drop(&mut self) {
            self.0.kill();
            self.0.reap();
        }
    }

    /// The process has no number left for a descriptor, until some are closed.
    fn fill_table() -> Vec<OwnedFd> {
        let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
        // SAFETY: kernel contract, man 2 setrlimit.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
        let null = OwnedFd::from(File::open("/dev/null").expect("/dev/null"));
        let mut table: Vec<OwnedFd> = core::iter::from_fn(|| null.try_clone().ok()).collect();
        table.push(null);
        table
    }

    #[test]
    fn errnos_are_those_of_the_header() {
        for (errno, says) in [
            (Errno::EAGAIN, Errno::ENOENT),
            (Errno::EPIPE, Errno::ENOENT),
            (Errno::EMFILE, Errno::EMFILE),
            (Errno::ENOMEM, Errno::EPERM),
            (Errno::EACCES, Errno::EPERM),
        ] {
            assert_eq!(told(errno), says);
        }
    }

    #[test]
    fn descriptors_are_handed_over_by_their_places_and_once() {
        let pair = Pair::new(i32::MAX);
        let listening = waiting(Listener::Gone, 2);
        let take = |place| listening.take_handed(place, Some(&pair.callers));
        // Nothing was sent yet.
        assert_eq!(take(0).err(), Some(Errno::ENOENT));
        let (a, b, c) = (marked(b'a'), marked(b'b'), marked(b'c'));
        pair.send(message::WORD, &[]);
        // One more than was asked for is not kept.
        pair.send(message::HANDED, &[a.as_raw_fd(), b.as_raw_fd(), c.as_raw_fd()]);
        assert_eq!(take(1).map(mark), Ok(b'b'));
        assert_eq!(take(1).err(), Some(Errno::ENOENT));
        assert_eq!(take(2).err(), Some(Errno::ENOENT));
        assert_eq!(take(0).map(mark), Ok(b'a'));
        // Both messages were removed.
        assert_eq!(receive(&pair.callers, libc::MSG_PEEK).err(), Some(Errno::EAGAIN));
    }

    #[test]
    fn descriptors_that_arrive_before_the_listener_are_kept() {
        let pair = Pair::new(i32::MAX);
        let listening = waiting(Listener::Awaited, 1);
        let (handed, listener) = (marked(b'h'), marked(b'l'));
        pair.send(message::HANDED, &[handed.as_raw_fd()]);
        pair.send(message::LISTENER, &[listener.as_raw_fd()]);
        assert_eq!(listening.take_listener(Some(&pair.callers)).map(mark), Ok(b'l'));
        assert_eq!(listening.take_listener(Some(&pair.callers)).err(), Some(Errno::ENOENT));
        drop(pair.childs);
        assert_eq!(listening.take_handed(0, Some(&pair.callers)).map(mark), Ok(b'h'));
    }

    #[test]
    fn a_descriptor_closes_at_an_exec() {
        let pair = Pair::new(i32::MAX);
        let listening = waiting(Listener::Awaited, 0);
        pair.send(message::LISTENER, &[marked(b'l').as_raw_fd()]);
        let fd = listening.take_listener(Some(&pair.callers)).expect("the listener");
        assert_eq!(sys::fcntl(fd.as_raw_fd(), libc::F_GETFD, 0), Ok(libc::FD_CLOEXEC));
    }

    #[test]
    fn a_thread_that_listens_is_not_waited_for() {
        let pair = Pair::new(i32::MAX);
        let listening = waiting(Listener::Gone, 1);
        pair.send(message::HANDED, &[marked(b'h').as_raw_fd()]);
        let listens = listening.lock();
        assert_eq!(listening.take_handed(0, Some(&pair.callers)).err(), Some(Errno::EAGAIN));
        drop(listens);
        assert_eq!(listening.take_handed(0, Some(&pair.callers)).map(mark), Ok(b'h'));
    }

    #[test]
    fn a_child_that_has_ended_sends_nothing() {
        let Pair { callers, childs, .. } = Pair::new(i32::MAX);
        drop(childs);
        let listening = waiting(Listener::Awaited, 1);
        let mut arrived = listening.lock();
        assert_eq!(fetch(&callers, &mut arrived, message::LISTENER, TRIES), Err(Errno::EPIPE));
        drop(arrived);
        assert_eq!(listening.take_listener(Some(&callers)).err(), Some(Errno::ENOENT));
        assert_eq!(listening.take_listener(None).err(), Some(Errno::ENOENT));
    }

    #[test]
    fn why_a_listener_was_refused_is_told_again_and_again() {
        let listening = waiting(Listener::Refused(Errno::EMFILE), 0);
        for _ in 0..2 {
            assert_eq!(listening.refused(), Some(Errno::EMFILE));
            assert_eq!(listening.take_listener(None).err(), Some(Errno::EMFILE));
        }
        assert_eq!(waiting(Listener::Awaited, 0).refused(), None);
    }

    #[test]
    fn a_message_stays_until_there_are_numbers_for_its_descriptors() {
        in_fork(|| {
            let pair = Pair::new(i32::MAX);
            let listening = waiting(Listener::Awaited, 2);
            let (a, b, listener) = (marked(b'a'), marked(b'b'), marked(b'l'));
            pair.send(message::LISTENER, &[listener.as_raw_fd()]);
            pair.send(message::HANDED, &[a.as_raw_fd(), b.as_raw_fd()]);
            let mut table = fill_table();
            for _ in 0..2 {
                assert_eq!(listening.take_listener(Some(&pair.callers)).err(), Some(Errno::EMFILE));
                assert_eq!(listening.take_handed(0, Some(&pair.callers)).err(), Some(Errno::EMFILE));
            }
            table.pop();
            assert_eq!(listening.take_listener(Some(&pair.callers)).map(mark), Ok(b'l'));
            // One number is too few for two descriptors.
            assert_eq!(listening.take_handed(0, Some(&pair.callers)).err(), Some(Errno::EMFILE));
            table.pop();
            assert_eq!(listening.take_handed(1, Some(&pair.callers)).map(mark), Ok(b'b'));
            assert_eq!(listening.take_handed(0, Some(&pair.callers)).map(mark), Ok(b'a'));
        });
    }

    #[test]
    fn a_message_without_descriptors_or_with_others_than_descriptors_has_none() {
        let pair = Pair::new(i32::MAX);
        pair.send(message::WORD, &[]);
        let received = receive(&pair.callers, libc::MSG_PEEK).expect("a message");
        assert_eq!((received.kind, received.is_truncated), (message::WORD, false));
        assert!(received.fds.iter().all(Option::is_none));
        // The socket's owner may have asked for the sender's ids.
        let on = 1i32;
        // SAFETY: kernel contract, man 7 unix: an int.
        let set = unsafe {
            libc::setsockopt(pair.callers.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PASSCRED, (&raw const on).cast(), 4)
        };
        assert_eq!(set, 0);
        pair.send(message::WORD, &[]);
        receive(&pair.callers, 0).expect("the first");
        let received = receive(&pair.callers, libc::MSG_PEEK).expect("the second");
        assert!(!received.is_truncated && received.fds.iter().all(Option::is_none));
    }

    #[test]
    fn as_many_descriptors_as_there_are_in_the_message() {
        let pair = Pair::new(i32::MAX);
        let file = marked(b'x');
        for count in [1, 2, MOST_RIGHTS] {
            pair.send(message::HANDED, &[file.as_raw_fd(); MOST_RIGHTS][..count]);
            let received = receive(&pair.callers, libc::MSG_PEEK).expect("a message");
            assert_eq!(received.fds.iter().flatten().count(), count);
            assert!(!received.is_truncated);
            let removed = receive(&pair.callers, 0).expect("the same");
            assert!(removed.fds.iter().all(Option::is_none) && removed.is_truncated);
        }
    }

    #[test]
    fn a_call_waits_if_the_listener_is_readable() {
        let pair = Pair::new(i32::MAX);
        let listened = pair.listened();
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let reader = OwnedFd::from(reader);
        let ask = |listener| stopped(&pair.callers, &listened, listener, Duration::ZERO);
        assert!(!ask(None) && !ask(Some(&reader)));
        pair.send(message::WORD, &[]);
        assert!(!ask(Some(&reader)));
        writer.write_all(b"x").expect("a byte");
        assert!(ask(Some(&reader)) && !ask(None));
        // Nothing is asked for any more.
        drop((reader, writer));
    }

    #[test]
    fn a_sleep_ends_with_what_the_child_sends() {
        let pair = Pair::new(i32::MAX);
        let begin = Instant::now();
        pair.send(message::WORD, &[]);
        stopped(&pair.callers, &pair.listened(), None, Duration::from_secs(60));
        assert!(begin.elapsed() < Duration::from_secs(30));
        receive(&pair.callers, 0).expect("the message");
        let begin = Instant::now();
        stopped(&pair.callers, &pair.listened(), None, Duration::from_millis(1200));
        assert!(begin.elapsed() >= Duration::from_millis(1200));
    }

    #[test]
    fn what_is_no_listener_lets_nobody_go() {
        assert!(!let_go(marked(b'x').as_fd()));
    }

    /// A deadline so far away that it is not reached.
    fn far() -> Option<Instant> {
        Instant::now().checked_add(Duration::from_secs(60))
    }

    #[test]
    fn time_is_up() {
        let child = Paused::begin();
        let pair = Pair::new(child.0.pid);
        let listening = waiting(Listener::Awaited, 0);
        let begin = Instant::now();
        let deadline = begin.checked_add(Duration::from_millis(30));
        assert_eq!(listening.listen(&pair.listened(), &pair.callers, deadline), Woken::NotYet);
        assert!(begin.elapsed() >= Duration::from_millis(30));
        // It is still waited for.
        pair.send(message::LISTENER, &[marked(b'l').as_raw_fd()]);
        assert_eq!(listening.take_listener(Some(&pair.callers)).map(mark), Ok(b'l'));
    }

    #[test]
    fn an_error_is_met_with_some_more_tries_unless_the_other_end_is_closed() {
        let tried = |tries, answers: [Result<(), Errno>; 3]| {
            let mut next = answers.iter();
            let answer = retried(tries, || *next.next().expect("no more tries"));
            (answer, 3 - next.len())
        };
        let (passes, refused) = (Err(Errno::EMFILE), Err(Errno::EPERM));
        assert_eq!(tried(3, [passes, passes, Ok(())]), (Ok(()), 3));
        assert_eq!(tried(3, [passes, passes, refused]), (refused, 3));
        assert_eq!(tried(3, [Ok(()), passes, passes]), (Ok(()), 1));
        assert_eq!(tried(3, [passes, Err(Errno::EPIPE), Ok(())]), (Err(Errno::EPIPE), 2));
        assert_eq!(tried(1, [passes, Ok(()), Ok(())]), (passes, 1));
    }

    #[test]
    fn a_word_comes_with_the_listener_that_was_sent_before() {
        let pair = Pair::new(i32::MAX);
        let listening = waiting(Listener::Awaited, 0);
        pair.send(message::LISTENER, &[marked(b'l').as_raw_fd()]);
        pair.page.spoken.store(1, Ordering::Release);
        assert_eq!(listening.listen(&pair.listened(), &pair.callers, far()), Woken::Spoken);
        assert_eq!(listening.take_listener(None).map(mark), Ok(b'l'));
    }

    #[test]
    fn a_child_that_has_left_is_noticed() {
        let pair = Pair::new(i32::MAX);
        let listening = waiting(Listener::Gone, 0);
        pair.page.first.word.store(OWNER_DIED | WAITERS, Ordering::Release);
        assert_eq!(listening.listen(&pair.listened(), &pair.callers, far()), Woken::Left);
    }

    #[test]
    fn a_child_that_nothing_marks_is_noticed_when_it_is_dead() {
        let pair = Pair::new(i32::MAX);
        let listening = waiting(Listener::Gone, 0);
        assert_eq!(listening.listen(&pair.listened(), &pair.callers, far()), Woken::Dead);
    }

    #[test]
    fn a_child_whose_listener_cannot_come_is_killed() {
        in_fork(|| {
            let child = Paused::begin();
            let pair = Pair::new(child.0.pid);
            let listening = waiting(Listener::Awaited, 0);
            pair.send(message::LISTENER, &[marked(b'l').as_raw_fd()]);
            let _table = fill_table();
            let begin = Instant::now();
            assert_eq!(listening.listen(&pair.listened(), &pair.callers, far()), Woken::Dead);
            // The error may pass: it is tried again for so long.
            assert!(begin.elapsed() >= Duration::from_millis(u64::from(MOST_REFUSALS)));
            assert_eq!(listening.refused(), Some(Errno::EMFILE));
            assert_eq!(pair.child.reap().map(|end| end.signal()), Some(libc::SIGKILL));
        });
    }

    #[test]
    fn a_listener_that_cannot_come_to_a_program_stays_in_the_socket() {
        in_fork(|| {
            let pair = Pair::new(i32::MAX);
            let listening = waiting(Listener::Awaited, 0);
            pair.send(message::LISTENER, &[marked(b'l').as_raw_fd()]);
            pair.page.first.word.store(OWNER_DIED, Ordering::Release);
            let table = fill_table();
            assert_eq!(listening.listen(&pair.listened(), &pair.callers, far()), Woken::Left);
            assert_eq!(listening.refused(), None);
            drop(table);
            assert_eq!(listening.take_listener(Some(&pair.callers)).map(mark), Ok(b'l'));
        });
    }
}
