//! To wait for a child: its end, whether its program ran, and what it used.

use super::cgroup::Cgroup;
use super::child::{Child, lock};
use super::name::End;
use super::outcome::{self, Proof, Ran, Start};
use super::usage;
use crate::sealed::clone;
use crate::sys::abi::{POLLIN, PollFd, SIGKILL, Timespec, WALL, WNOHANG, WNOWAIT};
use crate::sys::{self, Errno as Number};
use core::sync::atomic::{AtomicU32, Ordering};
use nix::errno::Errno;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// How a child ended, and what it used.
#[derive(Clone, Copy)]
pub struct Waited {
    /// A `CLD_*` code, and the exit code or signal that goes with it.
    pub code: i32,
    pub status: i32,
    pub ran: Ran,
    pub usage: libc::rusage,
    /// The peak of memory is the program's own; otherwise the caller's own peak, below which it is not.
    pub own_memory: bool,
    pub max_rss_floor: u64,
    pub memory_peak: Option<u64>,
    /// How many processes of the cgroup the out-of-memory killer has taken since the child began.
    pub oom_kills: Option<u64>,
}

impl Waited {
    /// Whether a signal ended it, and it was SIGKILL.
    pub fn killed(&self) -> bool {
        self.code != libc::CLD_EXITED && self.status == SIGKILL
    }

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

/// What a wait tells.
pub enum Told<'a> {
    Ended(&'a Waited),
    /// By this signal.
    Stopped(i32),
    Continued,
}

/// What is waited for, besides the end.
#[derive(Clone, Copy)]
pub struct Watch {
    /// What is told is not told again.
    pub reap: bool,
    /// WSTOPPED and WCONTINUED of waitid(2).
    pub changes: i32,
}

impl Child {
    /// Waits until the child has changed in a way that is watched, or has ended.
    pub fn watch(&self, timeout: Option<Duration>, watch: Watch, mut tell: impl FnMut(Told)) -> Result<(), Errno> {
        if watch.changes == 0 {
            return self.wait(timeout, watch.reap, |waited| tell(Told::Ended(waited)));
        }
        self.ours()?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if lock(&self.waited).is_none()
                && let Some(change) = self.until_changed(watch, deadline, timeout.is_none())?
            {
                tell(change);
                return Ok(());
            }
            match self.wait(Some(Duration::ZERO), watch.reap, |waited| tell(Told::Ended(waited))) {
                // The first process had ended, and has left the rest to a second; or a tracer has to be told first.
                Err(Errno::ETIMEDOUT) if deadline.is_none_or(|deadline| Instant::now() < deadline) => nap(),
                answer => return answer,
            }
        }
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
            // Who does not wait asks only once.
            let asks_only = timeout == Some(Duration::ZERO);
            if timeout.is_some() && !asks_only {
                self.until_ended(timeout, deadline)?;
            }
            match self.collect(reap, timeout.is_none(), &mut tell) {
                Ok(true) => return Ok(()),
                // Perhaps another thread in here has just reaped it, and is about to remember.
                Err(Errno::ECHILD) if self.reapers.load(Ordering::Acquire) > 0 => (),
                Err(Errno::ECHILD) => return lock(&self.waited).as_ref().map(&mut tell).ok_or(Errno::ECHILD),
                // Where a filter forbids waitid(2), it is told only of a child that has ended.
                Err(Errno::EPERM) if asks_only || !reap => {
                    return self.until_ended(timeout, deadline).and(Err(Errno::EPERM));
                }
                Err(errno) => return Err(errno),
                // Ended, but another tracer has to be told first; or there was no pidfd to wait by.
                Ok(false) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    return Err(Errno::ETIMEDOUT);
                }
                Ok(false) => (),
            }
            nap();
        }
    }

    /// Comes back with a change that is watched, or with none when the child has ended. A pidfd does not poll for changes, so
    /// a wait for a time looks now and then.
    #[cold]
    fn until_changed(&self, watch: Watch, deadline: Option<Instant>, blocks: bool) -> Result<Option<Told<'_>>, Errno> {
        let name = self.launched.name();
        let again = if watch.reap { 0 } else { WNOWAIT };
        loop {
            match name.changed(watch.changes | again).map_err(told) {
                Ok((libc::CLD_STOPPED | libc::CLD_TRAPPED, signal)) => return Ok(Some(Told::Stopped(signal & 0x7f))),
                Ok((libc::CLD_CONTINUED, _)) => return Ok(Some(Told::Continued)),
                // Somebody else has reaped it, or it is about to be remembered.
                Err(Errno::ECHILD) => return Ok(None),
                answer => answer.map(drop)?,
            }
            if name.has_ended() {
                return Ok(None);
            }
            if blocks {
                name.until_changed(watch.changes).or_else(unless_gone)?;
            } else if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
                return Err(Errno::ETIMEDOUT);
            } else {
                nap();
            }
        }
    }

    /// Sleeps until the child has ended, or time is up.
    #[cold]
    pub fn until_ended(&self, timeout: Option<Duration>, deadline: Option<Instant>) -> Result<(), Errno> {
        let name = self.launched.name();
        let Some(pidfd) = &name.pidfd else { return Ok(()) };
        let mut fds = [PollFd { fd: pidfd.as_raw_fd(), events: POLLIN, revents: 0 }];
        loop {
            let left = match deadline {
                Some(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
                None => timeout,
            };
            // Longer than the kernel counts is for ever.
            let left = left.and_then(|left| {
                let seconds = i64::try_from(left.as_secs()).ok()?;
                Some(Timespec { seconds, nanoseconds: left.subsec_nanos() as i64 })
            });
            match sys::poll(&mut fds, left.as_ref()) {
                Ok(0) => return Err(Errno::ETIMEDOUT),
                Ok(_) => return Ok(()),
                Err(Number(libc::EINTR)) => return Err(Errno::EINTR),
                // A filter forbids ppoll(2).
                Err(_) if name.has_ended() => return Ok(()),
                Err(_) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => return Err(Errno::ETIMEDOUT),
                Err(_) => nap(),
            }
        }
    }

    /// Whether a child that was let go and not heard of since has left the rest to a second process. That one waits until
    /// the caller knows it, and nobody would know it once the first is reaped: so from here on the child is the second.
    fn takes_over(&self, blocks: bool) -> Result<bool, Errno> {
        let leaves = self.plan.as_ref().is_some_and(|plan| plan.second_clone >= clone::LATE);
        if !leaves || self.launched.second.get().is_some() {
            return Ok(false);
        }
        match self.zombie(blocks) {
            Ok(None) => return Ok(false),
            Ok(Some(_)) | Err(Errno::ECHILD) => (),
            Err(errno) => return Err(errno),
        }
        // A thread in release holds the lock, and does it.
        let Ok(_start) = self.start.try_lock() else { return Ok(true) };
        Ok(self.launched.second.get().is_some()
            || outcome::take_over(&self.launched).transpose().map_err(|_| Errno::EPERM)?.is_some())
    }

    /// What the kernel tells of the end; whether it has come.
    fn collect(&self, reap: bool, blocks: bool, tell: &mut impl FnMut(&Waited)) -> Result<bool, Errno> {
        if self.takes_over(blocks)? {
            return Ok(false);
        }
        // What only a zombie can tell is asked before it is reaped.
        let zombie = match self.so_far() {
            // It stays one.
            _ if !reap => None,
            Start::LetGo | Start::Running(Proof::Name | Proof::Fork { .. }) => match self.zombie(blocks)? {
                None => return Ok(false),
                Some(end) => Some(self.ran(end)),
            },
            _ => None,
        };
        let _reaping = Reaping::begin(&self.reapers, reap);
        let options = WALL | if blocks { 0 } else { WNOHANG } | if reap { 0 } else { WNOWAIT };
        // SAFETY: a zeroed rusage is one.
        let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
        // SAFETY: memory for a rusage.
        let end = unsafe { self.launched.name().wait(options, &raw mut usage) };
        let Some(end) = end.map_err(told)? else { return Ok(false) };
        let ran = zombie.filter(|_| end.signal() != 0).unwrap_or_else(|| self.ran(end));
        let waited = self.tells(end, ran, usage);
        if reap {
            tell(lock(&self.waited).insert(waited));
        } else {
            tell(&waited);
        }
        Ok(true)
    }

    /// Of an init's program the init has told; of an init that was killed before, what the kernel tells is all there is.
    fn tells(&self, end: End, ran: Ran, usage: libc::rusage) -> Waited {
        let program = outcome::end_of_program(&self.launched, self.has_init);
        // The kernel keeps for a process what the memory had in which it was before an exec.
        let own_memory = self.was_image && (self.is_second || program.is_some());
        let (end, usage) = program.map_or((end, usage), |(end, used)| (end, usage::rusage(&used)));
        let shown = usage::kibibytes(usage.ru_maxrss);
        Waited {
            code: end.code,
            status: end.status,
            ran,
            usage,
            own_memory,
            max_rss_floor: if own_memory { 0 } else { usage::max_rss_floor(shown) },
            memory_peak: self.cgroup.as_ref().and_then(Cgroup::memory_peak),
            oom_kills: self.cgroup.as_ref().and_then(Cgroup::kills),
        }
    }

    /// How the child has ended, while it is to be reaped; none if it has not ended.
    fn zombie(&self, blocks: bool) -> Result<Option<End>, Errno> {
        let name = self.launched.name();
        let options = WALL | WNOWAIT | if blocks { 0 } else { WNOHANG };
        // SAFETY: no usage is asked for.
        match unsafe { name.wait(options, core::ptr::null_mut::<u8>()) } {
            Err(errno @ Number(libc::ECHILD | libc::EINTR)) => Err(told(errno)),
            // Without waitid(2) nothing tells how it ended before it is reaped.
            Err(_) if name.has_ended() => Ok(Some(End { code: libc::CLD_KILLED, status: libc::SIGKILL })),
            Err(_) if blocks => {
                self.until_ended(None, None)?;
                Ok(Some(End { code: libc::CLD_KILLED, status: libc::SIGKILL }))
            }
            Err(_) => Ok(None),
            Ok(end) => Ok(end),
        }
    }

    /// How far the start has come. A thread in release holds the lock, and knows soon.
    fn so_far(&self) -> Start {
        self.start.try_lock().map_or(Start::LetGo, |start| *start)
    }

    /// What tells whether the program ran; nothing does before the child was let go.
    fn proof(&self) -> Option<Proof> {
        match self.so_far() {
            Start::Running(proof) => Some(proof),
            Start::LetGo => self.plan.as_ref().and_then(|plan| outcome::proof_of_silent(&self.launched, plan)),
            Start::Held | Start::Failed => None,
        }
    }

    fn ran(&self, end: End) -> Ran {
        self.proof().map_or(Ran::No, |proof| outcome::ran(&self.launched, proof, end))
    }
}

/// What the header lists: whatever else a wait is answered with comes from a filter.
fn told(Number(errno): Number) -> Errno {
    match errno {
        libc::ECHILD | libc::EINTR => Errno::from_raw(errno),
        _ => Errno::EPERM,
    }
}

/// Then a look tells.
fn unless_gone(errno: Number) -> Result<(), Errno> {
    match told(errno) {
        Errno::ECHILD => Ok(()),
        errno => Err(errno),
    }
}

/// Between two looks where nothing wakes the caller.
fn nap() {
    if sys::sleep(&Timespec { seconds: 0, nanoseconds: 1_000_000 }).is_err() {
        std::thread::yield_now();
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
