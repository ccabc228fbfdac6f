//! To wait for a child: its end, whether its program ran, and what it used.

use super::cgroup::Cgroup;
use super::child::{Child, lock};
use super::name::End;
use super::outcome::{self, Proof, Ran, Start};
use super::usage;
use crate::child::init::SIGNALLED;
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
    pub max_rss_floor: u64,
    pub memory_peak: Option<u64>,
    /// How many processes of the cgroup the out-of-memory killer has taken since the child began.
    pub oom_kills: Option<u64>,
    /// By SIGKILL, or its init says so of the program.
    pub killed: bool,
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

impl Child {
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
        let waited = Waited {
            code: end.code,
            status: end.status,
            ran: zombie.filter(|_| end.signal() != 0).unwrap_or_else(|| self.ran(end)),
            usage,
            max_rss_floor: usage::max_rss_floor(usage::kibibytes(usage.ru_maxrss)),
            memory_peak: self.cgroup.as_ref().and_then(Cgroup::memory_peak),
            oom_kills: self.cgroup.as_ref().and_then(Cgroup::kills),
            killed: end.signal() == SIGKILL || self.has_init && end.status == SIGNALLED.saturating_add(SIGKILL),
        };
        if reap {
            tell(lock(&self.waited).insert(waited));
        } else {
            tell(&waited);
        }
        Ok(true)
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
