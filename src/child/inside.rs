//! Places inside the root, by descriptor: every name is looked up in the directory that was just seen, and no link is
//! followed, so nothing that stands or is put there leads out.

use super::At;
use super::fds;
use super::follow::{self, Make};
use super::page::side;
use super::sealed::{Mount, Text};
use super::sys::abi::{
    AT_FDCWD, EACCES, EAGAIN, EEXIST, ELOOP, ENODEV, ENOENT, ENOTDIR, EOPNOTSUPP, EPERM, F_DUPFD_CLOEXEC, Kind,
    O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_PATH, O_WRONLY, OpenHow, PROC_SUPER_MAGIC, RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS, S_IFDIR, S_IFLNK,
};
use super::sys::ways::{Call, goes_on};
use super::sys::{self, Answer, Errno};
use core::ffi::CStr;

/// The mode of directories that are only made for what lies in them, and of what is made to be covered.
const LEADING: u32 = 0o755;
pub const COVERED: u32 = 0o444;
/// The bits of a mode that are neither setuid, setgid nor sticky.
pub const PERMISSIONS: u32 = 0o777;

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

fn name(at: &At, text: Text) -> *const u8 {
    at.plan.text(text).unwrap_or(c"".as_ptr().cast())
}

/// What an item is about.
pub fn target(at: &mut At, item: &Mount) -> Answer<Found> {
    at.side = side::TARGET;
    let found = if item.follow == 0 { find(at, item) } else { find_behind_links(at, item) }?;
    at.side = side::NONE;
    Ok(found)
}

fn find_behind_links(at: &At, item: &Mount) -> Answer<Found> {
    match resolve(at, item)? {
        Some(found) => Ok(found),
        None => follow::target(at, item, Make::Nothing),
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

fn find(at: &mut At, item: &Mount) -> Answer<Found> {
    let Some(last) = at.plan.list(item.names).last() else {
        return look(sys::fcntl(at.root, F_DUPFD_CLOEXEC, 0)?);
    };
    let directory = directory_of(at, item, false)?;
    step(directory, name(at, *last), 0)
}

/// The same, made where it is missing and may be.
pub fn target_for(at: &mut At, item: &Mount, directory: bool) -> Answer<Found> {
    if item.create == 0 {
        return target(at, item);
    }
    at.side = side::TARGET;
    let found =
        if item.follow == 0 { find_or_make(at, item, directory) } else { make_behind_links(at, item, directory) }?;
    at.side = side::NONE;
    Ok(found)
}

fn make_behind_links(at: &At, item: &Mount, directory: bool) -> Answer<Found> {
    let make = if directory { Make::Directory } else { Make::File };
    match resolve(at, item) {
        Ok(None) | Err(Errno(ENOENT)) => follow::target(at, item, make),
        found => found?.ok_or(Errno(ENOENT)),
    }
}

fn find_or_make(at: &mut At, item: &Mount, directory: bool) -> Answer<Found> {
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

/// What somebody else has put there meanwhile is looked at like everything that was there before.
pub fn make_covered_directory(parent: i32, name: *const u8) -> Answer {
    make_directory(parent, name, LEADING).or_else(unless(EEXIST))
}

/// The directory in which an item is made, itself made where it is missing, and the item's name in it.
pub fn parent<'a>(at: &mut At<'a>, item: &Mount) -> Answer<(i32, *const u8)> {
    at.side = side::TARGET;
    let last = at.plan.list(item.names).last().ok_or(Errno(EEXIST))?;
    Ok((directory_of(at, item, true)?, name(at, *last)))
}

/// The directory that an item is in, which stays open for those of the next that are in it too.
fn directory_of(at: &mut At, item: &Mount, makes: bool) -> Answer<i32> {
    if item.beside != 0 {
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

/// What lies under these names.
pub fn lead(at: &At, names: impl Iterator<Item = *const u8>) -> Answer<i32> {
    match descend(at.root, names, |directory, name| step(directory, name, 0).map(|found| found.fd))? {
        fd if fd == at.root => sys::fcntl(fd, F_DUPFD_CLOEXEC, 0),
        fd => Ok(fd),
    }
}

/// From the root on, which stays open.
fn descend(
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

fn enter(directory: i32, name: *const u8) -> Answer<i32> {
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

pub fn make_directory(parent: i32, name: *const u8, mode: u32) -> Answer {
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    unsafe { sys::mkdirat(parent, name, mode) }
}

/// A new file, open for writing. O_EXCL follows no link either.
pub fn make_file(parent: i32, name: *const u8, mode: u32) -> Answer<i32> {
    // SAFETY: plan::lower guarantees a NUL-terminated name.
    unsafe { sys::openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
}

/// Gives what was just made exactly this mode. mkdir(2) ignores the setuid and setgid bits and takes over the setgid bit of
/// the directory above, which may also have a default ACL. chmod(2) silently leaves out the setgid bit where the file's group
/// is not one of the child's: what it did is looked at.
pub fn has_mode(fd: i32, mode: u32, change: impl Fn(i32, u32) -> Answer) -> Answer {
    if sys::kind(fd)?.mode == mode {
        return Ok(());
    }
    change(fd, mode)?;
    if sys::kind(fd)?.mode == mode { Ok(()) } else { Err(Errno(EPERM)) }
}

/// The same for a directory, of which there is only the name: somebody else may have put another one there meanwhile. What
/// does not have the permissions that it was made with is not changed.
pub fn directory_has_mode(fd: i32, made_with: u32, mode: u32) -> Answer {
    let permissions = sys::kind(fd)?.mode & PERMISSIONS;
    if permissions != made_with & PERMISSIONS { Err(Errno(EPERM)) } else { has_mode(fd, mode, sys::chmod_directory) }
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
/// file, or what may not be entered, among the descriptors of a real /proc.
pub fn go_to(found: Found) -> Answer<Place> {
    match found.is_directory.then(|| sys::fchdir(found.fd)) {
        Some(Ok(())) => Ok(Place(*b".\0\0\0\0\0\0\0\0\0\0\0")),
        None | Some(Err(Errno(EACCES))) => among_descriptors(c"/proc/self/fd", found.fd),
        Some(Err(errno)) => Err(errno),
    }
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
    fds::write_number(fd as u32, &mut place.0);
    Ok(place)
}

/// Nothing else may tell where descriptors and mounts are.
pub fn is_of_proc(fd: i32) -> Answer {
    if sys::fstatfs(fd)?.magic == PROC_SUPER_MAGIC { Ok(()) } else { Err(Errno(EOPNOTSUPP)) }
}
