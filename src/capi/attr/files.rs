//! Directories, links and files that are made in the program's root.

use super::{apply, forkexec_attr};
use crate::attr::mounts::LONGEST_FILE;
use crate::capi::entry::Entered;
use crate::capi::guard;
use crate::sentences;
use core::ffi::{c_char, c_int};

/// Makes the directory path, and those that are missing above it.
///
/// It gets exactly mode, with the setuid, setgid and sticky bits; those above it get 0755. A directory that exists
/// stays as it is. The directory is made in the file system that lies there: only one in memory, such as that of an
/// empty root, ends with the program. path is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root or is "/", or mode is above 07777.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_DIRECTORY, ENOTDIR: something else lies there.
/// FORKEXEC_STAGE_DIRECTORY, ELOOP: there is a symbolic link on the way.
/// FORKEXEC_STAGE_DIRECTORY, EPERM: the kernel does not give this mode, for example setgid for a group that is not the
///   child's.
/// FORKEXEC_STAGE_DIRECTORY, EACCES, EROFS: the directory above cannot be written to.
///
/// See mkdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_directory(
    attr: *mut forkexec_attr,
    path: *const c_char,
    mode: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "make_directory", |attr| attr.mounts.make_directory(path?, mode))
}

/// Makes a symbolic link at path that holds contents.
///
/// contents may be any text. Directories that are missing above path are made, as make_directory does. A link that
/// holds the same text may exist. Both are copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr, contents or path is NULL, contents is empty, or path is not a path inside the root or is "/".
/// -ENAMETOOLONG: contents or path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_SYMLINK, EEXIST: something else lies there.
/// FORKEXEC_STAGE_SYMLINK, ELOOP: there is a symbolic link on the way.
/// FORKEXEC_STAGE_SYMLINK, EACCES, EROFS: the directory above cannot be written to.
///
/// See symlink(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_symlink(
    attr: *mut forkexec_attr,
    contents: *const c_char,
    path: *const c_char,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that contents is NULL or a string.
    let contents = unsafe { guard::string(contents) };
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "make_symlink", |attr| attr.mounts.make_symlink(contents?, path?))
}

/// Makes the file path, which holds the given bytes.
///
/// bytes has length bytes, at most 65536; make_file_fd copies larger files. It may be NULL if length is 0. The file
/// gets exactly mode, as make_directory says. Directories that are missing above path are made, as make_directory does.
/// path and bytes are copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, bytes is NULL and length is not 0, length is above 65536, path is not a path inside
///   the root or is "/", or mode is above 07777.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_FILE, EEXIST: something lies there.
/// FORKEXEC_STAGE_FILE, ELOOP: there is a symbolic link on the way.
/// FORKEXEC_STAGE_FILE, EPERM: the kernel does not give this mode.
/// FORKEXEC_STAGE_FILE, EACCES, EROFS: the directory above cannot be written to.
/// FORKEXEC_STAGE_FILE, ENOSPC: the file system is full.
///
/// See open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_file(
    attr: *mut forkexec_attr,
    path: *const c_char,
    bytes: *const u8,
    length: usize,
    mode: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that bytes is NULL or has that length.
    let bytes = unsafe { guard::list(bytes, length, LONGEST_FILE, sentences::FILE_TOO_LONG) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "make_file", |attr| attr.mounts.make_file(path?, bytes?, mode))
}

/// Makes the file path, a copy of what the descriptor fd holds.
///
/// The copy has any length and begins at the start of fd, whose offset is neither used nor changed. fd refers to a
/// regular file, or to one of memfd_create(2). It is a descriptor of the caller, borrowed: it must be open for reading
/// during each spawn. mode is that of make_file. path is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root or is "/", or mode is above 07777.
/// -EBADF: fd is negative.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as make_file says, and as:
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_VALIDATE, EINVAL: fd refers to something else than a file.
/// FORKEXEC_STAGE_FILE, EBADF: fd is not open for reading.
/// FORKEXEC_STAGE_FILE, with the errnos of pread(2).
///
/// See pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_file_fd(
    attr: *mut forkexec_attr,
    path: *const c_char,
    fd: i32,
    mode: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "make_file_fd", |attr| attr.mounts.make_file_fd(path?, fd, mode))
}

/// Mounts a file in memory at target, a copy of what the descriptor fd holds.
///
/// target is a file, which stays as it is; the copy ends with the mount. fd and mode are those of make_file_fd. flags
/// are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV, _NOEXEC, _CREATE and _FOLLOW. target is copied. An item of the
/// list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or target is NULL, target is not a path inside the root or is "/", mode is above 07777, or flags has
///   another bit.
/// -EBADF: fd is negative.
/// -ENAMETOOLONG: target has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as make_file_fd says, and as:
/// FORKEXEC_STAGE_FILE, ENOENT, ELOOP: target does not exist, or there is a symbolic link on the way to it.
/// FORKEXEC_STAGE_FILE, ENOTDIR: target is a directory.
/// FORKEXEC_STAGE_FILE, EPERM: CAP_SYS_ADMIN is missing.
/// FORKEXEC_STAGE_FILE, ENOSPC: memory is short.
///
/// See tmpfs(5), mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mount_file_fd(
    attr: *mut forkexec_attr,
    fd: i32,
    target: *const c_char,
    mode: u32,
    flags: u32,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that target is NULL or a string.
    let target = unsafe { guard::string(target) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "mount_file_fd", |attr| attr.mounts.mount_file_fd(fd, target?, mode, flags))
}
