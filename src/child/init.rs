//! The init of a pid namespace: it stays behind as the first process while the program goes on as its child.

use super::At;
use super::channel::{self, Who};
use super::fds;
use super::init_filter;
use super::page::program;
use super::program::FAILED;
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
    loop {
        reap(at, program);
        match sys::wait_for_signal(&mut info) {
            Err(Errno(EINTR | EAGAIN)) | Ok(SIGCHLD) => (),
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
    match sys::set_filter(&init_filter::for_program(program), 0) {
        // A kernel without filters has none for the program either.
        Err(Errno(ENOSYS)) => Ok(()),
        answer => answer.map(drop),
    }
}

/// The pid of whoever sent a signal; 0 is somebody outside.
fn sender(info: &WaitInfo) -> i32 {
    info.pid
}

/// Reaps all that have ended, and ends with the program: the kernel then kills the others. Who came to be a child of the
/// init when its parent ended is waited for as if it had been exec'd.
fn reap(at: &At, program: i32) {
    if let Ok(Some(end)) = ended(program, WCLONE) {
        leave(at, program::DID_NOT_RUN, &end);
    }
    loop {
        match ended(ALL, 0) {
            Ok(Some(end)) if end.pid == program => leave(at, program::RAN, &end),
            Ok(Some(_)) => (),
            Ok(None) | Err(Errno(ECHILD)) => return,
            Err(Errno(EINTR)) => (),
            // A program whose end cannot be heard of would never end for the caller.
            Err(_) => sys::exit(FAILED),
        }
    }
}

fn leave(at: &At, ran: u32, end: &End) -> ! {
    at.page.program_ran.store(ran, Ordering::Release);
    sys::exit(end.status)
}

/// A process that was reaped, and what an init exits with for it.
struct End {
    pid: i32,
    status: i32,
}

const ALL: i32 = -1;

/// One that has ended, of those that are waited for in that way. waitid(2), or wait4(2) where a filter lets nobody use it
fn ended(pid: i32, way: i32) -> Answer<Option<End>> {
    let mut info = WaitInfo::EMPTY;
    let (which, id) = if pid == ALL { (P_ALL, 0) } else { (P_PID, pid) };
    match sys::waitid(which, id, &mut info, WEXITED | WNOHANG | way) {
        Err(errno @ Errno(EINTR | ECHILD)) => Err(errno),
        Err(_) => ended_by_wait4(pid, way),
        Ok(()) if info.pid == 0 => Ok(None),
        Ok(()) if info.code == CLD_EXITED => Ok(Some(End { pid: info.pid, status: info.status })),
        Ok(()) => Ok(Some(End { pid: info.pid, status: SIGNALLED.saturating_add(info.status) })),
    }
}

fn ended_by_wait4(pid: i32, way: i32) -> Answer<Option<End>> {
    let mut status = 0;
    // SAFETY: kernel contract, man 2 wait4: no usage is asked for.
    let pid = unsafe { sys::wait4(pid, &mut status, WNOHANG | way, core::ptr::null_mut::<u8>())? };
    let signal = status & 0x7f;
    let status = if signal == 0 { status >> 8 & 0xff } else { SIGNALLED.saturating_add(signal) };
    Ok((pid != 0).then_some(End { pid, status }))
}
