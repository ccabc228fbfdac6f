//! A child of this process: its pid and its pidfd, and what the caller does by them: look whether it has ended, wait for it,
//! signal it, reap it. Only this file waits for children of the caller's threads. A seccomp filter of the caller's may forbid
//! waitid(2) or ppoll(2): then wait4(2) and looks now and then do instead.

use crate::sys::abi::{
    EAGAIN, EINTR, EINVAL, ENOSYS, P_PID, P_PIDFD, POLLIN, PollFd, Timespec, WALL, WCLONE, WEXITED, WNOHANG, WNOWAIT,
    WaitInfo,
};
use crate::sys::{self, Answer, Errno};
use core::ptr::null_mut;
use std::os::fd::{AsRawFd, OwnedFd};

pub struct Process {
    pub pid: i32,
    pub pidfd: Option<OwnedFd>,
}

/// How a process ended: a `CLD_*` code, and the exit code or the signal. waitid(2)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    pub code: i32,
    pub status: i32,
}

impl End {
    /// The signal that killed a process; 0 if none did, or nobody has learnt how it ended.
    pub fn signal_of(end: Option<End>) -> i32 {
        end.map_or(0, |end| end.signal())
    }

    /// The signal that killed it; 0 if none did. Not inlined: where there may be no `End`, the compiler would compare the unset
    /// numbers first, which is right but which valgrind reports.
    #[inline(never)]
    pub fn signal(&self) -> i32 {
        if matches!(self.code, libc::CLD_KILLED | libc::CLD_DUMPED) { self.status } else { 0 }
    }

    pub fn is_success(&self) -> bool {
        *self == End { code: libc::CLD_EXITED, status: 0 }
    }
}

/// How to wait for the end of a process.
#[derive(Clone, Copy)]
pub struct Wait {
    /// Comes back only when the process has ended.
    pub blocks: bool,
    /// Reaps it; otherwise it stays a zombie, and can be waited for again.
    pub reaps: bool,
}

impl Wait {
    fn options(self) -> i32 {
        WALL | if self.blocks { 0 } else { WNOHANG } | if self.reaps { 0 } else { WNOWAIT }
    }
}

/// What a look at a child tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    Alive,
    Ended(End),
    /// This process has no such child, or none that this kind of wait finds. Other code may have reaped it.
    NotThere,
    /// A filter does not let this process look.
    Unknown,
}

/// Whether an exec passed its point of no return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passed {
    No,
    Yes,
    /// Other code has reaped the child, so that nothing tells.
    Unknown,
}

impl Process {
    pub fn new(pid: i32, pidfd: Option<OwnedFd>) -> Process {
        Process { pid, pidfd }
    }

    /// Waits by the pidfd, which never stands for another process. Linux 5.2 and 5.3 have pidfds, but do not wait by them:
    /// there it waits by pid.
    fn by(&self, mut wait: impl FnMut(i32, i32) -> Answer) -> Answer {
        match self.pidfd.as_ref().map(|pidfd| wait(P_PIDFD, pidfd.as_raw_fd())) {
            None | Some(Err(Errno(EINVAL))) => wait(P_PID, self.pid),
            Some(answer) => answer,
        }
    }

    /// ECHILD: the child was reaped, so its pid may be another process's.
    pub fn is_not_reaped(&self) -> Answer {
        let mut info = WaitInfo::EMPTY;
        sys::waitid(P_PID, self.pid, &mut info, WEXITED | WNOHANG | WNOWAIT | WALL)
    }

    /// Looks without reaping, and without waiting.
    pub fn look(&self) -> Seen {
        self.look_as(WALL)
    }

    /// Whether an exec of this child passed its point of no return. Until then the child's exit signal is 0, and only a wait
    /// with `__WCLONE` finds the child. The exec makes the signal SIGCHLD, and then such a wait does not find it.
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

