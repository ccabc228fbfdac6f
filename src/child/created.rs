//! Directories and files that are made in the root, and the mode that they get.

use crate::sys::abi::{EEXIST, EPERM, O_CLOEXEC, O_CREAT, O_EXCL, O_WRONLY};
use crate::sys::{self, Answer, Errno};

/// The mode of directories that are only made for what lies in them, and of what is made to be covered.
const LEADING: u32 = 0o755;
pub const COVERED: u32 = 0o444;
/// The bits of a mode that are neither setuid, setgid nor sticky.
pub const PERMISSIONS: u32 = 0o777;

/// What somebody else has put there meanwhile is looked at like everything that was there before.
pub fn make_covered_directory(parent: i32, name: *const u8) -> Answer {
    make_directory(parent, name, LEADING).or_else(unless(EEXIST))
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
fn unless(expected: i32) -> impl Fn(Errno) -> Answer {
    move |errno| if errno == Errno(expected) { Ok(()) } else { Err(errno) }
}
