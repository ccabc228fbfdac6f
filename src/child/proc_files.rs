//! Files of /proc. What stands at their paths is believed, and written to, only when it is of a proc file system.

use crate::base::kernel_file;
use crate::sys::abi::{AT_FDCWD, EOPNOTSUPP, O_CLOEXEC, O_DIRECTORY, O_RDONLY, O_WRONLY, PROC_SUPER_MAGIC};
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;

/// Fails with EOPNOTSUPP unless the file is of a proc file system: another file system could lie about descriptors and mounts.
pub fn is_of_proc(fd: i32) -> Answer {
    if sys::fstatfs(fd)?.magic == PROC_SUPER_MAGIC { Ok(()) } else { Err(Errno(EOPNOTSUPP)) }
}

/// Writes a file below a directory: the caller's /proc, or AT_FDCWD for a path that begins there.
pub fn write(directory: i32, path: &CStr, bytes: &[u8]) -> Answer {
    // SAFETY: the path is NUL-terminated.
    let file = unsafe { sys::openat(directory, path.as_ptr().cast(), O_WRONLY | O_CLOEXEC, 0)? };
    is_of_proc(file)?;
    kernel_file::write_and_close(file, bytes)
}

/// The directory of the process's own descriptors, in a real /proc.
pub fn open_own_fds() -> Answer<i32> {
    let path = c"/proc/self/fd".as_ptr().cast();
    // SAFETY: the path is a NUL-terminated literal.
    let listing = unsafe { sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)? };
    match is_of_proc(listing) {
        Ok(()) => Ok(listing),
        Err(errno) => sys::close(listing).and(Err(errno)),
    }
}
