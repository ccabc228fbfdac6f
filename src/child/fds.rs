//! Descriptors: a table of the child's own, without the ends of other children, then exactly the descriptors that were asked for.

use super::state::At;
use super::{channel, channel_ends, cwd, descriptors};
use crate::sealed::{Action, Gap, Move, action, mode, step, table};
use crate::sys::abi::{AT_FDCWD, CLONE_FILES, CLOSE_RANGE_UNSHARE, EBADF, F_SETFD, FD_CLOEXEC, O_CLOEXEC};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Answer, Errno};
use core::sync::atomic::Ordering;

/// Takes a copy of the part of the caller's table that the plan needs; what is above is never copied.
pub fn own_table(at: &mut At) -> Answer {
    let above = at.wiring.above;
    match at.wiring.table {
        table::SHARED => match sys::close_range(above, descriptors::LAST, CLOSE_RANGE_UNSHARE) {
            Err(errno) if goes_on(Call::CloseRange, errno) => {
                sys::unshare(CLONE_FILES)?;
                descriptors::close_listed(|fd| fd >= above)?;
            }
            answer => answer?,
        },
        table::COPIED => descriptors::close_range(at, above, descriptors::LAST)?,
        _ => (),
    }
    channel_ends::make(at)
}

/// Closes what lies between the needed descriptors.
pub fn close_unneeded(at: &mut At) -> Answer {
    match at.wiring.table {
        table::WHOLE => gaps(at).iter().try_for_each(|gap| sys::close(gap.first as i32))?,
        table::LISTED => descriptors::close_listed(|fd| fd >= at.wiring.above || in_a_gap(at, fd))?,
        _ => match gaps(at).iter().try_for_each(|gap| sys::close_range(gap.first, gap.last, 0)) {
            Err(errno) if goes_on(Call::CloseRange, errno) => descriptors::close_listed(|fd| in_a_gap(at, fd))?,
            answer => answer?,
        },
    }
    // Polls the lifeline. As long as this process also has the caller's end of it, poll would never tell that the caller ended.
    channel::die_with_caller(at)
}

fn gaps<'a>(at: &At<'a>) -> &'a [Gap] {
    if at.wiring.gaps_len == 0 {
        return &[];
    }
    // SAFETY: parent::launch guarantees the gaps for as long as the child is in the caller's memory or its copy.
    unsafe { core::slice::from_raw_parts(at.wiring.gaps as *const Gap, at.wiring.gaps_len as usize) }
}

fn in_a_gap(at: &At, fd: u32) -> bool {
    gaps(at).iter().any(|gap| gap.first <= fd && fd <= gap.last)
}

/// Lets our own descriptors and those that the plan needs survive the exec of the image.
pub fn survive_exec(at: &At) -> Answer {
    set_flags(at, 0)
}

/// In the image, sets their close-on-exec flags again.
pub fn close_on_exec(at: &mut At) -> Answer {
    if at.plan.mode != mode::FRESH {
        return Ok(());
    }
    channel_ends::hand_over(at)?;
    set_flags(at, FD_CLOEXEC)
}

fn set_flags(at: &At, flags: i32) -> Answer {
    // The image has closed these two.
    let [page, strings] = if flags == 0 { [at.wiring.page_fd, at.wiring.strings_fd] } else { [-1; 2] };
    let own = [at.lifeline, at.go, if at.caller_gone == at.lifeline { -1 } else { at.caller_gone }, page, strings];
    let needed = at.plan.list(at.plan.kept_open).iter().map(|fd| *fd as i32);
    own.into_iter().filter(|fd| *fd >= 0).chain(needed).try_for_each(|fd| sys::fcntl(fd, F_SETFD, flags).map(drop))
}

/// Moves the library's own descriptors above every target. The kernel picks the numbers, so nothing is overwritten.
pub fn internal(at: &mut At) -> Answer {
    let (lifeline, go, caller_gone) = (at.lifeline, at.go, at.caller_gone);
    at.page.arming.store(1, Ordering::SeqCst);
    at.lifeline = move_up(at, lifeline)?;
    at.page.lifeline.store(at.lifeline, Ordering::SeqCst);
    at.page.arming.store(0, Ordering::SeqCst);
    at.go = move_up(at, go)?;
    at.slave = move_up(at, at.slave)?;
    at.caller_gone = if caller_gone == lifeline { at.lifeline } else { move_up(at, caller_gone)? };
    if at.plan.exec_fd_moves != 0 {
        // The old number stays open: a later step may map it as well.
        at.exec_fd = descriptors::lift(at.exec_fd, at.plan.spare)?;
    }
    if at.plan.ruleset_fd >= 0 {
        at.ruleset = descriptors::lift(at.plan.ruleset_fd, at.plan.spare)?;
    }
    Ok(())
}

