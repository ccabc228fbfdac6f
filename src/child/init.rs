//! The init of a pid namespace: it stays behind as the first process while the program goes on as its child.

use super::At;
use super::fds;
use super::sys::abi::{CLD_EXITED, EINTR, P_ALL, SIG_DFL, SIG_IGN, SIGCHLD, WALL, WEXITED, WNOHANG, WaitInfo};
use super::sys::{self, Answer, Errno};

/// The exit status of an init whose program was killed is this and the signal.
pub const SIGNALLED: i32 = 128;

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
    match sys::fork()? {
        0 if ignored => sys::set_action(SIGCHLD, SIG_IGN),
        0 => Ok(()),
        program => serve(at, program),
    }
}

/// All signals are blocked, so each waits to be taken.
fn serve(at: &At, program: i32) -> ! {
    // First what the caller listens to: one by one the others may take a while.
    let _ = sys::close(at.reports);
    if fds::close_everything().is_err() {
        sys::exit(super::program::FAILED);
    }
    let mut info = WaitInfo::EMPTY;
    loop {
        reap(program);
        match sys::wait_for_signal(&mut info) {
            Err(Errno(EINTR)) | Ok(SIGCHLD) => (),
            // What the terminal sends to the group, and whoever is in here, reaches the program by itself.
            Ok(signal) if info.code <= 0 && sender(&info) == 0 => drop(sys::kill(program, signal)),
            Ok(_) => (),
            Err(_) => sys::exit(super::program::FAILED),
        }
    }
}

/// The pid of whoever sent a signal; 0 is somebody outside.
fn sender(info: &WaitInfo) -> i32 {
    info.pid
}

/// Reaps all that have ended, and ends with the program: the kernel then kills the others.
fn reap(program: i32) {
    loop {
        let mut info = WaitInfo::EMPTY;
        match sys::waitid(P_ALL, 0, &mut info, WEXITED | WNOHANG | WALL) {
            Err(Errno(EINTR)) => continue,
            Err(_) => return,
            Ok(()) if info.pid == 0 => return,
            Ok(()) if info.pid != program => (),
            Ok(()) if info.code == CLD_EXITED => sys::exit(info.status),
            Ok(()) => sys::exit(SIGNALLED.saturating_add(info.status)),
        }
    }
}
