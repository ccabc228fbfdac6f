//! What mounts, the root and the places in it ask of the kernel.

use super::abi::*;
use super::arch::{nr, syscall6};
use super::{Answer, answer};

/// mount(2), the changes of propagation of the root.
pub fn propagate_root(flags: u64) -> Answer {
    call!(MOUNT, c"none".as_ptr(), c"/".as_ptr(), c"none".as_ptr(), flags, 0).map(drop)
}

/// mount(2)
///
/// # Safety
/// `target` is NUL-terminated, `source`, `kind` and `data` are NULL or NUL-terminated.
pub unsafe fn mount(source: *const u8, target: *const u8, kind: *const u8, flags: u64, data: *const u8) -> Answer {
    call!(MOUNT, source, target, kind, flags, data).map(drop)
}

/// mount(2), the changes of what the working directory is the root of.
pub fn change_mount(flags: u64) -> Answer {
    call!(MOUNT, 0, c".".as_ptr(), 0, flags, 0).map(drop)
}

/// umount(2) of what lies over the working directory, with all that is mounted below.
pub fn detach() -> Answer {
    call!(UMOUNT2, c".".as_ptr(), MNT_DETACH).map(drop)
}

/// pivot_root(2): the working directory becomes the root, and the old root lies over it.
pub fn pivot_root() -> Answer {
    call!(PIVOT_ROOT, c".".as_ptr(), c".".as_ptr()).map(drop)
}

/// fchmod(2)
pub fn fchmod(fd: i32, mode: u32) -> Answer {
    call!(FCHMOD, fd, mode).map(drop)
}

/// fchmodat(2), of the directory itself: it may be a descriptor that is good for nothing but paths.
pub fn chmod_directory(fd: i32, mode: u32) -> Answer {
    call!(FCHMODAT, fd, c".".as_ptr(), mode).map(drop)
}

/// open_tree(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn open_tree(directory: i32, path: *const u8, flags: u32) -> Answer<i32> {
    call!(OPEN_TREE, directory, path, flags).map(|fd| fd as i32)
}

/// move_mount(2), from one descriptor to the other.
pub fn move_mount(from: i32, to: i32) -> Answer {
    const BOTH: u32 = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    call!(MOVE_MOUNT, from, c"".as_ptr(), to, c"".as_ptr(), BOTH).map(drop)
}

/// mount_setattr(2), of what the descriptor is.
pub fn mount_setattr(fd: i32, flags: i32, change: &MountAttr) -> Answer {
    let change = (change as *const MountAttr, size_of::<MountAttr>());
    call!(MOUNT_SETATTR, fd, c"".as_ptr(), AT_EMPTY_PATH | flags, change.0, change.1).map(drop)
}

/// openat2(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn openat2(directory: i32, path: *const u8, how: &OpenHow) -> Answer<i32> {
    call!(OPENAT2, directory, path, how as *const OpenHow, size_of::<OpenHow>()).map(|fd| fd as i32)
}

/// mkdirat(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn mkdirat(directory: i32, path: *const u8, mode: u32) -> Answer {
    call!(MKDIRAT, directory, path, mode).map(drop)
}

/// symlinkat(2)
///
/// # Safety
/// `text` and `path` are NUL-terminated.
pub unsafe fn symlinkat(text: *const u8, directory: i32, path: *const u8) -> Answer {
    call!(SYMLINKAT, text, directory, path).map(drop)
}

/// readlinkat(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn readlinkat(directory: i32, path: *const u8, buffer: &mut [u8]) -> Answer<usize> {
    call!(READLINKAT, directory, path, buffer.as_mut_ptr(), buffer.len())
}

/// fstatfs(2)
pub fn fstatfs(fd: i32) -> Answer<StatFs> {
    let mut seen = StatFs::default();
    call!(FSTATFS, fd, &mut seen as *mut StatFs).map(|_| seen)
}
