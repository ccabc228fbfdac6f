//! A child as the caller holds it: to release, to wait for, to signal.

use super::dying;
use super::failure::Failure;
use super::handshake;
use super::launch::{Launched, Name};
use super::own;
use super::settle::{self, Start};
use super::shared::Shared;
use super::usage;
use crate::plan::Sealed;
use crate::sealed::{cgroup, clone};
use crate::stage::Stage;
use crate::sys;
use crate::sys::abi::{PIDFD_SIGNAL_PROCESS_GROUP, WALL, WEXITED, WNOHANG, WNOWAIT, WaitInfo};
use core::ffi::CStr;
use core::sync::atomic::{AtomicU32, Ordering};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::stat::Mode;
use nix::sys::time::TimeSpec;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whether the program ran at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ran {
    No,
    Yes,
    /// It was about to, and whoever died of a signal cannot be asked.
    Unknown,
}

/// How a child ended, and what it used.
#[derive(Clone, Copy)]
pub struct Waited {
    /// A `CLD_*` code, and the exit code or signal that goes with it.
    pub code: i32,
    pub status: i32,
    pub ran: Ran,
    pub usage: libc::rusage,
    pub max_rss_floor: u64,
    pub memory_peak: Option<u64>,
}

impl Waited {
    pub fn user_ns(&self) -> u64 {
        usage::nanoseconds(self.usage.ru_utime)
    }

    pub fn system_ns(&self) -> u64 {
        usage::nanoseconds(self.usage.ru_stime)
    }

    pub fn max_rss(&self) -> u64 {
        usage::kibibytes(self.usage.ru_maxrss)
    }
}

/// All that ends with the child when it is killed.
enum Tree {
    /// The child is the first of its pid namespace: all others go with it.
    Namespace,
    Cgroup,
    Group,
    Unknown,
}

pub struct Child {
    /// The process whose child it is.
    owner: i32,
    launched: Launched,
    plan: Option<Shared<Sealed>>,
    start: Mutex<Start>,
    waited: Mutex<Option<Waited>>,
    /// The threads between reaping and remembering.
    reapers: AtomicU32,
    cgroup: Option<OwnedFd>,
    tree: Tree,
}

/// What a child is made of once it has begun.
pub struct Begun {
    pub launched: Launched,
    pub start: Start,
    pub cgroup: Option<OwnedFd>,
}

