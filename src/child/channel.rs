//! The child's side of the channel: it notes its stage, tells the caller what happened, and waits for the caller.

use super::exit::FAILED;
use super::state::{At, Who};
use crate::page::{BESIDE_IMAGE, IMAGE_NAME, LIST_HEAD, OWNER_DIED, PAGE, Page, Process, WAITERS, go, kind, side};
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

/// The image sets its own process name. A zombie that still has this name was killed before its exec. PR_SET_NAME(2const)
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

/// set_robust_list(2). A process that will be an init also owns the word of its program, until the program owns it. Without
/// robust lists, as in an emulator, the caller has to poll; it can do that only for a copy of itself.
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

/// Notes the stage in the page. If the child is killed, the caller reads there in which stage.
pub fn at_stage(at: &mut At, stage: Stage) {
    (at.stage, at.side) = (stage, side::NONE);
    at.page.stage.store(stage as u32, Ordering::Release);
}

/// Notes what failed, and exits. The exit wakes the caller; no call is made that a seccomp filter of the program could refuse.
pub fn fail(at: &At, errno: Errno) -> ! {
    at.page.code.store(errno.0, Ordering::Relaxed);
    at.page.index.store(at.index, Ordering::Relaxed);
    at.page.side.store(at.side, Ordering::Relaxed);
    at.page.stage.store(at.stage as u32, Ordering::Relaxed);
    at.page.kind.store(kind::FAILED, Ordering::Release);
    sys::exit(FAILED)
}

/// Tells the caller something that it waits for. The word is handled like the unlock of a mutex that stays locked. One system
/// call clears WAITERS and wakes. With two calls, a child that is killed between them would leave a word without WAITERS: the
/// kernel would set FUTEX_OWNER_DIED in it and not wake the caller.
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

/// If a step of the plan may block, the child dies with the thread that waits for it: nobody else would end it.
pub fn die_with_caller(at: &At) -> Answer {
    if at.plan.may_block == 0 { Ok(()) } else { die_with_thread(at) }
}

/// PR_SET_PDEATHSIG(2const)
fn die_with_thread(at: &At) -> Answer {
    sys::prctl(PR_SET_PDEATHSIG, SIGKILL as usize, 0)?;
    if is_orphan(at)? { sys::exit(FAILED) } else { Ok(()) }
}

/// Whether the caller has ended, or the thread that made this child. The parent's pid tells if the caller is in this pid
/// namespace. In a new one it is 0 before and after the caller's end: there the kernel marks a keeper's word, and a descriptor
/// tells of the end of all threads, which may come later than that of the one that made this child.
pub fn is_orphan(at: &At) -> Answer<bool> {
    let parent = sys::getppid();
    // A write that changes nothing: the kernel, which marks the word and then looks for a parent-death signal, finds the one
    // that was set before this, or this finds the mark.
    let keeper = at.page.keeper.fetch_or(0, Ordering::SeqCst);
    if ![0, at.wiring.caller_pid].contains(&parent) || keeper & OWNER_DIED != 0 {
        return Ok(true);
    }
    if at.caller_gone < 0 {
        return Ok(false);
    }
    let mut fds = [PollFd { fd: at.caller_gone, events: POLLIN, revents: 0 }];
    let mut look = || sys::poll(&mut fds, Some(&Timespec { seconds: 0, nanoseconds: 0 }));
    match look() {
        Ok(ready) => Ok(ready != 0),
        Err(_) if parent != 0 => Ok(false),
        // A tracer or a freezer may have interrupted it; what a filter says it says again.
        Err(_) => look().map(|ready| ready != 0),
    }
}

/// Sets the parent-death signal again: the kernel clears it when ids change. PR_SET_PDEATHSIG(2const)
pub fn still_die_with_caller(at: &mut At) -> Answer {
    if at.plan.hold != 0 {
        arm_unless_detached(at)?;
    }
    // The lifeline does not kill the first process of a pid namespace, which the kernel protects from its own signals.
    if !at.detached && (at.awaited || at.plan.first != 0) { die_with_caller(at) } else { Ok(()) }
}

/// A caller that detaches the child first says so in the page, then waits while `arming` is set, then disarms the lifeline. So
/// the child never arms it afterwards.
fn arm_unless_detached(at: &mut At) -> Answer {
    at.page.arming.store(1, Ordering::SeqCst);
    at.detached = at.page.go.load(Ordering::SeqCst) == go::DETACHED;
    let armed = if at.detached { Ok(()) } else { arm_lifeline(at) };
    at.page.arming.store(0, Ordering::SeqCst);
    armed
}

