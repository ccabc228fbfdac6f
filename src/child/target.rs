//! The target of a mount or of what is made: looked up in the root, and made where it is missing and may be.

use super::created::{COVERED, make_covered_directory, make_file};
use super::follow_links::{self, Make};
use super::resolve::{Found, descend, enter, look, step};
use super::state::At;
use crate::page::side;
use crate::sealed::{Mount, Text};
use crate::sys::abi::{
    EAGAIN, EEXIST, ELOOP, ENOENT, F_DUPFD_CLOEXEC, O_CLOEXEC, O_PATH, OpenHow, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS,
};
use crate::sys::ways::{Call, goes_on};
use crate::sys::{self, Answer, Errno};

fn name(at: &At, text: Text) -> *const u8 {
    at.plan.text(text).unwrap_or(c"".as_ptr().cast())
}

/// What an item is about.
pub fn find(at: &mut At, item: &Mount) -> Answer<Found> {
    at.side = side::TARGET;
    let found = if item.follow == 0 { find_by_names(at, item) } else { find_behind_links(at, item) }?;
    at.side = side::NONE;
    Ok(found)
}

fn find_behind_links(at: &At, item: &Mount) -> Answer<Found> {
    match resolve(at, item)? {
        Some(found) => Ok(found),
        None => follow_links::target(at, item, Make::Nothing),
    }
}

/// The target behind symbolic links, as the kernel finds it in the root; `None`: it cannot. openat2(2)
fn resolve(at: &At, item: &Mount) -> Answer<Option<Found>> {
    let how = OpenHow { flags: (O_PATH | O_CLOEXEC) as u64, mode: 0, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    let mut last = Errno(EAGAIN);
    for _ in 0..64 {
        // SAFETY: plan::lower guarantees a NUL-terminated path.
        match unsafe { sys::openat2(at.root, name(at, item.target), &how) } {
            // Somebody renames while ".." in a link is followed. Or the kernel has begun again, as when somebody mounts, and has
            // counted links twice: then they are too many only this time.
            Err(errno @ Errno(EAGAIN | ELOOP)) => last = errno,
            Err(errno) if goes_on(Call::Openat2, errno) => return Ok(None),
            found => return found.and_then(look).map(Some),
        }
    }
    Err(last)
}

fn find_by_names(at: &mut At, item: &Mount) -> Answer<Found> {
    let Some(last) = at.plan.list(item.names).last() else {
        return look(sys::fcntl(at.root, F_DUPFD_CLOEXEC, 0)?);
    };
    let directory = directory_of(at, item, false)?;
    step(directory, name(at, *last), 0)
}

/// The same, made where it is missing and may be.
pub fn find_or_make(at: &mut At, item: &Mount, directory: bool) -> Answer<Found> {
    if item.create == 0 {
        return find(at, item);
    }
    at.side = side::TARGET;
    let found =
        if item.follow == 0 { make_by_names(at, item, directory) } else { make_behind_links(at, item, directory) }?;
    at.side = side::NONE;
    Ok(found)
}

fn make_behind_links(at: &At, item: &Mount, directory: bool) -> Answer<Found> {
    let make = if directory { Make::Directory } else { Make::File };
    match resolve(at, item) {
        Ok(None) | Err(Errno(ENOENT)) => follow_links::target(at, item, make),
        found => found?.ok_or(Errno(ENOENT)),
    }
}

fn make_by_names(at: &mut At, item: &Mount, directory: bool) -> Answer<Found> {
    let (parent, last) = parent(at, item)?;
    if directory {
        make_covered_directory(parent, last)?;
        return enter(parent, last).map(|fd| Found { fd, is_directory: true });
    }
    match make_file(parent, last, COVERED) {
        Ok(fd) => Ok(Found { fd, is_directory: false }),
        Err(Errno(EEXIST)) => step(parent, last, 0),
        Err(errno) => Err(errno),
    }
}

/// The directory in which an item is made, itself made where it is missing, and the item's name in it.
pub fn parent<'a>(at: &mut At<'a>, item: &Mount) -> Answer<(i32, *const u8)> {
    at.side = side::TARGET;
    let last = at.plan.list(item.names).last().ok_or(Errno(EEXIST))?;
    Ok((directory_of(at, item, true)?, name(at, *last)))
}

/// The directory that an item is in, which stays open for those of the next that are in it too.
fn directory_of(at: &mut At, item: &Mount, makes: bool) -> Answer<i32> {
    if item.in_same_directory != 0 {
        return Ok(at.directory);
    }
    leave(at)?;
    let names = at.plan.list(item.names).split_last().map_or(&[][..], |(_, parents)| parents);
    at.directory =
        descend(at.root, names.iter().map(|text| name(at, *text)), |directory, name| match enter(directory, name) {
            Err(Errno(ENOENT)) if makes => {
                make_covered_directory(directory, name).and_then(|()| enter(directory, name))
            }
            entered => entered,
        })?;
    Ok(at.directory)
}

/// The directory of the last item is not needed any more.
pub fn leave(at: &mut At) -> Answer {
    let left = core::mem::replace(&mut at.directory, -1);
    if left < 0 || left == at.root { Ok(()) } else { sys::close(left) }
}
