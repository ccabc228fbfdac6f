//! The program, and before it the image.

use super::At;
use super::sealed::{Wiring, cwd_rights};
use super::stage::Stage;
use super::sys::abi::{EACCES, EBADF, ENOENT, ENOTDIR, EPERM, ETXTBSY, F_GETFD, FD_CLOEXEC, SIGSTOP, Timespec};
use super::sys::ways::{Call, goes_on};
use super::sys::{self, Answer, Errno};
use super::{channel, ends, fds};
use core::slice;

/// Leaves the caller's memory for an image of the child's own.
pub fn become_image(at: &mut At) -> Answer {
    let Wiring { image_argv, image_envp, .. } = *at.wiring;
    if image_argv == 0 {
        return Ok(());
    }
    let image = image(at.wiring)?;
    ends::page_is_ours(at.wiring)?;
    ends::strings_are_ours(at.wiring)?;
    fds::survive_exec(at)?;
    // SAFETY: parent::image guarantees NULL-terminated vectors of NUL-terminated strings.
    Err(unsafe { sys::fexecve(image, image_argv as *const *const u8, image_envp as *const *const u8) })
}

fn image(wiring: &Wiring) -> Answer<i32> {
    if wiring.image < 0 {
        return ends::image(wiring);
    }
    // The caller may have closed what is not its own, and opened something else there.
    if sys::identity(wiring.image)? != wiring.image_identity {
        return Err(Errno(EBADF));
    }
    Ok(wiring.image)
}

/// chdir(2), fchdir(2), with the ids and capabilities that the caller has. A directory that leads out of the root is not
/// stayed in for a moment longer than it takes to see that.
pub fn cwd_before_ids(at: &mut At) -> Answer {
    let rights = at.plan.cwd_rights;
    if rights == cwd_rights::PROGRAM {
        return Ok(());
    }
    match enter_cwd(at) {
        Err(Errno(EACCES | EPERM)) if rights == cwd_rights::EITHER => return Ok(()),
        answer => answer?,
    }
    at.stage = Stage::CwdCheck;
    cwd_check(at)?;
    at.in_cwd = true;
    Ok(())
}

/// chdir(2), fchdir(2)
pub fn cwd(at: &mut At) -> Answer {
    if at.in_cwd { Ok(()) } else { enter_cwd(at) }
}

fn enter_cwd(at: &At) -> Answer {
    match at.plan.text(at.plan.cwd) {
        // SAFETY: plan::lower guarantees a NUL-terminated path.
        Some(path) => unsafe { sys::chdir(path) },
        None if at.plan.cwd_fd >= 0 => sys::fchdir(at.plan.cwd_fd),
        None => Ok(()),
    }
}

/// getcwd(2), of a directory that a descriptor or a link of /proc may have led out to
pub fn cwd_check(at: &mut At) -> Answer {
    if at.plan.cwd_check == 0 || at.in_cwd { Ok(()) } else { stays_inside(at) }
}

/// A directory outside the root has no path, and would be a way out of it.
pub fn stays_inside(at: &At) -> Answer {
    if at.plan.other_root == 0 {
        return Ok(());
    }
    let mut path = [0u8; 4096];
    sys::getcwd(&mut path)?;
    if path.first() == Some(&b'/') { Ok(()) } else { Err(Errno(ENOENT)) }
}

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

/// Only ever comes back with an error: of the first candidate that failed for a reason of its own, else of the last.
pub fn exec(at: &mut At) -> Answer {
    write_pid(at)?;
    let (argv, envp) = (at.argv, at.envp);
    if at.exec_fd >= 0 {
        // SAFETY: C caller guarantees NULL-terminated vectors of NUL-terminated strings.
        let errno = patiently(at, || unsafe { sys::fexecve(at.exec_fd, argv, envp) });
        // Its filters need not allow the calls that the other way takes.
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
    let mut path = *b"/proc/self/fd/\0\0\0\0\0\0\0\0\0\0\0";
    let Some(digits) = path.get_mut(14..24) else { return refused };
    fds::write_number(at.exec_fd as u32, digits);
    match fds::open_listing() {
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
    patiently(at, || unsafe { sys::execve(path.as_ptr(), at.argv, at.envp) })
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
        // Nobody's: a filter has answered.
        0 => return Err(Errno(EPERM)),
        pid => pid,
    };
    // SAFETY: parent::launch guarantees an entry of the variable, with room for the digits, that nobody else reads.
    let digits = unsafe {
        let entry = at.envp.read().cast_mut().add(at.plan.pid_variable.len as usize);
        slice::from_raw_parts_mut(entry.add(1), PID_DIGITS)
    };
    fds::write_number(pid as u32, digits);
    Ok(())
}
