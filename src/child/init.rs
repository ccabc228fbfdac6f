//! The init of a pid namespace: it stays behind as the first process while the program goes on as its child.

use super::channel;
use super::descriptors;
use super::exit::{FAILED, SIGNALLED};
use super::filters;
use super::init_filter;
use super::state::{At, Who};
use crate::page::{SIGNAL, USAGE, Usage, program};
use crate::sealed::init;
use crate::sys::abi::{
    CLD_CONTINUED, CLD_EXITED, EAGAIN, ECHILD, EINTR, ENOSYS, P_ALL, P_PID, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL,
    PR_SET_NO_NEW_PRIVS, SIG_DFL, SIG_IGN, SIGCHLD, SIGWINCH, WALL, WCLONE, WCONTINUED, WEXITED, WNOHANG, WNOWAIT,
    WSTOPPED, WaitInfo,
};
use crate::sys::{self, Answer, Errno};
use core::sync::atomic::Ordering;

/// The signal by which the kernel tells of a program that has not been exec'd yet: an exec makes it SIGCHLD, and so a
/// death before can be told from a death after. It is one that is not queued, so that no limit makes it get lost.
const BEFORE_EXEC: i32 = SIGWINCH;

/// fork(2); comes back as the program
pub fn fork_program(at: &mut At) -> Answer {
    if at.plan.init == 0 {
        return Ok(());
    }
    // If SIGCHLD is ignored, the kernel reaps the program, and its status is lost. The program itself gets the old action.
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

/// All signals are blocked: each stays pending until rt_sigtimedwait(2) takes it.
fn serve(at: &At, program: i32) -> ! {
    let ready = give_up(at, program).map_or_else(|Errno(errno)| (errno as u32).saturating_add(1), |()| 1);
    at.page.init_ready.store(ready, Ordering::Release);
    // The seccomp filter of the init allows futex(2).
    let _ = sys::futex_wake(&at.page.init_ready);
    let mut info = WaitInfo::EMPTY;
    let mut over = None;
    loop {
        reap(at, program, &mut over);
        note_change(at, program);
        match sys::wait_for_signal(&mut info) {
            Err(Errno(EINTR | EAGAIN)) | Ok(SIGCHLD) => (),
            // When the program has been reaped, another process may get its pid.
            Ok(_) if over.is_some() => (),
            // Signals from outside are forwarded. A signal of the terminal reaches the program as a member of the group, and
            // processes of this pid namespace signal the program directly.
            Ok(signal) if info.code <= 0 && sender(&info) == 0 => drop(sys::kill(program, signal)),
            Ok(_) => (),
            Err(_) => until_one_ends(),
        }
    }
}

/// Where a seccomp filter refuses rt_sigtimedwait(2), no signal is forwarded.
fn until_one_ends() {
    let mut info = WaitInfo::EMPTY;
    match sys::waitid(P_ALL, 0, &mut info, WEXITED | WNOWAIT | WALL) {
        Ok(()) | Err(Errno(EINTR)) => (),
        Err(_) => sys::exit(FAILED),
    }
}

/// Gives up every descriptor, every capability, and every system call that an init does not need: a process that takes over
/// the init must not gain anything that the program does not have.
fn give_up(at: &At, program: i32) -> Answer {
    // The lifeline first, because the caller waits for its end: to close all others may take long.
    if at.lifeline >= 0 {
        sys::close(at.lifeline)?;
    }
    descriptors::close_everything(at)?;
    sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0)?;
    sys::capset(0, 0, 0)?;
    sys::prctl(PR_SET_NO_NEW_PRIVS, 1, 0)?;
    let filter = init_filter::for_program(program);
    match sys::set_filter(&filter, 0) {
        // A kernel without filters has none for the program either. valgrind answers the same, and makes system calls in this
        // process that the filter refuses: prctl(2), which it passes on, would be the end of the init.
        Err(Errno(ENOSYS)) => Ok(()),
        Err(_) => filters::load(&filter),
        Ok(_) => Ok(()),
    }
}

/// The pid of the sender of a signal; 0 is a process outside of this pid namespace.
fn sender(info: &WaitInfo) -> i32 {
    info.pid
}

/// Reaps all children that have ended. The init exits when the program has ended, and the kernel then kills all others. A
/// lingering init exits when no child is left; `over` is its exit status once the program has ended. A process whose parent has
/// ended becomes a child of the init, with SIGCHLD as its exit signal.
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
            // Without an answer of waitid(2) the caller would never learn of the program's end.
            Err(_) => sys::exit(FAILED),
        }
    }
}

/// Notes for the caller that the program has stopped, or goes on.
fn note_change(at: &At, program: i32) {
    let mut info = WaitInfo::EMPTY;
    let looked = sys::waitid(P_PID, program, &mut info, WSTOPPED | WCONTINUED | WNOHANG | WALL);
    if looked.is_err() || info.pid == 0 {
        return;
    }
    let signal = if info.code == CLD_CONTINUED { 0 } else { info.status as u32 & SIGNAL };
    let noted = &at.page.program_change;
    noted.store(
        (noted.load(Ordering::Relaxed) & !SIGNAL).wrapping_add(SIGNAL.wrapping_add(1)) | signal,
        Ordering::Release,
    );
    let _ = sys::futex_wake(noted);
}

/// Notes the program's end for the caller. Returns the exit status that tells others who wait for the init the same.
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
