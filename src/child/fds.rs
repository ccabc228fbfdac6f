//! Descriptors: a table of its own, nobody else's ends in it, then exactly what was asked for.

use super::At;
use super::inside::is_of_proc;
use super::sealed::{Action, Gap, Move, action, mode, step, table};
use super::sys::abi::{
    AT_FDCWD, CLONE_FILES, CLOSE_RANGE_UNSHARE, EBADF, EINVAL, EMFILE, F_DUPFD_CLOEXEC, F_SETFD, FD_CLOEXEC, O_CLOEXEC,
    O_DIRECTORY, O_RDONLY,
};
use super::sys::ways::{Call, goes_on};
use super::sys::{self, Answer, Errno};
use super::{channel, ends, exec, unlisted};

use core::sync::atomic::Ordering;

const LAST: u32 = u32::MAX;

/// No number is tried from here on where a filter lets descriptors neither be listed nor be asked for: fs.nr_open, as it is
/// by default.
const MOST_FDS: u32 = 1 << 20;

/// Takes a copy of the part of the caller's table that the plan needs; what is above is never copied.
pub fn own_table(at: &mut At) -> Answer {
    let above = at.wiring.above;
    match at.wiring.table {
        table::SHARED => match sys::close_range(above, LAST, CLOSE_RANGE_UNSHARE) {
            Err(errno) if goes_on(Call::CloseRange, errno) => {
                sys::unshare(CLONE_FILES)?;
                close_listed(|fd| fd >= above)?;
            }
            answer => answer?,
        },
        table::COPIED => close_all(at, above, LAST)?,
        _ => (),
    }
    ends::make(at)
}

/// Closes what lies between the needed descriptors.
pub fn close_unneeded(at: &mut At) -> Answer {
    match at.wiring.table {
        table::WHOLE => gaps(at).iter().try_for_each(|gap| sys::close(gap.first as i32))?,
        table::LISTED => close_listed(|fd| fd >= at.wiring.above || in_a_gap(at, fd))?,
        _ => match gaps(at).iter().try_for_each(|gap| sys::close_range(gap.first, gap.last, 0)) {
            Err(errno) if goes_on(Call::CloseRange, errno) => close_listed(|fd| in_a_gap(at, fd))?,
            answer => answer?,
        },
    }
    // Looks at a descriptor, which tells nothing while the caller's end of it is here as well.
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

/// Closes what is unneeded without close_range(2): of what /proc lists, or else of what poll(2) finds.
fn close_listed(unneeded: impl Fn(u32) -> bool) -> Answer {
    if let Ok(listing) = open_listing() {
        let closed = close_entries(listing, &unneeded);
        sys::close(listing)?;
        if closed.is_ok() {
            return Ok(());
        }
    }
    unlisted::close(&unneeded)
}

/// The directory of the process's own descriptors, in a real /proc.
pub fn open_listing() -> Answer<i32> {
    let path = c"/proc/self/fd".as_ptr().cast();
    // SAFETY: the path is a NUL-terminated literal.
    let listing = unsafe { sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)? };
    match is_of_proc(listing) {
        Ok(()) => Ok(listing),
        Err(errno) => sys::close(listing).and(Err(errno)),
    }
}

fn close_entries(listing: i32, unneeded: &impl Fn(u32) -> bool) -> Answer {
    let mut buffer = [0u8; 1024];
    loop {
        let filled = sys::getdents64(listing, &mut buffer)?;
        if filled == 0 {
            return Ok(());
        }
        let mut rest = buffer.get(..filled).unwrap_or_default();
        while let Some((name, next)) = first_entry(rest) {
            if let Some(fd) = number(name).filter(|fd| *fd != listing as u32 && unneeded(*fd)) {
                sys::close(fd as i32)?;
            }
            rest = next;
        }
    }
}

/// The name of the first directory entry, and the entries after it. getdents(2)
fn first_entry(entries: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u16::from_ne_bytes(entries.get(16..18)?.try_into().ok()?) as usize;
    Some((entries.get(19..length)?, entries.get(length..)?))
}

/// The decimal number that a NUL-terminated name is.
pub fn number(name: &[u8]) -> Option<u32> {
    let digits = name.split(|byte| *byte == 0).next()?;
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value.checked_mul(10)?.checked_add(digit as u32)
    })
}

/// The other way: as many places as it takes, and NUL in the rest.
pub fn write_number(number: u32, places: &mut [u8]) {
    let mut unit = 1u32;
    while unit <= number / 10 {
        unit = unit.saturating_mul(10);
    }
    for place in places {
        *place = number.checked_div(unit).map_or(0, |left| b'0'.wrapping_add((left % 10) as u8));
        unit /= 10;
    }
}

/// Lets our own descriptors and those that the plan needs survive the exec of the image.
pub fn survive_exec(at: &At) -> Answer {
    set_flags(at, 0)
}

/// In the image, they are as they were.
pub fn close_on_exec(at: &mut At) -> Answer {
    if at.plan.mode != mode::FRESH {
        return Ok(());
    }
    ends::hand_over(at)?;
    set_flags(at, FD_CLOEXEC)
}

