//! Places inside the root, by descriptor: every name is looked up in the directory that was just seen, and no link is
//! followed, so nothing that stands or is put there leads out.

use super::At;
use super::sealed::{Mount, Text};
use super::sys::abi::{
    AT_FDCWD, EAGAIN, EEXIST, ELOOP, ENOENT, EOPNOTSUPP, F_DUPFD_CLOEXEC, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL,
    O_NOFOLLOW, O_PATH, O_WRONLY, OpenHow, PROC_SUPER_MAGIC, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, S_IFDIR, S_IFLNK,
};
use super::sys::{self, Answer, Errno};
use core::ffi::CStr;

/// The mode of directories that are only made for what lies in them, and of what is made to be covered.
const LEADING: u32 = 0o755;
const COVERED: u32 = 0o644;

pub fn is_directory(fd: i32) -> Answer<bool> {
    Ok(sys::kind(fd)?.format == S_IFDIR)
}

fn name(at: &At, text: Text) -> *const u8 {
    at.plan.text(text).unwrap_or(c"".as_ptr().cast())
}

fn names<'a>(at: &'a At, texts: &'a [Text]) -> impl Iterator<Item = *const u8> + 'a {
    texts.iter().map(|text| name(at, *text))
}

/// What an item is about.
pub fn target(at: &At, item: &Mount) -> Answer<i32> {
    if item.follow == 0 || at.plan.openat2 == 0 {
        return lead(at, names(at, at.plan.list(item.names)));
    }
    let how = OpenHow { flags: (O_PATH | O_CLOEXEC) as u64, mode: 0, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    for _ in 0..64 {
        // SAFETY: plan::lower guarantees a NUL-terminated path.
        match unsafe { sys::openat2(at.root, name(at, item.target), &how) } {
            // Somebody renames while ".." in a link is followed.
            Err(Errno(EAGAIN)) => continue,
            found => return found,
        }
    }
    Err(Errno(EAGAIN))
}

/// The same, made where it is missing and may be.
pub fn target_for(at: &At, item: &Mount, directory: bool) -> Answer<i32> {
    match target(at, item) {
        Err(Errno(ENOENT)) if item.create != 0 => {
            make_target(at, item, directory)?;
            target(at, item)
        }
        found => found,
    }
}

fn make_target(at: &At, item: &Mount, directory: bool) -> Answer {
    let (parent, last) = parent(at, item)?;
    let made = if directory {
        make_directory(parent, last, LEADING)
    } else {
        make_file(parent, last, COVERED).and_then(sys::close)
    };
    sys::close(parent)?;
    // What somebody else has put there meanwhile is looked at like everything that was there before.
    made.or_else(unless(EEXIST))
}

/// The directory in which an item is made, itself made where it is missing, and the item's name in it.
pub fn parent<'a>(at: &At<'a>, item: &Mount) -> Answer<(i32, *const u8)> {
    let (last, parents) = at.plan.list(item.names).split_last().ok_or(Errno(EEXIST))?;
    let parent = descend(at, names(at, parents), |directory, name| {
        make_directory(directory, name, LEADING).or_else(unless(EEXIST))
    })?;
    Ok((parent, name(at, *last)))
}

/// What lies under these names.
pub fn lead(at: &At, names: impl Iterator<Item = *const u8>) -> Answer<i32> {
    descend(at, names, |_, _| Err(Errno(ENOENT)))
}

fn descend(at: &At, names: impl Iterator<Item = *const u8>, missing: impl Fn(i32, *const u8) -> Answer) -> Answer<i32> {
    let mut here = sys::fcntl(at.root, F_DUPFD_CLOEXEC, 0)?;
    for name in names {
        let next = match step(here, name) {
            Err(Errno(ENOENT)) => missing(here, name).and_then(|()| step(here, name)),
            found => found,
        };
        sys::close(here)?;
        here = next?;
    }
    Ok(here)
}

fn step(directory: i32, name: *const u8) -> Answer<i32> {
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    let fd = unsafe { sys::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0)? };
    if sys::kind(fd)?.format != S_IFLNK {
        return Ok(fd);
    }
    sys::close(fd)?;
    Err(Errno(ELOOP))
}

pub fn make_directory(parent: i32, name: *const u8, mode: u32) -> Answer {
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    unsafe { sys::mkdirat(parent, name, mode) }
}

/// A new file, open for writing.
pub fn make_file(parent: i32, name: *const u8, mode: u32) -> Answer<i32> {
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    unsafe { sys::openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode) }
}

/// An error that is none here.
pub fn unless(expected: i32) -> impl Fn(Errno) -> Answer {
    move |errno| if errno == Errno(expected) { Ok(()) } else { Err(errno) }
}

/// A relative path that leads to what a descriptor refers to, from the working directory that comes with it.
pub struct Place([u8; 12]);

impl Place {
    pub fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

/// Goes where mount(2), which knows only paths, is led by the descriptor and by nothing else: into a directory, or for a
/// file among the descriptors of a real /proc.
pub fn go_to(fd: i32) -> Answer<Place> {
    if is_directory(fd)? {
        sys::fchdir(fd)?;
        return Ok(Place(*b".\0\0\0\0\0\0\0\0\0\0\0"));
    }
    among_descriptors(c"/proc/self/fd", fd)
}

/// Goes where /proc has something for every descriptor, to what it has for this one.
pub fn among_descriptors(directory: &CStr, fd: i32) -> Answer<Place> {
    // SAFETY: the path is NUL-terminated.
    let listing = unsafe { sys::openat(AT_FDCWD, directory.as_ptr().cast(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0) };
    let listing = listing.map_err(|_| Errno(EOPNOTSUPP))?;
    is_of_proc(listing)?;
    sys::fchdir(listing)?;
    sys::close(listing)?;
    let mut place = Place([0; 12]);
    let mut unit = 1u32;
    while unit <= fd as u32 / 10 {
        unit = unit.saturating_mul(10);
    }
    for digit in place.0.iter_mut().take(11) {
        let Some(left) = (fd as u32).checked_div(unit) else { break };
        *digit = b'0'.wrapping_add((left % 10) as u8);
        unit /= 10;
    }
    Ok(place)
}

/// Nothing else may tell where descriptors and mounts are.
pub fn is_of_proc(fd: i32) -> Answer {
    if sys::fstatfs(fd)?.magic == PROC_SUPER_MAGIC { Ok(()) } else { Err(Errno(EOPNOTSUPP)) }
}
