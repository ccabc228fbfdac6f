//! The root directory of the program.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Gives the program a root directory of its own.
///
/// path is a directory, with all that is mounted below it. NULL is an empty root in memory, which ends with the
/// program. The list of mounts is made in it. Then the old root is detached, so that no privilege leads back, unlike
/// with set_chroot. The program starts in "/", unless set_cwd says otherwise; its path, set_cwd and the actions are
/// looked up in the new root. Needs a new mount namespace. The caller's root has to be a mount, as it is except in a
/// chroot or an initramfs. path is copied. The last call wins.
///
/// flags are any of FORKEXEC_ROOT_READONLY, _NOSUID, _NODEV and _NOEXEC. They hold for the root and for what is mounted
/// below path; the root itself becomes read-only in the end, when all is made. Mounts of this attr have their own
/// flags. A program that keeps CAP_SYS_ADMIN, also in its own new user namespace, can make the root writable again.
///
/// Example:
///
///     forkexec_attr_create_namespaces(attr, FORKEXEC_NS_USER | FORKEXEC_NS_MOUNT);
///     forkexec_attr_set_root(attr, NULL, FORKEXEC_ROOT_READONLY);
///     forkexec_attr_bind_mount(attr, "/usr", "/usr", FORKEXEC_MOUNT_READONLY | FORKEXEC_MOUNT_CREATE);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, path is empty, or flags has another bit.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: there is no new mount namespace, its propagation would bring the mounts to the
///   caller, or set_chroot was called.
/// FORKEXEC_STAGE_IMAGE, as set_memory_mode says.
/// FORKEXEC_STAGE_ROOT, ENOENT: path does not exist.
/// FORKEXEC_STAGE_ROOT, ENOTDIR: path is no directory.
/// FORKEXEC_STAGE_ROOT, EPERM: CAP_SYS_ADMIN is missing.
/// FORKEXEC_STAGE_PIVOT_ROOT, EINVAL: the caller's root is no mount.
/// FORKEXEC_STAGE_ROOT_READONLY, with the errno of mount(2).
///
/// See pivot_root(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_root(attr: *mut forkexec_attr, path: *const c_char, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::optional_string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_root", |attr| attr.mounts.set_root(path, flags))
}

/// Makes the directory path the program's root, by chroot(2).
///
/// It becomes the working directory too, unless set_cwd or set_cwd_fd says otherwise; either way that lies inside the
/// root. The root is entered before the ids change, with CAP_SYS_CHROOT. The program's path, set_cwd and the actions
/// are looked up in it. A program with privileges can leave a chroot: see set_root. path is copied. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, or path is empty.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_IMAGE, as set_memory_mode says.
/// FORKEXEC_STAGE_CHROOT, with the errno of chroot(2) or chdir(2).
///
/// See chroot(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_chroot(attr: *mut forkexec_attr, path: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_chroot", |attr| attr.mounts.set_chroot(path?))
}