/// The cgroup of a child, to be asked and killed after the caller has closed its own descriptor.
pub fn cgroup(plan: &Shared<Sealed>) -> Result<Option<OwnedFd>, Failure> {
    if plan.cgroup == cgroup::NONE {
        return Ok(None);
    }
    // SAFETY: C caller guarantees that the descriptor, which the plan saw open, stays so during the call.
    let directory = unsafe { BorrowedFd::borrow_raw(plan.cgroup_fd) };
    let own = directory.try_clone_to_owned();
    own.map(Some).map_err(|error| Failure::at(Stage::Cgroup, Errno::from_raw(error.raw_os_error().unwrap_or(0)), plan))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Child {
    pub fn new(Begun { launched, start, cgroup }: Begun, plan: Shared<Sealed>) -> Child {
        let tree = if plan.first != 0 {
            Tree::Namespace
        } else if cgroup.is_some() {
            Tree::Cgroup
        } else if plan.session != 0 || plan.group.get() == Some(0) {
            Tree::Group
        } else {
            Tree::Unknown
        };
        Child {
            owner: own::pid(),
            launched,
            plan: (start == Start::Held).then_some(plan),
            start: Mutex::new(start),
            waited: Mutex::new(None),
            reapers: AtomicU32::new(0),
            cgroup,
            tree,
        }
    }

    /// Whether this is the process whose child it is: in a fork of it the descriptors may be anything.
    fn ours(&self) -> Result<(), Errno> {
        if self.owner == own::pid() { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// Lets a held child go, and comes back when it is the program, has failed, or time is up.
    pub fn release(&self, timeout: Option<Duration>) -> Result<(), Failure> {
        self.ours().map_err(|errno| Failure::not_now(errno, "the child of another process"))?;
        let mut start = lock(&self.start);
        let never = |why| Err(Failure::not_now(Errno::EINVAL, why));
        let Some(plan) = &self.plan else { return never("the child is the program already") };
        match *start {
            Start::Running { .. } => return never("the child is the program already"),
            Start::Failed => return never("the start of the child has failed"),
            _ if plan.execs == 0 => return never("forkexec_hold made it: it never runs a program"),
            Start::Held => self.let_go(plan, timeout.is_none())?,
            Start::LetGo => (),
        }
        *start = Start::LetGo;
        self.hear(plan, &mut start, timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    fn hear(&self, plan: &Shared<Sealed>, start: &mut Start, deadline: Option<Instant>) -> Result<(), Failure> {
        let came_to = settle::until_running(&self.launched, plan, deadline);
        *start = *came_to.as_ref().unwrap_or(&Start::Failed);
        match came_to? {
            Start::LetGo => Err(Failure::not_now(Errno::ETIMEDOUT, "let go, and not yet in the program")),
            _ => Ok(()),
        }
    }

    fn let_go(&self, plan: &Shared<Sealed>, for_ever: bool) -> Result<(), Failure> {
        let thread = self.launched.thread;
        if plan.parent_death != 0 && plan.parent_death_process == 0 && !is_alive(self.owner, thread) {
            return Err(
                Failure::at(Stage::ParentDeath, Errno::ESRCH, plan).item(-1, "the thread that started it is gone")
            );
        }
        let awaited = for_ever && nix::unistd::gettid().as_raw() == thread;
        handshake::go(&self.launched, awaited).map_err(|errno| Failure::at(Stage::Wait, errno, plan))
    }

    pub fn pid(&self) -> Result<i32, Errno> {
        self.ours().map(|()| self.launched.pid())
    }

    pub fn pidfd(&self) -> Result<i32, Errno> {
        self.ours()?;
        self.launched.pidfd().map(AsRawFd::as_raw_fd).ok_or(Errno::ENOSYS)
    }

    /// Waits until the child has ended, and tells how; reaps it, unless asked not to. The first reaping is remembered.
    pub fn wait(&self, timeout: Option<Duration>, reap: bool, mut tell: impl FnMut(&Waited)) -> Result<(), Errno> {
        self.ours()?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some(waited) = &*lock(&self.waited) {
                tell(waited);
                return Ok(());
            }
            if timeout.is_some() {
                self.until_ended(timeout, deadline)?;
            }
            match self.collect(reap, timeout.is_none(), &mut tell) {
                Ok(true) => return Ok(()),
                // Perhaps another thread in here has just reaped it, and is about to remember.
                Err(Errno::ECHILD) if self.reapers.load(Ordering::Acquire) > 0 => (),
                Err(Errno::ECHILD) => return lock(&self.waited).as_ref().map(&mut tell).ok_or(Errno::ECHILD),
                Err(errno) => return Err(errno),
                // Ended, but another tracer has to be told first; or there was no pidfd to wait by.
                Ok(false) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    return Err(Errno::ETIMEDOUT);
                }
                Ok(false) => (),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[cold]
    fn until_ended(&self, timeout: Option<Duration>, deadline: Option<Instant>) -> Result<(), Errno> {
        let Some(pidfd) = self.launched.pidfd() else { return Ok(()) };
        let left = timeout.map(|timeout| match deadline {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            None => timeout,
        });
        let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        match ppoll(&mut fds, left.map(TimeSpec::from_duration), None)? {
            0 => Err(Errno::ETIMEDOUT),
            _ => Ok(()),
        }
    }

    /// Whether what has ended, if anything has, only left the rest to a second process, which is not known yet.
    fn hands_over(&self, blocks: bool) -> bool {
        let hands_over = self.plan.as_ref().is_some_and(|plan| plan.second_clone >= clone::LATE);
        if !hands_over || self.launched.second.get().is_some() {
            return false;
        }
        let mut info = WaitInfo::EMPTY;
        let options = WEXITED | WALL | WNOWAIT | if blocks { 0 } else { WNOHANG };
        let _ = settle::by_name(self.launched.name(), |which, id| sys::waitid(which, id, &mut info, options));
        info.code == libc::CLD_EXITED && info.status == 0
    }

    /// What the kernel tells of the end; whether it has come.
    fn collect(&self, reap: bool, blocks: bool, tell: &mut impl FnMut(&Waited)) -> Result<bool, Errno> {
        if self.hands_over(blocks) {
            return Ok(false);
        }
        let _reaping = Reaping::begin(&self.reapers, reap);
        let options = WEXITED | WALL | if blocks { 0 } else { WNOHANG } | if reap { 0 } else { WNOWAIT };
        let mut info = WaitInfo::EMPTY;
        // SAFETY: a zeroed rusage is one.
        let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
        // SAFETY: memory for a rusage.
        let wait = |which, id| unsafe { sys::waitid_usage(which, id, &mut info, options, &raw mut usage) };
        settle::by_name(self.launched.name(), wait).map_err(|sys::Errno(errno)| Errno::from_raw(errno))?;
        if info.pid == 0 {
            return Ok(false);
        }
        let waited = Waited {
            code: info.code,
            status: info.status,
            ran: self.ran(info.code),
            usage,
            max_rss_floor: usage::max_rss_floor(usage::kibibytes(usage.ru_maxrss)),
            memory_peak: self.cgroup.as_ref().and_then(usage::memory_peak),
        };
        if reap {
            tell(lock(&self.waited).insert(waited));
        } else {
            tell(&waited);
        }
        Ok(true)
    }

    fn ran(&self, code: i32) -> Ran {
        // A thread in release holds the lock, and knows soon.
        let start = self.start.try_lock().map_or(Start::LetGo, |start| *start);
        match start {
            Start::Running { exact } if exact || code == libc::CLD_EXITED => Ran::Yes,
            Start::Running { .. } | Start::LetGo => Ran::Unknown,
            Start::Held | Start::Failed => Ran::No,
        }
    }

    /// Sends a signal to the child, and never to whoever got its pid later.
    pub fn signal(&self, signal: i32) -> Result<(), Errno> {
        self.ours()?;
        let waited = lock(&self.waited);
        if waited.is_some() {
            return Err(Errno::ESRCH);
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

    /// Kills the child and all that the kernel can tell to be its descendants.
    pub fn kill_tree(&self) -> Result<(), Errno> {
        self.ours()?;
        match self.tree {
            Tree::Namespace => self.signal(libc::SIGKILL),
            Tree::Cgroup => self.kill_cgroup(),
            Tree::Group => self.kill_group(),
            Tree::Unknown => Err(Errno::EOPNOTSUPP),
        }
    }

    fn kill_cgroup(&self) -> Result<(), Errno> {
        let Some(directory) = &self.cgroup else { return Err(Errno::EOPNOTSUPP) };
        match openat(directory.as_fd(), c"cgroup.kill", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty()) {
            Ok(file) => nix::unistd::write(&file, b"1").map(drop),
            Err(Errno::ENOENT) => self.kill_each(directory.as_fd()),
            Err(errno) => Err(errno),
        }
    }

    /// cgroups of version 1 have no such switch: what is listed is killed until nothing is.
    fn kill_each(&self, directory: BorrowedFd) -> Result<(), Errno> {
        for _ in 0..1000 {
            let file = openat(directory, c"cgroup.procs", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
            let text = std::io::read_to_string(std::fs::File::from(file)).map_err(|_| Errno::EIO)?;
            let (mut left, mut refused) = (false, Ok(()));
            for pid in text.lines().filter_map(|line| line.parse().ok()) {
                // 0 is somebody whom this pid namespace does not see; to kill(2) it would be ourselves.
                let answer = if pid > 0 { sys::kill(pid, libc::SIGKILL) } else { Err(sys::Errno(libc::EPERM)) };
                match answer {
                    Err(sys::Errno(libc::ESRCH)) => (),
                    _ if pid > 0 && is_zombie(pid) => (),
                    Ok(()) => left = true,
                    Err(sys::Errno(errno)) => refused = Err(Errno::from_raw(errno)),
                }
            }
            if !left {
                return refused;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(Errno::EAGAIN)
    }

    /// Since Linux 6.9 the pidfd stands for the group too, even when its leader is reaped. Before, there is only the number,
    /// which is nobody else's until then.
    fn kill_group(&self) -> Result<(), Errno> {
        if let Some(pidfd) = self.launched.pidfd() {
            match sys::pidfd_send_signal(pidfd.as_raw_fd(), libc::SIGKILL, PIDFD_SIGNAL_PROCESS_GROUP) {
                Err(sys::Errno(libc::EINVAL | libc::ENOSYS)) => (),
                answer => return answer.map_err(|sys::Errno(errno)| Errno::from_raw(errno)),
            }
        }
        // Reaped by somebody else?
        self.signal(0)?;
        let waited = lock(&self.waited);
        if waited.is_some() {
            return Err(Errno::ESRCH);
        }
        sys::kill(-self.launched.pid(), libc::SIGKILL).map_err(|sys::Errno(errno)| Errno::from_raw(errno))
    }

    /// The listener of its filters, once it is the program; it is handed over.
    pub fn seccomp_fd(&self) -> Result<OwnedFd, Errno> {
        self.ours()?;
        let listening = self.launched.listening.as_ref().ok_or(Errno::ENOENT)?;
        // A thread in release holds the lock, and the listener.
        match self.start.try_lock().map_or(Start::LetGo, |start| *start) {
            Start::Running { .. } => listening.take().ok_or(Errno::ENOENT),
            Start::Held | Start::LetGo => Err(Errno::EAGAIN),
            Start::Failed => Err(Errno::ENOENT),
        }
    }

    /// A new descriptor of one of the child's namespaces.
    pub fn namespace_fd(&self, name: &CStr) -> Result<OwnedFd, Errno> {
        self.ours()?;
        // A time namespace that was created is entered by an exec, which is still to come, or never comes.
        let before_exec = self.start.try_lock().is_ok_and(|start| !matches!(*start, Start::Running { .. }));
        let name = if before_exec && name == c"time" { c"time_for_children" } else { name };
        let mut path = [0u8; 48];
        let mut rest = path.as_mut_slice();
        let _ = write!(rest, "/proc/{}/ns/{}\0", self.launched.pid(), name.to_str().unwrap_or(""));
        let path = CStr::from_bytes_until_nul(&path).map_err(|_| Errno::EINVAL)?;
        let fd = openat(AT_FDCWD, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty());
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
            settle::kill(&self.launched);
            dying::reap(Name { pidfd: self.launched.first.pidfd.take(), ..self.launched.first });
        }
        let leaves = self.plan.as_ref().is_some_and(|plan| plan.second_clone != clone::NONE);
        // It may have left the rest to another by then.
        if self.launched.second.get().is_some() || leaves && settle::second(&self.launched).is_some() {
            settle::kill(&self.launched);
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

/// Counts a thread that may reap, for as long as it may.
struct Reaping<'a>(Option<&'a AtomicU32>);

impl<'a> Reaping<'a> {
    fn begin(reapers: &'a AtomicU32, reap: bool) -> Reaping<'a> {
        let reapers = reap.then_some(reapers);
        if let Some(reapers) = reapers {
            reapers.fetch_add(1, Ordering::AcqRel);
        }
        Reaping(reapers)
    }
}

impl Drop for Reaping<'_> {
    fn drop(&mut self) {
        if let Some(reapers) = self.0 {
            reapers.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn is_alive(process: i32, thread: i32) -> bool {
    // SAFETY: kernel contract, man 2 tgkill; signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, 0) == 0 }
}

fn is_zombie(pid: i32) -> bool {
    settle::stat(pid).starts_with(b"Z")
}