fn move_up(at: &At, fd: i32) -> Answer<i32> {
    if !(0..at.plan.top).contains(&fd) {
        return Ok(fd);
    }
    let moved = descriptors::lift(fd, at.plan.spare)?;
    sys::close(fd).map(|()| moved)
}

/// The mapped descriptors; the plan has put the moves in an order in which no source is overwritten.
pub fn map(at: &mut At) -> Answer {
    let mut saved = -1;
    for Move { step, from, to, index } in at.plan.list(at.plan.moves) {
        at.index = *index;
        match *step {
            step::SAVE => saved = descriptors::lift(*from, at.plan.spare)?,
            step::MOVE => sys::dup3(*from, *to, 0)?,
            step::RESTORE => {
                sys::dup3(saved, *to, 0)?;
                sys::close(saved)?;
            }
            _ => sys::fcntl(*from, F_SETFD, 0).map(drop)?,
        }
    }
    Ok(())
}

/// The actions, in call order, on the program's numbers.
pub fn actions(at: &mut At) -> Answer {
    for (index, item) in at.plan.list(at.plan.actions).iter().enumerate() {
        at.index = index as i32;
        act(at, item)?;
    }
    Ok(())
}

fn act(at: &At, item: &Action) -> Answer {
    let path = at.plan.text(item.path).unwrap_or(c"".as_ptr().cast());
    match item.kind {
        action::OPEN => open(path, item),
        action::DUP if is_internal(at, item.other) => Err(Errno(EBADF)),
        action::DUP if item.other == item.fd => sys::fcntl(item.fd, F_SETFD, 0).map(drop),
        action::DUP => sys::dup3(item.other, item.fd, 0),
        action::CLOSE if is_internal(at, item.fd) => Ok(()),
        // A descriptor that is not open is as closed as was asked.
        action::CLOSE => sys::close(item.fd).or_else(|errno| if errno == Errno(EBADF) { Ok(()) } else { Err(errno) }),
        action::CLOSE_FROM => close_from(at, item.fd),
        // SAFETY: plan::lower guarantees a NUL-terminated path.
        action::ENTER => unsafe { sys::chdir(path) }.and_then(|()| cwd::stays_inside(at)),
        _ => sys::fchdir(item.fd).and_then(|()| cwd::stays_inside(at)),
    }
}

/// The target is closed first: its number may be the only free one, or it may be a device that can be opened only once.
fn open(path: *const u8, item: &Action) -> Answer {
    let _ = sys::close(item.fd);
    // SAFETY: plan::lower guarantees a NUL-terminated path.
    let fd = unsafe { sys::openat(AT_FDCWD, path, item.flags, item.mode)? };
    if fd == item.fd {
        return Ok(());
    }
    sys::dup3(fd, item.fd, item.flags & O_CLOEXEC)?;
    sys::close(fd)
}

fn is_internal(at: &At, fd: i32) -> bool {
    let own = [at.lifeline, at.go, at.caller_gone, at.ruleset];
    own.contains(&fd) || (fd == at.exec_fd && at.plan.exec_fd_moves != 0)
}

/// Closes everything from `first` on but the library's own descriptors, which are closed by the exec.
fn close_from(at: &At, first: i32) -> Answer {
    let mut kept = [at.lifeline, at.go, at.caller_gone, at.exec_fd, at.ruleset];
    kept.sort_unstable();
    let mut from = first as u32;
    for fd in kept.into_iter().filter(|fd| *fd >= first) {
        let fd = fd as u32;
        if from < fd {
            descriptors::close_range(at, from, fd.saturating_sub(1))?;
        }
        from = fd.saturating_add(1);
    }
    descriptors::close_range(at, from, descriptors::LAST)
}

/// Closes the sources that are not the program's.
pub fn close_rest(at: &mut At) -> Answer {
    at.plan.list(at.plan.closes).iter().try_for_each(|fd| sys::close(*fd as i32).or_else(already_closed))
}

fn already_closed(errno: Errno) -> Answer {
    if errno == Errno(EBADF) { Ok(()) } else { Err(errno) }
}
