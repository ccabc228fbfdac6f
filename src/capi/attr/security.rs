//! Session keyring and label.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Gives the program another session keyring than the caller's.
///
/// name is that of the keyring, which is made if no keyring of that name can be searched. NULL makes a new one without
/// a name. The program then does not have the keys of the caller's keyring, which stays as it is. name is copied. The
/// last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or name is empty or has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_KEYRING, ENOSYS: the kernel has no keyrings. allow_failure lets this pass.
/// FORKEXEC_STAGE_KEYRING, EDQUOT: the user has too many keys.
/// FORKEXEC_STAGE_KEYRING, EPERM: name begins with ".".
/// FORKEXEC_STAGE_KEYRING, EACCES: the caller may not search the keyring of that name.
///
/// See keyctl(2), session-keyring(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_session_keyring(attr: *mut forkexec_attr, name: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that name is NULL or a string.
    let name = unsafe { guard::optional_string(name) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_session_keyring", |attr| attr.security.set_session_keyring(name))
}

/// Sets the permissions of the program's session keyring.
///
/// permissions has a byte each for its possessor, its owner, its group and others, from the highest on, with the bits
/// of keyctl(2), for example 0x3f090000. A keyring that existed before gets them, too. Needs set_session_keyring. The
/// last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or permissions has a bit that is not in 0x3f3f3f3f.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_session_keyring was not called.
/// FORKEXEC_STAGE_KEYRING_PERMISSIONS, EACCES: the caller may not change the keyring.
/// FORKEXEC_STAGE_KEYRING_PERMISSIONS, EPERM: the keyring belongs to another user.
///
/// See keyctl(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_keyring_permissions(attr: *mut forkexec_attr, permissions: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_keyring_permissions", |attr| attr.security.set_keyring_permissions(permissions))
}

/// Gives a new session keyring an SELinux context.
///
/// label is the context. It is written as set_exec_label writes the program's. Needs set_session_keyring. label is
/// copied. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or label is NULL, or label is empty or has more than 4090 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_session_keyring was not called.
/// FORKEXEC_STAGE_PROCFS, as set_exec_label says.
/// FORKEXEC_STAGE_KEYRING_LABEL, ENOENT, EINVAL: there is no SELinux, or no such context.
/// FORKEXEC_STAGE_KEYRING_LABEL, EACCES: its policy forbids it.
/// FORKEXEC_STAGE_KEYRING_LABEL, ENOSYS: the kernel is older than Linux 5.6.
/// FORKEXEC_STAGE_KEYRING_LABEL, EXDEV: something is mounted over the file of /proc.
///
/// See proc_pid_attr(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_keyring_label(attr: *mut forkexec_attr, label: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that label is NULL or a string.
    let label = unsafe { guard::string(label) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_keyring_label", |attr| attr.security.set_keyring_label(label?))
}

/// Gives the program an AppArmor profile.
///
/// With it the label of set_exec_label is SELinux's: the program gets both, or the spawn fails. profile is written as
/// set_exec_label writes the label, and is copied. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or profile is NULL, or profile is empty or has more than 4090 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PROCFS, as set_exec_label says.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, ENOENT: there is no AppArmor, or no such profile.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, EINVAL: it is not the name of a profile.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, EACCES: its policy forbids it.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, ENOSYS: the kernel is older than Linux 5.6.
/// FORKEXEC_STAGE_APPARMOR_PROFILE, EXDEV: something is mounted over the file of /proc.
///
/// See proc_pid_attr(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_apparmor_profile(attr: *mut forkexec_attr, profile: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that profile is NULL or a string.
    let profile = unsafe { guard::string(profile) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_apparmor_profile", |attr| attr.security.set_apparmor_profile(profile?))
}

/// Gives the program a label of the host's security module.
///
/// label is an SELinux context or an AppArmor profile, for the module that the host has; with set_apparmor_profile it
/// is SELinux's. The child writes it to the caller's /proc, which it opens before any namespace or root changes. It
/// writes to no file that something is mounted over, and to no other proc of a joined namespace. Needs Linux 5.6. label
/// is copied. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or label is NULL, or label is empty or has more than 4090 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_PROCFS, ENOENT: there is no /proc.
/// FORKEXEC_STAGE_PROCFS, EOPNOTSUPP: /proc is no proc file system.
/// FORKEXEC_STAGE_EXEC_LABEL, EINVAL, ENOENT: no security module takes a label, or there is no such label.
/// FORKEXEC_STAGE_EXEC_LABEL, EACCES: the module's policy forbids it.
/// FORKEXEC_STAGE_EXEC_LABEL, ENOSYS: the kernel is older than Linux 5.6.
/// FORKEXEC_STAGE_EXEC_LABEL, EXDEV: something is mounted over the file of /proc.
/// FORKEXEC_STAGE_EXEC, EACCES: the policy does not let this program have the label.
///
/// See proc_pid_attr(5).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_exec_label(attr: *mut forkexec_attr, label: *const c_char) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that label is NULL or a string.
    let label = unsafe { guard::string(label) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_exec_label", |attr| attr.security.set_exec_label(label?))
}