/// A child that was held does not depend on a thread that waits for it. The caller's end of the lifeline closes when the
/// caller and its last fork have ended. Then the kernel sends this process SIGKILL, also while it is stopped. fcntl(2)
fn arm_lifeline(at: &At) -> Answer {
    sys::fcntl(at.lifeline, F_SETSIG, SIGKILL)?;
    // F_SETOWN also records the credentials of this process: with them the kernel checks whether it may send the signal.
    sys::fcntl(at.lifeline, F_SETOWN, sys::getpid())?;
    sys::fcntl(at.lifeline, F_SETFL, O_ASYNC)?;
    if is_orphan(at)? { sys::exit(FAILED) } else { Ok(()) }
}

/// Clears O_ASYNC before the exec of the program, which may outlive the caller. The caller may learn of the exec and end
/// before the kernel closes the lifeline: SIGKILL would then hit the program. fcntl(2)
pub fn outlive_caller(at: &At) -> Answer {
    if at.plan.hold == 0 || at.detached { Ok(()) } else { sys::fcntl(at.lifeline, F_SETFL, 0).map(drop) }
}

/// Waits for what the caller does on the child's behalf.
pub fn wait(at: &mut At) -> Answer {
    if at.plan.wait == 0 {
        return Ok(());
    }
    // During the exec of the image the kernel wakes the caller a moment before this process has left the caller's memory.
    if at.plan.tells_own_memory != 0 {
        say(at, kind::OUTSIDE)?;
    }
    until_released(at)
}

/// Waits for the maps of a user namespace that was made by unshare(2). The files are writable for the caller only while this
/// process is dumpable: before, they belong to root. It is dumpable only where nothing secret could be read from it then.
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

/// Tells the caller that everything before the program is done, and waits to be released, for as long as the caller lives.
pub fn hold(at: &mut At) -> Answer {
    if at.plan.hold == 0 {
        return Ok(());
    }
    if at.plan.may_block != 0 {
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

/// The rest of the life of a holder that was detached: only a signal ends it.
fn hold_on(at: &At) -> Answer {
    loop {
        match sys::poll(&mut [], None) {
            Ok(_) | Err(Errno(EINTR | EAGAIN)) => (),
            Err(_) => until_changed(&at.page.released, at.page.released.load(Ordering::Acquire))?,
        }
    }
}

/// Returns when the caller releases the child, and exits when the caller has ended.
pub fn until_released(at: &mut At) -> Answer {
    if at.go < 0 {
        return until_woken(at);
    }
    let at_once = Timespec { seconds: 0, nanoseconds: 0 };
    loop {
        let listen = |fd| PollFd { fd, events: POLLIN, revents: 0 };
        let mut fds = [listen(at.go), listen(at.caller_gone)];
        // Two releases may have been read from the eventfd as one.
        let is_released = at.page.released.load(Ordering::Acquire) != at.released;
        match sys::poll(&mut fds, is_released.then_some(&at_once)) {
            Err(Errno(EINTR | EAGAIN)) => continue,
            Err(Errno(EPERM | ENOSYS)) if has_caller(at) || is_detached(at) => return until_told(at),
            answer => answer?,
        };
        let [go, caller_gone] = fds;
        if caller_gone.revents != 0 {
            if is_detached(at) { return Ok(()) } else { sys::exit(FAILED) }
        }
        if go.revents != 0 {
            sys::read(at.go, &mut [0u8; 8])?;
        }
        // The eventfd may have been written for a release that was already counted.
        if at.page.released.load(Ordering::Acquire) != at.released {
            at.released = at.released.wrapping_add(1);
            return Ok(());
        }
    }
}

fn is_detached(at: &At) -> bool {
    at.page.go.load(Ordering::Acquire) == go::DETACHED
}

/// Whether the parent is still the caller. In a pid namespace of its own a process cannot tell.
fn has_caller(at: &At) -> bool {
    sys::getppid() == at.wiring.caller_pid
}

/// The same where a filter forbids ppoll(2).
fn until_told(at: &mut At) -> Answer {
    while at.page.released.load(Ordering::Acquire) == at.released {
        if !has_caller(at) {
            // The caller may have detached this process, and then ended.
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

/// Sleeps until a word of the page has another value. If a filter refuses futex(2) to this process, it polls the word. If a
/// filter refuses it to the caller, nobody wakes this process: so it looks every tenth of a second.
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

/// The same for a child without an eventfd. The thread that made it is still in that call; if the thread dies, so does the child.
fn until_woken(at: &mut At) -> Answer {
    die_with_thread(at)?;
    until_changed(&at.page.released, at.released)?;
    at.released = at.released.wrapping_add(1);
    if at.plan.may_block == 0 { sys::prctl(PR_SET_PDEATHSIG, 0, 0).map(drop) } else { Ok(()) }
}
