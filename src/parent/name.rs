//! What the caller knows a process by, and what it does to a process by that name: look whether it has ended, kill it,
//! reap it. A filter of the caller's may forbid waitid(2) or poll(2); then wait4(2) and the rest serve.

use crate::sys::abi::{
    EAGAIN, EINTR, EINVAL, ENOSYS, P_PID, P_PIDFD, POLLIN, PollFd, Timespec, WALL, WCLONE, WEXITED, WNOHANG, WNOWAIT,
    WaitInfo,
};
use crate::sys::{self, Answer, Errno};
use core::ptr::null_mut;
use std::os::fd::{AsRawFd, OwnedFd};

/// A child of this process's.
pub struct Name {
    pub pid: i32,
    pub pidfd: Option<OwnedFd>,
}

/// How a process ended: a `CLD_*` code, and the exit code or the signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    pub code: i32,
    pub status: i32,
}

impl End {
    /// The signal that killed it; 0 if none did.
    pub fn signal(&self) -> i32 {
        if matches!(self.code, libc::CLD_KILLED | libc::CLD_DUMPED) { self.status } else { 0 }
    }
}

/// What a look at a child tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    Alive,
    Ended(End),
    /// It is no child of this process's, of those that are waited for in that way: somebody else has reaped it, perhaps.
    NotThere,
    /// A filter does not let this process look.
    Unknown,
}

/// Whether an exec passed its point of no return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passed {
    No,
    Yes,
    /// Somebody else has reaped the child, so that nothing tells.
    Unknown,
}

impl Name {
    pub fn new(pid: i32, pidfd: Option<OwnedFd>) -> Name {
        Name { pid, pidfd }
    }

    /// By the pidfd, which is no other process's; by pid where the kernel (before Linux 5.4) has the one without the other.
    fn by(&self, mut wait: impl FnMut(i32, i32) -> Answer) -> Answer {
        match self.pidfd.as_ref().map(|pidfd| wait(P_PIDFD, pidfd.as_raw_fd())) {
            None | Some(Err(Errno(EINVAL))) => wait(P_PID, self.pid),
            Some(answer) => answer,
        }
    }

    /// Looks without reaping, and without waiting.
    pub fn look(&self) -> Seen {
        self.look_as(WALL)
    }

    /// Whether an exec of this child passed its point of no return. Until then its exit signal is 0, and only `__WCLONE`
    /// waits for it; exec makes it SIGCHLD, and `__WCLONE` does not wait for it any more.
    pub fn passed_exec(&self) -> Passed {
        const SIGCHLD_ONLY: i32 = 0;
        match self.look_as(SIGCHLD_ONLY) {
            Seen::Alive | Seen::Ended(_) => Passed::Yes,
            Seen::NotThere => self.passed_exec_or_is_gone(),
            Seen::Unknown if self.is_found_by_wait4() => Passed::No,
            Seen::Unknown => Passed::Yes,
        }
    }

    #[cold]
    fn passed_exec_or_is_gone(&self) -> Passed {
        if self.look_as(WCLONE) != Seen::NotThere {
            return Passed::No;
        }
        // The exec may have passed it between the two looks.
        if self.look() != Seen::NotThere { Passed::Yes } else { Passed::Unknown }
    }

    /// The same for a child whose exit signal was SIGCHLD from the beginning, as qemu-user makes them. The kernel refuses to
    /// move a child that has been exec'd to another process group by EACCES, and looks at that before it looks for the
    /// group. Of a child in another session it does not tell. setpgid(2)
    pub fn passed_exec_by_group(&self) -> Passed {
        /// A process group that never is: pids are smaller.
        const NO_GROUP: i32 = i32::MAX;
        if self.look() == Seen::NotThere {
            return Passed::Unknown;
        }
        let session = |pid| nix::unistd::getsid(pid).ok();
        match sys::setpgid(self.pid, NO_GROUP) {
            Err(Errno(libc::EACCES)) => Passed::Yes,
            Err(Errno(libc::EPERM)) => match session(Some(nix::unistd::Pid::from_raw(self.pid))) {
                Some(childs) if session(None) == Some(childs) => Passed::No,
                _ => Passed::Unknown,
            },
            _ => Passed::Unknown,
        }
    }

    /// wait4(2) with `__WCLONE`, which reaps what it finds: a child that failed.
    fn is_found_by_wait4(&self) -> bool {
        let mut status = 0;
        // SAFETY: kernel contract, man 2 wait4: no usage is asked for.
        unsafe { sys::wait4(self.pid, &mut status, WNOHANG | WCLONE, null_mut::<u8>()) }.is_ok()
    }

    /// Whether it has stopped or was continued, whichever is asked for, since that was last told; 0 is neither, else a `CLD_*`
    /// code and the signal. With WNOWAIT it is told again.
    pub fn changed(&self, options: i32) -> Answer<(i32, i32)> {
        let mut info = WaitInfo::EMPTY;
        self.by(|which, id| sys::waitid(which, id, &mut info, options | WNOHANG | WALL))?;
        Ok(if info.pid == 0 { (0, 0) } else { (info.code, info.status) })
    }

