//! A child as the caller holds it: to release, to wait for, to signal.

use super::cgroup::{self, Cgroup};
use super::dying;
use super::failure::Failure;
use super::handshake;
use super::launch::Launched;
use super::name::Name;
use super::outcome::{self, Start};
use super::own;
use super::procfs;
use super::shared::Shared;
use super::wait::Waited;
use crate::page::go;
use crate::plan::Sealed;
use crate::sealed::{clone, mode};
use crate::sentences;
use crate::stage::Stage;
use crate::sys;
use crate::sys::abi::F_DUPFD_CLOEXEC;
use core::ffi::CStr;
use core::sync::atomic::AtomicU32;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// All that ends with the child when it is killed.
pub enum Tree {
    /// The child is the first of its pid namespace: all others go with it.
    Namespace,
    Cgroup,
    Group,
    Unknown,
}

pub struct Child {
    /// The process whose child it is.
    owner: i32,
    pub(super) launched: Launched,
    pub(super) plan: Option<Shared<Sealed>>,
    pub(super) start: Mutex<Start>,
    pub(super) waited: Mutex<Option<Waited>>,
    /// The threads between reaping and remembering.
    pub(super) reapers: AtomicU32,
    pub(super) cgroup: Option<Cgroup>,
    pub(super) tree: Tree,
    /// It leads a process group, or did before it was reaped.
    pub(super) leads_group: bool,
    pub(super) has_init: bool,
    /// The places of the terminal and of the device among what is handed over; before them are the sockets.
    places: [Option<u32>; 2],
    sockets: u32,
    /// It was the built-in image before it was the program.
    pub(super) was_image: bool,
    /// It is the second process of its spawn.
    pub(super) is_second: bool,
}

