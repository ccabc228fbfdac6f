//! Mounts, the root, and the files and directories in it. mount(2), pivot_root(2), open_tree(2)

use super::abi::*;
use super::answer::{Answer, answer};
use super::arch::{nr, syscall6};
use super::descriptors::close;

/// mount(2): changes the propagation of the root.
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

/// mount(2): changes the flags of the mount whose root is the working directory.
pub fn change_mount(flags: u64) -> Answer {
    call!(MOUNT, 0, c".".as_ptr(), 0, flags, 0).map(drop)
}

/// umount(2), MNT_DETACH: detaches the mount on top of the working directory, with all mounts below it.
pub fn detach() -> Answer {
    call!(UMOUNT2, c".".as_ptr(), MNT_DETACH).map(drop)
}

/// pivot_root(2): the working directory becomes the root, and the old root is mounted on top of it.
pub fn pivot_root() -> Answer {
    call!(PIVOT_ROOT, c".".as_ptr(), c".".as_ptr()).map(drop)
}

/// fchmod(2)
pub fn fchmod(fd: i32, mode: u32) -> Answer {
    call!(FCHMOD, fd, mode).map(drop)
}

/// fchmodat(2) of ".": the descriptor of the directory may be one of O_PATH.
pub fn chmod_directory(fd: i32, mode: u32) -> Answer {
    call!(FCHMODAT, fd, c".".as_ptr(), mode).map(drop)
}

/// fchmodat(2) of a path from the working directory.
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn chmod(path: *const u8, mode: u32) -> Answer {
    call!(FCHMODAT, AT_FDCWD, path, mode).map(drop)
}

/// open_tree(2)
///
/// # Safety
/// `path` is NUL-terminated.
pub unsafe fn open_tree(directory: i32, path: *const u8, flags: u32) -> Answer<i32> {
    call!(OPEN_TREE, directory, path, flags).map(|fd| fd as i32)
}

/// move_mount(2), from one descriptor to another.
pub fn move_mount(from: i32, to: i32) -> Answer {
    const BOTH: u32 = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    call!(MOVE_MOUNT, from, c"".as_ptr(), to, c"".as_ptr(), BOTH).map(drop)
}

/// fsopen(2), fsconfig(2), fsmount(2): makes a tmpfs that is in no mount namespace.
pub fn detached_memory() -> Answer<i32> {
    let context = call!(FSOPEN, c"tmpfs".as_ptr(), FSOPEN_CLOEXEC)?;
    let made = call!(FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
    let mounted = made.and_then(|_| call!(FSMOUNT, context, FSMOUNT_CLOEXEC, 0)).map(|fd| fd as i32);
    close(context as i32)?;
    mounted
}

/// mount_setattr(2) of a descriptor.
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

/// statx(2): the unique id of a descriptor's mount, which no other mount ever gets. 0: the kernel is older than Linux 6.8.
#[cfg(not(forkexec_image))]
pub fn mount_id(fd: i32) -> Answer<u64> {
    let mut seen = [0u64; 32];
    call!(STATX, fd, c"".as_ptr(), AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, seen.as_mut_ptr())?;
    let has_it = seen.first().is_some_and(|first| *first as u32 & STATX_MNT_ID_UNIQUE != 0);
    Ok(seen.get(18).copied().filter(|_| has_it).unwrap_or(0))
}

/// statx(2): whether a descriptor is the root of a mount. `None`: the kernel is older than Linux 5.8.
#[cfg(not(forkexec_image))]
pub fn is_mount_root(fd: i32) -> Answer<Option<bool>> {
    let mut seen = [0u64; 32];
    call!(STATX, fd, c"".as_ptr(), AT_EMPTY_PATH, 0, seen.as_mut_ptr())?;
    let [attributes, known] = [1, 7].map(|word: usize| seen.get(word).copied().unwrap_or(0) & STATX_ATTR_MOUNT_ROOT);
    Ok((known != 0).then_some(attributes != 0))
}

/// statx(2): mount, device and inode, which tell two directories apart. Without the mount before Linux 5.8.
#[cfg(not(forkexec_image))]
pub fn place(fd: i32) -> Answer<[u64; 3]> {
    let mut seen = [0u64; 32];
    call!(STATX, fd, c"".as_ptr(), AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, seen.as_mut_ptr())?;
    Ok([18, 17, 4].map(|word: usize| seen.get(word).copied().unwrap_or(0)))
}

/// statfs(2)
///
/// # Safety
/// `path` is NUL-terminated.
#[cfg(not(forkexec_image))]
pub unsafe fn statfs(path: *const u8) -> Answer<StatFs> {
    let mut fs = StatFs::default();
    call!(STATFS, path, &mut fs as *mut StatFs).map(|_| fs)
}

/// fstatfs(2)
pub fn fstatfs(fd: i32) -> Answer<StatFs> {
    let mut seen = StatFs::default();
    call!(FSTATFS, fd, &mut seen as *mut StatFs).map(|_| seen)
}
