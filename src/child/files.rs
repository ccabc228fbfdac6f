//! Directories, files, links and modes, made in the root as they were asked for.

use super::created::{PERMISSIONS, directory_has_mode, has_mode, make_directory, make_file};
use super::resolve::go_to;
use super::state::At;
use super::target;
use crate::sealed::Mount;
use crate::sys::abi::{EEXIST, ENOSPC, ENOTDIR};
use crate::sys::{self, Answer, Errno};

/// chmod(2)
pub fn mode(at: &mut At, item: &Mount) -> Answer {
    let target = target::find(at, item)?;
    let place = go_to(target)?;
    // SAFETY: the place is NUL-terminated.
    has_mode(target.fd, item.mode, |_, mode| unsafe { sys::chmod(place.as_ptr(), mode) })?;
    sys::close(target.fd)
}

/// The setuid and the setgid bit.
const SET_IDS: u32 = 0o6000;

/// mkdir(2); one that is there may stay.
pub fn directory(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = target::parent(at, item)?;
    // The mode is changed through the directory, which its owner has to be able to enter.
    let first = if item.mode & SET_IDS != 0 { item.mode | 0o700 } else { item.mode };
    let is_new = match make_directory(parent, name, first) {
        Err(Errno(EEXIST)) => false,
        made => made.map(|()| true)?,
    };
    let made = target::find(at, item)?;
    if !made.is_directory {
        return Err(Errno(ENOTDIR));
    }
    if is_new {
        directory_has_mode(made.fd, first, item.mode)?;
    }
    sys::close(made.fd)
}

/// symlink(2); the same link may be there already.
pub fn symlink(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = target::parent(at, item)?;
    // SAFETY: plan::lower guarantees NUL-terminated strings.
    let made = unsafe { sys::symlinkat(at.plan.text_or_null(item.data), parent, name) };
    made.or_else(
        |errno| if errno == Errno(EEXIST) { is_link_to(parent, name, at.plan.bytes(item.data)) } else { Err(errno) },
    )
}

fn is_link_to(parent: i32, name: *const u8, text: &[u8]) -> Answer {
    let mut buffer = [0u8; 4096];
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    let length = unsafe { sys::readlinkat(parent, name, &mut buffer) }.map_err(|_| Errno(EEXIST))?;
    if buffer.iter().take(length).eq(text) { Ok(()) } else { Err(Errno(EEXIST)) }
}

pub fn file(at: &mut At, item: &Mount) -> Answer {
    let (parent, name) = target::parent(at, item)?;
    fill(at, item, parent, name)
}

/// A new file, with the bytes of the plan, or those of a descriptor's file. open(2), write(2), pread(2)
pub fn fill(at: &At, item: &Mount, parent: i32, name: *const u8) -> Answer {
    let made = make_file(parent, name, item.mode & PERMISSIONS)?;
    if item.source_fd < 0 {
        write_all(made, at.plan.bytes(item.data))?;
    } else {
        copy(item.source_fd, made)?;
    }
    // Last: a write by somebody without CAP_FSETID clears the setuid and setgid bits.
    has_mode(made, item.mode, sys::fchmod)?;
    sys::close(made)
}

fn write_all(file: i32, bytes: &[u8]) -> Answer {
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = sys::write(file, rest)?;
        if written == 0 {
            return Err(Errno(ENOSPC));
        }
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// From the start, and without a change of the offset, which the caller and others may have in common.
#[inline(never)]
fn copy(from: i32, to: i32) -> Answer {
    let mut buffer = [0u8; 8192];
    let mut offset = 0u64;
    loop {
        let filled = sys::pread(from, &mut buffer, offset)?;
        if filled == 0 {
            return Ok(());
        }
        write_all(to, buffer.get(..filled).unwrap_or_default())?;
        offset = offset.saturating_add(filled as u64);
    }
}
