//! The child's side of the channel: where it is, what it says, and what it waits for.

use super::exit::FAILED;
use super::state::{At, Who};
use crate::page::{BESIDE_IMAGE, IMAGE_NAME, LIST_HEAD, PAGE, Page, Process, WAITERS, go, kind, side};
use crate::sealed::{Wiring, clone, message, mode};
use crate::stage::Stage;
use crate::sys::abi::{
    EAGAIN, EINTR, ENOSYS, EPERM, ETIMEDOUT, F_SETFL, F_SETOWN, F_SETSIG, O_ASYNC, POLLIN, PR_SET_DUMPABLE,
    PR_SET_NAME, PR_SET_PDEATHSIG, PollFd, SIGKILL, Timespec,
};
use crate::sys::{self, Answer, Errno};
use core::sync::atomic::{AtomicU32, Ordering};

/// The page that the wiring names: memory of the caller's, or a file that the image maps. Without a page the image can
/// tell what failed only by its exit status.
pub fn open(wiring: &Wiring) -> &'static Page {
    let place = match wiring.page as *const Page {
        place if place.is_null() => match sys::map_shared(BESIDE_IMAGE, wiring.page_fd, PAGE) {
            Ok(place) => place.cast(),
            Err(Errno(errno)) => sys::exit(errno),
        },
        place => place,
    };
    // SAFETY: parent::launch guarantees a page that stays as long as the child is in the memory where it is mapped.
    unsafe { &*place }
}

/// A process with memory of its own has the kernel mark its word in the page.
pub fn begin(at: &mut At) -> Answer {
    match at.plan.mode {
        mode::FRESH if at.wiring.page == 0 => begin_image(at),
        mode::COPIED => own_word(at, Who::First),
        _ => Ok(()),
    }
}

/// The image takes its own name: a zombie that still has it was killed before its exec. PR_SET_NAME(2const)
fn begin_image(at: &mut At) -> Answer {
    if at.wiring.makes_ends == 0 {
        sys::close(at.wiring.page_fd)?;
    }
    take_name(at);
    own_word(at, Who::First)
}

fn take_name(at: &At) {
    if sys::prctl(PR_SET_NAME, IMAGE_NAME.as_ptr() as usize, 0).is_ok() {
        at.page.named.store(1, Ordering::Relaxed);
    }
}

/// set_robust_list(2). Who is going to be an init stands for the program too, until the program does for itself. Where the
/// kernel has no such lists, as in an emulator, the caller has to look again and again; at a copy of its own it can.
pub fn own_word(at: &mut At, who: Who) -> Answer {
    at.who = who;
    let before_init = match at.plan.second_clone {
        clone::NONE => who == Who::First,
        _ => who == Who::Second,
    };
    let also = (at.plan.init != 0 && before_init).then_some(&at.page.program);
    let own = process(at);
    match sys::set_robust_list(own.make_list(also), LIST_HEAD) {
        Err(_) if at.plan.mode == mode::COPIED => {
            take_name(at);
            at.page.unmarked.store(1, Ordering::Release);
            return Ok(());
        }
        answer => answer?,
    }
    let tid = sys::gettid()? as u32;
    own.own(tid);
    if let Some(also) = also {
        also.own(tid);
    }
    Ok(())
}

fn process<'a>(at: &At<'a>) -> &'a Process {
    match at.who {
        Who::First => &at.page.first,
        Who::Second => &at.page.second,
        Who::Program => &at.page.program,
    }
}

/// Notes the stage: should the child be killed in it, the caller reads it there.
pub fn at_stage(at: &mut At, stage: Stage) {
    (at.stage, at.side) = (stage, side::NONE);
    at.page.stage.store(stage as u32, Ordering::Release);
}

/// Says what failed, and leaves. Leaving wakes the caller; no call is made that a filter of the program's could forbid.
pub fn fail(at: &At, errno: Errno) -> ! {
    at.page.code.store(errno.0, Ordering::Relaxed);
    at.page.index.store(at.index, Ordering::Relaxed);
    at.page.side.store(at.side, Ordering::Relaxed);
    at.page.stage.store(at.stage as u32, Ordering::Relaxed);
    at.page.kind.store(kind::FAILED, Ordering::Release);
    sys::exit(FAILED)
}

