//! Waits for a child: its end, whether its program ran, and what it used.

use super::cgroup::Cgroup;
use super::child::{Child, lock};
use super::evidence::{self, Proof, Ran};
use super::outcome::Start;
use super::process::{End, Wait};
use super::second_process::take_over;
use super::usage;
use super::waited::{Told, Waited, Watch};
use crate::page::{Page, SIGNAL, program};
use crate::sealed::clone;
use crate::sys::abi::{Timespec, WCONTINUED, WNOWAIT, WSTOPPED};
use crate::sys::{self, Errno as Number};
use core::sync::atomic::{AtomicU32, Ordering};
use nix::errno::Errno;
use std::time::{Duration, Instant};

impl Child {
    /// Waits until the child has changed in a way that is watched, or has ended.
    pub fn watch(&self, timeout: Option<Duration>, watch: Watch, mut tell: impl FnMut(Told)) -> Result<(), Errno> {
        let watch = Watch { program: watch.program && self.lingers, ..watch };
        if watch.changes == 0 && !watch.program {
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
                // The first process has ended, and left the rest to a second; or the child's tracer has to reap it first.
                Err(Errno::ETIMEDOUT) if deadline.is_none_or(|deadline| Instant::now() < deadline) => nap(),
                answer => return answer,
            }
        }
    }

    /// Waits until the child has ended, and tells how. `reap`: reaps it; how it ended is kept for further waits.
    pub fn wait(&self, timeout: Option<Duration>, reap: bool, mut tell: impl FnMut(&Waited)) -> Result<(), Errno> {
        self.ours()?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some(waited) = &*lock(&self.waited) {
                tell(waited);
                return Ok(());
            }
            // A look does not sleep first.
            let asks_only = timeout == Some(Duration::ZERO);
            if timeout.is_some() && !asks_only {
                self.until_ended(timeout, deadline)?;
            }
            match self.collect(reap, timeout.is_none(), &mut tell) {
                Ok(true) => return Ok(()),
                // Another thread in here may have reaped it, and is about to store how it ended.
                Err(Errno::ECHILD) if self.reapers.load(Ordering::Acquire) > 0 => (),
                Err(Errno::ECHILD) => return self.reaped_by_others(&mut tell),
                // A seccomp filter forbids waitid(2). That is said only once the child has ended.
                Err(Errno::EPERM) if asks_only || !reap => {
                    return self.until_ended(timeout, deadline).and(Err(Errno::EPERM));
                }
                Err(errno) => return Err(errno),
                // It has ended, but its tracer has to reap it first; or there was no pidfd to sleep by.
                Ok(false) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    return Err(Errno::ETIMEDOUT);
                }
                Ok(false) => (),
            }
            nap();
        }
    }

    /// The child has ended, and this cannot ask the kernel how. An init has told its program's end before.
    #[cold]
    fn reaped_by_others(&self, tell: &mut impl FnMut(&Waited)) -> Result<(), Errno> {
        let mut known = lock(&self.waited);
        if known.is_none() {
            let (end, _) = evidence::end_of_program(&self.launched, self.has_init).ok_or(Errno::ECHILD)?;
            // SAFETY: a zeroed rusage is one.
            let unused = unsafe { core::mem::zeroed() };
            *known = Some(self.tells(end, self.ran(end), unused));
        }
        known.as_ref().map(tell).ok_or(Errno::ECHILD)
    }

    /// Comes back with a change that is watched, or with `None` when the child has ended. poll(2) of a pidfd does not tell of
    /// changes, so a wait with a time limit looks now and then, and so does one for several kinds of changes.
    #[cold]
    fn until_changed(&self, watch: Watch, deadline: Option<Instant>, blocks: bool) -> Result<Option<Told<'_>>, Errno> {
        let process = self.launched.process();
        let again = if watch.reap { 0 } else { WNOWAIT };
        loop {
            if watch.changes != 0 {
                match process.changed(watch.changes | again).map_err(told) {
                    Ok((libc::CLD_STOPPED | libc::CLD_TRAPPED, signal)) => {
                        return Ok(Some(Told::Stopped(signal & 0x7f)));
                    }
                    Ok((libc::CLD_CONTINUED, _)) => return Ok(Some(Told::Continued)),
                    // Other code has reaped it, or another thread in here has.
                    Err(Errno::ECHILD) => return Ok(None),
                    answer => answer.map(drop)?,
                }
            }
            if process.has_ended() {
                return Ok(None);
            }
            let seen = self.launched.page().program_change.load(Ordering::Acquire);
            if let Some(change) = self.change_of_program(watch, seen) {
                return Ok(Some(change));
            }
            if watch.program
                && let Some((end, _)) = evidence::end_of_program(&self.launched, true)
            {
                // SAFETY: a zeroed rusage is one.
                let unused = unsafe { core::mem::zeroed() };
                return Ok(Some(Told::ProgramEnded(self.tells(end, self.ran(end), unused))));
            }
            if watch.changes == 0 && (blocks || deadline.is_some_and(is_far)) {
                self.until_told(|page| &page.program_ran, program::UNKNOWN)?;
            } else if self.has_init && !watch.program && (blocks || deadline.is_some_and(is_far)) {
                self.until_told(|page| &page.program_change, seen)?;
            } else if blocks && !watch.program {
                process.until_changed(watch.changes).or_else(unless_gone)?;
            } else if !blocks && deadline.is_none_or(|deadline| Instant::now() >= deadline) {
                return Err(Errno::ETIMEDOUT);
            } else {
                nap();
            }
        }
    }

    /// The last stop or continuation of an init's program, if it is watched and no wait has told it.
    fn change_of_program(&self, watch: Watch, seen: u32) -> Option<Told<'_>> {
        let before = self.change_told.load(Ordering::Acquire);
        let signal = (seen & SIGNAL) as i32;
        let kind = if signal == 0 { WCONTINUED } else { WSTOPPED };
        if !self.has_init || seen == before || watch.changes & kind == 0 {
            return None;
        }
        if watch.reap {
            self.change_told.compare_exchange(before, seen, Ordering::AcqRel, Ordering::Relaxed).ok()?;
        }
        Some(if signal == 0 { Told::Continued } else { Told::Stopped(signal) })
    }

    /// Sleeps until an init tells something of its program in this word. An init that is killed wakes nobody, and nobody tells
    /// of its own stops here, so the sleep is short.
    fn until_told(&self, word: fn(&Page) -> &AtomicU32, value: u32) -> Result<(), Errno> {
        let page = self.launched.page();
        match sys::futex_wait(word(&page), value, Some(&LOOK_AGAIN)) {
            Err(Number(libc::EINTR)) => Err(Errno::EINTR),
            Ok(()) | Err(Number(libc::EAGAIN | libc::ETIMEDOUT)) => Ok(()),
            // A seccomp filter forbids futex(2).
            Err(_) => {
                nap();
                Ok(())
            }
        }
    }

    /// Sleeps until the child has ended, or time is up.
    #[cold]
    pub fn until_ended(&self, timeout: Option<Duration>, deadline: Option<Instant>) -> Result<(), Errno> {
        let process = self.launched.process();
        if process.pidfd.is_none() {
            return Ok(());
        }
        loop {
            let left = match deadline {
                Some(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
                None => timeout,
            };
            // A time that the kernel's numbers cannot hold is without limit.
            let left = left.and_then(|left| {
                let seconds = i64::try_from(left.as_secs()).ok()?;
                Some(Timespec { seconds, nanoseconds: left.subsec_nanos() as i64 })
            });
            match process.poll(left.as_ref()) {
                Ok(false) => return Err(Errno::ETIMEDOUT),
                Ok(true) => return Ok(()),
                Err(Number(libc::EINTR)) => return Err(Errno::EINTR),
                // A seccomp filter forbids ppoll(2).
                Err(_) if process.has_ended() => return Ok(()),
                Err(_) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => return Err(Errno::ETIMEDOUT),
                Err(_) => nap(),
            }
        }
    }

    /// Whether a child that was let go, and not listened to since, has left the rest to a second process. From here on that one
    /// is the child. It waits until the caller knows it, and the caller could not find it if the first were reaped before.
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
        // Another thread is in `release`, holds the lock, and takes over itself.
        let Ok(_start) = self.start.try_lock() else { return Ok(true) };
        Ok(self.launched.second.get().is_some()
            || take_over(&self.launched).transpose().map_err(|_| Errno::EPERM)?.is_some())
    }

    /// Asks the kernel for the child's end, and tells it. Whether it has come.
    fn collect(&self, reap: bool, blocks: bool, tell: &mut impl FnMut(&Waited)) -> Result<bool, Errno> {
        if self.takes_over(blocks)? {
            return Ok(false);
        }
        // Only a zombie can tell whether the program ran: asked before it is reaped.
        let zombie = match self.so_far() {
            // It stays a zombie.
            _ if !reap => None,
            Start::LetGo | Start::Running(Proof::Name | Proof::Fork { .. }) => match self.zombie(blocks)? {
                None => return Ok(false),
                Some(end) => Some(self.ran(end)),
            },
            _ => None,
        };
        let _reaping = Reaping::begin(&self.reapers, reap);
        // SAFETY: a zeroed rusage is one.
        let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
        let end = self.launched.process().wait(Wait { blocks, reaps: reap }, Some(&mut usage));
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

    /// The end of an init's program is told by the init; if the init was killed before, only the init's own end is known.
    fn tells(&self, end: End, ran: Ran, usage: libc::rusage) -> Waited {
        let program = evidence::end_of_program(&self.launched, self.has_init);
        // The kernel counts the peak of the memory that a process had before its exec as the process's own. So only a second process, which
        // began in the small memory of the image, or an init's program has a peak of its own.
        let own_memory = self.was_image && (self.is_second || program.is_some());
        let (end, usage) = program.map_or((end, usage), |(end, used)| (end, usage::rusage(&used)));
        let shown = usage::kibibytes(usage.ru_maxrss);
        Waited {
            code: end.code,
            status: end.status,
            ran,
            usage,
            own_memory,
            // The kernel counts the resident memory of a process only roughly, so a child may show a little less than the caller had.
            max_rss_floor: if own_memory { 0 } else { self.max_rss_floor.min(shown) },
            memory_peak: self.cgroup.as_ref().and_then(Cgroup::memory_peak),
            oom_kills: self.cgroup.as_ref().and_then(Cgroup::kills),
        }
    }

    /// How the child has ended, without reaping it. `None`: it has not ended.
    fn zombie(&self, blocks: bool) -> Result<Option<End>, Errno> {
        let process = self.launched.process();
        match process.wait(Wait { blocks, reaps: false }, None) {
            Err(errno @ Number(libc::ECHILD | libc::EINTR)) => Err(told(errno)),
            // Without waitid(2) nothing tells how it ended without reaping it.
            Err(_) if process.has_ended() => Ok(Some(End { code: libc::CLD_KILLED, status: libc::SIGKILL })),
            Err(_) if blocks => {
                self.until_ended(None, None)?;
                Ok(Some(End { code: libc::CLD_KILLED, status: libc::SIGKILL }))
            }
            Err(_) => Ok(None),
            Ok(end) => Ok(end),
        }
    }

    /// How far the start has come. If another thread is in `release`, it holds the lock: the child was let go.
    fn so_far(&self) -> Start {
        self.start.try_lock().map_or(Start::LetGo, |start| *start)
    }

    /// What tells whether the program ran. `None`: it did not, since the child was not let go, or its start has failed.
    fn proof(&self) -> Option<Proof> {
        match self.so_far() {
            Start::Running(proof) => Some(proof),
            Start::LetGo => self.plan.as_ref().and_then(|plan| evidence::proof_of_silent(&self.launched, plan)),
            Start::Held | Start::Failed => None,
        }
    }

    fn ran(&self, end: End) -> Ran {
        self.proof().map_or(Ran::No, |proof| evidence::ran(&self.launched, proof, end))
    }
}

/// One of the errnos that the header lists: any other comes from a seccomp filter.
fn told(Number(errno): Number) -> Errno {
    match errno {
        libc::ECHILD | libc::EINTR => Errno::from_raw(errno),
        _ => Errno::EPERM,
    }
}

/// ECHILD is no error here: the next look tells.
fn unless_gone(errno: Number) -> Result<(), Errno> {
    match told(errno) {
        Errno::ECHILD => Ok(()),
        errno => Err(errno),
    }
}

/// How long a wait for an init's word sleeps at most, before it looks at the init itself.
const LOOK_AGAIN: Timespec = Timespec { seconds: 0, nanoseconds: 50_000_000 };

/// Whether there is time for such a sleep.
fn is_far(deadline: Instant) -> bool {
    deadline.saturating_duration_since(Instant::now()) > Duration::from_millis(50)
}

/// Sleeps between two looks, where nothing can wake the caller.
fn nap() {
    if sys::sleep(&Timespec { seconds: 0, nanoseconds: 1_000_000 }).is_err() {
        std::thread::yield_now();
    }
}

/// Counts a thread as one that may reap, as long as this lives.
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
