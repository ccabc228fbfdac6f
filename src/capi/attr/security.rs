//! Session keyring and label.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Gives the program the session keyring of that name, which is made where no keyring of that name may be searched, or
/// with name NULL a new one without a name: the keys in the caller's are then not the program's.
///
/// The caller's own stays as it is. name is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, name is empty or has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_KEYRING, ENOSYS: the kernel has no keyrings, which allow_failure lets pass.
/// FORKEXEC_STAGE_KEYRING, EDQUOT: the user has too many keys.
/// FORKEXEC_STAGE_KEYRING, EPERM: name begins with ".".
/// FORKEXEC_STAGE_KEYRING, EACCES.
///
/// See keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_session_keyring(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::optional_string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_session_keyring", |attr| attr.security.set_session_keyring(name))
}

/// Says who may do what with the session keyring of set_session_keyring: permissions are the bits of keyctl(2) for its
/// possessor, its owner, its group and others, in that order from the highest byte, for example 0x3f090000.
///
/// A keyring of that name that was there before gets them, too. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, a bit besides 0x3f3f3f3f.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_session_keyring.
/// FORKEXEC_STAGE_KEYRING_PERMISSIONS, EACCES: no right to change it.
/// FORKEXEC_STAGE_KEYRING_PERMISSIONS, EPERM: it is another user's.
///
/// See keyctl(2), KEYCTL_SETPERM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_keyring_permissions(attr: *mut forkexec_attr, permissions: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_keyring_permissions", |attr| attr.security.set_keyring_permissions(permissions))
}

/// Gives the session keyring of set_session_keyring this context of SELinux, if it is new.
///
/// It is told as set_exec_label tells the program's. label is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or label is NULL, label is empty or has more than 4090 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_session_keyring.
/// FORKEXEC_STAGE_PROCFS: as set_exec_label.
/// FORKEXEC_STAGE_KEYRING_LABEL, ENOENT or EINVAL: no SELinux, or no such context.
/// FORKEXEC_STAGE_KEYRING_LABEL, EACCES: its policy.
/// FORKEXEC_STAGE_KEYRING_LABEL, ENOSYS: Linux before 5.6.
/// FORKEXEC_STAGE_KEYRING_LABEL, EXDEV: something is mounted over the file.
///
/// See proc_pid_attr(5), keycreate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_keyring_label(attr: *mut forkexec_attr, label: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that label is NULL or a string.
    let label = unsafe { guard::string(label) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_keyring_label", |attr| attr.security.set_keyring_label(label?))
}

/// Gives the program this profile of AppArmor, whichever modules there are: with set_exec_label the label there is then
/// SELinux's, and the program gets both, or the spawn fails.
///
/// It is told as set_exec_label tells that label. profile is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or profile is NULL, profile is empty or has more than 4090 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PROCFS: as set_exec_label.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, ENOENT: no AppArmor, or no such profile.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, EINVAL.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, EACCES: its policy.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, ENOSYS: Linux before 5.6.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, EXDEV: something is mounted over the file.
///
/// See proc_pid_attr(5), apparmor/exec.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_apparmor_profile(attr: *mut forkexec_attr, profile: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that profile is NULL or a string.
    let profile = unsafe { guard::string(profile) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_apparmor_profile", |attr| attr.security.set_apparmor_profile(profile?))
}

/// Gives the program the label under which the host's security module knows it: a context of SELinux or a profile of
/// AppArmor, whichever there is; with set_apparmor_profile SELinux's.
///
/// It is told to the kernel by the caller's /proc, of which the child takes hold before any namespace or root changes:
/// what is mounted over its files, or stands for it in a namespace that is joined, is not written to. Needs Linux 5.6.
/// label is copied; the last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or label is NULL, label is empty or has more than 4090 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PROCFS, ENOENT: no /proc.
/// FORKEXEC_STAGE_PROCFS, EOPNOTSUPP: it is no procfs.
/// FORKEXEC_STAGE_EXEC_LABEL, EINVAL or ENOENT: no security module that takes one, or no such label.
/// FORKEXEC_STAGE_EXEC_LABEL, EACCES: the module's policy.
/// FORKEXEC_STAGE_EXEC_LABEL, ENOSYS: Linux before 5.6.
/// FORKEXEC_STAGE_EXEC_LABEL, EXDEV: something is mounted over it.
/// FORKEXEC_STAGE_EXEC, EACCES: the policy does not let this program have it.
///
/// See proc_pid_attr(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_exec_label(attr: *mut forkexec_attr, label: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that label is NULL or a string.
    let label = unsafe { guard::string(label) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_exec_label", |attr| attr.security.set_exec_label(label?))
}
