//! The exec of the program, and what comes just before it.

use super::state::At;
use super::{channel, proc_files};
use crate::base::bounded_text::BoundedText;
use crate::base::decimal::Digits;
use crate::sys::abi::{ENOENT, ENOTDIR, EPERM, ETXTBSY, F_GETFD, FD_CLOEXEC, SIGSTOP, Timespec};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Answer, Errno};
use core::slice;

/// ptrace(2)
pub fn trace(at: &mut At) -> Answer {
    if at.plan.trace == 0 { Ok(()) } else { sys::trace_me() }
}

/// kill(2), with the one signal that cannot be blocked and can be continued from
pub fn stop(at: &mut At) -> Answer {
    if at.plan.stop != 0 {
        sys::kill(sys::getpid(), SIGSTOP)?;
    }
    channel::outlive_caller(at)
}

/// Returns only with an error: that of the first candidate that failed otherwise than with ENOENT or ENOTDIR, or the last one.
pub fn exec(at: &mut At) -> Answer {
    write_pid(at)?;
    let (argv, envp) = (at.argv, at.envp);
    if at.exec_fd >= 0 {
        // SAFETY: C caller guarantees NULL-terminated vectors of NUL-terminated strings.
        let errno = patiently(at, || unsafe { sys::fexecve(at.exec_fd, argv, envp) });
        // With filters execveat(2) alone is tried: they need not allow the calls of the other way.
        let try_path = at.plan.filters.is_empty() && goes_on(Call::ExecByFd, errno);
        return Err(if try_path { exec_by_proc(at, errno) } else { errno });
    }
    let mut verdict = (Errno(ENOENT), -1);
    let mut telling = false;
    for (index, path) in at.plan.list(at.plan.candidates).iter().enumerate() {
        let Some(path) = at.plan.text(*path) else { continue };
        // SAFETY: C caller guarantees NUL-terminated strings and NULL-terminated vectors of them.
        let errno = patiently(at, || unsafe { sys::execve(path, argv, envp) });
        if !telling {
            verdict = (errno, index as i32);
            telling = !matches!(errno, Errno(ENOENT | ENOTDIR));
        }
    }
    at.index = if at.plan.searched != 0 { verdict.1 } else { -1 };
    Err(verdict.0)
}

/// execve(2) of the link by which /proc leads to a descriptor. `refused` was execveat's answer, and without a real /proc
/// there is no other.
fn exec_by_proc(at: &At, refused: Errno) -> Errno {
    let path = BoundedText::<26>::numbered(b"/proc/self/fd/", at.exec_fd);
    let Some(path) = path.c_str() else { return refused };
    match proc_files::open_own_fds() {
        Ok(listing) => drop(sys::close(listing)),
        Err(_) => return refused,
    }
    // execveat(2) says so; here it would be left to the interpreter to find no file.
    let mut start = [0u8; 2];
    let is_script = sys::pread(at.exec_fd, &mut start, 0) == Ok(2) && start == *b"#!";
    if is_script && sys::fcntl(at.exec_fd, F_GETFD, 0).is_ok_and(|flags| flags & FD_CLOEXEC != 0) {
        return Errno(ENOENT);
    }
    // SAFETY: a NUL-terminated path; C caller guarantees NULL-terminated vectors of NUL-terminated strings.
    patiently(at, || unsafe { sys::execve(path.as_ptr().cast(), at.argv, at.envp) })
}

/// Tries again for a while where a concurrent fork holds the program open for writing.
fn patiently(at: &At, attempt: impl Fn() -> Errno) -> Errno {
    let mut left = at.plan.busy_retry_ms;
    loop {
        let errno = attempt();
        if errno != Errno(ETXTBSY) || left == 0 {
            return errno;
        }
        left = left.saturating_sub(1);
        let _ = sys::sleep(&Timespec { seconds: 0, nanoseconds: 1_000_000 });
    }
}

/// The digits of the longest pid.
pub const PID_DIGITS: usize = 10;

/// The program's own pid, in the digits of the variable that comes first; a shorter number ends earlier.
fn write_pid(at: &At) -> Answer {
    if at.plan.text(at.plan.pid_variable).is_none() {
        return Ok(());
    }
    let pid = match sys::getpid() {
        // No process has pid 0: a seccomp filter has answered.
        0 => return Err(Errno(EPERM)),
        pid => pid,
    };
    let decimal = Digits::of(pid as u64);
    // SAFETY: parent::launch guarantees an entry of the variable, with room for the digits, that nobody else reads.
    let digits = unsafe {
        let entry = at.envp.read().cast_mut().add(at.plan.pid_variable.len as usize);
        slice::from_raw_parts_mut(entry.add(1), PID_DIGITS)
    };
    let places = digits.iter_mut();
    // A NUL ends a shorter number.
    let bytes = decimal.as_bytes().iter().chain(core::iter::repeat(&0));
    places.zip(bytes).for_each(|(place, digit)| *place = *digit);
    Ok(())
}
