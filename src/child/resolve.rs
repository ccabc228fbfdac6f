//! Places inside the root, by descriptor: every name is looked up in the directory that was just seen, and no link is
//! followed, so nothing that stands or is put there leads out.

use super::proc_files;
use super::state::At;
use crate::base::bounded_text::BoundedText;
use crate::sys::abi::{
    AT_FDCWD, EACCES, ELOOP, ENODEV, ENOTDIR, EOPNOTSUPP, F_DUPFD_CLOEXEC, Kind, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW,
    O_PATH, S_IFDIR, S_IFLNK,
};
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;

/// What was found in the root.
#[derive(Clone, Copy)]
pub struct Found {
    pub fd: i32,
    pub is_directory: bool,
}

/// What a descriptor refers to, unless it is a link.
pub fn look(fd: i32) -> Answer<Found> {
    look_for(fd, 0)
}

/// The same, and whether it is the device, unless that is 0: it is what it is by its number, whatever has taken its name.
pub fn look_for(fd: i32, device: u32) -> Answer<Found> {
    match sys::kind(fd)? {
        Kind { format: S_IFLNK, .. } => sys::close(fd).and(Err(Errno(ELOOP))),
        found if device != 0 && found.device != device as u64 => Err(Errno(ENODEV)),
        found => Ok(Found { fd, is_directory: found.format == S_IFDIR }),
    }
}

/// What lies under these names.
pub fn lead(at: &At, names: impl Iterator<Item = *const u8>) -> Answer<i32> {
    match descend(at.root, names, |directory, name| step(directory, name, 0).map(|found| found.fd))? {
        fd if fd == at.root => sys::fcntl(fd, F_DUPFD_CLOEXEC, 0),
        fd => Ok(fd),
    }
}

/// From the root on, which stays open.
pub fn descend(
    root: i32,
    names: impl Iterator<Item = *const u8>,
    next: impl Fn(i32, *const u8) -> Answer<i32>,
) -> Answer<i32> {
    let mut here = root;
    for name in names {
        let next = next(here, name);
        if here != root {
            sys::close(here)?;
        }
        here = next?;
    }
    Ok(here)
}

pub fn enter(directory: i32, name: *const u8) -> Answer<i32> {
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    match unsafe { sys::openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0) } {
        // So is a link refused; which it is, a look tells.
        Err(Errno(ENOTDIR)) => step(directory, name, 0).and(Err(Errno(ENOTDIR))),
        entered => entered,
    }
}

/// What is under a name, which must be the device, if there is one.
pub fn step(directory: i32, name: *const u8, device: u32) -> Answer<Found> {
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    let fd = unsafe { sys::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0)? };
    look_for(fd, device)
}

/// A relative path that leads to what a descriptor refers to, from the working directory that comes with it.
pub struct Place(BoundedText<12>);

impl Place {
    pub fn as_ptr(&self) -> *const u8 {
        self.0.c_str().unwrap_or(c"").as_ptr().cast()
    }
}

/// Goes where mount(2), which knows only paths, is led by the descriptor and by nothing else: into a directory, or for a
/// file, or what may not be entered, among the descriptors of a real /proc.
pub fn go_to(found: Found) -> Answer<Place> {
    match found.is_directory.then(|| sys::fchdir(found.fd)) {
        Some(Ok(())) => {
            let mut here = BoundedText::new();
            here.add(b".");
            Ok(Place(here))
        }
        None | Some(Err(Errno(EACCES))) => among_descriptors(c"/proc/self/fd", found.fd),
        Some(Err(errno)) => Err(errno),
    }
}

/// Goes where /proc has something for every descriptor, to what it has for this one.
pub fn among_descriptors(directory: &CStr, fd: i32) -> Answer<Place> {
    // SAFETY: the path is NUL-terminated.
    let listing = unsafe { sys::openat(AT_FDCWD, directory.as_ptr().cast(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0) };
    let listing = listing.map_err(|_| Errno(EOPNOTSUPP))?;
    proc_files::is_of_proc(listing)?;
    sys::fchdir(listing)?;
    sys::close(listing)?;
    Ok(Place(BoundedText::numbered(b"", fd)))
}