/// Says something that the caller waits for. The word is handled as for the unlock of a mutex that stays locked. It is the
/// kernel that takes WAITERS away and wakes, in one call: a child that is killed between the two would leave a word in which
/// nobody seems to sleep, and the kernel that marks it would not wake the caller either.
pub fn say(at: &At, what: u32) -> Answer {
    at.page.kind.store(what, Ordering::Relaxed);
    at.page.spoken.fetch_add(1, Ordering::Release);
    let word = &process(at).word;
    // A write that changes nothing: the caller that sets WAITERS after it sees what was said before it.
    if word.fetch_or(0, Ordering::SeqCst) & WAITERS != 0 && sys::futex_clear_and_wake(word, WAITERS).is_err() {
        // Where a filter forbids it, the caller looks by itself after a while.
        word.fetch_and(!WAITERS, Ordering::SeqCst);
        let _ = sys::futex_wake(word);
    }
    // A caller that waits for a listener as well sleeps on the socket.
    if at.plan.listener != 0 { sys::write(at.lifeline, &[message::WORD]).map(drop) } else { Ok(()) }
}

/// Where the plan may block, the child dies with the thread that waits for it, so that nothing half made stays behind.
pub fn die_with_caller(at: &At) -> Answer {
    if at.plan.guarded == 0 { Ok(()) } else { die_with_thread(at) }
}

/// PR_SET_PDEATHSIG(2const)
fn die_with_thread(at: &At) -> Answer {
    sys::prctl(PR_SET_PDEATHSIG, SIGKILL as usize, 0)?;
    if is_orphan(at)? { sys::exit(FAILED) } else { Ok(()) }
}

/// Whether the caller is gone. A descriptor of it knows; without one, or where a filter forbids ppoll(2), the parent's pid
/// does, as long as the caller is in this pid namespace: in a new one it is 0 before and after.
pub fn is_orphan(at: &At) -> Answer<bool> {
    if at.owner < 0 {
        return Ok(![0, at.wiring.owner_pid].contains(&sys::getppid()));
    }
    let mut fds = [PollFd { fd: at.owner, events: POLLIN, revents: 0 }];
    let mut look = || sys::poll(&mut fds, Some(&Timespec { seconds: 0, nanoseconds: 0 }));
    match look() {
        Ok(ready) => Ok(ready != 0),
        Err(_) => match sys::getppid() {
            // A tracer or a freezer may have interrupted it; what a filter says it says again.
            0 => look().map(|ready| ready != 0),
            parent => Ok(parent != at.wiring.owner_pid),
        },
    }
}

/// The same once more: a change of ids has cleared it.
pub fn still_die_with_caller(at: &mut At) -> Answer {
    if at.plan.hold != 0 {
        arm_unless_detached(at)?;
    }
    // The lifeline does not kill the first process of a pid namespace, which the kernel protects from its own signals.
    if !at.detached && (at.awaited || at.plan.first != 0) { die_with_caller(at) } else { Ok(()) }
}

/// The caller that gives the child up says so first, and disarms only what is not just being armed: so that nothing is
/// armed after it has.
fn arm_unless_detached(at: &mut At) -> Answer {
    at.page.arming.store(1, Ordering::SeqCst);
    at.detached = at.page.go.load(Ordering::SeqCst) == go::DETACHED;
    let armed = if at.detached { Ok(()) } else { arm_lifeline(at) };
    at.page.arming.store(0, Ordering::SeqCst);
    armed
}

/// No thread need wait for a child that was held. But the caller's end of the lifeline closes with the caller, or with its
/// last fork, and then the kernel sends this process SIGKILL, also when it has stopped. fcntl(2)
fn arm_lifeline(at: &At) -> Answer {
    sys::fcntl(at.lifeline, F_SETSIG, SIGKILL)?;
    // The kernel sends the signal with the right of whoever was this last.
    sys::fcntl(at.lifeline, F_SETOWN, sys::getpid())?;
    sys::fcntl(at.lifeline, F_SETFL, O_ASYNC)?;
    if is_orphan(at)? { sys::exit(FAILED) } else { Ok(()) }
}

/// From here on the child is as good as the program, which lives on when the caller is gone: the caller may hear of the exec
/// before the kernel closes the lifeline, and be gone by then. fcntl(2)
pub fn outlive_caller(at: &At) -> Answer {
    if at.plan.hold == 0 || at.detached { Ok(()) } else { sys::fcntl(at.lifeline, F_SETFL, 0).map(drop) }
}

/// Waits for what the caller does on the child's behalf.
pub fn wait(at: &mut At) -> Answer {
    if at.plan.wait == 0 {
        return Ok(());
    }
    // The kernel wakes the caller in the middle of the exec, a moment before the caller's memory is left.
    if at.plan.says_outside != 0 {
        say(at, kind::OUTSIDE)?;
    }
    until_released(at)
}