/// What a child is made of once it has begun.
pub struct Begun {
    pub launched: Launched,
    pub start: Start,
    pub cgroup: Option<Cgroup>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Child {
    pub fn new(Begun { launched, start, cgroup }: Begun, plan: Shared<Sealed>) -> Child {
        let leads_group = plan.session != 0 || plan.group.get() == Some(0);
        let tree = if plan.first != 0 {
            Tree::Namespace
        } else if cgroup.is_some() {
            Tree::Cgroup
        } else if leads_group {
            Tree::Group
        } else {
            Tree::Unknown
        };
        let (has_init, sockets) = (plan.init != 0, plan.listens.len);
        let terminal = (plan.makes_terminal != 0).then_some(sockets);
        let tun = (plan.tun_flags != 0).then_some(sockets + plan.makes_terminal);
        let places = [terminal, tun];
        let (was_image, is_second) = (plan.mode == mode::FRESH, plan.second_clone != clone::NONE);
        Child {
            owner: own::pid(),
            launched,
            plan: (start == Start::Held).then_some(plan),
            start: Mutex::new(start),
            waited: Mutex::new(None),
            reapers: AtomicU32::new(0),
            cgroup,
            tree,
            leads_group,
            has_init,
            places,
            sockets,
            was_image,
            is_second,
        }
    }

    /// Whether this is the process whose child it is: in a fork of it the descriptors may be anything.
    pub(super) fn ours(&self) -> Result<(), Errno> {
        if self.owner == own::pid() { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// Lets a held child go, and comes back when it is the program, has failed, or time is up.
    pub fn release(&self, timeout: Option<Duration>) -> Result<(), Failure> {
        self.ours().map_err(|errno| Failure::not_now(errno, sentences::OTHERS_CHILD))?;
        let mut start = lock(&self.start);
        let never = |why| Err(Failure::not_now(Errno::EINVAL, why));
        let Some(plan) = &self.plan else { return never(sentences::IS_PROGRAM) };
        match *start {
            Start::Running(_) => return never(sentences::IS_PROGRAM),
            Start::Failed => return never(sentences::START_FAILED),
            _ if plan.execs == 0 => return never(sentences::NEVER_RUNS),
            Start::Held => self.let_go(plan, timeout.is_none())?,
            Start::LetGo => (),
        }
        *start = Start::LetGo;
        self.hear(plan, &mut start, timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    fn hear(&self, plan: &Shared<Sealed>, start: &mut Start, deadline: Option<Instant>) -> Result<(), Failure> {
        let came_to = outcome::until_running(&self.launched, plan, deadline);
        *start = *came_to.as_ref().unwrap_or(&Start::Failed);
        self.launched.let_go_of_page(start.is_past_the_page());
        match came_to.map_err(|failure| cgroup::explain(self.cgroup.as_ref(), failure))? {
            Start::LetGo => Err(Failure::not_now(Errno::ETIMEDOUT, sentences::NOT_YET)),
            _ => Ok(()),
        }
    }

    fn let_go(&self, plan: &Shared<Sealed>, for_ever: bool) -> Result<(), Failure> {
        let thread = self.launched.thread;
        if plan.parent_death != 0 && plan.parent_death_process == 0 && !is_alive(self.owner, thread) {
            return Err(Failure::at(Stage::ParentDeath, Errno::ESRCH, plan).item(-1, sentences::THREAD_GONE.text()));
        }
        let awaited = for_ever && nix::unistd::gettid().as_raw() == thread;
        let terms = if awaited { go::AWAITED } else { go::ON };
        handshake::let_go(&self.launched, terms).map_err(|errno| Failure::at(Stage::Wait, errno, plan))
    }

    pub fn pid(&self) -> Result<i32, Errno> {
        self.ours().map(|()| self.launched.pid())
    }

    pub fn pidfd(&self) -> Result<i32, Errno> {
        self.ours()?;
        self.launched.pidfd().map(AsRawFd::as_raw_fd).ok_or(Errno::ENOSYS)
    }

    /// Another pidfd of it, for as long as its owner likes.
    pub fn take_pidfd(&self) -> Result<OwnedFd, Errno> {
        self.ours()?;
        let pidfd = self.launched.pidfd().ok_or(Errno::ENOSYS)?;
        let copy = sys::fcntl(pidfd.as_raw_fd(), F_DUPFD_CLOEXEC, 0);
        // SAFETY: kernel contract, man 2 F_DUPFD: a new descriptor of our own.
        copy.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }).map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    }

    /// Sends a signal to the program of an init. The init would send it on, but has no right to where the program has become
    /// another user; the caller may have.
    fn signal_program(&self, signal: i32) -> bool {
        // Those are for all, and for the init.
        if matches!(signal, 0 | libc::SIGKILL | libc::SIGSTOP) {
            return false;
        }
        let program = procfs::program_of(self.launched.name());
        program.is_some_and(|program| sys::pidfd_send_signal(program.as_raw_fd(), signal, 0).is_ok())
    }

    /// Sends a signal to the child, and never to whoever got its pid later.
    pub fn signal(&self, signal: i32) -> Result<(), Errno> {
        self.ours()?;
        let waited = lock(&self.waited);
        if waited.is_some() {
            return Err(Errno::ESRCH);
        }
        if self.has_init && self.signal_program(signal) {
            return Ok(());
        }
        let answer = match self.launched.pidfd() {
            Some(pidfd) => sys::pidfd_send_signal(pidfd.as_raw_fd(), signal, 0),
            None => Err(sys::Errno(libc::ENOSYS)),
        };
        let answer = match answer {
            // Not reaped by us; by somebody else it must not be where there are no pidfds.
            Err(sys::Errno(libc::ENOSYS)) => sys::kill(self.launched.pid(), signal),
            answer => answer,
        };
        answer.map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    }

    /// The listener of its filters, once it is the program; it is handed over.
    pub fn seccomp_fd(&self) -> Result<OwnedFd, Errno> {
        self.ours()?;
        let listening = self.launched.listening.as_ref().ok_or(Errno::ENOENT)?;
        // A thread in release holds the lock, and the listener.
        match self.start.try_lock().map_or(Start::LetGo, |start| *start) {
            Start::Running(_) => listening.take_listener(self.launched.ends.lifeline.as_ref()),
            Start::Held | Start::LetGo => Err(Errno::EAGAIN),
            Start::Failed => Err(Errno::ENOENT),
        }
    }

    /// A descriptor of what is inside; it is handed over.
    pub fn handed_fd(&self, place: usize) -> Result<OwnedFd, Errno> {
        self.ours()?;
        let listening = self.launched.listening.as_ref().ok_or(Errno::ENOENT)?;
        if self.start.try_lock().is_ok_and(|start| *start == Start::Failed) {
            return Err(Errno::ENOENT);
        }
        listening.take_handed(place, self.launched.ends.lifeline.as_ref())
    }

    /// The caller's end of the terminal.
    pub fn terminal_fd(&self) -> Result<OwnedFd, Errno> {
        let [terminal, _] = self.places;
        self.handed_fd(terminal.map_or(usize::MAX, |place| place as usize))
    }

    /// The descriptor of the network device.
    pub fn tun_fd(&self) -> Result<OwnedFd, Errno> {
        let [_, tun] = self.places;
        self.handed_fd(tun.map_or(usize::MAX, |place| place as usize))
    }

    /// The socket of the so many-th `listen`.
    pub fn listen_fd(&self, index: u32) -> Result<OwnedFd, Errno> {
        if index >= self.sockets { Err(Errno::ENOENT) } else { self.handed_fd(index as usize) }
    }

    /// Asks /proc for what it shows to the child's equals alone. When the caller hears of an exec, the kernel is still in the
    /// middle of it, and for a moment the child is what it was before.
    fn of_program<T>(&self, ask: impl Fn() -> Result<T, Errno>) -> Result<T, Errno> {
        for _ in 0..20 {
            match ask() {
                Err(Errno::EACCES) => std::thread::sleep(Duration::from_micros(500)),
                answer => return answer,
            }
        }
        ask()
    }

    /// A new descriptor of one of the child's namespaces.
    pub fn namespace_fd(&self, name: &CStr) -> Result<OwnedFd, Errno> {
        self.ours()?;
        // A time namespace that was created is entered by an exec, which is still to come, or never comes.
        let before_exec = self.start.try_lock().is_ok_and(|start| !matches!(*start, Start::Running(_)));
        let name = if before_exec && name == c"time" { c"time_for_children" } else { name };
        let ask = || procfs::namespace(self.launched.name(), name);
        let fd = if before_exec { ask() } else { self.of_program(ask) };
        // Still there, so the pid was its own; and not ended, so it is the kernel that has no such namespaces.
        self.signal(0)?;
        match fd {
            Err(Errno::ENOENT | Errno::EACCES) if self.until_ended(Some(Duration::ZERO), None).is_ok() => {
                Err(Errno::ESRCH)
            }
            fd => fd,
        }
    }
}

impl Child {
    fn end(&mut self) {
        if self.launched.second.get().is_none() {
            self.launched.first.kill();
            dying::reap(Name { pidfd: self.launched.first.pidfd.take(), ..self.launched.first });
        }
        let leaves = self.plan.as_ref().is_some_and(|plan| plan.second_clone != clone::NONE);
        // It may have left the rest to another by then.
        if self.launched.second.get().is_some() || leaves && outcome::second(&self.launched).is_some() {
            self.launched.name().kill();
            self.launched.second.take().into_iter().for_each(dying::reap);
        }
    }
}

/// A child whose start was never reported, or that only holds, does not outlive its handle.
impl Drop for Child {
    fn drop(&mut self) {
        // In a fork the descriptors are copies; closing them does nothing to the child.
        // The locks there may be held for ever by a thread that the fork does not have.
        let unfinished = |child: &Child| matches!(*lock(&child.start), Start::Held | Start::LetGo);
        if self.ours().is_ok() && unfinished(self) && lock(&self.waited).is_none() {
            self.end();
        }
        dying::reap_ended();
        // What every child has is closed without the way through libc.
        if let Some(pidfd) = self.launched.first.pidfd.take() {
            let _ = sys::close(pidfd.into_raw_fd());
        }
    }
}

fn is_alive(process: i32, thread: i32) -> bool {
    // SAFETY: kernel contract, man 2 tgkill; signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, 0) == 0 }
}