fn set_flags(at: &At, flags: i32) -> Answer {
    // The image has closed these two.
    let [page, strings] = if flags == 0 { [at.wiring.page_fd, at.wiring.strings_fd] } else { [-1; 2] };
    let own = [at.lifeline, at.go, if at.owner == at.lifeline { -1 } else { at.owner }, page, strings];
    let needed = at.plan.list(at.plan.survivors).iter().map(|fd| *fd as i32);
    own.into_iter().filter(|fd| *fd >= 0).chain(needed).try_for_each(|fd| sys::fcntl(fd, F_SETFD, flags).map(drop))
}

/// Moves the library's own descriptors above every target. The kernel picks the numbers, so nothing is overwritten.
pub fn internal(at: &mut At) -> Answer {
    let (lifeline, go, owner) = (at.lifeline, at.go, at.owner);
    at.page.arming.store(1, Ordering::SeqCst);
    at.lifeline = move_up(at, lifeline)?;
    at.page.lifeline.store(at.lifeline, Ordering::SeqCst);
    at.page.arming.store(0, Ordering::SeqCst);
    at.go = move_up(at, go)?;
    at.slave = move_up(at, at.slave)?;
    at.owner = if owner == lifeline { at.lifeline } else { move_up(at, owner)? };
    if at.plan.exec_fd_moves != 0 {
        // Stays open under its old number, which may be another's source.
        at.exec_fd = lift(at.exec_fd, at.plan.spare)?;
    }
    if at.plan.ruleset_fd >= 0 {
        at.ruleset = lift(at.plan.ruleset_fd, at.plan.spare)?;
    }
    Ok(())
}

fn move_up(at: &At, fd: i32) -> Answer<i32> {
    if !(0..at.plan.top).contains(&fd) {
        return Ok(fd);
    }
    let moved = lift(fd, at.plan.spare)?;
    sys::close(fd).map(|()| moved)
}

/// Moves a descriptor of our own away from the numbers of the standard streams.
pub fn above_streams(fd: i32) -> Answer<i32> {
    if fd > 2 {
        return Ok(fd);
    }
    let moved = lift(fd, 3)?;
    sys::close(fd).map(|()| moved)
}

/// A second number for it. That the room would begin above the limit (EINVAL) means that there is none.
fn lift(fd: i32, spare: i32) -> Answer<i32> {
    sys::fcntl(fd, F_DUPFD_CLOEXEC, spare).map_err(|errno| if errno == Errno(EINVAL) { Errno(EMFILE) } else { errno })
}

/// The mapped descriptors; the plan has put the moves in an order in which no source is overwritten.
pub fn map(at: &mut At) -> Answer {
    let mut saved = -1;
    for Move { step, from, to, index } in at.plan.list(at.plan.moves) {
        at.index = *index;
        match *step {
            step::SAVE => saved = lift(*from, at.plan.spare)?,
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
        // Closing what is closed is what was asked for.
        action::CLOSE => sys::close(item.fd).or_else(|errno| if errno == Errno(EBADF) { Ok(()) } else { Err(errno) }),
        action::CLOSE_FROM => close_from(at, item.fd),
        // SAFETY: plan::lower guarantees a NUL-terminated path.
        action::ENTER => unsafe { sys::chdir(path) }.and_then(|()| exec::stays_inside(at)),
        _ => sys::fchdir(item.fd).and_then(|()| exec::stays_inside(at)),
    }
}

/// The target is closed first: it may be the last free number, or a device that opens once.
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
    let own = [at.lifeline, at.go, at.owner, at.ruleset];
    own.contains(&fd) || (fd == at.exec_fd && at.plan.exec_fd_moves != 0)
}

/// Everything from `first` on but our own, which go at exec.
fn close_from(at: &At, first: i32) -> Answer {
    let mut kept = [at.lifeline, at.go, at.owner, at.exec_fd, at.ruleset];
    kept.sort_unstable();
    let mut from = first as u32;
    for fd in kept.into_iter().filter(|fd| *fd >= first) {
        let fd = fd as u32;
        if from < fd {
            close_all(at, from, fd.saturating_sub(1))?;
        }
        from = fd.saturating_add(1);
    }
    close_all(at, from, LAST)
}

/// All there are, our own included.
pub fn close_everything(at: &At) -> Answer {
    close_all(at, 0, LAST)
}

fn close_all(at: &At, first: u32, last: u32) -> Answer {
    // Filters that are on by now have to allow close(2), but none of the calls by which descriptors are listed.
    let is_filtered = at.plan.filters_privileged != 0 && !at.plan.filters.is_empty();
    match sys::close_range(first, last, 0) {
        Err(errno) if goes_on(Call::CloseRange, errno) && is_filtered => {
            (first..=last.min(MOST_FDS)).for_each(|fd| {
                let _ = sys::close(fd as i32);
            });
            Ok(())
        }
        Err(errno) if goes_on(Call::CloseRange, errno) => close_listed(|fd| first <= fd && fd <= last),
        answer => answer,
    }
}

/// Closes the sources that are not the program's.
pub fn close_rest(at: &mut At) -> Answer {
    at.plan.list(at.plan.closes).iter().try_for_each(|fd| sys::close(*fd as i32).or_else(already_closed))
}

fn already_closed(errno: Errno) -> Answer {
    if errno == Errno(EBADF) { Ok(()) } else { Err(errno) }
}