    /// The same for a child whose exit signal was SIGCHLD from the beginning, as qemu-user makes them. setpgid(2) of a child
    /// that has been exec'd fails with EACCES, before the kernel looks whether the group exists. If the child is in another
    /// session, this does not tell.
    pub fn passed_exec_by_group(&self) -> Passed {
        /// No process group has this number: pids are smaller.
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

    /// wait4(2) with `__WCLONE`. It reaps a child that it finds: one whose exec failed.
    fn is_found_by_wait4(&self) -> bool {
        let mut status = 0;
        // SAFETY: kernel contract, man 2 wait4: no usage is asked for.
        unsafe { sys::wait4(self.pid, &mut status, WNOHANG | WCLONE, null_mut::<u8>()) }.is_ok()
    }

    /// Whether it has stopped or was continued since the last wait that told so, as asked by WSTOPPED and WCONTINUED: a `CLD_*`
    /// code and the signal, or zeros. With WNOWAIT the next wait tells it again.
    pub fn changed(&self, options: i32) -> Answer<(i32, i32)> {
        let mut info = WaitInfo::EMPTY;
        self.by(|which, id| sys::waitid(which, id, &mut info, options | WNOHANG | WALL))?;
        Ok(if info.pid == 0 { (0, 0) } else { (info.code, info.status) })
    }

    /// Waits until it has stopped, was continued, or has ended, and leaves that to the next wait.
    pub fn until_changed(&self, options: i32) -> Answer {
        let mut info = WaitInfo::EMPTY;
        self.by(|which, id| sys::waitid(which, id, &mut info, options | WEXITED | WNOWAIT | WALL))
    }

    /// Waits until it has ended, and leaves it a zombie.
    pub fn until_ended(&self) {
        while self.wait(Wait { blocks: true, reaps: false }, None) == Err(Errno(EINTR)) {}
    }

    /// Sleeps until it has ended, or until the time is up; `None` is without limit. Whether it has ended. ENOSYS: there is
    /// no pidfd to sleep by.
    pub fn poll(&self, timeout: Option<&Timespec>) -> Answer<bool> {
        let Some(pidfd) = &self.pidfd else { return Err(Errno(ENOSYS)) };
        let mut fds = [PollFd { fd: pidfd.as_raw_fd(), events: POLLIN, revents: 0 }];
        sys::poll(&mut fds, timeout).map(|ready| ready != 0)
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

    /// Whether it has ended, as far as can be told.
    pub fn has_ended(&self) -> bool {
        if let Ok(ended) = self.poll(Some(&Timespec { seconds: 0, nanoseconds: 0 })) {
            return ended;
        }
        match self.look() {
            Seen::Alive => false,
            Seen::Ended(_) | Seen::NotThere => true,
            Seen::Unknown => sys::kill(self.pid, 0) == Err(Errno(libc::ESRCH)),
        }
    }

    /// Sends a signal by the pidfd; by pid where the kernel has no such call.
    pub fn signal(&self, signal: i32) -> Answer {
        match self.signal_by_pidfd(signal) {
            Err(Errno(ENOSYS)) => sys::kill(self.pid, signal),
            answer => answer,
        }
    }

    /// Kills it: by pidfd, because the caller may have reaped it, and its pid may be another process's. If that fails for any
    /// reason but ESRCH, then by pid.
    pub fn kill(&self) {
        let killed = self.signal_by_pidfd(libc::SIGKILL);
        if killed.is_err_and(|errno| errno != Errno(libc::ESRCH)) {
            let _ = sys::kill(self.pid, libc::SIGKILL);
        }
    }

    fn signal_by_pidfd(&self, signal: i32) -> Answer {
        let Some(pidfd) = &self.pidfd else { return Err(Errno(ENOSYS)) };
        sys::pidfd_send_signal(pidfd.as_raw_fd(), signal, 0)
    }

    /// Waits until it has ended, and reaps it. `None`: other code has reaped it, or a seccomp filter forbids each call that
    /// could tell. After an error that may pass it tries once more, because the child would stay a zombie.
    pub fn reap(&self) -> Option<End> {
        let mut tries = 2;
        loop {
            match self.wait(Wait { blocks: true, reaps: true }, None) {
                Err(Errno(EINTR)) => (),
                Err(Errno(code)) if code != libc::ECHILD && tries > 1 => tries -= 1,
                end => return end.ok().flatten(),
            }
        }
    }

    /// Reaps it if it has ended. Whether there may still be something to reap.
    pub fn reap_if_ended(&self) -> bool {
        matches!(self.wait(Wait { blocks: false, reaps: true }, None), Ok(None) | Err(Errno(EINTR)))
    }

    /// Waits for its end, and tells what it used. `None`: it has not ended, and this does not block. ECHILD: other code has
    /// reaped it.
    pub fn wait(&self, how: Wait, usage: Option<&mut libc::rusage>) -> Answer<Option<End>> {
        let usage: *mut libc::rusage = usage.map_or(null_mut(), |usage| usage);
        let options = how.options();
        let mut info = WaitInfo::EMPTY;
        loop {
            // SAFETY: NULL, or memory for a rusage that nobody else uses.
            let wait = |which, id| unsafe { sys::waitid_usage(which, id, &mut info, options | WEXITED, usage) };
            return match self.by(wait) {
                Ok(()) if info.pid == 0 => Ok(None),
                Ok(()) => Ok(Some(End { code: info.code, status: info.status })),
                Err(Errno(EAGAIN)) if !how.blocks => Ok(None),
                // The caller has made the pidfd non-blocking.
                Err(Errno(EAGAIN)) => match self.poll(None) {
                    Ok(_) => continue,
                    Err(errno) => Err(errno),
                },
                Err(errno @ Errno(EINTR | libc::ECHILD)) => Err(errno),
                // wait4(2) always reaps.
                Err(errno) if !how.reaps => Err(errno),
                // SAFETY: as above.
                Err(errno) => unsafe { self.wait4(options, usage) }.map_err(|_| errno),
            };
        }
    }

    /// # Safety
    /// `usage` is NULL or memory for a rusage, getrusage(2).
    unsafe fn wait4(&self, options: i32, usage: *mut libc::rusage) -> Answer<Option<End>> {
        let mut status = 0;
        // SAFETY: the caller vouches for `usage`.
        let pid = unsafe { sys::wait4(self.pid, &mut status, options & (WNOHANG | WALL), usage)? };
        let (code, status) = sys::end_of(status);
        Ok((pid != 0).then_some(End { code, status }))
    }
}
