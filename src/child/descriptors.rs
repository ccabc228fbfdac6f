//! Descriptors by number: a second number for one, and ranges of them closed on every kernel.

use super::state::At;
use super::{open_fds, proc_files};
use crate::base::decimal;
use crate::sys::abi::{EINVAL, EMFILE, F_DUPFD_CLOEXEC};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Answer, Errno};

pub const LAST: u32 = u32::MAX;

/// No number is tried from here on where a filter lets descriptors neither be listed nor be asked for: fs.nr_open, as it is
/// by default.
const MOST_FDS: u32 = 1 << 20;

/// Moves a descriptor of our own away from the numbers of the standard streams.
pub fn above_streams(fd: i32) -> Answer<i32> {
    if fd > 2 {
        return Ok(fd);
    }
    let moved = lift(fd, 3)?;
    sys::close(fd).map(|()| moved)
}

/// Duplicates a descriptor to a number from `spare` on. If `spare` is above the limit (EINVAL), there is no number left.
pub fn lift(fd: i32, spare: i32) -> Answer<i32> {
    sys::fcntl(fd, F_DUPFD_CLOEXEC, spare).map_err(|errno| if errno == Errno(EINVAL) { Errno(EMFILE) } else { errno })
}

/// Closes all descriptors, the library's own included.
pub fn close_everything(at: &At) -> Answer {
    close_range(at, 0, LAST)
}

pub fn close_range(at: &At, first: u32, last: u32) -> Answer {
    // Privileged seccomp filters are in force by now. They have to allow close(2), but not the calls that list descriptors.
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

/// Closes what is unneeded without close_range(2): of what /proc lists, or else of what poll(2) finds.
pub fn close_listed(unneeded: impl Fn(u32) -> bool) -> Answer {
    if let Ok(listing) = proc_files::open_own_fds() {
        let closed = close_entries(listing, &unneeded);
        sys::close(listing)?;
        if closed.is_ok() {
            return Ok(());
        }
    }
    open_fds::close(&unneeded)
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

/// The number that is the name of an entry, up to its NUL.
fn number(name: &[u8]) -> Option<u32> {
    decimal::parse(name.split(|byte| *byte == 0).next()?)?.try_into().ok()
}

/// The name of the first directory entry, and the entries after it. getdents(2)
fn first_entry(entries: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u16::from_ne_bytes(entries.get(16..18)?.try_into().ok()?) as usize;
    Some((entries.get(19..length)?, entries.get(length..)?))
}
