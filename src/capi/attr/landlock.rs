//! Landlock.

use super::{apply, forkexec_attr};
use crate::capi::entry::Entered;
use crate::capi::guard;
use core::ffi::{c_char, c_int};

/// Restricts the program by a Landlock ruleset of the caller's.
///
/// fd is what landlock_create_ruleset(2) returned, borrowed: it must be open during each spawn. Rules of
/// add_landlock_path and the others are a second restriction on top of it. Such a ruleset can have what they have no
/// words for, as the quiet rules of Linux 7.2. Needs set_no_new_privs. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
/// -EBADF: fd is negative.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
/// FORKEXEC_STAGE_VALIDATE, EBADF: fd is not open.
/// FORKEXEC_STAGE_FD_INTERNAL, with the errno of fcntl(2).
/// FORKEXEC_STAGE_LANDLOCK, EBADFD: fd is no ruleset.
/// FORKEXEC_STAGE_LANDLOCK, E2BIG: there are too many restrictions on top of each other.
///
/// See landlock_restrict_self(2), landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_ruleset(attr: *mut forkexec_attr, fd: i32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_landlock_ruleset", |attr| attr.landlock.set_landlock_ruleset(fd))
}

/// Lets the program access a file, or a directory and all beneath it.
///
/// access has FORKEXEC_LANDLOCK_FS_ bits. What no call grants is denied everywhere: unless set_landlock_handled says
/// otherwise, the sixteen accesses up to FORKEXEC_LANDLOCK_FS_IOCTL_DEV, and of newer ones those that some call grants.
/// Bits that a newer kernel knows are passed on. The program itself, its loader and its libraries need EXECUTE and
/// READ_FILE. A path that is no directory takes only EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV and
/// RESOLVE_UNIX.
///
/// The child looks path up in its final root and working directory, with the program's ids, and follows symbolic links.
/// What is open already is not restricted. It needs set_no_new_privs, but no privilege and no namespace. path is
/// copied. Repeated calls add rules.
///
/// Example:
///
///     forkexec_attr_set_no_new_privs(attr);
///     forkexec_attr_add_landlock_path(attr, "/usr", FORKEXEC_LANDLOCK_FS_EXECUTE | FORKEXEC_LANDLOCK_FS_READ_FILE
///         | FORKEXEC_LANDLOCK_FS_READ_DIR);
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr or path is NULL, path is empty, or access is 0.
/// -ENAMETOOLONG: path has more than 4095 bytes.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called, or set_landlock_handled leaves out what is
///   granted.
/// FORKEXEC_STAGE_LANDLOCK_RULE, EINVAL: a file does not have such an access, or, with index -1, the access is newer
///   than Linux 7.2 and the kernel does not know it.
/// FORKEXEC_STAGE_LANDLOCK_RULE, ENOMEM: memory is short.
/// FORKEXEC_STAGE_LANDLOCK_RULE, with the errno of open(2).
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or one that is too old.
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
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "add_landlock_path", |attr| attr.landlock.add_landlock_path(path?, access))
}

/// Lets the program use a port of TCP or UDP.
///
/// access has FORKEXEC_LANDLOCK_NET_ bits. port 0 is any port that the kernel chooses for bind(2). What no call grants
/// is denied, to all other ports: binding and connecting of TCP, and of UDP what some call grants. Other protocols are
/// not restricted. Needs set_no_new_privs. Repeated calls add rules.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL, or access is 0.
/// -ENOMEM: memory is short.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called, or set_landlock_handled leaves out what is
///   granted.
/// FORKEXEC_STAGE_LANDLOCK_RULE, with the errno of landlock_add_rule(2).
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or is older than Linux 6.7, for UDP 7.2.
///
/// The error's index is the place among the calls of add_landlock_path and add_landlock_port.
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_add_landlock_port(attr: *mut forkexec_attr, port: u16, access: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "add_landlock_port", |attr| attr.landlock.add_landlock_port(port, access))
}

/// Chooses which accesses are denied where no rule grants them.
///
/// fs has FORKEXEC_LANDLOCK_FS_ bits, net FORKEXEC_LANDLOCK_NET_ bits. Other accesses are not restricted. With net and
/// without add_landlock_port, no port can be used. Without this call add_landlock_path handles the sixteen of fs up to
/// FORKEXEC_LANDLOCK_FS_IOCTL_DEV, add_landlock_port the two of TCP, and both what is granted of newer ones. The last
/// call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as add_landlock_path says, and as:
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel does not know an access.
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_handled(attr: *mut forkexec_attr, fs: u64, net: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_landlock_handled", |attr| attr.landlock.set_landlock_handled(fs, net))
}

/// Keeps the program from reaching processes outside the sandbox.
///
/// scopes has FORKEXEC_LANDLOCK_SCOPE_ bits: connections to abstract unix sockets, and signals. Bits that a newer
/// kernel knows are passed on. Needs set_no_new_privs. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, or is older than Linux 6.12.
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_scopes(attr: *mut forkexec_attr, scopes: u64) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_landlock_scopes", |attr| attr.landlock.set_landlock_scopes(scopes))
}

/// Chooses which denials of Landlock the kernel logs.
///
/// flags has FORKEXEC_LANDLOCK_FLAG_ bits, or bits that a newer kernel knows, and holds for each ruleset. 0 is none.
/// The kernel takes the program for a new one after the exec: without LOG_NEW_EXEC_ON nothing that is denied to it is
/// logged. With a ruleset of the caller's and one of the library's, LOG_SUBDOMAINS_OFF is about rulesets of the
/// program, not about the second of the two. With LOG_SUBDOMAINS_OFF and no rule, scope or ruleset nothing is denied,
/// and denials by the program's own rulesets are not logged. The last call wins.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// A spawn can fail later as:
/// FORKEXEC_STAGE_VALIDATE, EINVAL: set_no_new_privs was not called.
/// FORKEXEC_STAGE_LANDLOCK, EOPNOTSUPP: the kernel has no Landlock, is older than Linux 6.15, or is older than 7.0 and
///   other flags than those for logs are asked for.
/// FORKEXEC_STAGE_LANDLOCK, EINVAL: the kernel does not know a flag.
/// FORKEXEC_STAGE_LANDLOCK, EBADF: other flags than LOG_SUBDOMAINS_OFF are asked for, and there is no ruleset.
///
/// See landlock_restrict_self(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_set_landlock_flags(attr: *mut forkexec_attr, flags: u32) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "set_landlock_flags", |attr| attr.landlock.set_landlock_flags(flags))
}

/// Ignores the Landlock rules that this kernel is too old for.
///
/// These are accesses, scopes and flags; on a kernel without Landlock, all of them. The program is then less restricted
/// than was asked for. forkexec_describe says what is left out, and forkexec_probe whether something has to be. A
/// ruleset of the caller's is not affected.
///
/// Returns 0, or a negative errno:
/// -EINVAL: attr is NULL.
///
/// See landlock(7).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forkexec_attr_allow_partial_landlock(attr: *mut forkexec_attr) -> c_int {
    let _entered = Entered::now();
    // SAFETY: C caller guarantees that attr is NULL or one of ours, for this thread alone.
    let attr = unsafe { guard::exclusive(attr) };
    apply(attr, "allow_partial_landlock", |attr| attr.landlock.allow_partial_landlock())
}
