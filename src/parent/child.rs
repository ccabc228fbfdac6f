//! The handle by which the caller has a child. `wait`, `tree` and `detach` have more of its methods.

use super::cgroup::{self, Cgroup};
use super::failure::Failure;
use super::launched::Launched;
use super::outcome::{self, Start};
use super::process::Process;
use super::second_process::second;
use super::waited::Waited;
use super::{deferred_reap, procfs, this_process, usage};
use crate::page::go;
use crate::plan::Sealed;
use crate::sealed::{clone, init, mode};
use crate::sentences;
use crate::shared::Shared;
use crate::stage::Stage;
use crate::sys;
use crate::sys::abi::F_DUPFD_CLOEXEC;
use core::ffi::CStr;
use core::sync::atomic::AtomicU32;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How the child's descendants are known, to be killed with it.
pub enum Tree {
    /// The child is the first process of its pid namespace: the kernel kills all others in there with it.
    Namespace,
    Cgroup,
    Group,
    Unknown,
}

pub struct Child {
    /// This process. A fork of it has the handle too, but not the child.
    parent_pid: i32,
    pub(super) launched: Launched,
    pub(super) plan: Option<Shared<Sealed>>,
    pub(super) start: Mutex<Start>,
    pub(super) waited: Mutex<Option<Waited>>,
    /// How many threads have reaped the child, or are about to, and have not stored `waited` yet.
    pub(super) reapers: AtomicU32,
    pub(super) cgroup: Option<Cgroup>,
    pub(super) tree: Tree,
    /// It leads a process group; or did, before it was reaped.
    pub(super) leads_group: bool,
    pub(super) has_init: bool,
    /// The init goes on when the program has ended.
    pub(super) lingers: bool,
    /// The places of the terminal and of the device among the descriptors that are handed over. The sockets are before them.
    places: [Option<u32>; 2],
    sockets: u32,
    /// The child was the built-in image before it became the program.
    pub(super) was_image: bool,
    /// The child is the second process of its spawn.
    pub(super) is_second: bool,
    /// The caller's own peak of memory when it had made the child.
    pub(super) max_rss_floor: u64,
    /// The `program_change` of the page that a wait has told.
    pub(super) change_told: AtomicU32,
}

