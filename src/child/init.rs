//! The init of a pid namespace: it stays behind as the first process while the program goes on as its child.

use super::At;
use super::channel::{self, Who};
use super::fds;
use super::filters;
use super::init_filter;
use super::page::{USAGE, Usage, program};
use super::program::FAILED;
use super::sealed::init;
use super::sys::abi::{
    CLD_EXITED, EAGAIN, ECHILD, EINTR, ENOSYS, P_ALL, P_PID, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL,
    PR_SET_NO_NEW_PRIVS, SIG_DFL, SIG_IGN, SIGCHLD, SIGWINCH, WALL, WCLONE, WEXITED, WNOHANG, WNOWAIT, WaitInfo,
};
use super::sys::{self, Answer, Errno};
use core::sync::atomic::Ordering;

/// The exit status of an init whose program was killed is this and the signal.
pub const SIGNALLED: i32 = 128;

/// The signal by which the kernel tells of a program that has not been exec'd yet: an exec makes it SIGCHLD, and so a
/// death before can be told from a death after. It is one that is not queued, so that no limit makes it get lost.
const BEFORE_EXEC: i32 = SIGWINCH;

/// fork(2); comes back as the program
pub fn fork_program(at: &mut At) -> Answer {
    if at.plan.init == 0 {
        return Ok(());
    }
    // Ignored, it would take the program's end away; the program gets it as it was.
    let ignored = sys::get_action(SIGCHLD)?.handler == SIG_IGN;
    if ignored {
        sys::set_action(SIGCHLD, SIG_DFL)?;
    }
    match sys::fork(BEFORE_EXEC)? {
        0 => be_program(at, ignored),
        program => serve(at, program),
    }
}

/// The program goes on when the init has given up its privileges.
fn be_program(at: &mut At, ignored: bool) -> Answer {
    channel::own_word(at, Who::Program)?;
    if ignored {
        sys::set_action(SIGCHLD, SIG_IGN)?;
    }
    channel::until_changed(&at.page.init_ready, 0)?;
    match at.page.init_ready.load(Ordering::Acquire) {
        1 => Ok(()),
        failed => Err(Errno(failed.saturating_sub(1) as i32)),
    }
}

/// All signals are blocked, so each waits to be taken.
fn serve(at: &At, program: i32) -> ! {
    let ready = give_up(at, program).map_or_else(|Errno(errno)| (errno as u32).saturating_add(1), |()| 1);
    at.page.init_ready.store(ready, Ordering::Release);
    // Its filter lets it wake the program.
    let _ = sys::futex_wake(&at.page.init_ready);
    let mut info = WaitInfo::EMPTY;
    let mut over = None;
    loop {
        reap(at, program, &mut over);
        match sys::wait_for_signal(&mut info) {
            Err(Errno(EINTR | EAGAIN)) | Ok(SIGCHLD) => (),
            // When the program has been reaped, another process may get its pid.
            Ok(_) if over.is_some() => (),
            // What the terminal sends to the group, and whoever is in here, reaches the program by itself.
            Ok(signal) if info.code <= 0 && sender(&info) == 0 => drop(sys::kill(program, signal)),
            Ok(_) => (),
            Err(_) => until_one_ends(),
        }
    }
}

/// Where a filter lets nobody take signals, none is sent on.
fn until_one_ends() {
    let mut info = WaitInfo::EMPTY;
    match sys::waitid(P_ALL, 0, &mut info, WEXITED | WNOWAIT | WALL) {
        Ok(()) | Err(Errno(EINTR)) => (),
        Err(_) => sys::exit(FAILED),
    }
}

