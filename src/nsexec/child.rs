//! Process 1: joins and makes the namespaces, each before it loses the privilege for it.

use super::channel::{self, FINISHED, MAPS, MAPS_DONE, OFFSETS, OFFSETS_DONE, PID, PID_DONE};
use super::join;
use super::log::{Log, Piece::*};
use super::start::{Start, call_itself, creates_user, sibling};
use crate::sys::abi::{CLONE_NEWUSER, EINVAL, PR_SET_DUMPABLE};
use crate::sys::{self, Answer, Errno};

/// Returns in process 2.
pub fn run(start: &mut Start) {
    start.log.enter("nsexec-1");
    call_itself(c"runc:[1:CHILD]");
    start.log.debug(&[Text("~> nsexec stage-1")]);
    let [other, end] = start.to_child;
    let _ = sys::close(other);
    if let Some(paths) = start.message.paths {
        join::enter_all(&start.log, paths);
    }
    if creates_user(&start.message) {
        create_user(start, end);
    }
    // All others in one call. The new pid namespace holds only the next process.
    let rest = start.message.clone_flags & !CLONE_NEWUSER;
    start.log.debug(&[Text("unshare the other namespaces: 0x"), Hex(rest)]);
    start.log.check(unshare(rest), &[Text("failed to unshare the other namespaces")]);
    if start.message.time_offsets.is_some() {
        channel::ask(&start.log, end, &[OFFSETS], OFFSETS_DONE);
    }
    match sibling(start) {
        0 => (),
        init => leave(&mut start.log, end, init),
    }
}

/// Makes the user namespace before the other ones, so that it owns them. user_namespaces(7)
fn create_user(start: &Start, end: i32) {
    let log = &start.log;
    let dumpable = |value| log.check(sys::prctl(PR_SET_DUMPABLE, value, 0), &[Text("failed to set dumpable")]);
    log.debug(&[Text("unshare the user namespace")]);
    log.check(unshare(CLONE_NEWUSER), &[Text("failed to unshare the user namespace")]);
    // The parent can write the maps only while this process is dumpable. No other process is in the namespace yet.
    if start.message.paths.is_some() {
        dumpable(1);
    }
    channel::ask(log, end, &[MAPS], MAPS_DONE);
    if start.message.paths.is_some() {
        dumpable(0);
    }
    log.check(sys::setresuid(0, 0, 0), &[Text("failed to become root in the user namespace")]);
}

/// Old kernels answer EINVAL while another process reads /proc/PID/status, so it is tried a few times.
fn unshare(flags: u64) -> Answer {
    for _ in 0..4 {
        match sys::unshare(flags) {
            Err(Errno(EINVAL)) => (),
            answer => return answer,
        }
    }
    sys::unshare(flags)
}

fn leave(log: &mut Log, end: i32, init: i32) -> ! {
    log.siblings = [init, 0];
    channel::ask(log, end, &[PID, init], PID_DONE);
    channel::tell(log, end, FINISHED);
    log.debug(&[Text("<~ nsexec stage-1")]);
    sys::exit(0)
}