/// What a handle is made of.
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
        let (has_init, lingers) = (plan.init != init::NONE, plan.init == init::LINGERS);
        let sockets = plan.listens.len;
        let terminal = (plan.makes_terminal != 0).then_some(sockets);
        let tun = (plan.tun_flags != 0).then_some(sockets + plan.makes_terminal);
        let places = [terminal, tun];
        let (was_image, is_second) = (plan.mode == mode::FRESH, plan.second_clone != clone::NONE);
        Child {
            parent_pid: this_process::pid(),
            launched,
            plan: (start == Start::Held).then_some(plan),
            start: Mutex::new(start),
            waited: Mutex::new(None),
            reapers: AtomicU32::new(0),
            cgroup,
            tree,
            leads_group,
            has_init,
            lingers,
            places,
            sockets,
            was_image,
            is_second,
            max_rss_floor: if was_image && is_second { 0 } else { usage::own_peak() },
            change_told: AtomicU32::new(0),
        }
    }

    /// ESRCH: this process is a fork of the child's parent, where the descriptors may be other files.
    pub(super) fn ours(&self) -> Result<(), Errno> {
        if self.parent_pid == this_process::pid() { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// Lets a held child go, and comes back when its program runs, when its start has failed, or when the time is up.
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
        if plan.parent_death != 0 && plan.parent_death_process == 0 && !is_alive(self.parent_pid, thread) {
            return Err(Failure::at(Stage::ParentDeath, Errno::ESRCH, plan).item(-1, sentences::THREAD_GONE.text()));
        }
        let awaited = for_ever && nix::unistd::gettid().as_raw() == thread;
        let terms = if awaited { go::AWAITED } else { go::ON };
        self.launched.go_on_terms(terms).map_err(|errno| Failure::at(Stage::Wait, errno, plan))
    }

    pub fn pid(&self) -> Result<i32, Errno> {
        self.ours().map(|()| self.launched.pid())
    }

    pub fn pidfd(&self) -> Result<i32, Errno> {
        self.ours()?;
        self.launched.pidfd().map(AsRawFd::as_raw_fd).ok_or(Errno::ENOSYS)
    }

    /// A new pidfd of the child, which the caller closes.
    pub fn take_pidfd(&self) -> Result<OwnedFd, Errno> {
        self.ours()?;
        let pidfd = self.launched.pidfd().ok_or(Errno::ENOSYS)?;
        let copy = sys::fcntl(pidfd.as_raw_fd(), F_DUPFD_CLOEXEC, 0);
        // SAFETY: kernel contract, man 2 F_DUPFD: a new descriptor of our own.
        copy.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }).map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    }

    /// Sends a signal to the program of an init. The init would pass it on, but may not signal a program that has become
    /// another user; the caller may be allowed to.
    fn signal_program(&self, signal: i32) -> bool {
        // These are for the init: it cannot pass them on.
        if matches!(signal, 0 | libc::SIGKILL | libc::SIGSTOP) {
            return false;
        }
        let program = procfs::program_of(self.launched.process());
        program.is_some_and(|program| sys::pidfd_send_signal(program.as_raw_fd(), signal, 0).is_ok())
    }

    /// Sends a signal to the child, and never to a process that gets its pid later. Where there are no pidfds this holds as
    /// long as no other code reaps the child.
    pub fn signal(&self, signal: i32) -> Result<(), Errno> {
        self.ours()?;
        let waited = lock(&self.waited);
        if waited.is_some() {
            return Err(Errno::ESRCH);
        }
        if self.has_init && self.signal_program(signal) {
            return Ok(());
        }
        self.launched.process().signal(signal).map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    }

    /// Hands over the listener of the child's filters, once its program runs.
    pub fn seccomp_fd(&self) -> Result<OwnedFd, Errno> {
        self.ours()?;
        let listening = self.launched.listening.as_ref().ok_or(Errno::ENOENT)?;
        // Another thread may be in `release`: it has the lock, and the listener.
        match self.start.try_lock().map_or(Start::LetGo, |start| *start) {
            Start::Running(_) => listening.take_listener(self.launched.ends.lifeline.as_ref()),
            Start::Held | Start::LetGo => Err(Errno::EAGAIN),
            Start::Failed => Err(Errno::ENOENT),
        }
    }

    /// Hands over a descriptor that the child has made inside its namespaces.
    pub fn handed_fd(&self, place: usize) -> Result<OwnedFd, Errno> {
        self.ours()?;
        let listening = self.launched.listening.as_ref().ok_or(Errno::ENOENT)?;
        if self.start.try_lock().is_ok_and(|start| *start == Start::Failed) {
            return Err(Errno::ENOENT);
        }
        listening.take_handed(place, self.launched.ends.lifeline.as_ref())
    }

    /// Hands over the caller's end of the terminal.
    pub fn terminal_fd(&self) -> Result<OwnedFd, Errno> {
        let [terminal, _] = self.places;
        self.handed_fd(terminal.map_or(usize::MAX, |place| place as usize))
    }

    /// Hands over the descriptor of the network device.
    pub fn tun_fd(&self) -> Result<OwnedFd, Errno> {
        let [_, tun] = self.places;
        self.handed_fd(tun.map_or(usize::MAX, |place| place as usize))
    }

    /// Hands over the socket of the `listen` with this index.
    pub fn listen_fd(&self, index: u32) -> Result<OwnedFd, Errno> {
        if index >= self.sockets { Err(Errno::ENOENT) } else { self.handed_fd(index as usize) }
    }

    /// Asks /proc for something that needs the rights of ptrace(2) over the child. When the caller hears of an exec, the kernel
    /// may be in the middle of it: for a moment it answers as before the exec.
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
        // A new time namespace is entered by an exec. That is still to come, or never comes.
        let before_exec = self.start.try_lock().is_ok_and(|start| !matches!(*start, Start::Running(_)));
        let name = if before_exec && name == c"time" { c"time_for_children" } else { name };
        let ask = || procfs::namespace(self.launched.process(), name);
        let fd = if before_exec { ask() } else { self.of_program(ask) };
        // The child is not reaped, so the pid was its own. If it has not ended, the kernel has no such namespaces.
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
            deferred_reap::reap(Process { pidfd: self.launched.first.pidfd.take(), ..self.launched.first });
        }
        let leaves = self.plan.as_ref().is_some_and(|plan| plan.second_clone != clone::NONE);
        // The first process may have made the second before it was killed.
        if self.launched.second.get().is_some() || leaves && second(&self.launched).is_some() {
            self.launched.process().kill();
            self.launched.second.take().into_iter().for_each(deferred_reap::reap);
        }
    }
}

/// Ends a child whose program does not run, as far as is known, and a holder: they do not outlive their handle.
impl Drop for Child {
    fn drop(&mut self) {
        // In a fork, closing the descriptors does nothing to the child. A lock may be held there for ever, by a thread that the
        // fork does not have: `ours` comes first.
        let unfinished = |child: &Child| matches!(*lock(&child.start), Start::Held | Start::LetGo);
        if self.ours().is_ok() && unfinished(self) && lock(&self.waited).is_none() {
            self.end();
        }
        deferred_reap::reap_ended();
        // Every child has this one: close(2) without libc, which costs less.
        if let Some(pidfd) = self.launched.first.pidfd.take() {
            let _ = sys::close(pidfd.into_raw_fd());
        }
    }
}

fn is_alive(process: i32, thread: i32) -> bool {
    // SAFETY: kernel contract, man 2 tgkill; signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, 0) == 0 }
}
