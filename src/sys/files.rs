//! Files: open(2), read(2), stat(2), and the root and working directory, where paths begin.

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};

/// read(2)
pub fn read(fd: i32, buffer: &mut [u8]) -> Answer<usize> {
    call!(READ, fd, buffer.as_mut_ptr(), buffer.len())
}

/// pread(2)
pub fn pread(fd: i32, buffer: &mut [u8], offset: u64) -> Answer<usize> {
    call!(PREAD64, fd, buffer.as_mut_ptr(), buffer.len(), offset)
}

/// write(2)
pub fn write(fd: i32, bytes: &[u8]) -> Answer<usize> {
    call!(WRITE, fd, bytes.as_ptr(), bytes.len())
}

/// openat(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn openat(directory: i32, path: *const u8, flags: i32, mode: u32) -> Answer<i32> {
    call!(OPENAT, directory, path, flags, mode).map(|fd| fd as i32)
}

/// getdents64(2)
pub fn getdents64(fd: i32, buffer: &mut [u8]) -> Answer<usize> {
    call!(GETDENTS64, fd, buffer.as_mut_ptr(), buffer.len())
}

/// ftruncate(2)
pub fn ftruncate(fd: i32, bytes: u64) -> Answer {
    call!(FTRUNCATE, fd, bytes).map(drop)
}

/// fstat(2): only device and inode, which have the same offset on both architectures.
pub fn identity(fd: i32) -> Answer<[u64; 2]> {
    let mut stat = [0u64; 18];
    call!(FSTAT, fd, stat.as_mut_ptr())?;
    let [device, inode, ..] = stat;
    Ok([device, inode])
}

/// fstat(2): the file's format, its mode, and the device number of a node.
pub fn kind(fd: i32) -> Answer<Kind> {
    let mut stat = [0u64; 18];
    call!(FSTAT, fd, stat.as_mut_ptr())?;
    #[cfg(target_arch = "x86_64")]
    let [_, _, _, mode, _, device, ..] = stat;
    #[cfg(target_arch = "aarch64")]
    let [_, _, mode, _, device, ..] = stat;
    Ok(Kind { format: mode as u32 & S_IFMT, mode: mode as u32 & !S_IFMT, device })
}

/// fstat(2): only the size, which has the same offset on both architectures.
#[cfg(not(any(forkexec_image, forkexec_nsexec)))]
pub fn size(fd: i32) -> Answer<u64> {
    let mut stat = [0u64; 18];
    call!(FSTAT, fd, stat.as_mut_ptr())?;
    let [_, _, _, _, _, _, size, ..] = stat;
    Ok(size)
}

/// fchown(2): changes only the user.
#[cfg(not(forkexec_nsexec))]
pub fn set_owner(fd: i32, uid: u32) -> Answer {
    call!(FCHOWN, fd, uid, u32::MAX).map(drop)
}

/// umask(2)
pub fn umask(mask: u32) -> Answer<u32> {
    call!(UMASK, mask).map(|old| old as u32)
}

/// chroot(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn chroot(path: *const u8) -> Answer {
    call!(CHROOT, path).map(drop)
}

/// chdir(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn chdir(path: *const u8) -> Answer {
    call!(CHDIR, path).map(drop)
}

/// fchdir(2)
pub fn fchdir(fd: i32) -> Answer {
    call!(FCHDIR, fd).map(drop)
}

/// getcwd(2) of the kernel: returns the path with its NUL, or "(unreachable)" and a path.
pub fn getcwd(buffer: &mut [u8]) -> Answer<usize> {
    call!(GETCWD, buffer.as_mut_ptr(), buffer.len())
}

/// memfd_create(2)
///
/// # Safety
/// `name` is NUL-terminated.
pub unsafe fn memfd(name: *const u8, flags: u32) -> Answer<i32> {
    call!(MEMFD_CREATE, name, flags).map(|fd| fd as i32)
}