/// The maps of a user namespace that was entered rather than born in. Whoever has the right to write them has it to files
/// that are its own, and while they are written they are, where nobody could then see what is not for them.
pub fn wait_maps(at: &mut At) -> Answer {
    if at.plan.unshare_user == 0 || at.plan.wait == 0 {
        return Ok(());
    }
    if at.plan.may_be_dumpable != 0 {
        sys::prctl(PR_SET_DUMPABLE, 1, 0)?;
    }
    say(at, kind::UNMAPPED)?;
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
    at.page.lifeline.store(at.lifeline, Ordering::Relaxed);
    say(at, kind::HELD)?;
    until_released(at)?;
    at.awaited = at.page.go.load(Ordering::Acquire) == go::AWAITED;
    if at.plan.execs == 0 {
        return hold_on(at);
    }
    still_die_with_caller(at)
}

/// A holder that was detached: only a signal ends it.
fn hold_on(at: &At) -> Answer {
    loop {
        match sys::poll(&mut [], None) {
            Ok(_) | Err(Errno(EINTR | EAGAIN)) => (),
            Err(_) => until_changed(&at.page.released, at.page.released.load(Ordering::Acquire))?,
        }
    }
}

/// Returns when the caller says so, and leaves when the caller is gone.
pub fn until_released(at: &mut At) -> Answer {
    if at.go < 0 {
        return until_woken(at);
    }
    let at_once = Timespec { seconds: 0, nanoseconds: 0 };
    loop {
        let listen = |fd| PollFd { fd, events: POLLIN, revents: 0 };
        let mut fds = [listen(at.go), listen(at.owner)];
        // Two releases may have been read from the eventfd as one.
        let is_released = at.page.released.load(Ordering::Acquire) != at.released;
        match sys::poll(&mut fds, is_released.then_some(&at_once)) {
            Err(Errno(EINTR | EAGAIN)) => continue,
            Err(Errno(EPERM | ENOSYS)) if has_caller(at) || is_detached(at) => return until_told(at),
            answer => answer?,
        };
        let [go, owner] = fds;
        if owner.revents != 0 {
            if is_detached(at) { return Ok(()) } else { sys::exit(FAILED) }
        }
        if go.revents != 0 {
            sys::read(at.go, &mut [0u8; 8])?;
        }
        // It may have been woken for a release that it has seen before.
        if at.page.released.load(Ordering::Acquire) != at.released {
            at.released = at.released.wrapping_add(1);
            return Ok(());
        }
    }
}

fn is_detached(at: &At) -> bool {
    at.page.go.load(Ordering::Acquire) == go::DETACHED
}

/// Whether the parent is the caller still, which in a pid namespace of its own a process cannot see.
fn has_caller(at: &At) -> bool {
    sys::getppid() == at.wiring.owner_pid
}

/// The same where a filter forbids ppoll(2).
fn until_told(at: &mut At) -> Answer {
    while at.page.released.load(Ordering::Acquire) == at.released {
        if !has_caller(at) {
            // It may have detached this process, and then left.
            if is_detached(at) { break } else { sys::exit(FAILED) }
        }
        let moment = Timespec { seconds: 0, nanoseconds: 10_000_000 };
        match sys::futex_wait(&at.page.released, at.released, Some(&moment)) {
            Ok(()) | Err(Errno(EINTR | EAGAIN | ETIMEDOUT)) => (),
            answer => answer?,
        }
    }
    at.released = at.released.wrapping_add(1);
    Ok(())
}

/// Sleeps until a word of the page has another value. A filter may forbid futex(2) to this process, and then it looks again
/// and again; or to the caller, which cannot wake it then, so that it looks after a while anyway.
pub fn until_changed(word: &AtomicU32, value: u32) -> Answer {
    let moment = |nanoseconds| Timespec { seconds: 0, nanoseconds };
    while word.load(Ordering::Acquire) == value {
        match sys::futex_wait(word, value, Some(&moment(100_000_000))) {
            Ok(()) | Err(Errno(EINTR | EAGAIN | ETIMEDOUT)) => (),
            Err(_) => sys::poll(&mut [], Some(&moment(1_000_000))).or_else(unless_interrupted).map(drop)?,
        }
    }
    Ok(())
}

fn unless_interrupted(errno: Errno) -> Answer<usize> {
    if errno == Errno(EINTR) { Ok(0) } else { Err(errno) }
}

/// The same where the thread that made the child is in the middle of that call: its death is the caller's.
fn until_woken(at: &mut At) -> Answer {
    die_with_thread(at)?;
    until_changed(&at.page.released, at.released)?;
    at.released = at.released.wrapping_add(1);
    if at.plan.guarded == 0 { sys::prctl(PR_SET_PDEATHSIG, 0, 0).map(drop) } else { Ok(()) }
}
