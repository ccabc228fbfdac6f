//! Files of /proc. What stands at their paths is believed, and written to, only when it is of a proc file system.

use crate::sys::abi::{AT_FDCWD, EOPNOTSUPP, O_CLOEXEC, O_DIRECTORY, O_RDONLY, O_WRONLY, PROC_SUPER_MAGIC};
use crate::sys::{self, Answer, Errno};
use core::ffi::CStr;

/// Nothing else may tell where descriptors and mounts are.
pub fn is_of_proc(fd: i32) -> Answer {
    if sys::fstatfs(fd)?.magic == PROC_SUPER_MAGIC { Ok(()) } else { Err(Errno(EOPNOTSUPP)) }
}

/// Writes a file below a directory: the caller's /proc, or AT_FDCWD for a path that begins there.
pub fn write(directory: i32, path: &CStr, bytes: &[u8]) -> Answer {
    // SAFETY: the path is NUL-terminated.
    let file = unsafe { sys::openat(directory, path.as_ptr().cast(), O_WRONLY | O_CLOEXEC, 0)? };
    is_of_proc(file)?;
    sys::write(file, bytes)?;
    sys::close(file)
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
