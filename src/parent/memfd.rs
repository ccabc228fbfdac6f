//! Files in memory of the caller's, memfd_create(2).

use crate::sys::abi::{EINVAL, F_DUPFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_CLOEXEC};
use crate::sys::{self, Errno};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// An empty file that can be sealed, and the flags that the kernel took for it. Kernels before Linux 6.3 do not know the
/// flags `since_6_3`, and get along without them.
pub fn create(since_6_3: u32) -> Result<(OwnedFd, u32), Errno> {
    let old = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    // SAFETY: the name is a NUL-terminated literal.
    let create = |flags| unsafe { sys::memfd(c"forkexec".as_ptr().cast(), flags) }.map(|fd| (fd, flags));
    let (fd, flags) = match create(old | since_6_3) {
        Err(Errno(EINVAL)) if since_6_3 != 0 => create(old)?,
        made => made?,
    };
    // SAFETY: kernel contract, man 2 memfd_create: a new descriptor of our own.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    above_standard(file).map(|file| (file, flags))
}

/// The same file under a number above 2. A caller that has closed 0, 1 or 2 may open its own file there later, and its
/// programs must not get this one.
fn above_standard(file: OwnedFd) -> Result<OwnedFd, Errno> {
    if file.as_raw_fd() > 2 {
        return Ok(file);
    }
    let moved = sys::fcntl(file.as_raw_fd(), F_DUPFD_CLOEXEC, 3)?;
    // SAFETY: kernel contract, man 2 F_DUPFD: a new descriptor of our own.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}
