//! Landlock.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Restricts the program by a ruleset of the caller's: fd is what landlock_create_ruleset(2) gave, borrowed, and must
/// be open during each spawn.
///
/// What add_landlock_path and the others ask for is a second restriction on top of it. What they have no words for, as
/// the quiet rules of Linux 7.2, such a ruleset can have. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
/// FORKEXEC_STAGE_VALIDATE, EBADF: not open.
/// FORKEXEC_STAGE_FD_INTERNAL or.
/// FORKEXEC_STAGE_LANDLOCK, EBADFD: not a ruleset.
/// FORKEXEC_STAGE_LANDLOCK, E2BIG: too many restrictions on top of each other.
///
/// See landlock_restrict_self(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_ruleset(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_landlock_ruleset", |attr| attr.landlock.set_landlock_ruleset(fd))
}

/// Grants access, FORKEXEC_LANDLOCK_FS_ bits, to the file path, or to the directory path and all beneath it.
///
/// All accesses to files that no such call grants are denied, everywhere: unless set_landlock_handled says otherwise,
/// the sixteen up to IOCTL_DEV, and of newer ones those that some call grants. Bits that a newer kernel knows are
/// passed on as they are. The program itself, its loader and its libraries need EXECUTE and READ_FILE. A path that is
/// not a directory takes EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV and RESOLVE_UNIX only. path is looked up
/// by the child in its final root and working directory, with the program's ids; symbolic links are followed. What is
/// open already is not restricted. Needs no privilege, no namespace, but set_no_new_privs. path is copied; repeated
/// calls add.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is empty, access is 0.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
/// FORKEXEC_STAGE_VALIDATE: not handled.
/// FORKEXEC_STAGE_LANDLOCK_RULE: the errno of open(2).
/// FORKEXEC_STAGE_LANDLOCK_RULE, EINVAL: an access that a file does not have, or with index -1 one that a kernel newer
///   than 7.2 does not know.
/// FORKEXEC_STAGE_LANDLOCK_RULE, ENOMEM.
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or an older one.
///
/// The error's index is the place among the calls of add_landlock_path and add_landlock_port.
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_add_landlock_path(
    attr: *mut forkexec_attr,
    path: *const c_char,
    access: u64,
) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that path is NULL or a string.
    let path = unsafe { guard::string(path) };
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "add_landlock_path", |attr| attr.landlock.add_landlock_path(path?, access))
}

/// Grants access, FORKEXEC_LANDLOCK_NET_ bits, to a port of TCP or UDP; 0 is any port that the kernel chooses for
/// bind(2).
///
/// Binding and connecting of TCP that no such call grants is denied, and of UDP what some call grants, to all other
/// ports. Other protocols are not restricted. Repeated calls add.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, access is 0.
/// -ENOMEM.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
/// FORKEXEC_STAGE_VALIDATE: not handled.
/// FORKEXEC_STAGE_LANDLOCK_RULE or.
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or one before Linux 6.7, for UDP 7.2.
///
/// The error's index is the place among the calls of add_landlock_path and add_landlock_port.
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_add_landlock_port(attr: *mut forkexec_attr, port: u16, access: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "add_landlock_port", |attr| attr.landlock.add_landlock_port(port, access))
}

/// Says which accesses are denied where no rule grants them: fs, FORKEXEC_LANDLOCK_FS_ bits, and net,
/// FORKEXEC_LANDLOCK_NET_ bits; the others are left alone.
///
/// With net alone and no add_landlock_port, none at all. Without this call add_landlock_path means the sixteen of fs up
/// to IOCTL_DEV, add_landlock_port the two of TCP, and both what is granted of newer ones. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as: ?? add_landlock_path does
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_handled(attr: *mut forkexec_attr, fs: u64, net: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_landlock_handled", |attr| attr.landlock.set_landlock_handled(fs, net))
}

/// Keeps the program and its descendants to themselves: with scopes, FORKEXEC_LANDLOCK_SCOPE_ bits, they do not connect
/// to abstract unix sockets, or send no signals, outside.
///
/// Bits that a newer kernel knows are passed on as they are. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or one before Linux 6.12.
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_scopes(attr: *mut forkexec_attr, scopes: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_landlock_scopes", |attr| attr.landlock.set_landlock_scopes(scopes))
}

/// Puts each ruleset on with flags, FORKEXEC_LANDLOCK_FLAG_ bits, or bits that a newer kernel knows: they are passed on
/// as they are.
///
/// They say which denials the kernel writes into the audit log. It sees the program as a new one, so without
/// LOG_NEW_EXEC_ON nothing that is denied to the program is logged. With a ruleset of the caller's and one of ours,
/// LOG_SUBDOMAINS_OFF is for what the program puts on, not for the second of the two. With LOG_SUBDOMAINS_OFF, and no
/// rule, scope or ruleset at all, nothing is denied, and what the program puts on is not logged. 0 asks for none. The
/// last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE: no set_no_new_privs.
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, one before Linux 6.15, or one before 7.0 and not
///   just the flags for logs.
/// FORKEXEC_STAGE_LANDLOCK, EINVAL: a flag that the kernel does not know.
/// FORKEXEC_STAGE_LANDLOCK, EBADF: other flags than LOG_SUBDOMAINS_OFF, and nothing to put on.
///
/// See landlock_restrict_self(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_flags(attr: *mut forkexec_attr, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "set_landlock_flags", |attr| attr.landlock.set_landlock_flags(flags))
}

/// Does without the accesses, scopes and flags that this kernel's Landlock does not know, all of them where it has
/// none: the program is then less restricted than was asked.
///
/// forkexec_describe says what is left out, forkexec_probe whether anything has to be. A ruleset of the caller's is not
/// concerned.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_allow_partial_landlock(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::attr_mut(attr) };
    apply(attr, "allow_partial_landlock", |attr| attr.landlock.allow_partial_landlock())
}
