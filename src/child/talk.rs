//! What child and caller say to each other.

use super::At;
use super::program::FAILED;
use super::report::{Report, kind};
use super::stage::Stage;
use super::sys::abi::{
    EAGAIN, EINTR, F_SETFL, F_SETOWN, F_SETSIG, O_ASYNC, POLLIN, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PollFd, SIGKILL,
    Timespec,
};
use super::sys::{self, Answer, Errno};

/// Notes the stage, also where a caller that shares memory finds it, should the child be killed in it.
pub fn at_stage(at: &mut At, stage: Stage) {
    at.stage = stage;
    store(at, Report { kind: 0, stage: stage as u32, code: 0, index: -1 });
}

/// Says what failed, and leaves.
pub fn fail(at: &At, errno: Errno) -> ! {
    let report = Report { kind: kind::FAILED, stage: at.stage as u32, code: errno.0, index: at.index };
    if !store(at, report) {
        // A caller that is gone has nobody left to tell.
        let _ = tell(at, report);
    }
    sys::exit(FAILED)
}

/// Whether there is such a place: in the caller's memory, where its table may still be the child's too.
fn store(at: &At, report: Report) -> bool {
    let place = at.wiring.report as *mut Report;
    if place.is_null() {
        return false;
    }
    // SAFETY: parent::launch guarantees a report of the caller's that outlives the child's stay in shared memory; volatile,
    // since the reader is another process.
    unsafe { place.write_volatile(report) };
    true
}

/// Sends a report through the pipe, if there is one.
pub fn tell(at: &At, report: Report) -> Answer {
    if at.reports < 0 {
        return Ok(());
    }
    if !at.loose {
        // Off the leash, which the reading of this would pull.
        sys::fcntl(at.reports, F_SETFL, 0)?;
    }
    sys::write(at.reports, report.as_bytes()).map(drop)
}

/// Says that whoever dies from here on without a word has died of this stage.
pub fn blame(at: &At, stage: Stage) -> Answer {
    tell(at, Report { kind: kind::BLAMED, stage: stage as u32, code: 0, index: -1 })
}

/// Where the plan may block, the child dies with the thread that waits for it, so that nothing half made stays behind.
pub fn die_with_caller(at: &At) -> Answer {
    if at.plan.guarded == 0 {
        return Ok(());
    }
    sys::prctl(PR_SET_PDEATHSIG, SIGKILL as usize, 0)?;
    if is_orphan(at) { sys::exit(FAILED) } else { Ok(()) }
}

/// Whether the caller is gone. A descriptor of it knows; without one the parent's pid does, as long as the caller is in
/// this pid namespace: in a new one it is 0 before and after.
pub fn is_orphan(at: &At) -> bool {
    if at.owner < 0 {
        return ![0, at.wiring.owner_pid].contains(&sys::getppid());
    }
    let mut fds = [PollFd { fd: at.owner, events: POLLIN, revents: 0 }];
    sys::poll(&mut fds, Some(&Timespec { seconds: 0, nanoseconds: 0 })) != Ok(0)
}

/// The same once more: a change of ids has cleared it.
pub fn still_die_with_caller(at: &At) -> Answer {
    if at.plan.hold != 0 {
        put_on_leash(at)?;
    }
    // No leash holds the first process of a pid namespace, which the kernel protects from its own signals.
    if at.awaited || at.plan.first != 0 { die_with_caller(at) } else { Ok(()) }
}

/// No thread need wait for a child that was held. But the caller's end of the pipe for reports closes with the caller, or
/// with its last fork, and that kills the child, also one that has stopped. fcntl(2)
fn put_on_leash(at: &At) -> Answer {
    sys::fcntl(at.reports, F_SETSIG, SIGKILL)?;
    // Pulled with the right of whoever was this last.
    sys::fcntl(at.reports, F_SETOWN, sys::getpid())?;
    sys::fcntl(at.reports, F_SETFL, O_ASYNC)?;
    let mut owner = [PollFd { fd: at.owner, events: POLLIN, revents: 0 }];
    match sys::poll(&mut owner, Some(&Timespec { seconds: 0, nanoseconds: 0 }))? {
        0 => Ok(()),
        _ => sys::exit(FAILED),
    }
}

/// Waits for what the caller does on the child's behalf.
pub fn wait(at: &mut At) -> Answer {
    if at.plan.wait == 0 { Ok(()) } else { until_released(at).map(drop) }
}

/// The maps of a user namespace that was entered rather than born in. Whoever has the right to write them has it to files
/// that are its own, and while they are written they are; unless another user owns the namespace, who might look in.
pub fn wait_maps(at: &mut At) -> Answer {
    if at.plan.unshare_user == 0 || at.plan.wait == 0 {
        return Ok(());
    }
    if at.plan.namespace_owner.get().is_none() {
        sys::prctl(PR_SET_DUMPABLE, 1, 0)?;
    }
    tell(at, Report { kind: kind::UNMAPPED, stage: Stage::WaitMaps as u32, code: 0, index: -1 })?;
    until_released(at)?;
    sys::prctl(PR_SET_DUMPABLE, 0, 0).map(drop)
}

/// Says that the surroundings are complete, and waits to be released: for as long as the caller lives, not its thread.
pub fn hold(at: &mut At) -> Answer {
    if at.plan.hold == 0 {
        return Ok(());
    }
    if at.plan.guarded != 0 {
        sys::prctl(PR_SET_PDEATHSIG, 0, 0)?;
    }
    tell(at, Report { kind: kind::HELD, stage: Stage::Hold as u32, code: 0, index: -1 })?;
    at.awaited = until_released(at)? > 1;
    still_die_with_caller(at)
}

/// Returns when the caller says so, and leaves when the caller is gone.
pub fn until_released(at: &At) -> Answer<u64> {
    loop {
        let listen = |fd| PollFd { fd, events: POLLIN, revents: 0 };
        let mut fds = [listen(at.go), listen(at.owner)];
        match sys::poll(&mut fds, None) {
            Err(Errno(EINTR | EAGAIN)) => continue,
            answer => answer?,
        };
        let [go, owner] = fds;
        if owner.revents != 0 {
            sys::exit(FAILED);
        }
        if go.revents != 0 {
            let mut count = [0u8; 8];
            return sys::read(at.go, &mut count).map(|_| u64::from_ne_bytes(count));
        }
    }
}