/// Every descriptor, every capability, and every system call that an init does not need: who gets hold of it in there is
/// to gain nothing that the program has not.
fn give_up(at: &At, program: i32) -> Answer {
    // First what the caller listens to: one by one the others may take a while.
    if at.lifeline >= 0 {
        sys::close(at.lifeline)?;
    }
    fds::close_everything(at)?;
    sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0)?;
    sys::capset(0, 0, 0)?;
    sys::prctl(PR_SET_NO_NEW_PRIVS, 1, 0)?;
    match filters::load(&init_filter::for_program(program)) {
        // A kernel without filters has none for the program either.
        Err(Errno(ENOSYS)) => Ok(()),
        answer => answer,
    }
}

/// The pid of whoever sent a signal; 0 is somebody outside.
fn sender(info: &WaitInfo) -> i32 {
    info.pid
}

/// Reaps all that have ended. The init ends with the program, and the kernel then kills the others; a lingering init ends
/// with the last of them. `over`: the init's exit status, once the program has ended. A process that came to be a child of the
/// init when its parent ended is waited for as if it had been exec'd.
fn reap(at: &At, program: i32, over: &mut Option<i32>) {
    if over.is_none()
        && let Ok(Some(end)) = ended(program, WCLONE)
    {
        sys::exit(tell(at, program::DID_NOT_RUN, &end));
    }
    loop {
        match ended(ALL, 0) {
            Ok(Some(end)) if over.is_none() && end.pid == program => {
                let status = tell(at, program::RAN, &end);
                if at.plan.init != init::LINGERS {
                    sys::exit(status);
                }
                *over = Some(status);
            }
            Ok(Some(_)) => (),
            Err(Errno(ECHILD)) => return over.map_or((), |status| sys::exit(status)),
            Ok(None) => return,
            Err(Errno(EINTR)) => (),
            // A program whose end cannot be heard of would never end for the caller.
            Err(_) => sys::exit(FAILED),
        }
    }
}

/// Tells the caller of the program's end. Returns the exit status by which the init tells it to whoever else waits for it.
fn tell(at: &At, ran: u32, end: &End) -> i32 {
    let told = &at.page.program_end;
    told.code.store(end.code, Ordering::Relaxed);
    told.status.store(end.status, Ordering::Relaxed);
    for (told, used) in told.usage.iter().zip(end.usage) {
        told.store(used, Ordering::Relaxed);
    }
    at.page.program_ran.store(ran, Ordering::Release);
    if at.plan.init == init::LINGERS {
        let _ = sys::futex_wake(&at.page.program_ran);
    }
    if end.code == CLD_EXITED { end.status } else { SIGNALLED.saturating_add(end.status) }
}

/// A process that was reaped: how it ended, as waitid(2) tells, and what it used.
struct End {
    pid: i32,
    code: i32,
    status: i32,
    usage: Usage,
}

const ALL: i32 = -1;

/// One that has ended, of those that are waited for in that way. waitid(2), or wait4(2) where a filter lets nobody use it
fn ended(pid: i32, way: i32) -> Answer<Option<End>> {
    let (mut info, mut usage) = (WaitInfo::EMPTY, [0; USAGE]);
    let (which, id) = if pid == ALL { (P_ALL, 0) } else { (P_PID, pid) };
    // SAFETY: kernel contract, man 2 getrusage: memory for a rusage.
    match unsafe { sys::waitid_usage(which, id, &mut info, WEXITED | WNOHANG | way, usage.as_mut_ptr()) } {
        Err(errno @ Errno(EINTR | ECHILD)) => Err(errno),
        Err(_) => ended_by_wait4(pid, way),
        Ok(()) if info.pid == 0 => Ok(None),
        Ok(()) => Ok(Some(End { pid: info.pid, code: info.code, status: info.status, usage })),
    }
}

fn ended_by_wait4(pid: i32, way: i32) -> Answer<Option<End>> {
    let (mut status, mut usage) = (0, [0; USAGE]);
    // SAFETY: kernel contract, man 2 getrusage: memory for a rusage.
    let pid = unsafe { sys::wait4(pid, &mut status, WNOHANG | way, usage.as_mut_ptr())? };
    let (code, status) = sys::end_of(status);
    Ok((pid != 0).then_some(End { pid, code, status, usage }))
}
