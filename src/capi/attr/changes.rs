//! Changes of what the program's root has: hidden, read-only, other flags, other modes.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Hides what lies at path.
///
/// A directory is covered by an empty read-only one, a file by the caller's /dev/null, whose device number is verified.
/// If nothing lies there (ENOENT), there is nothing to hide. A program that keeps CAP_SYS_ADMIN can undo it, see
/// make_readonly. path is copied. An item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, or path is not a path inside the root or is "/".
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_MASK, ELOOP: there is a symbolic link at path or on the way.
/// FORKEXEC_STAGE_MASK, ENODEV: /dev/null is something else.
/// FORKEXEC_STAGE_MASK, EPERM: CAP_SYS_ADMIN is missing.
///
/// See mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_mask_path(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "mask_path", |attr| attr.mounts.mask_path(path?))
}

/// Makes what lies at path read-only, with all that is mounted below.
///
/// It has to exist. path is copied. An item of the list of mounts: see add_mount.
///
/// This holds for a program without CAP_SYS_ADMIN in its mount namespace. A program that keeps it, as root of its own
/// user namespace does unless its capabilities are dropped, can undo it with umount(2) or mount(2). In further user
/// namespaces that it makes, it cannot.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, or path is not a path inside the root or is "/".
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_READONLY, ENOENT: nothing lies there.
/// FORKEXEC_STAGE_READONLY, ELOOP: there is a symbolic link at path or on the way.
/// FORKEXEC_STAGE_READONLY, EPERM: CAP_SYS_ADMIN is missing.
///
/// See mount_setattr(2), mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_make_readonly(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "make_readonly", |attr| attr.mounts.make_readonly(path?))
}

/// Adds flags to the mount at path.
///
/// flags are any of FORKEXEC_MOUNT_READONLY, _NOSUID, _NODEV and _NOEXEC. They are added to those that the mount has,
/// and not to mounts below it. With FORKEXEC_MOUNT_FOLLOW symbolic links in path are followed, inside the root. path
/// may be "/"; after FORKEXEC_MOUNT_READONLY nothing more can be made there, and set_root has a flag for a root that
/// becomes read-only in the end. A program that keeps CAP_SYS_ADMIN can undo it, see make_readonly. path is copied. An
/// item of the list of mounts: see add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root, or flags has none of the four or another bit.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_REMOUNT, EINVAL: path is no mount point.
/// FORKEXEC_STAGE_REMOUNT, ENOENT: path does not exist.
/// FORKEXEC_STAGE_REMOUNT, ELOOP: there is a symbolic link at path or on the way.
/// FORKEXEC_STAGE_REMOUNT, EPERM: CAP_SYS_ADMIN is missing.
///
/// See mount(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_remount(attr: *mut forkexec_attr, path: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "remount", |attr| attr.mounts.remount(path?, flags))
}

/// Gives what lies at path exactly mode.
///
/// mode includes the setuid, setgid and sticky bits. It is changed in the file system that lies there: only one in
/// memory, such as that of an empty root, ends with the program. path is copied. An item of the list of mounts: see
/// add_mount.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is not a path inside the root, or mode is above 07777.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as add_mount says, and as:
/// FORKEXEC_STAGE_MODE, ENOENT: path does not exist.
/// FORKEXEC_STAGE_MODE, ELOOP: there is a symbolic link at path or on the way.
/// FORKEXEC_STAGE_MODE, EPERM: it belongs to another user, or the kernel does not give this mode.
/// FORKEXEC_STAGE_MODE, EROFS: the file system is read-only.
/// FORKEXEC_STAGE_MODE, EOPNOTSUPP: path is a file, and the caller has no /proc.
///
/// See chmod(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_change_mode(attr: *mut forkexec_attr, path: *const c_char, mode: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "change_mode", |attr| attr.mounts.change_mode(path?, mode))
}