    /// Waits until it has stopped, was continued, or has ended, and leaves that to be told.
    pub fn until_changed(&self, options: i32) -> Answer {
        let mut info = WaitInfo::EMPTY;
        self.by(|which, id| sys::waitid(which, id, &mut info, options | WEXITED | WNOWAIT | WALL))
    }

    /// Waits until it has ended, and leaves it to be reaped.
    pub fn until_ended(&self) {
        // SAFETY: no usage is asked for.
        while unsafe { self.wait(WALL | WNOWAIT, null_mut::<u8>()) } == Err(Errno(EINTR)) {}
    }

    fn look_as(&self, kind: i32) -> Seen {
        let mut info = WaitInfo::EMPTY;
        let options = WEXITED | WNOHANG | WNOWAIT | kind;
        loop {
            return match self.by(|which, id| sys::waitid(which, id, &mut info, options)) {
                Ok(()) if info.pid == 0 => Seen::Alive,
                Ok(()) => Seen::Ended(End { code: info.code, status: info.status }),
                Err(Errno(EINTR)) => continue,
                Err(Errno(libc::ECHILD)) => Seen::NotThere,
                Err(_) => Seen::Unknown,
            };
        }
    }

    /// Whether it is not running any more, as far as can be told.
    pub fn has_ended(&self) -> bool {
        if let Some(pidfd) = &self.pidfd {
            let mut fds = [PollFd { fd: pidfd.as_raw_fd(), events: POLLIN, revents: 0 }];
            if let Ok(ready) = sys::poll(&mut fds, Some(&Timespec { seconds: 0, nanoseconds: 0 })) {
                return ready != 0;
            }
        }
        match self.look() {
            Seen::Alive => false,
            Seen::Ended(_) | Seen::NotThere => true,
            Seen::Unknown => sys::kill(self.pid, 0) == Err(Errno(libc::ESRCH)),
        }
    }

    /// Kills it. By pidfd where there is one: the caller's own wait may have reaped it, and its pid be another's.
    pub fn kill(&self) {
        let killed = match &self.pidfd {
            Some(pidfd) => sys::pidfd_send_signal(pidfd.as_raw_fd(), libc::SIGKILL, 0),
            None => Err(Errno(ENOSYS)),
        };
        // Whatever kept the one call from it: a child that nobody has reaped still has its pid.
        if killed.is_err_and(|errno| errno != Errno(libc::ESRCH)) {
            let _ = sys::kill(self.pid, libc::SIGKILL);
        }
    }

    /// Waits until it has ended and reaps it; `None` if somebody else was told of its end, or a filter forbids each call that
    /// could tell. It would stay a zombie, so an error that may pass is met with a second try.
    pub fn reap(&self) -> Option<End> {
        let mut tries = 2;
        loop {
            // SAFETY: no usage is asked for.
            match unsafe { self.wait(WALL, null_mut::<u8>()) } {
                Err(Errno(EINTR)) => (),
                Err(Errno(code)) if code != libc::ECHILD && tries > 1 => tries -= 1,
                end => return end.ok().flatten(),
            }
        }
    }

    /// Waits for its end, reaps it unless told not to, and tells what it used; `None` where it has not ended and the options
    /// say not to wait. ECHILD: somebody else has reaped it.
    ///
    /// # Safety
    /// `usage` is NULL or memory for a rusage, getrusage(2).
    pub unsafe fn wait<T>(&self, options: i32, usage: *mut T) -> Answer<Option<End>> {
        let mut info = WaitInfo::EMPTY;
        loop {
            // SAFETY: the caller vouches for `usage`.
            let wait = |which, id| unsafe { sys::waitid_usage(which, id, &mut info, options | WEXITED, usage) };
            return match self.by(wait) {
                Ok(()) if info.pid == 0 => Ok(None),
                Ok(()) => Ok(Some(End { code: info.code, status: info.status })),
                Err(Errno(EAGAIN)) if options & WNOHANG != 0 => Ok(None),
                // A pidfd that somebody has made non-blocking.
                Err(Errno(EAGAIN)) => match self.until_readable() {
                    Ok(()) => continue,
                    Err(errno) => Err(errno),
                },
                Err(errno @ Errno(EINTR | libc::ECHILD)) => Err(errno),
                // wait4(2) always reaps.
                Err(errno) if options & WNOWAIT != 0 => Err(errno),
                // SAFETY: as above.
                Err(errno) => unsafe { self.wait4(options, usage) }.map_err(|_| errno),
            };
        }
    }

    fn until_readable(&self) -> Answer {
        let Some(pidfd) = &self.pidfd else { return Ok(()) };
        let mut fds = [PollFd { fd: pidfd.as_raw_fd(), events: POLLIN, revents: 0 }];
        sys::poll(&mut fds, None).map(drop)
    }

    /// # Safety
    /// As for `wait`.
    unsafe fn wait4<T>(&self, options: i32, usage: *mut T) -> Answer<Option<End>> {
        let mut status = 0;
        // SAFETY: the caller vouches for `usage`.
        let pid = unsafe { sys::wait4(self.pid, &mut status, options & (WNOHANG | WALL | WCLONE), usage)? };
        let (code, status) = sys::end_of(status);
        Ok((pid != 0).then_some(End { code, status }))
    }
}
